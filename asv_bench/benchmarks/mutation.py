"""
insert, pop and del.

2,000 elements stay in the first cache, 200,000 (1.6 MB) don't, and moving them is what counts.
Each timed call does 1,000 operations on elements touched in `setup`. The baselines are a list,
whose elements are as wide as these, and np.insert and np.delete, which copy everything every
time: a tenth of the operations is enough for them (so their times are for 100).
"""

import numpy as np

from .common import KINDS, choose, made, values

POSITIONS = {"front": 0.0, "middle": 0.5, "end": 1.0}
SIZES = [2_000, 200_000]


class Insert:
    params = [[*KINDS, "list"], list(POSITIONS), SIZES]
    param_names = ["kind", "position", "size"]

    def setup(self, kind, position, size):
        contents = values("f8", size)
        self.array = contents.tolist() if kind == "list" else made(kind, contents)
        self.times = range(100 if kind == "ndarray" else 1000)
        self.insert_at = int(POSITIONS[position] * size)
        # A position that remains valid while a list of 2,000 loses half of its elements.
        self.remove_at = {"front": 0, "middle": size // 4, "end": -1}[position]

    def time_insert(self, kind, position, size):
        array, at = self.array, self.insert_at
        if kind == "ndarray":
            for _ in self.times:
                array = np.insert(array, at, 0.5)
        else:
            for _ in self.times:
                array.insert(at, 0.5)

    def time_pop(self, kind, position, size):
        array, at = self.array, self.remove_at
        if kind == "ndarray":
            for _ in self.times:
                array[at]
                array = np.delete(array, at)
        else:
            for _ in self.times:
                array.pop(at)

    def time_del(self, kind, position, size):
        array, at = self.array, self.remove_at
        if kind == "ndarray":
            for _ in self.times:
                array = np.delete(array, at)
        else:
            for _ in self.times:
                del array[at]


class Delete:
    """Many rows at once, from each of ten: what is left moves, or is copied by np.delete."""

    keys = {
        "front half": lambda size: slice(size // 2),
        "every other": lambda size: slice(None, None, 2),
        "middle tenth": lambda size: slice(size // 2, size // 2 + size // 10),
    }
    params = [[*KINDS, "list"], list(keys), [2_000, 200_000]]
    param_names = ["kind", "rows", "size"]

    def setup(self, kind, rows, size):
        contents = values("f8", size)
        self.arrays = [
            contents.tolist() if kind == "list" else made(kind, contents) for _ in range(10)
        ]
        self.key = self.keys[rows](size)

    def time_delete(self, kind, rows, size):
        for array in self.arrays:
            if kind == "ndarray":
                np.delete(array, self.key)
            else:
                del array[self.key]


class Rows:
    """Rows of 10 to and from the middle of 10,000."""

    params = [KINDS]
    param_names = ["kind"]

    def setup(self, kind):
        self.array = choose(kind).ones((10_000, 10))
        self.row = values("f8", 10)

    def time_insert_and_delete(self, kind):
        array = self.array
        for _ in range(100):
            if kind == "ndarray":
                array = np.delete(np.insert(array, 5_000, self.row, axis=0), 5_000, axis=0)
            else:
                array.insert(5_000, self.row)
                del array[5_000]
