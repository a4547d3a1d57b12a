// Rows that close gaps: how removed rows leave an array, as bytes.
#pragma once

#include <Python.h>
#include <numpy/arrayobject.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "array_growth.hpp"
#include "scalars.hpp"

namespace cppdynarray {

// Whether eight entries of a mask are alike: all false, or all true as NumPy writes it.
inline std::uint64_t eight_of(const npy_bool* mask) noexcept {
    std::uint64_t eight;
    std::memcpy(&eight, mask, sizeof(eight));
    return eight;
}
constexpr std::uint64_t eight_true = 0x0101010101010101;

// The end of the entries from `from` on that are like the one there.
inline std::size_t end_of_run(const npy_bool* mask, std::size_t from, std::size_t count) noexcept {
    const bool value = mask[from] != 0;
    const std::uint64_t eight = value ? eight_true : 0;
    std::size_t end = from + 1;
    while (end + 8 <= count && eight_of(mask + end) == eight) end += 8;
    while (end < count && (mask[end] != 0) == value) ++end;
    return end;
}

// Moves the rows of a size known to the compiler that stay up to one another; how many they are. One by one
// without a branch, since where rows go at random no processor could foresee it, but eight at once where eight stay.
template <std::size_t size>
std::size_t close_gaps_between(char* data, const npy_bool* gone, std::size_t from, std::size_t count) noexcept {
    char* target = data + from * size;
    std::size_t row = from;
    const auto keep_or_not = [&] {
        std::memmove(target, data + row * size, size);
        target += gone[row] != 0 ? 0 : size;
        ++row;
    };
    while (row + 8 <= count) {
        const std::uint64_t eight = eight_of(gone + row);
        if (eight == eight_true) {
            row += 8;
        } else if (eight == 0) {
            char rows[8 * size];
            std::memcpy(rows, data + row * size, sizeof(rows));
            std::memcpy(target, rows, sizeof(rows));
            target += sizeof(rows);
            row += 8;
        } else {
            for (int i = 0; i < 8; ++i) keep_or_not();
        }
    }
    while (row < count) keep_or_not();
    return static_cast<std::size_t>(target - data) / size;
}

// The same for rows of any size. Those that are gone are copied to `bin`, unless it is nullptr.
inline std::size_t close_gaps_between(char* data, const npy_bool* gone, std::size_t from, std::size_t count,
                                      std::size_t size, char* bin) noexcept {
    char* target = data + from * size;
    for (std::size_t row = from, end; row < count; row = end) {
        end = end_of_run(gone, row, count);
        const std::size_t bytes = (end - row) * size;
        if (gone[row] == 0) {
            std::memmove(target, data + row * size, bytes);
            target += bytes;
        } else if (bin != nullptr) {
            std::memcpy(bin, data + row * size, bytes);
            bin += bytes;
        }
    }
    return size != 0 ? static_cast<std::size_t>(target - data) / size : 0;
}

// Removes those of `count` rows of `size` bytes whose entry in `gone` is true. How many stay, unless they have no
// bytes.
inline std::size_t close_gaps(char* data, const npy_bool* gone, std::size_t count, std::size_t size,
                              char* bin) noexcept {
    const std::size_t first = count != 0 && gone[0] == 0 ? end_of_run(gone, 0, count) : 0;
    if (bin == nullptr) switch (size) {
            case 1: return close_gaps_between<1>(data, gone, first, count);
            case 2: return close_gaps_between<2>(data, gone, first, count);
            case 4: return close_gaps_between<4>(data, gone, first, count);
            case 8: return close_gaps_between<8>(data, gone, first, count);
            case 16: return close_gaps_between<16>(data, gone, first, count);
        }
    return close_gaps_between(data, gone, first, count, size, bin);
}

// Puts rows from the end where those are that go, whose numbers are `gone`, in ascending order. These
// are copied to `bin`, unless it is nullptr.
inline void fill_gaps(char* data, std::size_t count, std::size_t size, const npy_intp* gone, std::size_t gaps,
                      char* bin) noexcept {
    if (bin != nullptr)
        for (std::size_t i = 0; i < gaps; ++i)
            std::memcpy(bin + i * size, data + static_cast<std::size_t>(gone[i]) * size, size);
    const std::size_t left = count - gaps;
    std::size_t last = count;  // rows from here on are gone or moved
    std::size_t behind = gaps;
    for (std::size_t i = 0; i < gaps && static_cast<std::size_t>(gone[i]) < left; ++i) {
        for (--last; behind > 0 && static_cast<std::size_t>(gone[behind - 1]) == last; --last) --behind;
        std::memcpy(data + static_cast<std::size_t>(gone[i]) * size, data + last * size, size);
    }
}

// Takes an element of a common dtype out of a one-dimensional array of ours, as a new scalar: nullptr, and nothing
// has changed and no exception is set, where that takes more than a move of bytes. Runs no Python code.
inline PyObject* pop_scalar(PyObject* self, Py_ssize_t index) noexcept {
    const BriefArrayLock lock(self);
    auto* array = reinterpret_cast<PyArrayObject*>(self);
    constexpr int needed = NPY_ARRAY_OWNDATA | NPY_ARRAY_WRITEABLE | NPY_ARRAY_ALIGNED;
    if (!is_quiet(array) || (PyArray_FLAGS(array) & needed) != needed || PyArray_NDIM(array) != 1 ||
        PyArray_ISBYTESWAPPED(array))
        return nullptr;
    const npy_intp size = PyArray_ITEMSIZE(array);
    const npy_intp count = PyArray_DIMS(array)[0];
    if (index < 0) index += count;
    if (index < 0 || index >= count || PyArray_STRIDES(array)[0] != size) return nullptr;
    char* const element = PyArray_BYTES(array) + index * size;
    PyObject* const scalar = load_scalar(element, PyArray_TYPE(array));
    if (scalar == nullptr) {
        PyErr_Clear();  // no memory: who comes next says so
        return nullptr;
    }
    Block::of(PyArray_DATA(array))->mark_written(static_cast<std::size_t>(count * size));
    if (index != count - 1) std::memmove(element, element + size, static_cast<std::size_t>((count - 1 - index) * size));
    set_length(array, count - 1);  // publish_length(), for an array known to be quiet
    return scalar;
}

}  // namespace cppdynarray
