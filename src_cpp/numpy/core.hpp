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

    // See calls_under_way.hpp.
    std::size_t calls_under_way;
    PyObject* kept_for_calls;  // nullptr, or a list: arrays that drop references when the calls have ended
};

struct Core {
    // NumPy's data handlers (NEP 49): of arrays of ours, of those among them that have a place (places.hpp), and
    // of arrays that own elements and no memory.
    PyObject* own_handler;
    PyObject* placed_handler;
    PyObject* dropping_handler;
    PyTypeObject* place_owner;      // see places.hpp
    PyTypeObject* live_array_type;  // the class that DynamicArray and RollingArray have in common, once it exists
    ThreadState thread;
};

inline Core* core = nullptr;

inline ThreadState& this_thread() noexcept { return core->thread; }

}  // namespace cppdynarray
