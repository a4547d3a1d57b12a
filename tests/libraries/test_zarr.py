"""zarr: a growing array appended to a store on disk, and read back."""

import numpy as np

import cppdynarray as cda
from helpers import assert_same
from optional_libraries import import_library

zarr = import_library("zarr")


def test_a_stream_is_appended_to_a_store(tmp_path, row_blocks):
    """Only what is new is written; the store can be read at any time."""
    rows = cda.zeros((0, 3))
    store = zarr.create_array(tmp_path / "rows.zarr", shape=(0, 3), chunks=(64, 3), dtype="f8")
    for block in row_blocks:
        rows.extend(block)
        store.append(rows[store.shape[0] :])
        assert_same(zarr.open_array(tmp_path / "rows.zarr", mode="r")[:], np.array(rows))
    assert_same(store[:], np.concatenate(row_blocks))


def test_the_array_itself_is_written_as_a_plain_one_is(tmp_path, row_blocks):
    plain = np.concatenate(row_blocks)
    rows = cda.DynamicArray(plain)
    store = zarr.create_array(tmp_path / "rows.zarr", data=rows, chunks=(64, 3))
    assert_same(store[:], plain)
    store.append(rows)
    assert_same(store[:], np.concatenate([plain, plain]))
    store[: len(rows)] = rows * 2
    assert_same(store[: len(rows)], plain * 2)


def test_a_store_on_disk_keeps_what_was_written(tmp_path):
    """Later changes of the array stay out of it."""
    d = cda.DynamicArray([1.0, 2.0, 3.0])
    store = zarr.create_array(tmp_path / "values.zarr", data=d)
    d[0] = 10.0
    assert store[:].tolist() == [1.0, 2.0, 3.0]


def test_a_store_is_read_block_by_block(tmp_path, row_blocks):
    plain = np.concatenate(row_blocks)
    store = zarr.create_array(tmp_path / "rows.zarr", data=plain, chunks=(64, 3))
    rows = cda.zeros((0, 3))
    for start in range(0, store.shape[0], 64):
        rows.extend(store[start : start + 64])
    assert_same(rows, plain)
    assert_same(cda.DynamicArray(store), plain)
