// What is computed from a DynamicArray is computed by NumPy on plain views of it; so it is for a
// RollingArray, which is meant below too.
//
// One mechanism serves operators, methods, ufuncs and functions: replace each DynamicArray
// among the arguments by a plain view (Operands::plain), call NumPy, and in the result put
// the DynamicArray back where NumPy returned a view itself or a view of it
// (Operands::restore). So results are plain, `out=d` returns d, and d[1:].T has d as base.
//
// Views, because NumPy reads an array's length more than once: what it works on must not grow
// meanwhile, as a DynamicArray may through a handle that needs no GIL. (In ufuncs, __array_wrap__
// alone would be faster, and NumPy would then write past the end of results.)
#pragma once

#include <Python.h>
#include <numpy/arrayobject.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <utility>

#include "array_fields.hpp"
#include "elements.hpp"
#include "list_item.hpp"
#include "plain_views.hpp"
#include "reference.hpp"
#include "references.hpp"
#include "small_buffer.hpp"

namespace cppdynarray {

// Few arrays are of a subclass of somebody's: most are known without a search of their class's bases.
inline bool is_ours(PyTypeObject* type) noexcept {
    return type->tp_base == core->live_array_type || PyType_IsSubtype(type, core->live_array_type);
}

inline bool is_dynamic(PyObject* object) noexcept {
    return Py_TYPE(object)->tp_base == core->live_array_type ||
           (PyArray_Check(object) && !PyArray_CheckExact(object) && is_ours(Py_TYPE(object)));
}

// The arguments of one call, and which plain view stands for which DynamicArray.
class Operands : CallViews {
public:
    Operands() noexcept = default;
    ~Operands() {
        unlist();
        // Each step may run Python code, which knows nothing of these pairs.
        for (const Pair& pair : *this) {
            TemporaryViews::give_back(pair.view, pair.original);
            Py_DECREF(pair.original);
        }
    }

    // `object` with each DynamicArray in it, also in nested tuples, lists and dict values,
    // replaced by a view: a new reference, to `object` itself if there is none.
    PyObject* plain(PyObject* object) noexcept {
        if (is_dynamic(object)) return plain_array(object);
        if (!is_container(object)) return Py_NewRef(object);
        const Reference kept = Reference::to(object);  // making a container may run Python code
        PyObject* replaced = nullptr;
        const bool nested = depth_++ > 0;
        if (!nested || !Py_EnterRecursiveCall(" in nested containers of arrays")) {
            replaced = PyTuple_CheckExact(object)  ? plain_tuple(object)
                       : PyList_CheckExact(object) ? plain_list(object)
                                                   : plain_dict(object);
            if (nested) Py_LeaveRecursiveCall();
        }
        --depth_;
        return replaced;
    }

    // `object` itself where no other thread can change a DynamicArray in it. Else as plain(): of what NumPy takes
    // elements or indices from, which is asked for views where nothing but Python code can change it.
    PyObject* steady(PyObject* object) noexcept { return arrays_change_any_time ? plain(object) : Py_NewRef(object); }

    // Only DynamicArrays themselves are replaced: for operators, which take no nested lists.
    PyObject* plain_operand(PyObject* object) noexcept {
        return is_dynamic(object) ? plain_array(object) : Py_NewRef(object);
    }

    // The result as it would be had NumPy been given the originals. Steals `result`, which may
    // be nullptr. What returns None works in place.
    PyObject* restore(PyObject* result) noexcept {
        if (result == nullptr || count_ == 0) return result;
        if (result == Py_None && !keep_written()) Py_CLEAR(result);
        if (result == nullptr) return nullptr;
        if (PyArray_Check(result)) return restore_array(result);
        if (PyTuple_Check(result) || PyList_CheckExact(result)) return restore_items(result);
        if (PyArray_IsScalar(result, Void))
            for (const Pair& pair : *this)
                if (looks_into(pair)) rebase(reinterpret_cast<PyVoidScalarObject*>(result), pair.view, pair.original);
        return result;
    }

    // What NumPy wrote to arrays that have moved meanwhile is not lost. False: an exception.
    bool keep_written() noexcept {
        for (const Pair& pair : *this)
            if (!is_copy(pair) && !settle(pair)) return false;
        return true;
    }

private:
    // Arrays may be the only items of a list that loses them any time: each is referenced first.
    PyObject* plain_array(PyObject* object) noexcept {
        for (std::size_t i = 0; i < count_ && i < few_pairs; ++i)
            if (pairs_.data()[i].original == object) return Py_NewRef(pairs_.data()[i].view);
        if (!can_add()) return PyErr_NoMemory();
        Reference original = Reference::to(object);
        Reference view(TemporaryViews::take(object));
        if (!view) return nullptr;
        const Elements elements = elements_of(view.array());
        if (elements != Elements::plain && !lock_.hold_another(object) && elements != Elements::strings)
            view = copy_instead(std::move(view), object);  // strings have their arena's lock
        if (!view) return nullptr;
        add(original.release(), Py_NewRef(view.get()));
        if (elements != Elements::plain) list();
        return view.release();
    }

    // A view's elements as they are now, in an array of their own: where the lock of one more array can't be held for
    // the whole call.
    static Reference copy_instead(Reference view, PyObject* object) noexcept {
        Reference copy;
        {
            const ArrayLock lock(object);
            const Reference now(as_plain(object));
            if (now) copy = Reference(PyArray_NewCopy(now.array(), NPY_KEEPORDER));
        }
        TemporaryViews::give_back(view.release(), object);
        return copy;
    }

    static bool is_copy(const Pair& pair) noexcept {
        return arrays_change_any_time &&
               PyArray_CHKFLAGS(reinterpret_cast<PyArrayObject*>(pair.view), NPY_ARRAY_OWNDATA);
    }
    // Whether what a call was given for an array looks into its memory still.
    static bool looks_into(const Pair& pair) noexcept { return !is_left(pair.view) && !is_copy(pair); }

    static bool is_container(PyObject* object) noexcept {
        return PyTuple_CheckExact(object) || PyList_CheckExact(object) ||
               (PyDict_CheckExact(object) && PyDict_GET_SIZE(object) != 0);
    }

    // The first `count` items of a tuple in a new one of its size.
    static Reference copy_start(PyObject* tuple, Py_ssize_t count) noexcept {
        Reference copy(PyTuple_New(PyTuple_GET_SIZE(tuple)));
        for (Py_ssize_t i = 0; copy && i < count; ++i)
            PyTuple_SET_ITEM(copy.get(), i, Py_NewRef(PyTuple_GET_ITEM(tuple, i)));
        return copy;
    }

    PyObject* plain_tuple(PyObject* tuple) noexcept {
        Reference changed;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); ++i) {
            PyObject* const item = PyTuple_GET_ITEM(tuple, i);
            Reference replacement(plain(item));
            if (!replacement) return nullptr;
            if (!changed && replacement.get() != item) {
                changed = copy_start(tuple, i);
                if (!changed) return nullptr;
            }
            if (changed) PyTuple_SET_ITEM(changed.get(), i, replacement.release());
        }
        return changed ? changed.release() : Py_NewRef(tuple);
    }

    // A list is copied only from the first item that changes: a long one of numbers is only read. The copy nobody
    // else can change.
    PyObject* plain_list(PyObject* list) noexcept {
        Reference changed;
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(changed ? changed.get() : list); ++i) {
            const ListItem item(changed ? changed.get() : list, i);
            if (!item) break;
            Reference replacement(plain(item.get()));
            if (!replacement) return nullptr;
            if (replacement.get() == item.get()) continue;
            if (!changed) {
                changed = Reference(PyList_GetSlice(list, 0, PyList_GET_SIZE(list)));
                if (!changed) return nullptr;
                if (i >= PyList_GET_SIZE(changed.get()) || PyList_GET_ITEM(changed.get(), i) != item.get()) {
                    i = -1;  // another thread has changed the list: once more, from the copy
                    continue;
                }
            }
            if (PyList_SetItem(changed.get(), i, replacement.release()) < 0) return nullptr;
        }
        return changed ? changed.release() : Py_NewRef(list);
    }

    // A copy is gone through, which nobody can change meanwhile.
    PyObject* plain_dict(PyObject* dict) noexcept {
        Reference copy(PyDict_Copy(dict));
        if (!copy) return nullptr;
        PyObject *key, *value;
        Py_ssize_t position = 0;
        while (PyDict_Next(copy.get(), &position, &key, &value)) {
            const Reference replacement(plain(value));
            if (!replacement) return nullptr;
            if (replacement.get() != value && PyDict_SetItem(copy.get(), key, replacement.get()) < 0) return nullptr;
        }
        return copy.release();
    }

    static bool has_moved(const Pair& pair) noexcept {
        return PyArray_DATA(reinterpret_cast<PyArrayObject*>(pair.view)) !=
               PyArray_DATA(reinterpret_cast<PyArrayObject*>(pair.original));
    }

    // What NumPy wrote to an array that has moved, or has become shorter, since it was given a view.
    static bool settle(const Pair& pair) noexcept {
        const ArrayLock lock(pair.original);
        auto* view = reinterpret_cast<PyArrayObject*>(pair.view);
        auto* array = reinterpret_cast<PyArrayObject*>(pair.original);
        if (!PyArray_CHKFLAGS(array, NPY_ARRAY_OWNDATA))
            return true;  // what isn't its own, as a window's, doesn't move
        if (has_moved(pair)) return carry_over(view, array);
        if (elements_of(array) != Elements::plain) drop_removed(view, array);
        return true;
    }

    PyObject* restore_array(PyObject* result) noexcept {
        auto* array = reinterpret_cast<PyArrayObject*>(result);
        for (const Pair& pair : *this) {
            if (result == pair.view) {
                PyObject* const original = settle(pair) ? Py_NewRef(pair.original) : nullptr;
                Py_DECREF(result);  // not the last one
                return original;
            }
            if (looks_into(pair)) rebase(array, pair.view, pair.original);
        }
        return result;
    }

    // NumPy has just made the tuple or list and nobody else has it: its items may be replaced.
    PyObject* restore_items(PyObject* result) noexcept {
        Reference kept(result);
        const Py_ssize_t size = PySequence_Fast_GET_SIZE(result);
        PyObject** items = PySequence_Fast_ITEMS(result);
        for (Py_ssize_t i = 0; i < size; ++i) {
            if (!PyArray_Check(items[i])) continue;
            PyObject* restored = restore_array(Py_NewRef(items[i]));
            if (restored == nullptr) return nullptr;
            Py_SETREF(items[i], restored);
        }
        return kept.release();
    }

    ArrayLock lock_;  // of arrays with references: nobody drops them between NumPy's look and its own reference
    std::size_t depth_ = 0;  // of the containers that plain() is in
};

// Operators: the interpreter's whole protocol on plain operands, reflected methods and
// subclasses that go first included, so that the outcome is that for an ndarray.

template <PyObject* (*operation)(PyObject*, PyObject*)>
PyObject* binary_operator(PyObject* a, PyObject* b) noexcept {
    Operands operands;
    const Reference plain_a(operands.plain_operand(a));
    const Reference plain_b(plain_a ? operands.plain_operand(b) : nullptr);
    return operands.restore(plain_b ? operation(plain_a.get(), plain_b.get()) : nullptr);
}

template <PyObject* (*operation)(PyObject*, PyObject*, PyObject*)>
PyObject* ternary_operator(PyObject* a, PyObject* b, PyObject* modulo) noexcept {
    Operands operands;
    const Reference plain_a(operands.plain_operand(a));
    const Reference plain_b(plain_a ? operands.plain_operand(b) : nullptr);
    return operands.restore(plain_b ? operation(plain_a.get(), plain_b.get(), modulo) : nullptr);
}

template <PyObject* (*operation)(PyObject*)>
PyObject* unary_operator(PyObject* a) noexcept {
    Operands operands;
    const Reference plain_a(operands.plain_operand(a));
    return operands.restore(plain_a ? operation(plain_a.get()) : nullptr);
}

template <int comparison>
PyObject* compare(PyObject* a, PyObject* b) noexcept {
    return PyObject_RichCompare(a, b, comparison);
}

inline PyObject* rich_compare(PyObject* a, PyObject* b, int comparison) noexcept {
    switch (comparison) {
        case Py_LT: return binary_operator<compare<Py_LT>>(a, b);
        case Py_LE: return binary_operator<compare<Py_LE>>(a, b);
        case Py_EQ: return binary_operator<compare<Py_EQ>>(a, b);
        case Py_NE: return binary_operator<compare<Py_NE>>(a, b);
        case Py_GT: return binary_operator<compare<Py_GT>>(a, b);
        default: return binary_operator<compare<Py_GE>>(a, b);
    }
}

// The arguments of a vectorcall.
class Arguments {
public:
    explicit Arguments(std::size_t most) noexcept : objects_(most) {}
    Arguments(const Arguments&) = delete;
    Arguments& operator=(const Arguments&) = delete;
    ~Arguments() {
        for (std::size_t i = 0; i < count_; ++i) Py_DECREF(objects_.data()[i]);
    }

    // Whether there was memory for them.
    explicit operator bool() const noexcept { return objects_.data() != nullptr; }
    PyObject* const* data() const noexcept { return objects_.data(); }

    // One more, a new reference. False: it is nullptr, an exception.
    bool add(PyObject* object) noexcept {
        if (object == nullptr) return false;
        objects_.data()[count_++] = object;
        return true;
    }

private:
    SmallBuffer<PyObject*, 12> objects_;
    std::size_t count_ = 0;
};

// Calls `callable` on plain arguments, `self` in front of them if it is given; `nargs` and
// `kwnames` as in a vectorcall.
inline PyObject* call_plain(PyObject* callable, PyObject* self, PyObject* const* args, Py_ssize_t nargs,
                            PyObject* kwnames) noexcept {
    const Py_ssize_t given = nargs + (kwnames != nullptr ? PyTuple_GET_SIZE(kwnames) : 0);
    Operands operands;
    Arguments all(static_cast<std::size_t>(given) + 1);
    if (!all) return PyErr_NoMemory();
    if (self != nullptr && !all.add(operands.plain(self))) return nullptr;
    for (Py_ssize_t i = 0; i < given; ++i)
        if (!all.add(operands.plain(args[i]))) return nullptr;
    const auto positional = static_cast<std::size_t>(nargs + (self != nullptr));
    return operands.restore(PyObject_Vectorcall(callable, all.data(), positional, kwnames));
}

// Methods and attributes of ndarray that return arrays. A method is a C function without a
// closure, so there is one instantiation for each, which knows its number in this list.
constexpr std::size_t most_forwarded = 64;
inline std::array<PyObject*, most_forwarded> forwarded_methods = {};
using FastMethod = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);

// A method that works on the array itself.
inline PyObject* call_published(PyObject* method, PyObject* self, PyObject* const* args, Py_ssize_t nargs,
                                PyObject* kwnames) noexcept {
    const ArrayLock lock(self);
    publish(reinterpret_cast<PyArrayObject*>(self));
    auto* const type = reinterpret_cast<PyObject*>(Py_TYPE(self));
    const Reference bound(Py_TYPE(method)->tp_descr_get(method, self, type));
    return bound ? PyObject_Vectorcall(bound.get(), args, static_cast<std::size_t>(nargs), kwnames) : nullptr;
}

// d.view(cls), for a subclass of ndarray, is a view of d itself: its __array_finalize__ meets d.
inline bool asks_for_subclass(PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) noexcept {
    const Py_ssize_t given = nargs + (kwnames != nullptr ? PyTuple_GET_SIZE(kwnames) : 0);
    for (Py_ssize_t i = 0; i < given; ++i) {
        auto* cls = reinterpret_cast<PyTypeObject*>(args[i]);
        if (PyType_Check(args[i]) && cls != &PyArray_Type && PyType_IsSubtype(cls, &PyArray_Type)) return true;
    }
    return false;
}

inline PyObject* view(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) noexcept {
    if (nargs == 0 && kwnames == nullptr) return as_plain(self);
    const Reference method(PyObject_GetAttrString(reinterpret_cast<PyObject*>(&PyArray_Type), "view"));
    if (!method) return nullptr;
    return asks_for_subclass(args, nargs, kwnames) ? call_published(method.get(), self, args, nargs, kwnames)
                                                   : call_plain(method.get(), self, args, nargs, kwnames);
}

template <std::size_t index>
PyObject* forward(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) noexcept {
    return call_plain(forwarded_methods[index], self, args, nargs, kwnames);
}

template <std::size_t index>
PyObject* call_itself(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) noexcept {
    return call_published(forwarded_methods[index], self, args, nargs, kwnames);
}

template <std::size_t... index>
constexpr std::array<FastMethod, sizeof...(index)> forwards(std::index_sequence<index...>) noexcept {
    return {forward<index>...};
}
template <std::size_t... index>
constexpr std::array<FastMethod, sizeof...(index)> calls_itself(std::index_sequence<index...>) noexcept {
    return {call_itself<index>...};
}

// The function that calls forwarded_methods[index], on plain views or on the array itself.
inline PyCFunction forwarding_method(std::size_t index, bool on_itself) noexcept {
    static constexpr auto on_views = forwards(std::make_index_sequence<most_forwarded>());
    static constexpr auto itself = calls_itself(std::make_index_sequence<most_forwarded>());
    return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>((on_itself ? itself : on_views)[index]));
}

inline PyObject* get_forwarded(PyObject* self, void* name) noexcept {
    Operands operands;
    const Reference plain_self(operands.plain(self));
    if (!plain_self) return nullptr;
    return operands.restore(PyObject_GetAttrString(plain_self.get(), static_cast<const char*>(name)));
}

inline int set_forwarded(PyObject* self, PyObject* value, void* name) noexcept {
    if (value == nullptr) {
        PyErr_Format(PyExc_AttributeError, "cannot delete the attribute %s", static_cast<const char*>(name));
        return -1;
    }
    Operands operands;
    const Reference plain_self(operands.plain(self));
    if (!plain_self) return -1;
    const int status = PyObject_SetAttrString(plain_self.get(), static_cast<const char*>(name), value);
    return status == 0 && operands.keep_written() ? 0 : -1;
}

// d[key] = value, by NumPy. Where converting the value has moved the array, what was written goes after it.
inline int assign(PyObject* self, PyObject* key, PyObject* value) noexcept {
    const ArrayLock lock(self);
    const PyMappingMethods* const numpy = PyArray_Type.tp_as_mapping;
    Operands operands;
    const Reference plain_self(operands.plain(self));
    const Reference plain_key(plain_self ? operands.steady(key) : nullptr);
    const Reference plain_value(plain_key ? operands.steady(value) : nullptr);
    if (!plain_value || numpy->mp_ass_subscript(plain_self.get(), plain_key.get(), plain_value.get()) < 0) return -1;
    if (PyArray_DATA(plain_self.array()) == PyArray_DATA(reinterpret_cast<PyArrayObject*>(self)))
        return operands.keep_written() ? 0 : -1;
    const Reference moved(as_plain(self));
    const Reference written(moved ? numpy->mp_subscript(plain_self.get(), plain_key.get()) : nullptr);
    return written ? numpy->mp_ass_subscript(moved.get(), plain_key.get(), written.get()) : -1;
}

// The rest of ndarray's attributes and methods, and its slots: NumPy's own, on the array itself, which is
// published first. `original` is ndarray's PyGetSetDef.
inline PyObject* get_published(PyObject* self, void* original) noexcept {
    const ArrayLock lock(self);
    publish(reinterpret_cast<PyArrayObject*>(self));
    const auto* attribute = static_cast<const PyGetSetDef*>(original);
    return attribute->get(self, attribute->closure);
}

inline int set_published(PyObject* self, PyObject* value, void* original) noexcept {
    const ArrayLock lock(self);
    publish(reinterpret_cast<PyArrayObject*>(self));
    const auto* attribute = static_cast<const PyGetSetDef*>(original);
    return attribute->set(self, value, attribute->closure);
}

// What gives the bytes another meaning: not while handles know the old one.
inline int set_layout(PyObject* self, PyObject* value, void* original) noexcept {
    const ArrayLock lock(self);
    const auto* attribute = static_cast<const PyGetSetDef*>(original);
    if (is_placed(reinterpret_cast<PyArrayObject*>(self))) {
        PyErr_Format(PyExc_ValueError, "%s can't be set while %s", attribute->name,
                     why_layout_is_fixed(reinterpret_cast<PyArrayObject*>(self)));
        return -1;
    }
    return attribute->set(self, value, attribute->closure);
}

// ndarray's definition of an attribute.
inline PyGetSetDef* attribute_of_ndarray(const char* name) noexcept {
    PyGetSetDef* attribute = PyArray_Type.tp_getset;
    while (attribute->name != nullptr && std::strcmp(attribute->name, name) != 0) ++attribute;
    return attribute->name != nullptr ? attribute : nullptr;
}

inline Py_ssize_t length(PyObject* self) noexcept {
    const ArrayLock lock(self);
    auto* array = reinterpret_cast<PyArrayObject*>(self);
    publish(array);
    if (PyArray_NDIM(array) == 0) return PyArray_Type.tp_as_sequence->sq_length(self);
    return PyArray_DIMS(array)[0];
}

inline int contains(PyObject* self, PyObject* value) noexcept {
    Operands operands;
    const Reference plain_self(operands.plain(self));
    return plain_self ? PyArray_Type.tp_as_sequence->sq_contains(plain_self.get(), value) : -1;
}

inline int truth(PyObject* self) noexcept {
    const ArrayLock lock(self);
    publish(reinterpret_cast<PyArrayObject*>(self));
    return PyArray_Type.tp_as_number->nb_bool(self);
}

template <unaryfunc PyNumberMethods::* slot>
PyObject* as_number(PyObject* self) noexcept {
    const ArrayLock lock(self);
    publish(reinterpret_cast<PyArrayObject*>(self));
    return (PyArray_Type.tp_as_number->*slot)(self);
}

// What is printed by Python code, which gives up locks: where others may drop objects meanwhile, a copy of them.
inline PyObject* as_text_source(PyObject* self) noexcept {
    const ArrayLock lock(self);
    Reference view(as_plain(self));
    if (!arrays_change_any_time || !view || elements_of(view.array()) == Elements::plain) return view.release();
    return PyArray_NewCopy(view.array(), NPY_KEEPORDER);
}

// NumPy's printing looks at an array many times: at a view that keeps its length and class.
template <reprfunc PyTypeObject::* slot>
PyObject* as_text(PyObject* self) noexcept {
    if (!arrays_change_any_time && !is_placed(reinterpret_cast<PyArrayObject*>(self)))
        return (PyArray_Type.*slot)(self);
    const Reference source(as_text_source(self));
    const Reference steady(source ? PyArray_View(source.array(), nullptr, Py_TYPE(self)) : nullptr);
    return steady ? (PyArray_Type.*slot)(steady.get()) : nullptr;
}

// DynamicArray.__array_ufunc__(ufunc, method, *inputs, **kwargs).
inline PyObject* array_ufunc(PyObject*, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) noexcept {
    if (nargs < 2 || !PyUnicode_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "__array_ufunc__ takes a ufunc, the name of a method, and its inputs");
        return nullptr;
    }
    if (PyUnicode_CompareWithASCIIString(args[1], "__call__") == 0)
        return call_plain(args[0], nullptr, args + 2, nargs - 2, kwnames);
    const Reference method(PyObject_GetAttr(args[0], args[1]));
    return method ? call_plain(method.get(), nullptr, args + 2, nargs - 2, kwnames) : nullptr;
}

// DynamicArray.__array_function__(func, types, args, kwargs): NEP 18. The module sets these.
inline PyObject* function_overrides = nullptr;      // functions that get the DynamicArray itself
inline PyObject* implementation_name = nullptr;     // where a function of NumPy's has what ndarrays are given to
inline PyObject* array_function_by_name = nullptr;  // sorts arguments given by name

// Whether all of `types` are ndarray or kinds of our arrays; -1 on error.
inline int are_ours(PyObject* types) noexcept {
    const Reference sequence(PySequence_Fast(types, "types must be iterable"));
    if (!sequence) return -1;
    bool ours = true;
    for (Py_ssize_t i = 0; ours && i < PySequence_Fast_GET_SIZE(sequence.get()); ++i) {
        PyObject* cls = PySequence_Fast_GET_ITEM(sequence.get(), i);
        ours = cls == reinterpret_cast<PyObject*>(&PyArray_Type) ||
               (PyType_Check(cls) && is_ours(reinterpret_cast<PyTypeObject*>(cls)));
    }
    return ours;
}

// What ndarray's own __array_function__ calls for `function`; a new reference.
inline PyObject* implementation_of(PyObject* function) noexcept {
    PyObject* const implementation = PyObject_GetAttr(function, implementation_name);
    if (implementation != nullptr || !PyErr_ExceptionMatches(PyExc_AttributeError)) return implementation;
    PyErr_Clear();  // a function that never dispatches: nothing is behind it
    return Py_NewRef(function);
}

// call_plain() for arguments as PyObject_Call takes them.
inline PyObject* call_plain(PyObject* callable, PyObject* args, PyObject* kwargs) noexcept {
    if (PyDict_GET_SIZE(kwargs) == 0)
        return call_plain(callable, nullptr, PySequence_Fast_ITEMS(args), PyTuple_GET_SIZE(args), nullptr);
    Operands operands;
    const Reference plain_args(operands.plain(args));
    const Reference plain_kwargs(plain_args ? operands.plain(kwargs) : nullptr);
    return operands.restore(plain_kwargs ? PyObject_Call(callable, plain_args.get(), plain_kwargs.get()) : nullptr);
}

inline PyObject* array_function(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames) noexcept {
    if (kwnames != nullptr || nargs != 4) {
        const auto given = static_cast<std::size_t>(nargs);
        const Reference sorted(PyObject_Vectorcall(array_function_by_name, args, given, kwnames));
        return sorted ? array_function(self, PySequence_Fast_ITEMS(sorted.get()), 4, nullptr) : nullptr;
    }
    PyObject* const function = args[0];
    if (!PyTuple_Check(args[2]) || !PyDict_Check(args[3])) {
        PyErr_SetString(PyExc_TypeError, PyTuple_Check(args[2]) ? "kwargs must be a dict." : "args must be a tuple.");
        return nullptr;
    }
    if (PyObject* override = PyDict_GetItemWithError(function_overrides, function))
        return PyObject_Call(override, args[2], args[3]);
    if (PyErr_Occurred()) return nullptr;
    const int ours = are_ours(args[1]);
    if (ours < 0) return nullptr;
    // With somebody else's array among ours, that one decides. Among ours it is as for ndarrays, whose
    // __array_function__ does no more than this.
    const Reference callable(ours ? implementation_of(function) : Py_NewRef(function));
    return callable ? call_plain(callable.get(), args[2], args[3]) : nullptr;
}

// All the operators as slots of a type; returns the first that is free after them.
inline PyType_Slot* operator_slots(PyType_Slot* slot) noexcept {
#define CPPDYNARRAY_SLOT(kind, name, operation) \
    *slot++ = {Py_nb_##name, reinterpret_cast<void*>(kind##_operator<PyNumber_##operation>)}
    CPPDYNARRAY_SLOT(binary, add, Add);
    CPPDYNARRAY_SLOT(binary, subtract, Subtract);
    CPPDYNARRAY_SLOT(binary, multiply, Multiply);
    CPPDYNARRAY_SLOT(binary, remainder, Remainder);
    CPPDYNARRAY_SLOT(binary, divmod, Divmod);
    CPPDYNARRAY_SLOT(binary, lshift, Lshift);
    CPPDYNARRAY_SLOT(binary, rshift, Rshift);
    CPPDYNARRAY_SLOT(binary, and, And);
    CPPDYNARRAY_SLOT(binary, xor, Xor);
    CPPDYNARRAY_SLOT(binary, or, Or);
    CPPDYNARRAY_SLOT(binary, floor_divide, FloorDivide);
    CPPDYNARRAY_SLOT(binary, true_divide, TrueDivide);
    CPPDYNARRAY_SLOT(binary, matrix_multiply, MatrixMultiply);
    CPPDYNARRAY_SLOT(ternary, power, Power);
    CPPDYNARRAY_SLOT(unary, negative, Negative);
    CPPDYNARRAY_SLOT(unary, positive, Positive);
    CPPDYNARRAY_SLOT(unary, absolute, Absolute);
    CPPDYNARRAY_SLOT(unary, invert, Invert);
    CPPDYNARRAY_SLOT(binary, inplace_add, InPlaceAdd);
    CPPDYNARRAY_SLOT(binary, inplace_subtract, InPlaceSubtract);
    CPPDYNARRAY_SLOT(binary, inplace_multiply, InPlaceMultiply);
    CPPDYNARRAY_SLOT(binary, inplace_remainder, InPlaceRemainder);
    CPPDYNARRAY_SLOT(ternary, inplace_power, InPlacePower);
    CPPDYNARRAY_SLOT(binary, inplace_lshift, InPlaceLshift);
    CPPDYNARRAY_SLOT(binary, inplace_rshift, InPlaceRshift);
    CPPDYNARRAY_SLOT(binary, inplace_and, InPlaceAnd);
    CPPDYNARRAY_SLOT(binary, inplace_xor, InPlaceXor);
    CPPDYNARRAY_SLOT(binary, inplace_or, InPlaceOr);
    CPPDYNARRAY_SLOT(binary, inplace_floor_divide, InPlaceFloorDivide);
    CPPDYNARRAY_SLOT(binary, inplace_true_divide, InPlaceTrueDivide);
    CPPDYNARRAY_SLOT(binary, inplace_matrix_multiply, InPlaceMatrixMultiply);
#undef CPPDYNARRAY_SLOT
    *slot++ = {Py_sq_length, reinterpret_cast<void*>(length)};
    *slot++ = {Py_mp_length, reinterpret_cast<void*>(length)};
    *slot++ = {Py_sq_contains, reinterpret_cast<void*>(contains)};
    *slot++ = {Py_nb_bool, reinterpret_cast<void*>(truth)};
    *slot++ = {Py_nb_int, reinterpret_cast<void*>(as_number<&PyNumberMethods::nb_int>)};
    *slot++ = {Py_nb_float, reinterpret_cast<void*>(as_number<&PyNumberMethods::nb_float>)};
    *slot++ = {Py_nb_index, reinterpret_cast<void*>(as_number<&PyNumberMethods::nb_index>)};
    *slot++ = {Py_tp_repr, reinterpret_cast<void*>(as_text<&PyTypeObject::tp_repr>)};
    *slot++ = {Py_tp_str, reinterpret_cast<void*>(as_text<&PyTypeObject::tp_str>)};
    *slot++ = {Py_tp_richcompare, reinterpret_cast<void*>(rich_compare)};
    return slot;
}

}  // namespace cppdynarray
