#include <algorithm>
#include <cstddef>
#include <limits>

#include "check.hpp"

#include "cppdynarray/internal/virtual_memory.hpp"
#include "resident_memory.hpp"

#ifndef _WIN32
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#endif

using Memory = cppdynarray::VirtualMemory;

static const std::size_t page = Memory::page_size();

namespace {
// A reservation that ends with the test.
struct Range {
    explicit Range(std::size_t size) : bytes(size), address(static_cast<char*>(Memory::reserve(size))) {
        REQUIRE(address != nullptr);
    }
    Range(const Range&) = delete;
    Range& operator=(const Range&) = delete;
    ~Range() { CHECK(Memory::release(address, bytes)); }

    std::size_t bytes;
    char* address;
};
}  // namespace

static bool all_are(const char* begin, std::size_t count, char value) {
    return std::all_of(begin, begin + count, [value](char byte) { return byte == value; });
}

TEST_CASE("page sizes are powers of two") {
    CHECK(page >= 4096);
    CHECK((page & (page - 1)) == 0);
    const std::size_t huge = Memory::huge_page_size();
    CHECK((huge & (huge - 1)) == 0);
    if (huge != 0) CHECK(huge > page);
}

TEST_CASE("committed pages are zero, writable, and keep their contents") {
    Range range(16 * page);
    REQUIRE(Memory::commit(range.address, 2 * page));
    CHECK(all_are(range.address, 2 * page, 0));
    std::fill_n(range.address, 2 * page, 'x');
    REQUIRE(Memory::commit(range.address, 4 * page));
    CHECK(all_are(range.address, 2 * page, 'x'));
    CHECK(all_are(range.address + 2 * page, 2 * page, 0));
    REQUIRE(Memory::commit(range.address + 4 * page, 12 * page));
    range.address[16 * page - 1] = 'y';
    CHECK(all_are(range.address + 4 * page, 12 * page - 1, 0));
}

TEST_CASE("discarded pages stay accessible and read as zero") {
    Range range(64 * page);
    REQUIRE(Memory::commit(range.address, 64 * page));
    std::fill_n(range.address, 64 * page, 'x');
    if (can_measure_residence) CHECK(resident_bytes(range.address, range.address + 64 * page) == 64 * page);
    REQUIRE(Memory::discard(range.address + page, 62 * page));
    if (can_measure_residence) CHECK(resident_bytes(range.address + page, range.address + 63 * page) == 0);
    CHECK(all_are(range.address, page, 'x'));
    CHECK(all_are(range.address + page, 62 * page, 0));
    CHECK(all_are(range.address + 63 * page, page, 'x'));
    range.address[2 * page] = 'z';
    CHECK(range.address[2 * page] == 'z');
}

TEST_CASE("writable addresses take memory page by page, where they are touched") {
    const std::size_t bytes = std::size_t{1} << 40;
    auto* const address = static_cast<char*>(Memory::reserve_writable(bytes));
    if (address == nullptr) return;  // not here: ulimit -d, strict overcommit, Windows, a sanitizer
    for (const std::size_t at : {std::size_t{0}, bytes / 2, bytes - page}) {
        CHECK(address[at] == 0);
        address[at] = 'x';
        if (can_measure_residence) {
            CHECK(resident_bytes(address + at, address + at + page) == page);
            if (at + 4 * page < bytes) CHECK(resident_bytes(address + at + page, address + at + 4 * page) == 0);
        }
    }
    Memory::advise_huge_pages(address + bytes / 4, bytes / 4);
    REQUIRE(Memory::discard(address, bytes));
    Memory::advise_small_pages(address, bytes);
    CHECK(all_are(address + bytes / 2, page, 0));
    CHECK(Memory::release(address, bytes));
}

TEST_CASE("what was touched is resident, what wasn't or was discarded is not") {
    Range range(64 * page);
    REQUIRE(Memory::commit(range.address, 64 * page));
    CHECK_FALSE(Memory::is_resident(range.address, 64 * page));
    std::fill_n(range.address, 64 * page, 'x');
    if (can_measure_residence) CHECK(Memory::is_resident(range.address, 64 * page));
    CHECK(Memory::discard(range.address, 64 * page));
    CHECK_FALSE(Memory::is_resident(range.address, 64 * page));
}

TEST_CASE("a commit that would be refused is known beforehand") {
    CHECK(Memory::could_commit(page));
    CHECK_FALSE(Memory::could_commit((std::numeric_limits<std::size_t>::max() / 2) & ~(page - 1)));
}

TEST_CASE("neither reserving nor committing takes memory") {
    const std::size_t bytes = std::size_t{1} << 30;
    Range range(bytes);
    REQUIRE(Memory::commit(range.address, bytes / 2));
    Memory::advise_huge_pages(range.address, bytes / 2);
    if (can_measure_residence) CHECK(resident_bytes(range.address, range.address + bytes / 2) == 0);
}

TEST_CASE("more addresses than there are can't be reserved") {
    CHECK(Memory::reserve((std::numeric_limits<std::size_t>::max() / 2) & ~(page - 1)) == nullptr);
}

TEST_CASE("heap memory is aligned and writable, and refused by nullptr") {
    void* address = Memory::heap_allocate(100);
    REQUIRE(address != nullptr);
    CHECK(reinterpret_cast<std::uintptr_t>(address) % alignof(std::max_align_t) == 0);
    std::fill_n(static_cast<char*>(address), 100, 'x');
    Memory::heap_release(address);
    // Compilers may leave out an allocation whose address nobody uses, and take it for one that went well.
    void* volatile refused = Memory::heap_allocate(std::numeric_limits<std::ptrdiff_t>::max() / 2);
    CHECK(refused == nullptr);
}

TEST_CASE("the limits are plausible") {
    CHECK(Memory::address_space_bytes() >= std::size_t{1} << 28);
    CHECK(Memory::max_mappings() >= 1000);
}

#ifndef _WIN32

// Runs `action` in a child process and returns how that ended.
template <class Action>
static int status_of_child(Action action) {
    const pid_t child = fork();
    if (child == 0) {
        std::signal(SIGSEGV, SIG_DFL);
        std::signal(SIGBUS, SIG_DFL);
        _exit(action() ? 0 : 1);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    return status;
}

TEST_CASE("touching what isn't committed is a fault") {
    Range range(4 * page);
    REQUIRE(Memory::commit(range.address, page));
    volatile char* const bytes = range.address;
    const int inside = status_of_child([=] { return bytes[page - 1] == 0; });
    CHECK((WIFEXITED(inside) && WEXITSTATUS(inside) == 0));
    const int outside = status_of_child([=] { return bytes[page] == 0; });
    CHECK(WIFSIGNALED(outside));
}

TEST_CASE("so is touching what is released") {
    const int status = status_of_child([] {
        volatile char* const bytes = static_cast<char*>(Memory::reserve(page));
        void* const address = const_cast<char*>(bytes);
        if (!Memory::commit(address, page) || bytes[0] != 0 || !Memory::release(address, page)) return true;
        return bytes[0] == 0;
    });
    CHECK(WIFSIGNALED(status));
}

TEST_CASE("a limit on the process's addresses is seen") {
    const int status = status_of_child([] {
        rlimit limit;
        getrlimit(RLIMIT_AS, &limit);
        limit.rlim_cur = rlim_t{1} << 31;
        return setrlimit(RLIMIT_AS, &limit) == 0 && Memory::address_space_bytes() == std::size_t{1} << 31;
    });
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
}

TEST_CASE("where a limit counts what is writable, nothing is writable in advance") {
    const int status = status_of_child([] {
        rlimit limit;
        getrlimit(RLIMIT_DATA, &limit);
        limit.rlim_cur = rlim_t{1} << 31;
        return setrlimit(RLIMIT_DATA, &limit) == 0 && Memory::reserve_writable(std::size_t{1} << 24) == nullptr;
    });
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
}

#endif

#ifdef __linux__
#include <sys/syscall.h>

TEST_CASE("memory locked by the process is kept, and discard says so") {
    Range range(page);
    REQUIRE(Memory::commit(range.address, page));
    range.address[0] = 'x';
    // Called directly, because sanitizers make mlock() do nothing.
    if (syscall(SYS_mlock, range.address, page) != 0) return;  // not allowed here
    CHECK_FALSE(Memory::discard(range.address, page));
    CHECK(range.address[0] == 'x');
    syscall(SYS_munlock, range.address, page);
}

TEST_CASE("a process that locks all of its memory gets no writable addresses in advance") {
    const int status = status_of_child([] {
        constexpr int future = 2;
        if (syscall(SYS_mlockall, future) != 0) return true;  // not allowed here
        return Memory::reserve_writable(std::size_t{1} << 40) == nullptr;
    });
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
}

#endif
