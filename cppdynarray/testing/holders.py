"""Whether an object keeps a DynamicArray itself, rather than a view of it."""

import gc
import types

import numpy as np

from cppdynarray._core._live import LiveArray
from cppdynarray._core._table import Table


def assert_not_held(obj, d):
    """
    Check that an object doesn't keep an array that grows, or a table, itself.

    What keeps the array, and its length somewhere else, goes out of step when the array grows. What keeps
    a view (``d[:]``, ``d.as_numpy()``) or a copy doesn't.

    Parameters
    ----------
    obj : object
        What was made of the array: a table, a plot, a model, ...
    d : DynamicArray, RollingArray or DynamicTable
        The array that it may keep, or the table.

    Raises
    ------
    AssertionError
        If the array can be reached from `obj`. The message says by which way.

    Notes
    -----
    It finds what Python's garbage collector can follow, and not what is kept in C, out of its sight.

    Examples
    --------
    >>> import cppdynarray as cda
    >>> from cppdynarray.testing import assert_not_held
    >>> d = cda.DynamicArray([1.0, 2.0])
    >>> assert_not_held({"time": d[:]}, d)
    >>> assert_not_held({"time": d}, d)
    Traceback (most recent call last):
        ...
    AssertionError: dict keeps the DynamicArray itself: give it a view, d[:] (found at dict -> DynamicArray)
    """
    if not isinstance(d, LiveArray | Table):
        raise TypeError(f"{type(d).__name__} is no DynamicArray, RollingArray or DynamicTable")
    kind = next(cls.__name__ for cls in type(d).__mro__ if cls.__module__.partition(".")[0] == "cppdynarray")
    wanted = "its columns, t[:]" if isinstance(d, Table) else "a view, d[:]"
    seen = {id(obj)}
    found = [(obj, None)]  # each with the entry that led to it
    for entry in found:
        if entry[0] is d:
            raise AssertionError(
                f"{type(obj).__name__} keeps the {kind} itself: give it {wanted} (found at {_way(entry)})"
            )
        for each in _parts(entry[0]):
            if id(each) not in seen:
                seen.add(id(each))
                found.append((each, entry))


def _parts(obj):
    """What an object keeps. The base of a view isn't what is meant, nor are the names of a module."""
    if isinstance(obj, type | types.ModuleType):
        return []
    if isinstance(obj, types.FunctionType):
        return [obj.__closure__, obj.__defaults__, obj.__kwdefaults__]
    if isinstance(obj, np.ndarray):
        elements = obj.ravel().tolist() if obj.dtype.hasobject else []
        return [*elements, getattr(obj, "__dict__", None)]
    return gc.get_referents(obj)


def _way(entry):
    names = []
    while entry is not None:
        names.append(type(entry[0]).__name__)
        entry = entry[1]
    return " -> ".join(reversed(names))
