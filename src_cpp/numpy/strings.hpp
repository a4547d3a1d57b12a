// Strings of StringDType. They live in the arena of their dtype, and their array has slots that say where.
//
// NumPy's loops read and write slots without the GIL, under the arena's lock. So what moves slots, or changes what is
// in them, has the lock too. Waiting for it may let the GIL go: it is taken first, and then the array is looked at.
// While it is held no Python code runs, and none of NumPy's functions that take it themselves.
#pragma once

#include <Python.h>
#include <numpy/arrayobject.h>

#include <cstddef>
#include <cstring>
#include <utility>

#include "reference.hpp"
#include "small_buffer.hpp"

namespace cppdynarray {

// The lock of an array's strings; of another array's elements, which have none, nothing.
class StringLock {
public:
    StringLock() noexcept = default;
    explicit StringLock(PyArrayObject* array) noexcept { take(array); }
    explicit StringLock(PyArray_Descr* dtype) noexcept { take(dtype); }
    StringLock(const StringLock&) = delete;
    StringLock& operator=(const StringLock&) = delete;
    ~StringLock() { release(); }

    void take(PyArrayObject* array) noexcept { take(PyArray_DESCR(array)); }
    void take(PyArray_Descr* dtype) noexcept {
        if (dtype->type_num != NPY_VSTRING) return;
        dtype_ = Reference::to(dtype);
        arena_ = NpyString_acquire_allocator(reinterpret_cast<PyArray_StringDTypeObject*>(dtype));
#if PY_VERSION_HEX < 0x030C0000
        collects_ = PyGC_Disable() != 0;  // where making an object may run Python code
#endif
    }

    void release() noexcept {
        if (arena_ == nullptr) return;
        NpyString_release_allocator(std::exchange(arena_, nullptr));
#if PY_VERSION_HEX < 0x030C0000
        if (collects_) PyGC_Enable();
#endif
        dtype_ = Reference();
    }

    npy_string_allocator* arena() const noexcept { return arena_; }

private:
    npy_string_allocator* arena_ = nullptr;
    Reference dtype_;
#if PY_VERSION_HEX < 0x030C0000
    bool collects_ = false;
#endif
};

// Whether a str is a string of that dtype, whatever else is: none says that something is missing, and to find that out
// runs no Python code.
inline bool takes_any_str(PyArray_Descr* dtype) noexcept {
    const auto* const strings = reinterpret_cast<PyArray_StringDTypeObject*>(dtype);
    return strings->na_object == nullptr || strings->na_object == Py_None || strings->has_nan_na;
}

// The rest has the lock of each arena.

inline constexpr std::size_t string_slot = 2 * sizeof(std::size_t);  // as the array's itemsize

inline npy_packed_static_string* packed(char* slot) noexcept {
    return reinterpret_cast<npy_packed_static_string*>(slot);
}

inline bool pack_string(npy_string_allocator* arena, char* slot, const char* text, std::size_t size) noexcept {
    return NpyString_pack(arena, packed(slot), text, size) == 0;
}

// Makes strings empty. Their slots still know the space that they had, for what comes there next.
inline void clear_strings(npy_string_allocator* arena, char* slots, std::size_t count) noexcept {
    for (; count != 0; --count, slots += string_slot) pack_string(arena, slots, "", 0);
}

inline bool copy_string(npy_string_allocator* to_arena, char* to, npy_string_allocator* from_arena,
                        char* from) noexcept {
    npy_static_string string = {0, nullptr};
    const int is_null = NpyString_load(from_arena, packed(from), &string);
    if (is_null != 0) return is_null > 0 && NpyString_pack_null(to_arena, packed(to)) == 0;
    if (to_arena != from_arena || string.size == 0) return pack_string(to_arena, to, string.buf, string.size);
    // The arena may move while it takes the string.
    const SmallBuffer<char, 512> bytes(string.size);
    if (bytes.data() == nullptr) return false;
    std::memcpy(bytes.data(), string.buf, string.size);
    return pack_string(to_arena, to, bytes.data(), string.size);
}

// Copies strings to other slots. False: there is no memory, and the slots are empty.
inline bool copy_strings(npy_string_allocator* to_arena, char* to, npy_string_allocator* from_arena, char* from,
                         std::size_t count) noexcept {
    for (std::size_t i = 0; i < count; ++i)
        if (!copy_string(to_arena, to + i * string_slot, from_arena, from + i * string_slot)) {
            clear_strings(to_arena, to, i + 1);
            return false;
        }
    return true;
}

}  // namespace cppdynarray
