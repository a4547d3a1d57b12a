# distutils: language = c++
"""Somebody's Cython module that works on DynamicArrays."""

from cppdynarray cimport DynamicArray, DynamicArray2D, DynamicTable, RollingArray, RollingArray2D, TableColumn
from cpython.object cimport PyObject
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libcpp cimport bool


cdef extern from "cppdynarray/internal/array_place.hpp" namespace "cppdynarray":
    cdef cppclass PlaceFunctions:
        bint (*resize)(ArrayPlace*, size_t) noexcept

    cdef cppclass ArrayPlace:
        const PlaceFunctions* functions

    size_t length_of(ArrayPlace*) noexcept


ctypedef float complex complex64
ctypedef double complex complex128

ctypedef fused element:
    double
    float
    int8_t
    int16_t
    int32_t
    int64_t
    uint8_t
    uint16_t
    uint32_t
    uint64_t
    complex64
    complex128

cdef struct Event:
    double time
    int32_t neuron

cdef packed struct PackedEvent:
    double time
    int32_t neuron


def push_all(array, element[:] values):
    cdef DynamicArray[element] d = DynamicArray[element](array)
    cdef Py_ssize_t i
    with nogil:
        for i in range(values.shape[0]):
            d.push_back(values[i])


def push_bools(array, values):
    cdef DynamicArray[bool] d = DynamicArray[bool](array)
    for value in values:
        d.push_back(<bool>value)


def push_events(array, values):
    cdef DynamicArray[Event] d = DynamicArray[Event](array)
    cdef Event event
    for event.time, event.neuron in values:
        d.push_back(event)


def push_packed_events(array, values):
    cdef DynamicArray[PackedEvent] d = DynamicArray[PackedEvent](array)
    cdef PackedEvent event
    for event.time, event.neuron in values:
        d.push_back(event)


def push_seen_by(array, double value, see):
    """What see() returns after each of two pushes through one handle."""
    cdef DynamicArray[double] d = DynamicArray[double](array)
    with nogil:
        d.push_back(value)
    first = see()
    with nogil:
        d.push_back(value)
    return first, see()


def describe(array):
    cdef DynamicArray[double] d = DynamicArray[double](array)
    return {
        "size": d.size(), "capacity": d.capacity(), "max_size": d.max_size(), "empty": d.empty(),
        "address": <size_t>d.data(), "is_object": d.object() == <PyObject*>array,
    }


def ends(array):
    cdef DynamicArray[double] d = DynamicArray[double](array)
    return d.front(), d.back(), d[1], d.begin()[0], (d.end() - 1)[0]


def at(array, size_t index):
    cdef DynamicArray[double] d = DynamicArray[double](array)
    return d.at(index)


def set_item(array, size_t index, double value):
    cdef DynamicArray[double] d = DynamicArray[double](array)
    d[index] = value


def push_own(array, size_t index, size_t count):
    """Pushes one of the array's own elements, `count` times."""
    cdef DynamicArray[double] d = DynamicArray[double](array)
    with nogil:
        for _ in range(count):
            d.push_back(d[index])


def append(array, double[::1] values):
    cdef DynamicArray[double] d = DynamicArray[double](array)
    with nogil:
        d.append(&values[0] if values.shape[0] else NULL, values.shape[0])


def append_own(array):
    cdef DynamicArray[double] d = DynamicArray[double](array)
    with nogil:
        d.append(d.data(), d.size())


def call(array, str name, size_t count=0):
    cdef DynamicArray[double] d = DynamicArray[double](array)
    if name == "reserve":
        with nogil:
            d.reserve(count)
    elif name == "resize":
        with nogil:
            d.resize(count)
    elif name == "pop_back":
        d.pop_back()
    elif name == "clear":
        d.clear()
    elif name == "shrink_to_fit":
        d.shrink_to_fit()
    else:
        raise ValueError(name)


cdef class Recorder:
    """Keeps a handle, and so the array."""
    cdef DynamicArray[double] values

    def __init__(self, array):
        self.values = DynamicArray[double](array)

    def record(self, double value):
        self.values.push_back(value)

    def record_many(self, size_t count):
        with nogil:
            for i in range(count):
                self.values.push_back(i)

    def copy_and_record(self, double value):
        cdef DynamicArray[double] other = self.values
        other.push_back(value)

    def array(self):
        return <object>self.values.object()


def resize_capsule(capsule, const char* name, size_t count):
    """Through a handle that came in a capsule: 1-D or 2-D, it is the same handle."""
    cdef ArrayPlace* place = <ArrayPlace*>PyCapsule_GetPointer(capsule, name)
    place.functions.resize(place, count)
    return length_of(place)


def push_rows(array, double[:, ::1] rows):
    cdef DynamicArray2D[double] d = DynamicArray2D[double](array)
    cdef Py_ssize_t i
    with nogil:
        for i in range(rows.shape[0]):
            d.push_back(&rows[i, 0] if rows.shape[1] else NULL)


def append_rows(array, double[:, ::1] rows):
    cdef DynamicArray2D[double] d = DynamicArray2D[double](array)
    with nogil:
        d.append(&rows[0, 0] if rows.shape[0] and rows.shape[1] else NULL, rows.shape[0])


def describe_rows(array):
    cdef DynamicArray2D[double] d = DynamicArray2D[double](array)
    return {
        "rows": d.rows(), "cols": d.cols(), "size": d.size(), "capacity": d.capacity(), "max_size": d.max_size(),
        "address": <size_t>d.data(),
    }


def row_item(array, size_t row, size_t column):
    cdef DynamicArray2D[double] d = DynamicArray2D[double](array)
    return d(row, column), d.row(row)[column]


def call_rows(array, str name, size_t count=0):
    cdef DynamicArray2D[double] d = DynamicArray2D[double](array)
    if name == "reserve":
        with nogil:
            d.reserve(count)
    elif name == "resize":
        with nogil:
            d.resize(count)
    elif name == "clear":
        d.clear()
    elif name == "shrink_to_fit":
        d.shrink_to_fit()
    else:
        raise ValueError(name)


def push_all_into_window(window, element[:] values):
    cdef RollingArray[element] w = RollingArray[element](window)
    cdef Py_ssize_t i
    with nogil:
        for i in range(values.shape[0]):
            w.push_back(values[i])


def window_seen_by(window, double value, see):
    """What see() returns after each of two pushes through one handle."""
    cdef RollingArray[double] w = RollingArray[double](window)
    with nogil:
        w.push_back(value)
    first = see()
    with nogil:
        w.push_back(value)
    return first, see()


def describe_window(window):
    cdef RollingArray[double] w = RollingArray[double](window)
    return {
        "size": w.size(), "maxlen": w.maxlen(), "empty": w.empty(), "address": <size_t>w.data(),
        "elements": [w[i] for i in range(w.size())], "ends": (w.front(), w.back(), w.begin()[0], (w.end() - 1)[0]),
        "is_object": w.object() == <PyObject*>window,
    }


def window_at(window, size_t index):
    cdef RollingArray[double] w = RollingArray[double](window)
    return w.at(index)


def push_own_into_window(window, size_t index, size_t count):
    cdef RollingArray[double] w = RollingArray[double](window)
    with nogil:
        for _ in range(count):
            w.push_back(w[index])


def append_to_window(window, double[::1] values):
    cdef RollingArray[double] w = RollingArray[double](window)
    with nogil:
        w.append(&values[0] if values.shape[0] else NULL, values.shape[0])


def append_window_to_itself(window):
    cdef RollingArray[double] w = RollingArray[double](window)
    with nogil:
        w.append(w.data(), w.size())


def clear_window(window, double value):
    cdef RollingArray[double] w = RollingArray[double](window)
    with nogil:
        w.clear()
        w.push_back(value)


def push_rows_into_window(window, double[:, ::1] rows):
    cdef RollingArray2D[double] w = RollingArray2D[double](window)
    cdef Py_ssize_t i
    with nogil:
        for i in range(rows.shape[0]):
            w.push_back(&rows[i, 0])
    return w.rows(), w.cols(), w.size(), w.maxlen(), w(0, 1), w.row(0)[1]


cdef class WindowRecorder:
    """Keeps a handle, and so the window."""
    cdef RollingArray[double] window

    def __init__(self, window):
        self.window = RollingArray[double](window)

    def record(self, double value):
        self.window.push_back(value)

    def window_of(self):
        return <object>self.window.object()


# Tables: what is written to a row is a function of its number.

cdef class TableRecorder:
    """Keeps a handle, and so the table, whose columns are a double, three floats and an int64."""
    cdef DynamicTable table
    cdef TableColumn[double] time
    cdef TableColumn[float] position
    cdef TableColumn[int64_t] number

    def __init__(self, table):
        self.table = DynamicTable(table)
        self.time = self.table.column[double](b"time")
        self.position = self.table.column[float](b"position", 3)
        self.number = self.table.column[int64_t](b"number")

    def record(self, Py_ssize_t count):
        cdef size_t row
        cdef Py_ssize_t _, k
        with nogil:
            for _ in range(count):
                row = self.table.next_row()
                self.time[row] = row / 2.
                for k in range(3):
                    self.position.row(row)[k] = row + k
                self.number[row] = row
                self.table.publish()

    def record_together(self, Py_ssize_t count):
        cdef size_t row, i, k
        with nogil:
            row = self.table.next_rows(count)
            for i in range(count):
                self.time[row + i] = (row + i) / 2.
                for k in range(3):
                    self.position.row(row + i)[k] = row + i + k
                self.number[row + i] = row + i
            self.table.publish(count)

    def sizes(self):
        return self.table.size(), self.table.capacity(), self.table.empty(), self.position.items()

    def table_of(self):
        return <object>self.table.object()


def column_of_doubles(table, bytes name, size_t items):
    cdef DynamicTable t = DynamicTable(table)
    cdef TableColumn[double] column = t.column[double](name, items)
    return column.items()
