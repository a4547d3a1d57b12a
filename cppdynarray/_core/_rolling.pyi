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

class RollingArray(LiveArray[_ShapeT_co, _DTypeT_co]):
    # As with DynamicArray.
    def __new__(cls, *args: Any, **kwargs: Any) -> Self: ...
    @overload  # empty, of single elements
    def __init__(
        self: RollingArray[tuple[int], np.dtype[np.float64]], contents: tuple[()] = (), dtype: None = None, *,
        maxlen: SupportsIndex,
    ) -> None: ...
    @overload
    def __init__(
        self: RollingArray[tuple[int], np.dtype[_T]], contents: tuple[()] = (), *, dtype: _DTypeLike[_T],
        maxlen: SupportsIndex,
    ) -> None: ...
    @overload
    def __init__(
        self: RollingArray[tuple[int], np.dtype[Any]], contents: tuple[()] = (), *, dtype: DTypeLike,
        maxlen: SupportsIndex,
    ) -> None: ...
    @overload  # empty, of rows
    def __init__(
        self: RollingArray[_AnyShape, np.dtype[np.float64]], contents: tuple[()] = (), dtype: None = None, *,
        maxlen: SupportsIndex, row_shape: _ShapeLike,
    ) -> None: ...
    @overload
    def __init__(
        self: RollingArray[_AnyShape, np.dtype[_T]], contents: tuple[()] = (), *, dtype: _DTypeLike[_T],
        maxlen: SupportsIndex, row_shape: _ShapeLike,
    ) -> None: ...
    @overload
    def __init__(
        self: RollingArray[_AnyShape, np.dtype[Any]], contents: tuple[()] = (), *, dtype: DTypeLike,
        maxlen: SupportsIndex, row_shape: _ShapeLike,
    ) -> None: ...
    @overload  # with the contents of an array
    def __init__(
        self: RollingArray[_ShapeT, _DTypeT], contents: np.ndarray[_ShapeT, _DTypeT], dtype: None = None, *,
        maxlen: SupportsIndex, row_shape: _ShapeLike | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: RollingArray[_ShapeT, np.dtype[_T]], contents: np.ndarray[_ShapeT, Any], dtype: _DTypeLike[_T], *,
        maxlen: SupportsIndex, row_shape: _ShapeLike | None = None,
    ) -> None: ...
    @overload  # with any contents
    def __init__(
        self: RollingArray[_AnyShape, np.dtype[_T]], contents: ArrayLike | Iterable[Any], dtype: _DTypeLike[_T], *,
        maxlen: SupportsIndex, row_shape: _ShapeLike | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: RollingArray[_AnyShape, np.dtype[Any]], contents: ArrayLike | Iterable[Any],
        dtype: DTypeLike | None = None, *, maxlen: SupportsIndex, row_shape: _ShapeLike | None = None,
    ) -> None: ...

    # Rows come in, and leave.
    @property
    def maxlen(self) -> int | None: ...
    @overload
    def extend(
        self: RollingArray[Any, _OpenDType], values: Iterable[object], /, *,
        casting: Literal["lossless", "unsafe"] = "lossless",
    ) -> None: ...
    @overload
    def extend(
        self, values: ArrayLike | Iterable[_Row], /, *, casting: Literal["lossless", "unsafe"] = "lossless"
    ) -> None: ...
