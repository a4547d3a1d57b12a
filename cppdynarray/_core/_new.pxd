"""How arrays with memory of their own are made."""

cimport numpy as cnp


cdef cnp.dtype as_dtype(object dtype)
cdef cnp.dtype as_growing_dtype(object dtype)
cdef cnp.ndarray as_array(object contents, object dtype)
cdef str as_order(object order, str default, str allowed=?)
cdef object new(object cls, object shape, object dtype, Py_ssize_t capacity=?, Py_ssize_t max_size=?,
                bint fortran=?, bint zeroed=?)
cdef cnp.ndarray new_from_list(object cls, list items, object dtype, Py_ssize_t capacity=?, Py_ssize_t max_size=?)
cdef object new_with_contents(object cls, object contents, object dtype=?, Py_ssize_t capacity=?, Py_ssize_t max_size=?)
cdef object new_from_iterable(object cls, object iterable, object dtype, Py_ssize_t capacity=?, Py_ssize_t max_size=?,
                              bint lossless=?)
cdef object new_copy(object cls, cnp.ndarray source, str order=?, object like=?, Py_ssize_t capacity=?,
                     Py_ssize_t max_size=?)
cdef int check_positions(object cls, tuple args) except -1
cdef int check_room(Py_ssize_t capacity, Py_ssize_t max_size) except -1
