"""Subclasses and containers that don't keep to the rules: an exception at most, never a crash."""

import gc
import sysconfig

import numpy as np
import pytest

import cppdynarray as cda
from cppdynarray._core._array import memory_of, rebuild
from cppdynarray.testing import assert_invariants
from helpers import assert_same, error_of, unchanged

METHODS = [
    name
    for name, method in vars(cda.DynamicArray).items()
    if callable(method) and name not in ("__new__", "_baseclass")
]


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("other", [None, 1, "text", object(), cda.DynamicArray], ids=lambda value: type(value).__name__)
def test_methods_called_on_what_is_no_array(name, other):
    method = vars(cda.DynamicArray)[name]
    for args in ((), (None,), (1,), (1, 2)):
        # The protocols take any self: they look at their arguments.
        assert error_of(method, other, *args) is TypeError or name in ("__array_wrap__", "__array_function__")


@pytest.mark.parametrize("name", METHODS)
def test_methods_called_on_plain_arrays(name):
    """They have no block: nothing changes, whatever happens."""
    plain = np.arange(6.0)
    for args in ((), (None,), (1,), (1, 2)):
        error_of(vars(cda.DynamicArray)[name], plain, *args)
        assert_same(plain, np.arange(6.0)) if name != "__setitem__" else None


@pytest.mark.parametrize("function", [memory_of, lambda array: rebuild(cda.DynamicArray, array)])
@pytest.mark.parametrize("other", [None, 1, [1.0]], ids=str)
def test_helpers_that_take_arrays_refuse_others(function, other):
    assert error_of(function, other) is TypeError


# Containers of arrays, nested without end.


def deep(wrap, inner, depth):
    for _ in range(depth):
        inner = wrap(inner)
    return inner


def endless_list(inner):
    items = [inner]
    items.append(items)
    return items


def endless_dict(inner):
    items = {"inner": inner}
    items["itself"] = items
    return items


@pytest.mark.parametrize(
    "nested",
    [
        lambda inner: deep(lambda item: [item], inner, 100_000),
        lambda inner: deep(lambda item: (item,), inner, 100_000),
        lambda inner: deep(lambda item: {"key": item}, inner, 100_000),
        endless_list,
        endless_dict,
    ],
    ids=["lists", "tuples", "dicts", "a list in itself", "a dict in itself"],
)
def test_containers_nested_without_end(nested):
    d = cda.arange(3.0)
    assert error_of(np.concatenate, [d, nested(d)]) is RecursionError
    assert error_of(d.sum, nested(d)) is RecursionError
    assert_same(np.concatenate([d, d]), np.concatenate([np.arange(3.0)] * 2))


# Subclasses whose __array_finalize__ fails or interferes.


@pytest.mark.parametrize("rows", [3, 100_000, 10_000_000])
def test_an_array_that_a_failing_finalize_kept_stays_readable(rows):
    class Keeping(cda.DynamicArray):
        def __array_finalize__(self, other):
            kept.extend((self, self[:], memoryview(self)))
            raise KeyError

    for make in (
        lambda: Keeping(np.ones(rows)),
        lambda: Keeping(iter([1.0] * min(rows, 1000)), float),
        lambda: rebuild(Keeping, np.ones(rows)),
        lambda: Keeping([1.0], capacity=rows),
        lambda: Keeping([None], object),
    ):
        kept = []
        assert error_of(make) is KeyError
        cda._core._memory.trim()
        others = [cda.full(rows, 7.0) for _ in range(3)]  # they'd take memory that was given up
        array, view, buffer = kept
        assert memory_of(array) is None
        assert not (np.asarray(array) == 7).any()
        if array.dtype != object:
            array[...] = 5
            assert (view == 5).all()
            assert len(buffer) == len(array)
        assert error_of(array.append, 1.0) is ValueError
        assert all((other == 7).all() for other in others)


@pytest.mark.parametrize("rows", [0, 1, 200_000])
@pytest.mark.parametrize("copy", [lambda d: d.copy(), lambda d: d.__copy__(), lambda d: d.copy("F")])
def test_a_finalize_that_changes_the_source(copy, rows):
    class Meddling(cda.DynamicArray):
        def __array_finalize__(self, other):
            if other is not None and meddle:
                cda.DynamicArray.resize(other, rows)

    meddle = False
    d = Meddling(np.ones(100))
    meddle = True
    assert error_of(copy, d) in (ValueError, None)
    assert len(d) == rows
    assert_invariants(d)


def test_a_finalize_that_gives_the_array_other_memory():
    class Moving(cda.DynamicArray):
        def __array_finalize__(self, other):
            np.ndarray.__setstate__(self, state)
            kept.append(self)

    state = np.arange(5.0).__reduce__()[2]
    kept = []
    assert error_of(Moving, [1.0, 2.0]) is RuntimeError
    assert_same(np.asarray(kept[0]), np.arange(5.0))


@pytest.mark.parametrize("dtype", [float, object])
@pytest.mark.parametrize(
    "meddle",
    [lambda d: d.clear(), lambda d: d.resize(100_000), lambda d: d.shrink_to_fit(), lambda d: d.append(-1)],
    ids=["clear", "resize", "shrink_to_fit", "append"],
)
def test_an_iterator_that_changes_the_array_being_made(meddle, dtype):
    class Keeping(cda.DynamicArray):
        def __array_finalize__(self, other):
            kept.append(self)

    def items():
        for number in range(3000):
            if number % 100 == 50:
                meddle(kept[0])
            yield number

    kept = []
    made = Keeping(items(), dtype)
    assert made is kept[0]
    assert_same(np.asarray(made)[-3000:], np.arange(3000).astype(dtype))
    assert_invariants(made)


# Subclasses that override everything.


class Forbidden(Exception):
    pass


def forbidding(base):
    """A kind of `base` of which every attribute raises, but for those that make and free it."""

    def refuse(self, *args, **kwargs):
        raise Forbidden

    needed = {"__new__", "__init__", "__class__", "__del__", "__dict__", "__getattribute__", "__init_subclass__",
              "__subclasshook__", "__array_finalize__", "__hash__", "__class_getitem__"}
    names = {name for cls in base.__mro__ for name in vars(cls)} - needed
    return type("Forbidding", (base,), {
        name: refuse if callable(getattr(base, name, None)) else property(refuse, refuse, refuse) for name in names
    })


@pytest.mark.parametrize("base", [cda.DynamicArray, np.ndarray], ids=lambda base: base.__name__)
@pytest.mark.parametrize(
    "operation",
    [
        lambda d, other: d.append(other),
        lambda d, other: d.extend(other),
        lambda d, other: d.extend([other]),
        lambda d, other: d.extend(iter([other, other])),
        lambda d, other: d.insert(0, other),
        lambda d, other: d.insert(other, 0),
        lambda d, other: d.pop(other),
        lambda d, other: d.reserve(other),
        lambda d, other: d.resize(other),
        lambda d, other: d.resize((other, 2)),
        lambda d, other: d.__delitem__(other),
        lambda d, other: d.__getitem__(other),
        lambda d, other: d.__setitem__(other, 1),
        lambda d, other: d.__setitem__(0, other),
        lambda d, other: d + other,
        lambda d, other: other @ d,
        lambda d, other: d == other,
        lambda d, other: np.concatenate([d, other]),
        lambda d, other: np.add(d, 1, out=other),
        lambda d, other: d.sum(out=other),
        lambda d, other: cda.DynamicArray(other),
        lambda d, other: cda.array(other),
        lambda d, other: cda.asarray(other),
        lambda d, other: cda.zeros_like(other),
        lambda d, other: cda.fromiter(other, float),
        lambda d, other: cda.frombuffer(other),
        lambda d, other: cda.full(3, other),
        lambda d, other: cda.zeros(other),
        lambda d, other: cda.arange(other),
        lambda d, other: cda.linspace(0, other),
    ],
)
def test_arguments_that_override_everything(operation, base):
    cls = forbidding(base)
    plain = np.arange(2.0) if base is np.ndarray else cda.arange(2.0)
    other = np.ndarray.view(plain, cls) if base is np.ndarray else cls(plain)
    for rows in (np.arange(4.0), np.arange(6.0).reshape(3, 2), np.array([None, 1], object)):
        d = cda.DynamicArray(rows)
        error_of(operation, d, other)
        assert_invariants(d)
        assert_same(np.asarray(plain), np.arange(2.0))
    gc.collect()


def test_an_array_that_overrides_everything():
    cls = forbidding(cda.DynamicArray)
    base = cda.DynamicArray
    d = cls([1.0, 2.0])
    base.append(d, 3.0)
    base.extend(d, [4.0, 5.0])
    base.extend(d, d)
    base.insert(d, 0, 0.0)
    assert base.pop(d) == 5.0
    base.__delitem__(d, slice(1, 3))
    base.reserve(d, 1000)
    base.shrink_to_fit(d)
    base.resize(d, (2, 4))
    assert_same(base.as_numpy(d), np.array([0, 3, 4, 5, 1, 2, 3, 4.0]).reshape(2, 4))
    with pytest.raises(Forbidden):
        d.append(1)


class Lying:
    """Says that it is longer or shorter than it is."""

    def __init__(self, items, length):
        self.items, self.length = items, length

    def __len__(self):
        return self.length

    __length_hint__ = __len__

    def __getitem__(self, index):
        return self.items[index]


@pytest.mark.parametrize("length", [0, 1, 3, 5, 1000, 2**40])
@pytest.mark.parametrize("row", [1.0, [1.0, 2.0]])
def test_lengths_that_lie(length, row):
    """The items count, as they do for a list."""
    if length == 2**40 and sysconfig.get_config_var("Py_GIL_DISABLED"):
        pytest.skip("a list of free-threaded Python takes so much memory that the process is killed")
    d = cda.zeros((0, *np.shape(row)))
    values = Lying([row] * 3, length)
    expected = error_of(list, values)
    if expected is not None:
        # A list makes room for as many as were promised; here what comes counts.
        assert expected is MemoryError
    if len(d.shape) > 1 and expected is not None:
        with unchanged(d):
            assert error_of(d.extend, values) is expected
        return
    d.extend(values)
    assert_same(d, np.array([row] * 3))


# Row shapes that change while values are converted, and change back.


@pytest.mark.parametrize("method", ["append", "insert", "extend"])
def test_a_row_shape_that_changes_there_and_back(method):
    """What was converted for rows of one shape must not be moved to rows of another."""

    class Values:
        def __array__(self, dtype=None, copy=None):
            d.resize((4, 5000))
            rows = np.ones((3, 5000), object)
            rows[-1, -1] = Number()
            return rows if method == "extend" else rows[-1]

    class Number:
        def __float__(self):
            d.resize((4, 2))
            return 1.0

    d = cda.DynamicArray(np.arange(8.0).reshape(4, 2))
    args = (0, Values()) if method == "insert" else (Values(),)
    # For `append` and `insert` NumPy converts to the shape of the time when it was asked.
    assert error_of(getattr(d, method), *args) in (RuntimeError, ValueError)
    assert_invariants(d)
    d.resize((4, 2))
    assert d.shape == (4, 2)


@pytest.mark.parametrize("method", ["append", "insert", "extend"])
def test_a_subclass_that_lies_about_its_shape(method):
    class Lying(cda.DynamicArray):
        shape = property(lambda self: (3, 2))
        ndim = 2
        dtype = np.dtype("f8")

    class Number:
        def __float__(self):
            d.resize((3, 4000))
            return 1.0

    d = Lying(np.zeros((3, 2)))
    row = [1.0, Number()]
    args = {"append": (row,), "insert": (0, row), "extend": ([row],)}[method]
    assert error_of(getattr(d, method), *args) in (RuntimeError, ValueError)
    assert np.asarray(d).shape == (3, 4000)
    assert not np.asarray(d).any()
