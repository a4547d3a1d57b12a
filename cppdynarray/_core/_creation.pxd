"""Creation functions: NumPy's, with NumPy's signatures, for DynamicArrays."""

cimport numpy as cnp


cdef inline bint owns_memory(cnp.ndarray array) noexcept:
    return cnp.PyArray_CHKFLAGS(array, cnp.NPY_ARRAY_OWNDATA)


cdef object copy_of(object array, str order=?)
