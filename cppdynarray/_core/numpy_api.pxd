# What of NumPy's C API Cython's own declarations lack.

cimport numpy as cnp
from cpython.object cimport PyObject


cdef extern from "numpy/arrayobject.h":
    """
    // Any class will do: to Cython one with a metaclass of its own is no `type`.
    #define CPPDYNARRAY_NEW_FROM_DESCR(cls, ...) PyArray_NewFromDescr(reinterpret_cast<PyTypeObject*>(cls), __VA_ARGS__)
    """
    object PyArray_NewFromDescr "CPPDYNARRAY_NEW_FROM_DESCR"(
        object cls, cnp.dtype descr, int nd, const cnp.npy_intp* dims, const cnp.npy_intp* strides, void* data,
        int flags, object obj)
    const int NPY_ARRAY_ALIGNED
    const int NPY_ARRAY_CARRAY
    const int NPY_ARRAY_C_CONTIGUOUS
    const int NPY_ARRAY_F_CONTIGUOUS
    const int NPY_ARRAY_ENSUREARRAY
    const int NPY_ARRAY_FORCECAST
    const int NPY_ARRAY_FARRAY
    const int NPY_ARRAY_WRITEABLE
    const int NPY_USERDEF
    const int NPY_VSTRING
    const Py_ssize_t NPY_MAX_INTP

    ctypedef enum NPY_ORDER:
        NPY_CORDER

    ctypedef struct PyArray_Descr

    ctypedef struct PyArray_Dims:
        cnp.npy_intp* ptr
        int len

    object PyArray_FromAny(object op, PyArray_Descr* dtype, int min_ndim, int max_ndim, int requirements,
                           PyObject* context)
    object PyArray_NewCopy(cnp.ndarray array, NPY_ORDER order)
    object PyArray_Scalar(void* data, cnp.dtype dtype, object base)
    int PyArray_SetBaseObject(cnp.ndarray array, object base) except -1
    int PyArray_FLAGS(cnp.ndarray array) noexcept
    bint PyArray_IS_C_CONTIGUOUS(cnp.ndarray array) noexcept
    bint PyArray_IS_F_CONTIGUOUS(cnp.ndarray array) noexcept
    bint PyArray_ISONESEGMENT(cnp.ndarray array) noexcept
    bint PyArray_SAMESHAPE(cnp.ndarray a, cnp.ndarray b) noexcept
    bint PyArray_EquivTypes(cnp.dtype a, cnp.dtype b) noexcept
    int PyArray_Pack(cnp.dtype dtype, void* item, object value) except -1
    bint PyDataType_ISNOTSWAPPED(cnp.dtype dtype) noexcept
    int PyArray_IntpConverter(object, PyArray_Dims*) except 0
    tuple PyArray_IntTupleFromIntp(int count, const cnp.npy_intp* values)
    void PyDimMem_FREE(cnp.npy_intp*) noexcept
