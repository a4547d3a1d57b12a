from collections.abc import Callable, Sequence
from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from cppdynarray._core._array import DynamicArray
from cppdynarray._core._creation import _dynamic
from cppdynarray._core._live import _DTypeT, _ShapeT

_R = TypeVar("_R")

copy = _dynamic(np.copy)
eye = _dynamic(np.eye)
fromfile = _dynamic(np.fromfile)
fromstring = _dynamic(np.fromstring)
genfromtxt = _dynamic(np.genfromtxt)
geomspace = _dynamic(np.geomspace)
identity = _dynamic(np.identity)
loadtxt = _dynamic(np.loadtxt)
logspace = _dynamic(np.logspace)
tri = _dynamic(np.tri)

# The result is what the function returns, as a DynamicArray if that is a plain array.
@overload
def fromfunction(
    function: Callable[..., np.ndarray[_ShapeT, _DTypeT]], shape: Sequence[int], *, dtype: DTypeLike = ...,
    like: ArrayLike | None = None, **kwargs: Any,
) -> DynamicArray[_ShapeT, _DTypeT]: ...
@overload
def fromfunction(
    function: Callable[..., _R], shape: Sequence[int], *, dtype: DTypeLike = ...,
    like: ArrayLike | None = None, **kwargs: Any,
) -> _R: ...
