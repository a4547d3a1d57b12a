"""Numba: compiled functions that read and write the array's memory."""

import threading
import time

import numpy as np

import cppdynarray as cda
from helpers import address, assert_same
from optional_libraries import import_library
from streams import grow

numba = import_library("numba")


@numba.njit
def smooth(readings, smoothed, start):
    """Exponential smoothing of what came in since `start`."""
    for i in range(start, len(readings)):
        before = smoothed[i - 1] if i else 0.0
        smoothed[i] = 0.9 * before + 0.1 * readings[i]


@numba.njit
def address_of(array):
    return array.ctypes.data


@numba.njit
def tail(array):
    return array[1:]


@numba.njit
def itself(array):
    return array


@numba.njit(nogil=True)
def watch(array, looks):
    """Looks at the first element, and counts, until it isn't zero any more; gives up in the end."""
    while array[0] == 0.0 and looks[0] < 10**10:
        looks[0] += 1


def test_a_loop_follows_a_stream(blocks):
    """It reads one growing array, and writes the new end of another."""
    readings, smoothed = cda.DynamicArray(dtype=float), cda.DynamicArray(dtype=float)
    for block in blocks:
        start = len(readings)
        readings.extend(block)
        smoothed.resize(len(readings))
        smooth(readings, smoothed, start)
    plain = np.concatenate(blocks)
    expected = np.zeros(len(plain))
    smooth(plain, expected, 0)
    assert_same(smoothed, expected)
    assert len(smooth.signatures) == 1  # compiled once, for both kinds of array


def test_rows_of_records(rng):
    """A compiled loop over growing structured rows, field by field."""
    dtype = np.dtype([("number", "i8"), ("value", "f8")])

    @numba.njit
    def double(records):
        for i in range(len(records)):
            records[i].value *= 2

    records = cda.DynamicArray(dtype=dtype)
    for number in range(5):
        records.append((number, rng.normal()))
    expected = np.array(records)
    double(records)
    expected["value"] *= 2
    assert_same(records, expected)


def test_the_layout_is_right_after_growth():
    """One row is in C and in Fortran order at once; two are not."""

    @numba.njit
    def total_of_second_row(array):
        return array[1].sum()

    rows = cda.zeros((1, 3))
    rows.append([1.0, 2.0, 3.0])
    assert numba.typeof(rows) == numba.typeof(np.array(rows))
    assert total_of_second_row(rows) == 6.0


def test_compiled_code_works_on_the_memory_itself():
    d = cda.DynamicArray([1.0, 2.0, 3.0])
    assert address_of(d) == address(d)
    grow(d)
    assert address_of(d) == address(d)
    plain = np.ones(3)
    assert itself(plain) is plain
    assert itself(d) is d


def test_a_view_made_by_compiled_code_is_live_and_outlives_the_array():
    d = cda.DynamicArray([1.0, 2.0, 3.0])
    view = tail(d)
    assert type(view) is np.ndarray
    grow(d)
    d[1] = 20.0
    assert address(view) == address(d) + d.itemsize
    assert view.tolist() == [20.0, 3.0]
    del d
    cda.full(3, -1.0)  # would have the memory if it were free
    assert view.tolist() == [20.0, 3.0]


def test_a_compiled_loop_watches_while_the_array_grows(blocks):
    """Without the GIL, in a thread: the memory it looks at is the array's to the end."""
    d, looks = cda.DynamicArray([0.0]), cda.DynamicArray([0])
    watch(np.ones(1), np.zeros(1, int))  # compiled before the thread starts
    thread = threading.Thread(target=watch, args=(d, looks))
    thread.start()
    while looks[0] == 0 and thread.is_alive():
        time.sleep(0.001)
    for block in blocks:
        d.extend(block)
        looks.append(looks[0])
    d[0] = 1.0
    thread.join()
    assert 0 < looks[0] < 10**10
    assert_same(looks[1:], np.sort(looks[1:]))


def test_what_compiled_functions_return_is_appended():
    @numba.njit
    def squares(start, count):
        return np.arange(start, start + count) ** 2

    d = cda.DynamicArray(dtype="i8")
    for start in range(0, 100, 10):
        d.extend(squares(start, 10))
    assert_same(d, np.arange(100) ** 2)


def test_compiled_ufuncs_give_plain_arrays(blocks):
    @numba.vectorize(["f8(f8)"])
    def clipped(x):
        return min(max(x, -1.0), 1.0)

    d = cda.DynamicArray(np.concatenate(blocks))
    found = clipped(d)
    assert type(found) is np.ndarray
    assert_same(found, np.clip(np.array(d), -1.0, 1.0))
    assert clipped(d, out=d) is d
    assert_same(d, found)
