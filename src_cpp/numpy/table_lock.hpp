// The lock of a table whose columns hold strings.
//
// Whoever stores a string or reads one has its column's arena, and waits for it as long as NumPy computes there. That
// wait lets other threads run, with a GIL and without: the critical section of the table is given up as the GIL is. So
// whoever changes rows of such a table, or reads one whole, holds this lock from the first column to the last.
//
// The order is: the table, and then one arena at a time. NumPy takes the arenas of a call in the order of its
// arguments: to hold those of all columns at once would be a deadlock beside it. No Python code is to run under the
// lock; should it yet, the thread goes on as in a nested call.
//
// Who forks holds the locks of all tables: so the child has none that a thread holds which isn't there, and whole rows.
#pragma once

#include <Python.h>

#include <atomic>

namespace cppdynarray {

// Before Python 3.13 NumPy waits for an arena with the GIL, and nobody comes between.
#if PY_VERSION_HEX >= 0x030D00B3

class TableMutex {
public:
    TableMutex() noexcept = default;
    TableMutex(const TableMutex&) = delete;
    TableMutex& operator=(const TableMutex&) = delete;
    ~TableMutex() {
        if (link_ != nullptr) leave_list();
    }

    // False: this thread has it already.
    bool acquire() noexcept {
        if (is_own()) return false;
        PyMutex_Lock(&mutex_);  // without the GIL, if it takes long
        owner_.store(PyThread_get_thread_ident(), std::memory_order_relaxed);
        return true;
    }
    void release() noexcept {
        owner_.store(0, std::memory_order_relaxed);
        PyMutex_Unlock(&mutex_);
    }

    // From now on who forks has it meanwhile. Once.
    void join_list() noexcept {
        const bool acquired = first().acquire();
        next_ = first().next_;
        if (next_ != nullptr) next_->link_ = &next_;
        link_ = &first().next_;
        first().next_ = this;
        if (acquired) first().release();
    }

    static void before_fork() noexcept {
        for (TableMutex* mutex = &first(); mutex != nullptr; mutex = mutex->next_)
            if (mutex->acquire()) mutex->for_fork_ = true;
    }
    static void after_fork_in_parent() noexcept {
        for (TableMutex* mutex = first().next_; mutex != nullptr; mutex = mutex->next_) mutex->end_fork();
        first().end_fork();
    }
    static void after_fork_in_child() noexcept {
        for (TableMutex* mutex = &first(); mutex != nullptr; mutex = mutex->next_) mutex->start_anew();
    }

private:
    // That of the list of all, which it begins; no table's.
    static TableMutex& first() noexcept {
        static TableMutex only;
        return only;
    }

    bool is_own() const noexcept { return owner_.load(std::memory_order_relaxed) == PyThread_get_thread_ident(); }

    void leave_list() noexcept {
        const bool acquired = first().acquire();
        *link_ = next_;
        if (next_ != nullptr) next_->link_ = link_;
        if (acquired) first().release();
    }

    void end_fork() noexcept {
        if (for_fork_) release();
        for_fork_ = false;
    }
    // In a child, which has no other threads, nor any that wait for this one.
    void start_anew() noexcept {
        if (is_own() && !for_fork_) return;
        owner_.store(0, std::memory_order_relaxed);
        mutex_ = {0};
        for_fork_ = false;
    }

    PyMutex mutex_ = {0};
    std::atomic<unsigned long> owner_ = 0;
    bool for_fork_ = false;
    TableMutex* next_ = nullptr;
    TableMutex** link_ = nullptr;  // what points to this one
};

constexpr bool arenas_let_others_in = true;

#else

struct TableMutex {
    static bool acquire() noexcept { return false; }
    static void release() noexcept {}
    static void join_list() noexcept {}
    static void before_fork() noexcept {}
    static void after_fork_in_parent() noexcept {}
    static void after_fork_in_child() noexcept {}
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
