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

#include "cppdynarray/block_allocator.hpp"
#include "cppdynarray/dynamic_array.hpp"

using cppdynarray::Block;
using cppdynarray::BlockAllocator;
using cppdynarray::Source;

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
                allocator.settings.source = next(seed) % 2 == 0 ? Source::heap : Source::reserved;
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
