// What the package's modules share. It is in _memory.pyx; each module points to it from when it is imported.
#pragma once

#include <Python.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <thread>

namespace cppdynarray {

// What belongs to the thread that runs Python code. With a GIL there is one such thread at a time, and one of
// these is enough; without, each thread has its own (thread_states.hpp).
struct ThreadState {
    // Plain views of one or of two dimensions that nobody needs at the moment; see plain_views.hpp.
    struct SpareViews {
        std::array<PyObject*, 8> views;
        std::size_t size;
    };
    std::array<SpareViews, 2> spare_views;
};

class CallViews;

struct Core {
    // NumPy's data handlers (NEP 49): of arrays of ours, and of those among them that have a place (places.hpp).
    PyObject* own_handler;
    PyObject* placed_handler;
    PyTypeObject* place_owner;      // see places.hpp
    PyTypeObject* live_array_type;  // the class that DynamicArray and RollingArray have in common, once it exists
    CallViews* calls;               // see references.hpp
#ifdef Py_GIL_DISABLED
    std::atomic_flag calls_busy;
    ThreadState* (*thread_state)() noexcept;
#else
    ThreadState thread;
#endif
};

inline Core* core = nullptr;

// nullptr: there is no memory for it.
inline ThreadState* this_thread() noexcept {
#ifdef Py_GIL_DISABLED
    return core->thread_state();
#else
    return &core->thread;
#endif
}

// For a moment's look at core->calls, or a change of it. Whoever waits for it keeps the locks of arrays.
class CallsLock {
public:
    CallsLock(const CallsLock&) = delete;
    CallsLock& operator=(const CallsLock&) = delete;
#ifdef Py_GIL_DISABLED
    CallsLock() noexcept {
        while (core->calls_busy.test_and_set(std::memory_order_acquire)) std::this_thread::yield();
    }
    ~CallsLock() { core->calls_busy.clear(std::memory_order_release); }
#else
    CallsLock() noexcept {}
    ~CallsLock() {}
#endif
};

}  // namespace cppdynarray
