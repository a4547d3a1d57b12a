// A file system under the tests' control: FileSystem's members on real files without a name, with every
// call counted, misuse noticed, any failure on demand, and the locks of another process.
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "check.hpp"

#include "cppdynarray/internal/file_memory.hpp"

// The calls that may fail.
enum class FileCall { allocate, set_size, get_size, punch, write, sync, map, unmap_to_zeros, duplicate, open_again };

class FakeDisk {
public:
    FakeDisk() { current() = this; }
    FakeDisk(const FakeDisk&) = delete;
    FakeDisk& operator=(const FakeDisk&) = delete;
    ~FakeDisk() {
        CHECK(misuse == "");
        CHECK(open_files == 0);
        current() = nullptr;
    }

    static FakeDisk*& current() {
        static FakeDisk* disk = nullptr;
        return disk;
    }

    std::uint64_t room = std::uint64_t{1} << 30;  // files can't be made longer than this
    bool followed = false;                        // another process has the lock of those who look
    bool writer_locked = true;                    // by us
    bool looks = false;                           // we have that lock, the last that asked for it
    std::uint64_t process = 1;
    std::uint64_t live_number = 2;     // of the file at /live
    std::vector<std::string> removed;  // paths
    int open_files = 0;
    std::uint64_t least_size = 0;  // no cut may go below
    std::string misuse;            // the first one
    std::string order;             // of writes and syncs: "w", "s"

    // From now on the `use`-th call of a kind (1 is the next) gives `error`, and all after it.
    void fail(FileCall kind, int error, std::size_t use = 1) {
        failing_ = kind;
        error_ = error;
        fail_from_ = calls_of(kind) + use;
    }
    void heal() { error_ = 0; }

    std::size_t calls_of(FileCall kind) const { return calls_of_[static_cast<std::size_t>(kind)]; }

    int error_of_call(FileCall kind) {
        ++calls_of_[static_cast<std::size_t>(kind)];
        return error_ != 0 && kind == failing_ && calls_of(kind) >= fail_from_ ? error_ : 0;
    }
    void complain(const char* what) {
        if (misuse.empty()) misuse = what;
    }

private:
    std::array<std::size_t, 10> calls_of_{};
    FileCall failing_ = FileCall::allocate;
    std::size_t fail_from_ = 0;
    int error_ = 0;
};

struct FakeFiles {
    using Real = cppdynarray::FileSystem;
    using Lock = Real::Lock;

    static int allocate(int file, std::uint64_t from, std::uint64_t to) noexcept {
        if (from >= to) disk().complain("allocate: nothing");
        if (const int error = disk().error_of_call(FileCall::allocate)) {
            // As on a disk that fills up on the way.
            Real::set_size(file, (from + to) / 2);
            return error;
        }
        return to > disk().room ? ENOSPC : Real::allocate(file, from, to);
    }
    static int set_size(int file, std::uint64_t bytes) noexcept {
        if (const int error = disk().error_of_call(FileCall::set_size)) return error;
        if (bytes < disk().least_size) disk().complain("set_size: cuts what others look at");
        return Real::set_size(file, bytes);
    }
    static int get_size(int file, std::uint64_t& bytes) noexcept {
        if (const int error = disk().error_of_call(FileCall::get_size)) return error;
        return Real::get_size(file, bytes);
    }
    static int punch(int file, std::uint64_t from, std::uint64_t to) noexcept {
        if (from >= to) disk().complain("punch: nothing");
        if (const int error = disk().error_of_call(FileCall::punch)) return error;
        return Real::punch(file, from, to);
    }
    static int write(int file, const void* source, std::size_t bytes, std::uint64_t at) noexcept {
        disk().order += 'w';
        if (const int error = disk().error_of_call(FileCall::write)) return error;
        return Real::write(file, source, bytes, at);
    }
    static int sync(int) noexcept {
        disk().order += 's';
        return disk().error_of_call(FileCall::sync);
    }
    using Mapping = Real::Mapping;
    static int map(void* address, std::size_t bytes, int file, std::uint64_t from, Mapping kind) noexcept {
        if (const int error = disk().error_of_call(FileCall::map)) return error;
        return Real::map(address, bytes, file, from, kind);
    }
    static int unmap_to_zeros(void* address, std::size_t bytes) noexcept {
        if (const int error = disk().error_of_call(FileCall::unmap_to_zeros)) return error;
        return Real::unmap_to_zeros(address, bytes);
    }
    static int lock(int, Lock kind, std::uint64_t byte, bool) noexcept {
        if (byte == cppdynarray::writer_lock) disk().writer_locked = kind == Lock::exclusive;
        if (byte != cppdynarray::follower_lock) return 0;
        if (kind == Lock::exclusive && disk().followed) return EAGAIN;
        disk().looks = kind == Lock::shared;
        return 0;
    }
    static int identify(int, cppdynarray::FileIdentity& identity) noexcept {
        identity = {1, 2};
        return 0;
    }
    static int identify(const char* path, cppdynarray::FileIdentity& identity) noexcept {
        identity = {1, std::strcmp(path, "/live") == 0 ? disk().live_number : std::uint64_t{3}};
        return 0;
    }
    static int remove(const char* path) noexcept {
        disk().removed.push_back(path);
        return 0;
    }
    static int duplicate(int file, int& made) noexcept {
        if (const int error = disk().error_of_call(FileCall::duplicate)) return error;
        ++disk().open_files;
        return Real::duplicate(file, made);
    }
    static int open_again(int file, int& made) noexcept {
        if (const int error = disk().error_of_call(FileCall::open_again)) return error;
        ++disk().open_files;
        return Real::open_again(file, made);
    }
    static int close(int file) noexcept {
        --disk().open_files;
        return Real::close(file);
    }
    static std::uint64_t process() noexcept { return disk().process; }

private:
    static FakeDisk& disk() noexcept { return *FakeDisk::current(); }
};
