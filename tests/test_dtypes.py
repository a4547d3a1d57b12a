"""Every dtype and row shape through long random lives, against a list of rows."""

import numpy as np
import pytest

import cppdynarray as cda
from cppdynarray.testing import assert_invariants
from helpers import assert_same, model_array, samples

STEPS = 60


class Life:
    """A DynamicArray and the list of rows that it should equal; each method changes both."""

    def __init__(self, dtype, row_shape, rng):
        self.dtype, self.row_shape, self.rng = dtype, row_shape, rng
        rows = self.new_rows()
        self.array, self.rows = cda.DynamicArray(rows), list(rows)

    def new_rows(self):
        return samples(self.dtype, (int(self.rng.integers(0, 6)), *self.row_shape), self.rng)

    def new_row(self):
        return samples(self.dtype, (1, *self.row_shape), self.rng)[0]

    def some_index(self):
        return int(self.rng.integers(-len(self.rows), len(self.rows)))

    def append(self):
        row = self.new_row()
        self.array.append(row)
        self.rows.append(row)

    def extend(self):
        rows = self.new_rows()
        self.array.extend(rows)
        self.rows.extend(rows)

    def extend_by_an_iterator(self):
        rows = self.new_rows()
        self.array.extend(iter(rows))
        self.rows.extend(rows)

    def extend_by_itself(self):
        if len(self.rows) < 50:
            self.array.extend(self.array)
            self.rows.extend(list(self.rows))

    def insert(self):
        row, index = self.new_row(), self.rng.integers(-3, len(self.rows) + 3)
        self.array.insert(index, row)
        self.rows.insert(index, row)

    def insert_its_own(self):
        if self.rows:
            index, source = self.some_index(), self.some_index()
            row = self.rows[source]
            self.array.insert(index, self.array[source])
            self.rows.insert(index, row.copy() if self.row_shape else row)

    def pop(self):
        if self.rows:
            index = self.some_index()
            popped, expected = self.array.pop(index), self.rows.pop(index)
            assert_same(np.asarray(popped, self.dtype), np.asarray(expected, self.dtype))

    def delete(self):
        start, stop = self.rng.integers(0, len(self.rows) + 1, 2).tolist()
        step = int(self.rng.choice([1, 2, -1]))
        del self.array[start : min(stop, start + 4) : step]
        del self.rows[start : min(stop, start + 4) : step]

    def delete_by_mask(self):
        mask = self.rng.random(len(self.rows)) < 0.1
        del self.array[mask]
        self.rows = [row for row, removed in zip(self.rows, mask, strict=True) if not removed]

    def resize(self):
        length = int(self.rng.integers(0, len(self.rows) + 8))
        plain = model_array(self.rows, self.row_shape, self.dtype)
        plain.resize((length, *self.row_shape), refcheck=False)
        self.array.resize((length, *self.row_shape))
        self.rows = list(plain)

    def assign(self):
        if self.rows:
            row, index = self.new_row(), self.some_index()
            self.array[index] = row
            self.rows[index] = row

    def clear(self):
        if self.rng.random() < 0.2:
            self.array.clear()
            self.rows.clear()

    def copy(self):
        self.array = self.array.copy()

    def make_room(self):
        self.array.reserve(int(self.rng.integers(0, 300)))

    def fit(self):
        self.array.shrink_to_fit()

    def check(self):
        assert_same(self.array, model_array(self.rows, self.row_shape, self.dtype))
        assert_invariants(self.array)


CHANGES = [name for name in vars(Life) if not name.startswith(("_", "new", "some", "check"))]


@pytest.mark.usefixtures("backend")
def test_a_life(dtype, row_shape, rng):
    life = Life(dtype, row_shape, rng)
    life.check()
    for name in rng.choice(CHANGES, STEPS):
        getattr(life, name)()
        life.check()


@pytest.mark.parametrize(
    "dtype",
    [
        "S0", "U0", "V0", "S", "U", ("f8", (2,)), ("O", (2,)), ("i4", (2, 3)), [("a", "f8", (2,))],
        [("a", "V0")], [], "M8", "m8", "M8[25s]", np.dtypes.StringDType(na_object=None),
        np.dtypes.StringDType(na_object=np.nan), np.dtypes.StringDType(coerce=False),
        {"names": ["a", "b"], "formats": ["i4", "i4"], "offsets": [0, 2]},
        {"names": ["a"], "formats": ["f8"], "offsets": [3], "itemsize": 17},
        [("a", "O"), ("b", np.dtype([("c", "O"), ("d", "S2")]), (2,))],
    ],
    ids=str,
)
@pytest.mark.parametrize("length", [0, 3])
def test_unusual_dtypes_are_made_as_numpy_makes_them(dtype, length):
    dtype = np.dtype(dtype)
    expected = np.zeros((length, 2), dtype)
    d = cda.zeros((length, 2), dtype)
    assert (d.shape, d.dtype) == (expected.shape, expected.dtype)
    assert repr(d.tolist()) == repr(expected.tolist())
    assert_invariants(d)
    d.append(d[0] if length else np.zeros((1, 2), dtype)[0])
    d.extend(d)
    d.pop(0)
    d.resize((5, *d.shape[1:]))
    expected = np.zeros((5, 2), dtype)
    assert (d.shape, d.dtype) == (expected.shape, expected.dtype)
    assert repr(d.tolist()) == repr(expected.tolist())
    assert_invariants(d)


def test_metadata_stays():
    dtype = np.dtype("f8", metadata={"unit": "mV"})
    d = cda.DynamicArray(dtype=dtype)
    d.append(1)
    d.extend([2, 3])
    d.resize(10)
    assert d.dtype.metadata == dtype.metadata
    assert d.copy().dtype.metadata == dtype.metadata


@pytest.mark.parametrize("na_object", [None, float("nan"), "missing"])
def test_missing_strings(na_object):
    dtype = np.dtypes.StringDType(na_object=na_object)
    values = ["a", na_object, "b" * 100, na_object]
    d = cda.DynamicArray(dtype=dtype)
    d.extend(values)
    d.append(na_object)
    d.insert(0, na_object)
    expected = np.array([na_object, *values, na_object], dtype)
    assert repr(d.tolist()) == repr(expected.tolist())
    assert repr(d.pop()) == repr(na_object)


GROW = {
    "append": lambda d, count: [d.append("a") for _ in range(count)],
    "extend": lambda d, count: d.extend(["a"] * count),
    "insert": lambda d, count: [d.insert(len(d), "a") for _ in range(count)],
    "reserve": lambda d, count: (d.reserve(count), d.extend(["a"] * count)),
    "resize": lambda d, count: (d.resize(count), d.__setitem__(slice(None), "a")),
}


@pytest.mark.parametrize("grow", GROW)
def test_strings_where_another_array_left_its_elements(grow):
    used = cda.DynamicArray(np.full(2**19, -1))  # enough that its memory is lent to the next array
    del used
    d = cda.DynamicArray(dtype="T")
    GROW[grow](d, 10_000)
    assert d.tolist() == ["a"] * 10_000


@pytest.mark.parametrize("lengths", [[0, 1, 15, 16, 255, 256, 5000], [5000, 3, 0]])
def test_strings_of_any_length(lengths, rng):
    """StringDType keeps short, medium and long strings in different places."""
    values = ["x" * length for length in lengths] + ["\u20ac" * length for length in lengths]
    d, expected = cda.DynamicArray(dtype="T"), []
    for _ in range(5):
        for value in values:
            d.append(value)
            expected.append(value)
        index = int(rng.integers(len(expected)))
        assert d.pop(index) == expected.pop(index)
        d.insert(0, values[-1])
        expected.insert(0, values[-1])
        d.extend(d[:3])
        expected.extend(expected[:3])
        del d[1::3], expected[1::3]
        assert d.tolist() == expected
    copy = d.copy()
    del d
    assert copy.tolist() == expected


@pytest.mark.parametrize(
    "dtype", [np.dtypes.StringDType(), np.dtypes.StringDType(na_object=np.nan), np.dtype(object), np.dtype("U9")],
    ids=str,
)
@pytest.mark.parametrize("method", ["sort", "partition"])
def test_strings_are_sorted_in_place(method, dtype):
    d = cda.array(["right", "left", "up", "leftovers"], dtype=dtype)
    expected = np.array(d)
    for array in (d, expected):
        getattr(array, method)(*([2] if method == "partition" else []))
    assert d.tolist() == expected.tolist() != ["right", "left", "up", "leftovers"]
