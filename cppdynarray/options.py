"""Options: where memory comes from and how it grows."""

from __future__ import annotations

import operator
import os
from contextlib import contextmanager

from cppdynarray._core import _memory

__all__ = ["get_options", "options", "set_options"]

_BACKENDS = ("cpp", "numpy")
_DEFAULTS = {"backend": "cpp", "growth_factor": 2.0, "reserve_bytes": 0, "huge_pages": True}
_FLAG_NAMES = ("true", "yes", "on", "1", "false", "no", "off", "0")
_FLAGS = (True,) * 4 + (False,) * 4
_current = dict(_DEFAULTS)


def _check(name, value):
    """Return the value in its own type; raise ValueError if it can't be one, TypeError for the name."""
    if name not in _DEFAULTS:
        raise TypeError(f"unknown option {name!r}; the options are {', '.join(_DEFAULTS)}")
    try:
        return _CHECKS[name](value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} must be {_MEANINGS[name]}, not {value!r}") from None


def _backend(value):
    return _BACKENDS[_BACKENDS.index(value)]


def _growth_factor(value):
    factor = float(value)
    if not 1.0 < factor <= 16.0:
        raise ValueError
    return factor


def _reserve_bytes(value):
    size = int(value) if isinstance(value, str) else operator.index(value)
    if not 0 <= size < 2**62:
        raise ValueError
    return size


def _huge_pages(value):
    return _FLAGS[_FLAG_NAMES.index(str(value).lower())]


_CHECKS = {
    "backend": _backend,
    "growth_factor": _growth_factor,
    "reserve_bytes": _reserve_bytes,
    "huge_pages": _huge_pages,
}
_MEANINGS = {
    "backend": "'cpp' or 'numpy'",
    "growth_factor": "a number of more than 1 and at most 16",
    "reserve_bytes": "a number of bytes below 2**62, or 0 to let the library choose",
    "huge_pages": "true or false",
}


def set_options(**changes):
    """
    Set options for the whole process.

    Parameters
    ----------
    **changes
        The options to set, of those below.
    backend : {'cpp', 'numpy'}
        Where the memory of arrays made from now on comes from. ``'cpp'``: reserved addresses,
        in which growth never moves the data. ``'numpy'``: ordinary memory, as NumPy's own
        arrays have; growth past the capacity copies, and older views keep the old memory, which
        is freed with the array. The interface is the same.
    growth_factor : float
        From one capacity to the next: more than 1, at most 16.
    reserve_bytes : int
        Addresses to reserve for each new array; 0 lets the library choose: 16 GiB, and less
        where addresses are short or arrays are very many.
    huge_pages : bool
        Whether to ask the system for huge pages from 2 MiB up. They make filling new memory
        several times as fast.

    Raises
    ------
    TypeError
        For an option that does not exist.
    ValueError
        For a value that an option can't have. Nothing is changed then.

    Notes
    -----
    At import the options come from the environment variables ``CPPDYNARRAY_BACKEND``,
    ``CPPDYNARRAY_GROWTH_FACTOR``, ``CPPDYNARRAY_RESERVE_BYTES`` and ``CPPDYNARRAY_HUGE_PAGES``,
    where they are set.

    Examples
    --------
    >>> import cppdynarray as cda
    >>> cda.set_options(growth_factor=1.5)
    >>> cda.get_options()["growth_factor"]
    1.5
    >>> cda.set_options(growth_factor=2.0)
    """
    changes = {name: _check(name, value) for name, value in changes.items()}
    _current.update(changes)
    _memory.configure(
        heap=_current["backend"] == "numpy",
        growth_factor=_current["growth_factor"],
        reserve_bytes=_current["reserve_bytes"],
        huge_pages=_current["huge_pages"],
    )


def get_options():
    """
    Return the options as a new dict.

    Returns
    -------
    dict
        The names and values of `set_options`.

    Examples
    --------
    >>> import cppdynarray as cda
    >>> sorted(cda.get_options())
    ['backend', 'growth_factor', 'huge_pages', 'reserve_bytes']
    """
    return dict(_current)


@contextmanager
def options(**changes):
    """
    Set options for the duration of a ``with`` block.

    They hold for the whole process, threads included, and are put back at the end of the block.

    Parameters
    ----------
    **changes
        As for `set_options`.

    Examples
    --------
    >>> import cppdynarray as cda
    >>> with cda.options(backend="numpy"):
    ...     d = cda.DynamicArray([1, 2, 3])
    >>> d.append(4)  # the array stays as it was made
    >>> cda.get_options()["backend"]
    'cpp'
    """
    before = get_options()
    set_options(**changes)
    try:
        yield
    finally:
        set_options(**before)


def _read_environment():
    for name in _DEFAULTS:
        variable = f"CPPDYNARRAY_{name.upper()}"
        if variable in os.environ:
            try:
                set_options(**{name: os.environ[variable]})
            except ValueError as error:
                raise ValueError(f"the environment variable {variable}: {error}") from None


_read_environment()
