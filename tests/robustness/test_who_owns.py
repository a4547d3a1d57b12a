"""References belong to memory that somebody owns, and handles to arrays: whatever dies, moves or waits meanwhile."""

import gc
import signal
import sys
import threading
import weakref

import numpy as np
import pushing
import pytest

import cppdynarray as cda
from subprocesses import run_process, run_python

needs_compiler = pytest.mark.skipif(not pushing.can_compile(), reason="no C++ compiler")


def object_array(values):
    """One that moves when it grows."""
    with cda.options(backend="heap"):
        return cda.DynamicArray(values, object)


class Thing:
    """Something whose death is seen."""


class Does:
    """An element that does something when it is added to."""

    def __init__(self, action, result=None):
        self.action, self.result = action, result

    def __add__(self, other):
        self.action()
        return self.result if self.result is not None else self

    __radd__ = __add__


# Arrays that move while NumPy works on them.


def test_an_array_that_dies_while_another_is_computed_with():
    code = """
        import numpy as np
        import cppdynarray as cda

        cda.set_options(backend="heap")

        class Reading:
            def __add__(self, other):
                mine = cda.DynamicArray(dtype=object)
                mine.extend(iter([[i] for i in range(1000)]))
                return len(mine)

        d = cda.DynamicArray([Reading()] * 50, object)
        for _ in range(20):
            result = d + 1
            junk = [bytearray(n) for n in range(100, 5000, 7)]
            assert result.tolist() == [1000] * 50
    """
    run_python(code)


def test_a_call_that_waits_keeps_nothing_of_others():
    go_on, waits = threading.Event(), threading.Event()

    def wait():
        waits.set()
        assert go_on.wait(60)

    d = object_array([Does(wait, 7)])
    results = []
    thread = threading.Thread(target=lambda: results.append(d + 1))
    thread.start()
    assert waits.wait(60)
    things = [Thing() for _ in range(2000)]
    deaths = [weakref.ref(thing) for thing in things]
    e = object_array(things[:1])
    e.extend(things[1:])  # moves
    things.clear()
    e.clear()
    alive = sum(death() is not None for death in deaths)
    go_on.set()
    thread.join()
    assert alive == 0
    assert results[0].tolist() == [7]


@pytest.mark.parametrize("times", [1, 3])
def test_a_call_sees_the_elements_that_it_began_with(times):
    things = [Thing() for _ in range(50)]
    deaths = [weakref.ref(thing) for thing in things]

    def move():
        for _ in range(times):
            d.extend([0] * 2 * len(d))
        d.clear()
        things.clear()

    d = object_array([Does(move, 0), *things])
    with np.errstate(all="ignore"):
        seen = np.frompyfunc(lambda each: each + 0 if isinstance(each, Does) else type(each), 1, 1)(d)
    assert seen.tolist() == [0] + [Thing] * 50
    assert len(d) == 0
    del seen
    gc.collect()
    assert all(death() is None for death in deaths)


def test_what_was_written_follows_the_array():
    d = object_array([1, Does(lambda: d.extend([0] * 10_000), "done"), 3])
    before = d[:]
    assert np.add(d, 4, out=d) is d
    assert d[:3].tolist() == [5, "done", 7] and len(d) == 10_003
    assert before.tolist() == [None] * 3


def test_a_view_that_a_callback_keeps_keeps_the_elements():
    kept = []

    def function(row):
        kept.append(row)
        if len(kept) == 1:
            d.extend([[0, 0]] * 10_000)
        return 1

    d = object_array([["a", "b"], ["c", "d"]])
    np.apply_along_axis(function, 1, d)
    d = None
    junk = [bytearray(n) for n in range(10, 2000)]
    assert [row.tolist() for row in kept] == [["a", "b"], ["c", "d"]] and junk


def test_references_are_counted_right():
    thing = Thing()
    start = sys.getrefcount(thing)

    def change():
        d = object_array([thing])
        d[0] = Does(lambda: d.extend([thing] * 1000), thing)
        assert (d + 0)[0] is thing
        assert len(d) == 1001
        assert np.equal(d, d)[1:].all()
        d.insert(0, thing)
        d.pop()
        del d[::2]
        d[:] = 0

    for _ in range(3):
        change()
    gc.collect()
    assert sys.getrefcount(thing) == start


class Appends:
    """Appends to an array when it dies."""

    def __init__(self, array, number):
        self.array, self.number = array, number

    def __del__(self):
        self.array.append(self.number)


@pytest.mark.parametrize("rows", [5, 600])
def test_rows_that_a_finalizer_appends_are_not_lost(rows):
    """NumPy writes to rows that are removed meanwhile: what it wrote there is dropped, when the slots are free."""
    numbers = iter(range(rows))

    class Shrinks:
        def __radd__(self, element):
            number = next(numbers)
            if number == 0:
                d.resize(1)
                return "first"
            return Appends(d, number)

    d = cda.DynamicArray([0] * rows, object)
    np.add(d, Shrinks(), out=d)
    assert d[0] == "first"
    assert sorted(d[1:].tolist()) == list(range(1, rows))


def test_sorting_loses_nothing_that_is_set_meanwhile():
    class Key:
        def __init__(self, value):
            self.value = value

        def __lt__(self, other):
            if d[0] is not new:
                d[0] = new
            return self.value < other.value

    new = Key(-1)
    keys = [Key(3), Key(1), Key(2)]
    d = cda.DynamicArray(keys, object)
    with pytest.raises(ValueError, match="changed"):
        d.sort()
    assert d.tolist() == [new, *keys[1:]]


# Handles.


@needs_compiler
def test_a_handle_outlives_the_memory_of_its_array():
    d = cda.DynamicArray([1.0])
    handle = pushing.hold(d)
    np.ndarray.__setstate__(d, np.arange(3.0).__reduce__()[2])
    pushing.push(handle, np.arange(200_000.0))
    pushing.join(handle)
    pushing.module().go_between(handle, [0, 10, 300_000, 600_000], 7)
    assert d.tolist() == [0.0, 1.0, 2.0]
    pushing.stop(handle)
    assert d.tolist() == [0.0, 1.0, 2.0]
    gone = weakref.ref(d)
    del d, handle
    gc.collect()
    assert gone() is None


@needs_compiler
def test_objects_find_no_references_in_memory_that_a_handle_wrote_to_for_nobody():
    d = cda.DynamicArray([1.0])
    handle = pushing.hold(d)
    np.ndarray.__setstate__(d, np.arange(3.0).__reduce__()[2])
    pushing.push(handle, np.arange(1.0, 200_000.0))
    pushing.join(handle)
    pushing.stop(handle)
    del d, handle
    gc.collect()
    # NumPy drops what was in the slots that it writes to.
    objects = [cda.DynamicArray(["one", Thing, 1.0, None], object) for _ in range(100)]
    assert all(each.tolist() == ["one", Thing, 1.0, None] for each in objects)


@pytest.mark.parametrize("make", ["cda.DynamicArray([1.0])", "cda.RollingArray([1.0], maxlen=5)"])
def test_handles_of_arrays_that_lost_their_memory(make):
    code = f"""
        import gc, weakref
        import numpy as np
        import cppdynarray as cda
        from cppdynarray._core._handles import handle_capsule

        d = {make}
        handles = [handle_capsule(d, "test") for _ in range(3)]
        np.ndarray.__setstate__(d, np.arange(3.0).__reduce__()[2])
        del handles[0]
        gc.collect()
        junk = [bytearray(n) for n in range(8, 2000)]
        handles.clear()
        gc.collect()
        assert d.tolist() == [0.0, 1.0, 2.0]
        gone = weakref.ref(d)
        del d
        gc.collect()
        assert gone() is None
    """
    run_python(code, environment={"PYTHONMALLOC": "debug", "MALLOC_PERTURB_": "85"})


@pytest.mark.slow
@needs_compiler
@pytest.mark.skipif(sys.platform == "win32", reason="how a process ends is asked as Unix says it")
def test_debug_builds_notice_two_threads_that_change_one_array(tmp_path):
    pushing.build_into(tmp_path, debug=True)
    process = run_process(f"""
        import sys, time
        import cppdynarray as cda

        sys.path.insert(0, {str(tmp_path)!r})
        import pushing_thread

        d = cda.DynamicArray(dtype="i8")
        handles = [pushing_thread.hold(d, True, False) for _ in range(2)]
        for handle in handles:
            pushing_thread.go_between(handle, [0, 100_000], 7)
        time.sleep(120)
        """)
    assert process.returncode == -signal.SIGABRT and "one thread at a time" in process.stderr


@pytest.mark.slow
@needs_compiler
@pytest.mark.skipif(sys.platform == "win32", reason="how a process ends is asked as Unix says it")
def test_debug_builds_notice_who_comes_between(tmp_path):
    pushing.build_into(tmp_path, debug=True, name="two_writers")
    alone_and_not = [
        ("d = cda.DynamicArray(dtype=float); two_writers.write(d, {})", "int", "lambda: d.append(1.0)"),
        ("t = cda.DynamicTable(dict(x=[1.0])); two_writers.append_row(t, {})", "int", "lambda: t.append((1.0,))"),
        ("two_writers.slide(cda.RollingArray(maxlen=20_000, dtype=float), {})", "1", "2"),
    ]
    for call, alone, not_alone in alone_and_not:
        for argument in (alone, not_alone):
            process = run_process(f"""
                import sys
                import cppdynarray as cda

                sys.path.insert(0, {str(tmp_path)!r})
                import two_writers

                {call.format(argument)}
                """)
            if argument == alone:
                assert process.returncode == 0, process.stderr
            else:
                assert process.returncode == -signal.SIGABRT and "one thread at a time" in process.stderr, call


@needs_compiler
@pytest.mark.skipif(sys.version_info < (3, 13), reason="no module of that name makes interpreters")
def test_after_a_second_interpreter_threads_are_still_told_from_each_other(tmp_path):
    pushing.build_into(tmp_path)
    code = f"""
        import sys, time
        import _interpreters
        import numpy as np
        import cppdynarray as cda

        sys.path.insert(0, {str(tmp_path)!r})
        import pushing_thread

        keep = _interpreters.create()
        edges, big = np.linspace(0, 1e6, 50).astype("i8"), np.zeros(2_000_000)
        d = cda.DynamicArray(dtype="i8")
        handle = pushing_thread.hold(d, True, False)
        pushing_thread.go_between(handle, [0, 10, 300_000, 600_000], 7)
        end = time.monotonic() + 2
        while time.monotonic() < end:
            edges.searchsorted(d), big[d], np.array([1, 2]).searchsorted(d)
        assert pushing_thread.stop(handle) > 0
        _interpreters.destroy(keep)
    """
    run_python(code)
