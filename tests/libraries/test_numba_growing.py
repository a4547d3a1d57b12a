"""cppdynarray.numba: appending in loops that Numba compiles."""

import contextlib
import gc
import sys
import threading
import weakref

import numpy as np
import pytest

import cppdynarray as cda
from helpers import assert_same, label
from optional_libraries import import_library
from subprocesses import run_process, run_python

numba = import_library("numba")
import cppdynarray.numba  # noqa: E402 - where there is Numba
from cppdynarray.numba import growing  # noqa: E402

DTYPES = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "c8", "c16", "M8[s]", "m8[ms]",
          [("at", "f8"), ("who", "i4")], "U5", "S3"]
KINDS = {
    "DynamicArray": lambda contents: cda.DynamicArray(contents),
    "RollingArray": lambda contents: cda.RollingArray(contents, maxlen=5),
}


@numba.njit
def append_each(g, values):
    for i in range(len(values)):
        g.append(values[i])


@numba.njit
def extend(g, values):
    g.extend(values)


@numba.njit
def looks(g):
    return len(g), g[0], g[-1]


@numba.njit
def now(g):
    return g.array()


@numba.njit
def item(g, i):
    return g[i]


@numba.njit
def set_item(g, i, value):
    g[i] = value


@numba.njit(nogil=True)
def count_up(g, start, stop):
    for i in range(start, stop):
        g.append(i)


def values_of(dtype, count):
    numbers = np.arange(1, count + 1)
    if isinstance(dtype, list):
        made = np.zeros(count, dtype)
        made["at"], made["who"] = numbers / 2, numbers
        return made
    return numbers.astype(dtype)


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def last(kind, values):
    return values[-5:] if kind == "RollingArray" else values


@pytest.mark.parametrize("dtype", DTYPES, ids=label)
def test_appends_and_reads_any_dtype(kind, dtype):
    values = values_of(dtype, 9)
    d = KINDS[kind](values[:0])
    append_each(growing(d), values)
    assert_same(d, last(kind, values))
    extend(growing(d), values)
    expected = last(kind, np.concatenate([values, values]))
    assert_same(d, expected)
    assert_same(now(growing(d)), expected)
    if not expected.dtype.names:  # Numba returns no tuples of records
        assert looks(growing(d)) == (len(expected), expected[0], expected[-1])
    assert item(growing(d), 1) == expected[1]


@pytest.mark.parametrize("dtype", ["f8", "i4", "c16", "?"])
def test_rows(kind, dtype):
    rows = np.arange(18).reshape(9, 2).astype(dtype)
    d = KINDS[kind](rows[:0])
    append_each(growing(d), rows)
    assert_same(d, last(kind, rows))
    extend(growing(d), rows)
    assert_same(d, last(kind, np.concatenate([rows, rows])))
    assert_same(item(growing(d), -1), rows[-1])
    set_item(growing(d), 0, rows[3])
    assert_same(d[0], rows[3])
    with pytest.raises(ValueError, match="columns"):
        append_each(growing(d), np.zeros((1, 3), dtype))
    with pytest.raises(ValueError, match="columns"):
        extend(growing(d), np.zeros((1, 3), dtype))


def test_values_are_converted_and_arrays_in_any_order(kind):
    d = KINDS[kind](np.zeros(0))
    append_each(growing(d), np.array([1, 2], "i4"))
    extend(growing(d), np.arange(6)[::2])
    extend(growing(d), np.arange(6.0)[::3])
    assert_same(d, last(kind, np.array([1.0, 2, 0, 2, 4, 0, 3])))


def test_its_own_rows(kind):
    d = KINDS[kind](np.arange(4.0))
    extend(growing(d), now(growing(d)))
    assert_same(d, last(kind, np.array([0.0, 1, 2, 3, 0, 1, 2, 3])))


def test_many_rows(kind):
    d = KINDS[kind](np.zeros(0, int))
    count_up(growing(d), 0, 200_000)
    assert_same(d, last(kind, np.arange(200_000)))


def test_indices(kind):
    d = KINDS[kind](np.arange(5.0))
    g = growing(d)
    assert [item(g, i) for i in range(-5, 5)] == [d[i] for i in range(-5, 5)]
    set_item(g, -2, 7.0)
    assert d[-2] == 7.0
    for index in (5, -6, 2**40):
        with pytest.raises(IndexError):
            item(g, index)
        with pytest.raises(IndexError):
            set_item(g, index, 1.0)


def test_the_array_of_now_keeps_its_memory(kind):
    d = KINDS[kind](np.arange(5.0))
    view, gone = now(growing(d)), weakref.ref(d)
    del d
    gc.collect()
    assert gone() is not None
    assert_same(view, np.arange(5.0))
    del view
    gc.collect()
    assert gone() is None


def test_handles_leave_no_reference(kind):
    d = KINDS[kind](np.arange(5.0))
    before = sys.getrefcount(d)
    g = growing(d)
    for _ in range(10):
        looks(g), now(g)
        with pytest.raises(IndexError):
            item(g, 99)
    del g
    gc.collect()
    assert sys.getrefcount(d) == before


# What keeps a handle in compiled code.


@numba.njit
def append_to_first(handles):
    for i in range(10):
        handles[0].append(i)


@numba.njit
def appends_when_asked(g):
    for i in range(10):
        g.append(i)
        yield i


def kept_in_list(make):
    handles = numba.typed.List()
    handles.append(make())
    return lambda: append_to_first(handles)


def kept_in_dict(make):
    handles = numba.typed.Dict.empty(numba.int64, numba.typeof(make()))
    handles[0] = make()
    return lambda: append_to_first(handles)


def kept_in_class(make):
    @numba.experimental.jitclass([("g", numba.typeof(make()))])
    class Recorder:
        def __init__(self, g):
            self.g = g

        def append(self):
            for i in range(10):
                self.g.append(i)

    return Recorder(make()).append


def kept_in_generator(make):
    values = appends_when_asked(make())
    return lambda: list(values)


KEEPS = [kept_in_list, kept_in_dict, kept_in_class, kept_in_generator]


@pytest.mark.parametrize(
    ("keep", "kind"),
    [*((keep, "DynamicArray") for keep in KEEPS), (kept_in_list, "RollingArray")],
)
def test_counted_handles_live_as_long_as_what_keeps_them(keep, kind):
    d = KINDS[kind](np.zeros(0))
    gc.collect()
    before = sys.getrefcount(d)
    use = keep(lambda: growing(d, counted=True))
    gc.collect()
    assert sys.getrefcount(d) > before
    use()
    assert_same(d, last(kind, np.arange(10.0)))
    del use
    gc.collect()
    assert sys.getrefcount(d) == before


@pytest.mark.parametrize("keep", KEEPS)
def test_others_are_refused_where_they_would_be_kept(keep):
    d = cda.DynamicArray([1.0])
    with pytest.raises(numba.TypingError, match="counted=True"):
        keep(lambda: growing(d))()
    assert_same(d, np.array([1.0]))


def test_tuples_are_no_keeping():
    d = cda.DynamicArray()
    append_to_first((growing(d), growing(d)))
    assert_same(d, np.arange(10.0))


@pytest.mark.skipif(sys.platform == "win32", reason="no arrays on files")
def test_a_closed_file_is_named_as_the_reason(tmp_path):
    with cda.open_memmap(tmp_path / "a.npy", "w+", float) as d:
        g = growing(d)
        append_each(g, np.arange(3.0))
    for function in append_each, extend:
        with pytest.raises(ValueError, match="closed"):
            function(g, np.ones(1))
    assert_same(d, np.arange(3.0))


@pytest.mark.skipif(sys.platform == "win32", reason="no arrays on files")
def test_a_full_disk_is_named_as_the_reason():
    code = """
        import errno, pathlib, resource, signal, tempfile
        import numba, numpy as np
        import cppdynarray as cda
        from cppdynarray.numba import growing

        @numba.njit
        def fill(g, n):
            for i in range(n):
                g.append(i)

        d = cda.open_memmap(pathlib.Path(tempfile.mkdtemp()) / "a.npy", "w+", float)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        try:
            fill(growing(d), 1_000_000)
        except OSError as error:
            assert error.errno == errno.EFBIG, error
        else:
            raise AssertionError("the file grew")
        assert 0 < len(d) < 1_000_000 and d.tolist() == list(range(len(d)))
    """
    run_python(code)


@pytest.mark.parametrize("make", ["cda.DynamicArray()", "cda.RollingArray(maxlen=100)"])
def test_handles_in_globals_outlive_modules(make):
    code = f"""
        import numba
        import cppdynarray as cda
        from cppdynarray.numba import growing

        @numba.njit
        def fill(g, n):
            for i in range(n):
                g.append(i)

        d = {make}
        g = growing(d)
        fill(g, 1000)
    """
    run_python(code)


@pytest.mark.parametrize(
    ("array", "error"),
    [
        (np.zeros(3), TypeError),
        ([1], TypeError),
        (cda.zeros((2, 2, 2)), ValueError),
        (cda.DynamicArray([1, None], object), TypeError),
        (cda.zeros(3, "g"), TypeError),
        (cda.zeros(3, ">f8"), TypeError),
        (cda.RollingArray([1, None], object, maxlen=2), TypeError),
        (cda.zeros(3).view(cda.DynamicArray), ValueError),
        (cda.RollingArray([1], maxlen=2).view(cda.RollingArray), ValueError),
    ],
    ids=label,
)
def test_what_has_no_handle(array, error):
    with pytest.raises(error):
        growing(array)


def test_no_memory_comes_out_of_compiled_code_and_the_rows_stay():
    code = """
        import pathlib, resource
        import numba, numpy as np
        import cppdynarray as cda
        from cppdynarray.numba import growing

        @numba.njit
        def fill(g, n):
            for i in range(n):
                g.append(i)

        d = cda.DynamicArray(dtype=int)
        fill(growing(d), 1)
        del d
        cda._core._memory.trim()  # with the addresses that were reserved
        used = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * 4096
        resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 28), -1))
        d = cda.DynamicArray(dtype=int)
        try:
            fill(growing(d), 1 << 26)
        except MemoryError as error:
            assert len(d) > 1000 and d[-1] == len(d) - 1, (len(d), d[-1])
            print(error)
    """
    assert run_python(code).startswith("no memory")


def test_python_sees_what_a_thread_without_the_gil_appends():
    d = cda.DynamicArray([0])
    g = growing(d)
    count_up(growing(cda.DynamicArray(dtype=int)), 0, 1)  # compiles
    thread = threading.Thread(target=count_up, args=(g, 1, 20_000_000))
    thread.start()
    lengths, wrong = set(), 0
    while thread.is_alive():
        view = d[:]
        lengths.add(len(view))
        wrong += int(view[-1]) != len(view) - 1 or len(d) < len(view)
    thread.join()
    assert not wrong
    assert len(d) == 20_000_000 and d[-1] == len(d) - 1


def test_python_sees_the_window_that_a_thread_without_the_gil_moves():
    w = cda.RollingArray(np.arange(10_000), maxlen=10_000)
    g = growing(w)
    count_up(growing(cda.RollingArray(dtype=int, maxlen=3)), 0, 1)
    thread = threading.Thread(target=count_up, args=(g, 10_000, 30_000_000))
    thread.start()
    wrong = 0
    while thread.is_alive():
        view = w[:]
        wrong += len(view) != 10_000
        newest = int(w[-1])
        assert newest >= 9_999
    thread.join()
    assert not wrong
    assert_same(w, np.arange(30_000_000 - 10_000, 30_000_000))


@pytest.mark.parametrize("checks", [False, True])
def test_debug_builds_notice_two_threads_that_append_to_one_array(monkeypatch, checks):
    monkeypatch.setattr(cppdynarray.numba, "_checks", checks)
    end_of, set_end = cppdynarray.numba._end, cppdynarray.numba._set_end

    @numba.njit
    def append_as_two(g):
        end = end_of(g)
        g.append(1.0)
        set_end(g, end, end + 1)  # the other one, which saw the length of before

    d = cda.DynamicArray([0.0])
    with pytest.raises(RuntimeError, match="one thread at a time") if checks else contextlib.nullcontext():
        append_as_two(growing(d))
    assert d.tolist() == [0.0, 1.0]


def test_it_does_the_same_in_python(kind):
    d = KINDS[kind](np.zeros(0))
    g = growing(d)
    append_each.py_func(g, np.arange(9.0))
    extend.py_func(g, np.arange(3.0))
    set_item.py_func(g, 0, 5.0)
    assert looks.py_func(g) == (len(d), 5.0, 2.0)
    assert_same(now.py_func(g), np.asarray(d))
    with pytest.raises(TypeError, match="process"):
        g.__reduce__()


@pytest.mark.parametrize(
    "wrong", ["g.append(np.zeros(2))", "g.extend(1.0)", "g.extend(np.zeros((2, 2)))", "g.append('x')"]
)
def test_what_does_not_compile(wrong):
    scope = {"np": np}
    exec(f"def function(g): {wrong}", scope)
    with pytest.raises(numba.TypingError):
        numba.njit(scope["function"])(growing(cda.zeros(3)))


def test_passing_the_array_itself_means_what_it_meant(kind):
    @numba.njit
    def doubled(a):
        a *= 2
        return a.sum(), len(a)

    d = KINDS[kind](np.arange(4.0))
    assert doubled(d) == (12.0, 4)
    assert d.tolist() == [0.0, 2.0, 4.0, 6.0]
    assert isinstance(numba.typeof(d), numba.types.Array)


def test_without_numba_the_import_says_how_to_get_it():
    done = run_process("import sys; sys.modules['numba'] = None; import cppdynarray.numba")
    assert "pip install numba" in done.stderr and "ImportError" in done.stderr
