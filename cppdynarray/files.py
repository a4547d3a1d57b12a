"""Arrays on .npy files, which grow and outlive their process."""

import atexit
import contextlib
import errno
import functools
import math
import operator
import os
import secrets
import struct
import sys
from pathlib import Path

import numpy as np

from cppdynarray._core._array import DynamicArray, rebuild
from cppdynarray._core._creation import array
from cppdynarray._npy_header import ALIGNMENT, MOST_CHARACTERS, Header, check_dtype, make_header, parse_header
from cppdynarray.options import get_options

try:
    from cppdynarray._core import _files
except ModuleNotFoundError:  # Windows
    _files = None

__all__ = ["DynamicMemmap", "open_memmap"]

MODES = ("r", "r+", "w+", "x", "a")

# The file beside the file: LivePage in file_memory.hpp.
_LIVE = struct.Struct("8sQQ48sQQ40xQ")
_LIVE_MAGIC = b"cdalive1"
_LIVE_WRITER_AT = 72
_LIVE_BYTES = 4096
_WRITING = 1


class DynamicMemmap(DynamicArray):
    """
    A `DynamicArray` whose rows are those of a ``.npy`` file.

    It grows as any DynamicArray, and the file with it. Other processes see the rows as they are appended, and
    a process that is killed loses none. What is computed from it is plain, slices are plain views, and copies
    and pickles are in memory.

    The parameters are those of `open_memmap`, where they are described.

    See Also
    --------
    open_memmap

    Examples
    --------
    >>> import cppdynarray as cda
    >>> with cda.DynamicMemmap("numbers.npy", "w+") as d:  # doctest: +SKIP
    ...     d.extend([1.0, 2.0])
    """

    # What an instance has that didn't open a file itself: a view of one, as NumPy makes it.
    _filename = None
    _mode = None
    # And what arrays like it are.
    _class_in_memory = DynamicArray

    def __new__(cls, filename, mode="r", dtype=None, shape=None, *, progress=None):
        if _files is None:
            raise NotImplementedError("arrays on files need a system with mmap, which Windows isn't")
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(map(repr, MODES))}, not {mode!r}")
        path = os.path.realpath(os.fsdecode(filename))
        if dtype is not None or mode in ("w+", "x"):
            dtype, shape = _layout(float if dtype is None else dtype, (0,) if shape is None else shape)
        elif shape is not None:
            shape = _shape(shape)
        made = _follow(cls, path, dtype, shape) if mode == "r" else _write(cls, path, mode, dtype, shape, progress)
        made._filename, made._mode = path, mode
        return made

    @property
    def filename(self):
        """The file, by its absolute path."""
        return self._filename

    @property
    def mode(self):
        """The mode that the file was opened with."""
        return self._mode

    @property
    def closed(self):
        """Whether the file is closed: the array can be read, but doesn't grow."""
        return not _files.is_writer(self) and getattr(_files.mapping_of(self), "closed", True)

    @property
    def _cannot_grow(self):
        """What growing says is the reason that it can't."""
        if self._filename is None:
            return None
        if _files.mapping_of(self) is not None:
            return f"{self._filename} was opened to be read; open it with mode 'r+' or 'a' to change it"
        if _files.is_forked(self):
            return f"{self._filename} is written by the process that this one was forked from; d.copy() can grow"
        return f"{self._filename} is closed; open it again to change it, or use d.copy()" if self.closed else None

    def _growth_exception(self, error):
        """What growing raises where the file didn't, for an errno."""
        if error in (errno.EBADF, errno.ECHILD):
            return ValueError(self._cannot_grow)
        return _os_error(error, self._filename)

    def _growth_failure(self):
        """The exception for why the file last didn't grow, where that is told by no exception; None if it did."""
        error = _files.growth_error(self)
        return self._growth_exception(error) if error not in (0, errno.ENOMEM) else None

    def flush(self, sync=False):
        """
        Write the number of rows into the file's header, where ``numpy.load`` finds it.

        Parameters
        ----------
        sync : bool, optional
            Return only when all is on the disk, so that it outlives a power failure. It takes as long as
            the disk does, often some milliseconds. Without it all outlives the process, not the machine.

        Raises
        ------
        ValueError
            If the file is closed, or opened to be read.
        OSError
            If the disk fails, or another program cut the file.
        """
        if not _files.is_writer(self):
            raise ValueError(self._cannot_grow or "this array has no file: it is a view")
        error = _files.flush(self, sync)
        if error:
            raise _os_error(error, self._filename)
        if sync:
            _sync_directory(self._filename)

    def refresh(self):
        """
        Give an array that was opened to be read the rows that its file has by now.

        Returns
        -------
        int
            How many there are: ``len(self)``.

        Raises
        ------
        ValueError
            If another program cut the file.

        Notes
        -----
        Views taken before stay valid and live. An array that writes always has all of its rows.
        """
        rows = _files.refresh(self)
        return _look_again(self) if rows is None else rows

    def close(self):
        """
        Finish the file: it is as long as its rows are, and other processes may write to it.

        The array can be read as before, and doesn't grow any more. Closing it twice changes nothing.

        Raises
        ------
        OSError
            If the disk fails, or another program cut the file.
        """
        mapping = _files.mapping_of(self)
        if mapping is not None:
            mapping.close()
        else:
            error = _files.close_writer(self)
            if error:
                raise _os_error(error, self._filename)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    # Copies are in memory.

    def copy(self, order="C"):
        """
        Return a copy in memory.

        Parameters
        ----------
        order : {'C', 'F', 'A', 'K'}, optional
            As for ``numpy.ndarray.copy``.

        Returns
        -------
        DynamicArray
        """
        return array(self.as_numpy(), order=order)

    def __copy__(self):
        return self.copy("K")

    def __deepcopy__(self, memo, /):
        memo[id(self)] = copied = self.copy("K")
        return copied

    def __reduce_ex__(self, protocol, /):
        return rebuild, (DynamicArray, self.as_numpy())


def open_memmap(filename, mode="r", dtype=None, shape=None, *, progress=None):
    """
    Open a ``.npy`` file as an array that grows with it; as ``numpy.lib.format.open_memmap``.

    Parameters
    ----------
    filename : str, bytes or os.PathLike
        The file.
    mode : {'r', 'r+', 'w+', 'x', 'a'}, optional
        ``'r'`` follows a file, which another process may be writing. ``'r+'`` continues one that exists,
        ``'w+'`` replaces it, ``'x'`` makes one that doesn't exist yet, and ``'a'`` continues it or makes it.
    dtype : data-type, optional
        Of the elements, by default float64 in a new file. If the file exists, it must be what it has.
    shape : int or tuple of ints, optional
        ``shape[0]`` rows of zeros to begin with, each of shape ``shape[1:]``; by default ``(0,)``. If the file
        exists, only ``shape[1:]`` matters, which must be what it has.
    progress : callable, optional
        Called with the bytes done and the bytes in all where a file must be rewritten, see the notes.

    Returns
    -------
    DynamicMemmap

    Raises
    ------
    FileNotFoundError, FileExistsError, IsADirectoryError, PermissionError
        As ``open`` raises them.
    BlockingIOError
        If another array, in this process or another, writes to the file.
    ValueError
        If the file has another dtype or row shape than those given, isn't a .npy file or is cut, is in
        Fortran order, or if no file can hold such elements (objects and StringDType).
    OSError
        If the disk is full (``errno.ENOSPC``), or the file's system has no locks.
    NotImplementedError
        On Windows, and, but for mode ``'r'``, where memory pages have more than 4096 bytes.

    Notes
    -----
    Rows outlive the process as soon as `append` returns, and the machine from ``flush(sync=True)`` on. While a
    file is written, its length is kept in a file beside it, named ``.live`` at the end; `close` removes it.

    ``numpy.save`` writes files that can't grow where they are. ``'r+'`` and ``'a'`` write such a file once
    more, under another name, and put it in the place of the old one.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> import cppdynarray as cda
    >>> path = os.path.join(tempfile.mkdtemp(), "run.npy")
    >>> with cda.open_memmap(path, "a", shape=(0, 3)) as d:
    ...     d.append([1, 2, 3])
    >>> np.load(path)
    array([[1., 2., 3.]])
    >>> with cda.open_memmap(path, "a") as d:
    ...     d.extend(np.ones((2, 3)))
    >>> np.load(path).shape
    (3, 3)
    """
    return DynamicMemmap(filename, mode, dtype, shape, progress=progress)


# What is asked for.


def _shape(shape):
    """The shape of new rows, checked."""
    dimensions = tuple(map(operator.index, (shape,) if hasattr(shape, "__index__") else shape))
    if not dimensions:
        raise ValueError("an array without dimensions has no rows: the shape needs one at least")
    if min(dimensions) < 0:
        raise ValueError("negative dimensions are not allowed")
    return dimensions


def _layout(dtype, shape):
    """What arrays of that dtype and shape have: dimensions of the dtype become those of rows."""
    shape = None if shape is None else _shape(shape)
    element = np.empty(0, dtype)
    check_dtype(element.dtype)
    if shape is not None:
        shape += element.shape[1:]
        # As for arrays in memory; a file system allows less.
        if math.prod(max(size, 1) for size in shape) * element.dtype.itemsize > sys.maxsize // 4:
            raise ValueError("array is too big: its size exceeds what a file can have")
    return element.dtype, shape


def _check_layout(path, header, dtype, shape):
    """ValueError if a file isn't what is asked for, or can't be an array that grows."""
    check_dtype(header.dtype)
    if not header.shape:
        raise ValueError(f"{path} has an array without dimensions, which has no rows")
    if header.fortran_order and len(header.shape) > 1:
        raise ValueError(
            f"{path} is in Fortran order, where rows can't follow one another: "
            "numpy.save(path, numpy.ascontiguousarray(numpy.load(path))) writes it in C order"
        )
    if dtype is not None and header.dtype != dtype:
        raise ValueError(f"{path} has elements of dtype {header.dtype}, not {dtype}")
    if shape is not None and header.shape[1:] != shape[1:]:
        raise ValueError(f"{path} has rows of shape {header.shape[1:]}, not {shape[1:]}")


def _reserve_bytes():
    return get_options()["reserve_bytes"]


# Reading.


def _read_header(file, path):
    return parse_header(os.pread(file, MOST_CHARACTERS + 16, 0), path)


def _rows_of(file, header, path, live):
    """How many rows a file has, by what is beside it or by its header."""
    rows, where = (header.shape[0], "its header names") if live is None else (live, "were written")
    room = os.fstat(file).st_size - header.data_at
    if rows * header.row_bytes > room:
        raise ValueError(f"{path} is cut: {rows} rows {where}, and it has room for {max(room, 0) // header.row_bytes}")
    return rows


def _follow(cls, path, dtype, shape):
    with _opened(path, os.O_RDONLY) as file:
        _files.lock_follower(file)
        header = _read_header(file, path)
        _check_layout(path, header, dtype, shape)
        with _live_file(path, file) as (live_file, rows):
            rows = _rows_of(file, header, path, rows)
            made = _files.open_follower(
                cls, file, header.data_at, header.dtype, (rows, *header.shape[1:]), _reserve_bytes()
            )
            if live_file is not None:
                _files.mapping_of(made).follow(live_file)
    return made


def _look_again(follower):
    """As refresh(), where nobody was known to write: since then somebody may have begun, or finished."""
    mapping = _files.mapping_of(follower)
    if mapping is None or mapping.closed:
        return len(follower)
    path, file = follower._filename, mapping.file
    with _live_file(path, file) as (live_file, rows):
        header = _read_header(file, path)
        found = (header.data_at, header.shape[1:], header.dtype)
        if found != (mapping.data_at, follower.shape[1:], follower.dtype):
            raise ValueError(f"{path} was overwritten by another program, with rows of another kind")
        rows = _rows_of(file, header, path, rows)
        mapping.follow(-1 if live_file is None else live_file)
    return _files.refresh_to(follower, rows)


# The file beside the file.


@functools.cache
def _boot():
    """A name of the time since the system was started, 48 bytes long; zeros if it has none."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_bytes().strip().ljust(48, b"\0")[:48]
    if sys.platform == "darwin":
        import ctypes

        found, size = ctypes.create_string_buffer(48), ctypes.c_size_t(48)
        if ctypes.CDLL(None).sysctlbyname(b"kern.bootsessionuuid", found, ctypes.byref(size), None, 0) == 0:
            return found.raw
    return bytes(48)


def _live_path(path):
    return f"{path}.live"


def _live_rows(live_file, file):
    """The number of rows in an open live page; None if it isn't that of `file`, or of an earlier boot."""
    page = os.pread(live_file, _LIVE.size, 0)
    if len(page) < _LIVE.size or os.fstat(live_file).st_size < _LIVE_BYTES:
        return None
    magic, device, number, boot, _, state, rows = _LIVE.unpack(page)
    status = os.fstat(file)
    if (magic, device, number, state) != (_LIVE_MAGIC, status.st_dev, status.st_ino, _WRITING):
        return None
    return rows if boot == _boot() and any(boot) else None


@contextlib.contextmanager
def _live_file(path, file, flags=os.O_RDONLY):
    """The live page beside `file`, open, and the rows in it; (None, None) if there is none that holds."""
    try:
        live_file = os.open(_live_path(path), flags | os.O_CLOEXEC)
    except OSError:
        yield None, None
        return
    try:
        rows = _live_rows(live_file, file)
        yield (None, None) if rows is None else (live_file, rows)
    finally:
        os.close(live_file)


def _write_live(live_file, file, rows):
    # Room first: a page of a full disk could be mapped, but not written.
    _files.allocate(live_file, 0, _LIVE_BYTES)
    status = os.fstat(file)
    page = _LIVE.pack(_LIVE_MAGIC, status.st_dev, status.st_ino, _boot(), os.getpid(), _WRITING, rows)
    os.pwrite(live_file, page, 0)


# Writing.


@contextlib.contextmanager
def _opened(path, flags, mode=0o666):
    file = os.open(path, flags | os.O_CLOEXEC, mode)
    try:
        yield file
    finally:
        if file >= 0:
            os.close(file)


def _lock(file, path):
    """Takes the lock of the one that writes."""
    try:
        if _files.lock_writer(file):
            return
    except OSError as error:
        if error.errno == errno.EOPNOTSUPP:
            message = "the file's system has no locks, so that two could write to it"
            raise OSError(errno.EOPNOTSUPP, message, path) from error
        raise
    raise BlockingIOError(errno.EAGAIN, "another process writes to this file, or another array of this one", path)


def _write(cls, path, mode, dtype, shape, progress):
    if _files.PAGE_SIZE > ALIGNMENT:
        raise NotImplementedError(
            f"files can't grow where memory has pages of {_files.PAGE_SIZE} bytes; mode 'r' can read them"
        )
    if mode == "w+":
        return _replace(cls, path, dtype, shape)
    while True:
        if mode in ("x", "a"):
            try:
                file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            except FileExistsError:
                if mode == "x":
                    raise
            else:
                return _create(cls, file, path, dtype, shape)
        try:
            file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            if mode == "a" and not os.path.lexists(path) and Path(path).parent.is_dir():
                continue  # it was there a moment ago
            raise
        try:
            _lock(file, path)
            if not _is_at(file, path):
                os.close(file)
                continue  # another has put a new file in its place
            if mode == "a" and os.fstat(file).st_size == 0:
                # Whoever made it came no further.
                owned, file = file, -1
                return _create(cls, owned, path, dtype, shape)
            header = _read_header(file, path)
            _check_layout(path, header, dtype, shape)
            if not header.grows:
                rewritten = _rewrite(file, path, header, progress)
                os.close(file)
                file = rewritten
                header = _read_header(file, path)
            with _live_file(path, file, os.O_RDWR) as (live_file, rows):
                rows = _rows_of(file, header, path, rows)
                owned, file = file, -1
                return _open_writer(cls, owned, path, header, rows, live_file)
        finally:
            if file >= 0:
                with contextlib.suppress(OSError):
                    os.close(file)


def _is_at(file, path):
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except FileNotFoundError:
        return False


def _open_writer(cls, file, path, header, rows, live_file=None):
    """The array on a file that is locked and ready. The descriptor is the array's, or closed if this fails."""
    temporary = None
    made_live = None
    try:
        if live_file is None:
            # Of another file, or of none: those that look at the old one must not see ours.
            temporary = f"{_live_path(path)}.{secrets.token_hex(4)}"
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            made_live = live_file = os.open(temporary, flags, os.fstat(file).st_mode & 0o666)
            _write_live(live_file, file, rows)
            os.replace(temporary, _live_path(path))
            temporary = _live_path(path)
        else:
            os.pwrite(live_file, struct.pack("Q", os.getpid()), _LIVE_WRITER_AT)
        made = _files.open_writer(
            cls, file, header.data_at, header.count_at, header.dtype, (rows, *header.shape[1:]),
            live_file, os.fsencode(_live_path(path)), _reserve_bytes(),
        )
        temporary, file = None, -1
        return made
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        if made_live is not None:
            os.close(made_live)
        if file >= 0:
            os.close(file)


def _begin(file, path, dtype, shape):
    """Gives an empty file its header and `shape[0]` rows of zeros."""
    text, count_at = make_header(dtype, shape)
    header = Header(dtype, shape, False, len(text), count_at)
    os.pwrite(file, text, 0)
    if size := shape[0] * header.row_bytes:
        _files.allocate(file, len(text), len(text) + size)
    return header


def _create(cls, file, path, dtype, shape):
    """The array on a file that is there, empty, and nobody else's."""
    try:
        _lock(file, path)
    except BaseException:
        os.close(file)
        raise
    try:
        if dtype is None:
            dtype, shape = _layout(float, (0,) if shape is None else shape)
        elif shape is None:
            shape = (0, *np.empty(0, dtype).shape[1:])
        header = _begin(file, path, dtype, shape)
        return _open_writer(cls, os.dup(file), path, header, shape[0])
    except BaseException:
        with contextlib.suppress(OSError):
            if _is_at(file, path):
                os.unlink(path)
        raise
    finally:
        os.close(file)


def _replace(cls, path, dtype, shape):
    """Mode w+: those who look at the old file keep it."""
    try:
        old = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        old = -1
    try:
        if old >= 0:
            _lock(old, path)
        temporary = _beside(path)
        file = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            if old >= 0:
                os.fchmod(file, os.fstat(old).st_mode & 0o7777)
            _lock(file, path)
            header = _begin(file, path, dtype, shape)
            os.replace(temporary, path)
        except BaseException:
            os.close(file)
            os.unlink(temporary)
            raise
        return _open_writer(cls, file, path, header, shape[0])
    finally:
        if old >= 0:
            os.close(old)


def _beside(path):
    """A name for a file that will have the place of `path`."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name[:200]}.{secrets.token_hex(4)}.tmp")


def _rewrite(old, path, header, progress):
    """A copy of the file that can grow, put in its place, locked."""
    text, _ = make_header(header.dtype, header.shape)
    rows = _rows_of(old, header, path, None)
    total = rows * header.row_bytes
    temporary = _beside(path)
    file = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(file, os.fstat(old).st_mode & 0o7777)
        _lock(file, path)
        os.pwrite(file, text, 0)
        if total:
            _files.allocate(file, len(text), len(text) + total)
            done = 0
            while done < total:
                piece = os.pread(old, min(1 << 24, total - done), header.data_at + done)
                if not piece:
                    raise ValueError(f"{path} was cut by another program")
                done += os.pwrite(file, piece, len(text) + done)
                if progress is not None:
                    progress(done, total)
        os.fsync(file)
        os.replace(temporary, path)
    except BaseException:
        os.close(file)
        os.unlink(temporary)
        raise
    return file


def _sync_directory(path):
    """A new file's name is on the disk when its directory is."""
    with contextlib.suppress(OSError):
        folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _os_error(error, path):
    if error == errno.ESTALE:
        return OSError(errno.ESTALE, "another program cut the file", path)
    return OSError(error, os.strerror(error), path)


if _files is not None:
    atexit.register(_files.close_all)
    os.register_at_fork(after_in_child=_files.leave_all)
