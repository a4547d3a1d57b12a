// What the code that Brian2 generates includes as "dynamic_array.h": its two classes, here handles
// onto the memory of Python's cppdynarray.DynamicArrays. That code only ever has pointers to them, which
// it takes from capsules; bool elements are char.
#pragma once

#include <cstddef>
#include <stdexcept>

#include "cppdynarray/python_array.hpp"

// In a namespace, so that no module's functions are taken for those of Brian2's own classes.
namespace cppdynarray::brian2 {

// What a capsule points to is the array's place, here with the names that Brian2's code uses.
class Array : public ArrayPlace {
public:
    void shrink_to_fit() noexcept { functions->shrink_to_fit(this); }

protected:
    std::size_t rows_in_all() const noexcept { return length_of(this); }
    void resize_rows(std::size_t rows) {
        if (!functions->resize(this, rows)) throw_no_room(this);
    }
};

template <class T>
class DynamicArray1D : public Array {
public:
    std::size_t size() const noexcept { return rows_in_all(); }
    void resize(std::size_t size) { resize_rows(size); }

    T* get_data_ptr() const noexcept { return reinterpret_cast<T*>(data()); }
    T& operator[](std::size_t index) const noexcept { return get_data_ptr()[index]; }
};

// Rows have nothing between them: their stride is their length.
template <class T>
class DynamicArray2D : public Array {
public:
    std::size_t rows() const noexcept { return rows_in_all(); }
    std::size_t cols() const noexcept { return columns; }
    std::size_t stride() const noexcept { return columns; }

    void resize(std::size_t rows, std::size_t cols) {
        if (cols != columns) throw std::invalid_argument("Resizing is only supported along the first dimension");
        resize_along_first(rows);
    }
    void resize_along_first(std::size_t rows) { resize_rows(rows); }

    T* get_data_ptr() const noexcept { return reinterpret_cast<T*>(data()); }
    T& operator()(std::size_t row, std::size_t column) const noexcept { return get_data_ptr()[row * columns + column]; }
};

}  // namespace cppdynarray::brian2

using cppdynarray::brian2::DynamicArray1D;
using cppdynarray::brian2::DynamicArray2D;
