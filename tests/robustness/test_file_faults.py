"""Files and disks that fail: full ones, limits, calls that fail, files that others cut."""

import errno
import os
import subprocess
import sys

import numpy as np
import pytest

import cppdynarray as cda
from cppdynarray.testing import assert_invariants
from helpers import assert_same
from subprocesses import linux_only, run_python

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no arrays on files on Windows")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@linux_only
def test_a_full_disk_is_an_error_and_no_row_is_lost(small_disk):
    path = small_disk / "run.npy"
    d = cda.open_memmap(path, "w+")
    f = cda.open_memmap(path)
    with pytest.raises(OSError, match="No space left") as raised:
        while True:
            d.append(len(d))
    assert raised.value.errno == errno.ENOSPC
    assert raised.value.filename == str(path.resolve())
    count = len(d)
    assert 100_000 < count < 131_072
    assert_invariants(d)
    for grow in (
        lambda: d.append(1), lambda: d.extend(np.ones(10)), lambda: d.insert(0, 1), lambda: d.resize(count + 1),
        lambda: d.reserve(count + 1), lambda: d.extend(iter([1.0])),
    ):
        with pytest.raises(OSError, match="No space left"):
            grow()
        assert len(d) == count
    assert_same(d, np.arange(float(count)))
    assert f.refresh() == count
    d.flush(sync=True)
    # Room again: it goes on.
    subprocess.run(["mount", "-o", "remount,size=2m", small_disk], check=True)
    d.append(count)
    d.close()
    assert_same(np.load(path), np.arange(count + 1.0))
    assert_same(np.array(f[:count]), np.arange(float(count)))


@linux_only
def test_a_full_disk_while_a_file_is_made(small_disk):
    with pytest.raises(OSError, match="No space left"):
        cda.open_memmap(small_disk / "new.npy", "a", shape=1_000_000)
    assert os.listdir(small_disk) == []
    path = small_disk / "run.npy"
    np.save(path, np.arange(100_000.0))
    with pytest.raises(OSError, match="No space left"):
        cda.open_memmap(path, "w+", shape=1_000_000)
    with pytest.raises(OSError, match="No space left"):
        cda.open_memmap(path, "a")  # no room to write it once more
    assert os.listdir(small_disk) == ["run.npy"]
    assert_same(np.load(path), np.arange(100_000.0))
    (small_disk / "filler").write_bytes(bytes(4096 * ((1 << 20) // 4096 - 197)))
    with pytest.raises(OSError, match="No space left"):
        cda.open_memmap(small_disk / "new.npy", "a")
    assert sorted(os.listdir(small_disk)) == ["filler", "run.npy"]


@linux_only
def test_a_limit_on_the_size_of_files(tmp_path):
    path = tmp_path / "run.npy"
    code = f"""
        import errno, resource
        import numpy as np
        import cppdynarray as cda
        d = cda.open_memmap({str(path)!r}, "w+")
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
        try:
            while True:
                d.append(len(d))
        except OSError as error:
            assert error.errno == errno.EFBIG, error
        assert len(d) == ((1 << 20) - 4096) / 8
        assert (d == np.arange(len(d))).all()
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        d.append(len(d))
        d.close()
        print(len(np.load({str(path)!r})))
    """
    assert run_python(code) == f"{((1 << 20) - 4096) // 8 + 1}\n"


@linux_only
def test_limits_on_addresses_and_descriptors(tmp_path):
    path = tmp_path / "run.npy"
    code = f"""
        import os, resource
        import cppdynarray as cda
        def addresses():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[0]) * resource.getpagesize()
        # A GiB more than there is in use.
        resource.setrlimit(resource.RLIMIT_AS, (addresses() + (1 << 30), resource.RLIM_INFINITY))
        d = cda.open_memmap({str(path)!r}, "w+")
        f = cda.open_memmap({str(path)!r})
        d.extend(range(100))
        assert f.refresh() == 100
        assert d.max_size > 1_000_000
        with open("/dev/null") as file:
            _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (file.fileno() + 1, most))
            for mode in ("r", "w+", "a", "x"):
                try:
                    cda.open_memmap({str(path)!r} + mode, mode)
                except OSError:
                    pass
                else:
                    raise AssertionError(mode)
        print(sorted(os.listdir({str(tmp_path)!r})))
    """
    assert run_python(code) in ("['run.npy', 'run.npy.live']\n",)


@linux_only
def test_a_large_sparse_file_is_read(tmp_path):
    path = tmp_path / "run.npy"
    with cda.open_memmap(path, "w+"):
        pass
    rows = 20 * (1 << 30) // 8
    content = path.read_bytes()
    at = content.index(b"'shape': (") + 10
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"%20d" % rows)
        file.truncate(4096 + 8 * rows)
    f = cda.open_memmap(path)
    assert len(f) == rows
    assert f[-1] == f[rows // 2] == 0
    assert path.stat().st_blocks < 1000


def test_a_file_that_another_program_cut_is_noticed(tmp_path):
    path = tmp_path / "run.npy"
    d = cda.open_memmap(path, "w+")
    d.extend(np.arange(8000.0))
    os.truncate(path, 4096 + 100)
    for change in (d.flush, lambda: d.reserve(100_000)):
        with pytest.raises(OSError, match="cut") as raised:
            change()
        assert raised.value.errno == errno.ESTALE
    with pytest.raises(OSError, match="cut"):
        d.close()
    assert d.closed
    assert path.stat().st_size == 4196


def test_signals_dont_disturb(tmp_path):
    path = tmp_path / "run.npy"
    code = f"""
        import signal
        import numpy as np
        import cppdynarray as cda
        count = 0
        def tick(*_):
            global count
            count += 1
        signal.signal(signal.SIGALRM, tick)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        with cda.open_memmap({str(path)!r}, "w+") as d:
            for _ in range(50):
                d.extend(np.ones(200_000))
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert count > 3, count
        print(len(d))
    """
    assert run_python(code) == "10000000\n"


LOADER = """
/* The k-th call of the functions that file arrays are made of fails. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
static long countdown = -1, error_number;
void arm_files(long k, long number) { countdown = k; error_number = number; }
long left(void) { return countdown; }
static int fails(void) {
    if (countdown <= 0 || --countdown > 0) return 0;
    errno = (int)error_number;
    return 1;
}
#define REAL(name) static __typeof__(name)* real; if (!real) real = (__typeof__(name)*)dlsym(RTLD_NEXT, #name)
int ftruncate(int file, off_t size) { REAL(ftruncate); return fails() ? -1 : real(file, size); }
int ftruncate64(int file, off64_t size) { REAL(ftruncate64); return fails() ? -1 : real(file, size); }
int posix_fallocate(int file, off_t a, off_t b) { REAL(posix_fallocate); return fails() ? errno : real(file, a, b); }
int posix_fallocate64(int file, off64_t a, off64_t b) {
    REAL(posix_fallocate64); return fails() ? errno : real(file, a, b);
}
ssize_t pwrite(int file, const void* p, size_t n, off_t at) { REAL(pwrite); return fails() ? -1 : real(file, p, n, at); }
ssize_t pwrite64(int file, const void* p, size_t n, off64_t at) {
    REAL(pwrite64); return fails() ? -1 : real(file, p, n, at);
}
int fdatasync(int file) { REAL(fdatasync); return fails() ? -1 : real(file); }
void* mmap(void* a, size_t n, int p, int f, int file, off_t at) {
    REAL(mmap); return file >= 0 && fails() ? MAP_FAILED : real(a, n, p, f, file, at);
}
void* mmap64(void* a, size_t n, int p, int f, int file, off64_t at) {
    REAL(mmap64); return file >= 0 && fails() ? MAP_FAILED : real(a, n, p, f, file, at);
}
"""  # noqa: E501

# Each call fails once, in all that is done to a file; whatever comes of it, an exception or none, the rows
# that were appended are there.
FAULTS = """
    import ctypes, os, sys
    import numpy as np
    import cppdynarray as cda

    folder, number = sys.argv[1], int(sys.argv[2])
    path = os.path.join(folder, "run.npy")
    shim = ctypes.CDLL(None)
    raised = runs = 0
    for k in range(1, 1000):
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        if k % 2:
            np.save(path, np.arange(5.0))
        shim.arm_files(k, number)
        made, d = 5 if k % 2 else 0, None
        try:
            d = cda.open_memmap(path, "a")
            for _ in range(3):
                d.extend(np.arange(made, made + 10_000.0))
                made += 10_000
                d.append(made)
                made += 1
            d.flush(sync=True)
            d.resize(made - 1)
            made -= 1
            d.shrink_to_fit()
            d.close()
        except (OSError, MemoryError) as error:
            raised += 1
            if isinstance(error, OSError):
                assert error.errno == number, error
        failed = shim.left() == 0
        shim.arm_files(-1, 0)
        if d is not None:
            assert len(d) == made
            assert (d == np.arange(made)).all()
            try:
                d.append(made)
                made += 1
                d.close()
            except ValueError:
                pass  # closed
            assert len(cda.open_memmap(path)) in (made, made - 1)
        if os.path.exists(path) and os.path.getsize(path):
            rows = np.asarray(cda.open_memmap(path))
            assert (rows == np.arange(len(rows))).all()
            assert d is None or d.closed and len(rows) >= made - 1, (k, len(rows), made)
        with cda.open_memmap(path, "a") as d:  # whatever was left behind is in nobody's way
            d.append(0)
        del d
        runs += 1
        if not failed:
            break
    leftovers = [name for name in os.listdir(folder) if name != "run.npy"]
    assert not leftovers, leftovers
    assert runs > 20 and (raised > 5 or number == 4), (runs, raised)  # 4: EINTR, after which it is tried again
    print(runs, raised)
"""


@linux_only
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EINTR])
def test_every_call_fails_once(tmp_path, number):
    import shlex
    import shutil
    import textwrap

    compiler = os.environ.get("CC") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler: install one, or name it by the variable CC")
    source, library, folder = tmp_path / "shim.c", tmp_path / "shim.so", tmp_path / "files"
    source.write_text(LOADER)
    folder.mkdir()
    subprocess.run([*shlex.split(compiler), "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    process = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", textwrap.dedent(FAULTS), str(folder), str(number)],
        env={**os.environ, "LD_PRELOAD": str(library), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    print(process.stdout)
