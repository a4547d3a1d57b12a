"""Protocols, views, out= and subclasses: how DynamicArrays take part in NumPy's dispatch.

That each function, ufunc, method and operator gives what it gives for ndarrays is proved in
tests/completeness.
"""

# ruff: noqa: B023 - functions made in loops are called there

import gc
import operator
import pickle
import sys

import numpy as np
import pytest
from cases import ARRAYS, Case, assert_case_alike
from foreign import Loud, Plain, Refusing, Taking

import cppdynarray as cda
from comparison import as_dynamic, assert_alike, assert_results_alike, attempt
from helpers import assert_same, samples

# Arrays of others, and errors.


def test_ufuncs_with_somebody_elses_array():
    taking, d = Taking(), as_dynamic(ARRAYS["v"])
    assert np.add(d, taking) == ("add", "__call__", 2, [])
    assert np.add(taking, d, out=np.zeros(6)) == ("add", "__call__", 2, ["out"])
    assert np.add.outer(d, taking) == ("add", "outer", 2, [])
    with pytest.raises(TypeError):
        np.add(d, Refusing())
    assert d + Refusing() == "mine"
    assert Refusing() + d == "mine"


def test_an_error_in_a_ufunc_leaves_no_reference():
    d = as_dynamic(ARRAYS["v"])
    references = sys.getrefcount(d)  # newer interpreters borrow what a variable refers to
    for _ in range(100):
        attempt(np.add, d, "x")
        attempt(np.add, d, np.zeros(7))
        attempt(np.concatenate, [d, None])
        attempt(d.reshape, 7)
    gc.collect()
    assert sys.getrefcount(d) == references


def test_functions_with_somebody_elses_array():
    taking, d = Taking(), as_dynamic(ARRAYS["v"])
    assert np.concatenate([d, taking]) == ("concatenate", 1, [])
    assert np.concatenate([taking, d]) == ("concatenate", 1, [])
    assert np.sum(taking, out=d) == ("sum", 1, ["out"])


def test_functions_with_subclasses_of_ndarray():
    assert_alike(lambda a: np.concatenate([a, a.tolist()]), ARRAYS["v"])
    for other in (
        ARRAYS["w"].view(Plain),
        ARRAYS["w"].view(Loud),
        np.ma.array(ARRAYS["w"], mask=ARRAYS["b"]),
    ):
        for function in (np.concatenate, np.vstack, np.stack, np.hstack):
            assert_alike(lambda a: function([a, other]), ARRAYS["v"])
            assert_alike(lambda a: function([other, a]), ARRAYS["v"])
        assert_alike(lambda a: np.where(a > 1, a, other), ARRAYS["v"])
        assert_alike(lambda a: np.sum(a, where=other > 2), ARRAYS["v"])
        assert_alike(lambda a: np.dot(a, other), ARRAYS["v"])


def test_deeply_nested_arguments():
    nested = as_dynamic(ARRAYS["v"])
    for _ in range(50):
        nested = [nested]
    assert_results_alike(np.shape(nested), (1,) * 50 + (6,))
    endless = []
    endless.append(endless)
    endless.append(as_dynamic(ARRAYS["v"]))
    with pytest.raises((RecursionError, ValueError)):
        np.concatenate(endless)


def test_many_arrays_in_one_call():
    arrays = [as_dynamic(np.array([float(n)])) for n in range(1000)]
    found = np.concatenate(arrays)
    assert type(found) is np.ndarray
    assert found.tolist() == list(range(1000))
    assert type(np.block([arrays])) is np.ndarray
    assert np.concatenate(arrays * 3).tolist() == list(range(1000)) * 3


def test_arguments_are_not_changed():
    d = as_dynamic(ARRAYS["v"])
    arguments = [d, [d, (d, {"x": d})]]
    attempt(np.concatenate, arguments)
    attempt(np.block, arguments)
    assert arguments[0] is d
    assert arguments[1][0] is d
    assert arguments[1][1][0] is d
    assert arguments[1][1][1]["x"] is d


@pytest.mark.parametrize(
    "text",
    [
        "np.sum(v, out=z)",
        "np.cumsum(v, out=v)",
        "np.add.reduce(g, 0, out=v)",
        "np.concatenate([v[:3], v[3:]], out=w)",
        "np.clip(v, 0, 1, out=v)",
        "v.cumsum(out=v)",
        "g.sum(0, out=v)",
        "v.clip(0, 1, v)",
        "v.round(out=v)",
        "i.choose([v, w, v, w], out=v)",
        "v.take(i, out=w)",
        "np.einsum('i->i', v, out=v)",
        "np.matmul(s, s, out=s)",
        "s.dot(s, out=s)",
        "v.compress(b | ~b, out=w)",
        "np.fft.fft(c, out=c)",
    ],
)
def test_out_gives_the_array_itself_which_still_grows(text):
    found = assert_case_alike(text)
    assert type(found) is cda.DynamicArray
    if found.ndim == 1:
        length = len(found)
        found.append(1.0)
        assert len(found) == length + 1


@pytest.mark.parametrize(
    "text",
    [
        "np.broadcast_to(v, (2, 6))",
        "np.lib.stride_tricks.sliding_window_view(v, 2)",
        "np.lib.stride_tricks.as_strided(v, (2,), (8,))",
        "np.broadcast_arrays(v, g)[0]",
        "v.view(np.ndarray)",
        "memoryview(v).obj",
    ],
)
def test_other_views_are_live(text):
    case = Case(text)
    dynamics = [as_dynamic(array) for array in case.arrays]
    view = case(*dynamics)
    assert type(view) is np.ndarray
    assert any(np.shares_memory(view, d) for d in dynamics)
    for d in dynamics:
        d[...] = 5
    assert np.all(np.asarray(view) == 5)


# Protocols.


@pytest.mark.parametrize("dtype", [None, "f8", "f4", "i8", ">f8", "S3", object])
@pytest.mark.parametrize("copy", [None, True, False])
def test_the_array_protocol(dtype, copy):
    options = {} if dtype is None else {"dtype": dtype}
    plain, d = ARRAYS["v"].copy(), as_dynamic(ARRAYS["v"])
    for function in (np.array, np.asarray):
        expected, expected_error, _ = attempt(lambda: function(plain, copy=copy, **options))
        found, error, _ = attempt(lambda: function(d, copy=copy, **options))
        assert type(error) is type(expected_error)
        if error is None:
            assert type(found) is np.ndarray
            assert np.shares_memory(found, d) == np.shares_memory(expected, plain)
            assert_same(found, expected)


def test_asarray_is_a_plain_live_view():
    d = as_dynamic(ARRAYS["v"])
    view = np.asarray(d)
    assert type(view) is np.ndarray
    assert view.base is d
    d.append(8.0)
    d[0] = 9.0
    assert view[0] == 9.0
    assert view.shape == (6,)
    assert type(np.asanyarray(d)) is cda.DynamicArray
    assert np.asanyarray(d) is d


def test_priority():
    assert cda.DynamicArray.__array_priority__ < ARRAYS["v"].__array_priority__
    d = as_dynamic(ARRAYS["s"])
    for function in (np.linalg.inv, np.linalg.qr, np.dot, np.inner):
        found = function(d) if "linalg" in function.__module__ else function(d, ARRAYS["s"])
        for each in found if isinstance(found, tuple) else [found]:
            assert type(each) is np.ndarray
    assert type(ARRAYS["s"] @ d) is np.ndarray
    assert type(ARRAYS["s"] + d) is np.ndarray


def test_array_wrap():
    d = as_dynamic(ARRAYS["v"])
    plain = np.arange(3.0)
    assert d.__array_wrap__(plain) is plain
    assert d.__array_wrap__(plain, None, False) is plain
    assert type(d.__array_wrap__(np.array(1.0), None, True)) is np.float64
    assert d.__array_wrap__(np.array(1.0)).shape == ()


@pytest.mark.parametrize("name", ARRAYS)
def test_repr_and_str(name):
    array = ARRAYS[name]
    d = as_dynamic(array)
    assert str(d) == str(array)
    with np.printoptions(precision=3):
        assert str(d) == str(array)
    expected = np.array_repr(array)
    assert "".join(repr(d).split()) == "".join(
        expected.replace("array(", "DynamicArray(", 1).split()
    )
    assert repr(d).startswith("DynamicArray(")
    assert np.array_repr(d) == repr(d)
    assert np.array_repr(d, precision=2).startswith("DynamicArray(")


class DynamicArray(np.ndarray):
    """An ndarray subclass of the same name, whose repr NumPy makes."""


@pytest.mark.parametrize("name", ARRAYS)
def test_repr_is_that_of_a_subclass_of_the_name(name):
    array = ARRAYS[name]
    assert repr(as_dynamic(array)) == repr(array.view(DynamicArray))
    assert np.array_repr(as_dynamic(array), 40, 2, True) == np.array_repr(
        array.view(DynamicArray), 40, 2, True
    )


@pytest.mark.parametrize("name", ARRAYS)
def test_save_and_load(name, tmp_path):
    array = ARRAYS[name]
    d = as_dynamic(array)
    np.save(tmp_path / "d.npy", d)
    np.save(tmp_path / "a.npy", array)
    if array.dtype != object:  # their pickles name the class
        assert (tmp_path / "d.npy").read_bytes() == (tmp_path / "a.npy").read_bytes()
    found = np.load(tmp_path / "d.npy", allow_pickle=True)
    assert type(found) is np.ndarray
    assert_same(found, array)
    np.savez(tmp_path / "d.npz", d, x=d)
    with np.load(tmp_path / "d.npz", allow_pickle=True) as loaded:
        assert_same(loaded["x"], array)


def test_tofile_and_savetxt(tmp_path):
    array = ARRAYS["m"]
    d = as_dynamic(array)
    d.tofile(tmp_path / "d.bin")
    assert (tmp_path / "d.bin").read_bytes() == array.tobytes()
    d.tofile(tmp_path / "d.txt", sep=",", format="%.3f")
    array.tofile(tmp_path / "a.txt", sep=",", format="%.3f")
    assert (tmp_path / "d.txt").read_text() == (tmp_path / "a.txt").read_text()
    np.savetxt(tmp_path / "d.csv", d)
    assert_same(np.loadtxt(tmp_path / "d.csv"), array)


@pytest.mark.parametrize("copy", [None, True, False])
def test_dlpack(copy):
    d = as_dynamic(ARRAYS["v"])
    view = np.from_dlpack(d, copy=copy)
    assert type(view) is np.ndarray
    assert np.shares_memory(view, d) == (copy is not True)
    assert_same(view, ARRAYS["v"])


def test_the_array_interface_of_a_wrapper():
    class Wrapper:
        def __init__(self, array):
            self.array = array

        @property
        def __array_interface__(self):
            return self.array.__array_interface__

    d = as_dynamic(ARRAYS["m"])
    view = np.asarray(Wrapper(d))
    d[0, 0] = 77
    assert view[0, 0] == 77
    interface, expected = dict(d.__array_interface__), dict(ARRAYS["m"].copy().__array_interface__)
    del interface["data"], expected["data"]
    assert interface == expected


def test_arrays_that_grow_between_calls():
    """Nothing keeps the length of an earlier call."""
    d = cda.DynamicArray([1.0])
    for length in range(2, 3000):
        d.append(1.0)
        assert np.sum(d) == length
        assert (d + d).shape == (length,)
        assert d.T.shape == (length,)


def test_a_callback_that_grows_an_operand():
    d = cda.DynamicArray([1.0, 2.0, 3.0])

    def grow(x):
        d.extend([x] * 1000)
        return x

    assert np.vectorize(grow, otypes=[float])(d).tolist() == [1.0, 2.0, 3.0]
    assert np.frompyfunc(grow, 1, 1)(d[:2]).tolist() == [1.0, 2.0]
    assert len(d) == 5003


def test_every_dtype_in_an_operator(dtype, rng):
    array = samples(dtype, 5, rng)
    for function in (operator.eq, operator.add, operator.lt, operator.mul):
        assert_alike(lambda a: function(a, a), array)
    for function in (np.sort, np.copy, np.concatenate, np.ravel, np.repeat):
        arguments = {np.concatenate: lambda a: ([a, a],), np.repeat: lambda a: (a, 2)}.get(
            function, lambda a: (a,)
        )
        assert_alike(lambda a: function(*arguments(a)), array)


# Subclasses.


class Named(cda.DynamicArray):
    """With an attribute, as NumPy's guide to subclassing has it."""

    def __new__(cls, contents=(), dtype=None, *, name=None, **options):
        made = super().__new__(cls, contents, dtype, **options)
        made.name = name
        return made

    def __array_finalize__(self, source):
        self.name = getattr(source, "name", None)


class Doubling(cda.DynamicArray):
    def __getitem__(self, key):
        return super().__getitem__(key) * 2


class Restored(cda.DynamicArray):
    """It wants the results of ufuncs to be of its class."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        result = super().__array_ufunc__(ufunc, method, *inputs, **kwargs)
        return Restored(result) if type(result) is np.ndarray and result.ndim else result


class Slotted(cda.DynamicArray):
    __slots__ = ()


def test_a_subclass_keeps_its_attributes():
    d = Named([1.0, 2.0], name="first")
    assert type(d) is Named
    assert d.name == "first"
    d.append(3.0)
    assert d.tolist() == [1.0, 2.0, 3.0]
    copied = d.copy()
    assert type(copied) is Named
    assert copied.name == "first"
    copied.extend([4.0, 5.0])
    assert len(d) == 3
    restored = pickle.loads(pickle.dumps(d))
    assert type(restored) is Named
    assert restored.name == "first"
    restored.append(1.0)


@pytest.mark.parametrize(
    "text",
    [
        "v + 1",
        "1 + v",
        "v[:2]",
        "v[0]",
        "v.sum()",
        "np.sqrt(abs(v))",
        "np.concatenate([v, w])",
        "v.reshape(2, 3)",
        "v.T",
        "v.astype('f4')",
        "v > 1",
        "v.__iadd__(1)",
        "np.add(v, 1, out=v)",
        "np.zeros_like(v)",
        "v[[0, 1]]",
        "v[b]",
        "np.split(v, 2)",
        "v @ w",
        "divmod(v, w)",
    ],
)
def test_results_of_subclasses_are_plain(text):
    case = Case(text)
    for cls in (Named, Slotted):
        assert_alike(case, *case.arrays, make=lambda array, cls=cls: cls(array))


def test_a_subclass_with_its_own_getitem():
    d = Doubling([1, 2, 3])
    assert d[1] == 4
    assert list(d) == [2, 4, 6]
    assert d[:2].tolist() == [2, 4]
    d.append(5)
    assert d[-1] == 10
    assert np.sum(d) == 11
    assert d.pop() == 5


def test_a_subclass_with_its_own_ufuncs():
    d = Restored([1.0, 4.0])
    result = np.sqrt(d)
    assert type(result) is Restored
    result.append(3.0)
    assert result.tolist() == [1.0, 2.0, 3.0]
    assert np.add(d, 1, out=d) is d
    assert type(np.add(d, as_dynamic(ARRAYS["v"])[:2])) is Restored


def test_a_subclass_with_init():
    class Initialised(cda.DynamicArray):
        def __new__(cls, size, label):
            return super().__new__(cls, np.zeros(size))

        def __init__(self, size, label):
            self.label = label

    d = Initialised(3, "text")
    assert d.label == "text"
    assert d.tolist() == [0.0] * 3
    d.append(1.0)


def test_finalize_is_called_once_with_the_source():
    calls = []

    class Watched(cda.DynamicArray):
        def __array_finalize__(self, source):
            calls.append(source)

    d = Watched([1, 2])
    assert len(calls) == 1
    assert calls[0] is None or type(calls[0]) is np.ndarray
    calls.clear()
    d.copy()
    assert len(calls) == 1
    assert calls[0] is d
    calls.clear()
    _ = d + 1, d[:1], d.reshape(2, 1), np.sum(d), d.T
    assert calls == []
    view = d.view(Watched)
    assert calls[0] is d
    assert type(view) is Watched


def test_a_view_of_another_subclass_is_finalized_with_its_base():
    class Watched(np.ndarray):
        def __array_finalize__(self, source):
            self.source, self.base_then = source, self.base

    d = cda.array([1.0, 2.0])
    for view in (d.view(Watched), d.view(type=Watched), d.view("i8", Watched)):
        assert type(view) is Watched
        assert view.source is d
        assert view.base_then is view.base is d


@pytest.mark.parametrize(("args", "kwargs"), [([1], {}), ((1,), []), (None, {}), ((), None)])
def test_array_function_refuses_wrong_arguments_as_ndarray_does(args, kwargs):
    def call(array):
        return array.__array_function__(np.sum, (np.ndarray,), args, kwargs)

    expected, found = (str(attempt(call, make(3))[1]) for make in (np.zeros, cda.zeros))
    assert found == expected != "None"


def test_views_of_subclasses_cannot_grow():
    d = Named([1.0, 2.0])
    view = d.view(Named)
    with pytest.raises(ValueError, match="copy"):
        view.append(1.0)
    assert view.base is d
    with pytest.raises(ValueError, match="copy"):
        np.arange(3).view(cda.DynamicArray).append(1)


def test_a_failing_finalize_leaves_nothing_behind():
    class Failing(cda.DynamicArray):
        def __array_finalize__(self, source):
            raise KeyError("finalize")

    for contents in ([1, 2], [object()], ["x"]):
        with pytest.raises(KeyError):
            Failing(contents)


def test_mixing_a_subclass_and_its_base():
    d, e = Named([1.0, 2.0], name="x"), cda.DynamicArray([3.0, 4.0])
    for found in (
        d + e,
        e + d,
        np.add(d, e),
        np.concatenate([d, e]),
        np.where([True, False], d, e),
    ):
        assert type(found) is np.ndarray
    assert np.add(d, e, out=e) is e
    assert np.add(d, e, out=d) is d
    assert d.name == "x"


def test_multiple_inheritance_with_a_mixin():
    class Mixin:
        def total(self):
            return self.sum()

    class Both(Mixin, cda.DynamicArray):
        pass

    d = Both([1, 2])
    d.append(3)
    assert d.total() == 6
