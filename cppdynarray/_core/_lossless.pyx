# distutils: language = c++
"""What a value loses when it is converted to an array's dtype.

A recorder must not lose data without a word, and Python's own containers don't: a fraction in an array of integers, a
number out of range, the end of a string. One rule says what is lost: a value was converted by NumPy, is converted back,
and compared with what it was. Two things are no loss: what a float rounds, unless it becomes infinite, and zeros at the
end of text, which NumPy doesn't tell from none. All is checked in a scratch array, before the array changes.

`d[i] = x` and NumPy's functions convert as NumPy does. What store.hpp stores by itself was checked there.
"""

from datetime import UTC, date, datetime, timedelta
from numbers import Number
from operator import index

import numpy as np

from cppdynarray._core import _messages

cimport numpy as cnp
from cpython.float cimport PyFloat_CheckExact
from cpython.long cimport PyLong_CheckExact
from cpython.number cimport PyIndex_Check

from cppdynarray._core.numpy_api cimport PyArray_EquivTypes

cnp.import_array()


try:
    from numpy._core.umath import _extobj_contextvar, _make_extobj
    QUIET = _make_extobj(all="ignore")
except (ImportError, TypeError):
    _extobj_contextvar = None


cdef extern from "Python.h":
    object PyContextVar_Set(object variable, object value)
    int PyContextVar_Reset(object variable, object token) except -1


cdef object begin_quiet():
    """What ``np.errstate(all="ignore")`` does when it is entered; for end_quiet(). But NumPy makes an object each time,
    and crashes if there is no memory for it, as a with statement of Cython's does when it is left.
    """
    if _extobj_contextvar is not None:
        return PyContextVar_Set(_extobj_contextvar, QUIET)
    state = np.errstate(all="ignore")
    state.__enter__()
    return state


cdef int end_quiet(object begun) except -1:
    if _extobj_contextvar is not None:
        return PyContextVar_Reset(_extobj_contextvar, begun)
    begun.__exit__(None, None, None)
    return 0


cdef extern from "numpy/arrayobject.h":
    bint PyArray_CanCastSafely(int source, int target) noexcept


# Cython's own dtype.names is a pointer, and NULL where there are none: hence <object> here and there.

cdef inline object names_of(cnp.dtype dtype):
    return (<object>dtype).names


cdef object refuse(type error, object value, object source, cnp.dtype dtype, Py_ssize_t row, str why,
                   str hint=None):
    """Raises `error`, with the value, both dtypes, the row and what to do in its message."""
    try:
        shown = repr(value)
    except OverflowError:  # NumPy has no text for a date as far away
        shown = type(value).__name__
    if len(shown) > 60:
        shown = f"{shown[:57]}..."
    where = "" if row < 0 else f"row {row}: "
    raise error(f"{where}{shown} ({source}) {why} an array of {dtype}{_messages.unsafe if hint is None else hint}")


cdef str describe(object value):
    """What stands for the dtype of a value: that of NumPy's, the class of Python's."""
    dtype = getattr(value, "dtype", None)
    return str(dtype) if isinstance(dtype, cnp.dtype) else type(value).__name__


cdef Py_ssize_t width_of(cnp.dtype dtype):
    """How many characters, or bytes, fit into one element."""
    return dtype.itemsize // 4 if dtype.kind == b"U" else dtype.itemsize


cdef tuple limits_of(cnp.dtype dtype):
    """The least and the greatest number that an array of booleans or integers holds."""
    if dtype.kind == b"b":
        return 0, 1
    info = np.iinfo(dtype)
    return info.min, info.max


cdef bint is_inside(object number, cnp.dtype dtype) except -1:
    low, high = limits_of(dtype)
    return low <= number <= high


cdef str hint_for_text(object value, cnp.dtype dtype):
    """What to do about text or bytes that are too long."""
    if not isinstance(value, (str, bytes, bytearray)) or dtype.kind == b"V":
        return _messages.unsafe
    hint = _messages.long_text if dtype.kind == b"U" else _messages.long_bytes
    return hint.format(wider=f"{chr(dtype.kind)}{len(value)}")


cdef object refuse_lost(object value, object source, cnp.dtype dtype, Py_ssize_t row):
    """Raises what says how a value, which isn't what it was, has changed."""
    cdef char kind = dtype.kind
    if kind in b"SUV":
        refuse(
            ValueError, value, source, dtype, row, f"is longer than the {width_of(dtype)} that fit into",
            hint_for_text(value, dtype))
    if kind in b"mM":
        refuse(ValueError, value, source, dtype, row, "is finer than the unit of, or out of bounds for,")
    if isinstance(value, (complex, np.complexfloating)) and kind != b"c":
        # Whether or not they have an imaginary part: float() refuses them, too.
        refuse(TypeError, value, source, dtype, row, "is complex, and can't be stored in")
    if kind in b"fc":
        refuse(OverflowError, value, source, dtype, row, "is out of bounds for")
    number = value.astype("i8") if isinstance(value, (np.datetime64, np.timedelta64)) else value
    number = number.item() if isinstance(number, np.generic) else number  # which Python's ints are compared with
    try:
        # Numbers; of all else a bool would say whether it is true.
        known, inside = number == number, is_inside(number, dtype)
    except Exception:
        refuse(TypeError, value, source, dtype, row, "is none of the values of")
    if not known:
        refuse(ValueError, value, source, dtype, row, "can't be stored in")
    if not inside:
        refuse(OverflowError, value, source, dtype, row, "is out of bounds for")
    refuse(TypeError, value, source, dtype, row, "has a fraction, and can't be stored in")


cdef bint may_lose(cnp.dtype dtype) noexcept:
    """Whether there are values that an array of this dtype takes but doesn't hold: objects and strings of any length
    hold what they are given.
    """
    return dtype.kind in b"biufcSUVmM"


cdef int check_before(object value, object dtype, Py_ssize_t row=-1) except -1:
    """Raises for what NumPy would warn of, or refuse in its own words: Python's numbers that are no integers in range,
    complex ones where real ones are needed, dates that are longer than text is wide, one value for a record.
    """
    cdef Py_ssize_t position
    cdef char kind = (<cnp.dtype>dtype).kind
    if kind == b"V" and dtype.subdtype is not None:
        return check_before(value, dtype.base, row)
    names = dtype.names
    if names is not None and (isinstance(value, tuple) or getattr(getattr(value, "dtype", None), "names", None)):
        own = value if isinstance(value, tuple) else [value[name] for name in value.dtype.names]
        if len(own) == len(names):
            for name, part in zip(names, own):
                check_before(part, dtype.fields[name][0], row)
    elif isinstance(value, (list, tuple)):
        for position, item in enumerate(value):
            check_before(item, dtype, row if row >= 0 else position)
    elif names is not None:
        if not isinstance(value, (np.void, cnp.ndarray)) and (
                isinstance(value, np.generic) or not hasattr(value, "__array__")):
            refuse_filling(value, dtype, max(row, 0))
    elif kind in b"biu" and (PyFloat_CheckExact(value) or PyLong_CheckExact(value)):
        if not is_inside(value, dtype) or value != int(value):
            refuse_lost(value, describe(value), dtype, max(row, 0))
    elif kind in b"biufSU" and isinstance(value, (np.generic, cnp.ndarray)):
        source = np.asarray(value)
        if source.dtype.kind in ("mM" if kind in b"SU" else "c"):
            refuse_first(lost_text(source, dtype) if kind in b"SU" else np.ones(source.shape, bool), source, dtype, row)
    return 0


# Arrays.

cdef object lost_numbers(object source, object kept):
    """Which elements of an array of numbers are not what they were in one of booleans or integers."""
    of = source.dtype
    if of.kind in "mM":
        return kept != source.astype("i8")
    if of.kind != "f":
        return kept != source  # exact, also between signed and unsigned
    if of.itemsize == 2:
        source, of = source.astype("f4"), np.dtype("f4")  # to which the bounds are finite
    low, high = limits_of(kept.dtype)
    # As floats the bounds are exact where they are powers of 2: high + 1 is one, high may not be.
    inside = (source >= of.type(low)) & (source < of.type(float(high + 1)))
    return ~inside | (kept.astype(of) != source)


cdef object infinite(object array):
    return np.isinf(array) if array.dtype.kind in "fc" else np.zeros(array.shape, bool)


cdef object lost_floats(object source, object kept):
    """Which elements became infinite."""
    if kept.dtype.kind == "c" and source.dtype.kind == "c":
        return lost_floats(source.real, kept.real) | lost_floats(source.imag, kept.imag)
    found = np.isinf(kept)
    return found & ~infinite(source) if found.any() else found


cdef object lost_times(object source, object kept):
    """Which elements are another time than they were, or another number than there are units."""
    of = source.dtype
    if of.kind in "mM":
        back = as_times(kept, of)
        return (back != source) & ~(np.isnat(source) & np.isnat(back))
    return lost_numbers(source, kept.astype("i8")) & ~((source != source) & np.isnat(kept))


cdef object as_times(object times, object dtype):
    """times.astype(dtype), with NaT for those that are out of its range."""
    try:
        return times.astype(dtype)
    except OverflowError:
        if times.ndim == 0:
            return np.array("NaT", dtype)
    return np.array([as_times(times[position, ...], dtype) for position in range(len(times))], dtype)


cdef object lost_text(object source, cnp.dtype dtype):
    """Which elements, as text, are longer than an element is wide."""
    cdef Py_ssize_t width = width_of(dtype)
    if source.dtype.kind == "V" or dtype.kind == b"V":
        return np.full(source.shape, source.dtype.itemsize > width)  # their bytes are copied
    if source.dtype.kind in "SU" and width_of(source.dtype) <= width:
        return np.zeros(source.shape, bool)
    text = source if source.dtype.kind in "SUT" else source.astype(str)
    return np.strings.str_len(text) > width


cdef object lost_elements(object source, object kept):
    """Which elements of `source`, no records, text only where `kept` is, are not what they were."""
    cdef str kind = kept.dtype.kind
    if kind in "SUV":
        return lost_text(source, kept.dtype)
    if source.dtype.kind == "V" or (source.dtype.kind == "c" and kind != "c"):
        return np.ones(source.shape, bool)
    quiet = begin_quiet()
    try:
        if kind in "fc":
            return lost_floats(source, kept)
        return lost_times(source, kept) if kind in "mM" else lost_numbers(source, kept)
    finally:
        end_quiet(quiet)


cdef bint keeps_all(cnp.dtype source, cnp.dtype dtype) noexcept:
    """Whether nothing can be lost between two dtypes: there is nothing to compare."""
    return PyArray_EquivTypes(source, dtype) or not may_lose(dtype) or (
        source.kind in b"biufc" and dtype.kind in b"biufc" and PyArray_CanCastSafely(source.type_num, dtype.type_num))


cdef int check_array(object source, object kept, Py_ssize_t row=-1) except -1:
    """Raises if an element of `source` is not what it was in `kept`, to which it was converted or broadcast.

    The row in the message is `row`, or if that is negative the element's position along axis 0.
    """
    cdef cnp.dtype given = source.dtype, dtype = kept.dtype
    if keeps_all(given, dtype) or not kept.size:
        return 0
    if kept.shape != source.shape:
        source = np.broadcast_to(source.reshape(source.shape[source.ndim - min(source.ndim, kept.ndim):]), kept.shape)
    if given.kind == b"O" or (given.kind in b"SUT" and dtype.kind not in b"SUV"):
        return check_elements(source, kept, row)
    if names_of(dtype) is not None:
        return check_records(source, kept, row)
    if names_of(given) is not None:
        return check_array(source[names_of(given)[0]], kept, row)  # NumPy converts one with a single field
    return refuse_first(lost_elements(source, kept), source, dtype, row)


cdef int refuse_first(object lost, object source, cnp.dtype dtype, Py_ssize_t row) except -1:
    """Raises what says of the first element that is lost how it is, if there is one."""
    if lost.any():
        where = np.unravel_index(np.argmax(lost), lost.shape)
        refuse_lost(source[where], source.dtype, dtype, row if row >= 0 or not where else where[0])
    return 0


cdef int check_records(object source, object kept, Py_ssize_t row) except -1:
    """check_array() for records: the fields of both, in their order."""
    cdef cnp.dtype given = source.dtype, dtype = kept.dtype
    if names_of(given) is None:
        if given.kind != b"V" or given.itemsize != dtype.itemsize:
            refuse_filling(source.reshape(-1)[0], dtype, row)
        return 0
    for name, other in zip(names_of(dtype), names_of(given)):
        part, own = source[other], kept[name]
        # A field of one element fills one of many.
        check_array(part.reshape(part.shape + (1,) * (own.ndim - part.ndim)), own, row)
    return 0


cdef object refuse_filling(object value, cnp.dtype dtype, Py_ssize_t row):
    refuse(TypeError, value, describe(value), dtype, row, "is one value, and doesn't fill a record of",
           _messages.for_record.format(count=len(names_of(dtype))))


cdef int check_elements(object source, object kept, Py_ssize_t row) except -1:
    """check_array() for objects and text, one by one."""
    cdef Py_ssize_t count = 0, row_items = source.size // len(source) if source.ndim else 1
    flat = kept.reshape(-1)
    for value in source.ravel().tolist():
        check_value(value, flat[count, ...], row if row >= 0 else count // row_items)
        count += 1
    return 0


# Single values. What they became is an array without dimensions.

cdef int check_value(object value, object kept, Py_ssize_t row) except -1:
    """Raises if `value` is not what it was in `kept`: an element, or if it has dimensions a row."""
    cdef cnp.dtype dtype = kept.dtype
    if not may_lose(dtype) or not kept.size:
        return 0
    if kept.ndim > 0:
        return check_row(value, kept, row)
    if names_of(dtype) is not None and not isinstance(value, (np.void, cnp.ndarray)):
        if not isinstance(value, tuple):
            refuse_filling(value, dtype, row)
        for name, part in zip(names_of(dtype), value):
            check_value(part, kept[name], row)
        return 0
    if isinstance(value, (str, bytes, bytearray)):
        return check_text(value, kept, row)
    if isinstance(value, (np.generic, cnp.ndarray)) or hasattr(value, "__array__"):
        return check_array(np.asarray(value), kept, row)
    if is_lost(value, kept):
        refuse_lost(value, describe(value), dtype, row)
    return 0


cdef int check_row(object value, object kept, Py_ssize_t row) except -1:
    """check_value() for what became many elements, one by one or by broadcasting."""
    if isinstance(value, list) or (isinstance(value, tuple) and names_of(kept.dtype) is None):
        if len(value) == len(kept):
            for position, item in enumerate(value):
                check_value(item, kept[position, ...], row)
        elif len(value) == 1:
            check_value(value[0], kept[0, ...], row)
        else:
            check_row(value, kept[0, ...], row)  # a row of fewer dimensions
        return 0
    if cnp.PyArray_Check(value) or hasattr(value, "__array__"):
        return check_array(np.asarray(value), kept, row)
    return check_value(value, kept.reshape(-1)[0, ...], row)


cdef int check_list(list values, object kept) except -1:
    """Raises if an element of a list, or of the lists in it, is not what it was in the array `kept`."""
    cdef Py_ssize_t position
    if not may_lose(kept.dtype):
        return 0
    for position, value in enumerate(values):
        check_value(value, kept[position, ...], position)
    return 0


cdef int check_text(object text, object kept, Py_ssize_t row) except -1:
    """check_value() for text, which NumPy parses where the dtype is no text."""
    cdef cnp.dtype dtype = kept.dtype
    cdef char kind = dtype.kind
    if kind in b"SU":
        lost = len(text.rstrip("\0" if isinstance(text, str) else b"\0")) > width_of(dtype)
    elif kind == b"V":
        lost = (text.nbytes if isinstance(text, np.generic) else len(text)) > width_of(dtype)
    elif kind == b"b":
        lost = True  # text is true if there is any
    else:
        text = text if isinstance(text, str) else bytes(text).decode("latin-1")
        lost = (kind in b"fc" and np.isinf(kept) and "inf" not in text.lower()) or (
            kind == b"M" and is_lost_date(text, kept))
    if lost:
        refuse_lost(text, type(text).__name__, dtype, row)
    return 0


cdef bint is_lost_date(object text, object kept) except -1:
    """Whether text is another time than what NumPy made of it."""
    text = str(text)
    if np.isnat(kept) or text.strip().lower() in ("now", "today"):
        return False
    try:
        given = np.asarray(np.datetime64(text))
        seconds = np.datetime64(text, "s")
    except ValueError:
        return False
    # The unit that NumPy finds for text may not have the range.
    return bool(lost_times(given, kept)) or (not np.isnat(seconds) and given.astype("M8[s]") != seconds)


cdef bint is_lost(object value, object kept) except -1:
    """Whether a value of Python's, or one that converts itself, is not what it was."""
    cdef cnp.dtype dtype = kept.dtype
    cdef char kind = dtype.kind
    if kind in b"SU":
        return len(str(value)) > width_of(dtype)
    if kind == b"V":
        return memoryview(value).nbytes > width_of(dtype)
    if kind in b"mM":
        return is_lost_time(value, kept)
    if isinstance(value, complex) and kind != b"c":
        return True
    if kind in b"fc" and not np.isinf(kept):
        return False
    back = kept.item()
    if PyIndex_Check(value):
        return index(value) != back
    try:
        if value == back:
            return False
        # Of a class that compares no numbers: it gave what it has.
        return isinstance(value, Number) or float(value) != back
    except Exception:
        return kind == b"b"


cdef bint is_lost_time(object value, object kept) except -1:
    if isinstance(value, datetime):
        back = as_times(kept, "M8[us]").item()
        if value.tzinfo is not None and isinstance(back, datetime):
            back = back.replace(tzinfo=UTC)  # as NumPy warns
    elif isinstance(value, date):
        back = as_times(kept, "M8[D]").item()
    elif isinstance(value, timedelta):
        back = as_times(kept, "m8[us]").item()
    elif PyIndex_Check(value):
        return index(value) != kept.astype("i8")[()]
    else:
        return False  # None
    return not value == back
