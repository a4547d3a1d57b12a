// The allocator of blocks: it makes them grow in place, and keeps some for the next arrays.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>

#include "block.hpp"
#include "growth_policy.hpp"
#include "reservation.hpp"
#include "virtual_memory.hpp"

namespace cppdynarray {

// A value that may be set while other threads read it.
template <class T>
class Setting {
public:
    Setting(T value) noexcept : value_(value) {}
    Setting(const Setting& other) noexcept : value_(other) {}
    Setting& operator=(const Setting& other) noexcept { return *this = static_cast<T>(other); }
    Setting& operator=(T value) noexcept {
        value_.store(value, std::memory_order_relaxed);
        return *this;
    }
    operator T() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<T> value_;
};

// What a new block is made with. It keeps this for its life, also when it moves.
struct AllocatorSettings {
    Setting<Source> source = Source::reserved;
    Setting<GrowthFactor> growth_factor = GrowthFactor(2.0);  // capacity to capacity
    Setting<std::size_t> reserve_bytes = 0;   // addresses for each new block; 0 lets the allocator choose
    Setting<bool> huge_pages = true;
};

// Makes, grows and frees blocks. Any thread may call it, each block by one thread at a time.
// Nothing throws; what fails changes nothing and says so by nullptr or false.
template <class Memory = VirtualMemory>
class BlockAllocator {
public:
    // `functions` call this allocator; blocks that stay with whoever made them need none.
    explicit BlockAllocator(const BlockFunctions* functions = nullptr) noexcept : functions_(functions) {}
    BlockAllocator(const BlockAllocator&) = delete;
    BlockAllocator& operator=(const BlockAllocator&) = delete;
    ~BlockAllocator() { trim(); }

    // Those of blocks for which no others are given.
    AllocatorSettings settings;

    // A block with at least `bytes` committed and at least max(bytes, reserve) reserved.
    // Its first dirty_bytes bytes may hold anything; the rest is zero.
    Block* allocate(std::size_t bytes, std::size_t reserve = 0) noexcept { return allocate(bytes, reserve, settings); }
    Block* allocate(std::size_t bytes, std::size_t reserve, const AllocatorSettings& with) noexcept {
        return make(with, bytes, reserve, 0);
    }

    // Raises the capacity to at least `bytes` where it is, by the growth factor if there is
    // room. False if `bytes` exceeds reserved_bytes or the system has no memory.
    bool commit(Block* block, std::size_t bytes) noexcept {
        if (bytes <= block->committed_bytes) return true;
        if (bytes > block->reserved_bytes) return false;
        const std::size_t geometric =
            next_capacity(block->committed_bytes, bytes, block->reserved_bytes, block->growth_factor);
        return commit_exactly(block, to_whole_huge_pages(block, geometric)) || commit_exactly(block, bytes);
    }

    // Makes room for `bytes`, of which `used` hold data: commits in place or, past the
    // reservation, moves the data to a larger block and returns that. The old block stays
    // readable until the new one is released, so a block that moves gets a range of many times
    // its data: what is retired then stays small beside what is in use (see moving_factor()).
    Block* grow(Block* block, std::size_t used, std::size_t bytes) noexcept {
        if (bytes <= block->reserved_bytes) return commit(block, bytes) ? block : nullptr;
        if (bytes > max_bytes) return nullptr;
        const double factor = block->growth_factor;
        const std::size_t capacity = next_capacity(block->committed_bytes, bytes, max_bytes, factor);
        const std::size_t range =
            next_capacity(block->reserved_bytes, bytes, max_bytes, moving_factor(block->reserved_bytes, factor));
        AllocatorSettings kept;
        kept.source = block->source;
        kept.growth_factor = block->growth_factor;
        kept.reserve_bytes = block->has(Block::range_was_set) ? range : 0;
        kept.huge_pages = block->has(Block::wants_huge_pages);
        Block* larger = make(kept, capacity, 0, range);
        if (larger == nullptr) larger = make(kept, capacity, 0, 0);
        if (larger == nullptr) larger = make(kept, bytes, 0, 0);
        if (larger == nullptr) return nullptr;
        std::memcpy(larger->data(), block->data(), used);
        larger->mark_written(used);
        larger->retired = block;
        return larger;
    }

    // Makes the bytes from `from` to `to` zero; those that were never written are so already
    // and are not touched. `used` is at most `from`.
    void zero(Block* block, std::size_t from, std::size_t to) noexcept {
        const std::size_t end = std::min(to, block->dirty_bytes);
        if (end <= from) return;
        clear(block, from, end, discard_from);
        if (end == block->dirty_bytes) block->dirty_bytes = from;
    }

    // Lowers the capacity to `used` and gives the memory behind the rest back. The addresses
    // stay readable, as zeros, and writable through older views: so the dirty mark stays too.
    void shrink_to_fit(Block* block, std::size_t used) noexcept {
        // All of the capacity: a huge page brings memory past the dirty mark.
        if (!block->on_heap()) {
            const std::size_t end = block->lent_mib != 0 ? block->dirty_bytes : block->committed_bytes;
            clear(block, used, std::max(end, block->committed_bytes), Memory::page_size());
        }
        block->committed_bytes = used;
        take_back(block);
    }

    // Frees the block and all that it replaced. `used` bytes of it hold data.
    void release(Block* block, std::size_t used) noexcept {
        while (block != nullptr) {
            Block* retired = block->retired;
            block->retired = nullptr;
            block->place = nullptr;
            block->mark_written(used);
            take_back(block);
            if (block->on_heap()) Memory::heap_release(block);
            else if (!put_into_pool(block)) unmap(block);
            block = retired;
            used = block != nullptr ? block->committed_bytes : 0;
        }
    }

    // Frees the pool of released blocks that allocate() would use again.
    void trim() noexcept {
        PoolLock lock(pool_busy_);
        while (lock && pool_size_ > 0) {
            const std::size_t last = pool_size_ - 1;
            unmap(remove_from_pool(last, memory_of(pool_[last])));
        }
    }

    std::size_t mapped_blocks() const noexcept { return mapped_blocks_.load(std::memory_order_relaxed); }
    std::size_t mapped_bytes() const noexcept { return mapped_bytes_.load(std::memory_order_relaxed); }

    // No block is larger, so that sums and page rounding can't overflow.
    static constexpr std::size_t max_bytes = std::numeric_limits<std::ptrdiff_t>::max() / 2;

private:
    // Committed at first, so that small arrays need one system call.
    static constexpr std::size_t first_commit = std::size_t{64} << 10;
    // Below this, clearing is cheaper than handing pages back.
    static constexpr std::size_t discard_from = std::size_t{1} << 20;
    static constexpr std::size_t huge_pages_from = std::size_t{2} << 20;
    static constexpr std::size_t offsets = 16;
    static constexpr std::size_t mib = std::size_t{1} << 20;
    static constexpr std::size_t pool_blocks = 64;
    // As much as the C library's malloc keeps for its next calls.
    static constexpr std::size_t pool_bytes = std::size_t{32} << 20;
    // Blocks with less memory are all alike to the pool.
    static constexpr std::size_t small_bytes = std::size_t{1} << 20;
    // What blocks may have in all that they have no need of.
    static constexpr std::size_t most_lent_bytes = pool_bytes;

    // As allocate(), with a range of `range` bytes at least, if there are addresses for it.
    Block* make(const AllocatorSettings& with, std::size_t bytes, std::size_t reserve, std::size_t range) noexcept {
        const std::size_t least = std::max(bytes, reserve);
        if (least > max_bytes) return nullptr;
        const std::size_t chosen = with.reserve_bytes;
        if (with.source == Source::reserved) {
            const std::size_t wanted = range_to_take(bytes, reserve, range, chosen);
            if (Block* block = take_from_pool(bytes, least, wanted, chosen)) {
                keep(block, with);
                if (commit(block, bytes)) return block;
                unmap(block);
            }
            if (wanted != 0)
                if (Block* block = map(with, bytes, wanted, wanted)) return block;
            // Refused: the pool holds what is missing, or addresses are fewer than thought.
            trim();
            address_space_.store(address_space_left(bytes, reserve, chosen), std::memory_order_relaxed);
            if (const std::size_t most = range_to_take(bytes, reserve, range, chosen)) {
                const std::size_t worthwhile = std::max(least + sizeof(Block), std::min(most, least_reservation));
                if (Block* block = map(with, bytes, worthwhile, most)) return block;
            }
        }
        return allocate_on_heap(with, std::max(least, range));
    }

    static void keep(Block* block, const AllocatorSettings& settings) noexcept {
        block->source = settings.source;
        block->growth_factor = settings.growth_factor;
        block->flags = static_cast<std::uint8_t>((settings.huge_pages ? Block::wants_huge_pages : 0) |
                                                 (settings.reserve_bytes != 0 ? Block::range_was_set : 0));
    }

    // How large a reservation to ask for, header and all; 0: none, take the heap.
    std::size_t range_to_take(std::size_t bytes, std::size_t reserve, std::size_t range,
                              std::size_t chosen) const noexcept {
        const std::size_t least = std::max({bytes, reserve, range}) + sizeof(Block);
        if (reserve != 0) return least;
        if (chosen != 0) return std::max(least, std::min(chosen, max_bytes));
        std::size_t share = next_reservation(address_space_.load(std::memory_order_relaxed), mapped_bytes());
        if (bytes >= least_reservation) share = std::max(share, bytes * 2);
        return share != 0 ? std::max(least, share) : 0;
    }

    // The address space to reckon with after a refusal. Where the system names no limit and
    // still refused an ordinary share, what is mapped now is all there is for us.
    std::size_t address_space_left(std::size_t bytes, std::size_t reserve, std::size_t chosen) const noexcept {
        const std::size_t limit = Memory::address_space_bytes();
        if (bytes >= least_reservation || reserve != 0 || chosen != 0) return limit;
        return std::min(limit, std::max(4 * mapped_bytes(), 64 * least_reservation));
    }

    // A block in a reservation of `wanted` bytes, header and all, or, by halving, of no less than `least`.
    Block* map(const AllocatorSettings& with, std::size_t bytes, std::size_t least, std::size_t wanted) noexcept {
        // A block is up to three mappings (plain, huge and uncommitted pages); half of the
        // process's mappings stay free for others.
        if (mapped_blocks() >= Memory::max_mappings() / 6) return nullptr;
        const std::size_t offset = next_offset();
        const std::size_t skipped = round_up(offset, Memory::page_size());
        auto range = Reservation<Memory>::take(skipped + wanted, skipped + least);
        if (!range) return nullptr;
        const std::size_t needed = skipped + sizeof(Block) + bytes;
        std::size_t committed = std::min(std::max(needed, skipped + first_commit), range.bytes());
        if (!range.commit(committed)) {
            committed = needed;
            if (!range.commit(committed)) return nullptr;
        }
        committed = round_up(committed, Memory::page_size());
        Block* block = reinterpret_cast<Block*>(static_cast<char*>(range.address()) + offset);
        *block = Block{};
        block->functions = functions_;
        block->reserved_bytes = range.bytes() - skipped - sizeof(Block);
        block->committed_bytes = committed - skipped - sizeof(Block);
        block->mapping_bytes = range.bytes();
        block->set_offset(offset);
        keep(block, with);
        range.detach();
        mapped_blocks_.fetch_add(1, std::memory_order_relaxed);
        mapped_bytes_.fetch_add(share_of(block), std::memory_order_relaxed);
        advise_huge_pages(block);
        return block;
    }

    // Where in its reservation the next block begins. Reservations lie powers of two apart: data
    // that began at the same place in each would meet in the same few sets of the CPU's caches,
    // and working on two arrays at once would take twice the time. Skipped pages take no memory.
    // Sizes are those of a block that begins at the next page, so that equal arrays have equal ones.
    std::size_t next_offset() noexcept {
        const std::size_t turn = turns_.fetch_add(1, std::memory_order_relaxed) % offsets;
        return turn * (Memory::page_size() + sizeof(Block));
    }

    // What a block counts for among the shares: one that asked for very much is on its own
    // account, or it would leave nothing to the others.
    static std::size_t share_of(const Block* block) noexcept {
        return std::min(block->mapping_bytes, largest_reservation);
    }

    static char* start_of(Block* block) noexcept { return reinterpret_cast<char*>(block) - block->offset(); }

    // Where the block's pages are counted from.
    static char* first_page_of(Block* block) noexcept {
        return start_of(block) + round_up(block->offset(), Memory::page_size());
    }

    void unmap(Block* block) noexcept {
        mapped_blocks_.fetch_sub(1, std::memory_order_relaxed);
        mapped_bytes_.fetch_sub(share_of(block), std::memory_order_relaxed);
        Reservation<Memory> ends_here(start_of(block), block->mapping_bytes);
    }

    Block* allocate_on_heap(const AllocatorSettings& with, std::size_t bytes) noexcept {
        void* address = Memory::heap_allocate(bytes + sizeof(Block));
        if (address == nullptr) return nullptr;
        Block* block = static_cast<Block*>(address);
        *block = Block{};
        block->functions = functions_;
        block->reserved_bytes = block->committed_bytes = block->dirty_bytes = bytes;
        keep(block, with);
        advise_huge_pages(block);
        return block;
    }

    bool commit_exactly(Block* block, std::size_t bytes) noexcept {
        if (block->on_heap()) {
            block->committed_bytes = bytes;
            return true;
        }
        const std::size_t page = Memory::page_size();
        const std::size_t from = (block->committed_bytes + sizeof(Block)) & ~(page - 1);
        const std::size_t to = round_up(bytes + sizeof(Block), page);
        if (!Memory::commit(first_page_of(block) + from, to - from)) return false;
        block->committed_bytes = to - sizeof(Block);
        if (block->committed_bytes >= block->dirty_bytes) take_back(block);
        advise_huge_pages(block);
        return true;
    }

    // `bytes` of a large block, rounded up to where a huge page ends: one that is committed in two
    // steps is made of small pages.
    std::size_t to_whole_huge_pages(Block* block, std::size_t bytes) noexcept {
        const std::size_t huge = Memory::huge_page_size();
        if (!block->has(Block::wants_huge_pages) || huge == 0 || bytes < huge_pages_from) return bytes;
        const auto start = reinterpret_cast<std::uintptr_t>(first_page_of(block)) + sizeof(Block);
        return std::min(round_up(start + bytes, huge) - start, block->reserved_bytes);
    }

    void advise_huge_pages(Block* block) noexcept {
        const std::size_t huge = Memory::huge_page_size();
        if (!block->has(Block::wants_huge_pages) || huge == 0 || block->committed_bytes < huge_pages_from) return;
        const auto start = reinterpret_cast<std::uintptr_t>(block->data());
        const std::uintptr_t from = (start + huge - 1) & ~(std::uintptr_t{huge} - 1);
        const auto end =
            reinterpret_cast<std::uintptr_t>(first_page_of(block)) + sizeof(Block) + block->committed_bytes;
        const std::uintptr_t to = end & ~(std::uintptr_t{huge} - 1);
        if (from < to) Memory::advise_huge_pages(reinterpret_cast<void*>(from), to - from);
    }

    // Zeroes accessible bytes: from `discard_at_least` bytes up by giving whole pages back.
    void clear(Block* block, std::size_t from, std::size_t to, std::size_t discard_at_least) noexcept {
        char* const begin = block->data() + from;
        char* const end = block->data() + to;
        if (!block->on_heap() && to - from >= discard_at_least) {
            const std::uintptr_t page = Memory::page_size();
            auto* first = reinterpret_cast<char*>((reinterpret_cast<std::uintptr_t>(begin) + page - 1) & ~(page - 1));
            auto* last = reinterpret_cast<char*>(reinterpret_cast<std::uintptr_t>(end) & ~(page - 1));
            if (first < last && Memory::discard(first, static_cast<std::size_t>(last - first))) {
                std::memset(begin, 0, static_cast<std::size_t>(first - begin));
                std::memset(last, 0, static_cast<std::size_t>(end - last));
                return;
            }
        }
        std::memset(begin, 0, to - from);
    }

    // The pool. Whoever finds it busy does without: so nobody waits, and a process forked
    // while another thread was in here doesn't hang.
    class PoolLock {
    public:
        explicit PoolLock(std::atomic_flag& busy) noexcept
            : busy_(busy), owned_(!busy.test_and_set(std::memory_order_acquire)) {}
        ~PoolLock() {
            if (owned_) busy_.clear(std::memory_order_release);
        }
        PoolLock(const PoolLock&) = delete;
        PoolLock& operator=(const PoolLock&) = delete;
        explicit operator bool() const noexcept { return owned_; }

    private:
        std::atomic_flag& busy_;
        bool owned_;
    };

    // The block released last of those that will do, so that its memory is still in the caches.
    // One that is asked for little may have much: an array that grows, again and again, finds the memory
    // that the last one left, as with malloc. It is lent, within limits.
    Block* take_from_pool(std::size_t bytes, std::size_t least, std::size_t wanted, std::size_t chosen) noexcept {
        PoolLock lock(pool_busy_);
        if (!lock) return nullptr;
        for (std::size_t place = pool_size_; place-- > 0;) {
            Block* block = pool_[place];
            const std::size_t memory = memory_of(block);
            if (!fits(block, memory, bytes, least, wanted, chosen)) continue;
            remove_from_pool(place, memory);
            if (memory > enough_for(bytes)) lend(block, memory, bytes);
            return block;
        }
        return nullptr;
    }

    // Notes what a block has more than is asked for. Its capacity is that of a new block: the rest
    // is to be had again without page faults.
    void lend(Block* block, std::size_t memory, std::size_t bytes) noexcept {
        block->lent_mib = static_cast<std::uint16_t>(round_up(memory, mib) / mib);
        lent_bytes_.fetch_add(block->lent_mib * mib, std::memory_order_relaxed);
        block->committed_bytes = std::min(block->committed_bytes, std::max(bytes, first_commit - sizeof(Block)));
    }

    void take_back(Block* block) noexcept {
        if (block->lent_mib == 0) return;
        lent_bytes_.fetch_sub(block->lent_mib * mib, std::memory_order_relaxed);
        block->lent_mib = 0;
    }

    // A full pool gives up what lay there longest.
    bool put_into_pool(Block* block) noexcept {
        const std::size_t memory = memory_of(block);
        if (memory > pool_bytes || block->mapping_bytes > 2 * largest_reservation) return false;
        PoolLock lock(pool_busy_);
        if (!lock) return false;
        while (pool_size_ == pool_blocks || pool_held_bytes_ + memory > pool_bytes)
            unmap(remove_from_pool(0, memory_of(pool_[0])));
        pool_held_bytes_ += memory;
        pool_[pool_size_++] = block;
        return true;
    }

    Block* remove_from_pool(std::size_t place, std::size_t memory) noexcept {
        Block* block = pool_[place];
        std::copy(pool_ + place + 1, pool_ + pool_size_, pool_ + place);
        --pool_size_;
        pool_held_bytes_ -= memory;
        return block;
    }

    // Memory behind a block: what was ever written, in huge pages where it has some.
    static std::size_t memory_of(const Block* block) noexcept {
        const std::size_t most = std::max(block->committed_bytes, block->dirty_bytes);
        const std::size_t huge = Memory::huge_page_size();
        if (huge == 0 || most < huge_pages_from) return block->dirty_bytes;
        return std::min(most, round_up(std::max(block->dirty_bytes, std::size_t{1}), huge));
    }

    // Up to here a block's memory is no more than is asked for, or not worth counting.
    static std::size_t enough_for(std::size_t bytes) noexcept { return std::max(2 * bytes, small_bytes); }

    // Whether a pooled block will do: large enough, not far larger than what was chosen, and with
    // about as much memory as is asked for, or more while little is lent.
    bool fits(const Block* block, std::size_t memory, std::size_t bytes, std::size_t least, std::size_t wanted,
              std::size_t chosen) const noexcept {
        return block->reserved_bytes >= least && block->reserved_bytes + sizeof(Block) >= wanted &&
               (chosen == 0 || wanted == 0 || block->reserved_bytes / 2 <= wanted) &&
               (memory <= enough_for(bytes) ||
                lent_bytes_.load(std::memory_order_relaxed) + memory <= most_lent_bytes) &&
               bytes <= enough_for(std::max(block->committed_bytes, block->dirty_bytes));
    }

    const BlockFunctions* functions_;
    std::atomic<std::size_t> address_space_{Memory::address_space_bytes()};
    std::atomic<std::size_t> turns_{0};
    std::atomic<std::size_t> mapped_blocks_{0};
    std::atomic<std::size_t> mapped_bytes_{0};
    std::atomic<std::size_t> lent_bytes_{0};
    std::atomic_flag pool_busy_ = ATOMIC_FLAG_INIT;
    std::size_t pool_size_ = 0;
    std::size_t pool_held_bytes_ = 0;
    Block* pool_[pool_blocks] = {};
};

// The allocator behind every C++ DynamicArray of a program or shared library. Each has one of its
// own, so that they need not agree on the layout of allocators. Never destroyed, so that arrays with
// static storage can outlive everything else.
template <class Memory = VirtualMemory>
CPPDYNARRAY_HIDDEN BlockAllocator<Memory>& shared_allocator() noexcept {
    static constexpr BlockFunctions functions = {
        2,
        [](Block* block, std::size_t used, std::size_t bytes) noexcept {
            return shared_allocator<Memory>().grow(block, used, bytes);
        },
        [](Block* block, std::size_t from, std::size_t to) noexcept {
            shared_allocator<Memory>().zero(block, from, to);
        },
        [](Block* block, std::size_t used) noexcept { shared_allocator<Memory>().shrink_to_fit(block, used); },
        [](Block* block, std::size_t used) noexcept { shared_allocator<Memory>().release(block, used); },
        nullptr,
        nullptr,
    };
    alignas(BlockAllocator<Memory>) static unsigned char storage[sizeof(BlockAllocator<Memory>)];
    static auto* const allocator = ::new (static_cast<void*>(storage)) BlockAllocator<Memory>(&functions);
    return *allocator;
}

}  // namespace cppdynarray
