"""del d[key]: rows by index, slice, list of indices or mask."""

import itertools

import numpy as np
import pytest
from keys import KEYS

import cppdynarray as cda
from comparison import noted
from cppdynarray.testing import assert_invariants
from helpers import address, assert_same, error_of, model_array, samples, unchanged

SLICES = [
    slice(start, stop, step)
    for start, stop, step in itertools.product(
        [None, 0, 2, 5, 7, -1, -4, -9], [None, 0, 3, 5, 9, -1, -4, -9], [None, 1, 2, 5, 7, -1, -3]
    )
]


def test_every_slice_as_in_a_list():
    for length in (0, 1, 5):
        for key in SLICES:
            expected = list(range(length))
            del expected[key]
            d = cda.arange(length)
            del d[key]
            assert d.tolist() == expected, key
            assert_invariants(d)


@pytest.mark.parametrize(
    "key",
    [slice(2**70), slice(-(2**70), 2), slice(None, None, 2**70), slice(1, None, -(2**70))],
    ids=str,
)
def test_huge_slices_as_in_a_list(key):
    expected = list(range(5))
    del expected[key]
    d = cda.arange(5)
    del d[key]
    assert d.tolist() == expected


@pytest.mark.parametrize("length", [0, 1, 5])
def test_every_index_as_in_a_list(length):
    for index in (*range(-length - 2, length + 3), 2**40, 2**70, -(2**70), np.int8(0), True):
        expected = list(range(length))
        error = error_of(expected.__delitem__, index)
        d = cda.arange(length)
        assert error_of(d.__delitem__, index) is error, index
        assert d.tolist() == expected
        assert_invariants(d)


@pytest.mark.usefixtures("backend")
def test_as_numpy_delete(dtype, row_shape, rng):
    rows = samples(dtype, (5, *row_shape), rng)
    for name, key in KEYS.items():
        kept = np.ones(5, bool)
        kept[key] = False
        d = cda.DynamicArray(rows)
        before = address(d)
        with noted(name):
            del d[key]
            assert_same(d, rows[kept])
            assert address(d) == before
            assert_invariants(d)


def test_an_array_by_itself():
    d = cda.DynamicArray([0, 2])
    d.extend([7, 8])
    with unchanged(d):  # 7 and 8 are out of bounds
        assert error_of(d.__delitem__, d) is IndexError
    d = cda.DynamicArray([2, 0, 2])
    del d[d]
    assert d.tolist() == [0]


@pytest.mark.parametrize("code", ["i1", "i2", "f4", "f8", "c16", "S3", "(3,)f8", "O", "T"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99, 1.0])
def test_masks_of_any_density(code, share, rng):
    dtype = np.dtypes.StringDType() if code == "T" else np.dtype(code)
    for count in (0, 1, 7, 8, 9, 63, 64, 65, 1000):
        rows = np.zeros(count, dtype)
        rows.reshape(-1)[...] = rng.integers(0, 100, rows.size)
        for mask in (rng.random(count) < share, np.repeat(rng.random(count) < share, 2)[::2]):
            d = cda.DynamicArray(rows, rows.dtype)
            del d[mask]
            assert_same(d, rows[~mask])
            assert_invariants(d)


def test_a_mask_of_other_bytes_than_one():
    mask = np.array([0, 2, 255, 0, 1, 0, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0], "u1").view(bool)
    d = cda.arange(17)
    del d[mask]
    assert d.tolist() == [0, 3, 5, 16]


@pytest.mark.parametrize("mask_of", [lambda d: d, lambda d: d[:], lambda d: d[::-1], lambda d: d.as_numpy()])
def test_a_mask_in_the_arrays_own_memory(mask_of, rng):
    values = rng.random(1000) < 0.3
    d = cda.DynamicArray(values)
    expected = values[~np.array(mask_of(d))]
    del d[mask_of(d)]
    assert_same(d, expected)


def test_deleted_rows_do_not_come_back(dtype, rng):
    d = cda.DynamicArray(samples(dtype, (6, 2), rng))
    del d[1::2]
    expected = np.asarray(d).copy()
    expected.resize((6, 2), refcheck=False)
    d.resize((6, 2))
    assert_same(d, expected)


def test_at_random_against_a_list(rng):
    expected = list(range(3000))
    d = cda.DynamicArray(expected)
    while expected:
        start, stop = rng.integers(-10, len(expected) + 10, 2).tolist()
        step = int(rng.choice([1, 2, -1, 7]))
        del expected[start:stop:step]
        del d[start:stop:step]
        assert d.tolist() == expected
        if rng.random() < 0.5 and expected:
            del expected[-3:]
            del d[-3:]
    assert_invariants(d)


@pytest.mark.parametrize("key", [slice(None, None, 0), slice("a", None), slice(1.0, None)], ids=str)
def test_bad_slices_as_in_a_list(key):
    d = cda.DynamicArray([1.0, 2.0])
    with unchanged(d):
        assert error_of(d.__delitem__, key) is error_of([1.0, 2.0].__delitem__, key)


def test_in_a_subclass(rng):
    class Track(cda.DynamicArray):
        pass

    values = rng.normal(size=5)
    d = Track(values)
    del d[1], d[:1]
    assert_same(d, model_array(values[2:], (), d.dtype))
    assert type(d) is Track
