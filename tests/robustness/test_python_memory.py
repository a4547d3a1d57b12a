"""Every allocation of Python's that an operation makes fails once: the array stays as it was.

CPython's own test module has the switch: the k-th allocation from now on fails. NumPy takes its
arrays, shapes and strings from the same allocators, data apart.
"""

import contextvars
import functools
import os
import sys

import numpy as np
import pytest

import cppdynarray as cda
from cppdynarray._core._handles import handle_capsule
from cppdynarray.testing import assert_invariants
from helpers import Thing, address, assert_same, dtype_id, joined, leaves, row_id, samples, small_array, state

if "PYTEST_XDIST_WORKER" in os.environ:
    pytest.skip("a thread of pytest-xdist's would be the one that finds no memory", allow_module_level=True)
_testcapi = pytest.importorskip("_testcapi", reason="this Python comes without its own test module")
# A thread's first context is made by the first who sets a variable there, np.errstate() say. Python 3.11 crashes where
# it finds no memory for that (context_new_empty() in CPython's context.c), so this thread has one.
contextvars.ContextVar("any").set(None)

# Without records of objects: NumPy itself needs memory to free those, and leaks them where it has none.
DTYPES = [np.dtype("f8"), np.dtype(">i4"), np.dtype("S300"), np.dtype(object), np.dtypes.StringDType()]
all_that_may_fail = pytest.mark.parametrize("follow", [
    pytest.param(1, id="one fails"),
    pytest.param(0, id="all fail from then on", marks=pytest.mark.skipif(
        sys.version_info < (3, 12), reason="CPython 3.11's PyContextVar_Set() crashes where nothing finds memory")),
])
# In a row, operations that succeed: the failing allocation is then later than the last.
SUCCESSES = 4
# What NumPy before 2.5 does when it has no memory to prepare a conversion of objects, for plain arrays as well:
# `np.empty(3)[...] = objects`, and copyto. Python finds it out.
FORGOTTEN = ("returned NULL without setting an exception", "error return without exception set")
NUMPY_FORGETS = np.lib.NumpyVersion(np.__version__) < "2.5.0"
# NumPy crashes when it has no memory for the dtype of a new array of strings (np.empty alone does):
# for strings, operations that make none.
WITHOUT_NEW_STRINGS = {
    "append", "delete one", "delete slice", "clear", "resize shorter", "resize to more dimensions, shorter",
    "resize to no dimension", "reserve", "reserve past max_size", "shrink_to_fit",
}


def failures(prepare, *, follow=1):
    """Calls the first thing that prepare() returns, again and again: first the 1st allocation
    fails, then the 2nd and so on, and `follow` - 1 more after it, all for 0, until none is left.
    After each call that raised, yields the class of the error and all that prepare() returned.
    """
    successes = allocation = 0
    while successes < SUCCESSES:
        allocation += 1
        assert allocation < 2000
        prepared = failed = None  # what was prepared last is gone first
        prepared = [prepare()]
        _testcapi.set_nomemory(allocation, allocation + follow if follow else 0)
        try:
            prepared[0][0]()
        except BaseException as error:
            failed = error
        finally:
            _testcapi.remove_mem_hooks()
        successes = successes + 1 if failed is None else 0
        if failed is not None:
            is_forgotten = NUMPY_FORGETS and isinstance(failed, SystemError) and str(failed).endswith(FORGOTTEN)
            failed = MemoryError if is_forgotten else type(failed)
            yield failed, *prepared.pop()


# Makes of an array, rows like its own, and their values as a list, what is to be called.
CHANGES = {
    "append": lambda d, rows, values: functools.partial(d.append, values[0]),
    "append a row": lambda d, rows, values: functools.partial(d.append, rows[0]),
    "extend by a list": lambda d, rows, values: functools.partial(d.extend, values),
    "extend by an iterator": lambda d, rows, values: functools.partial(d.extend, iter(values)),
    "extend by an array": lambda d, rows, values: functools.partial(d.extend, rows),
    "extend by objects": lambda d, rows, values: functools.partial(d.extend, rows.astype(object)),
    "extend by itself": lambda d, rows, values: functools.partial(d.extend, d),
    "extend by itself reversed": lambda d, rows, values: functools.partial(d.extend, d[::-1]),
    "insert": lambda d, rows, values: functools.partial(d.insert, 1, values[0]),
    "insert far out": lambda d, rows, values: functools.partial(d.insert, 10**30, values[0]),
    "pop": lambda d, rows, values: d.pop,
    "pop(0)": lambda d, rows, values: functools.partial(d.pop, 0),
    "delete one": lambda d, rows, values: functools.partial(d.__delitem__, 1),
    "delete slice": lambda d, rows, values: functools.partial(d.__delitem__, slice(1, 3)),
    "delete step": lambda d, rows, values: functools.partial(d.__delitem__, slice(None, None, 2)),
    "delete list": lambda d, rows, values: functools.partial(d.__delitem__, [0, -1]),
    "delete mask": lambda d, rows, values: functools.partial(d.__delitem__, np.arange(len(d)) % 2 == 0),
    "clear": lambda d, rows, values: d.clear,
    "resize longer": lambda d, rows, values: functools.partial(d.resize, (9, *d.shape[1:])),
    "resize shorter": lambda d, rows, values: functools.partial(d.resize, (2, *d.shape[1:])),
    "resize to more dimensions": lambda d, rows, values: functools.partial(d.resize, (3, 2, 1, 2)),
    "resize to more dimensions, shorter": lambda d, rows, values: functools.partial(d.resize, (1, 2, 1)),
    "resize to fewer dimensions": lambda d, rows, values: functools.partial(d.resize, d.size + 3),
    "resize to no dimension": lambda d, rows, values: functools.partial(d.resize, ()),
    "reserve": lambda d, rows, values: functools.partial(d.reserve, 1000),
    "reserve past max_size": lambda d, rows, values: functools.partial(d.reserve, d.max_size + 1),
    "resize past max_size": lambda d, rows, values: functools.partial(d.resize, (d.max_size + 1, *d.shape[1:])),
    "shrink_to_fit": lambda d, rows, values: d.shrink_to_fit,
}


@pytest.fixture(params=DTYPES, ids=dtype_id)
def dtype(request):
    return request.param


@pytest.fixture(params=[(), (2,)], ids=row_id)
def row_shape(request):
    return request.param


@all_that_may_fail
@pytest.mark.parametrize("change", CHANGES)
def test_changes(change, follow, dtype, row_shape, rng):
    if dtype.kind == "T" and (change not in WITHOUT_NEW_STRINGS or row_shape):
        pytest.skip("NumPy crashes")
    rows = samples(dtype, (4, *row_shape), rng)
    more = samples(dtype, (3, *row_shape), rng)
    values = list(more)
    things = [leaf for leaf in leaves(more) if isinstance(leaf, Thing)]
    counts = [sys.getrefcount(thing) for thing in things]

    def prepare():
        d = small_array(rows)
        view = d[:]
        call = CHANGES[change](d, more, values)
        return call, d, view, state(d)

    for error, call, d, view, before in failures(prepare, follow=follow):
        assert issubclass(error, MemoryError)  # NumPy has one of its own
        assert state(d) == before
        assert_invariants(d)
        assert address(d) == address(view)
        # and the next operations work
        d.extend(more)
        assert_same(d, joined(rows, more))
        d.pop(0)
        d.resize((2, *row_shape))
        assert_same(d, rows[1:3])
        del call, d, view, before
    assert [sys.getrefcount(thing) for thing in things] == counts


# Without NumPy's functions, some of which crash: also on plain arrays.
READS = {
    "element": lambda d: functools.partial(d.__getitem__, 1),
    "slice": lambda d: functools.partial(d.__getitem__, slice(1, 3)),
    "as_numpy": lambda d: d.as_numpy,
    "copy": lambda d: d.copy,
    "list": lambda d: functools.partial(list, d),
    "memoryview": lambda d: functools.partial(memoryview, d),
    "transposed": lambda d: functools.partial(getattr, d, "T"),
    "set element": lambda d: functools.partial(d.__setitem__, 0, d[1]),
    "pickle": lambda d: functools.partial(d.__reduce_ex__, 5),
    "sizeof": lambda d: d.__sizeof__,
    "capacity": lambda d: functools.partial(getattr, d, "capacity"),
}


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("dtype", [np.dtype("f8"), np.dtype(object)], ids=dtype_id)
def test_reads(read, dtype, rng):
    rows = samples(np.dtype("f8"), (4, 2), rng).astype(dtype)

    def prepare():
        d = cda.DynamicArray(rows)
        return READS[read](d), d, state(d)

    for error, _, d, before in failures(prepare):
        assert issubclass(error, MemoryError)  # NumPy has one of its own
        assert state(d) == before
        assert_invariants(d)
        d.append(rows[0])
        assert_same(d[1:], joined(rows[1:], rows[:1]))


CREATIONS = {
    "nothing": lambda rows: cda.DynamicArray,
    "list": lambda rows: functools.partial(cda.DynamicArray, list(rows)),
    "array": lambda rows: functools.partial(cda.DynamicArray, rows),
    "iterator": lambda rows: functools.partial(cda.DynamicArray, iter(list(rows)), rows.dtype),
    "zeros": lambda rows: functools.partial(cda.zeros, (10, 2), rows.dtype),
    "empty": lambda rows: functools.partial(cda.empty, (10, 2), rows.dtype),
    "full": lambda rows: functools.partial(cda.full, 10, rows[0]),
    "fromiter": lambda rows: functools.partial(cda.fromiter, iter(list(rows)), rows.dtype),
    "copy": lambda rows: cda.DynamicArray(rows).copy,
    "like": lambda rows: functools.partial(cda.zeros_like, cda.DynamicArray(rows)),
    "a subclass": lambda rows: functools.partial(type("Named", (cda.DynamicArray,), {}), rows),
    "window of nothing": lambda rows: functools.partial(cda.RollingArray, maxlen=3),
    "window, list": lambda rows: functools.partial(cda.RollingArray, list(rows), rows.dtype, maxlen=3),
    "window, array": lambda rows: functools.partial(cda.RollingArray, rows, maxlen=3),
    "window, rows": lambda rows: functools.partial(cda.RollingArray, dtype=rows.dtype, row_shape=(2, 3), maxlen=3),
    "window, copy": lambda rows: cda.RollingArray(rows, maxlen=3).copy,
    "window, a subclass": lambda rows: functools.partial(type("Named", (cda.RollingArray,), {}), rows, maxlen=3),
}


@pytest.mark.parametrize("creation", CREATIONS)
@pytest.mark.parametrize("dtype", DTYPES[:-1], ids=dtype_id)
def test_creation(creation, dtype, rng):
    rows = samples(dtype, 4, rng)
    counts = [sys.getrefcount(leaf) for leaf in leaves(rows)]
    # What stays mapped are blocks for other arrays.
    CREATIONS[creation](rows)()
    cda._core._memory.trim()
    mapped = cda._core._memory.statistics()["mapped_blocks"]
    for error, make in failures(lambda: (CREATIONS[creation](rows),)):
        assert issubclass(error, MemoryError)  # NumPy has one of its own
        del make
        cda._core._memory.trim()
        assert cda._core._memory.statistics()["mapped_blocks"] == mapped
    if dtype.kind == "O":
        assert [sys.getrefcount(leaf) for leaf in leaves(rows)] == counts


# Windows: of four rows, with three in it and the next at the end of their room, and one that is full.
ROLLING_CHANGES = {
    "append": lambda w, rows, values: functools.partial(w.append, values[0]),
    "append a row": lambda w, rows, values: functools.partial(w.append, rows[0]),
    "extend by a list": lambda w, rows, values: functools.partial(w.extend, values),
    "extend by an iterator": lambda w, rows, values: functools.partial(w.extend, iter(values)),
    "extend by an array": lambda w, rows, values: functools.partial(w.extend, rows),
    "extend by itself": lambda w, rows, values: functools.partial(w.extend, w),
    "clear": lambda w, rows, values: w.clear,
}


@all_that_may_fail
@pytest.mark.parametrize("pushed", [3, 11, 12])
@pytest.mark.parametrize("change", ROLLING_CHANGES)
@pytest.mark.parametrize("dtype", DTYPES[:-1], ids=dtype_id)
def test_changes_of_windows(change, pushed, follow, dtype, row_shape, rng):
    rows, more = (samples(dtype, (count, *row_shape), rng) for count in (pushed, 3))
    values = list(more)
    things = [leaf for leaf in leaves(more) if isinstance(leaf, Thing)]
    counts = [sys.getrefcount(thing) for thing in things]

    def prepare():
        w = cda.RollingArray(dtype=dtype, row_shape=row_shape, maxlen=4)
        for row in rows:
            w.append(row)
        return ROLLING_CHANGES[change](w, more, values), w, w[:], address(w)

    for error, call, w, view, before in failures(prepare, follow=follow):
        assert issubclass(error, MemoryError)
        assert_same(w.as_numpy(), rows[-4:])
        assert_same(view, rows[-4:])
        assert address(w) == before
        # and the next operations work
        w.extend(more)
        assert_same(w.as_numpy(), joined(rows, more)[-4:])
        w.append(rows[0])
        assert_same(w.as_numpy()[-1:], rows[:1])
        del call, w, view
    assert [sys.getrefcount(thing) for thing in things] == counts


@pytest.mark.parametrize("make", [lambda: cda.zeros(3), lambda: cda.RollingArray(maxlen=3)], ids=["array", "window"])
def test_a_handle_in_a_capsule(make):
    d = make()
    references = sys.getrefcount(d)
    for error, call in failures(lambda: (functools.partial(handle_capsule, d, "name"),)):
        assert issubclass(error, MemoryError)
        del call
        assert sys.getrefcount(d) == references
