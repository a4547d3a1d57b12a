// What the code that Brian2 generates includes as "dynamic_array.h": its two classes, here handles
// onto the memory of Python's cppdynarray.DynamicArrays. That code only ever has pointers to them, which
// it takes from capsules; bool elements are char.
#pragma once

#include <cstddef>
#include <stdexcept>

#include "cppdynarray/python_array.hpp"

// In a namespace, so that no module's functions are taken for those of Brian2's own classes.
namespace cppdynarray::brian2 {

template <class T>
class DynamicArray1D : public PythonArray1D<T> {
public:
    T* get_data_ptr() const noexcept { return this->data(); }
};

// Rows have nothing between them: their stride is their length.
template <class T>
class DynamicArray2D : public PythonArray2D<T> {
public:
    void resize(std::size_t rows, std::size_t cols) {
        if (cols != this->cols()) throw std::invalid_argument("Resizing is only supported along the first dimension");
        resize_along_first(rows);
    }
    void resize_along_first(std::size_t rows) { PythonArray2D<T>::resize(rows); }

    T* get_data_ptr() const noexcept { return this->data(); }
    std::size_t stride() const noexcept { return this->cols(); }
};

}  // namespace cppdynarray::brian2

using cppdynarray::brian2::DynamicArray1D;
using cppdynarray::brian2::DynamicArray2D;
