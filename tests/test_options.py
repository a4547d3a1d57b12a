"""Options: where memory comes from and how it grows."""

import asyncio
import contextlib
import contextvars
import gc
import itertools
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import cppdynarray as cda
from cppdynarray.testing import assert_invariants
from helpers import address, samples
from subprocesses import run_process, run_python

DEFAULTS = {"backend": "cpp", "growth_factor": 2.0, "reserve_bytes": 0, "huge_pages": True}
VALID = [("backend", "heap", "heap"), ("backend", "cpp", "cpp"), ("growth_factor", 1.25, 1.25),
    ("growth_factor", 16, 16.0), ("growth_factor", np.float64(3), 3.0),
    ("growth_factor", "1.5", 1.5), ("reserve_bytes", 2**20, 2**20),
    ("reserve_bytes", np.int64(4096), 4096),
         ("reserve_bytes", 1, 1), ("reserve_bytes", 0, 0), ("huge_pages", False, False),
         ("huge_pages", True, True), ("huge_pages", 0, False), ("huge_pages", "off", False),
         ("huge_pages", "YES", True)]
INVALID = [("backend", "numpy"), ("backend", "c++"), ("backend", "CPP"), ("backend", None), ("backend", 1),
    ("backend", ["cpp"]), ("growth_factor", 1.0), ("growth_factor", 0), ("growth_factor", -2.0),
    ("growth_factor", 16.1), ("growth_factor", float("nan")), ("growth_factor", float("inf")),
           ("growth_factor", "x"), ("growth_factor", None), ("growth_factor", [2]),
           ("reserve_bytes", -1), ("reserve_bytes", 2**62), ("reserve_bytes", 2**70),
           ("reserve_bytes", "x"), ("reserve_bytes", None), ("reserve_bytes", 1.5),
           ("reserve_bytes", float("nan")), ("huge_pages", "maybe"), ("huge_pages", None),
           ("unknown", 1), ("Backend", "cpp")]


@pytest.fixture(autouse=True)
def _options_are_left_as_they_were():
    before = cda.get_options()
    yield
    after = cda.get_options()
    cda.set_options(**before)
    assert after == before


def test_defaults():
    printed = run_python("import cppdynarray as cda; print(cda.get_options())")
    assert printed.strip() == repr(DEFAULTS)


@pytest.mark.parametrize("name, value, expected", VALID)
def test_setting(name, value, expected):
    before = cda.get_options()
    try:
        assert cda.set_options(**{name: value}) is None
        assert cda.get_options() == before | {name: expected}
        assert type(cda.get_options()[name]) is type(DEFAULTS[name])
    finally:
        cda.set_options(**before)


@pytest.mark.parametrize("name, value", INVALID)
def test_invalid_values_change_nothing(name, value):
    before = cda.get_options()
    with pytest.raises((ValueError, TypeError), match=name):
        cda.set_options(**{name: value})
    assert cda.get_options() == before
    with pytest.raises((ValueError, TypeError)):
        cda.set_options(**{"growth_factor": 3.0, "reserve_bytes": 2**30, name: value})
    assert cda.get_options() == before
    with pytest.raises((ValueError, TypeError)), cda.options(**{name: value}):
        raise AssertionError("the block must not run")
    assert cda.get_options() == before


def test_positional_arguments_are_refused():
    with pytest.raises(TypeError):
        cda.set_options("heap")


def test_the_dict_of_options_is_a_copy():
    found = cda.get_options()
    found["backend"] = "heap"
    assert cda.get_options()["backend"] == "cpp"
    assert cda.get_options() is not cda.get_options()


def test_options_nest():
    outer = cda.get_options()
    with cda.options(growth_factor=3.0):
        with cda.options(backend="heap"):
            assert cda.get_options() == outer | {"growth_factor": 3.0, "backend": "heap"}
            with cda.options(growth_factor=1.5, backend="cpp"):
                assert cda.get_options() == outer | {"growth_factor": 1.5}
            assert cda.get_options() == outer | {"growth_factor": 3.0, "backend": "heap"}
        assert cda.get_options() == outer | {"growth_factor": 3.0}
    assert cda.get_options() == outer


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt, GeneratorExit, SystemExit])
def test_options_are_put_back_after_an_exception(error):
    before = cda.get_options()
    with contextlib.suppress(error), cda.options(backend="heap", growth_factor=4):
        raise error
    assert cda.get_options() == before


def test_options_without_changes():
    with cda.options():
        assert cda.DynamicArray([1]).tolist() == [1]


def test_options_as_a_decorator():
    @cda.options(backend="heap")
    def make():
        return cda.get_options()["backend"]

    assert make() == "heap"
    assert make() == "heap"
    assert cda.get_options()["backend"] == "cpp"


# Contexts: threads, tasks and generators.


def on_heap(array):
    return cda._core._array.memory_of(array)["on_heap"]


def made_here():
    """The backend of an array made here, and what the options say."""
    said = cda.get_options()["backend"]
    assert ("heap" if on_heap(cda.zeros(3)) else "cpp") == said
    assert on_heap(cda.zeros(3).copy()) == (said == "heap")
    return said


def in_thread(function, *args):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *args).result()


@pytest.fixture
def process_options():
    """The test may set the options of the process."""
    before = cda.get_options()
    yield
    cda.set_options(**before)


@pytest.mark.usefixtures("process_options")
def test_options_set_for_the_process_hold_in_all_threads():
    cda.set_options(backend="heap")
    assert made_here() == "heap"
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(made_here).result() == "heap"
        cda.set_options(backend="cpp")
        assert pool.submit(made_here).result() == "cpp"


def test_a_block_of_options_does_not_reach_other_threads():
    with cda.options(backend="heap", growth_factor=3.5):
        assert made_here() == "heap"
        with ThreadPoolExecutor(1) as pool:
            # Python may be told that threads inherit the context.
            context = contextvars.Context()
            assert pool.submit(context.run, made_here).result() == "cpp"
            assert pool.submit(contextvars.copy_context().run, made_here).result() == "heap"


@pytest.mark.skipif(sys.version_info < (3, 14), reason="Python 3.14 is the first that can be told")
@pytest.mark.parametrize("inherits", [0, 1])
def test_a_thread_starts_with_the_options_of_its_context(inherits):
    # Free-threaded Python hands contexts on to new threads by default, other builds don't.
    printed = run_python("""
        import threading
        import cppdynarray as cda

        def say():
            print(cda.get_options()["backend"], cda._core._array.memory_of(cda.zeros(3))["on_heap"])

        with cda.options(backend="heap"):
            thread = threading.Thread(target=say)
            thread.start()
            thread.join()
        say()
    """, environment={"PYTHON_THREAD_INHERIT_CONTEXT": str(inherits)})
    assert printed.splitlines() == ["heap True" if inherits else "cpp False", "cpp False"]


def test_threads_that_share_a_context_see_each_change_of_the_process_whole():
    before = cda.get_options()
    stop = threading.Event()
    found = set()

    def make():
        while not stop.is_set():
            found.add(cda._core._array.memory_of(cda.zeros(3))["on_heap"])

    try:
        with cda.options(growth_factor=3.0):
            contexts = [contextvars.copy_context() for _ in range(3)]  # with the same ContextOptions in them
        threads = [threading.Thread(target=context.run, args=(make,)) for context in contexts]
        for thread in threads:
            thread.start()
        for i in range(2000):
            cda.set_options(backend=("heap", "cpp")[i % 2])
        stop.set()
        for thread in threads:
            thread.join()
        assert cda.get_options() == before
        assert found <= {True, False}
        assert contexts[0].run(made_here) == "cpp"
    finally:
        stop.set()
        cda.set_options(**before)


@pytest.mark.parametrize("first_to_leave", [0, 1])
def test_blocks_that_overlap_in_two_threads(first_to_leave):
    changes = [{"backend": "heap"}, {"growth_factor": 1.5}]
    before = cda.get_options()
    with contextlib.ExitStack() as stack:
        pools = [stack.enter_context(ThreadPoolExecutor(1)) for _ in changes]
        blocks = [cda.options(**change) for change in changes]
        for pool, block, change in zip(pools, blocks, changes, strict=True):
            pool.submit(block.__enter__).result()
            assert pool.submit(cda.get_options).result() == before | change
        for i in (first_to_leave, 1 - first_to_leave):
            pools[i].submit(blocks[i].__exit__, None, None, None).result()
            assert pools[i].submit(cda.get_options).result() == before
        assert cda.get_options() == before


@pytest.mark.usefixtures("process_options")
def test_a_block_keeps_what_it_changes_and_follows_the_process_in_the_rest():
    with cda.options(growth_factor=3.0):
        cda.set_options(backend="heap", growth_factor=4.0)
        assert made_here() == "heap"
        assert cda.get_options()["growth_factor"] == 3.0
        cda.set_options(backend="cpp")
        assert made_here() == "cpp"
    assert cda.get_options() == DEFAULTS | {"growth_factor": 4.0}


def test_tasks_have_options_of_their_own():
    async def work(backend, steps):
        found = set()
        with cda.options(backend=backend):
            for _ in range(steps):
                await asyncio.sleep(0)
                found.add(made_here())
        return found, made_here()

    async def inherit():
        await asyncio.sleep(0.01)
        return made_here(), await asyncio.to_thread(made_here)

    async def main():
        with cda.options(backend="heap"):
            late = asyncio.create_task(inherit())
        results = await asyncio.gather(*(work(("cpp", "heap")[i % 2], 5 + i % 7) for i in range(20)))
        return results, made_here(), await late

    results, here, late = asyncio.run(main())
    assert results == [({("cpp", "heap")[i % 2]}, "cpp") for i in range(20)]
    assert here == "cpp"
    assert late == ("heap", "heap")  # of the place where it was made
    assert made_here() == "cpp"


def test_blocks_of_generators_may_end_in_any_order():
    def generate(**changes):
        with cda.options(**changes):
            yield

    before = cda.get_options()
    changes = [{"backend": "heap"}, {"growth_factor": 1.5}, {"growth_factor": 3.0}]
    for order in itertools.permutations(range(3)):
        generators = [generate(**change) for change in changes]
        for generator in generators:
            next(generator)
        left = dict(enumerate(changes))
        for i in order:
            assert cda.get_options() == before | {k: v for change in left.values() for k, v in change.items()}
            generators[i].close()
            del left[i]
        assert cda.get_options() == before
        assert made_here() == "cpp"


def test_a_block_may_end_in_another_context():
    def generate():
        with cda.options(backend="heap"):
            yield made_here()

    generator = generate()
    context = contextvars.copy_context()
    assert context.run(next, generator) == "heap"
    assert made_here() == "cpp"
    generator.close()
    assert made_here() == "cpp"


def test_where_no_block_is_left_nobody_looks_for_one():
    count = cda._core._memory.contexts_with_options
    gc.collect()
    before = count()
    with cda.options(backend="heap"), cda.options(growth_factor=3):
        assert count() > before
        context = contextvars.copy_context()
    assert context.run(made_here) == "heap"
    del context
    gc.collect()
    assert count() == before


def test_an_array_keeps_the_options_it_was_made_with():
    with cda.options(growth_factor=1.25):
        slow = cda.zeros(1_000_000)
    fast = cda.zeros(1_000_000)
    with cda.options(growth_factor=16):
        for d, factor in ((slow, 1.25), (fast, 2.0)):
            before = d.capacity  # of used memory an array may have got more than it asked for
            in_thread(d.resize, before + 10_000)
            assert d.capacity == pytest.approx(factor * before, rel=0.2)


# The two backends.


def test_growth_with_the_cpp_backend_is_in_place():
    d = cda.DynamicArray(np.arange(10.0))
    view, before = d[:], address(d)
    d.extend(np.zeros(1_000_000))
    assert address(d) == before
    d[0] = -1
    assert view[0] == -1


def test_growth_with_the_heap_backend_copies_and_older_views_keep_the_old_memory():
    with cda.options(backend="heap"):
        d = cda.DynamicArray(np.arange(10.0))
        view, before = d[:], address(d)
        d.extend(np.zeros(1_000_000))
        assert address(d) != before
        d[0] = -1
        assert view.tolist() == list(range(10))
        view[1] = 77
        assert d[1] == 1
        assert d.max_size == d.capacity
    del d
    assert view.tolist() == [0, 77, *range(2, 10)]


def test_views_of_every_generation_stay_readable():
    with cda.options(backend="heap", growth_factor=1.1):
        d = cda.DynamicArray([0])
        views = []
        for n in range(1, 3000):
            views.append(d[:])
            d.append(n)
            assert_invariants(d) if n % 500 == 0 else None
    for n, view in enumerate(views, 1):
        assert view.tolist() == list(range(n))
    del d
    cda.full(10_000, -1)
    np.full(10_000, -1)
    for n, view in enumerate(views, 1):
        assert np.array_equal(view, np.arange(n))


def test_an_array_keeps_the_backend_it_was_made_with():
    with cda.options(backend="heap"):
        heap = cda.DynamicArray([1.0])
    reserved = cda.DynamicArray([1.0])
    heap.extend(np.zeros(1000))
    assert cda._core._array.memory_of(heap)["on_heap"]
    with cda.options(backend="heap"):
        reserved.extend(np.zeros(1000))
        assert not cda._core._array.memory_of(reserved)["on_heap"]
        assert cda._core._array.memory_of(reserved.copy())["on_heap"]
    assert not cda._core._array.memory_of(heap.copy())["on_heap"]


def test_the_interface_is_the_same(backend, dtype, row_shape, rng):
    rows = samples(dtype, (8, *row_shape), rng)
    d = cda.array(rows[:4])
    d.append(rows[4])
    d.extend(rows[5:])
    d.insert(0, rows[7])
    d.pop()
    del d[0]
    d.resize((20, *row_shape))
    d.resize((7, *row_shape))
    d.reserve(100)
    assert d.capacity >= 100
    d.shrink_to_fit()
    assert_invariants(d)
    assert d.shape == (7, *row_shape)
    d.clear()
    assert len(d) == 0
    assert_invariants(d)


@pytest.mark.parametrize("factor", [1.01, 1.1, 1.5, 2.0, 4.0, 16.0])
def test_capacity_grows_by_the_factor(backend, factor):
    with cda.options(growth_factor=factor):
        d = cda.DynamicArray(dtype="u1")
        d.resize(100_000)  # times the factor less than a huge page
        d.shrink_to_fit()
        capacity = d.capacity
        d.append(1)
        page = cda._core._memory.statistics()["page_size"]
        if backend == "heap":  # where growth copies, room is ample
            factor = max(factor, 8.0)
        expected = max(int(capacity * factor), capacity + 1)
        assert expected <= d.capacity <= expected + page + capacity / 4096


@pytest.mark.parametrize("rows", [1, 1000, 100_000])
def test_reserve_bytes_bounds_growth_in_place(rows):
    cda._core._memory.trim()
    with cda.options(reserve_bytes=rows * 8):
        d = cda.DynamicArray(dtype="f8")
        assert d.max_size >= rows
        assert d.max_size <= rows + 2**21
        view = d[:]
        d.extend(np.arange(d.max_size + 1.0))
        assert np.array_equal(d, np.arange(len(d)))
        assert view.shape == (0,)
        assert_invariants(d)


def test_reserve_bytes_smaller_than_the_contents():
    with cda.options(reserve_bytes=1):
        d = cda.DynamicArray(np.arange(100_000))
        assert d.max_size >= 100_000
        d.append(1)
        assert_invariants(d)


def test_huge_pages_are_only_a_hint():
    for huge in (True, False):
        with cda.options(huge_pages=huge):
            d = cda.zeros(3_000_000)
            d[:] = 1
            d.extend(np.ones(3_000_000))
            assert d.sum() == 6_000_000


# The environment.


@pytest.mark.parametrize(
    "name, text, expected",
    [
        ("backend", "heap", "heap"),
        ("backend", "cpp", "cpp"),
        ("growth_factor", "1.5", 1.5),
        ("growth_factor", " 3 ", 3.0),
        ("reserve_bytes", "1048576", 1048576),
        ("reserve_bytes", "0", 0),
        ("huge_pages", "0", False),
        ("huge_pages", "True", True),
        ("huge_pages", "no", False),
    ],
)
def test_environment_variables(name, text, expected):
    printed = run_python(
        "import cppdynarray as cda; d = cda.DynamicArray([1]); d.extend(range(10**5)); "
        "print(cda.get_options())",
        environment={f"CPPDYNARRAY_{name.upper()}": text},
    )
    assert printed.strip() == repr(DEFAULTS | {name: expected})


def test_the_backend_of_the_environment_is_used():
    code = (
        "import cppdynarray as cda; print(cda._core._array.memory_of(cda.DynamicArray([1]))['on_heap'])"
    )
    assert run_python(code, environment={"CPPDYNARRAY_BACKEND": "heap"}) == "True\n"
    assert run_python(code) == "False\n"


@pytest.mark.parametrize(
    "name, text",
    [
        ("backend", "c++"),
        ("backend", ""),
        ("growth_factor", "x"),
        ("growth_factor", "1"),
        ("growth_factor", "nan"),
        ("growth_factor", ""),
        ("reserve_bytes", "-1"),
        ("reserve_bytes", "1e9"),
        ("reserve_bytes", "lots"),
        ("reserve_bytes", str(2**80)),
        ("huge_pages", "perhaps"),
        ("huge_pages", ""),
    ],
)
def test_invalid_environment_variables(name, text):
    variable = f"CPPDYNARRAY_{name.upper()}"
    process = run_process("import cppdynarray", environment={variable: text})
    assert process.returncode == 1
    last = process.stderr.strip().splitlines()[-1]
    assert last.startswith("ValueError: ")
    assert variable in last
    assert repr(text) in last
    assert "During handling" not in process.stderr


def test_a_context_is_the_first_to_change_an_option():
    """In a new process, where nothing has set the options of all."""
    printed = run_python("""
        import cppdynarray as cda
        with cda.options(reserve_bytes=1 << 16):
            print(cda.DynamicArray([1.0]).max_size <= 1 << 17)
        """)
    assert printed == "True\n"
