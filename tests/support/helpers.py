"""What the tests share: dtypes, row shapes, sample values, comparisons."""

import ctypes
import re
import string
import sys
import warnings
from contextlib import contextmanager

import numpy as np

import cppdynarray as cda
from cppdynarray._core._array import memory_of
from cppdynarray.testing import assert_invariants

PLAIN_DTYPES = [
    np.dtype(code)
    for code in (
        "?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", np.longlong, np.ulonglong,
        "f2", "f4", "f8", "g", "F", "D", "G", ">f8", ">i4", ">c16",
        "datetime64[s]", "timedelta64[ms]", "S5", "U5", ">U3", "V7",
    )
]
STRUCTURED_DTYPES = [
    np.dtype([("number", "i4"), ("value", "f8")]),
    np.dtype([("number", "i1"), ("value", "f8")], align=True),
    np.dtype([("point", [("x", "f4"), ("y", ">i2")]), ("flag", "?")]),
    np.dtype([("label", "S3"), ("vector", "i2", (2, 2))]),
]
REFERENCE_DTYPES = [
    np.dtype(object),
    np.dtypes.StringDType(),
    np.dtype([("number", "i2"), ("thing", object)]),
    np.dtype([("inner", [("thing", object)]), ("number", "f8"), ("others", object, (2,))]),
]
DTYPES = PLAIN_DTYPES + STRUCTURED_DTYPES + REFERENCE_DTYPES
ROWS = [(), (3,), (2, 3), (0,)]


def label(value):
    """What a test is called that has this value: the same in all processes, so without addresses."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def dtype_id(dtype):
    """A short name for a test's id."""
    if dtype.names:
        return "{" + ",".join(dtype_id(dtype[name]) for name in dtype.names) + "}"
    if dtype.subdtype:
        return f"{dtype_id(dtype.subdtype[0])}{dtype.shape}"
    return "StringDType" if isinstance(dtype, np.dtypes.StringDType) else dtype.str.lstrip("|<")


def row_id(row):
    return "row" + "x".join(map(str, row)) if row else "scalar"


class Thing:
    """An object that is equal to nothing but itself, and that weak references can watch."""

    def __init__(self, name="thing"):
        self.name = name

    def __repr__(self):
        return f"<{self.name}>"


def samples(dtype, shape, rng):
    """A plain array of random values of any dtype."""
    made = np.zeros(shape, dtype)
    if dtype.names:
        for name in dtype.names:
            base, inner = dtype[name].subdtype or (dtype[name], ())
            made[name] = samples(base, made.shape + inner, rng)
        return made
    size = made.size
    kind = "T" if isinstance(dtype, np.dtypes.StringDType) else dtype.kind
    if kind == "b":
        values = rng.integers(0, 2, size).astype(bool)
    elif kind in "iu":
        limits = np.iinfo(dtype)
        values = rng.integers(limits.min, limits.max, size, dtype.newbyteorder("="), endpoint=True)
    elif kind == "f":
        values = rng.normal(size=size)
    elif kind == "c":
        values = rng.normal(size=size) + 1j * rng.normal(size=size)
    elif kind in "mM":
        values = rng.integers(-(10**9), 10**9, size).astype("i8").astype(dtype)
    elif kind == "O":
        values = [Thing(f"thing {number}") for number in rng.integers(0, 1000, size)]
    else:
        # Some strings fit into a StringDType's element, the long ones are kept elsewhere.
        most = 60 if kind == "T" else dtype.itemsize // (4 if kind == "U" else 1)
        values = [
            "".join(rng.choice(list(string.ascii_letters), rng.integers(1, most, endpoint=True)))
            for _ in range(size)
        ]
        if kind in "SV":
            values = [value.encode() for value in values]
    flat = made.reshape(-1)
    for position, value in enumerate(values):
        flat[position] = value
    return made


def model_array(rows, row_shape, dtype):
    """A plain array of a list of rows."""
    expected = np.zeros((len(rows), *row_shape), dtype)
    for position, row in enumerate(rows):
        expected[position] = row
    return expected


def joined(*parts):
    """The rows of several arrays, of the dtype of the first, which np.concatenate may change."""
    made = np.zeros((sum(map(len, parts)), *parts[0].shape[1:]), parts[0].dtype)
    start = 0
    for part in parts:
        made[start : start + len(part)] = part
        start += len(part)
    return made


def assert_same(found, expected):
    """Equal shape, dtype and elements, bit for bit; objects are the same ones, or equal."""
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    found, expected = np.asarray(found), np.asarray(expected)
    if expected.dtype.names:
        for name in expected.dtype.names:
            assert_same(found[name], expected[name])
    elif expected.dtype.kind == "O":
        for a, b in zip(found.reshape(-1), expected.reshape(-1), strict=True):
            assert a is b or _equal_objects(a, b), (a, b)
    elif expected.dtype.kind == "T":
        assert found.tolist() == expected.tolist()
    elif expected.dtype.char in "gG":  # their padding means nothing
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(np.signbit(found.real), np.signbit(expected.real))
        np.testing.assert_array_equal(np.signbit(found.imag), np.signbit(expected.imag))
    else:
        assert found.tobytes() == expected.tobytes(), (found, expected)


def _equal_objects(a, b):
    """Whether objects that NumPy made, so that there are two of them, mean the same."""
    return type(a) is type(b) and not isinstance(a, Thing) and repr(a) == repr(b)


def leaves(array):
    """The elements of the fields of an array, flat."""
    if array.dtype.names:
        return [leaf for name in array.dtype.names for leaf in leaves(array[name])]
    return list(array.reshape(-1))


def address(array):
    return array.__array_interface__["data"][0]


FLAGS = ("c_contiguous", "f_contiguous", "owndata", "writeable", "aligned", "writebackifcopy")


def state(array):
    """All that a failed operation must leave alone; objects by their addresses."""
    memory = memory_of(array)
    objects = [leaf for leaf in leaves(np.asarray(array)) if isinstance(leaf, Thing)]
    return {
        "shape": array.shape,
        "dtype": array.dtype,
        "strides": array.strides,
        "flags": {name: getattr(array.flags, name) for name in FLAGS},
        "address": address(array),
        "capacity": array.capacity,
        "max_size": array.max_size,
        "memory": memory and {key: memory[key] for key in memory if key != "dirty_bytes"},
        "bytes": (
            ctypes.string_at(address(array), array.nbytes)
            if array.flags.c_contiguous or array.flags.f_contiguous
            else np.asarray(array).tobytes()
        ),
        "refcounts": [sys.getrefcount(thing) for thing in objects],
    }


@contextmanager
def unchanged(array):
    """Checks that the block leaves an array exactly as it was."""
    before = state(array)
    yield
    after = state(array)
    assert after == before
    assert_invariants(array)


def error_of(function, *args):
    """The class of what a call raises; None if it succeeds. Keeps no reference to anything."""
    try:
        function(*args)
    except Exception as error:
        return type(error)
    return None


def assignment_error(dtype, row_shape, value):
    """The class of what NumPy raises for ``a[0] = value``."""
    return error_of(np.zeros((1, *row_shape), dtype).__setitem__, 0, value)


def small_array(contents, dtype=None):
    """An array with a small reservation, so that growing past max_size is cheap."""
    # A pooled block may have a larger reservation than asked for.
    cda._core._memory.trim()
    with cda.options(reserve_bytes=1 << 16):
        made = cda.DynamicArray(contents, dtype)
    assert memory_of(made)["reserved_bytes"] < 1 << 20
    return made


def loses(value, dtype):
    """Whether a value is not what it was once NumPy has converted it to a dtype: back, and compared. What a float
    rounds is no loss unless it is infinite then; False where NumPy refuses the value.
    """
    dtype = np.dtype(dtype)
    if isinstance(value, np.ndarray):
        return any(loses(x, dtype) for x in value.ravel()) if value.ndim else loses(value[()], dtype)
    if dtype.names is not None:
        parts = value.item() if isinstance(value, np.void) and value.dtype.names else value
        if not isinstance(parts, tuple):
            return not isinstance(value, np.void)  # one value for all fields
        return len(parts) == len(dtype) and any(map(loses, parts, (dtype[name] for name in dtype.names)))
    if isinstance(value, list | tuple) and (value or dtype.kind != "b"):
        return any(loses(item, dtype.base) for item in value)
    if dtype.subdtype is not None:
        return loses(value, dtype.base)
    kept = np.zeros((), dtype)
    try:
        with warnings.catch_warnings(action="ignore"):
            kept[()] = value
            return not is_same(value, kept)
    except OverflowError:
        return True  # between units of time
    except Exception:
        return isinstance(value, np.datetime64 | np.timedelta64) and dtype.kind in "SU"  # no room for their text


def is_same(value, kept):
    """Whether NumPy has made of a value what it is, in an array without dimensions."""
    kind = kept.dtype.kind
    if kind in "OT":
        return True
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    if kind in "SU":
        found = kept[()].decode("latin-1") if kind == "S" else str(kept)
        return found == str(text).rstrip("\0")
    if kind == "V":
        return len(value.tobytes() if isinstance(value, np.generic) else value) <= kept.dtype.itemsize
    if isinstance(value, np.datetime64 | np.timedelta64) and kind not in "mM":
        value = value.astype("i8")
    if isinstance(value, complex | np.complexfloating) and kind != "c":
        return False
    if kind == "b":
        return isinstance(value, bool | int | float | np.number | np.bool_) and value in (0, 1)
    if kind in "fc":
        if isinstance(text, str):
            return "inf" in text or not np.isinf(kept)
        was_infinite = [not isinstance(value, int) and bool(np.isinf(part)) for part in (value.real, value.imag)]
        return all(was or not np.isinf(part) for was, part in zip(was_infinite, (kept.real, kept.imag), strict=True))
    if kind == "M" and isinstance(text, str):
        value = np.datetime64(text) if not np.isnat(kept) else None
    if value is None or isinstance(value, str | bytes) or (kind in "mM" and value != value):
        return True
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value)) or kept.astype(value.dtype) == value
    return int(kept.astype("i8") if kind in "mM" else kept) == (value.item() if isinstance(value, np.number) else value)
