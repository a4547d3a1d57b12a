"""Processes that are killed or forked while they write: no row that was appended is lost.

A hundred kills, a minute or two:

    python -m pytest -m slow tests/files/test_crashes.py
"""

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

import cppdynarray as cda
from helpers import assert_same
from subprocesses import run_python

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no arrays on files on Windows")

# Appends rows, one or many at a time, and says on a pipe how many append returned from: after the fact, so
# that there may be more in the file, but never fewer. Some rows are taken back.
WRITER = """
    import os, random, sys
    import numpy as np
    import cppdynarray as cda

    path, seed = sys.argv[1:]
    rng = random.Random(int(seed))
    d = cda.open_memmap(path, "a", "i8", (0, 2))
    append = d.append
    row = np.zeros(2, "i8")
    while True:
        count = len(d)
        if rng.random() < 0.2:
            rows = np.arange(count, count + rng.choice([1, 100, 5000]))
            d.extend(np.stack([rows, -rows], axis=1))
        else:
            for index in range(count, count + rng.randrange(2000)):
                row[:] = index, -index
                append(row)
        if rng.random() < 0.1:
            d.flush()
        os.write(1, b"%20d" % len(d))
"""


def kill_a_writer(path, seed):
    """Starts a writer, kills it, and returns how many rows it said that it had appended."""
    rng = random.Random(seed)
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), str(path), str(seed)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(cda.__file__).parent.parent), *sys.path])},
    ) as writer:
        said = writer.stdout.read(20)  # it runs
        assert len(said) == 20
        time.sleep(rng.uniform(0, 0.3))
        writer.send_signal(signal.SIGKILL)
        rest = said + writer.stdout.read()
        assert writer.wait() == -signal.SIGKILL
    return int(rest[len(rest) // 20 * 20 - 20 :][:20])


def check_rows(array):
    rows = np.arange(len(array))
    assert_same(array, np.stack([rows, -rows], axis=1))


def kill_and_recover(path, seed):
    appended = kill_a_writer(path, seed)
    found = len(cda.open_memmap(path))
    assert found >= appended
    check_rows(cda.open_memmap(path))
    assert len(np.load(path, mmap_mode="r")) <= found  # as of the last step of growth
    with cda.open_memmap(path, "a") as d:
        assert len(d) == found
    check_rows(np.load(path))
    return appended, found


def test_a_killed_writer_loses_no_row(tmp_path, rng):
    path = tmp_path / "run.npy"
    for _ in range(3):
        # The next goes on where the last one died.
        print("appended, found:", kill_and_recover(path, int(rng.integers(1 << 30))))


@pytest.mark.slow
def test_a_hundred_killed_writers_lose_no_row(tmp_path, rng):
    lost = found_in_all = 0
    for number in range(100):
        path = tmp_path / f"{number // 10}.npy"
        appended, found = kill_and_recover(path, int(rng.integers(1 << 30)))
        lost += max(0, appended - found)
        found_in_all += found
    with (tmp_path / "0.npy").open() as file:
        os.fsync(file.fileno())
    print(f"100 kills, {found_in_all} rows found, {lost} lost")
    assert lost == 0


def test_followers_survive_the_writers_death(tmp_path, rng):
    path = tmp_path / "run.npy"
    cda.open_memmap(path, "w+", "i8", (0, 2)).close()
    f = cda.open_memmap(path)
    assert f.refresh() == 0
    kill_a_writer(path, int(rng.integers(1 << 30)))
    found = f.refresh()
    assert found > 0
    check_rows(f)
    with cda.open_memmap(path, "a") as d:
        assert len(d) == found
        d.append([found, -found])
        assert f.refresh() == found + 1
    assert f.refresh() == found + 1
    check_rows(f)


def test_after_another_boot_the_header_alone_holds(tmp_path):
    path, beside = tmp_path / "run.npy", tmp_path / "run.npy.live"
    d = cda.open_memmap(path, "w+")
    d.extend(np.arange(5.0))
    d.flush(sync=True)
    d.extend(np.arange(5.0))
    content, page = path.read_bytes(), bytearray(beside.read_bytes())
    d.close()
    # What a disk might have after the power failed.
    path.write_bytes(content)
    page[24:60] = b"0" * 36
    beside.write_bytes(page)
    assert_same(cda.open_memmap(path), np.arange(5.0))
    with cda.open_memmap(path, "a") as d:
        assert_same(d, np.arange(5.0))
        d.resize(10)
        assert not d[5:].any()


def test_a_forked_child_has_a_copy(tmp_path):
    path = tmp_path / "run.npy"
    code = f"""
        import os
        import numpy as np
        import cppdynarray as cda
        path = {str(path)!r}
        d = cda.open_memmap(path, "w+")
        f = cda.open_memmap(path)
        d.extend([1.0, 2.0])
        append = d.append
        child = os.fork()
        if child == 0:
            assert d.closed and d.tolist() == [1.0, 2.0]
            for grow in (lambda: append(3), lambda: d.resize(9), d.pop, d.clear, d.flush):
                try:
                    grow()
                except ValueError as error:
                    assert "forked" in str(error), error
                else:
                    raise AssertionError("a child changed its parent's file")
            d.close()
            c = d.copy()
            c.append(3)
            assert f.refresh() == 2
            try:
                cda.open_memmap(path, "a")
            except BlockingIOError:
                os._exit(0)
            os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        append(3)
        assert f.refresh() == 3
        if os.fork() == 0:
            import time
            time.sleep(1)
            os._exit(0)  # still has the file when its parent closes it
        d.close()
        with cda.open_memmap(path, "a") as d:
            d.append(4)
        print(np.load(path).tolist())
    """
    assert run_python(code) == "[1.0, 2.0, 3.0, 4.0]\n"


def test_a_pool_of_forked_processes(tmp_path):
    path = tmp_path / "run.npy"
    code = f"""
        import multiprocessing
        import cppdynarray as cda
        d = cda.open_memmap({str(path)!r}, "w+")
        d.extend([1.0, 2.0])
        def total(start):
            return d[start:].sum()
        with multiprocessing.get_context("fork").Pool(2) as pool:
            print(pool.map(total, [0, 1]))
        d.append(3)
        d.close()
    """
    assert run_python(code) == "[np.float64(3.0), np.float64(2.0)]\n"
    assert_same(np.load(path), np.array([1.0, 2.0, 3.0]))
