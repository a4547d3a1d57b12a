// The place of an array on a file: it is there as long as its memory is, whether handles are open or not.
#pragma once

#include "array_growth.hpp"
#include "array_lock.hpp"
#include "reference.hpp"

namespace cppdynarray {

inline void close_file_place(ArrayPlace* place) noexcept {
    const Reference object(static_cast<PyObject*>(place->array));  // as close_place()
    const ArrayLock lock(object.get());
    if (uncount_handle(place) == 0 && array_of(place) == nullptr) release_traced(place->block, 0);  // the place with it
}

inline const char* why_file_is_fixed(const ArrayPlace* place) noexcept {
    return place->handles != 0 ? why_fixed_by_handles(place) : "the array is that of a file";
}

inline constexpr PlaceFunctions file_place = {
    reserve_in_place, resize_in_place,  append_in_place,   shrink_in_place,
    publish_rows,     close_file_place, why_file_is_fixed,
};

}  // namespace cppdynarray
