"""Columns as Arrow's arrays, by PyArrow: numbers share their memory, what Arrow has otherwise is copied."""

import numpy as np

from cppdynarray._core import _messages

_ARROW_UNITS = [(unit, 1) for unit in ("s", "ms", "us", "ns", "D")]


def arrow_stream(columns, schema):
    """An Arrow stream, in its capsule, with plain arrays of one length as its only batch."""
    try:
        import pyarrow as pa
    except ModuleNotFoundError:
        raise ImportError(_messages.NO_ARROW, name="pyarrow") from None
    arrays = [_as_arrow(pa, array) for array in columns.values()]
    batch = pa.RecordBatch.from_arrays(arrays, list(columns))
    return pa.RecordBatchReader.from_batches(batch.schema, [batch]).__arrow_c_stream__(schema)


def _as_arrow(pa, array):
    dtype = array.dtype
    if array.ndim > 1:
        values = _as_arrow(pa, np.ascontiguousarray(array).reshape(-1))
        for size in array.shape[:0:-1]:
            if size == 0:
                return pa.array(array.tolist(), pa.list_(pa.null(), 0))
            values = pa.FixedSizeListArray.from_arrays(values, size)
        return values
    if dtype.names is not None:
        fields = [_as_arrow(pa, np.ascontiguousarray(array[name])) for name in dtype.names]
        return pa.StructArray.from_arrays(fields, list(dtype.names))
    if dtype.kind in "OTV":
        values = array.tolist()
        return pa.array(values, pa.large_string() if dtype.kind == "T" else None)
    if dtype.kind in "mM" and np.datetime_data(dtype) not in _ARROW_UNITS:
        array = array.astype(f"{dtype.kind}8[s]")  # longer ones: without loss
    return pa.array(array if dtype.isnative else array.astype(dtype.newbyteorder("=")))
