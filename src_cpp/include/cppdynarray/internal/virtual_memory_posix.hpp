// VirtualMemory on Linux, macOS and other systems with mmap. Included by virtual_memory.hpp.
#pragma once

#include <cstddef>
#include <cstdio>
#include <limits>

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif

namespace cppdynarray {

inline std::size_t VirtualMemory::page_size() noexcept {
    static const std::size_t size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return size;
}

inline std::size_t VirtualMemory::huge_page_size() noexcept {
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

// A core dump looks at every page of a mapping that was written to, of which slabs have far too many: it leaves
// them out, but for what is large.
inline void VirtualMemory::advise_huge_pages(void* address, std::size_t bytes) noexcept {
    static_cast<void>(address), static_cast<void>(bytes);
#ifdef MADV_HUGEPAGE
    madvise(address, bytes, MADV_HUGEPAGE);
#endif
#ifdef MADV_DODUMP
    madvise(address, bytes, MADV_DODUMP);
#endif
}

inline void VirtualMemory::advise_small_pages(void* address, std::size_t bytes) noexcept {
    static_cast<void>(address), static_cast<void>(bytes);
#ifdef MADV_NOHUGEPAGE
    madvise(address, bytes, MADV_NOHUGEPAGE);
#endif
#ifdef MADV_DONTDUMP
    madvise(address, bytes, MADV_DONTDUMP);
#endif
}

// PROT_NONE pages count for nothing until they are committed, not even under strict
// overcommit. MAP_NORESERVE would exempt them for good: the kernel could then not
// refuse a commit larger than the machine, and writing would kill the process instead.
inline void* VirtualMemory::reserve(std::size_t bytes) noexcept {
    void* address = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return address == MAP_FAILED ? nullptr : address;
}

// Whether the system promises memory for all that is writable (vm.overcommit_memory = 2), whatever is said with it.
inline bool promises_all_memory() noexcept {
    int mode = 0;
#ifdef __linux__
    if (std::FILE* file = std::fopen("/proc/sys/vm/overcommit_memory", "r")) {
        if (std::fscanf(file, "%d", &mode) != 1) mode = 0;
        std::fclose(file);
    }
#endif
    return mode == 2;
}

// First without access, so that a process that locks all of its memory (mlockall) isn't given all of this: it
// refuses to discard what is locked. A limit on data (ulimit -d) counts what is writable, and so would leave
// nothing to others.
inline void* VirtualMemory::reserve_writable(std::size_t bytes) noexcept {
#ifdef RLIMIT_DATA
    rlimit limit;
    if (getrlimit(RLIMIT_DATA, &limit) != 0 || limit.rlim_cur != RLIM_INFINITY) return nullptr;
#endif
    if (promises_all_memory()) return nullptr;
#ifdef MAP_NORESERVE
    void* address = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (address == MAP_FAILED) return nullptr;
    if (madvise(address, bytes, MADV_DONTNEED) == 0 && mprotect(address, bytes, PROT_READ | PROT_WRITE) == 0) {
        advise_small_pages(address, bytes);
        return address;
    }
    munmap(address, bytes);
#else
    (void)bytes;
#endif
    return nullptr;
}

inline bool VirtualMemory::could_commit(std::size_t bytes) noexcept {
    void* address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return address != MAP_FAILED && munmap(address, bytes) == 0;
}

inline bool VirtualMemory::is_resident(void* address, std::size_t bytes) noexcept {
#ifdef __linux__
    // A few pages tell: who is wrong takes longer, and finds the same bytes.
    constexpr std::size_t looks = 8;
    const std::size_t pages = bytes / page_size();
    std::size_t resident = 0;
    for (std::size_t look = 0; look < looks; ++look) {
        unsigned char state = 0;
        auto* const page = static_cast<char*>(address) + (2 * look + 1) * pages / (2 * looks) * page_size();
        if (mincore(page, page_size(), &state) != 0) return false;
        resident += state & 1;
    }
    return 2 * resident >= looks;
#else
    static_cast<void>(address), static_cast<void>(bytes);
    return false;
#endif
}

inline bool VirtualMemory::commit(void* address, std::size_t bytes) noexcept {
    return mprotect(address, bytes, PROT_READ | PROT_WRITE) == 0;
}

inline bool VirtualMemory::discard(void* address, std::size_t bytes) noexcept {
#ifdef __linux__
    return madvise(address, bytes, MADV_DONTNEED) == 0;
#else
    // Elsewhere MADV_DONTNEED may keep the contents; fresh pages in the same place do not.
    return mmap(address, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == address;
#endif
}

inline bool VirtualMemory::release(void* address, std::size_t bytes) noexcept { return munmap(address, bytes) == 0; }

inline std::size_t VirtualMemory::address_space_bytes() noexcept {
#ifdef RLIMIT_AS
    rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < addresses_of_a_process)
        return static_cast<std::size_t>(limit.rlim_cur);
#endif
    return addresses_of_a_process;
}

inline std::size_t VirtualMemory::max_mappings() noexcept {
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
    return std::numeric_limits<std::size_t>::max();
#endif
}

}  // namespace cppdynarray
