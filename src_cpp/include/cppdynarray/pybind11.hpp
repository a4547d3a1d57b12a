// With pybind11: handles as arguments and results of bound functions.
//
//     module.def("push", [](cppdynarray::PythonArray1D<double> array, double x) { array.push_back(x); });
//     module.def("make", [] { return cppdynarray::DynamicArray<double>{1.0, 2.0}; });   // no copy
#pragma once

#include <pybind11/pybind11.h>

#include <type_traits>
#include <utility>

#include "python_array.hpp"
#include "python_rolling.hpp"
#include "to_python.hpp"

namespace pybind11::detail {

// Arrays of other elements are left to other overloads, and a TypeError in the end; arrays that can't
// grow are a ValueError.
template <class Handle>
struct cppdynarray_handle_caster {
    static constexpr bool rolling = std::is_base_of_v<cppdynarray::PythonRolling, Handle>;
    PYBIND11_TYPE_CASTER(Handle, const_name<rolling>("cppdynarray.RollingArray", "cppdynarray.DynamicArray"));

    bool load(handle source, bool) {
        try {
            value = Handle(source.ptr());
            return true;
        } catch (const cppdynarray::PythonError&) {
            error_already_set error;
            if (error.matches(PyExc_TypeError)) return false;
            throw error;
        }
    }

    static handle cast(const Handle& source, return_value_policy, handle) { return handle(source.object()).inc_ref(); }
};

template <class T>
struct type_caster<cppdynarray::PythonArray1D<T>> : cppdynarray_handle_caster<cppdynarray::PythonArray1D<T>> {};
template <class T>
struct type_caster<cppdynarray::PythonArray2D<T>> : cppdynarray_handle_caster<cppdynarray::PythonArray2D<T>> {};
template <class T>
struct type_caster<cppdynarray::PythonRolling1D<T>> : cppdynarray_handle_caster<cppdynarray::PythonRolling1D<T>> {};
template <class T>
struct type_caster<cppdynarray::PythonRolling2D<T>> : cppdynarray_handle_caster<cppdynarray::PythonRolling2D<T>> {};

// Results only: an array that Python owns can't be taken from it.
template <class T>
struct type_caster<cppdynarray::DynamicArray<T>> {
    static constexpr auto name = const_name("cppdynarray.DynamicArray");

    static handle cast(cppdynarray::DynamicArray<T>&& source, return_value_policy, handle) {
        try {
            return cppdynarray::to_python(std::move(source));
        } catch (const cppdynarray::PythonError&) {
            throw error_already_set();
        }
    }
};

}  // namespace pybind11::detail
