"""Rows of a table."""

cimport numpy as cnp
from cpython.object cimport PyObject

from cppdynarray._core.headers cimport ArrayPlace


cdef extern from "cppdynarray/internal/table_place.hpp" namespace "cppdynarray":
    cdef cppclass TablePlace:
        ArrayPlace** columns
        size_t column_count
        size_t capacity
        bint (*reserve)(TablePlace*, size_t) noexcept
        void (*close)(TablePlace*) noexcept
        void* table
        size_t own_length


cdef extern from "table.hpp" namespace "cppdynarray":
    cdef cppclass TableColumn:
        ArrayPlace* place
        PyObject* object
        size_t row_bytes
        cnp.npy_intp items

    cdef cppclass TableRows:
        TablePlace place
        TableColumn* columns
        PyObject* names
        bint others_run

    cdef cppclass Removal:
        size_t count
        size_t removed
        size_t start
        const cnp.npy_bool* gone
        const cnp.npy_intp* rows


cdef class Table:
    cdef TableRows rows
    cdef readonly tuple names
    cdef dict indexes
    cdef object row_class
    cdef bint on_files

    cdef int begin(self, tuple names, list arrays, bint on_files=?) except -1
    cdef Table like(self)
    cdef cnp.ndarray column(self, Py_ssize_t index)
    cdef Py_ssize_t index_of(self, name) except -1
    cdef cnp.ndarray view(self, Py_ssize_t index, Py_ssize_t start, Py_ssize_t stop)
    cdef cnp.ndarray whole(self, Py_ssize_t index)
    cdef Py_ssize_t count(self) noexcept
    cdef Py_ssize_t rows_in(self, Py_ssize_t index, size_t bytes) noexcept
    cdef Py_ssize_t position(self, index, str what) except -1
    cdef list values_at(self, Py_ssize_t position)
    cdef object as_row(self, list values)
    cdef bint set_row(self, Py_ssize_t row, list blocks) except -1
    cdef int growable(self) except -1
    cdef int make_room(self, Py_ssize_t count) except -1
    cdef object no_room(self, int error, Py_ssize_t count)
    cdef Py_ssize_t grown(self, Py_ssize_t count) except -1
    cdef object items_of(self, row)
    cdef tuple checked_names(self, found, what)
    cdef list convert_items(self, items, bint lossless=?)
    cdef int move_block(self, Py_ssize_t index, cnp.ndarray block, Py_ssize_t start, Py_ssize_t count) except -1
    cdef int move_blocks(self, list blocks, Py_ssize_t start, Py_ssize_t count) except -1
    cdef int append_blocks(self, list blocks, Py_ssize_t count) except -1
    cdef int append_one(self, row, bint lossless=?) except -1
    cdef int extend_rows(self, rows, bint lossless) except -1
    cdef object steady_rows(self, rows)
    cdef bint store_rows(self, rows) except -1
    cdef int forget_rows(self, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t capacity) except -1
    cdef int extend_columns(self, dict columns, rows, bint lossless) except -1
    cdef cnp.ndarray convert_column(self, cnp.ndarray array, values, bint lossless)
    cdef int insert_blocks(self, list blocks, Py_ssize_t position) except -1
    cdef cnp.ndarray zero_items(self, Py_ssize_t index, Py_ssize_t count)
    cdef bint resize_to(self, Py_ssize_t new_length, Py_ssize_t count, list blocks) except -1
    cdef list bins(self, Py_ssize_t count)
    cdef bint remove(self, const Removal& removal, list bins) except -1
    cdef bint remove_rows(self, Py_ssize_t count, rows) except -1
    cdef list take_row(self, Py_ssize_t count, Py_ssize_t position, list bins)


cdef TablePlace* open_table(object table) except NULL
