// The lock of a table whose columns hold strings.
//
// Whoever stores a string or reads one has its column's arena, and waits for it as long as NumPy computes there. That
// wait lets other threads run, with a GIL and without: the critical section of the table is given up as the GIL is. So
// whoever changes rows of such a table, or reads one whole, holds this lock from the first column to the last.
//
// The order is: the table, and then one arena at a time. NumPy takes the arenas of a call in the order of its
// arguments: to hold those of all columns at once would be a deadlock beside it. No Python code is to run under the
// lock; should it yet, the thread goes on as in a nested call.
#pragma once

#include <Python.h>

#include <atomic>

namespace cppdynarray {

// Before Python 3.13 NumPy waits for an arena with the GIL, and nobody comes between.
#if PY_VERSION_HEX >= 0x030D00B3

class TableMutex {
public:
    // False: this thread has it already.
    bool acquire() noexcept {
        if (owner_.load(std::memory_order_relaxed) == PyThread_get_thread_ident()) return false;
        PyMutex_Lock(&mutex_);  // without the GIL, if it takes long
        owner_.store(PyThread_get_thread_ident(), std::memory_order_relaxed);
        return true;
    }
    void release() noexcept {
        owner_.store(0, std::memory_order_relaxed);
        PyMutex_Unlock(&mutex_);
    }

private:
    PyMutex mutex_ = {0};
    std::atomic<unsigned long> owner_ = 0;
};

constexpr bool arenas_let_others_in = true;

#else

struct TableMutex {
    static bool acquire() noexcept { return false; }
    static void release() noexcept {}
};

constexpr bool arenas_let_others_in = false;

#endif

class TableLock {
public:
    TableLock() noexcept = default;  // holds nothing: for Cython, which declares first
    TableLock(const TableLock&) = delete;
    TableLock& operator=(const TableLock&) = delete;
    ~TableLock() {
        if (held_ != nullptr) held_->release();
    }

    void hold(TableMutex& mutex) noexcept {
        if (mutex.acquire()) held_ = &mutex;
    }

private:
    TableMutex* held_ = nullptr;
};

}  // namespace cppdynarray
