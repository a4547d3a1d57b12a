"""Copies and pickles are DynamicArrays of the same class with memory of their own, which grow."""

import copy
import pickle

import numpy as np
import pytest

import cppdynarray as cda
from comparison import noted
from cppdynarray._core._array import memory_of
from cppdynarray.testing import assert_invariants
from helpers import Thing, assert_same, error_of, samples


class Track(cda.DynamicArray):
    """A subclass with an attribute; here, since pickle finds classes by name."""


def pickled(protocol):
    return lambda array: pickle.loads(pickle.dumps(array, protocol))


def pickled_out_of_band(array):
    buffers = []
    data = pickle.dumps(array, 5, buffer_callback=buffers.append)
    return pickle.loads(data, buffers=buffers)


COPIES = {
    "copy()": lambda array: array.copy(),
    "copy('K')": lambda array: array.copy(order="K"),
    "copy.copy": copy.copy,
    "cda.array": lambda array: cda.array(array, subok=True),
    "constructor": lambda array: type(array)(array),
}
DEEP = {
    "copy.deepcopy": copy.deepcopy,
    **{f"pickle {protocol}": pickled(protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)},
    "pickle out of band": pickled_out_of_band,
}
ALL = COPIES | DEEP


def assert_equal(found, expected):
    """As assert_same, but objects may be copies."""
    if found.dtype.hasobject and found.dtype.kind != "T":
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
        assert repr(found.tolist()) == repr(expected.tolist())
    else:
        assert_same(found, expected)


@pytest.mark.usefixtures("backend")
def test_a_copy_grows_alone(dtype, row_shape, rng):
    for method in ALL:
        with noted(method):
            assert_copy_grows_alone(method, samples(dtype, (5, *row_shape), rng))


def assert_copy_grows_alone(method, rows):
    d = cda.DynamicArray(rows)
    made = ALL[method](d)
    original = rows
    if method.startswith("pickle"):  # NumPy's older pickles bring back native byte order
        rows = ALL[method](rows)
    assert type(made) is cda.DynamicArray
    assert made.base is None
    assert not np.shares_memory(made, d)
    assert_equal(made, rows)
    assert_invariants(made)
    made.append(rows[0])
    made.extend(d)
    made.pop(1)
    if len(d):
        made[0] = rows[1]
    assert_same(d, original)
    assert_equal(made[1:4], rows[2:])
    assert_equal(made[-6:], rows[[0, 0, 1, 2, 3, 4]])
    assert_invariants(made)


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (), (1, 3), (1,) * 5], ids=str)
def test_any_shape(method, shape, rng):
    content = rng.normal(size=shape)
    if shape == () and method == "constructor":
        pytest.skip("the constructor takes what can be iterated over")
    made = ALL[method](cda.array(content))
    assert type(made) is cda.DynamicArray
    assert_same(made, content)
    assert_invariants(made)


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4), (1, 4), (3, 1)], ids=str)
def test_order_as_numpy_keeps_it(method, shape, rng):
    content = np.asfortranarray(rng.normal(size=shape))
    d = cda.empty(shape, order="F")
    d[...] = content
    made = ALL[method](d)
    if method in ("copy()", "constructor"):
        expected = content.copy()
    elif method in ("cda.array", "copy('K')"):
        expected = content.copy(order="K")
    else:
        expected = ALL[method](content)
    assert_same(made, expected)
    assert (made.flags.c_contiguous, made.flags.f_contiguous) == (
        expected.flags.c_contiguous, expected.flags.f_contiguous
    )
    assert_invariants(made)
    if made.flags.c_contiguous:
        made.append(1)
        assert len(made) == len(d) + 1


@pytest.mark.parametrize("order", ["C", "F", "A", "K", "c", "f", "a", "k", None, "X", 1])
@pytest.mark.parametrize("made_in", ["C", "F"])
def test_orders_of_copy(order, made_in, rng):
    plain = np.array(rng.normal(size=(2, 3)), order=made_in)
    d = cda.array(plain, order=made_in)
    if error_of(plain.copy, order):
        assert error_of(d.copy, order) is error_of(plain.copy, order)
        return
    expected = plain.copy(order)
    for made in (d.copy(order), d.copy(order=order)):
        assert_same(made, expected)
        assert made.strides == expected.strides


@pytest.mark.parametrize("method", ALL)
def test_read_only_arrays_have_writeable_copies(method, rng):
    content = rng.normal(size=5)
    d = cda.DynamicArray(content)
    d.flags.writeable = False
    made = ALL[method](d)
    assert made.flags.writeable
    made.append(1.0)
    assert_same(made[:5], content)


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize(
    "look",
    [
        lambda array: array.view(cda.DynamicArray),
        lambda array: array[1:3].view(cda.DynamicArray),
        lambda array: array[::-2].view(cda.DynamicArray),
        lambda array: array.T.view(cda.DynamicArray),
        lambda array: np.ndarray.copy(cda.DynamicArray(array)),
    ],
    ids=["view", "slice", "reversed", "transposed", "copied by ndarray"],
)
def test_arrays_without_a_block_have_copies_with_one(look, method, rng):
    content = rng.normal(size=(5, 2))
    without = look(content)
    assert memory_of(without) is None
    made = ALL[method](without)
    assert type(made) is cda.DynamicArray
    assert memory_of(made) is not None
    assert_same(made, np.asarray(without))
    assert_invariants(made)


@pytest.mark.parametrize("method", ALL)
def test_a_subclass_and_its_attributes(method, rng):
    content = rng.normal(size=5)
    d = Track(content)
    d.label, d.things = "a", [1, 2]
    made = ALL[method](d)
    assert type(made) is Track
    assert_same(made, content)
    made.append(1.0)
    assert (len(made), len(d)) == (6, 5)
    if method in DEEP or method == "copy.copy":
        assert vars(made) == vars(d)
        assert (made.things is d.things) == (method == "copy.copy")


def test_deep_copies_of_objects_are_deep():
    inner = [1, Thing()]
    d = cda.DynamicArray(dtype=object)
    d.extend([inner, inner])
    shallow, deep = copy.copy(d), copy.deepcopy(d)
    assert shallow[0] is inner
    assert deep[0] is not inner
    assert deep[0] is deep[1]  # as in the original
    assert deep[0][0] == 1


def test_deepcopy_keeps_track_of_what_it_has_copied():
    d = cda.DynamicArray([1.0, 2.0])
    first, second = copy.deepcopy([d, d])
    assert first is second
    assert first is not d
    track = Track([1.0])
    track.me = track
    made = copy.deepcopy(track)
    assert made.me is made


def test_pickling_out_of_band_copies_once(rng):
    content = rng.normal(size=100_000)
    buffers = []
    data = pickle.dumps(cda.DynamicArray(content), 5, buffer_callback=buffers.append)
    assert len(data) < 1000
    assert sum(buffer.raw().nbytes for buffer in buffers) == content.nbytes
    made = pickle.loads(data, buffers=[bytearray(buffer) for buffer in buffers])
    assert_same(made, content)
    read_only = pickle.loads(data, buffers=[bytes(buffer) for buffer in buffers])
    read_only.append(1.0)
    assert_same(read_only[:-1], content)


def test_a_pickle_holds_no_spare_capacity():
    d = cda.DynamicArray([1.0], capacity=100_000)
    assert len(pickle.dumps(d)) < 1000


@pytest.mark.usefixtures("backend")
def test_pickles_do_not_depend_on_the_backend(rng):
    content = rng.normal(size=10)
    data = pickle.dumps(cda.DynamicArray(content))
    for name in ("cpp", "heap"):
        with cda.options(backend=name):
            made = pickle.loads(data)
        assert_same(made, content)
        assert memory_of(made)["on_heap"] == (name == "heap")


def test_a_pickle_that_names_another_class_is_refused():
    rebuild = cda.DynamicArray([1.0]).__reduce_ex__(5)[0]
    for other in (np.ndarray, list, 5, None):
        assert error_of(rebuild, other, np.zeros(3)) is TypeError


def test_reduce_gives_what_reduce_ex_gives(rng):
    d = cda.DynamicArray(rng.normal(size=3))
    function, arguments, *_ = d.__reduce__()
    assert_same(function(*arguments), np.asarray(d))


def test_saved_with_numpy(tmp_path, dtype, rng):
    rows = samples(dtype, (5, 2), rng)
    path = tmp_path / "array.npy"
    expected = error_of(np.save, path, rows)
    d = cda.DynamicArray(rows)
    assert error_of(np.save, path, d) is expected
    if expected is None and not dtype.hasobject:
        assert_same(np.load(path), rows)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_array_that_holds_itself(protocol):
    d = cda.DynamicArray([None, 1], dtype=object)
    d[0] = d
    made = pickled(protocol)(d)
    assert type(made) is cda.DynamicArray
    assert made[0] is made
    assert made[1] == 1
    made.append(2)
    rows = cda.zeros((0, 2), object)
    rows.append([rows, "x"])
    made = pickled(protocol)(rows)
    assert made.shape == (1, 2)
    assert made[0, 0] is made
    records = cda.DynamicArray(dtype=[("which", object), ("number", "i4")])
    records.append((records, 3))
    made = pickled(protocol)(records)
    assert made["which"][0] is made
    assert made["number"].tolist() == [3]


def test_a_subclass_that_refers_to_itself():
    track = Track([None], dtype=object)
    track[0] = track.name = track
    made = pickle.loads(pickle.dumps(track))
    assert type(made) is Track
    assert made[0] is made
    assert made.name is made
    del track.name, made.name  # the cycles
    track[0] = made[0] = None


def test_attributes():
    """None, but what looks for some finds an empty dict; a subclass has its own."""
    d = cda.DynamicArray([1.0])
    assert d.__dict__ == vars(d) == {}
    with pytest.raises(AttributeError):
        d.name = "x"
    track = Track([1.0])
    track.name = "x"
    assert track.__dict__ == {"name": "x"}
    for method, made in {name: copy_of(track) for name, copy_of in ALL.items()}.items():
        assert "name" in made.__dict__ or method in ("copy()", "copy('K')", "cda.array", "constructor"), method
