"""Code that runs in between: other threads, callbacks, elements that change the array they are put into, handles.

What could end the process runs in one of its own.
"""

import contextlib
import textwrap
import threading
import time
import warnings

import numpy as np
import pushing
import pytest
from readers import HEAP, MEMORY
from threads import in_threads

import cppdynarray as cda
from cppdynarray._core._handles import handle_capsule
from cppdynarray.testing import assert_invariants
from helpers import address, assert_same, error_of, small_array, unchanged
from subprocesses import run_python

SECONDS = 0.2
PATIENCE = 60  # seconds
needs_compiler = pytest.mark.skipif(not pushing.can_compile(), reason="no C++ compiler")


@pytest.fixture(params=["reserved", "small", "heap"])
def memory(request):
    """Each growth moves the data of the last, some that of the second, none that of the first."""
    options = {"reserved": {}, "small": {"reserve_bytes": 1 << 12}, "heap": {"backend": HEAP}}[request.param]
    cda._core._memory.trim()
    with cda.options(**options):
        yield request.param


# Threads of Python.


def test_another_arrays_method_is_given_a_view_of_an_array_that_a_thread_grows():
    """Of the array itself, NumPy's method looks at the length twice, and lets another thread run in between."""
    printed = run_python(
        """
        import threading, time
        import numpy as np, cppdynarray as cda
        edges, stop = np.linspace(0.0, 1.0, 11), threading.Event()
        d = cda.DynamicArray(dtype=float)

        def record():
            chunk = np.linspace(0.0, 0.999, 512)
            while not stop.is_set():
                d.extend(chunk)
                for _ in range(100): d.append(0.5)
                if len(d) > 1_000_000: d.clear()

        recording = threading.Thread(target=record)
        recording.start()
        end, calls = time.monotonic() + 1.0, 0
        try:
            while time.monotonic() < end:
                view = d[:]
                found = edges.searchsorted(view)
                # A row has the same value whenever it is written.
                assert np.array_equal(found, edges.searchsorted(view.copy()))
                calls += 1
        finally:
            stop.set()
            recording.join()
        print(calls > 0)
        """
    )
    assert printed == "True\n"


def test_options_of_a_thread_are_its_own():
    entered, other_entered, left = (threading.Event() for _ in range(3))
    before, seen = cda.get_options(), []

    def outer():
        with cda.options(backend=HEAP):
            entered.set()
            other_entered.wait()
            seen.append(cda.get_options()["growth_factor"])
        left.set()

    def inner():
        entered.wait()
        with cda.options(growth_factor=1.5):
            other_entered.set()
            left.wait()
            seen.append(cda.get_options()["backend"])

    in_threads(outer, inner)
    assert cda.get_options() == before
    assert seen == [before["growth_factor"], before["backend"]]


# Code that runs when a reference goes.


def test_a_weak_reference_calls_back_while_views_are_given_back():
    """What it calls takes more views than are kept."""
    printed = run_python(
        """
        import weakref
        import numpy as np, cppdynarray as cda
        others = [cda.DynamicArray([float(k)] * 3) for k in range(24)]
        joined = []

        for _ in range(20):
            last = cda.DynamicArray([1.0, 2.0])
            arguments = [cda.DynamicArray([0.0]), last]

            class Emptying:
                def __array__(self, dtype=None, copy=None):
                    arguments.clear()
                    return np.zeros(1)

            arguments.append(Emptying())
            watch = weakref.ref(last, lambda _: joined.append(np.concatenate(others)))
            del last
            assert np.concatenate(arguments).tolist() == [0.0, 1.0, 2.0, 0.0]
            for k, each in enumerate(others):
                assert (each + 1).tolist() == [k + 1.0] * 3
        expected = np.repeat(np.arange(24.0), 3)
        print(len(joined), all((each == expected).all() for each in joined))
        """
    )
    assert printed == "20 True\n"


@pytest.mark.parametrize("make", ["cda.DynamicArray([1.0, 2.0])", "np.array([1.0, 2.0]).view(cda.DynamicArray)"])
def test_a_function_empties_a_list_among_its_arguments(make):
    """What it then gives is that list's array, which nothing else refers to any more."""
    printed = run_python(
        f"""
        import weakref
        import numpy as np, cppdynarray as cda

        def first_of(items):
            given.clear()
            junk = [np.zeros(k).view(cda.DynamicArray) for k in range(50)]
            return items[0]

        first_of._implementation = first_of
        for _ in range(50):
            given = [{make}]
            watch = weakref.ref(given[0])
            found = cda.DynamicArray([0.0]).__array_function__(first_of, (cda.DynamicArray,), (given,), {{}})
            assert found is watch() or found.base is watch(), "another array"
            assert found.tolist() == [1.0, 2.0]
            del found
            assert watch() is None
        print("well")
        """
    )
    assert printed == "well\n"


# A thread of C++, and open handles.


@needs_compiler
@pytest.mark.parametrize("name", ["ravel", "flatten", "copy", "reshape", "np.copy", "np.asarray"])
def test_the_order_of_one_row_and_of_two(name):
    """An array of one row is in both orders, and one of two isn't: its flags go with its length."""
    read = {
        "ravel": lambda d: d.ravel("F"), "flatten": lambda d: d.flatten("F"),
        "copy": lambda d: d.copy("F").ravel("K"), "reshape": lambda d: d.reshape(-1, order="F"),
        "np.copy": lambda d: np.copy(d, "F").ravel("K"),
        # NumPy alone sees the length that something of ours published last: here len().
        "np.asarray": lambda d: (len(d), np.asarray(d, order="F").ravel("K"))[1],
    }[name]
    d = cda.zeros((0, 3))
    thread = pushing.start(d, [1, 2], 7)
    found, start = set(), time.monotonic()
    # On a busy machine the thread may not get a turn for long.
    while time.monotonic() < start + SECONDS or (len(found) < 2 and time.monotonic() < start + PATIENCE):
        found.add(tuple(read(d).tolist()))
    pushing.stop(thread)
    assert found <= {(), (0.0, 1.0, 2.0), (0.0, 3.0, 1.0, 4.0, 2.0, 5.0)}
    assert len(found) > 1


def set_attribute(name, value):
    def change(array):
        with warnings.catch_warnings():  # NumPy deprecates these
            warnings.simplefilter("ignore")
            setattr(array, name, value)

    return change


OF_A_HANDLE = {
    "rows": lambda d: d.resize((4, 3)), "no dimension": lambda d: d.resize(()),
    "state": lambda d: d.__setstate__(np.arange(3.0).__reduce__()[2]),
    "state of rows": lambda d: d.__setstate__(np.zeros((2, 2)).__reduce__()[2]),
    "dtype": set_attribute("dtype", "i8"), "smaller dtype": set_attribute("dtype", "i1"),
    "shape": set_attribute("shape", (2, 2)), "strides": set_attribute("strides", (0,)),
}
OF_A_HANDLE_TO_ROWS = {
    "other rows": lambda d: d.resize((2, 4)), "one dimension": lambda d: d.resize(4),
    "three dimensions": lambda d: d.resize((2, 2, 1)),
    "state": lambda d: d.__setstate__(np.zeros((2, 3)).__reduce__()[2]), "dtype": set_attribute("dtype", "i8"),
    "smaller dtype": set_attribute("dtype", "i4"), "shape": set_attribute("shape", (4,)),
    "swapped shape": set_attribute("shape", (1, 4)), "strides": set_attribute("strides", (8, 16)),
}


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize(
    ("rows", "name"), [(False, name) for name in OF_A_HANDLE] + [(True, name) for name in OF_A_HANDLE_TO_ROWS]
)
def test_what_would_change_the_meaning_of_memory_waits_for_the_handle(rows, name):
    contents = np.arange(4.0).reshape((2, 2) if rows else 4)
    change = (OF_A_HANDLE_TO_ROWS if rows else OF_A_HANDLE)[name]
    d = cda.DynamicArray(contents)
    first, second = (handle_capsule(d, "a handle") for _ in range(2))
    for _ in range(2):
        with unchanged(d), pytest.raises(ValueError, match="handle"):
            change(d)
        del first
        first = None  # noqa: F841
    d.append(5)
    assert_same(d.as_numpy(), np.concatenate([contents, np.full((1, *contents.shape[1:]), 5.0)]))
    d.resize(contents.shape)
    d[...] = contents
    del second
    expected = contents.copy()
    with contextlib.suppress(AttributeError):  # of what NumPy has no more
        if "state" in name or name in ("rows", "no dimension", "other rows", "one dimension", "three dimensions"):
            change(d)
            assert len(d.shape) != contents.ndim or d.shape != contents.shape or "state" in name
        else:
            change(expected)
            change(d)
            assert (d.shape, d.dtype, d.strides) == (expected.shape, expected.dtype, expected.strides)


@needs_compiler
@pytest.mark.parametrize("rows", [False, True])
def test_a_thread_goes_on_after_what_was_refused(rows):
    d = cda.zeros((0, 3) if rows else 0)
    thread = pushing.start(d, [50_000, 60_000], 3)
    refused, end = 0, time.monotonic() + SECONDS
    changes = list((OF_A_HANDLE_TO_ROWS if rows else OF_A_HANDLE).values())
    while time.monotonic() < end:
        for change in changes:
            refused += error_of(change, d) is ValueError
        view = d[:]
        assert view.size == 0 or view.reshape(-1)[-1] == view.size - 1
    pushing.stop(thread)
    del thread
    assert refused and refused % len(changes) == 0
    assert_same(d.as_numpy(), np.arange(d.size, dtype=float).reshape(d.shape))
    assert_invariants(d)


@pytest.mark.parametrize("shape", [(3,), (3, 2)])
def test_a_read_only_array_has_no_handle(shape):
    d = cda.zeros(shape)
    d.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        handle_capsule(d, "a handle")
    d.flags.writeable = True
    handle_capsule(d, "a handle")


def test_handles_leave_an_array_that_changes_as_before():
    """Rows of another shape again, once the last handle is closed."""
    d = cda.zeros((2, 3))
    for _ in range(3):
        capsules = [handle_capsule(d, "a handle") for _ in range(5)]
        while capsules:
            with pytest.raises(ValueError, match="handle"):
                d.resize((3, 2))
            capsules.pop()
        d.resize((3, 2))
        d.resize((2, 3))


# Elements whose conversion runs code.


class OwnFloat(float):
    def __float__(self):
        return 99.0


class OwnInt(int):
    def __int__(self):
        return 99

    def __index__(self):
        return 98

    def __float__(self):
        return 97.0


class OwnComplex(complex):
    def __complex__(self):
        return 99j


class OwnFloat64(np.float64):
    def __float__(self):
        return 99.0


class OwnInt64(np.int64):
    def __int__(self):
        return 99

    def __index__(self):
        return 98


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "g", "c16", "i8", "i4", "u1", "?", "O", "T", "U9"])
@pytest.mark.parametrize("kind", [OwnFloat, OwnInt, OwnComplex, OwnFloat64, OwnInt64])
def test_numbers_with_their_own_conversion(kind, dtype):
    """As NumPy takes them."""
    value, expected = kind(1), np.zeros(1, dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        error = error_of(expected.__setitem__, 0, value)
        d = cda.zeros(1, dtype)
        assert error_of(d.__setitem__, 0, value) is error
        assert_same(d.as_numpy(), expected)
        for add in (lambda d: d.append(value), lambda d: d.extend([value]), lambda d: d.insert(0, value)):
            d = cda.DynamicArray(dtype=dtype)
            if error_of(add, d) is None:  # these refuse what loses data
                assert_same(d.as_numpy(), expected)
            else:
                assert len(d) == 0 and (error is not None or dtype in ("i8", "i4", "u1", "?", "U9", "T"))


def operand(array, value, change):
    """Something like an array that changes the array when it is asked for its elements."""

    class Changing:
        def __array__(self, dtype=None, copy=None):
            change(array)
            return np.full(2, value)

        def __float__(self):
            change(array)
            return float(value)

        def __index__(self):
            change(array)
            return value

        def __radd__(self, other):
            change(array)
            return value

    return Changing()


def grow(array):
    if len(array) < 50_000:
        array.extend([0] * 50_000)


IN_PLACE = {
    "e += g": lambda e, g: e.__iadd__(g), "np.add(e, g, out=e)": lambda e, g: np.add(e, g, out=e),
    "e[:2] = g": lambda e, g: e.__setitem__(slice(2), g), "e[[0, 1]] = g": lambda e, g: e.__setitem__([0, 1], g),
    "e[0] = x": lambda e, g: (e.__setitem__(0, g), e.__setitem__(1, 5)),
    "e[0:1] = [x]": lambda e, g: (e.__setitem__(slice(1), [g]), e.__setitem__(1, 5)),
    "e[0, ...] = x": lambda e, g: (e.__setitem__((0, ...), g), e.__setitem__(1, 5)),
    "e.put([0], [x])": lambda e, g: (e.put([0], [g]), e.__setitem__(1, 5)),
    "np.copyto(e[:2], g)": lambda e, g: np.copyto(e[:2], g),
}


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("name", ["e += g", "np.add(e, g, out=e)"])
@pytest.mark.parametrize("dtype", ["f8", "i8", "O"])
def test_a_result_arrives_though_an_operand_grows_the_array(name, dtype):
    e = cda.DynamicArray([0, 0], dtype)
    before, start = e[:], address(e)
    given = operand(e, 5, grow)
    result = IN_PLACE[name](e, given)
    assert result is e
    assert e[:2].tolist() == [5, 5] and len(e) == 50_002
    assert not any(e[2:].tolist())
    if address(e) == start:
        assert before.tolist() == [5, 5]
    assert_invariants(e)


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("name", ["e[0] = x", "e[0:1] = [x]", "e[0, ...] = x"])
@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "f8 rows"])
def test_an_element_arrives_though_its_conversion_grows_the_array(name, dtype):
    if dtype == "f8 rows":
        e, values = cda.zeros((2, 1)), [[5.0], [5.0]]
    else:
        e, values = cda.DynamicArray([0, 0], dtype), [5, 5]

    def grow_rows(array):
        if len(array) < 50_000:
            array.extend(np.zeros((50_000, *array.shape[1:])).astype(array.dtype))

    IN_PLACE[name](e, Scalar(operand(e, 5, grow_rows)))
    assert e[:2].tolist() == values and len(e) == 50_002
    assert not e[2:].any()
    assert_invariants(e)


class Scalar:
    """Without what arrays have."""

    def __init__(self, other):
        self.other = other

    def __float__(self):
        return float(self.other)

    def __index__(self):
        return self.other.__index__()

    __int__ = __index__


SHRINKING = {"clear": lambda d: d.clear(), "resize": lambda d: d.resize(1), "pop": lambda d: d.pop(),
             "shrink_to_fit": lambda d: (d.clear(), d.shrink_to_fit())}


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("name", IN_PLACE)
@pytest.mark.parametrize("how", SHRINKING)
def test_an_operand_that_shrinks_the_array(name, how):
    """An error or not, the array is whole and what it holds is its own."""
    of_elements = "x" in name or "put" in name
    for dtype in ("f8", "i4") if of_elements else ("f8", "O"):
        e = cda.DynamicArray([0, 0] if "+" in name or "add" in name else [0, 0, 0], dtype)
        given = operand(e, 5, SHRINKING[how])
        with contextlib.suppress(IndexError, ValueError, TypeError):
            IN_PLACE[name](e, Scalar(given) if of_elements else given)
        assert len(e) <= 2
        assert_invariants(e)
        e.extend([7, 7])
        assert e[-2:].tolist() == [7, 7]


COMPARING = [
    "d.sort()", "np.sort(d)", "d.argsort()", "d.partition(50)", "d.argpartition(50)", "d.max()", "d.argmax()",
    "d.searchsorted(d[3])", "d == d[::-1]", "d < d[::-1]", "np.unique(d)", "np.less(d, d[::-1], out=d)",
    "np.minimum(d, d[::-1], out=d)", "d.sort(kind='stable')", "d.clip(d[5], d[7], out=d)", "d.all()",
]


FINDS_EMPTY_SLOTS = pytest.mark.xfail(
    strict=True, reason="argsort() finds empty slots where elements were removed meanwhile: SystemError, no crash"
)


@pytest.mark.parametrize(
    "change",
    [
        "d.extend([None] * 100_000)",
        *(pytest.param(change, marks=FINDS_EMPTY_SLOTS) for change in ("d.clear()", "d.resize(3)", "del d[::2]")),
    ],
)
def test_elements_that_change_the_array_when_they_are_compared(change):
    printed = run_python(
        f"""
        import gc, random, sys, weakref
        import numpy as np, cppdynarray as cda
        from cppdynarray.testing import assert_invariants

        class Thing:
            def __init__(self, number): self.number = number
            def compared(self, result):
                global calls
                calls += 1
                if calls == 60 and len(d): {change}
                return result
            def __lt__(self, other): return self.compared(self.number < other.number)
            def __gt__(self, other): return self.compared(self.number > other.number)
            def __le__(self, other): return self.compared(self.number <= other.number)
            def __ge__(self, other): return self.compared(self.number >= other.number)
            def __eq__(self, other): return self.compared(self.number == other.number)
            def __bool__(self): return self.compared(True)
            __hash__ = None

        def check(call, options):
            global d, calls
            cda._core._memory.trim()
            calls = 0
            numbers = list(range(100))
            random.Random(1).shuffle(numbers)
            with cda.options(**options): d = cda.DynamicArray([Thing(number) for number in numbers], object)
            watches = [weakref.ref(each) for each in d.tolist()]
            try:
                exec(call)
            except (TypeError, ValueError, AttributeError, IndexError):  # of None, where no element is any more
                pass
            assert_invariants(d)
            assert all(each is None or type(each) in (Thing, bool) for each in d.tolist())
            d.append(None)
            d.clear()
            gc.collect()
            assert not any(watch() for watch in watches), "objects left"

        for call in {COMPARING!r}:
            for options in {MEMORY!r}:
                print(call, options, file=sys.stdout, flush=True)
                check(call, options)
        """
    )
    assert len(printed.splitlines()) == len(COMPARING) * len(MEMORY)


# States, iterators, and what has no dimension.


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("dtype", ["f8", "i4", "O"])
@pytest.mark.parametrize("count", [0, 2, 100_000])
def test_a_state_leaves_views_what_they_are(dtype, count):
    d, other = (cda.DynamicArray([1, 2, 3], dtype) for _ in range(2))
    while d.max_size != other.max_size:  # the first of many blocks have fewer addresses than later ones
        d, other = other, cda.DynamicArray([1, 2, 3], dtype)
    view, buffer = d[:], None if dtype == "O" else memoryview(d)
    d.__setstate__(np.arange(count).astype(dtype).__reduce__()[2])
    others = [cda.DynamicArray([7, 8, 9], dtype) for _ in range(20)]
    assert view.base is d
    assert_same(d.as_numpy(), np.arange(count).astype(dtype))
    # As after a resize and an assignment.
    other_view = other[:]
    other.resize(count)
    other[:] = np.arange(count).astype(dtype)
    assert view.tolist() == other_view.tolist()
    view[0] = 6
    assert all(other.tolist() == [7, 8, 9] for other in others)
    if buffer is not None:
        assert buffer[0] == 6
    d.extend([4, 5])
    assert d[-2:].tolist() == [4, 5]
    assert_invariants(d)


def test_a_flat_iterator_is_of_the_array():
    # Of a view of it: NumPy gives what d.flat[:1] is the class of the array that the iterator is of.
    for d in (cda.DynamicArray([1.0, 2.0]), cda.zeros((2, 3)), cda.array(2.5), cda.DynamicArray([None])):
        assert d.flat.base.base is d
        assert type(d.flat[:1]) is np.ndarray
    rows = cda.array(np.arange(6.0).reshape(2, 3))
    flat = rows.flat
    next(flat)
    rows.append([6.0, 7.0, 8.0])
    assert list(flat) == [1.0, 2.0, 3.0, 4.0, 5.0]
    rows.flat[4] = 9.0
    assert rows[1, 1] == 9.0


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("shape", [(3,), 3, (2, 2), (0,), (), (1,)])
@pytest.mark.parametrize("value", [2.5, None])
def test_what_has_no_dimension_is_resized(shape, value):
    expected = np.array(value, object if value is None else None)
    d = cda.array(expected.copy())
    assert d.shape == ()
    expected.resize(shape, refcheck=False)
    d.resize(shape)
    assert_same(d.as_numpy(), expected)
    assert_invariants(d)
    if d.ndim == 1:
        d.append(value)
        assert d[-1] == value or value is None


def test_memory_that_moved_is_not_kept():
    """However small the steps in which ordinary memory grows."""
    printed = run_python(
        f"""
        import numpy as np, cppdynarray as cda
        def resident():
            with open("/proc/self/statm") as file: return int(file.read().split()[1]) * 4096
        chunk = np.ones(1024)
        before = resident()
        for factor in (1.01, 1.1, 2.0):
            with cda.options(backend={HEAP!r}, growth_factor=factor):
                d = cda.DynamicArray(dtype=float)
                while d.nbytes < 20_000_000: d.extend(chunk)
                print((resident() - before) / d.nbytes < 2.4)
                del d
        """
    )
    assert textwrap.dedent(printed) == "True\n" * 3


def test_helpers_are_as_they_say():
    assert small_array([1.0]).max_size < 1 << 17
