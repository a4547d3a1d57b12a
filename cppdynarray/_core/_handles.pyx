# distutils: language = c++
"""What C++ and Cython handles onto arrays call: the functions of python_api.hpp, and their capsule."""

import numpy as np

cimport numpy as cnp
from cpython.object cimport PyObject
from cpython.pycapsule cimport PyCapsule_GetName, PyCapsule_GetPointer, PyCapsule_New
from cpython.ref cimport Py_INCREF, Py_XDECREF
from libc.stddef cimport size_t
from libc.stdint cimport uint32_t
from libc.stdlib cimport free
from libc.string cimport strdup

from cppdynarray._core._array import DynamicArray

from cppdynarray._core._dispatch cimport is_dynamic
from cppdynarray._core._growth cimport growable
from cppdynarray._core._memory cimport (
    ArrayPlace, Block, adopt_block, close_place, open_place, set_up_headers,
)
from cppdynarray._core._rolling cimport close_window, is_window, open_window
from cppdynarray._core.numpy_api cimport NPY_ARRAY_CARRAY, PyDataType_ISNOTSWAPPED, PyDataType_REFCHK

cnp.import_array()
set_up_headers()


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

    ctypedef struct PythonApi:
        uint32_t version
        uint32_t oldest
        ArrayPlace* (*open)(object, const ElementType*, int) except NULL
        void (*close)(ArrayPlace*) noexcept
        object (*adopt)(Block*, int, const cnp.npy_intp*, const ElementType*, PyObject*)
        ArrayPlace* (*open_window)(object, const ElementType*, int) except NULL


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


cdef int check_ndim(cnp.ndarray array, int ndim) except -1:
    if cnp.PyArray_NDIM(array) != ndim:
        raise ValueError(f"expected an array of {ndim} dimension{'s' if ndim > 1 else ''}, got one of {array.ndim}")
    return 0


cdef ArrayPlace* open_array(object array, const ElementType* type, int ndim) except NULL:
    if not cnp.PyArray_Check(array):
        raise TypeError(f"expected a cppdynarray.DynamicArray, got {array.__class__.__name__}")
    if type != NULL:
        check_dtype(type, (<cnp.ndarray>array).descr)
    if is_window(array):
        raise ValueError("this is a RollingArray: a handle for windows is needed, PythonRolling1D or PythonRolling2D")
    if not is_dynamic(array):
        raise ValueError("a numpy.ndarray can't grow; cppdynarray.array(a) makes a DynamicArray of a copy")
    growable(array)
    check_ndim(array, ndim)
    if PyDataType_REFCHK((<cnp.ndarray>array).descr):
        raise TypeError(f"elements of dtype {array.dtype} are Python objects, which need the GIL")
    cdef ArrayPlace* place = open_place(array)
    if place == NULL:
        raise MemoryError("no memory for a handle to the array")
    Py_INCREF(array)
    return place


cdef ArrayPlace* open_rolling(object array, const ElementType* type, int ndim) except NULL:
    if not cnp.PyArray_Check(array):
        raise TypeError(f"expected a cppdynarray.RollingArray, got {array.__class__.__name__}")
    if type != NULL:
        check_dtype(type, (<cnp.ndarray>array).descr)
    if not is_window(array):
        raise ValueError("only a RollingArray is a window; cppdynarray.RollingArray(a, maxlen=...) makes one")
    check_ndim(array, ndim)
    return open_window(array)


cdef void close_array(ArrayPlace* place) noexcept:
    cdef PyObject* array = <PyObject*>place.array
    # The array may have lost this memory, see forget_array().
    if array != NULL and is_window(<object>array):
        close_window(place)
        return
    close_place(place)
    Py_XDECREF(array)  # last: may run Python code


cdef object adopt(Block* block, int ndim, const cnp.npy_intp* shape, const ElementType* type, PyObject* dtype):
    cdef object wanted = as_dtype(type) if dtype == NULL else np.dtype(<object>dtype)
    if wanted is None:
        raise TypeError(f"the dtype of these structs of {type.size} bytes is unknown: pass it, or declare StructFields")
    check_dtype(type, wanted)
    return adopt_block(block, block.committed_bytes, DynamicArray, wanted, ndim, shape, NPY_ARRAY_CARRAY, None)


cdef PythonApi functions
functions.version = python_api_version
functions.oldest = 2
functions.open = open_array
functions.close = close_array
functions.adopt = adopt
functions.open_window = open_rolling
api = PyCapsule_New(&functions, python_api_capsule, NULL)


# Handles that go through Python, for code that can't open one itself.

cdef void free_capsule(object capsule) noexcept:
    cdef const char* name = PyCapsule_GetName(capsule)
    close_array(<ArrayPlace*>PyCapsule_GetPointer(capsule, name))
    free(<void*>name)


def handle_capsule(array, str name):
    """A capsule called `name` with a handle to `array`: its pointer is an ArrayPlace*, of a RollingArray a
    RollingPlace*. As a handle does, it keeps the array alive.
    """
    cdef char* kept = strdup(name.encode())
    cdef ArrayPlace* place = NULL
    try:
        if kept == NULL:
            raise MemoryError
        if is_window(array):
            place = open_rolling(array, NULL, array.ndim)
        else:
            place = open_array(array, NULL, array.ndim)
        return PyCapsule_New(place, kept, free_capsule)
    except:
        if place != NULL:
            close_array(place)
        free(kept)
        raise
