// tracemalloc hears of our memory, as it does of NumPy's own allocations.
#pragma once

#include <cstddef>

namespace cppdynarray {

// Says that `bytes` at `address` are in use, instead of what was said of it before. Needs no GIL.
void trace_memory(const void* address, std::size_t bytes) noexcept;
void untrace_memory(const void* address) noexcept;

}  // namespace cppdynarray
