#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <thread>
#include <utility>
#include <vector>

#include "check.hpp"

#include "cppdynarray/internal/block_allocator.hpp"
#include "fake_memory.hpp"
#include "resident_memory.hpp"

using cppdynarray::Backend;
using cppdynarray::Block;
using Allocator = cppdynarray::BlockAllocator<FakeMemory>;

static const std::size_t page = FakeMemory::page_size();
constexpr std::size_t KiB = std::size_t{1} << 10;
constexpr std::size_t MiB = std::size_t{1} << 20;
constexpr std::size_t header = sizeof(Block);
constexpr std::size_t few = 64;  // blocks with reservations of their own; more are in slabs

static_assert(sizeof(void*) < 8 || (offsetof(Block, functions) == 0 && offsetof(Block, place) == 8 &&
                                    offsetof(Block, reserved_bytes) == 16 && offsetof(Block, committed_bytes) == 24 &&
                                    offsetof(Block, dirty_bytes) == 32 && offsetof(Block, mapping_bytes) == 40 &&
                                    offsetof(Block, retired) == 48 && offsetof(Block, backend) == 56 &&
                                    offsetof(Block, flags) == 57 && offsetof(Block, lent_mib) == 58 &&
                                    offsetof(Block, offset_in_16) == 60 && offsetof(Block, growth_factor) == 62),
              "other modules read the header");

static bool all_zero(const char* begin, const char* end) {
    return std::all_of(begin, end, [](char byte) { return byte == 0; });
}

// Every promise that a block makes whatever happened to it.
static void check(Block* block, std::size_t used) {
    REQUIRE(block != nullptr);
    CHECK(Block::of(block->data()) == block);
    CHECK(block->data() == reinterpret_cast<char*>(block) + header);
    CHECK(reinterpret_cast<std::uintptr_t>(block->data()) % alignof(Block) == 0);
    CHECK(used <= block->committed_bytes);
    CHECK(block->committed_bytes <= block->reserved_bytes);
    if (!block->on_heap()) {
        CHECK((reinterpret_cast<std::uintptr_t>(block) - block->offset()) % page == 0);
        const std::size_t skipped = cppdynarray::round_up(block->offset(), page);
        if (block->has(Block::in_slab)) CHECK(skipped + header + block->reserved_bytes <= block->mapping_bytes);
        else CHECK(skipped + header + block->reserved_bytes == block->mapping_bytes);
    }
    const std::size_t written = std::max(block->dirty_bytes, used);
    if (written < block->committed_bytes)
        CHECK(all_zero(block->data() + written, block->data() + block->committed_bytes));
}

// Writes to all of the first `used` bytes.
static void fill(Block* block, std::size_t used) { std::memset(block->data(), 'x', used); }

TEST_CASE("a new block has the room that was asked for, and is zero") {
    FakeSystem system;
    Allocator allocator;
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, 64 * KiB, 64 * KiB + 1, 10 * MiB}) {
        Block* block = allocator.allocate(bytes);
        check(block, bytes);
        CHECK_FALSE(block->on_heap());
        CHECK(block->dirty_bytes == 0);
        CHECK(block->retired == nullptr);
        fill(block, bytes);
        check(block, bytes);
        allocator.release(block, bytes);
        allocator.trim();
    }
    CHECK(allocator.mapped_blocks() == 0);
    CHECK(allocator.mapped_bytes() == 0);
}

TEST_CASE("a new block takes one reservation and one commit") {
    FakeSystem system;
    Allocator allocator;
    Block* block = allocator.allocate(8);
    CHECK(system.calls == 2);
    CHECK(block->committed_bytes == 64 * KiB - header);
    CHECK(allocator.mapped_blocks() == 1);
    CHECK(allocator.mapped_bytes() == block->mapping_bytes);
    allocator.release(block, 8);
}

TEST_CASE("reserve says how far growth is in place at least") {
    FakeSystem system;
    system.address_space = std::size_t{1} << 47;
    Allocator allocator;
    Block* usual = allocator.allocate(8);
    Block* small = allocator.allocate(8, 100 * KiB);
    CHECK(small->reserved_bytes == usual->reserved_bytes);  // no less than without asking
    Block* large = allocator.allocate(8, 3 * usual->reserved_bytes);
    CHECK(large->reserved_bytes >= 3 * usual->reserved_bytes);
    CHECK(large->committed_bytes < MiB);
    Block* full = allocator.allocate(200 * KiB, 8);
    CHECK(full->reserved_bytes >= 200 * KiB);
    for (Block* block : {usual, small, large, full}) allocator.release(block, 8);
}

TEST_CASE("the settings choose the reservation, the growth and the backend") {
    FakeSystem system;
    Allocator allocator;
    allocator.settings.reserve_bytes = 3 * MiB;
    allocator.settings.growth_factor = 1.5;
    Block* block = allocator.allocate(8);
    CHECK(block->mapping_bytes == 3 * MiB);
    const std::size_t before = block->committed_bytes;
    REQUIRE(allocator.commit(block, before + 1));
    CHECK(block->committed_bytes == cppdynarray::round_up(before + before / 2 + header, page) - header);
    allocator.release(block, 8);

    allocator.settings.backend = Backend::heap;
    Block* heap = allocator.allocate(8, 1000);
    CHECK(heap->on_heap());
    check(heap, 8);
    CHECK(heap->reserved_bytes == 1000);
    CHECK(heap->dirty_bytes == 1000);  // malloc's memory is what it is
    allocator.release(heap, 8);
}

TEST_CASE("a block keeps the settings it was made with, also when it moves") {
    FakeSystem system;
    Allocator allocator;
    cppdynarray::AllocatorSettings own;
    own.growth_factor = 1.25;
    own.reserve_bytes = 64 * KiB;
    own.huge_pages = false;
    Block* block = allocator.allocate(8, 0, own);
    allocator.settings.growth_factor = 16.0;
    allocator.settings.reserve_bytes = 64 * MiB;
    for (int moves = 0; moves < 3; ++moves) {
        CHECK(block->growth_factor == 1.25);
        CHECK_FALSE(block->has(Block::wants_huge_pages));
        CHECK(block->has(Block::range_was_set));
        const std::size_t range = block->reserved_bytes;
        const std::size_t before = block->committed_bytes;
        if (before < range) {
            REQUIRE(allocator.commit(block, before + 1));
            CHECK(block->committed_bytes <= cppdynarray::round_up(before + before / 4 + header, page));
        }
        block = allocator.grow(block, 8, range + 1);
        CHECK(block->reserved_bytes >= 8 * range);
        CHECK(block->reserved_bytes < 8 * range + 2 * page);  // not what other blocks get now
    }
    allocator.release(block, 8);

    // One that is used again by an array with other settings has those.
    Block* pooled = allocator.allocate(8, 100 * KiB, own);
    allocator.release(pooled, 8);
    own.growth_factor = 3.0;
    own.reserve_bytes = 0;
    own.huge_pages = true;
    own.reserve_bytes = 90 * KiB;
    Block* again = allocator.allocate(8, 0, own);
    CHECK(again == pooled);
    CHECK(again->growth_factor == 3.0);
    CHECK(again->has(Block::wants_huge_pages));
    allocator.release(again, 8);
}

// Bytes of the blocks that `block` left behind, and of its own data.
static std::size_t bytes_kept(const Block* block, std::size_t used) {
    std::size_t bytes = used;
    for (const Block* retired = block->retired; retired != nullptr; retired = retired->retired)
        bytes += retired->committed_bytes;
    return bytes;
}

TEST_CASE("what an array leaves behind is small beside what it holds") {
    for (const double factor : {1.001, 1.02, 1.1, 2.0, 16.0})
        for (const Backend backend : {Backend::reserved, Backend::heap})
            for (const std::size_t first : {std::size_t{1}, std::size_t{100}, 5 * KiB, 60 * KiB, 3 * MiB}) {
                INFO("factor " << factor << ", from " << first << " bytes on, heap " << (backend == Backend::heap));
                FakeSystem system;
                Allocator allocator;
                allocator.settings.growth_factor = factor;
                allocator.settings.backend = backend;
                allocator.settings.reserve_bytes = 1;
                Block* block = allocator.allocate(first);
                std::size_t moves = 0;
                double worst = 0;
                for (std::size_t used = block->reserved_bytes; used < 64 * MiB; used = block->reserved_bytes) {
                    REQUIRE(allocator.commit(block, used));
                    block = allocator.grow(block, used, used + 1);
                    REQUIRE(block != nullptr);
                    ++moves;
                    if (used >= 64 * KiB)
                        worst =
                            std::max(worst, static_cast<double>(bytes_kept(block, used)) / static_cast<double>(used));
                }
                CHECK(worst < 2.2);
                CHECK(moves < 20);
                allocator.release(block, 0);
            }
}

TEST_CASE("a block that may not have a large range moves by its growth factor, or to what is needed") {
    FakeSystem system;
    Allocator allocator;
    allocator.settings.backend = Backend::heap;
    Block* block = allocator.allocate(100 * KiB);
    system.fail(Call::heap_allocate, 1, 1);
    block = allocator.grow(block, 100 * KiB, 100 * KiB + 1);
    CHECK(block->reserved_bytes == 200 * KiB);
    system.fail(Call::heap_allocate, 1, 2);
    block = allocator.grow(block, 200 * KiB, 200 * KiB + 1);
    CHECK(block->reserved_bytes == 200 * KiB + 1);
    allocator.release(block, 0);
}

TEST_CASE("a block keeps its backend when it moves") {
    FakeSystem system;
    Allocator allocator;
    allocator.settings.backend = Backend::heap;
    Block* heap = allocator.allocate(8);
    CHECK(heap->backend == Backend::heap);
    allocator.settings.backend = Backend::reserved;
    heap = allocator.grow(heap, 8, 100 * KiB);
    CHECK(heap->on_heap());
    CHECK(heap->backend == Backend::heap);

    allocator.settings.reserve_bytes = 64 * KiB;
    Block* reserved = allocator.allocate(8);
    system.fail(Call::reserve, 1, FakeSystem::unlimited);
    Block* refused = allocator.allocate(8);  // on the heap because nothing else was to be had
    system.heal();
    allocator.settings.backend = Backend::heap;
    for (Block** block : {&reserved, &refused}) {
        CHECK((*block)->backend == Backend::reserved);
        *block = allocator.grow(*block, 8, 300 * KiB);
        CHECK_FALSE((*block)->on_heap());
        CHECK((*block)->backend == Backend::reserved);
    }
    for (Block* block : {heap, reserved, refused}) allocator.release(block, 8);
}

TEST_CASE("committing doubles the capacity in place until the reservation is full") {
    FakeSystem system;
    Allocator allocator;
    allocator.settings.reserve_bytes = MiB;
    Block* const block = allocator.allocate(1);
    std::vector<std::size_t> capacities;
    while (block->committed_bytes < block->reserved_bytes) {
        capacities.push_back(block->committed_bytes + header);
        const std::size_t used = block->committed_bytes;
        fill(block, used);
        REQUIRE(allocator.commit(block, used + 1));
        check(block, used);
        CHECK(block->data()[used - 1] == 'x');
    }
    CHECK(capacities == std::vector<std::size_t>{64 * KiB, 128 * KiB, 256 * KiB, 512 * KiB});
    CHECK_FALSE(allocator.commit(block, block->reserved_bytes + 1));
    const std::size_t calls = system.calls;
    CHECK(allocator.commit(block, block->reserved_bytes));
    CHECK(system.calls == calls);
    allocator.release(block, 0);
}

TEST_CASE("where there is no memory to double, what is needed is enough") {
    FakeSystem system;
    Allocator allocator;
    Block* block = allocator.allocate(256 * KiB);
    system.memory = system.committed_bytes + 2 * page;
    const std::size_t before = block->committed_bytes;
    CHECK(allocator.commit(block, before + 1));
    CHECK(block->committed_bytes == before + page);
    CHECK(allocator.commit(block, before + page + 1));
    CHECK_FALSE(allocator.commit(block, before + 2 * page + 1));
    CHECK(block->committed_bytes == before + 2 * page);
    check(block, 0);
    allocator.release(block, 0);
}

TEST_CASE("where memory is short, a new block starts with what is needed") {
    FakeSystem system;
    Allocator allocator;
    system.memory = page;
    Block* block = allocator.allocate(8);
    check(block, 8);
    CHECK_FALSE(block->on_heap());
    CHECK(block->committed_bytes == page - header);
    allocator.release(block, 8);
}

TEST_CASE("a large block has room to double") {
    FakeSystem system;
    Allocator allocator;
    for (const std::size_t bytes : {MiB, 200 * MiB}) {
        Block* block = allocator.allocate(bytes);
        CHECK(block->mapping_bytes >= 2 * bytes);
        allocator.release(block, 0);
    }
}

TEST_CASE("past the reservation the data moves, and the old block stays readable") {
    FakeSystem system;
    Allocator allocator;
    allocator.settings.reserve_bytes = 64 * KiB;
    std::vector<Block*> blocks = {allocator.allocate(1)};
    for (int moves = 0; moves < 4; ++moves) {
        Block* block = blocks.back();
        const std::size_t used = block->reserved_bytes;
        REQUIRE(allocator.commit(block, used));
        std::memset(block->data(), 'a' + moves, used);
        CHECK(allocator.grow(block, used, used) == block);
        Block* larger = allocator.grow(block, used, used + 1);
        REQUIRE(larger != nullptr);
        CHECK(larger != block);
        CHECK(larger->retired == block);
        CHECK(larger->dirty_bytes >= used);
        check(larger, used);
        CHECK(larger->reserved_bytes >= 2 * used);
        CHECK(std::memcmp(larger->data(), block->data(), used) == 0);
        larger->data()[0] = '!';
        CHECK(block->data()[0] == 'a' + moves);
        blocks.push_back(larger);
    }
    for (std::size_t i = 0; i + 1 < blocks.size(); ++i) CHECK(blocks[i]->data()[1] == 'a' + static_cast<int>(i));
    CHECK(allocator.mapped_blocks() == 5);
    allocator.release(blocks.back(), 0);
    allocator.trim();
    CHECK(allocator.mapped_blocks() == 0);
}

TEST_CASE("a block that can't grow is left as it was") {
    FakeSystem system;
    Allocator allocator;
    allocator.settings.reserve_bytes = 64 * KiB;
    Block* block = allocator.allocate(1);
    const std::size_t used = block->reserved_bytes;
    fill(block, used);
    const Block before = *block;
    system.memory = system.committed_bytes;
    CHECK(allocator.grow(block, used, used + 1) == nullptr);
    CHECK(allocator.grow(block, used, Allocator::max_bytes + 1) == nullptr);
    CHECK(allocator.grow(block, used, std::numeric_limits<std::size_t>::max()) == nullptr);
    CHECK(std::memcmp(block, &before, sizeof before) == 0);
    CHECK(block->data()[used - 1] == 'x');
    system.memory = system.committed_bytes + 64 * KiB + page;  // not enough to double
    Block* larger = allocator.grow(block, used, used + 1);
    check(larger, used);
    CHECK(larger->data()[used - 1] == 'x');
    allocator.release(larger, used);
}

TEST_CASE("sizes that no block can have are refused") {
    FakeSystem system;
    Allocator allocator;
    constexpr auto largest = std::numeric_limits<std::size_t>::max();
    CHECK(allocator.allocate(largest) == nullptr);
    CHECK(allocator.allocate(8, largest) == nullptr);
    CHECK(allocator.allocate(Allocator::max_bytes + 1) == nullptr);
    CHECK(system.calls == 0);
    CHECK(allocator.allocate(Allocator::max_bytes) == nullptr);
    allocator.settings.backend = Backend::heap;
    CHECK(allocator.allocate(Allocator::max_bytes) == nullptr);
    CHECK(allocator.allocate(largest) == nullptr);

    allocator.settings.backend = Backend::reserved;
    allocator.settings.reserve_bytes = largest;
    Block* block = allocator.allocate(8);  // as much as there is
    check(block, 8);
    CHECK_FALSE(block->on_heap());
    allocator.release(block, 8);
}

TEST_CASE("zero clears what was written and touches nothing else") {
    cppdynarray::BlockAllocator<> allocator;
    Block* block = allocator.allocate(8 * MiB);
    fill(block, 100 * KiB);
    block->dirty_bytes = 100 * KiB;
    allocator.zero(block, 10, 8 * MiB);
    CHECK(all_zero(block->data() + 10, block->data() + 8 * MiB - 10 * KiB));
    CHECK(block->data()[9] == 'x');
    CHECK(block->dirty_bytes == 10);
    check(block, 10);
    allocator.release(block, 10);
    allocator.trim();

    block = allocator.allocate(8 * MiB);
    allocator.zero(block, 0, 8 * MiB);
    if (can_measure_residence)
        CHECK(resident_bytes(block->data() + page, block->data() + block->committed_bytes) <= 64 * KiB);
    allocator.release(block, 0);
}

TEST_CASE("zero keeps the mark of what was written past the end") {
    FakeSystem system;
    Allocator allocator;
    Block* block = allocator.allocate(1000);
    fill(block, 1000);
    block->dirty_bytes = 1000;
    allocator.zero(block, 100, 500);
    CHECK(block->dirty_bytes == 1000);
    CHECK(all_zero(block->data() + 100, block->data() + 500));
    CHECK(block->data()[500] == 'x');
    allocator.zero(block, 500, 2000);
    check(block, 500);
    CHECK(all_zero(block->data() + 100, block->data() + 2000));
    allocator.release(block, 0);
}

TEST_CASE("much is zeroed by discarding, or by hand where that is refused") {
    for (const bool discards : {true, false}) {
        FakeSystem system;
        Allocator allocator;
        system.discards = discards;
        const std::size_t used = 3 * MiB + 123;
        Block* block = allocator.allocate(used);
        fill(block, used);
        block->dirty_bytes = used;
        allocator.zero(block, 77, used);
        CHECK(system.calls_of(Call::discard) == 1);
        CHECK(block->data()[76] == 'x');
        CHECK(all_zero(block->data() + 77, block->data() + used));
        check(block, 77);
        allocator.release(block, 0);
    }
}

TEST_CASE("heap blocks are zeroed like others") {
    FakeSystem system;
    Allocator allocator;
    allocator.settings.backend = Backend::heap;
    Block* block = allocator.allocate(2 * MiB);
    allocator.zero(block, 0, 2 * MiB);
    CHECK(all_zero(block->data(), block->data() + 2 * MiB));
    CHECK(system.calls_of(Call::discard) == 0);
    allocator.release(block, 0);
}

TEST_CASE("shrink_to_fit gives memory back, and its addresses read as zero") {
    cppdynarray::BlockAllocator<> allocator;
    for (const std::size_t kept : {std::size_t{0}, std::size_t{100}, 3 * MiB + 5}) {
        Block* block = allocator.allocate(16 * MiB);
        fill(block, 16 * MiB);
        block->dirty_bytes = 16 * MiB;
        allocator.shrink_to_fit(block, kept);
        CHECK(block->committed_bytes == kept);
        if (can_measure_residence) CHECK(resident_bytes(block->data() + kept, block->data() + 16 * MiB) == 0);
        CHECK(all_zero(block->data() + kept, block->data() + 16 * MiB));
        CHECK(std::count(block->data(), block->data() + kept, 'x') == static_cast<std::ptrdiff_t>(kept));
        check(block, kept);
        REQUIRE(allocator.commit(block, 16 * MiB));
        allocator.zero(block, kept, 16 * MiB);
        check(block, kept);
        allocator.release(block, kept);
    }
}

TEST_CASE("shrink_to_fit gives back the rest of a huge page that was never written") {
    cppdynarray::BlockAllocator<> allocator;
    Block* block = allocator.allocate(16 * MiB);
    const std::size_t used = 5 * MiB + 1;
    fill(block, used);
    allocator.shrink_to_fit(block, used);
    if (can_measure_residence) CHECK(resident_bytes(block->data() + used, block->data() + 16 * MiB) == 0);
    allocator.release(block, used);
}

TEST_CASE("shrink_to_fit zeroes by hand where memory can't be given back") {
    FakeSystem system;
    Allocator allocator;
    system.discards = false;
    Block* block = allocator.allocate(MiB);
    fill(block, MiB);
    block->dirty_bytes = MiB;
    allocator.shrink_to_fit(block, 10);
    CHECK(all_zero(block->data() + 10, block->data() + MiB));
    CHECK(block->committed_bytes == 10);
    allocator.release(block, 10);
}

TEST_CASE("what an older view writes after shrink_to_fit never passes for zeros") {
    FakeSystem system;
    Allocator allocator;
    Block* block = allocator.allocate(1000);
    fill(block, 1000);
    block->dirty_bytes = 1000;
    allocator.shrink_to_fit(block, 10);
    char* const view = block->data();
    view[500] = 'v';

    SECTION("in the block itself") {
        REQUIRE(allocator.commit(block, 1000));
        allocator.zero(block, 10, 1000);
        CHECK(view[500] == 0);
        allocator.release(block, 1000);
    }
    SECTION("in the next that has its memory") {
        allocator.release(block, 10);
        Block* next = allocator.allocate(1000);
        REQUIRE(next == block);
        allocator.zero(next, 0, 1000);
        check(next, 0);
        CHECK(all_zero(next->data(), next->data() + 1000));
        allocator.release(next, 0);
    }
}

TEST_CASE("a released block is used again without system calls, its old bytes marked") {
    FakeSystem system;
    Allocator allocator;
    Block* first = allocator.allocate(1000);
    fill(first, 1000);
    allocator.release(first, 1000);
    const std::size_t calls = system.calls;
    Block* second = allocator.allocate(500);
    CHECK(second == first);
    CHECK(system.calls == calls);
    CHECK(second->dirty_bytes == 1000);
    check(second, 0);
    allocator.zero(second, 0, 500);
    CHECK(all_zero(second->data(), second->data() + 500));
    CHECK(second->dirty_bytes == 1000);
    allocator.release(second, 500);
}

TEST_CASE("retired blocks are marked as written up to their capacity") {
    FakeSystem system;
    Allocator allocator;
    allocator.settings.reserve_bytes = 64 * KiB;
    Block* block = allocator.allocate(1);
    const std::size_t used = block->reserved_bytes;
    fill(block, used);
    allocator.release(allocator.grow(block, used, used + 1), used);
    for (const std::size_t range : {64 * KiB, 512 * KiB}) {
        allocator.settings.reserve_bytes = range;
        Block* again = allocator.allocate(used);
        CHECK(again->dirty_bytes == used);
        check(again, 0);
    }
    // They end with the system, which counts them.
    for (auto& [address, range] : system.ranges) range.leaked = true;
}

TEST_CASE("the pool holds little memory, and few blocks that have a mapping of their own") {
    FakeSystem system;
    Allocator allocator;
    auto released = [&](std::size_t count, std::size_t bytes, std::size_t used) {
        std::vector<Block*> blocks;
        for (std::size_t i = 0; i < count; ++i) blocks.push_back(allocator.allocate(bytes));
        for (Block* block : blocks) allocator.release(block, used);
        const std::size_t held = allocator.mapped_blocks();
        allocator.trim();
        CHECK(system.ranges.empty());
        return held;
    };
    CHECK(released(200, 8, 8) == 200);
    CHECK(released(10000, 8, 8) == few + 32 * MiB / (2 * page));
    for (int i = 0; i < 2; ++i) {  // trim() starts anew
        const std::size_t held = released(40, MiB, MiB);
        CHECK(held == 32);
    }
    CHECK(released(3, 10 * MiB, 0) == 3);
    CHECK(released(4, 10 * MiB, 10 * MiB) == 3);
    CHECK(released(2, 40 * MiB, 0) == 2);  // takes no memory
    CHECK(released(2, 40 * MiB, 8) == 2);
    CHECK(released(2, 32 * MiB, 32 * MiB) == 1);
    CHECK(released(2, 33 * MiB, 33 * MiB) == 0);
    system.writable_ranges = false;
    CHECK(released(200, 8, 8) == few);
}

TEST_CASE("a full pool gives up what lay there longest") {
    FakeSystem system;
    Allocator allocator;
    std::vector<Block*> blocks;
    for (int i = 0; i < 4; ++i) blocks.push_back(allocator.allocate(10 * MiB));
    for (Block* block : blocks) allocator.release(block, 10 * MiB);
    CHECK(allocator.allocate(10 * MiB) == blocks[3]);
    CHECK(allocator.allocate(10 * MiB) == blocks[2]);
    CHECK(allocator.allocate(10 * MiB) == blocks[1]);
    CHECK(allocator.mapped_blocks() == 3);
    for (int i = 1; i < 4; ++i) allocator.release(blocks[static_cast<std::size_t>(i)], 0);
}

TEST_CASE("what grows finds the memory that something large left") {
    FakeSystem system;
    Allocator allocator;
    const std::size_t capacity = [&] {
        Block* fresh = allocator.allocate(8);
        const std::size_t committed = fresh->committed_bytes;
        allocator.release(fresh, 8);
        allocator.trim();
        return committed;
    }();
    Block* large = allocator.allocate(10 * MiB);
    std::memset(large->data(), 1, 10 * MiB);
    allocator.release(large, 10 * MiB);
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{8}, MiB, 4 * MiB}) {
        Block* block = allocator.allocate(bytes);
        CHECK(block == large);
        // It has the capacity of any other.
        CHECK(block->committed_bytes == std::max(bytes, capacity));
        check(block, 0);
        CHECK(allocator.grow(block, bytes, 9 * MiB) == block);
        check(block, 0);
        allocator.zero(block, 0, block->committed_bytes);
        CHECK(all_zero(block->data(), block->data() + block->committed_bytes));
        std::memset(block->data(), 1, 9 * MiB);
        allocator.release(block, 9 * MiB);
    }
}

TEST_CASE("little is lent to blocks that don't need it") {
    FakeSystem system;
    Allocator allocator;
    std::vector<Block*> kept;
    auto lent = [&] {
        // Something large is freed, something small is made and stays.
        Block* large = allocator.allocate(10 * MiB);
        std::memset(large->data(), 1, 10 * MiB);
        allocator.release(large, 10 * MiB);
        kept.push_back(allocator.allocate(8));
        return kept.back() == large;
    };
    CHECK((lent() && lent() && lent()));
    CHECK(!lent());
    SECTION("what is freed can be lent again") {
        allocator.release(kept[0], 8);
        kept.erase(kept.begin());
        CHECK(lent());
        CHECK(!lent());
    }
    SECTION("what has grown into it needs it") {
        CHECK(allocator.grow(kept[0], 8, 10 * MiB) == kept[0]);
        CHECK(lent());
        CHECK(!lent());
    }
    SECTION("shrink_to_fit() gives it to the system") {
        const std::size_t before = system.ranges.size();
        allocator.shrink_to_fit(kept[0], 8);
        CHECK(all_zero(kept[0]->data() + 8, kept[0]->data() + 10 * MiB));
        CHECK(system.ranges.size() == before);
        CHECK(lent());
        CHECK(!lent());
    }
    for (Block* block : kept) allocator.release(block, 8);
}

TEST_CASE("blocks begin at different places in pages and caches") {
    FakeSystem system;
    Allocator allocator;
    std::vector<Block*> blocks;
    std::vector<std::size_t> lines;
    for (int i = 0; i < 16; ++i) {
        blocks.push_back(allocator.allocate(8));
        check(blocks.back(), 0);
        lines.push_back(blocks.back()->offset() / 64 % 64);
        CHECK(blocks.back()->offset() < 64 * KiB);
    }
    std::sort(lines.begin(), lines.end());
    CHECK(std::unique(lines.begin(), lines.end()) == lines.end());
    for (Block* block : blocks) allocator.release(block, 0);
}

TEST_CASE("a pool full of blocks that are too small still pools") {
    FakeSystem system;
    Allocator allocator;
    std::vector<Block*> blocks;
    for (int i = 0; i < 64; ++i) blocks.push_back(allocator.allocate(8, 1000));
    for (Block* block : blocks) allocator.release(block, 8);
    Block* large = allocator.allocate(8);
    CHECK(large->reserved_bytes >= MiB);
    allocator.release(large, 8);
    CHECK(allocator.mapped_blocks() <= 64);
    CHECK(allocator.allocate(8) == large);
    allocator.release(large, 8);
}

TEST_CASE("memory that is there is zeroed where it is, what was never touched stays so") {
    FakeSystem system;
    Allocator allocator;
    for (const std::size_t bytes : {2 * MiB, 32 * MiB, 33 * MiB}) {
        Block* block = allocator.allocate(bytes);
        for (const bool resident : {true, false}) {
            INFO(bytes << " bytes, resident: " << resident);
            system.resident = resident;
            fill(block, bytes);
            block->mark_written(bytes);
            const std::size_t discards = system.calls_of(Call::discard);
            allocator.zero(block, 100, bytes);
            CHECK(all_zero(block->data() + 100, block->data() + bytes));
            CHECK(block->data()[99] == 'x');
            CHECK(system.calls_of(Call::discard) == discards + (resident && bytes <= 32 * MiB ? 0 : 1));
        }
        allocator.release(block, 100);
    }
}

// As many blocks as have reservations of their own, so that the next ones are in slabs.
static std::vector<Block*> few_blocks(Allocator& allocator) {
    std::vector<Block*> blocks;
    for (std::size_t i = 0; i < few; ++i) blocks.push_back(allocator.allocate(8));
    for (Block* block : blocks) CHECK_FALSE(block->has(Block::in_slab));
    return blocks;
}

TEST_CASE("many blocks share mappings, and take no system call each") {
    FakeSystem system;
    Allocator allocator;
    std::vector<Block*> blocks = few_blocks(allocator);
    const std::size_t calls = system.calls;
    const std::size_t ranges = system.ranges.size();
    for (std::size_t i = 0; i < 640; ++i) {
        blocks.push_back(allocator.allocate(8));
        check(blocks.back(), 8);
        CHECK(blocks.back()->has(Block::in_slab));
        CHECK(blocks.back()->committed_bytes == 64 * KiB - header);
        CHECK(blocks.back()->dirty_bytes == 0);
    }
    CHECK(system.ranges.size() - ranges == 10);
    CHECK(system.calls - calls == 20);  // of which half are for the records of slabs
    CHECK(allocator.mapped_blocks() == blocks.size());
    // They grow in place, each in its range, without a system call while they are small.
    for (Block* block : blocks) {
        CHECK(block->reserved_bytes >= 32 * MiB);
        if (block->has(Block::in_slab)) REQUIRE(allocator.commit(block, 900 * KiB));
        fill(block, 900);
        block->data()[block->committed_bytes - 1] = 'y';
    }
    CHECK(system.calls - calls == 20);
    for (Block* block : blocks) {
        CHECK(block->data()[899] == 'x');
        CHECK(block->data()[900] == 0);
        CHECK(block->data()[block->committed_bytes - 1] == 'y');
        allocator.release(block, block->committed_bytes);
    }
}

TEST_CASE("blocks of slabs lie at different places in pages and caches, and have pages of their own") {
    FakeSystem system;
    Allocator allocator;
    std::vector<Block*> blocks = few_blocks(allocator);
    std::vector<std::size_t> lines;
    std::vector<std::uintptr_t> pages;
    for (int i = 0; i < 16; ++i) {
        blocks.push_back(allocator.allocate(8));
        lines.push_back(blocks.back()->offset() / 64 % 64);
        pages.push_back(reinterpret_cast<std::uintptr_t>(blocks.back()) / page);
        CHECK(blocks.back()->reserved_bytes == blocks[few]->reserved_bytes);
        // All of a tiny array and its header is in one page.
        CHECK((blocks.back()->offset() - 8) / page == (blocks.back()->offset() + header + 2000) / page);
    }
    std::sort(lines.begin(), lines.end());
    CHECK(std::unique(lines.begin(), lines.end()) == lines.end());
    std::sort(pages.begin(), pages.end());
    CHECK(std::unique(pages.begin(), pages.end()) == pages.end());
    for (Block* block : blocks) allocator.release(block, 0);
}

TEST_CASE("a block of a slab grows to the end of its range, and no further than the system has memory") {
    FakeSystem system;
    Allocator allocator;
    allocator.settings.reserve_bytes = 8 * MiB;
    std::vector<Block*> blocks = few_blocks(allocator);
    Block* block = allocator.allocate(8);
    Block* next = allocator.allocate(8);
    REQUIRE(block->has(Block::in_slab));
    CHECK(block->mapping_bytes == 8 * MiB);
    fill(next, 64 * KiB - header);
    const std::size_t reserved = block->reserved_bytes;
    system.memory = system.committed_bytes + 3 * MiB;
    CHECK(allocator.commit(block, 3 * MiB));
    CHECK_FALSE(allocator.commit(block, 7 * MiB));
    system.memory = std::size_t{1} << 30;
    CHECK(allocator.commit(block, reserved));
    std::memset(block->data(), 'z', reserved);
    CHECK(next->data()[64 * KiB - header - 1] == 'x');
    CHECK_FALSE(allocator.commit(block, reserved + 1));
    Block* larger = allocator.grow(block, reserved, reserved + 1);
    REQUIRE(larger != nullptr);
    CHECK(larger != block);
    CHECK(larger->reserved_bytes >= 8 * reserved);
    CHECK(larger->data()[reserved - 1] == 'z');
    allocator.release(larger, reserved);
    allocator.release(next, 64 * KiB - header);
    for (Block* each : blocks) allocator.release(each, 0);
}

TEST_CASE("a range that comes back is zero, and a slab without blocks goes") {
    FakeSystem system;
    system.huge_page = 2 * MiB;
    Allocator allocator;
    std::vector<Block*> blocks = few_blocks(allocator);
    std::vector<Block*> shared;
    for (int i = 0; i < 100; ++i) shared.push_back(allocator.allocate(8));
    CHECK(system.ranges.size() == few + 2);
    for (const bool keeps_pages : {false, true}) {
        INFO("pages stay: " << keeps_pages);
        REQUIRE(allocator.commit(shared[0], 5 * MiB));
        CHECK(shared[0]->has(Block::in_huge_pages));
        CHECK(allocator.commit(shared[1], 5 * KiB));
        std::memset(shared[0]->data(), 'x', 5 * MiB);
        fill(shared[1], 5 * KiB);
        system.discards = !keeps_pages;
        for (int i = 0; i < 2; ++i) allocator.release(shared[static_cast<std::size_t>(i)], i == 0 ? 5 * MiB : 5 * KiB);
        allocator.trim();
        system.discards = true;
        for (int i = 0; i < 2; ++i) {
            Block*& block = shared[static_cast<std::size_t>(i)];
            block = allocator.allocate(8);
            CHECK(block->dirty_bytes == 0);
            CHECK_FALSE(block->has(Block::in_huge_pages));
            REQUIRE(allocator.commit(block, 6 * MiB));
            check(block, 0);
        }
    }
    for (Block* block : shared) allocator.release(block, 0);
    allocator.trim();
    CHECK(system.ranges.size() == few);
    CHECK(allocator.mapped_blocks() == few);
    for (Block* block : blocks) allocator.release(block, 0);
}

TEST_CASE("few blocks that come after very many get large ranges again") {
    FakeSystem system;
    system.address_space = std::size_t{1} << 46;
    Allocator allocator;
    auto make = [&](std::size_t count) {
        std::vector<Block*> blocks;
        for (std::size_t i = 0; i < count; ++i) blocks.push_back(allocator.allocate(8));
        return blocks;
    };
    const auto many = make(20000);
    const std::size_t least = many.back()->reserved_bytes;
    CHECK(many[1000]->reserved_bytes >= 8 * least);
    for (Block* block : many) allocator.release(block, 8);
    const std::size_t calls = system.calls;
    const auto again = make(3000);
    for (Block* block : again) CHECK(block->reserved_bytes > 2 * least);
    CHECK(system.calls == calls);
    // In any order.
    for (std::size_t i = 0; i < again.size(); ++i) allocator.release(again[i * 7 % again.size()], 8);
    const auto once_more = make(3000);
    for (Block* block : once_more) CHECK(block->reserved_bytes > 2 * least);
    CHECK(system.calls == calls);
    for (Block* block : once_more) allocator.release(block, 8);
}

TEST_CASE("where slabs are refused, blocks have reservations of their own") {
    FakeSystem system;
    Allocator allocator;
    std::vector<Block*> blocks = few_blocks(allocator);
    SECTION("all") { system.writable_ranges = false; }
    SECTION("large ones") { system.fail(Call::reserve_writable, 1, 3); }
    SECTION("their records") { system.fail(Call::heap_allocate, 1, FakeSystem::unlimited); }
    for (int i = 0; i < 200; ++i) {
        blocks.push_back(allocator.allocate(8));
        check(blocks.back(), 0);
        CHECK_FALSE(blocks.back()->on_heap());
    }
    CHECK(system.calls_of(Call::reserve_writable) < 20);  // a system that refuses isn't asked again and again
    CHECK(blocks.back()->has(Block::in_slab) == (system.failures == 3 && system.writable_ranges));
    for (Block* block : blocks) allocator.release(block, 0);
}

TEST_CASE("huge pages are advised for where there are whole ones") {
    FakeSystem system;  // which complains of any other advice
    system.huge_page = 32 * MiB;
    Allocator allocator;
    allocator.settings.reserve_bytes = 258 * MiB;  // so that not all blocks start on a huge page
    std::vector<Block*> blocks;
    for (int i = 0; i < 3; ++i) {
        blocks.push_back(allocator.allocate(3 * MiB));
        for (std::size_t bytes = 4 * MiB; bytes <= 200 * MiB; bytes += 13 * MiB + 1)
            REQUIRE(allocator.commit(blocks.back(), bytes));
    }
    CHECK(system.advice > 0);
    for (Block* block : blocks) allocator.release(block, 0);
}

TEST_CASE("a grown block's capacity is huge pages to its end, wherever it begins") {
    FakeSystem system;
    system.huge_page = 2 * MiB;
    Allocator allocator;
    std::vector<Block*> blocks;
    for (int i = 0; i < 16; ++i) {
        blocks.push_back(allocator.allocate(8));
        for (std::size_t bytes = 4 * MiB; bytes < 20 * MiB; bytes = blocks.back()->committed_bytes + 1) {
            REQUIRE(allocator.commit(blocks.back(), bytes));
            CHECK(system.advised_end >= blocks.back()->data() + blocks.back()->committed_bytes);
        }
    }
    for (Block* block : blocks) allocator.release(block, 0);
}

TEST_CASE("with few mappings, further blocks come from the heap") {
    FakeSystem system;
    system.mappings = 60;
    Allocator allocator;
    std::vector<Block*> blocks;
    for (int i = 0; i < 50; ++i) {
        blocks.push_back(allocator.allocate(100));
        fill(blocks.back(), 100);
        check(blocks.back(), 100);
    }
    CHECK(allocator.mapped_blocks() == 10);
    CHECK(system.heap.size() == 40);
    for (Block*& block : blocks) {  // and they grow, too
        block = allocator.grow(block, 100, 100 * KiB);
        check(block, 100);
        CHECK(block->data()[99] == 'x');
    }
    for (Block* block : blocks) allocator.release(block, 100);
    allocator.trim();
}

TEST_CASE("in a small address space all blocks find room") {
    FakeSystem system;
    system.address_space = 64 * MiB;
    Allocator allocator;
    std::vector<Block*> blocks;
    for (int i = 0; i < 200; ++i) {
        blocks.push_back(allocator.allocate(100));
        check(blocks.back(), 100);
    }
    CHECK(system.reserved_bytes() <= 16 * MiB);
    CHECK_FALSE(blocks.front()->on_heap());
    CHECK(blocks.back()->on_heap());
    for (Block* block : blocks) allocator.release(block, 100);
}

TEST_CASE("an address space that shrinks later is noticed") {
    FakeSystem system;
    Allocator allocator;
    system.address_space = 64 * MiB;
    Block* block = allocator.allocate(100);
    CHECK_FALSE(block->on_heap());
    CHECK(block->mapping_bytes / MiB == 1);
    system.address_space = 2 * MiB - page;
    Block* second = allocator.allocate(100);
    CHECK(second->on_heap());
    allocator.release(block, 100);
    allocator.release(second, 100);
}

TEST_CASE("a system that refuses is asked for the least that is worthwhile, then left alone") {
    FakeSystem system;
    Allocator allocator;
    system.fail(Call::reserve, 1, 1);
    Block* block = allocator.allocate(100);
    CHECK_FALSE(block->on_heap());
    CHECK(block->mapping_bytes / MiB == 1);
    allocator.release(block, 100);
    allocator.trim();

    system.fail(Call::reserve, 1, 2);
    block = allocator.allocate(100);
    CHECK(system.failures == 2);
    CHECK(block->on_heap());
    allocator.release(block, 100);
}

TEST_CASE("a large block takes what the system has, by halves, down to what it needs") {
    FakeSystem system;
    Allocator allocator;
    system.fail(Call::reserve, 1, 2);
    Block* block = allocator.allocate(8 * MiB);
    CHECK_FALSE(block->on_heap());
    CHECK(block->mapping_bytes / MiB == 128);  // 256 MiB were refused twice
    allocator.release(block, 8 * MiB);
}

TEST_CASE("when memory is short, the pool is given up before a block is refused") {
    FakeSystem system;
    Allocator allocator;
    std::vector<Block*> blocks;
    for (int i = 0; i < 8; ++i) blocks.push_back(allocator.allocate(8));
    system.memory = system.committed_bytes;
    for (Block* block : blocks) allocator.release(block, 8);
    Block* block = allocator.allocate(300 * KiB);
    check(block, 8);
    CHECK_FALSE(block->on_heap());
    allocator.release(block, 8);
}

TEST_CASE("every call that fails leaves blocks and records intact") {
    for (const std::size_t count : {std::size_t{1}, FakeSystem::unlimited}) {
        for (std::size_t use = 1;; ++use) {
            INFO("call " << use << ", " << count << " fail");
            FakeSystem system;
            Allocator allocator;
            allocator.settings.reserve_bytes = 64 * KiB;
            system.fail(use, count);
            std::size_t used = 100;
            Block* block = allocator.allocate(used);
            if (block != nullptr) {
                fill(block, used);
                for (const std::size_t bytes : {60 * KiB, 300 * KiB, 2 * MiB}) {
                    const Block before = *block;
                    Block* grown = allocator.grow(block, used, bytes);
                    if (grown == nullptr) {
                        CHECK(std::memcmp(block, &before, sizeof before) == 0);
                    } else {
                        block = grown;
                        const auto kept = std::count(block->data(), block->data() + used, 'x');
                        CHECK(kept == static_cast<std::ptrdiff_t>(used));
                        used = bytes;
                        fill(block, used);
                    }
                    check(block, used);
                }
                block->dirty_bytes = std::max(block->dirty_bytes, used);
                allocator.zero(block, 50, used);
                check(block, 50);
                allocator.shrink_to_fit(block, 50);
                check(block, 50);
                allocator.release(block, 50);
            }
            const bool failed = system.failures > 0;
            allocator.trim();
            system.heal();
            block = allocator.allocate(100 * KiB);
            check(block, 0);
            allocator.release(block, 0);
            allocator.trim();
            CHECK(allocator.mapped_blocks() == 0);
            CHECK(allocator.mapped_bytes() == 0);
            if (!failed) break;
        }
    }
}

TEST_CASE("100,000 blocks can be alive") {
    cppdynarray::BlockAllocator<> allocator;
    std::vector<Block*> blocks;
    bool good = true;
    for (std::size_t i = 0; i < 100000; ++i) {
        Block* block = allocator.allocate(sizeof i);
        REQUIRE(block != nullptr);
        std::memcpy(block->data(), &i, sizeof i);
        blocks.push_back(block);
    }
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        good = good && std::memcmp(blocks[i]->data(), &i, sizeof i) == 0;
        allocator.release(blocks[i], sizeof i);
    }
    CHECK(good);
    allocator.trim();
    CHECK(allocator.mapped_blocks() == 0);
}

TEST_CASE("threads share one allocator") {
    cppdynarray::BlockAllocator<> allocator;
    std::atomic<bool> good{true};
    std::atomic<int> started{0};
    auto work = [&](unsigned seed) {
        std::vector<std::pair<Block*, std::size_t>> mine;
        for (++started; started < 4;) std::this_thread::yield();
        const char mark = static_cast<char>('a' + seed);
        for (unsigned i = 0; i < 100000; ++i) {
            seed = seed * 1664525 + 1013904223;
            const std::size_t used = (seed >> 16) % 50;
            if (mine.size() < 4) {
                Block* block = allocator.allocate(used);
                allocator.zero(block, 0, used);
                if (!all_zero(block->data(), block->data() + used)) good = false;
                std::memset(block->data(), mark, used);
                mine.emplace_back(block, used);
            } else {
                std::swap(mine[seed % mine.size()], mine.back());
                auto [block, size] = mine.back();
                mine.pop_back();
                if (std::count(block->data(), block->data() + size, mark) != static_cast<std::ptrdiff_t>(size))
                    good = false;
                allocator.release(block, size);
            }
            if (i % 20000 == 0) allocator.trim();
        }
        for (auto [block, size] : mine) allocator.release(block, size);
    };
    std::vector<std::thread> threads;
    for (unsigned seed = 0; seed < 4; ++seed) threads.emplace_back(work, seed);
    for (std::thread& thread : threads) thread.join();
    CHECK(good);
    allocator.trim();
    CHECK(allocator.mapped_blocks() == 0);
    CHECK(allocator.mapped_bytes() == 0);
}
