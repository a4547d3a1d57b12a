"""What the tests of the libraries share."""

import numpy as np

import cppdynarray as cda
from helpers import address

MANY_ROWS = 200_000


def grow(d):
    """Adds many rows, which must not move the array, and writes to its first row."""
    where, capacity = address(d), d.capacity
    d.extend(np.ones((MANY_ROWS, *d.shape[1:]), d.dtype))
    assert d.capacity > capacity
    assert address(d) == where
    d[0] += 1


def collected(start, stop):
    """What a worker returns that has collected some numbers."""
    d = cda.DynamicArray(dtype="i8")
    for number in range(start, stop):
        d.append(number)
    return d
