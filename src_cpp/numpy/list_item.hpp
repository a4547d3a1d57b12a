// Items of lists. Without a GIL other threads may change a list while it is read.
#pragma once

#include <Python.h>

namespace cppdynarray {

// The item of a list at an index below its size: false where, by now, there is none. With a GIL it is borrowed,
// for as long as no Python code runs. Without, it is kept, and what another thread took out of the list meanwhile
// may run Python code when it is given up.
class ListItem {
public:
#ifdef Py_GIL_DISABLED
    ListItem(PyObject* list, Py_ssize_t index) noexcept : item_(PyList_GetItemRef(list, index)) {
        if (item_ == nullptr) PyErr_Clear();
    }
    ~ListItem() { Py_XDECREF(item_); }
    explicit operator bool() const noexcept { return item_ != nullptr; }
#else
    ListItem(PyObject* list, Py_ssize_t index) noexcept : item_(PyList_GET_ITEM(list, index)) {}
    explicit constexpr operator bool() const noexcept { return true; }
#endif
    ListItem(const ListItem&) = delete;
    ListItem& operator=(const ListItem&) = delete;

    PyObject* get() const noexcept { return item_; }

private:
    PyObject* item_;
};

}  // namespace cppdynarray
