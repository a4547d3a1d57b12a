// What is true where it stands, for who reads; checked where CPPDYNARRAY_DEBUG is defined, as in the tests of these
// headers, and under sanitizers. Elsewhere it takes no time.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CPPDYNARRAY_DEBUG 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CPPDYNARRAY_DEBUG 1
#endif
#endif

#if defined(CPPDYNARRAY_DEBUG)
#include <cstdio>
#include <cstdlib>

namespace cppdynarray {
[[noreturn]] inline void assertion_failed(const char* what, const char* file, int line) noexcept {
    std::fprintf(stderr, "%s:%d: not true: %s\n", file, line, what);
    std::abort();
}
}  // namespace cppdynarray

#define CPPDYNARRAY_ASSERT(condition) \
    ((condition) ? void() : ::cppdynarray::assertion_failed(#condition, __FILE__, __LINE__))
#else
#define CPPDYNARRAY_ASSERT(condition) void()
#endif
