// Handles: C++ and Cython code that pushes into a Python cppdynarray.RollingArray.
//
//     cppdynarray::PythonRolling1D<double> window(object);   // with the GIL
//     window.push_back(1.5);                                  // without: Python sees it at once
#pragma once

#include "internal/assertions.hpp"
#include "internal/rolling_place.hpp"
#include "python_array.hpp"

#if defined(__cpp_exceptions) || defined(_MSC_VER)

namespace cppdynarray {

// What both have. As for PythonArray, one thread at a time may push, and others may look. What grows
// can't fail: the track is long enough.
class PythonRolling : public PythonArray {
public:
    PythonRolling() noexcept = default;

    // The most rows that the window has.
    std::size_t maxlen() const noexcept { return place()->max_rows; }

    void clear() noexcept { set_first_of(place(), length_of(place())); }

protected:
    PythonRolling(PyObject* object, const ElementType& type, int ndim)
        : PythonArray(object, "RollingArray", type, ndim) {}

    RollingPlace* place() const noexcept { return static_cast<RollingPlace*>(this->place_); }
    std::size_t rows() const noexcept { return window_of(place()).rows; }
    char* start() const noexcept { return place()->data() + window_of(place()).start * place()->row_bytes; }
    void append_rows(const void* source, std::size_t count) noexcept { append_to_window(place(), source, count); }
};

// A handle to a RollingArray with one dimension. All but the constructor work without the GIL.
template <class T>
class PythonRolling1D : public PythonRolling {
public:
    using value_type = T;
    using size_type = std::size_t;

    PythonRolling1D() noexcept = default;

    // Throws PythonError: TypeError if `object` has other elements, ValueError if it is no RollingArray
    // that can take rows or has more dimensions, ImportError if cppdynarray doesn't fit these headers.
    explicit PythonRolling1D(PyObject* object) : PythonRolling(object, element_type<T>(), 1) {}

    size_type size() const noexcept { return this->rows(); }
    bool empty() const noexcept { return size() == 0; }

    // The oldest element; elsewhere after each push.
    T* data() const noexcept { return reinterpret_cast<T*>(this->start()); }
    T* begin() const noexcept { return data(); }
    T* end() const noexcept { return data() + size(); }
    // Unchecked, as are front() and back().
    T& operator[](size_type index) const noexcept { return data()[index]; }
    T& front() const noexcept { return data()[0]; }
    T& back() const noexcept { return data()[size() - 1]; }

    T& at(size_type index) const {
        if (index >= size()) throw std::out_of_range("cppdynarray: index past the end");
        return data()[index];
    }

    // O(1) amortised; `value` may be an element.
    void push_back(const T& value) noexcept {
        RollingPlace* const place = this->place();
        const std::size_t end = length_of(place);
        if ((end + 1) * sizeof(T) > place->block->committed_bytes) return this->append_rows(&value, 1);
        ::new (static_cast<void*>(reinterpret_cast<T*>(place->data()) + end)) T(value);
        CPPDYNARRAY_ASSERT(length_of(place) == end && "one thread at a time changes an array");
        set_length_of(place, end + 1);
    }

    // `count` elements at once, of which the last maxlen() stay; they may be the window's own.
    void append(const T* source, size_type count) noexcept { this->append_rows(source, count); }
};

// A handle to a RollingArray of rows. As PythonRolling1D.
template <class T>
class PythonRolling2D : public PythonRolling {
public:
    using value_type = T;
    using size_type = std::size_t;

    PythonRolling2D() noexcept = default;
    explicit PythonRolling2D(PyObject* object) : PythonRolling(object, element_type<T>(), 2) {}

    using PythonRolling::rows;
    size_type cols() const noexcept { return this->place()->columns; }
    size_type size() const noexcept { return rows() * cols(); }

    // Row after row, oldest first, with nothing between them.
    T* data() const noexcept { return reinterpret_cast<T*>(this->start()); }
    T* row(size_type index) const noexcept { return data() + index * cols(); }
    // Unchecked.
    T& operator()(size_type row, size_type column) const noexcept { return data()[row * cols() + column]; }

    // One row of cols() elements, or several one after the other; they may be the window's own.
    void push_back(const T* source) noexcept { this->append_rows(source, 1); }
    void append(const T* source, size_type count) noexcept { this->append_rows(source, count); }
};

}  // namespace cppdynarray

#endif
