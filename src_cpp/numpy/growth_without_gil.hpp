// How handles grow and shrink arrays that hold no references, without the GIL: functions of python_api.hpp.
#pragma once

#include <Python.h>
#include <numpy/arrayobject.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "array_fields.hpp"
#include "cppdynarray/growth_policy.hpp"
#include "cppdynarray/python_api.hpp"
#include "tracemalloc.hpp"

namespace cppdynarray {

inline PyArrayObject* array_at(const ArrayPlace* place) noexcept {
    return reinterpret_cast<PyArrayObject*>(place->array);
}

inline Block* block_at(const ArrayPlace* place) noexcept { return Block::of(*place->data); }

inline std::size_t length_at(const ArrayPlace* place) noexcept {
    return static_cast<std::size_t>((*place->dimensions)[0]);
}

// Not the stride, which may be anything where a row has no bytes.
inline std::size_t row_bytes_at(const ArrayPlace* place) noexcept {
    PyArrayObject* array = array_at(place);
    auto bytes = static_cast<std::size_t>(PyArray_ITEMSIZE(array));
    for (int axis = 1; axis < PyArray_NDIM(array); ++axis) bytes *= static_cast<std::size_t>(PyArray_DIMS(array)[axis]);
    return bytes;
}

inline bool reserve_without_gil(const ArrayPlace* place, std::size_t rows) noexcept {
    const std::size_t row = row_bytes_at(place);
    std::size_t needed = 0;
    if (rows > NPY_MAX_INTP || !multiply(rows, row, needed) || needed > NPY_MAX_INTP) return false;
    Block* block = block_at(place);
    if (needed <= block->committed_bytes) return true;
    Block* grown = grow_traced(block, length_at(place) * row, needed);
    if (grown == nullptr) return false;
    if (grown != block) set_block(array_at(place), grown);
    return true;
}

inline bool resize_without_gil(const ArrayPlace* place, std::size_t rows) noexcept {
    const std::size_t row = row_bytes_at(place);
    const std::size_t used = length_at(place) * row;
    if (rows > length_at(place)) {
        if (!reserve_without_gil(place, rows)) return false;
        Block* block = block_at(place);
        block->functions->zero(block, used, rows * row);
    } else {
        Block* block = block_at(place);
        block->dirty_bytes = std::max(block->dirty_bytes, used);
    }
    set_length(array_at(place), static_cast<npy_intp>(rows));
    return true;
}

inline bool append_without_gil(const ArrayPlace* place, const void* source, std::size_t rows) noexcept {
    const std::size_t length = length_at(place);
    if (rows == 0) return true;
    if (rows > NPY_MAX_INTP - length || !reserve_without_gil(place, length + rows)) return false;
    const std::size_t row = row_bytes_at(place);
    std::memmove(*place->data + length * row, source, rows * row);
    set_length(array_at(place), static_cast<npy_intp>(length + rows));
    return true;
}

inline void shrink_without_gil(const ArrayPlace* place) noexcept {
    shrink_traced(block_at(place), length_at(place) * row_bytes_at(place));
}

}  // namespace cppdynarray
