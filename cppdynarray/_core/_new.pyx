# distutils: language = c++
"""How arrays with memory of their own are made from shapes, iterables and other arrays."""

import numpy as np

from cppdynarray._core import messages

cimport numpy as cnp
from libc.string cimport memcpy

from cppdynarray._core._conversion cimport collect, is_array_like
from cppdynarray._core._dispatch cimport as_plain, is_dynamic
from cppdynarray._core._growth cimport extend
from cppdynarray._core._lossless cimport check_array, check_list
from cppdynarray._core._memory cimport block_of, new_array, set_up_headers, used_bytes, zero_block
from cppdynarray._core.numpy_api cimport (
    PyArray_Dims, PyArray_IntpConverter, PyArray_IS_C_CONTIGUOUS, PyArray_IS_F_CONTIGUOUS, PyArray_SAMESHAPE,
    PyDataType_REFCHK, PyDimMem_FREE,
)

cnp.import_array()
set_up_headers()


cdef cnp.dtype as_dtype(object dtype):
    """What NumPy's creation functions take for a dtype, as an instance."""
    if isinstance(dtype, cnp.dtype):
        return dtype
    if dtype is float:
        return cnp.PyArray_DescrFromType(cnp.NPY_DOUBLE)
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


cdef object new(type cls, object shape, object dtype, Py_ssize_t capacity=0, Py_ssize_t reserve=0,
                bint fortran=False, bint zeroed=False):
    """An array of class `cls` with memory of its own, zero or not initialised."""
    cdef PyArray_Dims dims
    cdef cnp.ndarray array
    dims.ptr = NULL
    PyArray_IntpConverter(shape, &dims)
    try:
        array = new_array(cls, as_dtype(dtype), dims.len, dims.ptr, capacity, reserve, fortran)
    finally:
        PyDimMem_FREE(dims.ptr)
    if zeroed:
        zero_block(block_of(array), 0, used_bytes(array))
    if PyDataType_REFCHK(array.descr):
        # Zero bytes are empty slots: NumPy's arrays start with 0 or None, "" or a record of them.
        as_plain(array)[...] = (np.zeros if zeroed else np.empty)((), array.descr)
    return array


cdef object new_from_iterable(type cls, object iterable, object dtype, Py_ssize_t capacity=0, Py_ssize_t reserve=0,
                              bint lossless=False):
    """A one-dimensional array of class `cls` with the items of an iterable, in one pass."""
    cdef cnp.ndarray array = new(cls, 0, dtype, capacity, reserve)
    # The __array_finalize__ of a subclass may have kept the array.
    if cls.__array_finalize__ is np.ndarray.__array_finalize__ and cnp.PyArray_NDIM(array) == 1:
        collect(array, iterable, lossless)
    else:
        extend(array, iterable, lossless)
    return array


cdef object new_copy(type cls, cnp.ndarray source, str order="C", object like=None,
                     Py_ssize_t capacity=0, Py_ssize_t reserve=0):
    """An array of class `cls` with the elements of `source`."""
    if is_dynamic(source):
        # A thread that needs no GIL may make it longer any time: its length is read once.
        source = as_plain(source)
    cdef bint fortran = order == "F" or (
        order != "C" and PyArray_IS_F_CONTIGUOUS(source) and not PyArray_IS_C_CONTIGUOUS(source)
    )
    cdef cnp.ndarray copy = new_array(
        cls, source.descr, cnp.PyArray_NDIM(source), cnp.PyArray_DIMS(source),
        capacity, reserve, fortran, like,
    )
    cdef bint same_order = PyArray_IS_F_CONTIGUOUS(source) if fortran else PyArray_IS_C_CONTIGUOUS(source)
    # A subclass's __array_finalize__ may have changed the source: then NumPy says what doesn't fit.
    same_order = same_order and PyArray_SAMESHAPE(copy, source)
    if same_order and copy.descr is source.descr and not PyDataType_REFCHK(source.descr):
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
            raise ValueError(messages.NO_LENGTH.format(dtype=dtype, code=code))
    return made


def dynamic_array(type cls, contents=(), dtype=None, *, Py_ssize_t capacity=0, Py_ssize_t reserve=0):
    """What DynamicArray(contents, ...) makes."""
    if capacity < 0 or reserve < 0:
        raise ValueError("capacity and reserve are numbers of rows: they can't be negative")
    if dtype is not None:
        dtype = as_growing_dtype(dtype)
    if isinstance(contents, (list, tuple)) and not contents:
        # NumPy sees no contents here to find a dtype for.
        return new(cls, 0, float if dtype is None else dtype, capacity, reserve)
    if is_dynamic(contents):
        contents = as_plain(contents)
    if not isinstance(contents, (list, tuple)) and not is_array_like(contents):
        if dtype is not None:
            refuse_size(contents)
            return new_from_iterable(cls, contents, dtype, capacity, reserve, lossless=True)
        refuse_size(contents)
        contents = list(contents)
    if isinstance(contents, tuple):
        contents = list(contents)  # no different from a list of rows; to NumPy it may be one record
    if dtype is not None:
        if isinstance(contents, list):
            check_list(contents, dtype)
        else:
            check_array(np.asarray(contents), dtype)
    source = np.asarray(contents, dtype)
    if source.ndim == 0:
        raise not_contents(contents)
    return new_copy(cls, source, "C", None, capacity, reserve)


cdef int refuse_size(object contents) except -1:
    """Raises if `contents` can't be iterated over: an int is often meant to be a size."""
    if hasattr(type(contents), "__iter__") or hasattr(type(contents), "__getitem__"):
        return 0
    raise not_contents(contents)


cdef object not_contents(object contents):
    """The TypeError for what is no contents."""
    kind = type(contents).__name__
    if isinstance(contents, (int, np.integer)) and not isinstance(contents, bool) and contents >= 0:
        return TypeError(messages.SIZE_AS_CONTENTS.format(kind=kind, zeros=f"cda.zeros({contents})", value=contents))
    return TypeError(messages.ONE_AS_CONTENTS.format(kind=kind))


def unknown_argument(type cls, dict arguments):
    """What to say of keyword arguments that dynamic_array() refused; None if it knows them all."""
    for name, value in arguments.items():
        if name == "shape":
            return messages.SHAPE_ARGUMENT.format(cls=cls.__name__, shape=value)
        if name not in ("contents", "dtype", "capacity", "reserve"):
            return messages.OTHER_ARGUMENT.format(cls=cls.__name__, name=name)
    return None
