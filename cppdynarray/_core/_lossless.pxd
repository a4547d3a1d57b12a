"""What a value loses when it is converted to an array's dtype."""

cimport numpy as cnp

cdef bint may_lose(cnp.dtype dtype) noexcept
cdef int check_value(object value, cnp.dtype dtype, Py_ssize_t row) except -1
cdef int check_array(object source, cnp.dtype dtype, Py_ssize_t row=*) except -1
cdef int check_list(list values, cnp.dtype dtype, Py_ssize_t row=*) except -1
cdef int check_row(object value, cnp.dtype dtype, Py_ssize_t row) except -1
