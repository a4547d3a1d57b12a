// The place of a table: the places of its columns, which share one length. No Python.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "array_place.hpp"
#include "assertions.hpp"

namespace cppdynarray {

// One for each table. Rows are written to every column first and published once, here: whoever asks
// for the length, at whatever moment, finds whole rows. As for arrays, one thread at a time may change a table.
struct TablePlace {
    ArrayPlace** columns;      // all point to one length
    std::size_t column_count;  // at least one
    std::size_t capacity;      // rows for which there is memory in every column
    bool (*reserve)(TablePlace* place, std::size_t rows) noexcept;  // reserve_rows(), for compiled code
    void (*close)(TablePlace* place);                               // ends a handle; needs the GIL
    void* table;               // the PyObject; borrowed: each handle has a reference of its own
    std::size_t own_length;    // the length, unless it is that of files
};

inline std::size_t length_of(const TablePlace* place) noexcept { return length_of(place->columns[0]); }
inline void set_length_of(TablePlace* place, std::size_t rows) noexcept {
    CPPDYNARRAY_ASSERT(rows <= place->capacity);
    set_length_of(place->columns[0], rows);
}

// What `capacity` is, after a column got or gave back memory.
inline void measure_capacity(TablePlace* place) noexcept {
    std::size_t capacity = static_cast<std::size_t>(PTRDIFF_MAX);
    for (std::size_t i = 0; i < place->column_count; ++i) capacity = std::min(capacity, place->columns[i]->capacity());
    place->capacity = capacity;
}

// Makes room for `rows` rows in all, in every column; needs no GIL. False: no memory, and at most some columns have
// more room than others.
inline bool reserve_rows(TablePlace* place, std::size_t rows) noexcept {
    bool done = true;
    for (std::size_t i = 0; done && i < place->column_count; ++i)
        done = place->columns[i]->functions->reserve(place->columns[i], rows);
    measure_capacity(place);
    return done;
}

}  // namespace cppdynarray
