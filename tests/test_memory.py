"""Memory: how much is taken, that it is given back, and what happens when there is none.

Resident memory is measured in processes of their own. Bounds leave room for the interpreter's own
allocations (a few hundred kB); nothing here looks at time.
"""

import gc
import sys
import sysconfig
import tracemalloc
import weakref

import numpy as np
import pytest

import cppdynarray as cda
from cppdynarray._core._array import memory_of
from cppdynarray.testing import assert_invariants
from helpers import Thing, address
from subprocesses import linux_only, measure, run_process, run_python

MB = 10**6
NOISE = 3 * MB  # what the interpreter, the heap and huge pages may add in one measurement


def test_handler_name():
    name = np._core.multiarray.get_handler_name
    assert name(cda.zeros(3)) == "cppdynarray"
    assert name(cda.DynamicArray([1]).copy()) == "cppdynarray"
    assert name(np.zeros(3)) == "default_allocator"
    assert name(cda.zeros(3) + 1) == "default_allocator"
    assert name() == "default_allocator"
    with cda.options(backend="heap"):
        assert name(cda.zeros(3)) == "cppdynarray"


def test_arrays_own_their_data(dtype, row_shape):
    d = cda.zeros((3, *row_shape), dtype)
    assert d.flags.owndata
    assert d.base is None
    assert d[:].base is d


# sys.getsizeof.


def test_getsizeof_counts_what_was_written():
    cda._core._memory.trim()  # a block used before was written by its former array
    empty = sys.getsizeof(cda.DynamicArray())
    assert sys.getsizeof(np.zeros(0)) <= empty < sys.getsizeof(np.zeros(0)) + 1000
    d = cda.zeros(100_000)
    assert 800_000 <= sys.getsizeof(d) < 802_000
    d.extend(np.ones(100_000))
    assert 1_600_000 <= sys.getsizeof(d) < 1_602_000
    d.resize(10)
    d.shrink_to_fit()
    assert sys.getsizeof(d) >= 80


def test_getsizeof_does_not_count_what_a_former_array_gave_back():
    cda._core._memory.trim()
    d = cda.full(1_000_000, 1.0)
    d.resize(10)
    d.shrink_to_fit()
    del d
    assert sys.getsizeof(cda.DynamicArray()) < MB


def test_few_objects_do_not_clear_much_memory():
    # In a process of its own, where no other arrays have so much memory lent that this block isn't.
    run_python("""
        import cppdynarray as cda
        numbers = cda.full(1_000_000, 1.0)
        del numbers
        objects, others = cda.DynamicArray(dtype=object), cda.DynamicArray()
        assert objects.capacity < others.capacity
    """)


def test_getsizeof_does_not_count_untouched_capacity():
    d = cda.DynamicArray(capacity=10**8)
    assert sys.getsizeof(d) < 2 * MB


def test_getsizeof_of_views_and_retired_memory():
    d = cda.zeros(100_000)
    assert sys.getsizeof(d[:]) < 1000
    assert sys.getsizeof(d.view(cda.DynamicArray)) < 1000
    with cda.options(backend="heap"):
        e = cda.zeros(100_000)
        e.extend(np.zeros(200_000))
        assert sys.getsizeof(e) >= 2_400_000
        assert_invariants(e)


# tracemalloc.


@pytest.fixture
def traced():
    """Bytes that tracemalloc knows of in NumPy's domain."""
    gc.collect()
    cda._core._memory.trim()
    tracemalloc.start()
    domain = tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)

    def total():
        return sum(
            trace.size for trace in tracemalloc.take_snapshot().filter_traces([domain]).traces
        )

    yield total
    tracemalloc.stop()


def test_tracemalloc_hears_of_creation_growth_and_freeing(traced, backend):
    assert traced() == 0
    d = cda.zeros(100_000)
    assert d.nbytes <= traced() <= d.capacity * 8
    d.extend(np.zeros(1_000_000))
    assert traced() >= 8_800_000
    d.reserve(2_000_000)
    assert traced() >= 16_000_000
    if backend == "cpp":
        assert traced() == d.capacity * 8
    del d
    assert traced() == 0


def test_tracemalloc_hears_of_shrinking(traced):
    d = cda.zeros(1_000_000)
    d.resize(10)
    d.shrink_to_fit()
    assert traced() <= 100_000
    d.append(1)
    assert traced() <= d.capacity * 8 + 1000
    d.clear()
    del d
    assert traced() == 0


def test_tracemalloc_knows_where(traced):
    kept = cda.zeros(100_000)
    domain = tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)
    (statistic,) = tracemalloc.take_snapshot().filter_traces([domain]).statistics("filename")
    assert (
        statistic.traceback[0].filename == __file__
        or "cppdynarray" in statistic.traceback[0].filename
    )
    assert statistic.count == 1
    del kept


def test_tracemalloc_hears_of_temporary_arrays(traced):
    d = cda.DynamicArray()
    before = traced()
    for n in range(100):
        d.extend(iter(range(n)))
        d.extend([1, 2, 3])
        d.insert(0, n)
        d.pop(3)
    assert before <= traced() <= d.capacity * 8 + 1000
    d.extend(np.zeros(100_000))
    assert traced() == d.capacity * 8
    del d
    assert traced() == 0


def test_a_list_is_written_to_where_it_belongs(traced):
    values = [1.0] * 1_000_000
    d = cda.DynamicArray()
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    d.extend(values)
    assert d.nbytes <= tracemalloc.get_traced_memory()[1] - before < 1.5 * d.nbytes


def test_tracemalloc_started_late():
    d = cda.zeros(100_000)
    tracemalloc.start()
    try:
        d.extend(np.zeros(100_000))
        e = d.copy()
        del d, e
    finally:
        tracemalloc.stop()
    cda.zeros(10).append(1)


# How much memory growing takes.

GROW = {
    "extend by blocks": "block = np.ones(1000)\nwhile len(d) < n: d.extend(block)",
    "extend by large blocks": "block = np.ones(1_000_000)\nwhile len(d) < n: d.extend(block)",
    "resize and write": "for k in range(100_000, n + 1, 100_000):\n    d.resize(k); "
    "d[-100_000:] = 1",
    "reserve": "d.reserve(n)\nfor k in range(200): d.extend(block)",
    "append": "for k in range(n // 20): d.append(1.0)\nblock = np.ones(1000)\nwhile len(d) < n: "
    "d.extend(block)",
}


@linux_only
@pytest.mark.parametrize("how", GROW.values(), ids=GROW)
@pytest.mark.parametrize("huge_pages", [True, False])
def test_peak_memory_while_growing_is_the_payload(how, huge_pages):
    payload = 160 * MB
    (used,) = measure(f"""
import cppdynarray as cda
cda.set_options(huge_pages={huge_pages})
n = {payload // 8}
block = np.ones(100_000)
warm = cda.zeros(10); warm.append(1); del warm
start = resident()
d = cda.DynamicArray()
{how}
assert len(d) >= n and d[-1] == 1
print(peak() - start)
""")
    block = 8 * MB if "1_000_000" in how else MB
    assert payload <= used + NOISE
    assert used <= 1.02 * payload + block + NOISE


@linux_only
def test_rows_grow_without_overhead_too():
    payload = 80 * MB
    (used,) = measure(f"""
import cppdynarray as cda
d = cda.zeros((0, 100), "f4")
rows = np.ones((250, 100), "f4")
d.extend(rows); d.clear()
start = resident()
while d.nbytes < {payload}: d.extend(rows)
print(peak() - start)
""")
    assert used <= 1.02 * payload + NOISE


@linux_only
def test_resized_zeros_take_no_memory_until_touched():
    created, resized, read, written = measure("""
import cppdynarray as cda
d = cda.zeros(10); d.resize(100)
start = resident()
e = cda.zeros(10**8)
print(resident() - start)
d.resize(10**9)
print(resident() - start)
d[10**8], d[-1], d[:1000].sum()
print(resident() - start)
d[5 * 10**8 : 5 * 10**8 + 10**6] = 1
print(resident() - start)
""")
    assert created < NOISE
    assert resized < NOISE
    assert read < 3 * 2**21 + NOISE  # a huge page each at most
    assert 8 * MB <= written < 8 * MB + 5 * 2**21 + NOISE


@linux_only
def test_reserved_capacity_takes_no_memory():
    (used,) = measure("""
import cppdynarray as cda
cda.DynamicArray([1.0])
start = resident()
d = cda.DynamicArray([1.0], capacity=10**9)
e = [cda.DynamicArray([1.0], max_size=10**6) for k in range(100)]
d.reserve(15 * 10**8)
print(resident() - start)
""")
    assert used < 100 * 2 * 4096 + NOISE


@linux_only
def test_shrink_to_fit_gives_memory_back():
    full, shrunk, again = measure("""
import cppdynarray as cda
start = resident()
d = cda.zeros(10**7); d[:] = 1
view, last = d[:], d[-1:]
print(resident() - start)
d.resize(1000)
d.shrink_to_fit()
print(resident() - start)
assert view[:1000].sum() == 1000
assert view[1000] == 0 and last[0] == 0 and view[5 * 10**6] == 0
last[0] = 7                                   # written behind the array's back
d.resize(10**7)
assert not d[1000:].any() and len(view) == 10**7
d[1000:] = 2
assert view[-1] == 2 and last[0] == 2
print(resident() - start)
""")
    assert full >= 80 * MB
    assert shrunk < NOISE + 2**21
    assert again <= 81 * MB + NOISE


@linux_only
def test_clear_and_shrink_to_fit_of_objects():
    assert (
        run_python("""
        import cppdynarray as cda, sys
        thing = object()
        d = cda.full(100_000, thing, object)
        before = sys.getrefcount(thing)
        view = d[:]
        d.resize(10); d.shrink_to_fit()
        print(before - sys.getrefcount(thing), view[50_000])
        """)
        == "99990 None\n"
    )


@linux_only
def test_memory_is_given_back_when_arrays_die():
    before, alive, dead = measure("""
import cppdynarray as cda
cda.zeros(3)
print(resident())
arrays = [cda.full(200_000, 1.0) for k in range(50)]
print(resident())
del arrays
print(resident())
""")
    assert alive - before >= 80 * MB
    assert dead - before < 34 * MB + NOISE  # the pool of released blocks keeps up to 32 MiB


@linux_only
def test_one_hundred_thousand_small_arrays():
    used, mappings = measure("""
import cppdynarray as cda
cda.zeros(3)
start = resident()
arrays = [cda.DynamicArray([float(k)]) for k in range(100_000)]
views = [d[:] for d in arrays[::100]]
for k in range(0, 100_000, 100):
    arrays[k].extend(np.full(300, float(k)))
for k in range(0, 100_000, 5000):
    arrays[k].extend(np.full(100_000, float(k)))
for k, d in enumerate(arrays):
    assert d[0] == k and d[-1] == k
    assert len(d) == 1 + (k % 100 == 0) * 300 + (k % 5000 == 0) * 100_000
# The promise holds for every one: views are live.
assert min(d.max_size for d in arrays) > 8_000_000
for view, d in zip(views, arrays[::100]):
    d[0] = -1.0
    assert view[0] == -1.0
print(resident() - start)
with open("/proc/self/maps") as file: print(sum(1 for line in file))
late = cda.DynamicArray([1.0]); late.extend(np.ones(10**6)); assert late.sum() == 10**6 + 1
del arrays
gc.collect()
fresh = cda.DynamicArray([1.0])
fresh.extend(np.ones(10**6))
""")
    # A page at least for each with addresses of its own, and page tables: below 10 kB each.
    assert used < 100_000 * 10_000 + 20 * 800_000 + 1000 * 2400 + NOISE
    assert mappings < 1000


@linux_only
def test_one_hundred_thousand_small_arrays_on_the_heap():
    (used,) = measure("""
import cppdynarray as cda
cda.set_options(backend="heap")
start = resident()
arrays = [cda.DynamicArray([float(k)]) for k in range(100_000)]
for d in arrays: d.append(1.0)
assert all(d[-1] == 1 for d in arrays)
print(resident() - start)
""")
    assert used < 100_000 * 1500


# Little address space, little memory.

LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (3_000_000 * 1024, 3_000_000 * 1024))
import numpy as np
import cppdynarray as cda
from cppdynarray.testing import assert_invariants
"""


@linux_only
def test_under_a_limit_arrays_are_made_and_grow_in_place():
    assert (
        run_python(
            LIMITED
            + """
arrays = [cda.DynamicArray([float(k)]) for k in range(1000)]
view = arrays[0][:]
for k, d in enumerate(arrays):
    d.extend(np.full(1000, float(k)))
    assert_invariants(d)
arrays[0][0] = 77
print(view[0], all(d[-1] == k for k, d in enumerate(arrays)), arrays[0].max_size > 10_000)
"""
        )
        == "77.0 True True\n"
    )


@linux_only
def test_under_a_limit_growth_past_the_reservation_moves_and_old_views_keep_the_data():
    assert (
        run_python(
            LIMITED
            + """
d = cda.DynamicArray(np.arange(1000.0))
most, views = d.max_size, [d[:]]
block = np.ones(1_000_000)
moved = 0
while len(d) < 100_000_000:
    before = d.__array_interface__["data"][0]
    d.extend(block)
    if d.__array_interface__["data"][0] != before:
        moved += 1
        views.append(d[:1000])
assert_invariants(d)
expected = np.arange(1000.0)
print(most < 100_000_000, moved >= 1, all((v == expected).all() for v in views))
print((d[:1000] == expected).all(), d[1000:].sum() == len(d) - 1000)
del d
print(all((v == expected).all() for v in views))
"""
        )
        == "True True True\nTrue True\nTrue\n"
    )


@linux_only
@pytest.mark.parametrize("dtype", ["f8", "O", "T"])
@pytest.mark.parametrize(
    "grow",
    [
        "d.extend(block)",
        "d.resize(len(d) + 2_000_000)",
        "d.reserve(len(d) + 2_000_000); d.extend(block)",
    ],
    ids=["extend", "resize", "reserve"],
)
def test_under_a_limit_the_end_of_memory_leaves_the_array_usable(dtype, grow):
    # Python without a GIL takes a gigabyte of addresses for itself.
    little = "2_300_000" if sysconfig.get_config_var("Py_GIL_DISABLED") else "1_200_000"
    limited = LIMITED if dtype == "f8" else LIMITED.replace("3_000_000", little)
    assert (
        run_python(
            limited
            + f"""
dtype = np.dtypes.StringDType() if "{dtype}" == "T" else "{dtype}"
block = np.ones(2_000_000, dtype)
d = cda.DynamicArray(dtype=dtype)
d.append(block[0])
failed = False
for k in range(1000):
    before = len(d), d.capacity, d.__array_interface__["data"][0]
    try:
        {grow}
    except MemoryError as error:
        failed = str(error)
        break
del block
address = d.__array_interface__["data"][0]
print(bool(failed), len(d) == before[0], address == before[2] or "reserve" in '''{grow}''')
assert_invariants(d[:1000].view(cda.DynamicArray))
assert d[0] == 1 or d[0] == "1" or d[0] == "1.0", d[0]
d[-1] = d[0]
d.pop()
d.append(d[0])
d.resize(10)
d.shrink_to_fit()
d.append(d[0])
print(len(d), len(d.copy()))
""",
            timeout=600,
        )
        == "True True True\n11 11\n"
    )


@linux_only
def test_under_a_limit_creation_fails_cleanly():
    assert (
        run_python(
            LIMITED
            + """
for make in (
    lambda: cda.zeros(10**9),
    lambda: cda.DynamicArray([1.0], capacity=10**9),
    lambda: cda.DynamicArray([1.0], max_size=10**9),
    lambda: cda.full((10**5, 10**4), 1.0),
):
    try:
        make()
    except MemoryError:
        print("MemoryError")
kept = []
try:
    while True:
        kept.append(cda.full(1_000_000, 1.0))
except MemoryError:
    print(len(kept) > 100, all(d[-1] == 1 for d in kept))
del kept
print(cda.full(10_000_000, 1.0).sum())
"""
        )
        == "MemoryError\n" * 4 + "True True\n10000000.0\n"
    )


@linux_only
def test_a_limit_set_later_is_noticed():
    assert (
        run_python("""
        import resource, numpy as np, cppdynarray as cda
        early = cda.DynamicArray([1.0])
        with open("/proc/self/statm") as file: pages = int(file.read().split()[0])
        limit = pages * resource.getpagesize() + 10**9
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        arrays = [cda.DynamicArray([float(k)]) for k in range(1000)]
        for d in arrays: d.extend(np.ones(100))
        early.extend(np.ones(1_000_000))
        print(early.sum(), all(len(d) == 101 for d in arrays))
        """)
        == "1000001.0 True\n"
    )


@linux_only
def test_locked_memory():
    """mlockall makes the system take memory for whatever is mapped and accessible."""
    process = run_process("""
        import ctypes, resource, numpy as np
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mlockall(3) != 0: raise SystemExit(77)
        def resident():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * resource.getpagesize()
        import cppdynarray as cda
        before = resident()
        arrays = [cda.DynamicArray([1.0]) for k in range(20)]
        d = arrays[0]
        for k in range(100): d.extend(np.ones(1000))
        d.resize(10); d.shrink_to_fit(); d.extend(np.ones(10))
        print(d.sum(), resident() - before < 10**9)
        """)
    if (
        process.returncode == 77
        or "MemoryError" in process.stderr
        or "Cannot allocate" in process.stderr
    ):
        pytest.skip("this process may not lock its memory")
    assert process.stdout == "20.0 True\n", process.stderr


# Cycles of making, growing and freeing.


@linux_only
@pytest.mark.parametrize(
    "body",
    [
        "cda.DynamicArray([1.0])",
        "cda.zeros(100)",
        "cda.zeros((10, 3), object)",
        "d = cda.DynamicArray(); d.append(1.0)",
        "cda.DynamicArray(['a' * 50], np.dtypes.StringDType())",
        "d = cda.arange(3); v = d[:]; d.append(1); m = memoryview(d)",
        "cda.arange(3).copy()",
    ],
)
@pytest.mark.parametrize("backend", ["cpp", "heap"])
def test_making_and_freeing_leaves_nothing_behind(body, backend):
    (grown,) = measure(f"""
import cppdynarray as cda
cda.set_options(backend="{backend}")
def run(times):
    for k in range(times):
        {body}
run(2000)
gc.collect()
start = resident()
run({200_000 if "DynamicArray([1.0])" in body else 30_000})
gc.collect()
print(resident() - start)
""")
    assert grown < MB


@linux_only
def test_growing_shrinking_and_freeing_leaves_nothing_behind():
    warm, after, most = measure("""
import cppdynarray as cda
def run(times, full=False):
    for k in range(times):
        d = cda.DynamicArray([1.0])
        view = d[:]
        d.resize(12_500_000)                  # 100 MB
        if full: d[:] = k
        d[:: 500_000] = k                     # some pages
        d.resize(1000)
        if k % 2: d.shrink_to_fit()
        d.resize(12_500_000)
        assert d[-1] == 0 and view[0] == k
        d[-1] = 1
run(5, full=True)
gc.collect()
print(resident())
run(1000)
run(5, full=True)
gc.collect()
print(resident())
print(peak())
""")
    assert after - warm < MB
    assert most - warm < 101 * MB + 30 * 2**21


@linux_only
def test_growing_past_the_reservation_again_and_again():
    warm, after = measure("""
import cppdynarray as cda
def run(times):
    for k in range(times):
        cda._core._memory.trim()
        cda.set_options(reserve_bytes=4096)
        d = cda.DynamicArray([1.0])
        views = []
        for n in range(12):
            views.append(d[:])
            d.extend(d)
            d.extend(np.zeros(d.max_size - len(d) + 1)) if d.max_size < 2_000_000 else None
        assert all(v[0] == 1 for v in views)
run(20)
gc.collect()
print(resident())
run(100)
gc.collect()
print(resident())
""")
    assert after - warm < 2 * MB


@linux_only
def test_failures_leave_nothing_behind():
    warm, after = measure("""
import cppdynarray as cda
d = cda.DynamicArray(np.arange(10.0))
e = cda.DynamicArray(["x" * 100], object)
def raising():
    yield from range(100)
    raise KeyError
def attempt(call):
    try: call()
    except (ValueError, TypeError, KeyError, MemoryError, IndexError): pass
    else: raise AssertionError
def run(times):
    for k in range(times):
        attempt(lambda: d.extend(raising()))
        attempt(lambda: e.extend(raising()))
        attempt(lambda: d.append("x"))
        attempt(lambda: d.extend([1.0, "x"]))
        attempt(lambda: d.reserve(2**58))
        attempt(lambda: d.resize(2**58))
        attempt(lambda: cda.zeros(2**58))
        attempt(lambda: cda.DynamicArray([1.0], max_size=2**58))
        attempt(lambda: cda.DynamicArray(5))
        attempt(lambda: d[99])
        attempt(lambda: d + np.zeros(3))
        attempt(lambda: np.concatenate([d, None]))
        attempt(lambda: d.pop(99))
run(500)
gc.collect()
print(resident())
run(5000)
gc.collect()
print(resident())
""")
    assert after - warm < MB


# Long runs with a view taken at length 1.


def test_a_view_taken_at_length_one_follows_for_ever():
    d = cda.DynamicArray([0.0], "f8")
    first, pointer = d[:], address(d)
    if d.max_size < 10**7 + 10**5 + 1:
        pytest.skip("there are not enough addresses")
    block = np.arange(100_000.0)
    for k in range(100):
        d.extend(block)
        d[0] = k
        assert first[0] == k
    for k in range(100_000):
        d.append(k)
    assert address(d) == pointer
    first[0] = -5
    assert d[0] == -5
    assert len(d) == 10**7 + 10**5 + 1
    assert np.array_equal(d[1:100_001], block)
    assert np.array_equal(d[-100_000:], block)
    assert_invariants(d)


@pytest.mark.slow
def test_two_hundred_million_elements_in_place():
    d = cda.DynamicArray([0.0], "f8")
    first, pointer = d[:], address(d)
    if d.max_size < 2 * 10**8 + 1:
        pytest.skip("there are not enough addresses")
    block = np.arange(1_000_000.0)
    for _ in range(150):
        d.extend(block)
    for k in range(50_000_000):
        d.append(k)
    first[0] = -5
    assert d[0] == -5
    assert address(d) == pointer
    assert len(d) == 2 * 10**8 + 1
    assert d[-1] == 49_999_999
    assert d[150_000_000] == 999_999


@pytest.mark.slow
@linux_only
def test_peak_memory_while_growing_to_four_gigabytes():
    payload = 4 * 10**9
    with open("/proc/meminfo") as file:
        free = next(int(line.split()[1]) * 1024 for line in file if line.startswith("MemAvailable"))
    if free < 1.5 * payload:
        pytest.skip("there is not enough memory")
    (used,) = measure(f"""
import cppdynarray as cda
block = np.ones(100_000)
start = resident()
d = cda.DynamicArray()
while d.nbytes < {payload}: d.extend(block)
print(peak() - start)
""")
    assert used <= 1.02 * payload


# Processes.


@linux_only
def test_fork_while_growing():
    assert (
        run_python("""
        import os, warnings, numpy as np, cppdynarray as cda
        warnings.simplefilter("ignore", DeprecationWarning)
        d = cda.DynamicArray(np.arange(1000.0))
        objects = cda.DynamicArray([object(), "x"], object)
        view = d[:]
        d.extend(np.ones(100_000))
        child = os.fork()
        if child == 0:
            status = 1
            try:
                d.extend(np.full(1_000_000, 2.0))
                d[0] = -1
                objects.extend([1, 2, 3]); objects.clear()
                e = [cda.DynamicArray([float(k)]) for k in range(1000)]
                ok = view[0] == -1 and d[-1] == 2 and len(d) == 1_101_000 and e[-1][0] == 999
                del d, e
                status = 0 if ok and view[1] == 1 else 2
            finally:
                os._exit(status)
        for k in range(1000):
            d.append(3.0)
        _, status = os.waitpid(child, 0)
        d.extend(np.full(1_000_000, 4.0))
        print(os.waitstatus_to_exitcode(status), view[0], d[0], len(d), d[-1], len(objects))
        """)
        == "0 0.0 0.0 1102000 4.0 2\n"
    )


@linux_only
def test_fork_while_another_thread_grows_arrays():
    assert (
        run_python("""
        import os, threading, warnings, numpy as np, cppdynarray as cda
        warnings.simplefilter("ignore", DeprecationWarning)
        stop = threading.Event()
        def work():
            while not stop.is_set():
                d = cda.DynamicArray([1.0])
                d.extend(np.ones(10_000))
        threads = [threading.Thread(target=work) for k in range(3)]
        for t in threads: t.start()
        codes = []
        for k in range(30):
            child = os.fork()
            if child == 0:
                arrays = [cda.DynamicArray([1.0]) for k in range(100)]
                for d in arrays: d.extend(np.ones(1000))
                os._exit(0 if all(d.sum() == 1001 for d in arrays) else 1)
            codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        stop.set()
        for t in threads: t.join()
        print(set(codes))
        """)
        == "{0}\n"
    )


def test_multiprocessing_gets_a_copy():
    code = """
        import multiprocessing, cppdynarray as cda
        def work(d):
            d.append(5.0)
            return d, type(d).__name__
        if __name__ == "__main__":
            context = multiprocessing.get_context("fork")
            d = cda.DynamicArray([1.0])
            with context.Pool(1) as pool:
                e, name = pool.apply(work, (d,))
            print(name, e.tolist(), d.tolist())
        """
    if not sys.platform.startswith("linux"):
        pytest.skip("it forks")
    assert (
        run_python(
            code.replace(
                "import multi", "import warnings; warnings.simplefilter('ignore'); import multi"
            )
        )
        == "DynamicArray [1.0, 5.0] [1.0]\n"
    )


AT_EXIT = {
    "global": "d = cda.DynamicArray([1.0]); d.extend(range(10**5))",
    "objects": "class C:\n    def __del__(self): d.append(None) if d is not None else None\nd = "
    "cda.DynamicArray([C(), C()], object)",
    "cycle": "d = cda.DynamicArray([None], object); d[0] = d",
    "in a module": "import sys; sys.kept = cda.DynamicArray([[1, 2]]); sys.view = sys.kept[:]; "
    "sys.m = memoryview(sys.kept)",
    "atexit": "import atexit; d = cda.arange(3); "
    "atexit.register(lambda: (d.append(1), print(d.tolist())))",
    "thread local": "import threading; local = threading.local(); local.d = cda.arange(3)",
    "iterator": "i = iter(cda.arange(3)); next(i); f = cda.arange(3).flat",
    "retired": "cda.set_options(backend='heap'); d = cda.arange(3); v = d[:]; "
    "d.extend(range(10**5))",
    "default argument": "def f(d=cda.arange(3)): return d",
    "class attribute": "class C: d = cda.zeros(3)\nsys = __import__('sys'); sys.C = C",
    "strings": "d = cda.DynamicArray(['a' * 100] * 10, np.dtypes.StringDType())",
    "exit with an exception": "d = cda.arange(3); v = d[:]; raise SystemExit(0)",
}


@pytest.mark.parametrize("code", AT_EXIT.values(), ids=AT_EXIT)
def test_arrays_alive_at_exit(code):
    process = run_process(f"import numpy as np\nimport cppdynarray as cda\n{code}")
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    assert process.stdout == ("[0, 1, 2, 1]\n" if "atexit" in code else "")


# Garbage collection.


def test_cycles_through_arrays_and_what_holds_them():
    """An ndarray's elements are not seen by the collector; its attributes are."""

    class Named(cda.DynamicArray):
        pass

    d = Named([1.0, 2.0])
    d.itself = d
    watch = weakref.ref(d)
    del d
    gc.collect()
    plain_subclass = type("Plain", (np.ndarray,), {})
    e = np.zeros(2).view(plain_subclass)
    e.itself = e
    expected = weakref.ref(e)
    del e
    gc.collect()
    assert (watch() is None) == (expected() is None)


def test_views_and_exports_are_not_cycles():
    d = cda.DynamicArray([1.0, 2.0])
    watch = weakref.ref(d)
    kept = [d[:], memoryview(d), d.T, np.from_dlpack(d), iter(d), d.flat]
    del d
    assert watch() is not None
    del kept
    assert watch() is None


def test_collections_during_growth_of_objects():
    d = cda.DynamicArray(dtype=object)
    thresholds = gc.get_threshold()
    gc.set_threshold(1)
    try:
        for k in range(2000):
            thing = Thing(k)
            thing.cycle = [thing, d]
            d.append(thing)
            if k % 7 == 0:
                d.pop(0)
            if k % 100 == 0:
                d.extend([Thing("a"), [d]])
                d.insert(0, {"d": d})
                d.resize(len(d) + 3)
    finally:
        gc.set_threshold(*thresholds)
    assert_invariants(d)
    d.clear()
    gc.collect()


def test_weak_references():
    d = cda.DynamicArray([1.0])
    found = []
    watch = weakref.ref(d, found.append)
    assert watch() is d
    d.extend(np.zeros(100_000))
    assert watch() is d
    del d
    assert watch() is None
    assert found == [watch]


def test_statistics_return_to_where_they_were():
    gc.collect()
    cda._core._memory.trim()
    before = cda._core._memory.statistics()
    arrays = [cda.zeros(10) for _ in range(100)]
    assert cda._core._memory.statistics()["mapped_blocks"] == before["mapped_blocks"] + 100
    assert memory_of(arrays[0])["reserved_bytes"] > 0
    del arrays
    cda._core._memory.trim()
    assert cda._core._memory.statistics() == before
