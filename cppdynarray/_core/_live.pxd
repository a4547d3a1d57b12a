"""How the classes are made: heap types by PyType_FromSpec; and how handles onto their arrays are opened."""

cimport numpy as cnp

from cppdynarray._core._dispatch cimport PyType_Slot
from cppdynarray._core.headers cimport ArrayPlace


cdef extern from "Python.h":
    const unsigned long Py_TPFLAGS_DEFAULT
    const unsigned long Py_TPFLAGS_BASETYPE
    const int Py_tp_new, Py_tp_methods, Py_tp_getset, Py_tp_doc
    const int Py_mp_subscript, Py_mp_ass_subscript, Py_sq_item, Py_sq_ass_item, Py_bf_getbuffer

    ctypedef struct PyType_Spec:
        const char* name
        int basicsize
        int itemsize
        unsigned int flags
        PyType_Slot* slots

    object PyType_FromSpecWithBases(PyType_Spec* spec, object bases)


cdef type new_type(const char* name, PyType_Slot* slots, type base, functions)

# The place of an array whose elements are no Python objects, with one handle more and a reference to the array.
ctypedef ArrayPlace* (*OpenHandle)(cnp.ndarray array) except NULL


cdef class Kind:
    """A class of arrays, to code that opens handles."""
    cdef type cls
    cdef OpenHandle open
    cdef str needed  # what to say of other arrays, where one of this kind is asked for
    cdef str instead  # what to say of one of these where another kind is asked for; None: what is said of others


cdef int register_kind(type cls, OpenHandle open, str needed, str instead) except -1
cdef Kind kind_of(object array)
cdef Kind kind_called(str name)
