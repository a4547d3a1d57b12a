// The allocator of blocks: it makes them grow in place, and keeps some for the next arrays.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>

#include "assertions.hpp"
#include "block.hpp"
#include "block_pool.hpp"
#include "growth_policy.hpp"
#include "reservation.hpp"
#include "slabs.hpp"
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

// A number that several threads count together; none needs to see it change at once.
class Count {
public:
    explicit Count(std::size_t value) noexcept : value_(value) {}
    operator std::size_t() const noexcept { return value_.load(std::memory_order_relaxed); }
    void operator=(std::size_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
    void operator+=(std::size_t more) noexcept { value_.fetch_add(more, std::memory_order_relaxed); }
    void operator-=(std::size_t less) noexcept { value_.fetch_sub(less, std::memory_order_relaxed); }
    void operator++() noexcept { *this += 1; }
    void operator--() noexcept { *this -= 1; }

private:
    std::atomic<std::size_t> value_;
};

// What a new block is made with. It keeps this for its life, also when it moves.
struct AllocatorSettings {
    Setting<Backend> backend = Backend::reserved;
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
        CPPDYNARRAY_ASSERT(block->holds(0));
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
        CPPDYNARRAY_ASSERT(block->holds(used));
        if (bytes <= block->reserved_bytes) return commit(block, bytes) ? block : nullptr;
        if (bytes > max_bytes) return nullptr;
        const double factor = block->growth_factor;
        const std::size_t capacity = next_capacity(block->committed_bytes, bytes, max_bytes, factor);
        const std::size_t range =
            next_capacity(block->reserved_bytes, bytes, max_bytes, moving_factor(block->reserved_bytes, factor));
        AllocatorSettings kept;
        kept.backend = block->backend;
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
        CPPDYNARRAY_ASSERT(block->holds(to));
        const std::size_t end = std::min(to, block->dirty_bytes);
        if (end <= from) return;
        if (!pays_to_discard(block, from, end) || !discard(block, from, end))
            std::memset(block->data() + from, 0, end - from);
        if (end == block->dirty_bytes) block->dirty_bytes = from;
    }

    // Lowers the capacity to `used` and gives the memory behind the rest back. The addresses
    // stay readable, as zeros, and writable through older views: so the dirty mark stays too.
    void shrink_to_fit(Block* block, std::size_t used) noexcept {
        CPPDYNARRAY_ASSERT(block->holds(used));
        // All of the capacity: a huge page brings memory past the dirty mark.
        const std::size_t lent_end = block->lent_mib != 0 ? block->dirty_bytes : 0;
        const std::size_t end = std::max(lent_end, block->committed_bytes);
        if (!block->on_heap() && !discard(block, used, end)) std::memset(block->data() + used, 0, end - used);
        block->committed_bytes = used;
        take_back(block);
    }

    // Frees the block and all that it replaced. `used` bytes of it hold data.
    void release(Block* block, std::size_t used) noexcept {
        while (block != nullptr) {
            CPPDYNARRAY_ASSERT(block->holds(0));  // of an empty array NumPy says that an element is used
            Block* retired = block->retired;
            block->retired = nullptr;
            block->place = nullptr;
            block->mark_written(used);
            take_back(block);
            if (block->on_heap()) Memory::heap_release(block);
            else put_away(block);
            block = retired;
            used = block != nullptr ? block->committed_bytes : 0;
        }
    }

    // Frees the pool of released blocks that allocate() would use again.
    void trim() noexcept {
        const BriefLock lock(pool_busy_);
        if (!lock) return;
        while (pool_size_ > 0) end(take_out(pool_size_ - 1, memory_of(pool_[pool_size_ - 1])));
        while (Block* block = stacks_.smallest()) end(pop(block));
        slabs_refused_ = false;
    }

    // Blocks with addresses of their own, those in the pool too, and all addresses that were taken.
    std::size_t mapped_blocks() const noexcept { return mapped_blocks_; }
    std::size_t mapped_bytes() const noexcept { return reservations_bytes_ + slabs_bytes_; }

    // No block is larger, so that sums and page rounding can't overflow.
    static constexpr std::size_t max_bytes = std::numeric_limits<std::ptrdiff_t>::max() / 2;

private:
    // Committed at first, so that small arrays need one system call.
    static constexpr std::size_t first_commit = std::size_t{64} << 10;
    static constexpr std::size_t huge_pages_from = std::size_t{2} << 20;
    static constexpr std::size_t offsets = 16;
    static constexpr std::size_t mib = std::size_t{1} << 20;
    static constexpr std::size_t pool_blocks = 64;
    // As much as the C library's malloc keeps for its next calls.
    static constexpr std::size_t pool_bytes = std::size_t{32} << 20;
    // Blocks with less memory are all alike to the pool, and below this, clearing is cheaper than to ask what is there.
    static constexpr std::size_t small_bytes = std::size_t{1} << 20;
    // What blocks may have in all that they have no need of.
    static constexpr std::size_t most_lent_bytes = pool_bytes;
    // So many have reservations of their own: few arrays take only what they use, whatever looks at the process (a
    // core dump, mlockall). More are in slabs.
    static constexpr std::size_t few_blocks = 64;

    // What a new block is to have: at least `bytes` committed, and `least` and if possible `range` reserved.
    struct Request {
        std::size_t bytes;
        std::size_t least;
        std::size_t range;
        std::size_t chosen;  // addresses, as the settings say; 0: they don't

        std::size_t all() const noexcept { return std::max({bytes, least, range}) + sizeof(Block); }
    };

    // As allocate(), with a range of `range` bytes at least, if there are addresses for it.
    Block* make(const AllocatorSettings& with, std::size_t bytes, std::size_t reserve, std::size_t range) noexcept {
        const Request request = {bytes, std::max(bytes, reserve), range, with.reserve_bytes};
        if (request.least > max_bytes) return nullptr;
        if (with.backend == Backend::reserved) {
            const std::size_t wanted = reservation_for(request);
            if (Block* block = take_ready(request, wanted)) {
                keep(block, with);
                if (commit(block, bytes)) return block;
                put_away(block);
            }
            if (wanted != 0)
                if (Block* block = map(with, bytes, wanted, wanted)) return block;
            // Refused: the pool holds what is missing, or addresses are fewer than thought.
            trim();
            address_space_ = address_space_left(request);
            if (const std::size_t most = reservation_for(request)) {
                const std::size_t worthwhile =
                    std::max(request.least + sizeof(Block), std::min(most, least_reservation));
                if (Block* block = map(with, bytes, worthwhile, most)) return block;
            }
        }
        return allocate_on_heap(with, std::max(request.least, range));
    }

    static void keep(Block* block, const AllocatorSettings& settings) noexcept {
        constexpr std::uint8_t of_settings = Block::wants_huge_pages | Block::range_was_set;
        block->backend = settings.backend;
        block->growth_factor = settings.growth_factor;
        block->flags = static_cast<std::uint8_t>((block->flags & ~of_settings) |
                                                 (settings.huge_pages ? Block::wants_huge_pages : 0) |
                                                 (settings.reserve_bytes != 0 ? Block::range_was_set : 0));
    }

    // Reservations: blocks with a mapping of their own.

    // How large a reservation to ask for, header and all; 0: none, take the heap.
    std::size_t reservation_for(const Request& request) const noexcept {
        if (request.chosen != 0) return std::max(request.all(), std::min(request.chosen, max_bytes));
        std::size_t share = next_reservation(address_space_, reservations_bytes_);
        if (request.bytes >= least_reservation) share = std::max(share, request.bytes * 2);
        return share != 0 || request.least > request.bytes ? std::max(request.all(), share) : 0;
    }

    // The address space to reckon with after a refusal. Where the system names no limit and
    // still refused an ordinary share, what is mapped now is all there is for us.
    std::size_t address_space_left(const Request& request) const noexcept {
        const std::size_t limit = Memory::address_space_bytes();
        if (request.least >= least_reservation || request.chosen != 0) return limit;
        return std::min(limit, std::max(4 * reservations_bytes_, 64 * least_reservation));
    }

    // A block in a reservation of `wanted` bytes, header and all, or, by halving, of no less than `least`.
    Block* map(const AllocatorSettings& with, std::size_t bytes, std::size_t least, std::size_t wanted) noexcept {
        if (!may_split()) return nullptr;
        const std::size_t offset = turns_.fetch_add(1, std::memory_order_relaxed) % offsets * offset_step();
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
        auto* const start = static_cast<char*>(range.address());
        if (with.huge_pages) advise_huge_pages(start, start + committed);  // before anything is touched
        Block* block = new_block(start + offset);
        block->reserved_bytes = range.bytes() - skipped - sizeof(Block);
        block->committed_bytes = committed - skipped - sizeof(Block);
        block->mapping_bytes = range.bytes();
        block->set_offset(offset);
        keep(block, with);
        range.detach();
        ++mapped_blocks_;
        ++split_blocks_;
        reservations_bytes_ += share_of(block);
        return block;
    }

    // A block is up to three mappings (plain, huge and uncommitted pages); half of the process's mappings stay
    // free for others.
    bool may_split() const noexcept { return split_blocks_ < Memory::max_mappings() / 6; }

    // Where in their ranges blocks begin: so many times this. Ranges lie powers of two apart: data
    // that began at the same distance in each would meet in the same few sets of the CPU's caches,
    // and working on two arrays at once would take twice the time. Skipped pages take no memory.
    // Sizes are those of a block that begins at the next page, so that equal arrays have equal ones.
    static std::size_t offset_step() noexcept { return Memory::page_size() + sizeof(Block); }

    // What a block counts for among the shares: one that asked for very much is on its own
    // account, or it would leave nothing to the others.
    static std::size_t share_of(const Block* block) noexcept {
        return std::min(block->mapping_bytes, largest_reservation);
    }

    Block* new_block(void* address) const noexcept {
        Block* block = ::new (address) Block{};
        block->functions = functions_;
        return block;
    }

    static char* start_of(Block* block) noexcept { return reinterpret_cast<char*>(block) - block->offset(); }

    // Where the block's pages are counted from.
    static char* first_page_of(Block* block) noexcept {
        return start_of(block) + round_up(block->offset(), Memory::page_size());
    }

    // Slabs: blocks that share a mapping. What follows is done by one thread at a time, but for put_away().

    // Which slab it is says a pointer in front of the header, in the page that both have.
    static Slab*& slab_of(Block* block) noexcept { return reinterpret_cast<Slab**>(block)[-1]; }

    // In front of its data a block of a slab has no more than this.
    static std::size_t most_skipped() noexcept { return offsets * Memory::page_size() + sizeof(Block); }

    std::size_t blocks_in_use() const noexcept { return mapped_blocks_ - pool_size_ - stacks_.blocks(); }

    // A block of a slab, from the pool or new; nullptr where there is none or none that is large enough.
    Block* take_from_slabs(const Request& request) noexcept {
        const std::size_t share = next_range(address_space_, blocks_in_use());
        if (share == 0) return nullptr;
        const std::size_t wanted = std::max(request.all(), request.bytes < least_reservation ? 0 : 2 * request.bytes);
        const std::size_t needed = std::max(wanted + most_skipped(), 4 * most_skipped());
        const std::size_t least = size_of_range(needed);
        const std::size_t size = size_of_range(std::max(needed, request.chosen != 0 ? request.chosen : share));
        if (size == range_sizes) return nullptr;
        const std::size_t most = request.chosen != 0 ? size : range_sizes - 1;
        if (Block* block = stacks_.largest(size, most)) return pop(block);
        Slab* slab = nullptr;
        char* range = slabs_.take(size, most, slab);
        if (range == nullptr && !slabs_refused_) {
            range = slabs_.take_new(size, least, address_space_ / 2, slab);
            slabs_refused_ = range == nullptr;
            slabs_bytes_ = slabs_.bytes();
        }
        if (range != nullptr) return new_in_slab(slab, range);
        if (Block* block = stacks_.largest(least, size)) return pop(block);
        range = slabs_.take(least, size, slab);
        return range != nullptr ? new_in_slab(slab, range) : nullptr;
    }

    Block* new_in_slab(Slab* slab, char* range) noexcept {
        const std::size_t turn = Slabs<Memory>::index_of(slab, range) % offsets;
        const std::size_t offset = turn * offset_step() + sizeof(Block);
        Block* block = new_block(range + offset);
        slab_of(block) = slab;
        block->reserved_bytes = slab->range_bytes - most_skipped();
        block->committed_bytes = first_commit - sizeof(Block);
        block->mapping_bytes = slab->range_bytes;
        block->set_offset(offset);
        block->flags = Block::in_slab;
        ++mapped_blocks_;
        return block;
    }

    // Ends a block that nobody uses: its addresses go back to its slab or to the system.
    void end(Block* block) noexcept {
        --mapped_blocks_;
        if (!block->has(Block::in_slab)) {
            --split_blocks_;
            reservations_bytes_ -= share_of(block);
            Reservation<Memory> ends_here(start_of(block), block->mapping_bytes);
            return;
        }
        Slab* const slab = slab_of(block);
        char* const range = start_of(block);
        empty(block);
        slabs_.give(slab, range);
        slabs_bytes_ = slabs_.bytes();
    }

    // Takes the memory from all of a range, header and all.
    void empty(Block* block) noexcept {
        const std::size_t bytes = block->mapping_bytes;
        if (block->has(Block::in_huge_pages)) {
            --split_blocks_;
            Memory::advise_small_pages(start_of(block), bytes);
        }
        // Where memory is locked, it stays.
        if (!Memory::discard(start_of(block), bytes))
            std::memset(static_cast<void*>(block), 0, sizeof(Block) + block->dirty_bytes);
    }

    Block* allocate_on_heap(const AllocatorSettings& with, std::size_t bytes) noexcept {
        void* address = Memory::heap_allocate(bytes + sizeof(Block));
        if (address == nullptr) return nullptr;
        Block* block = new_block(address);
        block->reserved_bytes = block->committed_bytes = block->dirty_bytes = bytes;
        keep(block, with);
        if (with.huge_pages && bytes >= huge_pages_from) advise_huge_pages(block->data(), block->data() + bytes);
        return block;
    }

    // Memory.

    bool commit_exactly(Block* block, std::size_t bytes) noexcept {
        if (block->on_heap()) {
            block->committed_bytes = bytes;
            return true;
        }
        const std::size_t page = Memory::page_size();
        const std::size_t from = (block->committed_bytes + sizeof(Block)) & ~(page - 1);
        const std::size_t to = round_up(bytes + sizeof(Block), page);
        if (!block->has(Block::in_slab)) {
            if (!Memory::commit(first_page_of(block) + from, to - from)) return false;
        } else if (to - from >= huge_pages_from && !Memory::could_commit(to - from)) {
            return false;
        }
        block->committed_bytes = to - sizeof(Block);
        CPPDYNARRAY_ASSERT(block->holds(bytes));
        if (block->committed_bytes >= block->dirty_bytes) take_back(block);
        use_huge_pages(block);
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

    void use_huge_pages(Block* block) noexcept {
        if (!block->has(Block::wants_huge_pages) || block->committed_bytes < huge_pages_from) return;
        if (block->has(Block::in_slab) && !block->has(Block::in_huge_pages)) {
            if (!may_split()) return;
            ++split_blocks_;
            block->flags |= Block::in_huge_pages;
        }
        advise_huge_pages(start_of(block), first_page_of(block) + sizeof(Block) + block->committed_bytes);
    }

    // For the whole ones of committed pages, from 2 MiB on.
    static void advise_huge_pages(char* start, char* end) noexcept {
        const std::uintptr_t huge = Memory::huge_page_size();
        if (huge == 0 || static_cast<std::size_t>(end - start) < huge_pages_from) return;
        const std::uintptr_t from = (reinterpret_cast<std::uintptr_t>(start) + huge - 1) & ~(huge - 1);
        const std::uintptr_t to = reinterpret_cast<std::uintptr_t>(end) & ~(huge - 1);
        if (from < to) Memory::advise_huge_pages(reinterpret_cast<void*>(from), to - from);
    }

    // Whether bytes become zero faster by giving their pages back. Memory that is there is faster cleared than taken
    // again page by page; but what was never touched stays so, and much more than malloc would keep is let go.
    static bool pays_to_discard(Block* block, std::size_t from, std::size_t to) noexcept {
        if (block->on_heap() || to - from < small_bytes) return false;
        if (to - from > pool_bytes) return true;
        const std::uintptr_t page = Memory::page_size();
        const auto first = reinterpret_cast<std::uintptr_t>(block->data() + from) & ~(page - 1);
        const auto last = reinterpret_cast<std::uintptr_t>(block->data() + to) & ~(page - 1);
        return !Memory::is_resident(reinterpret_cast<void*>(first), last - first);
    }

    // Makes bytes zero by giving whole pages back. False if the system keeps them, and nothing has changed.
    static bool discard(Block* block, std::size_t from, std::size_t to) noexcept {
        char* const begin = block->data() + from;
        char* const end = block->data() + to;
        const std::uintptr_t page = Memory::page_size();
        auto* first = reinterpret_cast<char*>((reinterpret_cast<std::uintptr_t>(begin) + page - 1) & ~(page - 1));
        auto* last = reinterpret_cast<char*>(reinterpret_cast<std::uintptr_t>(end) & ~(page - 1));
        if (first >= last || !Memory::discard(first, static_cast<std::size_t>(last - first))) return false;
        std::memset(begin, 0, static_cast<std::size_t>(first - begin));
        std::memset(last, 0, static_cast<std::size_t>(end - last));
        return true;
    }

    // The pool: released blocks. Blocks of slabs with little memory are in stacks, others in a list of few.

    // A block that is there, or is to be had from a slab.
    Block* take_ready(const Request& request, std::size_t wanted) noexcept {
        const BriefLock lock(pool_busy_);
        if (!lock) return nullptr;
        Block* const block = take_from_pool(request, wanted);
        return block != nullptr || blocks_in_use() < few_blocks ? block : take_from_slabs(request);
    }

    // The block released last of those that will do, so that its memory is still in the caches.
    // One that is asked for little may have much: an array that grows, again and again, finds the memory
    // that the last one left, as with malloc. It is lent, within limits.
    Block* take_from_pool(const Request& request, std::size_t wanted) noexcept {
        for (std::size_t index = pool_size_; index-- > 0;) {
            Block* block = pool_[index];
            const std::size_t memory = memory_of(block);
            if (!fits(block, memory, request, wanted)) continue;
            take_out(index, memory);
            if (memory > enough_for(request.bytes)) lend(block, memory, request.bytes);
            return block;
        }
        return nullptr;
    }

    // Notes what a block has more than is asked for. Its capacity is that of a new block: the rest
    // is to be had again without page faults.
    void lend(Block* block, std::size_t memory, std::size_t bytes) noexcept {
        block->lent_mib = static_cast<std::uint16_t>(round_up(memory, mib) / mib);
        lent_bytes_ += block->lent_mib * mib;
        block->committed_bytes = std::min(block->committed_bytes, std::max(bytes, first_commit - sizeof(Block)));
    }

    void take_back(Block* block) noexcept {
        if (block->lent_mib == 0) return;
        lent_bytes_ -= block->lent_mib * mib;
        block->lent_mib = 0;
    }

    // Where a block goes that is released: into the pool or to its end.
    void put_away(Block* block) noexcept {
        const std::size_t memory = memory_of(block);
        const BriefLock lock(pool_busy_);
        if (block->has(Block::in_slab)) {
            if (!lock) empty(block);  // only its addresses are lost
            else if (memory > small_bytes) put_into_pool(block, memory);
            else put_on_stack(block);
        } else if (lock && block->mapping_bytes <= 2 * largest_reservation) {
            put_into_pool(block, memory);
        } else {
            end(block);
        }
    }

    // A full pool gives up what lay there longest.
    void put_into_pool(Block* block, std::size_t memory) noexcept {
        if (memory > pool_bytes) return end(block);
        while (pool_size_ == pool_blocks || pool_held_bytes_ + memory > pool_bytes)
            end(take_out(0, memory_of(pool_[0])));
        pool_held_bytes_ += memory;
        pool_[pool_size_++] = block;
    }

    // Full stacks give up the smallest ranges: so few arrays that come after very many get large ones again.
    void put_on_stack(Block* block) noexcept {
        const std::size_t memory = memory_and_tables_of(block);
        while (stacks_.bytes() + memory > pool_bytes) {
            Block* const least = stacks_.smallest();
            if (least == nullptr || least->mapping_bytes >= block->mapping_bytes) return end(block);
            end(pop(least));
        }
        stacks_.push(block, memory);
    }

    Block* pop(Block* block) noexcept {
        stacks_.pop(block, memory_and_tables_of(block));
        return block;
    }

    Block* take_out(std::size_t index, std::size_t memory) noexcept {
        Block* block = pool_[index];
        std::copy(pool_ + index + 1, pool_ + pool_size_, pool_ + index);
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

    // What a small block keeps from others: its pages, and the page that says where they are.
    static std::size_t memory_and_tables_of(const Block* block) noexcept {
        return round_up(block->dirty_bytes + sizeof(Block), Memory::page_size()) + Memory::page_size();
    }

    // Up to here a block's memory is no more than is asked for, or not worth counting.
    static std::size_t enough_for(std::size_t bytes) noexcept { return std::max(2 * bytes, small_bytes); }

    // Whether a pooled block will do: large enough, not far larger than what was chosen, and with
    // about as much memory as is asked for, or more while little is lent.
    bool fits(const Block* block, std::size_t memory, const Request& request, std::size_t wanted) const noexcept {
        return block->reserved_bytes >= request.least && block->reserved_bytes + sizeof(Block) >= wanted &&
               (request.chosen == 0 || wanted == 0 || block->reserved_bytes / 2 <= wanted) &&
               (memory <= enough_for(request.bytes) || lent_bytes_ + memory <= most_lent_bytes) &&
               request.bytes <= enough_for(std::max(block->committed_bytes, block->dirty_bytes));
    }

    const BlockFunctions* functions_;
    Count address_space_{Memory::address_space_bytes()};
    std::atomic<std::size_t> turns_{0};
    Count mapped_blocks_{0};
    Count split_blocks_{0};        // of those, the ones that take mappings of their own
    Count reservations_bytes_{0};  // as share_of() counts them
    Count slabs_bytes_{0};
    Count lent_bytes_{0};
    std::atomic_flag pool_busy_ = ATOMIC_FLAG_INIT;
    // By who has the pool.
    std::size_t pool_size_ = 0;
    std::size_t pool_held_bytes_ = 0;
    Block* pool_[pool_blocks] = {};
    BlockStacks stacks_;
    Slabs<Memory> slabs_;
    bool slabs_refused_ = false;  // until trim()
};

// The allocator behind every C++ DynamicArray of a program or shared library. Each has one of its
// own, so that they need not agree on the layout of allocators. Never destroyed, so that arrays with
// static storage can outlive everything else.
template <class Memory = VirtualMemory>
CPPDYNARRAY_HIDDEN BlockAllocator<Memory>& shared_allocator() noexcept {
    static constexpr BlockFunctions functions = {
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
