# distutils: language = c++
"""Growing and shrinking in place: every change of an array's length.

The order is always the same, so that a failed operation changes nothing and Python code that
runs meanwhile (an element's __float__, an iterator, __del__) finds a consistent array:

1. Convert the new values to the array's dtype in a scratch array. This may run Python code,
   which may change the array.
2. From here on no Python code runs: make room, move bytes, set the length.
3. Drop references of removed elements, which may run Python code again.

Three kinds of dtype differ in how elements move. Without references, elements are bytes. Objects,
alone or in records, are moved as bytes, and slots past the length are zero. Strings of StringDType
live in an arena of their array, under its lock (strings.hpp), which uses the space of a removed string
again only through the slot that held it: so they are copied in, and slots past the length are empty.
Step 2 begins with taking that lock, which may let other threads run: what was read of the array before
is read again.
"""

import operator

import numpy as np

from cppdynarray._core import _messages

cimport numpy as cnp
from cpython.long cimport PyLong_CheckExact
from cpython.number cimport PyIndex_Check
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF, Py_XDECREF
from cpython.slice cimport PySlice_AdjustIndices, PySlice_Check, PySlice_Unpack
from cpython.unicode cimport PyUnicode_CheckExact
from libc.string cimport memcpy, memmove, memset

from cppdynarray._core._conversion cimport (
    StoredRow, convert_row, convert_values, grown_length, is_items, is_rows, length, no_room, room_for, same_dims,
    scratch_rows, shape_of, store_apart, store_at_end,
)
from cppdynarray._core._memory cimport import_core, new_scratch
from cppdynarray._core.headers cimport (
    ArrayLock, ArrayRows, Block, Elements, NewDimensions, StringLock, append_rows, block_of, clear_strings,
    copy_strings, elements_of, fix_row_stride, is_placed, load_scalar, multiply, pack_string, publish, publish_length,
    reserve_bytes, resize_rows, row_bytes, set_shape, shorten_rows, shrink_block, takes_any_str, used_bytes,
    why_layout_is_fixed,
)
from cppdynarray._core.numpy_api cimport (
    NPY_ARRAY_C_CONTIGUOUS, NPY_ARRAY_CARRAY, NPY_ARRAY_WRITEABLE, NPY_CORDER, NPY_MAX_INTP, PyArray_NewCopy,
    PyArray_NewFromDescr,
)

import_core()


cdef extern from "Python.h":
    long long PyLong_AsLongLongAndOverflow(object, int* overflow) except? -1
    # With no exception to raise, an int that is too large is the largest.
    Py_ssize_t PyNumber_AsSsize_t(object, PyObject* overflow) except? -1
    const char* PyUnicode_AsUTF8AndSize(object, Py_ssize_t* size) except NULL


cdef extern from "<algorithm>" namespace "std":
    void rotate(char* first, char* middle, char* last) noexcept


cdef extern from "removing.hpp" namespace "cppdynarray":
    size_t close_gaps(char* data, const cnp.npy_bool* gone, size_t count, size_t row, char* bin) noexcept
    void fill_gaps(char* data, size_t count, size_t row, const cnp.npy_intp* gone, size_t gaps, char* bin) noexcept


# What can grow.

cdef object cannot_grow(cnp.ndarray array, str message):
    """The ValueError with that message, unless the array's class knows better what to say."""
    return ValueError(getattr(array, "_cannot_grow", None) or message)


cdef Block* growable(cnp.ndarray array) except NULL:
    """The block of an array that may grow, published; ValueError that says why it can't and what to do."""
    if cnp.PyArray_NDIM(array) == 0:
        raise ValueError(_messages.NO_AXIS)
    return resizable(array)


cdef Block* block_to_resize(cnp.ndarray array) noexcept:
    """The block of a published array that can be resized; NULL for others."""
    publish(array)
    cdef Block* block = block_of(array)
    cdef bint possible = (
        block != NULL
        and cnp.PyArray_CHKFLAGS(array, NPY_ARRAY_WRITEABLE | NPY_ARRAY_C_CONTIGUOUS)
        and fix_row_stride(array)
    )
    return block if possible else NULL


cdef Block* resizable(cnp.ndarray array) except NULL:
    """As growable(), for arrays of any number of dimensions."""
    cdef Block* block = block_to_resize(array)
    if block != NULL:
        return block
    if block_of(array) == NULL:
        raise cannot_grow(array, _messages.NO_OWN_MEMORY)
    if not cnp.PyArray_CHKFLAGS(array, NPY_ARRAY_WRITEABLE):
        raise cannot_grow(array, _messages.READ_ONLY)
    raise ValueError(_messages.NOT_C_ORDERED)


cdef Block* locked(cnp.ndarray array, StringLock& lock) except NULL:
    """growable(array), with the lock of its strings, which is to be released before Python code runs."""
    lock.take(array)
    cdef Block* block = block_to_resize(array)
    if block != NULL and cnp.PyArray_NDIM(array) > 0:
        return block
    lock.release()
    growable(array)
    return locked(array, lock)


# Values on their way into the array.

cdef str LAYOUT_CHANGED = "the array's dtype or row shape changed while the new values were converted"


cdef Block* checked(cnp.ndarray array, cnp.dtype dtype, cnp.ndarray rows, StringLock& lock) except NULL:
    """locked(array), if `rows` are still rows like those of an array of that dtype."""
    lock.take(array)
    if (
        array.descr is not dtype
        or cnp.PyArray_ITEMSIZE(rows) != cnp.PyArray_ITEMSIZE(array)
        or cnp.PyArray_NDIM(rows) != cnp.PyArray_NDIM(array)
        or not same_dims(cnp.PyArray_DIMS(rows) + 1, cnp.PyArray_DIMS(array) + 1, cnp.PyArray_NDIM(array) - 1)
    ):
        raise RuntimeError(LAYOUT_CHANGED)
    cdef Block* block = block_to_resize(array)
    if block != NULL:
        return block
    lock.release()
    growable(array)
    return checked(array, dtype, rows, lock)


cdef int move_in(cnp.ndarray array, cnp.ndarray rows, char* slots, StringLock& lock) except -1:
    """Moves all of `rows` to slots of `array` that hold nothing; `rows`, a scratch array if its
    elements hold references, is left without objects.
    """
    cdef size_t size = used_bytes(rows)
    cdef StringLock of_rows
    cdef Elements elements = elements_of(array)
    if elements == Elements.strings:
        of_rows.take(rows)
        if not copy_strings(lock.arena(), slots, of_rows.arena(), cnp.PyArray_BYTES(rows), cnp.PyArray_SIZE(rows)):
            raise MemoryError("no memory for the strings")
        return 0
    memmove(slots, cnp.PyArray_DATA(rows), size)
    if elements == Elements.objects:
        memset(cnp.PyArray_DATA(rows), 0, size)
    return 0


# Growing.

cdef int append(cnp.ndarray array, object value, bint lossless=True) except -1:
    cdef ArrayLock array_lock
    array_lock.hold_both(array, value)
    growable(array)
    cdef cnp.dtype dtype = array.descr
    cdef StoredRow row
    if (
        elements_of(array) == Elements.strings and cnp.PyArray_NDIM(array) == 1 and PyUnicode_CheckExact(value)
        and takes_any_str(dtype)
    ):
        return append_str(array, dtype, value)
    if cnp.PyArray_NDIM(array) > 1 and is_rows(array, value, 1):
        return append_bytes(array, cnp.PyArray_DATA(value), 1)
    # A row that takes no Python code to convert needs no scratch array, only a buffer.
    if store_apart(row, array, value):
        append_bytes(array, row.bytes(), 1)
        row.moved()
        return 0
    return append_converted(array, dtype, convert_row(array, value, lossless))


cdef int append_str(cnp.ndarray array, cnp.dtype dtype, str value) except -1:
    """Appends a str to an array of one dimension, without a scratch array."""
    cdef Py_ssize_t size = 0
    cdef const char* text = PyUnicode_AsUTF8AndSize(value, &size)
    cdef StringLock lock
    locked(array, lock)
    if array.descr is not dtype or cnp.PyArray_NDIM(array) != 1:
        raise RuntimeError(LAYOUT_CHANGED)
    cdef Py_ssize_t new_length = grown_length(array, 1)
    cdef Block* block = room_for(array, new_length, &lock)
    if not pack_string(lock.arena(), block.data() + used_bytes(array), text, size):
        raise MemoryError("no memory for the string")
    publish_length(array, new_length)
    return 0


cdef bint are_strs_of(cnp.ndarray array, cnp.dtype dtype, object values) noexcept:
    """Whether `values` may be what append_strs() takes."""
    return is_items(values) and cnp.PyArray_NDIM(array) == 1 and elements_of(array) == Elements.strings and (
        takes_any_str(dtype))


cdef bint append_strs(cnp.ndarray array, object values) except -1:
    """Appends a list or tuple of str to an array of strings with one dimension, without a scratch array. False, and
    nothing has changed, where one of them is something else.
    """
    cdef cnp.dtype dtype = array.descr
    cdef tuple strs = tuple(values)  # which stay as they are
    cdef Py_ssize_t size = 0, done = 0
    for value in strs:
        if not PyUnicode_CheckExact(value):
            return False
        PyUnicode_AsUTF8AndSize(value, &size)  # is kept by the str: it takes no memory once more
    cdef StringLock lock
    locked(array, lock)
    if array.descr is not dtype or cnp.PyArray_NDIM(array) != 1:
        raise RuntimeError(LAYOUT_CHANGED)
    cdef Py_ssize_t new_length = grown_length(array, len(strs))
    cdef char* slots = room_for(array, new_length, &lock).data() + used_bytes(array)
    cdef size_t slot = cnp.PyArray_ITEMSIZE(array)
    for value in strs:
        if not pack_string(lock.arena(), slots + slot * <size_t>done, PyUnicode_AsUTF8AndSize(value, &size), size):
            clear_strings(lock.arena(), slots, done)
            raise MemoryError("no memory for the strings")
        done += 1
    publish_length(array, new_length)
    return True


cdef int append_bytes(cnp.ndarray array, const void* rows, Py_ssize_t count) except -1:
    """Appends `count` rows that need no conversion, which may be rows of `array` if they hold no references."""
    while not append_rows(ArrayRows(array), rows, count):
        room_for(array, grown_length(array, count))  # says what is missing
    return 0


cdef int append_converted(cnp.ndarray array, cnp.dtype dtype, cnp.ndarray rows) except -1:
    """Appends rows that were converted for `array` when its dtype was `dtype`."""
    cdef StringLock lock
    checked(array, dtype, rows, lock)
    cdef Py_ssize_t new_length = grown_length(array, length(rows))
    cdef Block* block = room_for(array, new_length, &lock)
    move_in(array, rows, block.data() + used_bytes(array), lock)
    publish_length(array, new_length)
    return 0


cdef int extend(cnp.ndarray array, object values, bint lossless=True) except -1:
    cdef ArrayLock array_lock
    array_lock.hold_both(array, values)
    growable(array)
    if is_rows(array, values, 0):
        return append_bytes(array, cnp.PyArray_DATA(values), length(values))
    if store_at_end(array, values):
        return 0
    cdef cnp.dtype dtype = array.descr
    if are_strs_of(array, dtype, values) and append_strs(array, values):
        return 0
    return append_converted(array, dtype, convert_values(array, values, lossless))


cdef int insert(cnp.ndarray array, object index, object value, bint lossless=True) except -1:
    cdef ArrayLock array_lock
    array_lock.hold_both(array, value)
    growable(array)
    cdef cnp.dtype dtype = array.descr
    cdef StoredRow stored
    # What takes no Python code to convert needs no scratch array, only a buffer.
    if PyLong_CheckExact(index) and store_apart(stored, array, value):
        memcpy(open_gap(array, PyNumber_AsSsize_t(index, NULL)), stored.bytes(), row_bytes(array))
        stored.moved()
        publish_length(array, length(array) + 1)
        return 0
    cdef cnp.ndarray rows = convert_row(array, value, lossless)
    cdef Py_ssize_t position = PyNumber_AsSsize_t(index, NULL)
    cdef StringLock lock
    checked(array, dtype, rows, lock)
    cdef size_t row = row_bytes(array)
    cdef char* end
    if elements_of(array) == Elements.strings:
        # Copied to the end, where a failure changes nothing, and turned to its place.
        end = room_for(array, grown_length(array, 1), &lock).data() + used_bytes(array)
        move_in(array, rows, end, lock)
        rotate(end - row * <size_t>(length(array) - insertion_point(array, position)), end, end + row)
    else:
        move_in(array, rows, open_gap(array, position), lock)
    publish_length(array, length(array) + 1)
    return 0


cdef Py_ssize_t insertion_point(cnp.ndarray array, Py_ssize_t index) noexcept:
    """Where list.insert puts it: beyond the ends is at the end."""
    if index < 0:
        index += length(array)
    return min(max(index, 0), length(array))


cdef char* open_gap(cnp.ndarray array, Py_ssize_t index) except NULL:
    """Makes room for one row in front of row `index` of a published array, whose length is still to be raised."""
    cdef Py_ssize_t position = insertion_point(array, index)
    cdef size_t row = row_bytes(array)
    cdef char* gap = room_for(array, grown_length(array, 1)).data() + row * <size_t>position
    memmove(gap + row, gap, row * <size_t>(length(array) - position))
    return gap


cdef Py_ssize_t as_dimension(object size) except -1:
    """A dimension as resize takes it; one that no array can have is NPY_MAX_INTP."""
    cdef int overflow = 0
    cdef long long dimension
    if not PyLong_CheckExact(size):
        size = operator.index(size)
    dimension = PyLong_AsLongLongAndOverflow(size, &overflow)
    if overflow < 0 or (overflow == 0 and dimension < 0):
        raise ValueError("negative dimensions not allowed")
    return <Py_ssize_t>dimension if overflow == 0 and dimension <= NPY_MAX_INTP else NPY_MAX_INTP


cdef Py_ssize_t read_dims(cnp.ndarray array, tuple shape, cnp.npy_intp* dims) except -1:
    """The size of an array of a shape with elements as in `array`; MemoryError if there can't be one."""
    cdef size_t size = 1, largest = max(cnp.PyArray_ITEMSIZE(array), 1)
    cdef bint possible = True
    if len(shape) > 64:
        raise ValueError("maximum supported dimension for an ndarray is 64")
    for axis in range(len(shape)):
        dims[axis] = as_dimension(shape[axis])
        # Too large is too large also where another dimension is 0: NumPy has no such arrays.
        possible = possible and multiply(largest, <size_t>max(dims[axis], 1), largest)
        size *= <size_t>dims[axis]
    if not possible or largest > <size_t>NPY_MAX_INTP:
        raise MemoryError(f"no memory for an array of shape {shape}")
    return size


cdef int resize(cnp.ndarray array, tuple shape) except -1:
    """ndarray.resize's meaning: the elements stay in C order, new ones are zero."""
    cdef ArrayLock array_lock
    array_lock.hold(array)
    resizable(array)
    cdef cnp.npy_intp[64] dims
    cdef Py_ssize_t size = read_dims(array, shape, dims)
    cdef cnp.npy_intp added = max(size - cnp.PyArray_SIZE(array), 0)
    cdef cnp.ndarray fresh = None
    if added > 0 and elements_of(array) == Elements.objects:
        # Zero bytes are an empty slot; the value zero (0 or a record of such) is NumPy's.
        fresh = new_scratch(array, 1, &added)
        fresh[...] = np.zeros((), array.descr)
    return resize_with(array, shape, dims, size, fresh)


cdef int resize_with(cnp.ndarray array, tuple shape, cnp.npy_intp* dims, Py_ssize_t size,
                     cnp.ndarray fresh) except -1:
    """resize() to `size` elements; `fresh` are those to add, where they hold objects."""
    cdef StringLock lock
    lock.take(array)
    cdef Block* block = block_to_resize(array)
    if block == NULL:
        lock.release()
        resizable(array)
        return resize_with(array, shape, dims, size, fresh)
    cdef int ndim = len(shape)
    cdef size_t item_size = cnp.PyArray_ITEMSIZE(array), used = used_bytes(array)
    cdef Py_ssize_t old_size = cnp.PyArray_SIZE(array)
    cdef cnp.ndarray doomed = None
    cdef NewDimensions dimensions
    cdef bint same_rows = ndim == cnp.PyArray_NDIM(array)
    if (
        elements_of(array) == Elements.objects
        and max(size - old_size, 0) != (cnp.PyArray_SIZE(fresh) if fresh is not None else 0)
    ):
        raise RuntimeError("the array's size changed while it was resized")
    for axis in range(1, ndim):
        same_rows = same_rows and dims[axis] == cnp.PyArray_DIMS(array)[axis]
    if ndim > 0 and same_rows and dims[0] <= length(array):
        return remove_rows(array, dims[0], length(array), lock)
    if not same_rows and is_placed(array):
        raise ValueError(
            f"rows of shape {shape_of(array)[1:]} can't become those of {shape} while "
            f"{why_layout_is_fixed(array).decode()}"
        )
    if ndim != cnp.PyArray_NDIM(array) and not dimensions.take(ndim):
        raise MemoryError(f"no memory for {ndim} dimensions")
    if size < old_size:
        doomed = remove_items(array, item_size, size, old_size, lock)  # no-cython-lint: dropped on return
        block.mark_written(used)
    elif not reserve_bytes(ArrayRows(array, lock.arena()), used, item_size * <size_t>size):
        lock.release()
        raise no_room(
            array, f"no memory for shape {shape}: {size} elements of {item_size} bytes (the array has {old_size})")
    else:
        add_zeros(array, block_of(array), used, size - old_size, fresh, lock)
    if ndim > 0 and same_rows:
        publish_length(array, dims[0])
        return 0
    if ndim != cnp.PyArray_NDIM(array):
        dimensions.give_to(array, ndim)
    set_shape(array, dims)
    return 0


cdef int add_zeros(cnp.ndarray array, Block* block, size_t used, Py_ssize_t count, cnp.ndarray fresh,
                   StringLock& lock) except -1:
    """Writes `count` elements zero behind `used` bytes: `fresh`, where they are objects; then there are as many."""
    if fresh is not None:
        move_in(array, fresh, block.data() + used, lock)
    elif elements_of(array) == Elements.strings:
        clear_strings(lock.arena(), block.data() + used, count)
    else:
        block.functions.zero(block, used, used + cnp.PyArray_ITEMSIZE(array) * <size_t>count)
    return 0


cdef bint resize_within_capacity(cnp.ndarray array, object rows) except -1:
    """The way that most calls of resize take: one dimension, room for all rows, no references.
    False, and nothing has changed, where that is not so.
    """
    cdef ArrayLock array_lock
    array_lock.hold(array)
    # Before anything can raise: not every argument needs an array that can grow.
    if cnp.PyArray_NDIM(array) != 1 or not PyLong_CheckExact(rows) or elements_of(array) != Elements.plain:
        return False
    cdef Block* block = growable(array)
    cdef int overflow = 0
    cdef long long count = PyLong_AsLongLongAndOverflow(rows, &overflow)
    cdef size_t size = 0
    if overflow != 0 or not 0 <= count <= NPY_MAX_INTP:
        return False
    if not multiply(cnp.PyArray_ITEMSIZE(array), count, size) or size > block.committed_bytes:
        return False
    return resize_rows(ArrayRows(array), count)


cdef int reserve(cnp.ndarray array, Py_ssize_t rows) except -1:
    cdef ArrayLock array_lock
    array_lock.hold(array)
    if rows < 0:
        raise ValueError("can't reserve room for a negative number of rows")
    cdef StringLock lock
    locked(array, lock)
    room_for(array, rows, &lock)
    return 0


# Shrinking.

cdef cnp.ndarray remove_items(cnp.ndarray array, size_t item_size, Py_ssize_t start, Py_ssize_t stop,
                              StringLock& lock):
    """Leaves the slots of the elements from `start` to `stop`, counted in C order, empty, if they hold references. An
    array that has the objects that were there, and drops them when it is freed; None if there are none.
    """
    cdef Elements elements = elements_of(array)
    if stop <= start or elements == Elements.plain:
        return None
    cdef cnp.npy_intp count = stop - start
    cdef char* slots = <char*>cnp.PyArray_DATA(array) + item_size * <size_t>start
    if elements == Elements.strings:
        clear_strings(lock.arena(), slots, count)
        return None
    cdef cnp.ndarray taken = new_scratch(array, 1, &count)
    memcpy(cnp.PyArray_DATA(taken), slots, item_size * <size_t>count)
    memset(slots, 0, item_size * <size_t>count)
    return taken


cdef int remove_rows(cnp.ndarray array, Py_ssize_t start, Py_ssize_t stop, StringLock& lock) except -1:
    """Removes the rows from `start` to `stop` of an array that can grow, and closes the gap."""
    cdef Block* block = block_of(array)
    cdef size_t row = row_bytes(array)
    cdef Py_ssize_t count = length(array)
    stop = min(stop, count)
    if stop <= start:
        return 0
    cdef char* data = block.data()
    if elements_of(array) == Elements.plain:
        close_gap(array, data + row * <size_t>start, data + row * <size_t>stop, data + row * <size_t>count)
        shorten_rows(ArrayRows(array), count - (stop - start))
        return 0
    cdef bint objects = cnp.PyArray_TYPE(array) == cnp.NPY_OBJECT and row <= OBJECT_CHUNK * sizeof(PyObject*)
    if objects and row * <size_t>(stop - start) <= OBJECT_CHUNK * sizeof(PyObject*):
        return remove_objects(array, start, stop)
    cdef Py_ssize_t row_items = cnp.PyArray_SIZE(array) // count
    cdef cnp.ndarray doomed
    try:
        doomed = remove_items(  # no-cython-lint: dropped on return
            array, cnp.PyArray_ITEMSIZE(array), start * row_items, stop * row_items, lock)
    except MemoryError:
        if not objects:
            raise
        return remove_objects(array, start, stop)
    close_gap(array, data + row * <size_t>start, data + row * <size_t>stop, data + row * <size_t>count)
    shorten_rows(ArrayRows(array), count - (stop - start))
    lock.release()
    return 0  # what `doomed` holds is dropped now


cdef void close_gap(cnp.ndarray array, char* start, char* stop, char* end) noexcept:
    """Moves the slots from `stop` to `end` down to `start`; those between were left empty. What is then behind the
    last row is as slots there have to be.
    """
    cdef Elements elements = elements_of(array)
    if elements == Elements.strings:
        # Slots that held a string change places with those behind: they know the space that it had.
        rotate(start, stop, end)
        return
    memmove(start, stop, end - stop)
    if elements == Elements.objects:
        memset(end - (stop - start), 0, stop - start)


cdef enum:
    OBJECT_CHUNK = 512


cdef int remove_objects(cnp.ndarray array, Py_ssize_t start, Py_ssize_t stop) except -1:
    """As remove_rows, for few objects, or when memory is short: takes none.

    From the end, a chunk of rows is taken out, and only when the array is whole again are its
    references dropped. If there are several chunks, and dropping one runs Python code that
    changes the array, the rows removed later are those that are then in their place.
    """
    cdef PyObject* doomed[OBJECT_CHUNK]
    cdef Block* block
    cdef size_t row, taken
    cdef Py_ssize_t count, rows
    cdef char* slots
    while True:
        block = growable(array)
        count = length(array)
        stop = min(stop, count)
        if stop <= start:
            return 0
        row = row_bytes(array)
        if row > sizeof(doomed):
            raise RuntimeError("the array's row shape changed while rows were removed")
        rows = min(stop - start, <Py_ssize_t>(sizeof(doomed) / row)) if row != 0 else stop - start
        taken = row * <size_t>rows
        stop -= rows
        slots = block.data() + row * <size_t>stop
        memcpy(doomed, slots, taken)
        memmove(slots, slots + taken, row * <size_t>(count - stop - rows))
        memset(block.data() + row * <size_t>(count - rows), 0, taken)
        shorten_rows(ArrayRows(array), count - rows)
        for i in range(taken // sizeof(PyObject*)):
            Py_XDECREF(doomed[i])


cdef object pop(cnp.ndarray array, object index):
    cdef ArrayLock array_lock
    array_lock.hold(array)
    cdef Py_ssize_t position = PyNumber_AsSsize_t(index, NULL)
    growable(array)
    cdef cnp.ndarray row = scratch_rows(array, 1) if elements_of(array) == Elements.strings else None
    cdef cnp.dtype dtype = array.descr
    cdef StringLock lock, of_row
    if row is None:
        locked(array, lock)
    else:
        checked(array, dtype, row, lock)
    cdef Py_ssize_t count = length(array)
    if count == 0:
        raise IndexError("pop from an empty DynamicArray")
    if position < 0:
        position += count
    if not 0 <= position < count:
        raise IndexError(f"pop index {index} is out of range for {count} rows")
    if row is None:
        value = copy_row(array, position)
        remove_rows(array, position, position + 1, lock)
        return value
    of_row.take(row)
    if not copy_strings(of_row.arena(), cnp.PyArray_BYTES(row), lock.arena(),
                        cnp.PyArray_BYTES(array) + row_bytes(array) * <size_t>position, cnp.PyArray_SIZE(row)):
        raise MemoryError("no memory for the strings")
    of_row.release()
    remove_rows(array, position, position + 1, lock)
    return row[0] if cnp.PyArray_NDIM(row) == 1 else row[0].copy()


cdef object copy_row(cnp.ndarray array, Py_ssize_t position):
    """array[position] with memory of its own."""
    cdef char* slot = <char*>cnp.PyArray_DATA(array) + row_bytes(array) * <size_t>position
    cdef PyObject* scalar = NULL
    if cnp.PyArray_NDIM(array) == 1 and cnp.PyArray_ISNOTSWAPPED(array):
        scalar = load_scalar(slot, cnp.PyArray_TYPE(array))
        if scalar != NULL:
            value = <object>scalar
            Py_DECREF(value)
            return value
    Py_INCREF(array.descr)
    cdef cnp.ndarray view = PyArray_NewFromDescr(
        cnp.ndarray, array.descr, cnp.PyArray_NDIM(array) - 1,
        cnp.PyArray_DIMS(array) + 1, NULL, slot, NPY_ARRAY_CARRAY, None,
    )
    cdef cnp.ndarray row = PyArray_NewCopy(view, NPY_CORDER)
    return row[()] if cnp.PyArray_NDIM(row) == 0 else row


# Which rows a key names: an int, a slice, or a list or array of ints or bools, along axis 0.

cdef object as_row_key(object key):
    """What names rows, as an int, a slice of ints or an array: from here on it runs no Python code."""
    cdef Py_ssize_t start, stop, step
    if cnp.PyArray_CheckExact(key) and cnp.PyArray_NDIM(key) > 0:
        return key
    if isinstance(key, slice):
        PySlice_Unpack(key, &start, &stop, &step)
        return slice(start, stop, step)
    if isinstance(key, (list, cnp.ndarray)):
        key = np.asarray(key) if not isinstance(key, list) or key else np.empty(0, np.intp)
        return key[()] if key.ndim == 0 and key.dtype != np.bool_ else key
    if PyIndex_Check(key):
        return operator.index(key)
    raise IndexError(
        f"rows are deleted by an int, a slice, or an array of ints or bools, not by {type(key).__name__}"
    )


cdef Py_ssize_t row_number(object index, Py_ssize_t count) except -1:
    """Which of `count` rows an int names."""
    cdef Py_ssize_t number = PyNumber_AsSsize_t(index, NULL)
    if number < 0:
        number += count
    if not 0 <= number < count:
        raise IndexError(f"index {index} is out of bounds for axis 0 with size {count}")
    return number


cdef bint is_mask(object key, Py_ssize_t count) except -1:
    """Whether a key is a mask, of `count` rows then."""
    if not isinstance(key, cnp.ndarray) or cnp.PyArray_TYPE(key) != cnp.NPY_BOOL:
        return False
    # NumPy lets an empty mask through where there are rows.
    if cnp.PyArray_NDIM(key) != 1 or length(key) != count:
        raise IndexError(f"a mask of shape {shape_of(key)} doesn't fit {count} rows")
    return True


cdef object rows_named(object key, Py_ssize_t count):
    """Which of `count` rows a key of as_row_key() names: a slice of step 1, or a mask, in memory of its own."""
    cdef Py_ssize_t start, stop, step
    if isinstance(key, slice):
        PySlice_Unpack(key, &start, &stop, &step)
        if PySlice_AdjustIndices(count, &start, &stop, step) == 0:
            return slice(0, 0)
        if step == 1:
            return slice(start, stop)
        key = slice(start, stop if stop >= 0 else None, step)
    elif not isinstance(key, cnp.ndarray):
        start = row_number(key, count)
        return slice(start, start + 1)
    elif is_mask(key, count):
        # A view may look into the very memory that changes.
        if cnp.PyArray_CHKFLAGS(key, NPY_ARRAY_C_CONTIGUOUS) and cnp.PyArray_CHKFLAGS(key, cnp.NPY_ARRAY_OWNDATA):
            return key
        return key.copy()
    mask = np.zeros(count, np.bool_)
    mask[key] = True
    return mask


cdef cnp.ndarray row_numbers(object key, Py_ssize_t count):
    """The same as numbers, each once and in ascending order. Few of them take no look at all rows."""
    if isinstance(key, slice):
        return np.sort(np.arange(count)[key])
    if not isinstance(key, cnp.ndarray):
        return np.array([row_number(key, count)])
    if is_mask(key, count):
        return np.flatnonzero(key)
    if key.dtype.kind not in "iu":
        raise IndexError("arrays used as indices must be of integer (or boolean) type")
    if key.size == 0:
        return np.empty(0, np.intp)
    for extreme in (key.min(), key.max()):
        row_number(int(extreme), count)
    numbers = key.astype(np.intp).ravel()
    numbers[numbers < 0] += count
    return numbers if (numbers[1:] > numbers[:-1]).all() else np.unique(numbers)


# Removing the rows that a key names.

cdef int delete(cnp.ndarray array, object key) except -1:
    """del array[key]."""
    cdef ArrayLock array_lock
    array_lock.hold(array)
    cdef Py_ssize_t start, stop, step, count
    cdef StringLock lock
    growable(array)
    if PyLong_CheckExact(key) and elements_of(array) != Elements.strings:
        start = row_number(key, length(array))
        return remove_rows(array, start, start + 1, lock)
    key = as_row_key(key)
    growable(array)
    if PySlice_Check(key) and elements_of(array) != Elements.strings:
        PySlice_Unpack(key, &start, &stop, &step)
        count = PySlice_AdjustIndices(length(array), &start, &stop, step)
        if step == 1 or count == 0:
            return remove_rows(array, start, start + count, lock)
    while True:
        growable(array)
        count = length(array)
        rows = rows_named(key, count)
        if not isinstance(rows, slice):
            if remove_some(array, rows, count, True):
                return 0
            continue
        locked(array, lock)
        if length(array) == count:
            return remove_rows(array, rows.start, rows.stop, lock)
        lock.release()  # another thread changed the length


cdef int swap_remove(cnp.ndarray array, object key) except -1:
    """As delete(), but rows from the end take the positions."""
    cdef ArrayLock array_lock
    array_lock.hold(array)
    cdef cnp.npy_intp number
    cdef Py_ssize_t count
    growable(array)
    key = as_row_key(key)
    while True:
        growable(array)
        count = length(array)
        if PyLong_CheckExact(key) and elements_of(array) == Elements.plain:
            number = row_number(key, count)
            fill_gaps(block_of(array).data(), count, row_bytes(array), &number, 1, NULL)
            shorten_rows(ArrayRows(array), count - 1)
            return 0
        if remove_some(array, row_numbers(key, count), count, False):
            return 0


cdef bint remove_some(cnp.ndarray array, cnp.ndarray gone, Py_ssize_t count, bint in_order) except -1:
    """Removes some of `count` rows. In order, `gone` is a mask of all rows, those that stay close up; otherwise it has
    the numbers of the rows, ascending, and rows from the end take their positions. False, and nothing has changed, if
    the array isn't as it was when `gone` was made.
    """
    cdef Py_ssize_t left, removed = 0
    cdef size_t row = row_bytes(array)
    cdef Elements elements = elements_of(array)
    cdef cnp.ndarray bin = None
    cdef StringLock lock
    if not in_order:
        removed = length(gone)
    elif elements != Elements.plain or row == 0:
        removed = np.count_nonzero(gone)
    if elements == Elements.objects:
        bin = scratch_rows(array, removed)
    elif elements == Elements.strings:
        bin = np.empty(row * <size_t>removed, np.uint8)  # empty slots, as bytes
    cdef char* removed_rows = cnp.PyArray_BYTES(bin) if bin is not None else NULL
    cdef char* data = locked(array, lock).data()
    if length(array) != count or row_bytes(array) != row or elements_of(array) != elements:
        return False
    if elements == Elements.strings:
        clear_rows(array, data, gone, removed, in_order, lock)
    left = count - removed
    if not in_order:
        fill_gaps(data, count, row, <const cnp.npy_intp*>cnp.PyArray_DATA(gone), removed, removed_rows)
    elif row != 0:
        left = close_gaps(data, <const cnp.npy_bool*>cnp.PyArray_DATA(gone), count, row, removed_rows)
    removed = count - left
    if elements == Elements.strings:
        # Back to where their slots can be used again: they know the space that their strings had.
        memcpy(data + row * <size_t>left, removed_rows, row * <size_t>removed)
    elif elements == Elements.objects:
        memset(data + row * <size_t>left, 0, row * <size_t>removed)
    shorten_rows(ArrayRows(array), left)
    lock.release()
    return True  # what `bin` holds is dropped now


cdef void clear_rows(cnp.ndarray array, char* data, cnp.ndarray gone, Py_ssize_t removed, bint in_order,
                     StringLock& lock) noexcept:
    """Leaves the strings of rows that remove_some() removes empty."""
    cdef size_t row = row_bytes(array)
    cdef size_t items = row // <size_t>cnp.PyArray_ITEMSIZE(array)
    cdef const cnp.npy_bool* mask = <const cnp.npy_bool*>cnp.PyArray_DATA(gone)
    cdef const cnp.npy_intp* numbers = <const cnp.npy_intp*>cnp.PyArray_DATA(gone)
    cdef Py_ssize_t i
    if in_order:
        for i in range(length(gone)):
            if mask[i]:
                clear_strings(lock.arena(), data + row * <size_t>i, items)
    else:
        for i in range(removed):
            clear_strings(lock.arena(), data + row * <size_t>numbers[i], items)


cdef int clear(cnp.ndarray array) except -1:
    cdef ArrayLock array_lock
    array_lock.hold(array)
    cdef StringLock lock
    locked(array, lock)
    return remove_rows(array, 0, length(array), lock)


cdef int shrink_to_fit(cnp.ndarray array) except -1:
    cdef ArrayLock array_lock
    array_lock.hold(array)
    cdef StringLock lock
    lock.take(array)
    publish(array)
    cdef Block* block = block_of(array)
    if block != NULL:
        shrink_block(block, used_bytes(array))
    return 0


# How far an array can grow.

cdef Py_ssize_t most_rows(cnp.ndarray array, bint without_moving) noexcept:
    """How many rows fit into what is committed or, `without_moving`, into what is reserved."""
    cdef ArrayLock array_lock
    array_lock.hold(array)
    publish(array)
    if cnp.PyArray_NDIM(array) == 0:
        return 1
    cdef Block* block = block_of(array)
    if block == NULL:
        return length(array)
    cdef size_t row = row_bytes(array)
    return <Py_ssize_t>((block.reserved_bytes if without_moving else block.committed_bytes) / row) if row != 0 else (
        NPY_MAX_INTP)
