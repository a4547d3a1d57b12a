# distutils: language = c++
"""Arrays on files: what files.py needs of the layers below.

An array that writes has a block of file_memory.hpp. One that follows another's file has foreign
memory, a Mapping, which is its base: it is no block, so that nothing tries to grow it.
"""

import os

cimport numpy as cnp
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from libc.errno cimport EAGAIN, EBADF, ENOMEM
from libc.stddef cimport size_t
from libc.stdint cimport uint64_t

from cppdynarray._core._memory cimport adopt_block, import_core
from cppdynarray._core.headers cimport ArrayPlace, Block, PlaceFunctions, block_of, core, multiply, publish, set_handler
from cppdynarray._core.numpy_api cimport (
    NPY_ARRAY_CARRAY, NPY_ARRAY_WRITEABLE, NPY_MAX_INTP, PyArray_NewFromDescr, PyArray_SetBaseObject,
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


cdef extern from "cppdynarray/file_memory.hpp" namespace "cppdynarray" nogil:
    ctypedef enum LockKind "cppdynarray::FileSystem::Lock":
        LOCK_SHARED "cppdynarray::FileSystem::Lock::shared"
        LOCK_EXCLUSIVE "cppdynarray::FileSystem::Lock::exclusive"
        LOCK_NONE "cppdynarray::FileSystem::Lock::none"

    cdef cppclass FileIdentity:
        uint64_t device
        uint64_t number

    cdef cppclass FileSystem:
        @staticmethod
        int lock(int file, LockKind kind, uint64_t byte, bint wait) noexcept
        @staticmethod
        int allocate(int file, uint64_t start, uint64_t stop) noexcept
        @staticmethod
        int map(void* address, size_t bytes, int file, uint64_t start, bint writable) noexcept
        @staticmethod
        int identify(int file, FileIdentity&) noexcept
        @staticmethod
        int close(int file) noexcept

    cdef cppclass VirtualMemory:
        @staticmethod
        size_t page_size() noexcept
        @staticmethod
        void* reserve(size_t bytes) noexcept
        @staticmethod
        bint release(void* address, size_t bytes) noexcept

    ctypedef struct LivePage:
        uint64_t state
        size_t rows

    const uint64_t LIVE_WRITING "cppdynarray::LivePage::writing"
    const size_t LIVE_BYTES "cppdynarray::LivePage::bytes"
    const uint64_t writer_lock
    const uint64_t follower_lock

    ctypedef struct FileToGrow:
        int file
        uint64_t data_at
        uint64_t count_at
        size_t row_bytes
        size_t rows
        LivePage* live
        const char* live_path
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
        int error() noexcept
        int flush(bint sync) noexcept
        int close() noexcept
        void leave() noexcept
        void set_live_identity(const FileIdentity&) noexcept

    size_t largest_reservation
    size_t round_up(size_t, size_t) noexcept


cdef extern from *:
    """
    template <class T>
    static T load_acquire(const T& value) noexcept { return __atomic_load_n(&value, __ATOMIC_ACQUIRE); }
    """
    uint64_t load_acquire(const uint64_t&) noexcept
    size_t load_acquire(const size_t&) noexcept


PAGE_SIZE = VirtualMemory.page_size()


cdef object failure(int error, object path=None):
    """The exception for an errno."""
    if error == ENOMEM:
        return MemoryError("no addresses to map the file to")
    return OSError(error, os.strerror(error), path)


def lock_writer(int file):
    """Takes the lock of the one that writes. False: another has it."""
    cdef int error = FileSystem.lock(file, LOCK_EXCLUSIVE, writer_lock, False)
    if error == EAGAIN:
        return False
    if error != 0:
        raise failure(error)
    return True


def lock_follower(int file):
    """Keeps writers from cutting the file where others look. Without locks, they don't know of us."""
    with nogil:
        FileSystem.lock(file, LOCK_SHARED, follower_lock, True)


def allocate(int file, uint64_t start, uint64_t stop):
    """Makes bytes of a file zeros that have a place on the disk."""
    cdef int error
    with nogil:
        error = FileSystem.allocate(file, start, stop)
    if error != 0:
        raise failure(error)


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


cdef LivePage* map_live(int file, bint writable) except NULL:
    cdef size_t size = round_up(LIVE_BYTES, VirtualMemory.page_size())
    cdef void* address = VirtualMemory.reserve(size)
    if address == NULL:
        raise failure(ENOMEM)
    cdef int error = FileSystem.map(address, size, file, 0, writable)
    if error != 0:
        VirtualMemory.release(address, size)
        raise failure(error)
    return <LivePage*>address


cdef void unmap_live(LivePage* live) noexcept:
    if live != NULL:
        VirtualMemory.release(live, round_up(LIVE_BYTES, VirtualMemory.page_size()))


# Arrays that write.

def open_writer(object cls, int file, uint64_t data_at, uint64_t count_at, cnp.dtype dtype, tuple shape,
                int live_file, bytes live_path, size_t reserve_bytes):
    """An array of class `cls` on a file that is locked and has `shape[0]` rows. From then on the
    descriptor `file` is the array's; `live_file` stays the caller's.
    """
    cdef cnp.npy_intp[64] dims
    cdef FileToGrow wanted
    cdef FileIdentity live_identity
    cdef Block* block
    cdef GrowingFile* growing
    cdef int error = 0
    fill_dims(shape, dims)
    wanted.file = file
    wanted.data_at = data_at
    wanted.count_at = count_at
    wanted.row_bytes = row_size(dtype, shape)
    wanted.rows = shape[0]
    wanted.live_path = live_path
    wanted.reserve_bytes = reserve_bytes
    error = FileSystem.identify(live_file, live_identity)
    if error != 0:
        raise failure(error)
    wanted.live = map_live(live_file, True)
    block = GrowingFile.open(wanted, error)
    if block == NULL:
        unmap_live(wanted.live)
        raise failure(error)
    growing = GrowingFile.of(block)
    growing.set_live_identity(live_identity)
    # Should this fail, the file is finished, with the rows that it had.
    cdef cnp.ndarray array = adopt_block(
        block, 0, cls, dtype, len(shape), dims, NPY_ARRAY_CARRAY, None)
    growing.place.array = <void*>array
    growing.place.functions = &file_place
    growing.place.columns = 1
    for axis in range(1, len(shape)):
        growing.place.columns *= <size_t>dims[axis]
    set_handler(array, core.placed_handler)
    return array


cdef GrowingFile* file_of(cnp.ndarray array) noexcept:
    """The file that `array` writes to or wrote to; NULL if there is none."""
    cdef Block* block = block_of(array)
    return GrowingFile.of(block) if block != NULL else NULL


cdef object as_finished(GrowingFile* growing):
    """An array whose file is closed is read-only."""
    if growing.place.array == NULL:
        return  # it has other memory by now, and a handle has this, see forget_array()
    publish(<cnp.ndarray>growing.place.array)
    PyArray_CLEARFLAGS(<cnp.ndarray>growing.place.array, NPY_ARRAY_WRITEABLE)


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
    cdef int error
    if growing == NULL:
        return EBADF
    with nogil:
        error = growing.flush(sync)
    return error


def close_writer(cnp.ndarray array not None):
    """An errno, or 0."""
    cdef GrowingFile* growing = file_of(array)
    if growing == NULL:
        return 0
    error = growing.close()
    as_finished(growing)
    return error


def close_all():
    """Finishes all files that are still open: at exit not every array is freed."""
    cdef GrowingFile* growing = GrowingFile.first()
    while growing != NULL:
        growing.close()
        as_finished(growing)
        growing = growing.next()


def leave_all():
    """For a forked child: the files are its parent's."""
    cdef GrowingFile* growing = GrowingFile.first()
    while growing != NULL:
        growing.leave()
        as_finished(growing)
        growing = growing.next()


# Arrays that follow.

cdef class Mapping:
    """The memory of an array that follows a file: the base of the array, and no buffer, so that NumPy
    lets nobody make the array writable.
    """

    cdef char* address
    cdef size_t mapped_bytes
    cdef readonly size_t data_at
    cdef readonly size_t row_bytes
    cdef readonly int file
    cdef readonly bint closed
    cdef LivePage* live
    cdef Mapping previous  # that views may look at

    def __cinit__(self):
        self.file = -1

    def __dealloc__(self):
        if self.address != NULL:
            VirtualMemory.release(self.address, self.mapped_bytes)
        unmap_live(self.live)
        if self.file >= 0:
            FileSystem.close(self.file)

    cdef int map(self, size_t wanted, size_t least) except -1:
        """Takes addresses: `wanted` or, by halving, no fewer than `least`."""
        cdef size_t page = VirtualMemory.page_size()
        cdef size_t size
        cdef int error = 0
        least = max(round_up(least, page), page)
        size = max(round_up(wanted, page), least)
        while True:
            self.address = <char*>VirtualMemory.reserve(size)
            if self.address != NULL:
                break
            if size == least:
                raise failure(ENOMEM)
            size = max(size // 2 & ~(page - 1), least)
        self.mapped_bytes = size
        error = FileSystem.map(self.address, size, self.file, 0, False)
        if error != 0:
            raise failure(error)
        return 0

    cdef bint holds(self, size_t rows) noexcept:
        return self.row_bytes == 0 or rows <= (self.mapped_bytes - self.data_at) // self.row_bytes

    def follow(self, int live_file):
        """Looks at another live page, or at none if `live_file` is negative."""
        cdef LivePage* live = map_live(live_file, False) if live_file >= 0 else NULL
        unmap_live(self.live)
        self.live = live

    def close(self):
        self.closed = True


def open_follower(object cls, int file, size_t data_at, cnp.dtype dtype, tuple shape, size_t reserve_bytes):
    """A read-only array of class `cls` on a file of `shape[0]` rows; the descriptor is its own."""
    cdef cnp.npy_intp[64] dims
    cdef Mapping mapping = Mapping()
    cdef size_t size = 0
    fill_dims(shape, dims)
    mapping.data_at = data_at
    mapping.row_bytes = row_size(dtype, shape)
    if not multiply(mapping.row_bytes, <size_t>shape[0], size) or size > <size_t>NPY_MAX_INTP // 4:
        raise ValueError("array is too big")
    mapping.file = os.dup(file)
    mapping.map(max(data_at + 2 * size, reserve_bytes if reserve_bytes != 0 else largest_reservation), data_at + size)
    Py_INCREF(dtype)  # stolen below
    cdef cnp.ndarray array = PyArray_NewFromDescr(
        cls, dtype, len(shape), dims, NULL, mapping.address + data_at, NPY_ARRAY_CARRAY_RO, None)
    Py_INCREF(mapping)  # stolen as well
    PyArray_SetBaseObject(array, mapping)
    return array


def mapping_of(cnp.ndarray array not None):
    """The Mapping of an array that follows a file; None if it doesn't."""
    base = cnp.PyArray_BASE(array)
    return <object>base if base != NULL and isinstance(<object>base, Mapping) else None


def refresh(cnp.ndarray array not None):
    """Gives a follower the rows that its file has by now. None: nobody is known to write."""
    cdef PyObject* base = cnp.PyArray_BASE(array)
    if base == NULL or type(<object>base) is not Mapping:
        return None
    cdef Mapping mapping = <Mapping><object>base
    if mapping.live == NULL or mapping.closed or load_acquire(mapping.live.state) != LIVE_WRITING:
        return None
    return set_rows(array, mapping, load_acquire(mapping.live.rows))


def refresh_to(cnp.ndarray array not None, Py_ssize_t rows):
    """The same for a number of rows that is known."""
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
    larger.file = os.dup(mapping.file)
    larger.map(needed * 2, needed)
    larger.live = mapping.live
    mapping.live = NULL
    larger.previous = mapping
    set_foreign_memory(array, larger.address + larger.data_at, larger)
    return 0
