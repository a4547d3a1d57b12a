# distutils: language = c++
"""Creation functions: NumPy's, with NumPy's signatures, for DynamicArrays."""

import itertools
import operator

import numpy as np

cimport numpy as cnp

from cppdynarray._core._array import DynamicArray

from cppdynarray._core._dispatch cimport as_plain, is_dynamic
from cppdynarray._core._new cimport (
    as_array, as_dtype, as_order, check_room, new, new_copy, new_from_iterable, new_from_list,
)

cnp.import_array()


__all__ = [
    "BoolDynamicArray", "DoubleDynamicArray", "FloatDynamicArray", "Int32DynamicArray",
    "Int64DynamicArray", "arange", "array", "asarray", "empty", "empty_like", "frombuffer",
    "fromiter", "full", "full_like", "linspace", "ones", "ones_like", "zeros", "zeros_like",
]


cdef object new_of_shape(object shape, object dtype, object order, object device, bint zeroed=False,
                         Py_ssize_t capacity=0, Py_ssize_t max_size=0, object cls=DynamicArray):
    check_room(capacity, max_size)
    order = as_order(order, "C", "CF")
    if device is not None and device != "cpu":
        raise ValueError(f'Device not understood. Only "cpu" is allowed, but received: {device}')
    return new(cls, shape, dtype, capacity, max_size, order != "C", zeroed)


cdef object copy_of(object array, str order="K"):
    """A DynamicArray with a copy of what NumPy made."""
    return new_copy(DynamicArray, np.asarray(array), order)


cdef object _class_in_memory(object cls):
    """The class of new arrays like one of class `cls`, which may be for arrays on files alone."""
    return getattr(cls, "_class_in_memory", cls)


cdef bint _is_foreign(object like):
    """Whether `like` asks for somebody else's arrays (NEP 35)."""
    return like is not None and not cnp.PyArray_Check(like)


def empty(shape, dtype=float, order="C", *, device=None, like=None, Py_ssize_t capacity=0, Py_ssize_t max_size=0):
    """
    Return a new DynamicArray without initialising its elements; as ``numpy.empty``.

    Parameters
    ----------
    shape : int or tuple of ints
        Shape; axis 0 is the one that grows.
    dtype : data-type, optional
    order : {'C', 'F'}, optional
        Only C-ordered arrays grow.
    device : {None, 'cpu'}, optional
    like : array_like, optional
        As for ``numpy.empty``.
    capacity, max_size : int, optional
        Rows to have room and addresses for, as `DynamicArray` takes them.

    Returns
    -------
    DynamicArray

    Raises
    ------
    ValueError
        For a shape that no array can have.
    MemoryError
        If there is no memory.

    Examples
    --------
    >>> import cppdynarray as cda
    >>> cda.empty((0, 3)).shape
    (0, 3)
    """
    if _is_foreign(like):
        return np.empty(shape, dtype, order, device=device, like=like)
    return new_of_shape(shape, dtype, order, device, False, capacity, max_size)


def zeros(shape, dtype=float, order="C", *, device=None, like=None, Py_ssize_t capacity=0, Py_ssize_t max_size=0):
    """
    Return a new DynamicArray of zeros; as ``numpy.zeros``.

    Large arrays cost the same as small ones until their elements are used.

    Parameters
    ----------
    shape : int or tuple of ints
        Shape; axis 0 is the one that grows.
    dtype : data-type, optional
    order : {'C', 'F'}, optional
        Only C-ordered arrays grow.
    device : {None, 'cpu'}, optional
    like : array_like, optional
        As for ``numpy.zeros``.
    capacity, max_size : int, optional
        Rows to have room and addresses for, as `DynamicArray` takes them.

    Returns
    -------
    DynamicArray

    Raises
    ------
    ValueError
        For a shape that no array can have.
    MemoryError
        If there is no memory.

    Examples
    --------
    >>> import cppdynarray as cda
    >>> cda.zeros(3)
    DynamicArray([0., 0., 0.])
    """
    if _is_foreign(like):
        return np.zeros(shape, dtype, order, device=device, like=like)
    return new_of_shape(shape, dtype, order, device, True, capacity, max_size)


def ones(shape, dtype=None, order="C", *, device=None, like=None, Py_ssize_t capacity=0, Py_ssize_t max_size=0):
    """
    Return a new DynamicArray of ones; as ``numpy.ones``.

    Parameters
    ----------
    shape : int or tuple of ints
        Shape; axis 0 is the one that grows.
    dtype : data-type, optional
        float64 by default.
    order : {'C', 'F'}, optional
        Only C-ordered arrays grow.
    device : {None, 'cpu'}, optional
    like : array_like, optional
        As for ``numpy.ones``.
    capacity, max_size : int, optional
        Rows to have room and addresses for, as `DynamicArray` takes them.

    Returns
    -------
    DynamicArray

    Examples
    --------
    >>> import cppdynarray as cda
    >>> cda.ones((1, 2))
    DynamicArray([[1., 1.]])
    """
    if _is_foreign(like):
        return np.ones(shape, dtype, order, device=device, like=like)
    made = new_of_shape(shape, float if dtype is None else dtype, order, device, False, capacity, max_size)
    np.copyto(made, 1, casting="unsafe")
    return made


def full(shape, fill_value, dtype=None, order="C", *, device=None, like=None, Py_ssize_t capacity=0,
         Py_ssize_t max_size=0):
    """
    Return a new DynamicArray filled with a value; as ``numpy.full``.

    Parameters
    ----------
    shape : int or tuple of ints
        Shape; axis 0 is the one that grows.
    fill_value : scalar or array_like
        Broadcast to `shape`.
    dtype : data-type, optional
        By default that of ``numpy.array(fill_value)``.
    order : {'C', 'F'}, optional
        Only C-ordered arrays grow.
    device : {None, 'cpu'}, optional
    like : array_like, optional
        As for ``numpy.full``.
    capacity, max_size : int, optional
        Rows to have room and addresses for, as `DynamicArray` takes them.

    Returns
    -------
    DynamicArray

    Examples
    --------
    >>> import cppdynarray as cda
    >>> cda.full(2, 7)
    DynamicArray([7, 7])
    """
    if _is_foreign(like):
        return np.full(shape, fill_value, dtype, order, device=device, like=like)
    dtype = np.asarray(fill_value).dtype if dtype is None else dtype
    made = new_of_shape(shape, dtype, order, device, False, capacity, max_size)
    np.copyto(made, fill_value, casting="unsafe")
    return made


def arange(*args, dtype=None, device=None, like=None, **kwargs):
    """
    arange([start,] stop[, step,], dtype=None, *, device=None, like=None)

    Return evenly spaced values of a half-open interval; as ``numpy.arange``.

    Parameters
    ----------
    start, stop, step : number
    dtype : data-type, optional
    device : {None, 'cpu'}, optional
    like : array_like, optional
        As for ``numpy.arange``.

    Returns
    -------
    DynamicArray

    Examples
    --------
    >>> import cppdynarray as cda
    >>> cda.arange(3)
    DynamicArray([0, 1, 2])
    """
    if dtype is not None:
        kwargs["dtype"] = dtype
    if _is_foreign(like):
        return np.arange(*args, device=device, like=like, **kwargs)
    if device is not None:
        kwargs["device"] = device
    return copy_of(np.arange(*args, **kwargs))


def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0, *, device=None):
    """
    Return evenly spaced numbers over an interval; as ``numpy.linspace``.

    Parameters
    ----------
    start, stop : array_like
    num : int, optional
    endpoint : bool, optional
    retstep : bool, optional
        If true, return ``(samples, step)``.
    dtype : data-type, optional
    axis : int, optional
    device : {None, 'cpu'}, optional
        All as for ``numpy.linspace``.

    Returns
    -------
    DynamicArray, or tuple of DynamicArray and step

    Examples
    --------
    >>> import cppdynarray as cda
    >>> cda.linspace(0, 1, 3)
    DynamicArray([0. , 0.5, 1. ])
    """
    made = np.linspace(start, stop, num, endpoint, retstep, dtype, axis, device=device)
    return (copy_of(made[0], "C"), made[1]) if retstep else copy_of(made, "C")


def array(object, dtype=None, *, copy=True, order="K", subok=False, ndmin=0, ndmax=None, like=None):
    """
    Return a DynamicArray with the elements of `object`; as ``numpy.array``.

    Parameters
    ----------
    object : array_like
    dtype : data-type, optional
    copy : bool or None, optional
        If true, always copy. If None, copy unless `object` is a DynamicArray with memory of its
        own that fits. If false, raise ValueError where a copy is needed.
    order : {'K', 'A', 'C', 'F'}, optional
        Only C-ordered arrays grow.
    subok : bool, optional
        Whether subclasses of DynamicArray are passed through.
    ndmin, ndmax : int, optional
        Least and largest number of dimensions; `ndmax` needs NumPy 2.4.
    like : array_like, optional
        As for ``numpy.array``.

    Returns
    -------
    DynamicArray

    Notes
    -----
    Memory of another object can't grow, so other arrays are always copied.

    Examples
    --------
    >>> import cppdynarray as cda
    >>> cda.array([[1, 2], [3, 4]])
    DynamicArray([[1, 2],
                  [3, 4]])
    """
    cdef bint ours = is_dynamic(object)
    if (
        (copy is True or copy is None and not ours)
        and type(order) is str and order == "K" and type(ndmin) is int and ndmin == 0
        and not subok and ndmax is None and like is None
    ):
        # What most calls ask for.
        made = new_from_list(DynamicArray, object, dtype) if type(object) is list else None
        if made is not None:
            return made
        return new_copy(DynamicArray, as_array(as_plain(object) if ours else object, dtype), "K")
    extra = {} if ndmax is None else {"ndmax": ndmax}
    if _is_foreign(like):
        return np.array(
            object, dtype, copy=copy, order=order, subok=subok, ndmin=ndmin, like=like, **extra
        )
    source = np.array(object, dtype, copy=None, order=order, subok=True, ndmin=ndmin, **extra)
    cls = type(source) if subok and isinstance(source, DynamicArray) else DynamicArray
    if not copy and source is object and type(source) is cls and owns_memory(source):
        return source
    if copy is not None and not copy:
        raise ValueError(
            "Unable to avoid copy while creating an array as requested: a DynamicArray needs memory "
            "of its own; use copy=None to copy only when needed"
        )
    return new_copy(_class_in_memory(cls), np.asarray(source), as_order(order, "K"))


def asarray(a, dtype=None, order=None, *, device=None, copy=None, like=None):
    """
    Return `a` itself if it is a DynamicArray that fits, and a copy otherwise.

    Parameters
    ----------
    a : array_like
    dtype : data-type, optional
    order : {'C', 'F', 'A', 'K'}, optional
    device : {None, 'cpu'}, optional
    copy : bool or None, optional
        As for `array`.
    like : array_like, optional
        As for ``numpy.asarray``.

    Returns
    -------
    DynamicArray

    Notes
    -----
    Memory of another object can't grow, so other arrays are always copied.

    Examples
    --------
    >>> import cppdynarray as cda
    >>> d = cda.DynamicArray([1, 2])
    >>> cda.asarray(d) is d
    True
    """
    if device not in (None, "cpu"):
        raise ValueError(f'Device not understood. Only "cpu" is allowed, but received: {device}')
    if type(a) is DynamicArray and dtype is None and order is None and not copy and like is None and owns_memory(a):
        return a
    return array(a, dtype, copy=copy, order="K" if order is None else order, like=like)


def fromiter(iter, dtype, count=-1, *, like=None):
    """
    Return a one-dimensional DynamicArray with the items of an iterable; as ``numpy.fromiter``.

    Parameters
    ----------
    iter : iterable
    dtype : data-type
    count : int, optional
        How many items to read; -1 for all.
    like : array_like, optional
        As for ``numpy.fromiter``.

    Returns
    -------
    DynamicArray

    Raises
    ------
    ValueError
        If there are fewer than `count` items.

    Examples
    --------
    >>> import cppdynarray as cda
    >>> cda.fromiter((x * x for x in range(4)), float)
    DynamicArray([0., 1., 4., 9.])
    """
    if _is_foreign(like):
        return np.fromiter(iter, dtype, count, like=like)
    dtype = as_dtype(dtype)
    if dtype.itemsize == 0 and dtype.kind in "SU":
        raise ValueError("Must specify length when using variable-size data-type.")
    count = operator.index(count)
    if count != -1:
        count = len(range(count))  # as NumPy: none if negative, OverflowError beyond all sizes
        iter = itertools.islice(iter, count)
    made = new_from_iterable(DynamicArray, iter, dtype)
    if count >= 0 and len(made) < count:
        raise ValueError(f"iterator too short: Expected {count} but iterator had only {len(made)} items.")
    return made


def frombuffer(buffer, dtype=float, count=-1, offset=0, *, like=None):
    """
    Return a one-dimensional DynamicArray with a copy of a buffer; as ``numpy.frombuffer``.

    Parameters
    ----------
    buffer : buffer_like
    dtype : data-type, optional
    count : int, optional
        How many elements to read; -1 for all.
    offset : int, optional
        Where to start, in bytes.
    like : array_like, optional
        As for ``numpy.frombuffer``.

    Returns
    -------
    DynamicArray

    Notes
    -----
    Unlike ``numpy.frombuffer``'s, the result has memory of its own: the buffer's can't grow.

    Examples
    --------
    >>> import cppdynarray as cda
    >>> cda.frombuffer(b"ab", "u1")
    DynamicArray([97, 98], dtype=uint8)
    """
    if _is_foreign(like):
        return np.frombuffer(buffer, dtype, count, offset, like=like)
    return copy_of(np.frombuffer(buffer, dtype, count, offset))


cdef object _like(object prototype, object dtype, object order, object subok, object shape, object device,
                  bint zeroed=False):
    """A new array with the shape and dtype of `prototype`, but for what is given."""
    source = np.asarray(prototype)
    order = as_order(order, "K")
    fortran = order == "F" or (order in "AK" and source.flags.fnc)
    cls = _class_in_memory(type(prototype)) if subok and isinstance(prototype, DynamicArray) else DynamicArray
    return new_of_shape(
        source.shape if shape is None else shape, source.dtype if dtype is None else dtype,
        "F" if fortran else "C", device, zeroed, 0, 0, cls,
    )


def empty_like(prototype, dtype=None, order="K", subok=True, shape=None, *, device=None):
    """
    Return a new DynamicArray with the shape and dtype of another array, not initialised.

    Parameters
    ----------
    prototype : array_like
    dtype : data-type, optional
    order : {'C', 'F', 'A', 'K'}, optional
    subok : bool, optional
        Whether the result has the class of `prototype`, if that is a kind of DynamicArray.
    shape : int or tuple of ints, optional
    device : {None, 'cpu'}, optional
        All as for ``numpy.empty_like``.

    Returns
    -------
    DynamicArray

    Examples
    --------
    >>> import cppdynarray as cda
    >>> cda.empty_like([1.0, 2.0]).shape
    (2,)
    """
    return _like(prototype, dtype, order, subok, shape, device)


def zeros_like(a, dtype=None, order="K", subok=True, shape=None, *, device=None):
    """
    Return a DynamicArray of zeros with the shape and dtype of another array.

    Parameters
    ----------
    a : array_like
    dtype, order, subok, shape, device
        As for `empty_like`.

    Returns
    -------
    DynamicArray

    Examples
    --------
    >>> import cppdynarray as cda
    >>> cda.zeros_like([1, 2])
    DynamicArray([0, 0])
    """
    return _like(a, dtype, order, subok, shape, device, True)


def ones_like(a, dtype=None, order="K", subok=True, shape=None, *, device=None):
    """
    Return a DynamicArray of ones with the shape and dtype of another array.

    Parameters
    ----------
    a : array_like
    dtype, order, subok, shape, device
        As for `empty_like`.

    Returns
    -------
    DynamicArray

    Examples
    --------
    >>> import cppdynarray as cda
    >>> cda.ones_like([1, 2])
    DynamicArray([1, 1])
    """
    made = _like(a, dtype, order, subok, shape, device)
    np.copyto(made, 1, casting="unsafe")
    return made


def full_like(a, fill_value, dtype=None, order="K", subok=True, shape=None, *, device=None):
    """
    Return a DynamicArray filled with a value, with the shape and dtype of another array.

    Parameters
    ----------
    a : array_like
    fill_value : scalar or array_like
    dtype, order, subok, shape, device
        As for `empty_like`.

    Returns
    -------
    DynamicArray

    Examples
    --------
    >>> import cppdynarray as cda
    >>> cda.full_like([1, 2], 9)
    DynamicArray([9, 9])
    """
    made = _like(a, dtype, order, subok, shape, device)
    np.copyto(made, fill_value, casting="unsafe")
    return made


def _of_dtype(name, dtype, example):
    """The function `name`, which makes zeros of a dtype."""
    dtype = np.dtype(dtype)

    def create(initial_size=0):
        if type(initial_size) is not int and not isinstance(initial_size, tuple):
            try:
                operator.index(initial_size)
            except TypeError:
                raise TypeError(
                    f"{name}() takes a size, an int or a tuple of ints, not {type(initial_size).__name__}; "
                    f"an array with given contents is DynamicArray(contents, dtype={dtype.name!r})"
                ) from None
        return zeros(initial_size, dtype)

    create.__name__ = create.__qualname__ = name
    create.__doc__ = f"""
    Return a DynamicArray of `initial_size` zeros of dtype {dtype.name}.

    Parameters
    ----------
    initial_size : int or tuple of ints, optional
        Not contents: an array that has some is ``DynamicArray(contents, dtype={dtype.name!r})``.

    Returns
    -------
    DynamicArray

    Examples
    --------
    >>> import cppdynarray as cda
    {example}
    """
    return create


DoubleDynamicArray = _of_dtype("DoubleDynamicArray", np.float64, """>>> d = cda.DoubleDynamicArray()
    >>> d.append(1)
    >>> d
    DynamicArray([1.])""")
FloatDynamicArray = _of_dtype("FloatDynamicArray", np.float32, """>>> cda.FloatDynamicArray(2)
    DynamicArray([0., 0.], dtype=float32)""")
Int64DynamicArray = _of_dtype("Int64DynamicArray", np.int64, """>>> cda.Int64DynamicArray(2).dtype
    dtype('int64')""")
Int32DynamicArray = _of_dtype("Int32DynamicArray", np.int32, """>>> cda.Int32DynamicArray(2).dtype
    dtype('int32')""")
BoolDynamicArray = _of_dtype("BoolDynamicArray", np.bool_, """>>> cda.BoolDynamicArray(2)
    DynamicArray([False, False])""")
