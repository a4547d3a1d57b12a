"""What of the C++ headers several modules use. What a single one uses, that module declares."""

cimport numpy as cnp
from cpython.object cimport PyObject, PyTypeObject
from libc.stddef cimport size_t


cdef extern from "cppdynarray/internal/virtual_memory.hpp" namespace "cppdynarray" nogil:
    cdef cppclass VirtualMemory:
        @staticmethod
        size_t page_size() noexcept
        @staticmethod
        size_t huge_page_size() noexcept
        @staticmethod
        size_t address_space_bytes() noexcept
        @staticmethod
        size_t max_mappings() noexcept


cdef extern from "cppdynarray/internal/growth_policy.hpp" namespace "cppdynarray" nogil:
    bint multiply(size_t, size_t, size_t&) noexcept


cdef extern from "cppdynarray/internal/block.hpp" namespace "cppdynarray" nogil:
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
        Block* retired
        ArrayPlace* place
        char* data() noexcept
        bint on_heap() noexcept
        void mark_written(size_t used) noexcept
        bint has_removed(size_t used) noexcept
        @staticmethod
        Block* of(void* data) noexcept

    int growth_error(Block*) noexcept


cdef extern from "cppdynarray/internal/array_place.hpp" namespace "cppdynarray" nogil:
    cdef cppclass PlaceFunctions:
        void (*close)(ArrayPlace*) noexcept

    cdef cppclass ArrayPlace:
        Block* block
        size_t* length
        size_t row_bytes
        size_t columns
        const PlaceFunctions* functions
        void* array
        size_t handles
        size_t own_length
        char* data() noexcept

    size_t length_of(const ArrayPlace*) noexcept
    void set_length_of(ArrayPlace*, size_t) noexcept


cdef extern from "core.hpp" namespace "cppdynarray":
    cdef cppclass Core:
        PyObject* own_handler
        PyObject* placed_handler
        PyTypeObject* place_owner
        PyTypeObject* live_array_type

    Core* core


cdef extern from "array_lock.hpp" namespace "cppdynarray":
    cdef cppclass ArrayLock:
        void hold(object array) noexcept
        void hold_both(object array, object source) noexcept

    cdef cppclass BriefArrayLock:
        void hold(object array) noexcept


cdef extern from "array_fields.hpp" namespace "cppdynarray":
    Block* block_of(cnp.ndarray array) noexcept
    void own_block(cnp.ndarray array, PyObject* handler) noexcept
    bint is_placed(cnp.ndarray array) noexcept
    void set_handler(cnp.ndarray array, PyObject* handler) noexcept
    void set_dimensions_apart(cnp.ndarray array) noexcept
    void set_shape(cnp.ndarray array, const cnp.npy_intp* dims) noexcept
    bint fix_row_stride(cnp.ndarray array) noexcept

    cdef cppclass NewDimensions:
        bint take(int ndim) noexcept
        void give_to(cnp.ndarray array, int ndim) noexcept


cdef extern from "places.hpp" namespace "cppdynarray":
    void publish(cnp.ndarray array) noexcept
    const char* why_layout_is_fixed(cnp.ndarray array) noexcept


cdef extern from "elements.hpp" namespace "cppdynarray":
    cdef enum class Elements:
        plain
        objects
        strings

    Elements elements_of(cnp.ndarray array) noexcept
    Elements elements_of(cnp.dtype dtype) noexcept


cdef extern from "strings.hpp" namespace "cppdynarray":
    ctypedef struct StringArena "npy_string_allocator"

    cdef cppclass StringLock:
        void take(cnp.ndarray array) noexcept
        void release() noexcept
        StringArena* arena() noexcept

    bint takes_any_str(cnp.dtype dtype) noexcept
    bint pack_string(StringArena* arena, char* slot, const char* text, size_t size) noexcept
    void clear_strings(StringArena* arena, char* slots, size_t count) noexcept
    bint copy_strings(StringArena* to_arena, char* to, StringArena* from_arena, char* source, size_t count) noexcept


cdef extern from "references.hpp" namespace "cppdynarray":
    bint replace_elements(cnp.ndarray array, cnp.ndarray before, cnp.ndarray after) except -1


cdef extern from "array_growth.hpp" namespace "cppdynarray":
    cdef cppclass ArrayRows:
        ArrayRows(cnp.ndarray array) noexcept
        ArrayRows(cnp.ndarray array, StringArena* strings) noexcept

    size_t row_bytes(cnp.ndarray array) noexcept
    size_t used_bytes(cnp.ndarray array) noexcept
    void publish_length(cnp.ndarray array, Py_ssize_t rows) noexcept
    bint reserve_bytes(ArrayRows, size_t used, size_t needed) noexcept
    bint reserve_rows(ArrayRows, size_t count) noexcept
    void shorten_rows(ArrayRows, size_t count) noexcept
    bint resize_rows(ArrayRows, size_t count) noexcept
    bint append_rows(ArrayRows, const void* source, size_t count) noexcept
    void shrink_block "cppdynarray::shrink_to_fit"(Block* block, size_t used) noexcept
    bint keep_for_handles(Block* block) noexcept nogil
    void* array_of(ArrayPlace* place) noexcept
    ArrayPlace* open_place(cnp.ndarray array) noexcept


cdef extern from "tracemalloc.hpp" namespace "cppdynarray":
    void trace_block(Block* block, size_t bytes) noexcept
    void release_traced(Block* block, size_t used) noexcept nogil


cdef extern from "scalars.hpp" namespace "cppdynarray":
    bint store_scalar(char* data, int type_num, object value) noexcept
    PyObject* load_scalar(const char* data, int type_num) except? NULL
    bint load_intp(object scalar, Py_ssize_t& value) noexcept
    int type_of_numbers(list numbers) noexcept
