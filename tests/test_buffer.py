"""The buffer protocol, ctypes and DLPack: exports are ndarray's, and stay valid."""

import ctypes
import gc
import inspect
import io
import sys

import numpy as np
import pytest

import cppdynarray as cda
from comparison import attempt
from helpers import address, error_of, samples
from subprocesses import linux_only, measure

MANY_EXPORTS = 100_000


def described(view):
    return (
        view.format,
        view.shape,
        view.strides,
        view.itemsize,
        view.ndim,
        view.nbytes,
        view.readonly,
        view.c_contiguous,
        view.f_contiguous,
        view.contiguous,
    )


def test_exports_of_every_dtype_are_described_as_ndarrays(dtype, row_shape, rng):
    array = samples(dtype, (4, *row_shape), rng)
    d = cda.array(array)
    expected, expected_error, _ = attempt(memoryview, array)
    found, error, _ = attempt(memoryview, d)
    assert type(error) is type(expected_error)
    if error is None:
        if array.size:  # the strides of NumPy's own empty arrays are 0, and so are aligned
            assert described(found) == described(expected)
        if not array.dtype.hasobject and array.dtype.names is None and array.dtype.char not in "gG":
            assert found.tobytes() == array.tobytes()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    "shape", [(), (0,), (1,), (3,), (2, 3), (1, 3), (3, 1), (0, 3), (3, 0), (2, 3, 4), (1, 1, 1)]
)
def test_exports_of_every_shape(shape, order):
    array = np.ones(shape, order=order)
    found, expected = memoryview(cda.array(array, order=order)), memoryview(array)
    assert found.shape == expected.shape
    assert found.tolist() == expected.tolist()
    assert (found.c_contiguous, found.f_contiguous) == (
        expected.c_contiguous,
        expected.f_contiguous,
    )
    if array.size:
        assert described(found) == described(expected)


def test_the_export_of_a_read_only_array_is_read_only():
    d = cda.arange(3)
    d.flags.writeable = False
    view = memoryview(d)
    assert view.readonly
    with pytest.raises(TypeError):
        view[0] = 1
    with pytest.raises(TypeError):
        (ctypes.c_char * 8).from_buffer(d)
    with pytest.raises(TypeError):
        io.BytesIO(bytes(100)).readinto(d)


FLAGS = {
    "SIMPLE": 0,
    "WRITABLE": 1,
    "FORMAT": 4,
    "ND": 8,
    "STRIDES": 0x18,
    "C_CONTIGUOUS": 0x38,
    "F_CONTIGUOUS": 0x58,
    "ANY_CONTIGUOUS": 0x98,
    "CONTIG": 9,
    "RECORDS": 0x1D,
    "FULL": 0x11D,
    "FULL_RO": 0x11C,
}


class Buffer(ctypes.Structure):
    _fields_ = [
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.py_object),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    ]


def requested(array, flags):
    buffer = Buffer()
    ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(array), ctypes.byref(buffer), flags)
    try:
        return (
            buffer.len,
            buffer.itemsize,
            buffer.readonly,
            buffer.ndim,
            buffer.format,
            buffer.shape is None,
            buffer.strides is None,
            buffer.suboffsets is None,
            buffer.buf == address(array),
        )
    finally:
        ctypes.pythonapi.PyBuffer_Release(ctypes.byref(buffer))


@pytest.mark.parametrize("flags", FLAGS.values(), ids=FLAGS)
@pytest.mark.parametrize("writeable", [True, False])
@pytest.mark.parametrize(
    "array",
    [
        np.arange(3.0),
        np.arange(6).reshape(2, 3),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.array(2),
        np.zeros(2, "i4,f8"),
        np.array(["ab"]),
        np.array([None]),
    ],
    ids=["1d", "c", "f", "0d", "records", "text", "objects"],
)
def test_requests_of_every_kind(array, writeable, flags):
    array, d = array.copy(order="K"), cda.array(array)
    array.flags.writeable = d.flags.writeable = writeable
    expected, expected_error, _ = attempt(requested, array, flags)
    found, error, _ = attempt(requested, d, flags)
    assert type(error) is type(expected_error)
    assert found == expected


@pytest.mark.parametrize("dtype", ["M8[s]", "m8[ms]", np.dtypes.StringDType()], ids=str)
def test_dtypes_without_a_format_raise_what_ndarray_raises(dtype):
    _, expected, _ = attempt(memoryview, np.zeros(2, dtype))
    _, error, _ = attempt(memoryview, cda.zeros(2, dtype))
    assert type(error) is type(expected)


# Exports and growth.


def test_an_export_survives_growth_and_stays_live():
    d = cda.DynamicArray([1.0, 2.0, 3.0])
    view = memoryview(d)
    d.extend(np.zeros(1_000_000))
    assert view.shape == (3,)
    assert view.tolist() == [1.0, 2.0, 3.0]
    d[0] = 10
    view[1] = 20
    assert view[0] == 10
    assert d[1] == 20


def test_an_export_survives_shrinking():
    d = cda.full(100_000, 3.0)
    view = memoryview(d)
    d.resize(10)
    d.shrink_to_fit()
    assert view.shape == (100_000,)
    assert view[9] == 3.0
    assert view[99_999] == 0.0


def test_an_export_survives_a_move():
    cda._core._memory.trim()
    with cda.options(reserve_bytes=1):
        d = cda.DynamicArray([1.0, 2.0, 3.0])
        view = memoryview(d)
        d.extend(np.zeros(10_000_000))
    assert view.tolist() == [1.0, 2.0, 3.0]
    del d
    gc.collect()
    assert view.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    "export",
    [
        memoryview,
        np.frombuffer,
        np.asarray,
        np.from_dlpack,
        lambda d: d.ctypes,
        lambda d: (ctypes.c_double * 3).from_buffer(d),
        lambda d: np.lib.stride_tricks.as_strided(d),
        lambda d: d.data,
        lambda d: memoryview(d)[1:],
        lambda d: memoryview(d).cast("B"),
    ],
    ids=[
        "memoryview",
        "frombuffer",
        "asarray",
        "from_dlpack",
        "ctypes",
        "from_buffer",
        "as_strided",
        "data",
        "slice",
        "cast",
    ],
)
def test_exports_outlive_the_array(export):
    d = cda.DynamicArray([1.0, 2.0, 3.0])
    where = address(d)
    exported = export(d)
    del d
    gc.collect()
    for _ in range(100):  # would have the memory if it were free
        other = cda.full(3, -1.0)
        assert address(other) != where
    del other
    assert (ctypes.c_double * 3).from_address(where)[:] == [1.0, 2.0, 3.0]
    del exported


def test_exports_let_go_of_the_array():
    d = cda.DynamicArray([1.0, 2.0])
    before = sys.getrefcount(d)
    view, dlpack, flat = memoryview(d), np.from_dlpack(d), np.frombuffer(d)
    assert sys.getrefcount(d) > before
    view.release()
    del view, dlpack, flat
    gc.collect()
    assert sys.getrefcount(d) == before


def test_the_newest_export_has_the_newest_shape():
    d = cda.DynamicArray(dtype="i8")
    exports = []
    for n in range(1000):
        exports.append(memoryview(d))
        d.append(n)
    for n, view in enumerate(exports):
        assert view.shape == (n,)
        assert view.tolist() == list(range(n))


def test_exports_of_different_number_of_dimensions():
    d = cda.arange(6)
    first = memoryview(d)
    d.resize((2, 3))
    second = memoryview(d)
    d.resize((3, 2, 1))
    assert first.shape == (6,)
    assert second.shape == (2, 3)
    assert memoryview(d).shape == (3, 2, 1)
    assert second.tolist() == [[0, 1, 2], [3, 4, 5]]


@linux_only
@pytest.mark.parametrize(
    "export",
    [
        "memoryview(d)",
        "np.frombuffer(d, 'u1')",
        "d.data",
        "d.__array_interface__",
        "np.from_dlpack(d)",
        "bytes_of(d)",
        "d.ctypes.data",
        "np.asarray(d)",
    ],
)
def test_exports_after_every_append_take_no_memory(export):
    """Compared with a run without exports, that appends as much."""
    code = """
        import tracemalloc, cppdynarray as cda
        def bytes_of(d):
            return io.BytesIO(bytes(8)).readinto(d[:1])
        import io
        def run(exporting):
            d = cda.DynamicArray(dtype="u1", capacity=200_000)
            for n in range(100):
                d.append(1); {export}
            gc.collect()
            start = resident()
            for n in range({count}):
                d.append(1)
                if exporting:
                    {export}
            gc.collect()
            return resident() - start
        run(False); run(True)
        print(run(False), run(True))
        """.replace("{count}", str(MANY_EXPORTS)).replace("{export}", export)
    plain, exporting = measure(code)
    assert exporting < plain + 2**20  # a record of NumPy's would be 64 bytes each: 6.4 MB


@linux_only
def test_exports_kept_alive_cost_what_they_cost_for_a_plain_array():
    code = """
        import cppdynarray as cda
        def run(d):
            start = resident()
            kept = [memoryview(d) for n in range(20_000)]
            return resident() - start
        run(np.zeros(3)); run(cda.zeros(3))
        print(run(np.zeros(3)), run(cda.zeros(3)))
        """
    plain, ours = measure(code)
    # Each export has a view of its own (some 200 bytes), so that NumPy records nothing for good.
    assert ours < plain + 20_000 * 600


# Those who take buffers.


def test_reading_into_an_array():
    d = cda.zeros(4, "u1")
    assert io.BytesIO(b"abcdef").readinto(d) == 4
    assert d.tobytes() == b"abcd"
    assert bytes(d) == b"abcd"
    assert bytearray(d) == b"abcd"
    assert b"".join([d, d]) == b"abcdabcd"
    stream = io.BytesIO()
    stream.write(d)
    assert stream.getvalue() == b"abcd"


def test_ctypes_pointers_follow_growth_in_place():
    d = cda.DynamicArray([1, 2, 3], "i4")
    pointer = d.ctypes.data_as(ctypes.POINTER(ctypes.c_int))
    array = (ctypes.c_int * 3).from_buffer(d)
    d.extend(range(100_000))
    d[0] = 77
    assert pointer[0] == 77
    assert array[0] == 77
    pointer[1] = 88
    assert d[1] == 88
    assert pointer[3] == 0
    assert d.ctypes.shape[:] == [100_003]
    assert np.ctypeslib.as_ctypes(d[:2])[:] == [77, 88]


def test_array_of_pointer_arguments():
    d = cda.DynamicArray([3.0, 1.0, 2.0])
    argument = np.ctypeslib.ndpointer(float, ndim=1, flags="C_CONTIGUOUS,WRITEABLE")
    assert argument.from_param(d) is not None
    libc = ctypes.CDLL(None)
    libc.memset(d.ctypes.data_as(ctypes.c_void_p), 0, d.nbytes)
    assert d.tolist() == [0.0] * 3


def test_dlpack_is_live_and_outlives_the_array():
    d = cda.DynamicArray([1.0, 2.0])
    view = np.from_dlpack(d)
    d.extend(np.ones(100_000))
    d[0] = 5
    assert view.tolist() == [5.0, 2.0]
    del d
    gc.collect()
    cda.full(2, -1.0)
    assert view.tolist() == [5.0, 2.0]


def test_a_dlpack_capsule_that_nobody_takes():
    d = cda.DynamicArray([1.0, 2.0])
    before = sys.getrefcount(d)
    for _ in range(100):
        capsule = d.__dlpack__()
        d.append(1.0)
        del capsule
    assert sys.getrefcount(d) == before
    assert d.__dlpack_device__() == (1, 0)


def test_numpy_from_buffer_of_every_plain_dtype():
    for code in "?bBhHiIlLqQefdgFDG":
        d = cda.zeros(3, code)
        view = np.frombuffer(d, code)
        assert view.dtype == code
        view[1] = 1
        assert d[1] == 1


def test_a_subclass_of_ndarray_on_the_buffer():
    d = cda.arange(4.0)
    view = np.ndarray((2, 2), "f8", buffer=d)
    d.extend(np.zeros(100_000))
    d[3] = 9
    assert view.tolist() == [[0.0, 1.0], [2.0, 9.0]]
    del d
    assert view.tolist() == [[0.0, 1.0], [2.0, 9.0]]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="__buffer__ came with Python 3.12")
@pytest.mark.parametrize("shape", [(3,), (2, 3)])
def test_every_kind_of_request(shape):
    """Also those that the interpreter itself refuses to make."""
    a = np.ones(shape)
    d = cda.array(a)
    for flags in (*inspect.BufferFlags, -1):
        refused = error_of(a.__buffer__, flags)
        assert error_of(d.__buffer__, flags) is refused, flags
        if refused is None:
            assert described(d.__buffer__(flags)) == described(a.__buffer__(flags)), flags
