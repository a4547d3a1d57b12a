"""d[key] and d[key] = value: what ndarray does, for any key, dtype and value."""

import ctypes
import datetime
import decimal
import fractions
import operator
import pickle
import sys

import numpy as np
import pytest

import cppdynarray as cda
from comparison import assert_alike, attempt, noted
from helpers import PLAIN_DTYPES, Thing, assert_same, dtype_id, label, samples

NUMBERS = np.arange(6) * 1.5
TABLE = np.arange(12.0).reshape(4, 3)
CUBE = np.arange(24).reshape(2, 3, 4)
RECORDS = np.array([(1, 2.5, b"ab"), (3, 4.5, b"cd")], [("x", "i4"), ("y", "f8"), ("s", "S2")])
OBJECTS = np.array([Thing("one"), None, [1, 2], "text", 5, (6,)], object)
ARRAYS = {
    "1d": NUMBERS,
    "2d": TABLE,
    "3d": CUBE,
    "0d": np.array(7.5),
    "empty": np.zeros(0),
    "no rows": np.zeros((0, 3)),
}


class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value

    def __repr__(self):
        return f"Index({self.value})"


class BadIndex:
    def __index__(self):
        raise KeyError("index")

    def __repr__(self):
        return "BadIndex()"


class IntSubclass(int):
    pass


class TupleSubclass(tuple):
    pass


INTS = [
    0, 1, 5, 6, -1, -6, -7, 2**31, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**30,
    True, False, np.True_, IntSubclass(2), Index(3), Index(10**20), BadIndex(),
    *(np.dtype(code).type(2) for code in "bBhHiIlLqQ"), np.int8(-3), np.array(1), np.array(2, "u1"),
    np.array(True),
]
SLICES = [
    slice(None), slice(2), slice(2, None), slice(1, 4), slice(None, None, 2), slice(None, None, -1),
    slice(4, 1), slice(4, 1, -1), slice(4, 1, 2), slice(-3, None), slice(None, -3),
    slice(-100, 100),
    slice(100, 200), slice(0, 0), slice(6, 6), slice(5, None, 100), slice(None, None, -100),
    slice(10**30), slice(-(10**30), 10**30, 10**30), slice(None, None, -(10**30)), slice(0, 5, 0),
    slice(Index(1), Index(5), Index(2)), slice(np.int8(1), np.uint64(4)), slice(1.0, 2), slice("a"),
    slice(BadIndex()),
    slice(2**63 - 1, None), slice(None, None, 2**63 - 1), slice(None, None, -(2**63)),
    slice(True, 3),
]
OTHERS = [
    ..., None, (), (...,), (None,), (..., None), (None, ..., None), (..., ...), (0,),
    (slice(1, 3),), (None, 0), (0, None),
    (0, ...), (..., 0), TupleSubclass((0,)), 1.0, np.float64(1), "x", b"x", 1j, object(), {1},
    {1: 2}, range(2),
    [], [0], [-1, 1, 1], [6], [True] * 6, [0.5], [[0, 1], [2, 3]], ["x"], [None], ([0, 1],), ([],),
    ([[]],), (np.newaxis, [1, 0]),
    np.array([], int), np.array([]), np.array([1, -1], "i1"), np.array([3, 1], "u8"),
    np.array([[0], [1]]), np.array([1, 2], object),
    np.array([1, 2], ">i2"), np.array([True, False]), np.array([True, False] * 3),
    np.zeros(6, bool), np.ones(6, bool),
    np.ones((4, 3), bool), np.zeros((2, 3, 4), bool), np.array([1, 2], "m8[s]"),
    memoryview(b"\0\1"), np.ma.array([0, 1]),
]
TUPLES = [
    (0, 0), (1, -1), (3, 2), (0, 3), (4, 0), (-5, 0), (True, 1), (np.int8(1), 2),
    (Index(1), Index(2)), (IntSubclass(1), 1),
    (0, 0, 0), (1, 2, 3), (-1, -1, -1), (2, 0, 0), (0, 0, 0, 0), (0, 10**30), (0, 1.0), (0, "x"),
    (0, BadIndex()), (0, None), (None, 0, 0),
    (slice(None), 1), (1, slice(None)), (slice(1, 3), slice(None, None, -1)), (..., 1), (1, ...),
    (0, ..., 0), (0, 0, ...), (..., 0, 0),
    (slice(None), slice(None), slice(None)), (slice(None),) * 4, ([0, 1], 1), (1, [0, 1]),
    ([0, 1], [2, 0]), ([0, 1], slice(None)),
    (slice(None), [0, 2]), ([[0], [1]], [0, 1]), (slice(None), None, [0, 1]), ([0], 0, [0]),
    ([0], slice(None), [0]),
    (np.array([True, False, True, False]), 1), (slice(None), np.array([True, False, True])),
    (np.array([0, 1]), np.array([1, 1])),
    (np.array(1), np.array(2)), (True, [0, 1]), (False,), (..., [0, 1], None), ((0, 1), 1),
    (0, (0, 1)),
]


def key_id(key):
    return label(key).replace("\n", "")[:60]


def assert_same_item(array, key):
    """a[key], whose result is ndarray's: the very class, dtype, strides, base, or exception."""
    return assert_alike(lambda a: a[key], array)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("key", INTS + SLICES + OTHERS + TUPLES, ids=key_id)
def test_item_is_that_of_ndarray(key):
    for name, array in ARRAYS.items():
        with noted(name):
            assert_same_item(array, key)


def test_item_of_every_dtype_and_row_shape(dtype, row_shape, rng):
    array = samples(dtype, (4, *row_shape), rng)
    for key in [
        0,
        -1,
        3,
        4,
        np.int16(2),
        (),
        (1,),
        (..., 1),
        ...,
        None,
        slice(1, 3),
        slice(None, None, -2),
        slice(3, 1),
        [2, 0],
        [True, False] * 2,
        (slice(None), 1),
        (1, 1),
        (2, ..., 0),
    ]:
        with noted(key_id(key)):
            assert_same_item(array, key)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    "key",
    [
        0,
        -1,
        (1, 2),
        (0, 1, 2),
        slice(1, None),
        (slice(None), 1),
        (..., 1),
        [1, 0],
        (1, slice(None, None, 2)),
    ],
    ids=key_id,
)
def test_item_follows_the_strides(order, key):
    assert_same_item(np.array(CUBE, order=order), key)


@pytest.mark.parametrize(
    "key",
    [
        "x",
        "s",
        "missing",
        "",
        ["x"],
        ["y", "x"],
        ["x", "x"],
        ["missing"],
        [],
        0,
        -1,
        2,
        (0,),
        [0, 1],
        slice(1),
        ("x",),
        ("x", 0),
        np.str_("y"),
    ],
    ids=key_id,
)
def test_fields(key):
    assert_same_item(RECORDS, key)


def test_fields_are_live_views():
    d = cda.array(RECORDS)
    x = d["x"]
    assert x.base is d
    d.append((5, 6.5, b"ef"))
    x[0] = 10
    assert d[0]["x"] == 10
    d["y"] = 1
    assert d["y"].tolist() == [1.0, 1.0, 1.0]


def test_void_scalars_write_through():
    d = cda.array(RECORDS)
    record = d[1]
    assert type(record) is np.void
    record["x"] = 30
    assert d[1]["x"] == 30
    record["s"] = b"zz"
    assert d["s"].tolist() == [b"ab", b"zz"]
    assert record.base is d


def test_void_scalars_keep_the_memory():
    record = cda.array(RECORDS)[1]
    cda.full(1000, 7.0)
    assert record.tolist() == (3, 4.5, b"cd")


@pytest.mark.parametrize("position", range(6))
def test_objects_are_the_very_objects(position):
    d = cda.array(OBJECTS)
    assert d[position] is OBJECTS[position]
    assert d[position - 6] is OBJECTS[position]


@pytest.mark.parametrize(
    "key", [0, (0, 1), slice(1, 3), [1, 0], np.array([True, False])], ids=key_id
)
def test_items_of_object_arrays_that_hold_arrays(key):
    inner = np.empty(2, object)
    inner[:] = [cda.arange(3), np.arange(2)]
    d = cda.array(inner)
    assert d[0] is inner[0]
    assert type(d[0]) is cda.DynamicArray
    assert_same_item(inner, key)


# DynamicArrays as keys.

KEY_ARRAYS = {
    "ints": np.array([2, 0, -1]), "bools": np.array([True, False, True, False]),
    "none": np.array([], int), "two axes": np.array([[0, 1], [2, 3]]),
    "mask": TABLE > 4, "0d": np.array(1), "floats": np.array([1.0]),
    "small ints": np.array([1, 0], "u1"), "out of bounds": np.array([4]),
}


@pytest.mark.parametrize("key", KEY_ARRAYS.values(), ids=KEY_ARRAYS)
def test_a_dynamic_array_as_key(key):
    assert_alike(lambda a, k: a[k], TABLE, key)
    assert_alike(lambda a, k: a[k, ...], TABLE, key)
    assert_alike(lambda a, k: a[[k, k]], TABLE, key)
    assert_alike(lambda a, k: operator.setitem(a, k, -1), TABLE, key)
    assert_alike(lambda a, k: operator.setitem(a, (k,), -1), TABLE, key)


@pytest.mark.parametrize("key", KEY_ARRAYS.values(), ids=KEY_ARRAYS)
def test_a_dynamic_array_as_key_of_a_plain_array(key):
    assert_alike(lambda k: TABLE[k], key)
    assert_alike(lambda k: TABLE.copy().__setitem__(k, -1), key)


def test_a_dynamic_array_indexes_itself():
    assert_alike(lambda a: a[a], np.array([2, 0, 1]))
    assert_alike(lambda a: operator.setitem(a, a, a[::-1].copy()), np.array([2, 0, 1]))
    assert_alike(lambda a: operator.setitem(a, a, a), np.array([2, 0, 1]))
    assert_alike(lambda a: a[a > 0], np.array([2, 0, 1]))


def test_slices_with_dynamic_arrays_as_ends():
    assert_alike(lambda a, k: a[k : k + 2], NUMBERS, np.array(1))
    assert_alike(lambda a, k: a[k:], NUMBERS, np.array([1]))


# Setting.


def assert_same_assignment(array, key, value):
    """a[key] = value leaves what it leaves in an ndarray, bit for bit, or raises the same."""
    assert_alike(lambda a: operator.setitem(a, key, value), array)


@pytest.mark.parametrize("key", INTS + SLICES + OTHERS + TUPLES, ids=key_id)
def test_assignment_is_that_of_ndarray(key):
    for name, array in ARRAYS.items():
        with noted(name):
            assert_same_assignment(array, key, -1)


VALUES = [
    0, 1, -1, 127, 128, 255, 256, -128, -129, 2**15, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1,
    2**32, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, 2**64,
    -(2**63), -(2**63) - 1, 10**30, 10**400, -(10**400), True, False, IntSubclass(3), Index(3),
    0.0, -0.0, 1.5, -1.5, 0.1, 1e300, -1e300, 1e-320, 1e-50, 3.4e38, 3.5e38, 65504.0, 65520.0, 1e5,
    float("inf"), -float("inf"), float("nan"), -float("nan"),
    1j, 1 + 0j, complex("nan+infj"), complex(-0.0, -0.0),
    "1", "1.5", "nan", "text", "2020-01-01", "", "x" * 20, "é", b"1", b"text", b"", b"\0a",
    bytearray(b"ab"), None, ..., object,
    (), (1,), (1, 2.5), (1, 2, 3), [], [1], [1, 2], [[1]], {}, {1}, range(1), range(2), Thing("x"),
    np.float64(1.5), np.float64("nan"), np.float64(-0.0), np.float64(1e300), np.float32(0.1),
    np.float16(0.1), np.longdouble("1e4000"), np.longdouble("0.1"),
    *(np.dtype(code).type(3) for code in "?bBhHiIlLqQefdgFDG"), np.int8(-3), np.int64(-1),
    np.int64(300), np.uint64(2**64 - 1), np.complex128(1 + 2j), np.complex64(1j),
    np.datetime64("2020-01-01"), np.datetime64("NaT", "s"), np.datetime64(5, "ns"),
    np.timedelta64(7, "s"), np.timedelta64("NaT", "s"), np.timedelta64(3, "ms"),
    np.str_("1"), np.str_("abcdefgh"), np.bytes_(b"1"), np.void(b"abc"),
    np.void(b"\1\2\3\4\5\6\7\10"), np.True_,
    np.array(1.5), np.array(3), np.array([1.5]), np.array([1, 2]), np.array([[2]]), np.array([]),
    np.array("5"), np.array(None), np.array([None]), np.array(1, ">i4"),
    datetime.datetime(2020, 1, 2, 3), datetime.date(2020, 1, 2), datetime.timedelta(seconds=5),
    decimal.Decimal("1.5"), fractions.Fraction(1, 2), memoryview(b"a"), ctypes.c_int(3), RECORDS[0],
    np.ma.masked, np.ma.array([1]),
]


def value_id(value):
    return f"{type(value).__name__} {key_id(value)[:40]}"


TARGET_DTYPES = [
    *PLAIN_DTYPES,
    np.dtype(object),
    np.dtypes.StringDType(),
    np.dtypes.StringDType(na_object=None),
    RECORDS.dtype,
    np.dtype("i4,(2,)f4"),
    np.dtype("i8").newbyteorder(),
]


@pytest.mark.parametrize("target", TARGET_DTYPES, ids=dtype_id)
def test_a_set_element_is_bit_for_bit_that_of_ndarray(target):
    for value in VALUES:
        try:
            assert_same_assignment(np.zeros(3, target), 1, value)
            assert_same_assignment(np.zeros((2, 2), target), (1, 0), value)
        except AssertionError as error:
            raise AssertionError(f"a[1] = {value!r} for {target}: {error}") from error


@pytest.mark.parametrize("target", TARGET_DTYPES, ids=dtype_id)
def test_set_slices_and_rows_are_those_of_ndarray(target):
    for value in VALUES:
        try:
            assert_same_assignment(np.zeros(3, target), slice(1, None), value)
            assert_same_assignment(np.zeros((2, 2), target), 1, value)
        except AssertionError as error:
            raise AssertionError(f"a[1:] = {value!r} for {target}: {error}") from error


def test_values_of_every_dtype_are_set(dtype, row_shape, rng):
    array = samples(dtype, (3, *row_shape), rng)
    value = samples(dtype, (1, *row_shape), rng)[0]
    for position in (0, 1, -1, 3, -4, np.int32(2)):
        with noted(f"at {position}"):
            assert_same_assignment(array, position, value)
            assert_alike(lambda a, at=position: operator.setitem(a, at, a[0]), array)


def test_overflow_warns_as_in_ndarray():
    d = cda.zeros(2, "f4")
    with pytest.warns(RuntimeWarning, match="overflow"):
        d[0] = 1e300
    assert d[0] == np.inf
    d[1] = float("inf")  # no warning


def test_overflow_leaves_the_element():
    d = cda.array([1, 2], "i1")
    with pytest.raises(OverflowError):
        d[0] = 300
    assert d.tolist() == [1, 2]


@pytest.mark.parametrize(
    "value",
    [
        np.arange(3.0),
        np.array(5),
        np.arange(12).reshape(4, 3),
        np.arange(4),
        np.zeros((1, 3)),
        np.arange(3) * 1j,
    ],
    ids=key_id,
)
@pytest.mark.parametrize(
    "key", [0, slice(None), slice(1, 2), [0, 2], (0, 1), ..., (slice(None), 0)], ids=key_id
)
def test_dynamic_arrays_as_values(key, value):
    assert_alike(lambda a, v: operator.setitem(a, key, v), TABLE, value)
    assert_alike(lambda v: operator.setitem(TABLE.copy(), key, v), value)
    assert_alike(lambda a, v: operator.setitem(a, key, [v, v]), TABLE, value)


@pytest.mark.parametrize(
    "source, target",
    [
        (slice(None, -1), slice(1, None)),
        (slice(1, None), slice(None, -1)),
        (slice(None, None, -1), slice(None)),
    ],
    ids=key_id,
)
def test_overlapping_assignment(source, target):
    assert_alike(lambda a: operator.setitem(a, target, a[source]), NUMBERS)


@pytest.mark.parametrize("key", [0, -1, 6, slice(1, 3), ..., [0], (0,)], ids=key_id)
def test_a_read_only_array_is_not_set(key):
    def make(array):
        d = cda.array(array)
        d.flags.writeable = False
        return d

    def assign(a):
        a.flags.writeable = False
        a[key] = 1.0

    assert_alike(assign, NUMBERS, make=make)


@pytest.mark.parametrize("key", [1, slice(2)])
def test_numpy_warns_of_writing_to_some_arrays(key):
    def write(array):
        array.flags._warn_on_write = True
        array[key] = 5.0

    assert_alike(write, np.arange(3.0))


@pytest.mark.parametrize("field", ["x", "y", "s"])
@pytest.mark.parametrize("value", [1, 2.5, b"q", [1, 2], "x", None, (1, 2)], ids=value_id)
def test_fields_are_set(field, value):
    assert_same_assignment(RECORDS, field, value)


@pytest.mark.parametrize(
    "value",
    [(9, 9.5, b"zz"), (9, 9.5), 5, [(1, 2, b"a"), (3, 4, b"b")], RECORDS[0], RECORDS[::-1], None],
    ids=value_id,
)
@pytest.mark.parametrize("key", [0, slice(None), ["x", "y"], [1, 0]], ids=key_id)
def test_records_are_set(key, value):
    assert_same_assignment(RECORDS, key, value)


def test_a_value_whose_conversion_grows_the_array():
    class Growing:
        def __float__(self):
            d.append(9.0)
            return 5.0

    d = cda.DynamicArray([1.0, 2.0])
    d[1] = Growing()
    assert d.tolist() == [1.0, 5.0, 9.0]


def test_an_index_that_shrinks_the_array():
    class Shrinking:
        def __index__(self):
            d.resize(2)
            return 4

    d = cda.arange(6)
    found, error, _ = attempt(lambda: d[Shrinking()])
    assert type(error) is IndexError or found == 4
    d = cda.arange(6)
    assert len(d[: Shrinking()]) == 2
    for dtype in (int, object):  # the assignment is to the array of before, whose rows are gone then
        d = cda.DynamicArray(range(6), dtype)
        thing = object() if dtype is object else 3
        references = sys.getrefcount(thing)
        d[Shrinking()] = thing
        assert d.tolist() == [0, 1]
        assert sys.getrefcount(thing) == references


def test_an_index_that_removes_dimensions_is_refused_or_works_on_what_there_is():
    class Flattening:
        def __index__(self):
            d.resize(3)
            return 1

    d = cda.zeros((4, 2, 2))
    found, error, _ = attempt(lambda: d[Flattening() :])
    assert error is not None or found.shape == (2,)


# The sequence protocol in C, for those who don't ask for the mapping.

_get_item = ctypes.pythonapi.PySequence_GetItem
_get_item.restype, _get_item.argtypes = ctypes.py_object, [ctypes.py_object, ctypes.c_ssize_t]
_set_item = ctypes.pythonapi.PySequence_SetItem
_set_item.restype, _set_item.argtypes = (
    ctypes.c_int,
    [ctypes.py_object, ctypes.c_ssize_t, ctypes.py_object],
)
_get_slice = ctypes.pythonapi.PySequence_GetSlice
_get_slice.restype, _get_slice.argtypes = (
    ctypes.py_object,
    [ctypes.py_object, ctypes.c_ssize_t, ctypes.c_ssize_t],
)


@pytest.mark.parametrize("position", [0, 3, 5, 6, -1, -6, -7, -13])
@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_the_c_sequence_protocol(array, position):
    assert_alike(lambda a: _get_item(a, position), array)
    assert_alike(lambda a: _set_item(a, position, 7), array)


@pytest.mark.parametrize("start, stop", [(0, 3), (2, 100), (4, 2), (-3, -1)])
def test_the_c_slice_protocol(start, stop):
    assert_alike(lambda a: _get_slice(a, start, stop), NUMBERS)


# Iteration, membership, length.


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_iteration(array):
    assert_alike(lambda a: list(a), array)
    assert_alike(lambda a: tuple(reversed(a)), array)
    assert_alike(lambda a: [*a], array)
    assert_alike(lambda a: list(enumerate(a)), array)


def test_iteration_of_every_dtype(dtype, row_shape, rng):
    assert_alike(lambda a: list(a), samples(dtype, (3, *row_shape), rng))


def test_iteration_sees_what_is_appended_meanwhile():
    d = cda.arange(3)
    seen = []
    for x in d:
        seen.append(int(x))
        if len(d) < 10_000:
            d.append(len(d))
    assert seen == list(range(10_000))


def test_iteration_ends_when_the_array_shrinks():
    d = cda.arange(10)
    seen = []
    for x in d:
        seen.append(int(x))
        d.resize(max(len(d) - 2, 0))
    assert seen == [0, 1, 2, 3]


def test_iteration_past_the_reservation():
    cda._core._memory.trim()
    with cda.options(reserve_bytes=1):
        d = cda.DynamicArray([0], "i8")
    for x in d:
        if len(d) < 100_000:
            d.append(x + 1)
    assert d.tolist() == list(range(100_000))


def test_iterating_over_rows_gives_views():
    d = cda.zeros((2, 3))
    for row in d:
        assert type(row) is np.ndarray
        assert row.base is d
        row[:] = 1
    assert d.tolist() == [[1.0] * 3] * 2


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        2,
        100,
        None,
        "x",
        float("nan"),
        [1.5],
        [0, 1.5, 3, 4.5, 6, 7.5],
        object(),
        np.array(3),
        (),
        [1, 2],
    ],
    ids=value_id,
)
@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_membership(array, value):
    assert_alike(lambda a: value in a, array)


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_length_truth_and_numbers(array):
    for function in (
        len,
        bool,
        int,
        float,
        complex,
        operator.index,
        hash,
        abs,
        str,
        operator.length_hint,
    ):
        assert_alike(function, array)


@pytest.mark.parametrize(
    "array",
    [
        np.array([5]),
        np.array(5),
        np.array([True]),
        np.array(2.0),
        np.array([[3]]),
        np.array("7"),
        np.array(None),
    ],
    ids=key_id,
)
def test_conversion_of_single_elements(array):
    for function in (bool, int, float, complex, operator.index, round, str, format, "{:3}".format):
        assert_alike(function, array)


@pytest.mark.parametrize("key", [0, slice(1, 3), (0,), [0]], ids=key_id)
def test_deleting_from_a_plain_view_is_refused(key):
    d = cda.arange(4)
    with pytest.raises(ValueError):
        del d[:][key]
    assert len(d) == 4


# Views that indexing gives.


@pytest.mark.parametrize(
    "key",
    [
        slice(1, 3),
        ...,
        (),
        None,
        (slice(None), 1),
        1,
        (None, 1),
        (..., slice(2)),
        slice(None, None, -1),
        (1, ...),
    ],
    ids=key_id,
)
def test_views_write_through_and_stay_live(key):
    d = cda.array(TABLE)
    view = d[key]
    assert type(view) is np.ndarray
    assert view.base is d
    assert view[...].base.base is d  # NumPy doesn't look through a base of another class
    for _ in range(10_000):
        d.append([1, 2, 3])
    view[...] = -1
    expected = TABLE.copy()
    expected[key] = -1
    assert_same(d[:4], expected)
    d[:4] = 5
    assert np.all(view == 5)


@pytest.mark.parametrize(
    "key",
    [
        slice(4, 1),
        slice(0, 0),
        slice(6, None),
        slice(None, None, 2),
        slice(4, 1, 2),
        slice(3, 3, -1),
    ],
    ids=key_id,
)
def test_empty_views_point_where_ndarrays_do(key):
    def offset(a):
        view = a[key]
        return view.__array_interface__["data"][0] - a.__array_interface__["data"][0]

    assert_alike(offset, NUMBERS)
    assert_alike(offset, TABLE)


def test_indexing_keeps_no_references(rng):
    array = samples(np.dtype(object), 5, rng)
    d = cda.array(array)
    before = [sys.getrefcount(x) for x in array]
    for key in (0, -1, slice(1, 3), [0, 1], ..., (0,)):
        d[key]
        d[key] = d[key]
        attempt(lambda: d[99])
    assert [sys.getrefcount(x) for x in array] == before
    assert sys.getrefcount(d) == 2


def test_items_outlive_the_array():
    made = pickle.loads(pickle.dumps(cda.array(TABLE)))
    row, element = made[1], made[2, 2]
    del made
    cda.full((4, 3), -1.0)
    assert row.tolist() == [3.0, 4.0, 5.0]
    assert element == 8.0
