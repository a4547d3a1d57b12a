// The lock of one array, where the interpreter has none for all: in free-threaded CPython. With a GIL nothing here
// compiles to anything.
//
//     Who changes an array, or takes a view of it, holds that array's lock. All else works on views.
//
// It is the critical section of the array object, as that of a list is: what waits, or hands the processor on as
// code without the GIL does, gives it up meanwhile, so that no two threads wait for each other. So it protects
// what the GIL protects: from where the last Python code ran to where the array is whole again. Code that was
// written for the GIL is right with it, if it looks at no other object that threads share.
#pragma once

#include <Python.h>
#include <numpy/arrayobject.h>

#include <cstdint>

namespace cppdynarray {

// Whether other threads may change an array at any time, and not only where Python code runs.
#ifdef Py_GIL_DISABLED
constexpr bool arrays_change_any_time = true;
#else
constexpr bool arrays_change_any_time = false;
#endif

class ArrayLock {
public:
    ArrayLock() noexcept = default;  // holds nothing: for Cython, which declares first
    ArrayLock(const ArrayLock&) = delete;
    ArrayLock& operator=(const ArrayLock&) = delete;

#ifdef Py_GIL_DISABLED
    explicit ArrayLock(PyObject* array) noexcept { hold(array); }
    ~ArrayLock() {
        if (count_ == 1) PyCriticalSection_End(&sections_.one);
        if (count_ == 2) PyCriticalSection2_End(&sections_.two);
    }

    // At first.
    void hold(PyObject* array) noexcept {
        PyCriticalSection_Begin(&sections_.one, array);
        count_ = 1;
    }
    // The lock of `source` too, if it is an array or a list: what rows are taken from doesn't change either. One in
    // the other wouldn't do: the inner of two critical sections may suspend the outer.
    void hold_both(PyObject* array, PyObject* source) noexcept {
        if (!PyList_Check(source) && !PyObject_TypeCheck(source, &PyArray_Type)) return hold(array);
        PyCriticalSection2_Begin(&sections_.two, array, source);
        count_ = 2;
    }

    // One array more. False: it isn't held, since at most two are together.
    bool hold_another(PyObject* array) noexcept {
        if (count_ == 0) hold(held_[0] = array);
        if (array == held_[0] || array == held_[1]) return true;
        if (count_ == 2) return false;
        PyCriticalSection_End(&sections_.one);
        PyCriticalSection2_Begin(&sections_.two, held_[0], held_[1] = array);
        count_ = 2;
        return true;
    }

private:
    union {
        PyCriticalSection one;
        PyCriticalSection2 two;
    } sections_;
    int count_ = 0;
    PyObject* held_[2] = {nullptr, nullptr};  // by hold_another()
#else
    explicit ArrayLock(PyObject*) noexcept {}
    ~ArrayLock() {}  // so that no compiler takes a lock for a variable that isn't used

    void hold(PyObject*) noexcept {}
    void hold_both(PyObject*, PyObject*) noexcept {}
    bool hold_another(PyObject*) noexcept { return true; }
#endif
};

// The same lock for what ends soon: it runs no Python code, takes no other lock and waits for nothing, so that nobody
// can need it meanwhile and no section has to be opened that could be given up. What has to wait for it does that in a
// section.
class BriefArrayLock {
public:
    BriefArrayLock() noexcept = default;  // holds nothing: for Cython, which declares first
    explicit BriefArrayLock(PyObject* array) noexcept { hold(array); }
    BriefArrayLock(const BriefArrayLock&) = delete;
    BriefArrayLock& operator=(const BriefArrayLock&) = delete;

#if defined(Py_GIL_DISABLED) && PY_VERSION_HEX < 0x03100000
    ~BriefArrayLock() {
        if (mutex_ != nullptr) PyMutex_Unlock(mutex_);
        else if (has_section_) PyCriticalSection_End(&section_);
    }

    void hold(PyObject* array) noexcept {
        // PyMutex_Lock() without waiting, for which there is no public name: the versions up to 3.15 do this.
        std::uint8_t open = 0;
        if (__atomic_compare_exchange_n(&array->ob_mutex._bits, &open, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
            mutex_ = &array->ob_mutex;
        } else {
            PyCriticalSection_Begin(&section_, array);
            has_section_ = true;
        }
    }

private:
    PyMutex* mutex_ = nullptr;
    bool has_section_ = false;
    PyCriticalSection section_;
#else
    ~BriefArrayLock() {}

    void hold(PyObject* array) noexcept { section_.hold(array); }

private:
    ArrayLock section_;
#endif
};

}  // namespace cppdynarray
