"""insert: one row before another, with list.insert's indices."""

import itertools

import numpy as np
import pytest

import cppdynarray as cda
from comparison import noted
from cppdynarray.testing import assert_invariants
from helpers import Thing, address, assert_same, error_of, model_array, samples, small_array


class Index:
    """An int that isn't one."""

    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


@pytest.mark.usefixtures("backend")
def test_every_position(dtype, row_shape, rng):
    for length in (0, 1, 5):
        rows = samples(dtype, (length + 1, *row_shape), rng)
        *others, new = rows
        for index in range(-length - 2, length + 3):
            expected = list(others)
            expected.insert(index, new)
            d = cda.DynamicArray(rows[:-1])
            assert d.insert(index, new) is None
            with noted(f"at {index} of {length}"):
                assert_same(d, model_array(expected, row_shape, dtype))
                assert_invariants(d)


@pytest.mark.parametrize(
    "index", [2**31, -(2**31), 2**62, -(2**62), np.int8(1), np.uint64(2), True, Index(-1)]
)
def test_kinds_of_indices(index):
    expected = [1.0, 2.0, 3.0]
    expected.insert(index, 7.0)
    d = cda.DynamicArray([1.0, 2.0, 3.0])
    d.insert(index, 7.0)
    assert d.tolist() == expected


def test_inserts_a_row_of_its_own(dtype, row_shape, rng):
    rows = samples(dtype, (4, *row_shape), rng)
    for index, source in itertools.product(range(-4, 5), range(4)):
        expected = list(rows)
        expected.insert(index, expected[source])
        d = cda.DynamicArray(rows)
        d.insert(index, d[source])
        with noted(f"row {source} at {index}"):
            assert_same(d, model_array(expected, row_shape, dtype))


def test_broadcasts_as_append_does(rng):
    d = cda.DynamicArray(rng.normal(size=(2, 3)))
    expected = np.insert(d.as_numpy(), 1, 7.0, axis=0)
    d.insert(1, 7)
    assert_same(d, expected)
    d.insert(0, np.array([1, 2, 3]))
    assert_same(d, np.insert(expected, 0, [1, 2, 3], axis=0))


def test_moves_the_rows_that_a_view_sees(rng):
    values = rng.normal(size=5)
    d = cda.DynamicArray(values)
    view = d[:]
    d.insert(2, 7.0)
    assert_same(view, np.insert(values, 2, 7.0)[:5])


@pytest.mark.usefixtures("backend")
def test_when_the_data_moves(dtype, rng):
    rows = samples(dtype, (3, 2), rng)
    d = small_array(rows)
    expected = list(rows)
    before = address(d)
    d.extend(rows[[1] * (d.max_size - 3)])
    expected += [rows[1]] * (len(d) - 3)
    d.insert(1, d[2])
    expected.insert(1, expected[2])
    assert address(d) != before
    assert_same(d, model_array(expected, (2,), dtype))
    assert_invariants(d)


def test_at_random_against_a_list(rng):
    expected = []
    d = cda.DynamicArray(dtype="i8")
    for value in range(2000):
        index = int(rng.integers(-len(expected) - 2, len(expected) + 3))
        expected.insert(index, value)
        d.insert(index, value)
    assert d.tolist() == expected
    assert_invariants(d)


def test_a_value_that_changes_the_array():
    """The index counts on the array as it is once the value is converted."""

    class Number:
        def __float__(self):
            d.insert(0, 5.0)
            return 7.0

    d = cda.DynamicArray([1.0, 2.0])
    d.insert(1, Number())
    assert d.tolist() == [5.0, 7.0, 1.0, 2.0]


def test_objects_that_are_sequences_stay_objects():
    thing, pair = Thing(), [1, 2]
    d = cda.DynamicArray([thing], object)
    d.insert(0, pair)
    assert d[0] is pair
    assert d[1] is thing


@pytest.mark.parametrize("arguments", [(), (0,), (0, 1.0, 2.0)])
def test_number_of_arguments(arguments):
    d = cda.DynamicArray([1.0])
    assert error_of(lambda: d.insert(*arguments)) is error_of(lambda: [1.0].insert(*arguments))
    assert d.tolist() == [1.0]
