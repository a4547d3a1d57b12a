"""What a list would have cost: the same records collected both ways, and measured."""

from __future__ import annotations

import tracemalloc
from statistics import median
from time import perf_counter
from typing import NamedTuple

import numpy as np

from cppdynarray._core._array import DynamicArray

# Enough to measure on, and a second or so at most.
MOST_RECORDS = 100_000
REPEATS = 5


class Cost(NamedTuple):
    """
    What one way of collecting records costs.

    Attributes
    ----------
    collect : float
        Seconds from the first record to an array of all of them.
    look : float
        Seconds until NumPy can read a column while more records are coming.
    peak : int
        Bytes of memory at the peak, as tracemalloc counts them.
    """

    collect: float
    look: float
    peak: int


def replay(records):
    """
    Yield records again, one at a time, as new tuples of plain ints.

    Parameters
    ----------
    records : numpy.ndarray
        All of whose fields have 8 bytes.

    Yields
    ------
    tuple of int
    """
    plain = records.view([(name, "i8") for name in records.dtype.names])
    for start in range(0, len(plain), 1000):
        yield from plain[start : start + 1000].tolist()


def in_array(stream, dtype):
    """Collect records in a DynamicArray."""
    array = DynamicArray(dtype=dtype)
    for record in stream:
        array.append(record)
    return array


def in_list(stream):
    """Collect records in a list, which is to be converted."""
    collected = []
    for record in stream:
        collected.append(record)
    return collected


def compare(records):
    """
    Collect records in a DynamicArray and in a list, and measure both.

    Times are medians of several repeats, one way after the other in turn, and include making
    the records, which come one at a time as in the walk. Memory is measured apart from time,
    since measuring it takes time.

    Parameters
    ----------
    records : numpy.ndarray
        At least one; the first `MOST_RECORDS` are used.

    Returns
    -------
    rows : int
        How many records were used.
    array, list : Cost
        Of `DynamicArray.append`, and of `list.append` followed by `numpy.array`.
    """
    records = records[:MOST_RECORDS]
    dtype, column = records.dtype, records.dtype.names[0]
    times = []
    for _ in range(REPEATS):
        start = perf_counter()
        array = in_array(replay(records), dtype)
        array_ready = perf_counter()
        array[column]
        array_seen = perf_counter()
        listed = in_list(replay(records))
        list_ready = perf_counter()
        np.array(listed, dtype)[column]
        list_seen = perf_counter()
        times.append((
            array_ready - start, array_seen - array_ready,
            list_seen - array_seen, list_seen - list_ready,
        ))
        del array, listed
    array_time, array_look, list_time, list_look = map(median, zip(*times, strict=True))
    array_peak = peak(lambda: in_array(replay(records), dtype))
    list_peak = peak(lambda: np.array(in_list(replay(records)), dtype))
    return (
        len(records),
        Cost(array_time, array_look, array_peak),
        Cost(list_time, list_look, list_peak),
    )


def peak(function):
    """Bytes that a call has in use at its peak, on top of what was there before."""
    was_tracing = tracemalloc.is_tracing()
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        function()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if not was_tracing:
            tracemalloc.stop()
