from collections.abc import Callable
from os import PathLike
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias, overload

import numpy as np
from numpy._typing import _DTypeLike, _ShapeLike
from numpy.typing import DTypeLike
from typing_extensions import TypeVar

from cppdynarray._core._array import DynamicArray

__all__ = ["DynamicMemmap", "open_memmap"]

_Path: TypeAlias = str | bytes | PathLike[str] | PathLike[bytes]
_Mode: TypeAlias = Literal["r", "r+", "w+", "x", "a"]
_Progress: TypeAlias = Callable[[int, int], object] | None
_AnyShape: TypeAlias = tuple[Any, ...]

_T = TypeVar("_T", bound=np.generic)
_ShapeT_co = TypeVar("_ShapeT_co", bound=_AnyShape, default=_AnyShape, covariant=True)
_DTypeT_co = TypeVar("_DTypeT_co", bound=np.dtype[Any], default=np.dtype[Any], covariant=True)

class OnFiles:
    @property
    def mode(self) -> _Mode | None: ...
    @property
    def closed(self) -> bool: ...
    def flush(self, sync: bool = False) -> None: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
    ) -> None: ...

class DynamicMemmap(OnFiles, DynamicArray[_ShapeT_co, _DTypeT_co]):
    def __new__(
        cls, filename: _Path, mode: _Mode = "r", dtype: DTypeLike | None = None, shape: _ShapeLike | None = None, *,
        progress: _Progress = None,
    ) -> Self: ...
    @property
    def filename(self) -> str | None: ...
    def refresh(self) -> int: ...
    # Copies are in memory, so of no class with a file: what ndarray.copy promises of subclasses isn't kept.
    def copy(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, order: Literal["C", "F", "A", "K"] | None = "C"
    ) -> DynamicArray[_ShapeT_co, _DTypeT_co]: ...
    def __copy__(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self
    ) -> DynamicArray[_ShapeT_co, _DTypeT_co]: ...
    def __deepcopy__(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, memo: dict[int, Any] | None, /
    ) -> DynamicArray[_ShapeT_co, _DTypeT_co]: ...

@overload
def open_memmap(
    filename: _Path, mode: _Mode = "r", *, dtype: _DTypeLike[_T], shape: _ShapeLike | None = None,
    progress: _Progress = None,
) -> DynamicMemmap[_AnyShape, np.dtype[_T]]: ...
@overload
def open_memmap(
    filename: _Path, mode: _Mode = "r", dtype: DTypeLike | None = None, shape: _ShapeLike | None = None, *,
    progress: _Progress = None,
) -> DynamicMemmap: ...
