"""What a list would have cost: the same records collected both ways, and measured."""

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
    """What one way of collecting records costs."""

    collect: float  # seconds from the first record to an array of all of them
    look: float  # seconds for the sum of a column while more records are coming
    peak: int  # bytes of memory, as tracemalloc counts them


def compare(records):
    """The number of records used, and the costs of collecting them in a DynamicArray and in a list, which
    `numpy.array` converts. Times are medians of repeats in turn; measuring memory takes time, so it is apart.
    """
    records = records[:MOST_RECORDS]
    dtype, column = records.dtype, records.dtype.names[0]
    ways = [(lambda: DynamicArray(dtype=dtype), lambda array: array), (list, lambda items: np.array(items, dtype))]
    collects, looks = ([], []), ([], [])
    for _ in range(REPEATS):
        for way, (make, convert) in enumerate(ways):
            start = perf_counter()
            container = append_all(replay(records), make())
            ready = perf_counter()
            convert(container)[column].sum(dtype=float)
            looks[way].append(perf_counter() - ready)
            # What is collected in a list becomes an array in the end.
            collects[way].append(ready - start + (looks[way][-1] if make is list else 0))
            del container
    peaks = [peak(lambda make=make, convert=convert: convert(append_all(replay(records), make())))
             for make, convert in ways]
    return len(records), *(Cost(median(collects[way]), median(looks[way]), peaks[way]) for way in range(2))


def append_all(stream, container):
    for record in stream:
        container.append(record)
    return container


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
