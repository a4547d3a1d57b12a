"""Other people's compiled modules: built with the installed headers as their authors would, then used."""

import collections
import copy
import ctypes
import gc
import operator
import pickle
import shutil
import subprocess
import sys
import sysconfig
import textwrap
import threading
import weakref

import numpy as np
import pytest

import cppdynarray as cda
from comparison import assert_same
from compiling import SOURCES, compile_cpp, load
from helpers import label
from subprocesses import linux_only, run_python

INTEGERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
NUMBERS = ["f8", "f4", *INTEGERS, "c8", "c16"]
EVENT = np.dtype([("time", "f8"), ("neuron", "i4")], align=True)


@pytest.fixture(params=["cpp", "heap"])
def backend(request):
    with cda.options(backend=request.param):
        yield request.param


# Pushing.


@pytest.mark.parametrize("dtype", NUMBERS)
def test_elements_of_all_numeric_dtypes_are_pushed(cython, backend, dtype):
    values = np.arange(1, 101).astype(dtype)
    d = cda.DynamicArray(values[:3])
    view = d[:]
    cython.push_all(d, values)
    assert_same(d.as_numpy(), np.concatenate([values[:3], values]))
    assert view.base is d


def test_bools_are_pushed(cython):
    d = cda.DynamicArray([True])
    cython.push_bools(d, [0, 1, 2])
    assert_same(d.as_numpy(), np.array([True, False, True, True]))


@pytest.mark.parametrize(("push", "align"), [("push_events", True), ("push_packed_events", False)])
def test_structs_are_pushed_onto_a_structured_dtype(cython, push, align):
    dtype = np.dtype([("time", "f8"), ("neuron", "i4")], align=align)
    events = [(0.5, 7), (1.5, 8)]
    d = cda.DynamicArray(dtype=dtype)
    getattr(cython, push)(d, events)
    assert_same(d.as_numpy(), np.array(events, dtype))


def test_python_sees_each_push_at_once(cython):
    d = cda.DynamicArray([1.0])
    first, second = cython.push_seen_by(d, 2.5, lambda: (len(d), d.shape, d.tolist(), float(np.sum(d))))
    assert first == (2, (2,), [1.0, 2.5], 3.5)
    assert second == (3, (3,), [1.0, 2.5, 2.5], 6.0)


def test_pushing_moves_nothing_within_max_size(cython):
    d = cda.DynamicArray([7.0])
    view, address = d[:], d.ctypes.data
    cython.push_own(d, 0, 1_000_000)
    assert d.ctypes.data == address and len(d) == 1_000_001
    d[0] = 8.0
    assert view[0] == 8.0


def test_an_own_element_is_pushed_while_the_array_moves(cython, backend):
    with cda.options(reserve_bytes=1):
        d = cda.DynamicArray([7.0, 9.0])
    before = d[:]
    cython.push_own(d, 1, 100_000)
    assert_same(d.as_numpy(), np.array([7.0] + [9.0] * 100_001))
    assert before.tolist() == [7.0, 9.0]


def test_append_takes_many_and_the_arrays_own(cython, backend):
    d = cda.DynamicArray([1.0, 2.0])
    cython.append(d, np.array([3.0, 4.0]))
    cython.append(d, np.empty(0))
    cython.append_own(d)
    assert d.tolist() == [1.0, 2.0, 3.0, 4.0] * 2
    for _ in range(14):
        cython.append_own(d)
    assert_same(d.as_numpy(), np.tile([1.0, 2.0, 3.0, 4.0], 2**15))


# The other members, as Python's methods of the same names.


def test_members_that_describe_are_the_arrays_own(cython, backend):
    d = cda.DynamicArray([1.0, 2.0, 3.0], capacity=1000)
    assert cython.describe(d) == {
        "size": len(d), "capacity": d.capacity, "max_size": d.max_size, "empty": False,
        "address": d.ctypes.data, "is_object": True,
    }
    assert cython.ends(d) == (1.0, 3.0, 2.0, 1.0, 3.0)
    cython.set_item(d, 1, 5.0)
    assert d.tolist() == [1.0, 5.0, 3.0]
    assert cython.describe(cda.DynamicArray(dtype=float))["empty"]


def test_at_checks_the_index(cython):
    d = cda.DynamicArray([1.0, 2.0])
    assert cython.at(d, 1) == 2.0
    with pytest.raises(IndexError, match="past the end"):
        cython.at(d, 2)


@pytest.mark.parametrize("counts", [(10, 5, 7, 100_000, 0, 3)])
def test_resize_is_that_of_python(cython, backend, counts):
    d, expected = cda.DynamicArray([1.0, 2.0]), cda.DynamicArray([1.0, 2.0])
    for count in counts:
        cython.call(d, "resize", count)
        expected.resize(count)
        assert_same(d.as_numpy(), expected.as_numpy())
        d[...] = expected[...] = 4.0


def test_reserve_pop_back_clear_and_shrink_to_fit(cython, backend):
    d = cda.DynamicArray([1.0, 2.0, 3.0])
    cython.call(d, "reserve", 100_000)
    assert d.capacity >= 100_000 and d.tolist() == [1.0, 2.0, 3.0]
    cython.call(d, "pop_back")
    assert d.tolist() == [1.0, 2.0]
    cython.call(d, "shrink_to_fit")
    assert d.capacity == 2
    cython.call(d, "clear")
    assert d.tolist() == []
    d.resize(3)
    assert d.tolist() == [0.0, 0.0, 0.0]


def test_rows(cython, backend):
    rows = np.arange(30.0).reshape(10, 3)
    d = cda.zeros((0, 3))
    cython.push_rows(d, rows[:1])
    # With one row an array is Fortran-contiguous as well; with two it isn't.
    cython.push_rows(d, rows[1:4])
    cython.append_rows(d, rows[4:])
    assert_same(d.as_numpy(), rows)
    assert d.flags.c_contiguous and not d.flags.f_contiguous
    assert_same(d.ravel("K"), rows.ravel())
    assert cython.describe_rows(d) == {
        "rows": 10, "cols": 3, "size": 30, "capacity": d.capacity, "max_size": d.max_size, "address": d.ctypes.data,
    }
    assert cython.row_item(d, 3, 2) == (rows[3, 2], rows[3, 2])
    cython.call_rows(d, "resize", 1)
    assert d.flags.f_contiguous
    cython.call_rows(d, "resize", 2)
    assert_same(d.as_numpy(), np.concatenate([rows[:1], np.zeros((1, 3))]))
    cython.call_rows(d, "reserve", 1000)
    assert d.capacity >= 1000
    cython.call_rows(d, "shrink_to_fit")
    assert d.capacity == 2
    cython.call_rows(d, "clear")
    assert d.shape == (0, 3)


def test_rows_without_bytes(cython):
    d = cda.zeros((0, 0))
    cython.push_rows(d, np.empty((5, 0)))
    cython.append_rows(d, np.empty((2, 0)))
    assert d.shape == (7, 0)
    assert cython.describe_rows(d)["capacity"] == d.capacity


# What is refused.


@pytest.mark.parametrize(
    ("array", "error", "message"),
    [
        (cda.DynamicArray(dtype="f4"), TypeError, "float64.*float32"),
        (cda.DynamicArray(dtype=">f8"), TypeError, "float64.*>f8"),
        (cda.DynamicArray(dtype="m8[s]"), TypeError, r"float64.*timedelta64\[s\]|float64.*m8"),
        (cda.DynamicArray(dtype=object), TypeError, "float64.*object"),
        (cda.DynamicArray(dtype=EVENT), TypeError, "float64.*time"),
        ([1.0], TypeError, "DynamicArray.*list"),
        (np.zeros(3), ValueError, "ndarray can't grow"),
        (cda.zeros(3)[:], ValueError, "ndarray can't grow"),
        (cda.zeros(3).as_numpy().view(cda.DynamicArray), ValueError, "can't grow.*copy"),
        (cda.zeros((3, 2)), ValueError, "1 dimension.*2"),
        (cda.zeros(()), ValueError, "1 dimension.*0"),
    ],
    ids=label,
)
def test_what_has_no_handle(cython, array, error, message):
    with pytest.raises(error, match=message):
        cython.describe(array)


def test_a_read_only_array_has_no_handle(cython):
    d = cda.zeros(3)
    d.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        cython.describe(d)


def test_structs_of_another_size_are_refused(cython):
    with pytest.raises(TypeError, match=r"structured dtype of 16 bytes.*neuron"):
        cython.push_events(cda.DynamicArray(dtype=[("time", "f8"), ("neuron", "i4")]), [(0.5, 1)])
    with pytest.raises(TypeError, match=r"structured dtype of 16 bytes.*what"):
        cython.push_events(cda.DynamicArray(dtype=[("time", "f8"), ("what", object)]), [(0.5, 1)])


@pytest.mark.parametrize("count", [2**40, 2**60, 2**61, 2**63, 2**64 - 1])
@pytest.mark.parametrize("name", ["reserve", "resize"])
def test_no_memory_is_a_memory_error_and_changes_nothing(cython, name, count):
    d = cda.DynamicArray([1.0, 2.0], max_size=10)
    before = d.ctypes.data, d.capacity, d.max_size, d.flags.num
    with pytest.raises(MemoryError, match="no memory"):
        cython.call(d, name, count)
    assert (d.ctypes.data, d.capacity, d.max_size, d.flags.num) == before
    assert d.tolist() == [1.0, 2.0]
    rows = cda.zeros((2, 3))
    with pytest.raises(MemoryError, match="no memory"):
        cython.call_rows(rows, name, count)
    assert rows.shape == (2, 3)


def run_with(module, code):
    """What the code prints in a process of its own, where the compiled module is `user`."""
    prelude = f"""
        import importlib.util
        import cppdynarray as cda
        spec = importlib.util.spec_from_file_location("{module.__name__}", {module.__file__!r})
        user = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(user)
    """
    return run_python(textwrap.dedent(prelude) + textwrap.dedent(code))


@linux_only
def test_no_memory_without_the_gil(cython):
    printed = run_with(
        cython,
        """
        import resource
        with cda.options(reserve_bytes=2**24):
            d = cda.DynamicArray(dtype=float)
        recorder = user.Recorder(d)
        resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
        try:
            recorder.record_many(2**31)
        except MemoryError:
            print(len(d) > 10**6, d[0], float(d[-1]) == len(d) - 1, len(d) == d.capacity)
        d.resize(1)
        recorder.record(5.0)
        print(d.tolist())
        """
    )
    assert printed == "True 0.0 True True\n[0.0, 5.0]\n"


# Lifetime.


def test_a_handle_keeps_its_array(cython):
    d = cda.DynamicArray([1.0])
    gone = weakref.ref(d)
    references = sys.getrefcount(d)
    recorder = cython.Recorder(d)
    assert sys.getrefcount(d) == references + 1
    recorder.copy_and_record(2.0)
    assert sys.getrefcount(d) == references + 1
    recorder.__init__(d)
    assert sys.getrefcount(d) == references + 1
    del d
    gc.collect()
    recorder.record(3.0)
    assert recorder.array().tolist() == [1.0, 2.0, 3.0]
    assert recorder.array() is gone()
    del recorder
    assert gone() is None


def test_refusals_leave_no_reference(cython):
    d = cda.DynamicArray(dtype="f4")
    references = sys.getrefcount(d)
    for _ in range(10):
        with pytest.raises(TypeError):
            cython.Recorder(d)
    assert sys.getrefcount(d) == references


def test_python_and_a_handle_take_turns(cython, backend):
    d, expected = cda.DynamicArray(dtype=float), []
    recorder = cython.Recorder(d)
    for i in range(2000):
        recorder.record(i)
        d.append(-i)
        d.extend([i, i])
        expected += [i, -i, i, i]
        if i % 100 == 99:
            d.shrink_to_fit()
            assert d.pop() == expected.pop()
    assert d.tolist() == expected


def test_growth_without_the_gil_is_traced(cython):
    printed = run_with(
        cython,
        """
        import tracemalloc
        tracemalloc.start()
        d = cda.DynamicArray(dtype=float)
        recorder = user.Recorder(d)
        recorder.record_many(10**6)
        print(tracemalloc.get_traced_memory()[0] >= d.capacity * 8)
        del recorder, d
        print(tracemalloc.get_traced_memory()[0] < 10**6)
        """
    )
    assert printed == "True\nTrue\n"


def test_a_capsule_is_a_handle(cython):
    from cppdynarray._core._handles import handle_capsule

    get_name = ctypes.pythonapi.PyCapsule_GetName
    get_name.argtypes, get_name.restype = [ctypes.py_object], ctypes.c_char_p
    for array in (cda.DynamicArray([1.0, 2.0]), cda.zeros((2, 3))):
        references = sys.getrefcount(array)
        name = "a name that is not kept"
        capsule = handle_capsule(array, name)
        assert get_name(capsule) == name.encode()
        assert sys.getrefcount(array) == references + 1
        rows = cython.resize_capsule(capsule, name.encode(), 5)
        assert len(array) == 5 == rows
        del capsule
        assert sys.getrefcount(array) == references
    with pytest.raises(ValueError, match="ndarray can't grow"):
        handle_capsule(np.zeros(3), "name")
    with pytest.raises(TypeError, match="need the GIL"):
        handle_capsule(cda.DynamicArray([None]), "name")


# pybind11, and arrays that C++ makes.


def test_a_pybind11_module_pushes(pybind11):
    d = cda.DynamicArray([1.0])
    pybind11.push(d, 2.0)
    assert d.tolist() == [1.0, 2.0]
    for dtype in ("f4", "i8"):
        d = cda.DynamicArray(dtype=dtype)
        assert pybind11.push_any(d, 3) == d.dtype.name
        assert d.tolist() == [3]
    with pytest.raises(TypeError, match="DynamicArray"):
        pybind11.push_any(cda.DynamicArray(dtype="f8"), 3)
    with pytest.raises(ValueError, match="can't grow"):
        pybind11.push(np.zeros(3), 1.0)
    rows = cda.zeros((2, 3))
    assert pybind11.same(rows) is rows


@pytest.mark.parametrize("count", [1, 1000, 1_000_000])
def test_a_writer_publishes_when_it_ends(pybind11, backend, count):
    d = cda.DynamicArray([7.0])
    view, lengths = d[:], []
    pybind11.write(d, count, lambda: lengths.append(len(d)))
    assert lengths[0] <= count + 1 and lengths[1] == count + 1
    assert_same(d, np.concatenate(([7.0], np.arange(float(count)), [-1.0])))
    assert view.tolist() == [7.0]
    d.append(3.0)
    assert d[-1] == 3.0 and len(d) == count + 3


def test_a_writer_that_ends_by_an_exception_publishes_too(pybind11):
    d = cda.DynamicArray([7.0])
    with pytest.raises(ValueError, match="nothing to write"):
        pybind11.write(d, 0, lambda: None)
    assert d.tolist() == [7.0, -1.0]


def test_a_writer_takes_own_elements_while_the_array_moves(pybind11, backend):
    with cda.options(reserve_bytes=1):
        d = cda.DynamicArray([7.0])
    pybind11.write_own(d, 100_000)
    assert_same(d, np.full(100_001, 7.0))


def test_declared_fields_are_compared(pybind11):
    d = cda.DynamicArray(dtype=EVENT)
    pybind11.push_event(d, 0.5, 3)
    assert_same(d.as_numpy(), np.array([(0.5, 3)], EVENT))
    others = [
        np.dtype([("time", "f8"), ("neuron", "u4")], align=True),
        np.dtype([("t", "f8"), ("neuron", "i4")], align=True),
        np.dtype([("time", "f8"), ("neuron", "i4")]),
    ]
    for dtype in others:
        with pytest.raises(TypeError):
            pybind11.push_event(cda.DynamicArray(dtype=dtype), 0.5, 3)


def test_a_thread_of_cpp_fills_while_python_reads(pybind11):
    d, count = cda.DynamicArray(dtype=float), 2_000_000
    filler = threading.Thread(target=pybind11.fill_from_thread, args=(d, count))
    filler.start()
    seen = 0
    while filler.is_alive():
        view = d[:]
        assert len(view) >= seen
        seen = len(view)
        assert seen == 0 or view[-1] == seen - 1
    filler.join()
    assert_same(d.as_numpy(), np.arange(float(count)))


def extended(values):
    made = cda.DynamicArray(dtype=float)
    made.extend(values)
    count = len(made)
    made.resize(count + 1000)
    assert not made[count:].any(), "more was copied than was added"
    made.resize(count)
    return made


# Each makes as many elements as it is given.
READERS = {
    "copy": lambda d: d.copy(), "copy.copy": copy.copy, "copy.deepcopy": copy.deepcopy,
    "pickle": lambda d: pickle.loads(pickle.dumps(d)), "DynamicArray": cda.DynamicArray, "extend": extended,
    "cda.array": cda.array, "asarray": lambda d: np.asarray(d).copy(), "sqrt": np.sqrt,
    "accumulate": np.add.accumulate, "d + d": lambda d: d + d, "d += 0": lambda d: operator.iadd(d, 0), "sort": np.sort,
    "concatenate": lambda d: np.concatenate([d]), "astype": lambda d: d.astype("i8"),
    "view": lambda d: d.view("i8").copy(),
    "tobytes": lambda d: np.array(memoryview(d.tobytes()).cast("d")), "tolist": lambda d: np.array(d.tolist(), float),
    "memoryview": lambda d: np.array(memoryview(d)),
}


@pytest.mark.parametrize("name", READERS)
def test_reading_while_a_thread_of_cpp_fills(pybind11, name):
    # NumPy reads a length more than once: what it works on must not grow meanwhile.
    read, most = READERS[name], 300_000
    for _ in range(50):
        d, made = cda.DynamicArray(dtype=float), collections.deque(maxlen=5)
        filler = threading.Thread(target=pybind11.fill_from_thread, args=(d, most))
        filler.start()
        while filler.is_alive():
            made.append(read(d))
        filler.join()
        for result in made:
            expected = read(np.arange(float(len(result))))
            np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("values", [[], [1.0, 2.5], list(map(float, range(100_000)))], ids=len)
def test_what_cpp_made_becomes_an_array_without_a_copy(pybind11, values):
    d, address, left, empty = pybind11.make(values)
    assert type(d) is cda.DynamicArray and d.flags.owndata and d.base is None
    assert_same(d.as_numpy(), np.array(values, float))
    assert left == 0 and empty
    assert not values or d.ctypes.data == address
    # It grows as any other, in the memory of the allocator that made it.
    view = d[:]
    d.extend(np.arange(1000.0))
    assert_same(d.as_numpy(), np.concatenate([values, np.arange(1000.0)]))
    assert view.tolist() == values
    assert not values or d.ctypes.data == address
    d.resize(10**6)
    assert not d[len(values) + 1000 :].any()
    d.clear()
    d.shrink_to_fit()
    copied = d.copy()
    copied.append(1.0)
    assert copied.tolist() == [1.0]


def test_what_cpp_made_is_given_back(pybind11, cython):
    d, *_ = pybind11.make([1.0])
    pybind11.push(d, 2.0)
    cython.Recorder(d).record(3.0)
    assert d.tolist() == [1.0, 2.0, 3.0]
    assert pybind11.make_and_keep_writing(3).tolist() == [1.0, 2.0, 2.0, 2.0]


def test_what_cpp_made_is_freed_with_its_last_view(pybind11):
    for _ in range(200):
        d, *_ = pybind11.make([1.0] * 1000)
        view = d[10:20]
        del d
        assert view.sum() == 10.0


def test_what_cpp_made_has_rows_and_dtypes(pybind11):
    rows = pybind11.make_rows(12, 3, None)
    assert_same(rows.as_numpy(), np.arange(12.0).reshape(4, 3))
    rows.append([0.0, 1.0, 2.0])
    assert rows.shape == (5, 3)
    events = pybind11.make_events(3)
    assert_same(events.as_numpy(), np.array([(0.0, 0), (0.5, 1), (1.0, 2)], EVENT))
    pybind11.push_event(events, 9.0, 9)
    assert len(events) == 4


def test_what_cpp_made_and_python_refuses_stays_cpps(pybind11):
    with pytest.raises(ValueError, match="rows of 5"):
        pybind11.make_rows(12, 5, None)
    with pytest.raises(TypeError, match=r"float64.*int64"):
        pybind11.make_rows(12, 3, np.dtype("i8"))
    with pytest.raises(TypeError, match="not understood"):
        pybind11.make_rows(12, 3, "no such dtype")
    with pytest.raises(TypeError, match="8 bytes is unknown"):
        pybind11.make_unknown(2, None)
    dtype = np.dtype([("x", "f4"), ("y", "f4")])
    assert_same(pybind11.make_unknown(2, dtype).as_numpy(), np.array([(1, 2)] * 2, dtype))


# Headers of another version; programs without Python.


# Windows.


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("maxlen", [1, 2, 7, 1000])
def test_elements_of_all_numeric_dtypes_are_pushed_into_a_window(cython, dtype, maxlen):
    values = np.arange(1, 101).astype(dtype)
    w, expected = cda.RollingArray(values[:3], maxlen=maxlen), collections.deque(values[:3], maxlen)
    for part in (values[:5], values[5:60], values[60:]):
        cython.push_all_into_window(w, part)
        expected.extend(part)
        assert_same(w.as_numpy(), np.array(expected))
        assert w.maxlen == maxlen


def test_python_sees_each_push_into_a_window_at_once(cython):
    w = cda.RollingArray([1.0, 2.0], maxlen=3)
    first, second = cython.window_seen_by(w, 2.5, lambda: (len(w), w.tolist(), float(np.sum(w)), w[:].tolist()))
    assert first == (3, [1.0, 2.0, 2.5], 5.5, [1.0, 2.0, 2.5])
    assert second == (3, [2.0, 2.5, 2.5], 7.0, [2.0, 2.5, 2.5])


def test_a_view_of_a_window_is_right_until_maxlen_elements_were_pushed(cython):
    for before in range(12):
        w = cda.RollingArray(np.arange(4.0), maxlen=4)
        cython.push_all_into_window(w, np.zeros(before))
        view, rows = w[:], w.tolist()
        cython.push_all_into_window(w, np.full(4, 7.0))
        assert view.tolist() == rows


def test_the_window_of_a_handle(cython):
    w = cda.RollingArray(np.arange(10.0), maxlen=4)
    seen = cython.describe_window(w)
    assert seen == {
        "size": 4, "maxlen": 4, "empty": False, "address": w.ctypes.data, "elements": [6.0, 7.0, 8.0, 9.0],
        "ends": (6.0, 9.0, 6.0, 9.0), "is_object": True,
    }
    assert cython.window_at(w, 3) == 9.0
    with pytest.raises(IndexError):
        cython.window_at(w, 4)
    cython.clear_window(w, 3.0)
    assert w.tolist() == [3.0]


@pytest.mark.parametrize("count", [1, 3, 50])
def test_a_window_takes_its_own_elements(cython, count):
    w, expected = cda.RollingArray([1.0, 2.0, 3.0], maxlen=3), collections.deque([1.0, 2.0, 3.0], 3)
    cython.push_own_into_window(w, 1, count)
    for _ in range(count):
        expected.append(expected[1])
    assert w.tolist() == list(expected)
    for _ in range(count):
        cython.append_window_to_itself(w)
        assert w.tolist() == list(expected)


@pytest.mark.parametrize("sizes", [[2, 3, 100, 1, 0, 4], [1] * 30, [5, 5, 5, 5]])
def test_several_elements_at_once_are_appended_to_a_window(cython, sizes):
    w, expected, number = cda.RollingArray(maxlen=5), collections.deque(maxlen=5), 0
    for size in sizes:
        part = np.arange(number, number + size, dtype=float)
        number += size
        cython.append_to_window(w, part)
        expected.extend(part)
        assert w.tolist() == list(expected)


def test_rows_are_pushed_into_a_window(cython):
    rows = np.arange(60.0).reshape(-1, 3)
    w = cda.RollingArray(rows[:1], maxlen=4)
    assert cython.push_rows_into_window(w, rows) == (4, 3, 12, 4, 49.0, 49.0)
    assert_same(w.as_numpy(), rows[-4:])


def test_what_is_no_window_is_refused(cython):
    w = cda.RollingArray([1.0], maxlen=3)
    for other, error, message in [
        ([1.0], TypeError, "expected a cppdynarray.RollingArray, got list"),
        (cda.DynamicArray([1.0]), ValueError, "only a RollingArray is a window"),
        (np.zeros(3), ValueError, "only a RollingArray is a window"),
        (w[:].view(cda.RollingArray), ValueError, "it is a view"),
        (cda.RollingArray([1], maxlen=3), TypeError, "expected elements of dtype float64, got int64"),
        (cda.RollingArray([[1.0]], maxlen=3), ValueError, "expected an array of 1 dimension, got one of 2"),
    ]:
        with pytest.raises(error, match=message):
            cython.describe_window(other)
    with pytest.raises(ValueError, match="a handle for windows is needed"):
        cython.describe(w)
    w.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        cython.describe_window(w)


def test_a_handle_keeps_its_window_and_what_it_looks_like(cython):
    w = cda.RollingArray([1.0], maxlen=2)
    watch = weakref.ref(w)
    recorder = cython.WindowRecorder(w)
    with pytest.raises(ValueError, match="dtype can't be set while"):
        w.dtype = "i8"
    with pytest.raises(ValueError, match="shape can't be set while"):
        w.shape = (1, 1)
    del w
    recorder.record(2.0)
    recorder.record(3.0)
    assert recorder.window_of().tolist() == [2.0, 3.0]
    assert watch() is recorder.window_of()
    del recorder
    assert watch() is None


def test_pybind11_takes_and_gives_windows(pybind11):
    w = cda.RollingArray([1.0], maxlen=2)
    assert pybind11.push_into_window(w, 2.0) is w
    assert pybind11.push_into_window(w, 3.0).tolist() == [2.0, 3.0]
    with pytest.raises(TypeError):
        pybind11.push_into_window(cda.RollingArray([1], maxlen=2), 2.0)
    with pytest.raises(ValueError, match="only a RollingArray"):
        pybind11.push_into_window(cda.DynamicArray([1.0]), 2.0)


def test_a_window_is_read_while_a_thread_of_cpp_pushes(pybind11):
    """A row that NumPy reads may be overwritten meanwhile, by one that came later: rows never go back."""
    maxlen, count = 1000, 10_000_000
    w, looks = cda.RollingArray(maxlen=maxlen), []

    def look():
        while not looks or looks[-1] < count - 1:
            seen = w[:].copy()
            assert len(seen) <= maxlen
            if len(seen):
                assert seen[-1] < count
                looks.append(seen[-1])

    pybind11.fill_window_from_thread(w, count, look)
    assert looks == sorted(looks) and len(set(looks)) > 2
    assert w.tolist() == list(range(count - maxlen, count))


OPENER = """
#include <cppdynarray/python_array.hpp>

static PyObject* open(PyObject*, PyObject* object) {
    try {
        cppdynarray::PythonArray1D<double> array(object);
        return PyLong_FromSize_t(array.size());
    } catch (const cppdynarray::PythonError&) {
        return nullptr;
    }
}
static PyMethodDef methods[] = {{"open", open, METH_O, ""}, {nullptr, nullptr, 0, nullptr}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "opener", "", -1, methods, nullptr, nullptr, nullptr, nullptr};
PyMODINIT_FUNC PyInit_opener() { return PyModule_Create(&definition); }
"""


@pytest.mark.skipif(sys.platform == "win32", reason="calls a POSIX compiler by hand")
@pytest.mark.parametrize(
    ("version", "advice"), [(None, None), (2, "update cppdynarray"), (0, "compile the module again")]
)
def test_headers_of_another_version_are_refused(tmp_path, version, advice):
    include = tmp_path / "include"
    shutil.copytree(cda.get_include(), include)
    if version is not None:
        api = include / "cppdynarray" / "internal" / "python_api.hpp"
        text = api.read_text()
        changed = text.replace("python_api_version = 1;", f"python_api_version = {version};")
        assert changed != text
        api.write_text(changed)
    (tmp_path / "opener.cpp").write_text(OPENER)
    compile_cpp(
        tmp_path / "opener.cpp", tmp_path / f"opener{sysconfig.get_config_var('EXT_SUFFIX')}",
        "-shared", "-fPIC", f"-I{include}", f"-I{sysconfig.get_path('include')}",
        *(["-undefined", "dynamic_lookup"] if sys.platform == "darwin" else []),
    )
    opener = load(tmp_path, "opener")
    if version is None:
        assert opener.open(cda.zeros(3)) == 3
    else:
        with pytest.raises(ImportError, match=f"version {version} .*{advice}"):
            opener.open(cda.zeros(3))


@pytest.mark.skipif(sys.platform == "win32", reason="calls a POSIX compiler by hand")
def test_a_cpp_program_needs_the_headers_alone(tmp_path):
    compile_cpp(SOURCES / "program.cpp", tmp_path / "program", f"-I{cda.get_include()}", "-Wpedantic", "-Wconversion")
    done = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{sum(range(1_000_000))} 1\n"


# Tables.

TABLE = [("time", "f8"), ("position", "f4", 3), ("number", "i8")]


def assert_recorded(views):
    """What the recorder of cython_user.pyx writes, in every row."""
    numbers = np.arange(len(views["number"]))
    assert np.array_equal(views["number"], numbers) and np.array_equal(views["time"], numbers / 2)
    assert np.array_equal(views["position"], numbers[:, np.newaxis] + np.arange(3, dtype="f4"))


@pytest.mark.parametrize("on_file", [False, pytest.param(True, marks=linux_only)])
def test_rows_of_tables_are_filled_and_published(cython, backend, tmp_path, on_file):
    t = cda.open_table(tmp_path / "run", "x", TABLE) if on_file else cda.DynamicTable(dtype=TABLE)
    recorder = cython.TableRecorder(t)
    view = t["time"]
    for count in (1, 10, 30_000):
        recorder.record(count)
        assert_recorded(t[:])
        recorder.record_together(count)
        assert_recorded(t[:])
        assert recorder.sizes()[0] == len(t) and recorder.sizes()[1] >= len(t)
    t.append((len(t) / 2, len(t) + np.arange(3), len(t)))
    recorder.record(1)
    del t[-1]
    recorder.record(2)
    assert_recorded(t[:])
    assert recorder.table_of() is t and recorder.sizes()[2:] == (False, 3) and len(view) == 0
    watched = weakref.ref(t)
    del t
    gc.collect()
    assert watched() is not None
    recorder.record(1)
    del recorder
    gc.collect()
    assert watched() is None


def test_what_is_no_table_to_fill(cython, tmp_path):
    t = cda.DynamicTable(dtype=TABLE)
    for table, error in [(cda.DynamicArray(), TypeError), (cda.DynamicTable(dtype=[("o", object)]), TypeError)]:
        with pytest.raises(error):
            cython.column_of_doubles(table, b"o", 1)
    for name, items, error in [(b"nope", 1, KeyError), (b"number", 1, TypeError), (b"position", 3, TypeError),
                               (b"time", 3, ValueError)]:
        with pytest.raises(error, match=name.decode() if error is not TypeError else "expected elements"):
            cython.column_of_doubles(t, name, items)
    if sys.platform != "win32":
        with cda.open_table(tmp_path / "run", "x", TABLE) as file:
            recorder = cython.TableRecorder(file)
        for closed in (file, cda.open_table(tmp_path / "run")):
            with pytest.raises(ValueError, match=r"is closed|to be read"):
                cython.column_of_doubles(closed, b"time", 1)
        with pytest.raises((ValueError, OSError)):
            recorder.record(1)
        assert len(file) == 0


def test_python_sees_whole_rows_while_a_thread_fills_them(cython):
    t = cda.DynamicTable(dtype=TABLE)
    recorder = cython.TableRecorder(t)
    enough = threading.Event()

    def fill():
        while len(t) < 400_000 or not enough.is_set():
            recorder.record(20_000)

    filling = threading.Thread(target=fill)
    filling.start()
    looks = 0
    try:
        while filling.is_alive():
            views = t[-100:]
            last = views["number"]
            if len(last):
                assert {len(column) for column in views.values()} == {len(last)}
                assert views["time"][-1] * 2 == last[-1] == views["position"][-1, 0] == views["position"][-1, 2] - 2
            looks += 1
            if looks > 10:
                enough.set()
    finally:
        enough.set()
    filling.join()
    assert len(t) >= 400_000 and looks > 10
    assert_recorded({name: column[:1 << 20] for name, column in t[:].items()})
