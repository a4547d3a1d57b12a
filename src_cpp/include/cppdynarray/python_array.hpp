// Handles: C++ and Cython code at work on the memory of a Python cppdynarray.DynamicArray.
//
//     cppdynarray::PythonArray1D<double> array(object);   // with the GIL
//     array.push_back(1.5);                               // without: Python sees it at once
//
// Needs Python's headers, and cppdynarray to be installed when it runs; nothing to link.
#pragma once

#include <Python.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <exception>
#include <ios>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "internal/assertions.hpp"
#include "internal/block.hpp"
#include "internal/python_api.hpp"

// The package's own modules are compiled without exceptions, and have no handles.
#if defined(__cpp_exceptions) || defined(_MSC_VER)

namespace cppdynarray {

// A Python exception is set. Cython's `except +` lets that one through; other C++ code returns to
// Python with an error, as pybind11 does for `throw pybind11::error_already_set()`.
struct PythonError : std::exception {
    const char* what() const noexcept override { return "a Python exception is set"; }
};

// MemoryError, once it reaches Python.
struct NoMemory : std::bad_alloc {
    const char* what() const noexcept override {
        return "no memory for the array to grow, or no array can have that size";
    }
};

// OSError, once it reaches Python by way of Cython: the file of a DynamicMemmap can't grow. code() says why,
// ENOSPC for a full disk.
struct FileError : std::ios_base::failure {
    explicit FileError(int error) : failure("the array's file can't grow", {error, std::generic_category()}) {}
};

// Why an array didn't grow.
[[noreturn]] inline void throw_no_room(const ArrayPlace* place) {
    const int error = growth_error(place->block);
    if (error != 0 && error != ENOMEM) throw FileError(error);
    throw NoMemory();
}

// The functions of the installed package; throws PythonError if it isn't there or doesn't fit these
// headers. Needs the GIL.
CPPDYNARRAY_HIDDEN inline const PythonApi& python_api() {
    static const PythonApi* found = nullptr;
    if (found != nullptr) return *found;
    PyObject* module = PyImport_ImportModule("cppdynarray._core._handles");
    if (module == nullptr) throw PythonError();
    Py_DECREF(module);  // sys.modules has it
    const auto* api = static_cast<const PythonApi*>(PyCapsule_Import(python_api_capsule, 0));
    if (api == nullptr) throw PythonError();
    if (api->version != python_api_version) {
        PyErr_Format(PyExc_ImportError,
                     "this module was compiled with version %u of cppdynarray's headers, and the installed "
                     "cppdynarray has version %u: %s",
                     python_api_version, api->version,
                     api->version < python_api_version ? "update cppdynarray" : "compile the module again");
        throw PythonError();
    }
    found = api;
    return *found;
}

// A reference to an array, with what every handle has. Copies refer to the same array. One
// thread at a time may change an array, through whatever handle or from Python. While there are handles
// the array's dtype and the shape of its rows stay as they are.
class PythonArray {
public:
    // Refers to nothing: may only be assigned to and destroyed.
    PythonArray() noexcept = default;

    PythonArray(const PythonArray& other) noexcept : place_(other.place_) {
        if (place_ == nullptr) return;
        const PyGILState_STATE state = PyGILState_Ensure();
        Py_INCREF(object());
        count_handle(place_);
        PyGILState_Release(state);
    }

    PythonArray(PythonArray&& other) noexcept : place_(std::exchange(other.place_, nullptr)) {}

    PythonArray& operator=(PythonArray other) noexcept {
        std::swap(place_, other.place_);
        return *this;
    }

    ~PythonArray() {
        // A handle with static storage outlives the interpreter, and the array goes with the process.
        if (place_ == nullptr || !Py_IsInitialized()) return;
        const PyGILState_STATE state = PyGILState_Ensure();
        place_->functions->close(place_);
        PyGILState_Release(state);
    }

    // The Python object, a borrowed reference; nullptr for a handle to nothing.
    PyObject* object() const noexcept { return place_ != nullptr ? static_cast<PyObject*>(place_->array) : nullptr; }

    // Gives memory behind the last row back to the system. Its addresses stay readable.
    void shrink_to_fit() noexcept { place_->functions->shrink_to_fit(place_); }

protected:
    PythonArray(PyObject* object, const char* kind, const ElementType& type, int ndim)
        : place_(python_api().open(object, kind, &type, ndim)) {
        if (place_ == nullptr) throw PythonError();
    }

    std::size_t rows() const noexcept { return length_of(place_); }

    void reserve_rows(std::size_t count) {
        if (!place_->functions->reserve(place_, count)) throw_no_room(place_);
    }
    void resize_rows(std::size_t count) {
        if (!place_->functions->resize(place_, count)) throw_no_room(place_);
        CPPDYNARRAY_ASSERT(rows() == count && "one thread at a time changes an array");
    }
    void append_rows(const void* source, std::size_t count) {
        [[maybe_unused]] const std::size_t before = rows();
        if (!place_->functions->append(place_, source, count)) throw_no_room(place_);
        CPPDYNARRAY_ASSERT(rows() == before + count && "one thread at a time changes an array");
    }

    ArrayPlace* place_ = nullptr;
};

// A handle to an array with one dimension, with std::vector's members. All but the constructor work
// without the GIL. What grows throws std::bad_alloc, and nothing has changed, if there is no memory; or, for
// arrays on files, FileError.
template <class T>
class PythonArray1D : public PythonArray {
public:
    using value_type = T;
    using size_type = std::size_t;

    PythonArray1D() noexcept = default;

    // Throws PythonError: TypeError if `object` is no array or has other elements, ValueError if it
    // can't grow or has more dimensions, ImportError if cppdynarray doesn't fit these headers.
    explicit PythonArray1D(PyObject* object) : PythonArray(object, "DynamicArray", element_type<T>(), 1) {}

    size_type size() const noexcept { return this->rows(); }
    bool empty() const noexcept { return size() == 0; }
    size_type capacity() const noexcept { return this->place_->capacity(); }
    // Up to here data() stays as it is.
    size_type max_size() const noexcept { return this->place_->max_size(); }

    T* data() const noexcept { return reinterpret_cast<T*>(this->place_->data()); }
    T* begin() const noexcept { return data(); }
    T* end() const noexcept { return data() + size(); }
    // Unchecked, as are front(), back() and pop_back().
    T& operator[](size_type index) const noexcept { return data()[index]; }
    T& front() const noexcept { return data()[0]; }
    T& back() const noexcept { return data()[size() - 1]; }

    T& at(size_type index) const {
        if (index >= size()) throw std::out_of_range("cppdynarray: index past the end");
        return data()[index];
    }

    void reserve(size_type count) { this->reserve_rows(count); }

    // New elements are zero; memory that was never written is not touched.
    void resize(size_type count) { this->resize_rows(count); }
    void clear() noexcept { this->place_->functions->resize(this->place_, 0); }
    void pop_back() noexcept { this->place_->functions->resize(this->place_, size() - 1); }

    // Amortised O(1); `value` may be an element. Python sees the length once the element is there.
    void push_back(const T& value) {
        const size_type count = size();
        // Not in terms of capacity(): a division.
        if ((count + 1) * sizeof(T) > this->place_->block->committed_bytes) this->reserve_rows(count + 1);
        ::new (static_cast<void*>(data() + count)) T(value);
        CPPDYNARRAY_ASSERT(size() == count && "one thread at a time changes an array");
        set_length_of(this->place_, count + 1);
    }

    // `count` elements at once, which may be the array's own.
    void append(const T* source, size_type count) { this->append_rows(source, count); }

    // Pushes many elements, at the speed of a std::vector: others see them when the writer ends, or publish() is
    // called. Nothing else may change the array as long as there is a writer; the handle must outlive it.
    //
    //     { auto writer = array.writer(); for (...) writer.push_back(x); }
    class Writer {
    public:
        explicit Writer(PythonArray1D& array) noexcept : array_(array) { look(); }
        ~Writer() { publish(); }
        Writer(const Writer&) = delete;
        Writer& operator=(const Writer&) = delete;

        // Amortised O(1); `value` may be an element. If there is no memory, what was pushed before stays.
        void push_back(const T& value) {
            if (end_ == room_end_) grow();
            ::new (static_cast<void*>(end_)) T(value);
            ++end_;
        }

        // With those that only the writer has seen.
        size_type size() const noexcept { return static_cast<size_type>(end_ - array_.data()); }

        void publish() noexcept {
            seen_.check(array_.place_);
            set_length_of(array_.place_, size());
            seen_.see(array_.place_);
        }

    private:
        void look() noexcept {
            seen_.see(array_.place_);
            end_ = array_.end();
            room_end_ = array_.data() + array_.capacity();
        }

        void grow() {
            publish();
            array_.reserve(size() + 1);
            look();
        }

        PythonArray1D& array_;
        T* end_;
        T* room_end_;
        LengthSeen seen_;
    };

    Writer writer() noexcept { return Writer(*this); }
};

// A handle to an array with two dimensions, that grows by rows. As PythonArray1D.
template <class T>
class PythonArray2D : public PythonArray {
public:
    using value_type = T;
    using size_type = std::size_t;

    PythonArray2D() noexcept = default;
    explicit PythonArray2D(PyObject* object) : PythonArray(object, "DynamicArray", element_type<T>(), 2) {}

    using PythonArray::rows;
    size_type cols() const noexcept { return this->place_->columns; }
    size_type size() const noexcept { return rows() * cols(); }

    // In rows.
    size_type capacity() const noexcept { return this->place_->capacity(); }
    size_type max_size() const noexcept { return this->place_->max_size(); }

    // Row after row, with nothing between them.
    T* data() const noexcept { return reinterpret_cast<T*>(this->place_->data()); }
    T* row(size_type index) const noexcept { return data() + index * cols(); }
    // Unchecked.
    T& operator()(size_type row, size_type column) const noexcept { return data()[row * cols() + column]; }

    void reserve(size_type count) { this->reserve_rows(count); }
    void resize(size_type count) { this->resize_rows(count); }
    void clear() noexcept { this->place_->functions->resize(this->place_, 0); }

    // One row of cols() elements, or several one after the other; they may be the array's own.
    void push_back(const T* source) { this->append_rows(source, 1); }
    void append(const T* source, size_type count) { this->append_rows(source, count); }
};

}  // namespace cppdynarray

#endif
