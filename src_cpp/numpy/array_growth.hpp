// How an array's memory and length change, in bytes: the one way for what holds the GIL and what doesn't.
//
// Nothing here runs Python code, but for the end of a handle.
#pragma once

#include <Python.h>
#include <numpy/arrayobject.h>

#include <cstddef>
#include <cstring>

#include "array_fields.hpp"
#include "array_lock.hpp"
#include "cppdynarray/internal/array_place.hpp"
#include "cppdynarray/internal/assertions.hpp"
#include "cppdynarray/internal/growth_policy.hpp"
#include "elements.hpp"
#include "places.hpp"
#include "reference.hpp"
#include "references.hpp"
#include "tracemalloc.hpp"

namespace cppdynarray {

// Bytes of one row of an array with one or more dimensions. Not the stride, which may be anything where
// a row has no bytes.
inline std::size_t row_bytes(PyArrayObject* array) noexcept {
    auto bytes = static_cast<std::size_t>(PyArray_ITEMSIZE(array));
    for (int axis = 1; axis < PyArray_NDIM(array); ++axis) bytes *= static_cast<std::size_t>(PyArray_DIMS(array)[axis]);
    return bytes;
}

inline std::size_t used_bytes(PyArrayObject* array) noexcept { return static_cast<std::size_t>(PyArray_NBYTES(array)); }

// The one function that gives an array another length.
inline void publish_length(PyArrayObject* array, npy_intp rows) noexcept {
    if (is_placed(array)) set_length_of(place_of(array), static_cast<std::size_t>(rows));
    set_length(array, rows);
    CPPDYNARRAY_ASSERT(Block::of(PyArray_DATA(array))->holds(used_bytes(array)));
}

// Growing, the same for both doors.

// The rows of a place: for whoever changes them without the GIL.
struct PlaceRows {
    explicit PlaceRows(ArrayPlace* its_place) noexcept : place(its_place) {}

    ArrayPlace* place;

    Block* block() const noexcept { return place->block; }
    std::size_t length() const noexcept { return length_of(place); }
    std::size_t row_bytes() const noexcept { return place->row_bytes; }
    void moved(Block*, std::size_t) const noexcept {}
    void grown(std::size_t) const noexcept {}
    void set_length(std::size_t rows) const noexcept { set_length_of(place, rows); }
};

// The rows of an array, published: for whoever holds the GIL, and the lock of its strings.
struct ArrayRows {
    explicit ArrayRows(PyArrayObject* published, npy_string_allocator* its_strings = nullptr) noexcept
        : array(published), strings(its_strings) {
        // What resize() gives a first dimension has none yet.
        CPPDYNARRAY_ASSERT(PyArray_NDIM(array) == 0 || block()->holds(length() * row_bytes()));
        CPPDYNARRAY_ASSERT(!is_placed(array) || length() == length_of(place_of(array)));
    }

    PyArrayObject* array;
    npy_string_allocator* strings;

    Block* block() const noexcept { return Block::of(PyArray_DATA(array)); }
    std::size_t length() const noexcept { return static_cast<std::size_t>(PyArray_DIMS(array)[0]); }
    std::size_t row_bytes() const noexcept { return cppdynarray::row_bytes(array); }
    void moved(Block* to, std::size_t used) const noexcept {
        if (elements_of(array) != Elements::plain) leave_memory(array, to->data(), used, strings);
        set_block(array, to);
    }
    // Slots without elements hold no references and no strings: what becomes room may be memory that another array
    // wrote to.
    void grown(std::size_t from) const noexcept {
        if (elements_of(array) != Elements::plain) block()->functions->zero(block(), from, block()->committed_bytes);
    }
    void set_length(std::size_t rows) const noexcept { publish_length(array, static_cast<npy_intp>(rows)); }
};

// Makes room for `needed` bytes, of which `used` hold rows. False: no memory.
template <class Rows>
bool reserve_bytes(Rows rows, std::size_t used, std::size_t needed) noexcept {
    Block* const block = rows.block();
    const std::size_t before = block->committed_bytes;
    if (needed <= before) return true;
    Block* const grown = block->functions->grow(block, used, needed);
    if (grown == nullptr) return false;
    trace_block(grown, grown->committed_bytes);
    if (grown != block) {
        grown->place = block->place;
        rows.moved(grown, used);
        if (grown->place != nullptr) set_block_of(grown->place, grown);
    }
    rows.grown(grown != block ? used : before);
    return true;
}

template <class Rows>
bool reserve_rows(Rows rows, std::size_t count) noexcept {
    const std::size_t row = rows.row_bytes();
    std::size_t needed = 0;
    if (count > NPY_MAX_INTP || !multiply(count, row, needed) || needed > NPY_MAX_INTP) return false;
    return reserve_bytes(rows, rows.length() * row, needed);
}

// Lowers the length; the block remembers how far it was written.
template <class Rows>
void shorten_rows(Rows rows, std::size_t count) noexcept {
    rows.block()->mark_written(rows.length() * rows.row_bytes());
    rows.set_length(count);
}

// New rows are zero bytes.
template <class Rows>
bool resize_rows(Rows rows, std::size_t count) noexcept {
    const std::size_t length = rows.length();
    if (count <= length) {
        shorten_rows(rows, count);
        return true;
    }
    if (!reserve_rows(rows, count)) return false;
    Block* const block = rows.block();
    block->functions->zero(block, length * rows.row_bytes(), count * rows.row_bytes());
    rows.set_length(count);
    return true;
}

// Rows without references. They may be the array's own: if it moves, its old block stays readable.
template <class Rows>
bool append_rows(Rows rows, const void* source, std::size_t count) noexcept {
    const std::size_t length = rows.length();
    if (count == 0) return true;
    if (count > NPY_MAX_INTP - length || !reserve_rows(rows, length + count)) return false;
    const std::size_t row = rows.row_bytes();
    write_bytes(rows.block(), length * row, source, count * row);
    rows.set_length(length + count);
    return true;
}

inline void shrink_to_fit(Block* block, std::size_t used) noexcept {
    block->functions->shrink_to_fit(block, used);
    trace_block(block, block->committed_bytes);
}

// The door without the GIL: places of arrays that own blocks.

// They are published where something of ours is called that holds the GIL (places.hpp), and nowhere else: not by what
// changes a place, which doesn't know who looks at the array.

// Gives such an array the memory and length of its place. A length that doesn't fit the memory (a file that others
// wrote to) is cut, and an array that NumPy's own functions gave other rows is left alone.
inline void publish_rows(ArrayPlace* place) noexcept {
    auto* const array = static_cast<PyArrayObject*>(place->array);
    if (PyArray_NDIM(array) == 0 || row_bytes(array) != place->row_bytes) return;
    std::size_t rows = length_of(place);
    Block* const block = Block::of(PyArray_DATA(array));
    Block* const now = block_of(place);
    if (place->row_bytes != 0 && rows > now->committed_bytes / place->row_bytes)
        rows = now->committed_bytes / place->row_bytes;
    if (now != block) {
        set_block(array, now);
        block->place = nullptr;
    }
    if (static_cast<std::size_t>(PyArray_DIMS(array)[0]) != rows) set_length(array, static_cast<npy_intp>(rows));
}

inline bool reserve_in_place(ArrayPlace* place, std::size_t count) noexcept {
    return reserve_rows(PlaceRows{place}, count);
}

inline bool resize_in_place(ArrayPlace* place, std::size_t count) noexcept {
    return resize_rows(PlaceRows{place}, count);
}

inline bool append_in_place(ArrayPlace* place, const void* source, std::size_t count) noexcept {
    return append_rows(PlaceRows{place}, source, count);
}

inline void shrink_in_place(ArrayPlace* place) noexcept {
    shrink_to_fit(place->block, length_of(place) * place->row_bytes);
}

// The array of a place with open handles, which have references to it; nullptr if it has other memory by now, or none
// was made.
inline PyArrayObject* array_of(ArrayPlace* place) noexcept {
    auto* const array = static_cast<PyArrayObject*>(place->array);
    return array != nullptr && place_of(array) == place ? array : nullptr;
}

// The array frees a block that handles are open on, by functions of NumPy's that can't be refused: the
// place keeps the block until the last handle ends. True if that is so.
inline bool keep_for_handles(Block* block) noexcept { return block->place != nullptr && block->place->handles != 0; }

// Ends a handle. With the last one the length is NumPy's again.
inline void close_place(ArrayPlace* place) noexcept {
    const Reference object(static_cast<PyObject*>(place->array));  // the handle's: given up last, behind the lock
    const ArrayLock lock(object.get());
    if (uncount_handle(place) != 0) return;
    if (PyArrayObject* const array = array_of(place)) {
        publish_rows(place);
        place->block->place = nullptr;
        set_handler(array, core->own_handler);
    } else {
        // The handles may have written anywhere in it: more than there are rows now.
        release_traced(place->block, place->block->committed_bytes);
    }
    PyMem_RawFree(place);
}

// A place that is there as long as handles are.
inline constexpr PlaceFunctions handled_place = {
    reserve_in_place, resize_in_place, append_in_place,      shrink_in_place,
    publish_rows,     close_place,     why_fixed_by_handles,
};

// The place of a published array that can grow, with one handle more and a reference to the array; nullptr: no
// memory. Needs the GIL.
inline ArrayPlace* open_place(PyArrayObject* array) noexcept {
    ArrayPlace* place = place_of(array);
    if (place == nullptr) {
        place = static_cast<ArrayPlace*>(PyMem_RawCalloc(1, sizeof(ArrayPlace)));
        if (place == nullptr) return nullptr;
        const std::size_t row = row_bytes(array);
        const auto item = static_cast<std::size_t>(PyArray_ITEMSIZE(array));
        place->block = Block::of(PyArray_DATA(array));
        place->length = &place->own_length;
        place->row_bytes = row;
        place->columns = item != 0 ? row / item : 1;
        place->functions = &handled_place;
        place->array = array;
        place->own_length = static_cast<std::size_t>(PyArray_DIMS(array)[0]);
        place->block->place = place;
        set_handler(array, core->placed_handler);
    }
    count_handle(place);
    Py_INCREF(array);
    return place;
}

}  // namespace cppdynarray
