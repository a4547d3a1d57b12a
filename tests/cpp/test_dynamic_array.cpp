#include <algorithm>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <iterator>
#include <limits>
#include <list>
#include <new>
#include <numeric>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "check.hpp"

#include "cppdynarray/dynamic_array.hpp"
#include "fake_memory.hpp"
#include "resident_memory.hpp"

using cppdynarray::Block;
using cppdynarray::DynamicArray;
using cppdynarray::shared_allocator;

constexpr std::size_t KiB = std::size_t{1} << 10;
constexpr std::size_t MiB = std::size_t{1} << 20;
constexpr std::size_t largest = std::numeric_limits<std::size_t>::max();

// Arrays with static storage work before main() and after it.
static DynamicArray<int> global = {1, 2, 3};

namespace {

// Every promise an array makes whatever happened to it.
template <class T, class Memory>
void check(const DynamicArray<T, Memory>& array) {
    CHECK(array.empty() == (array.size() == 0));
    CHECK(array.data() == array.begin());
    CHECK(array.end() == array.begin() + array.size());
    CHECK(array.size() <= array.capacity());
    CHECK(array.capacity() <= array.max_size());
    if (array.data() == nullptr) {
        CHECK(array.max_size() == 0);
        return;
    }
    Block* const block = Block::of(const_cast<T*>(array.data()));
    CHECK(array.capacity() == block->committed_bytes / sizeof(T));
    const char* const bytes = block->data();
    const std::size_t written = std::max(block->dirty_bytes, array.size() * sizeof(T));
    if (written < block->committed_bytes)
        CHECK(std::all_of(bytes + written, bytes + block->committed_bytes, [](char byte) { return byte == 0; }));
}

template <class T, class Memory>
void check(const DynamicArray<T, Memory>& array, const std::vector<T>& expected) {
    check(array);
    CHECK(array.size() == expected.size());
    CHECK(std::equal(array.begin(), array.end(), expected.begin(), expected.end()));
}

// What a failed operation must leave as it was.
template <class T, class Memory>
struct State {
    explicit State(const DynamicArray<T, Memory>& array)
        : data(array.data()),
          capacity(array.capacity()),
          max_size(array.max_size()),
          elements(array.begin(), array.end()) {}
    bool operator==(const State& other) const {
        return data == other.data && capacity == other.capacity && max_size == other.max_size &&
               elements == other.elements;
    }
    const T* data;
    std::size_t capacity;
    std::size_t max_size;
    std::vector<T> elements;
};

template <class T, class Memory>
State(const DynamicArray<T, Memory>&) -> State<T, Memory>;

// A machine whose arrays have reservations of 64 KiB unless they ask for more.
struct SmallReservations {
    explicit SmallReservations(std::size_t bytes = 64 * KiB) {
        shared_allocator<FakeMemory>().settings.reserve_bytes = bytes;
    }
    SmallReservations(const SmallReservations&) = delete;
    SmallReservations& operator=(const SmallReservations&) = delete;
    ~SmallReservations() {
        system.heal();
        shared_allocator<FakeMemory>().trim();
        shared_allocator<FakeMemory>().settings = {};
    }

    FakeSystem system;
};

std::vector<int> counted(std::size_t count) {
    std::vector<int> values(count);
    std::iota(values.begin(), values.end(), 1);
    return values;
}

}  // namespace

TEST_CASE("constructors") {
    using Array = DynamicArray<int>;
    check(Array(), {});
    CHECK(Array().data() == nullptr);
    check(Array(0), {});
    check(Array(3), {0, 0, 0});
    check(Array(3, 7), {7, 7, 7});
    check(Array{1, 2, 3}, {1, 2, 3});
    check(Array(std::initializer_list<int>{}), {});

    const std::vector<int> values = counted(100);
    check(Array(values.data(), values.data() + 100), values);
    check(Array(values.begin(), values.end()), values);
    const std::list<short> list = {1, 2, 3};
    check(Array(list.begin(), list.end()), {1, 2, 3});
    std::istringstream text("4 5 6");
    check(Array(std::istream_iterator<int>(text), std::istream_iterator<int>()), {4, 5, 6});

    Array original = {1, 2, 3};
    const Array copy(original);
    check(copy, {1, 2, 3});
    CHECK(copy.data() != original.data());
    const int* const data = original.data();
    const Array moved(std::move(original));
    check(moved, {1, 2, 3});
    CHECK(moved.data() == data);
    check(original, {});
    original.push_back(9);
    check(original, {9});
}

TEST_CASE("arrays with static storage") {
    check(global, {1, 2, 3});
    global.push_back(4);
}

TEST_CASE("assignment keeps the memory, but for a move") {
    DynamicArray<int> array = {1, 2, 3};
    const int* const data = array.data();
    const DynamicArray<int> other = {4, 5, 6, 7};
    array = other;
    check(array, {4, 5, 6, 7});
    const auto& same = array;
    array = same;
    check(array, {4, 5, 6, 7});
    array = {8};
    check(array, {8});
    array.assign(3, array[0]);
    check(array, {8, 8, 8});
    array.assign({1, 2, 3, 4});
    check(array, {1, 2, 3, 4});
    const std::deque<int> deque = {9, 8, 7};
    array.assign(deque.begin(), deque.end());
    check(array, {9, 8, 7});
    CHECK(array.data() == data);

    DynamicArray<int> taken = {1};
    taken = std::move(array);
    check(taken, {9, 8, 7});
    CHECK(taken.data() == data);
    check(array, {});
    array = {1, 2};
    check(array, {1, 2});
    auto& self = taken;
    taken = std::move(self);
    check(taken, {9, 8, 7});
}

TEST_CASE("assign may take parts of the array itself") {
    DynamicArray<int> array = {1, 2, 3, 4, 5};
    array.assign(array.begin() + 1, array.end() - 1);
    check(array, {2, 3, 4});
    array.assign(array.rbegin(), array.rend());
    check(array, {4, 3, 2});
}

TEST_CASE("element access") {
    DynamicArray<int> array = {1, 2, 3};
    const DynamicArray<int>& constant = array;
    CHECK(array[1] == 2);
    array[1] = 20;
    CHECK(constant[1] == 20);
    CHECK(array.at(2) == 3);
    CHECK(constant.at(0) == 1);
    CHECK_THROWS_AS(array.at(3), std::out_of_range);
    CHECK_THROWS_AS(constant.at(largest), std::out_of_range);
    CHECK_THROWS_AS(DynamicArray<int>().at(0), std::out_of_range);
    CHECK(array.front() == 1);
    CHECK(array.back() == 3);
    array.front() = 10;
    array.back() = 30;
    CHECK(constant.front() == 10);
    CHECK(constant.back() == 30);
    CHECK(constant.data()[2] == 30);
    CHECK(&array.data()[2] == &array.back());
}

TEST_CASE("iterators") {
    DynamicArray<int> array = {1, 2, 3};
    const DynamicArray<int>& constant = array;
    for (int& value : array) value *= 2;
    CHECK(std::vector<int>(constant.begin(), constant.end()) == std::vector<int>{2, 4, 6});
    CHECK(std::vector<int>(array.cbegin(), array.cend()) == std::vector<int>{2, 4, 6});
    CHECK(std::vector<int>(array.rbegin(), array.rend()) == std::vector<int>{6, 4, 2});
    CHECK(std::vector<int>(constant.rbegin(), constant.rend()) == std::vector<int>{6, 4, 2});
    CHECK(std::vector<int>(array.crbegin(), array.crend()) == std::vector<int>{6, 4, 2});
    std::sort(array.begin(), array.end(), std::greater<>());
    check(array, {6, 4, 2});
}

TEST_CASE("comparison") {
    const DynamicArray<int> a = {1, 2, 3}, b = {1, 2, 4}, c = {1, 2};
    CHECK(a == DynamicArray<int>{1, 2, 3});
    CHECK_FALSE(a == b);
    CHECK_FALSE(a == c);
    CHECK(a != b);
    CHECK(a < b);
    CHECK(c < a);
    CHECK(b > a);
    CHECK(a <= a);
    CHECK(a >= c);
    CHECK_FALSE(a <= c);
    CHECK_FALSE(a >= b);
    CHECK_FALSE(a > a);
}

TEST_CASE("swap") {
    DynamicArray<int> a = {1, 2, 3}, b;
    const int* const data = a.data();
    a.swap(b);
    check(a, {});
    check(b, {1, 2, 3});
    swap(a, b);
    CHECK(a.data() == data);
    check(b, {});
}

TEST_CASE("appending") {
    DynamicArray<int> array;
    for (int i = 0; i < 3; ++i) array.push_back(i);
    int& added = array.emplace_back(3);
    CHECK(&added == &array.back());
    CHECK(array.emplace_back() == 0);
    const std::vector<int> more = {7, 8};
    array.append(more.data(), 2);
    array.append(nullptr, 0);
    check(array, {0, 1, 2, 3, 0, 7, 8});
    array.pop_back();
    check(array, {0, 1, 2, 3, 0, 7});
}

TEST_CASE("inserting") {
    DynamicArray<int> array;
    CHECK(*array.insert(array.end(), 5) == 5);
    CHECK(array.insert(array.begin(), 1) == array.begin());
    CHECK(array.insert(array.cbegin() + 1, 2, 3) == array.begin() + 1);
    check(array, {1, 3, 3, 5});
    CHECK(array.insert(array.begin() + 1, {7, 8}) == array.begin() + 1);
    check(array, {1, 7, 8, 3, 3, 5});
    const std::list<int> list = {0, 9};
    auto place = array.insert(array.end(), list.begin(), list.end());
    CHECK(place == array.end() - 2);
    std::istringstream text("4 6");
    CHECK(array.insert(array.begin(), std::istream_iterator<int>(text), std::istream_iterator<int>()) == array.begin());
    check(array, {4, 6, 1, 7, 8, 3, 3, 5, 0, 9});
    CHECK(array.insert(array.begin() + 3, 0, 1) == array.begin() + 3);
    CHECK(array.insert(array.begin() + 3, list.end(), list.end()) == array.begin() + 3);
    CHECK(*array.emplace(array.begin() + 1, 5) == 5);
    check(array, {4, 5, 6, 1, 7, 8, 3, 3, 5, 0, 9});
}

TEST_CASE("erasing") {
    DynamicArray<int> array = {0, 1, 2, 3, 4, 5};
    DynamicArray<int>::iterator next = array.erase(array.begin());
    CHECK(next == array.begin());
    *next = 10;
    CHECK(*array.erase(array.cbegin() + 1, array.cbegin() + 3) == 4);
    check(array, {10, 4, 5});
    next = array.erase(array.end() - 1);
    CHECK(next == array.end());
    CHECK(array.erase(array.begin(), array.begin()) == array.begin());
    next = array.erase(array.begin(), array.end());
    CHECK(next == array.end());
    check(array, {});
    DynamicArray<int> none;
    CHECK(none.erase(none.begin(), none.end()) == none.end());
}

TEST_CASE("elements of the array itself can be added to it, also when it moves") {
    SmallReservations machine;
    const std::size_t full = DynamicArray<int, FakeMemory>(10, 1).max_size();
    for (const std::size_t count : {std::size_t{10}, full}) {
        std::vector<int> model = counted(count);
        auto fresh = [&] { return DynamicArray<int, FakeMemory>(model.begin(), model.end()); };
        auto expect = [&](const auto& array, auto change) {
            std::vector<int> expected = model;
            change(expected);
            check(array, expected);
        };
        const std::vector<int> copy = model;
        const auto n = static_cast<std::ptrdiff_t>(count);

        auto array = fresh();
        CHECK(array.max_size() == full);
        array.push_back(array[1]);
        expect(array, [&](auto& v) { v.push_back(copy[1]); });
        array = fresh();
        array.emplace_back(array.front());
        expect(array, [&](auto& v) { v.push_back(copy[0]); });
        array = fresh();
        array.append(array.data(), count);
        expect(array, [&](auto& v) { v.insert(v.end(), copy.begin(), copy.end()); });
        array = fresh();
        array.insert(array.begin() + 2, array.back());
        expect(array, [&](auto& v) { v.insert(v.begin() + 2, copy.back()); });
        array = fresh();
        array.insert(array.begin() + 2, 5, array[7]);
        expect(array, [&](auto& v) { v.insert(v.begin() + 2, 5, copy[7]); });
        array = fresh();
        array.emplace(array.begin(), array[5]);
        expect(array, [&](auto& v) { v.insert(v.begin(), copy[5]); });
        array = fresh();
        array.insert(array.begin() + 3, array.begin() + 1, array.end() - 1);
        expect(array, [&](auto& v) { v.insert(v.begin() + 3, copy.begin() + 1, copy.end() - 1); });
        array = fresh();
        array.insert(array.begin() + 3, array.rbegin(), array.rend());
        expect(array, [&](auto& v) { v.insert(v.begin() + 3, copy.rbegin(), copy.rend()); });
        array = fresh();
        array.resize(count + 5, array[3]);
        expect(array, [&](auto& v) { v.resize(count + 5, copy[3]); });
        array = fresh();
        array.assign(count + 5, array[3]);
        expect(array, [&](auto& v) { v.assign(count + 5, copy[3]); });
        array = fresh();
        array.assign(array.begin() + 1, array.begin() + n);
        expect(array, [&](auto& v) { v.assign(copy.begin() + 1, copy.end()); });
    }
}

TEST_CASE("the address stays from the first element to the end of the reservation") {
    SmallReservations machine(MiB);
    DynamicArray<std::uint16_t, FakeMemory> array;
    array.push_back(1);
    const std::uint16_t* const data = array.data();
    const std::uint16_t& first = array.front();
    const std::size_t limit = array.max_size();
    CHECK(limit >= (MiB - sizeof(Block)) / 2);
    std::size_t growths = 0;
    bool stayed = true;
    for (std::size_t size = 1; size < limit; ++size) {
        const std::size_t capacity = array.capacity();
        array.push_back(static_cast<std::uint16_t>(size));
        stayed = stayed && array.data() == data;
        growths += array.capacity() != capacity;
    }
    CHECK(stayed);
    CHECK(array.size() == limit);
    CHECK(array.max_size() == limit);
    CHECK(growths == 4);
    CHECK(first == 1);
    check(array);

    while (!array.empty()) array.pop_back();
    array.resize(limit);
    array.clear();
    array.assign(limit, 5);
    array.shrink_to_fit();
    array.erase(array.begin() + 5, array.end());
    array.shrink_to_fit();
    array.insert(array.begin(), limit - 5, std::uint16_t{6});
    const DynamicArray<std::uint16_t, FakeMemory> other = {1, 2, 3};
    array = other;
    CHECK(array.data() == data);
    CHECK(array.max_size() == limit);
}

TEST_CASE("past the reservation the elements move, and the old memory stays readable") {
    SmallReservations machine;
    DynamicArray<int, FakeMemory> array;
    array.resize(10);
    const int full = static_cast<int>(array.max_size());
    array.resize(array.max_size());
    std::iota(array.begin(), array.end(), 0);
    CHECK(array.size() == array.max_size());
    const int* const old = array.data();
    array.push_back(-1);
    CHECK(array.data() != old);
    CHECK(array.max_size() >= 2 * static_cast<std::size_t>(full));
    CHECK(std::equal(old, old + full, array.begin()));
    array[0] = 77;
    CHECK(old[0] == 0);
    while (array.size() < 200000) array.push_back(0);
    CHECK(old[full - 1] == full - 1);
    check(array);
    CHECK(machine.system.ranges.size() >= 3);
    array = DynamicArray<int, FakeMemory>();
    shared_allocator<FakeMemory>().trim();
    CHECK(machine.system.ranges.empty());
}

TEST_CASE("reserve and capacity") {
    DynamicArray<double> array;
    CHECK(array.capacity() == 0);
    array.reserve(0);
    CHECK(array.data() == nullptr);
    array.reserve(1000);
    CHECK(array.capacity() >= 1000);
    const double* const data = array.data();
    const std::size_t capacity = array.capacity();
    array.reserve(10);
    CHECK(array.capacity() == capacity);
    array.resize(1000);
    CHECK(array.data() == data);
    CHECK(array.capacity() == capacity);
    CHECK(array.max_size() >= 1000);
    array.reserve(1000000);
    CHECK(array.capacity() >= 1000000);
    check(array, std::vector<double>(1000));
}

TEST_CASE("resize value-initialises, whatever was there before") {
    struct Point {
        double x, y;
        bool operator==(const Point& other) const { return x == other.x && y == other.y; }
    };
    struct Tagged {
        char tag = 'x';
        int value;
        Tagged() : value(-1) {}
        bool operator==(const Tagged& other) const { return tag == other.tag && value == other.value; }
    };
    auto try_type = [](auto example) {
        using T = decltype(example);
        DynamicArray<T> array(5, example);
        array.resize(2);
        array.resize(4);
        check(array, {example, example, T(), T()});
        array.pop_back();
        array.erase(array.begin());
        array.resize(5);
        check(array, {example, T(), T(), T(), T()});
        array.assign(100, example);
        array.clear();
        array.resize(100);
        check(array, std::vector<T>(100, T()));
        // And in memory that another array has used.
        {
            DynamicArray<T> other(1000, example);
        }
        check(DynamicArray<T>(1000), std::vector<T>(1000, T()));
    };
    try_type(1.5);
    try_type('c');
    try_type(std::complex<double>(1, 2));
    try_type(&global);
    try_type(Point{1, 2});
    try_type(&Point::y);  // a null one is not zero bytes
    Tagged tagged;
    tagged.value = 7;
    try_type(tagged);
}

TEST_CASE("resize takes no memory until elements are written") {
    struct Point {
        double x, y;
    };
    auto try_type = [](auto example) {
        cppdynarray::shared_allocator<>().trim();  // of memory that other arrays wrote
        DynamicArray<decltype(example)> array(1, example);
        array.resize(500 * MiB / sizeof(example));
        const auto* const bytes = reinterpret_cast<const char*>(array.data());
        if (can_measure_residence) CHECK(resident_bytes(bytes + 64 * KiB, bytes + 500 * MiB) == 0);
        array[array.size() / 2] = example;
        if (can_measure_residence) CHECK(resident_bytes(bytes, bytes + 500 * MiB) <= 4 * MiB);
    };
    try_type(1.5f);
    try_type(std::complex<double>(1, 2));
    try_type(Point{1, 2});
}

TEST_CASE("shrink_to_fit gives memory back, and old addresses read as zero") {
    DynamicArray<std::uint64_t> array(4 * MiB, 5);
    const std::uint64_t* const data = array.data();
    array.resize(1000);
    array.shrink_to_fit();
    CHECK(array.capacity() == 1000);
    CHECK(array.data() == data);
    if (can_measure_residence) CHECK(resident_bytes(data + 1000, data + 4 * MiB) == 0);
    CHECK(std::all_of(data + 1000, data + 4 * MiB, [](std::uint64_t value) { return value == 0; }));
    check(array, std::vector<std::uint64_t>(1000, 5));
    array.push_back(6);
    CHECK(array.data() == data);
    array.resize(2000);
    CHECK(array[1999] == 0);

    DynamicArray<int> empty;
    empty.shrink_to_fit();
    check(empty, {});
}

TEST_CASE("sizes that no array can have are length errors, and change nothing") {
    DynamicArray<double> array = {1, 2, 3};
    const State before(array);
    const double one = 1;
    // The size in bytes, the size, and the sum with the present size overflow.
    for (const std::size_t count : {largest / 8 + 1, largest, largest - 2, largest / 4}) {
        CHECK_THROWS_AS(array.resize(count), std::length_error);
        CHECK_THROWS_AS(array.resize(count, one), std::length_error);
        CHECK_THROWS_AS(array.reserve(count), std::length_error);
        CHECK_THROWS_AS(array.assign(count, one), std::length_error);
        CHECK_THROWS_AS(array.append(&one, count), std::length_error);
        CHECK_THROWS_AS(array.insert(array.begin(), count, one), std::length_error);
        CHECK_THROWS_AS(DynamicArray<double>(count), std::length_error);
        CHECK_THROWS_AS(DynamicArray<double>(count, one), std::length_error);
        CHECK(before == State(array));
    }
    check(array);
}

TEST_CASE("more memory than there is means bad_alloc, and changes nothing") {
    DynamicArray<double> array = {1, 2, 3};
    const State before(array);
    const std::size_t count = std::size_t{1} << (sizeof(void*) == 8 ? 56 : 26);
    CHECK_THROWS_AS(array.resize(count), std::bad_alloc);
    CHECK_THROWS_AS(array.reserve(count), std::bad_alloc);
    CHECK_THROWS_AS(DynamicArray<double>(count), std::bad_alloc);
    CHECK(before == State(array));
    check(array);
}

TEST_CASE("constructors and iterators that throw change nothing") {
    struct Picky {
        int value;
        explicit Picky(int v) : value(v) {
            if (v == 3) throw std::runtime_error("three");
        }
        bool operator==(const Picky& other) const { return value == other.value; }
    };
    SmallReservations machine;
    DynamicArray<Picky, FakeMemory> array;
    for (int value : {5, 6, 7}) array.emplace_back(value);
    const State before(array);
    const std::list<int> values = {1, 2, 3, 4};
    CHECK_THROWS_AS(array.emplace_back(3), std::runtime_error);
    CHECK_THROWS_AS(array.emplace(array.begin(), 3), std::runtime_error);
    CHECK_THROWS_AS(array.insert(array.begin() + 1, values.begin(), values.end()), std::runtime_error);
    CHECK_THROWS_AS(array.assign(values.begin(), values.end()), std::runtime_error);
    CHECK_THROWS_AS((DynamicArray<Picky, FakeMemory>(values.begin(), values.end())), std::runtime_error);
    CHECK(before == State(array));
    check(array);

    std::istringstream text("1 2 3 4");
    const std::istream_iterator<int> first(text), last;
    CHECK_THROWS_AS(array.insert(array.begin(), first, last), std::runtime_error);
    CHECK(before.elements == State(array).elements);
    check(array);
}

TEST_CASE("every system call that fails in any operation leaves the array as it was") {
    using Array = DynamicArray<int, FakeMemory>;
    using Model = std::vector<int>;
    const std::vector<int> values = counted(40000);
    const std::list<int> list(values.begin(), values.begin() + 30000);
    std::string text;
    for (int i = 0; i < 30000; ++i) text += "7 ";

    struct Operation {
        const char* name;
        std::function<void(Array&)> on_array;
        std::function<void(Model&)> on_model;
        bool needs_elements = false;
    };
#define BOTH(...) #__VA_ARGS__, [&](Array& a) { __VA_ARGS__; }, [&](Model& a) { __VA_ARGS__; }
    const Operation operations[] = {
        {BOTH(a.push_back(1))},
        {BOTH(a.emplace_back(2))},
        {BOTH(a.insert(a.begin(), 3))},
        {BOTH(a.insert(a.begin() + 1, 30000, 4)), true},
        {BOTH(a.insert(a.begin() + 1, values.begin(), values.end())), true},
        {BOTH(a.insert(a.begin() + 2, list.begin(), list.end())), true},
        {BOTH(a.insert(a.begin(), {1, 2, 3}))},
        {BOTH(a.emplace(a.begin() + 1, 5)), true},
        {BOTH(a.resize(a.size() + 1))},
        {BOTH(a.resize(40000))},
        {BOTH(a.resize(40000, 6))},
        {BOTH(a.resize(10))},
        {BOTH(a.resize(10); a.resize(16368))},
        {BOTH(a.assign(40000, 7))},
        {BOTH(a.assign(values.begin(), values.end()))},
        {BOTH(a.assign({1, 2, 3}))},
        {BOTH(a.reserve(40000))},
        {BOTH(a.shrink_to_fit())},
        {BOTH(a.erase(a.begin(), a.end() - 1); a.shrink_to_fit()), true},
        {BOTH(a.clear())},
        {"append", [&](Array& a) { a.append(values.data(), 20000); },
         [&](Model& a) { a.insert(a.end(), values.begin(), values.begin() + 20000); }},
        {"append itself", [](Array& a) { a.append(a.data(), a.size()); },
         [](Model& a) {
             const Model copy = a;
             a.insert(a.end(), copy.begin(), copy.end());
         }},
        {"assign another",
         [&](Array& a) {
             const Array other(values.begin(), values.end());
             a = other;
         },
         [&](Model& a) { a = values; }},
        {"copy",
         [](Array& a) {
             const Array copy(a);
             CHECK((copy == a));
         },
         [](Model&) {}},
    };
#undef BOTH

    // Arrays that just fill their first commit, that just fill the reservation, and without memory.
    const std::pair<std::size_t, std::size_t> beginnings[] = {{16368, MiB}, {16368, 64 * KiB}, {0, MiB}};
    for (const Operation& operation : operations) {
        for (const auto& [size, reservation] : beginnings) {
            if (size == 0 && operation.needs_elements) continue;
            for (const std::size_t count : {std::size_t{1}, FakeSystem::unlimited}) {
                for (std::size_t use = 1;; ++use) {
                    INFO(operation.name << " at size " << size << ": call " << use << ", " << count << " fail");
                    SmallReservations machine(reservation);
                    Model model(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(size));
                    Array array(model.begin(), model.end());
                    const State before(array);
                    machine.system.fail(use, count);
                    bool done = true;
                    try {
                        operation.on_array(array);
                    } catch (const std::bad_alloc&) {
                        done = false;
                    }
                    const bool failed = machine.system.failures > 0;
                    machine.system.heal();
                    if (done) operation.on_model(model);
                    else if (!(before == State(array))) FAIL("changed by a failure");
                    if (array.size() != model.size() || !std::equal(array.begin(), array.end(), model.begin()))
                        FAIL("wrong elements");
                    operation.on_array(array);
                    operation.on_model(model);
                    check(array, model);
                    if (!failed) break;
                }
            }
        }
    }
}

TEST_CASE("a failing release costs addresses only") {
    SmallReservations machine;
    {
        DynamicArray<int, FakeMemory> array(9 * MiB, 1);  // more than the pool takes
        machine.system.fail(Call::release, 1);
    }
    CHECK(machine.system.failures == 1);
    CHECK(machine.system.calls_of(Call::discard) == 1);
    check(DynamicArray<int, FakeMemory>(10, 1), std::vector<int>(10, 1));
}

TEST_CASE("random operations do what std::vector does") {
    for (unsigned round = 0; round < 20; ++round) {
        // Another seed: --seed.
        const unsigned seed = testing::seed + round;
        INFO("seed " << seed << " (--seed " << testing::seed << ")");
        std::mt19937 random(seed);
        auto below = [&](std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit)(random); };
        SmallReservations machine(round % 2 == 0 ? 64 * KiB : 4 * MiB);
        machine.system.discards = round % 3 != 0;
        DynamicArray<int, FakeMemory> array;
        std::vector<int> model;
        int next = 0;
        bool equal = true;
        for (int step = 0; step < 400 && equal; ++step) {
            const std::size_t size = model.size();
            const std::size_t index = below(size);
            const std::size_t count = below(below(10) == 0 ? 20000 : 20);
            const auto at = static_cast<std::ptrdiff_t>(index);
            const auto to = static_cast<std::ptrdiff_t>(index + below(size - index));
            const int value = ++next;
            const std::vector<int> some(count, value);
            const int operation = static_cast<int>(below(17));
            switch (operation) {
                case 0:
                    array.push_back(value);
                    model.push_back(value);
                    break;
                case 1:
                    array.emplace_back(value);
                    model.emplace_back(value);
                    break;
                case 2:
                    array.append(some.data(), count);
                    model.insert(model.end(), some.begin(), some.end());
                    break;
                case 3:
                    array.insert(array.begin() + at, value);
                    model.insert(model.begin() + at, value);
                    break;
                case 4:
                    array.insert(array.begin() + at, count, value);
                    model.insert(model.begin() + at, count, value);
                    break;
                case 5:
                    array.insert(array.begin() + at, some.begin(), some.end());
                    model.insert(model.begin() + at, some.begin(), some.end());
                    break;
                case 6:
                    array.erase(array.begin() + at, array.begin() + to);
                    model.erase(model.begin() + at, model.begin() + to);
                    break;
                case 7:
                    if (index == size) break;
                    array.erase(array.begin() + at);
                    model.erase(model.begin() + at);
                    break;
                case 8:
                    if (size == 0) break;
                    array.pop_back();
                    model.pop_back();
                    break;
                case 9:
                    array.resize(index);
                    model.resize(index);
                    break;
                case 10:
                    array.resize(size + count);
                    model.resize(size + count);
                    break;
                case 11:
                    array.resize(size + count, value);
                    model.resize(size + count, value);
                    break;
                case 12:
                    array.assign(array.begin() + at, array.end());
                    model.erase(model.begin(), model.begin() + at);
                    break;
                case 13:
                    array.emplace(array.begin() + at, value);
                    model.emplace(model.begin() + at, value);
                    break;
                case 14:
                    if (size < 100000) break;
                    array.clear();
                    model.clear();
                    break;
                case 15: array.reserve(size + count); break;
                case 16: array.shrink_to_fit(); break;
                default: array = DynamicArray<int, FakeMemory>(array); break;
            }
            equal = array.size() == model.size() && std::equal(array.begin(), array.end(), model.begin());
            if (!equal) FAIL("operation " << operation << " in step " << step);
            if (step % 20 == 0) check(array, model);
        }
    }
}

TEST_CASE("many arrays at once") {
    std::vector<DynamicArray<int>> arrays;
    bool good = true;
    for (int i = 0; i < 20000; ++i) arrays.emplace_back(10, i);
    for (int repeat = 0; repeat < 100; ++repeat)
        for (int i = 0; i < 20000; i += 97) arrays[static_cast<std::size_t>(i)].push_back(i);
    for (int i = 0; i < 20000; ++i) {
        const auto& array = arrays[static_cast<std::size_t>(i)];
        good = good && array.size() == (i % 97 == 0 ? 110u : 10u) &&
               std::count(array.begin(), array.end(), i) == static_cast<std::ptrdiff_t>(array.size());
    }
    CHECK(good);
}
