// How much to take when more is needed: pure functions, so that the whole pattern of
// growth can be read and tested without memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

namespace cppdynarray {

// `bytes` rounded up to a multiple of `unit` (a power of two); 0 if that overflows.
constexpr std::size_t round_up(std::size_t bytes, std::size_t unit) noexcept {
    return (bytes + unit - 1) & ~(unit - 1);
}

// a * b, or false if that overflows.
constexpr bool multiply(std::size_t a, std::size_t b, std::size_t& product) noexcept {
    if (b != 0 && a > std::numeric_limits<std::size_t>::max() / b) return false;
    product = a * b;
    return true;
}

// The capacity to have next, in bytes, when `needed` exceeds `capacity`: `factor` times
// what there is, so that n appends cost O(n); at least what is needed, at most `limit`.
// Assumes needed <= limit.
constexpr std::size_t next_capacity(std::size_t capacity, std::size_t needed, std::size_t limit,
                                    double factor) noexcept {
    const double grown = static_cast<double>(capacity) * factor;
    const std::size_t geometric = grown >= static_cast<double>(limit) ? limit : static_cast<std::size_t>(grown);
    return std::min(std::max(geometric, needed), limit);
}

// By what a block's range is multiplied when its data must move. The blocks it leaves behind stay
// readable as long as the array lives. With moves by a factor f, data and all that was left behind
// are at most 1 + f / (f - 1) times the data: 2.15 times at 8. A range that is never written takes no
// memory, but for blocks too small to have pages of their own: those double.
constexpr double moving_factor(std::size_t range, double factor) noexcept {
    return std::max(factor, range < 2048 ? 2.0 : 8.0);
}

// The most that a block gets unless more is asked for, and the least worth reserving: smaller
// arrays do better on the heap.
constexpr std::size_t largest_reservation = std::size_t{1} << (sizeof(void*) == 8 ? 34 : 26);
constexpr std::size_t least_reservation = std::size_t{1} << 20;

// How many bytes of addresses to reserve for one more block, of `address_space` in all of
// which blocks already have `reserved`. Generous (16 GiB) while there is plenty; each block
// takes a share of what is left, so the shares shrink as blocks become many. 0 when a quarter
// of all addresses is taken: the rest is for others.
constexpr std::size_t next_reservation(std::size_t address_space, std::size_t reserved) noexcept {
    const std::size_t budget = address_space / 4;
    const std::size_t left = budget > reserved ? budget - reserved : 0;
    if (left < least_reservation) return 0;
    // Few blocks share a small address space (ulimit -v), many a large one.
    const std::size_t blocks = address_space >> 20 >= (std::size_t{1} << 20) ? 1024 : 16;
    std::size_t size = largest_reservation;
    while (size > least_reservation && size > left / blocks) size /= 2;
    return size;
}

// The same for a block of a slab where `blocks` are in use. A million blocks have 8 MiB each, a hundred thousand
// 64 MiB; all that are ever alive together share half of the addresses. 0 where there are few addresses.
constexpr std::size_t next_range(std::size_t address_space, std::size_t blocks) noexcept {
    if (address_space >> 20 < (std::size_t{1} << 20)) return 0;
    std::size_t size = largest_reservation;
    while (size > least_reservation && size > address_space / 16 / std::max(blocks, std::size_t{1})) size /= 2;
    return size;
}

}  // namespace cppdynarray
