// Where each thread has its ThreadState, if there is no GIL: all in one module, since every module has thread-local
// variables of its own.
#pragma once

#include <Python.h>

#include "array_fields.hpp"
#include "core.hpp"

namespace cppdynarray {

#ifdef Py_GIL_DISABLED

inline thread_local ThreadState* own_thread_state = nullptr;
inline constexpr const char* thread_state_name = "cppdynarray.thread_state";

inline void end_thread_state(PyObject* capsule) noexcept {
    auto* const state = static_cast<ThreadState*>(PyCapsule_GetPointer(capsule, thread_state_name));
    if (own_thread_state == state) own_thread_state = nullptr;
    for (ThreadState::SpareViews& spare : state->spare_views)
        while (spare.size != 0) free_empty_view(spare.views[--spare.size]);
    PyMem_RawFree(state);
}

// Python's own state of the thread keeps it, and ends it: a thread of C++'s has several, one after the other.
inline ThreadState* new_thread_state() noexcept {
    PyObject* const kept = PyThreadState_GetDict();
    if (kept == nullptr) return nullptr;  // as it ends
    auto* const state = static_cast<ThreadState*>(PyMem_RawCalloc(1, sizeof(ThreadState)));
    PyObject* const capsule = state != nullptr ? PyCapsule_New(state, thread_state_name, end_thread_state) : nullptr;
    if (capsule == nullptr) {
        PyErr_Clear();
        PyMem_RawFree(state);
        return nullptr;
    }
    own_thread_state = state;
    if (PyDict_SetItemString(kept, thread_state_name, capsule) < 0) PyErr_Clear();
    Py_DECREF(capsule);
    return own_thread_state;
}

inline ThreadState* thread_state() noexcept {
    return own_thread_state != nullptr ? own_thread_state : new_thread_state();
}

inline void set_up_thread_states(Core& shared) noexcept { shared.thread_state = thread_state; }

#else

inline void set_up_thread_states(Core&) noexcept {}

#endif

}  // namespace cppdynarray
