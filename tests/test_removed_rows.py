"""Rows that were removed stay behind the end until others take their place: views see them, and new rows may be made
of them.
"""

import numpy as np
import pytest

import cppdynarray as cda
from cppdynarray.testing import assert_invariants
from helpers import assert_same

RECORD = np.dtype([("x", "f8"), ("i", "i4"), ("position", "f4", (3,))])
TEXT = np.dtypes.StringDType(coerce=False)

# What eight rows are, and what is a ninth and what isn't.
KINDS = {
    "f8": (np.arange(1.0, 9), 7.5, "x"),
    "i4": (np.arange(1, 9, dtype="i4"), 70, 2.5),
    ">f8": (np.arange(1.0, 9).astype(">f8"), 7.5, "x"),
    "f2": (np.arange(1.0, 9).astype("f2"), 7.5, 1e9),
    "U4": (np.array(list("abcdefgh"), "U4"), "zz", "longer"),
    "S4": (np.array(list("abcdefgh"), "S4"), b"zz", b"longer"),
    "M8": (np.arange(8).astype("M8[s]"), np.datetime64(77, "s"), "tomorrow"),
    "rows": (np.arange(1.0, 25).reshape(8, 3), [7.0, 8.0, 9.0], [7.0, 8.0, "x"]),
    "record": (np.array([(i + 1, i, [i] * 3) for i in range(8)], RECORD), (9.0, 9, [9, 9, 9]), (9.0, 9, [9, 9, "x"])),
    "record with text": (np.array([(i + 1, "a") for i in range(8)], [("x", "f8"), ("t", "U3")]), (9.0, "zz"),
                         (9.0, "longer")),
    "objects": (np.array([[i, str(i)] for i in range(8)], object), [7, 8], [7, 8, 9]),
    "text": (np.array(list("abcdefgh"), TEXT), "zz", 5),
}
REFUSED = {
    "append": lambda d, good, bad: d.append(bad),
    "insert": lambda d, good, bad: d.insert(1, bad),
    "insert at the end": lambda d, good, bad: d.insert(len(d), bad),
    "list": lambda d, good, bad: d.extend([good, good, bad]),
    "tuple": lambda d, good, bad: d.extend((good, bad, good)),
    "iterator": lambda d, good, bad: d.extend(iter([good, bad])),
    "many": lambda d, good, bad: d.extend([good] * 5000 + [bad]),
}


def in_heap(rows):
    with cda.options(backend="heap"):
        d = cda.DynamicArray(rows)
    d.reserve(50)
    return d


MADE = {"memory": cda.DynamicArray, "heap": in_heap}


def seen(rows):
    """Rows as bytes, or as what their elements are worth."""
    return rows.tolist() if rows.dtype.hasobject else rows.tobytes()


@pytest.mark.parametrize("call", REFUSED)
@pytest.mark.parametrize("where", MADE)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_refused_is_written_nowhere(kind, where, call):
    _, good, bad = KINDS[kind]
    d = MADE[where](KINDS[kind][0])
    view = d[:]
    for _ in range(3):
        d.pop()
    before, left = seen(view), d.copy()
    with pytest.raises((TypeError, ValueError, OverflowError)):
        REFUSED[call](d, good, bad)
    assert seen(view) == before
    assert_same(d[:], left[:])
    assert_invariants(d)


def test_an_array_that_loses_something_is_written_nowhere():
    for bad in (np.array([9.0, 9.0, 2.5]), np.array([9, 9, 2**40]), np.array([9.0, np.nan])):
        d = cda.DynamicArray(np.arange(1, 9, dtype="i4"))
        view = d[:]
        del d[4:]
        before = view.copy()
        with pytest.raises((TypeError, ValueError, OverflowError)):
            d.extend(bad)
        assert_same(view, before)


TAKEN = {
    "list": lambda rows: list(rows),
    "tuple": lambda rows: tuple(rows),
    "iterator": lambda rows: iter(rows),
    "view": lambda rows: rows,
    "lists": lambda rows: [list(row) if row.ndim else row for row in rows],
}


@pytest.mark.parametrize("form", TAKEN)
@pytest.mark.parametrize("where", MADE)
@pytest.mark.parametrize("kind", ["f8", "i4", "rows", "record", "U4"])
def test_removed_rows_come_back_in_another_order(kind, where, form):
    d = MADE[where](KINDS[kind][0])
    rows = KINDS[kind][0]
    removed = np.asarray(d)[:-5:-1]
    del d[-4:]
    if form == "lists" and kind == "record":
        pytest.skip("a list is no record")
    d.extend(TAKEN[form](removed))
    assert_same(d[:], np.concatenate([rows[:4], rows[:-5:-1]]))


@pytest.mark.parametrize("dtype", ["f4", "i8", ">f8"])
def test_removed_rows_come_back_by_way_of_another_dtype(dtype):
    d = cda.DynamicArray(np.arange(16.0))
    removed = np.asarray(d)[8:].view("f8").astype(dtype)[::-1]
    del d[8:]
    d.extend(removed)
    assert_same(d[:], np.concatenate([np.arange(8.0), np.arange(8.0, 16)[::-1]]))


def test_a_record_of_what_was_removed():
    d = cda.DynamicArray(KINDS["record"][0])
    position = np.asarray(d)["position"][-1]
    d.pop()
    d.append((position[0], 3, position[::-1]))
    assert_same(d[-1:], np.array([(7, 3, [7, 7, 7])], RECORD))


def test_room_is_made_again_where_the_next_rows_are_refused():
    d = cda.DynamicArray(np.arange(4.0))
    d.pop()
    capacity = d.capacity
    with pytest.raises((TypeError, ValueError)):
        d.extend([1.0] * 100_000 + ["x"])
    assert d.capacity == capacity


# Tables.

@pytest.fixture(params=["memory", "files"])
def t(request, tmp_path):
    columns = {"x": np.arange(1.0, 9), "name": np.array(list("abcdefgh"), "U2"), "p": np.arange(24.0).reshape(8, 3)}
    if request.param == "memory":
        columns |= {"thing": np.array(list("ABCDEFGH"), object), "text": np.array(list("stuvwxyz"), TEXT)}
        yield cda.DynamicTable(columns)
        return
    with cda.open_table(tmp_path / "t", "w+", dtype=[("x", "f8"), ("name", "U2"), ("p", "f8", (3,))]) as t:
        t.extend(columns)
        yield t


def columns_seen(t):
    return [t[name][:] for name in t.names]


def row_of(t, **others):
    return tuple({"x": 90.0, "name": "zz", "p": [9, 9, 9], "thing": "Z", "text": "zzz", **others}[name]
                 for name in t.names)


TABLE_REFUSED = {
    "tuple": lambda t, good, bad: t.append(bad),
    "dict": lambda t, good, bad: t.append(dict(zip(t.names, bad, strict=True))),
    "list": lambda t, good, bad: t.append(list(bad)),
    "insert": lambda t, good, bad: t.insert(1, bad),
    "rows": lambda t, good, bad: t.extend([good, bad]),
    "dicts": lambda t, good, bad: t.extend([dict(zip(t.names, row, strict=True)) for row in (good, bad)]),
    "many rows": lambda t, good, bad: t.extend([good] * 3000 + [bad]),
    "iterator": lambda t, good, bad: t.extend(iter([good, bad])),
    "columns": lambda t, good, bad: t.extend(dict(zip(t.names, map(list, zip(good, bad, strict=True)), strict=True))),
    "one number for all": lambda t, good, bad: t.extend({**t[:2], **dict(zip(t.names[:2], bad, strict=False))}),
}


@pytest.mark.parametrize("call", TABLE_REFUSED)
@pytest.mark.parametrize("wrong", [{"p": [9, 9, "x"]}, {"name": "longer"}, {"x": "x"}, {"text": 5}])
def test_what_a_table_refuses_is_written_nowhere(t, wrong, call):
    if not set(wrong) <= set(t.names) or (call == "one number for all" and "x" not in wrong and "name" not in wrong):
        pytest.skip("it has no such column")
    views = columns_seen(t)
    del t[5:]
    before, rows = [seen(view) for view in views], list(map(repr, t))
    with pytest.raises((TypeError, ValueError, OverflowError)):
        TABLE_REFUSED[call](t, row_of(t), row_of(t, **wrong))
    assert [seen(view) for view in views] == before
    assert list(map(repr, t)) == rows
    t.append(row_of(t))
    assert len(t) == 6 and t[-1].x == 90


@pytest.mark.parametrize("call", ["tuples", "dicts", "iterator", "columns", "one by one"])
def test_removed_rows_come_back_to_a_table_in_another_order(t, call):
    wanted = [*t["x"][:5].tolist(), 8.0, 7.0, 6.0]
    places = t["p"].copy()
    removed = {"x": t["x"][:4:-1].copy(), "name": t["name"][:4:-1].copy(), "p": t["p"][:4:-1]}
    for name in t.names[3:]:
        removed[name] = t[name][:4:-1].copy()
    del t[5:]
    rows = list(zip(*removed.values(), strict=True))
    if call == "tuples":
        t.extend(rows)
    elif call == "dicts":
        t.extend([dict(zip(t.names, row, strict=True)) for row in rows])
    elif call == "iterator":
        t.extend(iter(rows))
    elif call == "columns":
        t.extend(removed)
    else:
        t.append(tuple(value[::-1] if np.ndim(value) else value for value in rows[2]))  # where it was
        assert_same(t["p"][-1], places[5][::-1])
        return
    assert t["x"].tolist() == wanted
    assert_same(t["p"], np.concatenate([places[:5], places[:4:-1]]))


def test_removed_columns_change_places():
    t = cda.DynamicTable({"a": np.arange(8.0), "b": np.arange(8.0) + 100, "c": np.arange(8.0) + 200})
    a, b = t["a"][4:], t["b"][4:]
    del t[4:]
    t.extend({"a": b, "b": a, "c": 5})
    assert t["a"].tolist() == [0, 1, 2, 3, 104, 105, 106, 107]
    assert t["b"].tolist() == [100, 101, 102, 103, 4, 5, 6, 7]
    assert t["c"].tolist() == [200, 201, 202, 203, 5, 5, 5, 5]


def test_refused_text_leaves_no_bytes_in_memory_that_objects_take_next():
    for rows in (8, 100, 1000, 5000):
        t = cda.DynamicTable({"x": np.arange(8.0), "text": np.array(list("stuvwxyz"), TEXT)})
        t.pop()
        with pytest.raises((TypeError, ValueError)):
            t.extend([(9.0, "zz")] * 3000 + [("x", "zz")])
        del t
        made = []  # from that memory, and more
        for _ in range(20):
            made.append(cda.DynamicArray(dtype=object))
            made[-1].extend(np.full(rows, "x", object))
            made[-1].extend(["y"] * rows)
            assert made[-1].tolist() == ["x"] * rows + ["y"] * rows
