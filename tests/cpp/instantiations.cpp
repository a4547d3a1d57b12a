// Compiles every member of DynamicArray for awkward element types.
#include <complex>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "cppdynarray/dynamic_array.hpp"

namespace {

enum class Color : std::uint8_t { red, green };
enum Plain { zero, one };

struct Empty {};

struct Padded {
    char tag;
    double value;
    short count;
};

struct Large {
    double values[100];
};

struct Odd {
    char bytes[3];
};

struct alignas(16) Aligned {
    float lanes[4];
};

struct WithMemberPointer {
    int tag;
    double Padded::* member;
};

// Starts at other than zero, with padding.
struct Constructed {
    char tag = 'x';
    double value;
    Constructed() : value(1.5) {}
    explicit Constructed(double v) : value(v) {}
};

union Either {
    double number;
    char bytes[24];
};

// Elements with constant members can't be assigned, but appended, erased and read.
struct Constant {
    const int value;
};

// Elements without a default constructor can do all but resize(count).
struct NotDefault {
    explicit NotDefault(int v) : value(v) {}
    int value;
};

}  // namespace

namespace cppdynarray {

template class DynamicArray<bool>;
template class DynamicArray<char>;
template class DynamicArray<signed char>;
template class DynamicArray<std::byte>;
template class DynamicArray<std::uint64_t>;
template class DynamicArray<float>;
template class DynamicArray<long double>;
template class DynamicArray<std::complex<float>>;
template class DynamicArray<std::complex<double>>;
template class DynamicArray<int*>;
template class DynamicArray<const int*>;
template class DynamicArray<const volatile void*>;
template class DynamicArray<void (*)(int)>;
template class DynamicArray<std::nullptr_t>;
template class DynamicArray<double Padded::*>;
template class DynamicArray<Color>;
template class DynamicArray<Plain>;
template class DynamicArray<Empty>;
template class DynamicArray<Padded>;
template class DynamicArray<Large>;
template class DynamicArray<Odd>;
template class DynamicArray<Aligned>;
template class DynamicArray<WithMemberPointer>;
template class DynamicArray<Constructed>;
template class DynamicArray<Either>;

}  // namespace cppdynarray

using cppdynarray::DynamicArray;

static_assert(sizeof(DynamicArray<double>) == 3 * sizeof(void*), "no larger than std::vector");
static_assert(std::is_nothrow_default_constructible_v<DynamicArray<int>>, "");
static_assert(std::is_nothrow_move_constructible_v<DynamicArray<int>>, "");
static_assert(std::is_nothrow_move_assignable_v<DynamicArray<int>>, "");
static_assert(std::is_nothrow_swappable_v<DynamicArray<int>>, "");
static_assert(!std::is_convertible_v<int, DynamicArray<int>>, "a count alone is explicit");
static_assert(std::is_same_v<decltype(DynamicArray(std::declval<const float*>(), std::declval<const float*>())),
                             DynamicArray<float>>,
              "the element type follows from iterators");

void use_elements_that_lack_something();

void use_elements_that_lack_something() {
    DynamicArray<Constant> constants;
    constants.push_back(Constant{1});
    constants.append(constants.data(), constants.size());
    constants.erase(constants.begin());
    constants.clear();
    constants.shrink_to_fit();

    DynamicArray<NotDefault> others(3, NotDefault(1));
    others.emplace_back(2);
    others.emplace(others.begin(), 3);
    others.resize(2, NotDefault(4));
    others.assign(5, NotDefault(6));
}
