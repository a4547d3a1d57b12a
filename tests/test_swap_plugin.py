"""The pytest plugin that swaps NumPy's arrays, on small suites of its own."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import cppdynarray

PLUGIN = "cppdynarray._swap_plugin"
ROOT = Path(cppdynarray.__file__).parent.parent


@pytest.fixture
def suite(tmp_path):
    """Writes modules, runs pytest on them with the plugin, returns the finished process."""

    def run(source, *options, files=()):
        (tmp_path / "test_it.py").write_text(textwrap.dedent(source), "utf-8")
        for name, text in dict(files).items():
            (tmp_path / name).write_text(textwrap.dedent(text), "utf-8")
        path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        command = [sys.executable, "-m", "pytest", "-p", PLUGIN, "-c", os.devnull, "--rootdir", "."]
        return subprocess.run(
            [*command, "-p", "no:cacheprovider", "-ra", *options, "."],
            cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
        )  # fmt: skip

    return run


def check(finished, *expected, status=0):
    output = finished.stdout + finished.stderr
    assert finished.returncode == status, output
    for text in expected:
        assert text in output, output


def test_swaps(suite):
    finished = suite("""
        from functools import partial

        import numpy
        import numpy as np
        import pytest
        from numpy import array, zeros as z
        from numpy._core.multiarray import arange
        from numpy._core.numeric import asarray
        from cppdynarray import DynamicArray

        MODULE = np.ones(2)

        class Base:
            create = np.array
            def make(self):
                return self.create([1])

        class TestClass(Base):
            made = np.zeros(1)
            def make(self):
                return super().make()
            def test_method(self):
                assert isinstance(self.make(), DynamicArray)
                assert isinstance(self.made, DynamicArray)

        @pytest.fixture
        def fixture():
            return np.eye(2)

        @pytest.mark.parametrize("made", [np.array(1.5), *map(np.array, [1, [2]]), partial(z, 3)()])
        def test_arrays(made, fixture):
            for array_ in (
                made, fixture, MODULE, array([1]), z(2), arange(3), asarray([1]), numpy.full(2, 1),
                np.empty_like(made), np.ndarray((2, 3)), np.linspace(0, 1), np.fromiter([1], int),
                [np.ones(1) for _ in range(1)][0], (lambda: np.zeros(1))(),
            ):
                assert isinstance(array_, DynamicArray)
                assert array_.base is None and array_.flags.owndata
    """)
    check(finished, "5 passed", "arrays were DynamicArrays")


def test_swaps_as_numpy_lays_out(suite):
    finished = suite("""
        import numpy as np
        from cppdynarray import DynamicArray

        def test():
            fortran = np.zeros((2, 3), order="F")
            assert isinstance(fortran, DynamicArray) and fortran.flags.fnc
            large = np.zeros((512, 1024), order="F")
            assert isinstance(large, DynamicArray) and large.flags.fnc and not large.any()
            dtype = np.dtype("i4", metadata={"a": 1})
            assert np.empty(3, dtype).dtype is dtype
            assert np.empty((0, 3)).strides == (24, 8)
            assert type(np.dtypes.StringDType(na_object=None)) is type(
                np.array(["a" * 50, None], np.dtypes.StringDType(na_object=None)).dtype)
    """)
    check(finished, "1 passed")


def test_leaves_alone_what_is_not_new(suite):
    finished = suite("""
        import numpy as np
        import helper
        from cppdynarray import DynamicArray

        class Holder:
            def __init__(self, array):
                self.array = array
            def __array__(self, dtype=None, copy=None):
                return self.array

        def test():
            plain = helper.make()
            assert not isinstance(plain, DynamicArray)
            assert np.asarray(plain) is plain
            assert np.array(Holder(plain), copy=None) is plain
            assert not isinstance(np.frombuffer(b"abc", "u1"), DynamicArray)
            assert not isinstance(np.random.default_rng(1).random(3), DynamicArray)
            assert not isinstance(np.zeros(3) + 1, DynamicArray)
            assert not isinstance(np.zeros(3)[:2], DynamicArray)
            assert isinstance(np.array(plain), DynamicArray)

        def test_returns_its_argument():
            d = np.zeros((2, 3))
            for same in (
                np.asarray(d), np.asanyarray(d), np.array(d, copy=None), np.array(d, copy=False),
                np.ascontiguousarray(d), np.require(d, requirements="C"), np.asarray(d, float),
            ):
                assert same is d
            assert np.asarray(d[1:]).base is d
            assert np.asarray(d, "f4") is not d and np.array(d) is not d
    """, files={"helper.py": "import numpy as np\ndef make(): return np.zeros(3)"})  # fmt: skip
    check(finished, "2 passed")


def test_numpy_stays_numpy(suite):
    finished = suite("""
        import sys
        import inspect
        import numpy as np
        from cppdynarray import DynamicArray

        class Plain:
            array = np.array
            full = staticmethod(np.full)

        def test():
            assert np is sys.modules["numpy"] and np.array is np._core.multiarray.array
            assert Plain.array is np.array and Plain().full is np.full
            assert np.zeros.__name__ == "zeros"
            assert str(inspect.signature(np.full)).startswith("(shape")
            assert np.__dict__["array"] is np.array
            assert not [name for name in globals() if "swap" in name and name[0] != "@"]

        def test_types():
            made = np.zeros(3)
            assert type(made) is np.ndarray and made.__class__ is np.ndarray
            assert isinstance(made, DynamicArray) and repr(made) == "array([0., 0., 0.])"
            assert type(DynamicArray([1])) is DynamicArray
            assert type(DynamicArray([1]).__class__) is type
            assert type("New", (), {"__slots__": ()}).__module__ == __name__
    """)
    check(finished, "2 passed")


def test_messages_are_as_without(suite):
    finished = suite("""
        import numpy as np

        def test():
            a = np.zeros(3)
            assert np.ones(3).sum() == a.sum()
    """)
    expected = ("assert np.ones(3).sum() == a.sum()", "array([1., 1., 1.])", "test_it.py:6")
    check(finished, *expected, status=1)
    assert "@" not in finished.stdout


def test_plain(suite):
    source = """
        import numpy as np
        from cppdynarray import DynamicArray

        def test():
            assert not isinstance(np.zeros(3), DynamicArray)
            assert repr(DynamicArray([1])) == "DynamicArray([1])"
    """
    check(suite(source, "--cppdynarray-plain"), "1 passed", "cppdynarray: 0 arrays")
    check(suite(source), "1 failed", "cppdynarray: 1 arrays", status=1)


KNOWN = """
    import numpy as np
    import pytest
    from cppdynarray import DynamicArray

    class TestIt:
        @pytest.mark.parametrize("bad", [False, True])
        def test_one(self, bad):
            assert not bad

    def test_two():
        assert not isinstance(np.zeros(1), DynamicArray)

    def test_three():
        pass
"""


ONE = "test_it.py::TestIt::test_one"


@pytest.mark.parametrize(
    ("known", "status", "expected"),
    [
        ("", 1, "2 failed, 2 passed"),
        ("test_it.py::test_two # why", 1, "1 failed, 2 passed, 1 xfailed"),
        (f"# all\n\ntest_it.py::test_two # why\n{ONE} # why", 0, "2 passed, 2 xfailed"),
        (f"test_it.py::test_two # why\n{ONE}[True] # why", 0, "2 passed, 2 xfailed"),
        ("test_it.py::* # why", 0, "2 passed, 2 xfailed"),
        ("*::test_t* # why\n*::test_one # why\nno.py::test # why", 0, "2 passed, 2 xfailed"),
        ("it.py::test_two # not a whole name", 1, "2 failed, 2 passed"),
        (f"{ONE}[False] # passes", 1, "known to fail: test_it.py::TestIt::test_one[False]"),
        ("*::test_t?o # why\n*::test_one # why\n*::test_three # passes", 1, "fail: *::test_three"),
        ("test_it.py::test_two", 4, "no reason given for test_it.py::test_two"),
    ],
)
def test_known_failures(suite, known, status, expected):
    finished = suite(KNOWN, "--cppdynarray-known=known.txt", files={"known.txt": known})
    check(finished, expected, status=status)


@pytest.mark.parametrize(("line", "status"), [("", 0), ("\n*::test_three # passes", 1)])
def test_known_failures_with_workers(suite, line, status):
    pytest.importorskip("xdist")
    known = f"*::test_two # why\n{ONE} # why{line}"
    finished = suite(KNOWN, "--cppdynarray-known=known.txt", "-n2", files={"known.txt": known})
    check(finished, "xfailed", *["fail: *::test_three"] * status, status=status)


def test_known_failures_in_setup(suite):
    finished = suite(
        """
        import pytest

        @pytest.fixture
        def broken():
            raise ValueError

        def test(broken):
            pass
        """,
        "--cppdynarray-known=known.txt",
        files={"known.txt": "test_it.py::test # the fixture fails"},
    )  # fmt: skip
    check(finished, "1 xfailed", "the fixture fails")


@pytest.mark.parametrize("workers", [0, 2])
def test_counts_and_records(suite, tmp_path, workers):
    options = ["-n", "2"] if workers else []
    if workers:
        pytest.importorskip("xdist")
    source = """
        import numpy as np
        import pytest

        @pytest.mark.parametrize("i", range(5))
        def test(i):
            np.zeros(1), np.ones(1)

        def test_fails():
            assert np.zeros(1)

        def test_skips():
            pytest.skip("no")
    """
    finished = suite(source, "--cppdynarray-record=record.txt", *options)
    expected = ("cppdynarray: 11 arrays were DynamicArrays", "1 failed, 5 passed, 1 skipped")
    check(finished, *expected, status=1)
    module = (tmp_path / "test_it.py").as_posix()
    assert (tmp_path / "record.txt").read_text().splitlines() == [
        *(f"passed {module}::test[{i}]" for i in range(5)),
        f"failed {module}::test_fails", f"skipped {module}::test_skips",
    ]  # fmt: skip


def test_restores(tmp_path):
    """A run within a process leaves nothing behind in it."""
    test = "import numpy as np\ndef test(): assert repr(np.ones(1)) == 'array([1.])'\n"
    (tmp_path / "test_it.py").write_text(test)
    program = f"""
import os, reprlib, sys, pytest
import numpy as np
from cppdynarray import DynamicArray
before = reprlib.Repr.repr_array
arguments = ["-p", "{PLUGIN}", "-p", "no:cacheprovider", "-c", os.devnull, "."]
assert pytest.main(arguments) == 0
assert [finder for finder in sys.meta_path if "{PLUGIN}" in type(finder).__module__] == []
assert DynamicArray.__name__ == "DynamicArray" and type(np.ones(1)) is np.ndarray
assert reprlib.Repr.repr_array is before
"""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env={**os.environ, "PYTHONPATH": path},
        capture_output=True, text=True,
    )  # fmt: skip
    check(finished, "1 passed")


def test_no_bytecode_for_other_runs(suite, tmp_path):
    """A run with the plugin and one without see each other's modules never."""
    source = """
        import numpy as np
        from cppdynarray import DynamicArray

        def test():
            assert isinstance(np.zeros(3), DynamicArray)
    """
    for options, status in [((), 0), (("--cppdynarray-plain",), 1)] * 2:
        check(suite(source, *options), status=status)


@pytest.mark.parametrize("mode", ["prepend", "append", "importlib"])
def test_import_modes(suite, mode):
    source = """
        import numpy as np
        from cppdynarray import DynamicArray

        def test():
            assert isinstance(np.zeros(3), DynamicArray)
    """
    check(suite(source, f"--import-mode={mode}"), "1 passed")
    check(suite(source, f"--import-mode={mode}", "--assert=plain"), "1 passed")


def test_the_list_for_numpy_is_short():
    """Every entry has its reason, and there are no more than promised."""
    path = Path(__file__).parent / "compat" / "numpy_known.txt"
    lines = [line for line in path.read_text("utf-8").splitlines() if line and line[0] != "#"]
    assert 0 < len(lines) <= 25
    for line in lines:
        test, _, reason = line.partition("  # ")
        assert test.startswith("numpy/") and "::" in test and reason
