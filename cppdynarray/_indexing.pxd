"""d[key], d[key] = value and del d[key]: the C-level slots."""

from cpython.object cimport PyObject


cdef object get_item(object self, object key)
cdef int set_item(object self, object key, PyObject* new_value) except -1
cdef object sequence_item(object self, Py_ssize_t index)
cdef int set_sequence_item(object self, Py_ssize_t index, PyObject* value) except -1
