"""Arrays on .npy files, which grow and outlive their process."""

import atexit
import contextlib
import errno
import functools
import math
import operator
import os
import secrets
import stat
import sys
from pathlib import Path

import numpy as np

from cppdynarray._arguments import others_raise
from cppdynarray._core import _messages
from cppdynarray._core._array import DynamicArray, rebuild
from cppdynarray._core._creation import array
from cppdynarray.options import get_options

try:
    from cppdynarray._core import _files
    from cppdynarray._npy_header import ALIGNMENT, MOST_CHARACTERS, check_dtype, make_header, parse_header
except ModuleNotFoundError:  # Windows
    _files = None

__all__ = ["DynamicMemmap", "open_memmap"]

MODES = ("r", "r+", "w+", "x", "a")

_others_raise = others_raise(_messages.OTHER_ARGUMENT, row_shape=_messages.SHAPE_OF_FILE)


class OnFiles:
    """What arrays and tables on files have in common."""

    __slots__ = ()

    # The file, or a table's folder, and its mode; of a view, as NumPy makes it, none.
    _path = None
    _mode = None
    # In messages.
    _copy = "d.copy()"

    @property
    def mode(self):
        """The mode that it was opened with."""
        return self._mode

    @property
    def closed(self):
        """Whether it is closed: it can be read, but doesn't grow."""
        return not all(map(_files.is_writer, self._arrays)) and getattr(self._mapping, "closed", True)

    @property
    def _mapping(self):
        """What follows the file, or the first of the files; None if it is written."""
        return _files.mapping_of(self._arrays[0])

    @property
    def _cannot_grow(self):
        """What growing says is the reason that it can't."""
        if self._path is None:
            return None
        if self._mapping is not None:
            return f"{self._path} was opened to be read; open it with mode 'r+' or 'a' to change it"
        if any(map(_files.is_forked, self._arrays)):
            return f"{self._path} is written by the process that this one was forked from; {self._copy} can grow"
        return f"{self._path} is closed; open it again to change it, or use {self._copy}" if self.closed else None

    def _growth_exception(self, error):
        """What growing raises where a file didn't, for an errno."""
        if error in (errno.EBADF, errno.ECHILD):
            return ValueError(self._cannot_grow)
        if error == errno.ESTALE:
            return OSError(error, "another program cut the file", self._path)
        return OSError(error, os.strerror(error), self._path)

    def flush(self, sync=False):
        """
        Write the number of rows to the header of the file, or of each column's, where ``numpy.load`` finds it.

        Parameters
        ----------
        sync : bool, optional
            Return only when all is on the disk, so that it outlives a power failure. It takes as long as
            the disk does, often some milliseconds. Without it, all outlives the process, but not the machine.

        Raises
        ------
        ValueError
            If it is closed, or was opened to be read.
        OSError
            If the disk fails, or another program cut the file.
        """
        if not all(map(_files.is_writer, self._arrays)):
            raise ValueError(self._cannot_grow or "this array has no file: it is a view")
        for each in self._arrays:
            if error := _files.flush(each, sync):
                raise self._growth_exception(error)
        if sync:
            _files.sync_folder(self._folder)

    def close(self):
        """
        Close the file, or those of all columns: it becomes as long as its rows, and other processes may write to it.

        All is on the disk first. The array can be read as before, but no longer grows. What is written to it, or to
        views of it, stays in this process. Closing it twice changes nothing.

        Raises
        ------
        OSError
            If the disk fails, or another program cut the file.
        """
        if self._mapping is not None:
            for each in self._arrays:
                _files.mapping_of(each).close()
            return
        if error := _files.close_writers(self._arrays):
            raise self._growth_exception(error)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def _check_saving(self, func, args, kwargs):
        """ValueError if a function of NumPy's is to write over a file of `self`."""
        if func in _SAVING:
            target = args[0] if args else kwargs.get("file", kwargs.get("fname"))
            for each in self._arrays:
                _check_target(each, target, _SAVING[func])


class DynamicMemmap(OnFiles, DynamicArray):
    """
    A `DynamicArray` whose rows are those of a ``.npy`` file.

    It grows as any DynamicArray does, and the file with it. Other processes see the rows as they are appended, and
    a process that is killed loses none. What is computed from it is plain, slices are plain views, and copies
    are in memory. A pickle only names the file: unpickled, perhaps in another process, it is an array that follows
    the file.

    The parameters are those of `open_memmap`, where they are described.

    See Also
    --------
    open_memmap

    Notes
    -----
    `append`, `extend`, `clear`, `resize` and the removal of rows at the end are whole or not at all, whenever the
    process is killed. ``insert``, ``pop(i)``, ``del d[i]`` and ``swap_remove`` move rows: a process that is killed
    meanwhile may leave one out, and another one twice.

    A child that is forked has a copy: what it writes is its own.

    Examples
    --------
    >>> import cppdynarray as cda
    >>> with cda.DynamicMemmap("numbers.npy", "w+") as d:  # doctest: +SKIP
    ...     d.extend([1.0, 2.0])
    """

    # What arrays like it are.
    _class_in_memory = DynamicArray
    # What errors advise for rows of another shape.
    _start_of_rows = _messages.rows_on_file

    @_others_raise
    def __new__(cls, filename, mode="r", dtype=None, shape=None, *, progress=None):
        path = check_path(filename, mode)
        if dtype is not None or mode in ("w+", "x"):
            dtype, shape = layout_of(float if dtype is None else dtype, (0,) if shape is None else shape)
        elif shape is not None:
            shape = _shape(shape)
        if mode == "r":
            return follow(cls, path, dtype, shape, Beside(f"{path}.live"))

        def finish(arrays):
            (made,) = arrays
            made._path, made._mode = path, mode
            return made

        return write(cls, mode, [(path, dtype, shape)], f"{path}.live", finish, progress)

    @property
    def filename(self):
        """The file, by its absolute path."""
        return self._path

    @property
    def _folder(self):
        return os.path.dirname(self._path)

    @property
    def _arrays(self):
        return (self,)

    def _growth_failure(self):
        """The exception for why the file last didn't grow, where that is told by no exception; None if it did."""
        error = _files.growth_error(self)
        return self._growth_exception(error) if error not in (0, errno.ENOMEM) else None

    def refresh(self):
        """
        Take in the rows that the file has by now, in an array that was opened to be read.

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
        if rows is None:
            rows = len(self) if self._mapping is None or self.closed else _files.refresh_to(self, look_again([self]))
        return rows

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
        # Where it arrives it is the file, which one array alone writes to: so it follows.
        if self._path is None:
            return rebuild, (DynamicArray, self.as_numpy())
        return arrive, (DynamicMemmap, type(self), self._path, "r", self.dtype, self.shape)

    # What would write over the file that the elements are in.

    def tofile(self, fid, sep="", format="%s"):
        _check_target(self, fid)
        return super().tofile(fid, sep, format)

    def dump(self, file):
        _check_target(self, file)
        return super().dump(file)

    def __array_function__(self, func, types, args, kwargs):
        self._check_saving(func, args, kwargs)
        return super().__array_function__(func, types, args, kwargs)


def arrive(kind, cls, *arguments):
    """What a pickle of what is on files becomes, whatever its class takes."""
    return kind.__new__(cls, *arguments)


def check_path(path, mode):
    """The path of what is to be opened, whatever links lead to it; raises for a mode or a system that there isn't."""
    if _files is None:
        raise NotImplementedError("arrays and tables on files need a system with mmap, which Windows isn't")
    if mode not in MODES:
        raise ValueError(f"mode must be one of {', '.join(map(repr, MODES))}, not {mode!r}")
    return os.path.realpath(os.fsdecode(path))


_SAVING = {np.save: ".npy", np.savez: ".npz", np.savez_compressed: ".npz", np.savetxt: ""}


def _check_target(array, target, suffix=""):
    """ValueError if what is to be written over is the file of `array`, or of another array that writes."""
    with contextlib.suppress(AttributeError, OSError, TypeError):  # whoever opens it says what is wrong
        if hasattr(target, "write"):
            status, name = os.fstat(target.fileno()), getattr(target, "name", target)
        else:
            name = os.fsdecode(target)
            status = os.stat(name if name.endswith(suffix) else name + suffix)
        if _files.is_file_of(array, status.st_dev, status.st_ino):
            raise ValueError(
                f"{name} is the file that an array is on: to write it anew would lose its "
                "rows. It has them already, and flush() writes their number; save under another name"
            )


@_others_raise
def open_memmap(filename, mode="r", dtype=None, shape=None, *, progress=None):
    """
    Open a ``.npy`` file as an array that grows with it.

    The arguments are those of ``numpy.lib.format.open_memmap``, whose `mode` is ``'r+'`` by default, and ``'r'`` here.

    Parameters
    ----------
    filename : str, bytes or os.PathLike
        The file.
    mode : {'r', 'r+', 'w+', 'x', 'a'}, optional
        ``'r'`` follows a file, which another process may be writing. ``'r+'`` continues one that exists,
        ``'w+'`` replaces it, ``'x'`` makes one that doesn't exist yet, and ``'a'`` continues it or makes it.
    dtype : data-type, optional
        Of the elements; float64 by default in a new file. If the file exists, it must have this dtype.
    shape : int or tuple of ints, optional
        ``shape[0]`` rows of zeros to begin with, each of shape ``shape[1:]``; by default ``(0,)``. If the file
        exists, only ``shape[1:]`` matters: its rows must have this shape.
    progress : callable, optional
        Called with the bytes done and the bytes in all if a file must be rewritten, see the notes.

    Returns
    -------
    DynamicMemmap

    Raises
    ------
    FileNotFoundError, FileExistsError, IsADirectoryError, PermissionError
        As ``open`` raises them. FileExistsError, too, if somebody else's file has the name of the one beside it: see
        the notes.
    BlockingIOError
        If another array, in this process or another, writes to the file.
    ValueError
        If the file has another dtype or row shape than those given, isn't a .npy file or is cut, is in
        Fortran order, or if no file can hold such elements (objects and StringDType).
    OSError
        If the disk is full (``errno.ENOSPC``), the file's system has no locks, or it isn't a regular file (a device or
        a pipe, which is left alone).
    NotImplementedError
        On Windows; and in all modes but ``'r'`` where memory pages have more than 4096 bytes.

    Notes
    -----
    Rows outlive the process as soon as `append` returns. They outlive the machine once ``flush(sync=True)`` has
    returned, or if they are proved to have got to the disk. While a file is written, its length is kept in a file
    beside it, whose name ends in ``.live``; `close` removes it. Opening takes nothing away from a file. ``insert``,
    ``pop(i)``, ``del d[i]`` and ``swap_remove`` move rows, and aren't safe against a kill in the middle, see
    `DynamicMemmap`.

    Files of ``numpy.save`` can't grow as they are. ``'r+'`` and ``'a'`` copy such a file under another name, and put
    the copy in its place.

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


def layout_of(dtype, shape):
    """What arrays of that dtype and shape have: dimensions of the dtype become those of rows."""
    shape = None if shape is None else _shape(shape)
    given = np.dtype(dtype)
    if given.itemsize == 0 and given.kind in "SUV" and given.names is None and given.subdtype is None:
        raise ValueError(_messages.NO_LENGTH_ON_FILE.format(dtype=dtype, code=given.kind))
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


def read_header(file, path):
    return parse_header(file.read(MOST_CHARACTERS + 16, 0), path)


class Beside:
    """Where the length of a file is while somebody writes: in which live page, and which of its tokens is the file's.

    The columns of a table share one page, and so one length.
    """

    __slots__ = ("column", "path")

    def __init__(self, path, column=0):
        self.path, self.column = path, column

    def read(self, transaction, flags=os.O_RDONLY):
        """The page's file, open, and its LiveState; Nones if somebody has finished it, or it is none."""
        with contextlib.suppress(OSError):
            file = transaction.open(self.path, flags)
            if state := _files.read_live(file, self.column):
                return file, state
        return None, None


class Found:
    """What is known of an open file, and of what is beside it."""

    __slots__ = ("earlier", "file", "header", "live", "page", "record")

    def __init__(self, transaction, file, path, beside, flags=os.O_RDONLY):
        self.file, self.earlier = file, None
        # A header may be written between the two: then they are looked at once more.
        for _ in range(5):
            self.live, self.page = beside.read(transaction, flags)
            self.header = read_header(file, path)
            self.record = self.header.text and _files.read_record(self.header.text, self.header.shape[0])
            if self.page is None or 0 <= self._age() <= 1:
                return
        # Of this file, from before a writer that didn't come to have a page; or of another file.
        self.earlier = self.live if 0 <= self._age() < 1 << 32 else None
        self.live = self.page = None

    def _age(self):
        """How many headers were written since the live page; -1 if it is another file's."""
        token, number, _ = self.record or (-1, None, None)
        return token - self.page.token if number == self.file.status().st_ino else -1

    @property
    def is_live(self):
        """Whether the number in the live page is that of the file as it can be read: the system is the writer's."""
        return self.page is not None and self.page.boot == _boot() and any(_boot())

    def is_sure(self, rows):
        """Whether the file was made to have as many rows as these, which it has: nothing broke off."""
        return self.is_live or self.file.status().st_size == self.header.data_at + rows * self.header.row_bytes

    @property
    def synced(self):
        """Of how many rows the disk is known to have them."""
        return self.record[2] if self.record else 0

    def rows(self, path):
        """How many rows there are: those that were written or, if the system was started again since, those
        that are proved to have got to the disk.
        """
        header, count = self.header, self.header.shape[0]
        fitting = max(self.file.status().st_size - header.data_at, 0) // header.row_bytes if header.row_bytes else count
        rows, where = count, "its header names"
        if self.is_live:
            rows, where = self.page.rows, "were written"
        elif self.record:
            if self.page is not None and self.page.token == self.record[0]:
                rows = self.page.rows
            limit = min(rows, fitting) if header.row_bytes else rows
            if self.synced < rows and self.synced <= limit:
                return _files.prove(self.file, header.text, count, limit, header.data_at, header.row_bytes)
        if rows > fitting and header.row_bytes:
            raise ValueError(f"{path} is cut: {rows} rows {where}, and it has room for {fitting}")
        return rows


def follow(cls, path, dtype, shape, beside):
    """An array that follows a file."""
    with _files.Transaction() as transaction:
        file = transaction.open(path, os.O_RDONLY)
        file.lock_follower()
        found = Found(transaction, file, path, beside)
        header = found.header
        _check_layout(path, header, dtype, shape)
        shape = (found.rows(path), *header.shape[1:])
        made = _files.open_follower(cls, file, header.data_at, header.dtype, shape, _reserve_bytes())
        made._path, made._mode, made._beside = path, "r", beside
        _files.mapping_of(made).follow(found.live if found.is_live else None)
    return made


def look_again(followers):
    """How many rows an array has, or all columns of a table, where nobody was known to write: since then somebody may
    have begun, or finished.
    """
    with _files.Transaction() as transaction:
        found = [_find_again(transaction, each) for each in followers]
        rows = min(one.rows(each._path) for one, each in zip(found, followers, strict=True))
        if len(followers) > 1 and not are_current(followers):
            return min(map(len, followers))  # a column was replaced: the others' new rows don't belong to this one
        for one, each in zip(found, followers, strict=True):
            _files.mapping_of(each).follow(one.live if one.is_live else None)
    return rows


def _find_again(transaction, follower):
    path, mapping = follower._path, _files.mapping_of(follower)
    found = Found(transaction, mapping.file, path, follower._beside)
    header = found.header
    if (header.data_at, header.shape[1:], header.dtype) != (mapping.data_at, follower.shape[1:], follower.dtype):
        raise ValueError(f"{path} was overwritten by another program, with rows of another kind")
    return found


def are_current(followers):
    """Whether their files are still those of their names. Then they are one table: who replaces one starts with the
    first, and gives the live page its name last.
    """
    return all(_files.mapping_of(each).file.is_at(each._path) for each in followers)


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


def _make_live(transaction, path, mode, rows):
    """A file that is to be the live page at `path`, where there may be one that is left, and nothing else."""
    with contextlib.suppress(FileNotFoundError):
        if not _files.was_live(transaction.open(path, os.O_RDONLY)):
            message = "it is in the place of the file that keeps the length: move it, or write to another path"
            raise FileExistsError(errno.EEXIST, message, path)
    file = new_file(transaction, path, mode & 0o666)
    _files.begin_live(file, _boot(), rows)
    return file


# Writing.


def _lock(file):
    """Takes the lock of the one that writes."""
    try:
        if file.lock_writer():
            return
    except OSError as error:
        if error.errno == errno.EOPNOTSUPP:
            message = "the file's system has no locks, so that two could write to it"
            raise OSError(errno.EOPNOTSUPP, message, file.path) from error
        raise
    message = "another process writes to this file, or another array of this one"
    raise BlockingIOError(errno.EAGAIN, message, file.path)


def new_file(transaction, path, mode):
    """An empty file that is to have the name `path`; until then it has another, which ends with it."""
    folder, name = os.path.split(path)
    beside = os.path.join(folder, f".{name[:200]}.{secrets.token_hex(4)}.tmp")
    try:
        return transaction.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode, True)
    except OSError as error:
        error.filename = path
        raise


def _existing(transaction, path, mode):
    """The file to go on with or to replace, locked; None if there is none."""
    if mode == "x":
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        return None
    while True:
        try:
            file = transaction.open(path, os.O_RDWR)
        except FileNotFoundError:
            if mode == "r+":
                raise
            return None
        _lock(file)
        if file.is_at(path):  # and nobody has put a new file in its place meanwhile
            return file


class Writing:
    """A file on its way to be an array that writes: found, locked, and ready, or copied to a new file that is."""

    __slots__ = ("file", "found", "header", "old", "path", "rows")

    def __init__(self, transaction, path, mode, dtype, shape, beside, progress):
        self.path, self.found = path, None
        self.file = self.old = _existing(transaction, path, mode)
        if self.old is not None and mode != "w+" and (mode == "r+" or self.old.status().st_size > 0):
            self.found = Found(transaction, self.old, path, beside, os.O_RDWR)
            self.header = self.found.header
            _check_layout(path, self.header, dtype, shape)
            self.rows = self.found.rows(path)
        if self.found is None or not self.header.grows:
            self.file = new_file(transaction, path, 0o666)
            if self.old is not None:
                self.file.set_mode(stat.S_IMODE(self.old.status().st_mode))
            _lock(self.file)
            if self.found is not None:
                self.header = _rewrite(self.found, self.file, self.rows, path, progress)
            else:
                layout = layout_of(float if dtype is None else dtype, (0,) if shape is None else shape)
                self.header = _begin(self.file, *layout)
                self.rows = self.header.shape[0]
            self.file.sync()

    @property
    def is_sure(self):
        """Whether there are as many rows as was meant."""
        return self.found is None or self.found.is_sure(self.rows)

    def open(self, transaction, cls, rows, live):
        is_same = self.file is self.old
        token = self.found.record[0] if is_same and self.found.record else secrets.randbits(63)
        synced = self.found.synced if is_same else rows
        return _files.open_writer(
            transaction, cls, self.file, self.header, rows, token, synced, live, _reserve_bytes()
        )


def write(cls, mode, columns, live_path, finish, progress=None, first=None):
    """
    What `finish` makes of arrays that write: of one, or of the columns of a table, each a (path, dtype, shape). They
    share a live page, at `live_path`, and so one length: a row is there when all columns have it and the length says
    so, by one store (to the `length` of the place of any of them). `first` is the path and the content of a file that
    must not exist yet, and is there before they are.

    All is made under names of its own and gets its own last, so that what fails, or is interrupted at whatever
    point, leaves what was there.
    """
    if _files.PAGE_SIZE > ALIGNMENT:
        raise NotImplementedError(
            f"files can't grow where memory has pages of {_files.PAGE_SIZE} bytes; mode 'r' can read them"
        )
    while True:
        try:
            with _files.Transaction() as transaction:
                new = [] if first is None else [_new_text(transaction, *first)]
                return finish(_open_all(transaction, cls, mode, columns, live_path, progress, new))
        except FileExistsError as error:
            if mode == "x" or error.filename not in {path for path, *_ in columns}:
                raise
            # Another was faster.


def _new_text(transaction, path, text):
    file = new_file(transaction, path, 0o666)
    file.write(text, 0)
    file.sync()
    return file, path, False


def _open_all(transaction, cls, mode, columns, live_path, progress, new):
    """The arrays. All files get their names, those of `new` before the others."""
    writing = [
        Writing(transaction, path, mode, dtype, shape, Beside(live_path, column), progress)
        for column, (path, dtype, shape) in enumerate(columns)
    ]
    counts = [each.rows for each in writing]
    rows = min(counts)
    if rows != max(counts) and all(each.is_sure for each in writing):
        for each in writing:
            if each.old is None and os.path.lexists(each.path):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), each.path)  # by now
        names = ", ".join(f"{os.path.basename(each.path)} {each.rows}" for each in writing)
        raise ValueError(
            f"columns have come to differ in length, and to write would take rows away ({names}): was one restored, or "
            "written to by itself? open_memmap(path, 'r+') can make it longer or shorter; mode 'r' reads whole rows"
        )
    try:
        live_file = _make_live(transaction, live_path, writing[0].file.status().st_mode, rows)
    except PermissionError as error:
        error.filename = writing[0].path  # the file that was asked for, and not what it needs beside it
        raise
    live = _files.Live(live_file, live_path)
    made = [each.open(transaction, cls, rows, live) for each in writing]
    # The page of a writer that was killed: headers have the rows by now, and whoever follows looks for another page.
    found = [each.found for each in writing if each.found is not None]
    left = [one for one in found if one.live or one.earlier]
    for one in left:
        one.file.sync()
    for one in left[:1]:
        _files.finish_live(one.live or one.earlier)
    new += [(each.file, each.path, each.old is not None) for each in writing if each.file is not each.old]
    _files.give_names([*new, (live_file, live_path, True)])
    return made


def _begin(file, dtype, shape):
    """Gives an empty file its header and `shape[0]` rows of zeros."""
    text = make_header(dtype, shape)
    header = parse_header(text, file.path)
    file.write(text, 0)
    if size := shape[0] * header.row_bytes:
        file.allocate(len(text), len(text) + size)
    return header


def _rewrite(found, file, rows, path, progress):
    """Makes `file`, which is empty, a copy that can grow."""
    header = _begin(file, found.header.dtype, (rows, *found.header.shape[1:]))
    total, done = rows * header.row_bytes, 0
    while done < total:
        piece = found.file.read(min(1 << 24, total - done), found.header.data_at + done)
        if not piece:
            raise ValueError(f"{path} was cut by another program")
        file.write(piece, header.data_at + done)
        done += len(piece)
        if progress is not None:
            progress(done, total)
    return header


if _files is not None:
    atexit.register(_files.close_all)
    os.register_at_fork(
        before=_files.before_fork,
        after_in_parent=_files.after_fork_in_parent,
        after_in_child=_files.after_fork_in_child,
    )
