"""RollingArray: the last rows of a stream as one array."""

import collections
import copy
import gc
import pickle
import sys
import threading
import tracemalloc
import weakref
from functools import partial

import numpy as np
import pytest
from rolling_arrays import Failure, assert_window, failing

import cppdynarray as cda
from cppdynarray._core._rolling import memory_of
from helpers import REFERENCE_DTYPES, Thing, assert_same, dtype_id, error_of, joined, label, leaves, samples

pytestmark = pytest.mark.usefixtures("backend")


def window(maxlen, dtype=float, row_shape=()):
    return cda.RollingArray(maxlen=maxlen, dtype=dtype, row_shape=row_shape)


@pytest.mark.parametrize("maxlen", [1, 2, 5])
def test_appends_any_dtype_and_row_shape(dtype, row_shape, rng, maxlen):
    rows = samples(dtype, (20, *row_shape), rng)
    w = window(maxlen, dtype, row_shape)
    assert_window(w, rows[:0], maxlen)
    for count, row in enumerate(rows, start=1):
        assert w.append(row) is None
        assert_window(w, rows[:count], maxlen)


@pytest.mark.parametrize("form", ["array", "list", "generator", "DynamicArray", "RollingArray", "itself"])
def test_extends_any_dtype_and_row_shape(dtype, row_shape, rng, form):
    maxlen = 6
    kept = samples(dtype, (0, *row_shape), rng)
    w = window(maxlen, dtype, row_shape)
    for count in (0, 1, 4, 9, 6, 2, 13):
        more = samples(dtype, (count, *row_shape), rng)
        if form == "itself":
            more = np.asarray(w).copy()
        w.extend({
            "array": lambda more=more: more,
            "list": lambda more=more: list(more),
            "generator": lambda more=more: (row for row in more),
            "DynamicArray": lambda more=more: cda.array(more),
            "RollingArray": lambda more=more: cda.RollingArray(more, maxlen=max(len(more), 1)),
            "itself": lambda: w,
        }[form]())
        kept = joined(kept, more)
        assert_window(w, kept, maxlen)


@pytest.mark.parametrize("dtype", ["f8", "i4", object, "T"], ids=str)
def test_many_times_along_the_track(dtype):
    dtype = np.dtypes.StringDType() if dtype == "T" else np.dtype(dtype)
    w, model = window(100, dtype), collections.deque(maxlen=100)
    room = memory_of(w)["track"]
    starts = set()
    for number in range(3 * room):
        value = str(number) * 7 if dtype.kind == "T" else number
        w.append(value)
        model.append(value)
        starts.add(memory_of(w)["start"])
        if number % 97 == 0:
            assert w.tolist() == list(model)
    assert w.tolist() == list(model)
    assert {0, room - 100} <= starts


# How long views are right.


def pushed(w, numbers):
    """Appends them one by one, or in blocks, or as rows."""
    for number in numbers:
        w.append(number)


@pytest.mark.parametrize("maxlen", [1, 2, 7, 100])
@pytest.mark.parametrize("before", ["filling", "full", "middle", "last", "slid"])
def test_a_view_is_right_until_its_rows_are_overwritten(maxlen, before):
    """To the very append: of each view it is known which one overwrites it."""
    w = window(maxlen, "i8")
    room = memory_of(w)["track"]
    counts = {"filling": max(maxlen // 2, 1), "full": maxlen, "middle": room // 2, "last": room, "slid": room + 1}
    count = counts[before]
    w.extend(np.arange(min(count, maxlen)))
    pushed(w, range(len(w), count))
    view, expected = w[:], w[:].copy()
    start, rows = memory_of(w)["start"], memory_of(w)["rows"]
    end = start + rows
    # The window is copied to the start of the room by the first append for which there is no room.
    # With it the first maxlen rows are written over; then one more row with each append.
    first_wrong = room - end + 1 + max(start - (maxlen - 1), 0)
    assert first_wrong > maxlen
    for number in range(1, first_wrong):
        w.append(-number)
        assert_same(view, expected)
    w.append(-first_wrong)
    assert view[0] != expected[0]
    if start >= maxlen:
        assert_same(view[1:], expected[1:])


@pytest.mark.parametrize("maxlen", [1, 5, 50])
def test_every_view_is_right_for_maxlen_more_rows(maxlen, rng):
    """However the rows come in, views of any age are right until more than maxlen have."""
    w = window(maxlen, "i8")
    total, views = 0, collections.deque()
    while total < 3 * memory_of(w)["track"]:
        views.append((total, w[:], w[:].copy()))
        count = int(rng.integers(0, maxlen + 2))
        if count == 1:
            w.append(total)
        elif count <= maxlen and rng.random() < 0.05:
            w.clear()
            count = 0
        else:
            w.extend(np.arange(total, total + count))
        total += count
        while views and total - views[0][0] > maxlen:
            views.popleft()
        for _, view, expected in views:
            assert_same(view, expected)


def test_views_have_the_array_for_base_and_outlive_it():
    w = cda.RollingArray(np.arange(5.0), maxlen=5)
    plain = w.as_numpy(), w.to_numpy(), np.asarray(w), np.asarray(memoryview(w))
    for view in (w[:], w[1:3], w.T, w.reshape(5, 1), *plain):
        assert type(view) is np.ndarray
    assert w[1:].base is w and w.T.base is w and np.asarray(w).base is w
    view = w[1:]
    gone = weakref.ref(w)
    del w
    assert gone() is not None
    assert_same(view, np.arange(1.0, 5.0))
    del view


@pytest.mark.parametrize("dtype", [object, "T"], ids=str)
def test_rows_that_hold_references_are_dropped_when_they_leave(dtype):
    if dtype == "T":
        w = cda.RollingArray(maxlen=2, dtype=np.dtypes.StringDType())
        w.extend(["one" * 9, "two"])
        view = w[:]
        w.append("three")
        assert view.tolist() == ["", "two"]
        return
    w = window(3, object)
    things = [Thing(str(number)) for number in range(10)]
    watched = [weakref.ref(thing) for thing in things]
    for _ in range(len(things)):
        w.append(things.pop(0))
        alive = [reference() is not None for reference in watched]
        assert sum(alive) == len(things) + len(w)
    view = w[:]
    w.clear()
    assert view.tolist() == [None, None, None]
    assert not any(reference() for reference in watched)


def test_references_are_counted():
    reference = Thing()
    before = sys.getrefcount(reference)
    w = window(4, object)
    for _ in range(5000):
        w.append(reference)
    w.extend([reference] * 3)
    w.extend([reference] * 9)
    assert sys.getrefcount(reference) == before + 4
    copied = w.copy()
    assert sys.getrefcount(reference) == before + 8
    assert error_of(w.extend, failing([reference] * 3)) is Failure
    assert sys.getrefcount(reference) == before + 8
    w.clear()
    assert sys.getrefcount(reference) == before + 4
    del w, copied
    assert sys.getrefcount(reference) == before


@pytest.mark.parametrize("dtype", REFERENCE_DTYPES, ids=dtype_id)
def test_references_in_records_are_counted(dtype, rng):
    rows = samples(dtype, (50,), rng)
    things = [leaf for leaf in leaves(rows) if isinstance(leaf, Thing)]
    before = [sys.getrefcount(thing) for thing in things]
    w = window(7, dtype)
    for row in rows:
        w.append(row)
    w.extend(rows)
    w.extend(w)
    w.extend(rows[:3])
    assert_same(w, joined(rows[-4:], rows[:3]))
    del w, row
    gc.collect()
    assert [sys.getrefcount(thing) for thing in things] == before


# Making.


def test_arguments():
    assert_same(cda.RollingArray(maxlen=3), np.zeros(0))
    assert_same(cda.RollingArray([1, 2, 3, 4], maxlen=3), np.array([2, 3, 4]))
    assert_same(cda.RollingArray([1, 2], "f4", maxlen=3), np.array([1, 2], "f4"))
    assert_same(cda.RollingArray((x for x in range(9)), maxlen=2), np.array([7, 8]))
    assert_same(cda.RollingArray(range(9), "u1", maxlen=2), np.array([7, 8], "u1"))
    assert_same(cda.RollingArray([[1, 2], [3, 4]], maxlen=1), np.array([[3, 4]]))
    assert_same(cda.RollingArray(maxlen=3, dtype="i4", row_shape=(2, 2)), np.zeros((0, 2, 2), "i4"))
    assert_same(cda.RollingArray([], maxlen=3, row_shape=2), np.zeros((0, 2)))
    assert cda.RollingArray(maxlen=np.int8(3)).maxlen == 3
    assert cda.RollingArray(maxlen=3, dtype=("i4", (2,))).shape == (0, 2)
    assert cda.RollingArray(cda.RollingArray([1, 2], maxlen=9), maxlen=3).maxlen == 3


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"maxlen": 0}, ValueError),
        ({"maxlen": -1}, ValueError),
        ({"maxlen": 1.5}, TypeError),
        ({"maxlen": None}, TypeError),
        ({}, TypeError),
        ({"maxlen": 2**62}, (MemoryError, ValueError)),
        ({"maxlen": 10**30}, (OverflowError, MemoryError)),
        ({"maxlen": 3, "dtype": "nonsense"}, TypeError),
        ({"maxlen": 3, "row_shape": (-1,)}, ValueError),
        ({"maxlen": 3, "row_shape": "x"}, TypeError),
        ({"maxlen": 3, "contents": 5}, TypeError),
        ({"maxlen": 3, "contents": [[1], [2]], "row_shape": (2,)}, ValueError),
        ({"maxlen": 3, "contents": ["a"], "dtype": float}, ValueError),
        ({"maxlen": 3, "more": 1}, TypeError),
    ],
    ids=label,
)
def test_wrong_arguments(arguments, error):
    with pytest.raises(error):
        cda.RollingArray(**arguments)


# A failed operation changes nothing.


BAD = [
    ("f8", (), "abc"), ("f8", (), [1.0, 2.0]), ("i1", (), 1000), ("i8", (), 2**63), ("i4", (), None),
    ("f8", (3,), [1.0, 2.0]), ("f8", (3,), "abc"), ("M8[s]", (), "nonsense"), ("f8", (), object()),
    (np.dtypes.StringDType(), (), object), ([("x", "i4"), ("y", "f8")], (), (1, 2, 3)),
]


@pytest.mark.parametrize(("dtype", "row_shape", "value"), BAD, ids=label)
@pytest.mark.parametrize("filled", [2, 4, 9])
def test_a_bad_value_changes_nothing(dtype, row_shape, value, filled, rng):
    dtype = np.dtype(dtype)
    w = window(4, dtype, row_shape)
    for row in samples(dtype, (filled, *row_shape), rng):
        w.append(row)
    before, where = w[:].copy(), memory_of(w)
    expected = error_of(cda.array(before).append, value)
    assert expected is not None or dtype.kind == "T"
    good = list(samples(dtype, (2, *row_shape), rng))
    for call in (
        lambda: w.append(value),
        lambda: w.extend([*good, value]),
        lambda: w.extend(failing(good)),
        lambda: w.extend(5),
        lambda: w.extend(np.zeros((2, 7, 7))),
    ):
        if error_of(call) is None:
            assert dtype.kind == "T"  # strings are made of anything
            return
        assert_same(w, before)
        assert memory_of(w) == where
    assert error_of(w.append, value) is expected


def test_what_has_no_room_takes_no_rows():
    w = cda.RollingArray([1.0, 2.0], maxlen=2)
    for other in (
        w.view(cda.RollingArray),
        np.ndarray.copy(w),
        np.zeros(3).view(cda.RollingArray),
    ):
        assert isinstance(other, cda.RollingArray)
        assert other.maxlen is None
        for call in (partial(other.append, 1.0), partial(other.extend, [1.0]), other.clear):
            with pytest.raises(ValueError, match="can't take rows"):
                call()
        taking = cda.RollingArray(other, maxlen=2)
        taking.append(1.0)
        assert other.copy().maxlen == len(other)
        assert_same(other + 1, np.asarray(other) + 1)
    assert w.tolist() == [1.0, 2.0]


def test_read_only():
    for dtype in (float, object):
        w = cda.RollingArray([1, 2], dtype, maxlen=2)
        w.flags.writeable = False
        for call in (partial(w.append, 1), partial(w.extend, [1]), w.clear, partial(w.__setitem__, 0, 1)):
            with pytest.raises(ValueError, match="read-only"):
                call()
        w.flags.writeable = True
        w.append(3)
        assert w.tolist() == [2, 3]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_another_shape_or_dtype_is_refused():
    def change(name, value):
        w = cda.RollingArray(np.arange(4.0).reshape(2, 2), maxlen=2)
        setattr(w, name, value)
        return w

    for w in (change("shape", (4,)), change("shape", (4, 1)), change("dtype", "i8"), change("dtype", "i4"),
              change("strides", (8, 8))):
        for call in (lambda w=w: w.append(1), lambda w=w: w.extend(w[:]), w.clear):
            with pytest.raises(ValueError, match="were set"):
                call()


def test_what_lists_do_and_windows_do_not():
    w = cda.RollingArray([1, 2], maxlen=2)
    with pytest.raises(ValueError, match="can't be deleted"):
        del w[0]
    with pytest.raises(ValueError, match="can't be resized"):
        w.resize(3)
    with pytest.raises(ValueError, match="can't be set"):
        w.__setstate__(np.zeros(3).__reduce__()[2])
    for name in ("insert", "pop", "reserve", "capacity", "max_size", "shrink_to_fit"):
        assert not hasattr(w, name)
    assert not isinstance(w, cda.DynamicArray)


# In place, and results.


def test_in_place_and_out():
    w = cda.RollingArray(np.arange(4.0), maxlen=4)
    same = w
    w += 1
    w *= 2
    assert w is same and w.tolist() == [2.0, 4.0, 6.0, 8.0]
    assert np.add(w, 1, out=w) is w
    assert np.clip(w, 0, 5, out=w) is w
    assert w.cumsum(out=w) is w
    w.sort()
    w[0] = -1
    w.append(7)
    assert w.tolist() == [8.0, 13.0, 18.0, 7.0]


@pytest.mark.parametrize("method", ["sort", "partition"])
def test_objects_that_add_rows_while_they_are_sorted(method):
    class Meddling(int):
        def __lt__(self, other):
            w.append(Meddling(9))
            return int(self) < int(other)

    w = cda.RollingArray([Meddling(n) for n in (3, 1, 2, 0)], maxlen=4, dtype=object)
    with pytest.raises(ValueError, match="changed during"):
        getattr(w, method)(*(() if method == "sort" else (1,)))
    assert len(w) == 4
    assert all(type(item) is Meddling for item in w)


def test_results_are_plain():
    w = cda.RollingArray(np.arange(4.0), maxlen=4)
    for result in (w + 1, -w, w > 2, np.sqrt(w), np.concatenate([w, w]), w.reshape(2, 2), np.fft.rfft(w), w[w > 1],
                   np.stack([w, cda.array(w)]), w.astype("f4"), w.__array__()):
        assert type(result) is np.ndarray
    assert type(w.mean()) is np.float64


def test_repr_says_how_long_it_gets():
    assert repr(cda.RollingArray([1, 2], maxlen=3)) == "RollingArray([1, 2], maxlen=3)"
    assert str(cda.RollingArray([1, 2], maxlen=3)) == "[1 2]"
    assert repr(cda.RollingArray([1, 2], maxlen=3).view(cda.RollingArray)) == "RollingArray([1, 2])"


# Copies and pickles.


class Labelled(cda.RollingArray):
    """A subclass with attributes."""


@pytest.mark.parametrize("cls", [cda.RollingArray, Labelled])
def test_copies(dtype, row_shape, rng, cls):
    rows = samples(dtype, (9, *row_shape), rng)
    w = cls(rows, maxlen=5)
    if cls is Labelled:
        w.label = ["a"]
    ways = {"copy": lambda a: a.copy(), "copy.copy": copy.copy, "copy.deepcopy": copy.deepcopy}
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        ways[f"pickle {protocol}"] = lambda a, protocol=protocol: pickle.loads(pickle.dumps(a, protocol))
    for name, way in ways.items():
        copied = way(w)
        assert type(copied) is cls
        assert copied.maxlen == 5
        if any(isinstance(leaf, Thing) for leaf in leaves(rows)) and name not in ("copy", "copy.copy"):
            continue  # these are others then
        assert_window(copied, way(rows), 5)  # NumPy's pickles are in native byte order
        if cls is Labelled and name != "copy":
            assert copied.label == ["a"]
        copied.append(copied[0])
        assert_same(w, rows[-5:])
        assert not np.may_share_memory(w, copied)


def test_orders_of_copies():
    w = cda.RollingArray(np.zeros((3, 2)), maxlen=3)
    for order in ("C", "A", "K", None):
        assert w.copy(order).flags.c_contiguous
    with pytest.raises(ValueError, match="C order"):
        w.copy("F")
    with pytest.raises(ValueError):
        w.copy("X")


@pytest.mark.parametrize("state", [(list, np.zeros(3), 3), (cda.RollingArray, np.zeros(3), 0),
                                   (cda.RollingArray, np.array(1), 3), (cda.RollingArray, [1], 3)], ids=label)
def test_broken_pickles(state):
    rebuild = cda.RollingArray(maxlen=1).__reduce__()[0]
    with pytest.raises((TypeError, ValueError)):
        rebuild(*state)


# Subclasses.


def test_a_subclass_that_keeps_what_it_lets_fail():
    kept = []

    class Failing(cda.RollingArray):
        def __array_finalize__(self, source):
            kept.append(self)
            raise Failure

    with pytest.raises(Failure):
        Failing([1.0, 2.0], maxlen=2)
    assert kept[0].shape == (0,)
    with pytest.raises(ValueError):
        kept[0].append(1.0)


# Python code that runs in between.


def test_a_value_that_appends_while_it_is_converted():
    w = window(3)

    class Appending:
        def __float__(self):
            w.append(1.0)
            return 2.0

    w.append(Appending())
    assert w.tolist() == [1.0, 2.0]
    w.extend(Appending() for _ in range(5))
    assert w.tolist() == [2.0, 2.0, 2.0]


def test_an_object_that_appends_when_it_is_dropped():
    w = window(3, object)

    class Appending:
        left = 20

        def __del__(self):
            if Appending.left:
                Appending.left -= 1
                w.append("dropped")

    for _ in range(4):
        w.append(Appending())
    assert len(w) == 3 and w[-1] == "dropped"
    w.extend([Appending() for _ in range(9)])
    w.clear()
    assert len(w) == 0 or set(w.tolist()) == {"dropped"}
    gc.collect()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_value_that_changes_the_array():
    w = cda.RollingArray(np.arange(4.0).reshape(2, 2), maxlen=2)

    class Changing:
        def __init__(self, change):
            self.change = change

        def __float__(self):
            self.change()
            return 1.0

    def read_only():
        w.flags.writeable = False

    with pytest.raises(ValueError, match="read-only"):
        w.append([Changing(read_only), 1.0])
    w.flags.writeable = True
    with pytest.raises(ValueError, match="were set"):
        w.append([Changing(lambda: setattr(w, "shape", (4,))), 1.0])


# Memory.


def test_a_window_stays_where_it_is_and_takes_no_more():
    w = window(1000)
    w.extend(np.zeros(1000))
    where = memory_of(w)["address"]
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(20_000):
            w.append(float(number))
            if number % 100 == 0:
                memoryview(w).release()
        assert tracemalloc.get_traced_memory()[0] - before < 5_000
    finally:
        tracemalloc.stop()
    assert memory_of(w)["address"] == where


def test_memory_comes_and_goes():
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        w = window(100_000)
        assert tracemalloc.get_traced_memory()[0] - before >= 3 * 800_000 - 8
        del w
        assert tracemalloc.get_traced_memory()[0] - before < 5_000
    finally:
        tracemalloc.stop()
    assert sys.getsizeof(window(1000)) >= 3 * 8000


# Threads.


def test_threads_that_look_while_one_appends():
    """A view that is at most maxlen rows old is right: ints in a row."""
    w = cda.RollingArray(np.arange(500), maxlen=500)
    stop, wrong = threading.Event(), []

    def look():
        while not stop.is_set():
            before = int(w[-1])
            view = w[:]
            found = view.copy()
            if int(w[-1]) - before < 500 and not (np.diff(found) == 1).all():
                wrong.append(found)

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(500, 100_000):
        w.append(number)
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong
    assert_same(w, np.arange(99_500, 100_000))
