"""Arrays on .npy files: what is in them, who may open them, and what copies and closing leave."""

import copy
import errno
import gc
import os
import re
import stat
import sys
from pathlib import Path

import numpy as np
import pytest

import cppdynarray as cda
from cppdynarray.testing import assert_invariants
from helpers import PLAIN_DTYPES, ROWS, STRUCTURED_DTYPES, address, assert_same, dtype_id, joined, row_id, samples
from subprocesses import run_python

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no arrays on files on Windows")

FILE_DTYPES = PLAIN_DTYPES + STRUCTURED_DTYPES


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.npy"


@pytest.fixture(params=FILE_DTYPES, ids=dtype_id)
def file_dtype(request):
    return request.param


def live(path):
    return Path(f"{path}.live")


def error_number(error, number):
    return pytest.raises(error, check=lambda raised: raised.errno == number)


# Rows.


@pytest.mark.parametrize("row_shape", ROWS, ids=row_id)
def test_any_dtype_and_row_shape(path, file_dtype, row_shape, rng):
    rows = samples(file_dtype, (30, *row_shape), rng)
    with cda.open_memmap(path, "x", file_dtype, (0, *row_shape)) as d:
        assert_invariants(d)
        for row in rows[:10]:
            d.append(row)
        d.extend(rows[10:20])
        assert_same(d, rows[:20])
        assert_invariants(d)
    assert_same(np.load(path), rows[:20])
    with cda.open_memmap(path, "r+") as d:
        assert_same(d, rows[:20])
        d.extend(rows[20:])
    assert_same(np.load(path), rows)
    assert_same(cda.open_memmap(path), rows)
    if rows.size:  # NumPy 2.0 maps no file without elements
        assert_same(np.load(path, mmap_mode="r"), rows)
    assert not live(path).exists()


def test_everything_that_grows(path, rng):
    plain = rng.normal(size=(40, 2))
    d = cda.open_memmap(path, "a", "f8", (0, 2))
    m = cda.zeros((0, 2))
    for x in (d, m):
        x.extend(plain)
        x.insert(3, [1, 2])
        x.extend(x[4:9])
        x.extend(x)
        x.pop()
        x.pop(0)
        del x[5]
        del x[::3]
        x.resize((50, 2))
        x.reserve(10_000)
        x.extend(iter(plain))
        x.shrink_to_fit()
        x.append(7)
        x[3:5] += 1
        x *= 2
        assert_invariants(x)
    assert_same(d, np.asarray(m))
    d.close()
    assert_same(np.load(path), np.asarray(m))
    assert path.stat().st_size == 4096 + m.nbytes


def test_grows_in_place_under_views_and_buffers(path):
    d = cda.open_memmap(path, "w+")
    d.append(1.0)
    view, buffer, before = d[:1], memoryview(d), address(d)
    d.extend(np.ones(3_000_000))
    d[0] = 5
    assert view[0] == buffer[0] == 5
    assert address(d) == before
    assert view.base is d
    assert d.base is None
    assert d.flags.owndata


def test_past_max_size_the_old_addresses_stay_the_same_rows(path):
    with cda.options(reserve_bytes=1 << 16):
        d = cda.open_memmap(path, "w+")
    view = d.extend(np.arange(10.0)) or d[:10]
    before, most = address(d), d.max_size
    d.extend(np.arange(3.0 * most))
    assert address(d) != before
    view[0] = 99
    assert d[0] == 99
    assert_invariants(d)
    d.close()
    assert_same(np.load(path), np.concatenate([[99], np.arange(1, 10.0), np.arange(3.0 * most)]))


def test_new_files_begin_with_rows_of_zeros(path):
    with cda.open_memmap(path, "w+", "i4", (5, 2)) as d:
        assert_same(d, np.zeros((5, 2), "i4"))
        d.append([1, 2])
    assert_same(np.load(path), np.array([[0, 0]] * 5 + [[1, 2]], "i4"))
    with cda.open_memmap(path, "w+", shape=3) as d:
        assert_same(d, np.zeros(3))
    with cda.open_memmap(path, "w+", ("f4", (2,)), (1,)) as d:
        assert_same(d, np.zeros((1, 2), "f4"))
    with cda.open_memmap(path, "w+", "S1") as d:
        assert d.dtype == "S1"
    with pytest.raises(ValueError, match="doesn't say how long the elements are"):
        cda.open_memmap(path, "w+", "S")


def test_removed_rows_are_zero_when_they_come_back(path):
    d = cda.open_memmap(path, "w+")
    d.extend(np.ones(50_000))
    d.resize(10)
    d.resize(50_000)
    assert d.sum() == 10
    d.resize(10)
    d.shrink_to_fit()
    assert d.capacity == 10
    d.resize(50_000)
    assert d.sum() == 10
    assert_invariants(d)


def test_what_is_computed_is_plain_and_copies_are_in_memory(path):
    d = cda.open_memmap(path, "w+")
    d.extend([1.0, 2.0])
    d.label = "a"
    for plain in (d + 1, d[:1], d.as_numpy(), np.sqrt(d), d.reshape(2, 1), d.T):
        assert type(plain) is np.ndarray
    for copied in (
        d.copy(), copy.copy(d), copy.deepcopy(d), cda.array(d), cda.zeros_like(d), cda.DynamicArray(d),
    ):
        assert type(copied) is cda.DynamicArray
        copied.append(3)
    assert_same(d.copy("F"), np.array([1.0, 2.0]))
    d.close()
    assert_same(np.load(path), np.array([1.0, 2.0]))
    assert type(d.copy()) is cda.DynamicArray


def test_a_view_of_the_class_has_no_file(path):
    d = cda.open_memmap(path, "w+")
    d.append(1)
    view = d.view(cda.DynamicMemmap)
    assert isinstance(view, cda.DynamicMemmap)
    assert (view.filename, view.mode, view.closed) == (None, None, True)
    with pytest.raises(ValueError, match="its memory is not from cppdynarray"):
        view.append(1)
    with pytest.raises(ValueError, match="no file"):
        view.flush()
    assert view.refresh() == 1
    view.close()
    assert not d.closed


def test_repr_and_attributes(path):
    d = cda.open_memmap(path, "w+")
    d.append(1)
    assert repr(d) == "DynamicMemmap([1.])"
    assert (d.filename, d.mode, d.closed) == (str(path.resolve()), "w+", False)
    with pytest.raises(AttributeError):
        d.filename = "other"


# What is in the file.


def test_the_header_is_numpys(path, file_dtype):
    cda.open_memmap(path, "w+", file_dtype, (3, 2)).close()
    content = path.read_bytes()
    assert content[:8] == b"\x93NUMPY\1\0"
    assert len(content) == 4096 + 6 * file_dtype.itemsize
    assert content[4095] == ord("\n")
    with path.open("rb") as file:
        assert np.lib.format.read_magic(file) == (1, 0)
        shape, fortran_order, found = np.lib.format.read_array_header_1_0(file)
    assert (shape, fortran_order, found) == ((3, 2), False, file_dtype)


def test_names_of_fields_that_are_not_latin(path):
    dtype = np.dtype([("温度", "f8"), ("ü", "i4")])
    with cda.open_memmap(path, "w+", dtype) as d:
        d.append((1.5, 2))
    assert_same(np.load(path), np.array([(1.5, 2)], dtype))
    with cda.open_memmap(path, "a", dtype) as d:
        d.append((2.5, 3))
    assert_same(cda.open_memmap(path), np.array([(1.5, 2), (2.5, 3)], dtype))


def test_headers_of_many_fields(path):
    dtype = np.dtype([(f"field_{number:04}", "f8") for number in range(300)])
    with cda.open_memmap(path, "w+", dtype) as d:
        d.resize(3)
        d["field_0299"] = 7
    assert np.load(path)["field_0299"].tolist() == [7, 7, 7]
    with cda.open_memmap(path, "r+") as d:
        assert path.stat().st_size > 8192
        d.resize(4)
    assert len(np.load(path)) == 4
    with pytest.raises(ValueError, match="no header as long"):
        cda.open_memmap(path, "w+", [(f"field_{number:04}", "f8") for number in range(2000)])


def test_flush_shows_the_rows_to_numpy(path):
    d = cda.open_memmap(path, "w+")
    d.extend([1.0, 2.0])
    assert len(np.load(path)) == 0
    d.flush()
    assert_same(np.load(path), np.array([1.0, 2.0]))
    d.append(3)
    d.flush(sync=True)
    assert len(np.load(path)) == 3
    d.pop()
    d.flush()
    assert len(np.load(path)) == 2


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0), None])
@pytest.mark.parametrize("shape", [(7,), (3, 2), (0,), (0, 2)])
def test_files_of_numpy_go_on(path, version, shape, rng):
    saved = rng.normal(size=shape)
    with path.open("wb") as file:
        np.lib.format.write_array(file, saved, version)
    os.chmod(path, 0o640)
    follower = cda.open_memmap(path)
    assert_same(follower, saved)
    calls = []
    with cda.open_memmap(path, "a", progress=lambda *done: calls.append(done)) as d:
        assert_same(d, saved)
        d.append(1)
    assert calls == ([(saved.nbytes, saved.nbytes)] if saved.size else [])
    assert_same(np.load(path), joined(saved, np.ones((1, *shape[1:]))))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert_same(follower, saved)
    assert sorted(os.listdir(path.parent)) == ["run.npy"]
    before = path.stat().st_ino
    cda.open_memmap(path, "r+").close()
    assert path.stat().st_ino == before


def test_files_of_numpys_own_memmap_go_on(path):
    saved = np.lib.format.open_memmap(path, "w+", "f4", (3, 2))
    saved[...] = 5
    del saved
    with cda.open_memmap(path, "r+") as d:
        d.append(6)
    assert_same(np.load(path), np.array([[5, 5]] * 3 + [[6, 6]], "f4"))


def test_a_rewrite_that_fails_leaves_the_file(path):
    np.save(path, np.arange(10))
    before = path.read_bytes()

    def fail(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cda.open_memmap(path, "a", progress=fail)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["run.npy"]
    cda.open_memmap(path, "a").close()


# Modes.


def test_modes(path):
    for mode in ("r", "r+"):
        with pytest.raises(FileNotFoundError):
            cda.open_memmap(path, mode)
    cda.open_memmap(path, "a").close()
    with pytest.raises(FileExistsError):
        cda.open_memmap(path, "x")
    with cda.open_memmap(path, "a") as d:
        d.append(1)
    with cda.open_memmap(path, "w+") as d:
        assert len(d) == 0
    path.unlink()
    cda.open_memmap(path, "x").close()
    for mode in ("w", "c", "readonly", "", None):
        with pytest.raises(ValueError, match="mode must be one of"):
            cda.open_memmap(path, mode)


def test_the_layout_must_be_that_of_the_file(path):
    cda.open_memmap(path, "w+", "f8", (0, 3)).close()
    before = path.read_bytes()
    for mode in ("r", "r+", "a"):
        with pytest.raises(ValueError, match="dtype float64, not float32"):
            cda.open_memmap(path, mode, "f4")
        with pytest.raises(ValueError, match=re.escape("rows of shape (3,), not (2,)")):
            cda.open_memmap(path, mode, shape=(0, 2))
        with pytest.raises(ValueError, match=re.escape("rows of shape (3,), not ()")):
            cda.open_memmap(path, mode, "f8", 7)
    with pytest.raises(ValueError, match=re.escape("dtype float64, not >f8")):
        cda.open_memmap(path, "a", ">f8")
    assert path.read_bytes() == before
    for mode in ("r", "r+", "a"):
        cda.open_memmap(path, mode, "f8", (5, 3)).close()
    assert np.load(path).shape == (0, 3)


def test_what_no_file_can_have(path):
    for dtype, words in ((object, "Python objects"), ("T", "any length"), ([("a", object)], "Python objects")):
        with pytest.raises(ValueError, match=words):
            cda.open_memmap(path, "w+", dtype)
    with pytest.raises(ValueError, match="has no rows"):
        cda.open_memmap(path, "w+", shape=())
    with pytest.raises(ValueError, match="negative"):
        cda.open_memmap(path, "w+", shape=(-1,))
    with pytest.raises(ValueError, match="too big"):
        cda.open_memmap(path, "w+", shape=(1 << 62, 3))
    with pytest.raises(ValueError, match="too big"):
        cda.open_memmap(path, "w+", shape=(0, 1 << 40, 1 << 40))
    with pytest.raises(TypeError):
        cda.open_memmap(path, "w+", shape=2.5)
    assert os.listdir(path.parent) == []


@pytest.mark.parametrize("mode", ["r", "r+", "a"])
def test_files_that_are_none(path, mode):
    np.save(path, np.asfortranarray(np.ones((2, 3))))
    with pytest.raises(ValueError, match=r"Fortran order.*ascontiguousarray"):
        cda.open_memmap(path, mode)
    np.save(path, np.array([None]), allow_pickle=True)
    with pytest.raises(ValueError, match="Python objects"):
        cda.open_memmap(path, mode)
    np.save(path, np.float64(3))
    with pytest.raises(ValueError, match="without dimensions"):
        cda.open_memmap(path, mode)
    for content, words in (
        (b"time,value\n1,2\n", "isn't a .npy file"),
        (b"\x93NUM", "cut within its header"),
        (b"\x93NUMPY\1\0", "cut within its header"),
        (b"\x93NUMPY\1\0\xff\x0f{'descr'", "cut within its header"),
        (b"\x93NUMPY\1\0\xff\xff", "more than NumPy reads"),
        (b"\x93NUMPY\7\0\x10\0" + b" " * 16, "version 7.0"),
        (b"\x93NUMPY\1\0\x10\0" + b"(" * 16, "no valid header"),
        (b"\x93NUMPY\3\0\x10\0\0\0" + b"(" * 16, "no valid header"),
        (b"\x93NUMPY\3\0\x10\0\0\0" + b"{'descr': '<f8'}", "no valid header"),
        (b"\x93NUMPY\1\0\x10\0{'descr': '<f8'}", "no valid header"),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=words) as raised:
            cda.open_memmap(path, mode)
        assert str(path.resolve()) in str(raised.value)
        assert path.read_bytes() == content
    assert os.listdir(path.parent) == ["run.npy"]


@pytest.mark.parametrize("mode", ["r", "r+", "a"])
@pytest.mark.parametrize("save", [np.save, lambda path, rows: cda.open_memmap(path, "w+", shape=len(rows)).close()])
def test_files_that_are_cut(path, mode, save):
    save(path, np.arange(1000.0))
    os.truncate(path, path.stat().st_size - 1)
    with pytest.raises(ValueError, match=r"cut: 1000 rows .* room for 999"):
        cda.open_memmap(path, mode)


def test_an_empty_file_is_begun_by_mode_a_alone(path):
    path.touch()
    for mode in ("r", "r+"):
        with pytest.raises(ValueError, match="is empty"):
            cda.open_memmap(path, mode)
    with cda.open_memmap(path, "a", "i2") as d:
        d.append(3)
    assert_same(np.load(path), np.array([3], "i2"))


def test_paths(tmp_path, monkeypatch):
    for name in ("a b.npy", "naïve 温度.npy", "quote's\n.npy", "no suffix", b"bytes.npy", Path("path.npy"), os.fsdecode(b"\xff.npy")):  # noqa: E501
        monkeypatch.chdir(tmp_path)
        d = cda.open_memmap(name, "a")
        d.append(1)
        monkeypatch.chdir("/")
        d.flush()
        with pytest.raises(BlockingIOError):
            cda.open_memmap(d.filename, "a")
        d.close()
        assert_same(np.load(d.filename), np.array([1.0]))
        assert not live(d.filename).exists()
    assert len(os.listdir(tmp_path)) == 7
    with pytest.raises(TypeError):
        cda.open_memmap(3, "a")
    with pytest.raises(ValueError, match="null"):
        cda.open_memmap("a\0b", "a")


def test_symbolic_links_stay_and_lead_to_one_file(tmp_path):
    link = tmp_path / "link.npy"
    target = tmp_path / "elsewhere" / "run.npy"
    target.parent.mkdir()
    np.save(target, np.arange(3.0))
    link.symlink_to(target)
    with cda.open_memmap(link, "a") as d:
        d.append(3)
        with pytest.raises(BlockingIOError):
            cda.open_memmap(target, "a")
    assert link.is_symlink()
    assert_same(np.load(target), np.arange(4.0))
    os.link(target, tmp_path / "hard.npy")
    with cda.open_memmap(link, "a"), pytest.raises(BlockingIOError):
        cda.open_memmap(tmp_path / "hard.npy", "a")


def test_directories_and_permissions(tmp_path, path):
    for mode in ("r+", "w+", "a"):
        with pytest.raises(IsADirectoryError):
            cda.open_memmap(tmp_path, mode)
    with pytest.raises((IsADirectoryError, OSError)):
        cda.open_memmap(tmp_path)
    with pytest.raises(FileNotFoundError):
        cda.open_memmap(tmp_path / "no" / "run.npy", "a")
    with pytest.raises(NotADirectoryError):
        path.touch()
        cda.open_memmap(path / "run.npy", "a")
    if os.geteuid() == 0:
        pytest.skip("root may read and write everything")
    path.chmod(0o400)
    for mode in ("r+", "w+", "a"):
        with pytest.raises(PermissionError):
            cda.open_memmap(path, mode)


def test_a_second_writer_is_refused(path):
    d = cda.open_memmap(path, "a")
    for mode in ("r+", "a", "w+"):
        with error_number(BlockingIOError, errno.EAGAIN) as raised:
            cda.open_memmap(path, mode)
        assert "another process writes to this file" in str(raised.value)
        assert raised.value.filename == str(path.resolve())
    code = f"""
        import cppdynarray as cda
        try:
            cda.open_memmap({str(path)!r}, "a")
        except BlockingIOError:
            print("refused")
    """
    assert run_python(code) == "refused\n"
    d.append(1)
    d.close()
    cda.open_memmap(path, "r+").close()
    assert_same(np.load(path), np.array([1.0]))


def test_many_files_at_once(tmp_path):
    arrays = [cda.open_memmap(tmp_path / f"{number}.npy", "a", "i8") for number in range(100)]
    followers = [cda.open_memmap(tmp_path / f"{number}.npy") for number in range(100)]
    for number, d in enumerate(arrays):
        d.extend(np.full(1000, number))
    assert [f.refresh() for f in followers] == [1000] * 100
    assert [int(f[-1]) for f in followers] == list(range(100))
    for d in arrays:
        d.close()
    assert len(os.listdir(tmp_path)) == 100


# The end.


def test_closed_arrays_are_read_and_dont_grow(path):
    d = cda.open_memmap(path, "w+")
    d.extend(np.arange(100.0))
    append, view, far = d.append, d[:], None
    d.resize(50_000)
    far = d[40_000:]
    d.resize(100)
    before = address(d)
    d.close()
    d.close()
    assert d.closed
    assert address(d) == before
    assert_same(d, np.arange(100.0))
    assert_same(view, np.arange(100.0))
    assert not far.any()
    for grow in (lambda: append(1), lambda: d.extend([1]), lambda: d.resize(3), d.pop, d.clear, lambda: d.reserve(10**6)):  # noqa: E501
        with pytest.raises(ValueError, match="is closed; open it again"):
            grow()
    with pytest.raises(ValueError, match="read-only"):
        d[0] = 1
    with pytest.raises(ValueError, match="is closed"):
        d.flush()
    d.flags.writeable = True
    with pytest.raises(ValueError, match="is closed"):
        d.append(1)
    assert d.refresh() == 100
    assert_invariants(d)
    assert_same(np.load(path), np.arange(100.0))


def test_with_closes_whatever_happens(path):
    with pytest.raises(ZeroDivisionError), cda.open_memmap(path, "w+") as d:
        d.append(1)
        raise ZeroDivisionError
    assert d.closed
    assert_same(np.load(path), np.array([1.0]))


def test_without_close_the_file_ends_with_the_array_and_its_last_view(path):
    d = cda.open_memmap(path, "w+")
    d.extend([1.0, 2.0])
    view = d[:1]
    del d
    gc.collect()
    assert live(path).exists()
    with pytest.raises(BlockingIOError):
        cda.open_memmap(path, "a")
    del view
    gc.collect()
    assert not live(path).exists()
    assert_same(np.load(path), np.array([1.0, 2.0]))
    assert path.stat().st_size == 4096 + 16


def test_at_exit_files_are_finished(path):
    code = f"""
        import cppdynarray as cda
        d = cda.open_memmap({str(path)!r}, "w+")
        append = d.append
        class Cycle: pass
        Cycle.d = d
        append(4)
    """
    run_python(code)
    assert_same(np.load(path), np.array([4.0]))
    assert not live(path).exists()


def test_descriptors_and_memory_are_given_back(path):
    def count():
        with open("/proc/self/maps") as file:
            return len(os.listdir("/proc/self/fd")), sum("run.npy" in line for line in file)

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("the system has no /proc")
    before = count()
    for _ in range(3):
        with cda.open_memmap(path, "w+") as d:
            d.append(1)
            f = cda.open_memmap(path)
            f.refresh()
        f.refresh()
        with pytest.raises(ValueError, match="dtype"):
            cda.open_memmap(path, "a", "i4")
        with pytest.raises(ValueError, match="dtype"):
            cda.open_memmap(path, "r", "i4")
        del d, f
    gc.collect()
    assert count() == before


def test_the_row_shape_and_dtype_of_a_file_stay(path):
    d = cda.open_memmap(path, "w+", "f8", (4, 3))
    with pytest.raises(ValueError):
        d.resize((3, 4))
    with pytest.raises(ValueError):
        d.resize(12)
    assert d.shape == (4, 3)
    d.resize((5, 3))
    d.close()
    assert np.load(path).shape == (5, 3)
    with pytest.raises(ValueError):
        d.resize((3, 5))


def test_read_only_by_the_users_wish(path):
    d = cda.open_memmap(path, "w+")
    d.append(1)
    d.flags.writeable = False
    with pytest.raises(ValueError, match="read-only; set"):
        d.append(2)
    d.flags.writeable = True
    d.append(2)
    d.close()
    assert_same(np.load(path), np.array([1.0, 2.0]))
