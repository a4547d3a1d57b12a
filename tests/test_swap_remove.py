"""d.swap_remove(key): rows go as by del d[key], and the last ones take their places."""

import gc

import numpy as np
import pytest
from keys import KEYS

import cppdynarray as cda
from comparison import noted
from cppdynarray.testing import assert_invariants
from helpers import Thing, address, assert_same, error_of, samples, unchanged


def remaining(count, key):
    """The numbers of the rows that are left, in their new order."""
    gone = np.zeros(count, bool)
    gone[key] = True
    left = count - int(gone.sum())
    order = np.arange(count)
    order[:left][gone[:left]] = order[left:][~gone[left:]][::-1]
    return order[:left]


@pytest.mark.usefixtures("backend")
def test_the_same_rows_go_as_by_del(dtype, row_shape, rng):
    rows = samples(dtype, (5, *row_shape), rng)
    for name, key in KEYS.items():
        d = cda.DynamicArray(rows)
        before = address(d)
        with noted(name):
            assert d.swap_remove(key) is None
            assert_same(d, rows[remaining(5, key)])
            assert address(d) == before
            assert_invariants(d)
            d.extend(rows[:3])
            assert_same(d[-3:], rows[:3])


def test_at_random_against_numpy(rng):
    for code in ("f8", "O", "i2", "S3"):
        expected = np.arange(2000).astype(code)
        d = cda.DynamicArray(expected, expected.dtype)
        while len(expected):
            count = len(expected)
            key = [
                int(rng.integers(-count, count)),
                rng.integers(-count, count, rng.integers(0, 20)),
                rng.random(count) < rng.choice([0.01, 0.2]),
                slice(*sorted(rng.integers(0, count + 1, 2).tolist()), 7),
            ][rng.integers(4)]
            expected = expected[remaining(count, key)]
            d.swap_remove(key)
            assert_same(d, expected)
        assert_invariants(d)


@pytest.mark.parametrize("key", [5, -6, 2**70, [0, 5], [-6], [1.5], "a", None, 1.0, np.ones(4, bool), (1, 2), [True]])
def test_what_cannot_go(key):
    d = cda.DynamicArray([1.0, 2.0, 3.0, 4.0, 5.0])
    with unchanged(d):
        assert error_of(d.swap_remove, key) is IndexError


def test_references_go_with_their_rows():
    d = cda.DynamicArray([Thing(k) for k in range(6)], object)
    kept = [d[k] for k in (0, 5, 4)]
    d.swap_remove([3, 1, 2])
    gc.collect()
    assert d.tolist() == kept
    assert_invariants(d)


def test_what_goes_may_look_at_the_array():
    class Last:
        def __del__(self):
            seen.append(len(d))
            d.append("more")

    seen = []
    d = cda.DynamicArray([Last(), "a", "b"], object)
    d.swap_remove(0)
    assert seen == [2]
    assert d.tolist() == ["b", "a", "more"]


def test_views_see_what_is_in_their_place():
    d = cda.DynamicArray([0, 1, 2, 3])
    view = d[:]
    d.swap_remove(1)
    assert view[:3].tolist() == [0, 3, 2]
    assert d.tolist() == [0, 3, 2]


def test_few_of_many_takes_no_look_at_the_others():
    d = cda.zeros(10**9)  # whose pages would be memory
    d.swap_remove([0, 10**9 - 1, 5, 10**8])
    assert len(d) == 10**9 - 4


def test_windows_and_plain_arrays_have_no_such_thing():
    assert not hasattr(cda.RollingArray, "swap_remove")
    view = cda.DynamicArray([1.0]).view(cda.DynamicArray)
    with pytest.raises(ValueError):
        view.swap_remove(0)
    read_only = cda.DynamicArray([1.0])
    read_only.setflags(write=False)
    with pytest.raises(ValueError):
        read_only.swap_remove(0)
