// Elements that hold references, Python objects or strings: who owns them while arrays move and are looked at.
//
// They belong to one array, which drops them. Memory that an array leaves holds none, and views of it see None or "",
// since nobody can tell how long a view lasts. But a call of NumPy's, on a view that was made for it, goes on as it
// began: if the array moves meanwhile, the old memory is left with its elements to that view, which then owns them,
// and the array has references and strings of its own.
#pragma once

#include <Python.h>
#include <numpy/arrayobject.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>

#include "array_fields.hpp"
#include "array_lock.hpp"
#include "core.hpp"
#include "elements.hpp"
#include "places.hpp"
#include "reference.hpp"
#include "small_buffer.hpp"
#include "strings.hpp"

namespace cppdynarray {

// The plain views that a call works on, and the arrays that they are of. Listed in core->calls if elements of one
// hold references. Needs the GIL.
class CallViews {
public:
    CallViews() noexcept = default;
    CallViews(const CallViews&) = delete;
    CallViews& operator=(const CallViews&) = delete;

    struct Pair {
        PyObject* original;  // a reference: the call may empty the list that it came in
        PyObject* view;      // one, too
    };

    Pair* begin() const noexcept { return pairs_.data(); }
    Pair* end() const noexcept { return pairs_.data() + count_; }
    CallViews* next() const noexcept { return next_; }

protected:
    // Whether there is memory for one pair more; then add() takes it.
    bool can_add() noexcept {
        if (count_ < pairs_.capacity()) return true;
        const CallsLock lock;
        return pairs_.grow(count_);
    }
    void add(PyObject* original, PyObject* view) noexcept {
        pairs_.data()[count_] = {original, view};
        if (!arrays_change_any_time || !is_listed_) {
            ++count_;
        } else {
            const CallsLock lock;
            ++count_;
        }
    }

    void list() noexcept {
        if (is_listed_) return;
        const CallsLock lock;
        next_ = core->calls;
        if (next_ != nullptr) next_->previous_ = this;
        core->calls = this;
        is_listed_ = true;
    }

    void unlist() noexcept {
        if (!is_listed_) return;
        const CallsLock lock;
        (previous_ != nullptr ? previous_->next_ : core->calls) = next_;
        if (next_ != nullptr) next_->previous_ = previous_;
    }

    static constexpr std::size_t few_pairs = 8;

    SmallBuffer<Pair, few_pairs> pairs_;
    std::size_t count_ = 0;

private:
    bool is_listed_ = false;
    CallViews* next_ = nullptr;
    CallViews* previous_ = nullptr;
};

// Drops the references of elements, but strings, once their slots are empty: Python code that runs then, a __del__, may
// use the slots.
inline void drop_items(char* slots, std::size_t count, PyArray_Descr* dtype) noexcept {
    const auto item = static_cast<std::size_t>(PyDataType_ELSIZE(dtype));
    SmallBuffer<char, 2048> taken(count * item);
    if (taken.data() == nullptr) taken.fall_back();
    const std::size_t at_once = taken.capacity() / item;
    if (at_once == 0) return;  // records so large lose their references, where there is no memory
    while (count != 0) {
        const std::size_t now = std::min(count, at_once);
        std::memcpy(taken.data(), slots, now * item);
        std::memset(slots, 0, now * item);
        for (std::size_t i = 0; i < now; ++i) PyArray_Item_XDECREF(taken.data() + i * item, dtype);
        slots += now * item;
        count -= now;
    }
}

// Memory that an array leaves with its elements, once `count` says how many: the base of the views that look at it.
class LeftMemory {
public:
    explicit LeftMemory(PyArrayObject* array) noexcept
        : array_(Reference::to(array)), dtype_(Reference::to(PyArray_DESCR(array))), slots_(PyArray_BYTES(array)) {}
    ~LeftMemory() {
        if (count == 0) return;
        StringLock lock(dtype_.dtype());
        if (lock.arena() != nullptr) clear_strings(lock.arena(), slots_, count);
        else drop_items(slots_, count, dtype_.dtype());
    }

    std::size_t count = 0;

private:
    const Reference array_;  // its blocks are there as long as it is
    const Reference dtype_;
    char* const slots_;
};
inline constexpr const char* left_memory = "cppdynarray.left_memory";

inline LeftMemory* left_memory_of(PyObject* capsule) noexcept {
    return static_cast<LeftMemory*>(PyCapsule_GetPointer(capsule, left_memory));
}

// The new base; none: no memory.
inline Reference new_left_memory(PyArrayObject* array) noexcept {
    std::unique_ptr<LeftMemory> left(new (std::nothrow) LeftMemory(array));
    const auto end = [](PyObject* capsule) { delete left_memory_of(capsule); };
    Reference capsule(left ? PyCapsule_New(left.get(), left_memory, end) : nullptr);
    if (capsule) left.release();
    else PyErr_Clear();
    return capsule;
}

inline bool is_left(PyObject* view) noexcept {
    PyObject* const base = PyArray_BASE(reinterpret_cast<PyArrayObject*>(view));
    return base != nullptr && PyCapsule_CheckExact(base) && PyCapsule_GetName(base) == left_memory;
}

// Gives a copy of elements, byte for byte, references or strings of its own. False: no memory, and they have none.
inline bool own_items(char* slots, char* originals, std::size_t count, PyArray_Descr* dtype,
                      npy_string_allocator* arena) noexcept {
    const auto item = static_cast<std::size_t>(PyDataType_ELSIZE(dtype));
    if (arena == nullptr) {
        for (std::size_t i = 0; i < count; ++i) PyArray_Item_INCREF(slots + i * item, dtype);
        return true;
    }
    std::memset(slots, 0, count * item);
    if (copy_strings(arena, slots, arena, originals, count)) return true;
    std::memset(slots, 0, count * item);
    return false;
}

template <class Action>
void for_each_view_of(PyArrayObject* array, Action action) noexcept {
    const CallsLock lock;
    for (CallViews* call = core->calls; call != nullptr; call = call->next())
        for (const CallViews::Pair& pair : *call) {
            auto* const view = reinterpret_cast<PyArrayObject*>(pair.view);
            if (pair.original == reinterpret_cast<PyObject*>(array) && PyArray_DATA(view) == PyArray_DATA(array))
                action(view);
        }
}

// Leaves the memory from which `used` bytes were copied `to` where `array` is about to be. Runs no Python code.
inline void leave_memory(PyArrayObject* array, char* to, std::size_t used, npy_string_allocator* arena) noexcept {
    const std::size_t count = used / static_cast<std::size_t>(PyArray_ITEMSIZE(array));
    npy_intp seen = 0;  // by NumPy, which may have written past the elements of now
    for_each_view_of(array, [&](PyArrayObject* view) { seen = std::max(seen, PyArray_SIZE(view)); });
    if (const Reference left = seen != 0 ? new_left_memory(array) : Reference()) {
        if (own_items(to, PyArray_BYTES(array), count, PyArray_DESCR(array), arena)) {
            left_memory_of(left.get())->count = std::max(static_cast<std::size_t>(seen), count);
            for_each_view_of(array, [&](PyArrayObject* view) { set_base(view, left.get()); });
            return;
        }
        std::memcpy(to, PyArray_DATA(array), used);
    }
    std::memset(PyArray_DATA(array), 0, used);
}

inline constexpr int one_segment = NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_F_CONTIGUOUS;

inline bool are_same_strings(npy_string_allocator* arena, char* a, npy_string_allocator* other, char* b) noexcept {
    npy_static_string strings[2] = {{0, nullptr}, {0, nullptr}};
    const int missing = NpyString_load(arena, packed(a), &strings[0]);
    return missing == NpyString_load(other, packed(b), &strings[1]) && strings[0].size == strings[1].size &&
           (strings[0].size == 0 || std::memcmp(strings[0].buf, strings[1].buf, strings[0].size) == 0);
}

// Moves the elements of `after` into `array`, if it has still those of `before`; 0 if not, -1 and an exception without
// memory. Both are copies of it, and plain. What is replaced is dropped with `after`.
inline int replace_elements(PyArrayObject* array, PyArrayObject* before, PyArrayObject* after) noexcept {
    StringLock lock(array);
    publish(array);
    if (!PyArray_SAMESHAPE(array, before) || !(PyArray_FLAGS(array) & PyArray_FLAGS(after) & one_segment)) return 0;
    const auto size = static_cast<std::size_t>(PyArray_NBYTES(array));
    if (lock.arena() == nullptr) {
        if (std::memcmp(PyArray_DATA(array), PyArray_DATA(before), size) != 0) return 0;
        std::swap_ranges(PyArray_BYTES(array), PyArray_BYTES(array) + size, PyArray_BYTES(after));
        return 1;
    }
    StringLock of_before(before), of_after(after);
    for (std::size_t at = 0; at < size; at += string_slot)
        if (!are_same_strings(lock.arena(), PyArray_BYTES(array) + at, of_before.arena(), PyArray_BYTES(before) + at))
            return 0;
    for (std::size_t at = 0; at < size; at += string_slot)
        if (!copy_string(lock.arena(), PyArray_BYTES(array) + at, of_after.arena(), PyArray_BYTES(after) + at)) {
            lock.release();
            PyErr_NoMemory();
            return -1;
        }
    return 1;
}

// NumPy wrote references to `view` past the elements that `array` has by now: they are dropped. May run Python code.
inline void drop_removed(PyArrayObject* view, PyArrayObject* array) noexcept {
    if (PyArray_SIZE(view) <= PyArray_SIZE(array)) return;
    StringLock lock(array);
    const npy_intp kept = PyArray_SIZE(array), removed = PyArray_SIZE(view) - kept;
    if (removed <= 0 || PyArray_DATA(view) != PyArray_DATA(array) || PyArray_DESCR(view) != PyArray_DESCR(array))
        return;
    char* const slots = PyArray_BYTES(array) + kept * PyArray_ITEMSIZE(array);
    if (lock.arena() != nullptr) clear_strings(lock.arena(), slots, static_cast<std::size_t>(removed));
    else drop_items(slots, static_cast<std::size_t>(removed), PyArray_DESCR(array));
}

// NumPy wrote to `view` in memory that `array` has left: what it wrote goes to where the array is now, as far as there
// still are such rows. May run Python code. False: an exception.
inline bool carry_over(PyArrayObject* view, PyArrayObject* array) noexcept {
    StringLock lock(array);
    const int ndim = PyArray_NDIM(view);
    if (ndim == 0 || ndim != PyArray_NDIM(array) || PyArray_DESCR(view) != PyArray_DESCR(array) ||
        !PyArray_IS_C_CONTIGUOUS(view) || !PyArray_IS_C_CONTIGUOUS(array))
        return true;
    for (int axis = 1; axis < ndim; ++axis)
        if (PyArray_DIMS(view)[axis] != PyArray_DIMS(array)[axis]) return true;
    PyArray_Descr* const dtype = PyArray_DESCR(array);
    const auto count = static_cast<std::size_t>(std::min(PyArray_SIZE(view), PyArray_SIZE(array)));
    const auto item = static_cast<std::size_t>(PyArray_ITEMSIZE(array));
    char *const from = PyArray_BYTES(view), *const to = PyArray_BYTES(array);
    if (elements_of(dtype) == Elements::plain) {
        std::memmove(to, from, count * item);
        return true;
    }
    if (lock.arena() != nullptr) {
        std::size_t i = 0;
        while (i < count && copy_string(lock.arena(), to + i * item, lock.arena(), from + i * item)) ++i;
        lock.release();
        return i == count || PyErr_NoMemory() != nullptr;
    }
    const SmallBuffer<char, 512> replaced(count * item);
    if (replaced.data() == nullptr) return PyErr_NoMemory() != nullptr;
    for (std::size_t i = 0; i < count; ++i) PyArray_Item_INCREF(from + i * item, dtype);
    std::memcpy(replaced.data(), to, count * item);
    std::memcpy(to, from, count * item);
    drop_items(replaced.data(), count, dtype);
    return true;
}

}  // namespace cppdynarray
