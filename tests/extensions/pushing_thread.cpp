// Threads of C++'s own that change an array without the GIL while Python goes on: one pushes rows that it is given; one
// pushes and takes off again until it is told to stop. What that one writes as the k-th element is k, so that what a
// reader sees can be told from its length.
#include <Python.h>
#include <cppdynarray/python_array.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
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

// A handle, and the thread that works through it.
class Pushing {
public:
    virtual ~Pushing() = default;
    virtual void go_between(std::vector<std::size_t> lengths, std::uint64_t seed) = 0;
    virtual bool push_all(const char* rows, std::size_t bytes) = 0;
    virtual void join() = 0;
    std::atomic<bool> stopping{false};
    std::atomic<std::size_t> changes{0};
    std::exception_ptr error;
};

template <class Array, class T>
class PushingOnto : public Pushing {
public:
    explicit PushingOnto(PyObject* object) : array_(object) {}
    ~PushingOnto() override {
        stopping = true;
        PushingOnto::join();
    }

    // From one of the lengths to another, until it is told to stop.
    void go_between(std::vector<std::size_t> lengths, std::uint64_t seed) override {
        random_ = seed | 1;
        values_.resize(*std::max_element(lengths.begin(), lengths.end()) * columns_of(array_));
        for (std::size_t k = 0; k < values_.size(); ++k) values_[k] = static_cast<T>(k);
        thread_ = std::thread([this, lengths = std::move(lengths)] {
            run([&] {
                while (!stopping) {
                    grow_or_shrink_to(lengths[random() % lengths.size()]);
                    changes.fetch_add(1, std::memory_order_relaxed);
                    pause();
                }
            });
        });
    }

    // The rows one by one; false if there is no whole number of them.
    bool push_all(const char* rows, std::size_t bytes) override {
        const std::size_t columns = columns_of(array_);
        if (columns == 0 || bytes % (columns * sizeof(T)) != 0) return false;
        values_.resize(bytes / sizeof(T));
        if (bytes != 0) std::memcpy(values_.data(), rows, bytes);
        thread_ = std::thread([this, columns] {
            run([&] {
                for (std::size_t k = 0; k < values_.size(); k += columns) {
                    push(array_, &values_[k]);
                    pause();
                }
            });
        });
        return true;
    }

    void join() override {
        if (!thread_.joinable()) return;
        Py_BEGIN_ALLOW_THREADS thread_.join();
        Py_END_ALLOW_THREADS
    }

private:
    template <class Work>
    void run(Work work) {
        try {
            work();
        } catch (...) {
            error = std::current_exception();
        }
    }

    std::uint64_t random() {
        random_ ^= random_ << 13;
        random_ ^= random_ >> 7;
        random_ ^= random_ << 17;
        return random_ >> 16;
    }

    void pause() {
        for (std::atomic<std::uint64_t> left(random() % 4096); left != 0;) --left;
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
    std::uint64_t random_ = 1;
    std::vector<T> values_;
    std::thread thread_;
};

constexpr const char* capsule_name = "pushing";

Pushing* pushing_of(PyObject* capsule) { return static_cast<Pushing*>(PyCapsule_GetPointer(capsule, capsule_name)); }

// hold(array, integers, rows): a handle to an array of int64 or float64, with two dimensions or one.
PyObject* hold(PyObject*, PyObject* arguments) {
    PyObject* array;
    int integers, rows;
    if (!PyArg_ParseTuple(arguments, "Opp", &array, &integers, &rows)) return nullptr;
    std::unique_ptr<Pushing> made;
    try {
        if (integers && rows) {
            made.reset(new PushingOnto<PythonArray2D<std::int64_t>, std::int64_t>(array));
        } else if (integers) {
            made.reset(new PushingOnto<PythonArray1D<std::int64_t>, std::int64_t>(array));
        } else if (rows) {
            made.reset(new PushingOnto<PythonArray2D<double>, double>(array));
        } else {
            made.reset(new PushingOnto<PythonArray1D<double>, double>(array));
        }
    } catch (const cppdynarray::PythonError&) {
        return nullptr;
    }
    return PyCapsule_New(made.release(), capsule_name, [](PyObject* capsule) { delete pushing_of(capsule); });
}

// go_between(pushing, lengths, seed): starts the thread that goes on until stop().
PyObject* go_between(PyObject*, PyObject* arguments) {
    PyObject *capsule, *list;
    unsigned long long seed;
    if (!PyArg_ParseTuple(arguments, "OO!K", &capsule, &PyList_Type, &list, &seed)) return nullptr;
    Pushing* pushing = pushing_of(capsule);
    if (pushing == nullptr) return nullptr;
    std::vector<std::size_t> lengths;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); ++i) lengths.push_back(PyLong_AsSize_t(PyList_GET_ITEM(list, i)));
    if (PyErr_Occurred()) return nullptr;
    pushing->go_between(std::move(lengths), seed);
    Py_RETURN_NONE;
}

// push(pushing, rows): starts the thread that pushes them one by one.
PyObject* push_rows(PyObject*, PyObject* arguments) {
    PyObject* capsule;
    Py_buffer rows;
    if (!PyArg_ParseTuple(arguments, "Oy*", &capsule, &rows)) return nullptr;
    Pushing* pushing = pushing_of(capsule);
    const bool fit = pushing != nullptr && pushing->push_all(static_cast<const char*>(rows.buf), rows.len);
    PyBuffer_Release(&rows);
    if (pushing == nullptr) return nullptr;
    if (!fit) {
        PyErr_SetString(PyExc_ValueError, "no whole number of rows");
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* joined(PyObject* capsule, bool stop) {
    Pushing* pushing = pushing_of(capsule);
    if (pushing == nullptr) return nullptr;
    if (stop) pushing->stopping = true;
    pushing->join();
    if (pushing->error) {
        PyErr_SetString(PyExc_RuntimeError, "the pushing thread threw an exception");
        return nullptr;
    }
    return PyLong_FromSize_t(pushing->changes);
}

// join(pushing): once all rows are pushed. stop(pushing): how often the length changed. The handle stays open until
// the capsule goes.
PyObject* join(PyObject*, PyObject* capsule) { return joined(capsule, false); }
PyObject* stop(PyObject*, PyObject* capsule) { return joined(capsule, true); }

PyMethodDef methods[] = {{"hold", hold, METH_VARARGS, ""},
                         {"go_between", go_between, METH_VARARGS, ""},
                         {"push", push_rows, METH_VARARGS, ""},
                         {"join", join, METH_O, ""},
                         {"stop", stop, METH_O, ""},
                         {nullptr, nullptr, 0, nullptr}};
PyModuleDef definition = {PyModuleDef_HEAD_INIT, "pushing_thread", "", -1, methods, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit_pushing_thread() { return PyModule_Create(&definition); }
