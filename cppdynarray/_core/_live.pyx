# distutils: language = c++
"""The class that DynamicArray and RollingArray have in common: an ndarray whose length and memory change, and of
which NumPy computes on plain views.

What the core asks of classes above it are attributes that such a class may have, and needn't:

    _cannot_grow       a property: why this array can't grow at the moment, and what to do; or None
    _growth_exception  a method: the exception for the errno of a block that didn't grow
    _class_in_memory   the class of new arrays like one of this class, which have no file
"""

import numpy as np

from cppdynarray._core import _docstrings

cimport numpy as cnp
from cpython.object cimport PyObject, PyTypeObject
from libc.string cimport memset

from cppdynarray._core cimport _indexing
from cppdynarray._core._dispatch cimport (
    PyGetSetDef, PyMethodDef, PyType_Slot, add_attributes, add_methods, add_operator_slots, as_plain, set_type,
)
from cppdynarray._core._memory cimport import_core

import_core()


cdef extern from "array_fields.hpp" namespace "cppdynarray":
    int basicsize_apart(const PyTypeObject* base) noexcept


cdef extern from *:
    """
    // ndarray's own slot: what the interpreter checks before it was checked for the array.
    #define CPPDYNARRAY_GET_BUFFER(array, buffer, flags) \
        PyArray_Type.tp_as_buffer->bf_getbuffer(array, buffer, flags)
    """
    int ndarray_get_buffer "CPPDYNARRAY_GET_BUFFER"(object, Py_buffer*, int) except -1


cdef int get_buffer(object self, Py_buffer* buffer, int flags) except -1:
    """Exports a plain view: NumPy keeps a record of each shape exported for as long as the
    exporter lives, and an array that is exported after every append has many shapes.
    """
    return ndarray_get_buffer(as_plain(self), buffer, flags)


def as_numpy(cnp.ndarray self not None):
    """
    Return a plain ``numpy.ndarray`` view of the whole array, as long as it is now. O(1).

    The view keeps its length while the array grows and stays live: what is written through one
    is read through the other. Hand it to libraries that keep an array and its length apart.

    Returns
    -------
    numpy.ndarray
        A view whose ``base`` is this array. For how long that of a window is right: see `RollingArray.append`.

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


def to_numpy(cnp.ndarray self not None):
    """
    Return a plain ``numpy.ndarray`` view, as `as_numpy` does; pandas calls it.

    Returns
    -------
    numpy.ndarray
        A view whose ``base`` is this array.

    Examples
    --------
    >>> import cppdynarray as cda
    >>> cda.DynamicArray([1, 2, 3]).to_numpy()
    array([1, 2, 3])
    """
    return as_plain(self)


def __array_wrap__(self, array, context=None, return_scalar=False, /):
    """Return `array` as it is: what is computed from it is plain."""
    return array[()] if return_scalar and array.ndim == 0 else array


def __reduce__(cnp.ndarray self not None):
    return self.__reduce_ex__(2)


cdef object tp_new(object cls, object args, PyObject* kwargs):
    raise TypeError(f"{cls.__name__} is no array of its own: make a DynamicArray or a RollingArray")


cdef bytes type_doc = _docstrings.LIVE.encode()
cdef PyMethodDef[80] methods
cdef PyGetSetDef[32] attributes
cdef PyType_Slot[80] slots


cdef type new_type(const char* name, PyType_Slot* slots, type base, functions):
    """A heap type. Its basicsize follows from the base's: ndarray's, whatever the NumPy at run time has made it."""
    cdef PyType_Spec spec
    spec.name = name
    spec.basicsize = basicsize_apart(<PyTypeObject*>base)
    spec.itemsize = 0
    spec.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE
    spec.slots = slots
    cls = PyType_FromSpecWithBases(&spec, (base,))
    for function in functions:
        function.__qualname__ = f"{cls.__name__}.{function.__name__}"
        setattr(cls, function.__name__, function)
    return cls


cdef type make_type():
    memset(methods, 0, sizeof(methods))
    memset(attributes, 0, sizeof(attributes))
    memset(slots, 0, sizeof(slots))
    add_methods(methods)
    add_attributes(attributes)
    slots[0] = PyType_Slot(Py_tp_methods, <void*>methods)
    slots[1] = PyType_Slot(Py_tp_getset, <void*>attributes)
    slots[2] = PyType_Slot(Py_mp_subscript, <void*>_indexing.get_item)
    slots[3] = PyType_Slot(Py_mp_ass_subscript, <void*>_indexing.set_item)
    slots[4] = PyType_Slot(Py_sq_item, <void*>_indexing.sequence_item)
    slots[5] = PyType_Slot(Py_sq_ass_item, <void*>_indexing.set_sequence_item)
    slots[6] = PyType_Slot(Py_bf_getbuffer, <void*>get_buffer)
    slots[7] = PyType_Slot(Py_tp_new, <void*>tp_new)
    slots[8] = PyType_Slot(Py_tp_doc, <void*><const char*>type_doc)
    add_operator_slots(&slots[9])
    cls = new_type(b"cppdynarray.LiveArray", slots, np.ndarray, (as_numpy, to_numpy, __array_wrap__, __reduce__))
    # Where NumPy's C code picks the class of a result by priority, a plain array wins.
    cls.__array_priority__ = -1_000_000.0
    # pandas asks for this before it keeps an array, and then for to_numpy(): so it keeps a plain view,
    # whose length stays, and not an array whose length changes under its indexes.
    cls._typ = "npy_extension"
    # numpy.ma asks for the class that masked data is shown in.
    cls._baseclass = np.ndarray
    set_type(cls)
    return cls


LiveArray = make_type()


# Kinds of arrays, each registered where its class is made.

cdef list kinds = []


cdef class Kind:
    pass


cdef int register_kind(type cls, OpenHandle open, str needed, str instead) except -1:
    cdef Kind kind = Kind()
    kind.cls, kind.open, kind.needed, kind.instead = cls, open, needed, instead
    kinds.append(kind)
    return 0


cdef Kind kind_of(object array):
    """The kind of an array; None for what isn't ours."""
    cdef Kind kind
    for kind in kinds:
        if isinstance(array, kind.cls):
            return kind
    return None


cdef Kind kind_called(str name):
    """The kind whose class has that name."""
    cdef Kind kind
    for kind in kinds:
        if kind.cls.__name__ == name:
            return kind
    raise ValueError(f"cppdynarray has no arrays called {name}")
