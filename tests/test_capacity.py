"""capacity, max_size, reserve, shrink_to_fit and clear: std::vector's words, counted in rows."""

import functools
import weakref

import numpy as np
import pytest

import cppdynarray as cda
from cppdynarray._core._array import memory_of
from cppdynarray.testing import assert_invariants
from helpers import Thing, address, assert_same, samples, small_array


@pytest.fixture
def cpp():
    with cda.options(backend="cpp"):
        yield


@pytest.mark.usefixtures("backend")
def test_reserve(dtype, row_shape, rng):
    content = samples(dtype, (3, *row_shape), rng)
    for rows in (0, 1, 10, 1000, 100_000):
        d = cda.DynamicArray(content)
        before = d.capacity
        assert d.reserve(rows) is None
        assert d.capacity >= max(rows, before)
        assert_same(d, content)
        assert_invariants(d)


@pytest.mark.usefixtures("backend")
def test_no_growth_within_capacity(dtype, row_shape, rng):
    content = samples(dtype, (3, *row_shape), rng)
    d = cda.DynamicArray(content)
    d.reserve(1000)
    capacity, before = d.capacity, address(d)
    for _ in range(199):
        d.extend(content)
        d.append(content[0])
        d.insert(1, content[1])
    assert (d.capacity, address(d)) == (capacity, before)


@pytest.mark.usefixtures("backend")
def test_reserve_never_shrinks(rng):
    d = cda.DynamicArray(rng.normal(size=100))
    d.reserve(50_000)
    capacity = d.capacity
    for rows in (0, 1, 100, 49_999):
        d.reserve(rows)
        assert d.capacity == capacity


@pytest.mark.usefixtures("cpp")
def test_reserve_past_max_size(dtype, rng):
    rows = samples(dtype, (5, 2), rng)
    d = small_array(rows)
    view = np.asarray(d)
    before = address(d)
    wanted = d.max_size + 1
    d.reserve(wanted)
    assert d.capacity >= wanted
    assert address(d) != before
    assert_same(d, rows)
    if not dtype.hasobject:  # of these see test_references.py
        assert_same(view, rows)
    assert_invariants(d)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("rows", [1, 100, 1_000_000])
def test_capacity_in_the_constructor(rows, rng):
    values = rng.normal(size=10)
    d = cda.DynamicArray(values, capacity=rows)
    assert d.capacity >= max(rows, 10)
    assert_same(d, values)
    assert_invariants(d)


@pytest.mark.usefixtures("cpp")
@pytest.mark.parametrize("gibibytes", [1, 20, 100])
@pytest.mark.parametrize("row_shape", [(), (3,)])
def test_reserve_in_the_constructor(row_shape, gibibytes, rng):
    content = rng.normal(size=(2, *row_shape))
    rows = (gibibytes << 30) // content[0].nbytes
    d = cda.DynamicArray(content, max_size=rows)
    assert d.max_size >= rows
    assert d.capacity < rows  # addresses, not memory
    before = address(d)
    d.resize((10_000, *row_shape))
    assert address(d) == before
    assert_same(d[:2], content)
    assert_invariants(d)


@pytest.mark.usefixtures("cpp")
def test_iterables_take_capacity_and_reserve_too():
    d = cda.DynamicArray(iter(range(5)), "i8", capacity=1000, max_size=1 << 32)
    assert d.tolist() == list(range(5))
    assert d.capacity >= 1000
    assert d.max_size >= 1 << 32


@pytest.mark.usefixtures("cpp")
@pytest.mark.parametrize("make", [
    lambda **asked: cda.DynamicArray([1.0], **asked),
    lambda **asked: cda.DynamicArray((1.0,), "f4", **asked),
    *(functools.partial(function, 1) for function in (cda.zeros, cda.empty, cda.ones)),
    functools.partial(cda.full, 1, 2.0),
])
def test_asking_for_little_gets_what_others_get(make):
    cda._core._memory.trim()
    usual = make().max_size
    for asked in ({"max_size": 1000}, {"capacity": 1000}, {"capacity": 1000, "max_size": 1}):
        d = make(**asked)
        assert d.max_size >= usual // 2  # each takes a share of what is left
        assert d.capacity >= asked.get("capacity", 1)
        view = d[:]
        d.extend(np.zeros(10_000))
        d[0] = 7.0
        assert view[0] == 7.0
        assert_invariants(d)


@pytest.mark.parametrize("name", ["zeros", "empty", "ones"])
def test_functions_take_capacity_and_max_size(name):
    make = getattr(cda, name)
    d = make((2, 3), "i4", capacity=1000, max_size=1 << 20)
    assert d.shape == (2, 3) and d.dtype == "i4"
    assert d.max_size >= 1 << 20 and d.capacity >= 1000
    assert_invariants(d)
    for wrong in ({"capacity": -1}, {"max_size": -1}):
        with pytest.raises(ValueError, match="can't be negative"):
            make(3, **wrong)
        with pytest.raises(ValueError, match="can't be negative"):
            cda.full(3, 1.0, **wrong)


@pytest.mark.usefixtures("cpp")
def test_plenty_by_default():
    d = cda.DynamicArray([1.0])
    assert d.max_size >= 1_000_000


@pytest.mark.usefixtures("cpp")
@pytest.mark.parametrize("reserve_bytes", [1 << 16, 1 << 20, 1 << 30])
def test_the_option_reserve_bytes(reserve_bytes):
    cda._core._memory.trim()
    with cda.options(reserve_bytes=reserve_bytes):
        d = cda.DynamicArray([1.0])
    assert reserve_bytes // 2 <= memory_of(d)["reserved_bytes"] <= reserve_bytes
    assert_invariants(d)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("factor", [1.25, 1.5, 3.0, 16.0])
def test_the_option_growth_factor(factor):
    with cda.options(growth_factor=factor):
        d = cda.DynamicArray(np.zeros(10_000))
    assert memory_of(d)["on_heap"] == (cda.get_options()["backend"] == "heap")
    if memory_of(d)["on_heap"]:  # where growth copies, there is room for eight times as much at least
        factor = max(factor, 8.0)
    for _ in range(3):
        d.resize(d.capacity)
        capacity = d.capacity
        d.append(1.0)
        memory = cda._core._memory.statistics()
        large = d.capacity * d.itemsize >= 2 * 2**20
        page = memory["huge_page_size"] if large and memory["huge_page_size"] else memory["page_size"]
        wanted = min(int(capacity * factor), d.max_size)  # the address space may be nearly used up
        # Factors are kept to 1/4096.
        assert wanted <= d.capacity <= wanted + page // d.itemsize + capacity // 4096


@pytest.mark.parametrize("backend_name", ["cpp", "heap"])
def test_an_array_keeps_the_backend_it_was_made_with(backend_name):
    with cda.options(backend=backend_name):
        d = cda.DynamicArray([1.0])
    other = {"cpp": "heap", "heap": "cpp"}[backend_name]
    with cda.options(backend=other):
        d.extend(np.zeros(100_000))
    assert memory_of(d)["on_heap"] == (backend_name == "heap")


@pytest.mark.usefixtures("backend")
def test_shrink_to_fit(dtype, row_shape, rng):
    rows = samples(dtype, (3, *row_shape), rng)
    d = cda.DynamicArray(rows)
    d.reserve(10_000)
    d.resize((5000, *row_shape))
    d.resize((3, *row_shape))
    before = address(d)
    assert d.shrink_to_fit() is None
    assert address(d) == before
    assert_same(d, rows)
    if d.nbytes:
        assert d.capacity == 3
    assert_invariants(d)
    d.extend(rows)
    d.append(rows[0])
    assert_same(d, rows[[0, 1, 2, 0, 1, 2, 0]])
    assert_invariants(d)


@pytest.mark.usefixtures("cpp")
@pytest.mark.parametrize("length", [10, 1000, 100_000, 1_000_000])
def test_views_survive_shrink_to_fit(length, rng):
    """Removed rows stay readable and writable; they read as zeros, or as what they were."""
    values = rng.normal(size=length)
    d = cda.DynamicArray(values)
    view = d[:]
    memory = memoryview(d)
    d.resize(5)
    d.shrink_to_fit()
    assert_same(view[:5], values[:5])
    assert all((view[5:] == 0) | (view[5:] == values[5:]))
    view[:] = 3.0
    assert memory[length - 1] == 3.0
    d.shrink_to_fit()
    assert_same(d, np.full(5, 3.0))
    assert len(view.tolist()) == length
    d.resize(length)
    assert_same(d, np.append(np.full(5, 3.0), np.zeros(length - 5)))
    assert_invariants(d)


@pytest.mark.usefixtures("cpp")
def test_shrink_to_fit_gives_memory_back():
    def resident():
        with open("/proc/self/statm") as numbers:
            return int(numbers.read().split()[1]) * cda._core._memory.statistics()["page_size"]

    d = cda.DynamicArray([1.0])
    before = resident()
    d.resize(10_000_000)
    d[:] = 1.0
    full = resident()
    d.resize(1)
    d.shrink_to_fit()
    assert full - before > 60_000_000
    assert full - resident() > 60_000_000


@pytest.mark.usefixtures("backend")
def test_clear(dtype, row_shape, rng):
    rows = samples(dtype, (6, *row_shape), rng)
    d = cda.DynamicArray(rows)
    capacity, before = d.capacity, address(d)
    assert d.clear() is None
    assert_same(d, rows[:0])
    assert (d.capacity, address(d)) == (capacity, before)
    assert_invariants(d)
    d.clear()
    d.extend(rows)
    assert_same(d, rows)
    assert_invariants(d)


def test_old_memory_goes_with_the_last_that_looks_at_it(rng):
    values = rng.normal(size=10)
    d = small_array(values)
    view = d[:]
    d.resize(d.max_size + 1)
    assert memory_of(d)["retired_blocks"] == 1
    gone = weakref.ref(d)
    del d
    assert gone() is view.base  # a view keeps the whole array
    assert_same(view, values)
    del view
    assert gone() is None


def test_many_moves(rng):
    thing = Thing()
    d = small_array([thing], object)
    moves = 0
    with cda.options(reserve_bytes=1 << 16):
        while moves < 3:
            before = address(d)
            d.extend(d)
            moves += address(d) != before
    assert memory_of(d)["retired_blocks"] == moves
    assert all(element is thing for element in d)
    assert_invariants(d)


def test_without_a_block():
    view = np.zeros((4, 2)).view(cda.DynamicArray)
    assert (view.capacity, view.max_size) == (4, 4)
    view.shrink_to_fit()
    assert_invariants(view)


@pytest.mark.parametrize("name", ["capacity", "max_size"])
def test_cannot_be_set(name):
    d = cda.DynamicArray([1.0])
    with pytest.raises(AttributeError):
        setattr(d, name, 5)
