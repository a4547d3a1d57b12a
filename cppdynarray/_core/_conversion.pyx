# distutils: language = c++
"""Conversion of values to rows: bytes of an array's dtype, in scratch arrays.

All of it may run Python code, which may change the array that the rows are for.
"""

from itertools import islice

import numpy as np

cimport numpy as cnp
from cpython.exc cimport PyErr_CheckSignals
from cpython.list cimport PyList_CheckExact
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_CheckExact
from libc.errno cimport ENOMEM
from libc.string cimport memset

from cppdynarray._core import _messages

from cppdynarray._core._dispatch cimport as_plain, is_dynamic
from cppdynarray._core._lossless cimport (
    begin_quiet, check_array, check_before, check_list, check_value, end_quiet, may_lose,
)
from cppdynarray._core._memory cimport import_core, new_array, new_scratch
from cppdynarray._core.headers cimport (
    ArrayRows, Block, Elements, StringLock, block_of, elements_of, growth_error, is_placed, publish, publish_length,
    reserve_rows, row_bytes, shrink_block, used_bytes,
)
from cppdynarray._core.numpy_api cimport (
    NPY_ARRAY_C_CONTIGUOUS, NPY_MAX_INTP, PyArray_EquivTypes, PyArray_IntTupleFromIntp, PyArray_Pack,
)

import_core()


cdef extern from "numpy/arrayobject.h":
    bint PyObject_CheckBuffer(object) noexcept


cdef extern from "convert.hpp" namespace "cppdynarray":
    cdef cppclass Conversion:
        void* function
    bint has_wide_registers() noexcept
    Conversion conversion_between(cnp.dtype source, cnp.dtype dtype, bint wide) noexcept
    Conversion array_conversion(cnp.ndarray array, cnp.dtype dtype) noexcept
    bint c_convert_array "cppdynarray::convert_array"(const Conversion&, cnp.ndarray array, char* target) noexcept


cdef extern from "store.hpp" namespace "cppdynarray":
    bint import_dates() except False
    bint c_store_row "cppdynarray::store_row"(char* slot, cnp.ndarray array, object value) noexcept
    bint c_store_apart "cppdynarray::store_apart"(StoredRow&, cnp.ndarray array, object value) noexcept
    Py_ssize_t c_store_items "cppdynarray::store_items"(
        char* slots, cnp.ndarray array, object items, Py_ssize_t start, Py_ssize_t stop) noexcept
    bint append_items_apart(cnp.ndarray array, object items, Py_ssize_t count) noexcept
    bint append_array_apart(const Conversion&, cnp.ndarray array, cnp.ndarray values) noexcept


import_dates()


# What runs no Python code: exact conversions of values of Python's and NumPy's own classes.

cdef bint store_row(char* slot, cnp.ndarray array, object value) noexcept:
    """Writes `value` as a row of `array` to `slot`, which holds nothing; False, and the slot may hold something of
    its own then, where NumPy has to convert it or to say what is wrong.
    """
    return c_store_row(slot, array, value)


cdef bint store_apart(StoredRow& row, cnp.ndarray array, object value) noexcept:
    """store_row() for a row that is to be moved to where it belongs."""
    return c_store_apart(row, array, value)


cdef Py_ssize_t store_items(char* slots, cnp.ndarray array, object items, Py_ssize_t start, Py_ssize_t stop) noexcept:
    """Writes items of a list or tuple as rows: which is the first, up to `stop`, that is for NumPy."""
    return c_store_items(slots, array, items, start, stop)


cdef bint is_items(object values) noexcept:
    return PyList_CheckExact(values) or PyTuple_CheckExact(values)


cdef bint store_at_end(cnp.ndarray array, object values) except -1:
    """Appends all of `values`, if they need neither NumPy nor a scratch array; False, and nothing has changed, if they
    do.
    """
    if is_placed(array) or elements_of(array) != Elements.plain or row_bytes(array) == 0:
        return False
    if is_items(values):
        if has_removed_rows(array):
            return append_items_apart(array, values, len(values))
        return store_items_at_end(array, values)
    return (cnp.PyArray_CheckExact(values) or is_dynamic(values)) and store_array_at_end(array, values)


cdef bint has_removed_rows(cnp.ndarray array) noexcept:
    """Whether a view may see what lies behind the end of a published array."""
    return block_of(array).has_removed(used_bytes(array))


cdef bint store_items_at_end(cnp.ndarray array, object values) except -1:
    """store_at_end() for a list or tuple, where nobody sees what lies behind the end. Room is made only if those that
    fit without were stored.
    """
    cdef Block* block = block_of(array)
    cdef size_t row = row_bytes(array), used = used_bytes(array), before = block.committed_bytes
    cdef Py_ssize_t count = len(values)
    cdef Py_ssize_t fitting = min(count, <Py_ssize_t>((before - used) // row))
    if fitting < count and not can_grow_in_place(array, count):
        return False
    block.mark_written(used + row * <size_t>fitting)
    # Without a GIL an item may have been given up by its list meanwhile, and have changed the array.
    if store_items(block.data() + used, array, values, 0, fitting) < fitting or used_bytes(array) != used:
        return False
    if fitting < count:
        room_for(array, grown_length(array, count))
        block.mark_written(used + row * <size_t>count)
        if (
            store_items(block.data() + used + row * <size_t>fitting, array, values, fitting, count) < count
            or used_bytes(array) != used
        ):
            if used_bytes(array) == used:
                shrink_block(block, before)
            return False
    publish_length(array, length(array) + count)
    return True


cdef bint can_grow_in_place(cnp.ndarray array, Py_ssize_t count) except -1:
    """Whether so many rows more don't move a published array, whose rows have bytes."""
    return <size_t>grown_length(array, count) <= block_of(array).reserved_bytes // row_bytes(array)


cdef bint store_array_at_end(cnp.ndarray array, cnp.ndarray values) except -1:
    """store_at_end() for an array of another dtype, or of rows that don't lie one behind the other."""
    publish(values)
    cdef Block* block = block_of(array)
    cdef Conversion how = array_conversion(values, array.descr)
    cdef const char* source = cnp.PyArray_BYTES(values)
    cdef size_t before = block.committed_bytes
    if how.function == NULL or not have_rows_in_common(array, values):
        return False
    if has_removed_rows(array):
        return append_array_apart(how, array, values)
    if block.data() <= source < block.data() + before:
        return False  # written rows may be those that are read
    if not can_grow_in_place(array, length(values)):
        return False  # it would move, whether or not something is lost
    cdef Py_ssize_t new_length = grown_length(array, length(values))
    cdef size_t used = used_bytes(array), needed = row_bytes(array) * <size_t>new_length
    if needed > before:
        room_for(array, new_length)
    block.mark_written(needed)
    if not c_convert_array(how, values, block.data() + used):
        if needed > before:
            shrink_block(block, before)
        return False
    publish_length(array, new_length)
    return True


cdef object other_keywords(str method, object names):
    return TypeError(f"{method} takes no keyword arguments but casting, not {', '.join(names)}")


cdef bint is_lossless(str method, Py_ssize_t count, object names, PyObject** args) except -1:
    """Whether a call of append or extend, with keyword arguments or not, says that nothing may be lost."""
    if count != 1:
        raise TypeError(
            _messages.MORE_ARGUMENTS.format(method=method, count=count) if count > 1
            else f"{method} expected 1 argument, got 0")
    if names is None:
        return True
    if names != ("casting",):
        raise other_keywords(method, names)
    return says_lossless(<object>args[1])


cdef bint says_lossless(object casting) except -1:
    if casting not in ("lossless", "unsafe"):
        raise ValueError(f"casting must be 'lossless' or 'unsafe', not {casting!r}")
    return casting == "lossless"


cdef tuple shape_of(cnp.ndarray array):
    """array.shape, also where a subclass calls something else by that name."""
    return PyArray_IntTupleFromIntp(cnp.PyArray_NDIM(array), cnp.PyArray_DIMS(array))


cdef object no_room(cnp.ndarray array, str message):
    """What to raise where a published array's block didn't grow: MemoryError, unless the block says why and
    the array's class has an exception for that.
    """
    cdef int error = growth_error(block_of(array))
    growth_exception = getattr(array, "_growth_exception", None)
    if error == 0 or error == ENOMEM or growth_exception is None:
        return MemoryError(message)
    return growth_exception(error)


cdef Block* room_for(cnp.ndarray array, Py_ssize_t rows, StringLock* lock=NULL) except NULL:
    """The block of a published array, with room for `rows` rows in all; the data may have moved. `lock` is that of its
    strings, where others know the array; an exception releases it.
    """
    if rows < 0 or not reserve_rows(ArrayRows(array, lock.arena() if lock != NULL else NULL), rows):
        if lock != NULL:
            lock.release()
        message = (
            f"no memory for {rows} rows of {row_bytes(array)} bytes (the array has {length(array)})" if rows >= 0
            else "an array can't have that many rows"
        )
        raise no_room(array, message) if rows >= 0 else MemoryError(message)
    return block_of(array)


cdef bint is_rows(cnp.ndarray array, object values, int missing) noexcept:
    """Whether `values` is an array whose bytes are rows of `array`, as they are; a single row if
    axis 0 is `missing`. Few values are, but those that come in large numbers.
    """
    if not (cnp.PyArray_CheckExact(values) or is_dynamic(values)):
        return False
    cdef cnp.ndarray rows = values
    publish(rows)
    cdef int ndim = cnp.PyArray_NDIM(array)
    return (
        rows.descr is array.descr
        and cnp.PyArray_CHKFLAGS(rows, NPY_ARRAY_C_CONTIGUOUS)
        and cnp.PyArray_NDIM(rows) == ndim - missing
        and same_dims(cnp.PyArray_DIMS(rows) + 1 - missing, cnp.PyArray_DIMS(array) + 1, ndim - 1)
        and elements_of(array) == Elements.plain
    )


cdef bint have_rows_in_common(cnp.ndarray array, cnp.ndarray rows) noexcept:
    """Whether two arrays have rows of one shape."""
    return cnp.PyArray_NDIM(rows) == cnp.PyArray_NDIM(array) and same_dims(
        cnp.PyArray_DIMS(rows) + 1, cnp.PyArray_DIMS(array) + 1, cnp.PyArray_NDIM(array) - 1)


cdef Py_ssize_t grown_length(cnp.ndarray array, Py_ssize_t rows) except -1:
    if rows > NPY_MAX_INTP - length(array):
        raise MemoryError("an array can't have that many rows")
    return length(array) + rows


cdef cnp.ndarray scratch_rows(cnp.ndarray array, Py_ssize_t rows):
    """A scratch array of `rows` rows like those of `array`."""
    cdef cnp.npy_intp[64] dims
    for axis in range(cnp.PyArray_NDIM(array)):
        dims[axis] = cnp.PyArray_DIMS(array)[axis]
    dims[0] = rows
    if elements_of(array) == Elements.strings:
        return new_array(cnp.ndarray, array.descr, cnp.PyArray_NDIM(array), dims)
    return new_scratch(array, cnp.PyArray_NDIM(array), dims)


cdef int convert_one(cnp.ndarray rows, Py_ssize_t index, object value, bint lossless, Py_ssize_t row) except -1:
    """rows[index] = value, where nothing is lost if `lossless`; `row` is its number in _messages."""
    if not lossless or not may_lose(rows.descr):
        set_row(rows, index, value)
        return 0
    check_before(value, rows.descr, row)
    quiet = begin_quiet()  # what would be warned of is refused
    try:
        set_row(rows, index, value)
    finally:
        end_quiet(quiet)
    check_value(value, rows[index, ...], row)
    return 0


cdef int set_row(cnp.ndarray rows, Py_ssize_t index, object value) except -1:
    if cnp.PyArray_NDIM(rows) == 1:
        # Elements of a field that is an array, or of objects, need no dimension of theirs here.
        PyArray_Pack(rows.descr, cnp.PyArray_BYTES(rows) + cnp.PyArray_ITEMSIZE(rows) * index, value)
    else:
        rows[index] = value
    return 0


cdef cnp.ndarray convert_row(cnp.ndarray array, object value, bint lossless=True):
    """A scratch array of one row with `value`, converted as `array[i] = value` would, if nothing is lost."""
    cdef cnp.ndarray rows = scratch_rows(array, 1)
    if store_row(<char*>cnp.PyArray_DATA(rows), rows, value):
        return rows
    try:
        if lossless and cnp.PyArray_NDIM(array) > 1 and cnp.PyArray_Check(value):
            refuse_dimensions(array, value)
        convert_one(rows, 0, value, lossless, length(array))
    except (OverflowError, TypeError, ValueError) as error:
        refuse_many(array, value, error)
        raise
    return rows


cdef int refuse_dimensions(cnp.ndarray array, cnp.ndarray value) except -1:
    """Raises for one row in more dimensions, which NumPy would take for it: no such list is taken either."""
    if cnp.PyArray_NDIM(value) >= cnp.PyArray_NDIM(array):
        raise ValueError("more dimensions than a row has")
    return 0


# Errors that say what to write instead, once something has failed.

cdef str start_of_rows(cnp.ndarray array, object row_shape):
    """What makes an empty array for rows of that shape, of the kind that `array` has or is a view of."""
    cdef object owner = array if is_dynamic(array) or (<object>array).base is None else (<object>array).base
    template = getattr(owner, "_start_of_rows", _messages.rows_in_memory)
    dtype = "" if array.descr.num == cnp.NPY_DOUBLE else ", d.dtype"
    if template is not _messages.rows_in_memory and dtype:
        dtype = ", dtype=d.dtype"
    return template.format(
        row=", ".join(map(str, row_shape)), dtype=dtype, maxlen=getattr(owner, "maxlen", None))


cdef str article(object value):
    """What an error calls a value: "a list", "an ndarray"."""
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' or name == 'ndarray' else 'a'} {name}"


cdef int refuse_record(cnp.ndarray array, object value, object error) except -1:
    """Raises if `value`, which didn't become one of the records of `array`, is one in another form."""
    if isinstance(value, dict):
        raise class_of(error)(_messages.RECORD_OF_DICT) from None
    if is_plain_row(value):
        raise class_of(error)(_messages.RECORD_OF_LIST.format(kind=article(value))) from None
    return 0


cdef bint is_plain_row(object value) except -1:
    """Whether it is a list or an array of what can't be records itself."""
    if cnp.PyArray_Check(value):
        return value.ndim > 0 and value.dtype.names is None
    return isinstance(value, list) and not any([isinstance(item, (tuple, np.void)) for item in value])


cdef type class_of(object error):
    """The class to raise instead of an error: NumPy's, which depends on the dtype and the value."""
    return TypeError if type(error) is TypeError else ValueError


cdef tuple shape_of_nested(cnp.ndarray array, object value):
    """The shape of a sequence that is no record of `array`; () for all else, and where its items are of unequal
    lengths, which NumPy has said.
    """
    if not (isinstance(value, (list, tuple, range)) or cnp.PyArray_Check(value)):
        return ()
    if isinstance(value, tuple) and (<object>array.descr).names is not None:
        return ()
    try:
        return np.shape(value)
    except Exception:
        return ()


cdef int refuse_many(cnp.ndarray array, object value, object error) except -1:
    """Raises if `value`, which didn't become a row like those of `array`, is no row but a sequence of them."""
    cdef int missing = cnp.PyArray_NDIM(array) - 1
    cdef str kind = article(value)
    if missing == 0 and (<object>array.descr).names is not None:
        refuse_record(array, value, error)
    if missing == 0 and hasattr(type(value), "__next__"):
        raise class_of(error)(_messages.ONE_ELEMENT_OF.format(kind=kind)) from None
    shape = shape_of_nested(array, value)
    if not shape:
        return 0
    if missing == 0:
        raise class_of(error)(_messages.ONE_ELEMENT.format(
            kind=kind, shape=shape, start=start_of_rows(array, shape))) from None
    row = shape_of(array)[1:]
    if len(shape) == missing + 1 and shape[1:] == row:
        raise class_of(error)(_messages.ONE_ROW.format(row=row, kind=kind, shape=shape)) from None
    if len(shape) > missing or any(n not in (1, m) for n, m in zip(shape[::-1], row[::-1])):
        raise class_of(error)(_messages.OTHER_ROW.format(
            row=row, kind=kind, shape=shape, start=start_of_rows(array, shape))) from None
    return 0


cdef int refuse_rows(cnp.ndarray array, object shape, type error=ValueError) except -1:
    """Raises what is said where values of that shape are no rows for `array`."""
    row = shape_of(array)[1:]
    if not row:
        raise error(_messages.MANY_ELEMENTS.format(
            shape=shape, row=shape[1:], start=start_of_rows(array, shape[1:]))) from None
    if shape == row:
        raise error(_messages.ROW_TO_EXTEND.format(row=row, shape=shape)) from None
    raise error(_messages.OTHER_ROWS.format(
        row=row, shape=shape, wanted=f"(n, {', '.join(map(str, row))})")) from None


cdef int refuse_single(object values) except -1:
    """Raises if `values` can't be iterated over."""
    if not (hasattr(type(values), "__iter__") or hasattr(type(values), "__getitem__")):
        raise TypeError(_messages.NOT_ITERABLE.format(kind=type(values).__name__))
    return 0


cdef bint is_array_like(object values) except -1:
    """Whether `values` is, has or exports an array. Strings are iterables of what they contain."""
    if cnp.PyArray_Check(values):
        return True
    if isinstance(values, (str, bytes)):
        return False
    return (
        PyObject_CheckBuffer(values)
        or hasattr(values, "__array__")
        or hasattr(values, "__array_interface__")
        or hasattr(values, "__array_struct__")
    )


cdef cnp.ndarray convert_array(cnp.ndarray array, object values, bint lossless):
    """Rows from an array or what converts to one: C-contiguous, of the dtype of `array`.

    The result may be `values` itself. Where elements hold references it is a scratch array.
    """
    cdef cnp.ndarray source = (
        as_plain(values) if is_dynamic(values) else np.asarray(values)
    )
    if cnp.PyArray_NDIM(source) == 0:
        raise TypeError(_messages.NO_ITERATION)
    cdef cnp.ndarray rows
    cdef cnp.dtype dtype = array.descr
    if not have_rows_in_common(array, source):
        if (<object>dtype).names is not None and (<object>source.descr).names is None and cnp.PyArray_NDIM(array) == 1:
            raise ValueError(_messages.RECORDS_OF_ROWS.format(kind="an array"))
        refuse_rows(array, shape_of(source))
    cdef Conversion how = array_conversion(source, dtype)
    if how.function != NULL and source.descr is not dtype:
        rows = scratch_rows(array, length(source))
        if c_convert_array(how, source, cnp.PyArray_BYTES(rows)):
            return rows
    cdef bint references = elements_of(dtype) != Elements.plain
    if not references and PyArray_EquivTypes(source.descr, dtype):
        return np.ascontiguousarray(source)
    if not lossless:
        rows = scratch_rows(array, length(source))
        rows[...] = source
        return rows
    check_before(source, dtype)
    rows = scratch_rows(array, length(source))
    quiet = begin_quiet()
    try:
        rows[...] = source
    finally:
        end_quiet(quiet)
    check_array(source, rows)
    return rows


# For tests: a processor takes one of two loops, and both have to do the same.

HAS_WIDE_REGISTERS = has_wide_registers()


def converted(cnp.ndarray source, cnp.dtype dtype, bint wide):
    """Elements as those of another dtype, by the loops for wider registers or by those for any processor; None if
    something would be lost.
    """
    cdef cnp.ndarray made = np.empty(len(source), dtype)
    cdef Conversion how = conversion_between(source.descr, dtype, wide)
    if how.function == NULL:
        raise TypeError(f"elements of {source.dtype} are NumPy's to convert to {dtype}")
    return made if c_convert_array(how, source, cnp.PyArray_BYTES(made)) else None


# Ctrl-C ends an iteration that runs no Python code, after this many items.
cdef enum:
    SIGNALS_AFTER = 1 << 16


cdef int collect(cnp.ndarray rows, object items, bint lossless, cnp.ndarray like=None) except -1:
    """Appends the items of any iterable, each converted as by append or, if they may lose something,
    as NumPy does, to an array with one dimension that nobody else has: a failure may leave some of
    them behind. Errors say what suits `like`, if the rows are for another array.
    """
    cdef Block* block = block_of(rows)
    cdef Py_ssize_t count = length(rows), given, stored
    cdef char* slot
    cdef cnp.dtype dtype = rows.descr
    cdef size_t item_size = dtype.itemsize
    cdef bint references = elements_of(dtype) != Elements.plain
    if is_items(items) and (not references or dtype.type_num == cnp.NPY_OBJECT):
        given = len(items)
        block = room_for(rows, count + given)
        block.mark_written(item_size * <size_t>(count + given))
        stored = store_items(block.data() + item_size * <size_t>count, rows, items, 0, given)
        count += stored
        publish_length(rows, count)
        if stored == given:
            return 0
        items = islice(items, stored, None)
    for item in items:
        if item_size * <size_t>(count + 1) > block.committed_bytes:
            block = room_for(rows, count + 1)
        slot = block.data() + item_size * <size_t>count
        if references:
            # An element that fails half way is dropped with the array.
            memset(slot, 0, item_size)
            publish_length(rows, count + 1)
        block.mark_written(item_size * <size_t>(count + 1))
        if not store_row(slot, rows, item):
            publish_length(rows, count + 1)
            try:
                convert_one(rows, count, item, lossless, count)
            except (OverflowError, TypeError, ValueError) as error:
                refuse_nested(rows if like is None else like, items, item, error)
                raise
        count += 1
        publish_length(rows, count)
        if count % SIGNALS_AFTER == 0:
            PyErr_CheckSignals()
    return 0


cdef int refuse_nested(cnp.ndarray array, object items, object item, object error) except -1:
    """Raises if `item` of `items`, which didn't become an element, is a sequence of elements."""
    if (<object>array.descr).names is not None:
        if isinstance(items, dict):
            raise class_of(error)(_messages.RECORDS_OF_COLUMNS) from None
        if isinstance(item, dict):
            raise class_of(error)(_messages.RECORD_OF_DICT) from None
        if is_plain_row(item):
            raise class_of(error)(_messages.RECORDS_OF_ROWS.format(kind=article(item))) from None
    shape = shape_of_nested(array, item)
    if shape:
        count = len(items) if isinstance(items, (list, tuple)) else "n"
        refuse_rows(array, (count, *shape), class_of(error))
    return 0


cdef cnp.ndarray convert_items(cnp.ndarray array, object items, bint lossless):
    """Rows from any iterable, for arrays of one dimension."""
    cdef cnp.ndarray rows = scratch_rows(array, 0)
    refuse_single(items)
    collect(rows, items, lossless, array)
    return rows


cdef cnp.ndarray as_rows(object values, cnp.dtype dtype, bint lossless):
    """np.array(values, dtype); if `lossless`, what is lost is to be checked, not warned of."""
    if not lossless:
        return np.array(values, dtype)
    check_before(values, dtype)
    quiet = begin_quiet()
    try:
        return np.array(values, dtype)
    finally:
        end_quiet(quiet)


cdef cnp.ndarray convert_rows(cnp.ndarray array, object items, bint lossless):
    """Rows from an iterable of rows, for arrays of two or more dimensions."""
    refuse_single(items)
    cdef list listed = list(items)
    cdef tuple row_shape = shape_of(array)[1:]
    cdef cnp.dtype dtype = array.descr
    cdef cnp.ndarray rows
    if listed and elements_of(dtype) == Elements.plain:
        rows = scratch_rows(array, len(listed))
        if store_items(<char*>cnp.PyArray_DATA(rows), rows, listed, 0, len(listed)) == len(listed):
            return rows
        rows = as_rows(listed, dtype, lossless)
        if shape_of(rows)[1:] != row_shape:
            refuse_rows(array, shape_of(rows))
        if lossless:
            check_list(listed, rows)
        return rows
    rows = scratch_rows(array, len(listed))
    for index, item in enumerate(listed):
        try:
            shape = np.shape(item)[:len(row_shape)]
        except ValueError:
            # Objects may be sequences of any length: the assignment says what doesn't fit.
            shape = row_shape
        if shape != row_shape:
            raise ValueError(f"row {index} has shape {shape}, where rows of shape {row_shape} are needed")
        convert_one(rows, index, item, lossless, index)
    return rows


cdef cnp.ndarray convert_values(cnp.ndarray array, object values, bint lossless):
    """Rows from whatever extend takes: an array, what converts to one, or any iterable."""
    if is_array_like(values):
        return convert_array(array, values, lossless)
    return convert_rows(array, values, lossless) if cnp.PyArray_NDIM(array) > 1 else \
        convert_items(array, values, lossless)
