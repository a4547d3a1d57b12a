"""extend: many rows at the end, from arrays and any other iterable."""

import array
from collections import deque

import numpy as np
import pytest

import cppdynarray as cda
from comparison import noted
from cppdynarray.testing import assert_invariants
from helpers import address, assert_same, joined, label, loses, model_array, row_id, samples, small_array

NESTED = [[1, 2], [3]]


class Protocol:
    """An object that NumPy makes an array of by one of its protocols."""

    def __init__(self, array, **attributes):
        self.array = array
        self.__dict__.update(attributes)


class ArrayProtocol(Protocol):
    def __array__(self, dtype=None, copy=None):
        return self.array


FORMS = {
    "array": lambda rows: rows,
    "DynamicArray": cda.DynamicArray,
    "list": list,
    "tuple": tuple,
    "iterator": iter,
    "generator": lambda rows: (row for row in rows),
    "deque": deque,
    "nested list": lambda rows: rows.tolist(),
    "reversed view": lambda rows: rows[::-1].copy()[::-1],
    "every other row": lambda rows: rows.repeat(2, axis=0)[::2],
    "F order": lambda rows: np.asarray(rows, order="F"),
    "read-only": lambda rows: np.frombuffer(rows.tobytes(), rows.dtype).reshape(rows.shape),
    "array protocol": ArrayProtocol,
    "array interface": lambda rows: Protocol(rows, __array_interface__=rows.__array_interface__),
}


def unsuitable(form, dtype):
    """Whether NumPy can't make the form of rows of a dtype."""
    if dtype.hasobject and form in ("read-only", "array interface"):
        return True
    if form == "array interface":  # doesn't keep padding
        return dtype.isalignedstruct
    # From nested lists one can't tell where a row ends and an element begins.
    return form == "nested list" and dtype.kind in "VO"


@pytest.mark.parametrize("row_shape", [(), (2, 3)], ids=row_id)
def test_any_form(dtype, row_shape, rng):
    rows = samples(dtype, (7, *row_shape), rng)
    for form, make in FORMS.items():
        if unsuitable(form, dtype):
            continue
        d = cda.DynamicArray(rows[:2])
        with noted(form):
            assert d.extend(make(rows)) is None
            assert_same(d, joined(rows[:2], rows))
            d.extend(make(rows))
            assert_same(d, joined(rows[:2], rows, rows))
            assert_invariants(d)


@pytest.mark.parametrize("source_dtype", ["?", "i1", "u8", "f4", "f8", ">i4", "g", "S3", "U4", "O"])
@pytest.mark.parametrize("target_dtype", ["?", "i2", "u8", "f4", ">f8", "D", "S4", "U3", "O", "T"])
def test_converts_arrays_as_assignment_does(source_dtype, target_dtype, rng):
    source = rng.integers(0, 100, 10).astype(source_dtype)
    expected = np.zeros(10, target_dtype)
    expected[:] = source
    d = cda.DynamicArray(dtype=target_dtype)
    if loses(source, target_dtype):
        with pytest.raises((TypeError, ValueError, OverflowError)):
            d.extend(source)
        assert len(d) == 0
        d.extend(source, casting="unsafe")
    else:
        d.extend(source)
    assert d.tolist() == expected.tolist()
    assert d.dtype == expected.dtype


@pytest.mark.parametrize(
    ("make", "target_dtype"),
    [
        (lambda: range(5), "i8"),
        (lambda: {3, 1, 2}, "i8"),
        (lambda: {1: "a", 2: "b"}, "f8"),
        (lambda: {1: "a", 2: "b"}.items(), "i4,U1"),
        (lambda: zip(range(3), "abc", strict=True), "i4,U1"),
        (lambda: "text", "U1"),
        (lambda: b"text", "u1"),
        (lambda: b"text", "f8"),
        (lambda: bytearray(b"text"), "u1"),
        (lambda: memoryview(b"text"), "u1"),
        (lambda: array.array("d", [1, 2, 3]), "f8"),
        (lambda: array.array("i", [1, 2, 3]), "f4"),
        (lambda: np.str_("text"), "U1"),
        (lambda: np.bytes_(b"text"), "u1"),
        (lambda: map(str, range(3)), "S2"),
        (lambda: NESTED, object),
        (lambda: ["a", "b" * 100], "T"),
        (list, "f8"),
        (str, "U1"),
        (lambda: np.zeros(0), "f8"),
        (lambda: np.zeros(0, "U5"), "f8"),
    ],
)
def test_takes_what_a_list_takes(make, target_dtype):
    expected = []
    expected.extend(make())
    d = cda.DynamicArray(dtype=target_dtype)
    d.extend(make())
    assert_same(d, model_array(expected, (), np.dtype(target_dtype)))


@pytest.mark.parametrize("values", [[1, 2, 3], [[1], [2]], [[1, 2, 3], 4], [[[1, 2, 3]]]], ids=label)
def test_rows_of_another_shape_are_not_broadcast(values):
    # Three numbers may be meant as one row: what append would do with each is not what was meant.
    for source in (values, iter(values)):
        d = cda.ones((2, 3))
        with pytest.raises(ValueError, match="shape"):
            d.extend(source)
        assert_same(d, np.ones((2, 3)))


def test_rows_of_objects_are_taken_as_in_append():
    values = [[[1, 2], [3]], ["a", None]]
    expected = cda.zeros((0, 2), object)
    for value in values:
        expected.append(value)
    d = cda.zeros((0, 2), object)
    d.extend(values)
    assert d.tolist() == expected.tolist()


@pytest.mark.usefixtures("backend")
def test_by_itself(dtype, row_shape, rng):
    rows = samples(dtype, (3, *row_shape), rng)
    d = cda.DynamicArray(rows)
    expected = rows
    for _ in range(4):
        d.extend(d)
        expected = joined(expected, expected)
        assert_same(d, expected)
    assert_invariants(d)


@pytest.mark.parametrize(
    "part", [np.s_[:], np.s_[1:4], np.s_[::-1], np.s_[::2], np.s_[[3, 0, 3]], np.s_[:0]], ids=str
)
def test_by_a_part_of_itself(part, dtype, rng):
    rows = samples(dtype, (5, 2), rng)
    d = cda.DynamicArray(rows)
    expected = rows
    for _ in range(3):
        d.extend(d[part])
        expected = joined(expected, expected[part])
        assert_same(d, expected)


def test_by_an_iterator_over_itself(rng):
    values = rng.normal(size=5)
    d = cda.DynamicArray(values)
    d.extend(iter(d))
    assert_same(d, joined(values, values))


@pytest.mark.usefixtures("backend")
def test_by_itself_when_the_data_moves(dtype, rng):
    rows = samples(dtype, (5, 2), rng)
    d = small_array(rows)
    expected = rows
    before = address(d)
    while address(d) == before:
        d.extend(d)
        expected = joined(expected, expected)
    assert_same(d, expected)
    assert_invariants(d)


def test_in_place_within_max_size(rng):
    with cda.options(backend="cpp"):
        d = cda.DynamicArray([1.0])
    before = address(d)
    values = rng.normal(size=100_000)
    for _ in range(10):
        d.extend(values)
    assert address(d) == before
    assert_same(d[1:], np.tile(values, 10))


@pytest.mark.parametrize("count", [3, 100_000])
def test_a_list_with_an_item_that_is_refused(count):
    d = cda.DynamicArray([1, 2])
    capacity = d.capacity
    for refused in (2.5, "a", None):
        with pytest.raises((TypeError, ValueError)):
            d.extend([0] * count + [refused])
        assert d.tolist() == [1, 2] and d.capacity == capacity
        assert_invariants(d)


@pytest.mark.parametrize("ndim", [1, 2])
def test_an_iterator_that_appends_goes_first(ndim):
    d = cda.zeros((1, 2)[:ndim])

    def values():
        for value in range(1, 4):
            d.append(10 * value)
            yield [value] * 2 if ndim == 2 else value

    d.extend(values())
    assert_same(d, model_array([0, 10, 20, 30, 1, 2, 3], d.shape[1:], d.dtype))


def test_an_element_that_appends_goes_first():
    class Number:
        def __float__(self):
            d.append(5)
            return 7.0

    d = cda.DynamicArray([1.0])
    d.extend([2, Number(), 3, Number()])
    assert_same(d, np.array([1.0, 5, 5, 2, 7, 3, 7]))


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("ndim", [1, 2])
def test_an_iterator_that_removes_rows(ndim):
    d = cda.DynamicArray(np.arange(10.0 * ndim).reshape(10, -1).squeeze())
    rows = d.copy()

    def values():
        d.pop(0)
        yield rows[0]
        d.clear()
        yield rows[1]
        d.resize((2, *d.shape[1:]))
        yield rows[2]

    d.extend(values())
    zeros = np.zeros((2, *rows.shape[1:]))
    assert_same(d, joined(zeros, rows.as_numpy()[:3]))
    assert_invariants(d)


@pytest.mark.parametrize("hint", [0, 1, 3, 10**6, NotImplemented])
@pytest.mark.parametrize("ndim", [1, 2])
def test_length_hints_may_lie(hint, ndim):
    class Hinting:
        def __init__(self):
            self.rows = iter(np.arange(5.0 * ndim).reshape(5, -1).squeeze())

        def __iter__(self):
            return self

        def __next__(self):
            return next(self.rows)

        def __length_hint__(self):
            return hint

    d = cda.zeros((0, 2)[:ndim])
    d.extend(Hinting())
    assert_same(d, np.array(list(Hinting())))


def test_subclasses_of_ndarray(rng):
    values = rng.normal(size=(3, 2))
    mask = values > 0
    d = cda.zeros((0, 2))
    d.extend(np.ma.masked_array(values, mask))
    d.extend(np.rec.array(values))
    assert_same(d, joined(values, values))


def test_in_a_subclass(rng):
    class Track(cda.DynamicArray):
        pass

    values = rng.normal(size=10)
    d = Track(values)
    d.extend(d)
    d.extend(values.tolist())
    assert type(d) is Track
    assert_same(d, np.tile(values, 3))
    assert_invariants(d)


@pytest.mark.parametrize("rows", [1, 2, 7, 100])
@pytest.mark.parametrize("form", [list, tuple, np.array, lambda values: np.array(values, "f4"), iter])
def test_memory_that_is_left_stays_as_it_was(rows, form):
    """Nothing is written behind the end that a view of removed rows sees, before the array moves away."""
    with cda.options(backend="heap"):
        d = cda.DynamicArray(np.arange(1.0, rows + 1))
    view = d[:]
    d.pop(0)
    before = view.copy()
    values = [100.0] * (d.capacity + 1)
    d.extend(form(values))
    assert not np.shares_memory(d, view)
    np.testing.assert_array_equal(view, before)
    np.testing.assert_array_equal(d, np.append(np.arange(2.0, rows + 1), values))
