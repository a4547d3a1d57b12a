"""Each file has one owner: what fails, is interrupted or runs beside it does nothing to the files of others.

And nothing is cut, deleted or overwritten that isn't ours: see test_power_cuts.py for machines that stop.
"""

import errno
import multiprocessing
import os
import pickle
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pushing
import pytest

import cppdynarray as cda
from helpers import assert_same
from subprocesses import linux_only, run_process, run_python

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no arrays on files on Windows")

OTHERS = b"important " * 1000


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.npy"


def kill_writer(path, code):
    """Runs a program with an array `d` on the file, in mode "a", that is then gone without a word."""
    opening = f"import os, numpy as np, cppdynarray as cda\nd = cda.open_memmap({str(path)!r}, 'a')"
    run_python(f"{opening}\n{code}\nos._exit(0)")


def start_again(path):
    """As if the system had been started again since: the live page has another boot's name."""
    with Path(f"{path}.live").open("r+b") as file:
        file.seek(24)
        file.write(b"0" * 36)


# The descriptor.


class Refusing(cda.DynamicMemmap):
    kept = []  # noqa: RUF012

    def __array_finalize__(self, obj):
        self.kept.append(self)
        raise ValueError("a mistake in my class")


@pytest.mark.parametrize("mode", ["r", "r+", "a", "w+"])
def test_a_class_that_fails_leaves_the_file_and_its_array_readable(path, mode):
    with cda.open_memmap(path, "w+") as d:
        d.extend(np.arange(1000.0))
    with pytest.raises(ValueError, match="a mistake"):
        Refusing(path, mode)
    kept = Refusing.kept.pop()
    others = [path.with_name(f"thesis{number}.txt") for number in range(3)]
    for other in others:
        other.write_bytes(OTHERS)
    with cda.open_memmap(path, "a") as d:
        assert_same(d, np.arange(1000.0))
        d.append(1)
    if len(kept):
        assert np.ndarray.__getitem__(kept, 3) == 3
    assert all(other.read_bytes() == OTHERS for other in others)


def test_a_failed_open_has_nothing_at_exit(path):
    code = f"""
        import os
        import cppdynarray as cda
        path = {str(path)!r}
        class Mine(cda.DynamicMemmap):
            def __array_finalize__(self, obj):
                raise ValueError("a mistake in my class")
        text = "{{'descr': '<f8', 'fortran_order': False, 'shape': (%20d, 0, 4611686018427387904, 4), }}" % 0
        with open(path + "0", "wb") as file:
            file.write(b"\\x93NUMPY\\1\\0" + (4086).to_bytes(2, "little") + text.encode().ljust(4085) + b"\\n")
        for opening in (lambda: Mine(path, "a"), lambda: Mine(path, "a"), lambda: cda.open_memmap(path + "0", "a")):
            try: opening()
            except ValueError: pass
            else: raise AssertionError
        for number in range(5):  # and they stay open
            os.write(os.open(path + str(number) + ".txt", os.O_RDWR | os.O_CREAT), {OTHERS!r})
    """
    run_python(code)
    for number in range(5):
        assert Path(f"{path}{number}.txt").read_bytes() == OTHERS


def test_flush_beside_close_writes_to_its_own_file(path):
    for attempt in range(8):
        d = cda.open_memmap(path, "w+")
        d.extend(np.ones(500_000))
        results = []

        def flush(d=d, results=results):
            try:
                d.flush(sync=True)
            except ValueError as error:
                results.append(str(error))

        thread = threading.Thread(target=flush)
        thread.start()
        threading.Event().wait(0.001 * (attempt % 4))
        d.close()
        others = [path.with_name(f"other{number}.txt") for number in range(6)]
        files = [other.open("w+b", buffering=0) for other in others]
        for file in files:
            file.write(OTHERS)
        thread.join()
        for file in files:
            file.close()
        assert all(other.read_bytes() == OTHERS for other in others)
        assert all("is closed" in result for result in results)
        assert len(np.load(path)) == 500_000


def test_flush_beside_growing_and_shrinking(path):
    d = cda.open_memmap(path, "w+")
    stop, errors = threading.Event(), []

    def flush():
        while not stop.is_set():
            try:
                d.flush()
                d.flush(sync=True)
            except Exception as error:
                errors.append(error)

    thread = threading.Thread(target=flush)
    thread.start()
    for _ in range(100):
        d.extend(np.ones(20_000))
        d.resize(10)
        d.shrink_to_fit()
    stop.set()
    thread.join()
    assert errors == []


@linux_only
def test_ctrl_c_at_any_moment_of_an_open_leaves_neither_lock_nor_descriptor(tmp_path):
    code = f"""
        import os, random, signal, time
        import cppdynarray as cda
        path = os.path.join({str(tmp_path)!r}, "run.npy")
        cda.open_memmap(path, "w+").close()
        before = sorted(os.listdir("/proc/self/fd"))
        def interrupt(*_):
            raise KeyboardInterrupt
        signal.signal(signal.SIGALRM, interrupt)
        interrupted, kept = 0, None
        while interrupted < 120:
            for mode in ("a", "w+", "x", "r"):
                d, name = None, path if mode != "x" else path + "x"
                try:
                    try:
                        signal.setitimer(signal.ITIMER_REAL, random.uniform(20e-6, 900e-6))
                        d = cda.open_memmap(name, mode)
                    finally:
                        signal.setitimer(signal.ITIMER_REAL, 0)
                except KeyboardInterrupt as error:
                    interrupted += 1
                    kept = error  # with all its frames, as a notebook keeps the last exception
                if d is not None:
                    d.close()
                d = None
                if mode == "x" and os.path.exists(name):
                    os.unlink(name)
                cda.open_memmap(path, "r+").close()
        kept = None
        assert sorted(os.listdir("/proc/self/fd")) == before, os.listdir("/proc/self/fd")
        assert sorted(os.listdir({str(tmp_path)!r})) == ["run.npy"], os.listdir({str(tmp_path)!r})
    """
    run_python(code)


# What isn't ours.


def make_fifo(path):
    os.mkfifo(path)


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def make_device(path):
    if os.geteuid() != 0:
        pytest.skip("only root makes devices")
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("no devices can be made here")


@pytest.mark.parametrize("make", [make_fifo, make_socket, make_device])
def test_devices_pipes_and_sockets_are_refused_untouched(tmp_path, monkeypatch, make):
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    make("run")
    before = os.lstat("run")
    for mode in ("r", "r+", "a", "w+"):
        with pytest.raises(OSError, match="not a regular file"):
            cda.open_memmap("run", mode)
    with pytest.raises(FileExistsError):
        cda.open_memmap("run", "x")
    after = os.lstat("run")
    assert (before.st_ino, before.st_mode, before.st_mtime_ns) == (after.st_ino, after.st_mode, after.st_mtime_ns)
    assert os.listdir() == ["run"]


def by_copy(saved, path):
    shutil.copyfile(saved, path)


def by_rename(saved, path):
    shutil.copyfile(saved, f"{path}.copy")
    os.replace(f"{path}.copy", path)


def by_save(saved, path):
    with path.open("r+b") as file:
        np.save(file, np.load(saved))
        file.truncate()


@pytest.mark.parametrize("put", [by_copy, by_rename, by_save])
@pytest.mark.parametrize("rows", [0, 3, 1000])
@pytest.mark.parametrize("killed_rows", [3, 20_000])
def test_a_file_in_the_place_of_a_killed_writers_is_what_its_header_says(path, tmp_path, put, rows, killed_rows):
    saved, expected = tmp_path / "saved.npy", np.arange(float(rows))
    with cda.open_memmap(saved, "w+") as d:
        d.extend(expected)
    kill_writer(path, f"d.extend(np.ones({killed_rows}))")
    put(saved, path)
    assert_same(cda.open_memmap(path), expected)
    with cda.open_memmap(path, "a") as d:
        assert_same(d, expected)
        d.append(-1)
    assert_same(np.load(path), np.append(expected, -1))


@pytest.mark.parametrize("put", [by_copy, by_rename])
@pytest.mark.parametrize("values", [np.zeros, np.ones])
def test_a_copy_that_was_made_while_somebody_wrote_is_what_its_header_says(path, tmp_path, put, values):
    saved = tmp_path / "saved.npy"
    with cda.open_memmap(path, "w+") as d:
        d.extend(values(5000))
        d.flush()
        d.extend(values(100))
        shutil.copyfile(path, saved)
        shutil.copyfile(f"{path}.live", f"{saved}.live")
        assert len(cda.open_memmap(saved)) == len(np.load(saved)) == 5000
        os.unlink(f"{saved}.live")
        d.extend(values(50_000))
    assert_same(cda.open_memmap(saved), values(5000))
    kill_writer(path, "d.extend(np.ones(7))")
    put(saved, path)  # restored
    with cda.open_memmap(path, "r+") as d:
        assert_same(d, values(5000))


@pytest.mark.parametrize("mode", ["x", "a", "w+"])
def test_a_file_system_where_a_file_has_one_name(path, mode, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with cda.open_memmap(path, mode) as d:
        d.append(1)
    assert_same(np.load(path), np.ones(1))
    assert os.listdir(path.parent) == ["run.npy"]


def test_processes_that_make_a_file_at_once(path):
    """One makes it; the others go on with it, or are refused."""
    code = f"""
        import cppdynarray as cda
        try:
            d = cda.open_memmap({str(path)!r}, "a")
        except BlockingIOError:
            print(0)
        else:
            d.append(1)
            d.close()
            print(1)
    """
    with ThreadPoolExecutor(4) as threads:
        made = sum(int(text) for text in threads.map(run_python, [code] * 8))
    assert made >= 1
    assert len(np.load(path)) == made
    assert os.listdir(path.parent) == ["run.npy"]


def test_files_of_earlier_versions_have_no_record_and_open(path):
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({5:20},), }}"
    header = b"\x93NUMPY\1\0" + (4086).to_bytes(2, "little") + text.encode().ljust(4085) + b"\n"
    for mode in ("r", "r+", "a"):
        path.write_bytes(header + np.arange(5.0).tobytes())
        with cda.open_memmap(path, mode) as d:
            assert_same(d, np.arange(5.0))
            if mode != "r":
                d.append(5)
    inode = path.stat().st_ino
    assert_same(np.load(path), np.arange(6.0))
    with cda.open_memmap(path, "a") as d:
        assert_same(d, np.arange(6.0))
    assert path.stat().st_ino == inode


def test_opening_cuts_nothing(path):
    kill_writer(path, "d.extend(np.arange(100_000.)); d.flush(sync=True); d.resize(10)")
    size = path.stat().st_size
    for _ in range(2):
        kill_writer(path, "assert len(d) == 10")
        assert path.stat().st_size == size
        assert np.fromfile(path, "f8", offset=4096)[99_999] == 99_999
    start_again(path)
    for mode in ("r", "r+", "a"):
        assert len(cda.open_memmap(path, mode)) == 10


def test_an_orderly_end_of_the_system_loses_no_row(path):
    kill_writer(path, "for i in range(300_000): d.append(i)")
    start_again(path)
    assert_same(cda.open_memmap(path), np.arange(300_000.0))
    with cda.open_memmap(path, "a") as d:
        assert_same(d, np.arange(300_000.0))


def test_a_header_that_is_ahead_of_the_size(path, tmp_path):
    with cda.open_memmap(path, "a") as d:
        d.extend(np.arange(8192.0))
        d.flush(sync=True)
        on_disk = path.read_bytes()[: 4096 + 8 * 8192]
        d.extend(np.arange(50_000.0))
        d.flush()
        after = tmp_path / "after.npy"
        after.write_bytes(path.read_bytes()[:4096] + on_disk[4096:])
    for mode in ("r", "r+", "a"):
        with cda.open_memmap(after, mode) as d:
            assert_same(d, np.arange(8192.0))


# Who can still look.


def test_a_closed_array_is_read_whatever_the_next_writer_does(path):
    d = cda.open_memmap(path, "w+")
    d.extend(np.arange(100_000.0))
    view = d[:]
    d.close()
    with cda.open_memmap(path, "r+") as e:
        view[7] = -1
        assert e[7] == 7
        e.clear()
        e.shrink_to_fit()
    assert view[7] == -1
    assert d[50_000] in (0, 50_000)
    assert view.sum() is not None
    with cda.open_memmap(path, "r+") as e:
        e.extend(np.ones(100_000))
        view[8] = -1
    assert_same(np.load(path), np.ones(100_000))
    del d, view
    with cda.open_memmap(path, "r+") as e:
        e.resize(3)
    assert path.stat().st_size == 4096 + 24


def test_a_forked_child_reads_and_its_writes_are_its_own(path):
    code = f"""
        import os
        import numpy as np
        import cppdynarray as cda
        d = cda.open_memmap({str(path)!r}, "w+")
        d.extend(np.arange(100_000.0))
        view, removed = d[:], d[99_000:]
        d.resize(99_500)
        ready, go = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            view[0] = removed[-1] = -1
            os.write(ready[1], b"x")
            os.read(go[0], 1)
            assert view[0] == removed[-1] == -1
            assert d[50_000] in (0, 50_000) and view.sum() != 0.5
            try:
                d.append(1)
            except ValueError as error:
                assert "forked" in str(error)
                os._exit(0)
            os._exit(1)
        os.read(ready[0], 1)
        assert d[0] == 0
        d.clear()
        d.shrink_to_fit()
        d.close()
        os.write(go[1], b"x")
        assert os.waitpid(child, 0)[1] == 0
        assert cda.open_memmap({str(path)!r}, "a").shape == (0,)
    """
    run_python(code)


def test_children_of_a_thousand_forks_leave_nothing(path):
    code = f"""
        import os
        import cppdynarray as cda
        d = cda.open_memmap({str(path)!r}, "w+")
        before = os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []
        for _ in range(50):
            child = os.fork()
            if child == 0:
                os._exit(0)
            d.append(1)
            assert os.waitpid(child, 0)[1] == 0
        assert len(before) in (0, len(os.listdir("/proc/self/fd")))
        d.close()
        assert os.path.getsize({str(path)!r}) == 4096 + 400
    """
    run_python(code)


@pytest.mark.skipif(not pushing.can_compile(), reason="no C++ compiler")
def test_the_process_ends_while_a_thread_of_cpp_pushes(tmp_path):
    folder = Path(pushing.module().__file__).parent
    for attempt in range(4):
        path = tmp_path / f"{attempt}.npy"
        code = f"""
            import ctypes, time
            import numpy as np
            import cppdynarray as cda
            import pushing
            module = pushing.load_from({str(folder)!r})
            d = cda.open_memmap({str(path)!r}, "w+")
            handle = module.hold(d, False, False)
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(handle))  # nobody joins the thread
            module.push(handle, np.ones(50_000_000))
            while len(d) < 100_000:
                time.sleep(0.001)
            print(len(d))
        """
        process = run_process(code)
        assert process.returncode == 0, process.stderr
        found = cda.open_memmap(path)
        assert len(found) >= int(process.stdout)
        assert (found == 1).all()


@pytest.mark.parametrize("follows", [False, True])
def test_extending_by_a_view_of_removed_rows(path, follows):
    d = cda.open_memmap(path, "w+")
    d.extend(np.arange(4000.0))
    shown = cda.open_memmap(path)[:] if follows else d[:]
    for start in (1000, 3000, 10):
        del d[start:]
        expected = np.concatenate([d, np.array(shown)])
        d.extend(shown)
        assert_same(d, expected)


# What would write over the file.


@pytest.mark.parametrize("mode", ["a", "r", "closed"])
def test_saving_onto_its_own_file_is_refused(path, mode, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with cda.open_memmap(path, "w+") as made:
        made.extend(np.arange(10.0))
    before = path.read_bytes()[4096:]
    d = cda.open_memmap(path, "r" if mode == "r" else "a")
    if mode == "closed":
        d.close()
    os.link(path, "other name")
    for save in (
        lambda: np.save(path, d), lambda: np.save("run.npy", d), lambda: np.save("run", d),
        lambda: np.save(arr=d, file=path), lambda: d.tofile(path), lambda: d.tofile("other name"), lambda: d.dump(path),
        lambda: np.savetxt("run.npy", d),
    ):
        with pytest.raises(ValueError, match=r"run\.npy|run|other name is the file"):
            save()
        assert path.read_bytes()[4096 : 4096 + 80] == before
    with path.open("r+b") as file, pytest.raises(ValueError, match="is the file that an array is on"):
        d.tofile(file)
    np.save("copy.npy", d)
    np.savez("run.npz", d=d)
    d.tofile("copy.bin")
    assert_same(np.load("copy.npy"), np.arange(10.0))
    assert np.load("run.npz")["d"].tolist() == np.fromfile("copy.bin").tolist() == list(range(10))
    for wrong in (lambda: np.save(None, d), lambda: d.tofile(3.5), lambda: np.save(tmp_path / "no" / "folder", d)):
        with pytest.raises((TypeError, OSError, AttributeError)):
            wrong()


@pytest.mark.parametrize("mode", ["a", "r", "closed"])
def test_saving_a_table_onto_a_column_is_refused(tmp_path, mode, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with cda.open_table("run", "w+", [("x", "f8"), ("y", "i4")]) as t:
        t.extend({"x": np.arange(10.0), "y": np.arange(10)})
    before = {name: Path("run", name).read_bytes()[4096 : 4096 + 40] for name in ("x.npy", "y.npy")}
    t = cda.open_table("run", "r" if mode == "r" else "a")
    if mode == "closed":
        t.close()
    for save in (
        lambda path: np.save(path, t), lambda path: np.save(path.removesuffix(".npy"), t),
        lambda path: np.savetxt(path, t), lambda path: np.save(arr=t, file=Path(path)),
    ):
        for path in ("run/x.npy", "run/y.npy"):
            with pytest.raises(ValueError, match=rf"^{path[:5]}.* is the file that an array is on"):
                save(path)
    assert before == {name: Path("run", name).read_bytes()[4096 : 4096 + 40] for name in before}
    np.save("copy.npy", t)
    np.savez("run.npz", t=t)
    assert np.load("copy.npy").tolist() == np.load("run.npz")["t"].tolist() == [(i, i) for i in range(10)]


def test_functions_of_numpy_take_a_table_on_files_as_one_in_memory(tmp_path):
    t = cda.open_table(tmp_path / "run", "a", [("x", "f8"), ("y", "i4")])
    t.extend({"x": np.arange(10.0), "y": np.arange(10)})
    in_memory, records = t.copy(), np.asarray(t)
    growing = cda.array(records)
    for function in (
        np.shape, np.size, np.ndim, np.copy, np.flip, np.ravel, np.unique, np.sort, np.argsort, np.nonzero, np.repeat,
        np.array_repr, np.mean, np.sum, np.isnan, np.transpose, np.atleast_2d, np.zeros_like, np.full_like, np.vstack,
        lambda t: np.concatenate([t, t]), lambda t: np.concatenate((records, t)), lambda t: np.stack([t] * 3),
        lambda t: np.concatenate([t, growing]), lambda t: np.append(growing, t), lambda t: np.array_equal(t, records),
        lambda t: np.concatenate([np.ma.array(records), t]), lambda t: np.where(records["y"] > 3, t, records),
        lambda t: np.take(t, [1, 2]), lambda t: np.copyto(np.empty(10, records.dtype), t), lambda t: np.repeat(t, 2),
    ):
        outcomes = []
        for each in (t, in_memory):
            try:
                found = function(each)
                outcomes.append((type(found), getattr(found, "dtype", None), repr(found)))
            except Exception as error:
                outcomes.append((type(error), str(error).replace("MemmapTable", "DynamicTable")))
        assert outcomes[0] == outcomes[1]


# Other processes.


def record(d, results):
    try:
        d.append(1.0)
    except ValueError as error:
        results.put((type(d).__name__, d.mode, d.tolist(), str(error)))


@pytest.mark.parametrize("mode", ["a", "r"])
def test_a_process_that_is_given_the_array_follows_the_file(path, mode):
    with cda.open_memmap(path, "a") as d:
        d.extend([1.0, 2.0])
        context = multiprocessing.get_context("spawn")
        results = context.Queue()
        given = d if mode == "a" else cda.open_memmap(path)
        process = context.Process(target=record, args=(given, results))
        process.start()
        found = results.get(timeout=60)
        process.join()
        assert found[:3] == ("DynamicMemmap", "r", [1.0, 2.0])
        assert "was opened to be read" in found[3]


def test_a_pickle_is_the_file(path):
    d = cda.open_memmap(path, "a", "i4", (0, 2))
    d.append([1, 2])
    arrived = pickle.loads(pickle.dumps(d))
    assert type(arrived) is cda.DynamicMemmap
    d.append([3, 4])
    assert arrived.refresh() == 2
    assert_same(arrived, np.array([[1, 2], [3, 4]], "i4"))
    again = pickle.loads(pickle.dumps(arrived))
    assert_same(again, np.asarray(arrived))
    d.close()
    assert_same(pickle.loads(pickle.dumps(d)), np.asarray(d))
    stored = pickle.dumps(d)
    del d, arrived, again
    cda.open_memmap(path, "w+", "f8").close()
    with pytest.raises(ValueError, match="dtype float64, not int32"):
        pickle.loads(stored)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        pickle.loads(stored)


@linux_only
def test_a_writer_that_is_stopped_by_a_signal_keeps_its_lock(path):
    """And so do the processes that it leaves: the lock ends with the last of them that can write."""
    opening = f"import time, cppdynarray as cda; d = cda.open_memmap({str(path)!r}, 'a')"
    code = f"{opening}; print(1, flush=True); time.sleep(9)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment) as process:
        process.stdout.read(1)
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(BlockingIOError):
            cda.open_memmap(path, "a")
        process.kill()
    cda.open_memmap(path, "a").close()
