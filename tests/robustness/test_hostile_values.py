"""Values that lie, change while they are read, or call back; pickles that were tampered with."""

import pickle
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cppdynarray as cda
from cppdynarray.testing import assert_invariants
from helpers import assert_same, error_of, unchanged

# What an array may say of itself without NumPy reading memory that isn't there: NumPy believes a
# pointer, here as anywhere.
INTERFACES = [
    {},
    {"version": 3},
    {"version": 3, "shape": (2,), "typestr": "<f8"},
    {"version": 3, "shape": (2,), "typestr": "nonsense", "data": b"0" * 16},
    {"version": 3, "shape": (-1,), "typestr": "<f8", "data": b"0" * 16},
    {"version": 3, "shape": (2**62, 2**62), "typestr": "<f8", "data": b"0" * 16},
    {"version": 3, "shape": (1000,), "typestr": "<f8", "data": b"0" * 16},
    {"version": 3, "shape": (2,), "typestr": "<f8", "data": b"0" * 16},
    {"version": 3, "shape": "2", "typestr": "<f8", "data": b"0" * 16},
    {"version": 3, "shape": (2,), "typestr": "<f8", "data": ("x", False)},
    None,
    5,
]


class With:
    """An object with one attribute."""

    def __init__(self, name, value):
        setattr(self, name, value)


def same_as_ndarray(values, dtype="f8"):
    """Extends by what NumPy can make an array of, and says what NumPy says otherwise."""
    d = cda.DynamicArray([1.0, 2.0], dtype)
    try:
        expected = np.concatenate([np.asarray(d), np.asarray(values).astype(dtype)])
    except BaseException:
        expected = None
    if expected is not None and expected.ndim == 1:
        d.extend(values)
        assert_same(d, expected)
    else:
        with unchanged(d):
            assert error_of(d.extend, values) is not None
    assert_invariants(d)


@pytest.mark.parametrize("interface", INTERFACES, ids=str)
@pytest.mark.parametrize("attribute", ["__array_interface__", "__array_struct__"])
def test_interfaces_that_lie(attribute, interface):
    same_as_ndarray(With(attribute, interface))


def raises(*args, **kwargs):
    raise KeyError


@pytest.mark.parametrize(
    "array",
    [
        lambda self, *args, **kwargs: None,
        lambda self, *args, **kwargs: self,
        lambda self, *args, **kwargs: [1.0, 2.0],
        lambda self, *args, **kwargs: np.zeros((2, 2)),
        lambda self, *args, **kwargs: np.array(["x", "y"]),
        lambda self, *args, **kwargs: np.float64(3),
        lambda self, *args, **kwargs: np.broadcast_to(1.0, 5),
        lambda self, *args, **kwargs: np.arange(10.0)[::-2],
        lambda self: np.arange(3.0),
        raises,
    ],
)
def test_array_methods_that_lie(array):
    same_as_ndarray(type("Lying", (), {"__array__": array})())


@pytest.mark.parametrize("device", [(1, 0), (2, 0), (99, 99), "cpu", None])
@pytest.mark.parametrize("capsule", [lambda **_: None, lambda **_: object(), raises, lambda **_: 5])
def test_dlpack_that_lies(device, capsule):
    lying = type("Lying", (), {"__dlpack__": lambda self, **_: capsule(), "__dlpack_device__": lambda self: device})()
    d = cda.DynamicArray([1.0])
    with unchanged(d):
        assert error_of(np.from_dlpack, lying) is not None
        assert error_of(d.extend, lying) is not None


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 16, 800])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_buffers_of_any_length(kind, size):
    if kind is memoryview:
        same_as_ndarray(memoryview(bytes(size)))
    else:
        same_as_ndarray(np.frombuffer(kind(size), "u1"))


def test_a_buffer_that_is_written_while_it_is_read():
    """The conversion of one element changes those behind it."""
    source = cda.DynamicArray([None] * 1000, object)

    class Changing:
        def __init__(self, value):
            self.value = value

        def __float__(self):
            source[self.value + 1 :] = Changing(self.value + 1) if self.value < 500 else 0.0
            return float(self.value)

    source[0] = Changing(0)
    d = cda.DynamicArray([1.0])
    plain = np.zeros(1000)
    d.extend(source)
    source[0] = Changing(0)
    plain[:] = np.asarray(source)
    assert len(d) == 1001
    assert_invariants(d)


@pytest.mark.parametrize(
    "change",
    [
        lambda source: source.clear(),
        lambda source: source.resize(3),
        lambda source: source.resize(source.max_size + 1) if source.max_size < 10**6 else source.resize(10**5),
        lambda source: (source.resize(1), source.shrink_to_fit()),
        lambda source: source.extend([1.0] * 10_000),
    ],
)
def test_a_source_that_changes_its_length_while_it_is_read(change):
    """What is read is a view of the length that it had when reading began."""

    class Changing:
        def __float__(self):
            change(source)
            return 2.0

    source = cda.DynamicArray([Changing(), 1.0, 1.0, 1.0], object)
    d = cda.DynamicArray([1.0])
    # None where elements are gone: NaN for NumPy, or an error.
    assert error_of(d.extend, source) in (None, TypeError)
    assert d[0] == 1.0
    assert_invariants(d)
    assert_invariants(source)


# Dtypes of any size.


@pytest.mark.parametrize("dtype", ["S0", "U0", "V0", "S1000000", "U250000", "V2147483647", "S2147483647", "(0,)f8"])
def test_item_sizes(dtype):
    d = cda.zeros(0, dtype)
    assert d.dtype == np.zeros(0, dtype).dtype
    rows = cda.zeros(2, dtype) if d.dtype.itemsize <= 10**6 else None
    d.resize((2, *d.shape[1:]))
    d.resize((0, *d.shape[1:]))
    if rows is not None:
        d.extend(rows)
        d.append(rows[0])
        assert_same(d, np.zeros(3, dtype))
    if d.itemsize * d[:1].size:
        with unchanged(d):
            assert error_of(d.resize, (2**62, *d.shape[1:])) is MemoryError
    assert_invariants(d)


@pytest.mark.parametrize("size", [2**31, 2**32, 2**62, 2**63 - 1, 2**63, 2**64, 10**30])
@pytest.mark.parametrize("row", [(), (0,), (3,)], ids=str)
def test_sizes_up_to_the_largest(size, row):
    d = cda.zeros((2, *row))
    for call in (
        lambda: d.reserve(size),
        lambda: d.insert(size, np.zeros(row)) or d.pop(),
        lambda: d.pop(size),
        lambda: d[size],
        lambda: cda.DynamicArray([1.0], max_size=size).clear(),
        lambda: cda.DynamicArray([1.0], capacity=size).clear(),
    ):
        assert error_of(call) in (None, MemoryError, OverflowError, IndexError, ValueError)
        assert d.shape == (2, *row)
    if row != (0,) and size > 2**40:
        assert error_of(d.resize, (size, *row)) is MemoryError
        assert error_of(cda.zeros, (size, *row)) in (MemoryError, ValueError)
    assert_invariants(d)


# Pickles.


# Not with bits flipped anywhere: a dtype's pickled state can spoil NumPy's own float64 for the whole process.


@pytest.mark.parametrize("protocol", range(2, 6))
def test_truncated_pickles(protocol):
    data = pickle.dumps(cda.DynamicArray(np.arange(6.0).reshape(3, 2)), protocol=protocol)
    for cut in range(len(data)):
        assert error_of(pickle.loads, data[:cut]) is not None
    assert pickle.loads(data).shape == (3, 2)


@pytest.mark.parametrize(
    "state_",
    [
        None, (), (1,), "text",
        (1, (3,), np.dtype("f8"), False, b"x" * 23), (1, (3,), np.dtype("f8"), False, b"x" * 25),
        (1, (-3,), np.dtype("f8"), False, b"x" * 24), (1, (2**62,), np.dtype("f8"), False, b"x" * 24),
        (1, (2**62, 2**62), np.dtype("f8"), False, b""), (1, (3,), np.dtype("f8"), False, [1.0, 2.0, 3.0]),
        (1, 3, np.dtype("f8"), False, b"x" * 24), (1, (3,), "f8", False, b"x" * 24),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_states_that_no_array_has(state_):
    """As ndarray's own, which goes on with its old memory or without; none of it grows by mistake."""
    plain = np.arange(3.0)
    d = cda.DynamicArray(plain)
    assert error_of(d.__setstate__, state_) is error_of(plain.__setstate__, state_)
    assert d.shape == plain.shape
    error_of(d.append, 1.0)
    assert len(d) in (len(plain), len(plain) + 1)


def test_a_state_of_another_array():
    d = cda.DynamicArray([1.0, 2.0])
    view = d[:]
    d.__setstate__(np.arange(5.0).reshape(5).__reduce__()[2])
    d.append(7)
    assert_same(np.asarray(d), np.array([0.0, 1, 2, 3, 4, 7]))
    assert view.tolist() == [0, 1]


def test_a_state_of_another_dtype_is_refused():
    """Views look at the memory, and would take the bytes for what they aren't."""
    d = cda.DynamicArray([1.0, 2.0])
    with pytest.raises(ValueError, match="holds float64 and the state int32"):
        d.__setstate__(np.arange(5, dtype="i4").__reduce__()[2])
    assert_same(np.asarray(d), np.array([1.0, 2.0]))


# Anything at all.

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.complex_numbers(), st.text(max_size=5),
    st.binary(max_size=5), st.sampled_from([np.float32(1), np.int8(-1), np.datetime64("2020"), object]),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=2), inner,
                                                                                         max_size=2),
    max_leaves=10,
)
dtypes = st.sampled_from(["f8", "i1", ">u4", "?", "S3", "U2", "O", "T", "i4,f8", "M8[s]", "D", "(2,)i2"])


@settings(max_examples=600)
@given(dtype=dtypes, value=values, key=values, operation=st.integers(0, 9))
def test_any_value(dtype, value, key, operation):
    d = cda.zeros(3, dtype)
    plain = np.zeros(3, dtype)
    before = d.copy()
    call = [
        lambda: d.append(value), lambda: d.extend(value), lambda: d.insert(key, value), lambda: d.pop(key),
        lambda: d.__delitem__(key), lambda: d.__setitem__(key, value), lambda: d.__getitem__(key),
        lambda: d.extend([value, key]), lambda: d.extend(iter([value])), lambda: cda.DynamicArray(value, dtype),
    ][operation]
    error = error_of(call)
    if operation == 5:
        assert error is error_of(lambda: plain.__setitem__(key, value))
        assert d.shape == plain.shape
    elif operation == 6:
        assert error is error_of(lambda: plain.__getitem__(key))
    elif error is not None:
        assert d.shape == before.shape
        assert_same(np.asarray(d), np.asarray(before))
    assert_invariants(d)
    assert sys.getrefcount(d) < 10
