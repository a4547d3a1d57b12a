// The numbers that numpy.random.rand gives, from NumPy's own state of them: many at a time, where NumPy calls a
// function for each.
//
// M. Matsumoto and T. Nishimura, Mersenne Twister: a 623-dimensionally equidistributed uniform pseudorandom number
// generator, ACM Transactions on Modeling and Computer Simulation 8 (1998).
#pragma once

#include <algorithm>
#include <cstdint>

namespace cppdynarray::brian2 {

// As NumPy lays it out; that it does is compared before it is used (direct/_calls.pyx).
struct MersenneTwister {
    static constexpr int words = 624, far = 397;

    std::uint32_t key[words];
    int used;
};

inline std::uint32_t twisted(const std::uint32_t high, const std::uint32_t low, const std::uint32_t other) noexcept {
    const std::uint32_t both = (high & 0x80000000U) | (low & 0x7fffffffU);
    return other ^ (both >> 1) ^ ((0U - (both & 1U)) & 0x9908b0dfU);
}

inline std::uint32_t tempered(std::uint32_t word) noexcept {
    word ^= word >> 11;
    word ^= (word << 7) & 0x9d2c5680U;
    word ^= (word << 15) & 0xefc60000U;
    return word ^ (word >> 18);
}

inline void next_words(MersenneTwister& state) noexcept {
    constexpr int words = MersenneTwister::words, far = MersenneTwister::far;
    auto* const key = state.key;
    for (int i = 0; i < words - far; ++i) key[i] = twisted(key[i], key[i + 1], key[i + far]);
    for (int i = words - far; i < words - 1; ++i) key[i] = twisted(key[i], key[i + 1], key[i + far - words]);
    key[words - 1] = twisted(key[words - 1], key[0], key[far - 1]);
    state.used = 0;
}

// 53 bits of two words, in [0, 1).
inline double fraction(const std::uint32_t first, const std::uint32_t second) noexcept {
    // Of signed integers, which processors convert several at a time.
    return (static_cast<std::int32_t>(first >> 5) * 67108864.0 + static_cast<std::int32_t>(second >> 6)) /
           9007199254740992.0;
}

inline void draw(MersenneTwister& state, double* numbers, std::int64_t count) noexcept {
    constexpr int words = MersenneTwister::words;
    std::uint32_t out[words];
    while (count != 0) {
        if (state.used == words) next_words(state);
        if (state.used == words - 1) {  // one is left: somebody drew single words
            const std::uint32_t first = tempered(state.key[words - 1]);
            next_words(state);
            *numbers++ = fraction(first, tempered(state.key[state.used++]));
            --count;
            continue;
        }
        const auto pairs = static_cast<int>(std::min<std::int64_t>((words - state.used) / 2, count));
        // Two loops, for compilers to make vectors of.
        for (int i = 0; i < 2 * pairs; ++i) out[i] = tempered(state.key[state.used + i]);
        for (int i = 0; i < pairs; ++i) numbers[i] = fraction(out[2 * i], out[2 * i + 1]);
        state.used += 2 * pairs;
        numbers += pairs;
        count -= pairs;
    }
}

}  // namespace cppdynarray::brian2
