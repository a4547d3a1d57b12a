"""Runs one operation over and over, each time another of its calls to the system fails.

For processes in which failing_calls.c is loaded in front of the C library, see
test_system_calls.py.
"""

import ctypes
import sys

import numpy as np

import cppdynarray as cda
from cppdynarray.testing import assert_invariants
from helpers import Thing, assert_same, small_array, state

KINDS = {"mmap": 1, "mprotect": 2, "madvise": 4, "munmap": 8, "malloc": 16}
ROWS = 300_000  # some MiB: from 1 MiB up memory is given back, from 2 MiB up it is huge pages


def rows_of(dtype, count):
    if dtype == "O":
        things = [Thing("a"), Thing("b")]
        return np.array([things[number % 2] for number in range(count)], object)
    if dtype == "T":
        return np.array([f"a string too long for its slot {number}" for number in range(count)], "T")
    return np.arange(count, dtype=dtype)


def used_before(d):
    """An array whose capacity was written all over, so that it has much to clear."""
    rows = np.asarray(d[:3]).copy()
    d.extend(np.repeat(rows, ROWS // 3))
    d.resize(3)
    return d


# Makes an array, and what to do with it.
OPERATIONS = {
    "append": (lambda rows: filled(small(rows)), lambda d, rows: d.append(rows[0])),
    "append past max_size": (lambda rows: small_array_full(rows), lambda d, rows: d.append(rows[0])),
    "extend": (lambda rows: small(rows), lambda d, rows: d.extend(rows)),
    "extend far": (lambda rows: small(rows), lambda d, rows: d.extend(np.repeat(rows, 20_000))),
    "extend by a list": (lambda rows: small(rows), lambda d, rows: d.extend(rows.tolist() * 5000)),
    "extend by an iterator": (lambda rows: small(rows), lambda d, rows: d.extend(iter(rows.tolist() * 5000))),
    "extend past max_size": (lambda rows: small_array(rows), lambda d, rows: d.extend(np.repeat(rows, 5000))),
    "extend by itself": (lambda rows: filled(small(rows)), lambda d, rows: d.extend(d)),
    "insert": (lambda rows: filled(small(rows)), lambda d, rows: d.insert(1, rows[0])),
    "insert past max_size": (lambda rows: small_array_full(rows), lambda d, rows: d.insert(0, rows[0])),
    "resize": (lambda rows: small(rows), lambda d, rows: d.resize(ROWS)),
    "resize what was used": (lambda rows: used_before(small(rows)), lambda d, rows: d.resize(ROWS)),
    "resize to 2-D": (lambda rows: small(rows), lambda d, rows: d.resize((ROWS, 2))),
    "resize past max_size": (lambda rows: small_array(rows), lambda d, rows: d.resize(d.max_size + 1)),
    "resize shorter": (lambda rows: used_before(small(rows)), lambda d, rows: d.resize(2)),
    "reserve": (lambda rows: small(rows), lambda d, rows: d.reserve(ROWS)),
    "reserve past max_size": (lambda rows: small_array(rows), lambda d, rows: d.reserve(ROWS)),
    "shrink_to_fit": (lambda rows: used_before(small(rows)), lambda d, rows: d.shrink_to_fit()),
    "clear": (lambda rows: used_before(small(rows)), lambda d, rows: d.clear()),
    "pop": (lambda rows: small(rows), lambda d, rows: d.pop(0)),
    "delete": (lambda rows: used_before(small(rows)), lambda d, rows: d.__delitem__(slice(None, None, 2))),
    "copy": (lambda rows: small(rows), lambda d, rows: [d.copy()].clear()),
    "make": (lambda rows: small(rows), lambda d, rows: [cda.zeros(ROWS, rows.dtype)].clear()),
    "make and free": (lambda rows: small(rows), lambda d, rows: [cda.zeros(ROWS) for _ in range(20)].clear()),
    "trim": (lambda rows: with_others_freed(small(rows)), lambda d, rows: cda._core._memory.trim()),
}


def small(rows):
    cda._core._memory.trim()  # else a pooled block needs no call
    return cda.DynamicArray(rows)


def with_others_freed(d):
    [cda.zeros(1000) for _ in range(5)].clear()
    return d


def filled(d):
    """The array with no capacity left."""
    missing = d.capacity - len(d)
    d.extend(np.repeat(np.asarray(d[:1]), missing))
    assert d.capacity == len(d)
    return d


def small_array_full(rows):
    d = small_array(rows)
    d.extend(np.repeat(np.asarray(rows[:1]), d.max_size - len(d)))
    return d


def check(name, dtypes, kinds, count):
    """The number of calls that failed, and of operations that raised."""
    shim = ctypes.CDLL(None)
    calls, failed = ctypes.c_long(), ctypes.c_long()
    shim.arm.argtypes = [ctypes.c_int, ctypes.c_long, ctypes.c_long]
    make, operate = OPERATIONS[name]
    faults = errors = 0
    for dtype in dtypes:
        rows = rows_of(dtype, 3)
        for call in range(1, 10**6):
            d = view = before = after = None  # what was made last is gone first
            d = make(rows)
            view = d[:]
            before = state(d)
            refused = False
            shim.arm(kinds, call, count)
            try:
                operate(d, rows)
            except MemoryError:
                refused = True
            finally:
                shim.disarm(ctypes.byref(calls), ctypes.byref(failed))
            faults += failed.value
            errors += refused
            if refused:
                after = state(d)
                changed = {key: (before[key], after[key]) for key in after if after[key] != before[key]}
                assert not changed, (name, dtype, call, changed)
                assert_same(view, np.asarray(d))
            assert_invariants(d)
            # and the next operations work
            d.resize(2)
            d.extend(rows)
            assert_same(d[-3:], rows)
            d.shrink_to_fit()
            assert_invariants(d)
            if failed.value == 0:
                break
    return faults, errors


if __name__ == "__main__":
    dtypes, kinds, count = sys.argv[1].split(","), sum(KINDS[kind] for kind in sys.argv[2].split(",")), int(sys.argv[3])
    for name in OPERATIONS:
        print(name, *check(name, dtypes, kinds, count), sep="\t")
