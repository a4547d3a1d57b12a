// A memory system under the tests' control: VirtualMemory's members, with every range recorded,
// every call counted, misuse noticed and any shortage on demand.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "check.hpp"

#include "cppdynarray/internal/virtual_memory.hpp"

// The calls that may fail.
enum class Call { reserve, reserve_writable, commit, could_commit, discard, release, heap_allocate };

// The state of the machine that FakeMemory stands for. A test makes one; when it goes, it
// checks that nothing was misused and nothing is left.
class FakeSystem {
public:
    static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

    // What is short.
    std::size_t address_space = std::size_t{1} << 40;
    std::size_t mappings = 65530;
    std::size_t memory = std::size_t{1} << 30;  // committed pages and heap: refused beyond
    std::size_t huge_page = 0;
    bool discards = true;
    bool writable_ranges = true;
    bool resident = false;  // what is_resident() answers

    FakeSystem() { current() = this; }
    FakeSystem(const FakeSystem&) = delete;
    FakeSystem& operator=(const FakeSystem&) = delete;
    ~FakeSystem() {
        CHECK(misuse == "");
        CHECK(heap.empty());
        for (const auto& [address, range] : ranges) {
            CHECK(range.leaked);
            cppdynarray::VirtualMemory::release(address, range.bytes);
        }
        current() = nullptr;
    }

    static FakeSystem*& current() {
        static FakeSystem* system = nullptr;
        return system;
    }

    // From now on the `use`-th call (1 is the next) fails, and `count` - 1 more after it.
    void fail(std::size_t use, std::size_t count = 1) {
        fail_from_ = calls + use;
        fail_count_ = count;
        failures = 0;
    }
    // The same, counting calls of one kind only.
    void fail(Call kind, std::size_t use, std::size_t count = 1) {
        only_ = kind;
        only_one_kind_ = true;
        fail_from_ = calls_of(kind) + use;
        fail_count_ = count;
        failures = 0;
    }
    void heal() {
        fail_count_ = 0;
        only_one_kind_ = false;
    }

    std::size_t calls = 0;
    std::size_t failures = 0;  // since fail()
    std::size_t advice = 0;
    const char* advised_end = nullptr;  // where the last advice ended
    std::size_t calls_of(Call kind) const { return calls_of_[static_cast<std::size_t>(kind)]; }

    std::size_t reserved_bytes() const {
        std::size_t sum = 0;
        for (const auto& [address, range] : ranges) sum += range.bytes;
        return sum;
    }

    struct Range {
        std::size_t bytes;
        std::size_t committed;  // from the start
        bool leaked;            // its release was refused
        bool writable;          // all of it, uncounted
    };
    std::map<char*, Range> ranges;
    std::map<void*, std::size_t> heap;
    std::size_t heap_bytes = 0;
    std::size_t committed_bytes = 0;
    std::string misuse;  // the first one

    // For FakeMemory.

    std::mutex mutex;

    void complain(const char* what) {
        if (misuse.empty()) misuse = what;
    }

    // Counts a call and says whether it is one to fail.
    bool fails(Call kind) {
        ++calls;
        ++calls_of_[static_cast<std::size_t>(kind)];
        if (only_one_kind_ && kind != only_) return false;
        const std::size_t use = only_one_kind_ ? calls_of(kind) : calls;
        const bool failing = use >= fail_from_ && use - fail_from_ < fail_count_;
        failures += failing;
        return failing;
    }

    // The range that holds all of these bytes.
    Range* range_of(void* address, std::size_t bytes, std::size_t& offset) {
        const auto after = ranges.upper_bound(static_cast<char*>(address));
        if (after == ranges.begin()) return nullptr;
        auto& [start, range] = *std::prev(after);
        offset = static_cast<std::size_t>(static_cast<char*>(address) - start);
        return offset <= range.bytes && bytes <= range.bytes - offset ? &range : nullptr;
    }

private:
    std::array<std::size_t, 7> calls_of_{};
    std::size_t fail_from_ = 0;
    std::size_t fail_count_ = 0;
    Call only_ = Call::reserve;
    bool only_one_kind_ = false;
};

// Hands out real memory, so that touching what isn't committed is a real fault.
struct FakeMemory {
    using Real = cppdynarray::VirtualMemory;

    static std::size_t page_size() noexcept { return Real::page_size(); }

    static std::size_t huge_page_size() noexcept { return system().huge_page; }

    static void* reserve(std::size_t bytes) noexcept {
        FakeSystem& s = system();
        const std::lock_guard<std::mutex> lock(s.mutex);
        if (s.fails(Call::reserve)) return nullptr;
        if (bytes == 0 || bytes % page_size() != 0) s.complain("reserve: not whole pages");
        const std::size_t taken = s.reserved_bytes();
        if (taken > s.address_space || bytes > s.address_space - taken) return nullptr;
        // A range is one mapping, and another once a part of it is committed.
        if (2 * (s.ranges.size() + 1) > s.mappings) return nullptr;
        void* address = Real::reserve(bytes);
        if (address != nullptr) s.ranges[static_cast<char*>(address)] = {bytes, 0, false, false};
        return address;
    }

    static void* reserve_writable(std::size_t bytes) noexcept {
        FakeSystem& s = system();
        const std::lock_guard<std::mutex> lock(s.mutex);
        if (s.fails(Call::reserve_writable) || !s.writable_ranges) return nullptr;
        const std::size_t taken = s.reserved_bytes();
        if (taken > s.address_space || bytes > s.address_space - taken) return nullptr;
        void* address = Real::reserve_writable(bytes);
        if (address != nullptr) s.ranges[static_cast<char*>(address)] = {bytes, bytes, false, true};
        return address;
    }

    static bool could_commit(std::size_t bytes) noexcept {
        FakeSystem& s = system();
        const std::lock_guard<std::mutex> lock(s.mutex);
        const std::size_t taken = s.committed_bytes + s.heap_bytes;
        return !s.fails(Call::could_commit) && taken <= s.memory && bytes <= s.memory - taken;
    }

    static bool is_resident(void*, std::size_t) noexcept { return system().resident; }

    static bool commit(void* address, std::size_t bytes) noexcept {
        FakeSystem& s = system();
        const std::lock_guard<std::mutex> lock(s.mutex);
        if (s.fails(Call::commit)) return false;
        std::size_t offset = 0;
        FakeSystem::Range* const range = s.range_of(address, bytes, offset);
        if (range == nullptr || range->leaked || range->writable) {
            s.complain("commit: outside of a reservation");
            return false;
        }
        if (bytes == 0 || bytes % page_size() != 0 || offset % page_size() != 0) s.complain("commit: not whole pages");
        if (offset > range->committed) s.complain("commit: leaves a hole");
        const std::size_t committed = std::max(range->committed, offset + bytes);
        const std::size_t more = committed - range->committed;
        const std::size_t taken = s.committed_bytes + s.heap_bytes;
        if (taken > s.memory || more > s.memory - taken) return false;
        if (!Real::commit(address, bytes)) return false;
        range->committed = committed;
        s.committed_bytes += more;
        return true;
    }

    static bool discard(void* address, std::size_t bytes) noexcept {
        FakeSystem& s = system();
        const std::lock_guard<std::mutex> lock(s.mutex);
        if (s.fails(Call::discard) || !s.discards) return false;
        std::size_t offset = 0;
        FakeSystem::Range* const range = s.range_of(address, bytes, offset);
        if (range == nullptr || (!range->leaked && offset + bytes > range->committed)) {
            s.complain("discard: outside of committed pages");
            return false;
        }
        if (bytes == 0 || bytes % page_size() != 0 || offset % page_size() != 0) s.complain("discard: not whole pages");
        return Real::discard(address, bytes);
    }

    static void advise_huge_pages(void* address, std::size_t bytes) noexcept {
        FakeSystem& s = system();
        const std::lock_guard<std::mutex> lock(s.mutex);
        if (s.huge_page == 0 || bytes == 0 || bytes % s.huge_page != 0) s.complain("advice: not whole huge pages");
        ++s.advice;
        s.advised_end = static_cast<const char*>(address) + bytes;
        std::size_t offset = 0;
        const FakeSystem::Range* const range = s.range_of(address, bytes, offset);
        if (range != nullptr ? offset + bytes > range->committed : s.heap.empty())
            s.complain("advice: outside of committed pages");
    }

    static void advise_small_pages(void* address, std::size_t bytes) noexcept {
        FakeSystem& s = system();
        const std::lock_guard<std::mutex> lock(s.mutex);
        std::size_t offset = 0;
        const FakeSystem::Range* const range = s.range_of(address, bytes, offset);
        if (range == nullptr || !range->writable) s.complain("advice for small pages: outside of writable ranges");
    }

    static bool release(void* address, std::size_t bytes) noexcept {
        FakeSystem& s = system();
        const std::lock_guard<std::mutex> lock(s.mutex);
        const auto found = s.ranges.find(static_cast<char*>(address));
        if (found == s.ranges.end() || found->second.bytes != bytes || found->second.leaked) {
            s.complain("release: not a whole reservation, or twice");
            return false;
        }
        if (!found->second.writable) s.committed_bytes -= found->second.committed;
        if (s.fails(Call::release)) {
            found->second.leaked = true;
            return false;
        }
        s.ranges.erase(found);
        return Real::release(address, bytes);
    }

    // Full of garbage, as the heap may be.
    static void* heap_allocate(std::size_t bytes) noexcept {
        FakeSystem& s = system();
        const std::lock_guard<std::mutex> lock(s.mutex);
        if (s.fails(Call::heap_allocate)) return nullptr;
        const std::size_t taken = s.committed_bytes + s.heap_bytes;
        if (taken > s.memory || bytes > s.memory - taken) return nullptr;
        void* address = Real::heap_allocate(bytes);
        if (address == nullptr) return nullptr;
        std::memset(address, 0xA5, bytes);
        s.heap[address] = bytes;
        s.heap_bytes += bytes;
        return address;
    }

    static void heap_release(void* address) noexcept {
        FakeSystem& s = system();
        const std::lock_guard<std::mutex> lock(s.mutex);
        const auto found = s.heap.find(address);
        if (found == s.heap.end()) {
            s.complain("heap_release: unknown, or twice");
            return;
        }
        s.heap_bytes -= found->second;
        s.heap.erase(found);
        Real::heap_release(address);
    }

    static std::size_t address_space_bytes() noexcept { return system().address_space; }

    static std::size_t max_mappings() noexcept { return system().mappings; }

private:
    static FakeSystem& system() noexcept { return *FakeSystem::current(); }
};
