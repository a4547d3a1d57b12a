"""What the tests of RollingArray share."""

import numpy as np

from cppdynarray._core._rolling import memory_of
from helpers import address, assert_same


def assert_window(w, rows, maxlen):
    """It has the last `maxlen` of the rows, and all that holds for a window."""
    assert_same(w, rows[-maxlen:])
    assert len(w) == min(len(rows), maxlen)
    assert w.maxlen == maxlen
    assert w.flags.c_contiguous and w.flags.aligned and not w.flags.owndata
    fresh = np.empty(w.shape, w.dtype)
    for flag in ("c_contiguous", "f_contiguous"):
        if w.itemsize:
            assert getattr(w.flags, flag) == getattr(fresh.flags, flag)
    memory = memory_of(w)
    assert memory["rows"] == len(w)
    assert memory["track"] >= 3 * maxlen - 1
    row_bytes = w.itemsize * int(np.prod(w.shape[1:]))
    assert memory["start"] + memory["rows"] <= memory["track"] or not row_bytes
    assert address(w) == memory["address"] + memory["start"] * row_bytes


class Failure(Exception):
    pass


def failing(rows):
    yield from rows
    raise Failure
