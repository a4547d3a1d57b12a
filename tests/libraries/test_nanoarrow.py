"""nanoarrow: arrays by the buffer protocol and tables by Arrow's stream, on the array's memory."""

import numpy as np

import cppdynarray as cda
from helpers import address
from optional_libraries import import_library

na = import_library("nanoarrow")


def test_an_array_is_taken_without_a_copy():
    d = cda.DynamicArray(np.arange(1000.0))
    taken = na.c_array(d)
    assert taken.length == 1000 and taken.buffers[1] == address(d)
    d.extend(np.ones(100_000))
    d[0] = 7.0
    assert taken.length == 1000 and na.Array(taken).to_pylist()[:3] == [7.0, 1.0, 2.0]
    del d
    cda.full(1000, -1.0)  # would have the memory if it were free
    assert na.Array(taken).to_pylist()[999] == 999.0


def test_a_table_is_taken_without_a_copy():
    t = cda.DynamicTable({"x": np.arange(1000.0), "rows": np.ones((1000, 3), "f4"), "n": np.arange(1000)})
    (batch,) = na.c_array_stream(t)
    x, rows, n = batch.children
    assert (x.buffers[1], rows.child(0).buffers[1], n.buffers[1]) == tuple(address(column) for column in t.values())
    t.append((7, [7, 7, 7], 7))
    assert batch.length == 1000
    taken = na.ArrayStream(t).read_all()
    assert len(taken) == 1001 and taken.to_pylist()[1000] == {"x": 7.0, "rows": [7.0] * 3, "n": 7}
