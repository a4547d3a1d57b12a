// Memory for a number of values that is mostly small: few are in the buffer itself, more where PyMem_Malloc puts them.
#pragma once

#include <Python.h>

#include <algorithm>
#include <cstddef>
#include <type_traits>

namespace cppdynarray {

// data() is memory for capacity() values, none of which is set, or nullptr if there was no memory for those asked for.
// What they refer to is their user's. Needs the GIL.
template <class T, std::size_t few>
class SmallBuffer {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

public:
    SmallBuffer() noexcept = default;
    explicit SmallBuffer(std::size_t count) noexcept {
        if (count > few) data_ = allocate(capacity_ = count);
    }
    SmallBuffer(const SmallBuffer&) = delete;
    SmallBuffer& operator=(const SmallBuffer&) = delete;
    ~SmallBuffer() {
        if (data_ != few_) PyMem_Free(data_);
    }

    T* data() const noexcept { return data_; }
    std::size_t capacity() const noexcept { return capacity_; }

    // Twice the capacity, with the first `count` values. False: no memory, and nothing has changed.
    bool grow(std::size_t count) noexcept {
        T* const larger = allocate(2 * capacity_);
        if (larger == nullptr) return false;
        std::copy(data_, data_ + count, larger);
        if (data_ != few_) PyMem_Free(data_);
        data_ = larger;
        capacity_ *= 2;
        return true;
    }

    // Does with those in the buffer itself, where there is no memory for more.
    void fall_back() noexcept {
        data_ = few_;
        capacity_ = few;
    }

private:
    static T* allocate(std::size_t count) noexcept { return static_cast<T*>(PyMem_Malloc(count * sizeof(T))); }

    alignas(16) T few_[few];
    T* data_ = few_;
    std::size_t capacity_ = few;
};

}  // namespace cppdynarray
