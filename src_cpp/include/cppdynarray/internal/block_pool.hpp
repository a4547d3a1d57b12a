// Released blocks that wait for the next arrays.
#pragma once

#include <atomic>
#include <cstddef>
#include <thread>

#include "block.hpp"
#include "slabs.hpp"

namespace cppdynarray {

// Who finds it taken waits for a moment, and then does without: what is done under it is short, unless a process
// was forked while another thread was in there.
class BriefLock {
public:
    explicit BriefLock(std::atomic_flag& busy) noexcept : busy_(busy) {
        for (int turns = 0; !(owned_ = !busy_.test_and_set(std::memory_order_acquire)) && turns < 200; ++turns)
            std::this_thread::yield();
    }
    ~BriefLock() {
        if (owned_) busy_.clear(std::memory_order_release);
    }
    BriefLock(const BriefLock&) = delete;
    BriefLock& operator=(const BriefLock&) = delete;
    explicit operator bool() const noexcept { return owned_; }

private:
    std::atomic_flag& busy_;
    bool owned_ = false;
};

// Blocks of slabs with little memory: all alike but for their range, so there may be thousands. The one released
// last comes first, while its memory is still in the caches.
class BlockStacks {
public:
    void push(Block* block, std::size_t memory) noexcept {
        Block*& top = tops_[size_of_range(block->mapping_bytes)];
        block->retired = top;
        top = block;
        ++blocks_;
        bytes_ += memory;
    }

    // One of a size from `least` to `most`, the largest first; nullptr if there is none.
    Block* largest(std::size_t least, std::size_t most) const noexcept {
        for (std::size_t size = most + 1; size-- > least;)
            if (tops_[size] != nullptr) return tops_[size];
        return nullptr;
    }

    Block* smallest() const noexcept {
        for (Block* const top : tops_)
            if (top != nullptr) return top;
        return nullptr;
    }

    // Takes out one that largest() or smallest() gave.
    void pop(Block* block, std::size_t memory) noexcept {
        tops_[size_of_range(block->mapping_bytes)] = block->retired;
        block->retired = nullptr;
        --blocks_;
        bytes_ -= memory;
    }

    std::size_t blocks() const noexcept { return blocks_; }
    std::size_t bytes() const noexcept { return bytes_; }

private:
    Block* tops_[range_sizes] = {};
    std::size_t blocks_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace cppdynarray
