"""Tables on files: what arrays on files have, for rows that are in every column or in none."""

import os
import pickle
import shutil
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
from threads import in_threads

import cppdynarray as cda
from subprocesses import run_process, run_python

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no tables on files on Windows")

DTYPE = [("time", "f8"), ("x", "f4", 2), ("name", "U5"), ("point", [("a", "i4"), ("b", "f8")]), ("n", "i2")]


def row(i):
    return (i / 2, [i, 2 * i], f"n{i % 100}", (i, i + 0.5), i % 1000)


def assert_rows(t, numbers):
    assert len(t) == len(numbers)
    assert [float(time) for time in t["time"]] == [i / 2 for i in numbers]
    assert t["x"].tolist() == [[i, 2 * i] for i in numbers]
    assert t["name"].tolist() == [f"n{i % 100}" for i in numbers]
    assert t["point"].tolist() == [(i, i + 0.5) for i in numbers]
    assert t["n"].tolist() == [i % 1000 for i in numbers]


@pytest.fixture
def run(tmp_path):
    return tmp_path / "run"


def test_a_table_is_npy_files_in_a_folder(run):
    with cda.open_table(run, "x", DTYPE) as t:
        assert type(t) is cda.MemmapTable and isinstance(t, cda.DynamicTable)
        assert t.directory == str(run) and t.mode == "x" and not t.closed
        t.extend(row(i) for i in range(3000))
        assert_rows(t, range(3000))
        assert t.capacity >= 3000 and t.max_size > 3000
    assert sorted(path.name for path in run.iterdir()) == [
        "columns.json", "n.npy", "name.npy", "point.npy", "time.npy", "x.npy"]
    assert t.closed
    assert_rows(t, range(3000))
    for name in t.names:
        assert np.array_equal(np.load(run / f"{name}.npy"), t[name])


@pytest.mark.parametrize("mode", ["a", "r+"])
def test_going_on(run, mode):
    with cda.open_table(run, "a", DTYPE) as t:
        t.append(row(0))
    for i in (1, 2):
        with cda.open_table(run, mode) as t:
            t.append(row(i))
            assert t.names == tuple(name for name, *_ in DTYPE)
    with cda.open_table(run, mode, DTYPE) as t:
        del t[0]
        t.insert(0, row(7))
        t.swap_remove(1)
        t.resize(3)
        t.pop()
        assert_rows(t, [7, 2])
    with cda.open_table(run, "w+", DTYPE) as t:
        assert len(t) == 0


def test_modes_that_need_what_is_not_there(run):
    for mode in ("r", "r+"):
        with pytest.raises(FileNotFoundError):
            cda.open_table(run, mode)
    for mode in ("a", "x", "w+"):
        with pytest.raises(TypeError, match="names its columns"):
            cda.open_table(run, mode)
    with pytest.raises(ValueError, match="mode must be"):
        cda.open_table(run, "w", DTYPE)
    assert not run.exists()
    for bad in (object, str):
        with pytest.raises(ValueError):
            cda.open_table(run, "x", [("time", "f8"), ("bad", bad)])
    for name in ("a/b", ".a", "a\0b", "a" * 300):
        with pytest.raises(ValueError, match="gives its file a name"):
            cda.open_table(run, "x", [(name, "f8")])
    assert not run.exists()
    cda.open_table(run, "x", DTYPE).close()
    with pytest.raises(FileExistsError):
        cda.open_table(run, "x", DTYPE)
    for mode in ("a", "r+", "r", "w+"):
        with pytest.raises(ValueError, match="has the columns"):
            cda.open_table(run, mode, DTYPE[:2])
    with pytest.raises(ValueError, match="dtype"):
        cda.open_table(run, "a", [("time", "f4"), *DTYPE[1:]])


def test_a_column_that_is_gone_is_not_made_again(run):
    with cda.open_table(run, "x", DTYPE) as t:
        t.append(row(0))
    (run / "x.npy").unlink()
    for mode in ("r", "r+", "a"):
        with pytest.raises(FileNotFoundError):
            cda.open_table(run, mode, DTYPE)
    assert len(np.load(run / "time.npy")) == 1


def test_one_writes_and_others_follow(run):
    t = cda.open_table(run, "x", DTYPE)
    follower = cda.open_table(run)
    for mode in ("r+", "a", "w+"):
        with pytest.raises(BlockingIOError):
            cda.open_table(run, mode, DTYPE)
    t.extend(row(i) for i in range(100))
    assert len(follower) == 0
    assert follower.refresh() == 100
    views = follower[:]
    assert_rows(follower, range(100))
    t.extend([row(i) for i in range(100, 50_000)])
    assert follower.refresh() == 50_000
    assert_rows(follower, range(50_000))
    assert len(views["time"]) == 100 and np.shares_memory(views["time"], follower["time"][:100])
    assert follower.capacity == follower.max_size == 50_000
    for change in (lambda: follower.append(row(1)), lambda: follower.extend([row(1)]), follower.clear,
                   lambda: follower.resize(3), lambda: follower.swap_remove(0), lambda: follower.__delitem__(0),
                   follower.pop, lambda: follower.reserve(9), lambda: follower.insert(0, row(1)), follower.flush,
                   lambda: follower.__setitem__(0, row(1))):
        with pytest.raises(ValueError, match="was opened to be read"):
            change()
    with pytest.raises(ValueError, match="read-only"):
        follower["time"][0] = 1
    t.close()
    assert follower.refresh() == 50_000
    with cda.open_table(run, "a") as again:
        again.append(row(50_000))
        assert follower.refresh() == 50_001
    follower.close()
    assert follower.closed


def test_a_closed_table_can_be_read(run):
    t = cda.open_table(run, "x", DTYPE)
    t.extend(row(i) for i in range(10))
    view = t["time"]
    t.close()
    t.close()
    for change in (lambda: t.append(row(1)), lambda: t.extend([row(1)]), t.clear, t.flush, lambda: t.append((1, 2))):
        with pytest.raises(ValueError, match="is closed"):
            change()
    assert_rows(t, range(10))
    t.refresh()
    t.shrink_to_fit()
    copy = t.copy()
    assert type(copy) is cda.DynamicTable and copy == t
    copy.append(row(10))
    assert view.tolist() == [i / 2 for i in range(10)]


def test_a_pickle_opens_the_folder(run):
    with cda.open_table(run, "x", DTYPE) as t:
        t.extend(row(i) for i in range(10))
        other = pickle.loads(pickle.dumps(t))
        assert type(other) is cda.MemmapTable and other.mode == "r"
        t.append(row(10))
        assert other.refresh() == 11
        assert len(pickle.loads(pickle.dumps(other))) == 11


def test_flush_writes_the_headers(run):
    t = cda.open_table(run, "x", DTYPE)
    t.extend(row(i) for i in range(10))
    for sync in (False, True):
        t.append(row(len(t)))
        t.flush(sync)
        assert {len(np.load(run / f"{name}.npy")) for name in t.names} == {len(t)}
    t.close()


def test_refused_rows_are_in_no_file(run):
    with cda.open_table(run, "x", DTYPE) as t:
        t.append(row(0))
        for bad in ((1, [1, 2], "too long", (1, 2), 3), (1, [1, 2], "a", (1, 2), 2**20)):
            with pytest.raises((ValueError, OverflowError)):
                t.append(bad)
            with pytest.raises((ValueError, OverflowError)):
                t.extend([row(1)] * 5000 + [bad])
        t.append(row(1))
    with cda.open_table(run) as found:
        assert_rows(found, [0, 1])


FULL = """
    import errno, resource, sys
    import numpy as np, cppdynarray as cda
    # The third column is the widest: it meets the limit first.
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    t = cda.open_table(sys.argv[1], "x", [("a", "f8"), ("b", "i4"), ("c", "f8", 16), ("d", "i2")])
    count = 0
    try:
        while True:
            if count % 3:
                t.append((count, count, [count] * 16, count % 1000))
                count += 1
            else:
                t.extend([(count, count, [count] * 16, count % 1000)] * 1)
                count += 1
    except OSError as error:
        assert error.errno in (errno.EFBIG, errno.ENOSPC), error
    assert len(t) == count and {len(column) for column in t.values()} == {count}
    for _ in range(3):
        try:
            t.extend({"a": np.zeros(9000), "b": 1, "c": np.zeros((9000, 16)), "d": 1})
        except OSError:
            assert len(t) == count
        else:
            raise AssertionError
    del t[-10:]
    t.append((count - 10, count - 10, [count - 10] * 16, (count - 10) % 1000))
    print(len(t), flush=True)
    if len(sys.argv) > 2:
        import os
        os._exit(1)
    t.close()
"""


@pytest.mark.parametrize("ends", [[], ["killed"]])
def test_a_disk_that_is_full_in_the_third_column(run, ends):
    command = [sys.executable, "-c", textwrap.dedent(FULL), str(run), *ends]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout, done.stderr
    count = int(done.stdout)
    for t in (cda.open_table(run), cda.open_table(run, "r+")):
        assert len(t) == count > 1000
        assert t["a"].tolist() == t["b"].tolist() == t["c"][:, 15].tolist() == list(range(count))
        assert t["d"].tolist() == [i % 1000 for i in range(count)]
        t.close()


WRITER = """
    import sys, itertools
    import cppdynarray as cda
    t = cda.open_table(sys.argv[1], "a", [("a", "i8"), ("b", "f8", 2), ("c", "i4"), ("d", "U6")])
    print("ready", flush=True)
    for i in itertools.count(len(t)):
        if i % 100 == 7:
            t.extend([(i + k, [i + k, -i - k], i + k, str((i + k) % 10**6)) for k in range(1)])
        else:
            t.append((i, [i, -i], i, str(i % 10**6)))
"""


def assert_whole(t, count):
    views = t[:count]
    expected = np.arange(count)
    assert np.array_equal(views["a"], expected) and np.array_equal(views["c"], expected)
    assert np.array_equal(views["b"], np.stack([expected, -expected], 1))
    last = views["d"][-1000:].tolist()
    assert last == [str(i % 10**6) for i in range(count - len(last), count)]


@pytest.mark.parametrize("kills", [12, pytest.param(100, marks=pytest.mark.slow)])
def test_killed_at_any_moment_it_leaves_whole_rows(run, kills):
    rng = np.random.default_rng(kills)
    before = 0
    for number in range(kills):
        writer = subprocess.Popen([sys.executable, "-c", textwrap.dedent(WRITER), str(run)], stdout=subprocess.PIPE)
        try:
            assert writer.stdout.readline() == b"ready\n"
            follower = cda.open_table(run)
            until = time.monotonic() + rng.random() * 0.1
            while time.monotonic() < until:
                seen = follower.refresh()
            writer.send_signal(signal.SIGKILL)
        finally:
            writer.kill()
            writer.wait()
            writer.stdout.close()
        with cda.open_table(run, "r" if number % 2 else "r+") as t:
            assert len(t) >= max(seen, before)
            before = len(t)
            assert_whole(t, before)
    assert before > 1000


def test_another_process_sees_whole_rows(run):
    writer = subprocess.Popen([sys.executable, "-c", textwrap.dedent(WRITER), str(run)], stdout=subprocess.PIPE)
    try:
        assert writer.stdout.readline() == b"ready\n"
        follower = cda.open_table(run)
        looks, seen = 0, set()
        until = time.monotonic() + 1
        while time.monotonic() < until:
            count = follower.refresh()
            looks += 1
            seen.add(count)
            if count:
                a, b, c, d = (follower[name] for name in "abcd")
                assert len(a) == len(b) == len(c) == len(d) == count
                assert a[-1] == c[-1] == b[-1, 0] == -b[-1, 1] == count - 1 and d[-1] == str((count - 1) % 10**6)
    finally:
        writer.kill()
        writer.wait()
        writer.stdout.close()
    assert looks > 100 and len(seen) > 10
    assert_whole(follower, follower.refresh())


def test_a_forked_child_has_what_there_was(run):
    t = cda.open_table(run, "x", DTYPE)
    t.extend(row(i) for i in range(100))
    child = os.fork()
    if child == 0:
        code = 1
        try:
            count = len(t)
            assert count in (100, 300)  # the parent goes on while the child begins
            with pytest.raises(ValueError, match="forked from"):
                t.append(row(100))
            t.copy().append(row(100))
            assert_rows(t, range(count))
            code = 0
        finally:
            os._exit(code)
    t.extend(row(i) for i in range(100, 300))
    assert os.waitpid(child, 0)[1] == 0
    assert_rows(t, range(300))
    t.close()
    assert_rows(cda.open_table(run), range(300))


def test_tables_left_open_are_finished_at_exit(run):
    run_python(textwrap.dedent(f"""
        import cppdynarray as cda
        t = cda.open_table({str(run)!r}, "x", [("x", "f8"), ("y", "i4")])
        t.extend([(i, i) for i in range(1000)])
    """))
    assert not (run / "table.live").exists()
    assert len(np.load(run / "y.npy")) == 1000


def test_columns_of_several_lengths_are_read_as_far_as_rows_are_whole_and_not_written(run):
    run.mkdir()
    np.save(run / "x.npy", np.arange(5.0))
    np.save(run / "y.npy", np.arange(3))
    t = cda.open_table(run)
    assert t.names == ("x", "y") and len(t) == 3 and t["x"].tolist() == [0, 1, 2]
    before = contents(run)
    with pytest.raises(ValueError, match=r"would take rows away \(x.npy 5, y.npy 3\): was one restored"):
        cda.open_table(run, "r+")
    assert contents(run) == before
    with cda.open_memmap(run / "x.npy", "r+") as x:
        x.resize(3)
    with cda.open_table(run, "r+") as t:
        t.append((7, 8))
        assert t["x"].tolist() == [0, 1, 2, 7]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("killed", [False, True])
def test_a_column_that_was_restored_takes_no_rows_of_the_others(run, killed):
    with cda.open_table(run, "x", DTYPE) as t:
        t.extend(row(i) for i in range(10))
        t.flush()
        old = (run / "x.npy").read_bytes()[:4096 + 10 * 8]
    del t  # or the files are left longer than their rows, as somebody looks at them
    code = f"""
        import os, signal
        import cppdynarray as cda
        t = cda.open_table({str(run)!r}, "a")
        t.extend((i / 2, [i, 2 * i], f"n{{i}}", (i, i + 0.5), i) for i in range(10, 30))
        {'os.kill(os.getpid(), signal.SIGKILL)' if killed else 't.close()'}
    """
    assert run_process(code).returncode == (-signal.SIGKILL if killed else 0)
    (run / "x.npy").write_bytes(old)
    assert len(cda.open_table(run)) == 10
    with pytest.raises(ValueError, match=r"x\.npy 10, "):
        cda.open_table(run, "a")
    assert len(cda.open_memmap(run / "n.npy" if not killed else run / "x.npy")) == (10 if killed else 30)
    if killed:
        return
    for name in ("time", "name", "point", "n"):
        with cda.open_memmap(run / f"{name}.npy", "r+") as d:
            d.resize(10)
    with cda.open_table(run, "a") as t:
        t.append(row(10))
        assert_rows(t, range(11))


@pytest.mark.parametrize("text", ["", "[", "7", "[]", "{}", "[1]", '["time", "time"]', "\xff", "[" * 100_000])
def test_a_damaged_list_of_columns(run, text):
    with cda.open_table(run, "x", DTYPE) as t:
        t.append(row(0))
    (run / "columns.json").write_text(text, encoding="latin1")
    for mode in ("r", "r+", "a", "w+"):
        with pytest.raises(ValueError, match=r"columns\.json has no list of columns: .* in alphabetical order"):
            cda.open_table(run, mode)
    (run / "columns.json").unlink()
    assert sorted(cda.open_table(run)[0]._fields) == ["n", "name", "point", "time", "x"]


@pytest.mark.parametrize("name", ["columns.json", "table.live", "x.npy"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/null", path)])
def test_what_is_no_regular_file_is_refused_untouched(run, name, make):
    with cda.open_table(run, "x", DTYPE) as t:
        t.append(row(0))
    (run / name).unlink(missing_ok=True)
    make(run / name)
    before = sorted(os.listdir(run))
    with pytest.raises(OSError, match=r"regular file|directory"):
        cda.open_table(run, "a", DTYPE)
    assert sorted(os.listdir(run)) == before
    if name == "table.live":
        assert len(cda.open_table(run)) == 1


def test_links_stay_and_lead_to_the_columns_files(run, tmp_path):
    with cda.open_table(run, "x", DTYPE) as t:
        t.append(row(0))
    real = tmp_path / "elsewhere.npy"
    np.save(real, np.load(run / "x.npy"))  # which can't grow as it is
    (run / "x.npy").unlink()
    (run / "x.npy").symlink_to(real)
    with cda.open_table(run, "a") as t:
        t.append(row(1))
        assert_rows(t, range(2))
    assert (run / "x.npy").is_symlink() and len(np.load(real)) == 2


def test_a_subclass_arrives_as_such(run):
    with Named(run, "x", DTYPE, "mine") as t:
        t.append(row(0))
        arrived = pickle.loads(pickle.dumps(t))
        t.append(row(1))
    assert type(arrived) is Named and arrived.mode == "r" and arrived.refresh() == 2
    with pytest.raises(ValueError, match="opened to be read"):
        arrived.append(row(2))


class Named(cda.MemmapTable):
    def __new__(cls, directory, mode, dtype, name):
        made = super().__new__(cls, directory, mode, dtype)
        made.name = name
        return made


def test_killed_while_it_is_replaced_it_opens_with_whole_rows(run):
    code = textwrap.dedent(f"""
        import cppdynarray as cda
        print("ready", flush=True)
        while True:
            with cda.open_table({str(run)!r}, "w+", {DTYPE!r}) as t:
                t.extend((i / 2, [i, 2 * i], f"n{{i}}", (i, i + 0.5), i) for i in range(50))
    """)
    for attempt in range(10):
        writer = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        with writer:
            writer.stdout.readline()
            time.sleep(0.01 + 0.007 * attempt)
            writer.kill()
        if (run / "columns.json").exists():
            with cda.open_table(run, "a", DTYPE) as t:
                assert_rows(t, range(len(t)))


def test_threads_that_open_it_at_once(run):
    cda.open_table(run, "x", [("n", "i8"), ("m", "f4")]).close()
    refused, appended = [], []

    def go():
        for _ in range(20):
            try:
                with cda.open_table(run, "a") as t:
                    t.append((len(t), len(t)))
                    appended.append(1)
            except BlockingIOError as error:
                refused.append(error)

    in_threads(go, go, go)
    assert len(appended) + len(refused) == 60 and appended
    assert cda.open_table(run)["n"].tolist() == list(range(len(appended)))
    assert sorted(os.listdir(run)) == ["columns.json", "m.npy", "n.npy"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc")
def test_ctrl_c_leaves_whole_rows_and_neither_lock_nor_descriptor(run):
    code = f"""
        import os, random, signal
        import cppdynarray as cda
        run = {str(run)!r}
        cda.open_table(run, "x", [("a", "i8"), ("b", "f4", 2)]).close()
        before = sorted(os.listdir("/proc/self/fd"))
        def interrupt(*_):
            raise KeyboardInterrupt
        signal.signal(signal.SIGALRM, interrupt)
        def work():  # in a function: CPython 3.11 and 3.14 leave a loop's jump back out of the try around it
            global t
            t = cda.open_table(run, random.choice(["a", "r+", "w+"]), [("a", "i8"), ("b", "f4", 2)])
            while True:
                t.append((len(t), [0, len(t)]))
                t.extend([(len(t), [0, len(t)]), (len(t) + 1, [0, len(t) + 1])])
                if random.random() < 0.02:
                    t.flush()
                if random.random() < 0.01:
                    return t.close()
        interrupted, kept = 0, None
        while interrupted < 100:
            t = None
            try:
                try:
                    signal.setitimer(signal.ITIMER_REAL, random.uniform(20e-6, 2500e-6))
                    work()
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt as error:
                interrupted, kept = interrupted + 1, error  # with all its frames, as a notebook keeps the last one
            if t is not None:
                t.close()
            t = None
            with cda.open_table(run, "r+") as t:
                assert t["a"].tolist() == t["b"][:, 1].tolist() == list(range(len(t)))
        kept = t = None
        assert sorted(os.listdir("/proc/self/fd")) == before, os.listdir("/proc/self/fd")
        assert sorted(os.listdir(run)) == ["a.npy", "b.npy", "columns.json"], os.listdir(run)
    """
    run_python(code)


def test_a_folder_that_was_copied_is_a_table_of_its_own(run, tmp_path):
    with cda.open_table(run, "x", DTYPE) as t:
        t.extend(row(i) for i in range(10))
        t.flush()
        shutil.copytree(run, tmp_path / "copy")
        with cda.open_table(tmp_path / "copy", "a") as other:
            other.append(row(10))
            t.append(row(77))
            assert_rows(other, range(11))
        assert_rows(t, [*range(10), 77])
