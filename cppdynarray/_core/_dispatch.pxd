"""NumPy's operators, methods, ufuncs and functions on DynamicArrays."""

cimport numpy as cnp


cdef extern from "Python.h":
    const int METH_FASTCALL
    const int METH_KEYWORDS

    ctypedef object (*PyCFunction)(object, object)
    ctypedef object (*getter)(object, void*)
    ctypedef int (*setter)(object, object, void*) except -1

    ctypedef struct PyMethodDef:
        const char* ml_name
        PyCFunction ml_meth
        int ml_flags
        const char* ml_doc

    ctypedef struct PyGetSetDef:
        const char* name
        getter get
        setter set
        const char* doc
        void* closure

    ctypedef struct PyType_Slot:
        int slot
        void* pfunc


cdef object as_plain(cnp.ndarray array)
cdef bint is_dynamic(object value) noexcept
cdef object subscript(cnp.ndarray array, object key)
cdef int assign_subscript(cnp.ndarray array, object key, object value) except -1
cdef void set_type(type live_array)
cdef PyType_Slot* add_operator_slots(PyType_Slot* slots) noexcept
cdef PyMethodDef* add_methods(PyMethodDef* methods)
cdef PyGetSetDef* add_attributes(PyGetSetDef* attributes) except NULL
