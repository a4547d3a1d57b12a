// Plain fields that threads and processes share: NumPy, Numba's code and files know them as what they are, so they
// can't be std::atomic. As std::atomic_ref, which came with C++20.
//
// GCC's and Clang's builtins take nothing to include, and what Brian2's functions include is compiled each time. Other
// compilers get the second half, which is tested where CPPDYNARRAY_STD_ATOMIC is defined (tests/test_cpp.py).
#pragma once

#if defined(__GNUC__) && !defined(CPPDYNARRAY_STD_ATOMIC)

namespace cppdynarray {

template <class T>
T load_acquire(const T& field) noexcept {
    return __atomic_load_n(&field, __ATOMIC_ACQUIRE);
}

template <class T>
void store_release(T& field, T value) noexcept {
    __atomic_store_n(&field, value, __ATOMIC_RELEASE);
}

template <class T>
void count_up(T& field) noexcept {
    __atomic_fetch_add(&field, 1, __ATOMIC_RELAXED);
}

// What is left. Who comes to 0 sees all that others did before they counted down.
template <class T>
T count_down(T& field) noexcept {
    return __atomic_sub_fetch(&field, 1, __ATOMIC_ACQ_REL);
}

}  // namespace cppdynarray

#else

#include <atomic>

namespace cppdynarray {

template <class T>
std::atomic<T>& as_atomic(T& field) noexcept {
    static_assert(sizeof(std::atomic<T>) == sizeof(T) && std::atomic<T>::is_always_lock_free);
    return reinterpret_cast<std::atomic<T>&>(field);
}

template <class T>
T load_acquire(const T& field) noexcept {
    return as_atomic(const_cast<T&>(field)).load(std::memory_order_acquire);
}

template <class T>
void store_release(T& field, T value) noexcept {
    as_atomic(field).store(value, std::memory_order_release);
}

template <class T>
void count_up(T& field) noexcept {
    as_atomic(field).fetch_add(1, std::memory_order_relaxed);
}

template <class T>
T count_down(T& field) noexcept {
    return as_atomic(field).fetch_sub(1, std::memory_order_acq_rel) - 1;
}

}  // namespace cppdynarray

#endif
