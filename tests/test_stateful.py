"""Random programs: all that changes an array, against a list, with views of any age."""

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import cppdynarray as cda
from cppdynarray.testing import assert_invariants
from helpers import address, assert_same, model_array, small_array

# A dtype for each way in which elements are stored: native and not, records, references, strings.
VALUES = {
    "f8": st.floats(width=64),
    "i2": st.integers(-(2**15), 2**15 - 1),
    ">i4": st.integers(-(2**31), 2**31 - 1),
    "?": st.booleans(),
    "S3": st.binary(max_size=3).map(lambda text: text.rstrip(b"\0")),
    "i1,f8": st.tuples(st.integers(-128, 127), st.floats(width=64)),
    "O": st.integers(),
    "T": st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40),
    "i4,O": st.tuples(st.integers(0, 9), st.text()),
}
# What views see of removed elements that held references: they are dropped at once.
REMOVED = {"O": None, "T": "", "i4,O": (0, None)}
INDICES = st.integers(-12, 12)


class DynamicArrayMachine(RuleBasedStateMachine):
    """The model is a list of rows for the array, and a plain array for its memory.

    The memory has room for all rows that a run can have. Views look at it, as those of the array
    look at the array's memory; when the array moves, the model starts a new one.
    """

    most_rows = 400

    @initialize(
        dtype=st.sampled_from(sorted(VALUES)),
        row_shape=st.sampled_from([(), (2,), (1, 2), (0,)]),
        small=st.booleans(),
        data=st.data(),
    )
    def start(self, dtype, row_shape, small, data):
        self.name, self.dtype, self.row_shape = dtype, np.dtype(dtype), row_shape
        self.values = VALUES[dtype]
        rows = self.draw_rows(data)
        cda._memory.trim()  # where the array is must not depend on earlier runs
        contents = model_array(rows, row_shape, self.dtype)
        self.array = small_array(contents) if small else cda.DynamicArray(contents)
        self.rows = list(contents)
        self.views = []
        self.new_memory()

    def draw_rows(self, data, most=5):
        count = data.draw(st.integers(0, most), "rows")
        rows = np.zeros((count, *self.row_shape), self.dtype)
        flat = rows.reshape(-1)
        for position in range(flat.size):
            flat[position] = data.draw(self.values, "value")
        return rows

    def draw_row(self, data):
        row = np.zeros((1, *self.row_shape), self.dtype)
        flat = row.reshape(-1)
        for position in range(flat.size):
            flat[position] = data.draw(self.values, "value")
        return row[0]

    def new_memory(self):
        self.memory = np.zeros((self.most_rows, *self.row_shape), self.dtype)
        self.memory[: len(self.rows)] = model_array(self.rows, self.row_shape, self.dtype)
        self.address = address(self.array)

    def update(self):
        """Brings the model's memory in line with the rows; call after each change."""
        if address(self.array) != self.address:
            assert len(self.array) > self.max_size, "the data moved although it had room"
            self.new_memory()
        self.memory[: len(self.rows)] = model_array(self.rows, self.row_shape, self.dtype)
        if self.dtype.hasobject:
            self.memory[len(self.rows) :] = np.array(REMOVED[self.name], self.dtype)

    @property
    def free(self):
        return self.most_rows - len(self.rows)

    @rule(data=st.data())
    @precondition(lambda self: self.free > 1)
    def append(self, data):
        row = self.draw_row(data)
        self.array.append(row)
        self.rows.append(row)
        self.update()

    @rule(data=st.data(), form=st.sampled_from([np.asarray, list, iter, cda.DynamicArray]))
    @precondition(lambda self: self.free > 5)
    def extend(self, data, form):
        rows = self.draw_rows(data)
        self.array.extend(form(rows))
        self.rows.extend(rows)
        self.update()

    @rule(step=st.sampled_from([1, 2, -1]))
    @precondition(lambda self: self.free > len(self.rows))
    def extend_by_itself(self, step):
        self.array.extend(self.array[::step] if step != 1 else self.array)
        self.rows.extend(self.memory[: len(self.rows)][::step].copy())
        self.update()

    @rule(data=st.data(), index=INDICES)
    @precondition(lambda self: self.free > 1)
    def insert(self, data, index):
        row = self.draw_row(data)
        self.array.insert(index, row)
        self.rows.insert(index, row)
        self.update()

    @rule(index=INDICES)
    def pop(self, index):
        try:
            expected = self.rows.pop(index)
        except IndexError:
            try:
                self.array.pop(index)
            except IndexError:
                return
            raise AssertionError("pop should have raised IndexError") from None
        popped = self.array.pop(index)
        assert_same(np.asarray(popped, self.dtype), np.asarray(expected, self.dtype))
        self.update()

    @rule(
        start=st.none() | INDICES,
        stop=st.none() | INDICES,
        step=st.sampled_from([None, 1, 2, -1, -3]),
    )
    def delete(self, start, stop, step):
        del self.array[start:stop:step]
        del self.rows[start:stop:step]
        self.update()

    @rule(data=st.data())
    def delete_by_mask(self, data):
        count = len(self.rows)
        mask = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)), bool)
        del self.array[mask]
        self.rows = [row for row, removed in zip(self.rows, mask, strict=True) if not removed]
        self.update()

    @rule(length=st.integers(0, 60))
    def resize(self, length):
        plain = model_array(self.rows, self.row_shape, self.dtype)
        plain.resize((length, *self.row_shape), refcheck=False)
        self.array.resize((length, *self.row_shape))
        self.rows = list(plain)
        self.update()

    @rule()
    def clear(self):
        self.array.clear()
        self.rows.clear()
        self.update()

    @rule(rows=st.integers(0, 3000))
    def reserve(self, rows):
        self.array.reserve(rows)
        if address(self.array) != self.address:
            assert rows > self.max_size
            self.new_memory()

    @rule()
    @precondition(lambda self: not self.views)  # what they see of removed rows is zero, or is not
    def shrink_to_fit(self):
        self.array.shrink_to_fit()

    @rule(data=st.data(), index=st.integers(0, 11))
    @precondition(lambda self: self.rows)
    def write(self, data, index):
        row, index = self.draw_row(data), index % len(self.rows)
        self.array[index] = row
        self.rows[index] = row
        self.update()

    @rule(
        kind=st.sampled_from(
            [
                lambda a: a[:],
                lambda a: a[1:],
                lambda a: a[::-2],
                lambda a: a[len(a) // 2],
                np.asarray,
                lambda a: a.T,
                lambda a: a.reshape(-1)[1:],
            ]
        ),
        name=st.sampled_from(["slice", "memoryview"]),
    )
    @precondition(lambda self: self.rows)
    def look(self, kind, name):
        memory = self.memory[: len(self.rows)]
        array = self.array
        if name == "memoryview" and self.dtype.kind in "fi?" and self.array.size:
            array = np.asarray(memoryview(self.array))
        found = kind(array)
        if isinstance(found, np.ndarray):
            self.views.append((found, kind(memory), address(found), self.memory))

    @rule(data=st.data(), which=st.integers(0, 30))
    @precondition(lambda self: self.views and not self.dtype.hasobject)
    def write_through_a_view(self, data, which):
        view, expected, _, memory = self.views[which % len(self.views)]
        if view.size:
            value = self.draw_row(data).reshape(-1)[:1]
            if value.size:
                position = (0,) * view.ndim
                view[position] = value[0]
                expected[position] = value[0]
                if memory is self.memory:
                    self.rows = list(self.memory[: len(self.rows)].copy())

    @rule()
    def copy(self):
        made = self.array.copy()
        assert_same(made, np.asarray(self.array))
        made.append(np.zeros((), self.dtype))
        assert len(self.array) == len(self.rows)

    @rule()
    @precondition(lambda self: self.array.dtype.kind in "fiSV?" and self.row_shape != (0,))
    def fail(self):
        for bad in (np.zeros((3, 3, 3)), [object()] * 7):
            try:
                self.array.append(bad)
            except (TypeError, ValueError):
                continue
            raise AssertionError("append should have failed")

    @invariant()
    def array_equals_list(self):
        if not hasattr(self, "rows"):
            return
        assert_same(self.array, model_array(self.rows, self.row_shape, self.dtype))
        assert_invariants(self.array)
        self.max_size = self.array.max_size

    @invariant()
    def views_see_their_memory(self):
        for view, expected, place, _ in getattr(self, "views", ()):
            assert address(view) == place
            assert_same(view, expected)


TestDynamicArray = DynamicArrayMachine.TestCase
TestDynamicArray.settings = settings(
    max_examples=150,
    stateful_step_count=40,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
