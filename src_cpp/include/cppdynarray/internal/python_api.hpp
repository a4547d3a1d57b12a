// What compiled modules and the installed cppdynarray say to each other: a table of functions that is
// reached through a capsule, so that nothing needs to be linked. Users' code includes python_array.hpp.
#pragma once

#include <Python.h>

#include <complex>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <type_traits>

#include "array_place.hpp"
#include "block.hpp"

namespace cppdynarray {

// Of this table, of ElementType and Field, of Block, ArrayPlace and their functions: each change raises it.
constexpr std::uint32_t python_api_version = 1;
constexpr const char* python_api_capsule = "cppdynarray._core._handles.api";

struct Field;
struct TablePlace;

// The dtype of an element, in NumPy's words: kind 'b', 'i', 'u', 'f', 'c' or, for structs, 'V'.
struct ElementType {
    char kind;
    std::uint32_t size;
    const Field* fields;  // nullptr: unknown, and any structured dtype of this size will do
    std::uint32_t field_count;
};

struct Field {
    const char* name;
    std::size_t offset;
    ElementType type;
};

struct PythonApi {
    std::uint32_t version;  // of the installed package

    // All need the GIL.

    // A handle: the place of `object`, together with a reference to it, which functions->close() ends. `kind` is the
    // class whose arrays are meant: a DynamicArray that can grow, a RollingArray that can take rows, whose place is a
    // RollingPlace. nullptr and a Python exception if `object` isn't one with `ndim` dimensions and elements of `type`.
    ArrayPlace* (*open)(PyObject* object, const char* kind, const ElementType* type, int ndim);

    // A new DynamicArray that owns `block`; nullptr, and the block still the caller's, with a Python
    // exception. `dtype` may be nullptr where `type` says enough.
    PyObject* (*adopt)(Block* block, int ndim, const Py_ssize_t* shape, const ElementType* type, PyObject* dtype);

    // A handle to a DynamicTable, with a reference to it, which close() of the place ends; and the place of one of its
    // columns, with `items` elements of `type` in a row. nullptr and a Python exception if it isn't one, or has none.
    TablePlace* (*open_table)(PyObject* object);
    const ArrayPlace* (*table_column)(TablePlace* table, const char* name, const ElementType* type, std::size_t items);
};

// The fields of a struct T, as far as they are to be checked against a structured dtype:
//
//     struct Event { double time; std::int32_t neuron; };
//     template <> struct cppdynarray::StructFields<Event> {
//         static constexpr cppdynarray::Field fields[] = {
//             CPPDYNARRAY_FIELD(Event, time), CPPDYNARRAY_FIELD(Event, neuron)};
//     };
template <class T>
struct StructFields {};

#define CPPDYNARRAY_FIELD(Struct, member) \
    ::cppdynarray::Field { #member, offsetof(Struct, member), ::cppdynarray::element_type<decltype(Struct::member)>() }

template <class T>
struct IsComplex : std::false_type {};
template <class T>
struct IsComplex<std::complex<T>> : std::true_type {};

template <class T, class = void>
struct HasFields : std::false_type {};
template <class T>
struct HasFields<T, std::void_t<decltype(StructFields<T>::fields)>> : std::true_type {};

template <class T>
constexpr ElementType element_type() noexcept {
    static_assert(std::is_trivially_copyable_v<T> || IsComplex<T>::value, "elements are moved as bytes");
    constexpr auto size = static_cast<std::uint32_t>(sizeof(T));
    if constexpr (std::is_same_v<T, bool>) return {'b', size, nullptr, 0};
    else if constexpr (std::is_enum_v<T>) return element_type<std::underlying_type_t<T>>();
    else if constexpr (std::is_floating_point_v<T>) return {'f', size, nullptr, 0};
    else if constexpr (std::is_integral_v<T>) return {std::is_signed_v<T> ? 'i' : 'u', size, nullptr, 0};
    else if constexpr (IsComplex<T>::value) return {'c', size, nullptr, 0};
    else if constexpr (HasFields<T>::value)
        return {'V', size, StructFields<T>::fields, static_cast<std::uint32_t>(std::size(StructFields<T>::fields))};
    else {
        static_assert(std::is_class_v<T> || std::is_union_v<T>, "NumPy has no dtype for this");
        return {'V', size, nullptr, 0};
    }
}

}  // namespace cppdynarray
