import numpy as np
from records import record, squares
from walk import walk

import cppdynarray as cda

positions = cda.DynamicArray([0.0])
view = positions[:]
walk(positions, 0.0, 1_000_000)  # appended in C, seen here
assert len(positions) == 1_000_001
assert np.abs(np.diff(positions)).max() <= 0.5
assert view.base is positions  # nothing has moved

events = cda.DynamicArray(dtype=np.dtype([("time", "f8"), ("neuron", "i4")], align=True))
record(events, 1000)
assert events["neuron"].max() == 9

numbers = squares(5)  # a DynamicArray on the memory that C++ filled
numbers.append(25.0)
assert np.array_equal(np.sqrt(numbers), np.arange(6))
