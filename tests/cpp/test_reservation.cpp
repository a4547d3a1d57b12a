#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>

#include "check.hpp"

#include "cppdynarray/internal/reservation.hpp"
#include "fake_memory.hpp"

using Reservation = cppdynarray::Reservation<FakeMemory>;

static_assert(!std::is_copy_constructible_v<Reservation> && !std::is_copy_assignable_v<Reservation>, "");
static_assert(std::is_nothrow_move_constructible_v<Reservation> && std::is_nothrow_move_assignable_v<Reservation>, "");

static const std::size_t page = FakeMemory::page_size();

TEST_CASE("a reservation takes what is wanted, in whole pages, and releases it") {
    FakeSystem system;
    {
        auto range = Reservation::take(10 * page + 1, page);
        REQUIRE(range);
        CHECK(range.bytes() == 11 * page);
        CHECK(system.reserved_bytes() == 11 * page);
        CHECK(system.committed_bytes == 0);
    }
    CHECK(system.ranges.empty());
}

TEST_CASE("an empty reservation owns nothing") {
    FakeSystem system;
    Reservation range;
    CHECK_FALSE(range);
    CHECK(range.address() == nullptr);
    CHECK(range.bytes() == 0);
}

TEST_CASE("commit makes a prefix writable") {
    FakeSystem system;
    auto range = Reservation::take(16 * page, page);
    REQUIRE(range.commit(1));
    CHECK(system.committed_bytes == page);
    REQUIRE(range.commit(3 * page));
    CHECK(system.committed_bytes == 3 * page);
    auto* bytes = static_cast<char*>(range.address());
    bytes[3 * page - 1] = 'x';
    CHECK(bytes[0] == 0);
    system.fail(Call::commit, 1);
    CHECK_FALSE(range.commit(4 * page));
    CHECK(bytes[3 * page - 1] == 'x');
}

TEST_CASE("a refused reservation is tried again by halves, down to the least") {
    FakeSystem system;
    system.address_space = 5 * page;
    CHECK(Reservation::take(64 * page, page).bytes() == 4 * page);
    CHECK(Reservation::take(64 * page, 5 * page).bytes() == 5 * page);
    CHECK(Reservation::take(3 * page, 3 * page).bytes() == 3 * page);
    CHECK_FALSE(Reservation::take(64 * page, 6 * page));
    CHECK(Reservation::take(1, 2 * page).bytes() == 2 * page);
}

TEST_CASE("sizes that overflow are refused") {
    FakeSystem system;
    constexpr auto largest = std::numeric_limits<std::size_t>::max();
    CHECK_FALSE(Reservation::take(largest, largest));
    CHECK_FALSE(Reservation::take(page, largest));
    CHECK(system.calls == 0);
    CHECK(Reservation::take(largest, page).bytes() == page);  // as much as can be said
}

TEST_CASE("moving hands the range on") {
    FakeSystem system;
    auto first = Reservation::take(page, page);
    void* const address = first.address();
    Reservation second(std::move(first));
    CHECK_FALSE(first);
    CHECK(second.address() == address);

    Reservation third = Reservation::take(2 * page, page);
    third = std::move(second);
    CHECK(third.address() == address);
    CHECK(third.bytes() == page);

    auto& same = third;
    third = std::move(same);
    CHECK(third.address() == address);
}

TEST_CASE("a detached range is the caller's") {
    FakeSystem system;
    void* address = nullptr;
    {
        auto range = Reservation::take(page, page);
        address = range.detach();
        CHECK_FALSE(range);
        CHECK(range.bytes() == 0);
    }
    CHECK(system.ranges.size() == 1);
    Reservation again(address, page);
    CHECK(again.address() == address);
}

TEST_CASE("a refused release leaks addresses but no memory") {
    FakeSystem system;
    {
        auto range = Reservation::take(4 * page, page);
        REQUIRE(range.commit(4 * page));
        system.fail(Call::release, 1);
    }
    CHECK(system.calls_of(Call::discard) == 1);
    CHECK(system.ranges.size() == 1);
}
