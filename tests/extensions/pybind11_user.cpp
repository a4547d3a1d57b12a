// Somebody's pybind11 module that works on DynamicArrays and makes some.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <cppdynarray/pybind11.hpp>

#include <complex>
#include <cstdint>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace py = pybind11;
using cppdynarray::DynamicArray;
using cppdynarray::PythonArray1D;
using cppdynarray::PythonArray2D;
using cppdynarray::PythonRolling1D;

struct Event {
    double time;
    std::int32_t neuron;
};

template <>
struct cppdynarray::StructFields<Event> {
    static constexpr cppdynarray::Field fields[] = {CPPDYNARRAY_FIELD(Event, time), CPPDYNARRAY_FIELD(Event, neuron)};
};

struct Unknown {
    float x, y;
};

PYBIND11_MODULE(pybind11_user, module) {
    module.def("push", [](PythonArray1D<double> array, double x) { array.push_back(x); });
    module.def("push_any", [](PythonArray1D<float> array, float x) {
        array.push_back(x);
        return "float32";
    });
    module.def("push_any", [](PythonArray1D<std::int64_t> array, std::int64_t x) {
        array.push_back(x);
        return "int64";
    });
    module.def("push_event", [](PythonArray1D<Event> array, double time, std::int32_t neuron) {
        array.push_back(Event{time, neuron});
    });
    module.def("same", [](PythonArray2D<double> array) { return array; });

    module.def("push_into_window", [](PythonRolling1D<double> window, double x) {
        window.push_back(x);
        return window;
    });

    // From a thread of C++'s own, while Python goes on.
    module.def("fill_window_from_thread", [](PythonRolling1D<double> window, std::size_t count, py::function look) {
        std::thread writer([&] {
            for (std::size_t i = 0; i < count; ++i) window.push_back(static_cast<double>(i));
        });
        look();
        py::gil_scoped_release release;
        writer.join();
    });
    module.def("write", [](PythonArray1D<double> array, std::size_t count, py::function look) {
        auto writer = array.writer();
        for (std::size_t i = 0; i < count; ++i) writer.push_back(static_cast<double>(i));
        look();
        writer.publish();
        look();
        writer.push_back(-1.0);
        if (writer.size() != array.size() + 1) throw std::runtime_error("size");
        if (count == 0) throw std::invalid_argument("nothing to write");  // what was pushed stays
    });
    module.def("write_own", [](PythonArray1D<double> array, std::size_t count) {
        auto writer = array.writer();
        for (std::size_t i = 0; i < count; ++i) writer.push_back(array[0]);
    });
    module.def("fill_from_thread", [](PythonArray1D<double> array, std::size_t count) {
        std::thread writer([&] {
            for (std::size_t i = 0; i < count; ++i) array.push_back(static_cast<double>(i));
        });
        py::gil_scoped_release release;
        writer.join();
    });

    module.def("make", [](const std::vector<double>& values) {
        DynamicArray<double> made(values.begin(), values.end());
        const auto address = reinterpret_cast<std::uintptr_t>(made.data());
        py::object object = py::cast(std::move(made));
        return py::make_tuple(object, address, made.size(), made.data() == nullptr);
    });
    module.def("make_events", [](int count) {
        DynamicArray<Event> made;
        for (int i = 0; i < count; ++i) made.push_back(Event{0.5 * i, i});
        return made;
    });
    module.def("make_rows", [](std::size_t count, std::size_t columns, py::object dtype) {
        DynamicArray<double> made(count);
        for (std::size_t i = 0; i < count; ++i) made[i] = static_cast<double>(i);
        try {
            return py::reinterpret_steal<py::object>(
                cppdynarray::to_python(std::move(made), columns, dtype.is_none() ? nullptr : dtype.ptr()));
        } catch (const cppdynarray::PythonError&) {
            // Still whole: nothing was taken.
            if (made.size() != count || (count != 0 && made.back() != static_cast<double>(count - 1))) std::terminate();
            throw py::error_already_set();
        }
    });
    module.def("make_unknown", [](std::size_t count, py::object dtype) {
        try {
            return py::reinterpret_steal<py::object>(cppdynarray::to_python(
                DynamicArray<Unknown>(count, Unknown{1.0f, 2.0f}), 0, dtype.is_none() ? nullptr : dtype.ptr()));
        } catch (const cppdynarray::PythonError&) {
            throw py::error_already_set();
        }
    });
    module.def("make_and_keep_writing", [](std::size_t count) {
        PyObject* object = cppdynarray::to_python(DynamicArray<double>{1.0});
        PythonArray1D<double> handle(object);
        for (std::size_t i = 0; i < count; ++i) handle.push_back(2.0);
        return py::reinterpret_steal<py::object>(object);
    });
}
