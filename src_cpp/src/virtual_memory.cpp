// The only file that knows which operating system this is.
#include "cppdynarray/virtual_memory.hpp"

#include <cstdio>
#include <cstdlib>
#include <limits>

#ifdef _WIN32
#ifndef NOMINMAX
#define NOMINMAX
#endif
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif
#endif

namespace cppdynarray {

namespace {
constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();
// User space of a 64-bit process; half of the addresses of a 32-bit one.
constexpr std::size_t user_addresses =
    sizeof(void*) == 8 ? unlimited >> 17 : unlimited >> 1;
}  // namespace

void* VirtualMemory::heap_allocate(std::size_t bytes) noexcept { return std::malloc(bytes); }

void VirtualMemory::heap_release(void* address) noexcept { std::free(address); }

#ifdef _WIN32

std::size_t VirtualMemory::page_size() noexcept {
    static const std::size_t size = [] {
        SYSTEM_INFO info;
        GetSystemInfo(&info);
        return static_cast<std::size_t>(info.dwPageSize);
    }();
    return size;
}

// Large pages need a privilege and can't be committed bit by bit.
std::size_t VirtualMemory::huge_page_size() noexcept { return 0; }

void VirtualMemory::advise_huge_pages(void*, std::size_t) noexcept {}

void* VirtualMemory::reserve(std::size_t bytes) noexcept {
    return VirtualAlloc(nullptr, bytes, MEM_RESERVE, PAGE_NOACCESS);
}

bool VirtualMemory::commit(void* address, std::size_t bytes) noexcept {
    return VirtualAlloc(address, bytes, MEM_COMMIT, PAGE_READWRITE) != nullptr;
}

// Decommitted pages would fault, so they are committed again at once. MEM_RESET
// would keep them readable but not promise zeros.
bool VirtualMemory::discard(void* address, std::size_t bytes) noexcept {
    if (!VirtualFree(address, bytes, MEM_DECOMMIT)) return false;
    if (commit(address, bytes)) return true;
    // No memory for what was ours a moment ago: views of it must never fault, and
    // nothing else keeps that promise.
    std::fputs("cppdynarray: the system refused to commit discarded pages again\n", stderr);
    std::abort();
}

bool VirtualMemory::release(void* address, std::size_t) noexcept {
    return VirtualFree(address, 0, MEM_RELEASE) != 0;
}

std::size_t VirtualMemory::address_space_bytes() noexcept { return user_addresses; }

std::size_t VirtualMemory::max_mappings() noexcept { return unlimited; }

#else

std::size_t VirtualMemory::page_size() noexcept {
    static const std::size_t size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return size;
}

std::size_t VirtualMemory::huge_page_size() noexcept {
#ifdef MADV_HUGEPAGE
    static const std::size_t size = [] {
        std::size_t bytes = 0;
        if (std::FILE* file = std::fopen("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", "r")) {
            if (std::fscanf(file, "%zu", &bytes) != 1) bytes = 0;
            std::fclose(file);
        }
        return bytes;
    }();
    return size;
#else
    return 0;
#endif
}

void VirtualMemory::advise_huge_pages(void* address, std::size_t bytes) noexcept {
#ifdef MADV_HUGEPAGE
    madvise(address, bytes, MADV_HUGEPAGE);
#else
    (void)address;
    (void)bytes;
#endif
}

// PROT_NONE pages count for nothing until they are committed, not even under strict
// overcommit. MAP_NORESERVE would exempt them for good: the kernel could then not
// refuse a commit larger than the machine, and writing would kill the process instead.
void* VirtualMemory::reserve(std::size_t bytes) noexcept {
    void* address = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return address == MAP_FAILED ? nullptr : address;
}

bool VirtualMemory::commit(void* address, std::size_t bytes) noexcept {
    return mprotect(address, bytes, PROT_READ | PROT_WRITE) == 0;
}

bool VirtualMemory::discard(void* address, std::size_t bytes) noexcept {
#ifdef __linux__
    return madvise(address, bytes, MADV_DONTNEED) == 0;
#else
    // Elsewhere MADV_DONTNEED may keep the contents; fresh pages in the same place do not.
    return mmap(address, bytes, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == address;
#endif
}

bool VirtualMemory::release(void* address, std::size_t bytes) noexcept {
    return munmap(address, bytes) == 0;
}

std::size_t VirtualMemory::address_space_bytes() noexcept {
#ifdef RLIMIT_AS
    rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        limit.rlim_cur < user_addresses)
        return static_cast<std::size_t>(limit.rlim_cur);
#endif
    return user_addresses;
}

std::size_t VirtualMemory::max_mappings() noexcept {
#ifdef __linux__
    static const std::size_t count = [] {
        std::size_t read = 0;
        if (std::FILE* file = std::fopen("/proc/sys/vm/max_map_count", "r")) {
            if (std::fscanf(file, "%zu", &read) != 1) read = 0;
            std::fclose(file);
        }
        return read != 0 ? read : std::size_t{65530};
    }();
    return count;
#else
    return unlimited;
#endif
}

#endif

}  // namespace cppdynarray
