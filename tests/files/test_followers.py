"""Arrays that follow a file: in this process and in others, while it grows, shrinks, ends and begins again."""

import gc
import multiprocessing
import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import cppdynarray as cda
from cppdynarray.testing import assert_invariants
from helpers import address, assert_same

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no arrays on files on Windows")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.npy"


def test_grows_in_place_with_the_file(path, rng):
    rows = rng.normal(size=(100_000, 3))
    d = cda.open_memmap(path, "w+", "f8", (0, 3))
    f = cda.open_memmap(path)
    view = f.as_numpy()
    before = address(f)
    for start in range(0, len(rows), 1000):
        d.extend(rows[start : start + 1000])
        assert len(f) == start
        assert f.refresh() == len(f) == start + 1000
        assert_same(f[-1], rows[start + 999])
    d.append([1, 2, 3])
    assert f.refresh() == 100_001
    assert address(f) == before
    assert view.shape == (0, 3)
    assert_invariants(f)
    assert f[:5].base is f
    assert_same(f[:-1], rows)


def test_shrinks_with_the_file(path):
    d = cda.open_memmap(path, "w+")
    d.extend(np.arange(100_000.0))
    f = cda.open_memmap(path)
    old = f[:]
    d.resize(10)
    assert len(f) == 100_000
    d.shrink_to_fit()
    assert old[99_999] in (0, 99_999)
    assert f.refresh() == 10
    d.close()
    # The file isn't cut where `old` looks.
    assert old[99_999] in (0, 99_999)
    assert f.refresh() == 10
    assert_same(np.load(path), np.arange(10.0))
    with cda.open_memmap(path, "r+") as d:
        assert old[99_999] in (0, 99_999)
        d.resize(200_000)
        assert d.sum() == 45
        assert f.refresh() == 200_000
        assert f.sum() == 45
    size = path.stat().st_size
    del f, old
    gc.collect()
    with cda.open_memmap(path, "r+") as d:
        d.resize(5)
    assert path.stat().st_size == 4096 + 40 < size


def test_goes_on_with_the_next_writer(path):
    with cda.open_memmap(path, "w+") as d:
        d.append(1)
    f = cda.open_memmap(path)
    assert f.refresh() == 1
    with cda.open_memmap(path, "a") as d:
        d.append(2)
        assert f.refresh() == 2
        d.append(3)
        assert f.refresh() == 3
        d.append(4)
    assert f.refresh() == 4
    assert f.refresh() == 4
    with cda.open_memmap(path, "a") as d:
        d.pop()
    assert f.refresh() == 3
    assert_same(f, np.array([1.0, 2.0, 3.0]))


def test_stays_with_its_file_when_another_takes_the_name(path):
    with cda.open_memmap(path, "w+") as d:
        d.extend([1.0, 2.0])
    f = cda.open_memmap(path)
    with cda.open_memmap(path, "w+") as d:
        d.extend(np.arange(1e5))
        assert f.refresh() == 2
    assert f.refresh() == 2
    assert_same(f, np.array([1.0, 2.0]))
    path.unlink()
    assert f.refresh() == 2


def test_moves_past_its_addresses_and_views_stay_live(path):
    d = cda.open_memmap(path, "w+")
    d.extend(np.arange(10.0))
    with cda.options(reserve_bytes=1 << 16):
        f = cda.open_memmap(path)
    view, before = f[:], address(f)
    d.extend(np.arange(1e6))
    assert f.refresh() == 1_000_010
    assert address(f) != before
    d[3] = 77
    assert view[3] == f[3] == 77
    d.append(1)
    assert f.refresh() == 1_000_011
    assert_same(f, np.asarray(d))


def test_cant_be_changed(path):
    with cda.open_memmap(path, "w+") as d:
        d.extend([1.0, 2.0])
    f = cda.open_memmap(path)
    assert f.mode == "r"
    for change in (
        lambda: f.append(1), lambda: f.extend([1]), lambda: f.resize(5), lambda: f.pop(), lambda: f.clear(),
        lambda: f.insert(0, 1), lambda: f.__delitem__(0), lambda: f.reserve(5), lambda: f.flush(),
    ):
        with pytest.raises(ValueError, match="was opened to be read; open it with mode"):
            change()
    with pytest.raises(ValueError, match="read-only"):
        f[0] = 1
    with pytest.raises(ValueError, match="cannot set WRITEABLE"):
        f.flags.writeable = True
    with pytest.raises(ValueError, match="cannot set WRITEABLE"):
        f[:].flags.writeable = True
    assert_same(np.load(path), np.array([1.0, 2.0]))


def test_closed_it_stays_as_long_as_it_is(path):
    d = cda.open_memmap(path, "w+")
    d.append(1)
    with cda.open_memmap(path) as f:
        assert not f.closed
    assert f.closed
    d.append(2)
    assert f.refresh() == 1
    d.close()
    assert f.refresh() == 1
    assert f[0] == 1


def test_a_file_that_another_program_cut(path):
    with cda.open_memmap(path, "w+") as d:
        d.extend(np.arange(10_000.0))
    f = cda.open_memmap(path)
    os.truncate(path, 4096 + 8 * 5000)
    with pytest.raises(ValueError, match=r"cut: 10000 rows .* room for 5000"):
        f.refresh()
    os.truncate(path, 4096 + 8 * 10_000)
    assert f.refresh() == 10_000


def test_a_file_that_another_program_overwrote(path):
    np.save(path, np.arange(10.0))
    f = cda.open_memmap(path)
    with path.open("r+b") as file:
        np.save(file, np.arange(10, dtype="i8"))
    with pytest.raises(ValueError, match="overwritten"):
        f.refresh()


def test_a_page_beside_the_file_that_is_not_its_own(path):
    with cda.open_memmap(path, "w+") as d:
        d.extend(np.arange(10.0))
        page = Path(f"{path}.live").read_bytes()
    beside = Path(f"{path}.live")
    for content in (b"", bytes(4096), page[:4095], page[:7] + b"1" + page[8:], page[:8] + b"\1" * 16 + page[24:],
                    page[:24] + b"0" * 36 + page[60:]):
        beside.write_bytes(content)
        f = cda.open_memmap(path)
        assert f.refresh() == 10
        with cda.open_memmap(path, "r+") as d:
            assert len(d) == 10
        assert not beside.exists()
    # Somebody's own file stays, and there is no other place for the length.
    for content in (b"x", b"x" * 4096, b"X" + page[1:]):
        beside.write_bytes(content)
        assert len(cda.open_memmap(path)) == 10
        for mode, name in (("r+", path), ("w+", path), ("a", path)):
            with pytest.raises(FileExistsError, match=r"in the place of the file that keeps the length.*live"):
                cda.open_memmap(name, mode)
        assert beside.read_bytes() == content
    assert len(np.load(path)) == 10
    beside.unlink()
    # A count that the file can't have, in the page of a writer: something is wrong, and nothing is read.
    d = cda.open_memmap(path, "r+")
    with beside.open("r+b") as file:
        file.seek(128)
        file.write((10**6).to_bytes(8, sys.byteorder))
    with pytest.raises(ValueError, match="cut: 1000000 rows were written"):
        cda.open_memmap(path)
    with beside.open("r+b") as file:
        file.seek(128)
        file.write((10).to_bytes(8, sys.byteorder))
    assert len(d) == len(cda.open_memmap(path)) == 10


def look(path, rows, looks, errors):
    """Follows a file of rows that are all (i, -i), until it has `rows`."""
    f = cda.open_memmap(path)
    seen = 0
    while seen < rows:
        seen = f.refresh()
        looks.value += 1
        if seen:
            for index in {0, seen // 2, seen - 1}:
                errors.value += f[index].tolist() != [index, -index]


@pytest.mark.parametrize("folder", [None, "/dev/shm"])
def test_other_processes_see_whole_rows(tmp_path, folder):
    if folder is not None and not os.access(folder, os.W_OK):
        pytest.skip("the system has no /dev/shm")
    path = Path(folder or tmp_path) / f"cppdynarray-test-{os.getpid()}.npy"
    context = multiprocessing.get_context("spawn")
    rows = 20_000
    try:
        with cda.open_memmap(path, "w+", "i8", (0, 2)) as d:
            watchers = []
            for _ in range(2):
                looks, errors = context.Value("q", 0), context.Value("q", 0)
                process = context.Process(target=look, args=(path, rows, looks, errors))
                process.start()
                watchers.append((process, looks, errors))
            deadline = time.monotonic() + 60
            while any(looks.value == 0 for _, looks, _ in watchers) and time.monotonic() < deadline:
                time.sleep(0.01)
            for index in range(rows):
                d.append([index, -index])
            for process, looks, errors in watchers:
                process.join(60)
                assert process.exitcode == 0
                assert errors.value == 0
                print("looks:", looks.value)
    finally:
        path.unlink(missing_ok=True)
