// VirtualMemory on Windows. Included by virtual_memory.hpp.
#pragma once

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <limits>

#ifndef NOMINMAX
#define NOMINMAX
#endif
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <windows.h>

namespace cppdynarray {

inline std::size_t VirtualMemory::page_size() noexcept {
    static const std::size_t size = [] {
        SYSTEM_INFO info;
        GetSystemInfo(&info);
        return static_cast<std::size_t>(info.dwPageSize);
    }();
    return size;
}

// Large pages need a privilege and can't be committed bit by bit.
inline std::size_t VirtualMemory::huge_page_size() noexcept { return 0; }

inline void VirtualMemory::advise_huge_pages(void*, std::size_t) noexcept {}

inline void VirtualMemory::advise_small_pages(void*, std::size_t) noexcept {}

// What is writable is counted here; and a process may have as many reservations as it likes.
inline void* VirtualMemory::reserve_writable(std::size_t) noexcept { return nullptr; }

inline bool VirtualMemory::could_commit(std::size_t) noexcept { return true; }

inline bool VirtualMemory::is_resident(void*, std::size_t) noexcept { return false; }

inline void* VirtualMemory::reserve(std::size_t bytes) noexcept {
    return VirtualAlloc(nullptr, bytes, MEM_RESERVE, PAGE_NOACCESS);
}

inline bool VirtualMemory::commit(void* address, std::size_t bytes) noexcept {
    return VirtualAlloc(address, bytes, MEM_COMMIT, PAGE_READWRITE) != nullptr;
}

// Decommitted pages would fault, so they are committed again at once. MEM_RESET
// would keep them readable but not promise zeros.
inline bool VirtualMemory::discard(void* address, std::size_t bytes) noexcept {
    if (!VirtualFree(address, bytes, MEM_DECOMMIT)) return false;
    if (commit(address, bytes)) return true;
    // No memory for what was ours a moment ago: views of it must never fault, and
    // nothing else keeps that promise.
    std::fputs("cppdynarray: the system refused to commit discarded pages again\n", stderr);
    std::abort();
}

inline bool VirtualMemory::release(void* address, std::size_t) noexcept {
    return VirtualFree(address, 0, MEM_RELEASE) != 0;
}

inline std::size_t VirtualMemory::address_space_bytes() noexcept { return addresses_of_a_process; }

inline std::size_t VirtualMemory::max_mappings() noexcept { return std::numeric_limits<std::size_t>::max(); }

}  // namespace cppdynarray
