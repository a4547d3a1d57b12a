"""Memory for arrays: the block allocator as NumPy's data handler (NEP 49)."""

cimport numpy as cnp
from cpython.object cimport PyObject, PyTypeObject
from libc.stddef cimport size_t


cdef extern from "cppdynarray/array_place.hpp" namespace "cppdynarray" nogil:
    cdef cppclass ArrayPlace:
        size_t columns
        size_t handles
        void* array
        char* data() noexcept


cdef extern from "cppdynarray/block.hpp" namespace "cppdynarray" nogil:
    cdef cppclass BlockFunctions:
        Block* (*grow)(Block*, size_t, size_t) noexcept
        void (*zero)(Block*, size_t, size_t) noexcept
        void (*shrink_to_fit)(Block*, size_t) noexcept
        void (*release)(Block*, size_t) noexcept

    cdef cppclass Block:
        const BlockFunctions* functions
        size_t reserved_bytes
        size_t committed_bytes
        size_t dirty_bytes
        size_t mapping_bytes
        Block* retired
        ArrayPlace* place
        char* data() noexcept
        bint on_heap() noexcept
        void mark_written(size_t used) noexcept
        @staticmethod
        Block* of(void* data) noexcept


cdef extern from "array_fields.hpp" namespace "cppdynarray":
    Block* block_of(cnp.ndarray array) noexcept
    void set_handlers(PyObject* own, PyObject* placed) noexcept
    void own_block(cnp.ndarray array, PyObject* handler) noexcept
    bint is_placed(cnp.ndarray array) noexcept
    void set_shape(cnp.ndarray array, const cnp.npy_intp* dims) noexcept
    bint fix_row_stride(cnp.ndarray array) noexcept


cdef extern from "array_growth.hpp" namespace "cppdynarray":
    cdef cppclass ArrayRows:
        ArrayRows(cnp.ndarray array) noexcept

    size_t row_bytes(cnp.ndarray array) noexcept
    size_t used_bytes(cnp.ndarray array) noexcept
    void publish(cnp.ndarray array) noexcept
    void publish_length(cnp.ndarray array, Py_ssize_t rows) noexcept
    bint reserve_bytes(ArrayRows, size_t used, size_t needed) noexcept
    bint reserve_rows(ArrayRows, size_t count) noexcept
    void shorten_rows(ArrayRows, size_t count) noexcept
    bint resize_rows(ArrayRows, size_t count) noexcept
    bint append_rows(ArrayRows, const void* source, size_t count) noexcept
    void shrink_to_fit(Block* block, size_t used) noexcept
    const char* why_layout_is_fixed(cnp.ndarray array) noexcept
    ArrayPlace* open_place(cnp.ndarray array) noexcept
    void close_place(ArrayPlace* place) noexcept


cdef extern from "rolling.hpp" namespace "cppdynarray":
    PyTypeObject** room_type


cdef extern from "calls_under_way.hpp" namespace "cppdynarray":
    ctypedef struct CallsUnderWay:
        size_t count
        PyObject* kept
        PyObject* dropping_handler

    CallsUnderWay* calls_under_way
    cnp.ndarray new_dropper(cnp.ndarray array, void* slots, cnp.npy_intp count)


# NumPy's data handlers of quiet and of placed arrays; see array_fields.hpp.
cdef object handler
cdef object placed_handler
cdef CallsUnderWay shared_calls
cdef PyTypeObject* shared_room_type  # _rolling.pyx sets it

cdef inline void set_up_headers() noexcept:
    """What each module that includes array_fields.hpp or what is above it does when it is imported."""
    global calls_under_way, room_type
    set_handlers(<PyObject*>handler, <PyObject*>placed_handler)
    calls_under_way = &shared_calls
    room_type = &shared_room_type

cdef cnp.ndarray new_array(object cls, cnp.dtype dtype, int ndim, const cnp.npy_intp* dims,
                           Py_ssize_t capacity=?, Py_ssize_t reserve=?, bint fortran=?,
                           object like=?)
cdef cnp.ndarray adopt_block(Block* block, size_t bytes, object cls, cnp.dtype dtype, int ndim,
                             const cnp.npy_intp* dims, int flags, object like)
cdef cnp.ndarray new_scratch(cnp.ndarray array, int ndim, const cnp.npy_intp* dims)
cdef void zero_block(Block* block, size_t start, size_t stop) noexcept
