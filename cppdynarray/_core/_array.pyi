from collections.abc import Iterable
from typing import Any, Literal, Self, SupportsIndex, overload

import numpy as np
from numpy._typing import _DTypeLike, _ShapeLike
from numpy.typing import ArrayLike, DTypeLike

from cppdynarray._core._live import (
    _T,
    LiveArray,
    _AnyShape,
    _DTypeT,
    _DTypeT_co,
    _OpenDType,
    _Row,
    _ShapeT,
    _ShapeT_co,
)

class DynamicArray(LiveArray[_ShapeT_co, _DTypeT_co]):
    # At run time all is done by __new__; as __init__ a subclass's call gives the subclass.
    def __new__(cls, *args: Any, **kwargs: Any) -> Self: ...
    @overload  # empty
    def __init__(
        self: DynamicArray[tuple[int], np.dtype[np.float64]], contents: tuple[()] = (), dtype: None = None, *,
        capacity: int = 0, max_size: int = 0,
    ) -> None: ...
    @overload
    def __init__(
        self: DynamicArray[tuple[int], np.dtype[_T]], contents: tuple[()] = (), *, dtype: _DTypeLike[_T],
        capacity: int = 0, max_size: int = 0,
    ) -> None: ...
    @overload
    def __init__(
        self: DynamicArray[tuple[int], np.dtype[Any]], contents: tuple[()] = (), *, dtype: DTypeLike,
        capacity: int = 0, max_size: int = 0,
    ) -> None: ...
    @overload  # with the contents of an array
    def __init__(
        self: DynamicArray[_ShapeT, _DTypeT], contents: np.ndarray[_ShapeT, _DTypeT], dtype: None = None, *,
        capacity: int = 0, max_size: int = 0,
    ) -> None: ...
    @overload
    def __init__(
        self: DynamicArray[_ShapeT, np.dtype[_T]], contents: np.ndarray[_ShapeT, Any], dtype: _DTypeLike[_T], *,
        capacity: int = 0, max_size: int = 0,
    ) -> None: ...
    @overload  # with any contents
    def __init__(
        self: DynamicArray[_AnyShape, np.dtype[_T]], contents: ArrayLike | Iterable[Any], dtype: _DTypeLike[_T], *,
        capacity: int = 0, max_size: int = 0,
    ) -> None: ...
    @overload
    def __init__(
        self: DynamicArray[_AnyShape, np.dtype[Any]], contents: ArrayLike | Iterable[Any],
        dtype: DTypeLike | None = None, *, capacity: int = 0, max_size: int = 0,
    ) -> None: ...

    # Growing and shrinking.
    @property
    def capacity(self) -> int: ...
    @property
    def max_size(self) -> int: ...
    @overload
    def extend(
        self: DynamicArray[Any, _OpenDType], values: Iterable[object], /, *,
        casting: Literal["lossless", "unsafe"] = "lossless",
    ) -> None: ...
    @overload
    def extend(
        self, values: ArrayLike | Iterable[_Row], /, *, casting: Literal["lossless", "unsafe"] = "lossless"
    ) -> None: ...
    @overload
    def insert(
        self: DynamicArray[Any, _OpenDType], index: SupportsIndex, value: object, /, *,
        casting: Literal["lossless", "unsafe"] = "lossless",
    ) -> None: ...
    @overload
    def insert(
        self, index: SupportsIndex, value: _Row, /, *, casting: Literal["lossless", "unsafe"] = "lossless"
    ) -> None: ...
    def pop(self, index: SupportsIndex = -1, /) -> Any: ...
    def __delitem__(self, key: SupportsIndex | slice | ArrayLike, /) -> None: ...
    def swap_remove(self, rows: SupportsIndex | slice | ArrayLike, /) -> None: ...
    @overload
    def resize(self, new_shape: _ShapeLike, /, *, refcheck: bool = True) -> None: ...
    @overload
    def resize(self, /, *new_shape: SupportsIndex, refcheck: bool = True) -> None: ...
    def reserve(self, rows: SupportsIndex, /) -> None: ...
    def shrink_to_fit(self) -> None: ...

def memory_of(array: np.ndarray[Any, Any]) -> dict[str, Any] | None: ...
def rebuild(*arguments: Any) -> DynamicArray[Any, Any]: ...
