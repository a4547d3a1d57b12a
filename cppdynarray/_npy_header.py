"""The header of .npy files: how it is read, and written so that the number of rows can be changed in place.

Behind the dict there is space for a record, see header_record.hpp: to all other readers it is padding.
"""

import ast
import io
import re
import struct
import tokenize
from typing import NamedTuple

import numpy as np
from numpy.lib import format as npy

from cppdynarray._core._files import ALIGNMENT, COUNT_CHARACTERS, RECORD_CHARACTERS

__all__ = ["ALIGNMENT", "MOST_CHARACTERS", "Header", "check_dtype", "make_header", "parse_header"]

# NumPy reads no longer header without being asked to.
MOST_CHARACTERS = 10_000

_COUNT = re.compile(rb"'shape': \(( *\d+)[,)]")


class Header(NamedTuple):
    """What the header of a file says, and where."""

    dtype: np.dtype
    shape: tuple
    fortran_order: bool
    data_at: int  # where the rows begin
    count_at: int | None  # where their number is; None: it can't be changed in place
    text: bytes | None  # from there on to the end of the record

    @property
    def row_bytes(self):
        size = self.dtype.itemsize
        for dimension in self.shape[1:]:
            size *= dimension
        return size

    @property
    def grows(self):
        """Whether the file can grow as it is."""
        return self.count_at is not None and self.data_at % ALIGNMENT == 0


def check_dtype(dtype):
    """ValueError that says why a file can't hold elements of `dtype`."""
    if dtype.hasobject:
        what = "text of any length" if isinstance(dtype, np.dtypes.StringDType) else "Python objects"
        use = "a dtype such as 'U20'" if isinstance(dtype, np.dtypes.StringDType) else "numpy.save with allow_pickle"
        raise ValueError(f"elements of dtype {dtype} are {what}, which no other process can read: use {use}")
    if npy.descr_to_dtype(npy.dtype_to_descr(dtype)) != dtype:
        raise ValueError(f"the .npy format has no word for dtype {dtype}")


def make_header(dtype, shape):
    """The bytes of a header for rows whose number will change."""
    rows, *row_shape = shape
    count = f"{rows:>{COUNT_CHARACTERS}}"
    dimensions = ", ".join([count, *map(str, row_shape)]) if row_shape else f"{count},"
    start = f"{{'descr': {npy.dtype_to_descr(dtype)!r}, 'fortran_order': False, "
    end = f"'shape': ({dimensions}), }}"
    # Version 1 has Latin-1, version 3 UTF-8 for the names of fields, and a longer word for the length.
    try:
        encoded, version, length = start.encode("latin1"), b"\1\0", "<H"
    except UnicodeEncodeError:
        encoded, version, length = start.encode(), b"\3\0", "<I"
    magic = npy.MAGIC_PREFIX + version
    begins_at = len(magic) + struct.calcsize(length)
    changing = len(end) + RECORD_CHARACTERS
    if (begins_at + len(encoded)) // ALIGNMENT != (begins_at + len(encoded) + changing) // ALIGNMENT:
        encoded += b" " * (-(begins_at + len(encoded)) % ALIGNMENT)
    data_at = -(-(begins_at + len(encoded) + changing + 1) // ALIGNMENT) * ALIGNMENT
    if data_at - begins_at > MOST_CHARACTERS:
        raise ValueError(f"NumPy reads no header as long as that of a dtype with {len(dtype.fields or ())} fields")
    text = (encoded + end.encode()).ljust(data_at - begins_at - 1)
    return magic + struct.pack(length, data_at - begins_at) + text + b"\n"


def parse_header(start, path):
    """
    The Header that the first bytes of a file are.

    Raises
    ------
    ValueError
        If they are none. The message has the name of the file.
    """
    magic = npy.MAGIC_PREFIX
    if not start.startswith(magic):
        what = "is empty" if not start else "isn't a .npy file"
        if len(start) < npy.MAGIC_LEN and magic.startswith(start[: len(magic)]) and start:
            what = "is cut within its header"
        raise ValueError(f"{path} {what}")
    version = (*start[len(magic) : npy.MAGIC_LEN],)
    lengths = {(1, 0): "<H", (2, 0): "<I", (3, 0): "<I"}
    if version not in lengths:
        raise ValueError(f"{path} has version {'.'.join(map(str, version))} of the .npy format, which is unknown")
    begins_at = npy.MAGIC_LEN + struct.calcsize(lengths[version])
    if len(start) < begins_at:
        raise ValueError(f"{path} is cut within its header")
    (size,) = struct.unpack(lengths[version], start[npy.MAGIC_LEN : begins_at])
    if size > MOST_CHARACTERS:
        raise ValueError(f"{path} has a header of {size} characters, more than NumPy reads")
    data_at = begins_at + size
    if len(start) < data_at:
        raise ValueError(f"{path} is cut within its header")
    try:
        shape, fortran_order, dtype = _read(start[npy.MAGIC_LEN : data_at], version)
    except (ValueError, SyntaxError, TypeError, tokenize.TokenError) as error:
        raise ValueError(f"{path} has no valid header: {error}") from error
    counts = list(_COUNT.finditer(start[:data_at]))
    found = counts[-1] if counts else None  # the last one: names of fields may be anything
    matches = found is not None and len(found[1]) == COUNT_CHARACTERS and shape and int(found[1]) == shape[0]
    count_at = found.start(1) if matches else None
    end = len(start[:data_at].rstrip()) + RECORD_CHARACTERS
    if count_at is None or end >= data_at or count_at // ALIGNMENT != (end - 1) // ALIGNMENT:
        return Header(dtype, shape, fortran_order, data_at, None, None)
    return Header(dtype, shape, fortran_order, data_at, count_at, start[count_at:end])


def _read(encoded, version):
    if version == (1, 0):
        return npy.read_array_header_1_0(io.BytesIO(encoded))
    if version == (2, 0):
        return npy.read_array_header_2_0(io.BytesIO(encoded))
    # NumPy has no public function for version 3.
    try:
        described = ast.literal_eval(encoded[4:].decode())
    except (SyntaxError, ValueError, UnicodeDecodeError) as error:
        raise ValueError("it isn't a dict") from error
    if not isinstance(described, dict) or described.keys() != {"descr", "fortran_order", "shape"}:
        raise ValueError("it doesn't have the keys that it should")
    shape, fortran_order = described["shape"], described["fortran_order"]
    if not isinstance(shape, tuple) or not all(isinstance(size, int) and size >= 0 for size in shape):
        raise ValueError(f"the shape is {shape!r}")
    if not isinstance(fortran_order, bool):
        raise ValueError(f"fortran_order is {fortran_order!r}")
    try:
        return shape, fortran_order, npy.descr_to_dtype(described["descr"])
    except TypeError as error:
        raise ValueError(f"the descr is {described['descr']!r}") from error
