// Arrays converted as a whole, by the rules for single values: a block at a time, which stays in the cache while it is
// converted and checked.
#pragma once

#include <Python.h>
#include <numpy/arrayobject.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "dates.hpp"
#include "numbers.hpp"
#include "text.hpp"

#if defined(__GNUC__) && defined(__x86_64__)
#define CPPDYNARRAY_WIDE __attribute__((target("avx2")))
#endif

namespace cppdynarray {

// Loops over numbers are there twice: for any processor, and for those that this is true of.
#ifdef CPPDYNARRAY_WIDE
inline bool has_wide_registers() noexcept { return __builtin_cpu_supports("avx2") != 0; }
#else
inline bool has_wide_registers() noexcept { return false; }
#endif

// Numbers are converted without a jump, so that a loop takes many at once. What these return isn't 0 where something
// is lost, or where they can't tell: convert_number() decides then.

template <std::size_t size>
using Bits =
    std::conditional_t<size == 8, npy_uint64,
                       std::conditional_t<size == 4, npy_uint32, std::conditional_t<size == 2, npy_uint16, npy_uint8>>>;

// What an integer has outside of so many bits, one of which is a sign if it `has_sign`: moved up to begin at zero, it
// has none above.
template <int kept, bool has_sign, class S>
CPPDYNARRAY_INLINE Bits<sizeof(S)> outside(S number) noexcept {
    using Own = Bits<sizeof(S)>;
    constexpr int of = 8 * sizeof(S);
    if constexpr (has_sign && kept >= of) {
        return 0;
    } else if constexpr (kept >= of) {
        return std::is_signed_v<S> ? Own(Own(number) & Own(Own(1) << (of - 1))) : Own(0);
    } else {
        constexpr Own up = has_sign ? Own(Own(1) << (kept - 1)) : Own(0), above = Own(~npy_uint64{0} << kept);
        return Own(Own(Own(number) + up) & above);
    }
}

// Floats that are integers: with a number added whose last bit is worth 1, the bits of the sum count them, and what is
// lost by it is a fraction, which is never -0. NaN stays one.
template <class S>
constexpr S counting = S(npy_uint64{3} << (std::numeric_limits<S>::digits - 2));

template <class S, class T>
CPPDYNARRAY_INLINE Bits<sizeof(S)> count_float(S number, T& to) noexcept {
    using Own = Bits<sizeof(S)>;
    constexpr bool has_sign = std::is_signed_v<T>;
    constexpr int kept = std::min(std::numeric_limits<T>::digits, std::numeric_limits<S>::digits - 2) + has_sign;
    const S sum = number + counting<S>, difference = (sum - counting<S>)-number;
    const auto whole = static_cast<std::make_signed_t<Own>>(bits_of<Own>(sum) - bits_of<Own>(counting<S>));
    to = static_cast<T>(whole);
    return bits_of<Own>(difference) | outside<kept, has_sign>(whole);
}

// And back.
template <class S, class T>
CPPDYNARRAY_INLINE npy_uint64 float_of_count(S number, T& to) noexcept {
    static_assert(sizeof(S) == sizeof(double));
    const double sum = bits_of<double>(npy_uint64(number) + bits_of<npy_uint64>(counting<double>));
    to = static_cast<T>(sum - counting<double>);
    return outside<51 + std::is_signed_v<S>, std::is_signed_v<S>>(number);
}

template <class S, class T>
CPPDYNARRAY_INLINE auto convert_quickly(S from, T& to) noexcept {
    if constexpr (std::is_same_v<S, T>) {
        to = from;
        return Bits<sizeof(S)>{0};
    } else if constexpr (std::is_same_v<S, Bool>) {
        return convert_quickly(static_cast<npy_int>(from.value != 0), to);
    } else if constexpr (std::is_same_v<S, Half>) {
        // A NaN has bits that are NumPy's to convert.
        const auto is_nan = static_cast<npy_uint32>((from.bits & 0x7fff) + 0x83ff) & 0x10000;
        return convert_quickly(widened(from), to) | is_nan;
    } else if constexpr (std::is_same_v<T, Bool>) {
        npy_ubyte number;
        const auto lost = convert_quickly(from, number);
        to.value = number & 1;
        return static_cast<decltype(+lost)>(lost | (number & 0xfe));
    } else if constexpr (std::is_same_v<T, Half>) {
        return narrow(static_cast<double>(from), to);
    } else if constexpr (std::is_integral_v<S> && std::is_integral_v<T>) {
        to = static_cast<T>(from);
        constexpr int sign = std::is_signed_v<S> && std::is_signed_v<T>;
        return outside<std::numeric_limits<T>::digits + sign, sign != 0>(from);
    } else if constexpr (std::is_integral_v<T>) {
        return count_float(from, to);
    } else if constexpr (std::is_integral_v<S> && sizeof(S) == sizeof(npy_int64)) {
        return float_of_count(from, to);
    } else {
        to = static_cast<T>(from);
        if constexpr (std::is_same_v<S, double> && std::is_same_v<T, float>) {
            // Adding to the exponent changes the sign of what isn't finite.
            return ((bits_of<npy_uint32>(to) & 0x7f800000) + 0x00800000) & 0x80000000;
        } else {
            return Bits<sizeof(S)>{0};
        }
    }
}

// A long double isn't moved as bytes: the processor has it in a register that no others go to.
template <class T>
constexpr bool is_alone = std::is_same_v<T, npy_longdouble>;

#if defined(__GNUC__)
template <class T>
struct __attribute__((packed, may_alias)) Loose {
    T number;
};
#endif

template <class T>
CPPDYNARRAY_INLINE T number_at(const char* from) noexcept {
#if defined(__GNUC__)
    if constexpr (is_alone<T>) return reinterpret_cast<const Loose<T>*>(from)->number;
#endif
    T number;
    std::memcpy(&number, from, sizeof number);
    return number;
}

template <class T>
CPPDYNARRAY_INLINE void put_number(char* to, T number) noexcept {
#if defined(__GNUC__)
    if constexpr (is_alone<T>) {
        reinterpret_cast<Loose<T>*>(to)->number = number;
        return;
    }
#endif
    std::memcpy(to, &number, sizeof number);
}

// Writes a number behind others; as a complex one, with nothing behind it, if those are.
template <bool to_complex, class T>
CPPDYNARRAY_INLINE void put(char* to, std::size_t i, T number) noexcept {
    constexpr std::size_t size = to_complex ? 2 * sizeof number : sizeof number;
    put_number(to + i * size, number);
    if (to_complex) put_number(to + i * size + sizeof number, T{});
}

template <class S, class T, bool to_complex>
CPPDYNARRAY_INLINE bool convert_all_quickly(const char* from, char* to, std::size_t count) noexcept {
    T first;
    decltype(convert_quickly(S{}, first)) lost = 0;
    for (std::size_t i = 0; i < count; ++i) {
        T converted;
        lost |= convert_quickly(number_at<S>(from + i * sizeof(S)), converted);
        put<to_complex>(to, i, converted);
    }
    return lost == 0;
}

// One by one, until one would lose something.
template <class S, class T, bool to_complex>
CPPDYNARRAY_INLINE bool convert_one_by_one(const char* from, char* to, std::size_t count) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        T converted;
        if (!convert_number(number_at<S>(from + i * sizeof(S)), converted)) return false;
        put<to_complex>(to, i, converted);
    }
    return true;
}

template <class S, class T, bool to_complex>
inline bool convert_each(const char* from, char* to, std::size_t count) noexcept {
    return convert_one_by_one<S, T, to_complex>(from, to, count);
}

// How elements of one dtype become those of another.
struct Conversion {
    static constexpr std::size_t most = 1024;  // elements in a block

    // Change the byte order of elements where they are, and as they are copied.
    using Swap = void (*)(char* data, std::size_t bytes) noexcept;
    using CopySwapped = void (*)(const char* from, char* to, std::size_t bytes) noexcept;
    struct Swapping {
        Swap swap = nullptr;  // nullptr: they have the processor's
        CopySwapped copy = nullptr;
    };
    // Converts a block, anyhow aligned. False: something would be lost.
    using Function = bool (*)(const Conversion&, const char* from, char* to, std::size_t count) noexcept;

    Function function = nullptr;  // nullptr: NumPy has to
    Function parts = nullptr;     // of complex numbers
    std::size_t from_size = 0, to_size = 0;
    Swapping of_from, of_to;
    CopySwapped copy = nullptr;  // of elements that are the same but for that
    Scale scale;                 // of dates
};

template <class S, class T, bool to_complex>
CPPDYNARRAY_INLINE bool convert_all(const char* from, char* to, std::size_t count) noexcept {
    if constexpr (is_alone<S> || is_alone<T>) return convert_one_by_one<S, T, to_complex>(from, to, count);
    else
        return convert_all_quickly<S, T, to_complex>(from, to, count) ||
               convert_each<S, T, to_complex>(from, to, count);
}

template <class S, class T, bool to_complex>
inline bool convert_numbers(const Conversion&, const char* from, char* to, std::size_t count) noexcept {
    return convert_all<S, T, to_complex>(from, to, count);
}

#ifdef CPPDYNARRAY_WIDE
template <class S, class T, bool to_complex>
CPPDYNARRAY_WIDE bool convert_numbers_wide(const Conversion&, const char* from, char* to, std::size_t count) noexcept {
    return convert_all<S, T, to_complex>(from, to, count);
}
#endif

template <class S, class T, bool to_complex>
inline Conversion::Function number_function([[maybe_unused]] bool wide) noexcept {
#ifdef CPPDYNARRAY_WIDE
    if (wide) return &convert_numbers_wide<S, T, to_complex>;
#endif
    return &convert_numbers<S, T, to_complex>;
}

// Complex numbers are two real ones; none is converted to one.
inline bool convert_parts(const Conversion& how, const char* from, char* to, std::size_t count) noexcept {
    return how.parts(how, from, to, 2 * count);
}

// What converts numbers of NumPy's types.
inline void find_number_function(Conversion& how, int from, int to, bool wide) noexcept {
    const bool from_complex = PyTypeNum_ISCOMPLEX(from), to_complex = PyTypeNum_ISCOMPLEX(to);
    if (from_complex && !to_complex) return;
    how.function = with_type(from, [&](auto source) {
        return with_type(to, [&](auto target) {
            using S = decltype(source);
            using T = decltype(target);
            if constexpr (std::is_floating_point_v<T>)
                if (to_complex && !from_complex) return number_function<S, T, true>(wide);
            return number_function<S, T, false>(wide);
        });
    });
    if (from_complex && how.function != nullptr) how.parts = std::exchange(how.function, &convert_parts);
}

// What is done with elements of a size: compilers know the common ones.
template <class Call>
inline void with_size(std::size_t size, Call call) noexcept {
    switch (size) {
        case 1: return call(std::integral_constant<std::size_t, 1>{});
        case 2: return call(std::integral_constant<std::size_t, 2>{});
        case 4: return call(std::integral_constant<std::size_t, 4>{});
        case 8: return call(std::integral_constant<std::size_t, 8>{});
        case 16: return call(std::integral_constant<std::size_t, 16>{});
        default: return call(size);
    }
}

// Text and bytes.

inline npy_uint64 bits_in(const char* bytes, std::size_t count) noexcept {
    npy_uint64 all = 0, some = 0;
    for (; count >= sizeof some; count -= sizeof some, bytes += sizeof some) {
        std::memcpy(&some, bytes, sizeof some);
        all |= some;
    }
    some = 0;
    std::memcpy(&some, bytes, count);
    return all | some;
}

// Text of one kind in longer or shorter elements: behind it come zeros, and nothing but zeros is cut.
inline bool resize_text(const Conversion& how, const char* from, char* to, std::size_t count) noexcept {
    const std::size_t from_size = how.from_size, to_size = how.to_size;
    npy_uint64 lost = 0;
    with_size(std::min(from_size, to_size), [&](auto kept) {
        with_size(std::max(from_size, to_size) - kept, [&](auto rest) {
            for (; count != 0; --count, from += from_size, to += to_size) {
                std::memcpy(to, from, kept);
                if (to_size > from_size) std::memset(to + kept, 0, rest);
                else lost |= bits_in(from + kept, rest);
            }
        });
    });
    return lost == 0;
}

// Text of the other kind, if it is ASCII: the rest is NumPy's.
template <class From, class To>
inline bool convert_text(const Conversion& how, const char* from, char* to, std::size_t count) noexcept {
    const std::size_t from_width = how.from_size / sizeof(From), to_width = how.to_size / sizeof(To);
    const std::size_t kept = std::min(from_width, to_width);
    npy_uint32 lost = 0;
    for (; count != 0; --count, from += how.from_size, to += how.to_size) {
        From unit;
        for (std::size_t i = 0; i < kept; ++i) {
            std::memcpy(&unit, from + i * sizeof unit, sizeof unit);
            const To same = static_cast<To>(unit);
            std::memcpy(to + i * sizeof same, &same, sizeof same);
            lost |= unit & ~npy_uint32{127};
        }
        for (std::size_t i = kept; i < from_width; ++i) {
            std::memcpy(&unit, from + i * sizeof unit, sizeof unit);
            lost |= unit;
        }
        std::memset(to + kept * sizeof(To), 0, (to_width - kept) * sizeof(To));
    }
    return lost == 0;
}

inline Conversion::Function text_function(int from, int to) noexcept {
    if (from == NPY_STRING && to == NPY_UNICODE) return &convert_text<npy_ubyte, npy_ucs4>;
    if (from == NPY_UNICODE && to == NPY_STRING) return &convert_text<npy_ucs4, npy_ubyte>;
    return from == to && from != NPY_VOID ? &resize_text : nullptr;
}

// Dates and durations.

inline bool convert_times(const Conversion& how, const char* from, char* to, std::size_t count) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        npy_int64 time;
        std::memcpy(&time, from + i * sizeof time, sizeof time);
        if (time != NPY_DATETIME_NAT && !rescale(time, how.scale)) return false;
        std::memcpy(to + i * sizeof time, &time, sizeof time);
    }
    return true;
}

// Byte order.

template <std::size_t unit>
CPPDYNARRAY_INLINE void swap_all(const char* from, char* to, std::size_t bytes) noexcept {
    for (std::size_t i = 0; i < bytes; i += unit) {
#if defined(__GNUC__)
        if constexpr (unit == 2 || unit == 4 || unit == 8) {
            Bits<unit> number;
            std::memcpy(&number, from + i, unit);
            number = unit == 2   ? __builtin_bswap16(number)
                     : unit == 4 ? __builtin_bswap32(number)
                                 : __builtin_bswap64(number);
            std::memcpy(to + i, &number, unit);
            continue;
        }
#endif
        char turned[unit];
        std::reverse_copy(from + i, from + i + unit, turned);
        std::memcpy(to + i, turned, unit);
    }
}

template <std::size_t unit>
inline void swap_bytes(char* data, std::size_t bytes) noexcept {
    swap_all<unit>(data, data, bytes);
}

template <std::size_t unit>
inline void copy_swapped(const char* from, char* to, std::size_t bytes) noexcept {
    swap_all<unit>(from, to, bytes);
}

#ifdef CPPDYNARRAY_WIDE
template <std::size_t unit>
CPPDYNARRAY_WIDE void swap_bytes_wide(char* data, std::size_t bytes) noexcept {
    swap_all<unit>(data, data, bytes);
}

template <std::size_t unit>
CPPDYNARRAY_WIDE void copy_swapped_wide(const char* from, char* to, std::size_t bytes) noexcept {
    swap_all<unit>(from, to, bytes);
}
#endif

template <std::size_t unit>
inline Conversion::Swapping swapping_of([[maybe_unused]] bool wide) noexcept {
#ifdef CPPDYNARRAY_WIDE
    if (wide) return {&swap_bytes_wide<unit>, &copy_swapped_wide<unit>};
#endif
    return {&swap_bytes<unit>, &copy_swapped<unit>};
}

// What changes the byte order of elements; nothing where they have the processor's, or none.
inline Conversion::Swapping swapping_for(const PyArray_Descr* dtype, bool wide = has_wide_registers()) noexcept {
    if (PyArray_ISNBO(dtype->byteorder)) return {};
    const npy_intp size = PyDataType_ELSIZE(dtype);
    switch (dtype->type_num == NPY_UNICODE ? 4 : PyTypeNum_ISCOMPLEX(dtype->type_num) ? size / 2 : size) {
        case 2: return swapping_of<2>(wide);
        case 4: return swapping_of<4>(wide);
        case 8: return swapping_of<8>(wide);
        default: return swapping_of<sizeof(npy_longdouble)>(wide);
    }
}

inline bool copy_elements(const Conversion& how, const char* from, char* to, std::size_t count) noexcept {
    if (how.copy != nullptr) how.copy(from, to, count * how.from_size);
    else std::memcpy(to, from, count * how.from_size);
    return true;
}

// Whether elements of two dtypes are the same bytes, but for their order.
inline bool are_same(const PyArray_Descr* from, const PyArray_Descr* to, const Scale& scale) noexcept {
    return from->kind == to->kind && PyDataType_ELSIZE(from) == PyDataType_ELSIZE(to) && scale.times == scale.parts;
}

// How to convert between two dtypes, by loops for wider registers or for any processor.
inline Conversion conversion_between(PyArray_Descr* from, PyArray_Descr* to,
                                     bool wide = has_wide_registers()) noexcept {
    Conversion how;
    how.from_size = static_cast<std::size_t>(PyDataType_ELSIZE(from));
    how.to_size = static_cast<std::size_t>(PyDataType_ELSIZE(to));
    how.of_from = swapping_for(from, wide);
    how.of_to = swapping_for(to, wide);
    if (PyTypeNum_ISDATETIME(to->type_num)) {
        if (from->type_num == to->type_num && find_scale(unit_of(from), unit_of(to), how.scale))
            how.function = &convert_times;
        if (PyTypeNum_ISINTEGER(from->type_num) && unit_of(to).base != NPY_FR_GENERIC)
            find_number_function(how, from->type_num, NPY_INT64, wide);  // which count units
    } else if (PyTypeNum_ISFLEXIBLE(to->type_num)) {
        how.function = text_function(from->type_num, to->type_num);
    } else {
        find_number_function(how, from->type_num, to->type_num, wide);
    }
    if (how.function != nullptr && are_same(from, to, how.scale)) {
        how.function = &copy_elements;
        if (how.of_from.copy != how.of_to.copy)
            how.copy = how.of_from.copy != nullptr ? how.of_from.copy : how.of_to.copy;
        how.of_from = how.of_to = {};
    }
    return how;
}

// Elements `stride` bytes apart, brought together in native byte order, as many as there is capacity for.
class Gathered {
public:
    static constexpr std::size_t capacity = 8192;

    const char* take(const Conversion& how, const char* from, npy_intp stride, std::size_t count) noexcept {
        if (stride == static_cast<npy_intp>(how.from_size) && how.of_from.copy != nullptr) {
            how.of_from.copy(from, bytes_, count * how.from_size);
            return bytes_;
        }
        with_size(how.from_size, [&](auto size) {
            for (std::size_t i = 0; i < count; ++i)
                std::memcpy(bytes_ + i * size, from + static_cast<npy_intp>(i) * stride, size);
        });
        if (how.of_from.swap != nullptr) how.of_from.swap(bytes_, count * how.from_size);
        return bytes_;
    }

private:
    alignas(std::max_align_t) char bytes_[capacity];
};

// Writes `count` elements, which are `stride` bytes apart, one behind the other as those of the other dtype. False:
// something would be lost, and what is written may be anything.
inline bool convert(const Conversion& how, const char* from, npy_intp stride, char* to, std::size_t count) noexcept {
    Gathered gathered;
    const bool together = stride == static_cast<npy_intp>(how.from_size) && how.of_from.swap == nullptr;
    const std::size_t most =
        together ? Conversion::most : std::min(Conversion::most, Gathered::capacity / how.from_size);
    while (count != 0) {
        const std::size_t now = std::min(most, count);
        const char* const block = together ? from : gathered.take(how, from, stride, now);
        if (!how.function(how, block, to, now)) return false;
        if (how.of_to.swap != nullptr) how.of_to.swap(to, now * how.to_size);
        count -= now;
        from += static_cast<npy_intp>(now) * stride;
        to += now * how.to_size;
    }
    return true;
}

// How the elements of an array become those of another dtype, by convert(): with no function where NumPy has to.
inline Conversion array_conversion(PyArrayObject* array, PyArray_Descr* dtype) noexcept {
    const bool in_order = PyArray_IS_C_CONTIGUOUS(array) || PyArray_NDIM(array) == 1;
    Conversion how = conversion_between(PyArray_DESCR(array), dtype);
    if (!in_order || how.from_size == 0 || how.from_size > Gathered::capacity) how.function = nullptr;
    return how;
}

// Converts all elements of an array.
inline bool convert_array(const Conversion& how, PyArrayObject* array, char* to) noexcept {
    const npy_intp stride = PyArray_IS_C_CONTIGUOUS(array) ? PyArray_ITEMSIZE(array) : PyArray_STRIDES(array)[0];
    return convert(how, PyArray_BYTES(array), stride, to, static_cast<std::size_t>(PyArray_SIZE(array)));
}

}  // namespace cppdynarray
