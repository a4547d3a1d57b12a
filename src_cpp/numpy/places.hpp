// How NumPy hears of arrays whose memory and length are at home in a place (array_place.hpp), whatever kind of
// place that is.
//
// An array is quiet or placed. The length of a quiet one is NumPy's dimensions[0]. That of a placed one is in its
// place, and NumPy's fields are a copy as of the last publish(): they change only under the GIL, so NumPy finds
// what it found a moment ago.
#pragma once

#include <Python.h>
#include <numpy/arrayobject.h>

#include "array_fields.hpp"
#include "cppdynarray/internal/array_place.hpp"

namespace cppdynarray {

// What an array that has a place and no memory of its own has for a base: an object that begins like this, of a
// class derived from core->place_owner.
struct PlaceOwner {
    PyObject_HEAD
    ArrayPlace* place;
};

// The place of an array; nullptr for a quiet one, and for what isn't ours.
inline ArrayPlace* place_of(PyArrayObject* array) noexcept {
    if (!is_placed(array)) return nullptr;
    if (PyArray_CHKFLAGS(array, NPY_ARRAY_OWNDATA)) return Block::of(PyArray_DATA(array))->place;
    PyObject* const base = PyArray_BASE(array);
    if (base == nullptr || !PyObject_TypeCheck(base, core->place_owner)) return nullptr;
    ArrayPlace* const place = reinterpret_cast<PlaceOwner*>(base)->place;
    return place != nullptr && place->array == array ? place : nullptr;
}

// What holds the GIL calls this before it looks at an array.
inline void publish(PyArrayObject* array) noexcept {
    if (!is_placed(array)) return;
    if (ArrayPlace* const place = place_of(array)) place->functions->publish(place);
}

// Why a placed array's dtype and row shape must stay as they are.
inline const char* why_layout_is_fixed(PyArrayObject* array) noexcept {
    const ArrayPlace* const place = place_of(array);
    return place != nullptr ? place->functions->why_fixed(place) : "its memory is another array's";
}

// What a place says there while handles are open.
inline const char* why_fixed_by_handles(const ArrayPlace*) noexcept {
    return "a C++ or Cython handle to the array is open";
}

}  // namespace cppdynarray
