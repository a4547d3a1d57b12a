# distutils: language = c++
"""d[key], d[key] = value and del d[key]: the C-level slots.

Exact ints on arrays of the common dtypes, tuples of them, and slices are done here; all else
is NumPy's. Results are NumPy's in every case: scalars, and plain views whose base is d.
"""

cimport numpy as cnp
from cpython.long cimport PyLong_CheckExact
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF, Py_XDECREF
from cpython.slice cimport PySlice_AdjustIndices, PySlice_Check, PySlice_Unpack
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_ITEM, PyTuple_GET_SIZE

from cppdynarray._core cimport _growth
from cppdynarray._core._dispatch cimport assign_subscript, subscript
from cppdynarray._core._memory cimport import_core
from cppdynarray._core.headers cimport (
    ArrayLock, BriefArrayLock, load_intp, load_scalar, publish, store_scalar,
)
from cppdynarray._core.numpy_api cimport (
    NPY_ARRAY_ALIGNED, NPY_ARRAY_WRITEABLE, PyArray_FLAGS, PyArray_NewFromDescr, PyArray_Scalar, PyArray_SetBaseObject,
)

import_core()


cdef extern from "Python.h":
    Py_ssize_t PyLong_AsSsize_t(object) except? -1


cdef extern from *:
    """
    // NumPy's own, of which its headers don't speak.
    static const unsigned WARN_ON_WRITE = 1u << 31;
    """
    const unsigned WARN_ON_WRITE


cdef inline bint locate(cnp.ndarray array, int axis, object index, char** address) noexcept:
    """Moves `address` to an element along `axis`. False: not an int or intp, or out of bounds."""
    cdef Py_ssize_t position = 0
    cdef Py_ssize_t count = cnp.PyArray_DIMS(array)[axis]
    if PyLong_CheckExact(index):
        try:
            position = PyLong_AsSsize_t(index)
        except OverflowError:
            return False
    elif not load_intp(index, position):
        return False
    if position < 0:
        position += count
    if not 0 <= position < count:
        return False
    address[0] += position * cnp.PyArray_STRIDES(array)[axis]
    return True


cdef inline bint writeable(cnp.ndarray array) noexcept:
    """Whether elements may be written without a warning."""
    cdef unsigned flags = PyArray_FLAGS(array)
    return flags & NPY_ARRAY_WRITEABLE and not flags & WARN_ON_WRITE


cdef inline bint is_plain(cnp.ndarray array) noexcept:
    """Whether elements are aligned and in native byte order."""
    return cnp.PyArray_ISNOTSWAPPED(array) and cnp.PyArray_CHKFLAGS(array, NPY_ARRAY_ALIGNED)


cdef inline PyObject* new_reference(object value) noexcept:
    Py_INCREF(value)
    return <PyObject*>value


cdef inline char* element(cnp.ndarray array, object key) noexcept:
    """Where the single element array[key] is, if it is that simple and in native order."""
    publish(array)
    cdef char* address = <char*>cnp.PyArray_DATA(array)
    cdef int ndim = cnp.PyArray_NDIM(array)
    if not is_plain(array):
        return NULL
    if ndim == 1:
        return address if locate(array, 0, key, &address) else NULL
    if not PyTuple_CheckExact(key) or PyTuple_GET_SIZE(key) != ndim or ndim == 0:
        return NULL
    for axis in range(ndim):
        if not locate(array, axis, <object>PyTuple_GET_ITEM(key, axis), &address):
            return NULL
    return address


cdef cnp.ndarray view_of(cnp.ndarray array, int ndim, const cnp.npy_intp* dims,
                         const cnp.npy_intp* strides, char* data):
    """A plain view whose base is `array`, as of any array that owns its data."""
    Py_INCREF(array.descr)
    cdef cnp.ndarray view = PyArray_NewFromDescr(
        cnp.ndarray, array.descr, ndim, dims, strides, data, PyArray_FLAGS(array), None)
    Py_INCREF(array)
    PyArray_SetBaseObject(view, array)
    return view


cdef object slice_rows(cnp.ndarray array, object key):
    """array[start:stop:step] along axis 0."""
    cdef Py_ssize_t start, stop, step
    cdef cnp.npy_intp[64] dims
    cdef cnp.npy_intp[64] strides
    PySlice_Unpack(key, &start, &stop, &step)  # may run Python code, and that change the shape
    publish(array)
    cdef int ndim = cnp.PyArray_NDIM(array)
    if ndim == 0:
        return subscript(array, key)
    cdef Py_ssize_t count = PySlice_AdjustIndices(cnp.PyArray_DIMS(array)[0], &start, &stop, step)
    for axis in range(ndim):
        dims[axis] = cnp.PyArray_DIMS(array)[axis]
        strides[axis] = cnp.PyArray_STRIDES(array)[axis]
    cdef char* data = <char*>cnp.PyArray_DATA(array)
    # As NumPy does, an empty slice points at the start, with the stride of the array.
    if count > 0:
        data += start * strides[0]
        # With one row the step may be anything: it wraps around, as NumPy's does.
        strides[0] = <cnp.npy_intp>(<size_t>strides[0] * <size_t>step)
    dims[0] = count
    return view_of(array, ndim, dims, strides, data)


# What these return is a new reference.

cdef inline PyObject* load_element(const char* address, int type_num) noexcept:
    """A scalar of one of the common dtypes or an object, as a new reference; NULL for all else."""
    cdef PyObject* found
    if type_num != cnp.NPY_OBJECT:
        return load_scalar(address, type_num)
    found = (<PyObject**>address)[0]
    return new_reference(None if found == NULL else <object>found)


cdef inline PyObject* get_element(cnp.ndarray array, object key) noexcept:
    """array[key] where it is one that load_element() takes; NULL for all else."""
    cdef BriefArrayLock lock
    lock.hold(array)
    cdef char* address = element(array, key)
    if address == NULL:
        return NULL
    return load_element(address, cnp.PyArray_TYPE(array))


cdef PyObject* get_simple_item(cnp.ndarray array, object key) except? NULL:
    """array[key] where it is a view of rows, or a single element; NULL without an exception where it is NumPy's."""
    cdef ArrayLock array_lock
    array_lock.hold(array)
    if PySlice_Check(key) and cnp.PyArray_NDIM(array) > 0:
        return new_reference(slice_rows(array, key))
    cdef char* address = element(array, key)
    if address != NULL:
        # What NumPy itself does with a single element; a record looks into the array.
        return new_reference(PyArray_Scalar(address, array.descr, array))
    elif cnp.PyArray_NDIM(array) > 1:
        address = <char*>cnp.PyArray_DATA(array)
        if locate(array, 0, key, &address):
            return new_reference(view_of(array, cnp.PyArray_NDIM(array) - 1, cnp.PyArray_DIMS(array) + 1,
                                         cnp.PyArray_STRIDES(array) + 1, address))
    return NULL


cdef PyObject* get_item(cnp.ndarray array, object key) except NULL:
    cdef PyObject* item = NULL
    if not PySlice_Check(key):
        item = get_element(array, key)
    if item == NULL:
        item = get_simple_item(array, key)
    return item if item != NULL else new_reference(subscript(array, key))


cdef inline bint set_element(cnp.ndarray array, object key, object value, PyObject** replaced) noexcept:
    """array[key] = value where that writes an object, which gives back the one it replaces, or a scalar of one of the
    common dtypes. False, and nothing is written, for all else.
    """
    cdef BriefArrayLock lock
    lock.hold(array)
    cdef char* address = element(array, key)
    if address == NULL or not writeable(array):
        return False
    if cnp.PyArray_TYPE(array) != cnp.NPY_OBJECT:
        return store_scalar(address, cnp.PyArray_TYPE(array), value)
    replaced[0] = (<PyObject**>address)[0]
    (<PyObject**>address)[0] = new_reference(value)
    return True


cdef int set_item(cnp.ndarray array, object key, PyObject* new_value) except -1:
    """array[key] = new_value; NULL is del array[key]."""
    if new_value == NULL:
        return _growth.delete(array, key)
    value = <object>new_value
    cdef PyObject* replaced = NULL
    if set_element(array, key, value, &replaced):
        Py_XDECREF(replaced)  # last: its __del__ may look at the array, and change it
        return 0
    cdef ArrayLock array_lock
    array_lock.hold(array)
    return assign_subscript(array, key, value)


cdef Py_ssize_t as_key(cnp.ndarray array, Py_ssize_t index) noexcept:
    """The key for a position to which the sequence protocol has already added the length: what
    is negative is out of bounds, not counted from the end again.
    """
    return index if index >= 0 or cnp.PyArray_NDIM(array) == 0 else index - cnp.PyArray_DIMS(array)[0]


cdef inline PyObject* element_at(cnp.ndarray array, Py_ssize_t index) noexcept:
    """get_element() for a position along axis 0."""
    cdef BriefArrayLock lock
    lock.hold(array)
    if not is_row(array, index) or cnp.PyArray_NDIM(array) != 1 or not is_plain(array):
        return NULL
    return load_element(<char*>cnp.PyArray_DATA(array) + index * cnp.PyArray_STRIDES(array)[0], cnp.PyArray_TYPE(array))


cdef inline bint is_row(cnp.ndarray array, Py_ssize_t index) noexcept:
    # Code in C asks for the length once, and then for the items: rows that a handle has removed since can be read.
    if cnp.PyArray_NDIM(array) != 0 and not 0 <= index < cnp.PyArray_DIMS(array)[0]:
        publish(array)
    return cnp.PyArray_NDIM(array) != 0 and 0 <= index < cnp.PyArray_DIMS(array)[0]


cdef PyObject* sequence_item(cnp.ndarray array, Py_ssize_t index) except NULL:
    """What iteration calls."""
    cdef PyObject* item = element_at(array, index)
    if item != NULL:
        return item
    cdef ArrayLock array_lock
    array_lock.hold(array)
    cdef int ndim = cnp.PyArray_NDIM(array)
    cdef char* address
    if ndim > 1 and is_row(array, index):
        address = <char*>cnp.PyArray_DATA(array) + index * cnp.PyArray_STRIDES(array)[0]
        return new_reference(
            view_of(array, ndim - 1, cnp.PyArray_DIMS(array) + 1, cnp.PyArray_STRIDES(array) + 1, address))
    return get_item(array, as_key(array, index))


cdef int set_sequence_item(cnp.ndarray array, Py_ssize_t index, PyObject* value) except -1:
    return set_item(array, as_key(array, index), value)
