// The way that most calls of append take: one element of a common dtype, with room for it.
#pragma once

#include <Python.h>
#include <numpy/arrayobject.h>

#include "array_growth.hpp"
#include "scalars.hpp"

namespace cppdynarray {

// Appends `value` to `self`, a one-dimensional array, if that takes no more than a store: false, and
// nothing has changed, if there is no room or the conversion needs NumPy. Runs no Python code.
inline bool append_scalar(PyObject* self, PyObject* value) noexcept {
    auto* array = reinterpret_cast<PyArrayObject*>(self);
    constexpr int needed = NPY_ARRAY_OWNDATA | NPY_ARRAY_WRITEABLE | NPY_ARRAY_ALIGNED;
    if (!is_quiet(array) || (PyArray_FLAGS(array) & needed) != needed || PyArray_NDIM(array) != 1) return false;
    const PyArray_Descr* dtype = PyArray_DESCR(array);
    const npy_intp item_size = PyDataType_ELSIZE(dtype);
    const npy_intp length = PyArray_DIMS(array)[0];
    char* const data = PyArray_BYTES(array);
    const auto used = static_cast<std::size_t>(length * item_size);
    // With one element the stride may be anything, see fix_row_stride().
    if (PyArray_STRIDES(array)[0] != item_size ||
        used + static_cast<std::size_t>(item_size) > Block::of(data)->committed_bytes || PyArray_ISBYTESWAPPED(array))
        return false;
    if (dtype->type_num == NPY_OBJECT) {
        Py_INCREF(value);
        *reinterpret_cast<PyObject**>(data + used) = value;
    } else if (!store_scalar(data + used, dtype->type_num, value)) {
        return false;
    }
    set_length(array, length + 1);  // publish_length(), for an array known to be quiet
    return true;
}

}  // namespace cppdynarray
