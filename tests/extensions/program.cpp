// Somebody's C++ program, without Python.
#include <cppdynarray/dynamic_array.hpp>

#include <cstdio>

int main() {
    cppdynarray::DynamicArray<double> values;
    values.push_back(0.0);
    const double* const first = values.data();
    for (int i = 1; i < 1'000'000; ++i) values.push_back(i);
    double sum = 0;
    for (const double value : values) sum += value;
    std::printf("%.0f %d\n", sum, first == values.data());
}
