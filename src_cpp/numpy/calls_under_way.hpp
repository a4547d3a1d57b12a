// NumPy's calls that work on a plain view of an array, while Python code that they run (an element's
// __add__, say) makes that array move to other memory.
#pragma once

#include <Python.h>
#include <numpy/arrayobject.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "array_fields.hpp"

namespace cppdynarray {

// A plain array that drops the references of `count` elements of `array` where they are, when it is freed
// itself. nullptr and MemoryError if that is not to be had. Runs no Python code: ndarrays aren't
// tracked by the garbage collector.
inline PyObject* new_dropper(PyArrayObject* array, void* slots, npy_intp count) noexcept {
    Py_INCREF(PyArray_DESCR(array));
    PyObject* dropper =
        PyArray_NewFromDescr(&PyArray_Type, PyArray_DESCR(array), 1, &count, nullptr, slots, NPY_ARRAY_CARRAY, nullptr);
    if (dropper != nullptr) own_block(reinterpret_cast<PyArrayObject*>(dropper), core->dropping_handler);
    return dropper;
}

// The elements of an array that is about to move are kept where they are too, with references of their
// own, as long as calls are under way. False: there are none, or no memory for it, and nothing has changed.
inline bool keep_for_calls_under_way(PyArrayObject* array) noexcept {
    // Strings can't be in two places.
    if (this_thread().calls_under_way == 0 || PyArray_TYPE(array) == NPY_VSTRING) return false;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    if (this_thread().kept_for_calls == nullptr) this_thread().kept_for_calls = PyList_New(0);
    PyObject* dropper = this_thread().kept_for_calls != nullptr
                            ? new_dropper(array, PyArray_DATA(array), PyArray_SIZE(array))
                            : nullptr;
    bool kept = dropper != nullptr && PyArray_INCREF(array) == 0;
    if (kept && PyList_Append(this_thread().kept_for_calls, dropper) < 0) {
        PyArray_XDECREF(array);  // the array has references too: none is the last
        kept = false;
    }
    if (dropper != nullptr && !kept) disown_elements(reinterpret_cast<PyArrayObject*>(dropper));
    Py_XDECREF(dropper);
    PyErr_Restore(type, value, traceback);
    return kept;
}

inline void begin_call() noexcept { ++this_thread().calls_under_way; }

// May run Python code: that of what is dropped.
inline void end_call() noexcept {
    if (--this_thread().calls_under_way != 0 || this_thread().kept_for_calls == nullptr) return;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    Py_DECREF(std::exchange(this_thread().kept_for_calls, nullptr));
    PyErr_Restore(type, value, traceback);
}

// NumPy wrote references to `view`, a plain view of `array` from before rows were removed: the slots past the
// length are left without them, as they were. May run Python code. False: an exception.
inline bool clear_removed(PyArrayObject* view, PyArrayObject* array) noexcept {
    if (PyArray_NDIM(view) == 0 || PyArray_SIZE(view) <= PyArray_SIZE(array) || PyArray_TYPE(array) == NPY_VSTRING ||
        PyArray_DESCR(view) != PyArray_DESCR(array))
        return true;
    const npy_intp kept = PyArray_SIZE(array);
    const npy_intp count = PyArray_SIZE(view) - kept;
    const npy_intp item = PyArray_ITEMSIZE(array);
    PyObject* dropper = new_dropper(array, PyArray_BYTES(array) + kept * item, count);
    if (dropper == nullptr) return false;
    Py_DECREF(dropper);
    // By now other rows may be there.
    if (PyArray_DATA(view) == PyArray_DATA(array) && PyArray_SIZE(array) == kept)
        std::memset(PyArray_BYTES(array) + kept * item, 0, static_cast<std::size_t>(count * item));
    return true;
}

// NumPy wrote to `view`, a plain view of `array` from before the array moved: what it wrote goes to where the
// array is now, as far as there still are such rows. False: an exception.
inline bool carry_over(PyArrayObject* view, PyArrayObject* array) noexcept {
    const int ndim = PyArray_NDIM(view);
    if (ndim == 0 || ndim != PyArray_NDIM(array) || PyArray_DESCR(view) != PyArray_DESCR(array)) return true;
    for (int axis = 1; axis < ndim; ++axis)
        if (PyArray_DIMS(view)[axis] != PyArray_DIMS(array)[axis]) return true;
    npy_intp dims[NPY_MAXDIMS];
    std::copy(PyArray_DIMS(view), PyArray_DIMS(view) + ndim, dims);
    dims[0] = std::min(dims[0], PyArray_DIMS(array)[0]);
    bool done = false;
    PyObject* parts[2] = {nullptr, nullptr};
    PyArrayObject* const wholes[2] = {view, array};
    for (int i = 0; i < 2; ++i) {
        Py_INCREF(PyArray_DESCR(wholes[i]));
        parts[i] = PyArray_NewFromDescr(&PyArray_Type, PyArray_DESCR(wholes[i]), ndim, dims, PyArray_STRIDES(wholes[i]),
                                        PyArray_DATA(wholes[i]), NPY_ARRAY_WRITEABLE, nullptr);
    }
    if (parts[0] != nullptr && parts[1] != nullptr)
        done = PyArray_CopyInto(reinterpret_cast<PyArrayObject*>(parts[1]),
                                reinterpret_cast<PyArrayObject*>(parts[0])) == 0;
    Py_XDECREF(parts[0]);
    Py_XDECREF(parts[1]);
    return done;
}

}  // namespace cppdynarray
