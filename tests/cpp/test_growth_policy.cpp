#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "check.hpp"

#include "cppdynarray/internal/block.hpp"
#include "cppdynarray/internal/growth_policy.hpp"

using namespace cppdynarray;

constexpr std::size_t largest = std::numeric_limits<std::size_t>::max();
constexpr std::size_t MiB = std::size_t{1} << 20;
constexpr std::size_t GiB = std::size_t{1} << 30;

static_assert(round_up(1, 4096) == 4096 && next_capacity(64, 65, 1000, 2.0) == 128, "usable at compile time");

// The capacities of an array that grows by one byte at a time.
static std::vector<std::size_t> pattern(double factor, std::size_t limit) {
    std::vector<std::size_t> capacities;
    std::size_t capacity = 0;
    while (capacity < limit) {
        capacity = next_capacity(capacity, capacity + 1, limit, factor);
        capacities.push_back(capacity);
    }
    return capacities;
}

TEST_CASE("round_up gives whole units, and 0 when that overflows") {
    CHECK(round_up(0, 4096) == 0);
    CHECK(round_up(1, 4096) == 4096);
    CHECK(round_up(4096, 4096) == 4096);
    CHECK(round_up(4097, 4096) == 8192);
    CHECK(round_up(largest - 4095, 4096) == largest - 4095);
    CHECK(round_up(largest - 4094, 4096) == 0);
    CHECK(round_up(largest, 4096) == 0);
}

TEST_CASE("multiply refuses what overflows") {
    std::size_t product = 1;
    CHECK(multiply(6, 7, product));
    CHECK(product == 42);
    CHECK(multiply(largest, 0, product));
    CHECK(product == 0);
    CHECK(multiply(largest, 1, product));
    CHECK(product == largest);
    CHECK(multiply(largest / 8, 8, product));
    CHECK(product == largest - 7);
    product = 5;
    CHECK_FALSE(multiply(largest / 8 + 1, 8, product));
    CHECK_FALSE(multiply(2, largest, product));
    CHECK_FALSE(multiply(largest, largest, product));
    CHECK(product == 5);
}

TEST_CASE("capacities grow in a fixed pattern") {
    CHECK(pattern(2.0, 1000) == std::vector<std::size_t>{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000});
    CHECK(pattern(1.5, 50) == std::vector<std::size_t>{1, 2, 3, 4, 6, 9, 13, 19, 28, 42, 50});
    CHECK(pattern(1.0, 4) == std::vector<std::size_t>{1, 2, 3, 4});
}

TEST_CASE("a capacity is at least what is needed and at most the limit") {
    CHECK(next_capacity(100, 101, 1000, 2.0) == 200);
    CHECK(next_capacity(100, 250, 1000, 2.0) == 250);
    CHECK(next_capacity(600, 601, 1000, 2.0) == 1000);
    CHECK(next_capacity(100, 1000, 1000, 2.0) == 1000);
    CHECK(next_capacity(largest / 2 + 1, largest / 2 + 2, largest, 2.0) == largest);
    CHECK(next_capacity(largest - 1, largest, largest, 1.125) == largest);
    CHECK(next_capacity(100, 101, 1000, 1e300) == 1000);
}

TEST_CASE("reservations are generous for few blocks and shrink as there are more") {
    if (sizeof(void*) < 8) return;
    // How many blocks get which size, until there is nothing for one more.
    std::vector<std::pair<std::size_t, int>> shares;
    const std::size_t addresses = std::size_t{1} << 47;
    std::size_t reserved = 0;
    while (const std::size_t size = next_reservation(addresses, reserved)) {
        if (shares.empty() || shares.back().first != size) shares.emplace_back(size, 0);
        ++shares.back().second;
        reserved += size;
    }
    std::vector<std::pair<std::size_t, int>> expected = {{16 * GiB, 1025}};
    for (std::size_t size = 8 * GiB; size > MiB; size /= 2) expected.emplace_back(size, 1023);
    expected.emplace_back(MiB, 2046);
    CHECK((shares == expected));
    CHECK(reserved == addresses / 4);
}

TEST_CASE("a small address space is shared by few") {
    if (sizeof(void*) == 8) CHECK(next_reservation(64 * (GiB / 16), 0) == 64 * MiB);
    CHECK(next_reservation(GiB, 0) == 16 * MiB);
    CHECK(next_reservation(GiB, GiB / 8) == 8 * MiB);
    CHECK(next_reservation(4 * MiB, 0) == MiB);
    CHECK(next_reservation(4 * MiB - 1, 0) == 0);
    CHECK(next_reservation(0, 0) == 0);
    CHECK(next_reservation(GiB, GiB / 4) == 0);
    CHECK(next_reservation(GiB, largest) == 0);
}

TEST_CASE("growth factors are kept to 1/4096, and above 1") {
    for (const double factor : {1.01, 1.1, 1.5, 2.0, 3.7, 15.9, 16.0}) {
        CHECK(GrowthFactor(factor) >= factor);
        CHECK(GrowthFactor(factor) < factor + 1.0 / 4096);
    }
    CHECK(GrowthFactor() == 2.0);
    CHECK(GrowthFactor(1.0 + 1e-9) > 1.0);
    CHECK(GrowthFactor(0.5) > 1.0);
    CHECK(GrowthFactor(1e9) == 16.0);
}

TEST_CASE("data that moves gets room for many times as much, but for very little data") {
    CHECK(moving_factor(100, 1.1) == 2.0);
    CHECK(moving_factor(2047, 3.0) == 3.0);
    CHECK(moving_factor(2048, 2.0) == 8.0);
    CHECK(moving_factor(10 * MiB, 1.001) == 8.0);
    CHECK(moving_factor(10 * MiB, 16.0) == 16.0);
}

TEST_CASE("ranges in slabs are generous for many blocks, and all together take half of the addresses") {
    const std::size_t addresses = std::size_t{1} << 47;
    CHECK(next_range(addresses, 0) == 16 * GiB);
    CHECK(next_range(addresses, 500) == 16 * GiB);
    CHECK(next_range(addresses, 3000) == 2 * GiB);
    CHECK(next_range(addresses, 100000) == 64 * MiB);
    CHECK(next_range(addresses, 1000000) == 8 * MiB);
    std::size_t taken = 0;
    for (std::size_t blocks = 0; blocks < 1000000; ++blocks) taken += next_range(addresses, blocks);
    CHECK(taken < addresses / 2);
    CHECK(next_range(4 * GiB, 0) == 0);
}
