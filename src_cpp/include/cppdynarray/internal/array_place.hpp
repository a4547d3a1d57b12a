// The place of an array: its memory and its length, for code that runs without the GIL. No Python.
#pragma once

#include <cstddef>
#include <cstdint>

#include "assertions.hpp"
#include "atomics.hpp"
#include "block.hpp"

namespace cppdynarray {

struct PlaceFunctions;

// One for each array with open handles, shared by all of them. While it exists it is the one home of
// the array's memory and length: who changes them without the GIL writes here and nowhere else, and
// what holds the GIL publishes them to NumPy before it looks (array_growth.hpp).
//
// One thread at a time may change an array. Any thread may ask where it is and how long.
struct ArrayPlace {
    Block* block;                     // read by block_of(), except by who changes the array
    std::size_t* length;              // rows: read by length_of(), written by set_length_of()
    std::size_t row_bytes;            // of one row of axis 0; stays while the place exists
    std::size_t columns;              // elements in a row; 1 where there is one dimension
    const PlaceFunctions* functions;  // how it grows
    void* array;                      // the PyObject; borrowed: each handle has a reference of its own
    std::size_t handles;              // how many are open: count_handle(), uncount_handle()
    std::size_t own_length;           // what `length` points to, unless the length is shared further

    char* data() const noexcept { return block->data(); }
    std::size_t capacity() const noexcept { return rows_in(block->committed_bytes); }
    // Up to here data() stays as it is.
    std::size_t max_size() const noexcept { return rows_in(block->reserved_bytes); }

private:
    std::size_t rows_in(std::size_t bytes) const noexcept {
        return row_bytes != 0 ? bytes / row_bytes : static_cast<std::size_t>(PTRDIFF_MAX);
    }
};

// What a kind of place does. Each kind has one table; nobody else asks which kind a place is of.
struct PlaceFunctions {
    // Need no GIL. False: no memory, and nothing has changed.
    bool (*reserve)(ArrayPlace* place, std::size_t rows) noexcept;
    bool (*resize)(ArrayPlace* place, std::size_t rows) noexcept;                      // new rows are zero
    bool (*append)(ArrayPlace* place, const void* source, std::size_t rows) noexcept;  // may be the array's own
    void (*shrink_to_fit)(ArrayPlace* place) noexcept;
    // Need the GIL.
    void (*publish)(ArrayPlace* place) noexcept;  // shows NumPy the memory and length of now
    void (*close)(ArrayPlace* place) noexcept;    // ends a handle; may run Python code
    const char* (*why_fixed)(const ArrayPlace* place) noexcept;  // why dtype and row shape must stay, for messages
};

// The rows come before the length, and the memory before both: whoever sees a length finds its rows.
inline std::size_t length_of(const ArrayPlace* place) noexcept { return load_acquire(*place->length); }
inline void set_length_of(ArrayPlace* place, std::size_t rows) noexcept {
    CPPDYNARRAY_ASSERT(rows <= place->capacity());
    store_release(*place->length, rows);
}
inline Block* block_of(const ArrayPlace* place) noexcept { return load_acquire(place->block); }
inline void set_block_of(ArrayPlace* place, Block* block) noexcept { store_release(place->block, block); }

// The length that a thread goes by: still that of the array when this thread changes it. Empty where that isn't
// checked.
class LengthSeen {
public:
#if defined(CPPDYNARRAY_DEBUG)
    template <class Place>
    void see(const Place* place) noexcept {
        length_ = length_of(place);
    }
    // Once: what comes after isn't known.
    template <class Place>
    void check(const Place* place) noexcept {
        const std::size_t seen = length_;
        length_ = none;
        CPPDYNARRAY_ASSERT((seen == none || seen == length_of(place)) && "one thread at a time changes an array");
    }

private:
    static constexpr std::size_t none = static_cast<std::size_t>(-1);
    std::size_t length_ = none;
#else
    template <class Place>
    void see(const Place*) noexcept {}
    template <class Place>
    void check(const Place*) noexcept {}
#endif
};

inline void count_handle(ArrayPlace* place) noexcept { count_up(place->handles); }
// How many are left.
inline std::size_t uncount_handle(ArrayPlace* place) noexcept {
    CPPDYNARRAY_ASSERT(place->handles != 0);
    return count_down(place->handles);
}

}  // namespace cppdynarray
