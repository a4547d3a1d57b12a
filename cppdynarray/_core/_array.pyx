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
from cpython.long cimport PyLong_CheckExact
from cpython.number cimport PyIndex_Check
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF
from cpython.sequence cimport PySequence_Check

from cppdynarray._core import _layout  # no-cython-lint: checks NumPy
from cppdynarray._core import _docstrings
from cppdynarray._core._live import LiveArray
from cppdynarray._core._new import dynamic_array, unknown_argument

from cppdynarray._core cimport _growth, _indexing
from cppdynarray._core._conversion cimport is_lossless, other_keywords, says_lossless
from cppdynarray._core._dispatch cimport (
    METH_FASTCALL, METH_KEYWORDS, PyCFunction, PyGetSetDef, PyMethodDef, PyType_Slot, as_plain,
)
from cppdynarray._core._live cimport (
    Py_mp_ass_subscript, Py_tp_doc, Py_tp_getset, Py_tp_methods, Py_tp_new, new_type,
    register_kind,
)
from cppdynarray._core._memory cimport import_core, new_array
from cppdynarray._core._new cimport as_order, check_positions, new, new_copy, new_with_contents
from cppdynarray._core.headers cimport (
    ArrayLock, ArrayPlace, Block, Elements, block_of, elements_of, is_placed, open_place, publish, replace_elements,
    used_bytes, why_layout_is_fixed,
)
from cppdynarray._core.numpy_api cimport PyArray_ISONESEGMENT

import_core()


cdef extern from "Python.h":
    Py_ssize_t PyNumber_AsSsize_t(object, PyObject* overflow) except? -1


cdef extern from "store.hpp" namespace "cppdynarray":
    bint import_dates() except False


cdef extern from "append_scalar.hpp" namespace "cppdynarray":
    bint append_double(object array, PyObject* value) noexcept
    bint append_scalar(object array, PyObject* value) noexcept
    bint insert_scalar(object array, Py_ssize_t index, PyObject* value) noexcept


cdef extern from *:
    """
    // Gives a class that fills the slot of `del` its own words for help, where CPython has one text for all classes:
    // the description of the slot becomes a copy. Once, and for a class that stays.
    static int document_del(PyObject* type, const char* text) {
        static struct wrapperbase description;
        PyObject* const found = PyObject_GetAttrString(type, "__delitem__");
        if (found == nullptr) return -1;
        auto* const method = reinterpret_cast<PyWrapperDescrObject*>(found);
        description = *method->d_base;
        description.doc = text;
        method->d_base = &description;
        Py_DECREF(found);  // the class has it
        return 0;
    }
    """
    int document_del(object, const char*) except -1


cdef extern from "removing.hpp" namespace "cppdynarray":
    PyObject* pop_scalar(object array, Py_ssize_t index) noexcept


import_dates()


cdef object tp_new(object cls, object args, PyObject* kwargs):
    cdef cnp.npy_intp none = 0
    if kwargs == NULL:
        if not <tuple>args:
            return new_array(cls, cnp.PyArray_DescrFromType(cnp.NPY_DOUBLE), 1, &none)
        if len(<tuple>args) == 1:
            return new_with_contents(cls, (<tuple>args)[0])
        check_positions(cls, args)
        return dynamic_array(cls, *args)
    check_positions(cls, args)
    try:
        return dynamic_array(cls, *args, **<object>kwargs)
    except TypeError:
        if message := unknown_argument(cls, <object>kwargs):
            raise TypeError(message) from None
        raise


# Methods that may be called once an element: C functions, so that calling costs next to nothing.

cdef object method_append(cnp.ndarray self, PyObject** args, Py_ssize_t count, PyObject* names):
    if count == 1 and names == NULL and append_double(self, args[0]):
        return None
    return append_other(self, args, count, names)


cdef object append_other(cnp.ndarray self, PyObject** args, Py_ssize_t count, PyObject* names):
    if count == 1 and names == NULL:
        if not append_scalar(self, args[0]):
            _growth.append(self, <object>args[0])
        return None
    cdef bint lossless = is_lossless("append", count, <object>names if names != NULL else None, args)
    _growth.append(self, <object>args[0], lossless)
    return None


cdef object method_extend(cnp.ndarray self, PyObject** args, Py_ssize_t count, PyObject* names):
    cdef bint lossless = is_lossless("extend", count, <object>names if names != NULL else None, args)
    _growth.extend(self, <object>args[0], lossless)
    return None


cdef object method_pop(cnp.ndarray self, PyObject** args, Py_ssize_t count):
    if count > 1:
        raise TypeError(f"pop expected at most 1 argument, got {count}")
    cdef PyObject* scalar = NULL
    if count == 0:
        scalar = pop_scalar(self, -1)
    elif PyLong_CheckExact(<object>args[0]):
        scalar = pop_scalar(self, PyNumber_AsSsize_t(<object>args[0], NULL))
    if scalar != NULL:
        value = <object>scalar
        Py_DECREF(value)
        return value
    return _growth.pop(self, <object>args[0] if count == 1 else -1)


cdef object method_insert(cnp.ndarray self, PyObject** args, Py_ssize_t count, PyObject* names):
    if count != 2:
        raise TypeError(f"insert expected 2 arguments, got {count}")
    if names == NULL and PyLong_CheckExact(<object>args[0]) and (
        insert_scalar(self, PyNumber_AsSsize_t(<object>args[0], NULL), args[1])
    ):
        return None
    cdef bint lossless = True
    if names != NULL:
        if <object>names != ("casting",):
            raise other_keywords("insert", <object>names)
        lossless = says_lossless(<object>args[2])
    _growth.insert(self, <object>args[0], <object>args[1], lossless)
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
    return _growth.most_rows(self, False)


cdef object get_max_size(object self, void* closure):
    return _growth.most_rows(self, True)


cdef object get_dict(object self, void* closure):
    """No attributes. A subclass has a __dict__ of its own; NumPy's subclasses (astropy's Quantity) look
    into that of the array they are made from.
    """
    return {}


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


def swap_remove(cnp.ndarray self not None, rows, /):
    """
    Remove rows where their order doesn't matter: the last ones take the places of those that go.

    Parameters
    ----------
    rows : int, slice, or array_like of ints or bools
        As in ``del d[rows]``. Indices may repeat.

    Raises
    ------
    IndexError
        If there are no such rows.
    ValueError
        If the array can't change its length (see `append`).

    See Also
    --------
    pop, clear

    Notes
    -----
    O(k) for k rows, however many there are in all; a mask is read in full. ``del d[rows]``, which keeps the order,
    moves all rows behind the first that goes.

    On a file a process that is killed meanwhile leaves the last rows in both places (see `open_memmap`).

    Examples
    --------
    >>> import cppdynarray as cda
    >>> d = cda.DynamicArray([10, 11, 12, 13, 14])
    >>> d.swap_remove(0)
    >>> d
    DynamicArray([14, 11, 12, 13])
    >>> d.swap_remove(d > 12)
    >>> d
    DynamicArray([12, 11])
    """
    _growth.swap_remove(self, rows)


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
    return with_attributes(new_copy(type(self), self, "K", self), self.__dict__)


def __deepcopy__(cnp.ndarray self not None, memo, /):
    plain = as_plain(self)
    # Elements that refer to nothing are copied once.
    source = np.ndarray.__deepcopy__(plain, memo) if elements_of(self) != Elements.plain else plain
    memo[id(self)] = copied = new_copy(type(self), source, "K", self)
    attributes = self.__dict__
    return with_attributes(copied, deepcopy(attributes, memo) if attributes else attributes)


cdef object with_attributes(object copied, dict attributes):
    """A copy with the attributes that the array's class, a subclass, gave it."""
    if attributes:
        copied.__dict__.update(attributes)
    return copied


def __setstate__(cnp.ndarray self not None, state, /):
    """Take over the shape and the elements that a pickle describes; the memory, and so views, stay."""
    cdef ArrayLock array_lock
    array_lock.hold(self)
    if block_of(self) == NULL:
        return np.ndarray.__setstate__(self, state)
    if is_placed(self):
        raise ValueError(f"__setstate__ gives an array other rows, and {why_layout_is_fixed(self).decode()}")
    pickled = np.empty(0)
    pickled.__setstate__(state)
    if pickled.dtype != self.dtype:
        raise ValueError(
            f"this DynamicArray, at which views may look, holds {self.dtype} and the state {pickled.dtype}; "
            "pickle.loads makes a new array"
        )
    _growth.resize(self, pickled.shape)
    as_plain(self)[...] = pickled


def _work_on_copy(str name, cnp.ndarray array, args, kwargs):
    """ndarray's method `name`, which changes an array in place, while the elements' own Python code may
    change the array: as for list.sort(), that is an error.
    """
    cdef ArrayLock array_lock
    array_lock.hold(array)
    cdef cnp.ndarray plain = as_plain(array)
    cdef cnp.dtype dtype = plain.descr  # a copy of strings has another instance
    if elements_of(dtype) == Elements.plain:
        getattr(plain, name)(*args, **kwargs)
        return
    if not PyArray_ISONESEGMENT(plain):
        changed = plain.copy()
        getattr(changed, name)(*args, **kwargs)
        as_plain(array)[...] = changed
        return
    before = plain.copy("K")
    changed = before.copy("K")
    getattr(changed, name)(*args, **kwargs)
    if array.descr is not dtype or not replace_elements(array, before, changed):
        raise ValueError(f"the array changed during {name}()")


def sort(cnp.ndarray self not None, *args, **kwargs):
    # Equal strings are the same, and the sort that NumPy takes for strings by default can crash
    # (docs/upstream/numpy_string_sort.md).
    if elements_of(self) == Elements.strings and len(args) < 2 and not kwargs.keys() & {"kind", "stable"}:
        kwargs["kind"] = "stable"
    _work_on_copy("sort", self, args, kwargs)


def partition(cnp.ndarray self not None, *args, **kwargs):
    _work_on_copy("partition", self, args, kwargs)


def __reduce_ex__(cnp.ndarray self not None, protocol, /):
    # The plain view's own pickling serves all dtypes and, with protocol 5, buffers out of band.
    attributes = self.__dict__ or None
    cdef object plain = as_plain(self)
    if elements_of(self) == Elements.objects:
        # The elements come after the array, since it may be one of them.
        return rebuild_empty, (type(self), plain.shape, plain.dtype), (plain, attributes), None, None, refill
    return rebuild, (type(self), plain, attributes)


def rebuild(cls, cnp.ndarray array not None, attributes=None):
    """The DynamicArray that a pickle describes."""
    if not (isinstance(cls, type) and issubclass(cls, DynamicArray)):
        raise TypeError(f"a pickled DynamicArray names its class, not {cls!r}")
    copied = new_copy(cls, array, "K")
    if attributes:
        copied.__dict__.update(attributes)
    return copied


def rebuild_empty(cls, shape, dtype):
    """A DynamicArray that a pickle describes, but for its elements."""
    if not (isinstance(cls, type) and issubclass(cls, DynamicArray)):
        raise TypeError(f"a pickled DynamicArray names its class, not {cls!r}")
    return new(cls, shape, dtype)


def refill(cnp.ndarray self not None, state):
    """Sets the elements of a DynamicArray from a pickle, and the attributes of a subclass."""
    cdef cnp.ndarray array = state[0]
    as_plain(self)[...] = array
    if state[1]:
        self.__dict__.update(state[1])


def __sizeof__(cnp.ndarray self not None):
    """Bytes of the object and of capacity ever written; untouched capacity takes none."""
    cdef ArrayLock array_lock
    array_lock.hold(self)
    cdef cnp.ndarray array = self
    publish(array)
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
    cdef ArrayLock array_lock
    array_lock.hold(array)
    publish(array)
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
        "handles": block.place.handles if block.place != NULL else 0,
    }


# Handles, for code that writes without the GIL.

cdef ArrayPlace* open_handle(cnp.ndarray array) except NULL:
    cdef ArrayLock array_lock
    array_lock.hold(array)
    _growth.growable(array)
    cdef ArrayPlace* place = open_place(array)
    if place == NULL:
        raise MemoryError("no memory for a handle to the array")
    return place


# The type.

cdef list _texts = []  # what the C strings in the type point into


cdef const char* text(str docstring) except NULL:
    _texts.append(docstring.encode())
    return <bytes>_texts[-1]


cdef PyMethodDef[6] methods
cdef PyGetSetDef[4] attributes
cdef PyType_Slot[6] slots


cdef type make_type():
    methods[0] = PyMethodDef(b"append", <PyCFunction><void*>method_append, METH_FASTCALL | METH_KEYWORDS,
                             text(_docstrings.APPEND))
    methods[1] = PyMethodDef(b"extend", <PyCFunction><void*>method_extend, METH_FASTCALL | METH_KEYWORDS,
                             text(_docstrings.EXTEND))
    methods[2] = PyMethodDef(b"insert", <PyCFunction><void*>method_insert, METH_FASTCALL | METH_KEYWORDS,
                             text(_docstrings.INSERT))
    methods[3] = PyMethodDef(b"pop", <PyCFunction><void*>method_pop, METH_FASTCALL, text(_docstrings.POP))
    methods[4] = PyMethodDef(
        b"resize", <PyCFunction><void*>method_resize, METH_FASTCALL | METH_KEYWORDS, text(_docstrings.RESIZE))
    methods[5] = PyMethodDef(NULL, NULL, 0, NULL)

    attributes[0] = PyGetSetDef(b"capacity", get_capacity, NULL, text(_docstrings.CAPACITY), NULL)
    attributes[1] = PyGetSetDef(b"max_size", get_max_size, NULL, text(_docstrings.MAX_SIZE), NULL)
    attributes[2] = PyGetSetDef(b"__dict__", get_dict, NULL, NULL, NULL)
    attributes[3] = PyGetSetDef(NULL, NULL, NULL, NULL, NULL)

    slots[0] = PyType_Slot(Py_tp_new, <void*>tp_new)
    slots[1] = PyType_Slot(Py_tp_doc, <void*>text(_docstrings.TYPE))
    slots[2] = PyType_Slot(Py_tp_methods, <void*>methods)
    slots[3] = PyType_Slot(Py_tp_getset, <void*>attributes)
    slots[4] = PyType_Slot(Py_mp_ass_subscript, <void*>_indexing.set_item)  # as its base: __delitem__ is its own
    slots[5] = PyType_Slot(0, NULL)
    for function in (sort, partition):
        original = getattr(np.ndarray, function.__name__)
        function.__doc__ = original.__doc__
        function.__text_signature__ = original.__text_signature__
    cls = new_type(b"cppdynarray.DynamicArray", slots, LiveArray, (
        reserve, shrink_to_fit, clear, swap_remove, copy, __copy__, __deepcopy__, __reduce_ex__, __setstate__,
        __sizeof__, sort, partition,
    ))
    document_del(cls, text(_docstrings.DELETE))
    return cls


DynamicArray = make_type()
register_kind(
    DynamicArray, open_handle,
    needed="a numpy.ndarray can't grow; cppdynarray.array(a) makes a DynamicArray of a copy", instead=None,
)
