# distutils: language = c++
"""How arrays with memory of their own are made from shapes, iterables and other arrays."""

import numpy as np

from cppdynarray._core import _messages

cimport numpy as cnp
from cpython.long cimport PyLong_AsLongAndOverflow, PyLong_CheckExact
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.string cimport memcpy

from cppdynarray._core._conversion cimport collect, is_array_like, store_items
from cppdynarray._core._dispatch cimport as_plain, is_dynamic
from cppdynarray._core._growth cimport append_strs, are_strs_of, extend
from cppdynarray._core._lossless cimport begin_quiet, check_array, check_before, check_list, end_quiet, may_lose
from cppdynarray._core._memory cimport import_core, new_array
from cppdynarray._core.headers cimport ArrayLock, Block, Elements, block_of, elements_of, type_of_numbers, used_bytes
from cppdynarray._core.numpy_api cimport (
    NPY_ARRAY_ENSUREARRAY, NPY_ARRAY_FORCECAST, NPY_VSTRING, PyArray_Descr, PyArray_Dims, PyArray_FromAny,
    PyArray_IntpConverter, PyArray_IS_C_CONTIGUOUS, PyArray_IS_F_CONTIGUOUS, PyArray_SAMESHAPE,
    PyDimMem_FREE,
)

import_core()


cdef enum:
    most_plain_dims = 8  # any number that is enough for most


cdef cnp.dtype float64 = np.dtype(float)
cdef cnp.dtype intp = np.dtype(np.intp)


cdef cnp.dtype as_dtype(object dtype):
    """What NumPy's creation functions take for a dtype, as an instance."""
    if dtype is float:
        return float64
    if isinstance(dtype, cnp.dtype):
        return dtype
    if isinstance(dtype, type) and issubclass(dtype, np.dtype):
        return np.empty(0, dtype).dtype
    return np.dtype(dtype)


cdef str as_order(object order, str default, str allowed="CFAK"):
    """What NumPy's functions take for an order, as one capital letter."""
    if order == "C":
        return "C"
    if order is None:
        return default
    if not isinstance(order, str):
        raise TypeError(f"order must be str, not {type(order).__name__}")
    if len(order) != 1 or order.upper() not in allowed:
        raise ValueError(f"order must be one of {', '.join(map(repr, allowed))}, not {order!r}")
    return order.upper()


cdef int plain_dims(object shape, cnp.npy_intp* dims) noexcept:
    """The number of dimensions where `shape` is a plain int or a short tuple of them; -1 for what else NumPy takes."""
    cdef int overflow = 0, axis
    if PyLong_CheckExact(shape):
        dims[0] = PyLong_AsLongAndOverflow(shape, &overflow)
        return -1 if overflow else 1
    if not PyTuple_CheckExact(shape) or PyTuple_GET_SIZE(shape) > most_plain_dims:
        return -1
    for axis in range(PyTuple_GET_SIZE(shape)):
        if not PyLong_CheckExact(<object>PyTuple_GET_ITEM(shape, axis)):
            return -1
        dims[axis] = PyLong_AsLongAndOverflow(<object>PyTuple_GET_ITEM(shape, axis), &overflow)
        if overflow:
            return -1
    return PyTuple_GET_SIZE(shape)


cdef object new(object cls, object shape, object dtype, Py_ssize_t capacity=0, Py_ssize_t max_size=0,
                bint fortran=False, bint zeroed=False):
    """An array of class `cls` with memory of its own, zero or not initialised."""
    cdef cnp.npy_intp[most_plain_dims] few
    cdef PyArray_Dims dims
    cdef cnp.ndarray array
    cdef int ndim = plain_dims(shape, few)
    if ndim >= 0:
        array = new_array(cls, as_dtype(dtype), ndim, few, capacity, max_size, fortran)
    else:
        dims.ptr = NULL
        PyArray_IntpConverter(shape, &dims)
        try:
            array = new_array(cls, as_dtype(dtype), dims.len, dims.ptr, capacity, max_size, fortran)
        finally:
            PyDimMem_FREE(dims.ptr)
    cdef Block* block = block_of(array)
    if zeroed:
        block.functions.zero(block, 0, used_bytes(array))
    if elements_of(array) != Elements.plain and cnp.PyArray_SIZE(array) != 0:
        # Zero bytes are empty slots: NumPy's arrays start with 0 or None, "" or a record of them.
        as_plain(array)[...] = (np.zeros if zeroed else np.empty)((), array.descr)
    return array


cdef bint has_unit(cnp.dtype dtype):
    return dtype.kind not in b"mM" or np.datetime_data(dtype)[0] != "generic"


cdef cnp.ndarray new_from_list(object cls, list items, object dtype, Py_ssize_t capacity=0, Py_ssize_t max_size=0):
    """An array of class `cls` with the items of a list; None where NumPy has to find the dtype, as for all but
    floats alone and ints alone, or to convert them.
    """
    cdef int type_num
    cdef cnp.dtype of_items
    if dtype is None:
        type_num = type_of_numbers(items)
        if type_num == cnp.NPY_NOTYPE:
            return None
        of_items = float64 if type_num == cnp.NPY_DOUBLE else intp
    else:
        of_items = as_dtype(dtype)
    # NumPy finds the length of text that has none, and the unit of dates.
    if elements_of(of_items) != Elements.plain or of_items.itemsize == 0 or not has_unit(of_items):
        return None
    cdef cnp.npy_intp count = len(items)
    cdef cnp.ndarray array = new_array(cls, of_items, 1, &count, capacity, max_size)
    # A dtype that is an array has made more dimensions; the __array_finalize__ of a subclass may have changed all.
    if cnp.PyArray_NDIM(array) != 1 or cnp.PyArray_DIMS(array)[0] != count or array.descr is not of_items:
        return None
    return array if store_items(<char*>cnp.PyArray_DATA(array), array, items, 0, count) == count else None


cdef cnp.ndarray as_array(object contents, object dtype):
    """np.asarray(contents, dtype), without a call through Python where the dtype is plain."""
    if dtype is None:
        return PyArray_FromAny(contents, NULL, 0, 0, NPY_ARRAY_ENSUREARRAY | NPY_ARRAY_FORCECAST, NULL)
    if not isinstance(dtype, cnp.dtype):
        return np.asarray(contents, dtype)
    Py_INCREF(dtype)  # stolen
    return PyArray_FromAny(contents, <PyArray_Descr*>dtype, 0, 0, NPY_ARRAY_ENSUREARRAY | NPY_ARRAY_FORCECAST, NULL)


cdef cnp.ndarray converted(object contents, cnp.dtype dtype):
    """The same, where nothing is lost."""
    if not may_lose(dtype):
        return as_array(contents, dtype)
    if not isinstance(contents, list):
        contents = np.asarray(contents)
    check_before(contents, dtype)
    quiet = begin_quiet()  # what would be warned of is refused
    try:
        kept = as_array(contents, dtype)
    finally:
        end_quiet(quiet)
    if isinstance(contents, list):
        check_list(contents, kept)
    else:
        # A dtype that is an array has dimensions of its own.
        check_array(contents.reshape(contents.shape + (1,) * (kept.ndim - contents.ndim)), kept)
    return kept


cdef bint is_records(list contents, cnp.dtype dtype):
    """Whether a list is one of tuples for records: each is converted alone, as append does."""
    return (<object>dtype).names is not None and all([PyTuple_CheckExact(item) for item in contents])


cdef object new_from_iterable(object cls, object iterable, object dtype, Py_ssize_t capacity=0, Py_ssize_t max_size=0,
                              bint lossless=False):
    """A one-dimensional array of class `cls` with the items of an iterable, in one pass."""
    cdef cnp.ndarray array = new(cls, 0, dtype, capacity, max_size)
    # The __array_finalize__ of a subclass may have kept the array.
    if cls.__array_finalize__ is np.ndarray.__array_finalize__ and cnp.PyArray_NDIM(array) == 1:
        collect(array, iterable, lossless)
    else:
        extend(array, iterable, lossless)
    return array


cdef object new_copy(object cls, cnp.ndarray source, str order="C", object like=None,
                     Py_ssize_t capacity=0, Py_ssize_t max_size=0):
    """An array of class `cls` with the elements of `source`."""
    cdef ArrayLock lock
    if is_dynamic(source):
        # A thread that needs no GIL may make it longer any time: its length is read once.
        lock.hold(source)
        source = as_plain(source)
    cdef bint fortran = order == "F" or (
        order != "C" and PyArray_IS_F_CONTIGUOUS(source) and not PyArray_IS_C_CONTIGUOUS(source)
    )
    cdef cnp.ndarray copy = new_array(
        cls, source.descr, cnp.PyArray_NDIM(source), cnp.PyArray_DIMS(source),
        capacity, max_size, fortran, like,
    )
    cdef bint same_order = PyArray_IS_F_CONTIGUOUS(source) if fortran else PyArray_IS_C_CONTIGUOUS(source)
    # A subclass's __array_finalize__ may have changed the source: then NumPy says what doesn't fit.
    same_order = same_order and PyArray_SAMESHAPE(copy, source)
    if same_order and copy.descr is source.descr and elements_of(source) == Elements.plain:
        memcpy(cnp.PyArray_DATA(copy), cnp.PyArray_DATA(source), used_bytes(source))
    else:
        cnp.PyArray_CopyInto(copy, source)
    return copy


cdef cnp.dtype as_growing_dtype(object dtype):
    """The dtype of a new array that is going to grow: strings without a length are strings of any length."""
    cdef cnp.dtype made = as_dtype(dtype)
    if made.itemsize == 0 and (<object>made).names is None and (<object>made).subdtype is None:
        if made.kind == b"U":
            return np.dtypes.StringDType()
        if made.kind in b"SV":
            code = chr(made.kind)
            raise ValueError(_messages.NO_LENGTH.format(dtype=dtype, code=code))
    return made


cdef int check_room(Py_ssize_t capacity, Py_ssize_t max_size) except -1:
    """Whether that can be asked for."""
    if capacity < 0 or max_size < 0:
        raise ValueError("capacity and max_size are numbers of rows: they can't be negative")
    return 0


def dynamic_array(object cls, contents=(), dtype=None, *, Py_ssize_t capacity=0, Py_ssize_t max_size=0):
    """What DynamicArray(contents, ...) makes."""
    return new_with_contents(cls, contents, dtype, capacity, max_size)


cdef object new_with_contents(object cls, object contents, object dtype=None, Py_ssize_t capacity=0,
                              Py_ssize_t max_size=0):
    """The same, as a C function."""
    cdef cnp.ndarray array
    check_room(capacity, max_size)
    if dtype is not None:
        dtype = as_growing_dtype(dtype)
    if isinstance(contents, (list, tuple)) and not contents:
        # NumPy sees no contents here to find a dtype for.
        return new(cls, 0, float if dtype is None else dtype, capacity, max_size)
    if type(contents) is list:
        array = new_from_list(cls, contents, dtype, capacity, max_size)
        if array is not None:
            return array
        if dtype is not None and (<cnp.dtype>dtype).type_num == NPY_VSTRING:
            array = new(cls, 0, dtype, capacity, max_size)
            if are_strs_of(array, array.descr, contents) and append_strs(array, contents):
                return array
    if is_dynamic(contents):
        contents = as_plain(contents)
    if not isinstance(contents, (list, tuple)) and not is_array_like(contents):
        if dtype is not None:
            refuse_size(contents)
            return new_from_iterable(cls, contents, dtype, capacity, max_size, lossless=True)
        refuse_size(contents)
        contents = list(contents)
    if dtype is not None and type(contents) is list and is_records(contents, dtype):
        return new_from_iterable(cls, contents, dtype, capacity, max_size, lossless=True)
    if isinstance(contents, tuple):
        contents = list(contents)  # no different from a list of rows; to NumPy it may be one record
    cdef cnp.ndarray source = as_array(contents, dtype) if dtype is None else converted(contents, dtype)
    if cnp.PyArray_NDIM(source) == 0:
        raise not_contents(contents)
    return new_copy(cls, source, "C", None, capacity, max_size)


cdef int refuse_size(object contents) except -1:
    """Raises if `contents` can't be iterated over: an int is often meant to be a size."""
    if hasattr(type(contents), "__iter__") or hasattr(type(contents), "__getitem__"):
        return 0
    raise not_contents(contents)


cdef object not_contents(object contents):
    """The TypeError for what is no contents."""
    kind = type(contents).__name__
    if isinstance(contents, (int, np.integer)) and not isinstance(contents, bool) and contents >= 0:
        return TypeError(_messages.SIZE_AS_CONTENTS.format(kind=kind, zeros=f"cda.zeros({contents})", value=contents))
    return TypeError(_messages.ONE_AS_CONTENTS.format(kind=kind))


cdef int check_positions(object cls, tuple args) except -1:
    """Raises if there are more arguments without a name than contents and dtype."""
    if len(args) > 2:
        raise TypeError(_messages.POSITIONS.format(cls=cls.__name__, count=len(args)))
    return 0


def unknown_argument(object cls, dict arguments):
    """What to say of keyword arguments that dynamic_array() refused; None if it knows them all."""
    for name, value in arguments.items():
        if name == "shape":
            return _messages.SHAPE_ARGUMENT.format(cls=cls.__name__, shape=value)
        if name == "row_shape":
            row_shape = tuple(value) if isinstance(value, (tuple, list)) else (value,)
            return _messages.SHAPE_ARGUMENT.format(cls=cls.__name__, shape=(0, *row_shape))
        if name == "maxlen":
            return _messages.ROLLING_OF_ARRAY.format(cls=cls.__name__, value=value)
        if name not in ("contents", "dtype", "capacity", "max_size"):
            return _messages.OTHER_ARGUMENT.format(
                call=cls.__name__, name=name, known="contents, dtype, capacity and max_size")
    return None
