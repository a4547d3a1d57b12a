"""Conversion of values to rows: bytes of an array's dtype, in scratch arrays."""

cimport numpy as cnp
from cpython.object cimport PyObject

from cppdynarray._core.headers cimport Block, StringLock


cdef extern from "store.hpp" namespace "cppdynarray":
    cdef cppclass StoredRow:
        const char* bytes() noexcept
        void moved() noexcept


cdef inline Py_ssize_t length(cnp.ndarray array) noexcept:
    return cnp.PyArray_DIMS(array)[0]


cdef inline bint same_dims(const cnp.npy_intp* a, const cnp.npy_intp* b, int count) noexcept:
    for i in range(count):
        if a[i] != b[i]:
            return False
    return True


cdef bint store_row(char* slot, cnp.ndarray array, object value) noexcept
cdef bint store_apart(StoredRow& row, cnp.ndarray array, object value) noexcept
cdef Py_ssize_t store_items(char* slots, cnp.ndarray array, object items, Py_ssize_t start, Py_ssize_t stop) noexcept
cdef bint store_at_end(cnp.ndarray array, object values) except -1
cdef bint is_items(object values) noexcept
cdef object other_keywords(str method, object names)
cdef bint is_lossless(str method, Py_ssize_t count, object names, PyObject** args) except -1
cdef bint says_lossless(object casting) except -1
cdef tuple shape_of(cnp.ndarray array)
cdef int refuse_many(cnp.ndarray array, object value, object error) except -1
cdef object no_room(cnp.ndarray array, str message)
cdef Block* room_for(cnp.ndarray array, Py_ssize_t rows, StringLock* lock=?) except NULL
cdef bint is_rows(cnp.ndarray array, object values, int missing) noexcept
cdef bint is_array_like(object values) except -1
cdef Py_ssize_t grown_length(cnp.ndarray array, Py_ssize_t rows) except -1
cdef cnp.ndarray scratch_rows(cnp.ndarray array, Py_ssize_t rows)
cdef cnp.ndarray convert_row(cnp.ndarray array, object value, bint lossless=?)
cdef cnp.ndarray convert_array(cnp.ndarray array, object values, bint lossless)
cdef int collect(cnp.ndarray rows, object items, bint lossless, cnp.ndarray like=?) except -1
cdef cnp.ndarray convert_items(cnp.ndarray array, object items, bint lossless)
cdef cnp.ndarray convert_rows(cnp.ndarray array, object items, bint lossless)
cdef cnp.ndarray convert_values(cnp.ndarray array, object values, bint lossless)
