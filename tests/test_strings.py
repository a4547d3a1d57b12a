"""StringDType: strings are in an arena, under a lock that NumPy's loops hold without the GIL.

What threads do at the same time comes out as if it had been done one after the other. These tests let one or more
threads change an array or a window while this one computes on views, so that who changes it has to wait.
"""

import random
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import cppdynarray as cda
from subprocesses import run_python

T = np.dtypes.StringDType()
LONG = ["x" * (10 + i % 300) for i in range(20_000)]
COMPUTATIONS = 12


def compute(view):
    np.strings.str_len(view)
    np.strings.upper(view)
    view == view  # noqa: B015 - NumPy compares


def beside_computations(array, rows, *steps):
    """Lets each thread take its steps, while this one computes on the first rows. How many each took."""
    done, counts, failures = threading.Event(), [0] * len(steps), []

    def run(which):
        try:
            while not done.is_set():
                steps[which](counts[which])
                counts[which] += 1
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=run, args=(which,)) for which in range(len(steps))]
    for thread in threads:
        thread.start()
    for _ in range(COMPUTATIONS):
        compute(array[:rows])
    done.set()
    for thread in threads:
        thread.join()
    assert not failures
    return counts


MEMORY = [{}, {"backend": "heap"}, {"reserve_bytes": 1 << 12}]


@pytest.mark.parametrize("options", MEMORY, ids=str)
def test_rows_that_several_threads_append_all_arrive(options):
    with cda.options(**options):
        d = cda.DynamicArray(LONG, dtype=T)

    def push(number, i):
        if i % 100 == 0:
            d.extend([f"{number} {i} " + "y" * 60, f"{number} {i} more"])
        else:
            d.append(f"{number} {i} " + "y" * (i % 90))

    counts = beside_computations(d, len(LONG), *[lambda i, number=number: push(number, i) for number in range(3)])
    assert d[: len(LONG)].tolist() == LONG
    found = [[text for text in d[len(LONG) :].tolist() if text.startswith(f"{number} ")] for number in range(3)]
    assert sum(map(len, found)) == len(d) - len(LONG)
    for number, count in enumerate(counts):
        expected = [i for i in range(count) for _ in range(2 if i % 100 == 0 else 1)]
        assert [int(text.split()[1]) for text in found[number]] == expected


def test_what_leaves_a_window_is_what_came_first():
    w = cda.RollingArray(LONG, dtype=T, maxlen=len(LONG))

    def push(number, i):
        w.append(f"{number} {i} " + "y" * (i % 90))
        if i % 50 == 0:
            w.extend([f"{number} {i}a", f"{number} {i}b"])

    counts = beside_computations(w, len(LONG), *[lambda i, number=number: push(number, i) for number in range(3)])
    rows = w.tolist()
    assert len(rows) == len(LONG)
    for number, count in enumerate(counts):
        own = [text.split()[1] for text in rows if text.startswith(f"{number} ")]
        expected = [str(i) + end for i in range(count) for end in (("", "a", "b") if i % 50 == 0 else ("",))]
        assert own == expected[len(expected) - len(own) :]


def test_each_row_is_popped_once():
    d = cda.DynamicArray(LONG, dtype=T)
    popped = [[], []]
    appended = []

    def append(i):
        for k in range(3):
            appended.append(f"{i} {k}" + "z" * (i % 70))
            d.append(appended[-1])

    def pop(which, i):
        if len(d) > 2000:
            popped[which].append(d.pop(1000 if i % 2 else -1))

    beside_computations(d, 500, lambda i: pop(0, i), lambda i: pop(1, i), append)
    assert Counter(popped[0] + popped[1] + d.tolist()) == Counter(LONG + appended)


def changes(array, rows, steps, seed):
    """Changes an array in all ways, and a list of its rows in the same."""
    rng = random.Random(seed)
    for _ in range(steps):
        text = rng.choice("abcé") * rng.choice([0, 3, 15, 16, 40, 300])
        at = rng.randrange(len(rows) + 1)
        match rng.randrange(11):
            case 0 | 1:
                array.append(text)
                rows.append(text)
            case 2:
                array.extend([text, text + "b"])
                rows.extend([text, text + "b"])
            case 3 | 4:
                array.insert(at, text)
                rows.insert(at, text)
            case 5 if at < len(rows):
                assert array.pop(at) == rows.pop(at)
            case 6:
                del array[at : at + 3], rows[at : at + 3]
            case 7:
                keep = np.array([rng.random() < 0.9 for _ in rows], bool)
                del array[~keep]
                rows[:] = [row for row, kept in zip(rows, keep, strict=True) if kept]
            case 8 if at < len(rows):
                array[at] = rows[at] = text
            case 9:
                count = max(0, len(rows) + rng.randrange(-4, 5))
                array.resize(count)
                rows[:] = rows[:count] + [""] * (count - len(rows))
            case 10 if rng.random() < 0.1:
                array.sort()
                rows.sort()
                array.shrink_to_fit()
            case 10 if rng.random() < 0.03:
                array.clear()
                rows.clear()


@pytest.mark.parametrize("options", MEMORY, ids=str)
def test_all_changes(options):
    for seed in range(5):
        print("seed", seed)
        rows = LONG[:20]
        with cda.options(**options):
            array = cda.DynamicArray(rows, dtype=T)
        for step in range(400):
            changes(array, rows, 1, (seed, step).__hash__())
            assert array.tolist() == rows


def test_all_changes_beside_computations():
    """In a process of its own: what moved strings without the lock crashed."""
    code = f"""
        import sys

        sys.path.insert(0, {str(Path(__file__).parent)!r})
        import test_strings as here
        import cppdynarray as cda

        here.COMPUTATIONS = 40
        for options in here.MEMORY:
            rows = here.LONG[:4000]
            with cda.options(**options):
                d = cda.DynamicArray(rows, dtype=here.T)
            here.beside_computations(d, 1500, lambda i: here.changes(d, rows, 1, i))
            assert d.tolist() == rows
    """
    run_python(code)


def test_the_object_that_says_that_something_is_missing_is_kept():
    for missing in (np.nan, None, "none"):
        dtype = np.dtypes.StringDType(na_object=missing)
        d = cda.DynamicArray(["a", missing, "b" * 50], dtype=dtype)
        d.append(missing)
        d.append("none" if missing != "none" else "c")
        d.insert(0, missing)
        expected = np.array([missing, "a", missing, "b" * 50, missing, "none" if missing != "none" else "c"], dtype)
        assert repr(d.tolist()) == repr(expected.tolist())
        assert repr([d.pop(0), d.pop(0)]) == repr([missing, "a"])
        w = cda.RollingArray(d, dtype=dtype, maxlen=2)
        w.append(missing)
        assert repr(w.tolist()) == repr([expected.tolist()[-1], missing])


def test_rows_of_strings():
    d = cda.DynamicArray(np.empty((0, 2), T))
    rows = [["a" * 30, ""], ["b", "c" * 300]]
    for row in rows:
        d.append(row)
    d.insert(1, ["x", "y" * 20])
    assert d.pop(0).tolist() == rows[0]
    assert d.tolist() == [["x", "y" * 20], rows[1]]
    del d[[True, False]]
    assert d.tolist() == [rows[1]]
    d.resize((2, 3))
    assert d.tolist() == [["b", "c" * 300, ""], ["", "", ""]]


def test_a_str_that_has_no_utf8():
    d = cda.DynamicArray(["a"], dtype=T)
    with pytest.raises(UnicodeEncodeError):
        d.append("\ud800")
    assert d.tolist() == ["a"]


@pytest.mark.parametrize("make", [list, tuple])
def test_many_strings_are_added_or_none(make):
    values = ["", "a", "é" * 30, "long " * 9, "\0", "x\0"] * 40
    d = cda.DynamicArray(["before"], np.dtypes.StringDType())
    view = d[:]
    d.extend(make(values))
    assert d.tolist() == ["before", *values]
    d.extend(make(d.tolist()))
    assert d.tolist() == ["before", *values] * 2
    assert view.tolist() == ["before"]
    assert cda.DynamicArray(values, np.dtypes.StringDType()).tolist() == values
    before = d.tolist()
    with pytest.raises(UnicodeEncodeError):
        d.extend(make(["a", "\ud800"]))
    assert d.tolist() == before
    strict = cda.DynamicArray(["x"], np.dtypes.StringDType(coerce=False))
    with pytest.raises(ValueError, match="string coercion"):
        strict.extend(make(["a", 3]))
    assert strict.tolist() == ["x"]
    d.extend(make(["a", np.str_("b"), 3]))  # whatever NumPy makes strings of
    assert d.tolist() == [*before, "a", "b", "3"]
    missing = cda.DynamicArray(dtype=np.dtypes.StringDType(na_object=None))
    missing.extend(make(["a", None, "b"]))
    assert missing.tolist() == ["a", None, "b"]
    missing.extend(make(["c", "d"]))
    assert missing.tolist() == ["a", None, "b", "c", "d"]


@pytest.mark.parametrize("kind", ["array", "window"])
def test_sorting_what_quicksort_divides_badly(kind):
    """Where NumPy's own sort of strings crashes: docs/upstream/numpy_string_sort.md."""
    middle = 500
    numbers = [i + 1 if i % 2 == 0 else middle + i + 1 for i in range(middle)] + [2 * (i + 1) for i in range(middle)]
    text = [f"value number {number:08d}" for number in numbers]
    d = cda.DynamicArray(text, str) if kind == "array" else cda.RollingArray(text, str, maxlen=2 * middle)
    d.sort()
    assert d.tolist() == sorted(text)
    d.sort(0)
    d.sort(axis=-1)
    d.sort(kind="stable")
    assert d.tolist() == sorted(text)
