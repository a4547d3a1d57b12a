# distutils: language = c++
"""The class DynamicArray: the layers below, put together as a heap type.

It is made by PyType_FromSpec rather than as a Cython class, because a subclass of ndarray must
not fix the size of NumPy's struct at compile time, and because indexing, operators and append
are C functions in the type's slots: a Python-level __getitem__ would be slower than ndarray's.
"""

import operator
from copy import deepcopy

import numpy as np

cimport numpy as cnp
from cpython.number cimport PyIndex_Check
from cpython.object cimport PyObject
from cpython.sequence cimport PySequence_Check
from libc.string cimport memcpy, memset

from cppdynarray._core cimport _growth, _indexing
from cppdynarray._core._dispatch cimport (
    PyCFunction, PyGetSetDef, PyMethodDef, PyType_Slot, add_attributes, add_methods, add_operator_slots,
    as_plain, is_dynamic, set_type,
)
from cppdynarray._core._growth cimport is_array_like
from cppdynarray._core._memory cimport Block, block_of, handler, new_array, used_bytes, zero_block

cnp.import_array()


cdef extern from "Python.h":
    const int METH_O
    const int METH_FASTCALL
    const int METH_KEYWORDS
    const unsigned long Py_TPFLAGS_DEFAULT
    const unsigned long Py_TPFLAGS_BASETYPE
    const int Py_tp_new, Py_tp_methods, Py_tp_getset, Py_tp_doc
    const int Py_mp_subscript, Py_mp_ass_subscript, Py_sq_item, Py_sq_ass_item, Py_bf_getbuffer

    ctypedef struct PyType_Spec:
        const char* name
        int basicsize
        int itemsize
        unsigned int flags
        PyType_Slot* slots

    object PyType_FromSpecWithBases(PyType_Spec* spec, object bases)


cdef extern from "numpy/arrayobject.h":
    bint PyArray_IS_F_CONTIGUOUS(cnp.ndarray) noexcept
    bint PyDataType_REFCHK(cnp.dtype) noexcept
    bint PyArray_IS_C_CONTIGUOUS(cnp.ndarray) noexcept
    bint PyArray_SAMESHAPE(cnp.ndarray, cnp.ndarray) noexcept

    ctypedef struct PyArray_Dims:
        cnp.npy_intp* ptr
        int len

    int PyArray_IntpConverter(object, PyArray_Dims*) except 0
    void PyDimMem_FREE(cnp.npy_intp*) noexcept


cdef extern from *:
    """
    // ndarray's own slot: what the interpreter checks before it was checked for the array.
    #define CPPDYNARRAY_GET_BUFFER(array, buffer, flags) \
        PyArray_Type.tp_as_buffer->bf_getbuffer(array, buffer, flags)
    """
    int ndarray_get_buffer "CPPDYNARRAY_GET_BUFFER"(object, Py_buffer*, int) except -1


cdef extern from "append_scalar.hpp" namespace "cppdynarray":
    bint append_scalar(object array, PyObject* handler, object value) noexcept


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


cdef object new_from_iterable(type cls, object iterable, object dtype, Py_ssize_t capacity=0, Py_ssize_t reserve=0):
    """A one-dimensional array of class `cls` with the items of an iterable, in one pass."""
    cdef cnp.ndarray array = new(cls, 0, dtype, capacity, reserve)
    # The __array_finalize__ of a subclass may have kept the array.
    if cls is DynamicArray and cnp.PyArray_NDIM(array) == 1:
        _growth.collect(array, iterable)
    else:
        _growth.extend(array, iterable)
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


def dynamic_array(type cls, contents=(), dtype=None, *, Py_ssize_t capacity=0, Py_ssize_t reserve=0):
    """What DynamicArray(contents, ...) makes."""
    if capacity < 0 or reserve < 0:
        raise ValueError("capacity and reserve are numbers of rows: they can't be negative")
    if dtype is not None:
        dtype = as_dtype(dtype)
    if isinstance(contents, (list, tuple)) and not contents:
        # NumPy sees no contents here to find a dtype for.
        return new(cls, 0, float if dtype is None else dtype, capacity, reserve)
    if is_dynamic(contents):
        contents = as_plain(contents)
    if not isinstance(contents, (list, tuple)) and not is_array_like(contents):
        if dtype is not None and not (dtype.itemsize == 0 and dtype.kind in "SU"):
            return new_from_iterable(cls, contents, dtype, capacity, reserve)
        contents = list(contents)
    # A tuple of rows is no different from a list of them; to NumPy it may be one record.
    source = np.asarray(list(contents) if isinstance(contents, tuple) else contents, dtype)
    if source.ndim == 0:
        raise TypeError(f"contents must be iterable, as for list(); {type(contents).__name__!r} is not")
    return new_copy(cls, source, "C", None, capacity, reserve)


cdef object tp_new(object cls, object args, PyObject* kwargs):
    cdef cnp.npy_intp none = 0
    if kwargs == NULL:
        if not <tuple>args:
            return new_array(cls, cnp.PyArray_DescrFromType(cnp.NPY_DOUBLE), 1, &none)
        return dynamic_array(cls, *args)
    return dynamic_array(cls, *args, **<object>kwargs)


cdef int get_buffer(object self, Py_buffer* buffer, int flags) except -1:
    """Exports a plain view: NumPy keeps a record of each shape exported for as long as the
    exporter lives, and an array that is exported after every append has many shapes.
    """
    return ndarray_get_buffer(as_plain(self), buffer, flags)


# Methods that may be called once an element: C functions, so that calling costs next to nothing.

cdef object method_append(cnp.ndarray self, object value):
    if not append_scalar(self, <PyObject*>handler, value):
        _growth.append(self, value)
    return None


cdef object method_extend(cnp.ndarray self, object values):
    _growth.extend(self, values)
    return None


cdef object method_pop(cnp.ndarray self, PyObject** args, Py_ssize_t count):
    if count > 1:
        raise TypeError(f"pop expected at most 1 argument, got {count}")
    return _growth.pop(self, <object>args[0] if count == 1 else -1)


cdef object method_insert(cnp.ndarray self, PyObject** args, Py_ssize_t count):
    if count != 2:
        raise TypeError(f"insert expected 2 arguments, got {count}")
    _growth.insert(self, <object>args[0], <object>args[1])
    return None


cdef object method_resize(cnp.ndarray self, PyObject** args, Py_ssize_t count, PyObject* names):
    cdef Py_ssize_t i
    if names == NULL and count == 1 and _growth.resize_within_capacity(self, <object>args[0]):
        return None
    new_shape = [<object>args[i] for i in range(count)]
    if names == NULL:
        return resize(self, *new_shape)
    return resize(self, *new_shape, **{name: <object>args[count + i] for i, name in enumerate(<tuple>names)})


cdef object get_capacity(object self, void* closure):
    return _growth.capacity(self)


cdef object get_max_size(object self, void* closure):
    return _growth.max_size(self)


# Methods that are called once in a while: ordinary functions.

def resize(cnp.ndarray self not None, *new_shape, refcheck=True):
    """What d.resize() does, for all arguments."""
    if refcheck is not True and refcheck is not False:
        operator.index(refcheck)  # as NumPy does, refuse what isn't a flag
    if len(new_shape) == 0:
        return
    if len(new_shape) == 1:
        (shape,) = new_shape
        if shape is None:
            return
        if not PyIndex_Check(shape) or (PySequence_Check(shape) and np.ndim(shape) != 0):
            if not PySequence_Check(shape):
                raise TypeError(f"expected a sequence of integers or a single integer, got {shape!r}")
            new_shape = tuple(shape)
    _growth.resize(self, new_shape)


def reserve(cnp.ndarray self not None, rows, /):
    """
    Make room for a number of rows, so that appending up to it takes no system call.

    Parameters
    ----------
    rows : int
        The capacity to have at least. Never shrinks.

    Raises
    ------
    ValueError
        If `rows` is negative, or the array can't grow (see `append`).
    MemoryError
        If there is no memory for that many rows.

    See Also
    --------
    capacity, max_size, shrink_to_fit

    Notes
    -----
    Room takes no physical memory until it is written. Past `max_size` the data moves, which
    costs O(n).

    Examples
    --------
    >>> import cppdynarray as cda
    >>> d = cda.DynamicArray([1.0, 2.0])
    >>> d.reserve(1_000_000)
    >>> d.capacity >= 1_000_000, len(d)
    (True, 2)
    """
    _growth.reserve(self, operator.index(rows))


def shrink_to_fit(cnp.ndarray self not None):
    """
    Give the memory of unused capacity back to the system.

    Only needed after the array was longer than it is now: capacity that was never written
    takes no memory. Views of removed rows stay readable; those rows read as zeros.

    See Also
    --------
    reserve, capacity

    Examples
    --------
    >>> import cppdynarray as cda
    >>> d = cda.zeros(1_000_000)
    >>> d.resize(10)
    >>> d.shrink_to_fit()
    >>> d.capacity
    10
    """
    _growth.shrink_to_fit(self)


def clear(cnp.ndarray self not None):
    """
    Remove all rows; dtype, row shape and capacity stay. O(1) but for object elements.

    Raises
    ------
    ValueError
        If the array can't change its length (see `append`).

    Examples
    --------
    >>> import cppdynarray as cda
    >>> d = cda.zeros((5, 3))
    >>> d.clear()
    >>> d.shape
    (0, 3)
    """
    _growth.clear(self)


def as_numpy(cnp.ndarray self not None):
    """
    Return a plain ``numpy.ndarray`` view of the whole array, as long as it is now. O(1).

    The view keeps its length while the array grows and stays live: what is written through one
    is read through the other. Hand it to libraries that keep an array and its length apart.

    Returns
    -------
    numpy.ndarray
        A view whose ``base`` is this array.

    Examples
    --------
    >>> import cppdynarray as cda
    >>> d = cda.DynamicArray([1, 2, 3])
    >>> view = d.as_numpy()
    >>> d.append(4)
    >>> d[0] = 10
    >>> view
    array([10,  2,  3])
    """
    return as_plain(self)


def copy(cnp.ndarray self not None, order="C"):
    """
    copy(order='C')

    Return a copy: a DynamicArray of the same class with memory of its own.

    Parameters
    ----------
    order : {'C', 'F', 'A', 'K'}, optional
        Memory layout, as for ``numpy.ndarray.copy``. Only C-ordered arrays grow.

    Returns
    -------
    DynamicArray

    Examples
    --------
    >>> import cppdynarray as cda
    >>> d = cda.DynamicArray([1, 2])
    >>> e = d.copy()
    >>> e.append(3)
    >>> len(d), len(e)
    (2, 3)
    """
    return new_copy(type(self), self, as_order(order, "C"), self)


def __copy__(cnp.ndarray self not None):
    copied = new_copy(type(self), self, "K", self)
    if hasattr(self, "__dict__"):
        copied.__dict__.update(self.__dict__)
    return copied


def __deepcopy__(cnp.ndarray self not None, memo, /):
    copied = new_copy(type(self), np.ndarray.__deepcopy__(as_plain(self), memo), "K", self)
    memo[id(self)] = copied
    if hasattr(self, "__dict__"):
        copied.__dict__.update(deepcopy(self.__dict__, memo))
    return copied


def __reduce_ex__(cnp.ndarray self not None, protocol, /):
    # The plain view's own pickling serves all dtypes and, with protocol 5, buffers out of band.
    return rebuild, (type(self), as_plain(self), getattr(self, "__dict__", None))


def __reduce__(cnp.ndarray self not None):
    return self.__reduce_ex__(2)


def rebuild(cls, cnp.ndarray array not None, attributes=None):
    """The DynamicArray that a pickle describes."""
    if not (isinstance(cls, type) and issubclass(cls, DynamicArray)):
        raise TypeError(f"a pickled DynamicArray names its class, not {cls!r}")
    copied = new_copy(cls, array, "K")
    if attributes:
        copied.__dict__.update(attributes)
    return copied


def __array_wrap__(self, array, context=None, return_scalar=False, /):
    """Return `array` as it is: what is computed from a DynamicArray is plain."""
    return array[()] if return_scalar and array.ndim == 0 else array


def __sizeof__(cnp.ndarray self not None):
    """Bytes of the object and of capacity ever written; untouched capacity takes none."""
    cdef cnp.ndarray array = self
    cdef size_t size = np.ndarray.__sizeof__(self)
    cdef size_t used = used_bytes(array)
    cdef Block* block = block_of(array)
    if block == NULL:
        return size
    size -= used
    while block != NULL:
        size += sizeof(Block) + max(min(block.dirty_bytes, block.committed_bytes), used)
        block = block.retired
        used = 0
    return size


def memory_of(cnp.ndarray array not None):
    """The block of an array, as a dict of sizes in bytes; None if its memory isn't ours."""
    cdef Block* block = block_of(array)
    if block == NULL:
        return None
    retired = 0
    cdef Block* each = block.retired
    while each != NULL:
        retired += 1
        each = each.retired
    return {
        "address": <size_t>block.data(),
        "used_bytes": used_bytes(array),
        "dirty_bytes": block.dirty_bytes,
        "committed_bytes": block.committed_bytes,
        "reserved_bytes": block.reserved_bytes,
        "on_heap": bool(block.on_heap()),
        "retired_blocks": retired,
    }


# The type.

cdef const char* append_doc = b"""append($self, value, /)
--

Add one row at the end. Amortised O(1).

Nothing moves while ``len(d) <= d.max_size``: views, buffers and pointers taken before stay
valid and live, each with the length it was made with.

Parameters
----------
value : scalar or array_like
    What ``d[i] = value`` accepts: it is converted to the dtype and broadcast to
    ``d.shape[1:]``.

Raises
------
ValueError
    If the array can't grow: it is 0-d, read-only, not C-ordered, or a view of memory that
    belongs to another object. Also if `value` has the wrong shape.
TypeError, ValueError, OverflowError
    If `value` can't be converted, as NumPy raises them.
MemoryError
    If there is no memory for another row.

See Also
--------
extend : Add many rows at once, which is faster.

Notes
-----
A call that fails changes nothing. If converting `value` runs Python code that appends to the
same array, those elements come first.

Examples
--------
>>> import cppdynarray as cda
>>> d = cda.DynamicArray([1.0, 2.0])
>>> d.append(3)
>>> d
DynamicArray([1., 2., 3.])
>>> rows = cda.zeros((0, 2))
>>> rows.append([1, 2])
>>> rows.shape
(1, 2)
"""

cdef const char* extend_doc = b"""extend($self, values, /)
--

Add rows at the end. O(k) for k rows, amortised.

Parameters
----------
values : array_like or iterable
    An array of shape ``(k, *d.shape[1:])``, or any iterable of elements or, for arrays of two
    or more dimensions, of rows of shape ``d.shape[1:]``.

Raises
------
TypeError
    If `values` is not iterable.
ValueError
    If the rows have another shape, or the array can't grow (see `append`).
TypeError, ValueError, OverflowError
    If an element can't be converted, as NumPy raises them.
MemoryError
    If there is no memory for the rows.

Notes
-----
A call that fails changes nothing, also when an iterator raises half way: its values are
collected before the array changes. Arrays of the same dtype are copied once.
``d.extend(d)`` doubles the array.

Examples
--------
>>> import cppdynarray as cda
>>> d = cda.DynamicArray([1, 2])
>>> d.extend([3, 4])
>>> d.extend(i * i for i in range(3))
>>> d
DynamicArray([1, 2, 3, 4, 0, 1, 4])
"""

cdef const char* insert_doc = b"""insert($self, index, value, /)
--

Insert one row before `index`, as ``list.insert`` does. O(n - index).

Parameters
----------
index : int
    Position along axis 0. Negative counts from the end; what lies outside means the nearest
    end.
value : scalar or array_like
    As for `append`.

Raises
------
ValueError, TypeError, OverflowError, MemoryError
    As for `append`.

Notes
-----
Views see the rows behind `index` move up by one.

Examples
--------
>>> import cppdynarray as cda
>>> d = cda.DynamicArray([1, 3])
>>> d.insert(1, 2)
>>> d
DynamicArray([1, 2, 3])
"""

cdef const char* pop_doc = b"""pop($self, index=-1, /)
--

Remove one row and return it, as ``list.pop`` does. O(n - index).

Parameters
----------
index : int, optional
    Position along axis 0, by default the last.

Returns
-------
scalar or numpy.ndarray
    A copy of ``d[index]``.

Raises
------
IndexError
    If the array is empty or `index` is out of range.
ValueError
    If the array can't change its length (see `append`).

Examples
--------
>>> import cppdynarray as cda
>>> d = cda.DynamicArray([1, 2, 3])
>>> int(d.pop()), int(d.pop(0))
(3, 1)
>>> d
DynamicArray([2])
"""

cdef const char* resize_doc = b"""resize($self, /, *new_shape, refcheck=True)
--

Change shape and size in place; new elements are zero.

The meaning is that of ``numpy.ndarray.resize``: elements keep their order in memory (C
order), surplus ones are dropped, missing ones are zero. Unlike there, views of the array do
not stand in the way: they stay valid and keep the length they were made with.

Parameters
----------
new_shape : tuple of ints, or n ints
    Shape of the resized array. Its number of dimensions may differ.
refcheck : bool, optional
    Accepted for compatibility with ``ndarray.resize``, and ignored.

Raises
------
ValueError
    If a dimension is negative, or the array can't grow (see `append`).
MemoryError
    If there is no memory for the new shape.

Notes
-----
Growing costs the same for any size: untouched memory is zero already, and is neither
written nor taken from the system until it is used. (Memory used before and given up by
`pop` or a shrinking `resize` is cleared.) Past `max_size` the data moves, which costs
O(n).

Examples
--------
>>> import cppdynarray as cda
>>> d = cda.DynamicArray([1, 2, 3])
>>> view = d[:]
>>> d.resize(5)
>>> d
DynamicArray([1, 2, 3, 0, 0])
>>> view.base is d
True
"""

cdef const char* capacity_doc = b"""How many rows fit before memory is asked of the system (``std::vector``'s word)."""

cdef const char* max_size_doc = b"""How many rows fit in place: up to here growing never moves the data.

Beyond it the data moves, once, to a larger reservation; views taken before keep the old memory
alive and readable but no longer follow. The constructor's `reserve` asks for more.
"""

cdef const char* type_doc = b"""DynamicArray(contents=(), dtype=None, *, capacity=0, reserve=0)
--

A NumPy array that grows in place.

It is a ``numpy.ndarray``: whatever takes an array takes it, and what is computed from it is a
plain ``numpy.ndarray``. It also has `append`, `extend`, `insert`, `pop` and the rest of a
list's methods, which never move the data while ``len(d) <= d.max_size``, so that views,
buffers and pointers taken before stay valid and live.

Parameters
----------
contents : array_like or iterable, optional
    The elements, copied. Rows are counted along axis 0; contents with two or more dimensions
    give an array whose rows are arrays.
dtype : data-type, optional
    By default what ``numpy.array(contents)`` finds, and float64 if there are no contents.
capacity : int, optional
    Rows to have room for at once.
reserve : int, optional
    Rows that `max_size` must at least be. By default some 16 GiB of addresses are reserved
    (addresses, not memory), less when there are very many arrays or a limit such as
    ``ulimit -v``.

Raises
------
TypeError
    If `contents` is not iterable.
ValueError
    If `capacity` or `reserve` is negative.
MemoryError
    If there is no memory, or no addresses for `reserve` rows.

See Also
--------
cppdynarray.zeros, cppdynarray.empty, cppdynarray.array, cppdynarray.fromiter

Examples
--------
>>> import numpy as np
>>> import cppdynarray as cda
>>> d = cda.DynamicArray([1.0, 2.0])
>>> first = d[:2]
>>> for x in range(100_000):
...     d.append(x)
>>> len(d), bool(first.base is d), isinstance(d, np.ndarray)
(100002, True, True)
>>> d[0] = 7
>>> first
array([7., 2.])
>>> d[:3] + 1
array([8., 3., 1.])
"""


cdef PyMethodDef[80] methods
cdef PyGetSetDef[12] attributes
cdef PyType_Slot[64] slots
cdef PyType_Spec spec


cdef type make_type():
    memset(methods, 0, sizeof(methods))
    memset(attributes, 0, sizeof(attributes))
    memset(slots, 0, sizeof(slots))

    methods[0] = PyMethodDef(b"append", <PyCFunction><void*>method_append, METH_O, append_doc)
    methods[1] = PyMethodDef(b"extend", <PyCFunction><void*>method_extend, METH_O, extend_doc)
    methods[2] = PyMethodDef(b"insert", <PyCFunction><void*>method_insert, METH_FASTCALL, insert_doc)
    methods[3] = PyMethodDef(b"pop", <PyCFunction><void*>method_pop, METH_FASTCALL, pop_doc)
    methods[4] = PyMethodDef(
        b"resize", <PyCFunction><void*>method_resize, METH_FASTCALL | METH_KEYWORDS, resize_doc)
    add_methods(&methods[5])

    attributes[0] = PyGetSetDef(b"capacity", get_capacity, NULL, capacity_doc, NULL)
    attributes[1] = PyGetSetDef(b"max_size", get_max_size, NULL, max_size_doc, NULL)
    add_attributes(&attributes[2])

    slots[0] = PyType_Slot(Py_tp_new, <void*>tp_new)
    slots[1] = PyType_Slot(Py_tp_doc, <void*>type_doc)
    slots[2] = PyType_Slot(Py_tp_methods, <void*>methods)
    slots[3] = PyType_Slot(Py_tp_getset, <void*>attributes)
    slots[4] = PyType_Slot(Py_mp_subscript, <void*>_indexing.get_item)
    slots[5] = PyType_Slot(Py_mp_ass_subscript, <void*>_indexing.set_item)
    slots[6] = PyType_Slot(Py_sq_item, <void*>_indexing.sequence_item)
    slots[7] = PyType_Slot(Py_sq_ass_item, <void*>_indexing.set_sequence_item)
    slots[8] = PyType_Slot(Py_bf_getbuffer, <void*>get_buffer)
    add_operator_slots(&slots[9])

    # A basicsize of 0 takes ndarray's, whatever the NumPy at run time has made it.
    spec.name = b"cppdynarray.DynamicArray"
    spec.basicsize = 0
    spec.itemsize = 0
    spec.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE
    spec.slots = slots
    cls = PyType_FromSpecWithBases(&spec, (np.ndarray,))
    set_type(cls)
    for function in (
        reserve, shrink_to_fit, clear, as_numpy, copy, __copy__, __deepcopy__,
        __reduce_ex__, __reduce__, __array_wrap__, __sizeof__,
    ):
        function.__qualname__ = f"DynamicArray.{function.__name__}"
        setattr(cls, function.__name__, function)
    # Where NumPy's C code picks the class of a result by priority, a plain array wins.
    cls.__array_priority__ = -1_000_000.0
    # numpy.ma asks for the class that masked data is shown in.
    cls._baseclass = np.ndarray
    return cls


DynamicArray = make_type()
