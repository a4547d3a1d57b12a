// How much memory stands behind addresses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cppdynarray/internal/virtual_memory.hpp"

#ifdef __linux__
#include <sys/mman.h>

constexpr bool can_measure_residence = true;

// Of the whole pages between `begin` and `end`, the bytes that are in memory.
inline std::size_t resident_bytes(const void* begin, const void* end) {
    const std::uintptr_t page = cppdynarray::VirtualMemory::page_size();
    const std::uintptr_t first = (reinterpret_cast<std::uintptr_t>(begin) + page - 1) / page;
    const std::uintptr_t last = reinterpret_cast<std::uintptr_t>(end) / page;
    if (last <= first) return 0;
    std::vector<unsigned char> pages(last - first);
    if (mincore(reinterpret_cast<void*>(first * page), pages.size() * page, pages.data()) != 0) return SIZE_MAX;
    std::size_t resident = 0;
    for (const unsigned char state : pages) resident += state & 1;
    return resident * page;
}

#else

constexpr bool can_measure_residence = false;

inline std::size_t resident_bytes(const void*, const void*) { return 0; }

#endif
