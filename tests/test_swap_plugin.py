"""The pytest plugin that swaps arrays, and the runner for NumPy's suite, on small suites."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import cppdynarray.numpy
from cppdynarray.testing import swap

pytest_plugins = "pytester"

RUNNER = Path(__file__).parent / "numpy_suite" / "run.py"


@pytest.fixture
def run(pytester):
    """Runs pytest on a test module, in a process of its own."""

    def run(source, *options):
        pytester.makepyfile(test_it=f"import numpy as np\nfrom cppdynarray import *\n{source}")
        return pytester.runpytest_subprocess("-p", "cppdynarray.testing.swap", *options)

    return run


def test_calls_are_caught_wherever_they_stand(run):
    run("""
from functools import partial

import numpy
import pytest
from numpy import array as make, zeros as z
from numpy._core.multiarray import arange as from_core

MODULE = np.ones(2)

class Base:
    create = staticmethod(np.array)
    def make(self):
        return self.create([1])

class TestClass(Base):
    made = np.zeros(1)
    def make(self):
        return super().make()
    def test_method(self):
        assert type(self.make()) is type(self.made) is DynamicArray

@pytest.fixture
def fixture():
    return np.eye(2)

@pytest.mark.parametrize("made", [np.array(1.5), *map(np.array, [1, [2]]), partial(z, 3)()])
def test_arrays(made, fixture):
    for each in (
        made, fixture, MODULE, make([1]), from_core(3), numpy.full(2, 1), getattr(np, "zeros")(2),
        np.linspace(0, 1, retstep=True)[0], *np.meshgrid([1], [2]),
        [np.ones(1) for _ in range(1)][0], (lambda: np.zeros(1))(),
    ):
        assert type(each) is DynamicArray
        assert each.base is None and each.flags.owndata
""").assert_outcomes(passed=5)


def test_all_creation_functions_are_swapped():
    ours = vars(cppdynarray.numpy)
    for name in np.__all__:
        if name in ours:  # DynamicArrays have one of their own
            assert name in swap.CREATION_FUNCTIONS
    assert "ndarray" in swap.CREATION_FUNCTIONS


def test_arrays_are_laid_out_and_filled_as_numpy_did(run):
    run("""
import resource

def test():
    fortran = np.zeros((2, 3), order="F")
    assert type(fortran) is DynamicArray and fortran.flags.fnc and not fortran.any()
    dtype = np.dtype("i4", metadata={"a": 1})
    assert np.empty(3, dtype).dtype is dtype
    assert np.empty((0, 3)).strides == (24, 8)
    assert np.empty(2, object).tolist() == [None, None]
    assert np.zeros(2, "O,i4").tolist() == [(0, 0)] * 2
    assert np.array([["a" * 50]], np.dtypes.StringDType()).tolist() == [["a" * 50]]
    item = object()
    assert np.array([item])[0] is item
    transposed = np.array(np.zeros((2, 3, 4)).transpose(1, 0, 2))
    assert type(transposed) is np.ndarray and transposed.strides[0] == 32

def test_memory():
    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = peak()
    assert type(np.zeros(1 << 28)) is type(np.empty(1 << 28)) is DynamicArray
    assert peak() < 2 * before
""").assert_outcomes(passed=2)


def test_what_is_not_new_stays(run, pytester):
    pytester.makepyfile(helper="import numpy as np\ndef make(): return np.zeros(3)")
    run("""
import helper

class Holder:
    def __init__(self, array):
        self.array = array
    def __array__(self, dtype=None, copy=None):
        return self.array

class Subclass(np.ndarray):
    pass

def test():
    plain = helper.make()
    data = bytearray(8)
    assert type(plain) is np.ndarray
    assert np.asarray(plain) is plain
    assert np.array(Holder(plain), copy=None) is plain
    assert type(np.array(plain.view(Subclass), subok=True)) is Subclass
    for other in (
        np.frombuffer(data), np.ndarray(1, buffer=data), np.asarray(plain[1:]), np.zeros(3) + 1,
        np.zeros(3)[:2], np.random.default_rng(1).random(3),
    ):
        assert type(other) is np.ndarray
    assert type(np.array(plain)) is DynamicArray
    d = np.zeros((2, 3))
    for same in (
        np.asarray(d), np.asanyarray(d), np.array(d, copy=None), np.array(d, copy=False),
        np.ascontiguousarray(d), np.require(d, requirements="C"), np.asarray(d, float),
    ):
        assert same is d
    assert np.asarray(d[1:]).base is d
    assert np.asarray(d, "f4") is not d and np.array(d) is not d
""").assert_outcomes(passed=1)


def test_nothing_else_is_changed(run):
    run("""
import inspect, sys

class Plain:
    array = np.array

def test():
    made = np.zeros(3)
    assert type(made) is made.__class__ is DynamicArray and DynamicArray is not np.ndarray
    assert repr(made) == "DynamicArray([0., 0., 0.])"
    assert np is sys.modules["numpy"] and np.array is np._core.multiarray.array
    assert Plain.array is np.array
    assert np.zeros.__name__ == "zeros" and "shape" in inspect.signature(np.full).parameters
    assert not [name for name in globals() if "swap" in name and name.isidentifier()]
""").assert_outcomes(passed=1)


def test_failures_read_as_without_the_plugin(run):
    result = run("""
def test():
    a = np.zeros(3)
    assert np.ones(3).sum() == a.sum()
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            ">*assert np.ones(3).sum() == a.sum()",
            "E*assert np.float64(3.0) == np.float64(0.0)",
            "E*+  where np.float64(3.0) = <built-in method sum of *>()",
            "test_it.py:6: AssertionError",
        ]
    )
    result.stdout.no_fnmatch_line("*@*")


THREE_ARRAYS = """
def test_one(): np.zeros(1), np.ones(1)
def test_two(): np.zeros(1)
"""


def test_the_last_lines_say_how_many(run):
    run(THREE_ARRAYS).stdout.fnmatch_lines(["cppdynarray: 3 arrays were DynamicArrays"])


def test_workers_are_counted(run):
    result = run(THREE_ARRAYS, "-n2")
    result.stdout.fnmatch_lines(["cppdynarray: 3 arrays were DynamicArrays"])


SWAPPED = "def test(): assert type(np.zeros(3)) is DynamicArray"


@pytest.mark.parametrize(
    "option", ["--import-mode=append", "--import-mode=importlib", "--assert=plain"]
)
def test_every_way_of_importing(run, option):
    run(SWAPPED, option).assert_outcomes(passed=1)


def test_runs_with_and_without_see_nothing_of_each_other(run, pytester):
    run(SWAPPED).assert_outcomes(passed=1)
    pytester.runpytest_subprocess().assert_outcomes(failed=1)
    run(SWAPPED).assert_outcomes(passed=1)


def test_nothing_is_left_behind_in_the_process(run, pytester):
    run("def test(): pass").assert_outcomes(passed=1)
    pytester.makepyfile(program="""
        import sys
        import pytest
        before = list(sys.meta_path)
        assert pytest.main(["-p", "cppdynarray.testing.swap", "test_it.py"]) == 0
        assert [f for f in sys.meta_path if "cppdynarray" in type(f).__module__] == []
    """)
    assert pytester.runpython("program.py").ret == 0


# The runner.

FILE = "numpy/lib/tests/test_it.py"
PLAIN = {
    f"{FILE}::test_type[True]": "passed",
    f"{FILE}::test_type[False]": "passed",
    f"{FILE}::test_repr": "passed",
    f"{FILE}::test_alike": "passed",
    f"{FILE}::test_broken": "failed",
    f"{FILE}::test_skipped": "skipped",
}
DYNAMIC = PLAIN | {f"{FILE}::test_type[True]": "failed", f"{FILE}::test_repr": "skipped"}
BOTH = f"why\n    {FILE}::test_type[True]\n    {FILE}::test_repr\n"


@pytest.fixture
def compare(tmp_path, monkeypatch, capsys):
    """Runs the runner with a list on given outcomes; returns its exit status and what it prints."""
    runner = runpy.run_path(str(RUNNER))
    main = runner["main"]

    def compare(known, *dynamic):
        (tmp_path / "known_numpy.txt").write_text(known, "utf-8")
        outcomes = {False: iter([PLAIN, PLAIN]), True: iter([*dynamic, *dynamic])}
        monkeypatch.setitem(main.__globals__, "HERE", tmp_path)
        monkeypatch.setattr(
            runner["Suite"], "run", lambda suite, tests, swap: (next(outcomes[swap]), 7 * swap)
        )
        monkeypatch.setattr(sys, "argv", ["run.py", "lib"])
        return main(), capsys.readouterr().out

    return compare


@pytest.mark.parametrize(
    ("known", "status", "said"),
    [
        (f"# all of them\n\n{BOTH}", 0, "   2  why"),
        (f"{BOTH}too\n    *::test_re*\n", 0, "   2  why\n   1  too"),
        ("", 1, f"differ, and are not listed: 2\n    {FILE}::test_repr"),
        (f"why\n    {FILE}::test_repr", 1, f"not listed: 1\n    {FILE}::test_type[True]"),
        (f"{BOTH}    {FILE}::test_alike", 1, f"on both: 1\n    {FILE}::test_alike"),
        (f"{BOTH}    {FILE}::test_broken", 1, f"on both: 1\n    {FILE}::test_broken"),
        (f"{BOTH}    {FILE}::test_type*", 1, f"on both: 1\n    {FILE}::test_type[False]"),
        (f"{BOTH}    {FILE}::test_gone", 1, f"match no test: 1\n    {FILE}::test_gone"),
        (f"{BOTH}    {FILE}::test_gone  <2.0", 0, "   2  why"),
        (f"{BOTH}    {FILE}::test_gone  >=2.0", 1, f"match no test: 1\n    {FILE}::test_gone"),
        (f"{BOTH}    numpy/ma/test_not_run.py::test", 0, "   2  why"),
    ],
)
def test_the_list_must_be_exact(compare, known, status, said):
    returned, printed = compare(known, DYNAMIC)
    assert said in printed
    assert returned == status


def test_every_entry_needs_a_reason(compare):
    with pytest.raises(SystemExit, match="no reason is given for numpy/"):
        compare(f"    {FILE}::test_repr", DYNAMIC)


def test_a_surprise_is_run_again(compare):
    failing = DYNAMIC | {f"{FILE}::test_alike": "failed"}
    assert compare(BOTH, failing)[0] == 1
    status, printed = compare(BOTH, failing, DYNAMIC)
    assert status == 0
    assert f"pass a second time, when they run alone: 1\n    {FILE}::test_alike" in printed


def test_a_test_that_vanishes_differs(compare):
    vanished = {test: DYNAMIC[test] for test in DYNAMIC if "alike" not in test}
    status, printed = compare(BOTH, vanished)
    assert status == 1
    assert f"not listed: 1\n    {FILE}::test_alike" in printed


def test_a_suite_is_run_and_counted(pytester):
    package = pytester.mkpydir("package_of_tests")
    (package / "test_it.py").write_text("""
import numpy as np
import pytest

def test_type():
    assert type(np.zeros(1)) is np.ndarray

def test_alike():
    np.zeros(1)

def test_broken():
    assert not np.ones(1)

@pytest.mark.xfail
def test_expected_to_fail():
    assert not np.ones(1)
""")
    info = pytester.mkdir("package_of_tests-1.0.dist-info")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: package-of-tests\nVersion: 1.0\n")
    finished = subprocess.run(
        [sys.executable, RUNNER, "--package", "package_of_tests", "test_it.py"],
        env={**os.environ, "PYTHONPATH": str(pytester.path)}, capture_output=True, text=True,
    )
    table = [line.split() for line in finished.stdout.splitlines()]
    assert ["test_it.py", "4", "2", "1", "1", "0", "4"] in table, finished.stdout + finished.stderr
    assert finished.returncode == 1


@pytest.mark.parametrize(
    "path", list(RUNNER.parent.glob("known_*.txt")), ids=lambda path: path.stem
)
def test_the_lists_are_short(path):
    entries = runpy.run_path(str(RUNNER))["read_entries"](path, "99")
    assert 0 < len(entries) <= 25
    assert all(entry.patterns for entry in entries)
