# distutils: language = c++
"""The class RollingArray: the last rows of a stream as one array.

The array owns no memory. Its base, a Track, does, and what is between them is in rolling_place.hpp (where
the window is) and rolling.hpp (how NumPy is shown it). Here, as in _growth.pyx, values are converted
first, which may run Python code; then rows move, and none runs; references are dropped last.

Elements that hold references leave the track with their row. Those that don't stay readable through
older views until they are overwritten.
"""

import operator
from copy import deepcopy

import numpy as np

from cppdynarray._core import _docstrings, _messages
from cppdynarray._core._array import DynamicArray
from cppdynarray._core._live import LiveArray

cimport cython
cimport numpy as cnp
from cpython.buffer cimport PyBuffer_FillInfo
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF
from libc.string cimport memcmp

from cppdynarray._core cimport _conversion, _growth, _indexing
from cppdynarray._core._conversion cimport StoredRow
from cppdynarray._core._dispatch cimport (
    METH_FASTCALL, METH_KEYWORDS, PyCFunction, PyGetSetDef, PyMethodDef, PyType_Slot, as_plain, is_dynamic,
)
from cppdynarray._core._live cimport (
    Py_mp_ass_subscript, Py_sq_ass_item, Py_tp_doc, Py_tp_getset, Py_tp_methods,
    Py_tp_new, new_type, register_kind,
)
from cppdynarray._core._memory cimport PlaceOwner, import_core, new_array
from cppdynarray._core._new cimport as_growing_dtype, as_order, check_positions
from cppdynarray._core.headers cimport (
    ArrayLock, ArrayPlace, Block, Elements, PlaceFunctions, StringLock, block_of, elements_of, length_of, publish,
    publish_length, row_bytes, set_dimensions_apart, set_length_of, shrink_block, used_bytes,
)
from cppdynarray._core.numpy_api cimport (
    NPY_ARRAY_CARRAY, NPY_ARRAY_WRITEABLE, NPY_MAX_INTP, PyArray_NewFromDescr, PyArray_SetBaseObject,
)

import_core()


cdef extern from "cppdynarray/internal/rolling_place.hpp" namespace "cppdynarray":
    cdef cppclass RollingPlace(ArrayPlace):
        size_t max_rows
        size_t first
        void* owner

    ctypedef struct Window:
        size_t start
        size_t rows

    Window window_of(const RollingPlace*) noexcept nogil
    void append_to_window(RollingPlace*, const void*, size_t) noexcept nogil
    void set_first_of(RollingPlace*, size_t) noexcept nogil


cdef extern from "rolling.hpp" namespace "cppdynarray":
    cppclass TrackStruct "cppdynarray::Track":
        RollingPlace own_place

    PyTypeObject* track_type
    const PlaceFunctions rolling_place
    TrackStruct* c_track_of "cppdynarray::track_of"(cnp.ndarray) noexcept
    void publish_window(cnp.ndarray, const RollingPlace*) noexcept
    bint is_as_made(cnp.ndarray, const TrackStruct*) noexcept
    bint append_scalar(cnp.ndarray, PyObject*) noexcept
    void make_room_for_references(RollingPlace*, size_t) noexcept
    void open_rolling_place(TrackStruct*) noexcept


@cython.no_gc
cdef class Track(PlaceOwner):
    """The memory of a RollingArray, and where in it the window is: Track of rolling.hpp."""

    cdef RollingPlace own_place
    cdef cnp.ndarray rows

    def __getbuffer__(self, Py_buffer* buffer, int flags):
        # NumPy asks for it when the array is to be made writeable again, or to get other strides. References
        # are not to be written by others, so there it is empty.
        if self.rows is None:
            raise BufferError("a track without rows")
        cdef size_t size = 0 if elements_of(self.rows) != Elements.plain else used_bytes(self.rows)
        PyBuffer_FillInfo(buffer, self, cnp.PyArray_DATA(self.rows), size, False, flags)


track_type = <PyTypeObject*>Track


cdef str CANT_TAKE_ROWS = (
    "this RollingArray can't take rows: it is a view or was made by NumPy; RollingArray(w, maxlen=...) makes one "
    "that can"
)


cdef Track track_of(cnp.ndarray array):
    """The track of which `array` is the window; None for a view, or what NumPy made."""
    cdef TrackStruct* track = c_track_of(array)
    return <Track><PyObject*>track if track != NULL else None


cdef Track changeable(cnp.ndarray array):
    """The track of an array to which rows may be added; ValueError that says why they can't."""
    cdef TrackStruct* track = c_track_of(array)
    publish(array)
    if track == NULL:
        raise ValueError(CANT_TAKE_ROWS)
    if not cnp.PyArray_CHKFLAGS(array, NPY_ARRAY_WRITEABLE):
        raise ValueError("this RollingArray is read-only; set w.flags.writeable = True to change it")
    if not is_as_made(array, track):
        raise ValueError("this RollingArray can't take rows: its dtype, shape or strides were set; w.copy() can")
    return <Track><PyObject*>track


# Making.

cdef cnp.ndarray new_rolling(object cls, cnp.dtype dtype, int ndim, const cnp.npy_intp* dims, Py_ssize_t maxlen,
                             object like=None):
    """An empty array of class `cls` with a track of its own; of `dims` only the rows' matter."""
    cdef cnp.npy_intp[64] track_dims
    cdef int axis
    for axis in range(ndim):
        track_dims[axis] = dims[axis]
    if maxlen > NPY_MAX_INTP // 3:
        raise MemoryError(f"no memory can hold a window of {maxlen} rows")
    track_dims[0] = 3 * maxlen - 1
    cdef cnp.ndarray rows = new_array(cnp.ndarray, dtype, ndim, track_dims)
    cdef Block* block = block_of(rows)
    cdef Track track = Track.__new__(Track)
    cdef size_t row = row_bytes(rows)
    if row != 0:
        # All that was rounded up to is of the track: NumPy drops the references that are in it.
        publish_length(rows, block.committed_bytes // row)
    track.rows = rows
    track.own_place.block = block
    track.own_place.length = &track.own_place.own_length
    track.own_place.row_bytes = row
    track.own_place.columns = row // cnp.PyArray_ITEMSIZE(rows) if row != 0 else 0
    track.own_place.functions = &rolling_place
    track.own_place.max_rows = maxlen
    track.own_place.owner = <void*>track

    ndim = cnp.PyArray_NDIM(rows)
    for axis in range(ndim):
        track_dims[axis] = cnp.PyArray_DIMS(rows)[axis]
    track_dims[0] = 0
    cdef cnp.ndarray array
    try:
        Py_INCREF(rows.descr)  # stolen below
        array = PyArray_NewFromDescr(cls, rows.descr, ndim, track_dims, NULL, block.data(), NPY_ARRAY_CARRAY, like)
        if cnp.PyArray_DATA(array) != block.data():
            raise RuntimeError(f"{cls.__name__}.__array_finalize__ gave the array other memory")
        Py_INCREF(track)
        PyArray_SetBaseObject(array, track)
    except:
        if cls.__array_finalize__ is not np.ndarray.__array_finalize__:
            # It may have kept the array that it then let fail, so the addresses stay readable.
            Py_INCREF(track)
            if elements_of(rows) == Elements.plain:
                shrink_block(block, 0)
        raise
    set_dimensions_apart(array)
    track.own_place.array = <void*>array
    track.place = &track.own_place
    return array


def rolling_array(object cls, contents=(), dtype=None, *, maxlen=None, row_shape=None, **others):
    """What RollingArray(contents, ...) makes."""
    if maxlen is None or others:
        raise TypeError(wrong_arguments(cls, contents, dtype, maxlen, others))
    cdef Py_ssize_t rows = operator.index(maxlen)
    if rows < 1:
        raise ValueError(f"maxlen is a number of rows, at least 1, not {rows}")
    if dtype is not None:
        dtype = as_growing_dtype(dtype)
    if row_shape is not None:
        row_shape = tuple(row_shape) if isinstance(row_shape, (tuple, list)) else (operator.index(row_shape),)
    cdef cnp.ndarray source
    if isinstance(contents, (list, tuple)) and not contents:
        source = np.empty((0, *(row_shape or ())), float if dtype is None else dtype)
    else:
        if is_dynamic(contents):
            contents = as_plain(contents)
        if cnp.PyArray_CheckExact(contents) and cnp.PyArray_NDIM(contents) > 0:
            contents = contents[-rows:]
        source = as_plain(DynamicArray(contents, dtype))
        if row_shape is not None and np.shape(source)[1:] != row_shape:
            raise ValueError(f"the contents have rows of shape {np.shape(source)[1:]}, not {row_shape}")
    return new_of_rows(cls, source, rows)


cdef str wrong_arguments(object cls, object contents, object dtype, object maxlen, dict others):
    """What to say where maxlen is missing, or something is given that no window takes."""
    if "shape" in others:
        shape = others["shape"]
        row_shape = tuple(shape[1:]) if isinstance(shape, (tuple, list)) and len(shape) > 1 else shape
        return _messages.SHAPE_OF_ROLLING.format(maxlen=1000 if maxlen is None else maxlen, shape=row_shape)
    for name in others:
        return _messages.OTHER_ARGUMENT.format(
            call=cls.__name__, name=name, known="contents, dtype, maxlen and row_shape")
    if isinstance(dtype, int):
        return _messages.CONTENTS_OF_ROLLING.format(size=dtype)
    if isinstance(contents, (int, np.integer)):
        return _messages.SIZE_OF_ROLLING.format(size=contents)
    return _messages.NO_MAXLEN


cdef cnp.ndarray new_of_rows(object cls, cnp.ndarray source, Py_ssize_t maxlen, object like=None):
    """An array of class `cls` with the last rows of `source`."""
    cdef cnp.ndarray array = new_rolling(
        cls, source.descr, cnp.PyArray_NDIM(source), cnp.PyArray_DIMS(source), maxlen, like)
    extend(array, source)
    return array


cdef object tp_new(object cls, object args, PyObject* kwargs):
    check_positions(cls, args)
    if kwargs == NULL:
        return rolling_array(cls, *args)
    return rolling_array(cls, *args, **<object>kwargs)


# Adding rows.

cdef bint is_zero(const char* bytes, size_t size) noexcept:
    return size == 0 or (bytes[0] == 0 and memcmp(bytes, bytes + 1, size - 1) == 0)


cdef int push(cnp.ndarray array, cnp.ndarray rows) except -1:
    """Adds rows that were converted; where they hold references `rows` is a scratch array."""
    cdef StringLock lock
    lock.take(array)
    cdef Track track = changeable(array)
    cdef RollingPlace* place = &track.own_place
    cdef Py_ssize_t count = cnp.PyArray_DIMS(rows)[0], leaving, items
    cdef Window window
    cdef cnp.ndarray doomed = None, stray = None
    cdef size_t item_size = cnp.PyArray_ITEMSIZE(array)
    cdef char* slots
    cdef Elements elements = elements_of(array)
    if elements == Elements.plain:
        append_to_window(place, cnp.PyArray_DATA(rows), count)
        publish_window(array, place)
        return 0
    make_room_for_references(place, count)
    publish_window(array, place)
    window = window_of(place)
    leaving = max(<Py_ssize_t>window.rows + count - <Py_ssize_t>place.max_rows, 0)
    items = place.columns
    slots = place.block.data() + (window.start + window.rows) * place.row_bytes
    if elements == Elements.objects and not is_zero(slots, count * place.row_bytes):
        # NumPy wrote there, through a view, while Python code that it ran let the window move on.
        stray = _growth.remove_items(  # no-cython-lint: dropped on return
            track.rows, item_size, (window.start + window.rows) * items, (window.start + window.rows + count) * items,
            lock)
    if elements == Elements.strings:  # they may find no memory: then nothing has left
        _growth.move_in(array, rows, slots, lock)
    doomed = _growth.remove_items(  # no-cython-lint: dropped on return
        track.rows, item_size, window.start * items, (window.start + leaving) * items, lock)
    if elements == Elements.objects:
        _growth.move_in(array, rows, slots, lock)
    set_length_of(place, length_of(place) + count)
    publish_window(array, place)
    return 0


cdef int append(cnp.ndarray array, object value, bint lossless=True) except -1:
    cdef ArrayLock array_lock
    array_lock.hold_both(array, value)
    cdef Track track = changeable(array)
    if cnp.PyArray_NDIM(array) > 1 and _conversion.is_rows(array, value, 1):
        append_to_window(&track.own_place, cnp.PyArray_DATA(value), 1)
        publish_window(array, &track.own_place)
        return 0
    cdef cnp.ndarray like = as_plain(array)
    cdef StoredRow row
    if elements_of(like) == Elements.plain and _conversion.store_apart(row, like, value):
        append_to_window(&track.own_place, row.bytes(), 1)
        publish_window(array, &track.own_place)
        return 0
    return push(array, _conversion.convert_row(like, value, lossless))


cdef int extend(cnp.ndarray array, object values, bint lossless=True) except -1:
    cdef ArrayLock array_lock
    array_lock.hold_both(array, values)
    cdef Track track = changeable(array)
    cdef cnp.ndarray like, rows
    if is_dynamic(values):
        values = as_plain(values)
    if _conversion.is_rows(array, values, 0):
        append_to_window(&track.own_place, cnp.PyArray_DATA(values), cnp.PyArray_DIMS(values)[0])
        publish_window(array, &track.own_place)
        return 0
    like = as_plain(array)
    rows = _conversion.convert_values(like, values, lossless)
    if cnp.PyArray_DIMS(rows)[0] > <Py_ssize_t>track.own_place.max_rows:
        rows = rows[-<Py_ssize_t>track.own_place.max_rows:]
    return push(array, rows)


cdef object method_append(cnp.ndarray self, PyObject** args, Py_ssize_t count, PyObject* names):
    if count == 1 and names == NULL and append_scalar(self, args[0]):
        return None
    cdef bint lossless = _conversion.is_lossless("append", count, <object>names if names != NULL else None, args)
    append(self, <object>args[0], lossless)
    return None


cdef object method_extend(cnp.ndarray self, PyObject** args, Py_ssize_t count, PyObject* names):
    cdef bint lossless = _conversion.is_lossless("extend", count, <object>names if names != NULL else None, args)
    extend(self, <object>args[0], lossless)
    return None


def clear(cnp.ndarray self not None):
    """
    Remove all rows; `maxlen`, dtype and row shape stay.

    Raises
    ------
    ValueError
        If rows can't be added either (see `append`).

    Notes
    -----
    Views taken before stay right for as long as if the rows were still there (see `append`). Where elements
    are Python objects or strings, these leave at once: views read ``None`` or ``''``.

    Examples
    --------
    >>> import cppdynarray as cda
    >>> w = cda.RollingArray([1, 2, 3], maxlen=3)
    >>> w.clear()
    >>> len(w), w.maxlen
    (0, 3)
    """
    cdef ArrayLock array_lock
    array_lock.hold(self)
    cdef StringLock lock
    lock.take(self)
    cdef Track track = changeable(self)
    cdef Window window = window_of(&track.own_place)
    cdef size_t items = track.own_place.columns
    cdef cnp.ndarray doomed = _growth.remove_items(  # no-cython-lint: dropped on return
        track.rows, cnp.PyArray_ITEMSIZE(track.rows), window.start * items, (window.start + window.rows) * items, lock)
    set_first_of(&track.own_place, length_of(&track.own_place))
    publish_window(self, &track.own_place)


# Looking.

cdef int set_item(cnp.ndarray self, object key, PyObject* value) except -1:
    if value == NULL:
        raise ValueError("rows of a RollingArray can't be deleted: they leave as others come in; clear() removes all")
    return _indexing.set_item(self, key, value)


cdef int set_sequence_item(cnp.ndarray self, Py_ssize_t index, PyObject* value) except -1:
    return set_item(self, index, value) if value == NULL else _indexing.set_sequence_item(self, index, value)


cdef object get_maxlen(object self, void* closure):
    cdef Track track = track_of(self)
    return <Py_ssize_t>track.own_place.max_rows if track is not None else None


def __repr__(cnp.ndarray self not None):
    """As NumPy's, and `maxlen`."""
    cdef str text = np.array_repr(as_plain(self).view(type(self)))
    cdef object maxlen = get_maxlen(self, NULL)
    return f"{text[:-1]}, maxlen={maxlen})" if maxlen is not None and text.endswith(")") else text


# Copies.

cdef Py_ssize_t maxlen_of(cnp.ndarray array) noexcept:
    """maxlen; for what has no track the rows that there are."""
    cdef TrackStruct* track = c_track_of(array)
    if track != NULL:
        return track.own_place.max_rows
    return max(cnp.PyArray_DIMS(array)[0], 1) if cnp.PyArray_NDIM(array) > 0 else 1


def copy(cnp.ndarray self not None, order="C"):
    """
    copy(order='C')

    Return a copy: a RollingArray of the same class and `maxlen`, with memory of its own.

    Parameters
    ----------
    order : {'C', 'A', 'K'}, optional
        Accepted for compatibility with ``ndarray.copy``: a window is always in C order.

    Returns
    -------
    RollingArray

    Raises
    ------
    ValueError
        For ``order='F'``; ``numpy.array(w, order='F')`` makes a plain copy in that order.

    Examples
    --------
    >>> import cppdynarray as cda
    >>> w = cda.RollingArray([1, 2], maxlen=2)
    >>> kept = w.copy()
    >>> w.append(3)
    >>> kept
    RollingArray([1, 2], maxlen=2)
    """
    if as_order(order, "C") == "F":
        raise ValueError("a RollingArray is in C order; numpy.array(w, order='F') makes a plain copy in Fortran order")
    return new_of_rows(type(self), as_plain(self), maxlen_of(self), self)


def __copy__(cnp.ndarray self not None):
    copied = new_of_rows(type(self), as_plain(self), maxlen_of(self), self)
    if hasattr(self, "__dict__"):
        copied.__dict__.update(self.__dict__)
    return copied


def __deepcopy__(cnp.ndarray self not None, memo, /):
    copied = new_of_rows(type(self), np.ndarray.__deepcopy__(as_plain(self), memo), maxlen_of(self), self)
    memo[id(self)] = copied
    if hasattr(self, "__dict__"):
        copied.__dict__.update(deepcopy(self.__dict__, memo))
    return copied


def __reduce_ex__(cnp.ndarray self not None, protocol, /):
    return rebuild, (type(self), as_plain(self), maxlen_of(self), getattr(self, "__dict__", None))


def rebuild(cls, cnp.ndarray array not None, maxlen, attributes=None):
    """The RollingArray that a pickle describes."""
    if not (isinstance(cls, type) and issubclass(cls, RollingArray)):
        raise TypeError(f"a pickled RollingArray names its class, not {cls!r}")
    if operator.index(maxlen) < 1:
        raise ValueError(f"maxlen is a number of rows, at least 1, not {maxlen}")
    if cnp.PyArray_NDIM(array) == 0:
        raise ValueError("a window has rows")
    copied = new_of_rows(cls, array, maxlen)
    if attributes:
        copied.__dict__.update(attributes)
    return copied


def __setstate__(cnp.ndarray self not None, state, /):
    """For what NumPy makes of a pickle of its own; a window's memory is not to be exchanged."""
    if track_of(self) is not None:
        raise ValueError("the state of a RollingArray can't be set: views look into its memory; use clear and extend")
    np.ndarray.__setstate__(self, state)


def resize(cnp.ndarray self not None, *new_shape, refcheck=True):
    """
    Refused: what length the window has depends on the rows that come in.

    Raises
    ------
    ValueError
        Always. ``RollingArray(w, maxlen=n)`` makes a window of another length.
    """
    raise ValueError("a RollingArray can't be resized; RollingArray(w, maxlen=n) makes a window of another length")


def __sizeof__(cnp.ndarray self not None):
    """Bytes of the object and of its track."""
    cdef Track track = track_of(self)
    cdef size_t size = np.ndarray.__sizeof__(self)
    return size + sizeof(Block) + used_bytes(track.rows) if track is not None else size


# Handles, for code that writes without the GIL.

cdef ArrayPlace* open_handle(cnp.ndarray array) except NULL:
    cdef Track track = changeable(array)
    open_rolling_place(<TrackStruct*><PyObject*>track)
    return &track.own_place


def memory_of(cnp.ndarray array not None):
    """Where the window is in its track, counted in rows; None without a track."""
    cdef Track track = track_of(array)
    if track is None:
        return None
    cdef Window window = window_of(&track.own_place)
    return {
        "address": <size_t>track.own_place.block.data(),
        "start": window.start,
        "rows": window.rows,
        "track": cnp.PyArray_DIMS(track.rows)[0],
        "handles": track.own_place.handles,
    }


# The type.


# What the C strings in the type point into.
cdef bytes append_doc = _docstrings.ROLLING_APPEND.encode()
cdef bytes extend_doc = _docstrings.ROLLING_EXTEND.encode()
cdef bytes maxlen_doc = _docstrings.MAXLEN.encode()
cdef bytes type_doc = _docstrings.ROLLING.encode()

cdef PyMethodDef[3] methods
cdef PyGetSetDef[2] attributes
cdef PyType_Slot[7] slots


cdef type make_type():
    methods[0] = PyMethodDef(b"append", <PyCFunction><void*>method_append, METH_FASTCALL | METH_KEYWORDS, append_doc)
    methods[1] = PyMethodDef(b"extend", <PyCFunction><void*>method_extend, METH_FASTCALL | METH_KEYWORDS, extend_doc)
    methods[2] = PyMethodDef(NULL, NULL, 0, NULL)

    attributes[0] = PyGetSetDef(b"maxlen", get_maxlen, NULL, maxlen_doc, NULL)
    attributes[1] = PyGetSetDef(NULL, NULL, NULL, NULL, NULL)

    slots[0] = PyType_Slot(Py_tp_new, <void*>tp_new)
    slots[1] = PyType_Slot(Py_tp_doc, <void*><const char*>type_doc)
    slots[2] = PyType_Slot(Py_tp_methods, <void*>methods)
    slots[3] = PyType_Slot(Py_tp_getset, <void*>attributes)
    slots[4] = PyType_Slot(Py_mp_ass_subscript, <void*>set_item)
    slots[5] = PyType_Slot(Py_sq_ass_item, <void*>set_sequence_item)
    slots[6] = PyType_Slot(0, NULL)
    return new_type(b"cppdynarray.RollingArray", slots, LiveArray, (
        clear, copy, resize, __copy__, __deepcopy__, __reduce_ex__, __setstate__, __repr__, __sizeof__,
    ))


RollingArray = make_type()
RollingArray._start_of_rows = _messages.rows_of_rolling
# While the elements of either are compared, they may change the array.
RollingArray.sort, RollingArray.partition = DynamicArray.sort, DynamicArray.partition
register_kind(
    RollingArray, open_handle,
    needed="only a RollingArray is a window; cppdynarray.RollingArray(a, maxlen=...) makes one",
    instead="this is a RollingArray: a handle for windows is needed, PythonRolling1D or PythonRolling2D",
)
