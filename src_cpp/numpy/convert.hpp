// Arrays of numbers converted as a whole, by the rule for single ones.
#pragma once

#include <Python.h>
#include <numpy/arrayobject.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <type_traits>

#include "numbers.hpp"

namespace cppdynarray {

// What is done with each number of a block at `data`, anyhow aligned.
template <class T, class Call>
inline void for_each(const char* data, std::size_t count, Call call) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        T number;
        std::memcpy(&number, data + i * sizeof number, sizeof number);
        call(number);
    }
}

// Whether all integers of a block are in the range of T: moved up to begin at zero, they have no bit above its own.
// Without a jump or a comparison, for which processors have no instruction that takes many at once.
template <class S, class T>
inline bool all_in_range(const char* from, std::size_t count) noexcept {
    using Bits = std::make_unsigned_t<S>;
    constexpr bool both_signed = std::is_signed_v<S> && std::is_signed_v<T>;
    constexpr std::size_t kept = std::numeric_limits<T>::digits + (both_signed ? 1 : 0);
    constexpr std::size_t of = std::numeric_limits<Bits>::digits;
    if constexpr (both_signed ? kept >= of : kept >= of && !std::is_signed_v<S>) {
        return true;
    } else {
        // Of a signed S that T can't be less than, the sign alone is out of range.
        constexpr Bits above = kept >= of ? Bits(Bits(1) << (of - 1)) : Bits(~npy_ulonglong{0} << kept);
        constexpr Bits up = both_signed ? Bits(Bits(1) << (kept - 1)) : Bits(0);
        Bits all = 0;
        for_each<S>(from, count, [&](S number) { all = Bits(all | Bits(Bits(number) + up)); });
        return (all & above) == 0;
    }
}

// Whether all of a block are finite: adding to their exponents then changes no sign.
inline bool all_finite(const char* floats, std::size_t count) noexcept {
    static_assert(sizeof(npy_float) == sizeof(npy_uint32));
    npy_uint32 all = 0;
    for_each<npy_uint32>(floats, count, [&](npy_uint32 bits) { all |= (bits & 0x7f800000) + 0x00800000; });
    return (all & 0x80000000) == 0;
}

template <class To, class From>
inline To bits_of(From number) noexcept {
    static_assert(sizeof(To) == sizeof(From));
    To bits;
    std::memcpy(&bits, &number, sizeof bits);
    return bits;
}

// Whether all floats of a block are integers in the range of T, and small enough for this: with a number added whose
// last bit is 1, the bits of their sum count them, and what is lost by it is a fraction. NaN stays one.
template <class S, class T>
inline bool all_whole(const char* from, std::size_t count) noexcept {
    using Bits = std::conditional_t<sizeof(S) == sizeof(npy_uint64), npy_uint64, npy_uint32>;
    constexpr int fraction = std::numeric_limits<S>::digits - 1;
    constexpr S rounding = S(npy_uint64{3} << (fraction - 1));
    constexpr bool is_signed = std::is_signed_v<T>;
    constexpr int kept = std::min(std::numeric_limits<T>::digits, fraction - 1) + (is_signed ? 1 : 0);
    constexpr Bits up = is_signed ? Bits(Bits(1) << (kept - 1)) : Bits(0), above = Bits(~Bits(0) << kept);
    Bits lost = 0;
    for_each<S>(from, count, [&](S number) {
        const S sum = number + rounding, difference = (sum - rounding) - number;
        const Bits whole = bits_of<Bits>(sum) - bits_of<Bits>(rounding);
        lost |= Bits(bits_of<Bits>(difference) << 1) | Bits(Bits(whole + up) & above);
    });
    return lost == 0;
}

// One by one, until one would lose something.
template <class S, class T>
inline bool convert_each(const char* from, char* to, std::size_t count) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        S number;
        T converted;
        std::memcpy(&number, from + i * sizeof number, sizeof number);
        if (!convert_number(number, converted)) return false;
        std::memcpy(to + i * sizeof converted, &converted, sizeof converted);
    }
    return true;
}

// All of a block, whatever they lose.
template <class S, class T>
inline void cast_all(const char* from, char* to, std::size_t count) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        S number;
        std::memcpy(&number, from + i * sizeof number, sizeof number);
        const T converted = static_cast<T>(number);
        std::memcpy(to + i * sizeof converted, &converted, sizeof converted);
    }
}

// Converts a block. False: a number would lose something.
template <class S, class T>
inline bool convert_block(const char* from, char* to, std::size_t count) noexcept {
    if constexpr (!std::is_arithmetic_v<S> || !std::is_arithmetic_v<T>) {
        return convert_each<S, T>(from, to, count);
    } else if constexpr (std::is_floating_point_v<S> && std::is_integral_v<T>) {
        if (!all_whole<S, T>(from, count)) return convert_each<S, T>(from, to, count);
        cast_all<S, T>(from, to, count);
        return true;
    } else {
        cast_all<S, T>(from, to, count);
        if constexpr (std::is_integral_v<S> && std::is_integral_v<T>) return all_in_range<S, T>(from, count);
        if constexpr (std::is_same_v<S, double> && std::is_same_v<T, float>)
            return all_finite(to, count) || convert_each<S, T>(from, to, count);
        return true;
    }
}

// Converts `count` numbers, each anyhow aligned. False: one would lose something. Loops that take many numbers at once
// convert and check a block, which stays in the cache meanwhile.
template <class S, class T>
inline bool convert_numbers(const char* from, char* to, std::size_t count) noexcept {
    constexpr std::size_t most = 1024;
    for (std::size_t done = 0; done < count; done += most, from += most * sizeof(S), to += most * sizeof(T))
        if (!convert_block<S, T>(from, to, std::min(most, count - done))) return false;
    return true;
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
