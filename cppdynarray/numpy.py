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

import numpy as _numpy

from cppdynarray.creation import (  # noqa: F401
    arange,
    array,
    asanyarray,
    asarray,
    ascontiguousarray,
    copy,
    empty,
    empty_like,
    eye,
    from_dlpack,
    frombuffer,
    fromfile,
    fromfunction,
    fromiter,
    fromstring,
    full,
    full_like,
    genfromtxt,
    geomspace,
    identity,
    linspace,
    loadtxt,
    logspace,
    ones,
    ones_like,
    tri,
    zeros,
    zeros_like,
)


def __getattr__(name):
    return getattr(_numpy, name)


def __dir__():
    return sorted({*globals(), *dir(_numpy)})


__all__ = list(_numpy.__all__)
