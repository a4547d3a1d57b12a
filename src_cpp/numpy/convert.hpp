// Arrays of numbers converted as a whole, by the rule for single ones.
#pragma once

#include <Python.h>
#include <numpy/arrayobject.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "numbers.hpp"

namespace cppdynarray {

// Converts `count` numbers, each anyhow aligned. False: one would lose something.
template <class S, class T>
inline bool convert_numbers(const char* from, char* to, std::size_t count) noexcept {
    bool kept = true;
    for (std::size_t i = 0; i < count; ++i) {
        S number;
        T converted;
        std::memcpy(&number, from + i * sizeof number, sizeof number);
        kept &= convert_number(number, converted);
        std::memcpy(to + i * sizeof converted, &converted, sizeof converted);
    }
    return kept;
}

// Calls `call` with a number of NumPy's type `type_num`: what it returns, or false for a type that is none of the
// common ones. What is of one size and kind is one type.
template <class Call>
inline bool with_type(int type_num, Call call) noexcept {
    constexpr bool wide_long = sizeof(npy_long) == sizeof(npy_longlong);
    switch (type_num) {
        case NPY_BOOL: return call(Bool{});
        case NPY_BYTE: return call(npy_byte{});
        case NPY_UBYTE: return call(npy_ubyte{});
        case NPY_SHORT: return call(npy_short{});
        case NPY_USHORT: return call(npy_ushort{});
        case NPY_INT: return call(npy_int{});
        case NPY_UINT: return call(npy_uint{});
        case NPY_LONG: return call(std::conditional_t<wide_long, npy_longlong, npy_int>{});
        case NPY_ULONG: return call(std::conditional_t<wide_long, npy_ulonglong, npy_uint>{});
        case NPY_LONGLONG: return call(npy_longlong{});
        case NPY_ULONGLONG: return call(npy_ulonglong{});
        case NPY_FLOAT: return call(npy_float{});
        case NPY_DOUBLE: return call(npy_double{});
        default: return false;
    }
}

using NumberConverter = bool (*)(const char* from, char* to, std::size_t count) noexcept;

// What converts between two of NumPy's types; nullptr: NumPy has to.
inline NumberConverter number_converter(int from, int to) noexcept {
    NumberConverter found = nullptr;
    with_type(from, [&](auto source) {
        return with_type(to, [&](auto target) {
            found = &convert_numbers<decltype(source), decltype(target)>;
            return true;
        });
    });
    return found;
}

// Whether nothing of `from` would be lost, without a place for all of it.
inline bool keeps_numbers(NumberConverter convert, const char* from, std::size_t item_size,
                          std::size_t count) noexcept {
    constexpr std::size_t most = 512;
    char converted[most * sizeof(npy_longlong)];
    for (std::size_t done = 0; done < count; done += most)
        if (!convert(from + done * item_size, converted, std::min(most, count - done))) return false;
    return true;
}

// The converter for the elements of an array, which are to become those of another dtype: nullptr where NumPy has to.
inline NumberConverter array_converter(PyArrayObject* array, PyArray_Descr* dtype) noexcept {
    if (!PyArray_IS_C_CONTIGUOUS(array) || PyArray_ISBYTESWAPPED(array) || !PyArray_ISNBO(dtype->byteorder))
        return nullptr;
    return number_converter(PyArray_TYPE(array), dtype->type_num);
}

}  // namespace cppdynarray
