# distutils: language = c++
"""What is assumed of NumPy's structs, compared with real objects at import.

Growing in place writes an ndarray's fields, and reading an element makes a scalar by hand: NumPy has no
calls for these. A NumPy whose structs differ is refused with a message, before anything is written.
"""

import weakref

import numpy as np
from numpy._core.multiarray import get_handler_name

cimport numpy as cnp
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF

from cppdynarray._core._memory import trim

from cppdynarray._core._memory cimport import_core, new_array
from cppdynarray._core.headers cimport load_scalar, store_scalar
from cppdynarray._core.numpy_api cimport NPY_ARRAY_C_CONTIGUOUS, NPY_ARRAY_F_CONTIGUOUS, NPY_ARRAY_WRITEABLE

import_core()


cdef extern from "numpy/arrayobject.h":
    ctypedef struct PyArrayObject_fields:
        char* data
        int nd
        cnp.npy_intp* dimensions
        cnp.npy_intp* strides
        PyObject* base
        void* descr
        int flags
        PyObject* weakreflist
        void* _buffer_info
        PyObject* mem_handler


cdef extern from "array_fields.hpp" namespace "cppdynarray":
    PyArrayObject_fields* fields(cnp.ndarray) noexcept


cdef extern from "numpy/arrayscalars.h":
    ctypedef struct PyVoidScalarObject:
        PyObject* base


cdef str SCALARS = "?bBhHiIlLqQefdgFD"


cdef list wrong_fields():
    """The names of fields of ndarray that are not where NumPy's headers say."""
    cdef cnp.npy_intp[2] dims = [2, 3]
    cdef cnp.ndarray array = new_array(np.ndarray, np.dtype("i2"), 2, dims)
    cdef cnp.ndarray view = array[1:]
    cdef PyArrayObject_fields* own = fields(array)
    cdef int contiguous = NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_F_CONTIGUOUS
    found = {
        "data": <size_t>own.data == array.__array_interface__["data"][0],
        "nd": own.nd == 2,
        "descr": <void*>own.descr == <void*><PyObject*>array.dtype,
        "base": own.base == NULL and fields(view).base == <PyObject*>array,
        "flags": own.flags & contiguous == NPY_ARRAY_C_CONTIGUOUS and own.flags & NPY_ARRAY_WRITEABLE != 0,
        "_buffer_info": own._buffer_info == NULL,
        "weakreflist": own.weakreflist == NULL,
    }
    if found["nd"]:
        found["dimensions"] = own.dimensions[0] == 2 and own.dimensions[1] == 3
        found["strides"] = own.strides[0] == 6 and own.strides[1] == 2
    reference = weakref.ref(array)
    found["weakreflist"] = found["weakreflist"] and own.weakreflist == <PyObject*>reference
    found["mem_handler"] = own.mem_handler != NULL and get_handler_name(array) == "cppdynarray"
    return [name for name, right in found.items() if not right]


cdef list wrong_scalars():
    """The codes of dtypes whose scalars hold their value elsewhere."""
    wrong = []
    cdef cnp.ndarray array, stored
    cdef PyObject* scalar
    for code in SCALARS:
        array = np.ones(1, code)
        stored = np.zeros(1, code)
        scalar = load_scalar(<char*>cnp.PyArray_DATA(array), cnp.PyArray_TYPE(array))
        if scalar == NULL:
            wrong.append(code)
            continue
        value = <object>scalar
        Py_DECREF(value)
        if type(value) is not array.dtype.type or value != 1:
            wrong.append(code)
        elif store_scalar(<char*>cnp.PyArray_DATA(stored), cnp.PyArray_TYPE(stored), array[0]) and stored[0] != 1:
            wrong.append(code)
    records = np.zeros(1, "i4,i4")
    record = records[0]
    if (<PyVoidScalarObject*><PyObject*>record).base != <PyObject*>records:
        wrong.append("V")
    return wrong


def check(more_wrong=()):
    """Raise ImportError that names what is different in this NumPy, and what else is said to be."""
    problems = [f"ndarray's field {name}" for name in wrong_fields()]
    problems += [f"the scalar of dtype {code!r}" for code in wrong_scalars()]
    problems += more_wrong
    if problems:
        raise ImportError(
            f"cppdynarray doesn't fit NumPy {np.__version__}, which has {', '.join(problems)} in another place than "
            "the headers it was compiled with; install another version of one of the two"
        )


check()
trim()  # the array above leaves nothing behind, as if it had never been
