"""
Growing by one and by blocks, each way written out as somebody who knows it well writes it.

No containers of ours stand in between: what takes time is the way itself. Numbers come one by one
from a list, or as blocks of 1 KiB and 64 KiB; each way ends with an array of all of them. Where a way
copies everything at each step it stops at what takes a second.

Filled: `resize` to a length, or np.zeros and a copy, and then a value into each new element. Untouched:
the same without the values; then nobody has asked the system for the memory yet. Each allocator may use
memory again that an array before had, as in a program that makes many.
"""

import array
from itertools import repeat

import numpy as np

import cppdynarray as cda

from .common import choose, values
from .containers import package

ONE_BY_ONE, BY_BLOCKS = {}, {}


def way(ways, kind):
    """Registers a function of what comes in and how many numbers that is."""

    def register(function):
        ways[kind] = function
        return function

    return register


# One by one.

@way(ONE_BY_ONE, "numpy")
@way(ONE_BY_ONE, "cpp")
def dynamic_array(rows, count):
    d = cda.DynamicArray()
    append = d.append
    for x in rows:
        append(x)
    return d


@way(ONE_BY_ONE, "ndarray")
def final_size(rows, count):
    a = np.empty(count)
    for i, x in enumerate(rows):
        a[i] = x
    return a


@way(ONE_BY_ONE, "list")
def listed(rows, count):
    collected = []
    for x in rows:
        collected.append(x)
    return np.array(collected)


@way(ONE_BY_ONE, "array.array")
def array_array(rows, count):
    a = array.array("d")
    append = a.append
    for x in rows:
        append(x)
    return np.frombuffer(a)


@way(ONE_BY_ONE, "doubling")
def doubling(rows, count):
    a, n, room = np.empty(16), 0, 16
    for x in rows:
        if n == room:
            room *= 2
            larger = np.empty(room)
            larger[:n] = a
            a = larger
        a[n] = x
        n += 1
    return a[:n]


@way(ONE_BY_ONE, "ndarray.resize")
def resized(rows, count):
    a, n, room = np.empty(16), 0, 16
    for x in rows:
        if n == room:
            room *= 2
            a.resize(room, refcheck=False)
        a[n] = x
        n += 1
    a.resize(n, refcheck=False)
    return a


@way(ONE_BY_ONE, "np.append")
def appended(rows, count):
    a = np.empty(0)
    for x in rows:
        a = np.append(a, x)
    return a


@way(ONE_BY_ONE, "Brian2")
def brian2(rows, count):
    a = package("brian2.memory.cythondynamicarray").DynamicArray1D(0, dtype=float)
    resize, n = a.resize, 0
    for x in rows:
        resize(n + 1)
        a[n] = x
        n += 1
    return a.data


# By blocks.

@way(BY_BLOCKS, "numpy")
@way(BY_BLOCKS, "cpp")
def dynamic_array_extend(blocks, count):
    d = cda.DynamicArray()
    extend = d.extend
    for block in blocks:
        extend(block)
    return d


@way(BY_BLOCKS, "ndarray")
def final_size_blocks(blocks, count):
    a, n = np.empty(count), 0
    for block in blocks:
        end = n + len(block)
        a[n:end] = block
        n = end
    return a


@way(BY_BLOCKS, "list")
def listed_blocks(blocks, count):
    collected = []
    for block in blocks:
        collected += block.tolist()
    return np.array(collected)


@way(BY_BLOCKS, "list of blocks")
def chunks(blocks, count):
    collected = []
    for block in blocks:
        collected.append(block.copy())  # who gives them uses the same memory again
    return np.concatenate(collected)


@way(BY_BLOCKS, "array.array")
def array_array_blocks(blocks, count):
    a = array.array("d")
    frombytes = a.frombytes
    for block in blocks:
        frombytes(block.data.cast("B"))
    return np.frombuffer(a)


@way(BY_BLOCKS, "doubling")
def doubling_blocks(blocks, count):
    a, n, room = np.empty(16), 0, 16
    for block in blocks:
        end = n + len(block)
        if end > room:
            room = max(2 * room, end)
            larger = np.empty(room)
            larger[:n] = a[:n]
            a = larger
        a[n:end] = block
        n = end
    return a[:n]


@way(BY_BLOCKS, "ndarray.resize")
def resized_blocks(blocks, count):
    a, n, room = np.empty(16), 0, 16
    for block in blocks:
        end = n + len(block)
        if end > room:
            room = max(2 * room, end)
            a.resize(room, refcheck=False)
        a[n:end] = block
        n = end
    a.resize(n, refcheck=False)
    return a


@way(BY_BLOCKS, "np.append")
def appended_blocks(blocks, count):
    a = np.empty(0)
    for block in blocks:
        a = np.append(a, block)
    return a


@way(BY_BLOCKS, "Brian2")
def brian2_blocks(blocks, count):
    a = package("brian2.memory.cythondynamicarray").DynamicArray1D(0, dtype=float)
    resize, n = a.resize, 0
    for block in blocks:
        end = n + len(block)
        resize(end)
        a[n:end] = block
        n = end
    return a.data


class OneByOne:
    params = [list(ONE_BY_ONE), [1_000, 100_000]]
    param_names = ["kind", "count"]
    most = {"np.append": 10_000}

    def setup(self, kind, count):
        if count > self.most.get(kind, count):
            raise NotImplementedError("takes seconds")
        choose(kind)
        if kind == "Brian2":
            package("brian2.memory.cythondynamicarray")
        self.run = ONE_BY_ONE[kind]
        self.rows = values("f8", count).tolist()

    def time_append(self, kind, count):
        self.run(self.rows, count)


class Blocks:
    """`total` is in bytes."""

    params = [list(BY_BLOCKS), [1024, 64 * 1024], [2**20, 2**25]]
    param_names = ["kind", "block", "total"]
    most = {"list": 2**25, "np.append": 2**20}

    def setup(self, kind, block, total):
        if total > self.most.get(kind, total):
            raise NotImplementedError("takes seconds")
        choose(kind)
        if kind == "Brian2":
            package("brian2.memory.cythondynamicarray")
        self.run = BY_BLOCKS[kind]
        self.block = values("f8", block // 8)

    def time_extend(self, kind, block, total):
        self.run(repeat(self.block, total // block), total // 8)


class Larger:
    """From 10 elements to many, the new ones untouched or filled."""

    params = [["cpp", "numpy", "ndarray.resize", "np.zeros, copy", "Brian2"], [10**3, 10**6]]
    param_names = ["kind", "size"]

    def setup(self, kind, size):
        module = choose(kind)
        if kind == "Brian2":
            self.array = package("brian2.memory.cythondynamicarray").DynamicArray1D(10, dtype=float)
        else:
            self.array = (module if kind in ("cpp", "numpy") else np).ones(10)

    def time_untouched(self, kind, size):
        if kind == "np.zeros, copy":
            larger = np.zeros(size)
            larger[:10] = self.array
            self.array = larger
        elif kind == "ndarray.resize":
            self.array.resize(size, refcheck=False)
        else:
            self.array.resize(size)

    def time_filled(self, kind, size):
        self.time_untouched(kind, size)
        self.array[10:] = 1.0
