"""Options: where memory comes from and how it grows."""

from __future__ import annotations

import os
from contextlib import contextmanager

from cppdynarray import _memory

__all__ = ["get_options", "options", "set_options"]

_BACKENDS = ("cpp", "numpy")
_DEFAULTS = {"backend": "cpp", "growth_factor": 2.0, "reserve_bytes": 0, "huge_pages": True}
_FLAGS = {"1": True, "true": True, "yes": True, "on": True,
          "0": False, "false": False, "no": False, "off": False}
_current = dict(_DEFAULTS)


def _check(name, value):
    """Return the value in its own type, or raise ValueError or TypeError saying what is wrong."""
    if name == "backend":
        if value not in _BACKENDS:
            raise ValueError(f"backend must be one of {_BACKENDS}, not {value!r}")
        return value
    if name == "growth_factor":
        factor = float(value)
        if not 1.0 < factor <= 16.0:
            raise ValueError(f"growth_factor must be more than 1 and at most 16, not {value!r}")
        return factor
    if name == "reserve_bytes":
        size = int(value)
        if not 0 <= size < 2**62:
            raise ValueError(f"reserve_bytes must be from 0 (choose for me) to 2**62, not {value!r}")
        return size
    if name == "huge_pages":
        if isinstance(value, str):
            if value.lower() not in _FLAGS:
                raise ValueError(f"huge_pages must be one of {', '.join(_FLAGS)}, not {value!r}")
            return _FLAGS[value.lower()]
        return bool(value)
    raise TypeError(f"unknown option {name!r}; the options are {', '.join(_DEFAULTS)}")


def set_options(**changes):
    """
    Set options for the whole process.

    Parameters
    ----------
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
        Whether to ask the system for huge pages from 4 MiB up. They make filling new memory
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
