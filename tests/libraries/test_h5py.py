"""h5py: a growing array appended to a file, and read into one."""

import numpy as np
import pytest

import cppdynarray as cda
from helpers import address, assert_same
from optional_libraries import import_library

h5py = import_library("h5py")


@pytest.fixture
def file(tmp_path):
    with h5py.File(tmp_path / "stream.h5", "w") as opened:
        yield opened


def append_to(dataset, rows):
    """Writes the rows that the dataset hasn't got yet."""
    written = len(dataset)
    dataset.resize(rows.shape)
    dataset[written:] = rows[written:]


def test_a_stream_is_appended_to_a_file(file, row_blocks):
    rows = cda.zeros((0, 3))
    dataset = file.create_dataset("rows", shape=(0, 3), maxshape=(None, 3), dtype=rows.dtype)
    for block in row_blocks:
        rows.extend(block)
        append_to(dataset, rows)
    assert_same(dataset[:], np.concatenate(row_blocks))


def test_records_are_appended_to_a_file(file):
    records = cda.DynamicArray(dtype=[("number", "i4"), ("value", "f8")])
    dataset = file.create_dataset("records", data=records, maxshape=(None,))
    for number in range(5):
        records.append((number, number / 2))
        append_to(dataset, records)
    assert_same(dataset[:], np.array(records))


def test_a_file_is_read_into_the_arrays_own_memory(file, row_blocks):
    """read_direct writes where it is told: here to rows just added."""
    plain = np.concatenate(row_blocks)
    dataset = file.create_dataset("rows", data=plain)
    rows = cda.zeros((0, 3))
    where = address(rows)
    view = None
    for start in range(0, len(plain), 50):
        stop = min(start + 50, len(plain))
        rows.resize((stop, 3))
        dataset.read_direct(rows, np.s_[start:stop], np.s_[start:stop])
        view = rows[:] if view is None else view
    assert_same(rows, plain)
    assert address(rows) == address(view) == where
    assert_same(view, plain[:50])


def test_a_dataset_is_contents(file, row_blocks):
    plain = np.concatenate(row_blocks)
    dataset = file.create_dataset("rows", data=cda.DynamicArray(plain))
    rows = cda.DynamicArray(dataset)
    rows.extend(dataset)
    rows.append(dataset[0])
    assert_same(rows, np.concatenate([plain, plain, plain[:1]]))
