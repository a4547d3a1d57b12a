"""Memory for arrays: the block allocator as NumPy's data handler (NEP 49)."""

cimport numpy as cnp
from cpython.object cimport PyObject
from libc.stddef cimport size_t


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
        char* data() noexcept
        bint on_heap() noexcept
        @staticmethod
        Block* of(void* data) noexcept


cdef extern from "array_fields.hpp" namespace "cppdynarray":
    Block* c_block_of "cppdynarray::block_of"(cnp.ndarray array, PyObject* handler) noexcept
    void own_block(cnp.ndarray array, object handler) noexcept
    void set_block(cnp.ndarray array, Block* block) noexcept
    void set_length(cnp.ndarray array, Py_ssize_t rows) noexcept
    void set_shape(cnp.ndarray array, const cnp.npy_intp* dims) noexcept
    bint fix_row_stride(cnp.ndarray array) noexcept


# The capsule that NumPy keeps in each of our arrays.
cdef object handler

cdef inline Block* block_of(cnp.ndarray array) noexcept:
    """The block that `array` owns, or NULL if its memory isn't ours."""
    return c_block_of(array, <PyObject*>handler)

cdef cnp.ndarray new_array(type cls, cnp.dtype dtype, int ndim, const cnp.npy_intp* dims,
                           Py_ssize_t capacity=?, Py_ssize_t reserve=?, bint fortran=?,
                           object like=?)
cdef cnp.ndarray adopt_block(Block* block, size_t bytes, type cls, cnp.dtype dtype, int ndim,
                             const cnp.npy_intp* dims, int flags, object like)
cdef cnp.ndarray new_scratch(cnp.ndarray array, int ndim, const cnp.npy_intp* dims)
cdef cnp.ndarray new_dropper(cnp.ndarray array, void* slots, cnp.npy_intp count)
cdef Block* grow_block(Block* block, size_t used, size_t needed) noexcept
cdef void zero_block(Block* block, size_t start, size_t stop) noexcept
cdef void shrink_block(Block* block, size_t used) noexcept
cdef size_t row_bytes(cnp.ndarray array) noexcept
cdef size_t used_bytes(cnp.ndarray array) noexcept
