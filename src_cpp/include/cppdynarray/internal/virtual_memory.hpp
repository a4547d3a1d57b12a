// Addresses and pages: the operating system's calls under one set of names.
//
// Everything above takes its memory system as a template parameter with these
// static members, so that tests can put a fake in its place. No function throws.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <limits>

namespace cppdynarray {

struct VirtualMemory {
    // Bytes in a page; every range below is made of whole pages.
    static std::size_t page_size() noexcept;

    // Bytes in a huge page, or 0 where the system has none to advise for.
    static std::size_t huge_page_size() noexcept;

    // Takes `bytes` of addresses without memory behind them; nullptr if refused.
    // Touching them before they are committed is a fault.
    static void* reserve(std::size_t bytes) noexcept;

    // Takes `bytes` of addresses that can be read and written at once: each page takes memory when it is
    // touched, of which nothing is promised, and is never made part of a huge page. nullptr if the system
    // refuses it or would count or take all of that memory.
    static void* reserve_writable(std::size_t bytes) noexcept;

    // Whether `bytes` more could be committed now: to be asked where what is to be written was never promised.
    static bool could_commit(std::size_t bytes) noexcept;

    // Makes reserved pages readable and writable, zero where never written.
    // Committing a committed page changes nothing. False if refused.
    static bool commit(void* address, std::size_t bytes) noexcept;

    // Gives the memory of committed pages back; they stay accessible and read as
    // zero. False if the system keeps the memory, which is then as it was.
    static bool discard(void* address, std::size_t bytes) noexcept;

    // Whether most of these committed pages seem to have memory.
    static bool is_resident(void* address, std::size_t bytes) noexcept;

    // Asks for huge pages; only a hint, so the answer does not matter.
    static void advise_huge_pages(void* address, std::size_t bytes) noexcept;

    // Takes that back, for pages from reserve_writable().
    static void advise_small_pages(void* address, std::size_t bytes) noexcept;

    // Ends a reservation: all of it, from its start. False if refused, in which
    // case it stays as it was.
    static bool release(void* address, std::size_t bytes) noexcept;

    // Ordinary memory, for when address space or mappings are short.
    static void* heap_allocate(std::size_t bytes) noexcept;
    static void heap_release(void* address) noexcept;

    // How many bytes of addresses this process may have in all.
    static std::size_t address_space_bytes() noexcept;

    // How many separate mappings this process may have in all.
    static std::size_t max_mappings() noexcept;
};

// User space of a 64-bit process; half of the addresses of a 32-bit one.
constexpr std::size_t addresses_of_a_process = std::numeric_limits<std::size_t>::max() >> (sizeof(void*) == 8 ? 17 : 1);

inline void* VirtualMemory::heap_allocate(std::size_t bytes) noexcept { return std::malloc(bytes); }

inline void VirtualMemory::heap_release(void* address) noexcept { std::free(address); }

}  // namespace cppdynarray

#ifdef _WIN32
#include "virtual_memory_windows.hpp"
#else
#include "virtual_memory_posix.hpp"
#endif
