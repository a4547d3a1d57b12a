"""Options: where memory comes from and how it grows."""

from __future__ import annotations

import operator
import os
from contextlib import contextmanager

from cppdynarray._core import _memory

__all__ = ["get_options", "options", "set_options"]

_BACKENDS = ("cpp", "heap")
_DEFAULTS = {"backend": "cpp", "growth_factor": 2.0, "reserve_bytes": 0, "huge_pages": True}
_FLAG_NAMES = ("true", "yes", "on", "1", "false", "no", "off", "0")
_FLAGS = (True,) * 4 + (False,) * 4
_process = dict(_DEFAULTS)


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
    "backend": "'cpp' or 'heap' (ordinary memory)",
    "growth_factor": "a number of more than 1 and at most 16",
    "reserve_bytes": "a number of bytes below 2**62, or 0 to let the library choose",
    "huge_pages": "true or false",
}


def set_options(**changes):
    """
    Set options for the whole process, all its threads included.

    They apply to arrays that are made from now on. An array keeps the options it was made with.
    If a ``with`` block of `options` changes one of them, that change holds until the block ends.

    Parameters
    ----------
    **changes
        The options to set, of those below.
    backend : {'cpp', 'heap'}
        Where the memory comes from. ``'cpp'``: reserved addresses, in which growth never moves
        the data. ``'heap'``: ordinary memory, as NumPy's own arrays have; growth past the
        capacity copies, and older views keep the old memory, which is freed with the array. The
        interface is the same.
    growth_factor : float
        From one capacity to the next: more than 1, at most 16. Where data has to move, the
        new memory has room for at least eight times as much (twice, below 2 KiB).
    reserve_bytes : int
        Addresses to reserve for each new array; 0 lets the library choose: 16 GiB, and less
        where addresses are short or arrays are many.
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
    _process.update(changes)
    _memory.configure(_process)


def get_options():
    """
    Return the options that arrays made here get, as a new dict.

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
    found = dict(_process)
    for changes in _changes_here():
        found.update(changes)
    return found


def _changes_here():
    here = _memory.context_options.get()
    return here.entries if here is not None else ()


def _change_here(entries):
    _memory.context_options.set(_memory.ContextOptions(entries) if entries else None)


@contextmanager
def options(**changes):
    """
    Set options for the duration of a ``with`` block, in the calling context alone.

    Threads and asyncio tasks that run already don't see them: they are in a context variable, as those of
    ``decimal.localcontext`` and ``numpy.errstate``. A task starts with the options of the place where it was made. A
    thread starts with those of `set_options`, or, if Python hands contexts on to threads
    (``sys.flags.thread_inherit_context``, the default of free-threaded Python), with those of the place where it was
    started. An array keeps the options it was made with.

    Parameters
    ----------
    **changes
        As for `set_options`.

    Examples
    --------
    >>> import cppdynarray as cda
    >>> with cda.options(backend="heap"):
    ...     d = cda.DynamicArray([1, 2, 3])
    >>> d.append(4)  # the array stays as it was made
    >>> cda.get_options()["backend"]
    'cpp'
    """
    changes = {name: _check(name, value) for name, value in changes.items()}
    _change_here((*_changes_here(), changes))
    try:
        yield
    finally:
        # Only what this block added goes: blocks of generators need not end in the order they began.
        _change_here(tuple(entry for entry in _changes_here() if entry is not changes))


def _read_environment():
    for name in _DEFAULTS:
        variable = f"CPPDYNARRAY_{name.upper()}"
        if variable in os.environ:
            try:
                set_options(**{name: os.environ[variable]})
            except ValueError as error:
                raise ValueError(f"the environment variable {variable}: {error}") from None


_memory.configure(_process)  # contexts change what it was told
_read_environment()
