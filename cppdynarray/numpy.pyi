# pyright: reportGeneralTypeIssues=false
# All of NumPy, but for the creation functions: these are imported twice because mypy keeps the first
# meaning of a name, and pyright the last, though it minds that NumPy declares some of them Final.
from numpy import *  # type: ignore[assignment, no-redef]
from numpy import __all__ as __all__

from cppdynarray._creation import (
    arange as arange,
)
from cppdynarray._creation import (
    array as array,
)
from cppdynarray._creation import (
    asanyarray as asanyarray,
)
from cppdynarray._creation import (
    asarray as asarray,
)
from cppdynarray._creation import (
    ascontiguousarray as ascontiguousarray,
)
from cppdynarray._creation import (
    copy as copy,
)
from cppdynarray._creation import (
    empty as empty,
)
from cppdynarray._creation import (
    empty_like as empty_like,
)
from cppdynarray._creation import (
    eye as eye,
)
from cppdynarray._creation import (
    from_dlpack as from_dlpack,
)
from cppdynarray._creation import (
    frombuffer as frombuffer,
)
from cppdynarray._creation import (
    fromfile as fromfile,
)
from cppdynarray._creation import (
    fromfunction as fromfunction,
)
from cppdynarray._creation import (
    fromiter as fromiter,
)
from cppdynarray._creation import (
    fromstring as fromstring,
)
from cppdynarray._creation import (
    full as full,
)
from cppdynarray._creation import (
    full_like as full_like,
)
from cppdynarray._creation import (
    genfromtxt as genfromtxt,
)
from cppdynarray._creation import (
    geomspace as geomspace,
)
from cppdynarray._creation import (
    identity as identity,
)
from cppdynarray._creation import (
    linspace as linspace,
)
from cppdynarray._creation import (
    loadtxt as loadtxt,
)
from cppdynarray._creation import (
    logspace as logspace,
)
from cppdynarray._creation import (
    ones as ones,
)
from cppdynarray._creation import (
    ones_like as ones_like,
)
from cppdynarray._creation import (
    tri as tri,
)
from cppdynarray._creation import (
    zeros as zeros,
)
from cppdynarray._creation import (
    zeros_like as zeros_like,
)

