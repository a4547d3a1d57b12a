# distutils: language = c++
"""What a value loses when it is converted to an array's dtype.

A recorder must not lose data without a word, and Python's own containers don't: a fraction in an
array of integers, a number out of range, the end of a string. All is checked before the array changes.
Floats that are rounded lose nothing in this sense. `d[i] = x` and NumPy's functions convert as NumPy does.
"""

import numpy as np

cimport numpy as cnp
from cpython.bytes cimport PyBytes_CheckExact
from cpython.float cimport PyFloat_CheckExact
from cpython.long cimport PyLong_CheckExact
from cpython.number cimport PyIndex_Check
from cpython.unicode cimport PyUnicode_CheckExact

cnp.import_array()


cdef extern from "numpy/arrayobject.h":
    bint PyArray_CanCastSafely(int source, int target) noexcept
    cnp.dtype PyArray_DescrFromScalar(object)
    bint PyArray_EquivTypes(cnp.dtype a, cnp.dtype b) noexcept


cdef extern from "Python.h":
    Py_ssize_t PyUnicode_GET_LENGTH(object) noexcept


cdef bint may_lose(cnp.dtype dtype) noexcept:
    """Whether there are values that an array of this dtype takes but doesn't hold."""
    # Complex numbers, objects and strings of any length hold what they are given.
    return dtype.kind in b"biufSUVmM"


# Cython's own dtype.names is a pointer, and NULL where there are none: hence <object> here and there.

cdef str HINT = "; extend(values, casting='unsafe') converts all the same"


cdef object refuse(type error, object value, object source, cnp.dtype dtype, Py_ssize_t row, str why):
    """Raises `error`, with the value, both dtypes and the row in its message."""
    shown = repr(value)
    if len(shown) > 60:
        shown = f"{shown[:57]}..."
    where = "" if row < 0 else f"row {row}: "
    raise error(f"{where}{shown} ({source}) {why} an array of {dtype}{HINT}")


cdef str describe(object value):
    """What stands for the dtype of a value: that of NumPy's, the class of Python's."""
    dtype = getattr(value, "dtype", None)
    return str(dtype) if isinstance(dtype, cnp.dtype) else type(value).__name__


# Single values.

cdef int check_value(object value, cnp.dtype dtype, Py_ssize_t row) except -1:
    """Raises if `value` would lose something when it becomes one element of `dtype`, in that row."""
    cdef char kind = dtype.kind
    if not may_lose(dtype):
        return 0
    if PyFloat_CheckExact(value):
        if kind in b"biu":
            check_number(value, value, dtype, row)
        elif kind in b"SU":
            check_length(len(str(value)), value, dtype, row)
    elif PyLong_CheckExact(value):
        if kind in b"biu":
            check_number(value, value, dtype, row)
        elif kind in b"SU":
            check_length(len(str(value)), value, dtype, row)
    elif PyUnicode_CheckExact(value):
        if kind in b"SU":
            check_length(PyUnicode_GET_LENGTH(value), value, dtype, row)
    elif PyBytes_CheckExact(value):
        if kind in b"SUV":
            check_length(len(value), value, dtype, row)
    elif isinstance(value, tuple) and (<object>dtype).names is not None:
        if len(value) == len((<object>dtype).names):
            for name, part in zip((<object>dtype).names, value):
                check_value(part, (<object>dtype).fields[name][0], row)
    elif isinstance(value, np.generic):
        if kind in b"SUVmM" or not PyArray_CanCastSafely(PyArray_DescrFromScalar(value).type_num, dtype.type_num):
            check_array(np.asarray(value), dtype, row)
    elif value is None or isinstance(value, bool):
        if kind in b"SU":
            check_length(len(str(value)), value, dtype, row)
    else:
        check_any(value, dtype, row)
    return 0


cdef int check_any(object value, cnp.dtype dtype, Py_ssize_t row) except -1:
    """As check_value, for what is neither NumPy's nor one of Python's plain classes."""
    if isinstance(value, (str, bytes, bytearray)):
        if dtype.kind in b"SUV":
            check_length(len(value), value, dtype, row)
        return 0
    if dtype.kind == b"f" and not isinstance(value, (list, complex)) and not hasattr(value, "__array__"):
        return 0  # whatever it is, it gives a float
    source = value if cnp.PyArray_Check(value) else np.asarray(value)
    if source.dtype.hasobject and source.ndim == 0 and not cnp.PyArray_Check(value):
        check_object(value, dtype, row)
    else:
        check_array(source, dtype, row)
    return 0


cdef int check_object(object value, cnp.dtype dtype, Py_ssize_t row) except -1:
    """As check_value, for an object that converts itself: a Decimal, a Fraction."""
    if dtype.kind in b"SU":
        check_length(len(str(value)), value, dtype, row)
    elif dtype.kind in b"biu" and not PyIndex_Check(value):
        try:
            number = float(value)
        except Exception:
            return 0  # it gave an integer, and has no more to give
        check_number(number, value, dtype, row)
    elif dtype.kind in b"mM":
        try:
            source = np.asarray((np.datetime64 if dtype.kind == b"M" else np.timedelta64)(value))
        except (TypeError, ValueError):
            return 0
        check_array(source, dtype, row)
    elif dtype.kind == b"f" and isinstance(value, (complex, np.complexfloating)):
        refuse(TypeError, value, describe(value), dtype, row, "is complex, and can't be stored in")
    return 0


cdef int check_length(Py_ssize_t length, object value, cnp.dtype dtype, Py_ssize_t row) except -1:
    cdef Py_ssize_t room = dtype.itemsize // 4 if dtype.kind == b"U" else dtype.itemsize
    if length > room:
        refuse(ValueError, value, describe(value), dtype, row, f"is longer than the {room} that fit into")
    return 0


cdef tuple bounds(cnp.dtype dtype):
    if dtype.kind == b"b":
        return 0, 1
    info = np.iinfo(dtype)
    return info.min, info.max


cdef int check_number(object number, object value, cnp.dtype dtype, Py_ssize_t row) except -1:
    """Raises if a number isn't an integer in the range of `dtype`."""
    low, high = bounds(dtype)
    source = describe(value)
    if number != number:
        refuse(ValueError, value, source, dtype, row, "can't be stored in")
    if not low <= number <= high:
        refuse(OverflowError, value, source, dtype, row, "is out of bounds for")
    if number != int(number):
        refuse(TypeError, value, source, dtype, row, "has a fraction, and can't be stored in")
    return 0


# Arrays.

cdef int check_array(object source, cnp.dtype dtype, Py_ssize_t row=-1) except -1:
    """Raises if an element of `source`, which converts to `dtype`, would lose something by it.

    The row in the message is `row`, or if that is negative the element's place along axis 0.
    """
    cdef cnp.dtype given = source.dtype
    cdef str kind = chr(dtype.kind)
    cdef str of = chr(given.kind)
    if not may_lose(dtype) or PyArray_EquivTypes(given, dtype) or not source.size:
        return 0
    if (<object>dtype).subdtype is not None:
        return check_array(source, (<object>dtype).base, row)
    if (<object>dtype).names is not None:
        if (<object>given).names is not None and len((<object>given).names) == len((<object>dtype).names):
            for name, other in zip((<object>dtype).names, (<object>given).names):
                check_array(source[other], (<object>dtype).fields[name][0], row)
        elif of == "O":
            check_elements(source, dtype, row)
        return 0
    if of == "O":
        check_elements(source, dtype, row)
    elif kind in "biu":
        check_integers(source, dtype, row)
    elif kind == "f":
        if of == "c":
            # Whether or not they have an imaginary part: float() refuses them, too.
            refuse_first(TypeError, source, np.ones(source.shape, bool), dtype, row,
                         "is complex, and can't be stored in")
    elif kind in "SU":
        check_strings(source, dtype, row)
    elif kind == "V":
        if of in "SUV" and (<object>given).names is None and given.itemsize > dtype.itemsize:
            refuse_first(ValueError, source, np.ones(source.shape, bool), dtype, row,
                         f"is longer than the {dtype.itemsize} that fit into")
    elif kind in "mM" and of == kind:
        with np.errstate(all="ignore"):
            # NaT is what it was.
            back = source.astype(dtype).astype(given)
            wrong = (back != source) & ~(np.isnat(source) & np.isnat(back))
        refuse_first(ValueError, source, wrong, dtype, row, "is finer than the unit of, or out of bounds for,")
    return 0


cdef int check_integers(object source, cnp.dtype dtype, Py_ssize_t row) except -1:
    cdef str of = source.dtype.kind
    if of == "b":
        return 0
    if of == "c":
        refuse_first(TypeError, source, np.ones(source.shape, bool), dtype, row, "is complex, and can't be stored in")
    if of not in "iuf":
        return 0
    low, high = bounds(dtype)
    if of in "iu":
        if not PyArray_CanCastSafely(source.dtype.num, dtype.num):
            if source.min() < low or source.max() > high:
                refuse_first(OverflowError, source, (source < low) | (source > high), dtype, row,
                             "is out of bounds for")
        return 0
    with np.errstate(all="ignore"):
        # As floats the bounds are exact where they are powers of 2: high + 1 is one, high may not be.
        limit = source.dtype.type(float(high) + 1 if high < 2**53 else float(high + 1))
        inside = np.isfinite(source) & (source >= source.dtype.type(low)) & (source < limit)
        whole = source == np.trunc(source)
    if inside.all() and whole.all():
        return 0
    refuse_first(ValueError, source, np.isnan(source), dtype, row, "can't be stored in")
    refuse_first(OverflowError, source, ~inside, dtype, row, "is out of bounds for")
    refuse_first(TypeError, source, ~whole, dtype, row, "has a fraction, and can't be stored in")
    return 0


cdef int check_strings(object source, cnp.dtype dtype, Py_ssize_t row) except -1:
    cdef Py_ssize_t room = dtype.itemsize // 4 if dtype.kind == b"U" else dtype.itemsize
    if source.dtype.kind == "V":
        return 0
    if source.dtype.kind in "SU":
        if source.dtype.itemsize // (4 if source.dtype.kind == b"U" else 1) <= room:
            return 0
        text = source
    elif source.dtype.kind == "T":
        text = source
    else:
        text = source.astype(str)
    refuse_first(ValueError, source, np.strings.str_len(text) > room, dtype, row,
                 f"is longer than the {room} that fit into")
    return 0


cdef int check_elements(object source, cnp.dtype dtype, Py_ssize_t row) except -1:
    cdef Py_ssize_t count = 0
    cdef Py_ssize_t row_items = source.size // len(source) if source.ndim and len(source) else 1
    for value in source.ravel():
        if not isinstance(value, (list, np.ndarray)):
            check_value(value, dtype, row if row >= 0 else count // row_items)
        count += 1
    return 0


cdef int refuse_first(type error, object source, object wrong, cnp.dtype dtype, Py_ssize_t row, str why) except -1:
    """Refuses the first element that is wrong, if there is one."""
    wrong = np.asarray(wrong)
    if not wrong.any():
        return 0
    where = np.unravel_index(np.argmax(wrong), wrong.shape)
    refuse(error, source[where], source.dtype, dtype, row if row >= 0 or not where else where[0], why)
    return 0


# Lists.

cdef bint keeps_all(list values, cnp.dtype dtype) noexcept:
    """Whether all of a list are of a plain class that NumPy either keeps in `dtype` or refuses."""
    cdef bint floats = dtype.kind == b"f"
    if not floats and dtype.kind not in b"iu":
        return False
    for value in values:
        if not (PyLong_CheckExact(value) or (floats and PyFloat_CheckExact(value))):
            return False
    return True


cdef int check_list(list values, cnp.dtype dtype, Py_ssize_t row=-1) except -1:
    """Raises if an element of a list, or of the lists in it, would lose something; `row` as above."""
    if not may_lose(dtype) or keeps_all(values, dtype):
        return 0
    if (<object>dtype).names is not None:
        for place, value in enumerate(values):
            if isinstance(value, list):
                check_list(value, dtype, row if row >= 0 else place)
            else:
                check_value(value, dtype, row if row >= 0 else place)
        return 0
    source = np.asarray(values)
    if source.dtype.kind in "SU" and dtype.kind not in "SU":
        source = np.asarray(values, object)  # text among numbers makes all of them text
    check_array(source, dtype, row)
    return 0


cdef int check_row(object value, cnp.dtype dtype, Py_ssize_t row) except -1:
    """Raises if what becomes a row, by broadcasting or element by element, would lose something."""
    if isinstance(value, list) or (isinstance(value, tuple) and (<object>dtype).names is None):
        return check_list(list(value), dtype, row)
    return check_value(value, dtype, row)
