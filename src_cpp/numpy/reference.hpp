// A reference to a Python object, which its owner gives up at the end of its scope.
#pragma once

#include <Python.h>
#include <numpy/arrayobject.h>

#include <utility>

namespace cppdynarray {

// Holds one reference, or none. To give up the last one to an object may run Python code, so that where it matters when
// that is, the owner's scope says it: what is declared first is given up last.
class Reference {
public:
    Reference() noexcept = default;
    explicit Reference(PyObject* new_reference) noexcept : object_(new_reference) {}
    Reference(Reference&& other) noexcept : object_(other.release()) {}
    Reference& operator=(Reference&& other) noexcept {
        Py_XDECREF(std::exchange(object_, other.release()));
        return *this;
    }
    ~Reference() { Py_XDECREF(object_); }

    // One more, to what somebody else keeps for now.
    template <class Object>
    static Reference to(Object* borrowed) noexcept {
        return Reference(Py_NewRef(reinterpret_cast<PyObject*>(borrowed)));
    }

    explicit operator bool() const noexcept { return object_ != nullptr; }
    PyObject* get() const noexcept { return object_; }
    PyArrayObject* array() const noexcept { return reinterpret_cast<PyArrayObject*>(object_); }
    PyArray_Descr* dtype() const noexcept { return reinterpret_cast<PyArray_Descr*>(object_); }

    // The reference, which is the caller's from now on.
    PyObject* release() noexcept { return std::exchange(object_, nullptr); }

private:
    PyObject* object_ = nullptr;
};

}  // namespace cppdynarray
