"""Many threads at one array. With a GIL they take turns, and the same holds; without one they are at it at once."""

import contextlib
import ctypes
import sys
import sysconfig
import threading
from functools import partial

import numpy as np
import pytest
from hammer import KINDS, hammer
from threads import in_threads

import cppdynarray as cda

without_gil = pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="with a GIL one thread runs at a time"
)


@without_gil
def test_the_gil_is_off():
    assert not sys._is_gil_enabled()


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_is_there_once_and_whole(kind):
    if "file" in kind and sys.platform == "win32":
        pytest.skip("arrays on files aren't on Windows")
    assert hammer(kind, seconds=0.5, seed=1) > 0


@pytest.mark.parametrize("share", [5000, pytest.param(25_000_000, marks=pytest.mark.slow)])
def test_rows_of_one_thread_keep_their_order(share):
    d = cda.DynamicArray(dtype="i8")

    def work(number):
        append = d.append
        for value in range(number * share, (number + 1) * share):
            append(value)

    in_threads(*[partial(work, number) for number in range(4)])
    values = d.as_numpy()
    assert len(values) == 4 * share
    for number in range(4):
        own = values[values // share == number]
        assert len(own) == share and own[0] == number * share and (np.diff(own) == 1).all()


@without_gil
@pytest.mark.parametrize("compute", [
    lambda d: np.concatenate([d, d]), lambda d: np.add(d, 1, out=d), lambda d: d + 1, lambda d: d.sum(), np.sqrt,
])
def test_arrays_that_no_other_thread_knows(compute):
    wrong = []

    def work(number):
        for _ in range(300):
            d = cda.DynamicArray(np.full(50 + number, 4.0))
            plain = np.full(50 + number, 4.0)
            if not np.array_equal(compute(d), compute(plain)):
                wrong.append(number)

    in_threads(*[partial(work, number) for number in range(4)])
    assert not wrong


@without_gil
@pytest.mark.parametrize("make", [cda.DynamicArray, lambda: cda.zeros((2, 3)), lambda: cda.RollingArray(maxlen=3)])
def test_what_threads_write_lies_far_from_what_others_use(make):
    """Locks and lengths of arrays that were made one after the other: processors hand each other lines of memory."""
    arrays = [make() for _ in range(50)]
    of_dimensions = object.__basicsize__ + 2 * ctypes.sizeof(ctypes.c_void_p)  # behind the data and their number
    dimensions = [ctypes.c_size_t.from_address(id(d) + of_dimensions).value for d in arrays]
    assert np.diff(sorted(map(id, arrays))).min() >= 128
    assert np.diff(sorted(dimensions)).min() >= 64 + 2 * arrays[0].ndim * ctypes.sizeof(ctypes.c_void_p)


@without_gil
def test_a_list_that_another_thread_changes_is_read_item_by_item():
    numbers = list(range(100))
    arrays = [np.zeros(3), cda.DynamicArray([1.0]), np.zeros(2)]

    def work(number):
        for step in range(300):
            if number == 0:
                numbers.append(numbers.pop(0))
                arrays.append(arrays.pop(0))
            else:
                assert set(cda.DynamicArray(numbers)) <= set(range(100))
                try:
                    cda.DynamicArray(dtype="i8").extend(numbers)
                    np.concatenate(arrays)
                except (IndexError, ValueError):
                    assert step >= 0  # NumPy looks at a list twice

    in_threads(*[partial(work, number) for number in range(3)])


@without_gil
def test_the_third_array_of_objects_is_written_where_it_is_asked_for():
    a, b, total = (cda.DynamicArray(list(range(3)), dtype=object) for _ in range(3))
    assert np.add(a, b, out=total) is total and total.tolist() == [0, 2, 4]
    np.add.at(total, [0], [10])
    assert np.choose([0, 1, 2], [a, b, total]).tolist() == [0, 1, 4]
    _, second, third = np.broadcast_arrays(cda.zeros((2, 3), object), b, total)
    assert third.tolist() == [[10, 2, 4]] * 2
    assert np.shares_memory(second, b) and not np.shares_memory(third, total)


@without_gil
def test_rows_in_lists_and_dicts_that_other_threads_change():
    as_list, as_dict = [1.0, {"a"}], {"x": 2.0, "thing": {"b"}}
    rows = [as_list, as_dict, (3.0, {"c"})]
    t = cda.DynamicTable(dtype=[("x", "f8"), ("thing", object)])

    def work(number):
        for step in range(2000):
            if number < 2:
                as_list[1] = {str(step)}
                as_dict["thing"] = {str(step)}
                rows.append(rows.pop(0) if number else [4.0, {str(step)}])
                del rows[6:]
            else:
                with contextlib.suppress(IndexError):
                    t.extend(rows)
                    t.append(rows[number])
                    t.append(as_dict)
                if len(t) > 1000:
                    assert isinstance(t[0].thing, set)
                    t.clear()

    in_threads(*[partial(work, number) for number in range(4)])


@pytest.mark.parametrize(("make", "row"), [
    (lambda: cda.DynamicArray([0]), int), (lambda: cda.DynamicArray([0], object), int),
    (lambda: cda.RollingArray([0], maxlen=9), int), (lambda: cda.DynamicTable({"x": [0]}), lambda x: (x,)),
    (lambda: cda.DynamicTable({"x": ["0"]}), lambda x: (str(x),)),
])
def test_an_iterator_that_waits_lets_others_append(make, row):
    d = make()
    waits, appended = threading.Event(), threading.Event()

    def rows():
        yield row(1)
        waits.set()
        assert appended.wait(60)
        yield row(2)

    thread = threading.Thread(target=d.extend, args=(rows(),))
    thread.start()
    assert waits.wait(60)
    d.append(row(3))
    appended.set()
    thread.join()
    assert sorted(int(each[0] if isinstance(each, tuple) else each) for each in d) == [0, 1, 2, 3]


@pytest.mark.parametrize(("make", "row"), [
    (list, int), (lambda: cda.DynamicArray(dtype="i8"), int), (lambda: cda.DynamicArray(dtype=object), int),
    (lambda: cda.DynamicTable(dtype={"x": "i8"}), lambda x: (x,)),
    (lambda: cda.DynamicTable(dtype={"x": "i8", "text": str}), lambda x: (x, str(x))),
])
def test_iteration_goes_on_while_rows_come_and_stops_where_there_are_none(make, row):
    """As over a list, which is tried too: each row once and in order, as many as there are at its end."""
    rows, count = make(), 3000
    filled, done = threading.Event(), threading.Event()

    def change():
        try:
            for value in range(count):
                rows.append(row(value))
            filled.set()
            while len(rows):
                rows.pop()
        finally:
            done.set()

    def iterate():
        while not done.is_set():
            grows, before = not filled.is_set(), len(rows)
            seen = [int(each[0] if isinstance(each, tuple) else each) for each in rows]
            after = len(rows)
            assert seen == list(range(len(seen)))
            if not grows:
                assert after <= len(seen) <= before
            elif not filled.is_set():
                assert before <= len(seen) <= after

    in_threads(change, iterate, iterate, iterate)
