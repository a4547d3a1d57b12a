// The place of an array: its memory and its length, for code that runs without the GIL. No Python.
#pragma once

#include <cstddef>
#include <cstdint>

#include "block.hpp"

namespace cppdynarray {

struct PlaceFunctions;

// One for each array with an open handle, shared by all its handles. While it exists it is the one
// home of the array's memory and length: who changes them without the GIL writes here and nowhere
// else, and what holds the GIL publishes them to NumPy before it looks (array_growth.hpp).
//
// One thread at a time may change an array. Any may read its length, which is written after the rows.
struct ArrayPlace {
    Block* block;                     // the array's memory; growing may replace it
    std::size_t* length;              // rows in all: read by length_of(), written by set_length_of()
    std::size_t row_bytes;            // of one row of axis 0; stays while the place exists
    std::size_t columns;              // elements in a row; 1 where there is one dimension
    const PlaceFunctions* functions;  // how it grows
    void* array;                      // the PyObject; borrowed, since each handle has a reference
    std::size_t handles;              // how many there are; needs the GIL
    std::size_t own_length;           // what `length` points to, unless the length is shared further

    char* data() const noexcept { return block->data(); }
    std::size_t capacity() const noexcept {
        return row_bytes != 0 ? block->committed_bytes / row_bytes : static_cast<std::size_t>(PTRDIFF_MAX);
    }
};

// What a place can do beyond the capacity. Need no GIL; false: no memory, and nothing has changed.
struct PlaceFunctions {
    bool (*reserve)(ArrayPlace* place, std::size_t rows) noexcept;
    bool (*resize)(ArrayPlace* place, std::size_t rows) noexcept;  // new rows are zero
    bool (*append)(ArrayPlace* place, const void* source, std::size_t rows) noexcept;  // may be the array's own
    void (*shrink_to_fit)(ArrayPlace* place) noexcept;
};

inline std::size_t length_of(const ArrayPlace* place) noexcept {
#if defined(__GNUC__)
    return __atomic_load_n(place->length, __ATOMIC_ACQUIRE);
#else
    return *const_cast<const volatile std::size_t*>(place->length);
#endif
}

// The rows come first, so that whoever sees the length finds them.
inline void set_length_of(ArrayPlace* place, std::size_t rows) noexcept {
#if defined(__GNUC__)
    __atomic_store_n(place->length, rows, __ATOMIC_RELEASE);
#else
    *const_cast<volatile std::size_t*>(place->length) = rows;
#endif
}

}  // namespace cppdynarray
