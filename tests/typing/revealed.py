"""What expressions with DynamicArrays are: for the type checkers, and run to see that it is true."""

import tempfile
from typing import Any, Literal, assert_type

import numpy as np

import cppdynarray as cda
import cppdynarray.numpy as cnp
from cppdynarray import DynamicArray, RollingArray


class Samples(DynamicArray[tuple[int], np.dtype[np.float64]]):
    """A user's subclass."""


# The constructor.
empty = DynamicArray()
assert_type(empty, DynamicArray[tuple[int], np.dtype[np.float64]])
assert_type(DynamicArray(dtype=np.int32), DynamicArray[tuple[int], np.dtype[np.int32]])
assert_type(DynamicArray(dtype="i4"), DynamicArray[tuple[int], np.dtype[Any]])
assert_type(DynamicArray([1.0, 2.0]), DynamicArray[tuple[Any, ...], np.dtype[Any]])
assert_type(DynamicArray([1, 2], np.int8, max_size=10), DynamicArray[tuple[Any, ...], np.dtype[np.int8]])
assert_type(DynamicArray((n for n in range(3)), np.int64), DynamicArray[tuple[Any, ...], np.dtype[np.int64]])
assert_type(DynamicArray(np.eye(3)), DynamicArray[tuple[int, int], np.dtype[np.float64]])
assert_type(DynamicArray(np.eye(3), np.int16), DynamicArray[tuple[int, int], np.dtype[np.int16]])
assert_type(Samples(), Samples)
assert_type(Samples([1.0], capacity=10).copy(), Samples)

# Growing and shrinking.
d = cda.zeros(3)
d.append(1.0)
d.append(np.float32(2))
d.extend([3, 4.5])
d.extend(float(n) for n in range(3))
d.extend(d)
d.insert(0, 1)
assert_type(d, DynamicArray[tuple[int], np.dtype[np.float64]])
assert_type(d.pop(), Any)
assert_type(d.pop(0), Any)
del d[0], d[2:4], d[[0, 1]], d[d > 100]
d.resize(5)
d.reserve(100)
d.shrink_to_fit()
d.clear()
d.resize((4,))
assert_type(d.capacity, int)
assert_type(d.max_size, int)
assert_type(len(d), int)

rows = cda.zeros((0, 3), np.float32)
rows.append([1, 2, 3])
rows.extend(np.ones((2, 3)))
assert_type(rows, DynamicArray[tuple[int, int], np.dtype[np.float32]])
things = DynamicArray(dtype=np.object_)
things.append(None)
things.extend([{}, object()])
days = DynamicArray(dtype="datetime64[D]")
days.append("2026-01-31")

# The array itself, its copies, and what is written into it.
assert_type(d.copy(), DynamicArray[tuple[int], np.dtype[np.float64]])
assert_type(d.clip(0, 1, out=d), DynamicArray[tuple[int], np.dtype[np.float64]])
d += 1
d *= d
d[0] = 7
d[1:] = [1, 2, 3]
assert_type(d, DynamicArray[tuple[int], np.dtype[np.float64]])

# Slices and views are plain.
assert_type(d[:], np.ndarray[tuple[Any, ...], np.dtype[np.float64]])
assert_type(d[d > 1], np.ndarray[tuple[Any, ...], np.dtype[np.float64]])
assert_type(d[0], Any)
assert_type(d.as_numpy(), np.ndarray[tuple[int], np.dtype[np.float64]])
assert_type(d.view(), np.ndarray[tuple[int], np.dtype[np.float64]])
assert_type(d.view(np.int64), np.ndarray[tuple[int], np.dtype[np.int64]])
assert_type(d.view(Samples), Samples)
assert_type(d.T, np.ndarray[tuple[int], np.dtype[np.float64]])
assert_type(rows.transpose(), np.ndarray[tuple[int, int], np.dtype[np.float32]])
assert_type(rows.swapaxes(0, 1), np.ndarray[tuple[int, int], np.dtype[np.float32]])
assert_type(d.reshape(2, 2), np.ndarray[tuple[int, int], np.dtype[np.float64]])
assert_type(d.flatten(), np.ndarray[tuple[int], np.dtype[np.float64]])
assert_type(d.byteswap(), np.ndarray[tuple[int], np.dtype[np.float64]])
assert_type(d.astype(np.int8), np.ndarray[tuple[int], np.dtype[np.int8]])
assert_type(d.__array__(), np.ndarray[tuple[int], np.dtype[np.float64]])
assert_type(d.flat.base, np.ndarray[tuple[int], np.dtype[np.float64]])
assert_type([value for value in d], list[np.float64])

# So is what is computed.
assert_type(d + 1, np.ndarray[tuple[int], np.dtype[np.float64]])
assert_type(1 - d, np.ndarray[tuple[int], np.dtype[np.float64]])
assert_type(-d, np.ndarray[tuple[int], np.dtype[np.float64]])
assert_type(+d, np.ndarray[tuple[int], np.dtype[np.float64]])
assert_type(abs(d), np.ndarray[tuple[int], np.dtype[np.float64]])
assert_type(~cda.ones(2, np.int8), np.ndarray[tuple[int], np.dtype[np.int8]])
assert_type(d.round(), np.ndarray[tuple[int], np.dtype[np.float64]])
assert_type(rows.round(1), np.ndarray[tuple[int, int], np.dtype[np.float32]])
assert_type(np.concatenate((d, d)), np.ndarray[tuple[Any, ...], np.dtype[np.float64]])

# Creation functions have NumPy's own overloads.
assert_type(cda.zeros(3), DynamicArray[tuple[int], np.dtype[np.float64]])
assert_type(cda.empty((0, 3)), DynamicArray[tuple[int, int], np.dtype[np.float64]])
assert_type(cda.ones((2, 3, 4), np.int16), DynamicArray[tuple[int, int, int], np.dtype[np.int16]])
assert_type(cda.zeros([2, 3], "i4"), DynamicArray[tuple[Any, ...], np.dtype[Any]])
assert_type(cda.full(2, 1.5, np.float32), DynamicArray[tuple[int], np.dtype[np.float32]])
assert_type(cda.full((0, 3), 1, np.int8), DynamicArray[tuple[int, int], np.dtype[np.int8]])
assert_type(cda.arange(3), DynamicArray[tuple[int], np.dtype[np.int_]])
assert_type(cda.arange(3, dtype=np.int8), DynamicArray[tuple[int], np.dtype[np.int8]])
assert_type(cda.linspace(0, 1), DynamicArray[tuple[int], np.dtype[np.float64]])
assert_type(cda.linspace(0, 1, retstep=True), tuple[DynamicArray[tuple[int], np.dtype[np.float64]], np.float64])
assert_type(cda.linspace(0, [1, 2], dtype=np.float32), DynamicArray[tuple[Any, ...], np.dtype[np.float32]])
assert_type(cda.array([1, 2]), DynamicArray[tuple[Any, ...], np.dtype[Any]])
assert_type(cda.array([1, 2], np.int8), DynamicArray[tuple[Any, ...], np.dtype[np.int8]])
assert_type(cda.array(np.zeros(3)), DynamicArray[tuple[Any, ...], np.dtype[np.float64]])
assert_type(cda.zeros_like(np.eye(3)), DynamicArray[tuple[int, int], np.dtype[np.float64]])
assert_type(cda.empty_like([1, 2], np.int8), DynamicArray[tuple[Any, ...], np.dtype[np.int8]])
assert_type(cda.full_like(rows, 1), DynamicArray[tuple[int, int], np.dtype[np.float32]])
assert_type(cda.ones_like(Samples()), Samples)
assert_type(cda.DoubleDynamicArray(), DynamicArray[tuple[int], np.dtype[np.float64]])
assert_type(cda.FloatDynamicArray(3), DynamicArray[tuple[int], np.dtype[np.float32]])
assert_type(cda.Int64DynamicArray((0, 2)), DynamicArray[tuple[int, int], np.dtype[np.int64]])
assert_type(cda.Int32DynamicArray(), DynamicArray[tuple[int], np.dtype[np.int32]])
assert_type(cda.BoolDynamicArray(), DynamicArray[tuple[int], np.dtype[np.bool_]])
# How much of the shape is known depends on NumPy's version.
converted: DynamicArray[Any, np.dtype[np.int8]] = cda.asarray([1, 2], np.int8)
collected: DynamicArray[Any, np.dtype[np.int32]] = cda.fromiter(range(3), np.int32)
read: DynamicArray[Any, np.dtype[np.uint8]] = cda.frombuffer(b"ab", np.uint8)

# The namespace: NumPy's names, with creation functions that give DynamicArrays.
assert_type(cnp.zeros(3), DynamicArray[tuple[int], np.dtype[np.float64]])
assert_type(cnp.eye(2), DynamicArray[tuple[int, int], np.dtype[np.float64]])
assert_type(cnp.identity(2, np.int8), DynamicArray[tuple[int, int], np.dtype[np.int8]])
assert_type(cnp.asanyarray(np.zeros(2)), np.ndarray[tuple[int], np.dtype[np.float64]])
assert_type(cnp.copy(np.zeros(2)), DynamicArray[tuple[Any, ...], np.dtype[np.float64]])
assert_type(cnp.concatenate((d, cnp.zeros(3))), np.ndarray[tuple[Any, ...], np.dtype[np.float64]])
assert_type(cnp.float32(1), np.float32)

# Options and what else there is.
with cda.options(backend="heap", growth_factor=1.5):
    cda.set_options(huge_pages=False)
cda.set_options(huge_pages=True)
assert_type(cda.get_options()["reserve_bytes"], int)
assert_type(cda.get_include(), str)
assert_type(cda.__version__, str)
assert_type(cda.show_config(mode="dicts"), dict[str, dict[str, Any]])

# Windows.
w = RollingArray(maxlen=3)
assert_type(w, RollingArray[tuple[int], np.dtype[np.float64]])
assert_type(RollingArray(maxlen=3, dtype=np.int32), RollingArray[tuple[int], np.dtype[np.int32]])
assert_type(
    RollingArray(maxlen=3, dtype=np.int32, row_shape=(2,)), RollingArray[tuple[Any, ...], np.dtype[np.int32]]
)
assert_type(RollingArray(np.eye(3), maxlen=3), RollingArray[tuple[int, int], np.dtype[np.float64]])
assert_type(RollingArray([1, 2], maxlen=3), RollingArray[tuple[Any, ...], np.dtype[Any]])
w.append(1.0)
w.extend([2, 3.5])
w.extend(d)
assert_type(w.maxlen, int | None)
assert_type(w.copy(), RollingArray[tuple[int], np.dtype[np.float64]])
assert_type(w.as_numpy(), np.ndarray[tuple[int], np.dtype[np.float64]])
assert_type(w.T, np.ndarray[tuple[int], np.dtype[np.float64]])
w.clear()

# Tables.
t = cda.DynamicTable(dtype={"time": "f8", "x": "f4"})
assert_type(t, cda.DynamicTable[str])
t.append((0.1, 2))
t.append({"time": 0.2, "x": 3})
t.extend([(0.3, 4)])
t.extend({"time": [0.4, 0.5], "x": 1.0})
t.extend(t)
named: cda.DynamicTable[Literal["time", "x"]] = cda.DynamicTable(dtype=[("time", "f8"), ("x", "f4", 3)])
assert_type(len(t), int)
assert_type(t["time"].size, int)
assert_type(t[-1], Any)
assert_type(sorted(t[:2]), list[str])
assert_type(t.copy(), cda.DynamicTable[str])
assert_type(t.capacity, int)
del t[0], t[:1], t[[0]]
t.swap_remove([0])

# Arrays on files, whose copies are in memory.
with tempfile.TemporaryDirectory() as folder, cda.open_memmap(f"{folder}/a.npy", "w+", dtype=np.float64) as f:
    assert_type(f, cda.DynamicMemmap[tuple[Any, ...], np.dtype[np.float64]])
    assert_type(f.copy(), DynamicArray[tuple[Any, ...], np.dtype[np.float64]])
