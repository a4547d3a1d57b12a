// push_back in a loop without the GIL: a handle onto a DynamicArray, and std::vector.
#include <cppdynarray/python_array.hpp>

#include <vector>

namespace {

// Not inlined into its callers, which would let the compiler look through one of them only.
template <class Array>
[[gnu::noinline]] void push(Array& array, Py_ssize_t count) {
    for (Py_ssize_t i = 0; i < count; ++i) array.push_back(static_cast<double>(i));
}

template <class Array>
auto write(Array& array, Py_ssize_t count, int) -> decltype(array.writer(), void()) {
    auto writer = array.writer();
    push(writer, count);
}
// With headers from before there were writers.
template <class Array>
void write(Array& array, Py_ssize_t count, long) {
    push(array, count);
}

std::vector<double> reserved;

// push_onto(array, count, by_writer=False): each element for others to see at once, or all when the writer ends
PyObject* push_onto(PyObject*, PyObject* arguments) {
    PyObject* object;
    Py_ssize_t count;
    int by_writer = 0;
    if (!PyArg_ParseTuple(arguments, "On|p", &object, &count, &by_writer)) return nullptr;
    try {
        cppdynarray::PythonArray1D<double> array(object);
        Py_BEGIN_ALLOW_THREADS;
        if (by_writer) write(array, count, 0);
        else push(array, count);
        Py_END_ALLOW_THREADS;
    } catch (const cppdynarray::PythonError&) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

// push_onto_vector(count, after_reserve): a new vector, or one whose memory was used before
PyObject* push_onto_vector(PyObject*, PyObject* arguments) {
    Py_ssize_t count;
    int after_reserve;
    if (!PyArg_ParseTuple(arguments, "np", &count, &after_reserve)) return nullptr;
    Py_BEGIN_ALLOW_THREADS;
    if (after_reserve) {
        reserved.clear();
        reserved.reserve(static_cast<std::size_t>(count));
        push(reserved, count);
    } else {
        std::vector<double> grown;
        push(grown, count);
    }
    Py_END_ALLOW_THREADS;
    Py_RETURN_NONE;
}

PyMethodDef methods[] = {{"push_onto", push_onto, METH_VARARGS, ""},
                         {"push_onto_vector", push_onto_vector, METH_VARARGS, ""},
                         {nullptr, nullptr, 0, nullptr}};
PyModuleDef definition = {PyModuleDef_HEAD_INIT, "push_back", "", -1, methods, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit_push_back() { return PyModule_Create(&definition); }
