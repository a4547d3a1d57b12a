"""d[key], d[key] = value and del d[key]: the C-level slots."""

cimport numpy as cnp
from cpython.object cimport PyObject


cdef PyObject* get_item(cnp.ndarray array, object key) except NULL
cdef int set_item(cnp.ndarray array, object key, PyObject* new_value) except -1
cdef PyObject* sequence_item(cnp.ndarray array, Py_ssize_t index) except NULL
cdef int set_sequence_item(cnp.ndarray array, Py_ssize_t index, PyObject* value) except -1
