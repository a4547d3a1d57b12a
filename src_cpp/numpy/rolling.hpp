// A RollingArray and its track: the array owns no memory, and its data pointer slides over that of its base.
#pragma once

#include <Python.h>
#include <numpy/arrayobject.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "array_fields.hpp"
#include "array_lock.hpp"
#include "cppdynarray/internal/rolling_place.hpp"
#include "places.hpp"
#include "reference.hpp"
#include "scalars.hpp"

namespace cppdynarray {

// The base of a RollingArray, as _rolling.pyx declares it: what NumPy can't look through, so that views
// of the array have the array for their base.
struct Track : PlaceOwner {
    RollingPlace own_place;  // where the window is
    PyArrayObject* rows;     // owns the memory, all of it; slots out of the window hold no references
};

inline PyTypeObject* track_type = nullptr;  // _rolling.pyx alone includes this, and sets it

// The track of which `array` is the window; nullptr for a view, or what NumPy made.
inline Track* track_of(PyArrayObject* array) noexcept {
    PyObject* base = PyArray_BASE(array);
    if (base == nullptr || Py_TYPE(base) != track_type) return nullptr;
    auto* track = reinterpret_cast<Track*>(base);
    return track->own_place.array == array ? track : nullptr;
}

// Shows NumPy the window of now. Needs the GIL.
inline void publish_window(PyArrayObject* array, const RollingPlace* place) noexcept {
    const Window window = window_of(place);
    set_window(array, place->data() + window.start * place->row_bytes, static_cast<npy_intp>(window.rows));
}

// Whether `array` is as it was made, but for the window: nobody has set its dtype or shape.
inline bool is_as_made(PyArrayObject* array, const Track* track) noexcept {
    if (PyArray_DESCR(array) != PyArray_DESCR(track->rows) || PyArray_NDIM(array) != PyArray_NDIM(track->rows))
        return false;
    for (int axis = 1; axis < PyArray_NDIM(array); ++axis)
        if (PyArray_DIMS(array)[axis] != PyArray_DIMS(track->rows)[axis]) return false;
    return fix_row_stride(array);
}

// The way that most calls of append take: one element of a common dtype. False, and nothing has changed,
// if the conversion needs NumPy, or at the end of the track. Runs no Python code before the end.
inline bool append_scalar(PyArrayObject* array, PyObject* value) noexcept {
    const ArrayLock lock(reinterpret_cast<PyObject*>(array));
    Track* const track = track_of(array);
    if (track == nullptr) return false;
    constexpr int needed = NPY_ARRAY_WRITEABLE | NPY_ARRAY_ALIGNED;
    RollingPlace* place = &track->own_place;
    const PyArray_Descr* dtype = PyArray_DESCR(track->rows);
    if (PyArray_NDIM(array) != 1 || PyArray_DESCR(array) != dtype || (PyArray_FLAGS(array) & needed) != needed ||
        PyArray_ISBYTESWAPPED(array) || PyArray_STRIDES(array)[0] != PyArray_STRIDES(track->rows)[0])
        return false;
    const std::size_t end = length_of(place);
    if (end >= place->capacity()) return false;
    char* const slot = place->data() + end * place->row_bytes;
    Reference stray, dropped;  // given up when all is done
    if (dtype->type_num == NPY_OBJECT) {
        const Window window = window_of(place);
        stray = Reference(*reinterpret_cast<PyObject**>(slot));  // what NumPy wrote there while the window moved on
        if (window.rows == place->max_rows)
            dropped = Reference(std::exchange(reinterpret_cast<PyObject**>(place->data())[window.start], nullptr));
        *reinterpret_cast<PyObject**>(slot) = Py_NewRef(value);
    } else if (!store_scalar(slot, dtype->type_num, value)) {
        return false;
    }
    set_length_of(place, end + 1);
    publish_window(array, place);
    return true;
}

// For elements that hold references: moves the whole window to the start of the track if `rows` don't
// fit behind it. The empty slots that were there change places with it: one that held a string is
// where NumPy puts the next.
inline void make_room_for_references(RollingPlace* place, std::size_t rows) noexcept {
    const Window window = window_of(place);
    if (rows <= place->capacity() - (window.start + window.rows)) return;
    const std::size_t row = place->row_bytes;
    char* const start = place->data() + window.start * row;
    std::swap_ranges(start, start + window.rows * row, place->data());
    set_length_of(place, window.rows);
    set_first_of(place, 0);
}

// A RollingArray's place. It is as long as it is: there is nothing to reserve, resize or give back.

inline bool append_to_rolling_place(ArrayPlace* place, const void* source, std::size_t rows) noexcept {
    append_to_window(static_cast<RollingPlace*>(place), source, rows);
    return true;
}

inline void publish_rolling_place(ArrayPlace* place) noexcept {
    auto* const array = static_cast<PyArrayObject*>(place->array);
    const Track* const track = track_of(array);
    if (track != nullptr && is_as_made(array, track)) publish_window(array, &track->own_place);
}

// The place is there as long as the track is, of which each handle has a reference, as of the array. The array is
// placed while handles are open.
inline void open_rolling_place(Track* track) noexcept {
    auto* const array = static_cast<PyArrayObject*>(track->own_place.array);
    if (track->own_place.handles == 0) mark_placed(array, true);
    count_handle(&track->own_place);
    Py_INCREF(array);
    Py_INCREF(track);
}

inline void close_rolling_place(ArrayPlace* place) noexcept {
    auto* const track = static_cast<Track*>(static_cast<RollingPlace*>(place)->owner);
    // The handle's: given up last, behind the lock, the track's after the array's.
    const Reference of_track(reinterpret_cast<PyObject*>(track)), object(static_cast<PyObject*>(place->array));
    const ArrayLock lock(object.get());
    publish_rolling_place(place);
    if (uncount_handle(place) == 0 && track_of(object.array()) == track) mark_placed(object.array(), false);
}

inline constexpr PlaceFunctions rolling_place = {
    [](ArrayPlace* place, std::size_t rows) noexcept { return rows <= place->capacity(); },
    [](ArrayPlace*, std::size_t) noexcept { return false; },
    append_to_rolling_place,
    [](ArrayPlace*) noexcept {},
    publish_rolling_place,
    close_rolling_place,
    why_fixed_by_handles,
};

}  // namespace cppdynarray
