# distutils: language = c++
"""Rows of a table: several columns, plain arrays on blocks of their own, whose places share one length.

The order is that of _growth.pyx: values are converted, for every column, which may run Python code; then, and none
runs, room is made, rows move, and the one length is set; references are dropped last. So whatever fails, no column
has a row that others don't have, and whoever looks at the length finds whole rows.

The columns themselves are never given out, only views of them: nobody can append to one alone.

Of a table with text, waiting for an arena lets other threads run in the midst of step 2. So it holds the table's lock
(table_lock.hpp), and is in functions of their own, which leave to their callers what runs Python code when it is
dropped. What was read of the table before step 2 is read again.
"""

import operator
from collections import namedtuple

import numpy as np

from cppdynarray._core import _messages

cimport numpy as cnp
from cpython.exc cimport PyErr_CheckSignals
from cpython.number cimport PyNumber_AsSsize_t
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.errno cimport ENOMEM
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from cppdynarray._core._conversion cimport (
    convert_row, convert_values, is_lossless, is_rows, length, says_lossless, scratch_rows,
)
from cppdynarray._core._growth cimport as_dimension, as_row_key, copy_row, move_in, row_numbers, rows_named
from cppdynarray._core._dispatch cimport METH_FASTCALL, METH_KEYWORDS, PyCFunction, PyMethodDef
from cppdynarray._core._memory cimport import_core
from cppdynarray._core._new cimport as_growing_dtype, check_room, new
from cppdynarray._core.headers cimport (
    ArrayLock, ArrayPlace, ArrayRows, Block, Elements, StringLock, block_of, clear_strings, copy_strings, elements_of,
    growth_error, open_place, publish, reserve_rows, shrink_block, used_bytes,
)
from cppdynarray._core.numpy_api cimport (
    NPY_ARRAY_CARRAY, NPY_MAX_INTP, PyArray_NewFromDescr, PyArray_SetBaseObject,
)

import_core()


cdef extern from "Python.h":
    object PyDescr_NewMethod(type cls, PyMethodDef* method)


cdef extern from "<algorithm>" namespace "std":
    void rotate(char* first, char* middle, char* last) noexcept
    void swap_ranges(char* first, char* last, char* other) noexcept


cdef extern from "cppdynarray/internal/block.hpp" namespace "cppdynarray":
    void write_bytes(Block*, size_t at, const void* source, size_t bytes) noexcept


cdef extern from "table_lock.hpp" namespace "cppdynarray":
    cdef cppclass TableLock:
        pass

    cdef cppclass TableMutex:
        @staticmethod
        void before_fork() noexcept
        @staticmethod
        void after_fork_in_parent() noexcept
        @staticmethod
        void after_fork_in_child() noexcept


cdef extern from "store.hpp" namespace "cppdynarray":
    bint import_dates() except False


cdef extern from "places.hpp" namespace "cppdynarray":
    ArrayPlace* place_of(cnp.ndarray array) noexcept


cdef extern from "table.hpp" namespace "cppdynarray":
    cdef cppclass TableColumn:
        ArrayPlace* place
        PyObject* object
        size_t row_bytes
        cnp.npy_intp items

    cdef cppclass TableRows:
        TablePlace place
        TableColumn* columns
        PyObject* names
        bint others_run
        size_t removed_end

    cdef cppclass Removal:
        size_t count
        size_t removed
        size_t start
        const cnp.npy_bool* gone
        const cnp.npy_intp* rows

    bint c_can_grow "cppdynarray::can_grow"(const TableRows&) noexcept
    size_t count_rows(const TableRows&) noexcept

    void set_length_of(TablePlace*, size_t) noexcept
    void measure_capacity(TablePlace*) noexcept
    bint reserve_table "cppdynarray::reserve_rows"(TablePlace*, size_t) noexcept
    void share_length(ArrayPlace*, size_t*) noexcept
    void keep_length(ArrayPlace*, size_t) noexcept
    void describe_column(TableColumn&, cnp.ndarray) noexcept
    void describe_table(TableRows&) noexcept
    void hold(TableLock&, TableRows&) noexcept
    PyObject* steady_row(const TableRows&, object) noexcept
    void forget_rows(const TableColumn&, size_t start, size_t stop) noexcept
    bint append_row(TableRows&, PyObject*) noexcept
    bint append_numbers(object self, TableRows&, PyObject*) noexcept
    bint append_columns(TableRows&, object) noexcept
    bint is_within(const TableRows&, cnp.ndarray) noexcept
    bint has_removed_rows(const TableRows&, size_t rows) noexcept
    bint store_any(const TableRows&, size_t row, object) noexcept
    bint store_all_apart(const TableRows&, size_t start, object) noexcept
    void fill_rows(char* slots, const char* row, size_t row_bytes, size_t count) noexcept
    void remove_rows(char* data, size_t row_bytes, const Removal&, char* bin) noexcept


import_dates()


cdef int refuse_shape(cnp.ndarray column, object name, object values, Py_ssize_t first) except -1:
    """Raises if what couldn't be converted has another shape than the column's values; `first` is where that begins
    in its shape. What arrays say of that is how to make another array.
    """
    if column.descr.kind in b"OV":
        return 0  # which may be given as sequences
    wanted = (<object>column).shape[1:]
    try:
        found = np.shape(values)[first:]
    except ValueError:
        return 0
    if len(found) > len(wanted) or any([n not in (1, m) for n, m in zip(found[::-1], wanted[::-1])]):
        raise ValueError(_messages.VALUE_SHAPE.format(name=name, wanted=wanted, found=found)) from None
    return 0


# Ctrl-C ends what takes long and runs no Python code, after this many rows.
cdef enum:
    SIGNALS_AFTER = 1 << 16


cdef class Table:
    """What DynamicTable is built on: its columns, and all that changes them."""

    cdef TableRows rows
    cdef readonly tuple names
    cdef dict indexes
    cdef list text_first  # the columns in the order in which rows are moved in: copying strings may fail
    cdef object row_class
    cdef bint on_files

    def __dealloc__(self):
        cdef size_t i, count
        cdef ArrayPlace* place
        if self.rows.columns == NULL:
            return
        count = count_rows(self.rows) if self.rows.place.column_count else 0
        for i in range(self.rows.place.column_count):
            place = self.rows.columns[i].place
            if place != NULL and not self.on_files:
                # Views may outlive the table: the array has its length to itself again.
                keep_length(place, count)
                place.functions.close(place)
            else:
                Py_DECREF(<object>self.rows.columns[i].object)
        free(self.rows.columns)
        free(self.rows.place.columns)

    cdef int begin(self, tuple names, list arrays, bint on_files=False) except -1:
        """Gives a new table its columns, plain arrays that nobody else has: of no rows, or on files that share their
        length, to be written or read.
        """
        cdef size_t i, count = len(arrays)
        cdef ArrayPlace* place
        self.names = names
        self.indexes = {name: index for index, name in enumerate(names)}
        self.on_files = on_files
        self.rows.names = <PyObject*>names
        self.rows.columns = <TableColumn*>calloc(count, sizeof(TableColumn))
        self.rows.place.columns = <ArrayPlace**>calloc(count, sizeof(ArrayPlace*))
        if self.rows.columns == NULL or self.rows.place.columns == NULL:
            raise MemoryError("no memory for a table's columns")
        self.rows.place.table = <void*>self
        self.rows.place.reserve = reserve_table
        self.rows.place.close = close_table
        for i in range(count):
            describe_column(self.rows.columns[i], arrays[i])
            if on_files:
                place = place_of(arrays[i])
                Py_INCREF(arrays[i])
            else:
                place = open_place(arrays[i])
                if place == NULL:
                    raise MemoryError("no memory for a table's columns")
                share_length(place, &self.rows.place.own_length)
            self.rows.columns[i].place = self.rows.place.columns[i] = place
            self.rows.place.column_count += 1
        describe_table(self.rows)
        is_text = [elements_of(<cnp.ndarray>array) == Elements.strings for array in arrays]
        self.text_first = [i for i in range(count) if is_text[i]] + [i for i in range(count) if not is_text[i]]
        if self.rows.place.columns[0] != NULL:
            measure_capacity(&self.rows.place)
        return 0

    def _begin_on_files(self, tuple names, list arrays):
        """Takes arrays on files that have one length as the columns of a new table."""
        self.begin(names, arrays, True)
        self.rows.place.own_length = min([len(array) for array in arrays])

    def _finished(self):
        """The files are closed: handles ask for room, and are told so."""
        self.rows.place.capacity = 0

    def _set_rows(self, size_t rows):
        """What there is to be read by now."""
        self.rows.place.own_length = rows

    def _begin(self, tuple names, list dtypes, Py_ssize_t capacity, Py_ssize_t max_size):
        """Makes the columns of a new table in memory."""
        if self.names is not None:
            raise RuntimeError("the table has its columns already")
        check_room(capacity, max_size)
        self.begin(names, [new(np.ndarray, (0, *shape), dtype, capacity, max_size) for dtype, shape in dtypes])

    cdef Table like(self):
        """An empty table in memory with columns like these."""
        cdef Table made = Table.__new__(Table)
        made.begin(self.names, [scratch_rows(self.column(i), 0) for i in range(len(self.names))])
        return made

    # Columns.

    cdef cnp.ndarray column(self, Py_ssize_t index):
        """A column as it is now. Not to be given out."""
        cdef cnp.ndarray array = <cnp.ndarray>self.rows.columns[index].object
        publish(array)
        return array

    cdef Py_ssize_t index_of(self, name) except -1:
        index = self.indexes.get(name)
        if index is None:
            raise KeyError(_messages.NO_COLUMN.format(name=name, names=", ".join(map(repr, self.names))))
        return index

    cdef cnp.ndarray view(self, Py_ssize_t index, Py_ssize_t start, Py_ssize_t stop):
        """A plain view of rows of a column."""
        cdef cnp.ndarray array = self.column(index)
        cdef cnp.npy_intp[64] dims
        cdef int ndim = cnp.PyArray_NDIM(array)
        cdef char* data = <char*>cnp.PyArray_DATA(array) + self.rows.columns[index].row_bytes * <size_t>start
        for axis in range(1, ndim):
            dims[axis] = cnp.PyArray_DIMS(array)[axis]
        dims[0] = stop - start
        Py_INCREF(array.descr)  # stolen, as is the array below
        cdef cnp.ndarray made = PyArray_NewFromDescr(
            cnp.ndarray, array.descr, ndim, dims, NULL, data, cnp.PyArray_FLAGS(array) & NPY_ARRAY_CARRAY, None)
        Py_INCREF(array)
        PyArray_SetBaseObject(made, array)
        return made

    cdef cnp.ndarray whole(self, Py_ssize_t index):
        return self.view(index, 0, self.count())

    cdef Py_ssize_t count(self) noexcept:
        return count_rows(self.rows)

    def __len__(self):
        cdef ArrayLock array_lock
        array_lock.hold(self)
        return count_rows(self.rows)

    @property
    def capacity(self):
        """Rows that there is memory for."""
        cdef ArrayLock array_lock
        array_lock.hold(self)
        if not c_can_grow(self.rows):
            return self.count()
        measure_capacity(&self.rows.place)
        return min(self.rows.place.capacity, <size_t>NPY_MAX_INTP)

    @property
    def max_size(self):
        """Rows up to which growth is in place: no column's data moves."""
        cdef ArrayLock array_lock
        array_lock.hold(self)
        if not c_can_grow(self.rows):
            return self.count()
        return min([self.rows_in(i, block_of(self.column(i)).reserved_bytes) for i in range(len(self.names))])

    cdef Py_ssize_t rows_in(self, Py_ssize_t index, size_t bytes) noexcept:
        cdef size_t row = self.rows.columns[index].row_bytes
        return <Py_ssize_t>(bytes / row) if row != 0 else NPY_MAX_INTP

    def __getitem__(self, key):
        cdef ArrayLock array_lock
        array_lock.hold(self)
        cdef Py_ssize_t i, start, stop
        cdef list values = None
        if isinstance(key, str):
            return self.whole(self.index_of(key))
        if isinstance(key, list) and key and isinstance(key[0], str):
            return {name: self.whole(self.index_of(name)) for name in key}
        if isinstance(key, tuple):
            raise TypeError(_messages.ROW_AND_COLUMN.format(key=", ".join(map(repr, key))))
        if isinstance(key, (slice, list, cnp.ndarray)):
            count = self.count()
            if isinstance(key, slice):
                start, stop, step = key.indices(count)
                if step == 1:
                    stop = max(stop, start)
                    return {name: self.view(i, start, stop) for i, name in enumerate(self.names)}
            return {name: self.view(i, 0, count)[key] for i, name in enumerate(self.names)}
        while values is None:
            values = self.values_at(self.position(key, "table index"))
        return self.as_row(values)

    cdef Py_ssize_t position(self, index, str what) except -1:
        cdef Py_ssize_t position
        try:
            position = PyNumber_AsSsize_t(index, IndexError)
        except TypeError:
            raise TypeError(_messages.TABLE_INDEX.format(kind=type(index).__name__)) from None
        cdef Py_ssize_t count = self.count()
        if position < 0:
            position += count
        if not 0 <= position < count:
            raise IndexError(f"{what} {index} is out of range for {count} rows")
        return position

    cdef list values_at(self, Py_ssize_t position):
        """The values of a row, with memory of their own; None if there is no such row by now."""
        cdef TableLock lock
        cdef Py_ssize_t i
        hold(lock, self.rows)
        if position >= self.count():
            return None
        return [copy_row(self.column(i), position) for i in range(len(self.names))]

    cdef object as_row(self, list values):
        """Values as a named tuple."""
        if self.row_class is None:
            made = namedtuple("Row", self.names, rename=True)
            if self.row_class is None:  # still: it takes Python code to make one
                self.row_class = made
        return self.row_class._make(values)

    def __setitem__(self, key, value):
        cdef ArrayLock array_lock
        array_lock.hold(self)
        if isinstance(key, str):
            if key not in self.indexes:
                raise KeyError(_messages.NEW_COLUMN.format(name=key))
            column = self.whole(self.index_of(key))
            try:
                column[...] = value  # t["x"] += 1 comes here, too
            except ValueError:
                shape = np.shape(value)
                if len(shape) == column.ndim and shape[0] not in (1, len(column)):
                    raise ValueError(_messages.OTHER_LENGTH.format(name=key, rows=len(column), shape=shape)) from None
                raise
            return
        if not hasattr(key, "__index__"):
            raise TypeError(_messages.SET_ROWS)
        self.position(key, "table index")
        cdef list blocks = self.convert_items(self.items_of(value))
        while not self.set_row(self.position(key, "table index"), blocks):
            pass

    cdef bint set_row(self, Py_ssize_t row, list blocks) except -1:
        """Puts converted values in place of a row's, whose references come into `blocks`; False, and nothing has
        changed, if there is no such row by now.
        """
        cdef TableLock lock
        cdef StringLock strings, of_block
        cdef Py_ssize_t i
        cdef size_t size
        cdef char* slot
        cdef cnp.ndarray array, block
        hold(lock, self.rows)
        self.growable()
        if row >= self.count():
            return False
        for i in self.text_first:
            array, block = self.column(i), blocks[i]
            size = self.rows.columns[i].row_bytes
            slot = block_of(array).data() + size * <size_t>row
            if elements_of(array) != Elements.strings:
                swap_ranges(slot, slot + size, cnp.PyArray_BYTES(block))
                continue
            strings.take(array)
            of_block.take(block)
            if not copy_strings(strings.arena(), slot, of_block.arena(), cnp.PyArray_BYTES(block),
                                self.rows.columns[i].items):
                raise MemoryError("no memory for the strings")
            of_block.release()
            strings.release()
        return True

    # Values on their way into the table.

    cdef int growable(self) except -1:
        if not c_can_grow(self.rows):
            raise ValueError(getattr(self, "_cannot_grow", None) or "this table is read-only")
        return 0

    cdef int make_room(self, Py_ssize_t count) except -1:
        """Room for `count` rows in all. If that fails, no column has rows that it hadn't."""
        cdef cnp.ndarray array
        cdef StringLock lock
        cdef bint done
        for i in range(len(self.names)):
            array = self.column(i)
            lock.take(array)
            done = reserve_rows(ArrayRows(array, lock.arena()), count)
            lock.release()
            if not done:
                measure_capacity(&self.rows.place)
                raise self.no_room(growth_error(block_of(array)), count)
        measure_capacity(&self.rows.place)
        return 0

    cdef object no_room(self, int error, Py_ssize_t count):
        if error == 0 or error == ENOMEM:
            return MemoryError(f"no memory for {count} rows (the table has {self.count()})")
        return self._growth_exception(error)

    cdef Py_ssize_t grown(self, Py_ssize_t count) except -1:
        if count > NPY_MAX_INTP - self.count():
            raise MemoryError("a table can't have that many rows")
        return self.count() + count

    cdef object items_of(self, row):
        """The values of a row, in the order of the columns."""
        if isinstance(row, tuple):
            fields = getattr(row, "_fields", None)
            if fields is None or fields == self.names or fields == getattr(self.row_class, "_fields", None):
                items = row
            else:
                return [getattr(row, name) for name in self.checked_names(fields, row)]
        elif isinstance(row, np.void) and row.dtype.names is not None:
            return [row[name] for name in self.checked_names(row.dtype.names, row)]
        elif hasattr(row, "keys"):
            return [row[name] for name in self.checked_names(tuple(row.keys()), row)]
        elif isinstance(row, cnp.ndarray) and row.ndim == 0 and row.dtype.names is not None:
            return self.items_of(row[()])
        elif isinstance(row, (str, bytes)) or not hasattr(row, "__len__") or not hasattr(row, "__getitem__"):
            raise TypeError(_messages.NO_ROW.format(kind=type(row).__name__))
        else:
            items = list(row)
        if len(items) != len(self.names):
            raise ValueError(_messages.ROW_LENGTH.format(
                wanted=len(self.names), names=", ".join(map(str, self.names)), found=len(items)))
        return items

    cdef tuple checked_names(self, found, what):
        """The table's names, if `found` has the same ones; ValueError that says which are wrong."""
        for name in self.names:
            if name not in found:
                raise ValueError(_messages.MISSING_NAME.format(
                    kind=type(what).__name__, name=name, found=", ".join(map(repr, found)) or "none"))
        for name in found:
            if name not in self.indexes:
                raise ValueError(_messages.UNKNOWN_NAME.format(
                    kind=type(what).__name__, name=name, names=", ".join(map(repr, self.names))))
        return self.names

    cdef list convert_items(self, items, bint lossless=True):
        """Each value as a scratch array of one row."""
        cdef list blocks = []
        for i, name in enumerate(self.names):
            try:
                blocks.append(convert_row(self.column(i), items[i], lossless))
            except (OverflowError, TypeError, ValueError) as error:
                refuse_shape(self.column(i), name, items[i], 0)
                error.add_note(f"(column {name!r})")
                raise
        return blocks

    cdef int move_block(self, Py_ssize_t index, cnp.ndarray block, Py_ssize_t start, Py_ssize_t count) except -1:
        """Moves `count` rows, or one again and again, to slots from `start` on that hold nothing; zero bytes, if
        `block` is None.
        """
        cdef cnp.ndarray array = <cnp.ndarray>self.rows.columns[index].object
        cdef size_t row = self.rows.columns[index].row_bytes
        cdef StringLock lock
        lock.take(array)
        cdef Block* own = block_of(array)
        if block is None:
            own.functions.zero(own, row * <size_t>start, row * <size_t>(start + count))
        elif elements_of(array) != Elements.plain:
            return move_in(array, block, own.data() + row * <size_t>start, lock)
        elif length(block) == count:
            write_bytes(own, row * <size_t>start, cnp.PyArray_DATA(block), row * <size_t>count)
        else:
            fill_rows(own.data() + row * <size_t>start, <char*>cnp.PyArray_DATA(block), row, count)
        return 0

    cdef int move_blocks(self, list blocks, Py_ssize_t start, Py_ssize_t count) except -1:
        """Moves an array of `count` rows for each column to slots from `start` on that hold nothing."""
        cdef Py_ssize_t i
        for i in self.text_first:
            self.move_block(i, blocks[i], start, count)
        return 0

    cdef bint append_blocks(self, list blocks, Py_ssize_t count, Py_ssize_t before=-1) except -1:
        """Appends `count` rows, an array of converted ones for each column. Runs no Python code. False, and nothing has
        changed, if there are not `before` rows by now, for whom that matters.
        """
        cdef TableLock lock
        hold(lock, self.rows)
        self.growable()
        cdef Py_ssize_t start = self.count()
        if before >= 0 and start != before:
            return False
        cdef Py_ssize_t stop = self.grown(count)
        self.make_room(stop)
        self.move_blocks(blocks, start, count)
        set_length_of(&self.rows.place, stop)
        return True

    # Growing.

    cdef int append_one(self, row, bint lossless=True) except -1:
        if append_row(self.rows, <PyObject*>row):
            return 0
        self.growable()
        self.append_blocks(self.convert_items(self.items_of(row), lossless), 1)
        return 0

    def extend(self, rows, *more, casting="lossless"):
        """
        Add many rows, or none if anything fails.

        Parameters
        ----------
        rows : iterable of rows, mapping, structured array, table or frame
            Rows as `append` takes them, or columns by their names: a dict, a structured array, another table, a frame
            of pandas, Polars or PyArrow. Columns have one length; among them may be single values, for all rows.
            A plain array of two dimensions has a row in each of its rows.
        casting : {'lossless', 'unsafe'}, optional
            ``'unsafe'`` converts as NumPy does, whatever is lost.

        Raises
        ------
        TypeError, ValueError, OverflowError
            As for `append`, or if columns differ in length.
        MemoryError
            If there is no memory.

        Notes
        -----
        Rows in a list are written to where they belong, unless they take the place of removed ones. Those of other
        iterables are converted first, beside the table, since the iterable may change it or fail half way.

        Examples
        --------
        >>> import cppdynarray as cda
        >>> t = cda.DynamicTable(dtype=[("time", "f8"), ("neuron", "i4")])
        >>> t.extend([(0.1, 3), (0.1, 7)])
        >>> t.extend({"time": 0.2, "neuron": [1, 4, 5]})
        >>> t["time"]
        array([0.1, 0.1, 0.2, 0.2, 0.2])
        """
        cdef ArrayLock array_lock
        array_lock.hold(self)
        if not more and casting == "lossless" and append_columns(self.rows, rows):
            return
        if more:
            raise TypeError(_messages.ROWS_AS_ARGUMENTS)
        cdef bint lossless = says_lossless(casting)
        self.growable()
        columns = columns_of(rows, self.names)
        if columns is not None:
            self.extend_columns(columns, rows, lossless)
        else:
            self.extend_rows(rows, lossless)

    cdef int extend_rows(self, rows, bint lossless) except -1:
        """All rows of an iterable, or none."""
        cdef Py_ssize_t count = 0
        if type(rows) in (list, tuple):
            steady = self.steady_rows(rows)
            if steady is not None and self.store_rows(steady):
                return 0
        if isinstance(rows, (str, bytes)) or not (hasattr(rows, "__iter__") or hasattr(rows, "__getitem__")):
            raise TypeError(_messages.NOT_ROWS.format(kind=type(rows).__name__))
        cdef Table scratch = self.like()
        for row in rows:
            scratch.append_one(row, lossless)
            count += 1
            if count % SIGNALS_AFTER == 0:
                PyErr_CheckSignals()
        self.append_blocks([scratch.column(i) for i in range(len(self.names))], count)
        return 0

    cdef object steady_rows(self, rows):
        """Rows in a list or tuple that stay as they are while they are written: None if one needs NumPy."""
        cdef PyObject* row
        if not self.rows.others_run:
            return rows
        rows = list(rows)
        for i in range(len(rows)):
            row = steady_row(self.rows, rows[i])
            if row == NULL:
                return None
            rows[i] = <object>row
            Py_DECREF(rows[i])
        return rows

    cdef bint store_rows(self, rows) except -1:
        """Writes the rows of a list or tuple to where they belong, where that runs no Python code. False, and
        nothing has changed, if one needs NumPy.
        """
        cdef TableLock lock
        hold(lock, self.rows)
        if not c_can_grow(self.rows):
            return False
        cdef Py_ssize_t start = self.count()
        cdef Py_ssize_t stop = self.grown(len(rows))
        cdef Py_ssize_t at = start
        cdef Py_ssize_t capacity = self.rows.place.capacity
        if start == stop or not can_be_stored(rows[0]):
            return start == stop
        self.make_room(stop)
        if has_removed_rows(self.rows, start):
            if not store_all_apart(self.rows, start, rows):
                self.make_less_room(capacity)
                return False
            set_length_of(&self.rows.place, stop)
            return True
        for row in rows:
            if not store_any(self.rows, at, row):
                self.forget_rows(start, at, capacity)
                return False
            at += 1
        set_length_of(&self.rows.place, stop)
        return True

    cdef int forget_rows(self, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t capacity) except -1:
        """Takes back rows that were written and not published, and the room made for them."""
        for i in range(len(self.names)):
            forget_rows(self.rows.columns[i], start, stop)
        return self.make_less_room(capacity)

    cdef int make_less_room(self, Py_ssize_t capacity) except -1:
        if self.on_files:
            return 0  # a file that is longer has time until it is closed
        for i in range(len(self.names)):
            shrink_block(block_of(self.column(i)), self.rows.columns[i].row_bytes * <size_t>capacity)
        measure_capacity(&self.rows.place)
        return 0

    cdef int extend_columns(self, dict columns, rows, bint lossless) except -1:
        """Columns of one length, or single values for all of the rows."""
        cdef list blocks = []
        cdef list single = []
        cdef Py_ssize_t count = -1, i
        cdef cnp.ndarray array
        self.checked_names(tuple(columns), rows)
        for i, name in enumerate(self.names):
            array = self.column(i)
            values = columns[name]
            single.append(is_single(array, values))
            try:
                blocks.append(convert_row(array, values, lossless) if single[i] else
                              self.convert_column(array, values, lossless))
            except (OverflowError, TypeError, ValueError) as error:
                refuse_shape(array, name, values, 0 if single[i] else 1)
                error.add_note(f"(column {name!r})")
                raise
            if not single[i]:
                if count >= 0 and count != length(blocks[i]):
                    raise ValueError(_messages.UNEQUAL_COLUMNS.format(
                        name=name, found=length(blocks[i]), wanted=count))
                count = length(blocks[i])
        if count < 0:
            raise ValueError(_messages.SINGLE_VALUES)
        for i in range(len(blocks)):
            if single[i] and elements_of(<cnp.ndarray>blocks[i]) != Elements.plain and count != 1:
                array = scratch_rows(self.column(i), count)
                array[...] = blocks[i]
                blocks[i] = array
        self.append_blocks(blocks, count)
        return 0

    cdef cnp.ndarray convert_column(self, cnp.ndarray array, values, bint lossless):
        """Rows of a column, which are nowhere in the table: others would be written before they are read."""
        cdef cnp.ndarray rows = values if is_rows(array, values, 0) else convert_values(array, values, lossless)
        return rows.copy() if is_within(self.rows, rows) else rows

    def insert(self, index, row, *, casting="lossless"):
        """
        Insert one row before a position, as ``list.insert`` does. O(rows behind it).

        Parameters
        ----------
        index : int
            Where it will be.
        row : tuple, list, dict or record
            As for `append`, and refused as there.
        casting : {'lossless', 'unsafe'}, optional
            As for `append`.

        Notes
        -----
        On files this isn't safe against a kill in the middle, see `open_table`.

        Examples
        --------
        >>> import cppdynarray as cda
        >>> t = cda.DynamicTable({"x": [1, 3], "y": [1.0, 9.0]})
        >>> t.insert(1, (2, 4.0))
        >>> t["x"]
        array([1, 2, 3])
        """
        cdef ArrayLock array_lock
        array_lock.hold(self)
        self.growable()
        cdef list blocks = self.convert_items(self.items_of(row), says_lossless(casting))
        self.insert_blocks(blocks, PyNumber_AsSsize_t(index, None))

    cdef int insert_blocks(self, list blocks, Py_ssize_t position) except -1:
        """Inserts a row, an array of the converted value for each column."""
        cdef TableLock lock
        cdef StringLock strings
        cdef size_t size
        cdef char* slot
        cdef char* end
        hold(lock, self.rows)
        self.growable()
        cdef Py_ssize_t count = self.count()
        if position < 0:
            position = max(position + count, 0)
        position = min(position, count)
        self.make_room(self.grown(1))
        # All go to the end, where a failure changes nothing, and then to their place.
        self.move_blocks(blocks, count, 1)
        for i in range(len(blocks)):
            size = self.rows.columns[i].row_bytes
            strings.take(<cnp.ndarray>self.rows.columns[i].object)
            slot = block_of(<cnp.ndarray>self.rows.columns[i].object).data() + size * <size_t>position
            end = slot + size * <size_t>(count - position)
            rotate(slot, end, end + size)
            strings.release()
        set_length_of(&self.rows.place, count + 1)
        return 0

    def resize(self, rows):
        """
        Change the number of rows. New ones are zero in every column.

        Parameters
        ----------
        rows : int
            How many there will be.

        Raises
        ------
        MemoryError
            If there is no memory for so many.

        Examples
        --------
        >>> import cppdynarray as cda
        >>> t = cda.DynamicTable({"x": [1, 2]})
        >>> t.resize(4)
        >>> t["x"]
        array([1, 2, 0, 0])
        """
        cdef ArrayLock array_lock
        array_lock.hold(self)
        self.growable()
        cdef Py_ssize_t new_length = as_dimension(rows)
        cdef Py_ssize_t count, i
        cdef list blocks
        while True:
            self.growable()
            count = self.count()
            if new_length <= count:
                if self.remove_rows(count, slice(new_length, count)):
                    return
                continue
            blocks = [self.zero_items(i, new_length - count) for i in range(len(self.names))]
            if self.append_blocks(blocks, new_length - count, count):
                return

    cdef cnp.ndarray zero_items(self, Py_ssize_t index, Py_ssize_t count):
        """Rows of zeros for a column; None where they are zero bytes."""
        cdef cnp.ndarray array = self.column(index), fresh
        if elements_of(array) == Elements.plain:
            return None
        # Zero bytes are an empty slot; the value zero (0, "" or a record of them) is NumPy's.
        fresh = scratch_rows(array, count)
        fresh[...] = np.zeros((), array.descr)
        return fresh

    def reserve(self, Py_ssize_t rows):
        """
        Make room for a number of rows in all, in every column.

        Parameters
        ----------
        rows : int
            How many there is to be room for: `capacity` is at least that.

        Raises
        ------
        MemoryError
            If there is no memory for so many.

        Examples
        --------
        >>> import cppdynarray as cda
        >>> t = cda.DynamicTable(dtype={"x": "f8", "y": "f8"})
        >>> t.reserve(1000)
        >>> t.capacity >= 1000
        True
        """
        cdef ArrayLock array_lock
        array_lock.hold(self)
        cdef TableLock lock
        if rows < 0:
            raise ValueError("can't reserve room for a negative number of rows")
        hold(lock, self.rows)
        self.growable()
        self.make_room(rows)

    # Shrinking.

    cdef list bins(self, Py_ssize_t count):
        """Scratch arrays for what `count` rows refer to; None for columns that hold no references."""
        cdef list bins = []
        cdef cnp.ndarray array
        for i in range(len(self.names)):
            array = self.column(i)
            bins.append(scratch_rows(array, count) if elements_of(array) != Elements.plain else None)
        return bins

    cdef bint remove(self, const Removal& removal, list bins) except -1:
        """Removes rows of all columns. What they refer to comes into `bins`, to be dropped by the caller. False, and
        nothing has changed, if there are more or fewer rows by now.
        """
        cdef TableLock lock
        cdef StringLock strings
        cdef Py_ssize_t i
        cdef size_t row, kept = removal.count - removal.removed
        cdef char* data
        cdef char* bin
        cdef cnp.ndarray array
        hold(lock, self.rows)
        self.growable()
        if <size_t>self.count() != removal.count:
            return False
        for i in range(len(self.names)):
            array = self.column(i)
            strings.take(array)
            row = self.rows.columns[i].row_bytes
            data = block_of(array).data()
            bin = <char*>cnp.PyArray_DATA(bins[i]) if bins[i] is not None else NULL
            remove_rows(data, row, removal, bin)
            block_of(array).mark_written(row * removal.count)
            if elements_of(array) == Elements.strings:
                # Back to where their slots can be used again.
                clear_strings(strings.arena(), bin, self.rows.columns[i].items * removal.removed)
                memcpy(data + row * kept, bin, row * removal.removed)
                memset(bin, 0, row * removal.removed)
                strings.release()
            elif bin != NULL:
                memset(data + row * kept, 0, row * removal.removed)
        self.rows.removed_end = max(self.rows.removed_end, removal.count)
        set_length_of(&self.rows.place, kept)
        return True

    cdef bint remove_rows(self, Py_ssize_t count, rows) except -1:
        """Removes some of `count` rows: those of a slice of step 1 or of a mask; those with the numbers in an array,
        in ascending order, whose positions the last rows take. False, and nothing has changed, if there are more or
        fewer by now.
        """
        cdef Removal removal
        removal.count = count
        if isinstance(rows, slice):
            removal.start = rows.start
            removal.removed = rows.stop - rows.start
        elif cnp.PyArray_TYPE(rows) == cnp.NPY_BOOL:
            removal.gone = <const cnp.npy_bool*>cnp.PyArray_DATA(rows)
            removal.removed = np.count_nonzero(rows)
        else:
            removal.rows = <const cnp.npy_intp*>cnp.PyArray_DATA(rows)
            removal.removed = len(rows)
        if removal.removed == 0:
            return True
        bins = self.bins(removal.removed)
        return self.remove(removal, bins)

    def __delitem__(self, key):
        """
        Remove rows. O(rows behind them).

        Parameters
        ----------
        key : int, slice, or array of ints or bools
            Which rows.

        Raises
        ------
        IndexError
            If there are no such rows.

        Notes
        -----
        On files this isn't safe against a kill in the middle, but for rows at the end, ``del t[k:]``: see `open_table`.

        Examples
        --------
        >>> import cppdynarray as cda
        >>> t = cda.DynamicTable({"x": [0, 1, 2, 3]})
        >>> del t[1:3]
        >>> t["x"]
        array([0, 3])
        """
        cdef ArrayLock array_lock
        array_lock.hold(self)
        cdef Py_ssize_t count
        if isinstance(key, str):
            raise TypeError(_messages.DELETE_COLUMN.format(name=key))
        self.growable()
        key = as_row_key(key)
        while True:
            self.growable()
            count = self.count()
            if self.remove_rows(count, rows_named(key, count)):
                return

    def swap_remove(self, rows):
        """
        Remove rows, whose places the last ones take: the order is lost, and nothing else moves.

        Parameters
        ----------
        rows : int, slice, or array of ints or bools
            Which rows.

        Raises
        ------
        IndexError
            If there are no such rows.

        Notes
        -----
        On files this isn't safe against a kill in the middle, see `open_table`.

        Examples
        --------
        >>> import cppdynarray as cda
        >>> t = cda.DynamicTable({"x": [0, 1, 2, 3, 4]})
        >>> t.swap_remove(1)
        >>> t["x"]
        array([0, 4, 2, 3])
        >>> t.swap_remove(t["x"] > 2)
        >>> t["x"]
        array([0, 2])
        """
        cdef ArrayLock array_lock
        array_lock.hold(self)
        cdef Py_ssize_t count
        self.growable()
        key = as_row_key(rows)
        while True:
            self.growable()
            count = self.count()
            if self.remove_rows(count, row_numbers(key, count)):
                return

    def pop(self, index=-1):
        """
        Remove a row and return it.

        Parameters
        ----------
        index : int, optional
            Which row, by default the last.

        Returns
        -------
        Row
            A named tuple.

        Raises
        ------
        IndexError
            If there is no such row.

        Notes
        -----
        On files this isn't safe against a kill in the middle, but for the last row: see `open_table`.

        Examples
        --------
        >>> import cppdynarray as cda
        >>> t = cda.DynamicTable({"x": [1, 2], "label": ["a", "b"]})
        >>> t.pop().label
        'b'
        >>> len(t)
        1
        """
        cdef ArrayLock array_lock
        array_lock.hold(self)
        self.growable()
        cdef Py_ssize_t count
        cdef list values = None, bins = None
        while values is None:
            count = self.count()
            if count == 0:
                raise IndexError("pop from an empty DynamicTable")
            bins = self.bins(1)
            values = self.take_row(count, self.position(index, "pop index"), bins)
        return self.as_row(values)

    cdef list take_row(self, Py_ssize_t count, Py_ssize_t position, list bins):
        """Removes one of `count` rows and returns its values; None if there are more or fewer rows by now: which row
        that is may be another then.
        """
        cdef TableLock lock
        cdef Removal removal
        hold(lock, self.rows)
        if self.count() != count:
            return None
        values = self.values_at(position)
        removal.count = count
        removal.start = position
        removal.removed = 1
        self.remove(removal, bins)
        return values

    def clear(self):
        """
        Remove all rows. The capacity stays.

        Examples
        --------
        >>> import cppdynarray as cda
        >>> t = cda.DynamicTable({"x": [1, 2]})
        >>> t.clear()
        >>> len(t)
        0
        """
        cdef ArrayLock array_lock
        array_lock.hold(self)
        self.growable()
        cdef Py_ssize_t count = self.count()
        while not self.remove_rows(count, slice(0, count)):
            count = self.count()

    def shrink_to_fit(self):
        """
        Give memory behind the last row back to the system. Its addresses stay readable.

        Examples
        --------
        >>> import cppdynarray as cda
        >>> t = cda.DynamicTable({"x": [1, 2]}, capacity=100_000)
        >>> t.shrink_to_fit()
        >>> t.capacity < 100_000
        True
        """
        cdef ArrayLock array_lock
        array_lock.hold(self)
        cdef TableLock lock
        hold(lock, self.rows)
        for i in range(len(self.names)):
            array = self.column(i)
            if block_of(array) != NULL:
                shrink_block(block_of(array), used_bytes(array))
        if c_can_grow(self.rows):
            measure_capacity(&self.rows.place)


# Forks.

def before_fork():
    TableMutex.before_fork()


def after_fork_in_parent():
    TableMutex.after_fork_in_parent()


def after_fork_in_child():
    TableMutex.after_fork_in_child()


# Handles, for code without the GIL.

cdef TablePlace* open_table(object table) except NULL:
    """The place of a table, with a reference to it and to its columns, which place.close() ends."""
    cdef Table opened
    cdef cnp.ndarray array
    if not isinstance(table, Table):
        raise TypeError(f"expected a cppdynarray.DynamicTable, got {type(table).__name__}")
    opened = table
    opened.growable()
    for i, name in enumerate(opened.names):
        array = opened.column(i)
        if elements_of(array) != Elements.plain:
            raise TypeError(f"column {name!r} has elements that are Python objects, which need the GIL")
    for i in range(len(opened.names)):
        open_place(opened.column(i))  # there is one: no memory is needed
    Py_INCREF(opened)
    return &opened.rows.place


cdef ArrayPlace* column_called(TablePlace* place, str name) except NULL:
    """The place of a column; KeyError if there is none of that name."""
    return place.columns[(<Table><object>place.table).index_of(name)]


cdef void close_table(TablePlace* place) noexcept:
    for i in range(place.column_count):
        place.columns[i].functions.close(place.columns[i])
    Py_DECREF(<object>place.table)  # last: may run Python code


# Called once a row: a C function, so that calling it costs next to nothing.

cdef object method_append(Table self, PyObject** args, Py_ssize_t count, PyObject* names):
    if count == 1 and names == NULL and append_numbers(self, self.rows, args[0]):
        return None
    return append_any(self, args, count, names)


cdef object append_any(Table self, PyObject** args, Py_ssize_t count, PyObject* names):
    cdef ArrayLock array_lock
    array_lock.hold(self)
    if count == 1 and names == NULL and append_row(self.rows, args[0]):
        return None
    return append_other(self, args, count, names)


cdef object append_other(Table self, PyObject** args, Py_ssize_t count, PyObject* names):
    if count != 1:
        raise TypeError(_messages.ROW_AS_ARGUMENTS)
    self.append_one(<object>args[0], names == NULL or is_lossless("append", count, <object>names, args))
    return None


cdef PyMethodDef append_method = PyMethodDef(
    b"append", <PyCFunction><void*>method_append, METH_FASTCALL | METH_KEYWORDS, NULL)


cdef bytes append_doc = b"""append($self, row, /, *, casting='lossless')
--

Add one row to every column or, if anything fails, to none. Amortised O(1).

Parameters
----------
row : tuple, list, dict or record
    A value for each column: in their order, or by their names, which a named tuple and a record have too.
casting : {'lossless', 'unsafe'}, optional
    ``'unsafe'`` converts as NumPy does, whatever is lost.

Raises
------
TypeError, OverflowError, ValueError
    If a column can't hold its value without loss, as for `DynamicArray.append`; if the row has too many values or
    too few, lacks a name or has another; or if the table can only be read.
MemoryError
    If there is no memory.

Examples
--------
>>> import cppdynarray as cda
>>> t = cda.DynamicTable(dtype=[("time", "f8"), ("position", "f4", 3)])
>>> t.append((0.5, [1, 2, 3]))
>>> t.append({"position": [4, 5, 6], "time": 1.0})
>>> t["position"][:, 0]
array([1., 4.], dtype=float32)
"""
append_method.ml_doc = append_doc


def add_append(type cls):
    """Gives a class of tables its append."""
    cls.append = PyDescr_NewMethod(cls, &append_method)


cdef bint can_be_stored(row) noexcept:
    """Whether a list of rows that begins with this one may be one that NumPy isn't asked about."""
    return type(row) in (tuple, dict, list)


cdef bint is_single(cnp.ndarray array, values) except -1:
    """Whether `values` is one value for all rows of a column rather than a column."""
    cdef int ndim = cnp.PyArray_NDIM(array) - 1
    if isinstance(values, (str, bytes, float, int)):
        return True
    if isinstance(values, cnp.ndarray):
        return cnp.PyArray_NDIM(values) <= ndim
    if ndim == 0:
        if isinstance(values, tuple) and (<object>array.descr).names is not None:
            return True  # a record
        return not (hasattr(values, "__iter__") or hasattr(values, "__array__")) or np.ndim(values) == 0 \
            if not hasattr(type(values), "__next__") else False
    return not hasattr(type(values), "__next__") and np.ndim(values) <= ndim


def columns_of(values, tuple table_names):
    """Columns by their names, of what has them: a table, a structured array, a dict, a frame; else None."""
    if isinstance(values, cnp.ndarray):
        if values.dtype.names is None:
            if values.ndim == 2 and values.shape[1] == len(table_names):
                return {name: values[:, i] for i, name in enumerate(table_names)}
            return None
        values = np.atleast_1d(values)
        return {name: values[name] for name in values.dtype.names}
    if isinstance(values, (list, tuple)):
        return None
    for names in ("keys", "column_names", "columns"):  # what dicts and pandas have, PyArrow, Polars
        found = getattr(values, names, None)
        if found is not None:
            return {name: values[name] for name in (found() if callable(found) else found)}
    return None


def as_column_dtype(wanted):
    """A dtype and the shape of a row, of what is asked for as the dtype of a column."""
    shape = ()
    if isinstance(wanted, tuple) and len(wanted) == 2 and not isinstance(wanted[0], tuple):
        wanted, shape = wanted
        shape = tuple([operator.index(size) for size in (shape if isinstance(shape, (tuple, list)) else (shape,))])
    dtype = as_growing_dtype(wanted)
    if dtype.subdtype is not None:
        dtype, inner = dtype.subdtype
        shape += inner
    return dtype, shape
