"""Options: where memory comes from and how it grows."""

import contextlib
import threading

import numpy as np
import pytest

import cppdynarray as cda
from cppdynarray.testing import assert_invariants
from helpers import address, samples
from subprocesses import run_process, run_python

DEFAULTS = {"backend": "cpp", "growth_factor": 2.0, "reserve_bytes": 0, "huge_pages": True}
# fmt: off
VALID = [("backend", "numpy", "numpy"), ("backend", "cpp", "cpp"), ("growth_factor", 1.25, 1.25),
    ("growth_factor", 16, 16.0), ("growth_factor", np.float64(3), 3.0),
    ("growth_factor", "1.5", 1.5), ("reserve_bytes", 2**20, 2**20),
    ("reserve_bytes", np.int64(4096), 4096),
         ("reserve_bytes", 1, 1), ("reserve_bytes", 0, 0), ("huge_pages", False, False),
         ("huge_pages", True, True), ("huge_pages", 0, False), ("huge_pages", "off", False),
         ("huge_pages", "YES", True)]
INVALID = [("backend", "c++"), ("backend", "CPP"), ("backend", None), ("backend", 1),
    ("backend", ["cpp"]), ("growth_factor", 1.0), ("growth_factor", 0), ("growth_factor", -2.0),
    ("growth_factor", 16.1), ("growth_factor", float("nan")), ("growth_factor", float("inf")),
           ("growth_factor", "x"), ("growth_factor", None), ("growth_factor", [2]),
           ("reserve_bytes", -1), ("reserve_bytes", 2**62), ("reserve_bytes", 2**70),
           ("reserve_bytes", "x"), ("reserve_bytes", None), ("reserve_bytes", 1.5),
           ("reserve_bytes", float("nan")), ("huge_pages", "maybe"), ("huge_pages", None),
           ("unknown", 1), ("Backend", "cpp")]
# fmt: on


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
        cda.set_options("numpy")


def test_the_dict_of_options_is_a_copy():
    found = cda.get_options()
    found["backend"] = "numpy"
    assert cda.get_options()["backend"] != "numpy" or DEFAULTS["backend"] == "numpy"
    assert cda.get_options() is not cda.get_options()


def test_options_nest():
    outer = cda.get_options()
    with cda.options(growth_factor=3.0):
        with cda.options(backend="numpy"):
            assert cda.get_options() == outer | {"growth_factor": 3.0, "backend": "numpy"}
            with cda.options(growth_factor=1.5, backend="cpp"):
                assert cda.get_options() == outer | {"growth_factor": 1.5}
            assert cda.get_options() == outer | {"growth_factor": 3.0, "backend": "numpy"}
        assert cda.get_options() == outer | {"growth_factor": 3.0}
    assert cda.get_options() == outer


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt, GeneratorExit, SystemExit])
def test_options_are_put_back_after_an_exception(error):
    before = cda.get_options()
    with contextlib.suppress(error), cda.options(backend="numpy", growth_factor=4):
        raise error
    assert cda.get_options() == before


def test_options_without_changes():
    with cda.options():
        assert cda.DynamicArray([1]).tolist() == [1]


def test_options_as_a_decorator():
    @cda.options(backend="numpy")
    def make():
        return cda.get_options()["backend"]

    assert make() == "numpy"
    assert make() == "numpy"
    assert cda.get_options()["backend"] == "cpp"


def test_options_hold_for_all_threads():
    found = []
    with cda.options(growth_factor=3.5):
        thread = threading.Thread(target=lambda: found.append(cda.get_options()["growth_factor"]))
        thread.start()
        thread.join()
    assert found == [3.5]


# The two backends.


def test_growth_with_the_cpp_backend_is_in_place():
    d = cda.DynamicArray(np.arange(10.0))
    view, before = d[:], address(d)
    d.extend(np.zeros(1_000_000))
    assert address(d) == before
    d[0] = -1
    assert view[0] == -1


def test_growth_with_the_numpy_backend_copies_and_older_views_keep_the_old_memory():
    with cda.options(backend="numpy"):
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
    with cda.options(backend="numpy", growth_factor=1.1):
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
    with cda.options(backend="numpy"):
        heap = cda.DynamicArray([1.0])
    reserved = cda.DynamicArray([1.0])
    heap.extend(np.zeros(1000))
    assert cda._core._array.memory_of(heap)["on_heap"]
    with cda.options(backend="numpy"):
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
        expected = max(int(capacity * factor), capacity + 1)
        assert expected <= d.capacity <= expected + page


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
        ("backend", "numpy", "numpy"),
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
    assert run_python(code, environment={"CPPDYNARRAY_BACKEND": "numpy"}) == "True\n"
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
