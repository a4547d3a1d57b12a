# What `from cppdynarray cimport DynamicArray` gives: handles onto arrays, for use without the GIL.
# distutils and Cython find the headers by include_dirs=[cppdynarray.get_include()].

from cpython.object cimport PyObject
from libcpp cimport bool


cdef extern from "cppdynarray/python_array.hpp" namespace "cppdynarray" nogil:
    cdef cppclass DynamicArray "cppdynarray::PythonArray1D"[T]:
        """A handle to a cppdynarray.DynamicArray with one dimension and elements T."""
        ctypedef T value_type
        ctypedef T* iterator

        DynamicArray() noexcept
        # TypeError: other elements than T. ValueError: it can't grow, or has more dimensions.
        DynamicArray(object array) except +
        PyObject* object() noexcept  # borrowed
        size_t size() noexcept
        bool empty() noexcept
        size_t capacity() noexcept
        size_t max_size() noexcept
        T* data() noexcept
        T* begin() noexcept
        T* end() noexcept
        T& operator[](size_t index) noexcept
        T& at(size_t index) except +
        T& front() noexcept
        T& back() noexcept
        # MemoryError, and nothing has changed, if there is no memory.
        void push_back(const T& value) except +
        void append(const T* source, size_t count) except +
        void reserve(size_t count) except +
        void resize(size_t count) except +
        void pop_back() noexcept
        void clear() noexcept
        void shrink_to_fit() noexcept

    cdef cppclass DynamicArray2D "cppdynarray::PythonArray2D"[T]:
        """A handle to a cppdynarray.DynamicArray with two dimensions: its rows, one after the other."""
        ctypedef T value_type

        DynamicArray2D() noexcept
        DynamicArray2D(object array) except +
        PyObject* object() noexcept  # borrowed
        size_t rows() noexcept
        size_t cols() noexcept
        size_t size() noexcept
        size_t capacity() noexcept
        size_t max_size() noexcept
        T* data() noexcept
        T* row(size_t index) noexcept
        T& at "operator()"(size_t row, size_t column) noexcept
        T& operator()(size_t row, size_t column) noexcept
        void push_back(const T* source) except +
        void append(const T* source, size_t count) except +
        void reserve(size_t count) except +
        void resize(size_t count) except +
        void clear() noexcept
        void shrink_to_fit() noexcept


cdef extern from "cppdynarray/python_rolling.hpp" namespace "cppdynarray" nogil:
    cdef cppclass RollingArray "cppdynarray::PythonRolling1D"[T]:
        """A handle to a cppdynarray.RollingArray with one dimension and elements T."""
        ctypedef T value_type
        ctypedef T* iterator

        RollingArray() noexcept
        # TypeError: other elements than T. ValueError: it can't take rows, or has more dimensions.
        RollingArray(object array) except +
        PyObject* object() noexcept  # borrowed
        size_t size() noexcept
        bool empty() noexcept
        size_t maxlen() noexcept
        T* data() noexcept
        T* begin() noexcept
        T* end() noexcept
        T& operator[](size_t index) noexcept
        T& at(size_t index) except +
        T& front() noexcept
        T& back() noexcept
        void push_back(const T& value) noexcept
        void append(const T* source, size_t count) noexcept
        void clear() noexcept

    cdef cppclass RollingArray2D "cppdynarray::PythonRolling2D"[T]:
        """A handle to a cppdynarray.RollingArray with two dimensions: its rows, one after the other."""
        ctypedef T value_type

        RollingArray2D() noexcept
        RollingArray2D(object array) except +
        PyObject* object() noexcept  # borrowed
        size_t rows() noexcept
        size_t cols() noexcept
        size_t size() noexcept
        size_t maxlen() noexcept
        T* data() noexcept
        T* row(size_t index) noexcept
        T& at "operator()"(size_t row, size_t column) noexcept
        T& operator()(size_t row, size_t column) noexcept
        void push_back(const T* source) noexcept
        void append(const T* source, size_t count) noexcept
        void clear() noexcept


cdef extern from "cppdynarray/python_table.hpp" namespace "cppdynarray" nogil:
    cdef cppclass TableColumn "cppdynarray::PythonColumn"[T]:
        """Where the slots of a table's column are, for as long as there is a handle to the table."""
        TableColumn() noexcept
        T* data() noexcept
        size_t items() noexcept
        T* row(size_t index) noexcept
        T& operator[](size_t index) noexcept

    cdef cppclass DynamicTable "cppdynarray::PythonTable":
        """A handle to a cppdynarray.DynamicTable: its columns' slots are filled, and the row is published once."""
        DynamicTable() noexcept
        # TypeError: it has a column of objects. ValueError: it can't grow.
        DynamicTable(object table) except +
        PyObject* object() noexcept  # borrowed
        # KeyError, TypeError, ValueError: there is no such column. With the GIL.
        TableColumn[T] column[T](const char* name) except +
        TableColumn[T] column[T](const char* name, size_t items) except +
        size_t size() noexcept
        bool empty() noexcept
        size_t capacity() noexcept
        # MemoryError, and no row has changed, if there is no memory.
        void reserve(size_t rows) except +
        size_t next_row() except +
        size_t next_rows(size_t count) except +
        void publish() noexcept
        void publish(size_t count) noexcept
