// Apart from all that includes Python.h: Python 3.11 and 3.12 declare these two functions there
// without extern "C", so that C++ can't link to them.
#include "tracemalloc.hpp"

#include <cstdint>

extern "C" int PyTraceMalloc_Track(unsigned int domain, std::uintptr_t address, std::size_t size);
extern "C" int PyTraceMalloc_Untrack(unsigned int domain, std::uintptr_t address);

namespace cppdynarray {

namespace {
constexpr unsigned int numpy_domain = 389047;  // numpy.lib.tracemalloc_domain
}

void trace_memory(const void* address, std::size_t bytes) noexcept {
    PyTraceMalloc_Track(numpy_domain, reinterpret_cast<std::uintptr_t>(address), bytes);
}

void untrace_memory(const void* address) noexcept {
    PyTraceMalloc_Untrack(numpy_domain, reinterpret_cast<std::uintptr_t>(address));
}

}  // namespace cppdynarray
