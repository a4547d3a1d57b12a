"""The arrays alone, against those of the installed Brian2."""

import copy
import pickle

import numpy as np
import pytest

import cppdynarray as cda
from helpers import address, assert_same
from optional_libraries import import_library

brian2 = import_library("brian2")
arrays = import_library("cppdynarray.brian2.arrays")
stock = brian2.memory.dynamicarray

STOCK_DTYPES = ["f8", "f4", "i8", "i4", "?"]
# 2.9's own arrays with two dimensions bring back the rows that they gave up, where these are asked for again.
FORGETS_TO_ZERO_ROWS = not hasattr(brian2.devices.RuntimeDevice, "get_capsule")


@pytest.mark.parametrize("dtype", STOCK_DTYPES)
@pytest.mark.parametrize("columns", [(), (0,), (1,), (3,)], ids=str)
def test_random_changes_give_what_they_give_on_brian2s_own(dtype, columns, rng):
    if columns:
        made = [module.DynamicArray((0, *columns), dtype=np.dtype(dtype)) for module in (arrays, stock)]
    else:
        made = [module.DynamicArray1D(0, dtype=np.dtype(dtype)) for module in (arrays, stock)]
    for _ in range(200):
        length = int(rng.integers(0, 50))
        rows = (length, *columns)
        change = rng.choice(["resize", "along_first", "shrink", "write", "write all"])
        values = rng.integers(0, 100, rows).astype(dtype)
        for array in made:
            before = len(array)
            if change == "resize":
                array.resize(rows if columns else length)
            elif change == "along_first" and columns:
                array.resize_along_first(rows)
            elif change == "shrink" and length <= len(array):
                array.shrink(rows if columns else length)
            elif change == "write":
                array[:length] = values[: len(array)]
            elif change == "write all":
                array[:] = values.reshape(-1)[:1].sum()
            if FORGETS_TO_ZERO_ROWS and columns and array is not made[0]:
                array[before:] = 0
        ours, expected = made
        assert len(ours) == len(expected)
        assert tuple(ours.shape) == tuple(expected.shape)
        assert_same(ours.data, np.asarray(expected.data))
        assert_same(ours[: length // 2], np.asarray(expected[: length // 2]))
        assert str(ours) == str(expected.data)
        assert repr(ours) == repr(expected.data)


def test_a_view_of_the_data_is_plain_keeps_its_length_and_stays_live():
    array = arrays.DynamicArray((0, 2))
    array.resize((3, 2))
    view = array.data
    assert type(view) is np.ndarray
    array.resize((100_000, 2))
    array[1] = [5, 6]
    assert view.tolist() == [[0, 0], [5, 6], [0, 0]]
    assert address(view) == address(array.data)
    array.shrink((0, 2))
    array.resize((3, 2))
    array[2] = [7, 8]
    assert view.tolist() == [[0, 0], [0, 0], [7, 8]]


def test_a_view_outlives_the_array():
    array = arrays.DynamicArray(100_000)
    array[:] = np.arange(100_000)
    view = array.data
    del array
    others = [arrays.DynamicArray(100_000) for _ in range(10)]
    for other in others:
        other[:] = -1
    assert_same(view, np.arange(100_000.0))


@pytest.mark.parametrize("dtype", ["f2", "u1", "u8", "c16", "S3", "datetime64[s]", object], ids=str)
def test_any_dtype(dtype):
    array = arrays.DynamicArray(0, dtype=dtype)
    array.resize(3)
    assert_same(array.data, np.zeros(3, dtype))


def test_new_elements_are_zero_where_there_were_others():
    array = arrays.DynamicArray(10)
    array[:] = 7
    array.resize(4)
    array.resize(10)
    assert array.data.tolist() == [7] * 4 + [0] * 6


@pytest.mark.parametrize("method", ["resize", "resize_along_first"])
@pytest.mark.parametrize("shape", [(3, 3), [2, 1], (0, 0)])
def test_other_columns_are_refused(method, shape):
    array = arrays.DynamicArray((2, 2))
    array[:] = [[1, 2], [3, 4]]
    before = address(array.data)
    with pytest.raises(ValueError, match="only supported along the first dimension"):
        getattr(array, method)(shape)
    assert array.data.tolist() == [[1, 2], [3, 4]]
    assert address(array.data) == before


@pytest.mark.parametrize("size", ["3", 3.0, None, -1, np.array([1, 2])], ids=str)
def test_what_is_no_size_is_refused(size):
    array = arrays.DynamicArray(2)
    with pytest.raises((TypeError, ValueError)):
        array.resize(size)
    assert array.shape == (2,)


@pytest.mark.parametrize("size", [5, np.int32(5), np.int64(5), np.uint8(5), (5,), [5]], ids=repr)
def test_sizes(size):
    array = arrays.DynamicArray(2)
    array.resize(size)
    assert array.shape == (5,)


@pytest.mark.parametrize("shape", [(), (1, 2, 3)], ids=str)
def test_one_or_two_dimensions(shape):
    with pytest.raises(ValueError):
        arrays.DynamicArray(shape)


def test_shrinking_to_other_columns_takes_new_memory_and_keeps_the_values():
    array = arrays.DynamicArray((10, 20))
    array[:] = np.arange(200).reshape(10, 20)
    array.shrink((5, 15))
    assert_same(array.data, np.arange(200.0).reshape(10, 20)[:5, :15])
    array.shrink((6, 1))  # ignored
    assert array.shape == (5, 15)
    array.resize((6, 15))
    assert array[5].tolist() == [0] * 15


def test_shrinking_gives_memory_back():
    array = arrays.DynamicArray(1_000_000)
    array[:] = 1
    array.shrink(10)
    assert array._data.capacity < 10_000


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda array: pickle.loads(pickle.dumps(array))])
def test_copies_and_pickles(again):
    array = arrays.DynamicArray((2, 2), dtype="i4")
    array[:] = [[1, 2], [3, 4]]
    made = again(array)
    assert type(made) is arrays.DynamicArray
    made.resize((3, 2))
    made[0] = 9
    assert made.data.tolist() == [[9, 9], [3, 4], [0, 0]]
    if again is not copy.copy:  # which refers to the same memory
        assert array.data.tolist() == [[1, 2], [3, 4]]


def test_with_numpys_memory():
    with cda.options(backend="heap"):
        array = arrays.DynamicArray((0, 3))
    view = array.data
    array.resize((100_000, 3))
    array[:] = 1
    assert array.data.sum() == 300_000
    assert view.shape == (0, 3)
