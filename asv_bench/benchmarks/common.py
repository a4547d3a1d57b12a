"""
What the benchmarks share. Change nothing here that old results were measured with; add to it.

Kinds. "cpp" and "numpy" are DynamicArrays of the two backends, "ndarray" is the baseline: a plain
array, where it has to grow one of the final size from the start, which no growing can beat. The
others are what people write today.

Time. asv calls `setup` before each timed call, so a timed call does enough to be measured alone:
small operations are repeated in it, and sizes are chosen for that.

First touch. The first write to a page costs a page fault, several times the write itself. Freed
memory comes back without: from cppdynarray's pool of blocks (up to 1 MiB each), and from malloc's
heap (up to 32 MiB). So a benchmark is either *warm*, its pages touched in `setup`, or *fresh*,
with 64 MiB and more from an emptied pool, which no allocator has at hand; then the faults are
timed.
"""

import array as _array
from functools import partial

import numpy as np

import cppdynarray as cda

BACKENDS = ["cpp", "numpy"]
KINDS = [*BACKENDS, "ndarray"]

# What no allocator has at hand; see above.
FRESH_BYTES = 64 * 2**20


def choose(kind):
    """Make a kind's backend that of all arrays to come; return the module that creates them."""
    cda.set_options(backend="numpy" if kind == "numpy" else "cpp")
    return np if kind == "ndarray" else cda


def forget():
    """Empty the pool, so that the next array is made of memory that nobody has used."""
    cda._memory.trim()


def values(dtype, shape):
    """Random values from 1 to 100, always the same ones; they come again after 65,536."""
    numbers = np.resize(np.random.default_rng(1).uniform(1, 100, 2**16), shape)
    if np.dtype(dtype) == bool:
        return numbers > 50
    return numbers.astype(dtype)


def made(kind, contents):
    """An array of a kind with a copy of the contents, so with touched pages."""
    return choose(kind).array(contents)


def statement(code, loops, **names):
    """
    A function that runs the code `loops` times: an operation on a few elements takes less time
    than a call of a Python function.
    """
    source = f"def run({', '.join(names)}):\n    for _ in range({loops}):\n        {code}"
    scope = {"np": np}
    exec(source, scope)
    return partial(scope["run"], **names)


# Containers that grow. Each has append(row), extend(rows) and rows(): what was added, as an array.


class Dynamic:
    def __init__(self, dtype, row, limit):
        self.data = cda.zeros((0, *row), dtype)
        self.append = self.data.append
        self.extend = self.data.extend

    def rows(self):
        return self.data


class Preallocated:
    """An array of the final size, and a count."""

    def __init__(self, dtype, row, limit):
        self.data = np.empty((limit, *row), dtype)
        self.count = 0

    def append(self, row):
        self.data[self.count] = row
        self.count += 1

    def extend(self, rows):
        end = self.count + len(rows)
        self.data[self.count : end] = rows
        self.count = end

    def rows(self):
        return self.data[: self.count]


class Doubling(Preallocated):
    """What people write by hand: a capacity that doubles."""

    def __init__(self, dtype, row, limit):
        super().__init__(dtype, row, 16)

    def room(self, needed):
        if needed > len(self.data):
            capacity = max(needed, 2 * len(self.data))
            larger = np.empty((capacity, *self.data.shape[1:]), self.data.dtype)
            larger[: self.count] = self.data[: self.count]
            self.data = larger

    def append(self, row):
        self.room(self.count + 1)
        super().append(row)

    def extend(self, rows):
        self.room(self.count + len(rows))
        super().extend(rows)


class Resized:
    """ndarray.resize, each time to the size needed."""

    def __init__(self, dtype, row, limit):
        self.data = np.empty((0, *row), dtype)

    def append(self, row):
        self.extend((row,))

    def extend(self, rows):
        count = len(self.data)
        self.data.resize((count + len(rows), *self.data.shape[1:]), refcheck=False)
        self.data[count:] = rows

    def rows(self):
        return self.data


class Appended:
    """np.append, which copies everything each time."""

    def __init__(self, dtype, row, limit):
        self.data = np.empty((0, *row), dtype)

    def append(self, row):
        self.extend(np.asarray(row)[np.newaxis])

    def extend(self, rows):
        self.data = np.append(self.data, rows, axis=0)

    def rows(self):
        return self.data


class Listed:
    """A list of rows, made into an array when one is needed."""

    def __init__(self, dtype, row, limit):
        self.data, self.shape, self.dtype = [], (-1, *row), dtype
        self.append = self.data.append

    def extend(self, rows):
        self.data.extend(rows.tolist())

    def rows(self):
        return np.array(self.data, self.dtype).reshape(self.shape)


class Chunked:
    """A list of blocks, joined when an array is needed."""

    def __init__(self, dtype, row, limit):
        self.data = []

    def append(self, row):
        self.data.append(np.asarray(row)[np.newaxis])

    def extend(self, rows):
        self.data.append(rows.copy())

    def rows(self):
        return np.concatenate(self.data)


class ArrayArray:
    """array.array of the standard library: one dimension, few types."""

    def __init__(self, dtype, row, limit):
        if row:
            raise NotImplementedError("array.array has one dimension")
        self.data = _array.array(np.dtype(dtype).char)
        self.append = self.data.append

    def extend(self, rows):
        self.data.frombytes(memoryview(rows).cast("B"))

    def rows(self):
        return np.frombuffer(self.data, self.data.typecode)


CONTAINERS = {
    "cpp": Dynamic,
    "numpy": Dynamic,
    "ndarray": Preallocated,
    "doubling": Doubling,
    "ndarray.resize": Resized,
    "np.append": Appended,
    "list": Listed,
    "list of blocks": Chunked,
    "array.array": ArrayArray,
}


def container(kind, dtype="f8", row=(), limit=0):
    """An empty container of the kind chosen before, which will have to hold `limit` rows."""
    return CONTAINERS[kind](dtype, row, limit)
