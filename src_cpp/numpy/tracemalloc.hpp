// tracemalloc hears of our memory, as it does of NumPy's own allocations.
#pragma once

#include <Python.h>

#include <cstddef>
#include <cstdint>

#include "cppdynarray/internal/block.hpp"

namespace cppdynarray {

// Python 3.11 and 3.12 declare these two without extern "C", so that C++ can't link to them. The
// same C functions, declared once more in this namespace.
extern "C" int PyTraceMalloc_Track(unsigned int domain, std::uintptr_t address, std::size_t size);
extern "C" int PyTraceMalloc_Untrack(unsigned int domain, std::uintptr_t address);

constexpr unsigned int numpy_domain = 389047;  // numpy.lib.tracemalloc_domain

// Says that `bytes` at `address` are in use, instead of what was said of it before. Needs no GIL.
inline void trace_memory(const void* address, std::size_t bytes) noexcept {
    PyTraceMalloc_Track(numpy_domain, reinterpret_cast<std::uintptr_t>(address), bytes);
}

// The same for a block. What a file has is no memory of the process's.
inline void trace_block(Block* block, std::size_t bytes) noexcept {
    if (block->backend != Backend::file) trace_memory(block->data(), bytes);
}

inline void untrace_memory(const void* address) noexcept {
    PyTraceMalloc_Untrack(numpy_domain, reinterpret_cast<std::uintptr_t>(address));
}

inline void release_traced(Block* block, std::size_t used) noexcept {
    for (Block* each = block; each != nullptr; each = each->retired) untrace_memory(each->data());
    block->functions->release(block, used);
}

}  // namespace cppdynarray
