# pyright: reportGeneralTypeIssues=false
# All of NumPy, but for the creation functions: these are imported twice because mypy keeps the first
# meaning of a name, and pyright the last, though it minds that NumPy declares some of them Final.
# What may answer with memory that is there already (asarray, ...) has NumPy's types.
from cppdynarray._core._creation import (
    arange as arange, array as array, empty as empty, empty_like as empty_like, fromiter as fromiter, full as full,
    full_like as full_like, linspace as linspace, ones as ones, ones_like as ones_like, zeros as zeros,
    zeros_like as zeros_like,
)
from cppdynarray._core._namespace import (
    copy as copy, eye as eye, fromfile as fromfile, fromfunction as fromfunction, fromstring as fromstring,
    genfromtxt as genfromtxt, geomspace as geomspace, identity as identity, loadtxt as loadtxt, logspace as logspace,
    tri as tri,
)
from numpy import *  # type: ignore[assignment, no-redef]
from numpy import __all__ as __all__

from cppdynarray._core._creation import (
    arange as arange, array as array, empty as empty, empty_like as empty_like, fromiter as fromiter, full as full,
    full_like as full_like, linspace as linspace, ones as ones, ones_like as ones_like, zeros as zeros,
    zeros_like as zeros_like,
)
from cppdynarray._core._namespace import (
    copy as copy, eye as eye, fromfile as fromfile, fromfunction as fromfunction, fromstring as fromstring,
    genfromtxt as genfromtxt, geomspace as geomspace, identity as identity, loadtxt as loadtxt, logspace as logspace,
    tri as tri,
)
