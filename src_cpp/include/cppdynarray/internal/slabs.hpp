// Slabs: ranges of addresses for many blocks in one mapping.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#include "growth_policy.hpp"
#include "virtual_memory.hpp"

namespace cppdynarray {

// Equal ranges in one mapping that may be written anywhere and takes memory only where it is. So a range
// costs no system call, and however many there are, they are few of the mappings that a process may have.
struct Slab {
    static constexpr std::size_t ranges = 64;

    char* start;
    std::size_t range_bytes;
    std::uint64_t free;  // a bit for each range
    Slab* next;          // in a list: of those with free ranges of this size, or of the full ones
    Slab* previous;

    static constexpr std::uint64_t all_free = ~std::uint64_t{0};
};

// The sizes of ranges: powers of two. What is kept by size has a list for each.
constexpr std::size_t range_sizes = sizeof(void*) == 8 ? 15 : 7;
static_assert(least_reservation << (range_sizes - 1) == largest_reservation, "from the least to the largest");

// The first size with ranges of `bytes` at least; range_sizes if there is none.
constexpr std::size_t size_of_range(std::size_t bytes) noexcept {
    std::size_t size = 0;
    while (size < range_sizes && least_reservation << size < bytes) ++size;
    return size;
}

// All slabs of an allocator, which calls this from one thread at a time.
template <class Memory>
class Slabs {
public:
    // A free range of a size from `least` to `most`, the largest first, from a slab that there is.
    char* take(std::size_t least, std::size_t most, Slab*& slab) noexcept {
        for (std::size_t size = most + 1; size-- > least;)
            if (with_free_[size] != nullptr) return take_from(slab = with_free_[size]);
        return nullptr;
    }

    // The same from a new slab, of `wanted` size or, where that is refused, a smaller one down to `least`. All
    // slabs together get at most `budget` bytes of addresses.
    char* take_new(std::size_t wanted, std::size_t least, std::size_t budget, Slab*& slab) noexcept {
        for (std::size_t size = wanted + 1; size-- > least;)
            if (add(least_reservation << size, budget)) return take_from(slab = with_free_[size]);
        return nullptr;
    }

    // Takes back a range without memory. A slab without blocks goes back to the system.
    void give(Slab* slab, char* range) noexcept {
        unlink(slab);
        slab->free |= std::uint64_t{1} << index_of(slab, range);
        const std::size_t bytes = slab->range_bytes * Slab::ranges;
        if (slab->free != Slab::all_free || !Memory::release(slab->start, bytes)) return link(slab);
        bytes_ -= bytes;
        Memory::heap_release(slab);
    }

    static std::size_t index_of(const Slab* slab, const char* range) noexcept {
        return static_cast<std::size_t>(range - slab->start) / slab->range_bytes;
    }

    std::size_t bytes() const noexcept { return bytes_; }

private:
    bool add(std::size_t range_bytes, std::size_t budget) noexcept {
        const std::size_t bytes = range_bytes * Slab::ranges;
        if (bytes > budget || bytes_ > budget - bytes) return false;
        void* const memory = Memory::heap_allocate(sizeof(Slab));
        if (memory == nullptr) return false;
        void* const start = Memory::reserve_writable(bytes);
        if (start == nullptr) {
            Memory::heap_release(memory);
            return false;
        }
        link(::new (memory) Slab{static_cast<char*>(start), range_bytes, Slab::all_free, nullptr, nullptr});
        bytes_ += bytes;
        return true;
    }

    char* take_from(Slab* slab) noexcept {
        unlink(slab);
        std::size_t index = 0;
        while ((slab->free >> index & 1) == 0) ++index;
        slab->free &= ~(std::uint64_t{1} << index);
        link(slab);
        return slab->start + index * slab->range_bytes;
    }

    Slab*& list_of(const Slab* slab) noexcept {
        return slab->free != 0 ? with_free_[size_of_range(slab->range_bytes)] : full_;
    }

    void link(Slab* slab) noexcept {
        Slab*& first = list_of(slab);
        slab->previous = nullptr;
        slab->next = first;
        if (first != nullptr) first->previous = slab;
        first = slab;
    }

    void unlink(Slab* slab) noexcept {
        if (slab->next != nullptr) slab->next->previous = slab->previous;
        (slab->previous != nullptr ? slab->previous->next : list_of(slab)) = slab->next;
    }

    Slab* full_ = nullptr;
    Slab* with_free_[range_sizes] = {};
    std::size_t bytes_ = 0;
};

}  // namespace cppdynarray
