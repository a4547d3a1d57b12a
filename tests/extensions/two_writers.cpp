// What debug builds notice: an array that somebody else changes while a handle is at it.
#include <Python.h>
#include <cppdynarray/python_rolling.hpp>
#include <cppdynarray/python_table.hpp>

#include <chrono>
#include <thread>
#include <vector>

namespace {

PyObject* none_if(PyObject* result) {
    if (result == nullptr) return nullptr;
    Py_DECREF(result);
    Py_RETURN_NONE;
}

// write(array, meanwhile): pushes with a writer, before and after it calls that.
PyObject* write(PyObject*, PyObject* arguments) {
    PyObject *object, *meanwhile;
    if (!PyArg_ParseTuple(arguments, "OO", &object, &meanwhile)) return nullptr;
    try {
        cppdynarray::PythonArray1D<double> array(object);
        auto writer = array.writer();
        for (int i = 0; i < 1000; ++i) writer.push_back(i);
        writer.publish();
        writer.push_back(1000);
        PyObject* const result = PyObject_CallNoArgs(meanwhile);
        writer.push_back(1001);
        return none_if(result);
    } catch (const cppdynarray::PythonError&) {
        return nullptr;
    }
}

// append_row(table, meanwhile): a row of its column "x", before and after that.
PyObject* append_row(PyObject*, PyObject* arguments) {
    PyObject *object, *meanwhile;
    if (!PyArg_ParseTuple(arguments, "OO", &object, &meanwhile)) return nullptr;
    try {
        cppdynarray::PythonTable table(object);
        const auto x = table.column<double>("x");
        x[table.next_rows(3)] = 1;
        table.publish(1);
        table.publish(2);
        x[table.next_row()] = 4;
        PyObject* const result = PyObject_CallNoArgs(meanwhile);
        table.publish();
        return none_if(result);
    } catch (const cppdynarray::PythonError&) {
        return nullptr;
    }
}

// slide(window, threads): so many threads that push blocks, for at most two minutes; a single one for a moment.
PyObject* slide(PyObject*, PyObject* arguments) {
    PyObject* object;
    int count;
    if (!PyArg_ParseTuple(arguments, "Oi", &object, &count)) return nullptr;
    try {
        const cppdynarray::PythonRolling1D<double> window(object);
        const std::vector<double> block(window.maxlen());
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(count > 1 ? 120'000 : 100);
        Py_BEGIN_ALLOW_THREADS;
        std::vector<std::thread> threads;
        for (int i = 0; i < count; ++i)
            threads.emplace_back([&block, end, of_thread = window]() mutable {
                while (std::chrono::steady_clock::now() < end) {
                    of_thread.append(block.data(), block.size());
                    of_thread.push_back(1);
                }
            });
        for (std::thread& thread : threads) thread.join();
        Py_END_ALLOW_THREADS;
        Py_RETURN_NONE;
    } catch (const cppdynarray::PythonError&) {
        return nullptr;
    }
}

PyMethodDef methods[] = {{"write", write, METH_VARARGS, ""},
                         {"append_row", append_row, METH_VARARGS, ""},
                         {"slide", slide, METH_VARARGS, ""},
                         {nullptr, nullptr, 0, nullptr}};
PyModuleDef definition = {PyModuleDef_HEAD_INIT, "two_writers", "", -1, methods, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit_two_writers() { return PyModule_Create(&definition); }
