"""
All of NumPy, with creation functions that return DynamicArrays.

``import cppdynarray.numpy as np`` in place of ``import numpy as np`` makes the arrays that a
program creates growable and changes nothing else: every other name is NumPy's own object. What
NumPy answers with memory that is there already (``frombuffer``, ``asarray`` of an array, ...) is
NumPy's own answer here too, and goes on looking at that memory.

Examples
--------
>>> import cppdynarray.numpy as np
>>> d = np.arange(3)
>>> d.append(3)
>>> int(np.sum(d))
6
"""

import sys as _sys
from importlib import import_module as _import_module
from importlib.machinery import ModuleSpec as _ModuleSpec
from importlib.util import find_spec as _find_spec

import numpy as _numpy

from cppdynarray._core._creation import (  # noqa: F401
    arange,
    empty,
    empty_like,
    fromiter,
    full,
    full_like,
    linspace,
    ones,
    ones_like,
    zeros,
    zeros_like,
)
from cppdynarray._core._namespace import array_or_alias as array  # noqa: F401
from cppdynarray._core._namespace import (  # noqa: F401
    asanyarray,
    ascontiguousarray,
    copy,
    eye,
    from_dlpack,
    fromfile,
    fromfunction,
    fromstring,
    genfromtxt,
    geomspace,
    identity,
    load,
    loadtxt,
    logspace,
    tri,
)
from cppdynarray._core._namespace import asarray_or_alias as asarray  # noqa: F401


def __getattr__(name):
    return getattr(_numpy, name)


def __dir__():
    return sorted({*globals(), *dir(_numpy)})


__all__ = list(_numpy.__all__)


class _Submodules:
    """Finds numpy's own module for ``import cppdynarray.numpy.linalg`` and the like."""

    def find_spec(self, name, path=None, target=None):
        if not name.startswith(__name__ + "."):
            return None
        original = "numpy" + name.removeprefix(__name__)
        if _find_spec(original) is None:
            return None
        return _ModuleSpec(name, self, loader_state=original)

    def create_module(self, spec):
        module = _import_module(spec.loader_state)
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module):
        # The import system has put the alias's spec there; the module keeps its own.
        module.__spec__ = module.__spec__.loader_state


__path__ = []  # a package, to the import system
_sys.meta_path.append(_Submodules())
