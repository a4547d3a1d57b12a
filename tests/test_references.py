"""Elements that hold references: counted right after every operation, dropped when removed."""

import functools
import gc
import sys
import tracemalloc
import weakref

import numpy as np
import pytest

import cppdynarray as cda
from cppdynarray._core import _memory
from cppdynarray.testing import assert_invariants
from helpers import Thing, address, assert_same, error_of, leaves, samples, small_array

# How an element of each dtype is made of a thing, and how many references it holds.
HOLDERS = {
    "object": (np.dtype(object), lambda thing: thing),
    "record": (np.dtype([("number", "i2"), ("thing", object)]), lambda thing: (7, thing)),
    "nested": (
        np.dtype([("inner", [("thing", object)]), ("number", "f8"), ("others", object, (2,))]),
        lambda thing: ((thing,), 2.5, [thing, None]),
    ),
}


@pytest.fixture(params=HOLDERS)
def holder(request):
    return HOLDERS[request.param]


class Counted:
    """Things, and how many references each has apart from those that an array holds."""

    def __init__(self, count):
        self.things = [Thing(f"thing {number}") for number in range(count)]
        self.before = self.counts()

    def counts(self):
        return np.array([sys.getrefcount(thing) for thing in self.things])

    def check(self, *arrays):
        """Each thing has as many references more as there are places in the arrays that hold it."""
        places = [id(leaf) for array in arrays for leaf in leaves(np.asarray(array))]
        expected = [places.count(id(thing)) for thing in self.things]
        assert (self.counts() - self.before).tolist() == expected
        for array in arrays:
            if isinstance(array, cda.DynamicArray):
                assert_invariants(array)


def values_of(holder, counted, row_shape):
    """For each thing a function that makes a fresh row of it."""
    dtype, wrap = holder

    def make(number):
        row = np.zeros(row_shape, dtype)
        flat = row.reshape(-1)
        for position in range(row.size):
            flat[position] = wrap(counted.things[number])
        return row[()]

    return [functools.partial(make, number) for number in range(len(counted.things))]


OPERATIONS = {
    "append": lambda d, new: d.append(new[0]()),
    "append own": lambda d, new: d.append(d[1]),
    "extend array": lambda d, new: d.extend(np.array([new[0](), new[1]()], d.dtype)),
    "extend list": lambda d, new: d.extend([new[0](), new[1]()]),
    "extend iterator": lambda d, new: d.extend(make() for make in new),
    "extend itself": lambda d, new: d.extend(d),
    "extend reversed": lambda d, new: d.extend(d[::-1]),
    "insert": lambda d, new: d.insert(1, new[2]()),
    "insert own": lambda d, new: d.insert(0, d[-1]),
    "pop": lambda d, new: d.pop(),
    "pop(0)": lambda d, new: d.pop(0),
    "delete": lambda d, new: d.__delitem__(1),
    "delete slice": lambda d, new: d.__delitem__(slice(1, 3)),
    "delete step": lambda d, new: d.__delitem__(slice(None, None, 2)),
    "delete list": lambda d, new: d.__delitem__([0, -1]),
    "clear": lambda d, new: d.clear(),
    "grow": lambda d, new: d.resize((9, *d.shape[1:])),
    "shrink": lambda d, new: d.resize((2, *d.shape[1:])),
    "resize to 3-d": lambda d, new: d.resize((2, 1, 2)),
    "resize to 1-d": lambda d, new: d.resize(3),
    "reserve": lambda d, new: d.reserve(1000),
    "past max_size": lambda d, new: d.reserve(d.max_size + 1) if d.max_size < 1 << 20 else None,
    "shrink_to_fit": lambda d, new: d.shrink_to_fit(),
    "assign": lambda d, new: d.__setitem__(0, new[4]()),
    "assign all": lambda d, new: d.__setitem__(slice(None), new[4]()),
    "bad append": lambda d, new: error_of(d.append, np.zeros((3, 3))),
    "bad extend": lambda d, new: error_of(d.extend, iter([new[0](), np.zeros((3, 3, 3)), new[1]])),
    "bad insert": lambda d, new: error_of(d.insert, "x", new[0]()),
    "too large": lambda d, new: error_of(d.resize, 2**60),
}


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("row_shape", [(), (2,)], ids=str)
def test_counts(operation, row_shape, holder):
    counted = Counted(6)
    new = values_of(holder, counted, row_shape)
    d = small_array(np.array([make() for make in new[:4]], holder[0]))
    counted.check(d)
    OPERATIONS[operation](d, new)
    counted.check(d)
    d.extend(d)
    d.extend(np.zeros((1, *d.shape[1:]), d.dtype))
    counted.check(d)
    e = d.copy()
    counted.check(d, e)
    del d
    counted.check(e)
    e.resize(1)
    e.clear()
    counted.check()


@pytest.mark.parametrize(
    "make",
    [
        lambda things: cda.DynamicArray(things, object),
        lambda things: cda.DynamicArray(iter(things), object),
        lambda things: cda.array(things, object),
        lambda things: cda.fromiter(things, object),
        lambda things: cda.full((2, 3), things[0], object),
        lambda things: cda.DynamicArray(cda.DynamicArray(things, object)),
        lambda things: cda.zeros_like(cda.DynamicArray(things, object)),
        lambda things: cda.empty(5, object),
    ],
)
def test_counts_after_creation(make):
    counted = Counted(3)
    d = make(counted.things)
    counted.check(d)
    del d
    counted.check()


def test_what_pop_returns_holds_the_reference(holder):
    counted = Counted(2)
    new = values_of(holder, counted, ())
    d = cda.DynamicArray(np.array([make() for make in new]))
    popped = d.pop(0)
    plain = np.array(popped, holder[0])
    counted.check(d, plain, plain)  # once for `popped`, once for `plain`
    del popped, plain
    counted.check(d)


REMOVALS = {
    "pop": lambda d: [d.pop() for _ in range(len(d))],
    "pop(0)": lambda d: [d.pop(0) for _ in range(len(d))],
    "delete": lambda d: d.__delitem__(slice(None)),
    "delete one by one": lambda d: [d.__delitem__(0) for _ in range(len(d))],
    "delete mask": lambda d: d.__delitem__(np.ones(len(d), bool)),
    "clear": lambda d: d.clear(),
    "resize": lambda d: d.resize(0),
    "assign": lambda d: d.__setitem__(slice(None), np.zeros((), d.dtype)),
}


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("removal", REMOVALS)
def test_removed_things_die(removal, holder):
    dtype, wrap = holder
    d = cda.zeros(0, dtype)
    watched = []
    for number in range(10):
        thing = Thing(number)
        watched.append(weakref.ref(thing))
        d.append(wrap(thing))
    del thing
    assert all(reference() is not None for reference in watched)
    d.reserve(10_000)
    d.insert(0, d[-1])
    d.pop(0)
    assert all(reference() is not None for reference in watched)
    REMOVALS[removal](d)
    assert all(reference() is None for reference in watched)
    assert_invariants(d)


SHORTENING = {
    "pop": lambda d: d.pop(),
    "pop(0)": lambda d: d.pop(0),
    "delete": lambda d: d.__delitem__(slice(2, 5)),
    "delete step": lambda d: d.__delitem__(slice(None, None, 2)),
    "clear": lambda d: d.clear(),
    "resize": lambda d: d.resize(4),
    "resize to 2-d": lambda d: d.resize((2, 2)),
}


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("shortening", SHORTENING)
def test_views_see_nothing_where_rows_were_removed(shortening, holder):
    """What a view keeps of removed rows must not be references that the array no longer has."""
    dtype, wrap = holder
    counted = Counted(8)
    d = cda.DynamicArray(np.array([wrap(thing) for thing in counted.things], dtype))
    view = d[:]
    SHORTENING[shortening](d)
    assert not {id(leaf) for leaf in leaves(view[d.size :])} & set(map(id, counted.things))
    assert_same(view[: d.size], np.asarray(d).reshape(-1))
    counted.check(d)
    d.clear()
    counted.check(view)


@pytest.mark.usefixtures("backend")
def test_things_die_with_the_array(holder):
    dtype, wrap = holder
    thing = Thing()
    watched = weakref.ref(thing)
    d = small_array(np.array([wrap(thing)], dtype))
    del thing
    for _ in range(14):
        d.extend(d)
    view = d[3:]
    del d
    assert watched() is not None
    del view
    assert watched() is None


MOVES = {
    "reserve": lambda d, rows: d.reserve(rows),
    "resize": lambda d, rows: d.resize(rows),
    "resize to 2-D": lambda d, rows: d.resize((rows, 2)),
    "extend": lambda d, rows: d.extend(np.zeros(rows, d.dtype)),
}


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("move", MOVES)
def test_views_see_nothing_where_the_array_was(move, holder):
    """When the data moves, so do the references: a view of the old memory would outlive them."""
    counted = Counted(3)
    d = small_array(np.array([make() for make in values_of(holder, counted, ())], holder[0]))
    view = d[:]
    MOVES[move](d, d.max_size + 1)
    assert address(d) != address(view)
    counted.check(d)
    assert not {id(leaf) for leaf in leaves(view)} & set(map(id, counted.things))
    d.clear()
    counted.check(view)


def test_views_see_no_strings_where_the_array_was(rng):
    texts = samples(np.dtypes.StringDType(), 20, rng)
    d = small_array(texts, texts.dtype)
    view = d[:]
    d.reserve(d.max_size + 1)
    assert_same(d, texts)
    assert_same(view, np.zeros_like(texts))


class Calling:
    """A thing that does something when it dies."""

    def __init__(self, action):
        self.action = action

    def __del__(self):
        self.action()


AFTERWARDS = {
    "append": lambda a: a.append(None),
    "insert": lambda a: a.insert(0, None),
    "extend": lambda a: a.extend([None] * 3000),
    "pop": lambda a: a.pop() if len(a) else None,
    "clear": lambda a: a.clear(),
    "delete": lambda a: a.__delitem__(slice(0, 1)),
    "read": lambda a: [element is None for element in a],
}
REMOVING = {
    "pop": lambda a: a.pop() and None,
    "pop(0)": lambda a: a.pop(0) and None,
    "delete": lambda a: a.__delitem__(1),
    "delete slice": lambda a: a.__delitem__(slice(1, 3)),
    "delete step": lambda a: a.__delitem__(slice(None, None, 2)),
    "clear": lambda a: a.clear(),
    "shrink": lambda a: a.resize(1) if isinstance(a, np.ndarray) else a.__delitem__(slice(1, None)),
}


@pytest.mark.parametrize("afterwards", AFTERWARDS)
@pytest.mark.parametrize("removing", REMOVING)
@pytest.mark.parametrize("count", [4, 2000])
def test_things_that_call_back_when_they_die(count, removing, afterwards):
    """What __del__ sees and does is what it would see and do in a list."""

    def outcome(make):
        """What is left, and how long the array was whenever something died."""
        lengths = []

        def action():
            # Its own removal must not call back again, without end.
            if len(lengths) < 20:
                lengths.append(len(array))
                AFTERWARDS[afterwards](array)

        array = make([Calling(action) for _ in range(count)])
        REMOVING[removing](array)
        seen = list(lengths)
        if isinstance(array, np.ndarray):
            assert_invariants(array)
        lengths.extend([0] * 20)
        return [element if element is None else "thing" for element in array], seen

    assert outcome(lambda things: small_array(things, object)) == outcome(list)


def test_cycles_that_lead_through_an_array():
    """ndarrays don't take part in garbage collection: such a cycle lasts until it is cut."""
    d = cda.DynamicArray(dtype=object)
    d.append([d])
    watched = weakref.ref(d)
    d.clear()
    del d
    gc.collect()
    assert watched() is None


def traced(function, rounds):
    """By how many bytes the memory in use grows while `function` is called over and over."""
    tracemalloc.start()
    try:
        for _ in range(rounds):  # the interpreter itself remembers things at first
            function()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(rounds):
            function()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("dtype", ["O", "T", "f8", "i4,O"])
def test_no_leaks(dtype):
    element = {"O": {1}, "T": "text" * 50, "f8": 2.5, "i4,O": (1, "text")}[dtype]

    def live():
        d = cda.DynamicArray(dtype=dtype)
        for _ in range(50):
            d.append(element)
        d.extend([element] * 50)
        d.extend(d)
        d.insert(3, element)
        d.pop(), d.pop(0)
        del d[5], d[3:20], d[::3]
        d.resize(500)
        d.resize((10, 2))
        d.append([element, element])
        assert error_of(d.extend, iter([[element, element], [element] * 3])) is ValueError
        d.shrink_to_fit()
        d.copy().clear()

    assert traced(live, 100) < 100 * 8  # less than a pointer each time
    mapped = _memory.statistics()["mapped_blocks"]
    live()
    assert _memory.statistics()["mapped_blocks"] <= mapped


@pytest.mark.parametrize(
    "change",
    [
        lambda d, text: (d.append(text), d.pop()),
        lambda d, text: (d.insert(0, text), d.pop(0)),
        lambda d, text: (d.extend([text] * 3), d.resize(1)),
        lambda d, text: (d.extend([text] * 3), d.__delitem__(slice(1, None))),
    ],
    ids=["append-pop", "insert-pop", "extend-resize", "extend-delete"],
)
@pytest.mark.parametrize("length", [10, 100, 1000])
def test_strings_that_come_and_go_keep_no_memory(length, change):
    d = cda.DynamicArray(["first" * 10], "T")
    text = "x" * length

    def rounds():
        for _ in range(100):
            change(d, text)

    # In 1,000 rounds the strings together are many times as large as this.
    assert traced(rounds, 10) < 8 * length + 2000
    assert d.tolist() == ["first" * 10]
