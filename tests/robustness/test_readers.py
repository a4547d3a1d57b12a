"""Every way to read an array, beside a thread that pushes onto it without the GIL: readers.py says how.

By day those that users take most and some of the others, the same each time, have a moment on one kind of array that
suits them. All of them, on each kind, so many seconds each:

    CPPDYNARRAY_READERS_SECONDS=2 python3 -m pytest tests/robustness/test_readers.py

`python3 tests/robustness/readers.py` makes the table of docs/robustness.md.
"""

import os
import random
import time
import zlib

import numpy as np
import pushing
import pytest
import readers

import cppdynarray as cda

SECONDS = float(os.environ.get("CPPDYNARRAY_READERS_SECONDS") or 0)
MOMENT, SHARE = 0.004, 12  # by day: seconds for each way, one of so many ways
PATIENCE = 60  # seconds, on a machine that is so busy that the thread gets no turn
PARTS = 8 if SECONDS else 2  # so that several processes can take part

pytestmark = pytest.mark.skipif(not pushing.can_compile(), reason="no C++ compiler")


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pushing_thread")
    pushing.build_into(folder)
    return folder


@pytest.mark.parametrize("part", range(PARTS))
def test_every_way_gives_what_it_gives_for_some_length(part, folder):
    seed = int(os.environ.get("CPPDYNARRAY_SEED") or (random.randrange(2**31) if SECONDS else 1))
    print(f"to repeat: CPPDYNARRAY_SEED={seed}")
    names = [name for name in readers.all_ways() if SECONDS or name.startswith("by hand") or drawn(name, seed) % SHARE == 0]  # noqa: E501
    names = [name for name in names if drawn(name, 0) % PARTS == part]
    said = readers.run(names, folder, SECONDS or MOMENT, seed, one_kind=not SECONDS)
    print(*readers.table(said), sep="\n")
    bad = {f"{line['name']} ({line['kind']})": line["faults"] for line in said if line.get("bad")}
    assert not bad, bad


def drawn(name, seed):
    return zlib.crc32(f"{seed} {name}".encode())


def test_what_is_left_out_is_still_there():
    with_all = readers.every_way()
    for start in readers.LOOKS_TWICE + readers.WITHOUT_ANSWER:
        assert any(name.startswith(start) for name in with_all), start


def test_there_are_ways_for_each_method_operator_and_function():
    """None is forgotten: those of tests/completeness are all, and what users do most is here by hand."""
    texts = " ".join(readers.all_ways())
    for name in dir(np.ndarray):
        if callable(getattr(np.ndarray, name)) and name not in readers.NOT_CALLED:
            assert f"a.{name}(d)" in texts
    for text in (
        "a[d]", "a[d] = 1", "a[d] += 1", "a.take(d)", "a.put(d, 1)", "a.searchsorted(d)", "a[:] = d", "np.add.at(a, d, 1)",  # noqa: E501
        "np.asarray(d, 'f4')", "np.array(d)", "x @ d", "x.dot(d)", "np.add(d, 0, out=d)", "memoryview(d)", "np.save(file, d)",  # noqa: E501
        "np.nditer(d)", "np.einsum('i->')", "np.bincount(d)", "np.ravel_multi_index",
    ):
        assert f"by hand: {text}" in readers.all_ways()


def trial(function, kind="i8"):
    way = readers.Way("test", "test", function, (kind,), {"as written": []})
    return readers.Trial(way, kind)


# The test is tested: what it must find, made up.


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda d: np.arange(len(d)) + 1, "wrong: ndarray"),
        (lambda d: np.arange(9), "wrong: ndarray"),
        (lambda d: d[[10**6]], "wrong: IndexError"),
        (lambda d: np.arange(min(len(d), 2)), "old: of"),
    ],
)
def test_what_is_wrong_is_found(wrong, message):
    calls = trial(lambda d: d[:].copy() if type(d) is np.ndarray else wrong(d))
    faults, end = calls.run(0.02, 1), time.monotonic() + PATIENCE
    while not faults and time.monotonic() < end:
        faults = calls.run(0.02, 1)
    assert any(fault.startswith(message) for fault in faults), faults


def test_the_thread_changes_lengths_while_ways_are_tried():
    calls, end = trial(lambda d: d[:].copy()), time.monotonic() + PATIENCE
    while calls.counts["changes"] <= 10 and time.monotonic() < end:
        assert not calls.run(0.1, 1)
    assert calls.counts["changes"] > 10 and calls.counts["calls"] > 10


def test_what_writes_is_told_from_what_reads():
    assert trial(lambda d: d.fill(7)).writes
    assert not trial(lambda d: np.add(d, 0, out=d)).writes
    assert trial(lambda d: d.byteswap().view("u1")).works
    assert not trial(lambda d: d.no_such_method).works


def test_a_thread_pushes_the_rows_that_it_is_given():
    for rows in (np.arange(5000.0), np.arange(999).reshape(-1, 3)):
        d = cda.DynamicArray(rows[:7])
        handle = pushing.hold(d)
        for part in (rows[7:100], rows[100:100], rows[100:]):
            pushing.push(handle, part)
            seen = d[:]
            assert seen.tolist() == rows[: len(seen)].tolist()
            pushing.join(handle)
        del handle
        assert d.tolist() == rows.tolist()
