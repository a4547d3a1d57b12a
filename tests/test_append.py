"""append: one row at the end."""

import sys

import numpy as np
import pytest

import cppdynarray as cda
from cppdynarray.testing import assert_invariants
from helpers import address, assert_same, joined, loses, model_array, samples, small_array, unchanged

pytestmark = pytest.mark.usefixtures("backend")


def test_appends_any_dtype_and_row_shape(dtype, row_shape, rng):
    rows = samples(dtype, (20, *row_shape), rng)
    d = cda.DynamicArray(rows[:0])
    for count, row in enumerate(rows, start=1):
        assert d.append(row) is None
        assert len(d) == count
    assert_same(d, rows)
    assert_invariants(d)


def test_appends_python_values(dtype, rng):
    if dtype.kind == "V" and not dtype.names:
        pytest.skip("tolist() gives void scalars as such")
    rows = samples(dtype, 20, rng)
    d = cda.DynamicArray(dtype=dtype)
    for value in rows.tolist():
        d.append(value)
    assert_same(d, model_array(rows.tolist(), (), dtype))


def test_grows_past_many_capacities(rng):
    values = rng.normal(size=200_000)
    d = cda.DynamicArray(dtype="f8")
    capacities = set()
    for value in values.tolist():
        d.append(value)
        capacities.add(d.capacity)
        assert d.capacity >= len(d)
    assert_same(d, values)
    # Each capacity is at least the growth factor times the one before.
    factor = cda.get_options()["growth_factor"]
    smaller, larger = sorted(capacities)[:-1], sorted(capacities)[1:]
    assert all(b >= int(a * factor) for a, b in zip(smaller, larger, strict=True))
    assert_invariants(d)


def test_every_way_of_broadcasting(row_shape, rng):
    d = cda.zeros((0, *row_shape))
    rows = []
    ones = (1,) * len(row_shape)
    for source_shape in {(), (1,), row_shape, row_shape[-1:], ones} - {(1, *row_shape)}:
        value = rng.normal(size=source_shape)
        expected = np.zeros((1, *row_shape))
        try:
            expected[0] = value
        except (TypeError, ValueError):
            continue
        d.append(value)
        rows.append(expected[0])
    assert rows
    # One row in more dimensions, which NumPy would take, is many rows: a list isn't taken either.
    with unchanged(d), pytest.raises((TypeError, ValueError), match="use extend"):
        d.append(np.zeros((1, *row_shape)))
    assert_same(d, model_array(rows, row_shape, d.dtype))


def test_contiguity_flags_follow_the_length():
    d = cda.zeros((0, 3))
    for value in range(4):
        assert_invariants(d)
        d.append(value)
        assert_same(d.T.copy(), np.array(np.arange(value + 1.0)[None].repeat(3, axis=0)))


@pytest.mark.parametrize("shape", [(1, 3), (3, 1), (0, 3), (1, 1), (1, 2, 1)])
def test_arrays_that_are_both_c_and_f_ordered_grow(shape, rng):
    content = rng.normal(size=shape)
    d = cda.empty(shape, order="F")
    d[...] = content
    d.append(content[:1].sum(axis=0))
    assert_same(d, joined(content, content[:1].sum(axis=0)[None]))
    assert_invariants(d)


def test_appends_a_row_of_its_own(dtype, row_shape, rng):
    rows = samples(dtype, (3, *row_shape), rng)
    d = cda.DynamicArray(rows)
    for _ in range(3):
        d.append(d[1])
    assert_same(d, rows[[0, 1, 2, 1, 1, 1]])


def test_appends_a_row_of_its_own_when_the_data_moves(dtype, rng):
    rows = samples(dtype, (3, 5), rng)
    d = small_array(rows)
    d.extend(np.repeat(rows[:1], d.max_size - len(d), axis=0))
    before = address(d)
    d.append(d[1])
    assert address(d) != before
    assert_same(d[-1], rows[1])
    assert_same(d[:3], rows)


def test_appends_itself_as_an_object():
    d = cda.DynamicArray(dtype=object)
    d.append(d)
    assert d[0] is d
    d.clear()


def test_objects_that_are_sequences_stay_objects():
    values = [[1, 2], (3, 4), "text", np.arange(3), None, {}]
    d = cda.DynamicArray(dtype=object)
    for value in values:
        d.append(value)
    assert all(a is b for a, b in zip(d, values, strict=True))


def test_conversion_that_appends_goes_first():
    class Number:
        def __init__(self, value, meanwhile):
            self.value, self.meanwhile = value, meanwhile

        def __float__(self):
            for value in self.meanwhile:
                d.append(value)
            return float(self.value)

    d = cda.DynamicArray([1.0])
    d.append(Number(4, [2, Number(3, [])]))
    assert_same(d, np.array([1.0, 2.0, 3.0, 4.0]))

    d = cda.zeros((1, 2))
    d.append([Number(3, [1, Number(2, [])]), 4])
    assert_same(d, np.array([[0.0, 0.0], [1, 1], [2, 2], [3, 4]]))


def test_conversion_that_makes_the_data_move():
    class Number:
        def __float__(self):
            d.extend(np.arange(d.max_size, dtype="f8"))
            return 7.0

    d = small_array([1.0, 2.0])
    more = d.max_size
    d.append(Number())
    assert_same(d, np.concatenate([[1.0, 2.0], np.arange(more), [7.0]]))
    assert_invariants(d)


RECORDS = {
    "packed": [("n", "i1"), ("x", "f8"), ("ok", "?"), ("k", "u2"), ("f", "f4"), ("c", "c16")],
    "aligned": np.dtype([("n", "i1"), ("x", "f8"), ("ok", "?"), ("k", "u2")], align=True),
    "offsets": {"names": ["a", "b"], "formats": ["f8", "i4"], "offsets": [9, 2], "itemsize": 31},
    "overlapping": {"names": ["a", "b"], "formats": ["f8", "i4"], "offsets": [0, 2]},
    "titles": [(("a title", "x"), "f8"), (("another", "y"), "i8")],
    "other byte order": [("x", ">f8"), ("n", "<i4")],
    "nested": [("x", "f8"), ("inner", [("a", "i4"), ("b", "f4")])],
    "subarray": [("x", "f8"), ("rows", "f4", (2,))],
    "strings": [("s", "U3"), ("b", "S3"), ("t", "M8[s]"), ("x", "f8")],
    "one": [("x", "f8")],
    "none": [],
    "half": [("h", "f2"), ("x", "f8")],
}
PARTS = [
    0, 1, -1, 300, 2**53 + 1, 2**63, 0.5, -0.0, 1e300, np.nan, np.inf, True, 1j, np.float64(2.5), np.float32(0.1),
    np.int8(3), np.bool_(True), "ab", b"ab", None, (1, 2), [1, 2], np.datetime64(5, "s"), 10**400,
]


ERRORS = (TypeError, ValueError, OverflowError)


def appended_as_assigned(d, value, lost):
    """The row that NumPy makes of `value`, if that was appended; None where NumPy refuses it or it would be `lost`."""
    before, expected = len(d), np.zeros((1, *d.shape[1:]), d.dtype)
    try:
        expected[0] = value
    except ERRORS:
        with pytest.raises(ERRORS):
            d.append(value)
        assert len(d) == before
        return None
    try:
        d.append(value)
    except ERRORS:
        assert len(d) == before
        assert lost(value), value
        return None
    return expected


@pytest.mark.parametrize("dtype", RECORDS.values(), ids=RECORDS)
@pytest.mark.filterwarnings("ignore:overflow encountered in cast", "ignore:invalid value encountered in cast")
def test_tuples_become_records_as_numpy_makes_them(dtype, rng):
    """Whatever is in the tuple: the same record, and an error where NumPy raises one or something would be lost."""
    dtype = np.dtype(dtype)
    d = cda.DynamicArray(dtype=dtype)
    appended = 0
    for number in range(3000):
        count = len(dtype) if number % 10 else rng.integers(0, 8)
        value = tuple(PARTS[i] for i in rng.integers(len(PARTS), size=count))
        if number % 3 == 0:  # more often what fits
            value = tuple([3, 0.5, True, 7][i] for i in rng.integers(4, size=count))
        expected = appended_as_assigned(
            d, value, lambda value: any(loses(part, dtype[name]) for part, name in zip(value, dtype.names, strict=True))
        )
        if expected is not None:
            appended += 1
            assert d[-1:].tobytes() == expected.tobytes(), value  # what lies between the fields too
    assert appended


@pytest.mark.parametrize(
    "dtype", ["f8", "f4", "f2", "i8", "u1", "?", "c16", "g", "U3", "M8[s]", ">f8", ">i4", "O", "f8,i4"]
)
@pytest.mark.parametrize("width", [0, 1, 3, 40])
@pytest.mark.filterwarnings("ignore:overflow encountered in cast", "ignore:invalid value encountered in cast")
def test_lists_and_tuples_become_rows_as_numpy_makes_them(dtype, width, rng):
    """Whatever is in them: the same row, and an error where NumPy raises one or something would be lost."""
    dtype = np.dtype(dtype)
    d = cda.DynamicArray(np.zeros((1, width), dtype))
    for number in range(300):
        few = [3, 0.5, True, 0] if number % 3 == 0 else PARTS  # more often what fits
        count = width if number % 10 else rng.integers(0, 5)
        value = (list, tuple)[number % 2](few[i] for i in rng.integers(len(few), size=count))
        expected = appended_as_assigned(
            d, value, lambda value: any(loses(part, dtype) for part in value) or loses(np.array(value), dtype)
        )
        if expected is not None:
            assert_same(d[-1:], expected)
    assert_invariants(d)


@pytest.mark.parametrize("count", [0, 2])
def test_takes_one_argument(count):
    d = cda.DynamicArray([1.0])
    with pytest.raises(TypeError):
        d.append(*range(count))
    assert_same(d, np.array([1.0]))


def test_in_a_subclass(rng):
    class Track(cda.DynamicArray):
        pass

    values = rng.normal(size=100)
    d = Track(dtype="f8")
    d.label = "a"
    for value in values:
        d.append(value)
    assert type(d) is Track
    assert d.label == "a"
    assert_same(d, values)
    assert_invariants(d)


@pytest.mark.parametrize("add", [lambda d, row: d.append(row), lambda d, row: d.insert(0, row)])
@pytest.mark.parametrize("dtype", ["f8,O", [("a", "O", 2), ("b", "i4")]])
def test_records_take_references_and_refused_ones_none(add, dtype):
    """Also where the value that is refused comes after an object."""
    d = cda.DynamicArray(dtype=dtype)
    thing = object()
    good = (1.5, thing) if dtype == "f8,O" else ([thing, thing], 1)
    bad = ("no number", thing) if dtype == "f8,O" else ([thing, thing], "no number")
    held = sys.getrefcount(thing)
    for _ in range(100):
        add(d, good)
        with pytest.raises(ValueError):
            add(d, bad)
    assert len(d) == 100 and sys.getrefcount(thing) == held + (100 if dtype == "f8,O" else 200)
    del d
    assert sys.getrefcount(thing) == held
