"""How the classes are made: heap types by PyType_FromSpec."""

from cppdynarray._core._dispatch cimport PyType_Slot


cdef extern from "Python.h":
    const int METH_O
    const int METH_FASTCALL
    const int METH_KEYWORDS
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
