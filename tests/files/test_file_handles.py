"""C++ and Cython at work on arrays on files, without the GIL: each push is in the file, and others see it."""

import gc
import sys
import time

import numpy as np
import pushing
import pytest

import cppdynarray as cda
from helpers import assert_same
from subprocesses import linux_only, run_python

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no arrays on files on Windows")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.npy"


def test_pushed_elements_are_in_the_file(cython, path):
    values = np.arange(100_000.0)
    d = cda.open_memmap(path, "w+")
    f = cda.open_memmap(path)
    view = d.extend(values[:3]) or d[:]
    cython.push_all(d, values[3:])
    assert f.refresh() == len(values)
    assert_same(d, values)
    assert_same(f, values)
    assert view.base is d
    cython.append(d, values)
    cython.append_own(d)
    d.append(7)
    cython.call(d, "resize", 500_000)
    d.close()
    assert_same(np.load(path), np.concatenate([values, values, values, values, [7], np.zeros(99_999)]))


def test_pushed_rows_are_in_the_file(cython, path, rng):
    rows = rng.normal(size=(20_000, 3))
    with cda.open_memmap(path, "w+", "f8", (0, 3)) as d:
        cython.push_rows(d, rows)
        cython.append_rows(d, rows)
    assert_same(np.load(path), np.concatenate([rows, rows]))


@pytest.mark.skipif(not pushing.can_compile(), reason="no C++ compiler")
def test_a_thread_of_cpp_pushes_while_another_process_could_look(path, rng):
    """The length is at home in the page that followers look at, so that nobody needs the GIL to publish it."""
    rows = rng.normal(size=30_000)
    with cda.open_memmap(path, "w+") as d:
        f = cda.open_memmap(path)
        handle = pushing.hold(d)
        pushing.push(handle, rows)
        lengths, deadline = set(), time.monotonic() + 60
        while not lengths or (max(lengths) < len(rows) and time.monotonic() < deadline):
            lengths.add(f.refresh())
            assert_same(f[-5:], rows[: len(f)][-5:])
        pushing.join(handle)
        del handle
        assert len(d) == f.refresh() == len(rows)
        print("lengths seen:", len(lengths))
    assert_same(np.load(path), rows)


def test_a_recorder_of_cython_and_the_end_of_the_file(cython, path):
    d = cda.open_memmap(path, "w+")
    recorder = cython.Recorder(d)
    recorder.record_many(1000)
    d.append(5.0)
    d.close()
    assert len(np.load(path)) == 1001
    with pytest.raises(OSError, match="can't grow: Bad file descriptor"):
        recorder.record(1.0)
    assert len(d) == 1001
    with pytest.raises(ValueError, match="is closed"):
        cython.Recorder(d)
    follower = cda.open_memmap(path)
    with pytest.raises(ValueError, match="opened to be read"):
        cython.Recorder(follower)
    with cda.open_memmap(path, "a") as d:
        cython.Recorder(d).record(2.0)
    assert np.load(path)[-1] == 2.0


@linux_only
def test_a_file_that_cant_grow_is_an_oserror(cython, path):
    code = f"""
        import importlib.util, resource
        spec = importlib.util.spec_from_file_location("cython_user", {cython.__file__!r})
        cython = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(cython)
        import cppdynarray as cda
        d = cda.open_memmap({str(path)!r}, "w+")
        recorder = cython.Recorder(d)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096 + (1 << 16), resource.RLIM_INFINITY))
        for call in (lambda: recorder.record_many(10_000), lambda: cython.call(d, "reserve", 10_000),
                     lambda: cython.call(d, "resize", 10_000), lambda: cython.append_own(d)):
            try:
                call()
            except OSError as error:
                assert "can't grow: File too large" in str(error), error
            else:
                raise AssertionError("it grew")
            assert len(d) == 8192
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        recorder.record(-1.0)
        d.close()
        print(len(d))
    """
    assert run_python(code) == "8193\n"
    assert_same(np.load(path), np.append(np.arange(8192.0), -1))


def test_an_array_that_loses_its_memory_while_a_handle_is_open(cython, path):
    """By NumPy's own function, which can't be refused: the handle has the file then, and its end is the file's."""
    d = cda.open_memmap(path, "w+")
    d.extend([1.0, 2.0])
    recorder = cython.Recorder(d)
    np.ndarray.__setstate__(d, np.zeros(3).__reduce__()[2])
    assert d.closed
    recorder.record(3.0)
    with pytest.raises(BlockingIOError):
        cda.open_memmap(path, "a")
    del recorder
    gc.collect()
    with cda.open_memmap(path, "a") as again:
        assert_same(again, np.array([1.0, 2.0, 3.0]))
    assert_same(d, np.zeros(3))


def test_a_handle_without_an_array_at_exit(cython, path):
    code = f"""
        import importlib.util
        spec = importlib.util.spec_from_file_location("cython_user", {cython.__file__!r})
        cython = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(cython)
        import numpy as np
        import cppdynarray as cda
        d = cda.open_memmap({str(path)!r}, "w+")
        class Kept: recorder = cython.Recorder(d)
        Kept.recorder.record(3.0)
        np.ndarray.__setstate__(d, np.zeros(3).__reduce__()[2])
    """
    assert run_python(code) == ""
    assert_same(np.load(path), np.array([3.0]))


def test_scalars_are_appended_between_pushes(cython, path):
    """The short way of append, on an array whose length another door has changed."""
    for d in (cda.open_memmap(path, "w+", "i8"), cda.DynamicArray(dtype="i8")):
        made = []
        for number in range(2000):
            d.append(number)
            if number % 3 == 0:
                cython.push_all(d, np.array([-number]))
            made += [number, -number] if number % 3 == 0 else [number]
        assert_same(d, np.array(made))
