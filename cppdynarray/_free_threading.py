"""What free-threaded CPython gets: the lock, and one warning that says so."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_SWITCHED_ON = (
    "cppdynarray needs the global interpreter lock: importing it has switched the lock on, for the whole process and "
    "until it ends. Python threads take turns from now on, as on an ordinary build"
)
_KEPT_OFF = (
    "cppdynarray needs the global interpreter lock, which PYTHON_GIL=0 or -X gil=0 keeps off: an array that one thread "
    "changes while another uses it may give wrong results or crash the process"
)


def _is_locked() -> bool:
    # From Python 3.13 on.
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


@contextmanager
def importing() -> Iterator[None]:
    """Around the import of the compiled modules: our warning in place of the interpreter's, which names one of them."""
    if _is_locked():
        yield
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The global interpreter lock", RuntimeWarning)
        yield
    warnings.warn(_SWITCHED_ON if _is_locked() else _KEPT_OFF, RuntimeWarning, stacklevel=4)
