"""Creation functions: NumPy's signatures and results, as arrays that grow."""

# ruff: noqa: B023 - functions made in loops are called there

import array
import ctypes
import decimal
import inspect
import io
import mmap
import pickle

import numpy as np
import pytest

import cppdynarray as cda
import cppdynarray.numpy as cnp
from comparison import attempt
from cppdynarray.testing import assert_invariants
from helpers import DTYPES, assert_same, dtype_id, label, loses, samples

# The functions that cppdynarray and cppdynarray.numpy have of their own.
SHARED = [
    "arange",
    "array",
    "asarray",
    "empty",
    "empty_like",
    "frombuffer",
    "fromiter",
    "full",
    "full_like",
    "linspace",
    "ones",
    "ones_like",
    "zeros",
    "zeros_like",
]
ONLY_IN_NUMPY_NAMESPACE = [
    "asanyarray",
    "ascontiguousarray",
    "copy",
    "eye",
    "from_dlpack",
    "fromfile",
    "fromfunction",
    "fromstring",
    "genfromtxt",
    "geomspace",
    "identity",
    "loadtxt",
    "logspace",
    "tri",
]
FUNCTIONS = [(cda, name) for name in SHARED] + [
    (cnp, name) for name in SHARED + ONLY_IN_NUMPY_NAMESPACE if name != "frombuffer"
]


def function_id(value):
    return (
        value
        if isinstance(value, str)
        else value.__name__.replace("cppdynarray.numpy", "numpy").replace("cppdynarray", "cda")
    )


def assert_created_alike(module, name, *args, elements=True, **kwargs):
    """module.name(...) gives an array like np.name's that grows, or raises the same."""
    expected, expected_error, expected_warnings = attempt(
        lambda: getattr(np, name)(*args, **kwargs)
    )
    found, error, warned = attempt(lambda: getattr(module, name)(*args, **kwargs))
    if error is not None and expected_error is None:
        raise error
    assert type(error) is type(expected_error), (error, expected_error, found)
    assert warned == expected_warnings
    if error is None:
        assert_grown_alike(found, expected, elements)
    return found


def assert_grown_alike(found, expected, elements=True):
    if isinstance(expected, tuple):
        assert type(found) is type(expected)
        assert_grown_alike(found[0], expected[0], elements)
        np.testing.assert_array_equal(found[1:], expected[1:])
        return
    assert type(found) is cda.DynamicArray
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    if elements:
        assert_same(found, expected)
    if (
        not expected.flags.fnc
    ):  # where NumPy keeps the order of a strided source, ours is one that grows
        assert found.flags.c_contiguous
    assert found.flags.owndata
    assert found.flags.writeable
    assert_invariants(found)
    if found.ndim and max(found.shape) > 2**40:
        return  # no row of it fits into memory
    if found.ndim and found.flags.c_contiguous:
        length = len(found)
        row = np.zeros(found.shape[1:], found.dtype)[()]
        found.append(row)
        found.extend(np.zeros((2, *found.shape[1:]), found.dtype))
        assert len(found) == length + 3
        if elements:
            assert_same(found[:length], expected)
    else:
        with pytest.raises(ValueError):
            found.append(0)


# Signatures.


def parameters_of(function):
    return {
        name: (parameter.kind, parameter.default)
        for name, parameter in inspect.signature(function).parameters.items()
    }


@pytest.mark.parametrize("module, name", FUNCTIONS, ids=function_id)
def test_signature_is_numpys(module, name):
    try:
        expected = parameters_of(getattr(np, name))
    except ValueError:
        pytest.skip(f"NumPy doesn't say what the signature of {name} is")
    if name == "arange":
        pytest.skip("its first arguments are optional in front of others: cases below")
    found = parameters_of(getattr(module, name))
    if name in ("empty", "full", "ones", "zeros"):  # and what only arrays that grow have
        assert found.pop("capacity") == found.pop("max_size") == (inspect.Parameter.KEYWORD_ONLY, 0)
    found.pop("ndmax", None)  # came with NumPy 2.4
    expected.pop("ndmax", None)
    assert list(found) == list(expected)
    for parameter, (kind, default) in expected.items():
        ours = found[parameter]
        assert ours[0] == kind or (
            ours[0] is inspect.Parameter.POSITIONAL_OR_KEYWORD
            and kind is inspect.Parameter.POSITIONAL_ONLY
        ), parameter
        assert ours[1] is default or ours[1] == default or np.dtype(ours[1]) == np.dtype(default), (
            parameter
        )


@pytest.mark.parametrize("module, name", FUNCTIONS, ids=function_id)
def test_bad_arguments_raise_what_numpy_raises(module, name):
    for args, kwargs in [
        ((), {}),
        ((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14), {}),
        ((), {"bad": 1}),
        ((3,), {"bad": 1}),
    ]:
        _, expected, _ = attempt(lambda: getattr(np, name)(*args, **kwargs))
        _, error, _ = attempt(lambda: getattr(module, name)(*args, **kwargs))
        assert type(error) is type(expected), (args, kwargs, error, expected)


# From a shape.

SHAPES = [
    0,
    3,
    (),
    (0,),
    (2, 3),
    (0, 3),
    (3, 0),
    (0, 0),
    (2, 0, 3),
    [2, 2],
    (2, 1, 3),
    np.int64(3),
    np.array(3),
    np.array([2, 3]),
    (np.int8(2), 3),
    True,
    (1,) * 32,
    (1,) * 64,
    (1,) * 65,
    range(1, 3),
]
BAD_SHAPES = [
    -1, (-1,), (2, -1), (0, -1), 1.5, (1.5,), "x", "12", None, (None,), object(), {}, {2: 3}, [[1]],
    2**62, 2**63 - 1, 2**63, 2**64, -(2**63), -(2**63) - 1, -(2**70), 10**30,
    (2**40, 2**40), (2**62, 2), (2**62, 0), (0, 2**62), (0, 2**63), (2**32, 2**32),
    (2**31, 2**31, 4), np.array([1.0]), 1j, b"ab", (2**60, 2**60, 0), 2**60, 2**61,
]


@pytest.mark.parametrize("shape", SHAPES + BAD_SHAPES, ids=lambda shape: label(shape)[:40])
@pytest.mark.parametrize("name", ["zeros", "empty", "ones", "full"])
@pytest.mark.parametrize("module", [cda, cnp], ids=function_id)
def test_shapes(module, name, shape):
    args = (shape, 7) if name == "full" else (shape,)
    assert_created_alike(module, name, *args, elements=name != "empty")


@pytest.mark.parametrize("shape", SHAPES + BAD_SHAPES, ids=lambda shape: label(shape)[:40])
def test_shapes_of_other_dtypes(shape):
    for dtype in ("u1", "M8[s]", object, "S3", "i4,f8", "S0", ("f4", (2, 2))):
        _, expected, _ = attempt(lambda: np.zeros(shape, dtype))
        if isinstance(expected, MemoryError):
            assert isinstance(attempt(lambda: cda.zeros(shape, dtype))[1], MemoryError)
        else:
            assert_created_alike(cda, "zeros", shape, dtype)


@pytest.mark.parametrize("name", ["zeros", "empty", "ones", "full"])
@pytest.mark.parametrize("order", ["C", "F", "c", "f", "A", "K", "X", "", None, 1, "CF"])
def test_orders(name, order):
    args = ((2, 3), 7) if name == "full" else ((2, 3),)
    assert_created_alike(cda, name, *args, order=order, elements=name != "empty")


@pytest.mark.parametrize(
    "name",
    ["zeros", "empty", "ones", "full", "arange", "linspace", "asarray", "zeros_like", "full_like"],
)
@pytest.mark.parametrize("device", [None, "cpu", "gpu", 1])
def test_devices(name, device):
    args = {
        "full": (3, 7),
        "linspace": (0, 1),
        "asarray": ([1, 2],),
        "zeros_like": ([1, 2],),
        "full_like": ([1, 2], 3),
    }.get(name, (3,))
    assert_created_alike(cda, name, *args, device=device, elements=name != "empty")


@pytest.mark.parametrize("dtype", ["O", "O,O", "O,(3,)O", "(2,3)O"])
@pytest.mark.parametrize("create", [cda.empty, lambda *args: cda.empty_like(np.empty(*args))])
def test_empty_objects_are_none_itself(create, dtype):
    # A NULL reads as None as well, but not to those who look at the memory.
    assert create(3, dtype).tobytes() == np.empty(3, dtype).tobytes()


BAD_DTYPES = ["bad", object(), 3, "f9", (1, 2, 3), [("a", "bad")], np.dtype, "M8[bad]"]


@pytest.mark.parametrize(
    "dtype",
    [
        *DTYPES,
        None,
        float,
        int,
        bool,
        complex,
        str,
        bytes,
        "S",
        "U",
        "S0",
        "U0",
        "V",
        "V0",
        "f4, i8",
        np.float32,
        "M8",
        "m8",
        np.dtypes.StringDType,
        np.dtypes.Float64DType,
        *BAD_DTYPES,
        "(2,)i4",
    ],
    ids=lambda dtype: dtype_id(dtype) if isinstance(dtype, np.dtype) else label(dtype)[:30],
)
@pytest.mark.parametrize(
    "name", ["zeros", "empty", "ones", "zeros_like", "ones_like", "empty_like", "full"]
)
def test_dtypes(name, dtype):
    args = {"full": ((2, 3), 0)}.get(
        name, ([[1, 2, 3], [4, 5, 6]],) if "like" in name else ((2, 3),)
    )
    assert_created_alike(cda, name, *args, dtype=dtype, elements="empty" not in name)


@pytest.mark.parametrize("dtype", DTYPES, ids=dtype_id)
def test_zeros_of_every_dtype_are_zero_after_dirty_memory_was_freed(dtype):
    for _ in range(5):
        dirty = cda.full(3000, 255, "u1")
        dirty[:] = 255
        del dirty
        made = cda.zeros(50, dtype)
        assert_same(made, np.zeros(50, dtype))
        made.resize(100)
        assert_same(made, np.zeros(100, dtype))


@pytest.mark.parametrize(
    "value",
    [
        7,
        2.5,
        True,
        1j,
        "text",
        b"b",
        None,
        [1, 2, 3],
        [[1], [2]],
        np.float32(1),
        np.array(5),
        np.arange(3),
        (1, 2),
        object,
        np.datetime64("2020-01-01"),
        range(3),
        "2020",
        [1, 2],
        [object()] * 3,
    ],
    ids=label,
)
@pytest.mark.parametrize(
    "dtype",
    [None, "f4", "i1", object, "S2", "U3", "M8[s]", "?", np.dtypes.StringDType(), "i4,f8"],
    ids=str,
)
def test_full(value, dtype):
    assert_created_alike(cda, "full", (2, 3), value, dtype)
    assert_created_alike(cda, "full_like", np.zeros((2, 3)), value, dtype)


def test_full_with_a_dynamic_array():
    found = cda.full((2, 3), cda.arange(3))
    assert_grown_alike(found, np.full((2, 3), np.arange(3)))


# Ranges.


@pytest.mark.parametrize(
    "args",
    [
        (0,),
        (3,),
        (1, 5),
        (1, 10, 3),
        (10, 1, -3),
        (5, 1),
        (2.5,),
        (0, 1, 0.1),
        (0, 1, 0),
        (-3,),
        (3, None),
        (0, 3, None),
        ("2020-01-01", "2020-01-05"),
        (1j,),
        (True,),
        (np.int8(3),),
        (None,),
        (0, 10**30),
        (2**63,),
        (0, 2**62, 2**60),
        (0, 2**62),
        ("x",),
        (0, 5, -1),
        (np.timedelta64(3, "s"),),
        (float("nan"),),
        (float("inf"),),
        ([3],),
        (np.array(3),),
        (np.array([3]),),
    ],
    ids=label,
)
@pytest.mark.parametrize("dtype", [None, "f4", "i8", "M8[D]", "?", "u1", object, ">i4"])
def test_arange(args, dtype):
    assert_created_alike(cda, "arange", *args, dtype=dtype)


def test_arange_with_keywords():
    for kwargs in (
        {"start": 1, "stop": 4},
        {"stop": 4},
        {"start": 4},
        {"stop": 5, "step": 2},
        {"step": 2},
        {"start": 1, "stop": 5, "step": 2, "dtype": "f4"},
    ):
        assert_created_alike(cda, "arange", **kwargs)
        assert_created_alike(cda, "arange", 1, **kwargs)
    assert_created_alike(cda, "arange", 1, 5, 2, "f4")
    assert_created_alike(cda, "arange", 1, 5, 2, "f4", dtype="f8")
    assert_created_alike(cda, "arange", 3, None, None, "f4")
    assert_created_alike(cda, "arange", 3, device="cpu")
    assert_created_alike(cda, "arange", 3, like=np.zeros(1))


@pytest.mark.parametrize(
    "args, kwargs",
    [
        ((0, 1), {}),
        ((0, 1, 5), {}),
        ((0, 1, 0), {}),
        ((0, 1, 1), {}),
        ((0, 1, 5, False), {}),
        ((0, 1, 5), {"retstep": True}),
        ((0, 10, 5), {"dtype": int}),
        ((0, 1, -1), {}),
        ((0, 1, 2.5), {}),
        (([0, 1], 5, 4), {}),
        (([0, 1], [2, 3], 4), {"axis": 1}),
        ((0, 1j, 3), {}),
        (("x", 1), {}),
        ((0, 1), {"num": 3, "endpoint": False, "retstep": True}),
        ((0, [], 3), {}),
        ((0, [1, 2], 3), {"axis": -1, "retstep": True}),
    ],
    ids=label,
)
def test_linspace(args, kwargs):
    assert_created_alike(cda, "linspace", *args, **kwargs)


# From arrays.

SOURCES = {
    "list": [1, 2, 3], "nested": [[1, 2], [3, 4]], "tuple": (1.5, 2), "number": 5,
    "numpy scalar": np.float32(2), "string": "text", "none": None, "empty": [],
    "ragged": [[1], [1, 2]], "c": np.arange(6.0).reshape(2, 3),
    "f": np.arange(6.0).reshape(2, 3, order="F"), "strided": np.arange(12)[::2],
    "transposed": np.arange(24).reshape(2, 3, 4).transpose(2, 0, 1), "0d": np.array(3),
    "no rows": np.zeros((0, 3)), "swapped": np.arange(3, dtype=">i4"),
    "memoryview": memoryview(b"abc"), "array": array.array("d", [1, 2]),
    "objects": [object(), None], "strings": ["a", "bcd"], "bytes": [b"a", b"bc"], "set": {1},
    "dict": {1: 2}, "range": range(4), "decimal": [decimal.Decimal(1)],
    "readonly": np.frombuffer(b"abcdefgh", "u1"),
    "broadcast": np.broadcast_to(np.arange(3), (2, 3)), "records": np.zeros(2, "i4,f8"),
    "list of arrays": [np.arange(2), np.arange(2)], "huge ints": [2**64], "mixed": [1, "a", None],
    "matrix": np.ma.array([1, 2], mask=[0, 1]),
    "reversed": np.arange(6).reshape(2, 3)[::-1], "partial": np.arange(24).reshape(4, 6)[:, 1:4],
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
@pytest.mark.parametrize("dtype", [None, "f4", object, "S", "U2", ">f8"])
@pytest.mark.parametrize("name", ["array", "asarray"])
def test_array_of_anything(name, source, dtype):
    assert_created_alike(cda, name, source, dtype)


@pytest.mark.parametrize("order", ["C", "F", "A", "K", None, "X", 3])
@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_orders_of_copies(source, order):
    if isinstance(source, np.ndarray) and source.flags.fnc:
        assert cda.array(source, order=order if order in (*"FAK", None) else "F").flags.fnc
        assert cda.zeros_like(source, order=order if order in (*"FAK", None) else "F").flags.fnc
    if order == "F":
        assert cda.array([[1, 2], [3, 4]], order="F").flags.fnc
    assert_created_alike(cda, "array", source, order=order)
    assert_created_alike(cda, "asarray", source, order=order)
    assert_created_alike(cda, "zeros_like", source, order=order)
    assert_created_alike(cnp, "copy", source, order=order)


@pytest.mark.parametrize("ndmin", [0, 1, 2, 4, 64, 65, -1, 2.5, "x"])
@pytest.mark.parametrize(
    "source", [5, [1, 2], np.zeros((2, 3)), np.zeros((2, 3), order="F"), []], ids=label
)
def test_ndmin(source, ndmin):
    assert_created_alike(cda, "array", source, ndmin=ndmin)


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.4.0", reason="NumPy 2.4 has ndmax")
@pytest.mark.parametrize("ndmax", [0, 1, 2])
def test_ndmax(ndmax):
    assert_created_alike(cda, "array", [[1, 2], [3, 4]], dtype=object, ndmax=ndmax)


def test_copies_are_independent():
    source = np.arange(6.0).reshape(2, 3)
    for made in (
        cda.array(source),
        cda.asarray(source),
        cda.DynamicArray(source),
        cnp.copy(source),
        cnp.array(source),
        cda.frombuffer(source),
    ):
        assert not np.shares_memory(made, source)
    assert source.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_asarray_of_a_dynamic_array_is_itself():
    d = cda.DynamicArray([1.0, 2.0])
    assert cda.asarray(d) is d
    assert cda.asarray(d, float) is d
    assert cda.asarray(d, "f8", "C") is d
    assert cda.asarray(d, copy=None) is d
    assert cda.asarray(d, copy=False) is d
    assert cda.array(d, copy=None) is d
    assert cda.array(d, copy=False) is d
    assert cnp.asanyarray(d) is d
    assert cnp.ascontiguousarray(d) is d


@pytest.mark.parametrize(
    "call",
    [
        lambda d: cda.array(d),
        lambda d: cda.asarray(d, copy=True),
        lambda d: cda.array(d, copy=True),
        lambda d: cda.DynamicArray(d),
        lambda d: cnp.copy(d),
        lambda d: cda.asarray(d, "f4"),
        lambda d: cda.array(d[:], copy=None),
        lambda d: cda.array(d, ndmin=2),
        lambda d: cda.asarray(d.view(cda.DynamicArray)),
    ],
)
def test_copies_of_dynamic_arrays_grow_apart(call):
    d = cda.DynamicArray([1.0, 2.0])
    made = call(d)
    assert type(made) is cda.DynamicArray
    assert not np.shares_memory(made, d)
    assert np.array_equal(made.ravel(), d)
    made.extend(made)
    assert len(d) == 2


@pytest.mark.parametrize("source", [[1, 2], np.arange(2), (1,), 5], ids=label)
@pytest.mark.parametrize("function", [cda.array, cda.asarray, cnp.array, cnp.asarray])
def test_a_copy_that_is_forbidden_but_needed(function, source):
    if isinstance(source, np.ndarray) and function in (cnp.array, cnp.asarray):
        assert function(source, copy=False) is source  # needed for a DynamicArray alone
        return
    with pytest.raises(ValueError, match="copy"):
        function(source, copy=False)
    d = cda.DynamicArray([1.0])
    with pytest.raises(ValueError, match="copy"):
        function(d, dtype="f4", copy=False)
    with pytest.raises(ValueError, match="copy"):
        function(cda.zeros((2, 2)), order="F", copy=False)


def test_ascontiguousarray():
    assert_created_alike(cnp, "ascontiguousarray", np.zeros((2, 3), order="F"))
    assert_created_alike(cnp, "ascontiguousarray", 5)
    assert_created_alike(cnp, "ascontiguousarray", [1, 2], "f4")


def test_asanyarray_passes_arrays_through():
    a, masked = np.arange(3), np.ma.array([1, 2])
    assert cnp.asanyarray(a) is a
    assert cnp.asanyarray(masked) is masked
    assert_created_alike(cnp, "asanyarray", [1, 2])


class Sub(cda.DynamicArray):
    pass


def test_subclasses_in_creation_functions():
    d = Sub([1.0, 2.0])
    assert type(cda.array(d)) is cda.DynamicArray
    assert type(cda.array(d, subok=True)) is Sub
    assert cda.array(d, subok=True, copy=None) is d
    assert type(cda.asarray(d)) is cda.DynamicArray
    assert type(cda.zeros_like(d)) is Sub
    assert type(cda.zeros_like(d, subok=False)) is cda.DynamicArray
    assert type(cnp.copy(d)) is cda.DynamicArray
    assert type(cnp.copy(d, subok=True)) is Sub
    assert type(cda.array(np.ma.array([1]), subok=True)) is cda.DynamicArray
    for made in (cda.array(d, subok=True), cda.zeros_like(d), cda.full_like(d, 3)):
        made.append(3.0)


@pytest.mark.parametrize("name", ["zeros_like", "ones_like", "empty_like", "full_like"])
@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_like_functions(name, source):
    fill = (7,) if name == "full_like" else ()
    elements = name != "empty_like"
    assert_created_alike(cda, name, source, *fill, elements=elements)
    assert_created_alike(cda, name, source, *fill, dtype="f4", elements=elements)
    for shape in (3, (2, 2), (), (0, 3), -1, "x"):
        assert_created_alike(cda, name, source, *fill, shape=shape, elements=elements)
        assert_created_alike(cda, name, source, *fill, "i8", "C", False, shape, elements=elements)


def test_like_functions_of_dynamic_arrays():
    d = cda.zeros((2, 3), order="F")
    for found in (cda.zeros_like(d), cda.ones_like(d), cda.full_like(d, 2), cda.empty_like(d)):
        assert type(found) is cda.DynamicArray
        assert found.flags.fnc


# From iterables and buffers.


@pytest.mark.parametrize(
    "items, dtype, count",
    [
        ([1, 2, 3], float, -1),
        (range(5), "i4", 3),
        (range(5), "i4", 0),
        ([1, 2], float, 3),
        ([], float, -1),
        ([], float, 1),
        ("abc", "U1", -1),
        ([1, "x"], float, -1),
        (5, float, -1),
        ([[1, 2]], float, -1),
        ([1, 2], None, -1),
        ([1, 2], "bad", -1),
        ([(1, 2)], "i4,f8", -1),
        (["a"], "S", -1),
        ([None, "x"], object, -1),
        ({1: 2}, "i4", -1),
        ([300], "u1", -1),
        (b"abc", "u1", -1),
        ([[1, 2], [3, 4]], "(2,)i4", -1),
        (range(5), "i4", -5),
        (range(5), "i4", 2.5),
        (["a", "bc"], np.dtypes.StringDType(), -1),
        ([1.5], int, -1),
        ([1], "i4", 10**30),
    ],
    ids=label,
)
def test_fromiter(items, dtype, count):
    assert_created_alike(cda, "fromiter", items, dtype, count)


def test_fromiter_reads_only_count_items():
    items = iter(range(10))
    assert cda.fromiter(items, "i8", 3).tolist() == [0, 1, 2]
    assert next(items) == 3


def test_fromiter_with_an_iterator_that_raises():
    def items():
        yield 1
        raise KeyError("half way")

    with pytest.raises(KeyError):
        cda.fromiter(items(), float)
    with pytest.raises(KeyError):
        cda.DynamicArray(items(), float)


@pytest.mark.parametrize(
    "args, kwargs",
    [
        ((b"abcdefgh",), {}),
        ((b"abcdefgh", "u1"), {}),
        ((b"abcdefgh", "u1", 3), {}),
        ((b"abcdefgh", "u2", 2, 1), {}),
        ((b"abc", "u2"), {}),
        ((b"", "u1"), {}),
        ((b"abcd", "u1", 9), {}),
        ((b"abcd", "u1", -1, 9), {}),
        ((b"abcd", object), {}),
        (("text",), {}),
        ((bytearray(b"abcd"), "i4"), {}),
        ((memoryview(b"abcd")[::1], ">i2"), {}),
        ((array.array("d", [1, 2]),), {}),
        (([1, 2],), {}),
        ((b"abcd", "S2"), {"offset": 2}),
        ((b"abcd",), {"dtype": "u1", "count": 2, "offset": 1}),
        ((memoryview(b"abcd")[::2], "u1"), {}),
        ((5,), {}),
        ((b"ab", "S0"), {}),
    ],
    ids=label,
)
def test_frombuffer(args, kwargs):
    assert_created_alike(cda, "frombuffer", *args, **kwargs)


def test_frombuffer_lets_go_of_the_buffer():
    buffer = bytearray(b"abcd")
    d = cda.frombuffer(buffer, "u1")
    buffer.extend(b"e")  # BufferError if d still looked at it
    d[0] = 0
    assert buffer == b"abcde"


# The rest of cppdynarray.numpy.


def test_matrices():
    for name, args, kwargs in [
        ("eye", (3,), {}),
        ("eye", (2, 3, 1), {"dtype": int, "order": "F"}),
        ("identity", (3, "f4"), {}),
        ("tri", (3, 4, 1), {}),
        ("eye", (-1,), {}),
        ("eye", ("x",), {}),
        ("tri", (0,), {}),
        ("identity", (-1,), {}),
    ]:
        assert_created_alike(cnp, name, *args, **kwargs)


def test_spaced():
    for name, args, kwargs in [
        ("logspace", (0, 2, 3), {}),
        ("geomspace", (1, 100, 3), {}),
        ("logspace", (0, 2), {"base": 2, "endpoint": False}),
        ("geomspace", (0, 1), {}),
        ("geomspace", ([1, 2], 8, 3), {"axis": 1}),
    ]:
        assert_created_alike(cnp, name, *args, **kwargs)


def test_fromfunction():
    assert_created_alike(cnp, "fromfunction", lambda i, j: i * j, (2, 3))
    assert_created_alike(cnp, "fromfunction", lambda i: i * 2, (3,), dtype=int)
    assert cnp.fromfunction(lambda i: 7, (3,)) == 7
    assert_created_alike(cnp, "fromfunction", lambda i, j: i, (2,))


def test_text():
    assert_created_alike(cnp, "fromstring", "1 2 3", sep=" ")
    assert_created_alike(cnp, "fromstring", "1,2", "i4", sep=",")
    assert_created_alike(cnp, "fromstring", b"abcd")
    for name in ("loadtxt", "genfromtxt"):
        assert_created_alike(cnp, name, ["1 2", "3 4"])
        assert_created_alike(cnp, name, ["1,2", "3,4"], delimiter=",", dtype="i4")
        assert_created_alike(cnp, name, ["1 2", "3 4"], dtype="i4,f8")
        assert_created_alike(cnp, name, ["1", "x"], dtype=float if name == "genfromtxt" else str)
    assert_created_alike(cnp, "loadtxt", ["1 x"])
    first, second = cnp.loadtxt(["1 2", "3 4"], unpack=True)
    assert first.tolist() == [1.0, 3.0]
    assert second.tolist() == [2.0, 4.0]


def test_fromfile(tmp_path):
    np.arange(5.0).tofile(tmp_path / "x.bin")
    assert_created_alike(cnp, "fromfile", tmp_path / "x.bin")
    assert_created_alike(cnp, "fromfile", str(tmp_path / "x.bin"), "f8", 2)
    assert_created_alike(cnp, "fromfile", tmp_path / "x.bin", "f8", 2, offset=8)
    assert_created_alike(cnp, "fromfile", tmp_path / "missing")
    with open(tmp_path / "x.bin", "rb") as file:
        assert cnp.fromfile(file, count=1).tolist() == [0.0]
        assert cnp.fromfile(file, count=1).tolist() == [1.0]


def test_from_dlpack():
    source = np.arange(3.0)
    assert np.shares_memory(cnp.from_dlpack(source), source)
    assert_created_alike(cnp, "from_dlpack", source, copy=True)
    assert_created_alike(cnp, "from_dlpack", 5)


def test_memory_maps(tmp_path):
    np.arange(5.0).tofile(tmp_path / "x.bin")
    mapped = np.memmap(tmp_path / "x.bin", "f8", "r")
    d = cda.array(mapped)
    assert type(d) is cda.DynamicArray
    d.append(1.0)
    del mapped
    with mmap.mmap(-1, 16) as memory:
        assert cda.frombuffer(memory, "u1").tolist() == [0] * 16


# The constructors.


@pytest.mark.parametrize(
    "function, dtype",
    [
        (cda.DoubleDynamicArray, "f8"),
        (cda.FloatDynamicArray, "f4"),
        (cda.Int64DynamicArray, "i8"),
        (cda.Int32DynamicArray, "i4"),
        (cda.BoolDynamicArray, "?"),
    ],
)
def test_fixed_dtype_constructors(function, dtype):
    assert_grown_alike(function(), np.zeros(0, dtype))
    assert_grown_alike(function(5), np.zeros(5, dtype))
    assert_grown_alike(function(initial_size=3), np.zeros(3, dtype))
    assert_grown_alike(function((2, 3)), np.zeros((2, 3), dtype))
    for bad, error in [
        (-1, ValueError),
        (1.5, TypeError),
        ("x", TypeError),
        (None, TypeError),
        (2**70, ValueError),
    ]:
        with pytest.raises(error):
            function(bad)
    assert_grown_alike(function(np.int64(2)), np.zeros(2, dtype))
    assert pickle.loads(pickle.dumps(function)) is function


@pytest.mark.parametrize("contents", [[1, 2, 3], [2], [], range(3), np.arange(3), {1: 2}, 1.5, "12"], ids=repr)
def test_fixed_dtype_constructors_take_no_contents(contents):
    name, dtype = "Int32DynamicArray", "int32"
    with pytest.raises(TypeError, match=rf"^{name}\(\) takes a size.* DynamicArray\(contents, dtype='{dtype}'\)$"):
        cda.Int32DynamicArray(contents)


CONTENTS = {
    "list": [1, 2, 3], "floats": [1.0, 2], "tuple": (1, 2.5), "empty": [], "empty tuple": (),
    "nested": [[1, 2], [3, 4]], "deep": [[[1], [2]]], "tuples": [(1, 2), (3, 4)], "range": range(5),
    "bools": [True, False], "strings": ["a", "bcd"],
    "bytes": [b"a", b"bcd"], "objects": [None, "x", 1.5], "complex": [1j], "mixed": [1, 2.5, True],
    "array.array": array.array("i", [1, 2]), "memoryview": memoryview(b"ab"),
    "bytearray": bytearray(b"ab"), "2-D memoryview": memoryview(bytes(6)).cast("B", (2, 3)),
    "ctypes": (ctypes.c_int * 3)(1, 2, 3), "c": np.arange(6).reshape(2, 3),
    "f": np.asfortranarray(np.arange(6).reshape(2, 3)), "reversed": np.arange(5)[::-1],
    "strided": np.arange(24).reshape(4, 6)[::2, ::3], "swapped": np.arange(3, dtype=">f4"),
    "no rows": np.zeros((0, 4), "i2"),
    "no columns": np.zeros((4, 0)), "records": np.ones(2, "i4,f8"),
    "datetimes": np.array(["2020-01-01"], "M8[D]"), "masked": np.ma.array([1, 2]),
    "arrays": [np.arange(3), np.arange(3)], "numpy scalars": [np.float32(1), np.float32(2)],
    "big": [2**63], "huge": [2**64], "dynamic": cda.arange(4),
    "dynamics": [cda.arange(2), cda.arange(2)],
    "readonly": np.frombuffer(b"abcd", "u1"), "big list": list(range(1000)),
}


@pytest.mark.parametrize("dtype", [None, "f4", "i8", object, "U4", ">i2"])
@pytest.mark.parametrize("contents", CONTENTS.values(), ids=CONTENTS)
def test_contents_are_those_of_np_array(contents, dtype):
    expected, expected_error, _ = attempt(
        lambda: (
            np.array(np.asarray(contents), dtype, order="C")
            if dtype is not None or len(contents)
            else np.zeros(np.shape(contents))
            if not isinstance(contents, np.ndarray)
            else np.array(contents)
        )
    )
    if isinstance(contents, list | tuple | range):
        expected, expected_error, _ = attempt(lambda: np.array(list(contents), dtype))
    found, error, _ = attempt(lambda: cda.DynamicArray(contents, dtype))
    if dtype is not None and loses(list(contents) if isinstance(contents, tuple) else contents, dtype):
        assert isinstance(error, TypeError | ValueError | OverflowError)
        return
    if expected_error is not None:
        assert type(error) is type(expected_error), (error, expected_error)
        return
    if error is not None:
        raise error
    assert found.flags.c_contiguous
    assert_grown_alike(found, np.ascontiguousarray(expected))


@pytest.mark.parametrize(
    "contents, expected",
    [
        ((x * x for x in range(4)), [0, 1, 4, 9]),
        ({5}, [5]),
        ({1: "a", 2: "b"}, [1, 2]),
        ({1: 2}.keys(), [1]),
        ({1: 2}.values(), [2]),
        (map(int, "123"), [1, 2, 3]),
        (iter([]), []),
        (zip([1, 2], [3, 4], strict=True), [[1, 3], [2, 4]]),
        (filter(None, [0, 1]), [1]),
        ("abc", ["a", "b", "c"]),
        (b"ab", [97, 98]),
        (enumerate([5]), [[0, 5]]),
        (([x] for x in range(2)), [[0], [1]]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_contents_from_any_iterable(contents, expected):
    found = cda.DynamicArray(contents)
    assert_grown_alike(found, np.array(expected) if expected else np.zeros(0))


@pytest.mark.parametrize(
    "make, dtype, expected",
    [
        (lambda: (x for x in range(3)), "f4", np.array([0, 1, 2], "f4")),
        (lambda: "12", "i4", np.array([1, 2], "i4")),
        (lambda: b"ab", "f8", np.array([97.0, 98.0])),
        (lambda: {1, 2}, "u1", np.array([1, 2], "u1")),
        (lambda: iter(["a", "bcd"]), "U3", np.array(["a", "bcd"])),
        (lambda: iter([(1, 2)]), "i4,f8", np.array([(1, 2)], "i4,f8")),
        (lambda: iter([[1, 2], [3, 4]]), "(2,)i4", np.array([[1, 2], [3, 4]], "i4")),
        (lambda: iter([None, [1]]), object, np.array([None, [1]], object)),
        (lambda: "abc", "U1", np.array(["a", "b", "c"])),
        (lambda: "abc", object, np.array(["a", "b", "c"], object)),
        (lambda: range(3), "i2", np.arange(3, dtype="i2")),
    ],
)
def test_contents_from_any_iterable_with_a_dtype(make, dtype, expected):
    found = cda.DynamicArray(make(), dtype)
    assert_grown_alike(found, expected)


@pytest.mark.parametrize("dtype", ["S", "U", str, bytes, "S0", "U0"])
@pytest.mark.parametrize("contents", [["a", "bcd"], [b"ab", b"c"], ["abc"], [1, 23]], ids=label)
@pytest.mark.parametrize(
    "wrap",
    [
        list,
        tuple,
        iter,
        np.array,
        lambda contents: (x for x in contents),
        lambda contents: dict.fromkeys(contents),
    ],
    ids=["list", "tuple", "iterator", "array", "generator", "dict"],
)
def test_string_dtypes_without_size(wrap, contents, dtype):
    """An array that grows holds strings of any length; bytes need a length, of which NumPy's functions
    find one in the contents.
    """
    source = np.array(contents) if wrap is np.array else contents
    expected = np.array(source, dtype)
    if wrap in (list, np.array):
        assert_grown_alike(cda.array(source, dtype), expected)
    if np.dtype(dtype).kind == "S":
        for make in (lambda: cda.DynamicArray(wrap(contents), dtype), lambda: cda.DynamicArray(dtype=dtype)):
            with pytest.raises(ValueError, match="doesn't say how long the elements are: write 'S10'"):
                make()
        return
    d = cda.DynamicArray(wrap(contents), dtype)
    assert d.dtype == np.dtypes.StringDType()
    if not isinstance(contents[0], bytes):
        assert d.tolist() == expected.tolist()
    d.append("x" * 100)
    assert d[-1] == "x" * 100


@pytest.mark.parametrize(
    "contents",
    [
        5,
        2.5,
        None,
        1j,
        np.array(3),
        np.float64(1),
        object(),
        True,
        np.datetime64("2020"),
        cda.array(5),
        int,
        len,
        ...,
    ],
    ids=label,
)
@pytest.mark.parametrize("dtype", [None, "f8", object])
def test_contents_that_are_not_iterable(contents, dtype):
    with pytest.raises(TypeError):
        cda.DynamicArray(contents, dtype)


def test_ragged_contents():
    with pytest.raises(ValueError):
        cda.DynamicArray([[1], [1, 2]])
    with pytest.raises(ValueError):
        cda.DynamicArray([[1], [1, 2]], "f4")
    assert cda.DynamicArray([[1], [1, 2]], object).tolist() == [[1], [1, 2]]


def test_constructor_defaults_and_keywords():
    d = cda.DynamicArray()
    assert_grown_alike(d, np.zeros(0))
    assert_grown_alike(cda.DynamicArray(dtype="i4"), np.zeros(0, "i4"))
    assert_grown_alike(cda.DynamicArray(contents=[1], dtype="i4"), np.array([1], "i4"))
    assert_grown_alike(cda.DynamicArray([1], "f4"), np.array([1], "f4"))
    for args, kwargs in [(([1], "f4", 3), {}), (([1],), {"bad": 1}), (([1],), {"contents": [1]})]:
        with pytest.raises(TypeError):
            cda.DynamicArray(*args, **kwargs)
    with pytest.raises(TypeError):
        cda.DynamicArray([1], "bad")


@pytest.mark.parametrize("rows", [0, 1, 5, 1000, 100_000, np.int64(7), True])
@pytest.mark.parametrize("shape", [(), (3,), (0,), (2, 2)], ids=label)
def test_capacity_and_reserve(rows, shape):
    contents = np.zeros((2, *shape))
    d = cda.DynamicArray(contents, capacity=rows)
    assert d.capacity >= rows
    assert d.shape == contents.shape
    assert_invariants(d)
    d = cda.DynamicArray(contents, max_size=rows)
    assert d.max_size >= max(rows, 2)
    assert_invariants(d)
    d = cda.DynamicArray(contents, capacity=rows, max_size=rows)
    assert d.max_size >= d.capacity >= rows


def test_capacity_is_kept_by_growth():
    d = cda.DynamicArray([1.0], capacity=10_000)
    capacity, address = d.capacity, d.__array_interface__["data"][0]
    for n in range(9999):
        d.append(n)
    assert d.capacity == capacity
    assert d.__array_interface__["data"][0] == address


def test_reserve_grows_in_place():
    d = cda.DynamicArray([1.0], max_size=3 * 2**31)  # 48 GiB of addresses
    if d.max_size < 3 * 2**31:
        pytest.skip("there are no 48 GiB of addresses")
    view = d[:]
    d.resize(2**31)
    d[0] = 5
    assert view[0] == 5
    d[-1] = 1


@pytest.mark.parametrize("name", ["capacity", "max_size"])
@pytest.mark.parametrize(
    "rows, error",
    [
        (-1, ValueError),
        (-(2**40), ValueError),
        (1.5, TypeError),
        ("3", TypeError),
        (None, TypeError),
        (2**62, MemoryError),
        (2**63 - 1, MemoryError),
        (2**63, (MemoryError, OverflowError)),
        (10**30, (MemoryError, OverflowError)),
        (-(10**30), (ValueError, OverflowError)),
    ],
)
def test_bad_capacity_and_reserve(name, rows, error):
    with pytest.raises(error):
        cda.DynamicArray([1.0], **{name: rows})
    with pytest.raises(error):
        cda.DynamicArray((x for x in range(3)), "f8", **{name: rows})
    assert_invariants(cda.DynamicArray([1.0]))


def test_sizes_beyond_memory():
    with pytest.raises(MemoryError):
        cda.zeros(2**59)
    with pytest.raises((MemoryError, ValueError)):
        cda.zeros(2**60)
    with pytest.raises(MemoryError):
        cda.DynamicArray([1.0], capacity=2**58)
    with pytest.raises(MemoryError):
        cda.DynamicArray([1.0], max_size=2**58)


def test_huge_zeros_cost_nothing():
    d = cda.zeros(2**30)
    assert d[-1] == 0
    d[2**29] = 1
    assert len(d) == 2**30


@pytest.mark.parametrize(
    "dtype", ["(2,)i4", "(2,3)f8", [("a", "i4", (2,))], ("S3", (2,)), (object, (2,))], ids=str
)
def test_subarray_dtypes(dtype):
    for shape in (0, 3, (2, 2), ()):
        assert_created_alike(cda, "zeros", shape, dtype)
        assert_created_alike(cda, "empty", shape, dtype, elements=False)
    assert_created_alike(cda, "full", 3, 0, dtype)
    d = cda.DynamicArray(dtype=dtype)
    expected = np.empty(0, dtype)
    assert d.shape == expected.shape
    assert d.dtype == expected.dtype
    d.append(np.zeros((), dtype)[()])
    assert len(d) == 1


def test_stringdtype_instances():
    dtype = np.dtypes.StringDType(na_object=None)
    d = cda.DynamicArray(["a", None, "b" * 100], dtype)
    assert d.tolist() == ["a", None, "b" * 100]
    e = cda.array(d)
    e.append("c" * 200)
    d.append(None)
    assert e.tolist() == ["a", None, "b" * 100, "c" * 200]
    assert d.tolist() == ["a", None, "b" * 100, None]


def test_copies_of_every_dtype(dtype, row_shape, rng):
    source = samples(dtype, (5, *row_shape), rng)
    for made in (
        cda.array(source),
        cda.asarray(source),
        cda.DynamicArray(source),
        cda.DynamicArray(source[::-1])[::-1],
        cda.array(np.asfortranarray(source)),
    ):
        assert_same(made, source)


def test_creation_of_foreign_arrays():
    class Foreign:
        def __array_function__(self, function, types, args, kwargs):
            return function.__name__

    like = Foreign()
    assert cda.zeros(3, like=like) == "zeros"
    assert cda.ones(3, like=like) == "ones"
    assert cda.empty(3, like=like) == "empty"
    assert cda.full(3, 1, like=like) == "full"
    assert cda.arange(3, like=like) == "arange"
    assert cda.array([1], like=like) == "array"
    assert cda.asarray([1], like=like) in ("array", "asarray")
    assert cda.fromiter([1], float, like=like) == "fromiter"
    assert cda.frombuffer(b"a", "u1", like=like) == "frombuffer"
    with pytest.raises(TypeError):
        cda.zeros(3, like=5)


def test_no_gaps_in_text_io():
    text = io.StringIO("1 2\n3 4\n")
    assert_grown_alike(cnp.loadtxt(text), np.array([[1.0, 2.0], [3.0, 4.0]]))
