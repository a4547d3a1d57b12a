"""
All of NumPy, with creation functions that return DynamicArrays.

``import cppdynarray.numpy as np`` in place of ``import numpy as np`` makes the arrays that a
program creates growable and changes nothing else: every other name is NumPy's own object.

Examples
--------
>>> import cppdynarray.numpy as np
>>> d = np.arange(3)
>>> d.append(3)
>>> int(np.sum(d))
6
"""

import functools as _functools

import numpy as _numpy

from cppdynarray import creation as _creation
from cppdynarray.creation import (
    arange,
    array,
    asarray,
    empty,
    empty_like,
    frombuffer,
    fromiter,
    full,
    full_like,
    linspace,
    ones,
    ones_like,
    zeros,
    zeros_like,
)


def _copying(function):
    """NumPy's function, with the array that it returns copied into a DynamicArray."""

    @_functools.wraps(function)
    def create(*args, **kwargs):
        made = function(*args, **kwargs)
        return _creation._own(made) if type(made) is _numpy.ndarray else made

    create.__module__ = __name__
    create.__doc__ = f"As ``numpy.{function.__name__}``, but the array returned is a DynamicArray."
    return create


eye = _copying(_numpy.eye)
fromfile = _copying(_numpy.fromfile)
fromfunction = _copying(_numpy.fromfunction)
fromstring = _copying(_numpy.fromstring)
from_dlpack = _copying(_numpy.from_dlpack)
genfromtxt = _copying(_numpy.genfromtxt)
geomspace = _copying(_numpy.geomspace)
identity = _copying(_numpy.identity)
loadtxt = _copying(_numpy.loadtxt)
logspace = _copying(_numpy.logspace)
tri = _copying(_numpy.tri)


def copy(a, order="K", subok=False):
    """
    Return a DynamicArray with a copy of `a`; as ``numpy.copy``.

    Parameters
    ----------
    a : array_like
    order : {'C', 'F', 'A', 'K'}, optional
    subok : bool, optional
        Whether subclasses of DynamicArray are passed through.

    Returns
    -------
    DynamicArray
    """
    return array(a, order=order, subok=subok, copy=True)


def asanyarray(a, dtype=None, order=None, *, device=None, copy=None, like=None):
    """
    Return `a` itself if it is any array that fits, and a DynamicArray with a copy otherwise.

    Parameters
    ----------
    a, dtype, order, device, copy, like
        As for ``numpy.asanyarray``.

    Returns
    -------
    numpy.ndarray
    """
    if isinstance(a, _numpy.ndarray):
        return _numpy.asanyarray(a, dtype, order, device=device, copy=copy, like=like)
    return asarray(a, dtype, order, device=device, copy=copy, like=like)


def ascontiguousarray(a, dtype=None, *, like=None):
    """
    Return a C-ordered DynamicArray, `a` itself if it is one; as ``numpy.ascontiguousarray``.

    Parameters
    ----------
    a : array_like
    dtype : data-type, optional
    like : array_like, optional

    Returns
    -------
    DynamicArray
    """
    return array(a, dtype, copy=None, order="C", ndmin=1, like=like)


def __getattr__(name):
    return getattr(_numpy, name)


def __dir__():
    return sorted({*globals(), *dir(_numpy)})


__all__ = list(_numpy.__all__)
