# distutils: language = c++
"""What C++ and Cython handles onto arrays call: the functions of python_api.hpp, and their capsule."""

import numpy as np

cimport numpy as cnp
from cpython.object cimport PyObject
from cpython.pycapsule cimport PyCapsule_Destructor, PyCapsule_GetName, PyCapsule_GetPointer, PyCapsule_New
from libc.stddef cimport size_t
from libc.stdint cimport uint32_t, uintptr_t
from libc.stdlib cimport free
from libc.string cimport strdup

from cppdynarray._core._array import DynamicArray

from cppdynarray._core._live cimport Kind, kind_called, kind_of
from cppdynarray._core._memory cimport adopt_block, import_core
from cppdynarray._core._table cimport TablePlace, column_called, open_table
from cppdynarray._core.headers cimport ArrayPlace, Block, Elements, elements_of
from cppdynarray._core.numpy_api cimport NPY_ARRAY_CARRAY, PyDataType_ISNOTSWAPPED

import_core()


cdef extern from "cppdynarray/internal/python_api.hpp" namespace "cppdynarray":
    const uint32_t python_api_version
    const char* python_api_capsule

    cdef cppclass Field

    cdef cppclass ElementType:
        char kind
        uint32_t size
        const Field* fields
        uint32_t field_count

    cdef cppclass Field:
        const char* name
        size_t offset
        ElementType type

    ctypedef struct PythonApi:
        uint32_t version
        ArrayPlace* (*open)(object, const char*, const ElementType*, int) except NULL
        object (*adopt)(Block*, int, const cnp.npy_intp*, const ElementType*, PyObject*)
        TablePlace* (*open_table)(object) except NULL
        const ArrayPlace* (*table_column)(TablePlace*, const char*, const ElementType*, size_t) except NULL


cdef extern from "cppdynarray/internal/layouts.hpp" namespace "cppdynarray":
    ctypedef struct FieldOffset:
        const char* name
        size_t offset

cdef extern from * namespace "cppdynarray":
    """
    #include <iterator>

    #include "cppdynarray/internal/rolling_place.hpp"
    #include "cppdynarray/internal/table_place.hpp"

    namespace cppdynarray {
    static const FieldOffset field_offsets[] = {
        CPPDYNARRAY_OFFSET(ArrayPlace, block), CPPDYNARRAY_OFFSET(ArrayPlace, length),
        CPPDYNARRAY_OFFSET(ArrayPlace, row_bytes), CPPDYNARRAY_OFFSET(ArrayPlace, columns),
        CPPDYNARRAY_OFFSET(ArrayPlace, functions), CPPDYNARRAY_OFFSET(PlaceFunctions, append),
        CPPDYNARRAY_OFFSET(RollingPlace, max_rows), CPPDYNARRAY_OFFSET(RollingPlace, first),
        CPPDYNARRAY_OFFSET(TablePlace, columns), CPPDYNARRAY_OFFSET(TablePlace, capacity),
        CPPDYNARRAY_OFFSET(TablePlace, reserve), CPPDYNARRAY_OFFSET(Block, functions),
        CPPDYNARRAY_OFFSET(Block, committed_bytes), {"Block.data()", sizeof(Block)},
        CPPDYNARRAY_OFFSET(BlockFunctions, error),
    };
    static const auto field_count = static_cast<Py_ssize_t>(std::size(field_offsets));
    #if defined(CPPDYNARRAY_DEBUG)
    constexpr bool has_assertions = true;
    #else
    constexpr bool has_assertions = false;
    #endif
    }  // namespace cppdynarray
    """
    const bint has_assertions
    const FieldOffset* field_offsets
    const Py_ssize_t field_count


# Where Numba's compiled code finds what is in a place.
offsets = {field_offsets[i].name.decode(): field_offsets[i].offset for i in range(field_count)}

# Whether compiled code is to notice a second thread at its array, as these modules do.
checks = bool(has_assertions)


cdef object as_dtype(const ElementType* type):
    """The dtype of `type`; None for structs whose fields are unknown."""
    if type.kind != c"V":
        return np.dtype(f"{chr(type.kind)}{type.size}")
    if type.fields == NULL:
        return None
    names, formats, offsets = [], [], []
    for i in range(type.field_count):
        names.append(type.fields[i].name.decode())
        formats.append(as_dtype(&type.fields[i].type) or np.dtype((np.void, type.fields[i].type.size)))
        offsets.append(type.fields[i].offset)
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": type.size})


cdef object check_dtype(const ElementType* type, cnp.dtype dtype):
    """TypeError that names both if elements of `dtype` aren't elements of `type`."""
    # What nearly all are asked for, without making a dtype to compare with.
    if type.kind != c"V" and dtype.kind == type.kind and <uint32_t>dtype.itemsize == type.size \
            and PyDataType_ISNOTSWAPPED(dtype):
        return
    expected = as_dtype(type)
    if expected is None:
        if dtype.kind == c"V" and dtype.itemsize == type.size and elements_of(dtype) == Elements.plain:
            return
        raise TypeError(f"expected elements of a structured dtype of {type.size} bytes, got {dtype}")
    if expected != dtype:
        raise TypeError(f"expected elements of dtype {expected}, got {dtype}")


cdef int check_ndim(cnp.ndarray array, int ndim) except -1:
    if cnp.PyArray_NDIM(array) != ndim:
        raise ValueError(f"expected an array of {ndim} dimension{'s' if ndim > 1 else ''}, got one of {array.ndim}")
    return 0


cdef ArrayPlace* open_array(cnp.ndarray array, Kind kind) except NULL:
    if elements_of(array) != Elements.plain:
        raise TypeError(f"elements of dtype {array.descr} are Python objects, which need the GIL")
    return kind.open(array)


cdef object refusal(object array, Kind kind, Kind wanted):
    """What to raise for an array of another kind than `wanted`, or of none."""
    if not cnp.PyArray_Check(array):
        return TypeError(f"expected a cppdynarray.{wanted.cls.__name__}, got {array.__class__.__name__}")
    return ValueError(wanted.needed if kind is None or kind.instead is None else kind.instead)


cdef ArrayPlace* open(object array, const char* kind_name, const ElementType* type, int ndim) except NULL:
    cdef Kind wanted = kind_called(kind_name.decode())
    cdef Kind kind = kind_of(array)
    if cnp.PyArray_Check(array):
        check_dtype(type, (<cnp.ndarray>array).descr)
    if kind is not wanted:
        raise refusal(array, kind, wanted)
    check_ndim(array, ndim)
    return open_array(array, kind)


cdef object adopt(Block* block, int ndim, const cnp.npy_intp* shape, const ElementType* type, PyObject* dtype):
    cdef object wanted = as_dtype(type) if dtype == NULL else np.dtype(<object>dtype)
    if wanted is None:
        raise TypeError(f"the dtype of these structs of {type.size} bytes is unknown: pass it, or declare StructFields")
    check_dtype(type, wanted)
    return adopt_block(block, block.committed_bytes, DynamicArray, wanted, ndim, shape, NPY_ARRAY_CARRAY, None)


cdef const ArrayPlace* table_column(TablePlace* place, const char* name, const ElementType* type,
                                    size_t items) except NULL:
    cdef ArrayPlace* column = column_called(place, name.decode())
    check_dtype(type, (<cnp.ndarray>column.array).descr)
    if column.columns != items:
        raise ValueError(f"column {name.decode()!r} has {column.columns} elements in a row, not {items}")
    return column


cdef PythonApi functions
functions.version = python_api_version
functions.open = open
functions.adopt = adopt
functions.open_table = open_table
functions.table_column = table_column
api = PyCapsule_New(&functions, python_api_capsule, NULL)


# Handles that go through Python, for code that can't open one itself.

cdef object new_capsule(void* place, str name, PyCapsule_Destructor destructor):
    """A capsule whose name is its own: the destructor frees it."""
    cdef bytes encoded = name.encode()
    cdef char* kept = strdup(encoded)
    if kept == NULL:
        raise MemoryError
    try:
        return PyCapsule_New(place, kept, destructor)
    except:
        free(kept)
        raise


cdef void free_capsule(object capsule) noexcept:
    cdef const char* name = PyCapsule_GetName(capsule)
    cdef ArrayPlace* place = <ArrayPlace*>PyCapsule_GetPointer(capsule, name)
    place.functions.close(place)
    free(<void*>name)


def handle_capsule(array, str name):
    """A capsule called `name` with a handle to `array`: its pointer is an ArrayPlace*, or what the class of the
    array has in its stead. As a handle does, it keeps the array alive.
    """
    cdef Kind kind = kind_of(array)
    if kind is None:
        raise refusal(array, None, kind_called("DynamicArray"))
    cdef ArrayPlace* place = open_array(array, kind)
    try:
        return new_capsule(place, name, free_capsule)
    except:
        place.functions.close(place)
        raise


cdef void free_table_capsule(object capsule) noexcept:
    cdef const char* name = PyCapsule_GetName(capsule)
    cdef TablePlace* place = <TablePlace*>PyCapsule_GetPointer(capsule, name)
    place.close(place)
    free(<void*>name)


def address_in(capsule):
    """The pointer in a capsule of any name."""
    return <uintptr_t>PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule))


def table_capsule(table, str name):
    """The same for a table: a TablePlace*."""
    cdef TablePlace* place = open_table(table)
    try:
        return new_capsule(place, name, free_table_capsule)
    except:
        place.close(place)
        raise
