"""Growing and shrinking in place: every change of an array's length."""

cimport numpy as cnp

from cppdynarray._core.headers cimport Block, StringLock


cdef Block* growable(cnp.ndarray array) except NULL
cdef Block* resizable(cnp.ndarray array) except NULL
cdef int append(cnp.ndarray array, object value, bint lossless=?) except -1
cdef bint append_strs(cnp.ndarray array, object values) except -1
cdef bint are_strs_of(cnp.ndarray array, cnp.dtype dtype, object values) noexcept
cdef int extend(cnp.ndarray array, object values, bint lossless=?) except -1
cdef int insert(cnp.ndarray array, object index, object value, bint lossless=?) except -1
cdef object pop(cnp.ndarray array, object index)
cdef int delete(cnp.ndarray array, object key) except -1
cdef int swap_remove(cnp.ndarray array, object key) except -1
cdef int clear(cnp.ndarray array) except -1
cdef int resize(cnp.ndarray array, tuple shape) except -1
cdef bint resize_within_capacity(cnp.ndarray array, object rows) except -1
cdef int reserve(cnp.ndarray array, Py_ssize_t rows) except -1
cdef int shrink_to_fit(cnp.ndarray array) except -1
cdef Py_ssize_t most_rows(cnp.ndarray array, bint without_moving) noexcept
cdef int move_in(cnp.ndarray array, cnp.ndarray rows, char* slots, StringLock& lock) except -1
cdef cnp.ndarray remove_items(cnp.ndarray array, size_t item_size, Py_ssize_t start, Py_ssize_t stop,
                              StringLock& lock)
cdef object as_row_key(object key)
cdef object rows_named(object key, Py_ssize_t count)
cdef cnp.ndarray row_numbers(object key, Py_ssize_t count)
cdef object copy_row(cnp.ndarray array, Py_ssize_t position)
cdef Py_ssize_t as_dimension(object size) except -1
