# distutils: language = c++
"""Arrays on files: what files.py needs of the layers below.

An array that writes has a block of file_memory.hpp. One that follows another's file has foreign
memory, a Mapping, which is its base: it is no block, so that nothing tries to grow it.
"""

import errno
import os
import stat
from collections import namedtuple

cimport numpy as cnp
from cpython.exc cimport PyErr_CheckSignals
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.errno cimport EAGAIN, EBADF, EINTR, ENOMEM
from libc.errno cimport errno as c_errno
from libc.stddef cimport size_t
from libc.stdint cimport uint64_t
from libc.string cimport memcmp, memcpy, memset
from posix.fcntl cimport O_CLOEXEC, O_CREAT, O_EXCL, O_NOCTTY, O_NONBLOCK, O_RDONLY
from posix.fcntl cimport open as c_open
from posix.unistd cimport fsync

from cppdynarray._core._memory cimport adopt_block, import_core
from cppdynarray._core.headers cimport (
    ArrayLock, ArrayPlace, Block, PlaceFunctions, VirtualMemory, array_of, block_of, core, multiply, set_handler,
)
from cppdynarray._core.numpy_api cimport (
    NPY_ARRAY_CARRAY, NPY_MAX_INTP, PyArray_NewFromDescr, PyArray_SetBaseObject,
)

import_core()


cdef extern from "numpy/arrayobject.h":
    const int NPY_ARRAY_CARRAY_RO
    void PyArray_CLEARFLAGS(cnp.ndarray array, int flags) noexcept


cdef extern from "array_fields.hpp" namespace "cppdynarray":
    void set_foreign_memory(cnp.ndarray array, char* data, object base) noexcept
    void set_length(cnp.ndarray array, Py_ssize_t rows) noexcept


cdef extern from "file_place.hpp" namespace "cppdynarray":
    const PlaceFunctions file_place


cdef extern from "cppdynarray/internal/file_memory.hpp" namespace "cppdynarray" nogil:
    ctypedef enum LockKind "cppdynarray::FileSystem::Lock":
        LOCK_SHARED "cppdynarray::FileSystem::Lock::shared"
        LOCK_EXCLUSIVE "cppdynarray::FileSystem::Lock::exclusive"

    ctypedef enum MappingKind "cppdynarray::FileSystem::Mapping":
        MAP_TO_READ "cppdynarray::FileSystem::Mapping::read"

    cdef cppclass FileIdentity:
        uint64_t device
        uint64_t number

    cdef cppclass FileSystem:
        @staticmethod
        int lock(int file, LockKind kind, uint64_t byte, bint wait) noexcept
        @staticmethod
        int allocate(int file, uint64_t start, uint64_t stop) noexcept
        @staticmethod
        int sync(int file) noexcept
        @staticmethod
        int map(void* address, size_t bytes, int file, uint64_t start, MappingKind kind) noexcept
        @staticmethod
        int duplicate(int file, int& made) noexcept
        @staticmethod
        int remove(const char* path) noexcept
        @staticmethod
        int close(int file) noexcept

    cdef cppclass HeaderRecord:
        uint64_t token, file, synced, dirty
        bint read(const char* text, uint64_t rows) noexcept

    const size_t file_data_alignment
    const size_t count_characters
    const size_t record_characters "cppdynarray::HeaderRecord::characters"
    size_t proved_rows(const HeaderRecord&, size_t count, size_t limit, const char* rows, size_t row_bytes) noexcept

    ctypedef struct LivePage:
        char[8] magic
        uint64_t file
        char[48] boot
        uint64_t writer
        uint64_t state
        size_t rows
        uint64_t* tokens

    const char* LIVE_MAGIC "cppdynarray::LivePage::magic_text"
    const uint64_t LIVE_WRITING "cppdynarray::LivePage::writing"
    const uint64_t LIVE_FINISHED "cppdynarray::LivePage::finished"
    const uint64_t writer_lock
    const uint64_t follower_lock

    cdef cppclass LiveFile "cppdynarray::GrowingFile<>::Live":
        @staticmethod
        LiveFile* open(int file, const char* path, int& error) noexcept
        void leave() noexcept

    ctypedef struct FileToGrow "cppdynarray::FileToGrow<cppdynarray::GrowingFile<>::Live>":
        int file
        uint64_t data_at
        uint64_t count_at
        const char* header
        size_t header_bytes
        HeaderRecord record
        size_t row_bytes
        size_t rows
        LiveFile* live
        size_t reserve_bytes

    cdef cppclass GrowingFile "cppdynarray::GrowingFile<>":
        @staticmethod
        Block* open(const FileToGrow&, int& error) noexcept
        @staticmethod
        GrowingFile* of(Block*) noexcept
        @staticmethod
        GrowingFile*& first() noexcept
        GrowingFile* next() noexcept
        ArrayPlace place
        bint is_closed() noexcept
        bint is_forked() noexcept
        int identify(FileIdentity&) noexcept
        int error() noexcept
        int flush(bint sync) noexcept
        int close(bint is_synced) noexcept
        void hold_rows() noexcept
        void show_rows(size_t rows, bint join) noexcept
        void prepare_fork() noexcept
        void after_fork_in_parent() noexcept
        void after_fork_in_child() noexcept

    cdef cppclass FilesLock "cppdynarray::GrowingFile<>::ListLock":
        @staticmethod
        void after_fork_in_child() noexcept

    size_t largest_reservation


cdef extern from "cppdynarray/internal/reservation.hpp" namespace "cppdynarray" nogil:
    cdef cppclass Reservation "cppdynarray::Reservation<>":
        @staticmethod
        Reservation take(size_t wanted, size_t least) noexcept
        void* address() noexcept
        size_t bytes() noexcept


cdef extern from *:
    """
    // Without a reference to the array, which another thread may be freeing: not before its file goes.
    static void finish_array(void* of_file) noexcept {
        auto* const array = static_cast<PyArrayObject*>(of_file);
        if (array == nullptr) return;
        cppdynarray::publish(array);
        PyArray_CLEARFLAGS(array, NPY_ARRAY_WRITEABLE);
    }
    """
    void finish_array(void*) noexcept


cdef extern from "cppdynarray/internal/atomics.hpp" namespace "cppdynarray":
    uint64_t load_acquire(const uint64_t&) noexcept
    size_t load_acquire(const size_t&) noexcept


PAGE_SIZE = VirtualMemory.page_size()

# Of headers, see header_record.hpp: where data begins, at a multiple of this; how long the number of rows is, and the
# record, which are written together and into one page.
ALIGNMENT = file_data_alignment
COUNT_CHARACTERS = count_characters
RECORD_CHARACTERS = record_characters

NOT_REGULAR = "not a regular file: devices, pipes and sockets have no rows"


cdef object failure(int error, object path=None):
    """The exception for an errno."""
    if error == ENOMEM:
        return MemoryError("no addresses to map the file to")
    return OSError(error, os.strerror(error), path)


cdef class File:
    """
    A regular file that is open: the one owner of its descriptor, which nobody else has a number of. It is closed
    with the object, whatever came between.

    With `doomed` the name ends with it too: for what is to get another one, or none.
    """

    cdef int number
    cdef readonly str path
    cdef bytes doomed

    def __cinit__(self, str path, int flags, int mode=0o666, bint doomed=False):
        self.number = -1
        self.path = path
        cdef bytes name = os.fsencode(path)
        cdef const char* c_name = name
        cdef int error = EINTR
        if flags == -1:
            return  # see duplicate()
        if b"\0" in name:
            raise ValueError("embedded null byte")
        # A device or a pipe isn't even opened. What takes its place in this moment is opened, and nothing else.
        try:
            self.check(os.stat(path).st_mode)
        except FileNotFoundError:
            pass
        while error == EINTR:
            PyErr_CheckSignals()
            with nogil:
                self.number = c_open(c_name, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, mode)
                error = c_errno if self.number < 0 else 0
        if error != 0:
            raise failure(error, path)
        self.doomed = name if doomed else None
        self.check(self.status().st_mode)

    def __dealloc__(self):
        self.end()

    cdef void end(self) noexcept:
        if self.number < 0:
            return
        if self.doomed is not None:
            FileSystem.remove(self.doomed)
        FileSystem.close(self.number)
        self.number = -1

    cdef int check(self, mode) except -1:
        if stat.S_ISDIR(mode):
            raise failure(errno.EISDIR, self.path)
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, NOT_REGULAR, self.path)
        return 0

    def status(self):
        return os.fstat(self.number)

    def is_at(self, path):
        """Whether the file is the one of that name."""
        try:
            return os.path.samestat(self.status(), os.stat(path))
        except FileNotFoundError:
            return False

    def set_mode(self, int mode):
        os.fchmod(self.number, mode)

    def read(self, size_t size, uint64_t at):
        return os.pread(self.number, size, at)

    def write(self, data, uint64_t at):
        """Writes all of it."""
        left = memoryview(data)
        while len(left):
            written = os.pwrite(self.number, left, at)
            left, at = left[written:], at + <uint64_t>written

    def allocate(self, uint64_t start, uint64_t stop):
        """Makes bytes zeros that have space on the disk."""
        cdef int error
        with nogil:
            error = FileSystem.allocate(self.number, start, stop)
        if error != 0:
            raise failure(error, self.path)

    def sync(self):
        cdef int error
        with nogil:
            error = FileSystem.sync(self.number)
        if error != 0:
            raise failure(error, self.path)

    cdef File duplicate(self):
        """The same open file, and its locks."""
        cdef File made = File.__new__(File, self.path, -1)
        cdef int error = FileSystem.duplicate(self.number, made.number)
        if error != 0:
            raise failure(error, self.path)
        return made

    def lock_writer(self):
        """Takes the lock of the one that writes. False: another has it."""
        cdef int error = FileSystem.lock(self.number, LOCK_EXCLUSIVE, writer_lock, False)
        if error not in (0, EAGAIN):
            raise failure(error, self.path)
        return error == 0

    def lock_follower(self):
        """Keeps writers from cutting the file where others look. Without locks, they don't know of us."""
        with nogil:
            FileSystem.lock(self.number, LOCK_SHARED, follower_lock, True)


cdef class Transaction:
    """What is opened on the way to an array, and the arrays. With its end all files are closed, since arrays have
    their own by then; if it fails, the arrays are too. Nothing of it can be interrupted.
    """

    cdef list files, arrays

    def __cinit__(self):
        self.files, self.arrays = [], []

    def open(self, str path, int flags, int mode=0o666, bint doomed=False):
        file = File(path, flags, mode, doomed)
        self.files.append(file)
        return file

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if kind is not None:
            for array in self.arrays:
                close_writer(array)
        self.arrays = []  # the transaction may be kept, with a frame, by an exception
        for file in self.files:
            (<File>file).end()


cdef int give_name(File file, str path, bint replaces) except -1:
    """Gives a file its name; that of another one only if it `replaces` it, which is locked."""
    if replaces:
        os.replace(file.path, path)
        return 0
    try:
        os.link(file.path, path)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
            raise failure(error.errno, path) from error
        # A file system where a file has one name: that is taken first.
        take_name(path)
        os.replace(file.path, path)
    return 0


cdef int take_name(str path) except -1:
    """Makes an empty file of that name, where there is none."""
    cdef bytes name = os.fsencode(path)
    cdef int number = c_open(<const char*>name, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    if number < 0:
        raise failure(c_errno, path)
    FileSystem.close(number)
    return 0


def give_names(list files):
    """Gives files their names, each a (file, path, replaces): all of them, as far as Ctrl-C is concerned. The handlers
    of signals run where Python code does, and there is none here.
    """
    for file, path, replaces in files:
        give_name(file, path, replaces)


def sync_folder(path):
    """A new file's name is on the disk when its folder is; where that can be had."""
    cdef bytes name = os.fsencode(path)
    cdef const char* c_name = name
    cdef int number
    with nogil:
        number = c_open(c_name, O_RDONLY | O_CLOEXEC)
        if number >= 0:
            fsync(number)
            FileSystem.close(number)


# The file beside the file.

LiveState = namedtuple("LiveState", "boot rows token")


cdef bint read_page(File file, LivePage& page) except -1:
    """False: the file isn't as long as one."""
    cdef bytes content = file.read(sizeof(LivePage), 0)
    if len(content) != sizeof(LivePage):
        return False
    memcpy(&page, <const char*>content, sizeof(LivePage))
    return True


cdef int write_page(File file, const LivePage& page) except -1:
    file.write((<const char*>&page)[:sizeof(LivePage)], 0)
    return 0


def begin_live(File file not None, bytes boot not None, size_t rows):
    """Makes an empty file a live page, of a writer in this process."""
    cdef LivePage page
    memset(&page, 0, sizeof(LivePage))
    memcpy(page.magic, LIVE_MAGIC, 8)
    memcpy(page.boot, <const char*>boot, min(<size_t>len(boot), sizeof(page.boot)))
    page.file, page.writer, page.state, page.rows = file.status().st_ino, os.getpid(), LIVE_WRITING, rows
    file.allocate(0, sizeof(LivePage))  # a page of a full disk could be mapped, but not written
    write_page(file, page)


def read_live(File file not None, size_t column):
    """The LiveState of a column's file; None if the writer has finished, or if that is no live page."""
    cdef LivePage page
    if not read_page(file, page) or memcmp(page.magic, LIVE_MAGIC, 8) != 0 or page.state != LIVE_WRITING:
        return None
    if page.file != file.status().st_ino:  # a copy
        return None
    return LiveState(page.boot[:sizeof(page.boot)], page.rows, page.tokens[column])


def was_live(File file not None):
    """Whether a file was a live page, of whatever version, or was to be one when the power failed."""
    cdef bytes start = file.read(sizeof(LivePage), 0)
    return start.startswith((<bytes>LIVE_MAGIC)[:7]) or not start.strip(b"\0")


def finish_live(File file not None):
    """Says that the writer is gone."""
    cdef LivePage page
    if read_page(file, page):
        page.state = LIVE_FINISHED
        write_page(file, page)


# What the header says to us alone.

cdef bint find_record(HeaderRecord& record, bytes text, uint64_t rows):
    cdef const char* start = text
    return <size_t>len(text) >= record_characters and record.read(start + len(text) - record_characters, rows)


def read_record(bytes text, uint64_t rows):
    """The token, the number of the file and the rows on the disk in the record at the end of `text`; None
    if that is no record of a header of `rows` rows.
    """
    cdef HeaderRecord record
    if not find_record(record, text, rows):
        return None
    return record.token, record.file, record.synced


def prove(File file not None, bytes text, size_t count, size_t limit, size_t data_at, size_t row_bytes):
    """How many of `limit` rows are proved to be whole; see proved_rows(). The file is long enough for all of them."""
    cdef HeaderRecord record
    cdef Mapping mapping = Mapping()
    cdef size_t proved
    find_record(record, text, count)
    mapping.file = file
    mapping.map(data_at + limit * row_bytes, data_at + limit * row_bytes)
    with nogil:
        proved = proved_rows(record, count, limit, mapping.address + data_at, row_bytes)
    return proved


cdef size_t row_size(cnp.dtype dtype, shape) except? 0:
    cdef size_t size = dtype.itemsize
    for dimension in shape[1:]:
        if not multiply(size, <size_t>dimension, size) or size > <size_t>NPY_MAX_INTP:
            raise ValueError("array is too big: the size of a row exceeds what memory can have")
    return size


cdef int fill_dims(shape, cnp.npy_intp* dims) except -1:
    if len(shape) > 64:
        raise ValueError("maximum supported dimension for an ndarray is 64")
    for axis, dimension in enumerate(shape):
        dims[axis] = dimension
    return 0


# Arrays that write.

cdef class Live:
    """The length of the files that are opened with it, one or several: the page in an open file that will be
    at `path`.
    """

    cdef LiveFile* live

    def __cinit__(self, File file not None, str path not None):
        cdef int error = 0
        self.live = LiveFile.open(file.number, os.fsencode(path), error)
        if self.live == NULL:
            raise failure(error, path)

    def __dealloc__(self):
        if self.live != NULL:
            self.live.leave()


def open_writer(Transaction transaction not None, object cls, File file not None, header, Py_ssize_t rows,
                uint64_t token, size_t synced, Live live not None, size_t reserve_bytes):
    """An array of class `cls` on a file that is locked and has `rows` rows, of which `synced` are on the disk. Should
    this fail the file has what it had.
    """
    cdef cnp.npy_intp[64] dims
    cdef FileToGrow wanted
    cdef int error = 0
    cdef bytes text = header.text
    cdef cnp.dtype dtype = header.dtype
    cdef cnp.ndarray array
    shape = (rows, *header.shape[1:])
    fill_dims(shape, dims)
    wanted.file = file.number
    wanted.data_at = header.data_at
    wanted.count_at = header.count_at
    wanted.header = text
    wanted.header_bytes = len(text)
    wanted.record.token = token
    wanted.record.synced = synced
    wanted.row_bytes = row_size(dtype, shape)
    wanted.rows = rows
    wanted.live = live.live
    wanted.reserve_bytes = reserve_bytes
    cdef Block* block = GrowingFile.open(wanted, error)
    if block == NULL:
        raise failure(error, file.path)
    cdef GrowingFile* growing = GrowingFile.of(block)
    try:
        array = adopt_block(block, 0, cls, dtype, len(shape), dims, NPY_ARRAY_CARRAY, None)
    except:
        growing.close(False)
        # The class's own __array_finalize__ may have kept the array that it then let fail: that one is closed.
        if cls.__array_finalize__ is cnp.ndarray.__array_finalize__:
            block.functions.release(block, 0)
        raise
    growing.place.array = <void*>array
    growing.place.functions = &file_place
    growing.place.columns = 1
    for axis in range(1, len(shape)):
        growing.place.columns *= <size_t>dims[axis]
    set_handler(array, core.placed_handler)
    transaction.arrays.append(array)
    return array


cdef GrowingFile* file_of(cnp.ndarray array) noexcept:
    """The file that `array` writes to or wrote to; NULL if there is none."""
    cdef Block* block = block_of(array)
    return GrowingFile.of(block) if block != NULL else NULL


cdef void as_finished(GrowingFile* growing) noexcept:
    """An array whose file is closed is read-only."""
    finish_array(array_of(&growing.place))


def is_writer(cnp.ndarray array not None):
    """Whether the file is open for writing, by this process."""
    cdef GrowingFile* growing = file_of(array)
    return growing != NULL and not growing.is_closed() and not growing.is_forked()


def is_forked(cnp.ndarray array not None):
    cdef GrowingFile* growing = file_of(array)
    return growing != NULL and growing.is_forked()


def growth_error(cnp.ndarray array not None):
    """Why the file last didn't grow, as an errno; 0 if it did."""
    cdef GrowingFile* growing = file_of(array)
    return growing.error() if growing != NULL else 0


def flush(cnp.ndarray array not None, bint sync):
    """An errno, or 0."""
    cdef GrowingFile* growing = file_of(array)
    return flush_file(growing, sync) if growing != NULL else EBADF


cdef int flush_file(GrowingFile* growing, bint sync) noexcept:
    """Others go on while the disk is slow."""
    cdef int error
    with nogil:
        error = growing.flush(sync)
    return error


def close_writers(arrays):
    """Finishes the files of all of them, as far as Ctrl-C is concerned. An errno, of the first that fails, or 0."""
    cdef int first = 0, error
    for array in arrays:
        error = close_writer(array)
        first = first or error
    return first


cdef int close_writer(cnp.ndarray array) noexcept:
    """An errno, or 0."""
    cdef ArrayLock array_lock
    array_lock.hold(array)
    cdef GrowingFile* growing = file_of(array)
    if growing == NULL:
        return 0
    # What fails in the flush fails again.
    error = growing.close(not growing.is_closed() and flush_file(growing, True) == 0)
    as_finished(growing)
    return error


def hold_rows(cnp.ndarray array not None):
    """Lets an array of a table have rows that the table doesn't have yet."""
    cdef ArrayLock array_lock
    array_lock.hold(array)
    cdef GrowingFile* growing = file_of(array)
    if growing != NULL:
        growing.hold_rows()


def show_rows(cnp.ndarray array not None, size_t rows, bint join):
    """Gives the table its rows, in every column there; `join`: and the array has as many, and follows the table."""
    cdef ArrayLock array_lock
    array_lock.hold(array)
    cdef GrowingFile* growing = file_of(array)
    if growing != NULL:
        growing.show_rows(rows, join)


def is_file_of(cnp.ndarray array not None, uint64_t device, uint64_t number):
    """Whether that is the file of `array`, or of any that writes or wrote, as long as that one is there."""
    if writes_to(device, number):
        return True
    mapping = mapping_of(array)
    if mapping is None:
        return False
    status = mapping.file.status()
    return status.st_dev == device and status.st_ino == number


cdef bint writes_to(uint64_t device, uint64_t number) noexcept:
    cdef FilesLock lock  # no-cython-lint: held until the end
    cdef FileIdentity identity
    cdef GrowingFile* growing = GrowingFile.first()
    while growing != NULL:
        if growing.identify(identity) == 0 and identity.device == device and identity.number == number:
            return True
        growing = growing.next()
    return False


def close_all():
    """Finishes all files that are still open: at exit not every array is freed. Where a handle is open a thread
    may push, until the process is gone: such a file is left as one whose writer is killed.
    """
    cdef FilesLock lock  # no-cython-lint: held until the end
    cdef GrowingFile* growing = GrowingFile.first()
    while growing != NULL:
        if growing.place.handles != 0:
            growing.flush(True)
        else:
            growing.close(False)
            as_finished(growing)
        growing = growing.next()


def before_fork():
    cdef FilesLock lock  # no-cython-lint: held until the end
    cdef GrowingFile* growing = GrowingFile.first()
    while growing != NULL:
        growing.prepare_fork()
        growing = growing.next()


def after_fork_in_parent():
    cdef FilesLock lock  # no-cython-lint: held until the end
    cdef GrowingFile* growing = GrowingFile.first()
    while growing != NULL:
        growing.after_fork_in_parent()
        growing = growing.next()


def after_fork_in_child():
    FilesLock.after_fork_in_child()
    finish_after_fork()


cdef void finish_after_fork() noexcept:
    cdef FilesLock lock  # no-cython-lint: held until the end
    cdef GrowingFile* growing = GrowingFile.first()
    while growing != NULL:
        growing.after_fork_in_child()
        as_finished(growing)
        growing = growing.next()


# Arrays that follow.

cdef class Mapping:
    """The memory of an array that follows a file: the base of the array, and no buffer, so that NumPy
    lets nobody make the array writable.
    """

    cdef Reservation range
    cdef char* address
    cdef readonly size_t data_at
    cdef readonly size_t row_bytes
    cdef readonly File file
    cdef readonly bint closed
    cdef Mapping live  # of the file beside the file
    cdef Mapping previous  # that views may look at

    cdef int map(self, size_t wanted, size_t least) except -1:
        """Takes addresses: `wanted` or, by halving, no fewer than `least`."""
        self.range = Reservation.take(wanted, least or 1)
        self.address = <char*>self.range.address()
        if self.address == NULL:
            raise failure(ENOMEM)
        cdef int error = FileSystem.map(self.address, self.range.bytes(), self.file.number, 0, MAP_TO_READ)
        if error != 0:
            raise failure(error)
        return 0

    cdef bint holds(self, size_t rows) noexcept:
        return self.row_bytes == 0 or rows <= (self.range.bytes() - self.data_at) // self.row_bytes

    def follow(self, File live_file):
        """Looks at another live page, or at none."""
        cdef Mapping live = None
        if live_file is not None:
            live = Mapping()
            live.file = live_file
            live.map(sizeof(LivePage), sizeof(LivePage))
            live.file = None
        self.live = live

    cdef LivePage* page(self) noexcept:
        return <LivePage*>self.live.address if self.live is not None else NULL

    def close(self):
        self.closed = True


def open_follower(object cls, File file not None, size_t data_at, cnp.dtype dtype, tuple shape, size_t reserve_bytes):
    """A read-only array of class `cls` on a file of `shape[0]` rows."""
    cdef cnp.npy_intp[64] dims
    cdef Mapping mapping = Mapping()
    cdef size_t size = 0
    fill_dims(shape, dims)
    mapping.data_at = data_at
    mapping.row_bytes = row_size(dtype, shape)
    if not multiply(mapping.row_bytes, <size_t>shape[0], size) or size > <size_t>NPY_MAX_INTP // 4:
        raise ValueError("array is too big")
    mapping.file = file.duplicate()
    mapping.map(max(data_at + 2 * size, reserve_bytes if reserve_bytes != 0 else largest_reservation), data_at + size)
    Py_INCREF(dtype)  # stolen below
    Py_INCREF(mapping)  # as well
    cdef cnp.ndarray array
    try:
        array = PyArray_NewFromDescr(
            cls, dtype, len(shape), dims, NULL, mapping.address + data_at, NPY_ARRAY_CARRAY_RO, None)
    except:
        # The class's own __array_finalize__ may have kept the array that it then let fail: it can go on looking.
        if cls.__array_finalize__ is cnp.ndarray.__array_finalize__:
            Py_DECREF(mapping)
        raise
    PyArray_SetBaseObject(array, mapping)
    return array


def mapping_of(cnp.ndarray array not None):
    """The Mapping of an array that follows a file; None if it doesn't."""
    base = cnp.PyArray_BASE(array)
    return <object>base if base != NULL and isinstance(<object>base, Mapping) else None


cdef object written_rows(cnp.ndarray array):
    cdef PyObject* base = cnp.PyArray_BASE(array)
    if base == NULL or type(<object>base) is not Mapping:
        return None
    cdef LivePage* page = (<Mapping><object>base).page()
    if page == NULL or (<Mapping><object>base).closed or load_acquire(page.state) != LIVE_WRITING:
        return None
    return load_acquire(page.rows)


def rows_by_now(cnp.ndarray array not None):
    """How many rows the file of a follower has by now. None: nobody is known to write."""
    cdef ArrayLock array_lock
    array_lock.hold(array)
    return written_rows(array)


def refresh(cnp.ndarray array not None):
    """Gives a follower the rows that its file has by now, and says how many; None as rows_by_now()."""
    cdef ArrayLock array_lock
    array_lock.hold(array)
    rows = written_rows(array)
    return None if rows is None else set_rows(array, mapping_of(array), rows)


def refresh_to(cnp.ndarray array not None, Py_ssize_t rows):
    """The same for a number of rows that is known."""
    cdef ArrayLock array_lock
    array_lock.hold(array)
    return set_rows(array, mapping_of(array), rows)


cdef object set_rows(cnp.ndarray array, Mapping mapping, size_t rows):
    if not mapping.holds(rows):
        array_moves(array, mapping, rows)
    if <size_t>cnp.PyArray_DIMS(array)[0] != rows:
        set_length(array, rows)
    return rows


cdef int array_moves(cnp.ndarray array, Mapping mapping, size_t rows) except -1:
    """Takes more addresses. Views keep the old ones, which are the same file, so they stay live."""
    cdef Mapping larger = Mapping()
    cdef size_t needed = 0
    if not multiply(rows, mapping.row_bytes, needed) or needed > <size_t>NPY_MAX_INTP // 4:
        raise ValueError("the file beside the file names more rows than an array can have")
    needed += mapping.data_at
    larger.data_at = mapping.data_at
    larger.row_bytes = mapping.row_bytes
    larger.file = mapping.file
    larger.map(needed * 2, needed)
    larger.live = mapping.live
    larger.previous = mapping
    set_foreign_memory(array, larger.address + larger.data_at, larger)
    return 0
