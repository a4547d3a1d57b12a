// No Python: std::vector's members, and data that stays where it is.
#include <cppdynarray/dynamic_array.hpp>

#include <cassert>

int main() {
    cppdynarray::DynamicArray<double> values{1.0, 2.0};
    const double* const first = values.data();
    for (int i = 0; i < 1'000'000; ++i) values.push_back(i);
    assert(values.data() == first);
    assert(values.size() == 1'000'002 && values.size() <= values.max_size());
}
