// Rows of a table: how they are written without Python code, and how they move. All need the GIL, and the lock of the
// table (table_lock.hpp) where a function doesn't take it.
#pragma once

#include <Python.h>
#include <numpy/arrayobject.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "array_growth.hpp"
#include "cppdynarray/internal/table_place.hpp"
#include "elements.hpp"
#include "reference.hpp"
#include "removing.hpp"
#include "scalars.hpp"
#include "small_buffer.hpp"
#include "store.hpp"
#include "table_lock.hpp"

namespace cppdynarray {

struct TableColumn {
    ArrayPlace* place;      // nullptr where the table can only be read
    PyObject* object;       // a plain ndarray that owns the memory; the table's alone
    std::size_t row_bytes;
    npy_intp items;         // elements in a row
    int scalar_type;        // of an element that is a row, in native byte order; else NPY_NOTYPE
    Elements elements;

    PyArrayObject* array() const noexcept { return reinterpret_cast<PyArrayObject*>(object); }
    PyArray_Descr* dtype() const noexcept { return PyArray_DESCR(array()); }
    char* slot(std::size_t row) const noexcept { return place->data() + row * row_bytes; }
};

inline bool has_text(const TableColumn& column) noexcept { return column.elements == Elements::strings; }

inline void describe_column(TableColumn& column, PyArrayObject* array) noexcept {
    column.object = reinterpret_cast<PyObject*>(array);
    column.row_bytes = row_bytes(array);
    column.items = 1;
    for (int axis = 1; axis < PyArray_NDIM(array); ++axis) column.items *= PyArray_DIMS(array)[axis];
    column.elements = elements_of(array);
    column.scalar_type = PyArray_NDIM(array) == 1 && !PyArray_ISBYTESWAPPED(array) ? PyArray_TYPE(array) : NPY_NOTYPE;
}

// A column's place has the table's length, until the table gives it back.
inline void share_length(ArrayPlace* place, std::size_t* length) noexcept { place->length = length; }
inline void keep_length(ArrayPlace* place, std::size_t rows) noexcept {
    place->own_length = rows;
    place->length = &place->own_length;
}

// The columns of a table and where they are.
struct TableRows {
    TablePlace place;
    TableColumn* columns;
    PyObject* names;   // a tuple; borrowed
    bool has_text;     // whose arenas let other threads run
    bool others_run;   // while a row is written or read
    bool has_numbers;  // alone, of which a row is written before anything else can run
    std::size_t removed_end = 0;  // the most rows there were when some were removed
    TableMutex mutex;  // of a table with text
};

// Columns are described: what else there is to know of a table. Once.
inline void describe_table(TableRows& table) noexcept {
    bool text = false;
    table.has_numbers = true;
    for (std::size_t i = 0; i < table.place.column_count; ++i) {
        text = text || has_text(table.columns[i]);
        table.has_numbers = table.has_numbers && PyTypeNum_ISNUMBER(table.columns[i].scalar_type);
    }
    table.has_text = text && arenas_let_others_in;
    table.others_run = arrays_change_any_time || table.has_text;
    if (table.has_text) table.mutex.join_list();
}

inline void hold(TableLock& lock, TableRows& table) noexcept {
    if (table.has_text) lock.hold(table.mutex);
}

// Whether a table may change. One that is read, or whose files are closed, by whomever, has read-only columns.
inline bool can_grow(const TableRows& table) noexcept {
    return (PyArray_FLAGS(table.columns[0].array()) & NPY_ARRAY_WRITEABLE) != 0;
}

// Files are closed one by one, in a forked child while its parent goes on: then the shortest one counts.
inline std::size_t count_rows(const TableRows& table) noexcept {
    if (table.columns[0].place == nullptr) return table.place.own_length;
    std::size_t rows = length_of(&table.place);
    for (std::size_t i = 1; i < table.place.column_count && !can_grow(table); ++i)
        rows = std::min(rows, length_of(table.columns[i].place));
    return rows;
}

// Writing rows.

// As store.hpp's functions.
CPPDYNARRAY_NOT_INLINE inline bool store_other(const TableColumn& column, char* slot, PyObject* value) noexcept {
    return store_scalar(slot, column.scalar_type, value) || store_row(slot, column.array(), value);
}

inline bool store(const TableColumn& column, char* slot, PyObject* value) noexcept {
    if (column.scalar_type == NPY_DOUBLE && PyFloat_CheckExact(value)) {
        *reinterpret_cast<npy_double*>(slot) = PyFloat_AS_DOUBLE(value);
        return true;
    }
    return (column.scalar_type == NPY_INT64 && store_integer<npy_int64>(slot, value)) ||
           store_other(column, slot, value);
}

// Slots that are no rows hold no references, and the block knows how far it was written. The references are borrowed
// too: dropping them runs no Python code. A string is dropped by whoever writes there next.
inline void forget_rows(const TableColumn& column, std::size_t start, std::size_t stop) noexcept {
    if (column.elements != Elements::objects) {
        column.place->block->mark_written(stop * column.row_bytes);
        return;
    }
    const auto item = static_cast<std::size_t>(PyDataType_ELSIZE(column.dtype()));
    for (char *slot = column.slot(start), *end = column.slot(stop); slot < end; slot += item)
        PyArray_Item_XDECREF(slot, column.dtype());
    std::memset(column.slot(start), 0, (stop - start) * column.row_bytes);
}

// Whether views may see what lies behind `rows` rows.
inline bool has_removed_rows(const TableRows& table, std::size_t rows) noexcept { return rows < table.removed_end; }

// Rows on their way to where removed ones are: views see those, and new rows may be made of them. So nothing is written
// there before all rows are known to fit, but text, which is written to where it belongs alone, and removed text is "".
class RowsApart {
public:
    RowsApart(const TableRows& table, std::size_t start, std::size_t count) noexcept
        : table_(table), start_(start), count_(count), bytes_(bytes_of(table, count)) {
        if (*this)
            visit([](const TableColumn& column, char* slots, std::size_t bytes) {
                if (column.elements == Elements::objects) std::memset(slots, 0, bytes);
                return true;
            });
    }
    RowsApart(const RowsApart&) = delete;
    RowsApart& operator=(const RowsApart&) = delete;
    // The references are borrowed too: dropping them runs no Python code.
    ~RowsApart() {
        if (*this && !are_moved_)
            visit([this](const TableColumn& column, char* slots, std::size_t bytes) {
                const auto item = static_cast<std::size_t>(PyDataType_ELSIZE(column.dtype()));
                if (column.elements == Elements::objects) {
                    for (char* const end = slots + bytes; slots < end; slots += item)
                        PyArray_Item_XDECREF(slots, column.dtype());
                } else if (has_text(column)) {
                    const StringLock lock(column.dtype());
                    clear_strings(lock.arena(), slots, bytes / item);
                    column.place->block->mark_written((start_ + count_) * column.row_bytes);  // "" isn't zero bytes
                }
                return true;
            });
    }

    // False: there was no memory.
    explicit operator bool() const noexcept { return bytes_.data() != nullptr; }

    // As store_values().
    bool store_values(std::size_t index, PyObject* const* values) noexcept {
        return visit([&](const TableColumn& column, char* slots, std::size_t) {
            return store(column, slots + index * column.row_bytes, *values++);
        });
    }

    void move() noexcept {
        visit([this](const TableColumn& column, char* slots, std::size_t bytes) {
            if (!has_text(column)) write_bytes(column.place->block, start_ * column.row_bytes, slots, bytes);
            return true;
        });
        are_moved_ = true;
    }

private:
    // Each column's rows begin where any element may.
    static std::size_t round_up(std::size_t bytes) noexcept { return (bytes + 15) & ~std::size_t{15}; }

    // SIZE_MAX is more than there is memory.
    static std::size_t bytes_of(const TableRows& table, std::size_t count) noexcept {
        std::size_t all = 0, bytes = 0;
        for (std::size_t i = 0; i < table.place.column_count; ++i) {
            if (!multiply(count, table.columns[i].row_bytes, bytes) || bytes > NPY_MAX_INTP - 16 - all) return SIZE_MAX;
            all += round_up(bytes);
        }
        return all;
    }

    template <class Visit>
    bool visit(Visit call) noexcept {
        char* apart = bytes_.data();
        for (std::size_t i = 0; i < table_.place.column_count; ++i) {
            const TableColumn& column = table_.columns[i];
            const std::size_t bytes = count_ * column.row_bytes;
            if (!call(column, has_text(column) ? column.slot(start_) : apart, bytes)) return false;
            apart += round_up(bytes);
        }
        return true;
    }

    const TableRows& table_;
    std::size_t start_;
    std::size_t count_;
    bool are_moved_ = false;
    SmallBuffer<char, 1024> bytes_;
};

CPPDYNARRAY_NOT_INLINE inline bool store_values_apart(const TableRows& table, std::size_t row,
                                                      PyObject* const* values) noexcept {
    RowsApart rows(table, row, 1);
    if (!rows || !rows.store_values(0, values)) return false;
    rows.move();
    return true;
}

// Writes one row, behind the last, to slots for which there is memory, and publishes nothing. False: ask NumPy, and
// nothing is left behind. Runs no Python code and sets no exception.
inline bool store_values(const TableRows& table, std::size_t row, PyObject* const* values) noexcept {
    if (has_removed_rows(table, row)) return store_values_apart(table, row, values);
    const TableColumn *const end = table.columns + table.place.column_count, *column = table.columns;
    while (column != end && store(*column, column->slot(row), *values)) ++column, ++values;
    if (column == end) return true;
    for (const TableColumn* written = table.columns; written <= column; ++written) forget_rows(*written, row, row + 1);
    return false;
}

constexpr std::size_t most_items_of_dicts = 32;

// The values of a dict whose keys are the table's names, borrowed. False for others, and for other keys than strings,
// which might run Python code.
inline bool find_items(const TableRows& table, PyObject* values, PyObject* (&items)[most_items_of_dicts]) noexcept {
    const auto count = static_cast<Py_ssize_t>(table.place.column_count);
    if (count > static_cast<Py_ssize_t>(most_items_of_dicts) || PyDict_GET_SIZE(values) != count) return false;
    PyObject *key, *value;
    bool in_order = true;  // of the columns, and the very strings: so it is where rows are written out as dicts
    for (Py_ssize_t i = 0, position = 0; PyDict_Next(values, &position, &key, &value); ++i) {
        if (!PyUnicode_CheckExact(key)) return false;
        in_order = in_order && key == PyTuple_GET_ITEM(table.names, i);
        items[i] = value;
    }
    for (Py_ssize_t i = 0; !in_order && i < count; ++i) {
        items[i] = PyDict_GetItemWithError(values, PyTuple_GET_ITEM(table.names, i));
        if (items[i] == nullptr) {
            PyErr_Clear();
            return false;
        }
    }
    return true;
}

// A row whose values nobody changes while they are stored, and other threads run: a tuple, a new reference; nullptr for
// what is no row that can be stored. What it alone still refers to in the end may run Python code: it is given up last.
inline PyObject* steady_row(const TableRows& table, PyObject* values) noexcept {
    if (PyTuple_CheckExact(values)) return Py_NewRef(values);
    Reference row;
    if (PyList_CheckExact(values)) {
        row = Reference(PyList_AsTuple(values));
    } else if (PyDict_CheckExact(values)) {
        PyObject* items[most_items_of_dicts];
        const ArrayLock lock(values);
        if (!find_items(table, values, items)) return nullptr;
        row = Reference(PyTuple_New(static_cast<Py_ssize_t>(table.place.column_count)));
        for (std::size_t i = 0; row && i < table.place.column_count; ++i)
            PyTuple_SET_ITEM(row.get(), static_cast<Py_ssize_t>(i), Py_NewRef(items[i]));
    }
    if (!row) PyErr_Clear();
    return row.release();
}

// Whether a tuple has a value for each column.
inline bool is_row(const TableRows& table, PyObject* tuple) noexcept {
    return PyTuple_GET_SIZE(tuple) == static_cast<Py_ssize_t>(table.place.column_count);
}

// Calls `store` with the values of any row that needs no conversion by NumPy; false for others.
template <class Store>
inline bool with_values(const TableRows& table, PyObject* row, Store store) noexcept {
    if (PyTuple_CheckExact(row)) return is_row(table, row) && store(&PyTuple_GET_ITEM(row, 0));
    PyObject* items[most_items_of_dicts];
    if (PyDict_CheckExact(row)) return find_items(table, row, items) && store(items);
    return PyList_CheckExact(row) && PyList_GET_SIZE(row) == static_cast<Py_ssize_t>(table.place.column_count) &&
           store(PySequence_Fast_ITEMS(row));
}

inline bool store_tuple(const TableRows& table, std::size_t row, PyObject* values) noexcept {
    return is_row(table, values) && store_values(table, row, &PyTuple_GET_ITEM(values, 0));
}

inline bool store_any(const TableRows& table, std::size_t row, PyObject* values) noexcept {
    return with_values(table, values, [&](PyObject* const* items) { return store_values(table, row, items); });
}

// The same for all rows of a list or tuple, where removed ones are; there is memory for them.
inline bool store_all_apart(const TableRows& table, std::size_t start, PyObject* list) noexcept {
    const auto count = static_cast<std::size_t>(PySequence_Fast_GET_SIZE(list));
    RowsApart rows(table, start, count);
    for (std::size_t i = 0; rows && i < count; ++i) {
        PyObject* const row = PySequence_Fast_GET_ITEM(list, static_cast<Py_ssize_t>(i));
        if (!with_values(table, row, [&](PyObject* const* items) { return rows.store_values(i, items); })) return false;
    }
    if (rows) rows.move();
    return static_cast<bool>(rows);
}

template <class Store>
inline bool append_stored(TableRows& table, PyObject* values, Store store_as) noexcept {
    if (!can_grow(table)) return false;
    const std::size_t row = length_of(&table.place);
    if (row >= table.place.capacity || !store_as(table, row, values)) return false;
    set_length_of(&table.place, row + 1);
    return true;
}

CPPDYNARRAY_NOT_INLINE inline bool append_other_row(TableRows& table, PyObject* values) noexcept {
    if (!table.others_run) return append_stored(table, values, store_any);
    const Reference row(steady_row(table, values));  // given up behind the lock
    if (!row) return false;
    TableLock lock;
    hold(lock, table);
    return append_stored(table, row.get(), store_tuple);
}

// append_row() for the lock of a table, `self`, that isn't held yet: rows of numbers, and no others.
inline bool append_numbers(PyObject* self, TableRows& table, PyObject* values) noexcept {
    if (!arrays_change_any_time || !table.has_numbers || !PyTuple_CheckExact(values)) return false;
    const BriefArrayLock lock(self);
    return append_stored(table, values, store_tuple);
}

// Appends a row for which there is room in every column; false, and nothing has changed, where that isn't so or NumPy
// is to be asked.
inline bool append_row(TableRows& table, PyObject* values) noexcept {
    return !table.others_run && PyTuple_CheckExact(values) ? append_stored(table, values, store_tuple)
                                                           : append_other_row(table, values);
}

// Whether `value` is an array whose bytes are rows of a column as they are.
inline bool is_block(const TableColumn& column, PyObject* value) noexcept {
    if (!PyArray_CheckExact(value) || column.elements != Elements::plain) return false;
    auto* const array = reinterpret_cast<PyArrayObject*>(value);
    const int ndim = PyArray_NDIM(column.array());
    return PyArray_DESCR(array) == column.dtype() && PyArray_NDIM(array) == ndim && PyArray_IS_C_CONTIGUOUS(array) &&
           std::equal(PyArray_DIMS(array) + 1, PyArray_DIMS(array) + ndim, PyArray_DIMS(column.array()) + 1);
}

inline bool is_number(const TableColumn& column, PyObject* value) noexcept {
    return column.elements == Elements::plain && (PyFloat_CheckExact(value) || PyLong_CheckExact(value));
}

inline void fill_rows(char* slots, const char* row, std::size_t row_bytes, std::size_t count) noexcept {
    if (row_bytes == 8) {
        std::uint64_t value;
        std::memcpy(&value, row, 8);
        std::fill_n(reinterpret_cast<std::uint64_t*>(slots), count, value);
    } else {
        for (std::size_t i = 0; i < count; ++i) std::memcpy(slots + i * row_bytes, row, row_bytes);
    }
}

// How many rows columns are: arrays whose bytes are rows as they are, and single numbers. 0 for others.
inline std::size_t count_new_rows(const TableRows& table, PyObject* const* items) noexcept {
    npy_intp count = -1;
    for (std::size_t i = 0; i < table.place.column_count; ++i) {
        if (!is_block(table.columns[i], items[i])) {
            if (!is_number(table.columns[i], items[i])) return 0;
            continue;
        }
        const npy_intp rows = PyArray_DIMS(reinterpret_cast<PyArrayObject*>(items[i]))[0];
        if (count >= 0 && rows != count) return 0;
        count = rows;
    }
    return static_cast<std::size_t>(std::max<npy_intp>(count, 0));
}

// Whether an array is in memory of the table's columns.
inline bool is_within(const TableRows& table, PyArrayObject* array) noexcept {
    const auto at = reinterpret_cast<std::uintptr_t>(PyArray_DATA(array));
    for (std::size_t i = 0; i < table.place.column_count; ++i) {
        Block* const block = table.columns[i].place->block;
        if (at - reinterpret_cast<std::uintptr_t>(block->data()) < block->committed_bytes) return true;
    }
    return false;
}

// Writes a column's item where nobody sees it, unless its rows are there already. False: ask NumPy.
inline bool prepare_item(const TableRows& table, const TableColumn& column, PyObject* item, bool has_removed,
                         char (&number)[16]) noexcept {
    // Removed rows of another column would be overwritten before they are read.
    if (is_block(column, item)) return !has_removed || !is_within(table, reinterpret_cast<PyArrayObject*>(item));
    return column.row_bytes <= sizeof number && store(column, number, item);
}

inline bool append_items(TableRows& table, PyObject* const* items) noexcept {
    TableLock lock;
    hold(lock, table);
    const std::size_t rows = count_new_rows(table, items);
    const std::size_t start = length_of(&table.place);
    if (!can_grow(table) || rows == 0 || start > table.place.capacity || rows > table.place.capacity - start)
        return false;
    const bool has_removed = has_removed_rows(table, start);
    alignas(16) char numbers[most_items_of_dicts][16];
    for (std::size_t i = 0; i < table.place.column_count; ++i)
        if (!prepare_item(table, table.columns[i], items[i], has_removed, numbers[i])) return false;
    for (std::size_t i = 0; i < table.place.column_count; ++i) {
        const TableColumn& column = table.columns[i];
        if (is_block(column, items[i]))
            write_bytes(column.place->block, start * column.row_bytes,
                        PyArray_DATA(reinterpret_cast<PyArrayObject*>(items[i])), rows * column.row_bytes);
        else fill_rows(column.slot(start), numbers[i], column.row_bytes, rows);
    }
    set_length_of(&table.place, start + rows);
    return true;
}

// Appends columns, a dict of them, for which there is room: arrays whose bytes are rows as they are, and single
// numbers. False, and nothing has changed, where that isn't so.
inline bool append_columns(TableRows& table, PyObject* columns) noexcept {
    if (!PyDict_CheckExact(columns)) return false;
    if (!table.others_run) {
        PyObject* items[most_items_of_dicts];
        return find_items(table, columns, items) && append_items(table, items);
    }
    const Reference items(steady_row(table, columns));
    return items && append_items(table, &PyTuple_GET_ITEM(items.get(), 0));
}

// Moving rows. What is removed from a column that holds references comes into `bin`, which is large enough.

inline void remove_range(char* data, std::size_t row_bytes, std::size_t count, std::size_t start, std::size_t stop,
                         char* bin) noexcept {
    if (bin != nullptr) std::memcpy(bin, data + start * row_bytes, (stop - start) * row_bytes);
    std::memmove(data + start * row_bytes, data + stop * row_bytes, (count - stop) * row_bytes);
}

// Which rows go, in each column alike: a range, those of a mask, or some whose positions the last take.
struct Removal {
    std::size_t count = 0;  // rows before
    std::size_t removed = 0;
    std::size_t start = 0;  // of a range
    const npy_bool* gone = nullptr;
    const npy_intp* rows = nullptr;  // ascending
};

inline void remove_rows(char* data, std::size_t row_bytes, const Removal& removal, char* bin) noexcept {
    if (removal.gone != nullptr) close_gaps(data, removal.gone, removal.count, row_bytes, bin);
    else if (removal.rows != nullptr) fill_gaps(data, removal.count, row_bytes, removal.rows, removal.removed, bin);
    else remove_range(data, row_bytes, removal.count, removal.start, removal.start + removal.removed, bin);
}

}  // namespace cppdynarray
