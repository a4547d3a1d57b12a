# distutils: language = c++
"""NumPy's operators, methods, ufuncs and functions on DynamicArrays.

The mechanism is in dispatch.hpp; here is which methods it serves, and NEP 18.
"""

import numpy as np

cimport numpy as cnp
from cpython.object cimport PyObject, PyTypeObject

from cppdynarray._core._memory cimport import_core
from cppdynarray._core.headers cimport core

import_core()


cdef extern from "dispatch.hpp" namespace "cppdynarray":
    PyObject* function_overrides
    PyObject* implementation_name
    PyObject* array_function_by_name
    bint c_is_dynamic "cppdynarray::is_dynamic"(object value) noexcept
    object c_as_plain "cppdynarray::as_plain"(object array)
    object get_forwarded(object self, void* name)
    int set_forwarded(object self, object value, void* name) except -1
    object array_ufunc(object self, PyObject** args, Py_ssize_t nargs, PyObject* kwnames)
    object array_function(object self, PyObject** args, Py_ssize_t nargs, PyObject* kwnames)
    object view(object self, PyObject** args, Py_ssize_t nargs, PyObject* kwnames)
    void* forwarding_method(size_t index, bint on_itself) noexcept
    object get_published(object self, void* original)
    int set_published(object self, object value, void* original) except -1
    int set_layout(object self, object value, void* original) except -1
    PyGetSetDef* attribute_of_ndarray(const char* name) noexcept
    int assign(object self, object key, object value) except -1
    PyType_Slot* operator_slots(PyType_Slot* slots) noexcept
    PyObject** forwarded_methods_data "cppdynarray::forwarded_methods.data"() noexcept
    const size_t most_forwarded

    cdef cppclass Operands:
        object plain(object)
        object restore(PyObject*)


cdef extern from *:
    """
    #define CPPDYNARRAY_SUBSCRIPT(array, key) PyArray_Type.tp_as_mapping->mp_subscript(array, key)
    """
    PyObject* ndarray_subscript "CPPDYNARRAY_SUBSCRIPT"(object array, object key)


cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8(object) except NULL


cdef object as_plain(cnp.ndarray array):
    return c_as_plain(array)


cdef bint is_dynamic(object value) noexcept:
    return c_is_dynamic(value)


cdef object subscript(cnp.ndarray array, object key):
    """array[key] for any key, by NumPy."""
    cdef Operands operands
    return operands.restore(ndarray_subscript(operands.plain(array), key))


cdef int assign_subscript(cnp.ndarray array, object key, object value) except -1:
    """array[key] = value for any key, by NumPy."""
    return assign(array, key, value)


cdef void set_type(type live_array):
    """Says which class is to be replaced by plain views."""
    global function_overrides, implementation_name, array_function_by_name
    core.live_array_type = <PyTypeObject*>live_array
    overrides[np.array_repr] = _array_repr
    function_overrides = <PyObject*>overrides
    implementation_name = <PyObject*>_implementation_name
    array_function_by_name = <PyObject*>_array_function_by_name


# ndarray's methods that NumPy runs on a plain view.
FORWARDED_METHODS = (
    "all", "any", "argmax", "argmin", "argpartition", "argsort", "astype", "byteswap", "choose",
    "clip", "compress", "conj", "conjugate", "cumprod", "cumsum", "diagonal", "dot", "fill", "flatten",
    "getfield", "item", "max", "mean", "min", "nonzero", "prod", "put", "ravel", "repeat", "reshape", "round",
    "searchsorted", "setfield", "squeeze", "std", "sum", "swapaxes", "take", "to_device", "tobytes", "tofile",
    "tolist", "trace", "transpose", "var",
)
# Those that it runs on the array itself: they tell others about it, or look at its class.
PUBLISHED_METHODS = ("__array__", "__complex__", "__dlpack__", "__format__")
# Attributes that are views; True: they can be set.
cdef tuple FORWARDED_ATTRIBUTES = ((b"T", False), (b"mT", False), (b"real", True), (b"imag", True), (b"flat", True))
# Attributes that depend on the length.
cdef tuple PUBLISHED_ATTRIBUTES = (
    b"__array_interface__", b"__array_struct__", b"ctypes", b"data", b"flags", b"nbytes", b"size",
)
# Those that say what the bytes are.
cdef tuple LAYOUT_ATTRIBUTES = (b"dtype", b"shape", b"strides")

cdef list _kept = []  # what the C strings and pointers below point into


cdef PyMethodDef* add_methods(PyMethodDef* methods):
    """Writes NumPy's methods and the two protocols; returns the first free place."""
    cdef size_t index = 0
    for name in FORWARDED_METHODS + PUBLISHED_METHODS:
        method = getattr(np.ndarray, name, None)  # to_device came with NumPy 2.0, and so on
        if method is None:
            continue
        assert index < most_forwarded
        doc = method.__doc__ or ""
        _kept.append((name, doc, method))
        forwarded_methods_data()[index] = <PyObject*>method
        methods[index].ml_name = PyUnicode_AsUTF8(name)
        methods[index].ml_meth = <PyCFunction>forwarding_method(index, name in PUBLISHED_METHODS)
        methods[index].ml_flags = METH_FASTCALL | METH_KEYWORDS
        methods[index].ml_doc = PyUnicode_AsUTF8(doc)
        index += 1
    methods[index] = PyMethodDef(
        b"__array_ufunc__", <PyCFunction><void*>array_ufunc, METH_FASTCALL | METH_KEYWORDS,
        b"Call the ufunc on plain views; what it computes is plain, and out=d gives d.",
    )
    methods[index + 1] = PyMethodDef(
        b"__array_function__", <PyCFunction><void*>array_function, METH_FASTCALL | METH_KEYWORDS,
        b"Call the NumPy function on plain views; what it computes is plain, and out=d gives d.",
    )
    _kept.append(np.ndarray.view.__doc__)
    methods[index + 2] = PyMethodDef(
        b"view", <PyCFunction><void*>view, METH_FASTCALL | METH_KEYWORDS, PyUnicode_AsUTF8(_kept[-1]),
    )
    return methods + index + 3


cdef PyGetSetDef* add_attributes(PyGetSetDef* attributes) except NULL:
    """Writes NumPy's attributes; returns the first free place."""
    cdef const char* name
    for python_name, settable in FORWARDED_ATTRIBUTES:
        name = python_name
        attributes[0] = attribute_of_ndarray(name)[0]
        attributes[0].get = get_forwarded
        attributes[0].set = NULL
        if settable:
            attributes[0].set = set_forwarded
        attributes[0].closure = <void*>name
        attributes += 1
    for python_name in PUBLISHED_ATTRIBUTES + LAYOUT_ATTRIBUTES:
        name = python_name
        attributes[0] = attribute_of_ndarray(name)[0]
        attributes[0].closure = <void*>attribute_of_ndarray(name)
        attributes[0].get = get_published
        if attributes[0].set != NULL:
            attributes[0].set = set_layout if python_name in LAYOUT_ATTRIBUTES else set_published
        attributes += 1
    return attributes


cdef PyType_Slot* add_operator_slots(PyType_Slot* slots) noexcept:
    return operator_slots(slots)


# Functions that get the DynamicArray itself: {NumPy function: what is called instead}.
overrides = {}

cdef object _implementation_name = "_implementation"
cdef object _ndarray = np.empty(0)
cdef tuple _only_ndarray = (np.ndarray,)


def _array_repr(arr, *args, **kwargs):
    if is_dynamic(arr):
        arr = as_plain(arr).view(type(arr))  # NumPy looks at it many times: at one whose length stays
    args = (arr, *args)
    return np.ndarray.__array_function__(_ndarray, np.array_repr, _only_ndarray, args, kwargs)


def __array_function__(func, types, args, kwargs):
    """The arguments in their order, however they were given."""
    return func, types, args, kwargs


cdef object _array_function_by_name = __array_function__
