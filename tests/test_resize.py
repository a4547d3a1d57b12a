"""resize: ndarray.resize's meaning, in place and whatever looks at the array."""

import numpy as np
import pytest

import cppdynarray as cda
from cppdynarray._core._array import memory_of
from cppdynarray.testing import assert_invariants
from helpers import Thing, address, assert_same, error_of, samples, small_array, unchanged

SHAPES = [
    (0,), (1,), (3,), (7,), (3, 2), (2, 3), (1, 3), (3, 1), (0, 4), (4, 0), (2, 3, 2), (1, 1, 1),
    (2, 0, 3),
]


def numpy_resized(array, *shape):
    """A plain copy, resized by NumPy."""
    plain = np.array(array, copy=True, subok=False)
    plain.resize(*shape, refcheck=False)
    return plain


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("new_shape", SHAPES, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_from_any_shape_to_any_other(shape, new_shape, rng):
    d = cda.DynamicArray(rng.normal(size=shape))
    expected = numpy_resized(d, new_shape)
    before = address(d)
    assert d.resize(new_shape) is None
    assert_same(d, expected)
    assert d.strides == expected.strides
    assert_invariants(d)
    if memory_of(d)["on_heap"] is False:
        assert address(d) == before
    # Back again: what was cut off is gone.
    expected.resize(shape, refcheck=False)
    d.resize(shape)
    assert_same(d, expected)
    assert_invariants(d)


@pytest.mark.usefixtures("backend")
def test_any_dtype(dtype, row_shape, rng):
    rows = samples(dtype, (5, *row_shape), rng)
    for new_length in (0, 1, 4, 5, 20, 100):
        d = cda.DynamicArray(rows)
        expected = numpy_resized(d, (new_length, *row_shape))
        d.resize((new_length, *row_shape))
        assert_same(d, expected)
        assert_invariants(d)
        d.append(rows[2])
        assert_same(np.asarray(d)[:-1], expected)
        assert_invariants(d)


def test_any_dtype_to_another_number_of_dimensions(dtype, rng):
    d = cda.DynamicArray(samples(dtype, (4, 3), rng))
    for new_shape in ((2, 2, 2), (30,), (2, 5), (0,), (1, 2)):
        expected = numpy_resized(d, new_shape)
        d.resize(new_shape)
        assert_same(d, expected)
        assert_invariants(d)


@pytest.mark.parametrize(
    "arguments",
    [
        (4,), ((4,),), ([4],), (2, 3), ((2, 3),), ([2, 3],), (np.int8(4),), (np.array([2, 3]),),
        (range(2, 4),), (None,), (),
    ],
    ids=str,
)
def test_ways_to_give_a_shape(arguments, rng):
    d = cda.DynamicArray(rng.normal(size=5))
    expected = numpy_resized(d, *arguments)
    d.resize(*arguments)
    assert_same(d, expected)
    d.resize(*arguments, refcheck=True)
    d.resize(*arguments, refcheck=False)
    assert_same(d, expected)


@pytest.mark.parametrize("argument", [None, 2.5, 2, -1, 10**30, [4]], ids=str)
def test_an_array_that_cannot_grow(argument):
    """None asks for nothing, and a number that isn't an int is a TypeError, as for an ndarray."""
    plain = np.arange(3.0)[:]
    d = plain.view(cda.DynamicArray)
    with unchanged(d):
        assert error_of(d.resize, argument) is error_of(plain.resize, argument)


def test_bad_keyword():
    d = cda.DynamicArray([1.0])
    with unchanged(d):
        assert error_of(lambda: d.resize(2, nonsense=True)) is TypeError


def test_whatever_looks_at_the_array(rng):
    d = cda.DynamicArray(rng.normal(size=10))
    holders = [d, d[2:], memoryview(d), d.as_numpy(), np.asarray(d), d.T, iter(d)]
    expected = numpy_resized(d, 1000)
    d.resize(1000)
    assert_same(d, expected)
    assert_same(holders[1], expected[2:10])
    d.resize(3)
    assert_same(d, expected[:3])
    assert_same(holders[1][:1], expected[2:3])


def test_zeros_even_where_views_wrote_meanwhile(rng):
    d = cda.DynamicArray(rng.normal(size=1000))
    view = d[:]
    for length in (10, 500, 0, 999):
        d.resize(length)
        view[...] = 7.0
        expected = numpy_resized(d, 1000)
        d.resize(1000)
        assert_same(d, expected)
        assert_same(view, expected)
        assert_invariants(d)


@pytest.mark.parametrize("dtype", ["u1", "f8", "S5", "f8,i4", object])
def test_around_the_capacity(dtype):
    for change in (-1, 0, 1, 2, 1000):
        d = cda.DynamicArray(dtype=dtype)
        d.append(d.dtype.type(1) if d.dtype.names is None else (1, 1))
        for _ in range(3):
            expected = np.asarray(d).copy()
            expected.resize(d.capacity + change)
            d.resize(len(expected))
            assert_same(d, expected)
            assert_invariants(d)


def test_zeros_after_shrink_to_fit(rng):
    d = cda.DynamicArray(rng.normal(size=100_000))
    view = d[:]
    d.resize(10)
    d.shrink_to_fit()
    view[50_000:] = 7.0
    expected = numpy_resized(d, 100_000)
    d.resize(100_000)
    assert_same(d, expected)
    assert_invariants(d)


def test_zeros_in_memory_that_another_array_used(rng):
    for _ in range(100):
        d = cda.DynamicArray(rng.normal(size=int(rng.integers(1, 5000))))
        d.resize(int(rng.integers(0, 100)))
        del d
        e = cda.DynamicArray(dtype="i4")
        e.resize(int(rng.integers(1, 5000)))
        assert not e.any()
        assert not cda.zeros(int(rng.integers(1, 5000))).any()


@pytest.mark.usefixtures("backend")
def test_past_max_size(dtype, rng):
    d = small_array(samples(dtype, (5, 2), rng))
    old = np.asarray(d)
    kept = old.copy()
    expected = numpy_resized(d, (d.max_size + 10, 2))
    d.resize(expected.shape)
    assert_same(d, expected)
    if not dtype.hasobject:  # of these see test_references.py
        assert_same(old, kept)
    assert_invariants(d)


def test_new_objects_are_zero():
    things = [Thing(), Thing()]
    d = cda.DynamicArray(things, object)
    d.resize(4)
    expected = numpy_resized(np.array(things, object), 4)
    assert d.tolist() == expected.tolist()
    assert [type(element) for element in d] == [type(element) for element in expected]


def test_growing_costs_nothing_until_it_is_touched():
    with cda.options(backend="cpp"):
        d = cda.DynamicArray([1.0])
    d.resize(1_000_000_000)
    assert len(d) == 1_000_000_000
    assert memory_of(d)["used_bytes"] == d.nbytes
    with open("/proc/self/statm") as numbers:
        resident = int(numbers.read().split()[1]) * 4096
    assert resident < d.nbytes
    d[-1] = 2.0
    assert (d[0], d[1], d[-2], d[-1]) == (1.0, 0.0, 0.0, 2.0)
    d.resize(1)
    d.shrink_to_fit()


def test_in_a_subclass(rng):
    class Track(cda.DynamicArray):
        pass

    d = Track(rng.normal(size=5))
    d.label = "a"
    expected = numpy_resized(d, (3, 3))
    d.resize(3, 3)
    assert_same(d, expected)
    assert (type(d), d.label) == (Track, "a")
