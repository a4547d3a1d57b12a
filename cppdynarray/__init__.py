"""
The NumPy array that grows in place.

A `DynamicArray` is a ``numpy.ndarray`` with a list's methods to grow and shrink. Its memory
comes from a C++ store with reserved address space: appending is as cheap as writing, and up to
`max_size` rows the data does not move, so that every view, buffer and pointer taken earlier stays
valid and live.

Examples
--------
>>> import numpy as np
>>> import cppdynarray as cda
>>> d = cda.DynamicArray([1.0, 2.0])
>>> view = d[:]
>>> d.append(3.0)
>>> float(np.sum(d))
6.0
>>> view.base is d
True
"""

import typing as _typing
from pathlib import Path as _Path

try:
    from cppdynarray._core._array import DynamicArray
except ModuleNotFoundError as _error:
    if _error.name != "cppdynarray._core._array":
        raise
    raise ImportError(
        f"{_Path(__file__).parent} is cppdynarray's source, without its compiled modules: run "
        "'python3 -m pip install -e .' there, or start Python in another directory to import an "
        "installed cppdynarray"
    ) from None
from cppdynarray._config import show_config
from cppdynarray._core import _namespace as _namespace  # for like=, which NumPy's own functions take
from cppdynarray._core._creation import (
    BoolDynamicArray,
    DoubleDynamicArray,
    FloatDynamicArray,
    Int32DynamicArray,
    Int64DynamicArray,
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
from cppdynarray._core._live import LiveArray
from cppdynarray._core._rolling import RollingArray
from cppdynarray._version import __version__
from cppdynarray.files import DynamicMemmap, open_memmap
from cppdynarray.options import get_options, options, set_options
from cppdynarray.table import DynamicTable, MemmapTable, open_table


def get_include() -> str:
    """
    Return the directory of the C++ headers, for a compiler's include path.

    Returns
    -------
    str
        ``#include "cppdynarray/dynamic_array.hpp"`` works from there.

    Examples
    --------
    >>> import os
    >>> import cppdynarray as cda
    >>> "dynamic_array.hpp" in os.listdir(os.path.join(cda.get_include(), "cppdynarray"))
    True
    """
    package = _Path(__file__).parent
    installed = package / "include"
    return str(installed if installed.is_dir() else package.parent / "src_cpp" / "include")


if _typing.TYPE_CHECKING:  # to a checker the function would have attributes of any name
    from cppdynarray import numba as numba
    from cppdynarray import numpy as numpy
    from cppdynarray import testing as testing
else:

    def __getattr__(name):
        """The modules that are imported when they are first used, for what they need: Brian2, Numba."""
        if name not in ("brian2", "numba", "numpy", "testing"):
            raise AttributeError(f"module 'cppdynarray' has no attribute {name!r}")
        from importlib import import_module

        try:
            return import_module(f"cppdynarray.{name}")
        except ImportError as error:
            raise AttributeError(f"cppdynarray.{name} can't be imported: {error}") from error


__all__ = [
    "BoolDynamicArray",
    "DoubleDynamicArray",
    "DynamicArray",
    "DynamicMemmap",
    "DynamicTable",
    "FloatDynamicArray",
    "Int32DynamicArray",
    "Int64DynamicArray",
    "LiveArray",
    "MemmapTable",
    "RollingArray",
    "__version__",
    "arange",
    "array",
    "asarray",
    "empty",
    "empty_like",
    "frombuffer",
    "fromiter",
    "full",
    "full_like",
    "get_include",
    "get_options",
    "linspace",
    "ones",
    "ones_like",
    "open_memmap",
    "open_table",
    "options",
    "set_options",
    "show_config",
    "zeros",
    "zeros_like",
]
