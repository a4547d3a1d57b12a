// All that writes the fields of an ndarray or of its scalars. Nothing else in the project does.
//
// NumPy offers no call for these, so each function names the invariant it keeps. All need
// the GIL.
#pragma once

#include <Python.h>
#include <numpy/arrayobject.h>
#include <numpy/arrayscalars.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "array_lock.hpp"
#include "core.hpp"
#include "cppdynarray/internal/block.hpp"
#include "cppdynarray/internal/cache_line.hpp"

namespace cppdynarray {

inline PyArrayObject_fields* fields(PyArrayObject* array) noexcept {
    return reinterpret_cast<PyArrayObject_fields*>(array);
}

// An array is quiet or placed: its length is at home in NumPy's fields, or elsewhere (places.hpp). Its data
// handler says which one it is, so that one look at a field tells whether an array is ours and NumPy's length holds.
inline bool is_quiet(PyArrayObject* array) noexcept { return fields(array)->mem_handler == core->own_handler; }
inline bool is_placed(PyArrayObject* array) noexcept { return fields(array)->mem_handler == core->placed_handler; }

// Which data handler frees the memory that `array` owns; both of ours do it alike.
inline void set_handler(PyArrayObject* array, PyObject* handler) noexcept {
    Py_INCREF(handler);
    Py_DECREF(std::exchange(fields(array)->mem_handler, handler));  // our module has a reference: runs no code
}

// Makes `array`, which was created on block->data() as foreign memory, its owner: NumPy
// frees owned data through mem_handler, so the two are set together or not at all.
inline void own_block(PyArrayObject* array, PyObject* handler) noexcept {
    Py_INCREF(handler);
    fields(array)->mem_handler = handler;
    PyArray_ENABLEFLAGS(array, NPY_ARRAY_OWNDATA);
}

// Marks an array that owns no memory as placed, or no longer: NumPy asks the handlers of owners alone.
inline void mark_placed(PyArrayObject* array, bool placed) noexcept {
    PyObject* const handler = placed ? core->placed_handler : nullptr;
    Py_XINCREF(handler);
    Py_XDECREF(std::exchange(fields(array)->mem_handler, handler));
}

// The block that `array` owns; nullptr if its memory isn't ours.
inline Block* block_of(PyArrayObject* array) noexcept {
    if ((!is_quiet(array) && !is_placed(array)) || !PyArray_CHKFLAGS(array, NPY_ARRAY_OWNDATA)) return nullptr;
    return Block::of(PyArray_DATA(array));
}

// Points an array that owned one block at its replacement. The old block lives on as
// `retired` of the new one, so whatever still points into it stays readable.
inline void set_block(PyArrayObject* array, Block* block) noexcept { fields(array)->data = block->data(); }

// Points an array without memory of its own at other memory, which `base` keeps. What kept the old memory
// is `base`'s to keep, if views look at it.
inline void set_foreign_memory(PyArrayObject* array, char* data, PyObject* base) noexcept {
    PyObject* before = fields(array)->base;
    Py_INCREF(base);
    fields(array)->data = data;
    fields(array)->base = base;
    Py_XDECREF(before);
}

// Gives a view another base, which keeps the same memory.
inline void set_base(PyArrayObject* view, PyObject* base) noexcept {
    Py_INCREF(base);
    Py_DECREF(std::exchange(fields(view)->base, base));
}

// Sets the length of axis 0 of a C-contiguous array with one or more dimensions. The rows
// exposed are committed and initialised. NumPy reads whichever contiguity flag it likes, and
// a length of 0 or 1 sets flags that others don't have: with two dimensions or more they are
// worked out again; with one they always hold.
inline void set_length(PyArrayObject* array, npy_intp rows) noexcept {
    PyArray_DIMS(array)[0] = rows;
    if (PyArray_NDIM(array) != 1) PyArray_UpdateFlags(array, NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_F_CONTIGUOUS);
}

// Points an array that looks into the memory of its base at other rows there, as many as there are: row
// shape and strides stay, and so does alignment, since rows lie whole rows apart.
inline void set_window(PyArrayObject* array, char* data, npy_intp rows) noexcept {
    fields(array)->data = data;
    set_length(array, rows);
}

// Sets the shape, without changing the number of dimensions, to `dims` in C order.
inline void set_shape(PyArrayObject* array, const npy_intp* dims) noexcept {
    npy_intp stride = PyArray_ITEMSIZE(array);
    for (int axis = PyArray_NDIM(array) - 1; axis >= 0; --axis) {
        PyArray_DIMS(array)[axis] = dims[axis];
        PyArray_STRIDES(array)[axis] = stride;
        if (dims[axis] != 0) stride *= dims[axis];
    }
    PyArray_UpdateFlags(array, NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_F_CONTIGUOUS);
}

// Memory for another number of dimensions, taken before anything changes, so that no failure
// can come between the changes.
class NewDimensions {
public:
    NewDimensions() noexcept = default;
    NewDimensions(const NewDimensions&) = delete;
    NewDimensions& operator=(const NewDimensions&) = delete;
    ~NewDimensions() { PyDimMem_FREE(spare_); }

    // False: there is no memory.
    bool take(int ndim) noexcept {
        const int numbers = std::max(2 * ndim, least);  // PyDimMem_NEW is a macro
        spare_ = PyDimMem_NEW(numbers);
        return spare_ != nullptr;
    }

    // Gives `array` `ndim` dimensions, as many as were taken; set_shape() says which.
    void give_to(PyArrayObject* array, int ndim) noexcept {
        std::swap(fields(array)->dimensions, spare_);
        fields(array)->strides = fields(array)->dimensions + ndim;
        fields(array)->nd = ndim;
    }

    // Gives a new array its own dimensions in memory that is taken here.
    static void move(PyArrayObject* array) noexcept {
        const int ndim = PyArray_NDIM(array);
        NewDimensions moved;
        if (ndim == 0 || !moved.take(ndim)) return;
        std::copy_n(PyArray_DIMS(array), 2 * ndim, moved.spare_);
        moved.give_to(array, ndim);
    }

private:
    // Where threads change arrays at once, lengths lie apart: what malloc keeps beside it is part of the distance.
    static constexpr int least = arrays_change_any_time ? static_cast<int>(cache_line / sizeof(npy_intp)) - 2 : 2;

    npy_intp* spare_ = nullptr;
};

// NumPy's dimensions of a new array, whose length is to change, lie where threads don't disturb each other.
inline void set_dimensions_apart(PyArrayObject* array) noexcept {
    if constexpr (arrays_change_any_time) NewDimensions::move(array);
}

// The size of the objects of a class derived from `base`, if they are to lie where threads don't disturb each other,
// since each has a lock; 0: that of the base.
inline int basicsize_apart(const PyTypeObject* base) noexcept {
    constexpr auto line = static_cast<Py_ssize_t>(cache_line);
    return arrays_change_any_time ? static_cast<int>((base->tp_basicsize + line - 1) / line * line) : 0;
}

// Whether rows can follow one another at the end of `array`. NumPy lets the stride of an
// axis of length 0 or 1 be anything; here it gets the value that the next row will need.
inline bool fix_row_stride(PyArrayObject* array) noexcept {
    npy_intp stride = PyArray_ITEMSIZE(array);
    for (int axis = PyArray_NDIM(array) - 1; axis >= 0; --axis) {
        if (PyArray_STRIDES(array)[axis] != stride) {
            if (PyArray_DIMS(array)[axis] > 1 && PyArray_SIZE(array) != 0) return false;
            PyArray_STRIDES(array)[axis] = stride;
        }
        if (PyArray_DIMS(array)[axis] != 0) stride *= PyArray_DIMS(array)[axis];
    }
    return true;
}

// Whether the caller's is the one reference to `object`.
inline bool is_referenced_once(PyObject* object) noexcept {
#if !defined(Py_GIL_DISABLED)
    return Py_REFCNT(object) == 1;
#elif PY_VERSION_HEX >= 0x030E0000
    return PyUnstable_Object_IsUniquelyReferenced(object);
#else
    return object == nullptr;  // nobody can say
#endif
}

// Whether nobody but the caller has `view`, a plain view whose base is `array`, and nothing was
// attached to it: it may then be emptied, and be a view of another array later.
inline bool is_unshared_view(PyArrayObject* view, PyObject* array) noexcept {
    const PyArrayObject_fields* view_fields = fields(view);
    return is_referenced_once(reinterpret_cast<PyObject*>(view)) && Py_TYPE(view) == &PyArray_Type &&
           view_fields->base == array && view_fields->weakreflist == nullptr && view_fields->_buffer_info == nullptr &&
           view_fields->mem_handler == nullptr;
}

// What a view refers to.
struct ViewReferences {
    PyArray_Descr* dtype;
    PyObject* base;

    // May run Python code: that of whatever dies with the base.
    void drop() noexcept {
        Py_DECREF(dtype);
        Py_DECREF(base);
    }
};

// Takes from an unshared view what it refers to. What is left, with space for as many dimensions,
// is for fill_view() alone.
inline ViewReferences empty_view(PyArrayObject* view) noexcept {
    const ViewReferences taken = {fields(view)->descr, fields(view)->base};
    fields(view)->descr = nullptr;
    fields(view)->base = nullptr;
    fields(view)->data = nullptr;
    return taken;
}

// Frees an emptied view: NumPy asks for its dtype.
inline void free_empty_view(PyObject* view) noexcept {
    fields(reinterpret_cast<PyArrayObject*>(view))->descr = PyArray_DescrFromType(NPY_BOOL);
    Py_DECREF(view);
}

// Makes an emptied view with as many dimensions a view of `array`, which owns its memory: were
// it a view itself, NumPy might look for the base further down.
inline void fill_view(PyArrayObject* view, PyArrayObject* array) noexcept {
    const int ndim = PyArray_NDIM(array);
    Py_INCREF(PyArray_DESCR(array));
    Py_INCREF(array);
    fields(view)->descr = PyArray_DESCR(array);
    fields(view)->base = reinterpret_cast<PyObject*>(array);
    fields(view)->data = PyArray_BYTES(array);
    fields(view)->flags = PyArray_FLAGS(array) & ~(NPY_ARRAY_OWNDATA | NPY_ARRAY_WRITEBACKIFCOPY);
    for (int axis = 0; axis < ndim; ++axis) {
        fields(view)->dimensions[axis] = PyArray_DIMS(array)[axis];
        fields(view)->strides[axis] = PyArray_STRIDES(array)[axis];
    }
}

// Makes a view of a temporary view of `array` a view of `array` itself, as it would have been
// had NumPy's collapsing of bases not stopped at a change of class. Both keep the same memory
// alive.
inline void rebase(PyArrayObject* view, PyObject* temporary, PyObject* array) noexcept {
    if (PyArray_BASE(view) != temporary) return;
    Py_INCREF(array);
    fields(view)->base = array;
    Py_DECREF(temporary);
}

// The same for a record: void scalars look into the array they were taken from.
inline void rebase(PyVoidScalarObject* record, PyObject* temporary, PyObject* array) noexcept {
    if (record->base != temporary) return;
    Py_INCREF(array);
    record->base = array;
    Py_DECREF(temporary);
}

}  // namespace cppdynarray
