"""What a list would have cost: the same records collected both ways, and measured."""

from __future__ import annotations

import tracemalloc
from statistics import median
from time import perf_counter
from typing import NamedTuple

import numpy as np

from cppdynarray._core._array import DynamicArray
from cppdynarray.demo.records import replay

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
        Seconds for the sum of a column while more records are coming.
    peak : int
        Bytes of memory at the peak, as tracemalloc counts them.
    """

    collect: float
    look: float
    peak: int


def append_all(stream, container):
    """Append records to a DynamicArray or a list, and return it."""
    for record in stream:
        container.append(record)
    return container


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
    ways = [  # how to begin, and how NumPy gets to the records
        (lambda: DynamicArray(dtype=dtype), lambda array: array),
        (list, lambda collected: np.array(collected, dtype)),
    ]
    times = [([], []) for _ in ways]
    for _ in range(REPEATS):
        sums = []
        for (make, convert), (collects, looks) in zip(ways, times, strict=True):
            start = perf_counter()
            container = append_all(replay(records), make())
            ready = perf_counter()
            sums.append(convert(container)[column].sum(dtype=float))
            looks.append(perf_counter() - ready)
            del container
            # What is collected in a list becomes an array in the end.
            collects.append(ready - start + (looks[-1] if make is list else 0))
        assert sums[0] == sums[1]
    costs = [
        Cost(
            median(collects), median(looks),
            peak(lambda make=make, convert=convert: convert(append_all(replay(records), make()))),
        )
        for (make, convert), (collects, looks) in zip(ways, times, strict=True)
    ]
    return len(records), *costs


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
