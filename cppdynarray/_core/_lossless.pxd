"""What a value loses when it is converted to an array's dtype."""

cimport numpy as cnp

cdef bint may_lose(cnp.dtype dtype) noexcept
cdef int check_before(object value, object dtype, Py_ssize_t row=*) except -1
cdef int check_value(object value, object kept, Py_ssize_t row) except -1
cdef int check_array(object source, object kept, Py_ssize_t row=*) except -1
cdef int check_list(list values, object kept) except -1
cdef object begin_quiet()
cdef int end_quiet(object begun) except -1
