// A thread of C++'s own that pushes onto an array and takes off again, without the GIL, until it is told to stop.
// The k-th element is k, whenever it is written: what a reader sees can be told from its length.
#include <Python.h>
#include <cppdynarray/python_array.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace {

using cppdynarray::PythonArray1D;
using cppdynarray::PythonArray2D;

template <class T>
std::size_t rows_of(const PythonArray1D<T>& array) {
    return array.size();
}
template <class T>
std::size_t rows_of(const PythonArray2D<T>& array) {
    return array.rows();
}
template <class T>
std::size_t columns_of(const PythonArray1D<T>&) {
    return 1;
}
template <class T>
std::size_t columns_of(const PythonArray2D<T>& array) {
    return array.cols();
}
template <class T>
void push(PythonArray1D<T>& array, const T* row) {
    array.push_back(*row);
}
template <class T>
void push(PythonArray2D<T>& array, const T* row) {
    array.push_back(row);
}

class Pushing {
public:
    virtual ~Pushing() = default;
    virtual void stop() = 0;
    std::atomic<std::size_t> changes{0};
    std::exception_ptr error;
};

template <class Array, class T>
class PushingOnto : public Pushing {
public:
    PushingOnto(PyObject* object, std::vector<std::size_t> lengths, std::uint64_t seed)
        : array_(object), lengths_(std::move(lengths)), random_(seed | 1) {
        values_.resize(lengths_.back() * columns_of(array_));
        for (std::size_t k = 0; k < values_.size(); ++k) values_[k] = static_cast<T>(k);
        thread_ = std::thread([this] { run(); });
    }
    ~PushingOnto() override { PushingOnto::stop(); }

    void stop() override {
        if (!thread_.joinable()) return;
        stopping_ = true;
        Py_BEGIN_ALLOW_THREADS
        thread_.join();
        Py_END_ALLOW_THREADS
    }

private:
    std::uint64_t random() {
        random_ ^= random_ << 13;
        random_ ^= random_ >> 7;
        random_ ^= random_ << 17;
        return random_ >> 16;
    }

    void run() try {
        while (!stopping_) {
            grow_or_shrink_to(lengths_[random() % lengths_.size()]);
            changes.fetch_add(1, std::memory_order_relaxed);
            for (std::atomic<std::uint64_t> pause(random() % 4096); pause != 0;) --pause;
        }
    } catch (...) {
        error = std::current_exception();
    }

    void grow_or_shrink_to(std::size_t length) {
        const std::size_t columns = columns_of(array_), now = rows_of(array_);
        if (length <= now) {
            array_.resize(length);
        } else if (length - now <= 3) {
            for (std::size_t row = now; row < length; ++row) push(array_, &values_[row * columns]);
        } else {
            array_.append(&values_[now * columns], length - now);
        }
    }

    Array array_;
    std::vector<std::size_t> lengths_;
    std::uint64_t random_;
    std::vector<T> values_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

constexpr const char* capsule_name = "pushing";

Pushing* pushing_of(PyObject* capsule) { return static_cast<Pushing*>(PyCapsule_GetPointer(capsule, capsule_name)); }

// start(array, lengths, integers, rows, seed): it goes from one of the lengths, each a count of rows, to another.
PyObject* start(PyObject*, PyObject* arguments) {
    PyObject *array, *list;
    int integers, rows;
    unsigned long long seed;
    if (!PyArg_ParseTuple(arguments, "OO!ppK", &array, &PyList_Type, &list, &integers, &rows, &seed)) return nullptr;
    std::vector<std::size_t> lengths;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); ++i) lengths.push_back(PyLong_AsSize_t(PyList_GET_ITEM(list, i)));
    if (PyErr_Occurred()) return nullptr;
    std::unique_ptr<Pushing> made;
    try {
        if (integers && rows) {
            made.reset(new PushingOnto<PythonArray2D<std::int64_t>, std::int64_t>(array, std::move(lengths), seed));
        } else if (integers) {
            made.reset(new PushingOnto<PythonArray1D<std::int64_t>, std::int64_t>(array, std::move(lengths), seed));
        } else if (rows) {
            made.reset(new PushingOnto<PythonArray2D<double>, double>(array, std::move(lengths), seed));
        } else {
            made.reset(new PushingOnto<PythonArray1D<double>, double>(array, std::move(lengths), seed));
        }
    } catch (const cppdynarray::PythonError&) {
        return nullptr;
    }
    return PyCapsule_New(made.release(), capsule_name, [](PyObject* capsule) { delete pushing_of(capsule); });
}

// stop(pushing): how often the length changed. The handle stays open until the capsule goes.
PyObject* stop(PyObject*, PyObject* capsule) {
    Pushing* pushing = pushing_of(capsule);
    if (pushing == nullptr) return nullptr;
    pushing->stop();
    if (pushing->error) {
        PyErr_SetString(PyExc_RuntimeError, "the pushing thread threw an exception");
        return nullptr;
    }
    return PyLong_FromSize_t(pushing->changes);
}

PyMethodDef methods[] = {{"start", start, METH_VARARGS, ""}, {"stop", stop, METH_O, ""}, {nullptr, nullptr, 0, nullptr}};
PyModuleDef definition = {PyModuleDef_HEAD_INIT, "pushing_thread", "", -1, methods, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit_pushing_thread() { return PyModule_Create(&definition); }
