// Files: the operating system's calls under one set of names.
//
// As virtual_memory.hpp: what is above takes these as a template parameter, so that tests can put a
// fake in its place. No function throws. Calls that may fail give 0 or an errno.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cppdynarray {

// Which file a path or a descriptor leads to.
struct FileIdentity {
    std::uint64_t device = 0;
    std::uint64_t number = 0;

    bool operator==(const FileIdentity& other) const noexcept {
        return device == other.device && number == other.number;
    }
};

struct FileSystem {
    // Gives the bytes from `from` to `to` space on the disk and raises the file's size to `to`; new
    // ones are zero. After this, writing them can't fail for want of space.
    static int allocate(int file, std::uint64_t from, std::uint64_t to) noexcept;

    // Cuts the file, or makes it longer by zeros that have no space on the disk yet.
    static int set_size(int file, std::uint64_t bytes) noexcept;

    static int get_size(int file, std::uint64_t& bytes) noexcept;

    // Makes bytes zero and gives their space on the disk back; the size stays.
    static int punch(int file, std::uint64_t from, std::uint64_t to) noexcept;

    // Writes all bytes.
    static int write(int file, const void* source, std::size_t bytes, std::uint64_t at) noexcept;

    // Returns when the file's data is on the disk.
    static int sync(int file) noexcept;

    // Maps the file from `from` on over reserved addresses, or in the place of what is mapped there, shared with
    // all who map it; or as a copy: what is written there is this process's alone. Both are at the start of a
    // page. Behind the end of the file the addresses are a fault until it is longer.
    enum class Mapping { read, write, copy };
    static int map(void* address, std::size_t bytes, int file, std::uint64_t from, Mapping kind) noexcept;

    // Puts private memory, all zero, in the place of mapped pages.
    static int unmap_to_zeros(void* address, std::size_t bytes) noexcept;

    // A lock on one byte of a file that all who open the file meet, in this process and others. It
    // is the open file's, so that a forked child has it too, and ends with its last descriptor.
    // EAGAIN: somebody else has it. EOPNOTSUPP: this system, or the file's, has no such locks.
    enum class Lock { shared, exclusive, none };
    static int lock(int file, Lock kind, std::uint64_t byte, bool wait) noexcept;

    static int identify(int file, FileIdentity& identity) noexcept;
    static int identify(const char* path, FileIdentity& identity) noexcept;

    static int remove(const char* path) noexcept;

    // Descriptors are closed when a program is executed. Opened again, to be read, a file has locks of its own.
    static int duplicate(int file, int& made) noexcept;
    static int open_again(int file, int& made) noexcept;
    static int close(int file) noexcept;

    // A number that a forked child has another of.
    static std::uint64_t process() noexcept;
};

}  // namespace cppdynarray

#ifndef _WIN32
#include "file_system_posix.hpp"
#endif
