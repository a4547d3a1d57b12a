"""Several threads and interpreters, signals, and the end of the process."""

import importlib.util
import os
import sys
import threading

import numpy as np
import pytest
from threads import in_threads

import cppdynarray as cda
from cppdynarray.testing import assert_invariants
from helpers import small_array
from subprocesses import linux_only, run_process, run_python

THREADS = 4


@pytest.fixture(autouse=True)
def switch_often():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("dtype", ["i8", ">i8", "O", "T", "i8,O"])
def test_appends_from_several_threads_all_arrive(dtype):
    """One call at a time has the GIL: appending is as safe as for a list."""
    d = small_array([], dtype)
    count = 2000
    convert = {"T": str, "i8,O": lambda number: (number, str(number))}.get(dtype, int)

    def append(first):
        for number in range(first, first + count):
            d.append(convert(number))

    def extend(first):
        for number in range(first, first + count, 10):
            d.extend([convert(each) for each in range(number, number + 10)])

    work = [append, extend] * (THREADS // 2)
    in_threads(*[lambda f=function, n=number: f(n * count) for number, function in enumerate(work)])
    found = np.asarray(d)["f0"] if dtype == "i8,O" else np.asarray(d)
    assert sorted(map(int, found)) == list(range(THREADS * count))
    assert_invariants(d)


def test_numpy_computes_on_views_without_the_gil_while_the_array_grows():
    d = cda.DynamicArray(np.ones(500_000))
    view, pointer = d[:], d.ctypes.data
    stop = threading.Event()

    def compute():
        total = np.zeros_like(view)
        while not stop.is_set():
            np.add(view, view, out=total)
            assert total.sum() == 2 * len(view)
            assert d[: len(view)].sum() == len(view)

    def grow():
        try:
            for _ in range(200):
                d.extend(np.full(10_000, 3.0))
                d.append(3.0)
                if len(d) > 2_000_000:
                    d.resize(len(view))
                    d.shrink_to_fit()
        finally:
            stop.set()

    in_threads(compute, compute, grow)
    assert d.ctypes.data == pointer
    assert_invariants(d)


@pytest.mark.usefixtures("backend")
def test_readers_of_memory_that_the_array_leaves():
    """The data moves again and again; views of where it was stay what they were."""
    stop = threading.Event()
    arrays = [small_array([1.0])]

    def read():
        while not stop.is_set():
            views = [d[:] for d in arrays]
            for view in views:
                assert (np.exp(view) == np.e).all()

    def grow():
        try:
            for _ in range(60):
                d = small_array([1.0])
                arrays[:] = [d]
                while d.nbytes < 1 << 18:
                    d.extend(np.ones(len(d)))
        finally:
            stop.set()

    in_threads(read, read, grow)


def test_readers_of_pages_that_are_given_back():
    """Removed rows read as what they were or as zero, and never fault."""
    d = cda.DynamicArray(np.ones(1_000_000))
    view = d[:]
    stop = threading.Event()

    def read():
        while not stop.is_set():
            assert 0 < view.sum() <= len(view)

    def shrink():
        try:
            for _ in range(50):
                d.resize(1000)
                d.shrink_to_fit()
                d.extend(np.ones(999_000))
        finally:
            stop.set()

    in_threads(read, read, shrink)
    assert view.sum() == 1_000_000


def test_objects_read_and_removed():
    d = cda.DynamicArray([object() for _ in range(1000)], object)
    stop = threading.Event()

    def read():
        while not stop.is_set():
            for element in d:
                assert element is None or type(element) is object
            d.tolist(), d[::2].copy(), d == d

    def change():
        try:
            for number in range(3000):
                d.append(object())
                d.pop(0)
                if number % 100 == 0:
                    del d[::2]
                    d.extend([object()] * 500)
                    d.resize(600)
                    d.shrink_to_fit()
        finally:
            stop.set()

    in_threads(read, read, change)
    assert_invariants(d)


def test_options_are_set_while_arrays_grow():
    stop = threading.Event()
    before = cda.get_options()

    def set_options():
        while not stop.is_set():
            for backend in ("cpp", "heap"):
                cda.set_options(backend=backend, growth_factor=1.5)
                with cda.options(huge_pages=False):
                    cda.DynamicArray([1.0]).append(2.0)
        cda.set_options(**before)

    def grow():
        try:
            for _ in range(300):
                d = cda.DynamicArray([1.0])
                d.extend(np.ones(10_000))
                assert d.sum() == 10_001
        finally:
            stop.set()

    in_threads(grow, set_options)


# Signals.


@linux_only
@pytest.mark.parametrize("values", ["itertools.repeat(1.0)", "forever()"])
def test_ctrl_c_ends_a_long_extend(values):
    assert (
        run_python(
            f"""
            import itertools, signal
            import numpy as np, cppdynarray as cda
            def forever():
                while True: yield 1.0
            d = cda.DynamicArray([1.0, 2.0])
            view, capacity = d[:], d.capacity
            signal.signal(signal.SIGALRM, signal.default_int_handler)
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            try:
                d.extend({values})
            except KeyboardInterrupt:
                print(d.tolist(), d.capacity == capacity)
            d.append(3.0)
            view[0] = 5.0
            print(d.tolist())
            """,
            timeout=60,
        )
        == "[1.0, 2.0] True\n[5.0, 2.0, 3.0]\n"
    )


@linux_only
def test_a_signal_handler_that_changes_the_array():
    """What the handler appends comes first, as from any code that runs meanwhile."""
    assert (
        run_python(
            """
            import itertools, os, signal, numpy as np, cppdynarray as cda
            d = cda.DynamicArray([1.0, 2.0])
            def handler(*_):
                d.clear()
                d.resize(100_000)
            signal.signal(signal.SIGUSR1, handler)
            def values():
                os.kill(os.getpid(), signal.SIGUSR1)
                yield from itertools.repeat(3.0, 200_000)
            d.extend(values())
            print(len(d), d.sum())
            """
        )
        == "300000 600000.0\n"
    )


# Forks.


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes can't be forked")
def test_a_fork_waits_until_rows_of_tables_with_text_are_whole():
    """A child has no lock that is held by a thread which isn't there, and no row that one was removing."""
    assert (
        run_python(
            """
            import os, signal, threading, warnings
            import numpy as np, cppdynarray as cda
            warnings.simplefilter("ignore")  # Python's: there are threads
            t = cda.DynamicTable(dtype=[("key", "i8"), ("text", str)])
            t.extend({"key": np.arange(20_000), "text": "is longer than fifteen bytes"})
            text, done = t["text"], threading.Event()

            def is_whole():
                key = t["key"]
                return len(key) in (20_000, 20_001) and (np.diff(key) == 1).all()

            def compute():
                while not done.is_set():
                    np.strings.str_len(text)  # has the text: nobody removes a row

            def change():
                for number in range(20_000, 10**9):
                    if done.is_set():
                        break
                    t.append((number, "is longer than fifteen bytes"))
                    del t[0]

            threads = [threading.Thread(target=work) for work in (compute, change)]
            for thread in threads:
                thread.start()
            ends = set()
            for _ in range(20):
                child = os.fork()
                if child == 0:
                    signal.alarm(60)
                    t.shrink_to_fit()  # takes the lock; no text, which is NumPy's to lock
                    other = cda.DynamicTable({"text": ["a"]})
                    other.append(("b",))
                    os._exit(0 if is_whole() and len(other) == 2 else 1)
                ends.add(os.waitpid(child, 0)[1])
            done.set()
            for thread in threads:
                thread.join()
            print(ends, is_whole(), len(cda.DynamicTable({"text": ["a"]})))
            """
        )
        == "{0} True 1\n"
    )


# Interpreters.


@pytest.mark.skipif(
    not any(importlib.util.find_spec(name) for name in ("_interpreters", "_xxsubinterpreters")),
    reason="this Python has no module for subinterpreters",
)
def test_another_interpreter_is_refused():
    """With a clear error, not by breaking what the first one has."""
    process = run_process("""
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        import cppdynarray as cda
        d = cda.DynamicArray([1.0])
        other = interpreters.create()
        code = '''if True:
            try:
                import cppdynarray
                print("imported")
            except ImportError as error:
                print("ImportError", len(str(error)) > 10, flush=True)
        '''
        interpreters.run_string(other, code)
        interpreters.destroy(other)
        d.extend(range(1000))
        print(d.sum(), flush=True)
        """)
    assert process.returncode == 0, process.stderr
    assert process.stdout.split("\n")[:2] == ["ImportError True", "499501.0"]


# The end.


@linux_only
def test_the_process_ends_while_threads_grow_arrays():
    for _ in range(3):
        process = run_process("""
            import threading, time, numpy as np, cppdynarray as cda
            kept = []
            def work():
                while True:
                    d = cda.DynamicArray([1.0])
                    kept.append(d[:])
                    d.extend(np.ones(10_000))
                    d + 1
                    if len(kept) > 100: kept.clear()
            for _ in range(3): threading.Thread(target=work, daemon=True).start()
            time.sleep(0.2)
            """)
        assert process.returncode == 0, process.stderr
        assert process.stderr == ""
