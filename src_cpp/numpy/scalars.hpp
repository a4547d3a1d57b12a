// Single elements of the common dtypes, read and written without NumPy's general machinery
// but with its results: the same scalar types, and whatever isn't plain goes to NumPy.
#pragma once

#include <Python.h>
#include <numpy/arrayobject.h>
#include <numpy/arrayscalars.h>

#include <cmath>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "list_item.hpp"
#include "numbers.hpp"

// What is rare, beside what is to be short.
#if defined(_MSC_VER)
#define CPPDYNARRAY_NOT_INLINE __declspec(noinline)
#else
#define CPPDYNARRAY_NOT_INLINE __attribute__((noinline))
#endif

namespace cppdynarray {

template <class Scalar, class T>
inline PyObject* make_scalar(PyTypeObject& type, const char* data) noexcept {
    // As the type's tp_alloc, but for clearing what is written next.
    auto* scalar = PyObject_New(Scalar, &type);
    if (scalar != nullptr) scalar->obval = *reinterpret_cast<const T*>(data);
    return reinterpret_cast<PyObject*>(scalar);
}

// The element at `data`, aligned and in native byte order, as NumPy's scalar. nullptr with no
// exception set: not one of these dtypes.
inline PyObject* load_scalar(const char* data, int type_num) noexcept {
    switch (type_num) {
#define CPPDYNARRAY_LOAD(NUM, Name, type) \
    case NUM: return make_scalar<Py##Name##ScalarObject, type>(Py##Name##ArrType_Type, data);
        CPPDYNARRAY_LOAD(NPY_DOUBLE, Double, npy_double)
        CPPDYNARRAY_LOAD(NPY_FLOAT, Float, npy_float)
        CPPDYNARRAY_LOAD(NPY_LONG, Long, npy_long)
        CPPDYNARRAY_LOAD(NPY_INT, Int, npy_int)
        CPPDYNARRAY_LOAD(NPY_LONGLONG, LongLong, npy_longlong)
        CPPDYNARRAY_LOAD(NPY_ULONG, ULong, npy_ulong)
        CPPDYNARRAY_LOAD(NPY_UINT, UInt, npy_uint)
        CPPDYNARRAY_LOAD(NPY_ULONGLONG, ULongLong, npy_ulonglong)
        CPPDYNARRAY_LOAD(NPY_SHORT, Short, npy_short)
        CPPDYNARRAY_LOAD(NPY_USHORT, UShort, npy_ushort)
        CPPDYNARRAY_LOAD(NPY_BYTE, Byte, npy_byte)
        CPPDYNARRAY_LOAD(NPY_UBYTE, UByte, npy_ubyte)
        CPPDYNARRAY_LOAD(NPY_HALF, Half, npy_half)
        CPPDYNARRAY_LOAD(NPY_LONGDOUBLE, LongDouble, npy_longdouble)
        CPPDYNARRAY_LOAD(NPY_CFLOAT, CFloat, npy_cfloat)
        CPPDYNARRAY_LOAD(NPY_CDOUBLE, CDouble, npy_cdouble)
#undef CPPDYNARRAY_LOAD
        case NPY_BOOL: PyArrayScalar_RETURN_BOOL_FROM_LONG(*reinterpret_cast<const npy_bool*>(data));
        default: return nullptr;
    }
}

// The value of a NumPy scalar of the type that indices have; false if it is another.
inline bool load_intp(PyObject* scalar, Py_ssize_t& value) noexcept {
    struct IntpScalarObject {  // under its own name int, long or long long
        PyObject_HEAD
        npy_intp obval;
    };
    if (Py_TYPE(scalar) != &PyIntpArrType_Type) return false;
    value = reinterpret_cast<IntpScalarObject*>(scalar)->obval;
    return true;
}

template <class T>
inline bool store_float(char* data, PyObject* value) noexcept {
    double number;
    // Other subclasses may have a __float__ of their own.
    if (PyFloat_CheckExact(value) || Py_TYPE(value) == &PyDoubleArrType_Type) {
        number = PyFloat_AS_DOUBLE(value);
    } else if (PyLong_CheckExact(value)) {
        number = PyLong_AsDouble(value);
        if (number == -1.0 && PyErr_Occurred()) {
            PyErr_Clear();
            return false;
        }
    } else {
        return false;
    }
    const T converted = static_cast<T>(number);
    if (!std::is_same_v<T, double> && std::isinf(converted) && !std::isinf(number)) return false;
    *reinterpret_cast<T*>(data) = converted;
    return true;
}

template <class T>
inline bool store_integer(char* data, PyObject* value) noexcept {
    npy_longlong number;
    T converted;
    if (!PyLong_CheckExact(value) || !load_int(value, number) || !convert_number(number, converted)) return false;
    *reinterpret_cast<T*>(data) = converted;
    return true;
}

template <class Scalar>
inline bool store_same(char* data, PyObject* value, PyTypeObject& type) noexcept {
    if (Py_TYPE(value) != &type) return false;
    using T = decltype(Scalar::obval);
    *reinterpret_cast<T*>(data) = reinterpret_cast<Scalar*>(value)->obval;
    return true;
}

// Writes `value` to `data`, aligned and in native byte order. False: nothing written, ask
// NumPy, which converts or says what is wrong. Runs no Python code and sets no exception.
inline bool store_scalar(char* data, int type_num, PyObject* value) noexcept {
    switch (type_num) {
        case NPY_DOUBLE: return store_float<npy_double>(data, value);
        case NPY_FLOAT:
            return store_float<npy_float>(data, value) ||
                   store_same<PyFloatScalarObject>(data, value, PyFloatArrType_Type);
#define CPPDYNARRAY_STORE(NUM, Name, type)         \
    case NUM:                                      \
        return store_integer<type>(data, value) || \
               store_same<Py##Name##ScalarObject>(data, value, Py##Name##ArrType_Type);
            CPPDYNARRAY_STORE(NPY_LONG, Long, npy_long)
            CPPDYNARRAY_STORE(NPY_INT, Int, npy_int)
            CPPDYNARRAY_STORE(NPY_LONGLONG, LongLong, npy_longlong)
            CPPDYNARRAY_STORE(NPY_ULONG, ULong, npy_ulong)
            CPPDYNARRAY_STORE(NPY_UINT, UInt, npy_uint)
            CPPDYNARRAY_STORE(NPY_ULONGLONG, ULongLong, npy_ulonglong)
            CPPDYNARRAY_STORE(NPY_SHORT, Short, npy_short)
            CPPDYNARRAY_STORE(NPY_USHORT, UShort, npy_ushort)
            CPPDYNARRAY_STORE(NPY_BYTE, Byte, npy_byte)
            CPPDYNARRAY_STORE(NPY_UBYTE, UByte, npy_ubyte)
#undef CPPDYNARRAY_STORE
        case NPY_BOOL:
            if (PyBool_Check(value)) *data = value == Py_True;
            else if (Py_TYPE(value) == &PyBoolArrType_Type) *data = value == PyArrayScalar_True;
            else return false;
            return true;
        case NPY_CDOUBLE: {
            if (!PyComplex_CheckExact(value) && Py_TYPE(value) != &PyCDoubleArrType_Type) return false;
            const Py_complex number = reinterpret_cast<PyComplexObject*>(value)->cval;
            reinterpret_cast<double*>(data)[0] = number.real;
            reinterpret_cast<double*>(data)[1] = number.imag;
            return true;
        }
        default: return false;
    }
}

// What NumPy makes of a list: NPY_DOUBLE if all its items are floats and NPY_INTP if all are ints, Python's
// own; NPY_NOTYPE for any other list. Ints may still be too large.
inline int type_of_numbers(PyObject* list) noexcept {
    PyTypeObject* type = nullptr;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); ++i) {
        const ListItem item(list, i);
        if (!item) return NPY_NOTYPE;
        if (type == nullptr) {
            type = Py_TYPE(item.get());
            if (type != &PyFloat_Type && type != &PyLong_Type) return NPY_NOTYPE;
        }
        if (Py_TYPE(item.get()) != type) return NPY_NOTYPE;
    }
    return type == nullptr ? NPY_NOTYPE : type == &PyFloat_Type ? NPY_DOUBLE : NPY_INTP;
}

}  // namespace cppdynarray
