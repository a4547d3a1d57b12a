// Numbers of every type that Python and NumPy have, converted without a loss or not at all. What a float rounds
// is no loss; what it makes infinite is one.
#pragma once

#include <Python.h>
#include <numpy/arrayobject.h>
#include <numpy/arrayscalars.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

// What loops consist of that are made once more for processors with wider registers (convert.hpp).
#if defined(__GNUC__)
#define CPPDYNARRAY_INLINE inline __attribute__((always_inline))
#else
#define CPPDYNARRAY_INLINE inline
#endif

namespace cppdynarray {

// NumPy's half and bool, which for C are integers.
struct Half {
    npy_half bits;
};
struct Bool {
    npy_bool value;
};

template <class To, class From>
CPPDYNARRAY_INLINE To bits_of(From number) noexcept {
    static_assert(sizeof(To) == sizeof(From));
    To bits;
    std::memcpy(&bits, &number, sizeof bits);
    return bits;
}

// One of two, without a jump.
template <class T>
CPPDYNARRAY_INLINE T choose(bool first, T one, T other) noexcept {
    const T mask = static_cast<T>(T(0) - T(first));
    return static_cast<T>((one & mask) | (other & ~mask));
}

CPPDYNARRAY_INLINE float widened(Half half) noexcept {
    const npy_uint32 size = half.bits & 0x7fffu, sign = (half.bits & 0x8000u) << 16;
    const float small = bits_of<float>((size << 13) + (113u << 23)) - 0x1p-14f;  // below the least with a leading 1
    const npy_uint32 with_leading_1 = (size << 13) + choose(size < 0x7c00, 112u << 23, 224u << 23);
    return bits_of<float>(choose(size < 0x0400, bits_of<npy_uint32>(small), with_leading_1) | sign);
}

// Rounds to the nearest, as NumPy does. What isn't 0 is the sign that the result isn't finite.
CPPDYNARRAY_INLINE npy_uint64 narrow(double number, Half& half) noexcept {
    constexpr npy_uint64 sign = npy_uint64{1} << 63;
    constexpr npy_int64 least = npy_int64{1023 - 14} << 52, end = npy_int64{1023 + 16} << 52;
    const auto bits = bits_of<npy_uint64>(number);
    const auto size = static_cast<npy_int64>(bits & ~sign);
    // A number is added whose last bit is worth as much as the last that is kept.
    const auto exponent = static_cast<npy_uint64>(size) & (npy_uint64{0x7ff} << 52);
    const auto rounding = bits_of<double>(choose(size < least, npy_uint64{least}, exponent) + (npy_uint64{42} << 52));
    const double rounded = (bits_of<double>(size) + rounding) - rounding;
    const auto kept = bits_of<npy_int64>(rounded);
    const auto with_leading_1 = static_cast<npy_uint64>(kept >> 42) - (1008 << 10);
    const auto without = bits_of<npy_uint64>(rounded + 0x1p28) & 0x7ff;
    const npy_uint64 finite = choose(kept < least, without, with_leading_1);
    const bool is_finite = (kept < end) & (size < end);
    half.bits = static_cast<npy_half>(choose(is_finite, finite, npy_uint64{0x7c00}) | (bits >> 48 & 0x8000));
    return choose(is_finite, npy_uint64{0}, sign);
}

// Whether an integer is in the range of another integer type.
template <class T, class S>
constexpr bool in_range(S number) noexcept {
    using Limits = std::numeric_limits<T>;
    if constexpr (std::is_signed_v<T> == std::is_signed_v<S>) {
        return number >= Limits::min() && number <= Limits::max();
    } else if constexpr (std::is_signed_v<S>) {
        return number >= 0 && static_cast<std::make_unsigned_t<S>>(number) <= Limits::max();
    } else {
        return number <= static_cast<std::make_unsigned_t<T>>(Limits::max());
    }
}

// Writes `from` as a T. False, where `to` may be anything: it would lose something. Without a jump where T is a number
// of C, so that a loop of it takes many at once.
template <class S, class T>
inline bool convert_number(S from, T& to) noexcept {
    if constexpr (std::is_same_v<S, Bool>) {
        return convert_number(static_cast<npy_ubyte>(from.value != 0), to);
    } else if constexpr (std::is_same_v<S, Half>) {
        return convert_number(widened(from), to) && (from.bits & 0x7fff) <= 0x7c00;
    } else if constexpr (std::is_same_v<T, Bool>) {
        to.value = from != 0;
        return (from == 0) | (from == 1);
    } else if constexpr (std::is_same_v<T, Half>) {
        const auto number = static_cast<double>(from);
        return narrow(number, to) == 0 || std::isinf(number);
    } else if constexpr (std::is_floating_point_v<T>) {
        to = static_cast<T>(from);
        if constexpr (std::is_floating_point_v<S> && std::numeric_limits<T>::digits < std::numeric_limits<S>::digits)
            return (std::fabs(to) <= std::numeric_limits<T>::max()) |
                   !(std::fabs(from) <= std::numeric_limits<S>::max());
        return true;
    } else if constexpr (std::is_integral_v<S>) {
        to = static_cast<T>(from);
        return in_range<T>(from);
    } else {
        // As floats both bounds are exact: they are powers of 2.
        constexpr S low = static_cast<S>(std::numeric_limits<T>::min());
        constexpr S end = static_cast<S>(std::numeric_limits<T>::max() / 2 + 1) * 2;
        const bool inside = (from >= low) & (from < end);
        to = static_cast<T>(inside ? from : S(0));
        return inside & (static_cast<S>(to) == from);
    }
}

// A number of one of Python's or NumPy's own types. A long double holds every real one.
struct Number {
    enum Kind { none, python_int, signed_integer, unsigned_integer, real, complex } kind = none;
    npy_longlong integer = 0;
    npy_ulonglong natural = 0;
    npy_longdouble real_part = 0;
    npy_longdouble imaginary_part = 0;
};

// A number of C's, or a half. A half that is NaN is NumPy's.
template <class T>
inline Number number_of(T value) noexcept {
    Number number;
    if constexpr (std::is_same_v<T, Half>) {
        if ((value.bits & 0x7fff) <= 0x7c00) number.kind = Number::real, number.real_part = widened(value);
    } else if constexpr (std::is_floating_point_v<T>) {
        number.kind = Number::real, number.real_part = value;
    } else if constexpr (std::is_signed_v<T>) {
        number.kind = Number::signed_integer, number.integer = value;
    } else {
        number.kind = Number::unsigned_integer, number.natural = value;
    }
    return number;
}

inline Number complex_number(npy_longdouble real, npy_longdouble imaginary) noexcept {
    Number number;
    number.kind = Number::complex, number.real_part = real, number.imaginary_part = imaginary;
    return number;
}

// The value of one of Python's ints; false if it is too large.
inline bool load_int(PyObject* value, npy_longlong& number) noexcept {
#if PY_VERSION_HEX >= 0x030C0000 && !defined(Py_LIMITED_API)
    auto* const small = reinterpret_cast<PyLongObject*>(value);
    if (PyUnstable_Long_IsCompact(small)) {  // as nearly all are, and without a call
        number = PyUnstable_Long_CompactValue(small);
        return true;
    }
#endif
    int overflow = 0;
    number = PyLong_AsLongLongAndOverflow(value, &overflow);
    return overflow == 0;
}

inline Number read_int(PyObject* value) noexcept {
    Number number;
    if (load_int(value, number.integer)) {
        number.kind = Number::python_int;
        return number;
    }
    const npy_ulonglong natural = PyLong_AsUnsignedLongLong(value);
    if (PyErr_Occurred() == nullptr) return number_of(natural);
    PyErr_Clear();
    return number;
}

// Reads `value`: Number::none if it is of any other type, a subclass's included, or a large int. Runs no Python code.
inline Number read_number(PyObject* value) noexcept {
    PyTypeObject* const type = Py_TYPE(value);
    if (type == &PyFloat_Type || type == &PyDoubleArrType_Type) return number_of(PyFloat_AS_DOUBLE(value));
    if (type == &PyLong_Type) return read_int(value);
#define CPPDYNARRAY_READ(Name, as) \
    if (type == &Py##Name##ArrType_Type) return number_of(as{reinterpret_cast<Py##Name##ScalarObject*>(value)->obval})
    CPPDYNARRAY_READ(Long, npy_long);
    CPPDYNARRAY_READ(LongLong, npy_longlong);
    CPPDYNARRAY_READ(Int, npy_int);
    CPPDYNARRAY_READ(Float, npy_float);
    if (type == &PyBool_Type) return number_of(npy_ulonglong{value == Py_True});
    if (type == &PyBoolArrType_Type) return number_of(npy_ulonglong{value == PyArrayScalar_True});
    CPPDYNARRAY_READ(Short, npy_short);
    CPPDYNARRAY_READ(Byte, npy_byte);
    CPPDYNARRAY_READ(UByte, npy_ubyte);
    CPPDYNARRAY_READ(UShort, npy_ushort);
    CPPDYNARRAY_READ(UInt, npy_uint);
    CPPDYNARRAY_READ(ULong, npy_ulong);
    CPPDYNARRAY_READ(ULongLong, npy_ulonglong);
    CPPDYNARRAY_READ(Half, Half);
    CPPDYNARRAY_READ(LongDouble, npy_longdouble);
#undef CPPDYNARRAY_READ
    if (type == &PyComplex_Type || type == &PyCDoubleArrType_Type) {
        const Py_complex both = reinterpret_cast<PyComplexObject*>(value)->cval;
        return complex_number(both.real, both.imag);
    }
    if (type == &PyCFloatArrType_Type) {
        float both[2];
        std::memcpy(both, &reinterpret_cast<PyCFloatScalarObject*>(value)->obval, sizeof both);
        return complex_number(both[0], both[1]);
    }
    return Number{};
}

// Writes a number as a T to `slot`, which may be anyhow aligned. False, and nothing is written: it would lose
// something, or is complex and T isn't.
template <class T>
inline bool store_real(char* slot, const Number& number) noexcept {
    T converted;
    bool kept = false;
    switch (number.kind) {
        case Number::python_int:
            // NumPy makes a double of an int, and of that a float.
            kept = std::is_same_v<T, npy_float> ? convert_number(static_cast<double>(number.integer), converted)
                                                : convert_number(number.integer, converted);
            break;
        case Number::signed_integer: kept = convert_number(number.integer, converted); break;
        case Number::unsigned_integer: kept = convert_number(number.natural, converted); break;
        case Number::real: {
            // Nearly all are doubles, which processors convert sooner.
            const auto real = static_cast<double>(number.real_part);
            kept = real == number.real_part ? convert_number(real, converted)
                                            : convert_number(number.real_part, converted);
            break;
        }
        default: break;
    }
    if (kept) std::memcpy(slot, &converted, sizeof converted);
    return kept;
}

template <class T>
inline bool store_complex(char* slot, const Number& number) noexcept {
    T both[2] = {};
    if (number.kind == Number::python_int) {
        if (!convert_number(static_cast<double>(number.integer), both[0])) return false;  // as NumPy does here
    } else if (number.kind != Number::complex) {
        if (!store_real<T>(reinterpret_cast<char*>(both), number)) return false;
    } else if (!convert_number(number.real_part, both[0]) || !convert_number(number.imaginary_part, both[1])) {
        return false;
    }
    std::memcpy(slot, both, sizeof both);
    return true;
}

// Calls `call` with a number of NumPy's type `type_num`, or of its parts: what it returns, or false or nullptr for a
// type of others. What is of one size and kind is one type.
template <class Call>
inline auto with_type(int type_num, Call call) noexcept -> decltype(call(npy_double{})) {
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
        case NPY_HALF: return call(Half{});
        case NPY_FLOAT:
        case NPY_CFLOAT: return call(npy_float{});
        case NPY_DOUBLE:
        case NPY_CDOUBLE: return call(npy_double{});
        case NPY_LONGDOUBLE:
        case NPY_CLONGDOUBLE: return call(npy_longdouble{});
        default: return {};
    }
}

// The same for a number of NumPy's type `type_num`, in native byte order; false for other types, too.
inline bool store_number(char* slot, int type_num, const Number& number) noexcept {
    return with_type(type_num, [&](auto as) {
        using T = decltype(as);
        if constexpr (std::is_floating_point_v<T>)
            if (PyTypeNum_ISCOMPLEX(type_num)) return store_complex<T>(slot, number);
        return store_real<T>(slot, number);
    });
}

}  // namespace cppdynarray
