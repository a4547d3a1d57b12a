// Handles: C++ and Cython code that appends rows to a Python cppdynarray.DynamicTable.
//
//     cppdynarray::PythonTable table(object);                   // with the GIL
//     auto time = table.column<double>("time");
//     auto position = table.column<float>("position", 3);
//
//     const std::size_t row = table.next_row();                 // from here on without
//     time[row] = 0.1;
//     std::copy_n(source, 3, position.row(row));
//     table.publish();                                          // Python sees the whole row, and not before
#pragma once

#include "internal/table_place.hpp"
#include "python_array.hpp"

#if defined(__cpp_exceptions) || defined(_MSC_VER)

namespace cppdynarray {

// Where the slots of a column are, for as long as there is a handle to its table.
template <class T>
class PythonColumn {
public:
    using value_type = T;

    PythonColumn() noexcept = default;
    explicit PythonColumn(const ArrayPlace* place) noexcept : place_(place) {}

    T* data() const noexcept { return reinterpret_cast<T*>(place_->data()); }
    // Elements in a row.
    std::size_t items() const noexcept { return place_->columns; }
    T* row(std::size_t index) const noexcept { return data() + index * items(); }
    // The element that is a row. Unchecked, as is row().
    T& operator[](std::size_t index) const noexcept { return data()[index]; }

private:
    const ArrayPlace* place_ = nullptr;
};

// A reference to a table. As PythonArray: copies refer to the same table, one thread at a time may change it, and all
// but the constructor and column() work without the GIL.
class PythonTable {
public:
    using size_type = std::size_t;

    // Refers to nothing: may only be assigned to and destroyed.
    PythonTable() noexcept = default;

    // Throws PythonError: TypeError if `object` is no DynamicTable, or has a column of Python objects; ValueError if it
    // can't grow; ImportError if cppdynarray doesn't fit these headers.
    explicit PythonTable(PyObject* object) : place_(python_api().open_table(object)) {
        if (place_ == nullptr) throw PythonError();
    }

    PythonTable(const PythonTable& other) : place_(nullptr) {
        if (other.place_ == nullptr) return;
        const PyGILState_STATE state = PyGILState_Ensure();
        place_ = python_api().open_table(other.object());
        PyGILState_Release(state);
        if (place_ == nullptr) throw PythonError();
    }

    PythonTable(PythonTable&& other) noexcept : place_(std::exchange(other.place_, nullptr)) {}

    PythonTable& operator=(PythonTable other) noexcept {
        std::swap(place_, other.place_);
        std::swap(seen_, other.seen_);
        return *this;
    }

    ~PythonTable() {
        // A handle with static storage outlives the interpreter, and the table goes with the process.
        if (place_ == nullptr || !Py_IsInitialized()) return;
        const PyGILState_STATE state = PyGILState_Ensure();
        place_->close(place_);
        PyGILState_Release(state);
    }

    // The Python object, a borrowed reference; nullptr for a handle to nothing.
    PyObject* object() const noexcept { return place_ != nullptr ? static_cast<PyObject*>(place_->table) : nullptr; }

    // The column of that name, `items` elements in a row. Needs the GIL. Throws PythonError: KeyError if there is none,
    // TypeError if it has other elements than T, ValueError if it has another number of them in a row.
    template <class T>
    PythonColumn<T> column(const char* name, size_type items = 1) const {
        const ElementType type = element_type<T>();
        const ArrayPlace* const found = python_api().table_column(place_, name, &type, items);
        if (found == nullptr) throw PythonError();
        return PythonColumn<T>(found);
    }

    size_type size() const noexcept { return length_of(place_); }
    bool empty() const noexcept { return size() == 0; }
    size_type capacity() const noexcept { return place_->capacity; }

    // Throws std::bad_alloc, or, for tables on files, FileError, and nothing has changed but room.
    void reserve(size_type rows) {
        if (rows <= place_->capacity || reserve_rows(place_, rows)) return;
        for (size_type i = 0; i < place_->column_count; ++i)
            if (growth_error(place_->columns[i]->block) != 0) throw_no_room(place_->columns[i]);
        throw NoMemory();
    }

    // The number of the row behind the last, with memory in every column: to be written and then published. It isn't
    // there before, and another call gives the same one.
    size_type next_row() { return next_rows(1); }
    // The first of `count` rows.
    size_type next_rows(size_type count) {
        const size_type rows = size();
        seen_.see(place_);
        if (count > place_->capacity - rows || rows > place_->capacity) reserve(rows + count);
        return rows;
    }
    // So many more rows are there.
    void publish(size_type count = 1) noexcept {
        seen_.check(place_);
        set_length_of(place_, size() + count);
    }

private:
    TablePlace* place_ = nullptr;
    LengthSeen seen_;  // by next_rows()
};

}  // namespace cppdynarray

#endif
