// Distances in memory that matter between processors.
#pragma once

#include <cstddef>

namespace cppdynarray {

// What one thread writes again and again has to lie this far from what another uses: processors hand each other whole
// lines of 64 bytes, and fetch them in pairs. Lengths of arrays that were made one after the other lay side by side,
// and an append took a third longer while another thread appended to the next one.
constexpr std::size_t cache_line = 128;

}  // namespace cppdynarray
