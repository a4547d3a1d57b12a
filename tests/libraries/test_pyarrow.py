"""pyarrow: buffers and arrays on the array's memory, tables from growing columns."""

import numpy as np
import pytest

import cppdynarray as cda
from helpers import address, assert_same
from optional_libraries import import_library
from streams import grow

pa = import_library("pyarrow")
pc = import_library("pyarrow.compute")
parquet = import_library("pyarrow.parquet")

WAYS = {
    "pa.array": pa.array,
    "from_buffers": lambda d: pa.Array.from_buffers(pa.float64(), len(d), [None, pa.py_buffer(d)]),
}


@pytest.fixture(params=WAYS)
def as_arrow(request):
    return WAYS[request.param]


def values_of(array):
    """The buffer of an Arrow array's values."""
    return array.buffers()[1]


def test_statistics_of_a_stream(as_arrow, blocks):
    """Arrow's functions on what has come in so far, with no copy of it."""
    readings = cda.DynamicArray(dtype=float)
    for block in blocks:
        readings.extend(block)
        array = as_arrow(readings)
        assert values_of(array).address == address(readings)
        assert array.equals(pa.array(np.array(readings)))
        expected = pa.array(np.array(readings))
        assert pc.quantile(array, [0.1, 0.9]).equals(pc.quantile(expected, [0.1, 0.9]))


def test_a_buffer_is_live_and_keeps_its_size():
    d = cda.DynamicArray([1.0, 2.0, 3.0])
    buffer = pa.py_buffer(d)
    assert (buffer.address, buffer.size) == (address(d), d.nbytes)
    size = d.nbytes
    grow(d)
    assert (buffer.address, buffer.size) == (address(d), size)
    assert_same(np.frombuffer(buffer), d[:3])
    del d
    cda.full(3, -1.0)  # would have the memory if it were free
    assert np.frombuffer(buffer).tolist() == [2.0, 2.0, 3.0]


def test_an_arrow_array_is_live_and_keeps_its_length(as_arrow):
    """It sees what is written to the elements it has: Arrow's own arrays never change."""
    d = cda.DynamicArray([1.0, 2.0, 3.0])
    array = as_arrow(d)
    grow(d)
    assert values_of(array).address == address(d)
    assert array.to_pylist() == d[:3].tolist()
    view = array.to_numpy(zero_copy_only=True)
    assert address(view) == address(d)


def test_a_tensor_of_rows(row_blocks):
    rows = cda.DynamicArray(np.concatenate(row_blocks))
    tensor = pa.Tensor.from_numpy(rows)
    shape = rows.shape
    grow(rows)
    assert tensor.shape == shape
    assert address(tensor.to_numpy()) == address(rows)
    assert_same(tensor.to_numpy(), rows[: shape[0]])


def test_a_stream_of_batches_is_written_and_read_back(tmp_path, blocks):
    """Each block is appended, and goes to the file from where it lies in the array."""
    times, readings = cda.DynamicArray(dtype="i8"), cda.DynamicArray(dtype=float)
    schema = pa.schema({"time": pa.int64(), "reading": pa.float64()})
    with (
        pa.OSFile(str(tmp_path / "stream.arrow"), "wb") as file,
        pa.ipc.new_file(file, schema) as writer,
    ):
        for block in blocks:
            start = len(readings)
            readings.extend(block)
            times.extend(range(start, len(readings)))
            batch = pa.record_batch([times[start:], readings[start:]], schema=schema)
            assert values_of(batch["reading"]).address == address(readings[start:])
            writer.write(batch)
    with pa.memory_map(str(tmp_path / "stream.arrow")) as file:
        table = pa.ipc.open_file(file).read_all()
        assert table.equals(
            pa.table({"time": np.array(times), "reading": np.array(readings)}, schema=schema)
        )
        again = cda.DynamicArray(dtype=float)
        again.extend(table["reading"])
    assert_same(again, np.array(readings))


def test_a_table_goes_to_parquet_and_back(tmp_path, blocks):
    readings = cda.DynamicArray(np.concatenate(blocks))
    table = pa.table({"reading": readings})
    parquet.write_table(table, tmp_path / "readings.parquet")
    again = cda.DynamicArray(parquet.read_table(tmp_path / "readings.parquet")["reading"])
    again.append(1.0)
    assert_same(again[:-1], np.array(readings))
