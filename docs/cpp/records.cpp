// Bound by pybind11: arrays come in as handles, and go out without a copy.
#include <cppdynarray/pybind11.hpp>

#include <cstdint>

namespace py = pybind11;

struct Event {
    double time;
    std::int32_t neuron;
};

// What the dtype of an array of these is.
template <>
struct cppdynarray::StructFields<Event> {
    static constexpr cppdynarray::Field fields[] = {CPPDYNARRAY_FIELD(Event, time), CPPDYNARRAY_FIELD(Event, neuron)};
};

// Appends to an array of Python's.
void record(cppdynarray::PythonArray1D<Event> events, int count) {
    for (int i = 0; i < count; ++i) events.push_back(Event{0.1 * i, i % 10});
}

// Makes one in C++; Python owns its memory afterwards.
cppdynarray::DynamicArray<double> squares(int count) {
    cppdynarray::DynamicArray<double> made;
    for (int i = 0; i < count; ++i) made.push_back(1.0 * i * i);
    return made;
}

PYBIND11_MODULE(records, module) {
    module.def("record", &record, py::call_guard<py::gil_scoped_release>());
    module.def("squares", &squares);
}
