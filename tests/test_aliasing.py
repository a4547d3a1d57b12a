"""cppdynarray.numpy never copies where NumPy answers with memory that is there already."""

import array
import io
import itertools
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest

import cppdynarray as cda
import cppdynarray.numpy as cnp
from comparison import attempt

VALUES = [1.0, 2.0, 3.0, 4.0]


class Interface:
    """Has an array's memory, without being one."""

    def __init__(self):
        self.array = np.array(VALUES)
        self.__array_interface__ = self.array.__array_interface__


class Converts:
    """Gives the same array each time."""

    def __init__(self):
        self.array = np.array(VALUES)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.array, dtype, copy=copy)


class ConvertsAnew(Converts):
    """Gives a new array each time."""

    def __array__(self, dtype=None, copy=None):
        return np.array(self.array, dtype)


class Exports:
    """Gives its memory by DLPack."""

    def __init__(self):
        self.array = np.array(VALUES)

    def __dlpack__(self, **kwargs):
        return self.array.__dlpack__(**kwargs)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


# What may have memory, as a function that makes it, and the memory itself as an array.
SOURCES = {
    "array": lambda: np.array(VALUES),
    "view": lambda: np.arange(8.0)[::2],
    "Fortran order": lambda: np.array([VALUES, VALUES], order="F"),
    "subclass": lambda: np.ma.array(VALUES),
    "DynamicArray": lambda: cda.DynamicArray(VALUES),
    "DynamicArray that is a view": lambda: np.array(VALUES).view(cda.DynamicArray),
    "bytearray": lambda: bytearray(np.array(VALUES).tobytes()),
    "memoryview": lambda: memoryview(np.array(VALUES)),
    "array.array": lambda: array.array("d", VALUES),
    "__array_interface__": Interface,
    "__array__": Converts,
    "__array__, anew": ConvertsAnew,
    "__dlpack__": Exports,
    "list": lambda: list(VALUES),
    "tuple": lambda: tuple(VALUES),
    "number": lambda: 5.0,
    "NumPy scalar": lambda: np.float64(5.0),
    "0-d": lambda: np.array(5.0),
    "shape": lambda: 3,
    "stream": lambda: io.BytesIO(saved()),
}


def saved():
    stream = io.BytesIO()
    np.save(stream, np.array(VALUES))
    return stream.getvalue()


def numbers_file():
    path = Path(tempfile.gettempdir()) / "cppdynarray-aliasing.bin"
    np.array(VALUES).tofile(path)
    return path


def memory_of(source):
    """The memory of a source as an array; None if it has none."""
    if isinstance(source, np.ndarray):
        return source
    if isinstance(source, Converts | Exports | Interface):
        return source.array
    if isinstance(source, bytearray | memoryview | array.array):
        return np.frombuffer(source, "f8")
    return None


# Ways to call a function with a source: whatever NumPy accepts of them must alias alike.
CALLS = {
    "f(x)": lambda f, x: f(x),
    "f(x, dtype)": lambda f, x: f(x, "f8"),
    "f(x, another dtype)": lambda f, x: f(x, "f4"),
    "f(x, copy=None)": lambda f, x: f(x, copy=None),
    "f(x, copy=False)": lambda f, x: f(x, copy=False),
    "f(x, copy=True)": lambda f, x: f(x, copy=True),
    "f(x, dtype, copy=None)": lambda f, x: f(x, dtype="f4", copy=None),
    "f(x, order='F', copy=None)": lambda f, x: f(x, order="F", copy=None),
    "f(x, order='C', copy=None)": lambda f, x: f(x, order="C", copy=None),
    "f(x, ndmin=3, copy=None)": lambda f, x: f(x, ndmin=3, copy=None),
    "f(x, subok=True, copy=None)": lambda f, x: f(x, subok=True, copy=None),
    "f(x, count=2, offset=8)": lambda f, x: f(x, count=2, offset=8),
    "f(x, 7)": lambda f, x: f(x, 7.0),
    "f(x, shape)": lambda f, x: f(x, shape=(4,)),
    "f(function, shape)": lambda f, x: f(lambda *_: x, (4,)),
    "f(function, shape), a view": lambda f, x: f(lambda *_: memory_of(x)[:2], (4,)),
    "f(1, 1 + x)": lambda f, x: f(1.0, 1.0 + x),
    "f(text)": lambda f, x: f(io.StringIO("1 2\n3 4")),
    "f(text, sep)": lambda f, x: f("1 2", sep=" "),
    "f(file)": lambda f, x: f(numbers_file()),
}


def own_names():
    """What cppdynarray.numpy has of its own: all else is NumPy's very object."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [
            name for name in dir(np) if not name.startswith("_") and getattr(cnp, name) is not getattr(np, name)
        ]


def arrays_in(result):
    if isinstance(result, np.ndarray):
        return [result]
    return [each for each in result if isinstance(each, np.ndarray)] if isinstance(result, list | tuple) else []


def aliases(result, memory):
    return [memory is not None and np.shares_memory(each, memory) for each in arrays_in(result)]


@pytest.mark.parametrize("name", own_names())
def test_no_function_copies_what_numpy_does_not(name):
    """Each function, with each source, in each way to call it: the same memory as with NumPy."""
    accepted = 0
    for (source, make), (way, call) in itertools.product(SOURCES.items(), CALLS.items()):
        x, y = make(), make()
        expected, expected_error, _ = attempt(lambda: call(getattr(np, name), y))  # noqa: B023
        found, error, _ = attempt(lambda: call(getattr(cnp, name), x))  # noqa: B023
        assert type(error) is type(expected_error), (source, way, error, expected_error)
        if error is not None:
            continue
        accepted += 1
        same = aliases(expected, memory_of(y))
        assert aliases(found, memory_of(x)) == same, (source, way)
        for mine, numpys, shared in zip(arrays_in(found), arrays_in(expected), same, strict=True):
            assert mine.dtype == numpys.dtype, (source, way)
            assert mine.shape == numpys.shape, (source, way)
            if shared and numpys.flags.writeable and numpys.size:
                before = memory_of(x).tobytes()
                mine[...] = 7
                assert memory_of(x).tobytes() != before, (source, way)
            elif not shared and type(numpys) is np.ndarray and mine is not x:
                assert type(mine) is cda.DynamicArray, (source, way)
                assert mine.flags.owndata, (source, way)
    assert accepted, "no call was accepted: add one that is"


def test_the_search_finds_the_functions_that_alias():
    found = set()
    for name in {*own_names(), *("frombuffer", "asfortranarray", "require", "asarray_chkfinite")}:
        for make, call in itertools.product(SOURCES.values(), CALLS.values()):
            x = make()
            result, error, _ = attempt(lambda: call(getattr(np, name), x))  # noqa: B023
            if error is None and any(aliases(result, memory_of(x))):
                found.add(name)
    assert {"array", "asarray", "asanyarray", "ascontiguousarray", "from_dlpack", "fromfunction"} <= found
    assert {"frombuffer", "asfortranarray", "require", "asarray_chkfinite"} <= found
    assert not found & {"zeros", "copy", "full", "zeros_like", "fromiter", "linspace", "eye"}


def test_a_buffer_is_written_through():
    shared = bytearray(32)
    a = cnp.frombuffer(shared, "f8")
    a[:] = 7
    assert np.frombuffer(shared, "f8").tolist() == [7.0] * 4


def test_a_dynamic_array_stays_itself():
    """As an ndarray does in NumPy."""
    for d in (cda.DynamicArray(VALUES), np.array(VALUES).view(cda.DynamicArray)):
        assert cnp.asarray(d) is d
        assert cnp.asanyarray(d) is d
        assert cnp.ascontiguousarray(d) is d
        assert cnp.array(d, copy=None) is d
        assert cnp.array(d, copy=False) is d
        assert cnp.asarray(d, copy=True) is not d
        assert type(cnp.asarray(d, "f4")) is cda.DynamicArray


def test_an_array_that_only_the_result_has_is_new():
    """Nobody can tell a copy of it from it, though NumPy made it as a view."""
    assert type(cnp.array(5, copy=None, ndmin=2)) is cda.DynamicArray
    assert type(cnp.ascontiguousarray(5)) is cda.DynamicArray
    kept = []

    class Keeps:
        def __array__(self, dtype=None, copy=None):
            kept.append(np.array(VALUES))
            return kept[-1][:]

    made = cnp.asarray(Keeps())
    made[0] = 7
    assert kept[-1][0] == 7


def test_load_reads_arrays_that_grow(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.array([VALUES]))
    d = cnp.load(path)
    assert type(d) is cda.DynamicArray
    d.append(VALUES)
    assert d.tolist() == [VALUES, VALUES]
    mapped = cnp.load(path, mmap_mode="r")
    assert type(mapped) is np.memmap
    mapped._mmap.close()
    np.save(path, {"not": "an array"}, allow_pickle=True)
    assert cnp.load(path, allow_pickle=True).item() == {"not": "an array"}
    with pytest.raises(ValueError, match="allow_pickle"):
        cnp.load(path)


def test_load_of_archives(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, a=np.array(VALUES), b=np.eye(2))
    with cnp.load(path) as archive:
        assert isinstance(archive, np.lib.npyio.NpzFile)
        assert sorted(archive) == ["a", "b"]
        for d in (archive["a"], archive.f.a, dict(archive.items())["a"]):
            assert type(d) is cda.DynamicArray
            d.append(5.0)
            assert d.tolist() == [*VALUES, 5.0]
    with np.load(path) as archive:
        assert type(archive["a"]) is np.ndarray
