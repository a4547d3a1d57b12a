# distutils: language = c++
"""What C++ and Cython handles onto arrays call: the functions of python_api.hpp, and their capsule."""

import numpy as np

cimport numpy as cnp
from cpython.object cimport PyObject
from cpython.pycapsule cimport PyCapsule_GetName, PyCapsule_GetPointer, PyCapsule_New
from cpython.ref cimport Py_INCREF, Py_XDECREF
from libc.stddef cimport size_t
from libc.stdint cimport uint32_t
from libc.stdlib cimport calloc, free
from libc.string cimport strdup

from cppdynarray._core._array import DynamicArray

from cppdynarray._core._dispatch cimport is_dynamic
from cppdynarray._core._growth cimport growable
from cppdynarray._core._memory cimport Block, adopt_block

cnp.import_array()


cdef extern from "numpy/arrayobject.h":
    const int NPY_ARRAY_CARRAY
    bint PyDataType_REFCHK(cnp.dtype dtype) noexcept
    bint PyDataType_ISNOTSWAPPED(cnp.dtype dtype) noexcept


cdef extern from "array_fields.hpp" namespace "cppdynarray":
    ctypedef struct PyArrayObject_fields:
        char* data
        cnp.npy_intp* dimensions

    PyArrayObject_fields* fields(cnp.ndarray) noexcept


cdef extern from "cppdynarray/python_api.hpp" namespace "cppdynarray":
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

    ctypedef struct ArrayPlace:
        PyObject* array
        char** data
        cnp.npy_intp** dimensions
        const PythonApi* api

    ctypedef bint (*Grow)(const ArrayPlace*, size_t) noexcept nogil
    ctypedef bint (*Append)(const ArrayPlace*, const void*, size_t) noexcept nogil
    ctypedef void (*Shrink)(const ArrayPlace*) noexcept nogil

    ctypedef struct PythonApi:
        uint32_t version
        uint32_t oldest
        int (*open)(object, const ElementType*, int, ArrayPlace*) except -1
        object (*adopt)(Block*, int, const cnp.npy_intp*, const ElementType*, PyObject*)
        Grow reserve
        Grow resize
        Append append
        Shrink shrink_to_fit


cdef extern from "growth_without_gil.hpp" namespace "cppdynarray" nogil:
    const Grow reserve_without_gil
    const Grow resize_without_gil
    const Append append_without_gil
    const Shrink shrink_without_gil


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
        if dtype.kind == c"V" and dtype.itemsize == type.size and not PyDataType_REFCHK(dtype):
            return
        raise TypeError(f"expected elements of a structured dtype of {type.size} bytes, got {dtype}")
    if expected != dtype:
        raise TypeError(f"expected elements of dtype {expected}, got {dtype}")


cdef int open_array(object array, const ElementType* type, int ndim, ArrayPlace* place) except -1:
    if not cnp.PyArray_Check(array):
        raise TypeError(f"expected a cppdynarray.DynamicArray, got {array.__class__.__name__}")
    if type != NULL:
        check_dtype(type, (<cnp.ndarray>array).descr)
    if not is_dynamic(array):
        raise ValueError("a numpy.ndarray can't grow; cppdynarray.array(a) makes a DynamicArray of a copy")
    growable(array)
    if cnp.PyArray_NDIM(array) != ndim:
        raise ValueError(f"expected an array of {ndim} dimension{'s' if ndim > 1 else ''}, got one of {array.ndim}")
    if PyDataType_REFCHK((<cnp.ndarray>array).descr):
        raise TypeError(f"elements of dtype {array.dtype} are Python objects, which need the GIL")
    Py_INCREF(array)
    place.array = <PyObject*>array
    place.data = &fields(array).data
    place.dimensions = &fields(array).dimensions
    place.api = &functions
    return 0


cdef object adopt(Block* block, int ndim, const cnp.npy_intp* shape, const ElementType* type, PyObject* dtype):
    cdef object wanted = as_dtype(type) if dtype == NULL else np.dtype(<object>dtype)
    if wanted is None:
        raise TypeError(f"the dtype of these structs of {type.size} bytes is unknown: pass it, or declare StructFields")
    check_dtype(type, wanted)
    return adopt_block(block, block.committed_bytes, DynamicArray, wanted, ndim, shape, NPY_ARRAY_CARRAY, None)


cdef PythonApi functions
functions.version = python_api_version
functions.oldest = 1
functions.open = open_array
functions.adopt = adopt
functions.reserve = reserve_without_gil
functions.resize = resize_without_gil
functions.append = append_without_gil
functions.shrink_to_fit = shrink_without_gil
api = PyCapsule_New(&functions, python_api_capsule, NULL)


# Handles that go through Python, for code that can't open one itself.

cdef void free_capsule(object capsule) noexcept:
    cdef const char* name = PyCapsule_GetName(capsule)
    cdef ArrayPlace* place = <ArrayPlace*>PyCapsule_GetPointer(capsule, name)
    Py_XDECREF(place.array)
    free(place)
    free(<void*>name)


def handle_capsule(array, str name):
    """A capsule called `name` with a handle onto `array`, whose pointer is a PythonArray1D* or, for
    two dimensions, a PythonArray2D*. It keeps the array alive.
    """
    cdef ArrayPlace* place = <ArrayPlace*>calloc(1, sizeof(ArrayPlace))
    cdef char* kept = strdup(name.encode())
    try:
        if place == NULL or kept == NULL:
            raise MemoryError
        open_array(array, NULL, array.ndim, place)
        return PyCapsule_New(place, kept, free_capsule)
    except:
        if place != NULL:
            Py_XDECREF(place.array)
        free(place)
        free(kept)
        raise
