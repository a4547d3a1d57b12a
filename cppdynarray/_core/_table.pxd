"""Tables, as handles know them."""

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


cdef TablePlace* open_table(object table) except NULL
cdef ArrayPlace* column_called(TablePlace* place, str name) except NULL
