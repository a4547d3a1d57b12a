// Values written as elements of any dtype, at any depth of records and rows: the one way in for what append, extend
// and the constructor are given. What would lose something, or is of a class that isn't known here, is NumPy's, which
// converts it or says what is wrong.
//
// All of it returns false for "ask NumPy": then the slot may hold anything, but every reference in it is its own. It
// runs no Python code and sets no exception. Slots may be anyhow aligned; those of dtypes with references hold none.
// For strings it takes the lock of their arena, which nobody may have who calls this.
#pragma once

#include <Python.h>
#include <numpy/arrayobject.h>
#include <numpy/arrayscalars.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "array_growth.hpp"
#include "convert.hpp"
#include "dates.hpp"
#include "elements.hpp"
#include "list_item.hpp"
#include "numbers.hpp"
#include "reference.hpp"
#include "small_buffer.hpp"
#include "strings.hpp"
#include "text.hpp"

namespace cppdynarray {

inline bool store_value(char* slot, PyArray_Descr* dtype, PyObject* value) noexcept;

inline std::size_t size_of(const PyArray_Descr* dtype) noexcept {
    return static_cast<std::size_t>(PyDataType_ELSIZE(dtype));
}

// Calls `call` with an item of a list or tuple at an index below its size: what it returns, or false where there is
// none by now.
template <class Call>
inline bool with_item(PyObject* items, npy_intp index, Call call) noexcept {
    if (PyTuple_CheckExact(items)) return call(PyTuple_GET_ITEM(items, index));
    const ListItem item(items, index);
    return item && call(item.get());
}

// Elements in rows: lists and tuples of the right length, arrays of the right shape, nested as deep as there are axes.
// Among records a tuple is one of them.
inline bool store_rows(char* slots, PyArray_Descr* dtype, int ndim, const npy_intp* dims, PyObject* value) noexcept {
    if (ndim == 0) return store_value(slots, dtype, value);
    std::size_t row = size_of(dtype);
    for (int axis = 1; axis < ndim; ++axis) row *= static_cast<std::size_t>(dims[axis]);
    if (PyList_CheckExact(value) || (PyTuple_CheckExact(value) && !PyDataType_HASFIELDS(dtype))) {
        if (PySequence_Fast_GET_SIZE(value) != dims[0]) return false;
        for (npy_intp i = 0; i < dims[0]; ++i, slots += row) {
            const auto store = [&](PyObject* item) { return store_rows(slots, dtype, ndim - 1, dims + 1, item); };
            if (!with_item(value, i, store)) return false;
        }
        return true;
    }
    if (!PyArray_CheckExact(value)) return false;
    auto* const array = reinterpret_cast<PyArrayObject*>(value);
    if (elements_of(dtype) != Elements::plain || PyArray_NDIM(array) != ndim ||
        !std::equal(dims, dims + ndim, PyArray_DIMS(array)))
        return false;
    if (PyArray_DESCR(array) == dtype && PyArray_IS_C_CONTIGUOUS(array)) {
        std::memcpy(slots, PyArray_DATA(array), row * static_cast<std::size_t>(dims[0]));
        return true;
    }
    const Conversion how = array_conversion(array, dtype);
    return how.function != nullptr && convert_array(how, array, slots);
}

inline bool store_subarray(char* slot, const PyArray_ArrayDescr* part, PyObject* value) noexcept {
    npy_intp dims[NPY_MAXDIMS];
    const int ndim = static_cast<int>(PyTuple_GET_SIZE(part->shape));
    for (int axis = 0; axis < ndim; ++axis) dims[axis] = PyLong_AsSsize_t(PyTuple_GET_ITEM(part->shape, axis));
    return store_rows(slot, part->base, ndim, dims, value);
}

// A tuple as a record, or a record as it is. What lies between the fields is left alone.
inline bool store_record(char* slot, PyArray_Descr* dtype, PyObject* value) noexcept {
    if (Py_TYPE(value) == &PyVoidArrType_Type) {
        const auto* record = reinterpret_cast<PyVoidScalarObject*>(value);
        if (record->descr != dtype || elements_of(dtype) != Elements::plain) return false;
        std::memcpy(slot, record->obval, size_of(dtype));
        return true;
    }
    PyObject* const names = PyDataType_NAMES(dtype);
    const Py_ssize_t count = PyTuple_GET_SIZE(names);
    if (!PyTuple_CheckExact(value) || PyTuple_GET_SIZE(value) != count) return false;
    for (Py_ssize_t i = 0; i < count; ++i) {
        // Names are strings: no lookup fails, and none runs Python code.
        PyObject* const field = PyDict_GetItem(PyDataType_FIELDS(dtype), PyTuple_GET_ITEM(names, i));
        auto* const part = reinterpret_cast<PyArray_Descr*>(PyTuple_GET_ITEM(field, 0));
        const Py_ssize_t offset = PyLong_AsSsize_t(PyTuple_GET_ITEM(field, 1));
        if (!store_value(slot + offset, part, PyTuple_GET_ITEM(value, i))) return false;
    }
    return true;
}

inline bool store_reference(char* slot, PyObject* value) noexcept {
    Py_INCREF(value);
    std::memcpy(slot, &value, sizeof value);
    return true;
}

// Dates also take Python's ints, which count units of the dtype.
inline bool store_time(char* slot, PyArray_Descr* dtype, PyObject* value) noexcept {
    if (store_date(slot, dtype, value)) return true;
    const Number number = read_number(value);
    if (number.kind != Number::python_int || number.integer == NPY_DATETIME_NAT ||
        unit_of(dtype).base == NPY_FR_GENERIC)
        return false;
    return store_real<npy_int64>(slot, number);
}

inline bool store_string(char* slot, PyArray_Descr* dtype, PyObject* value) noexcept {
    if (!PyUnicode_CheckExact(value) || !takes_any_str(dtype)) return false;
    Py_ssize_t size = 0;
    const char* const text = PyUnicode_AsUTF8AndSize(value, &size);
    if (text == nullptr) {
        PyErr_Clear();
        return false;
    }
    const StringLock lock(dtype);
    return pack_string(lock.arena(), slot, text, static_cast<std::size_t>(size));
}

inline bool store_in_native_order(char* slot, PyArray_Descr* dtype, PyObject* value) noexcept {
    // A number of the dtype's own class: all of them have it in one place.
    if (Py_TYPE(value) == dtype->typeobj && dtype->type_num <= NPY_CLONGDOUBLE) {
        static_assert(offsetof(PyBoolScalarObject, obval) == offsetof(PyDoubleScalarObject, obval));
        static_assert(offsetof(PyCDoubleScalarObject, obval) == offsetof(PyDoubleScalarObject, obval));
        static_assert(offsetof(PyLongDoubleScalarObject, obval) == offsetof(PyDoubleScalarObject, obval));
        std::memcpy(slot, reinterpret_cast<char*>(value) + offsetof(PyDoubleScalarObject, obval), size_of(dtype));
        return true;
    }
    switch (dtype->type_num) {
        case NPY_UNICODE: return store_text<npy_ucs4>(slot, size_of(dtype) / sizeof(npy_ucs4), value);
        case NPY_STRING: return store_text<npy_ubyte>(slot, size_of(dtype), value);
        case NPY_DATETIME:
        case NPY_TIMEDELTA: return store_time(slot, dtype, value);
        default: return store_number(slot, dtype->type_num, read_number(value));
    }
}

// Writes `value` as an element of `dtype` to `slot`.
inline bool store_value(char* slot, PyArray_Descr* dtype, PyObject* value) noexcept {
    switch (dtype->type_num) {
        case NPY_OBJECT: return store_reference(slot, value);
        case NPY_VSTRING: return store_string(slot, dtype, value);
        case NPY_VOID:
            if (PyDataType_HASSUBARRAY(dtype)) return store_subarray(slot, PyDataType_SUBARRAY(dtype), value);
            return PyDataType_HASFIELDS(dtype) ? store_record(slot, dtype, value)
                                               : store_void(slot, size_of(dtype), value);
        case NPY_DOUBLE:
            if (PyFloat_CheckExact(value) && PyArray_ISNBO(dtype->byteorder)) {
                std::memcpy(slot, &reinterpret_cast<PyFloatObject*>(value)->ob_fval, sizeof(double));
                return true;
            }
            [[fallthrough]];
        default:
            if (!store_in_native_order(slot, dtype, value)) return false;
            if (const auto swap = swapping_for(dtype).swap) swap(slot, size_of(dtype));
            return true;
    }
}

// Writes `value` as a row of `array` to `slot`.
inline bool store_row(char* slot, PyArrayObject* array, PyObject* value) noexcept {
    PyArray_Descr* const dtype = PyArray_DESCR(array);
    // What lies between fields, and what a failure leaves in a slot with references, is zero.
    if (PyDataType_HASFIELDS(dtype)) std::memset(slot, 0, row_bytes(array));
    return store_rows(slot, dtype, PyArray_NDIM(array) - 1, PyArray_DIMS(array) + 1, value);
}

// A row on its way into an array. What it refers to is dropped with it, unless it was moved.
class StoredRow {
public:
    StoredRow() noexcept = default;
    StoredRow(const StoredRow&) = delete;
    StoredRow& operator=(const StoredRow&) = delete;
    ~StoredRow() {
        for (char* item = bytes_; item < bytes_ + size_; item += size_of(dtype_.dtype()))
            PyArray_Item_XDECREF(item, dtype_.dtype());
    }

    // Before it is written, as a row of `array`. False: it is too large, or its elements are strings, which are
    // written to where they belong alone.
    bool begin(PyArrayObject* array) noexcept {
        const Elements elements = elements_of(array);
        const std::size_t size = row_bytes(array);
        if (size > sizeof bytes_ || elements == Elements::strings) return false;
        if (elements == Elements::objects) {
            std::memset(bytes_, 0, size);
            size_ = size;
            dtype_ = Reference::to(PyArray_DESCR(array));
        }
        return true;
    }

    char* bytes() noexcept { return bytes_; }
    // The bytes are somewhere else by now, and own what they refer to.
    void moved() noexcept { size_ = 0; }

private:
    alignas(16) char bytes_[256];  // enough for one row of nearly any array
    std::size_t size_ = 0;         // what of it refers to objects, of which dtype
    Reference dtype_;
};

inline bool store_apart(StoredRow& row, PyArrayObject* array, PyObject* value) noexcept {
    return row.begin(array) && store_row(row.bytes(), array, value);
}

// Writes items of a list or tuple as rows of `array`: which is the first, up to `stop`, that is NumPy's.
inline npy_intp store_items(char* slots, PyArrayObject* array, PyObject* items, npy_intp start,
                            npy_intp stop) noexcept {
    const std::size_t row = row_bytes(array);
    for (npy_intp i = start; i < stop; ++i, slots += row)
        if (!with_item(items, i, [&](PyObject* item) { return store_row(slots, array, item); })) return i;
    return stop;
}

// Appends `count` rows that `store` writes to where it is told, which nobody sees before all are known to fit, and
// which may read what the array left behind its end. False, and nothing has changed, where it fails.
template <class Store>
inline bool append_apart(PyArrayObject* array, npy_intp count, Store store) noexcept {
    std::size_t bytes = 0;
    if (!multiply(static_cast<std::size_t>(count), row_bytes(array), bytes)) return false;
    const SmallBuffer<char, 2048> rows(bytes);
    return rows.data() != nullptr && store(rows.data()) &&
           append_rows(ArrayRows(array), rows.data(), static_cast<std::size_t>(count));
}

// Appends the items of a list or tuple, where rows were removed.
inline bool append_items_apart(PyArrayObject* array, PyObject* items, npy_intp count) noexcept {
    return append_apart(array, count, [&](char* rows) { return store_items(rows, array, items, 0, count) == count; });
}

// The same for an array that converts.
inline bool append_array_apart(const Conversion& how, PyArrayObject* array, PyArrayObject* values) noexcept {
    return append_apart(array, PyArray_DIMS(values)[0], [&](char* rows) { return convert_array(how, values, rows); });
}

}  // namespace cppdynarray
