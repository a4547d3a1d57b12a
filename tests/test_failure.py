"""A failed operation changes nothing: the fifth promise, for each operation and kind of failure."""

import functools
import os
import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pytest

import cppdynarray as cda
from cppdynarray.testing import assert_invariants
from helpers import (
    DTYPES,
    Thing,
    assert_same,
    assignment_error,
    dtype_id,
    error_of,
    joined,
    label,
    leaves,
    loses,
    model_array,
    row_id,
    samples,
    small_array,
    unchanged,
)


class Failure(Exception):
    """Raised by the tests' own iterators and elements."""


def assert_still_works(d):
    """The next operations do what they should."""
    rows = np.asarray(d).copy()
    d.append(rows[0])
    assert_same(d, joined(rows, rows[:1]))
    assert_same(np.asarray(d.pop(), d.dtype)[None], rows[:1])
    d.extend(rows)
    assert_same(d, joined(rows, rows))
    d.resize(rows.shape)
    assert_same(d, rows)
    assert_invariants(d)


# Values that the dtype can't hold or rows of the wrong shape.

BAD_VALUES = [
    ("f8", (), "abc"),
    ("f8", (), [1.0, 2.0]),
    ("f8", (), []),
    ("f8", (), np.zeros(2)),
    ("f8", (), np.zeros(0)),
    ("f8", (), {}),
    ("f8", (), object()),
    ("f8", (), 1j),
    ("f8", (), 10**400),
    ("f4", (), "abc"),
    (">f8", (), "abc"),
    ("g", (), object()),
    ("f2", (), b"x"),
    ("D", (), "abc"),
    ("i1", (), 1000),
    ("i1", (), -129),
    ("i8", (), 2**63),
    (">i4", (), 2**31),
    ("u1", (), -1),
    ("u8", (), 2**64),
    ("i4", (), float("nan")),
    ("i4", (), float("inf")),
    ("i4", (), "abc"),
    ("i4", (), None),
    ("i4", (), 2j),
    ("M8[s]", (), "nonsense"),
    ("M8[s]", (), 1.5),
    ("m8[ms]", (), object()),
    ("S5", (), "\u20ac"),
    ("i4,f8", (), (1, 2, 3)),
    ("i4,f8", (), (1,)),
    ("i4,f8", (), (1, "abc")),
    ("i4,O", (), ("abc", "x")),
    ("O,i4", (), (Thing(), "abc")),
    (np.dtypes.StringDType(coerce=False), (), 5),
    ("f8", (3,), [1, 2]),
    ("f8", (3,), [[1, 2, 3], [4, 5, 6]]),
    ("f8", (3,), "abc"),
    ("f8", (3,), [1, 2, "abc"]),
    ("f8", (3,), [1, 2, [3]]),
    ("i1", (3,), [1, 2, 1000]),
    ("f8", (2, 3), np.zeros((3, 2))),
    ("f8", (2, 3), [[1, 2, 3], [4, 5]]),
    ("f8", (0,), [1, 2]),
    ("O", (2,), [1, 2, 3]),
    ("i4,O", (2,), [(1, "x"), ("abc", "y")]),
    ("i4,i4", (2,), [(1, 2), (3, "abc")]),
]


def bad_value_id(case):
    dtype, row_shape, value = case
    return f"{dtype_id(np.dtype(dtype))}-{row_id(row_shape)}-{label(value):.30}"


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize(
    "operation",
    [
        lambda d, good, bad: d.append(bad),
        lambda d, good, bad: d.insert(0, bad),
        lambda d, good, bad: d.insert(len(d), bad),
        lambda d, good, bad: d.extend([bad]),
        lambda d, good, bad: d.extend([*good, bad]),
        lambda d, good, bad: d.extend(iter([*good, bad, *good])),
    ],
    ids=["append", "insert", "insert-at-end", "extend", "extend-list", "extend-iterator"],
)
@pytest.mark.parametrize("case", BAD_VALUES, ids=bad_value_id)
def test_bad_values(operation, case, rng):
    dtype, row_shape, bad = np.dtype(case[0]), case[1], case[2]
    expected = assignment_error(dtype, row_shape, bad)
    assert expected is not None
    good = samples(dtype, (3, *row_shape), rng)
    d = cda.DynamicArray(good)
    with unchanged(d):
        assert error_of(operation, d, list(good), bad) is expected
    assert_still_works(d)


@pytest.mark.parametrize("case", BAD_VALUES, ids=bad_value_id)
def test_bad_values_leave_nothing_for_arrays_to_come(case, rng):
    dtype, row_shape, bad = np.dtype(case[0]), case[1], case[2]
    good = list(samples(dtype, (3, *row_shape), rng))
    for count in range(3):
        cda._core._memory.trim()  # blocks that were used before would be cleared anyway
        d = cda.empty((0, *row_shape), dtype)
        assert error_of(d.extend, iter([*good[:count], bad])) is not None
        if not row_shape:
            assert error_of(cda.DynamicArray, iter([*good[:count], bad]), dtype) is not None
        del d
        # The blocks that were in use are used again.
        made = [cda.zeros((8, *row_shape), dtype) for _ in range(3)]
        made += [cda.empty((0, *row_shape), dtype) for _ in range(3)]
        for array in made:
            array.resize((8, *row_shape))
            assert_same(array, np.zeros((8, *row_shape), dtype))
            assert_invariants(array)


def with_warnings(function, *args):
    """The class of what a call raises, and those of its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        error = error_of(function, *args)
    return error, [warning.category for warning in caught]


def assign(d, value):
    d[0] = value


VALUES = [
    0, 1, -1, 127, 128, 255, 256, 2**31, 2**32, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**400,
    True, 1.5, -0.0, 1e39, 1e300, float("inf"), float("nan"), 1 + 2j, "1", "1.5", "abc", b"2",
    "2020-01-01", None, (), (1, 2), [3], [1, 2], {}, np.bool_(True), np.int8(-3), np.uint8(200),
    np.int64(2**40), np.uint64(2**63 + 5), np.float16(0.1), np.float32(0.1),
    np.float32(1e38), np.float64(1e300), np.longdouble("0.1"),
    np.complex64(1j), np.complex128(2), np.str_("3"), np.bytes_(b"4"), np.datetime64("2020-01-01"),
    np.datetime64("NaT", "D"), np.timedelta64(5, "m"), np.void(b"abc"), np.array(7), np.array([8]),
    np.array([1, 2]),
    np.zeros((), "i4,i4"), slice(3), int, cda.DynamicArray([9.0]),
]


@pytest.mark.parametrize(
    "operation",
    [
        lambda d, value: d.append(value),
        lambda d, value: d.insert(1, value),
        lambda d, value: d.extend([value]),
        assign,
    ],
    ids=["append", "insert", "extend", "assign"],
)
@pytest.mark.parametrize("dtype", DTYPES, ids=dtype_id)
def test_converts_and_fails_as_assignment_does(operation, dtype, rng):
    """Every dtype against every kind of value, good and bad: result, exception and warnings. What would
    lose something is refused, but for an assignment."""
    one = samples(dtype, 1, rng)
    for value in VALUES:
        expected = one.copy()
        error, warned = with_warnings(expected.__setitem__, 0, value)
        d = cda.DynamicArray(one)
        found = with_warnings(operation, d, value)
        if operation is not assign and loses(value, dtype):
            assert found[0] in (TypeError, ValueError, OverflowError), repr(value)
            error = found[0]
        else:
            assert found == (error, warned), repr(value)
        if error is not None and operation is not assign:
            assert_same(d, one)
        elif dtype.hasobject:  # the conversion of some values makes new objects
            assert repr(d[-1:].tolist()) == repr(expected.tolist())
        else:
            assert_same(d[-1:], expected)
        assert_invariants(d)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        (np.zeros((2, 2)), ValueError),
        (np.zeros((2, 3, 1)), ValueError),
        (np.zeros((2, 4)), ValueError),
        (np.zeros((0, 2)), ValueError),
        (np.array(5.0), TypeError),
        (np.float64(5), TypeError),
        (5.0, TypeError),
        (None, TypeError),
        (np.array([["a", "b", "c"]]), ValueError),
        (np.array([[1, 2, {}]], object), TypeError),
    ],
)
def test_arrays_that_do_not_fit(values, error, rng):
    d = cda.DynamicArray(rng.normal(size=(4, 3)))
    with unchanged(d):
        assert error_of(d.extend, values) is error
    assert_still_works(d)


# Arrays that can't change their length.


def read_only():
    d = cda.DynamicArray([[1.0, 2.0], [3.0, 4.0]])
    d.flags.writeable = False
    return d


REFUSING = {
    "read-only": read_only,
    "F-ordered": lambda: cda.zeros((2, 3), order="F"),
    "0-d": lambda: cda.zeros(()),
    "view of an ndarray": lambda: np.zeros(3).view(cda.DynamicArray),
    "view of itself": lambda: np.ndarray.view(cda.zeros((3, 2)), cda.DynamicArray),
    "view of a slice": lambda: cda.zeros((3, 2))[1:].view(cda.DynamicArray),
    "strided view": lambda: np.zeros((6, 2))[::2].view(cda.DynamicArray),
    "copied by ndarray": lambda: np.ndarray.copy(cda.zeros((3, 2))),
    "view of a buffer": lambda: np.frombuffer(bytearray(b"abc"), "u1").view(cda.DynamicArray),
}

CHANGES = {
    "append": lambda d: d.append(1),
    "extend": lambda d: d.extend([1]),
    "extend by an array": lambda d: d.extend(np.zeros((1, *d.shape[1:]))),
    "extend by nothing": lambda d: d.extend([]),
    "insert": lambda d: d.insert(0, 1),
    "pop": lambda d: d.pop(),
    "pop(0)": lambda d: d.pop(0),
    "delete": lambda d: d.__delitem__(0),
    "delete slice": lambda d: d.__delitem__(slice(0, 1)),
    "delete every other": lambda d: d.__delitem__(slice(None, None, 2)),
    "delete list": lambda d: d.__delitem__([0]),
    "clear": lambda d: d.clear(),
    "resize": lambda d: d.resize(7),
    "resize to 2-d": lambda d: d.resize((7, 2)),
    "reserve": lambda d: d.reserve(1),
}


@pytest.mark.parametrize(
    ("kind", "change"),
    # A 0-d array has no rows; ndarray.resize gives it some, and so does ours.
    [(kind, change) for kind in REFUSING for change in CHANGES if not (kind == "0-d" and "resize" in change)],
)
def test_arrays_that_cannot_change(kind, change):
    d = REFUSING[kind]()
    with unchanged(d), pytest.raises(ValueError, match=r"[a-z]"):
        CHANGES[change](d)


@pytest.mark.parametrize("kind", REFUSING)
def test_what_the_message_advises_helps(kind):
    d = REFUSING[kind]()
    if kind == "read-only":
        d.flags.writeable = True
    elif d.ndim == 0:
        d = d.reshape(1).view(cda.DynamicArray).copy()
    else:
        d = d.copy(order="C")
    assert_still_works(d)


# Iterators and elements that fail or interfere.


@pytest.mark.parametrize("row_shape", [(), (2,)], ids=row_id)
@pytest.mark.parametrize(
    ("dtype", "count"),
    [(dtype, count) for dtype in DTYPES for count in (0, 1, 5)]
    + [(np.dtype(code), 5000) for code in ("f8", "O")],
    ids=lambda value: dtype_id(value) if isinstance(value, np.dtype) else None,
)
def test_an_iterator_that_raises(dtype, row_shape, count, rng):
    rows = samples(dtype, (3, *row_shape), rng)
    d = cda.DynamicArray(rows)

    def values():
        for index in range(count):
            yield rows[index % 3]
        raise Failure

    with unchanged(d):
        assert error_of(d.extend, values()) is Failure
    assert_still_works(d)


def test_values_of_an_iterator_that_raises_are_dropped():
    d = cda.DynamicArray([Thing()], object)
    thing = Thing()
    before = sys.getrefcount(thing)

    def values():
        yield from [thing, thing]
        raise Failure

    assert error_of(d.extend, values()) is Failure
    assert sys.getrefcount(thing) == before


@pytest.mark.parametrize("method", ["__iter__", "__array__", "__getattr__"])
def test_values_that_raise_before_the_first(method):
    class Values:
        pass

    def fail(self, *args, **kwargs):
        raise Failure

    setattr(Values, method, fail)
    d = cda.DynamicArray([1.0, 2.0])
    with unchanged(d):
        assert error_of(d.extend, Values()) is Failure
    assert_still_works(d)


class Number:
    """A number that does something when it is converted."""

    def __init__(self, value, action):
        self.value, self.action = value, action

    def __float__(self):
        self.action()
        return float(self.value)

    def __index__(self):
        self.action()
        return int(self.value)

    __int__ = __index__


def fail():
    raise Failure


ADDING = {
    "append": lambda d, value: d.append(value),
    "insert": lambda d, value: d.insert(1, value),
    "extend": lambda d, value: d.extend([d[0], value]),
    "extend iterator": lambda d, value: d.extend(iter([d[0], value])),
}


@pytest.mark.parametrize("row_shape", [(), (2,)], ids=row_id)
@pytest.mark.parametrize("dtype", ["i4", "f8", ">f8", "D", "i4,f8"])
@pytest.mark.parametrize("adding", ADDING)
def test_an_element_that_raises(adding, dtype, row_shape, rng):
    d = cda.DynamicArray(samples(np.dtype(dtype), (3, *row_shape), rng))
    bad = Number(1, fail)
    value = (1, bad) if d.dtype.names else bad
    value = [d[0][0], value] if row_shape else value
    expected = assignment_error(d.dtype, row_shape, value)
    assert expected is not None
    with unchanged(d):
        assert error_of(ADDING[adding], d, value) is expected
    assert_still_works(d)


# What Python code can do to an array while another operation is under way.
INTERFERING = {
    "nothing": lambda d: None,
    "append": lambda d: d.append(d[0]),
    "grow past max_size": lambda d: d.resize((d.max_size + 1, *d.shape[1:])),
    "clear": lambda d: d.clear(),
    "pop": lambda d: d.pop(0),
    "shrink": lambda d: d.resize((2, *d.shape[1:])),
    "shrink_to_fit": lambda d: d.shrink_to_fit(),
    "insert": lambda d: d.insert(0, d[-1]),
    "delete": lambda d: d.__delitem__(slice(None, None, 2)),
}


@pytest.mark.parametrize("row_shape", [(), (2,)], ids=row_id)
@pytest.mark.parametrize("interfering", INTERFERING)
@pytest.mark.parametrize("adding", ADDING)
@pytest.mark.parametrize("backend_name", ["cpp", "heap"])
def test_an_element_that_changes_the_array(backend_name, adding, interfering, row_shape, rng):
    """First what its conversion does, then the operation, on what is there by then."""
    rows = rng.normal(size=(6, *row_shape))

    def make():
        with cda.options(backend=backend_name):
            return small_array(rows)

    expected = make()
    INTERFERING[interfering](expected)
    value = rng.normal(size=row_shape)
    if adding.startswith("extend"):
        expected.append(rows[0])
        expected.append(value)
    elif adding == "insert":
        expected.insert(1, value)
    else:
        expected.append(value)

    d = make()
    first = [True]

    def interfere():
        if first.pop():
            INTERFERING[interfering](d)
        first.append(False)

    flat = np.ravel(value).tolist()
    number = Number(flat[0], interfere)
    ADDING[adding](d, [number, *flat[1:]] if row_shape else number)
    assert_same(d, np.asarray(expected))
    assert_invariants(d)


@pytest.mark.parametrize("adding", ADDING)
@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda d: d.setflags(write=False), ValueError),
        (lambda d: d.resize((2, 2, 2)), RuntimeError),
        (lambda d: d.resize((4, 3)), RuntimeError),
        (lambda d: d.resize(8), RuntimeError),
    ],
    ids=["read-only", "3-d", "longer rows", "1-d"],
)
def test_an_element_that_makes_the_operation_impossible(adding, spoil, error, rng):
    d = cda.DynamicArray(rng.normal(size=(4, 2)))
    spoilt = d.copy()
    spoil(spoilt)
    assert error_of(ADDING[adding], d, [1.0, Number(2, lambda: spoil(d))]) is error
    assert_same(d, np.asarray(spoilt))
    assert d.flags.writeable == spoilt.flags.writeable
    assert_invariants(d)


# Indices.


@pytest.mark.parametrize("wanted", [0, 2, 5, -1, -6, 100])
@pytest.mark.parametrize("interfering", INTERFERING)
@pytest.mark.parametrize(
    "operation",
    [
        lambda a, index: a.pop(index),
        lambda a, index: a.insert(index, 7.0),
        lambda a, index: a.__delitem__(index),
        lambda a, index: a.__delitem__(slice(index, None)),
        lambda a, index: a.__delitem__(slice(1, index)),
        lambda a, index: a.__delitem__(slice(index, None, 2)),
        lambda a, index: a.__delitem__(slice(None, index, -1)),
    ],
    ids=["pop", "insert", "del", "del-from", "del-to", "del-every-other", "del-backwards"],
)
def test_an_index_that_changes_the_array(operation, interfering, wanted, rng):
    """The index counts on the array as it is after __index__, as in a list."""
    if wanted in (100, -6) and interfering == "grow past max_size":
        pytest.skip("slow for a list")
    rows = rng.normal(size=6)
    reference = small_array(rows)
    d = small_array(rows)
    INTERFERING[interfering](reference)
    expected = reference.tolist()
    expected_error = error_of(operation, expected, wanted)
    index = Number(wanted, lambda: INTERFERING[interfering](d))
    assert error_of(operation, d, index) is expected_error
    assert d.tolist() == expected
    assert_invariants(d)


@pytest.mark.parametrize("interfering", INTERFERING)
@pytest.mark.parametrize("new_length", [0, 1, 3, 6, 9, 5000])
@pytest.mark.parametrize("dtype", ["f8", object])
def test_a_size_that_changes_the_array(dtype, new_length, interfering, rng):
    rows = rng.integers(0, 100, 6).astype(dtype)
    expected = small_array(rows)
    INTERFERING[interfering](expected)
    expected.resize(new_length)
    d = small_array(rows)
    d.resize(Number(new_length, lambda: INTERFERING[interfering](d)))
    assert_same(d, np.asarray(expected))
    assert_invariants(d)


@pytest.mark.parametrize("shape", [(3,), (1, 1), (6, 1, 1), (12,)])
def test_a_slice_whose_index_changes_the_shape(shape, rng):
    d = cda.DynamicArray(rng.normal(size=(6, 2)))
    expected = d.copy()
    expected.resize(shape)
    found = d[Number(0, lambda: d.resize(shape)) :]
    assert_same(found, np.asarray(expected))


@pytest.mark.parametrize(
    "operation",
    [
        lambda a, index: a.pop(index),
        lambda a, index: a.insert(index, 7.0),
        lambda a, index: a.__delitem__(index),
    ],
    ids=["pop", "insert", "del"],
)
@pytest.mark.parametrize(
    "index",
    [3, -4, 100, 2**62, 2**63, -(10**30), 1.0, "0", None, Number(0, fail), (0,), b"1"],
    ids=lambda index: "fails" if isinstance(index, Number) else label(index),
)
def test_bad_indices_as_in_a_list(operation, index):
    values = [1.0, 2.0, 3.0]
    # Where an int is too large for a list, an array takes the nearest there is, as slices do.
    nearest = max(min(index, sys.maxsize), -sys.maxsize) if isinstance(index, int) else index
    expected = error_of(operation, values, nearest)
    d = cda.DynamicArray([1.0, 2.0, 3.0])
    if expected is None:
        operation(d, index)
        assert d.tolist() == values
        return
    with unchanged(d):
        # Foreign keys to delete are an IndexError to an array.
        found = error_of(operation, d, index)
        assert found is expected or (found, expected) == (IndexError, TypeError)
    assert_still_works(d)


@pytest.mark.parametrize(
    "key",
    [
        np.array([0, 3]), [-4], [0.5], ["a"], np.array([True, False]), [True] * 4,
        np.zeros(0, bool), np.zeros((3, 2), bool), ..., None, (0, 1),
    ],
    ids=label,
)
def test_bad_keys_to_delete(key):
    d = cda.DynamicArray([[1.0, 2.0], [3, 4], [5, 6]])
    with unchanged(d):
        assert error_of(d.__delitem__, key) is IndexError
    assert_still_works(d)


# Sizes.


@pytest.mark.parametrize(
    "shape",
    [-1, (-1,), (2, -3), (-1, 0), "3", 3.5, (3.0,), (3, "2"), [[1, 2]], {}, object()],
    ids=label,
)
@pytest.mark.usefixtures("backend")
def test_impossible_shapes(shape, rng):
    d = cda.DynamicArray(rng.normal(size=5))
    expected = error_of(lambda: np.zeros(5).resize(shape, refcheck=False))
    assert expected is not None
    with unchanged(d):
        assert error_of(d.resize, shape) is expected
    assert_still_works(d)


TOO_LARGE_ERRORS = (MemoryError, OverflowError)
TOO_LARGE = [2**46, 2**60, 2**61, 2**62, 2**63 - 1, 2**63, 2**64, 10**30]


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("dtype", ["f8", "S100", object, "T", "i4,O"])
@pytest.mark.parametrize("size", TOO_LARGE)
def test_sizes_that_cannot_be_had(size, dtype, rng):
    d = cda.DynamicArray(samples(np.dtype(dtype), 5, rng))
    for shape in (size, (size,), (size, 2), (2, size), (size, size), (1 << 32, size)):
        with unchanged(d):
            assert error_of(d.resize, shape) is MemoryError
    with unchanged(d):
        assert error_of(d.reserve, size) in TOO_LARGE_ERRORS
    assert_still_works(d)


@pytest.mark.parametrize("size", TOO_LARGE)
def test_sizes_that_cannot_be_made(size):
    for keyword in ("capacity", "max_size"):
        make = functools.partial(cda.DynamicArray, [1.0], **{keyword: size})
        assert error_of(make) in TOO_LARGE_ERRORS
    for shape in (size, (size, 0), (0, size), (2, size)):
        expected = error_of(np.empty, shape)
        found = error_of(cda.zeros, shape)
        # NumPy has a MemoryError of its own.
        assert found is expected or (expected is not None and issubclass(expected, found))


@pytest.mark.parametrize("size", TOO_LARGE)
def test_arrays_made_after_a_failure_have_their_addresses(size):
    """What one array could not have says nothing about the others."""

    def sizes():
        return [array.max_size for array in [cda.DynamicArray([1.0]) for _ in range(5)]]

    with cda.options(backend="cpp"):
        d = cda.DynamicArray([1.0])
        before = sizes()
        for fail in (d.resize, d.reserve, cda.zeros, lambda size: cda.zeros((2, size))):
            assert error_of(fail, size) is not None
        assert sizes() == before


@pytest.mark.parametrize("rows", [-1, -(2**63), -(10**30), 1.5, "3", None])
def test_bad_reserve(rows):
    d = cda.DynamicArray([1.0, 2.0])
    expected = (ValueError, OverflowError) if isinstance(rows, int) else (TypeError,)
    with unchanged(d):
        assert error_of(d.reserve, rows) in expected
    for keyword in ("capacity", "max_size"):
        assert error_of(functools.partial(cda.DynamicArray, [1.0], **{keyword: rows})) in expected


@pytest.mark.parametrize("dtype", ["f8", "i1", "S100"])
def test_values_that_do_not_fit_into_memory(dtype):
    huge = np.broadcast_to(np.zeros((), dtype), 1 << 47)
    d = cda.DynamicArray([1, 2, 3], "f8")
    with unchanged(d):
        assert issubclass(error_of(d.extend, huge), MemoryError)
    assert_still_works(d)


@pytest.mark.parametrize("dtype", ["f8", object])
def test_rows_that_do_not_fit_into_memory(dtype):
    d = cda.zeros((0, 1 << 46), dtype)
    with unchanged(d):
        assert error_of(d.append, 1) is MemoryError
        assert error_of(d.insert, 0, 1) is MemoryError
        assert error_of(d.resize, (1, 1 << 46)) is MemoryError


@pytest.mark.usefixtures("backend")
def test_as_many_rows_as_there_can_be():
    """Rows without bytes run out of numbers, not of memory."""
    most = np.iinfo(np.intp).max
    d = cda.zeros((most, 0), "i1")
    for operation in (
        lambda: d.append([]),
        lambda: d.insert(0, []),
        lambda: d.extend(np.zeros((1, 0), "i1")),
        lambda: d.extend(d),
    ):
        with unchanged(d):
            assert error_of(operation) in TOO_LARGE_ERRORS
    d.pop()
    d.append([])
    assert len(d) == most


LIMITED = """
    import resource
    import numpy as np
    import cppdynarray as cda
    from helpers import error_of, loses
    from cppdynarray.testing import assert_invariants

    cda.set_options(backend={backend!r})
    with open("/proc/self/statm") as numbers:
        used = int(numbers.read().split()[0]) * resource.getpagesize()
    most = 256 << 20
    resource.setrlimit(resource.RLIMIT_AS, (used + most, used + most))

    block = np.arange(50_000, dtype={dtype!r})
    d = cda.DynamicArray(block)
    blocks = 1
    while True:
        length, capacity = len(d), d.capacity
        try:
            d.extend(block)
        except MemoryError:
            break
        blocks += 1
        assert d.nbytes < most, "more memory than there is"
    assert (len(d), d.capacity) == (length, capacity)
    assert len(d) == blocks * len(block)
    for first in range(0, len(d), len(block)):
        assert (d[first : first + len(block)] == block).all()
    for operation in (
        lambda: d.extend(d),
        lambda: d.resize(most),
        lambda: d.reserve(most),
        lambda: d.reserve(1 << 40),
    ):
        assert issubclass(error_of(operation), MemoryError)
        assert (len(d), d.capacity) == (length, capacity)
    del d[len(block) :]
    d.append(d[1])
    assert d[-1] == block[1]
    assert len(d) == len(block) + 1
    assert_invariants(d)
"""


@pytest.mark.parametrize("dtype", ["f8", "O"])
@pytest.mark.parametrize("backend", ["cpp", "heap"])
def test_out_of_memory(backend, dtype):
    if not sys.platform.startswith("linux"):
        pytest.skip("limits of the address space are known to work on Linux only")
    program = textwrap.dedent(LIMITED.format(backend=backend, dtype=dtype))
    path = os.pathsep.join(sys.path)
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr


def test_helpers_notice_changes():
    """The check used all over this file does see a change."""
    thing = Thing()
    d = cda.DynamicArray([thing, Thing()], object)
    held = []
    for change in (
        lambda: d.append(1),
        lambda: d.__setitem__(0, Thing()),
        lambda: d.reserve(10 * d.capacity),
        lambda: held.append(d[1]),
        lambda: d.setflags(write=False),
    ):
        with pytest.raises(AssertionError), unchanged(d):
            change()
    assert leaves(np.asarray(d))
    assert model_array([1], (), np.dtype("i4"))[0]
