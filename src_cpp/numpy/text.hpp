// Text and bytes of fixed width. NumPy fills up with zeros, and doesn't tell those from zeros at the end of a value.
#pragma once

#include <Python.h>
#include <numpy/arrayobject.h>
#include <numpy/arrayscalars.h>

#include <cstddef>
#include <cstring>

namespace cppdynarray {

template <class Unit, class From>
inline bool store_units(char* slot, std::size_t width, const From* from, std::size_t count, bool ascii_only) noexcept {
    while (count > width && from[count - 1] == 0) --count;
    if (count > width) return false;
    bool ascii = true;
    for (std::size_t i = 0; i < count; ++i) {
        const Unit unit = static_cast<Unit>(from[i]);
        ascii = ascii && from[i] < 128;
        std::memcpy(slot + i * sizeof unit, &unit, sizeof unit);
    }
    std::memset(slot + count * sizeof(Unit), 0, (width - count) * sizeof(Unit));
    return ascii || !ascii_only;
}

template <class Unit>
inline bool store_text(char* slot, std::size_t width, PyObject* value) noexcept {
    if (PyUnicode_CheckExact(value) || Py_TYPE(value) == &PyUnicodeArrType_Type) {
        const auto count = static_cast<std::size_t>(PyUnicode_GET_LENGTH(value));
        const void* data = PyUnicode_DATA(value);
        constexpr bool ascii_only = sizeof(Unit) == 1;
        switch (PyUnicode_KIND(value)) {
            case PyUnicode_1BYTE_KIND:
                return store_units<Unit>(slot, width, static_cast<const Py_UCS1*>(data), count, ascii_only);
            case PyUnicode_2BYTE_KIND:
                return store_units<Unit>(slot, width, static_cast<const Py_UCS2*>(data), count, ascii_only);
            default: return store_units<Unit>(slot, width, static_cast<const Py_UCS4*>(data), count, ascii_only);
        }
    }
    if (!PyBytes_CheckExact(value) && Py_TYPE(value) != &PyStringArrType_Type) return false;
    const auto* data = reinterpret_cast<const unsigned char*>(PyBytes_AS_STRING(value));
    return store_units<Unit>(slot, width, data, static_cast<std::size_t>(PyBytes_GET_SIZE(value)), sizeof(Unit) != 1);
}

// Bytes without a meaning: here zeros count.
inline bool store_void(char* slot, std::size_t size, PyObject* value) noexcept {
    if (!PyBytes_CheckExact(value) || static_cast<std::size_t>(PyBytes_GET_SIZE(value)) > size) return false;
    const auto count = static_cast<std::size_t>(PyBytes_GET_SIZE(value));
    std::memcpy(slot, PyBytes_AS_STRING(value), count);
    std::memset(slot + count, 0, size - count);
    return true;
}

}  // namespace cppdynarray
