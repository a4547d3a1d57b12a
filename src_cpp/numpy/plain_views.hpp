// Plain views of DynamicArrays: for users to keep, and for NumPy to work on during a call.
#pragma once

#include <Python.h>
#include <numpy/arrayobject.h>

#include <array>
#include <cstddef>
#include <tuple>

#include "array_fields.hpp"
#include "array_lock.hpp"
#include "core.hpp"
#include "places.hpp"

namespace cppdynarray {

// A new plain ndarray on the same memory, with the shape of this moment.
inline PyObject* as_plain(PyObject* object) noexcept {
    const ArrayLock lock(object);
    auto* array = reinterpret_cast<PyArrayObject*>(object);
    publish(array);
    Py_INCREF(PyArray_DESCR(array));
    PyObject* view = PyArray_NewFromDescr(&PyArray_Type, PyArray_DESCR(array), PyArray_NDIM(array), PyArray_DIMS(array),
                                          PyArray_STRIDES(array), PyArray_DATA(array), PyArray_FLAGS(array), nullptr);
    if (view == nullptr) return nullptr;
    Py_INCREF(object);
    if (PyArray_SetBaseObject(reinterpret_cast<PyArrayObject*>(view), object) < 0) Py_CLEAR(view);
    return view;
}

// Views for the length of a call. Making and freeing one takes as long as NumPy takes to add
// two small arrays, so those that nobody kept are used again. Needs the GIL.
class TemporaryViews {
public:
    // As as_plain().
    static PyObject* take(PyObject* object) noexcept {
        const ArrayLock lock(object);
        auto* array = reinterpret_cast<PyArrayObject*>(object);
        publish(array);
        const int ndim = PyArray_NDIM(array);
        PyObject* base = PyArray_BASE(array);  // what is no array NumPy takes for the end of a chain
        if (ndim < 1 || ndim > dimensions || (base != nullptr && PyArray_Check(base))) return as_plain(object);
        ThreadState* const thread = this_thread();
        if (thread == nullptr) return as_plain(object);
        ThreadState::SpareViews& spare = thread->spare_views[static_cast<std::size_t>(ndim - 1)];
        if (spare.size == 0) return as_plain(object);
        PyObject* view = spare.views[--spare.size];
        fill_view(reinterpret_cast<PyArrayObject*>(view), array);
        return view;
    }

    // Gives up a reference to what take() returned for `object`.
    static void give_back(PyObject* view, PyObject* object) noexcept {
        auto* array = reinterpret_cast<PyArrayObject*>(view);
        const int ndim = PyArray_NDIM(array);
        ThreadState* const thread = this_thread();
        if (thread != nullptr && ndim >= 1 && ndim <= dimensions && is_unshared_view(array, object)) {
            ThreadState::SpareViews& spare = thread->spare_views[static_cast<std::size_t>(ndim - 1)];
            if (spare.size < spare.views.size()) {
                ViewReferences references = empty_view(array);
                spare.views[spare.size++] = view;
                references.drop();  // last: Python code that runs then may take views and give some back
                return;
            }
        }
        Py_DECREF(view);
    }

private:
    static constexpr int dimensions = std::tuple_size_v<decltype(ThreadState::spare_views)>;
};

}  // namespace cppdynarray
