// Hands a C++ DynamicArray to Python, with no copy.
#pragma once

#include <Python.h>

#include "dynamic_array.hpp"
#include "python_array.hpp"

namespace cppdynarray {

// A new reference to a cppdynarray.DynamicArray that owns the memory of `array`, which is empty
// afterwards: data() is what it was. With `columns`, an array with two dimensions. The dtype is that
// of T; for a struct without StructFields, `dtype` names it. To go on writing from C++, open a handle:
//
//     PyObject* object = to_python(std::move(values));
//     PythonArray1D<double> handle(object);
//
// Throws PythonError, and `array` is as it was: ValueError if its elements don't make whole rows,
// TypeError if the dtype is unknown or does not fit. Needs the GIL.
template <class T>
PyObject* to_python(DynamicArray<T>&& array, std::size_t columns = 0, PyObject* dtype = nullptr) {
    const PythonApi& api = python_api();
    if (array.capacity() == 0) array.reserve(1);
    Py_ssize_t shape[2] = {static_cast<Py_ssize_t>(array.size()), static_cast<Py_ssize_t>(columns)};
    if (columns != 0) {
        if (array.size() % columns != 0) {
            PyErr_Format(PyExc_ValueError, "%zu elements don't make rows of %zu", array.size(), columns);
            throw PythonError();
        }
        shape[0] = static_cast<Py_ssize_t>(array.size() / columns);
    }
    const ElementType type = element_type<T>();
    PyObject* object = api.adopt(Block::of(array.data()), columns != 0 ? 2 : 1, shape, &type, dtype);
    if (object == nullptr) throw PythonError();
    array.release();
    return object;
}

}  // namespace cppdynarray
