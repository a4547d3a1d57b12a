// What the package's modules share. It is in _memory.pyx; each module points to it from when it is imported.
#pragma once

#include <Python.h>

#include <array>
#include <cstddef>

namespace cppdynarray {

// What belongs to the thread that runs Python code. With a GIL there is one such thread at a time, and one of
// these is enough.
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
    ThreadState thread;
};

inline Core* core = nullptr;

inline ThreadState& this_thread() noexcept { return core->thread; }

}  // namespace cppdynarray
