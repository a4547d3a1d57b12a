"""Columns as Arrow's arrays, by PyArrow or nanoarrow: numbers share their memory, what Arrow has otherwise is new."""

from math import prod

import numpy as np

from cppdynarray._core import _messages


def arrow_stream(columns, schema):
    """An Arrow stream, in its capsule, with plain arrays of one length as its only batch."""
    made = _producer()
    return made.stream([_as_arrow(made, array) for array in columns.values()], list(columns), schema)


def _producer():
    for kind in (_PyArrow, _Nanoarrow):
        try:
            return kind()
        except ModuleNotFoundError:
            pass
    raise ImportError(_messages.NO_ARROW, name="pyarrow")


def _as_arrow(made, array):
    dtype = array.dtype
    if array.ndim > 1:
        values = _as_arrow(made, np.ascontiguousarray(array).reshape(-1))
        for axis in range(array.ndim - 1, 0, -1):
            values = made.rows(values, array.shape[axis], prod(array.shape[:axis]))
        return values
    if dtype.names is not None:
        fields = [_as_arrow(made, np.ascontiguousarray(array[name])) for name in dtype.names]
        return made.records(fields, list(dtype.names), len(array))
    if dtype.kind in "mM" and np.datetime_data(dtype) not in _ARROW_UNITS[dtype.kind]:
        array = array.astype(f"{dtype.kind}8[s]")  # longer ones: without loss
    return made.values(array if dtype.isnative else array.astype(dtype.newbyteorder("=")))


_ARROW_UNITS = {"m": [(unit, 1) for unit in ("s", "ms", "us", "ns")]}
_ARROW_UNITS["M"] = [*_ARROW_UNITS["m"], ("D", 1)]


class _PyArrow:
    def __init__(self):
        import pyarrow

        self.module = pyarrow

    def stream(self, fields, names, schema):
        batch = self.module.RecordBatch.from_arrays(fields, names)
        return self.module.RecordBatchReader.from_batches(batch.schema, [batch]).__arrow_c_stream__(schema)

    def records(self, fields, names, count):
        return self.module.StructArray.from_arrays(fields, names)

    def rows(self, values, size, count):
        if size == 0:
            return self.module.array([[]] * count, self.module.list_(self.module.null(), 0))
        return self.module.FixedSizeListArray.from_arrays(values, size)

    def values(self, array):
        kind = array.dtype.kind
        if kind in "OTV":
            return self.module.array(array.tolist(), self.module.large_string() if kind == "T" else None)
        return self.module.array(array)


class _Nanoarrow:
    def __init__(self):
        import nanoarrow

        self.module = nanoarrow
        self.array = nanoarrow.c_array_from_buffers

    def stream(self, fields, names, schema):
        return self.module.Array(self.records(fields, names, fields[0].length)).__arrow_c_stream__(schema)

    def records(self, fields, names, count):
        kinds = {name: field.schema for name, field in zip(names, fields, strict=True)}
        return self.array(self.module.struct(kinds), count, [None], children=fields)

    def rows(self, values, size, count):
        return self.array(self.module.fixed_size_list(values.schema, size), count, [None], children=[values])

    def values(self, array):
        kind = array.dtype.kind
        if kind in "mM":
            return self.times(array)
        if kind == "b":
            return self.array(self.module.bool_(), len(array), [None, np.packbits(array, bitorder="little")])
        if kind in "OTUSV":
            return self.items(array.tolist())
        if not hasattr(self.module, array.dtype.name):
            raise TypeError(_messages.NOT_IN_ARROW.format(dtype=array.dtype))
        return self.array(getattr(self.module, array.dtype.name)(), len(array), [None, array])

    def items(self, values):
        for kind, schema in (str, self.module.large_string()), (bytes, self.module.large_binary()):
            if all(value is None or isinstance(value, kind) for value in values):
                return self.module.c_array(values, schema)
        raise TypeError(_messages.NOT_IN_ARROW.format(dtype="objects but str, bytes and None"))

    def times(self, array):
        unit, _ = np.datetime_data(array.dtype)
        known = ~np.isnat(array)
        validity = None if known.all() else np.packbits(known, bitorder="little")
        values = array.view("i8")
        if unit == "D":
            return self.array(self.module.date32(), len(array), [validity, values.astype("i4")])
        kind = self.module.timestamp if array.dtype.kind == "M" else self.module.duration
        return self.array(kind(unit), len(array), [validity, values])
