"""
insert, pop and del.

2,000 elements stay in the first cache, 200,000 (1.6 MB) don't, and moving them is what counts.
Each timed call does 1,000 operations on elements touched in `setup`. The baselines are a list,
whose elements are as wide as these, and np.insert and np.delete, which copy everything every
time: a tenth of the operations is enough for them (so their times are for 100).
"""

import numpy as np

from .common import BACKENDS, KINDS, choose, made, values

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


def without(kind, array, gone, kept):
    """The elements that a mask doesn't name, as each kind has them."""
    if kind == "ndarray":
        return array[kept]
    if kind == "list":
        return [value for value, leaves in zip(array, gone, strict=True) if not leaves]
    del array[gone]
    return array


def without_first(kind, array, count):
    if kind == "ndarray":
        return array[count:].copy()
    del array[:count]
    return array


def leave_by_swapping(kind, array, position):
    if kind in BACKENDS:
        array.swap_remove(position)
        return array
    array[position] = array[-1]
    if kind == "ndarray":
        return array[:-1]
    array.pop()
    return array


class Leave:
    """What goes once a step: those that a mask names, the oldest, and one where the order doesn't matter.

    Of 100 elements they leave from each of 100 arrays, of more from each of three. A list's comprehension and an
    array's copy of what is left, without the mask's inversion, are what is written without this package.
    """

    params = [[*KINDS, "list"], [100, 10_000, 1_000_000]]
    param_names = ["kind", "size"]
    number = 1  # the mask suits the arrays that `setup` makes

    def setup(self, kind, size):
        contents = values("f8", size)
        self.arrays = [
            contents.tolist() if kind == "list" else made(kind, contents) for _ in range(100 if size == 100 else 3)
        ]
        self.gone = values("f8", size) > 90
        self.kept = ~self.gone
        if kind == "list":
            self.gone = self.gone.tolist()

    def time_mask(self, kind, size):
        for array in self.arrays:
            without(kind, array, self.gone, self.kept)

    def time_first(self, kind, size):
        for array in self.arrays:
            without_first(kind, array, size // 10)

    def time_swap_remove(self, kind, size):
        for array in self.arrays:
            for position in range(0, 60, 2):
                array = leave_by_swapping(kind, array, position)

    def time_pop_first(self, kind, size):
        for array in self.arrays:
            for _ in range(10):
                if kind == "ndarray":
                    array = np.delete(array, 0)
                else:
                    array.pop(0)

    def time_insert_first(self, kind, size):
        for array in self.arrays:
            for _ in range(10):
                if kind == "ndarray":
                    array = np.insert(array, 0, 0.5)
                else:
                    array.insert(0, 0.5)


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
