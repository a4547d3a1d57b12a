# With a constrained shape, overloads that differ in the dtype alone count as overlapping.
# mypy: disable-error-code="overload-overlap"
from collections.abc import Callable
from typing import Any, Literal, ParamSpec, Protocol, SupportsIndex, TypeAlias, TypeVar, overload, type_check_only

import numpy as np
from numpy._typing import _ArrayLike, _DTypeLike, _ShapeLike
from numpy.typing import ArrayLike, DTypeLike

from cppdynarray._core._array import DynamicArray
from cppdynarray._core._live import _AnyShape, _Order

__all__ = [
    "BoolDynamicArray", "DoubleDynamicArray", "FloatDynamicArray", "Int32DynamicArray",
    "Int64DynamicArray", "arange", "array", "asarray", "empty", "empty_like", "frombuffer",
    "fromiter", "full", "full_like", "linspace", "ones", "ones_like", "zeros", "zeros_like",
]

_P = ParamSpec("_P")
_T = TypeVar("_T", bound=np.generic)
_ScalarT_co = TypeVar("_ScalarT_co", bound=np.generic, covariant=True)
_DynamicT = TypeVar("_DynamicT", bound=DynamicArray[Any, Any])
_ShapeT = TypeVar("_ShapeT", bound=_AnyShape)
_DTypeT = TypeVar("_DTypeT", bound=np.dtype[Any])
# Constrained, since a bound would let the lengths themselves into the type, and arrays grow.
_NewShapeT = TypeVar(
    "_NewShapeT",
    tuple[()], tuple[int], tuple[int, int], tuple[int, int, int], tuple[int, int, int, int], tuple[int, ...],
)
_OrderCF: TypeAlias = Literal["C", "F"] | None
_Device: TypeAlias = Literal["cpu"] | None
_Array1D: TypeAlias = DynamicArray[tuple[int], np.dtype[_T]]
_Array: TypeAlias = DynamicArray[_AnyShape, np.dtype[_T]]

# For most, NumPy's own overloads serve, of whatever version is installed: type checkers infer
# them through this function, which exists only here.
@type_check_only
def _dynamic(
    function: Callable[_P, np.ndarray[_ShapeT, _DTypeT]], /
) -> Callable[_P, DynamicArray[_ShapeT, _DTypeT]]: ...

arange = _dynamic(np.arange)
array = _dynamic(np.array)
asarray = _dynamic(np.asarray)
frombuffer = _dynamic(np.frombuffer)
fromiter = _dynamic(np.fromiter)

# For the others it loses shape or dtype, where NumPy declares them by a protocol or by a type that
# argument and result share, or lets lengths into the type.

@type_check_only
class _FromShape(Protocol):
    @overload
    def __call__(
        self, /, shape: SupportsIndex, dtype: None = None, order: _OrderCF = "C", *,
        device: _Device = None, like: ArrayLike | None = None, capacity: int = 0, max_size: int = 0,
    ) -> _Array1D[np.float64]: ...
    @overload
    def __call__(
        self, /, shape: SupportsIndex, dtype: _DTypeLike[_T], order: _OrderCF = "C", *,
        device: _Device = None, like: ArrayLike | None = None, capacity: int = 0, max_size: int = 0,
    ) -> _Array1D[_T]: ...
    @overload
    def __call__(
        self, /, shape: SupportsIndex, dtype: DTypeLike, order: _OrderCF = "C", *,
        device: _Device = None, like: ArrayLike | None = None, capacity: int = 0, max_size: int = 0,
    ) -> _Array1D[Any]: ...
    @overload
    def __call__(
        self, /, shape: _NewShapeT, dtype: None = None, order: _OrderCF = "C", *,
        device: _Device = None, like: ArrayLike | None = None, capacity: int = 0, max_size: int = 0,
    ) -> DynamicArray[_NewShapeT, np.dtype[np.float64]]: ...
    @overload
    def __call__(
        self, /, shape: _NewShapeT, dtype: _DTypeLike[_T], order: _OrderCF = "C", *,
        device: _Device = None, like: ArrayLike | None = None, capacity: int = 0, max_size: int = 0,
    ) -> DynamicArray[_NewShapeT, np.dtype[_T]]: ...
    @overload
    def __call__(
        self, /, shape: _NewShapeT, dtype: DTypeLike, order: _OrderCF = "C", *,
        device: _Device = None, like: ArrayLike | None = None, capacity: int = 0, max_size: int = 0,
    ) -> DynamicArray[_NewShapeT, np.dtype[Any]]: ...
    @overload
    def __call__(
        self, /, shape: _ShapeLike, dtype: None = None, order: _OrderCF = "C", *,
        device: _Device = None, like: ArrayLike | None = None, capacity: int = 0, max_size: int = 0,
    ) -> _Array[np.float64]: ...
    @overload
    def __call__(
        self, /, shape: _ShapeLike, dtype: _DTypeLike[_T], order: _OrderCF = "C", *,
        device: _Device = None, like: ArrayLike | None = None, capacity: int = 0, max_size: int = 0,
    ) -> _Array[_T]: ...
    @overload
    def __call__(
        self, /, shape: _ShapeLike, dtype: DTypeLike, order: _OrderCF = "C", *,
        device: _Device = None, like: ArrayLike | None = None, capacity: int = 0, max_size: int = 0,
    ) -> _Array[Any]: ...

empty: _FromShape
zeros: _FromShape
ones: _FromShape

@overload
def full(
    shape: SupportsIndex, fill_value: Any, dtype: _DTypeLike[_T], order: _OrderCF = "C", *,
    device: _Device = None, like: ArrayLike | None = None, capacity: int = 0, max_size: int = 0,
) -> _Array1D[_T]: ...
@overload
def full(
    shape: SupportsIndex, fill_value: Any, dtype: DTypeLike | None = None, order: _OrderCF = "C", *,
    device: _Device = None, like: ArrayLike | None = None, capacity: int = 0, max_size: int = 0,
) -> _Array1D[Any]: ...
@overload
def full(
    shape: _NewShapeT, fill_value: Any, dtype: _DTypeLike[_T], order: _OrderCF = "C", *,
    device: _Device = None, like: ArrayLike | None = None, capacity: int = 0, max_size: int = 0,
) -> DynamicArray[_NewShapeT, np.dtype[_T]]: ...
@overload
def full(
    shape: _NewShapeT, fill_value: Any, dtype: DTypeLike | None = None, order: _OrderCF = "C", *,
    device: _Device = None, like: ArrayLike | None = None, capacity: int = 0, max_size: int = 0,
) -> DynamicArray[_NewShapeT, np.dtype[Any]]: ...
@overload
def full(
    shape: _ShapeLike, fill_value: Any, dtype: _DTypeLike[_T], order: _OrderCF = "C", *,
    device: _Device = None, like: ArrayLike | None = None, capacity: int = 0, max_size: int = 0,
) -> _Array[_T]: ...
@overload
def full(
    shape: _ShapeLike, fill_value: Any, dtype: DTypeLike | None = None, order: _OrderCF = "C", *,
    device: _Device = None, like: ArrayLike | None = None, capacity: int = 0, max_size: int = 0,
) -> _Array[Any]: ...

@type_check_only
class _OfScalar(Protocol[_ScalarT_co]):
    @overload
    def __call__(
        self, /, initial_size: SupportsIndex = 0
    ) -> DynamicArray[tuple[int], np.dtype[_ScalarT_co]]: ...
    @overload
    def __call__(self, /, initial_size: _NewShapeT) -> DynamicArray[_NewShapeT, np.dtype[_ScalarT_co]]: ...

DoubleDynamicArray: _OfScalar[np.float64]
FloatDynamicArray: _OfScalar[np.float32]
Int64DynamicArray: _OfScalar[np.int64]
Int32DynamicArray: _OfScalar[np.int32]
BoolDynamicArray: _OfScalar[np.bool_]

@overload
def linspace(
    start: float, stop: float, num: SupportsIndex = 50, endpoint: bool = True,
    retstep: Literal[False] = False, dtype: None = None, axis: SupportsIndex = 0, *, device: _Device = None,
) -> _Array1D[np.float64]: ...
@overload
def linspace(
    start: float, stop: float, num: SupportsIndex = 50, endpoint: bool = True, *,
    retstep: Literal[True], dtype: None = None, axis: SupportsIndex = 0, device: _Device = None,
) -> tuple[_Array1D[np.float64], np.float64]: ...
@overload
def linspace(
    start: ArrayLike, stop: ArrayLike, num: SupportsIndex = 50, endpoint: bool = True,
    retstep: Literal[False] = False, *, dtype: _DTypeLike[_T], axis: SupportsIndex = 0, device: _Device = None,
) -> _Array[_T]: ...
@overload
def linspace(
    start: ArrayLike, stop: ArrayLike, num: SupportsIndex = 50, endpoint: bool = True,
    retstep: Literal[False] = False, dtype: DTypeLike | None = None, axis: SupportsIndex = 0, *,
    device: _Device = None,
) -> _Array[Any]: ...
@overload
def linspace(
    start: ArrayLike, stop: ArrayLike, num: SupportsIndex = 50, endpoint: bool = True, *,
    retstep: Literal[True], dtype: DTypeLike | None = None, axis: SupportsIndex = 0, device: _Device = None,
) -> tuple[_Array[Any], Any]: ...

@type_check_only
class _Like(Protocol):
    @overload
    def __call__(
        self, a: _DynamicT, dtype: None = None, order: _Order = "K", subok: Literal[True] = True,
        shape: None = None, *, device: _Device = None,
    ) -> _DynamicT: ...
    @overload
    def __call__(
        self, a: np.ndarray[_ShapeT, _DTypeT], dtype: None = None, order: _Order = "K", subok: bool = True,
        shape: None = None, *, device: _Device = None,
    ) -> DynamicArray[_ShapeT, _DTypeT]: ...
    @overload
    def __call__(
        self, a: _ArrayLike[_T], dtype: None = None, order: _Order = "K", subok: bool = True,
        shape: _ShapeLike | None = None, *, device: _Device = None,
    ) -> _Array[_T]: ...
    @overload
    def __call__(
        self, a: ArrayLike, dtype: _DTypeLike[_T], order: _Order = "K", subok: bool = True,
        shape: _ShapeLike | None = None, *, device: _Device = None,
    ) -> _Array[_T]: ...
    @overload
    def __call__(
        self, a: ArrayLike, dtype: DTypeLike | None = None, order: _Order = "K", subok: bool = True,
        shape: _ShapeLike | None = None, *, device: _Device = None,
    ) -> _Array[Any]: ...

zeros_like: _Like
ones_like: _Like

@overload
def empty_like(
    prototype: _DynamicT, dtype: None = None, order: _Order = "K", subok: Literal[True] = True,
    shape: None = None, *, device: _Device = None,
) -> _DynamicT: ...
@overload
def empty_like(
    prototype: np.ndarray[_ShapeT, _DTypeT], dtype: None = None, order: _Order = "K", subok: bool = True,
    shape: None = None, *, device: _Device = None,
) -> DynamicArray[_ShapeT, _DTypeT]: ...
@overload
def empty_like(
    prototype: _ArrayLike[_T], dtype: None = None, order: _Order = "K", subok: bool = True,
    shape: _ShapeLike | None = None, *, device: _Device = None,
) -> _Array[_T]: ...
@overload
def empty_like(
    prototype: ArrayLike, dtype: _DTypeLike[_T], order: _Order = "K", subok: bool = True,
    shape: _ShapeLike | None = None, *, device: _Device = None,
) -> _Array[_T]: ...
@overload
def empty_like(
    prototype: ArrayLike, dtype: DTypeLike | None = None, order: _Order = "K", subok: bool = True,
    shape: _ShapeLike | None = None, *, device: _Device = None,
) -> _Array[Any]: ...

@overload
def full_like(
    a: _DynamicT, fill_value: object, dtype: None = None, order: _Order = "K", subok: Literal[True] = True,
    shape: None = None, *, device: _Device = None,
) -> _DynamicT: ...
@overload
def full_like(
    a: np.ndarray[_ShapeT, _DTypeT], fill_value: object, dtype: None = None, order: _Order = "K",
    subok: bool = True, shape: None = None, *, device: _Device = None,
) -> DynamicArray[_ShapeT, _DTypeT]: ...
@overload
def full_like(
    a: _ArrayLike[_T], fill_value: object, dtype: None = None, order: _Order = "K", subok: bool = True,
    shape: _ShapeLike | None = None, *, device: _Device = None,
) -> _Array[_T]: ...
@overload
def full_like(
    a: ArrayLike, fill_value: object, dtype: _DTypeLike[_T], order: _Order = "K", subok: bool = True,
    shape: _ShapeLike | None = None, *, device: _Device = None,
) -> _Array[_T]: ...
@overload
def full_like(
    a: ArrayLike, fill_value: object, dtype: DTypeLike | None = None, order: _Order = "K", subok: bool = True,
    shape: _ShapeLike | None = None, *, device: _Device = None,
) -> _Array[Any]: ...
