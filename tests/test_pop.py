"""pop: remove one row and return it, with list.pop's indices."""

import numpy as np
import pytest

import cppdynarray as cda
from cppdynarray.testing import assert_invariants
from helpers import address, assert_same, error_of, model_array, samples, unchanged


@pytest.mark.usefixtures("backend")
def test_every_position(dtype, row_shape, rng):
    all_rows = samples(dtype, (5, *row_shape), rng)
    for length, index in [(1, -1), (1, 0), *((5, index) for index in range(-5, 5))]:
        rows = all_rows[:length]
        expected = list(rows)
        expected_row = expected.pop(index)
        d = cda.DynamicArray(rows)
        expected_type = type(np.asarray(d)[index])
        popped = d.pop(index)
        assert type(popped) is expected_type
        assert_same(np.asarray(popped, dtype), np.asarray(expected_row, dtype))
        assert_same(d, model_array(expected, row_shape, dtype))
        assert_invariants(d)


def test_the_last_by_default(dtype, row_shape, rng):
    rows = samples(dtype, (5, *row_shape), rng)
    d = cda.DynamicArray(rows)
    for index in reversed(range(5)):
        popped = d.pop()
        assert_same(np.asarray(popped, dtype), np.asarray(rows[index], dtype))
        assert_same(d, rows[:index])
    assert_invariants(d)


def test_what_it_returns_is_a_copy(dtype, row_shape, rng):
    rows = samples(dtype, (3, *row_shape), rng)
    d = cda.DynamicArray(rows)
    view = np.asarray(d)
    popped = d.pop()
    d.append(rows[0])
    view[...] = rows[0]
    assert_same(np.asarray(popped, dtype), np.asarray(rows[2], dtype))
    if row_shape:
        assert type(popped) is np.ndarray
        assert popped.flags.writeable
        assert not np.shares_memory(popped, view)
        popped[...] = rows[1]
        assert_same(d, rows[[0, 0, 0]])


@pytest.mark.parametrize("length", [0, 1, 3])
def test_indices_out_of_range_as_in_a_list(length):
    for index in (-length - 2, -length - 1, length, length + 1, 2**40, -(2**40)):
        d = cda.DynamicArray(np.arange(float(length)))
        with unchanged(d):
            assert error_of(d.pop, index) is error_of(list(range(length)).pop, index)
    empty = cda.zeros(0)
    with unchanged(empty):
        assert error_of(empty.pop) is error_of([].pop)


def test_capacity_stays(rng):
    d = cda.DynamicArray(rng.normal(size=1000))
    capacity, before = d.capacity, address(d)
    while len(d):
        d.pop()
    assert d.capacity == capacity
    assert address(d) == before


def test_contiguity_flags_follow_the_length(rng):
    d = cda.DynamicArray(rng.normal(size=(3, 2)))
    for _ in range(3):
        d.pop(0)
        assert_invariants(d)


def test_closes_the_gap_that_a_view_sees(rng):
    values = rng.normal(size=5)
    d = cda.DynamicArray(values)
    view = d[:4]
    d.pop(1)
    assert_same(view, np.delete(values, 1))


def test_at_random_against_a_list(rng):
    values = rng.normal(size=2000)
    expected = values.tolist()
    d = cda.DynamicArray(values)
    while expected:
        index = int(rng.integers(-len(expected), len(expected)))
        assert d.pop(index) == expected.pop(index)
        assert len(d) == len(expected)
    assert_invariants(d)


@pytest.mark.parametrize("arguments", [(0, 1), (0, 1, 2)])
def test_number_of_arguments(arguments):
    d = cda.DynamicArray([1.0])
    assert error_of(lambda: d.pop(*arguments)) is error_of(lambda: [1.0].pop(*arguments))
    assert d.tolist() == [1.0]


def test_zeros_after_pop_and_resize(dtype, row_shape, rng):
    """What was popped does not come back."""
    d = cda.DynamicArray(samples(dtype, (4, *row_shape), rng))
    for _ in range(3):
        d.pop()
    expected = np.asarray(d).copy()
    expected.resize((4, *row_shape), refcheck=False)
    d.resize((4, *row_shape))
    assert_same(d, expected)
