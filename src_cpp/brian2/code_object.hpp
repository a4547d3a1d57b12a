// What the functions that cppdynarray.brian2.direct generates include. No Python, and nothing shared: a function gets
// a table of pointers, its slots, and reaches everything through it. Nothing of C++'s library either, which takes
// longer to compile than all of the functions: what needs it is compiled once, in _calls.pyx, and is in Support.
#pragma once

#define _GLIBCXX_INCLUDE_NEXT_C_HEADERS  // C's own, which libstdc++ puts a tenth of a second in front of
#include <math.h>
#undef _GLIBCXX_INCLUDE_NEXT_C_HEADERS
#include <stddef.h>
#include <stdint.h>

#include "cppdynarray/internal/array_place.hpp"

#if defined(_WIN32)
#define CPPDYNARRAY_EXPORT extern "C" __declspec(dllexport)
#else
#define CPPDYNARRAY_EXPORT extern "C" __attribute__((visibility("default")))
#endif

namespace cppdynarray::brian2 {

// What a function returns: what became of it. _calls.pyx makes exceptions of them.
enum Outcome : int { done = 0, no_memory = 1, bad_index = 2, division_by_zero = 3, failed = 4 };

struct DivisionByZero {};

// The first slot of every function: what there is to say about an outcome, and what takes more headers to do.
struct Support {
    char text[256];
    int (*print)(char* text, std::size_t size, const char* format, ...);
    Outcome (*caught)(Support* support);  // in a catch block: what the exception means
};

template <class... Values>
inline Outcome say(void* const* slots, Outcome outcome, const char* format, Values... values) noexcept {
    auto* support = static_cast<Support*>(slots[0]);
    support->print(support->text, sizeof support->text, format, values...);
    return outcome;
}

// Runs the body of a function, from which no C++ exception may leave.
template <class Body>
inline int guarded(void* const* slots, Body&& body) {
    try {
        return body();
    } catch (const DivisionByZero&) {
        return say(slots, division_by_zero, "integer division or modulo by zero");
    } catch (...) {
        auto* support = static_cast<Support*>(slots[0]);
        return support->caught(support);
    }
}

// Random numbers that were drawn ahead. Those of Brian2's device, where its Cython code takes them from too, or of a
// run of steps that makes them while another one has those: the memory has one user at a time.
struct RandomNumbers {
    double* numbers;
    std::int32_t* next;  // 0: all used
    std::int32_t size;
    void (*refill)(RandomNumbers*);  // takes the GIL
};

inline double take(RandomNumbers* random) noexcept {
    std::int32_t next = *random->next;
    if (next == 0) random->refill(random);
    const double number = random->numbers[next++];
    *random->next = next == random->size ? 0 : next;
    return number;
}

// A TimedArray.
struct TimedValues {
    const double* values;
    std::int64_t rows, columns;
    double epsilon;  // time between values / parts
    double parts;
};

inline double value_at(const TimedValues* of, double t) noexcept {
    const int row = static_cast<int>((t / of->epsilon + 0.5) / of->parts);
    return of->values[row < 0 ? 0 : row >= of->rows ? of->rows - 1 : row];
}

inline double value_at(const TimedValues* of, double t, int column) noexcept {
    if (column < 0 || column >= of->columns) return NAN;
    const int row = static_cast<int>((t / of->epsilon + 0.5) / of->parts);
    return of->values[(row < 0 ? 0 : row >= of->rows ? of->rows - 1 : row) * of->columns + column];
}

// A queue of Brian2's, of the synapses that spikes are on their way to. See brian2_queue.hpp.
struct SpikeQueue {
    void* queue;
    void (*push)(void* queue, const std::int32_t* spikes, std::int32_t count);
    const std::int32_t* (*due)(void* queue, std::int64_t* count);
    void (*advance)(void* queue);
};

// The length that an array is to have; the functions for it are called past the capacity alone.
inline bool set_rows(ArrayPlace* place, std::size_t rows) noexcept {
    const std::size_t before = length_of(place);
    if (rows == before) return true;
    return place->functions->resize(place, rows);
}

template <class T>
inline T* rows_of(ArrayPlace* place) noexcept {
    return reinterpret_cast<T*>(place->data());
}

// Where `count` rows go behind the first `before`; null if there is no memory. Who reads while steps run sees them
// once set_length_of() says that they are there.
template <class T>
inline T* room_for(ArrayPlace* place, std::size_t before, std::size_t count) noexcept {
    if (!set_rows(place, before)) return nullptr;
    if ((before + count) * place->row_bytes > place->block->committed_bytes &&
        !place->functions->reserve(place, before + count))
        return nullptr;
    return reinterpret_cast<T*>(place->data() + before * place->row_bytes);
}

template <class T>
constexpr bool is_whole = static_cast<T>(0.5) == 0;
template <>
constexpr bool is_whole<bool> = true;

template <class T>
inline T absolute(T value) noexcept {
    if constexpr (is_whole<T>) return value < 0 ? 0 - value : value;
    else return fabs(value);
}

// Arithmetic as Python means it, and as Cython compiles it: `/` is never the division of integers.
template <class A, class B>
inline auto divide(A a, B b) noexcept {
    if constexpr (is_whole<A> && is_whole<B>) return static_cast<double>(a) / static_cast<double>(b);
    else return a / b;
}

// Processors trap on these, and that would end the process.
template <class T>
inline void check_divisor(T b) {
    if (b == 0) throw DivisionByZero();
}
template <class T>
inline bool is_minus_one(T b) noexcept {
    return static_cast<T>(-1) < static_cast<T>(1) && b == static_cast<T>(-1);
}

template <class A, class B>
inline auto floor_divide(A a, B b) {
    if constexpr (is_whole<A> && is_whole<B>) {
        check_divisor(b);
        if (is_minus_one(b)) return static_cast<decltype(a / b)>(0 - a);
        const auto quotient = a / b, rest = a - quotient * b;
        return quotient - ((rest != 0) & ((rest ^ b) < 0));
    } else {
        return floor(a / b);
    }
}

template <class A, class B>
inline auto python_remainder(A a, B b) {
    if constexpr (is_whole<A> && is_whole<B>) {
        check_divisor(b);
        if (is_minus_one(b)) return static_cast<decltype(a % b)>(0);
        const auto rest = a % b;
        return rest + ((rest != 0) & ((rest ^ b) < 0)) * b;
    } else {
        using Common = decltype(a + b);
        const Common divisor = b, rest = fmod(static_cast<Common>(a), divisor);
        return rest + ((rest != 0) & ((rest < 0) ^ (divisor < 0))) * divisor;
    }
}

// The result takes the sign of the divisor.
template <class A, class B>
inline auto modulo(A a, B b) {
    return python_remainder(python_remainder(a, b) + b, b);
}

template <class A, class B>
inline auto power(A a, B b) noexcept {
    if constexpr (is_whole<A> && is_whole<B>) return pow(static_cast<double>(a), static_cast<double>(b));
    else return pow(a, b);
}

}  // namespace cppdynarray::brian2

// What the texts of Brian2's own functions use.
#define _brian_pow cppdynarray::brian2::power
#define _brian_mod cppdynarray::brian2::modulo
#define _brian_floordiv cppdynarray::brian2::floor_divide
template <class T>
inline int int_(T value) noexcept {
    return static_cast<int>(value);
}
