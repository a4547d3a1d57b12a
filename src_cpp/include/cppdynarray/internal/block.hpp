// Blocks: the memory of one array each, as other modules meet it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "assertions.hpp"

#if UINTPTR_MAX < UINT64_MAX
#error "cppdynarray needs a 64-bit system: an array reserves more addresses than 32 bits have"
#endif

// What has static variables and is compiled into several modules, perhaps from different versions of
// these headers: linkers must not make them one.
#if defined(__GNUC__) && !defined(_WIN32)
#define CPPDYNARRAY_HIDDEN __attribute__((visibility("hidden")))
#else
#define CPPDYNARRAY_HIDDEN
#endif

namespace cppdynarray {

struct Block;
struct ArrayPlace;

// Where a block's memory comes from.
enum class Backend : std::uint8_t {
    reserved,  // reserved addresses: growth is in place
    heap,      // malloc: growth copies
    file,      // a file, see file_memory.hpp: growth is in place, and outlives the process
};

// A growth factor in two bytes: more than 1 and at most 16, to 1/4096.
class GrowthFactor {
public:
    constexpr GrowthFactor() noexcept = default;
    constexpr GrowthFactor(double factor) noexcept
        : more_(factor >= 16.0               ? 61440
                : factor <= 1.0 + 1.0 / 4096 ? 1
                                             : round_up((factor - 1.0) * 4096.0)) {}
    constexpr operator double() const noexcept { return 1.0 + more_ / 4096.0; }

private:
    static constexpr std::uint16_t round_up(double units) noexcept {
        const auto whole = static_cast<std::uint16_t>(units);
        return static_cast<std::uint16_t>(whole < units ? whole + 1 : whole);
    }

    std::uint16_t more_ = 4096;
};

// What may be done with a block, by its own allocator: whoever meets one, in whatever module, calls
// these and links to nothing. As the members of BlockAllocator with the same names.
struct BlockFunctions {
    Block* (*grow)(Block*, std::size_t used, std::size_t bytes) noexcept;
    void (*zero)(Block*, std::size_t from, std::size_t to) noexcept;
    void (*shrink_to_fit)(Block*, std::size_t used) noexcept;
    void (*release)(Block*, std::size_t used) noexcept;
    // nullptr where there is nothing to say, or nothing better than to write to memory.
    int (*error)(Block*) noexcept;  // why grow() failed, as an errno; 0: there is no memory
    void (*write)(Block*, std::size_t at, const void* source, std::size_t bytes) noexcept;
};

// Why a block didn't grow, as an errno that is worth to be told; 0: there is no memory.
inline int growth_error(Block* block) noexcept;

// Copies `bytes` from `source`, which may be the block's own memory, to committed bytes from `at` on.
inline void write_bytes(Block* block, std::size_t at, const void* source, std::size_t bytes) noexcept;

// The header in front of an array's data. All sizes are in bytes from data() on:
//
//     used <= committed_bytes <= reserved_bytes
//
// where `used`, the array's length in bytes, is known to the array alone. Every byte from
// max(dirty_bytes, used) up to committed_bytes is zero.
struct alignas(16) Block {
    static constexpr std::uint8_t wants_huge_pages = 1;
    static constexpr std::uint8_t range_was_set = 2;  // the settings said how much to reserve
    static constexpr std::uint8_t in_slab = 4;        // its range is one of a slab's, see slabs.hpp
    static constexpr std::uint8_t in_huge_pages = 8;  // which that range was split from its slab for

    const BlockFunctions* functions;
    ArrayPlace* place;            // where the array's length is, if not in the array itself; see array_place.hpp
    std::size_t reserved_bytes;   // addresses that are the block's: growth in place ends here
    std::size_t committed_bytes;  // the capacity: readable and writable without asking
    std::size_t dirty_bytes;      // no byte past this was ever written before the current length
    std::size_t mapping_bytes;    // the whole range of addresses, header and all; 0 for heap memory
    Block* retired;               // the block this one replaced, kept because views may look at it
    Backend backend;              // what was asked for, also of the blocks that replace this one
    std::uint8_t flags;           // of those above
    std::uint16_t lent_mib;       // memory it came with and has no need of yet, see BlockAllocator::lend()
    std::uint16_t offset_in_16;   // from the start of the reservation to this header, in units of 16 bytes
    GrowthFactor growth_factor;   // as the settings were where the array was made

    std::size_t offset() const noexcept { return std::size_t{offset_in_16} * 16; }
    void set_offset(std::size_t bytes) noexcept { offset_in_16 = static_cast<std::uint16_t>(bytes / 16); }
    bool has(std::uint8_t flag) const noexcept { return (flags & flag) != 0; }

    char* data() noexcept { return reinterpret_cast<char*>(this + 1); }
    bool on_heap() const noexcept { return mapping_bytes == 0; }

    // Whether the sizes are in their order, with `used` bytes in rows.
    bool holds(std::size_t used) const noexcept {
        return used <= committed_bytes && committed_bytes <= reserved_bytes && dirty_bytes <= reserved_bytes;
    }

    // Keeps in mind that the first `used` bytes were written: before `used` becomes less.
    void mark_written(std::size_t used) noexcept {
        if (used > dirty_bytes) dirty_bytes = used;
    }

    // Whether behind `used` bytes there may be rows that were removed, which a view may still see.
    bool has_removed(std::size_t used) const noexcept { return dirty_bytes > used; }

    // The block of a data pointer that data() gave.
    static Block* of(void* data) noexcept { return static_cast<Block*>(data) - 1; }
};
static_assert(sizeof(Block) == (sizeof(void*) == 8 ? 64 : 48),
              "the header is read by other modules: its size is fixed");

inline int growth_error(Block* block) noexcept {
    const BlockFunctions* functions = block->functions;
    return functions->error != nullptr ? functions->error(block) : 0;
}

inline void write_bytes(Block* block, std::size_t at, const void* source, std::size_t bytes) noexcept {
    CPPDYNARRAY_ASSERT(block->holds(at + bytes));
    const BlockFunctions* functions = block->functions;
    if (functions->write != nullptr) functions->write(block, at, source, bytes);
    else std::memmove(block->data() + at, source, bytes);
}

}  // namespace cppdynarray
