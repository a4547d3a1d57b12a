"""Whatever looks at the array stays valid and live while it grows: the second promise."""

import ctypes
import weakref

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided, sliding_window_view

import cppdynarray as cda
from cppdynarray.testing import assert_invariants
from helpers import address, assert_same, samples, small_array


@pytest.fixture(autouse=True)
def cpp():
    """Only reserved memory keeps its place."""
    with cda.options(backend="cpp"):
        yield


def through_pointer(array):
    """An array that knows nothing but address, shape and strides."""
    memory = (ctypes.c_char * array.nbytes).from_address(address(array))
    return np.ndarray(array.shape, array.dtype, memory)


class Interface:
    """An object that NumPy can make an array of, and that keeps another alive."""

    def __init__(self, array):
        self.array = array
        self.__array_interface__ = array.__array_interface__


# Ways to look at an array of shape (n, 4), n >= 6, of an 8-byte dtype.
VIEWS = {
    "whole": lambda a: a[:],
    "slice": lambda a: a[2:5],
    "every other": lambda a: a[::2],
    "reversed": lambda a: a[::-1],
    "reversed part": lambda a: a[4:1:-1],
    "row": lambda a: a[3],
    "last row": lambda a: a[-1],
    "column": lambda a: a[:, 1],
    "row slice": lambda a: a[1:3, ::2],
    "ellipsis": lambda a: a[...],
    "ellipsis and index": lambda a: a[..., 2],
    "new axis": lambda a: a[None],
    "element as 0-d": lambda a: a[2, 1, ...],
    "empty": lambda a: a[3:3],
    "empty with step": lambda a: a[4:1:2],
    "transposed": lambda a: a.T,
    "transpose()": lambda a: a.transpose(1, 0),
    "mT": lambda a: a.mT,
    "swapaxes": lambda a: a.swapaxes(0, 1),
    "reshape": lambda a: a.reshape(-1),
    "ravel": lambda a: a.ravel(),
    "diagonal": lambda a: a.diagonal(),
    "view": lambda a: a.view(),
    "view as bytes": lambda a: a.view("u1"),
    "view as ndarray": lambda a: a.view(np.ndarray),
    "asarray": np.asarray,
    "asarray of a slice": lambda a: np.asarray(a[1:]),
    "asanyarray of a slice": lambda a: np.asanyarray(a[1:]),
    "ascontiguousarray": np.ascontiguousarray,
    "array without copy": lambda a: np.array(a, copy=False),
    "np.reshape": lambda a: np.reshape(a, (4, -1)),
    "np.transpose": np.transpose,
    "np.ravel": np.ravel,
    "np.squeeze": np.squeeze,
    "np.moveaxis": lambda a: np.moveaxis(a, 0, 1),
    "np.expand_dims": lambda a: np.expand_dims(a, 1),
    "np.flip": np.flip,
    "np.rot90": np.rot90,
    "np.split": lambda a: np.split(a, [1, 4])[1],
    "np.atleast_3d": np.atleast_3d,
    "np.broadcast_to": lambda a: np.broadcast_to(a, (2, *a.shape)),
    "as_strided": lambda a: as_strided(a, (3, 3), a.strides),
    "sliding windows": lambda a: sliding_window_view(a, 2, axis=0),
    "real": lambda a: a.real,
}
VIEWS_OF_VIEWS = {
    "slice of a slice": lambda a: a[1:][1:4],
    "row of a slice": lambda a: a[2:][1],
    "transposed slice": lambda a: a.T[1:, 2:],
    "reshape and slice": lambda a: a.reshape(2, -1)[1:],
    "squeeze": lambda a: a[:1].squeeze(),
    "view as bytes, part": lambda a: a.view("u1")[:, 8:],
}
# Views by other means than NumPy's, so that their base is something else.
FOREIGN = {
    "memoryview": lambda a: np.asarray(memoryview(a)),
    "memoryview of a slice": lambda a: np.asarray(memoryview(a)[2:5]),
    "bytes of a memoryview": lambda a: np.asarray(memoryview(a).cast("B")),
    "frombuffer": lambda a: np.frombuffer(a, a.dtype),
    "DLPack": np.from_dlpack,
    "DLPack of a slice": lambda a: np.from_dlpack(a[1:]),
    "ctypes pointer": through_pointer,
    "array interface": lambda a: np.asarray(Interface(a)),
    "ctypes array": lambda a: np.ctypeslib.as_array(np.ctypeslib.as_ctypes(np.asarray(a))),
}
LOOKS = VIEWS | VIEWS_OF_VIEWS | FOREIGN


@pytest.mark.parametrize("dtype", ["f8", "i8", "M8[s]", ">f8", object])
@pytest.mark.parametrize("look", VIEWS | VIEWS_OF_VIEWS)
def test_views_are_those_that_numpy_gives(look, dtype, rng):
    """Class, base, shape, strides and place, as for a plain array."""
    if dtype is object and "bytes" in look:
        pytest.skip("NumPy doesn't let bytes of objects be seen")
    content = samples(np.dtype(dtype), (6, 4), rng)
    d = cda.DynamicArray(content)
    expected, found = LOOKS[look](content), LOOKS[look](d)
    assert_same(found, expected)
    assert found.strides == expected.strides
    if not np.may_share_memory(expected, content):  # NumPy 2.5 copies objects' real parts
        assert not np.may_share_memory(found, d)
        return
    assert address(found) - address(d) == address(expected) - address(content)
    assert found.flags.writeable == expected.flags.writeable
    if expected is content:  # asarray and the like make a plain array of a subclass's
        assert found is d or (type(found) is np.ndarray and found.base is d)
        return
    assert type(found) is np.ndarray
    if look in VIEWS_OF_VIEWS:
        # NumPy replaces a base by that one's base only where both have one class. So between a
        # view of a view and the array there is one view, however many were made.
        assert found.base.base is d
        assert found[...][...].base.base is d
    elif expected.base is content:
        assert found.base is d


@pytest.mark.parametrize("dtype", ["f8", "i8"])
@pytest.mark.parametrize("look", LOOKS)
def test_live_across_growth(look, dtype, rng):
    content = samples(np.dtype(dtype), (6, 4), rng)
    d = cda.DynamicArray(content)
    plain = content.copy()
    view, expected = LOOKS[look](d), LOOKS[look](plain)
    if view is d:
        view = d[:]
    shape, place, data = view.shape, address(view), address(d)
    for rows in (7, 1000, 100_000):
        d.append(plain[0])
        d.extend(np.broadcast_to(plain[1], (rows - len(d), 4)))
        d.reserve(2 * rows)
        assert address(d) == data
        assert (view.shape, address(view)) == (shape, place)
        assert_same(view, expected)
        # Write through the array, read through the view.
        new = samples(np.dtype(dtype), (6, 4), rng)
        d[:6] = new
        plain[...] = new
        assert_same(view, expected)
        # And the other way round.
        if view.flags.writeable:
            view[...] = np.flip(view).copy()
            expected[...] = np.flip(expected).copy()
            assert_same(d[:6], plain)
    # Removing rows leaves the memory of the view where it is.
    d.resize((2, 4))
    d.shrink_to_fit()
    d.clear()
    assert (view.shape, address(view)) == (shape, place)
    view.tobytes()
    d.extend(plain)
    assert_same(view, expected)
    assert_invariants(d)


def test_across_a_million_appends(rng):
    """Views of every age, one for each power of two."""
    values = rng.normal(size=1_000_000)
    d = cda.DynamicArray(dtype="f8")
    data = address(d)
    views = []
    for count, value in enumerate(values.tolist(), start=1):
        d.append(value)
        if count & (count - 1) == 0:
            foreign = [np.asarray(memoryview(d)), np.from_dlpack(d), through_pointer(d)]
            views.append((count, [d[:], d.as_numpy(), *foreign]))
    assert address(d) == data
    assert len(views) == int(np.log2(len(values))) + 1
    for count, looks in views:
        for view in looks:
            assert address(view) == data
            assert_same(view, values[:count])
            view[0] = values[0] = count
            assert d[0] == count
            d[count - 1] = values[count - 1] = -count
            assert view[count - 1] == -count
    assert_same(d, values)


@pytest.mark.parametrize("dtype", ["f8", "i4", "?", "D", "m8[s]", "S5", "U3", "V7", "i4,f8"])
def test_any_dtype_across_growth(dtype, row_shape, rng):
    rows = samples(np.dtype(dtype), (5, *row_shape), rng)
    d = cda.DynamicArray(rows)
    view, data = d[1:4], address(d)
    for _ in range(12):
        d.extend(d)
        d.append(rows[0])
    assert address(d) == data
    assert_same(view, rows[1:4])
    d[1:4] = rows[2:5]
    assert_same(view, rows[2:5])
    view[...] = rows[:3]
    assert_same(d[:5], np.asarray([rows[0], *rows[:3], rows[4]], rows.dtype))


def test_fields_of_records(rng):
    d = cda.DynamicArray(samples(np.dtype([("x", "f8"), ("y", [("z", "i4")])]), 3, rng))
    x, z = d["x"], d["y"]["z"]
    expected = x.copy()
    assert x.base is d
    for _ in range(10):
        d.extend(d)
    assert_same(x, expected)
    d["x"][1] = 5.0
    z[2] = 7
    assert x[1] == 5.0
    assert d[2]["y"]["z"] == 7


def test_as_numpy(dtype, row_shape, rng):
    rows = samples(dtype, (3, *row_shape), rng)
    d = cda.DynamicArray(rows)
    view = d.as_numpy()
    assert type(view) is np.ndarray
    assert view.base is d
    assert_same(view, rows)
    d.append(rows[0])
    assert_same(view, rows)
    assert_same(d.as_numpy(), rows[[0, 1, 2, 0]])


def test_base_through_two_levels_of_views_of_views(rng):
    class Sub(np.ndarray):
        pass

    d = cda.DynamicArray(rng.normal(size=(6, 4)))
    for first in VIEWS.values():
        view = first(d)
        if view is d or view.base is not d or view.ndim == 0:
            continue
        for second in (view[1:], view.T, view.view(), np.asarray(view), view.reshape(view.shape)):
            assert second is view or second.base is view
            assert second[..., :].base is view
    # Another class is one more step.
    sub = d[1:].view(Sub)
    assert type(sub) is Sub
    assert sub[1:].base.base.base is d


@pytest.mark.parametrize("look", LOOKS)
def test_a_view_keeps_the_array_alive(look, rng):
    if look in ("ctypes pointer", "ctypes array"):
        pytest.skip("a raw address owns nothing")
    content = rng.normal(size=(6, 4))
    d = cda.DynamicArray(content)
    view, expected = LOOKS[look](d), LOOKS[look](content.copy())
    gone = weakref.ref(d)
    del d
    assert gone() is not None or view.size == 0
    for _ in range(10):  # would reuse the memory, were it free
        cda.DynamicArray(rng.normal(size=(6, 4)))
    assert_same(view, expected)
    del view
    assert gone() is None


def test_a_view_does_not_stop_any_change(rng):
    d = cda.DynamicArray(rng.normal(size=(6, 4)))
    looks = [look(d) for look in LOOKS.values()]
    d.append(1)
    d.insert(0, 2)
    d.pop()
    d.resize(3, 4)
    d.resize(100, 2)
    d.shrink_to_fit()
    d.clear()
    d.reserve(10_000)
    del looks


@pytest.mark.parametrize("look", LOOKS)
def test_past_max_size_old_views_keep_their_data(look, rng):
    content = rng.normal(size=(6, 4))
    d = small_array(content)
    kept = content.copy()  # a raw address keeps nothing
    view, expected = LOOKS[look](d), LOOKS[look](kept)
    if view is d:
        view = d[:]
    data = address(d)
    d.extend(np.zeros((d.max_size - len(d), 4)))
    assert address(d) == data
    d.append(1.0)
    assert address(d) != data
    assert_same(view, expected)
    assert_same(d[:6], content)
    # From now on they go separate ways, also when the array moves again and shrinks.
    d[:6] = 7.0
    with cda.options(reserve_bytes=1 << 16):
        for _ in range(4):
            d.extend(d)
    d.resize((1, 4))
    d.shrink_to_fit()
    assert_same(view, expected)
    # New views follow.
    new = LOOKS[look](d[[0] * 6].view(cda.DynamicArray))
    assert new.shape == expected.shape
    assert_same(d[:1], np.full((1, 4), 7.0))
    assert_invariants(d)


def test_max_size_says_how_far_growth_is_in_place():
    d = small_array([1.0])
    data, most = address(d), d.max_size
    while len(d) < most:
        d.append(2.0)
        assert address(d) == data
    assert d.max_size == most
    d.append(3.0)
    assert d.max_size > most
    assert_same(d, np.array([1.0] + [2.0] * (most - 1) + [3.0]))


def test_memoryviews(rng):
    values = rng.normal(size=5)
    d = cda.DynamicArray(values)
    memories = []
    for count in range(5, 200):
        memory = memoryview(d)
        assert (len(memory), memory.format, memory.itemsize) == (count, "d", 8)
        assert not memory.readonly
        memories.append(memory)
        d.append(count)
    for memory in memories:
        memory[0] += 1.0
    assert d[0] == memories[0][0]
    assert memories[7].tolist() == d[: len(memories[7])].tolist()
    for memory in memories:
        memory.release()


def test_exporting_after_every_append_keeps_no_memory():
    tracemalloc = pytest.importorskip("tracemalloc")
    d = cda.DynamicArray([1.0], capacity=10_000)
    for _ in range(10):
        d.append(1.0)
        memoryview(d).release()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(5000):
            d.append(1.0)
            memoryview(d).release()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 5000  # less than a byte for each export


def test_read_only_arrays_give_read_only_views(rng):
    d = cda.DynamicArray(rng.normal(size=(6, 4)))
    d.flags.writeable = False
    for name, look in LOOKS.items():
        if name not in ("ctypes pointer", "ctypes array"):
            assert not look(d).flags.writeable, name
    assert memoryview(d).readonly


def test_iterators_follow_the_array():
    d, expected = cda.DynamicArray([1, 2, 3]), [1, 2, 3]
    found = []
    for iterator, values in ((iter(d), d), (iter(expected), expected)):
        seen = []
        for value in iterator:
            seen.append(value)
            if len(values) < 10:
                values.append(value * 2)
        found.append(seen)
    assert found[0] == found[1]
