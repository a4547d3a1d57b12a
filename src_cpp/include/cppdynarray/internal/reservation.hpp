// A range of addresses and its owner.
#pragma once

#include <cstddef>
#include <utility>

#include "growth_policy.hpp"
#include "virtual_memory.hpp"

namespace cppdynarray {

// Owns a page-aligned range of addresses, of which a prefix is committed on demand.
// Move-only; an empty one has no address.
template <class Memory = VirtualMemory>
class Reservation {
public:
    Reservation() noexcept = default;

    // Reserves `wanted` bytes or, where that is refused, as much as can be had by halving,
    // but no less than `least`. Empty if even that is refused.
    static Reservation take(std::size_t wanted, std::size_t least) noexcept {
        const std::size_t page = Memory::page_size();
        least = round_up(least, page);
        wanted = round_up(wanted, page);
        if (least == 0) return {};
        for (; wanted > least; wanted = round_up(wanted / 2, page))
            if (void* address = Memory::reserve(wanted)) return Reservation(address, wanted);
        void* address = Memory::reserve(least);
        return address != nullptr ? Reservation(address, least) : Reservation();
    }

    // Takes over a range that detach() gave up.
    Reservation(void* address, std::size_t bytes) noexcept : address_(address), bytes_(bytes) {}

    Reservation(Reservation&& other) noexcept
        : address_(std::exchange(other.address_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

    Reservation& operator=(Reservation&& other) noexcept {
        std::swap(address_, other.address_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }

    // A refused release (the system is out of mappings to split) leaks addresses, and with
    // discard no memory.
    ~Reservation() {
        if (address_ != nullptr && !Memory::release(address_, bytes_)) Memory::discard(address_, bytes_);
    }

    explicit operator bool() const noexcept { return address_ != nullptr; }
    void* address() const noexcept { return address_; }
    std::size_t bytes() const noexcept { return bytes_; }

    // Commits the first `bytes`, rounded up to pages. False if refused.
    bool commit(std::size_t bytes) noexcept { return Memory::commit(address_, round_up(bytes, Memory::page_size())); }

    // Gives the range up without releasing it: the caller owns it now.
    void* detach() noexcept {
        bytes_ = 0;
        return std::exchange(address_, nullptr);
    }

private:
    void* address_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace cppdynarray
