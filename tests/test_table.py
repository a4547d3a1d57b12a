"""DynamicTable: columns that grow as one, compared with lists of rows."""

import collections
import copy
import gc
import math
import pickle
import random
import sys
import threading
import weakref

import numpy as np
import pytest

import cppdynarray as cda
from helpers import DTYPES, ROWS, Thing, assert_same, dtype_id, row_id, samples

PLAIN = [("time", "f8"), ("position", "f4", 3), ("channel", "i2")]
ALL = [*PLAIN, ("label", str), ("thing", object), ("when", "M8[ms]"), ("code", "S3"),
       ("point", [("x", "f4"), ("y", "i2")])]


def row(number, dtype=ALL):
    """A row of a table of that dtype, as a tuple."""
    values = {
        "time": number / 2, "position": [number, 1, 2], "channel": number, "label": f"row {number}" * (number % 9),
        "thing": {number}, "when": np.datetime64(number, "ms"), "code": str(number % 100).encode(),
        "point": (number + 0.5, number),
    }
    return tuple(values[field[0]] for field in dtype)


def same(a, b):
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return np.array_equal(a, b)
    if isinstance(a, np.void):
        return a.item() == (b.item() if isinstance(b, np.void) else b)
    return a == b


def assert_rows(t, rows):
    """The table has these rows, by whatever way one looks."""
    assert len(t) == len(rows)
    assert all(len(column) == len(rows) for column in t.values())
    for found, expected in zip(t, rows, strict=True):
        assert all(map(same, found, expected)), (found, expected)
    for i, name in enumerate(t.names):
        assert all(map(same, t[name], [expected[i] for expected in rows]))
    assert t.capacity >= len(rows)


class Unchanged:
    """A table is after the block what it was before."""

    def __init__(self, t):
        self.t, self.rows, self.capacity = t, list(t), t.capacity

    def __enter__(self):
        return self

    def __exit__(self, *error):
        assert_rows(self.t, self.rows)
        assert self.t.capacity == self.capacity


@pytest.fixture
def t():
    made = cda.DynamicTable(dtype=ALL)
    made.extend(row(i) for i in range(5))
    return made


# Growing.


@pytest.mark.parametrize("shape", ROWS, ids=row_id)
@pytest.mark.parametrize("dtype", DTYPES, ids=dtype_id)
def test_columns_of_every_dtype_grow_as_arrays_do(dtype, shape):
    rng = np.random.default_rng(5)
    values = samples(dtype, (6, *shape), rng)
    t = cda.DynamicTable(dtype={"before": "i4", "it": (dtype, shape), "after": object})
    array = cda.DynamicArray(np.empty((0, *shape), dtype))
    for i, value in enumerate(values[:3]):
        t.append((i, value, None))
    t.extend({"before": range(3), "it": values[3:], "after": "x"})
    t.append({"after": 1, "before": 7, "it": values[0]})
    t.insert(0, (8, values[1], 2))
    array.extend(np.concatenate([values[1:2], values, values[:1]]))
    assert t["it"].dtype == array.dtype and t["it"].shape == array.shape
    assert_same(t["it"], array[:])
    assert t["before"].tolist() == [8, 0, 1, 2, 0, 1, 2, 7]
    assert t["after"].tolist() == [2, None, None, None, "x", "x", "x", 1]
    keep = np.array([True, False, False, True, True, False, True, True])
    del t[~keep]
    assert_same(t["it"], array[keep])
    assert t["before"].tolist() == [8, 2, 0, 2, 7]
    t.resize(7)
    assert_same(t["it"][5:], np.zeros((2, *shape), dtype))


def test_rows_of_every_kind(t):
    rows = list(t)
    given = row(7)
    kinds = [
        given, list(given), dict(zip(t.names, given, strict=True)),
        dict(reversed(list(zip(t.names, given, strict=True)))),
        collections.OrderedDict(zip(t.names, given, strict=True)),
        collections.namedtuple("Row", t.names)(*given),
        collections.namedtuple("Reversed", t.names[::-1])(*given[::-1]),
        type(t[0])(*given),
    ]
    for kind in kinds:
        t.append(kind)
        assert_rows(t, rows := [*rows, given])
    t.extend(kinds)
    assert_rows(t, rows + [given] * len(kinds))


def test_records_are_rows_by_their_names():
    records = np.array([(1, 2.5), (3, 4.5)], [("i", "i4"), ("x", "f8")])
    t = cda.DynamicTable(dtype=[("x", "f8"), ("i", "i8")])
    t.append(records[0])
    t.append(records[1:].reshape(()))
    t.extend(list(records))
    t.extend(records)
    t.extend(records.view(np.recarray))
    assert_rows(t, [(2.5, 1), (4.5, 3)] * 4)


def test_what_extend_takes(t):
    rows = [row(i) for i in range(5)]
    for given in (rows, tuple(rows), iter(rows), (each for each in rows), collections.deque(rows), t[:], dict(t), t,
                  t.copy()):
        fresh = cda.DynamicTable(dtype=ALL)
        fresh.extend(given)
        assert_rows(fresh, rows)
    t.extend([])
    t.extend(())
    t.extend(iter(()))
    t.extend(t)
    assert_rows(t, rows * 2)


def test_single_values_are_for_all_rows():
    t = cda.DynamicTable(dtype=[*ALL, ("tags", object, 2)])
    t.extend({
        "time": np.float64(0.5), "position": [1, 2, 3], "channel": range(3), "label": "abc", "thing": None,
        "when": np.datetime64(5, "ms"), "code": b"x", "point": (1, 2), "tags": ["a", "b"],
    })
    assert len(t) == 3 and t["channel"].tolist() == [0, 1, 2]
    assert t["tags"].tolist() == [["a", "b"]] * 3 and t["label"].tolist() == ["abc"] * 3
    assert t["position"].tolist() == [[1, 2, 3]] * 3 and t["point"].tolist() == [(1, 2)] * 3


def test_arrays_of_two_dimensions_are_rows():
    t = cda.DynamicTable(dtype=[("x", "f8"), ("i", "i4")])
    t.extend(np.arange(6.0).reshape(3, 2))
    assert t["i"].tolist() == [1, 3, 5]
    with Unchanged(t), pytest.raises(ValueError, match="has 2 values"):
        t.extend(np.zeros((2, 3)))


def test_unsafe_casting_is_the_way_round():
    t = cda.DynamicTable(dtype=[("i", "i4"), ("x", "f8")])
    t.extend({"i": np.array([1.5, 2.5]), "x": [1, 2]}, casting="unsafe")
    assert t["i"].tolist() == [1, 2]
    t.extend([(3.5, 2), {"i": 4.5, "x": 3}], casting="unsafe")
    t.extend({"i": 5.5, "x": [4.0]}, casting="unsafe")
    t.append((6.5, 5), casting="unsafe")
    t.append((7, 6), casting="lossless")
    t.insert(0, (0.5, 0), casting="unsafe")
    assert t["i"].tolist() == list(range(8))
    assert t["x"].tolist() == [0, 1, 2, 2, 3, 4, 5, 6]
    for call in t.append, lambda row, **how: t.extend([row], **how), lambda row, **how: t.insert(0, row, **how):
        with Unchanged(t), pytest.raises(TypeError, match="fraction"):
            call((1.5, 2))
        with Unchanged(t), pytest.raises(ValueError, match="casting must be"):
            call((1, 2), casting="safe")
    with Unchanged(t), pytest.raises(TypeError, match="takes no keyword arguments but casting, not how"):
        t.append((1, 2), how="safe")
    with Unchanged(t), pytest.raises(ValueError, match="casting must be"):
        t.extend([(1, 2)], casting="safe")


# All or nothing.


class Failing:
    """A value that fails when it is converted, after something else has been done."""

    def __init__(self, first=lambda: None):
        self.first = first

    def __float__(self):
        self.first()
        raise ZeroDivisionError

    __index__ = __float__

    def __str__(self):
        self.first()
        raise ZeroDivisionError


@pytest.mark.parametrize("at", range(len(ALL)))
def test_a_value_that_fails_leaves_no_column_longer(t, at):
    wrong = {"time": "x", "position": [1, 2], "channel": 1.5, "label": Failing(), "thing": None, "when": "tomorrow",
             "code": b"four", "point": ("a", "b")}
    bad = list(row(3))
    bad[at] = wrong[ALL[at][0]]
    if ALL[at][0] == "thing":
        return  # takes anything
    good = [row(9)] * 300
    calls = [
        lambda: t.append(tuple(bad)), lambda: t.append(dict(zip(t.names, bad, strict=True))),
        lambda: t.insert(1, tuple(bad)), lambda: t.extend([*good, tuple(bad)]),
        lambda: t.extend(iter([*good, tuple(bad)])), lambda: t.__setitem__(2, tuple(bad)),
        lambda: t.extend({**t[:0], t.names[at]: [bad[at]]}),
    ]
    for call in calls:
        with Unchanged(t), pytest.raises((TypeError, ValueError, OverflowError, ZeroDivisionError)):
            call()
        t.append(row(6))
        assert same(t.pop().time, 3.0)


def test_refused_rows_leave_no_bytes_behind():
    t = cda.DynamicTable(dtype=[("x", "f8"), ("i", "i4")])
    for bad in ((5.0, "x"), [(5.0, 3), (5.0, 1.5)]):
        with pytest.raises((TypeError, ValueError)):
            t.extend(bad) if isinstance(bad, list) else t.append(bad)
    t.resize(3)
    assert t["x"].tolist() == [0, 0, 0] and t["i"].tolist() == [0, 0, 0]


def test_refused_columns_leave_no_bytes_behind():
    t = cda.DynamicTable(dtype=[("x", "f8"), ("i", "i4"), ("y", "f8")])
    t.reserve(100)
    for bad in ({"x": 5.0, "i": 2**40, "y": np.ones(3)}, {"x": np.ones(3), "i": 1.5, "y": 7.0},
                {"x": np.ones(3), "i": 1, "y": np.ones(4)}):
        with Unchanged(t), pytest.raises((TypeError, ValueError, OverflowError)):
            t.extend(bad)
    t.extend({"x": 5.0, "y": np.arange(3.0), "i": 2})
    assert list(t) == [(5, 2, 0), (5, 2, 1), (5, 2, 2)]
    t.extend({"x": t["y"], "i": t["i"][1:2].repeat(3), "y": t["x"]})
    assert list(t)[3:] == [(0, 2, 5), (1, 2, 5), (2, 2, 5)]
    t.resize(8)
    assert list(t)[6:] == [(0, 0, 0)] * 2


def test_an_iterator_that_fails_half_way(t):
    def rows():
        yield row(1)
        yield row(2)
        raise ZeroDivisionError

    with Unchanged(t), pytest.raises(ZeroDivisionError):
        t.extend(rows())


def test_no_memory(t):
    for call in (lambda: t.reserve(2**55), lambda: t.resize(2**55), lambda: t.reserve(sys.maxsize)):
        with Unchanged(t), pytest.raises(MemoryError):
            call()
    for _ in range(3):
        t.append(row(1))
    assert len(t) == 8


def test_values_that_change_the_table():
    t = cda.DynamicTable(dtype=[("x", "f8"), ("y", "f8")])

    class Appending:
        def __float__(self):
            t.append((7, 7))
            return 1.0

    class Clearing:
        def __float__(self):
            t.clear()
            return 2.0

    t.append((0, Appending()))
    assert list(t) == [(7, 7), (0, 1)]
    t.extend([(1, 1), (Appending(), 0)])
    assert list(t) == [(7, 7), (0, 1), (7, 7), (1, 1), (1, 0)]
    t.extend((i, Clearing()) for i in range(2))
    assert list(t) == [(0, 2), (1, 2)]
    t.insert(1, (5, Appending()))
    assert list(t) == [(0, 2), (5, 1), (1, 2), (7, 7)]
    t.extend({"x": [1, 2], "y": [Appending(), 3]})
    assert list(t)[-3:] == [(7, 7), (1, 1), (2, 3)]
    t.extend((len(t), x) for x in t["x"][:1])
    assert t[-1].x == 7


def test_an_index_that_changes_the_table(t):
    class Clearing:
        def __index__(self):
            t.clear()
            return 0

    for call in (t.pop, t.__delitem__, t.swap_remove, t.__getitem__):
        t.extend(row(i) for i in range(3))
        with pytest.raises(IndexError):
            call(Clearing())
        assert len(t) == 0
    t.extend(row(i) for i in range(3))
    with pytest.raises(IndexError):
        t[Clearing()] = row(5)


def test_references_are_dropped_when_the_table_is_whole():
    t = cda.DynamicTable(dtype=[("thing", object), ("number", "i8"), ("label", str)])
    seen = []

    class Watching:
        def __del__(self):
            seen.append((len(t), [len(column) for column in t.values()]))

    def fill():
        t.clear()
        t.extend({"thing": [Watching() for _ in range(4)], "number": range(4), "label": "a" * 50})
        seen.clear()

    for remove, left in ((lambda: t.__delitem__(1), 3), (lambda: t.swap_remove([0, 2]), 2), (t.pop, 3),
                         (lambda: t.__delitem__(np.array([True, False, True, False])), 2), (t.clear, 0),
                         (lambda: t.resize(1), 1)):
        fill()
        remove()
        gc.collect()
        assert seen == [(left, [left] * 3)] * (4 - left)


def test_objects_leave_with_their_table_and_its_views():
    thing = Thing()
    watched = weakref.ref(thing)
    t = cda.DynamicTable({"o": [thing, None], "s": ["a" * 100, "b"]})
    del thing
    view = t["o"]
    text = t["s"]
    del t
    assert watched() is view[0] and text.tolist() == ["a" * 100, "b"]
    del view
    assert watched() is None


def test_objects_in_rows_that_were_refused_are_not_leaked():
    t = cda.DynamicTable(dtype=[("o", object), ("x", "f8")])
    thing = Thing()
    count = sys.getrefcount(thing)
    for call in (lambda: t.append((thing, "a")), lambda: t.extend([(thing, 1), (thing, 2), (thing, "a")]),
                 lambda: t.extend(iter([(thing, 1), (thing, "a")])), lambda: t.extend({"o": [thing], "x": ["a"]})):
        with pytest.raises(ValueError):
            call()
    assert sys.getrefcount(thing) == count
    t.extend([(thing, 1)] * 5)
    t.swap_remove(slice(0, 2))
    del t[0]
    t.clear()
    assert sys.getrefcount(thing) == count


def test_objects_in_memory_that_numbers_had():
    numbers = [cda.full(2**20, 1.5) for _ in range(3)]
    numbers.clear()
    t = cda.DynamicTable(dtype=[("o", object, 2), ("x", "f8")])
    for row in range(20_000):
        t.append(([row, row], row))
        if row % 500 == 0:  # what is taken back drops what its slots refer to
            with pytest.raises(ValueError):
                t.append(([row, row, row], row))
    assert t["o"].tolist() == [[row, row] for row in range(20_000)]


# Looking.


def test_columns_are_plain_live_views(t):
    view = t["time"]
    assert type(view) is np.ndarray and view.flags.c_contiguous and view.flags.aligned and view.flags.writeable
    t.extend(row(i) for i in range(1000))
    assert len(view) == 5
    view[0] = 99
    assert t[0].time == 99 and np.shares_memory(view, t["time"])
    t["time"] += 1
    assert view[0] == 100
    t["channel"] = 3
    assert set(t["channel"].tolist()) == {3}
    view.flags.writeable = False
    view.flags.writeable = True


def test_views_outlive_the_table():
    t = cda.DynamicTable(dtype=[("x", "f8"), ("label", str)])
    t.extend((i, str(i)) for i in range(10_000))
    views = t[:]
    del t
    gc.collect()
    assert views["x"].sum() == 49995000 and views["label"][-1] == "9999"


@pytest.mark.parametrize("backend", ["cpp", "heap"])
def test_views_of_memory_that_moved_stay_readable(backend):
    with cda.options(backend=backend):
        t = cda.DynamicTable(dtype=[("x", "f8"), ("label", str), ("position", "f4", 3)], max_size=10)
    t.extend((i, str(i), [i] * 3) for i in range(8))
    views = t[:]
    t.extend((i, str(i), [i] * 3) for i in range(8, 300_000))
    assert views["x"].tolist() == list(range(8)) and views["position"][7].tolist() == [7] * 3
    assert t["x"][-1] == 299_999 and t["label"][-1] == "299999" and t["label"][7] == "7"


def test_indexing(t):
    rows = list(t)
    assert t[-1].label == row(4)[3] and t[0][:1] == (0,)
    for key in (slice(1, 3), slice(None, None, 2), slice(4, 1), slice(-2, None), [0, 3], np.array([1, 1]),
                np.array([True, False, True, False, False])):
        found = t[key]
        assert list(found) == list(t.names)
        for name, column in found.items():
            assert type(column) is np.ndarray and same(column, t[name][key])
    assert np.shares_memory(t[1:3]["time"], t["time"])
    assert list(t[["label", "time"]]) == ["label", "time"]
    assert "time" in t and "times" not in t
    assert [each.time for each in t] == [each.time for each in rows]
    for index in (5, -6, 2**70):
        with pytest.raises(IndexError):
            t[index]


def test_a_row_is_a_copy(t):
    last = t[-1]
    t["position"][-1] = 0
    t["time"][-1] = 0
    assert last.position.tolist() == [4, 1, 2] and last.time == 2


def test_rows_are_assigned_whole(t):
    t[1] = row(8)
    t[-1] = dict(zip(t.names, row(9), strict=True))
    assert_rows(t, [row(0), row(8), row(2), row(3), row(9)])


def test_names_that_are_no_identifiers():
    t = cda.DynamicTable(dtype=[("a b", "f8"), ("class", "f8"), ("_x", "f8"), ("é", "f8")])
    t.append((1, 2, 3, 4))
    t.append(t[0])
    assert t[1] == (1, 2, 3, 4) and t.names == ("a b", "class", "_x", "é")


# Shrinking.


@pytest.mark.parametrize("key", [0, -1, 3, slice(1, 3), slice(None, None, 2), slice(3, 0, -1), [0, 4], [2, 2], [],
                                 np.array([1, -1]), np.array([True, False, False, True, False]), slice(2, 2)], ids=str)
def test_removal(t, key):
    expected = np.delete(np.arange(5), key).tolist()
    del t[key]
    assert_rows(t, [row(i) for i in expected])


@pytest.mark.parametrize("key", [0, -1, 3, slice(1, 3), slice(None, None, 2), [0, 4], [4, 0, 0], [], [-1, -2], [3, 4],
                                 np.arange(5), np.array([True, False, False, True, False])], ids=str)
def test_swap_remove(t, key):
    kept = np.delete(np.arange(5), key).tolist()
    t.swap_remove(key)
    found = [int(time * 2) for time in t["time"]]
    assert sorted(found) == kept
    assert_rows(t, [row(i) for i in found])
    assert [i for i in found if i < len(found)] == [i for i in kept if i < len(found)]
    assert all(found[i] == i for i in kept if i < len(found))  # those that needn't move stay


@pytest.mark.parametrize("call", ["pop", "__delitem__", "swap_remove"])
def test_rows_that_are_not_there(t, call):
    for key in (5, -6, 2**70):
        with Unchanged(t), pytest.raises(IndexError):
            getattr(t, call)(key)
    if call != "pop":
        for key in ([0, 5], [-6], np.array([True]), [1.5], "x"):
            with Unchanged(t), pytest.raises((IndexError, TypeError)):
                getattr(t, call)(key)


def test_pop(t):
    assert t.pop().label == row(4)[3]
    assert t.pop(0).position.tolist() == [0, 1, 2]
    assert_rows(t, [row(i) for i in (1, 2, 3)])
    t.clear()
    with pytest.raises(IndexError, match="empty"):
        t.pop()


def test_capacity_is_counted_in_rows():
    t = cda.DynamicTable(dtype=PLAIN, capacity=1000, max_size=5000)
    assert t.capacity >= 1000 and t.max_size >= 5000
    t.append((1, [1, 2, 3], 4))
    t.reserve(20_000)
    assert t.capacity >= 20_000
    t.shrink_to_fit()
    assert t.capacity < 20_000 and len(t) == 1
    t.append((1, [1, 2, 3], 4))
    assert len(t) == 2


def test_room_is_asked_for_as_of_arrays():
    for wrong in ({"capacity": -1}, {"max_size": -1}):
        with pytest.raises(ValueError, match="capacity and max_size are numbers of rows: they can't be negative"):
            cda.DynamicTable(dtype=PLAIN, **wrong)
    with pytest.raises(MemoryError):
        cda.DynamicTable(dtype=PLAIN, max_size=1 << 57)


# Against lists of rows.


def change(rng, t, rows, number):
    """One random change of a table and of a list of rows."""
    count = len(rows)
    at = rng.randrange(count + 1)
    some = sorted(rng.sample(range(count), rng.randrange(count + 1)) if count else [])
    kind = rng.randrange(12)
    if kind <= 1:
        t.append(row(number))
        rows.append(row(number))
    elif kind == 2:
        more = [row(number + i) for i in range(rng.choice([1, 3, 300]))]
        t.extend(rng.choice([list, tuple, iter])(more))
        rows += more
    elif kind == 3:
        made = cda.DynamicTable([row(number), row(number + 1)], ALL)
        t.extend(rng.choice([made, dict(made)]))
        rows += list(made)
    elif kind == 4:
        t.insert(at, row(number))
        rows.insert(at, row(number))
    elif kind == 5 and count:
        assert same(t.pop(at % count)[1], rows.pop(at % count)[1])
    elif kind == 6:
        del t[some]
        rows[:] = [each for i, each in enumerate(rows) if i not in some]
    elif kind == 7:
        mask = np.isin(np.arange(count), some)
        t.swap_remove(mask if rng.random() < 0.5 else np.flatnonzero(mask))
        kept = count - len(some)
        holes = [i for i in some if i < kept]
        movers = [i for i in range(count - 1, kept - 1, -1) if i not in set(some)]
        for hole, mover in zip(holes, movers, strict=True):
            rows[hole] = rows[mover]
        del rows[kept:]
    elif kind == 8:
        stop = rng.randrange(at, count + 1)
        del t[at:stop]
        del rows[at:stop]
    elif kind == 9:
        t.resize(at)
        del rows[at:]
    elif kind == 10:
        t.shrink_to_fit()
    elif count > 600 and kind == 11:
        t.clear()
        rows.clear()


@pytest.mark.parametrize("seed", range(12))
def test_random_programs(seed):
    rng = random.Random(seed)
    print("seed", seed)
    with cda.options(backend=rng.choice(["cpp", "heap"])):
        t = cda.DynamicTable(dtype=ALL)
    rows = []
    for number in range(120):
        change(rng, t, rows, number)
        assert len(t) == len(rows)
        if number % 10 == 9:
            assert_rows(t, rows)


# Copies, and what others take.


def test_copies_are_tables_of_their_own(t):
    for made in (t.copy(), copy.copy(t), copy.deepcopy(t), pickle.loads(pickle.dumps(t)), cda.DynamicTable(t)):
        assert type(made) is cda.DynamicTable and made == t and made.dtypes == t.dtypes
        assert not any(np.shares_memory(made[name], t[name]) for name in t.names)
        made.append(row(5))
        assert made != t and len(t) == 5
    assert copy.copy(t)["thing"][0] is t["thing"][0] and copy.deepcopy(t)["thing"][0] is not t["thing"][0]


def test_equality():
    t = cda.DynamicTable({"x": [1, 2], "y": ["a", "b"]})
    assert t == cda.DynamicTable({"x": [1, 2], "y": ["a", "b"]})
    assert t != cda.DynamicTable({"y": ["a", "b"], "x": [1, 2]})
    assert t != cda.DynamicTable({"x": [1.0, 2.0], "y": ["a", "b"]})
    assert t != cda.DynamicTable({"x": [1, 3], "y": ["a", "b"]})
    assert t != [(1, "a"), (2, "b")]
    with pytest.raises(TypeError, match="unhashable"):
        hash(t)


def test_as_structured_array(t):
    made = np.asarray(t)
    assert made.dtype == t.dtype and len(made) == 5
    assert made["position"].tolist() == t["position"].tolist() and made["label"].tolist() == t["label"].tolist()
    assert np.array(t)["time"].tolist() == t["time"].tolist()
    with pytest.raises(ValueError, match="copy"):
        np.asarray(t, copy=False)


def test_repr(t):
    assert repr(cda.DynamicTable({"x": [1], "label": ["a"]})) == "DynamicTable of 1 row\n  x  label\n  1      a"
    assert "5 rows" in repr(t) and len(repr(t).splitlines()) == 7
    t.extend([row(6)] * 1000)
    assert "1005 rows" in repr(t) and len(repr(t).splitlines()) == 8
    assert repr(cda.DynamicTable(dtype={"x": "f8"})) == "DynamicTable of 0 rows\n  x"


# What it is made of.


@pytest.mark.parametrize("dtype", [
    [("x", "f8"), ("v", "f4", 3)], [("x", float), ("v", ("f4", (3,)))], {"x": "f8", "v": ("f4", 3)},
    np.dtype([("x", "f8"), ("v", "f4", 3)]), (("x", "f8"), ("v", "f4", (3,))),
])
def test_ways_to_write_a_dtype(dtype):
    t = cda.DynamicTable(dtype=dtype)
    assert t.dtypes == {"x": np.dtype("f8"), "v": (np.dtype("f4"), (3,))}
    assert cda.DynamicTable(dtype=t.dtypes).dtype == t.dtype == np.dtype([("x", "f8"), ("v", "f4", 3)])


def test_dtypes_of_contents():
    t = cda.DynamicTable({"x": [1, 2], "v": np.zeros((2, 3)), "label": ["a", "b"]})
    assert t.dtypes["x"] == np.dtype(int) and t.dtypes["v"] == (np.dtype(float), (3,))
    records = np.zeros(3, [("a", "i2"), ("p", [("x", "f4")])])
    assert cda.DynamicTable(records).dtype == records.dtype
    assert len(cda.DynamicTable(records)) == 3


@pytest.mark.parametrize("dtype, error", [
    ("f8", TypeError), (float, TypeError), ([], TypeError), ([("x", "f8"), ("x", "f4")], ValueError), (5, TypeError),
    ([("x",)], TypeError), ({3: "f8"}, TypeError), ([("", "f8")], TypeError), ([("x", "S")], ValueError),
])
def test_what_is_no_dtype_of_a_table(dtype, error):
    with pytest.raises(error):
        cda.DynamicTable(dtype=dtype)


def test_rows_alone_name_no_columns():
    with pytest.raises(TypeError, match="dtype="):
        cda.DynamicTable([(1, 2)])
    with pytest.raises(TypeError, match="dtype="):
        cda.DynamicTable()


def test_many_columns():
    names = [f"c{i}" for i in range(100)]
    t = cda.DynamicTable(dtype={name: "f8" for name in names})
    for i in range(200):
        t.append(range(i, i + 100))
        t.append({name: i for name in names})
    assert len(t) == 400 and t["c99"].sum() == sum(i + 99 + i for i in range(200))


def test_columns_without_bytes():
    t = cda.DynamicTable(dtype=[("empty", "f8", 0), ("x", "f8")])
    t.extend([([], 1), ([], 2)])
    del t[0]
    assert t["empty"].shape == (1, 0) and t["x"].tolist() == [2]
    only = cda.DynamicTable(dtype=[("empty", "f8", 0)])
    only.resize(7)
    assert len(only) == 7 and len(only["empty"]) == 7


# Threads.


@pytest.fixture
def often_switched():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def test_threads_see_whole_rows_and_lose_none():
    t = cda.DynamicTable(dtype=[("i", "i8"), ("label", str), ("double", "f8")])
    torn = []
    done = threading.Event()

    def look():
        while not done.is_set():
            views = t[:]
            if len({len(column) for column in views.values()}) != 1 or not (views["i"] * 2 == views["double"]).all():
                torn.append(views)

    def add(start):
        for i in range(start, start + 3000):
            t.append((i, "x" * (i % 40), i * 2))
        t.extend((i, "y", i * 2) for i in range(100))

    looker = threading.Thread(target=look)
    adders = [threading.Thread(target=add, args=(k * 10_000,)) for k in range(3)]
    for thread in (looker, *adders):
        thread.start()
    for thread in adders:
        thread.join()
    done.set()
    looker.join()
    assert not torn and len(t) == 9300
    assert sorted(t["i"].tolist()) == sorted([*range(3000), *range(10_000, 13_000), *range(20_000, 23_000),
                                              *range(100), *range(100), *range(100)])


def text_row(number):
    return number, f"{number} " * 5, f"{number} " * 6, {number}, 2.0 * number


def is_whole(row):
    return all(map(same, row, text_row(row.number)))


def test_rows_with_text_wait_for_computations_and_none_is_lost_or_torn(often_switched):
    t = cda.DynamicTable(dtype=[("number", "i8"), ("label", str), ("other", str), ("thing", object), ("double", "f8")])
    kept = 2000
    t.extend(map(text_row, range(kept)))
    ways = [
        t.append, lambda row: t.append(dict(zip(t.names, row, strict=True))), lambda row: t.extend([list(row)]),
        lambda row: t.extend(iter([row])), lambda row: t.insert(-3, row),
    ]
    torn, removed = [], []
    done = threading.Event()

    def compute(name):
        while not done.is_set():
            np.strings.str_len(t[name])  # without the GIL, and nobody else has the text meanwhile

    def look():
        while not done.is_set():
            torn.extend(row for row in (t[-1], t[-9]) if not is_whole(row))

    def add(start):
        for number in range(start, start + 200):
            ways[number % len(ways)](text_row(number))
            if number % 10 == 0:
                removed.append(t.pop(-2))

    def change():
        for number in range(60):
            t[500 + number] = text_row(kept + number)  # far from where others append and remove
            del t[3]
            t.insert(2, text_row(number))
            t.reserve(len(t) + 100)
            t.shrink_to_fit()

    others = [threading.Thread(target=compute, args=(name,)) for name in ("label", "other")]
    others.append(threading.Thread(target=look))
    writers = [threading.Thread(target=add, args=(k * 10_000,)) for k in range(1, 4)]
    writers.append(threading.Thread(target=change))
    for thread in (*others, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in others:
        thread.join()
    rows = list(t) + removed
    assert not [row for row in [*rows, *torn] if not is_whole(row)]
    added = sorted(row.number for row in rows if row.number >= 10_000)
    assert added == [k * 10_000 + number for k in range(1, 4) for number in range(200)]


def test_iteration_ends_where_another_thread_has_removed_the_row():
    class Shrunk(cda.DynamicTable):
        def __len__(self):
            return 5  # a moment ago

    t = Shrunk({"x": [1, 2]})
    assert [row.x for row in t] == [1, 2]


def test_subclasses():
    class Log(cda.DynamicTable):
        def last(self):
            return self[-1]

    log = Log(dtype=PLAIN)
    log.note = "mine"
    log.append((1, [1, 2, 3], 4))
    assert log.last().channel == 4 and math.isclose(log.last().time, 1)
    assert repr(log).startswith("Log of 1 row")
    watched = weakref.ref(log)
    del log
    gc.collect()
    assert watched() is None
