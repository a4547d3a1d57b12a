from datetime import date, timedelta
from typing import Any, Literal, Self, SupportsIndex, TypeAlias, overload

import numpy as np
from numpy._typing import _DTypeLike, _ShapeLike
from numpy.typing import ArrayLike, DTypeLike
from typing_extensions import TypeVar

_Order: TypeAlias = Literal["C", "F", "A", "K"] | None
_AnyShape: TypeAlias = tuple[Any, ...]
# What the elements of an array of objects, of records or of strings can be made from is open.
_OpenDType: TypeAlias = np.dtype[np.object_] | np.dtype[np.void] | np.dtypes.StringDType
_Row: TypeAlias = ArrayLike | date | timedelta

_T = TypeVar("_T", bound=np.generic)
_ArrayT = TypeVar("_ArrayT", bound=np.ndarray[Any, Any])
_ShapeT = TypeVar("_ShapeT", bound=_AnyShape)
_DTypeT = TypeVar("_DTypeT", bound=np.dtype[Any])
_ShapeT_co = TypeVar("_ShapeT_co", bound=_AnyShape, default=_AnyShape, covariant=True)
_DTypeT_co = TypeVar("_DTypeT_co", bound=np.dtype[Any], default=np.dtype[Any], covariant=True)

class LiveArray(np.ndarray[_ShapeT_co, _DTypeT_co]):
    @overload
    def append(
        self: LiveArray[Any, _OpenDType], value: object, /, *, casting: Literal["lossless", "unsafe"] = "lossless"
    ) -> None: ...
    @overload
    def append(self, value: _Row, /, *, casting: Literal["lossless", "unsafe"] = "lossless") -> None: ...
    def clear(self) -> None: ...

    # Copies are of the same class.
    def copy(self, order: _Order = "C") -> Self: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: dict[int, Any] | None, /) -> Self: ...

    # What is computed is plain, where NumPy's stubs promise the same class. (They promise it for some
    # functions too, np.zeros_like for one: that can't be mended here.)
    def as_numpy(self) -> np.ndarray[_ShapeT_co, _DTypeT_co]: ...
    def to_numpy(self) -> np.ndarray[_ShapeT_co, _DTypeT_co]: ...
    def __neg__(self) -> np.ndarray[_ShapeT_co, _DTypeT_co]: ...  # type: ignore[override]
    def __pos__(self) -> np.ndarray[_ShapeT_co, _DTypeT_co]: ...  # type: ignore[override]
    def __abs__(self) -> np.ndarray[_ShapeT_co, _DTypeT_co]: ...  # type: ignore[override]
    def __invert__(self) -> np.ndarray[_ShapeT_co, _DTypeT_co]: ...  # type: ignore[override]
    @property
    def T(self) -> np.ndarray[_ShapeT_co, _DTypeT_co]: ...  # type: ignore[override]
    @property
    def mT(self) -> np.ndarray[_ShapeT_co, _DTypeT_co]: ...  # type: ignore[override]
    @property  # type: ignore[override]
    def flat(self) -> np.flatiter[np.ndarray[_ShapeT_co, _DTypeT_co]]: ...
    @flat.setter
    def flat(self, value: ArrayLike) -> None: ...
    @overload  # type: ignore[override]
    def transpose(self, axes: _ShapeLike | None, /) -> np.ndarray[_ShapeT_co, _DTypeT_co]: ...
    @overload
    def transpose(self, /, *axes: SupportsIndex) -> np.ndarray[_ShapeT_co, _DTypeT_co]: ...
    def swapaxes(  # type: ignore[override]
        self, axis1: SupportsIndex, axis2: SupportsIndex, /
    ) -> np.ndarray[_ShapeT_co, _DTypeT_co]: ...
    def byteswap(self, inplace: bool = False) -> np.ndarray[_ShapeT_co, _DTypeT_co]: ...  # type: ignore[override]
    def conj(self) -> np.ndarray[_ShapeT_co, _DTypeT_co]: ...  # type: ignore[override]
    def conjugate(self) -> np.ndarray[_ShapeT_co, _DTypeT_co]: ...  # type: ignore[override]
    @overload  # type: ignore[override]
    def round(self, /, decimals: SupportsIndex = 0, out: None = None) -> np.ndarray[_ShapeT_co, _DTypeT_co]: ...
    @overload
    def round(self, /, decimals: SupportsIndex, out: _ArrayT) -> _ArrayT: ...
    @overload
    def round(self, /, decimals: SupportsIndex = 0, *, out: _ArrayT) -> _ArrayT: ...
    @overload  # type: ignore[override]
    def view(self, /) -> np.ndarray[_ShapeT_co, _DTypeT_co]: ...
    @overload
    def view(self, /, dtype: _DTypeLike[_T]) -> np.ndarray[_ShapeT_co, np.dtype[_T]]: ...
    @overload
    def view(self, /, *, type: type[_ArrayT]) -> _ArrayT: ...
    @overload
    def view(self, /, dtype: type[_ArrayT]) -> _ArrayT: ...
    @overload
    def view(self, /, dtype: DTypeLike) -> np.ndarray[_ShapeT_co, np.dtype[Any]]: ...
    @overload
    def view(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, /, dtype: DTypeLike, type: type[_ArrayT]
    ) -> _ArrayT: ...
