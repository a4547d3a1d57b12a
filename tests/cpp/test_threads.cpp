// What threads may do at once: each has blocks of its own, hands them on, and all share one allocator.
// To be run under ThreadSanitizer, too.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "check.hpp"

#include "cppdynarray/dynamic_array.hpp"
#include "cppdynarray/internal/array_place.hpp"
#include "cppdynarray/internal/block_allocator.hpp"
#include "cppdynarray/internal/rolling_place.hpp"

using cppdynarray::Backend;
using cppdynarray::Block;
using cppdynarray::BlockAllocator;

constexpr std::size_t KiB = std::size_t{1} << 10;
constexpr int thread_count = 4;

// Runs work(number) in several threads that begin together.
template <class Work>
static void in_threads(Work work) {
    std::atomic<int> started{0};
    std::vector<std::thread> threads;
    for (int number = 0; number < thread_count; ++number)
        threads.emplace_back([&, number] {
            for (++started; started < thread_count;) std::this_thread::yield();
            work(static_cast<unsigned>(number));
        });
    for (std::thread& thread : threads) thread.join();
}

static unsigned next(unsigned& seed) { return (seed = seed * 1664525 + 1013904223) >> 16; }

// A block all of whose used bytes are one mark.
struct Marked {
    Block* block;
    std::size_t used;
    char mark;

    bool good() const {
        const char* data = block->data();
        return static_cast<std::size_t>(std::count(data, data + used, mark)) == used;
    }
};

TEST_CASE("blocks grow, shrink and are handed from thread to thread") {
    BlockAllocator<> allocator;
    allocator.settings.reserve_bytes = 256 * KiB;
    std::mutex mutex;
    std::vector<Marked> handed_on;
    std::atomic<std::size_t> bad{0};
    in_threads([&](unsigned number) {
        unsigned seed = number;
        for (int round = 0; round < 3000; ++round) {
            Marked mine{nullptr, 0, static_cast<char>('a' + number)};
            {
                const std::lock_guard<std::mutex> lock(mutex);
                if (handed_on.size() > 6) {
                    std::swap(handed_on[next(seed) % handed_on.size()], handed_on.back());
                    mine = handed_on.back();
                    handed_on.pop_back();
                }
            }
            if (mine.block == nullptr) mine.block = allocator.allocate(next(seed) % KiB);
            bad += !mine.good();
            const std::size_t wanted = next(seed) % (next(seed) % 8 == 0 ? 512 * KiB : 16 * KiB);
            if (wanted > mine.used) {
                Block* grown = allocator.grow(mine.block, mine.used, wanted);
                if (grown == nullptr) {
                    ++bad;
                } else {
                    mine.block = grown;
                    allocator.zero(grown, mine.used, wanted);
                    bad +=
                        std::any_of(grown->data() + mine.used, grown->data() + wanted, [](char c) { return c != 0; });
                    std::memset(grown->data() + mine.used, mine.mark, wanted - mine.used);
                    mine.used = wanted;
                }
            } else {
                mine.block->dirty_bytes = std::max(mine.block->dirty_bytes, mine.used);
                mine.used = wanted;
                if (next(seed) % 4 == 0) allocator.shrink_to_fit(mine.block, mine.used);
            }
            bad += !mine.good();
            if (next(seed) % 3 == 0) {
                allocator.release(mine.block, mine.used);
            } else {
                const std::lock_guard<std::mutex> lock(mutex);
                handed_on.push_back(mine);
            }
            if (next(seed) % 500 == 0) allocator.trim();
        }
    });
    CHECK(bad == 0);
    for (const Marked& each : handed_on) allocator.release(each.block, each.used);
    allocator.trim();
    CHECK(allocator.mapped_blocks() == 0);
    CHECK(allocator.mapped_bytes() == 0);
}

TEST_CASE("settings may change while other threads allocate and grow") {
    BlockAllocator<> allocator;
    std::atomic<std::size_t> bad{0};
    in_threads([&](unsigned number) {
        unsigned seed = number;
        for (int round = 0; round < 3000; ++round) {
            if (number == 0) {
                allocator.settings.growth_factor = 1.1 + next(seed) % 4;
                allocator.settings.backend = next(seed) % 2 == 0 ? Backend::heap : Backend::reserved;
                allocator.settings.reserve_bytes = next(seed) % 3 * 64 * KiB;
                allocator.settings.huge_pages = next(seed) % 2 == 0;
                continue;
            }
            Block* block = allocator.allocate(1 + next(seed) % KiB);
            std::memset(block->data(), 'x', block->committed_bytes);
            Block* grown = allocator.grow(block, block->committed_bytes, 2 * block->committed_bytes + 1);
            bad += grown == nullptr || grown->data()[0] != 'x';
            allocator.release(grown != nullptr ? grown : block, 0);
        }
    });
    CHECK(bad == 0);
    allocator.trim();
    CHECK(allocator.mapped_blocks() == 0);
}

TEST_CASE("arrays are used by one thread each") {
    std::atomic<std::size_t> bad{0};
    in_threads([&](unsigned number) {
        for (int round = 0; round < 100; ++round) {
            cppdynarray::DynamicArray<unsigned> array;
            for (unsigned i = 0; i < 2000; ++i) array.push_back(i ^ number);
            cppdynarray::DynamicArray<unsigned> copy = array;
            array.resize(10);
            array.shrink_to_fit();
            for (unsigned i = 0; i < 2000; ++i) bad += copy[i] != (i ^ number);
        }
    });
    CHECK(bad == 0);
}

TEST_CASE("others read what is there while one thread appends") {
    cppdynarray::DynamicArray<std::size_t> array;
    array.push_back(0);
    const std::size_t* const data = array.data();
    // The length that readers may rely on goes through an atomic, as between any threads.
    std::atomic<std::size_t> length{1};
    std::atomic<std::size_t> bad{0};
    in_threads([&](unsigned number) {
        if (number == 0) {
            for (std::size_t i = 1; i < 300000; ++i) {
                array.push_back(i);
                length.store(i + 1, std::memory_order_release);
            }
            return;
        }
        unsigned seed = number;
        for (int round = 0; round < 100000; ++round) {
            const std::size_t known = length.load(std::memory_order_acquire);
            const std::size_t index = next(seed) * 5 % known;
            bad += data[index] != index;
        }
    });
    CHECK(bad == 0);
    CHECK(array.data() == data);
}

// Places: what has a handle may be read by any thread while one changes it.

TEST_CASE("others look at a place while one thread appends and its memory moves") {
    BlockAllocator<> allocator;
    allocator.settings.reserve_bytes = 16 * KiB;
    cppdynarray::ArrayPlace place{};
    place.block = allocator.allocate(KiB);
    place.length = &place.own_length;
    place.row_bytes = sizeof(std::size_t);
    std::atomic<std::size_t> bad{0};
    std::atomic<bool> done{false};
    in_threads([&](unsigned number) {
        if (number == 0) {
            for (std::size_t i = 0; i < 200000; ++i) {
                const std::size_t used = i * sizeof i;
                if (used + sizeof i > place.block->committed_bytes)
                    set_block_of(&place, allocator.grow(place.block, used, used + sizeof i));
                std::memcpy(place.data() + used, &i, sizeof i);
                set_length_of(&place, i + 1);
            }
            done = true;
            return;
        }
        unsigned seed = number;
        while (!done) {
            const std::size_t length = length_of(&place);  // before the memory, which then has as many rows
            const char* const data = block_of(&place)->data();
            if (length == 0) continue;
            for (const std::size_t index : {std::size_t{0}, next(seed) * 5 % length, length - 1}) {
                std::size_t found;
                std::memcpy(&found, data + index * sizeof found, sizeof found);
                bad += found != index;
            }
        }
    });
    CHECK(bad == 0);
    CHECK(length_of(&place) == 200000);
    CHECK(place.block->retired != nullptr);  // it has moved
    allocator.release(place.block, 200000 * sizeof(std::size_t));
}

TEST_CASE("others look at a window while one thread slides it") {
    constexpr std::size_t max_rows = 500, rows = 100000;
    constexpr std::size_t idle = static_cast<std::size_t>(-1);
    BlockAllocator<> allocator;
    cppdynarray::RollingPlace place{};
    place.block = allocator.allocate((3 * max_rows - 1) * sizeof(std::size_t));
    place.block->committed_bytes = (3 * max_rows - 1) * sizeof(std::size_t);
    place.length = &place.own_length;
    place.row_bytes = sizeof(std::size_t);
    place.max_rows = max_rows;
    std::atomic<std::size_t> bad{0}, pushed{0};
    // A row stays as it is until max_rows more have come in: so long the writer may go on beside a reader.
    std::vector<std::atomic<std::size_t>> began(thread_count);
    for (auto& each : began) each = idle;
    in_threads([&](unsigned number) {
        if (number == 0) {
            for (std::size_t i = 0; i < rows; ++i) {
                for (auto& each : began)
                    while (each != idle && i >= each + max_rows) std::this_thread::yield();
                append_to_window(&place, &i, 1);
                pushed = i + 1;
            }
            return;
        }
        while (pushed < rows) {
            began[number] = pushed.load();
            const cppdynarray::Window window = window_of(&place);
            const auto* row = reinterpret_cast<const std::size_t*>(place.data()) + window.start;
            bad += window.rows > max_rows;
            for (std::size_t i = 1; i < window.rows; ++i) bad += row[i] != row[0] + i;
            began[number] = idle;
            std::this_thread::yield();
        }
    });
    CHECK(bad == 0);
    CHECK(window_of(&place).rows == max_rows);
    allocator.release(place.block, 0);
}
