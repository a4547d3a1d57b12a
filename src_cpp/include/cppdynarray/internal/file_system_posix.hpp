// FileSystem on Linux, macOS and other systems with mmap. Included by file_system.hpp.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif
#if defined(__linux__) && !defined(FALLOC_FL_PUNCH_HOLE)
#include <linux/falloc.h>
#endif

namespace cppdynarray {

// What a call that gives 0 or -1 means.
inline int error_of(int result) noexcept { return result == 0 ? 0 : errno; }

inline int FileSystem::allocate(int file, std::uint64_t from, std::uint64_t to) noexcept {
#ifdef __APPLE__
    // Behind the end of the file; that takes space, but doesn't raise the size.
    struct stat status;
    if (fstat(file, &status) != 0) return errno;
    const off_t missing = static_cast<off_t>(to) - status.st_size;
    if (missing <= 0) return 0;
    (void)from;
    fstore_t wanted = {F_ALLOCATEALL, F_PEOFPOSMODE, 0, missing, 0};
    if (fcntl(file, F_PREALLOCATE, &wanted) != 0) return errno;
    return set_size(file, to);
#else
    // A signal ends the call on some file systems, which then undo it: a process with a timer would
    // never get beyond a piece that takes longer than the timer's period.
    std::uint64_t piece = to - from;
    while (from < to) {
        const std::uint64_t bytes = std::min(piece, to - from);
        const int error = posix_fallocate(file, static_cast<off_t>(from), static_cast<off_t>(bytes));
        if (error == 0) from += bytes;
        else if (error == EINTR) piece = std::max(piece / 2, std::uint64_t{4096});
        else return error;
    }
    return 0;
#endif
}

inline int FileSystem::set_size(int file, std::uint64_t bytes) noexcept {
    int error;
    do error = error_of(ftruncate(file, static_cast<off_t>(bytes)));
    while (error == EINTR);
    return error;
}

inline int FileSystem::get_size(int file, std::uint64_t& bytes) noexcept {
    struct stat status;
    if (fstat(file, &status) != 0) return errno;
    bytes = static_cast<std::uint64_t>(status.st_size);
    return 0;
}

inline int FileSystem::punch(int file, std::uint64_t from, std::uint64_t to) noexcept {
#ifdef FALLOC_FL_PUNCH_HOLE
    return error_of(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(from),
                              static_cast<off_t>(to - from)));
#else
    (void)file;
    (void)from;
    (void)to;
    return EOPNOTSUPP;
#endif
}

inline int FileSystem::write(int file, const void* source, std::size_t bytes, std::uint64_t at) noexcept {
    const char* from = static_cast<const char*>(source);
    while (bytes > 0) {
        const ssize_t written = pwrite(file, from, bytes, static_cast<off_t>(at));
        if (written < 0 && errno != EINTR) return errno;
        if (written == 0) return EIO;
        if (written < 0) continue;
        from += written;
        at += static_cast<std::uint64_t>(written);
        bytes -= static_cast<std::size_t>(written);
    }
    return 0;
}

inline int FileSystem::sync(int file) noexcept {
    int error;
    do {
#ifdef __APPLE__
        error = error_of(fcntl(file, F_FULLFSYNC) == -1 ? fsync(file) : 0);
#else
        error = error_of(fdatasync(file));
#endif
    } while (error == EINTR);
    return error;
}

inline int FileSystem::map(void* address, std::size_t bytes, int file, std::uint64_t from, Mapping kind) noexcept {
#ifdef MAP_NORESERVE
    constexpr int copy = MAP_PRIVATE | MAP_NORESERVE;  // as long as the file may be, and hardly ever written
#else
    constexpr int copy = MAP_PRIVATE;
#endif
    const int protection = kind == Mapping::read ? PROT_READ : PROT_READ | PROT_WRITE;
    const int flags = MAP_FIXED | (kind == Mapping::copy ? copy : MAP_SHARED);
    return mmap(address, bytes, protection, flags, file, static_cast<off_t>(from)) == address ? 0 : errno;
}

inline int FileSystem::unmap_to_zeros(void* address, std::size_t bytes) noexcept {
    void* const mapped = mmap(address, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    return mapped == address ? 0 : errno;
}

inline int FileSystem::lock(int file, Lock kind, std::uint64_t byte, bool wait) noexcept {
#ifdef F_OFD_SETLK
    struct flock wanted = {};
    wanted.l_type = static_cast<short>(kind == Lock::shared ? F_RDLCK : kind == Lock::exclusive ? F_WRLCK : F_UNLCK);
    wanted.l_whence = SEEK_SET;
    wanted.l_start = static_cast<off_t>(byte);
    wanted.l_len = 1;
    int error;
    do error = error_of(fcntl(file, wait ? F_OFD_SETLKW : F_OFD_SETLK, &wanted) == -1 ? -1 : 0);
    while (error == EINTR);
    return error == EACCES ? EAGAIN : error == ENOSYS || error == EINVAL || error == ENOLCK ? EOPNOTSUPP : error;
#else
    (void)file;
    (void)kind;
    (void)byte;
    (void)wait;
    return EOPNOTSUPP;
#endif
}

inline int FileSystem::identify(int file, FileIdentity& identity) noexcept {
    struct stat status;
    if (fstat(file, &status) != 0) return errno;
    identity = {static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino)};
    return 0;
}

inline int FileSystem::identify(const char* path, FileIdentity& identity) noexcept {
    struct stat status;
    if (stat(path, &status) != 0) return errno;
    identity = {static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino)};
    return 0;
}

inline int FileSystem::remove(const char* path) noexcept { return error_of(unlink(path)); }

inline int FileSystem::duplicate(int file, int& made) noexcept {
    made = fcntl(file, F_DUPFD_CLOEXEC, 0);
    return made >= 0 ? 0 : errno;
}

inline int FileSystem::open_again(int file, int& made) noexcept {
    char path[32];
    std::snprintf(path, sizeof path, "/dev/fd/%d", file);
    made = open(path, O_RDONLY | O_CLOEXEC);
    return made >= 0 ? 0 : errno;
}

inline int FileSystem::close(int file) noexcept { return error_of(::close(file)); }

inline std::uint64_t FileSystem::process() noexcept { return static_cast<std::uint64_t>(getpid()); }

}  // namespace cppdynarray
