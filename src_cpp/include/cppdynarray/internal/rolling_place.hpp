// The place of a RollingArray: the last rows of a stream, side by side in memory. No Python.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "array_place.hpp"
#include "assertions.hpp"
#include "atomics.hpp"

namespace cppdynarray {

// `length` counts rows from the start of the memory, the track, to the end of the window; so the window
// slides while rows are written behind it. At the end of the track, of at least 3 * max_rows - 1 rows,
// those that stay are copied to its start. No row is overwritten before max_rows more have come in:
// what was copied and what comes next fill the first max_rows rows of the track, and a window that
// begins there is followed by 2 * max_rows - 1 rows of the track less those before it.
struct RollingPlace : ArrayPlace {
    std::size_t max_rows;  // of the window, at least 1
    std::size_t first;     // rows before it are not of the window: clear() took them out of it
    void* owner;           // whose memory this is
};

struct Window {
    std::size_t start;
    std::size_t rows;
};

inline void set_first_of(RollingPlace* place, std::size_t first) noexcept { store_release(place->first, first); }

// Where the window is now. Needs no GIL: `first` is written after the length and read before it, so
// that who looks while another thread slides sees the newest rows, never rows that were cleared.
inline Window window_of(const RollingPlace* place) noexcept {
    const std::size_t first = load_acquire(place->first);
    const std::size_t end = length_of(place);
    std::size_t start = end > place->max_rows ? end - place->max_rows : 0;
    if (first <= end) start = std::max(start, first);
    return {start, end - start};
}

// Adds rows that hold no references, of which the last max_rows stay. They may be rows of the track.
// Never fails: the track is long enough.
inline void append_to_window(RollingPlace* place, const void* source, std::size_t rows) noexcept {
    const std::size_t row = place->row_bytes;
    const auto* from = static_cast<const char*>(source);
    if (rows > place->max_rows) {
        from += (rows - place->max_rows) * row;
        rows = place->max_rows;
    }
    const std::size_t end = length_of(place);
    if (rows <= place->capacity() - end) {
        std::memmove(place->data() + end * row, from, rows * row);
        CPPDYNARRAY_ASSERT(length_of(place) == end && "one thread at a time changes an array");
        set_length_of(place, end + rows);
        return;
    }
    // The rows that stay are behind the first max_rows, which is all that is written here. The new ones
    // go first, since they may lie there too.
    const std::size_t kept = std::min(window_of(place).rows, place->max_rows - rows);
    std::memmove(place->data() + kept * row, from, rows * row);
    std::memcpy(place->data(), place->data() + (end - kept) * row, kept * row);
    CPPDYNARRAY_ASSERT(length_of(place) == end && "one thread at a time changes an array");
    set_length_of(place, kept + rows);
    set_first_of(place, 0);
}

}  // namespace cppdynarray
