// The way that most calls of append and insert take: one element of a common dtype, with room for it.
#pragma once

#include <Python.h>
#include <numpy/arrayobject.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "array_growth.hpp"
#include "array_lock.hpp"
#include "scalars.hpp"
#include "store.hpp"

namespace cppdynarray {

// Appends a float to a quiet array of doubles, the most frequent call of all: no call and no switch, so that there are
// no registers to save either. False, and nothing has changed, for all else.
inline bool append_double(PyObject* self, PyObject* value) noexcept {
    constexpr int needed = NPY_ARRAY_OWNDATA | NPY_ARRAY_WRITEABLE | NPY_ARRAY_ALIGNED;
    const BriefArrayLock lock(self);
    auto* array = reinterpret_cast<PyArrayObject*>(self);
    if (!PyFloat_CheckExact(value) || !is_quiet(array) || PyArray_TYPE(array) != NPY_DOUBLE ||
        (PyArray_FLAGS(array) & needed) != needed || PyArray_NDIM(array) != 1)
        return false;
    const npy_intp length = PyArray_DIMS(array)[0];
    auto* const data = reinterpret_cast<npy_double*>(PyArray_DATA(array));
    // With one element the stride may be anything, see fix_row_stride().
    if (PyArray_STRIDES(array)[0] != sizeof(npy_double) || PyArray_ISBYTESWAPPED(array) ||
        (static_cast<std::size_t>(length) + 1) * sizeof(npy_double) > Block::of(data)->committed_bytes)
        return false;
    data[length] = PyFloat_AS_DOUBLE(value);
    PyArray_DIMS(array)[0] = length + 1;
    return true;
}

// Where the next element goes, behind the last of an array of ours whose length is published; nullptr where that takes
// more than a store.
inline char* next_slot(PyArrayObject* array) noexcept {
    constexpr int needed = NPY_ARRAY_OWNDATA | NPY_ARRAY_WRITEABLE | NPY_ARRAY_ALIGNED;
    if ((PyArray_FLAGS(array) & needed) != needed || PyArray_NDIM(array) != 1) return nullptr;
    const npy_intp item_size = PyArray_ITEMSIZE(array);
    char* const data = PyArray_BYTES(array);
    const auto used = static_cast<std::size_t>(PyArray_DIMS(array)[0] * item_size);
    // With one element the stride may be anything, see fix_row_stride().
    if (PyArray_STRIDES(array)[0] != item_size ||
        used + static_cast<std::size_t>(item_size) > Block::of(data)->committed_bytes)
        return nullptr;
    return data + used;
}

// Writes `value` as an element of an array to an aligned slot that holds nothing. False, and nothing is written: it is
// of no common dtype, or NumPy is to be asked.
inline bool store_element(char* slot, PyArrayObject* array, PyObject* value) noexcept {
    if (PyArray_ISBYTESWAPPED(array)) return false;
    if (PyArray_TYPE(array) != NPY_OBJECT) return store_scalar(slot, PyArray_TYPE(array), value);
    *reinterpret_cast<PyObject**>(slot) = Py_NewRef(value);
    return true;
}

// Writes `value` behind the last element of an array of ours whose length is published. The length that the
// caller has to set; 0, and nothing has changed, where append_scalar() is false.
inline npy_intp store_at_end(PyArrayObject* array, PyObject* value) noexcept {
    char* const slot = next_slot(array);
    return slot != nullptr && store_element(slot, array, value) ? PyArray_DIMS(array)[0] + 1 : 0;
}

// The same for elements of any plain dtype: dates, text, records, another byte order. A record may be refused when half
// of it is written, so that it is made apart where a view of removed rows may see the slot. Not where other threads may
// change a list in a record, which may run Python code.
CPPDYNARRAY_NOT_INLINE inline npy_intp store_any_at_end(PyArrayObject* array, PyObject* value) noexcept {
    char* const slot = next_slot(array);
    if (arrays_change_any_time || slot == nullptr || elements_of(array) != Elements::plain) return 0;
    Block* const block = Block::of(PyArray_DATA(array));
    const npy_intp length = PyArray_DIMS(array)[0] + 1;
    const auto size = static_cast<std::size_t>(PyArray_ITEMSIZE(array));
    if (block->has_removed(used_bytes(array))) {
        StoredRow row;
        if (!store_apart(row, array, value)) return 0;
        std::memcpy(slot, row.bytes(), size);
        return length;
    }
    if (store_row(slot, array, value)) return length;
    block->mark_written(static_cast<std::size_t>(length) * size);
    return 0;
}

// append_scalar() for an array that isn't quiet: one of a file, or with open handles. A function of its own,
// so that the others' is as short as if there were none. False also if there is something to publish.
CPPDYNARRAY_NOT_INLINE inline bool append_scalar_to_place(PyArrayObject* array, PyObject* value) noexcept {
    if (PyArray_NDIM(array) != 1) return false;
    ArrayPlace* const place = place_of(array);
    // NumPy's own functions may have given it other rows than the place has.
    if (place == nullptr || block_of(place)->data() != PyArray_BYTES(array) ||
        length_of(place) != static_cast<std::size_t>(PyArray_DIMS(array)[0]) ||
        place->row_bytes != static_cast<std::size_t>(PyArray_ITEMSIZE(array)))
        return false;
    const npy_intp length = store_at_end(array, value);
    if (length == 0) return false;
    set_length_of(place, static_cast<std::size_t>(length));
    set_length(array, length);
    return true;
}

// Appends `value` to `self`, a one-dimensional array, if that takes no more than a store: false, and
// nothing has changed, if there is no room or the conversion needs NumPy. Runs no Python code.
inline bool append_scalar(PyObject* self, PyObject* value) noexcept {
    const BriefArrayLock lock(self);
    auto* array = reinterpret_cast<PyArrayObject*>(self);
    if (!is_quiet(array)) return append_scalar_to_place(array, value);
    npy_intp length = store_at_end(array, value);
    if (length == 0) length = store_any_at_end(array, value);
    if (length == 0) return false;
    set_length(array, length);  // publish_length(), for an array known to be quiet
    return true;
}

// Puts `value` in front of the element at `index`, which is list.insert's, under the same conditions.
inline bool insert_scalar(PyObject* self, Py_ssize_t index, PyObject* value) noexcept {
    const BriefArrayLock lock(self);
    auto* array = reinterpret_cast<PyArrayObject*>(self);
    char* const end = is_quiet(array) ? next_slot(array) : nullptr;
    alignas(16) char element[16];  // as large as what store_scalar() writes
    if (end == nullptr || !store_element(element, array, value)) return false;
    const npy_intp length = PyArray_DIMS(array)[0];
    const auto size = static_cast<std::size_t>(PyArray_ITEMSIZE(array));
    if (index < 0) index = std::max<Py_ssize_t>(index + length, 0);
    char* const slot = PyArray_BYTES(array) + static_cast<std::size_t>(std::min(index, length)) * size;
    std::memmove(slot + size, slot, static_cast<std::size_t>(end - slot));
    std::memcpy(slot, element, size);
    set_length(array, length + 1);
    return true;
}

}  // namespace cppdynarray
