"""
Containers that grow: DynamicArray, and what people use today.

Each has `append(row)`, `extend(rows)`, where rows are an array, and `rows()`: what was added, as an
array. Change nothing here that old results were measured with; add to it.

CONTAINERS need NumPy alone. LIBRARIES are of other packages; where one is not installed, its
container raises NotImplementedError, with which asv leaves a benchmark out.
"""

import array as _array
from importlib import import_module

import numpy as np

import cppdynarray as cda


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


# Other packages.


def package(name):
    """A package that need not be there."""
    try:
        return import_module(name)
    except ImportError as error:
        raise NotImplementedError(str(error)) from None


class CyArray:
    """cyarray: one dimension, few types; the array that it gives moves when it grows."""

    types = {"f8": "DoubleArray", "f4": "FloatArray", "i8": "LongArray", "i4": "IntArray"}

    def __init__(self, dtype, row, limit):
        carray = package("cyarray.carray")
        if row:
            raise NotImplementedError("cyarray has one dimension")
        self.data = getattr(carray, self.types[np.dtype(dtype).str[1:]])()
        self.append = self.data.append
        self.extend = self.data.extend

    def rows(self):
        return self.data.get_npy_array()


class ArrayBuilder:
    """awkward's builder, which finds types and lists out by itself and has no dtype."""

    def __init__(self, dtype, row, limit):
        self.awkward = package("awkward")
        self.data = self.awkward.ArrayBuilder()
        self.append = self.data.append if row else self.data.real
        self.extend = self.data.extend

    def rows(self):
        return self.awkward.to_numpy(self.data.snapshot())


class Brian2:
    """Brian2's C++ arrays, from 2.11 on: resized to the size needed, as its monitors do."""

    def __init__(self, dtype, row, limit):
        dynamic = package("brian2.memory.cythondynamicarray")
        if row:
            self.data = dynamic.DynamicArray((0, *row), dtype=dtype)
            self.resize = self.data.resize_along_first
        else:
            self.data = dynamic.DynamicArray1D(0, dtype=dtype)
            self.resize = self.data.resize
        self.count = 0

    def append(self, row):
        self.resize(self.count + 1)
        self.data[self.count] = row
        self.count += 1

    def extend(self, rows):
        end = self.count + len(rows)
        self.resize(end)
        self.data[self.count : end] = rows
        self.count = end

    def rows(self):
        return self.data.data


LIBRARIES = {
    "cyarray": CyArray,
    "ArrayBuilder": ArrayBuilder,
    "Brian2": Brian2,
}


def container(kind, dtype="f8", row=(), limit=0):
    """An empty container of the kind chosen before, which will have to hold `limit` rows."""
    return (CONTAINERS | LIBRARIES)[kind](dtype, row, limit)
