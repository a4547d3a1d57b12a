"""Random programs: all that changes an array, against a list, with views of any age, open handles, a thread that
pushes without the GIL, and elements whose conversion changes the array.

As many as you like, from seeds that are printed:

    python3 tests/support/random_programs.py --seeds 200
"""

import argparse
import copy
import ctypes
import operator
import pickle
import time
import weakref
from contextlib import ExitStack

import hypothesis
import numpy as np
import pushing
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import cppdynarray as cda
from cppdynarray._core._array import memory_of
from cppdynarray._core._handles import handle_capsule
from cppdynarray.testing import assert_invariants
from helpers import (
    PLAIN_DTYPES,
    REFERENCE_DTYPES,
    ROWS,
    STRUCTURED_DTYPES,
    Thing,
    address,
    assert_same,
    error_of,
    leaves,
    model_array,
    samples,
    unchanged,
)

# As often one with references as one without, and as often one that a thread can push onto.
DTYPES = (
    st.sampled_from(PLAIN_DTYPES + STRUCTURED_DTYPES)
    | st.sampled_from(REFERENCE_DTYPES)
    | st.sampled_from([np.dtype("f8"), np.dtype("i8")])
)
INDICES = st.integers(-9, 9)
SLICES = st.builds(
    slice, st.none() | INDICES, st.none() | INDICES, st.sampled_from([None, 1, 2, -1, -3])
)
SEEDS = st.integers(0, 2**32 - 1)  # of elements: what they are matters little, so they are random
WHICH = st.integers(0, 99)

# Where memory comes from: reserved addresses as they are by default; so few of them that the
# array moves; ordinary memory, where each growth moves it.
MEMORY = {
    "reserved": {"backend": "cpp"},
    "small": {"backend": "cpp", "reserve_bytes": 1 << 12},
    "heap": {"backend": "heap"},
}
FORMS = {
    "array": np.asarray,
    "F-ordered array": np.asfortranarray,
    "array of every other row": lambda rows: rows.repeat(2, axis=0)[::2],
    "DynamicArray": cda.DynamicArray,
    "list": list,
    "generator": lambda rows: (row for row in rows),
}
LOOKS = {
    "all": lambda a, key: a[:],
    "slice": lambda a, key: a[key],
    "row": lambda a, key: a[len(a) // 2],
    "plain": lambda a, key: np.asarray(a),
    "transposed": lambda a, key: a.T,
    "new axis": lambda a, key: a[:, None],
    "flat": lambda a, key: a.reshape(-1)[1:],
    "bytes": lambda a, key: a.view("u1"),
    "field": lambda a, key: a[a.dtype.names[-1]],
    "memoryview": lambda a, key: np.asarray(memoryview(a)),
    "DLPack": lambda a, key: np.from_dlpack(a),
    "ndarray's view": lambda a, key: a.view(np.ndarray)[key],
}
COPIES = {
    "copy": lambda a: a.copy(),
    "copy.copy": copy.copy,
    "constructor": cda.DynamicArray,
    "deepcopy": copy.deepcopy,
    "pickle": lambda a: pickle.loads(pickle.dumps(a, pickle.HIGHEST_PROTOCOL)),
}
IN_PLACE = {
    "+= 1": lambda a: operator.iadd(a, a.dtype.type(1)),
    "*= itself": lambda a: operator.imul(a, a),
    "out=": lambda a: np.subtract(a, a[::-1], out=a),
    "|= True": lambda a: operator.ior(a, True),
    "sort": lambda a: a.sort(axis=0),
    "fill": lambda a: a.fill(a.reshape(-1)[0]),
}


# What a thread may do while another pushes: each gives the rows that it found, from the first on.
READS = {
    "view": lambda a: a[:], "as_numpy": lambda a: a.as_numpy(), "copy": lambda a: a.copy(), "np.array": np.array,
    "asarray": lambda a: np.asarray(a, object), "tolist": lambda a: np.array(a.tolist(), a.dtype).reshape(-1, *a.shape[1:]),  # noqa: E501
    "+ 0": lambda a: a + a.dtype.type(0), "np.concatenate": lambda a: np.concatenate([a[:0], a]),
    "memoryview": lambda a: np.asarray(memoryview(a)), "DynamicArray": cda.DynamicArray,
    "tobytes": lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(-1, *a.shape[1:]),
    "pickle": lambda a: pickle.loads(pickle.dumps(a)), "F": lambda a: a.copy("F"), "take": lambda a: a[np.arange(len(a[:0]))],  # noqa: E501
}


class Stop(Exception):
    """What an iterator raises half way."""


class Changing:
    """A number whose conversion changes an array, the first time."""

    def __init__(self, number, change):
        self.number, self.change = number, change

    def converted(self):
        change, self.change = self.change, None
        if change is not None:
            change()
        return self.number

    def __float__(self):
        return float(self.converted())

    def __index__(self):
        return self.converted()

    def __int__(self):
        return self.converted()


def nothing(dtype):
    """What views see where there is no element any more: zeros and None."""
    made = np.zeros(1, dtype)

    def clear(part):
        if part.dtype.names:
            for name in part.dtype.names:
                clear(part[name])
        elif part.dtype.kind == "O":
            part[...] = None

    clear(made)
    return made


class DynamicArrayMachine(RuleBasedStateMachine):
    """A list of rows says what an array holds, and a plain array what is in its memory.

    The plain array has room for all that a run can have. Views look at it, as those of the array
    look at the array's memory; when the array moves, it gets another one.
    """

    most_items, most_rows, most_views = 2000, 100, 12

    @initialize(
        dtype=DTYPES,
        row_shape=st.sampled_from(ROWS),
        memory=st.sampled_from(sorted(MEMORY)),
        rows=st.integers(0, 5),
        seed=SEEDS,
    )
    def start(self, dtype, row_shape, memory, rows, seed):
        self.dtype, self.nothing = dtype, nothing(dtype)
        self.things, self.views, self.handles = [], [], []
        self.options = ExitStack()
        self.options.enter_context(cda.options(**MEMORY[memory]))
        cda._core._memory.trim()  # where the array is must not depend on earlier runs
        content = self.sample((rows, *row_shape), seed)
        self.adopt(cda.DynamicArray(content), content)
        self.look("all", slice(None))  # the oldest view

    def teardown(self):
        if hasattr(self, "array"):
            self.options.close()
            del self.array, self.memory, self.views, self.handles
            assert not [thing() for thing in self.things if thing() is not None], "objects left"

    # The model.

    def adopt(self, array, content):
        """Makes `array` the one that is tested from now on."""
        self.handles = []
        self.array, self.shape = array, content.shape
        self.new_memory()
        self.memory[: content.size] = content.reshape(-1)
        self.reserved = memory_of(array)["reserved_bytes"]

    def new_memory(self):
        self.memory = self.nothing.repeat(self.most_items)
        self.address = address(self.array)

    def sample(self, shape, seed):
        made = samples(self.dtype, shape, np.random.default_rng(seed))
        for leaf in leaves(made):
            if isinstance(leaf, Thing):
                self.things.append(weakref.ref(leaf))
        return made

    def sample_row(self, seed):
        return self.sample((1, *self.row_shape), seed)[0]

    @property
    def row_shape(self):
        return self.shape[1:]

    @property
    def model(self):
        """A plain view of the model's memory, as the array is one of its own."""
        return self.memory[: int(np.prod(self.shape))].reshape(self.shape)

    @property
    def rows(self):
        return list(self.model.copy())

    def now(self, content):
        """The array has been changed, and holds `content`."""
        if not isinstance(content, np.ndarray):
            content = model_array(content, self.row_shape, self.dtype)
        if address(self.array) != self.address:
            assert memory_of(self.array)["committed_bytes"] > self.reserved, "it had room"
            if self.dtype.hasobject:  # references have moved, too
                self.memory[:] = self.nothing
            self.new_memory()
        self.shape = content.shape
        self.memory[: content.size] = content.reshape(-1)
        if self.dtype.hasobject:  # those of removed elements are dropped at once
            self.memory[content.size :] = self.nothing
        self.reserved = memory_of(self.array)["reserved_bytes"]

    def has_room(self, rows=6):
        """Whether the model has; each rule adds at most so many."""
        rows += len(self.array)
        return rows <= self.most_rows and rows * self.row_items <= self.most_items

    @property
    def row_items(self):
        return int(np.prod(self.row_shape))

    # Growth.

    @rule(seed=SEEDS)
    @precondition(has_room)
    def append(self, seed):
        row = self.sample_row(seed)
        self.array.append(row)
        self.now([*self.rows, row])

    @rule(seed=SEEDS)
    @precondition(lambda self: len(self.array) and self.has_room())
    def append_one_of_its_own(self, seed):
        self.array.append(self.array[seed % len(self.rows)])
        self.now([*self.rows, self.rows[seed % len(self.rows)]])

    @rule(count=st.integers(0, 6), seed=SEEDS, form=st.sampled_from(sorted(FORMS)))
    @precondition(has_room)
    def extend(self, count, seed, form):
        rows = self.sample((count, *self.row_shape), seed)
        self.array.extend(FORMS[form](rows))
        self.now([*self.rows, *rows])

    @rule(key=st.none() | SLICES)
    def extend_by_itself(self, key):
        added = self.rows if key is None else self.rows[key]
        if not self.has_room(len(added)):
            return
        self.array.extend(self.array if key is None else self.array[key])
        self.now([*self.rows, *added])

    @rule(seed=SEEDS)
    @precondition(has_room)
    def extend_by_an_iterator_that_appends(self, seed):
        first, second, meanwhile = self.sample((3, *self.row_shape), seed)

        def values():
            yield first
            self.array.append(meanwhile)
            self.now([*self.rows, meanwhile])
            yield second

        self.array.extend(values())
        self.now([*self.rows, first, second])

    @rule(index=INDICES, seed=SEEDS, own=st.booleans())
    @precondition(has_room)
    def insert(self, index, seed, own):
        rows, own = self.rows, own and len(self.rows) > 0
        row = rows[seed % len(rows)] if own else self.sample_row(seed)
        self.array.insert(index, self.array[seed % len(rows)] if own else row)
        rows.insert(index, row)
        self.now(rows)

    @rule(length=st.integers(0, 30))
    def resize(self, length):
        if length * self.row_items <= self.most_items:
            self.resize_to((length, *self.row_shape))

    @rule(
        shape=st.sampled_from([(4,), (0,), (7,), (2, 3), (1, 3), (3, 1), (0, 2), (2, 2, 2), (3, 0)])
    )
    def resize_to(self, shape):
        if self.handles and shape[1:] != self.row_shape:
            with unchanged(self.array):
                assert error_of(self.array.resize, shape) is ValueError
            return
        expected = self.model.copy()
        expected.resize(shape, refcheck=False)
        self.array.resize(shape)
        self.now(expected)

    @rule(rows=st.integers(0, 300), past=st.booleans())
    def reserve(self, rows, past):
        if past and self.array.max_size < 1 << 16:
            rows = self.array.max_size + 1
        self.array.reserve(rows)
        self.now(self.model.copy())
        assert self.array.capacity >= rows

    # Handles, and a thread that pushes through one.

    @rule()
    @precondition(lambda self: len(self.handles) < 3 and pushing.has_handles(self.array))
    def open_a_handle(self):
        self.handles.append(handle_capsule(self.array, "a handle"))

    @rule(which=WHICH)
    @precondition(lambda self: self.handles)
    def close_a_handle(self, which):
        del self.handles[which % len(self.handles)]

    @rule(rows=st.integers(0, 5))
    @precondition(lambda self: self.handles)
    def set_a_state_while_a_handle_is_open(self, rows):
        state = np.zeros((rows, *self.row_shape), self.dtype).__reduce__()[2]
        with unchanged(self.array):
            assert error_of(self.array.__setstate__, state) is ValueError

    @rule(count=st.integers(0, 6), seed=SEEDS, reads=st.lists(st.sampled_from(sorted(READS)), max_size=4), keep=st.booleans())  # noqa: E501
    @precondition(lambda self: self.has_room() and pushing.has_handles(self.array) and self.row_items and pushing.can_compile())  # noqa: E501
    def push_without_the_gil(self, count, seed, reads, keep):
        rows = self.sample((count, *self.row_shape), seed)
        before, after, fit = len(self.array), [*self.rows, *rows], self.array.max_size
        everything = model_array(after, self.row_shape, self.dtype)
        handle = pushing.hold(self.array)
        pushing.push(handle, rows)
        if reads:
            for name in reads:
                found = np.asarray(READS[name](self.array), self.dtype)
                if name != "take":
                    assert before <= len(found) <= len(everything)
                assert_same(found, everything[: len(found)])
        pushing.join(handle)
        if address(self.array) != self.address:  # those that fitted were written before it moved
            fitted = everything[before:fit].reshape(-1)
            self.memory[before * self.row_items :][: fitted.size] = fitted
        self.now(after)
        if keep and len(self.handles) < 3:
            self.handles.append(handle)

    # Elements whose conversion changes the array.

    @rule(
        number=st.integers(0, 100),
        how=st.sampled_from(["append", "clear", "resize", "pop", "shrink_to_fit"]),
        into=st.sampled_from(["append", "extend", "insert", "an iterator"]),
        seed=SEEDS,
    )
    @precondition(lambda self: self.has_room(10) and self.dtype.kind in "iuf" and self.row_items)
    def add_what_changes_the_array(self, number, how, into, seed):
        row = self.sample_row(seed)

        def change():
            rows = self.rows
            if how == "append":
                self.array.append(row)
                self.now([*rows, row])
            elif how == "clear":
                self.array.clear()
                self.now([])
            elif how == "resize":
                self.array.resize((3, *self.row_shape))
                self.now([*rows, *np.zeros((3, *self.row_shape), self.dtype)][:3] if len(rows) >= 3 else
                         [*rows, *np.zeros((3 - len(rows), *self.row_shape), self.dtype)])
            elif how == "pop" and rows:
                self.array.pop()
                self.now(rows[:-1])
            elif how == "shrink_to_fit":
                self.shrink_to_fit()

        added = np.full(self.row_shape, number, self.dtype)
        given = added.astype(object)
        given[(0,) * given.ndim] = Changing(number, change)
        given = given.tolist() if given.ndim else given[()]
        if into == "append":
            self.array.append(given)
            self.now([*self.rows, added])
        elif into == "insert":
            self.array.insert(0, given)
            self.now([added, *self.rows])
        elif into == "extend":
            self.array.extend([given, added])
            self.now([*self.rows, added, added])
        else:
            self.array.extend(each for each in (given, added))
            self.now([*self.rows, added, added])

    @rule(index=WHICH, number=st.integers(0, 100), seed=SEEDS, whole=st.booleans())
    @precondition(lambda self: len(self.array) and self.has_room() and self.dtype.kind in "iuf" and not self.row_shape)
    def write_what_appends(self, index, number, seed, whole):
        row, index = self.sample_row(seed), index % len(self.array)

        def change():
            self.array.append(row)
            self.now([*self.rows, row])

        value, before = Changing(number, change), self.model
        if whole:
            self.array[index : index + 1] = [value]
        else:
            self.array[index] = value
        before[index] = number  # where the array was, if it moved: what looks there sees the assignment too
        self.model[index] = number

    # Removal.

    @rule(index=INDICES)
    def pop(self, index):
        rows = self.rows
        error = error_of(rows.pop, index)
        if error is not None:
            with unchanged(self.array):
                assert error_of(self.array.pop, index) is error
            return
        expected = np.asarray(self.model[index], self.dtype).copy()
        popped = np.asarray(self.array.pop(index), self.dtype)
        assert not np.shares_memory(popped, self.array)
        self.now(rows)
        assert_same(popped, expected)

    @rule(key=SLICES | INDICES)
    def delete(self, key):
        rows, before = self.rows, len(self.rows)
        error = error_of(rows.__delitem__, key)
        assert error_of(self.array.__delitem__, key) is error
        self.adopt_left_behind(len(rows), before)
        self.now(rows)

    @rule(mask=st.integers(0), form=st.sampled_from(["mask", "list", "array"]))
    def delete_some(self, mask, form):
        removed = np.array([bool(mask >> position & 1) for position in range(len(self.rows))], bool)
        places = np.flatnonzero(removed)
        kept = [row for row, gone in zip(self.rows, removed, strict=True) if not gone]
        del self.array[{"mask": removed, "list": places.tolist(), "array": places}[form]]
        self.adopt_left_behind(len(kept), len(self.rows))
        self.now(kept)

    def adopt_left_behind(self, start, stop):
        """Behind the end views see what removing rows left there, which isn't promised to be anything."""
        row_bytes = self.dtype.itemsize * self.row_items
        left = ctypes.string_at(address(self.array) + start * row_bytes, (stop - start) * row_bytes)
        if left and not self.dtype.hasobject:
            self.memory.view("u1")[start * row_bytes : stop * row_bytes] = np.frombuffer(left, "u1")

    @rule()
    def clear(self):
        self.array.clear()
        self.now([])

    @rule()
    def shrink_to_fit(self):
        memory = memory_of(self.array)
        self.array.shrink_to_fit()
        assert self.array.nbytes == 0 or self.array.capacity == len(self.array)
        if not memory["on_heap"] and not self.dtype.hasobject:
            # Memory past the length was given back: views see zeros.
            self.memory.view("u1")[self.array.nbytes : memory["committed_bytes"]] = 0
        self.now(self.model.copy())

    # Writing.

    @rule(index=WHICH, seed=SEEDS)
    @precondition(lambda self: len(self.array))
    def write(self, index, seed):
        row, index = self.sample_row(seed), index % len(self.array)
        self.array[index] = row
        self.model[index] = row

    @rule(places=st.lists(WHICH, max_size=4), seed=SEEDS)
    @precondition(lambda self: len(self.array))
    def index_by_a_list(self, places, seed):
        places = np.array([place % len(self.array) for place in places], int)
        found = self.array[places]
        assert type(found) is np.ndarray
        assert not np.shares_memory(found, self.array)
        assert_same(found, self.model[places])
        rows = self.sample(found.shape, seed)
        self.array[places] = rows
        self.model[places] = rows

    @rule(operation=st.sampled_from(sorted(IN_PLACE)))
    @precondition(lambda self: self.array.size and self.dtype.kind in "?biufcSUmM")
    def change_in_place(self, operation):
        expected = self.model.copy()
        with np.errstate(all="ignore"):
            error = error_of(IN_PLACE[operation], expected)
            assert error_of(IN_PLACE[operation], self.array) is error
        if error is None:
            self.now(expected)

    @rule(which=WHICH, origin=WHICH, place=WHICH)
    @precondition(lambda self: self.views)
    def write_through_a_view(self, which, origin, place):
        view, expected, _ = self.views[which % len(self.views)]
        if not view.size or not view.flags.writeable:
            return
        origin, place = (np.unravel_index(each % view.size, view.shape) for each in (origin, place))
        offset = address(view[(*place, ...)]) - self.address
        if self.dtype.hasobject and not 0 <= offset < self.array.nbytes:
            return  # what is put where the array isn't is nobody's
        view[place] = view[origin]
        expected[place] = expected[origin]

    # Views and copies.

    @rule(kind=st.sampled_from(sorted(LOOKS)), key=SLICES)
    @precondition(lambda self: len(self.views) < self.most_views)
    def look(self, kind, key):
        if kind == "bytes" and (self.dtype.names or self.dtype.char in "gG"):
            return  # there are bytes that mean nothing
        error = error_of(LOOKS[kind], self.model, key)
        if error is not None:
            assert error_of(LOOKS[kind], self.array, key) is error
            return
        expected, found = LOOKS[kind](self.model, key), LOOKS[kind](self.array, key)
        if isinstance(expected, np.ndarray):
            assert found.size == 0 or np.shares_memory(found, self.array)
            self.views.append((found, expected, address(found)))

    @rule(which=WHICH)
    @precondition(lambda self: self.views)
    def forget(self, which):
        del self.views[which % len(self.views)]

    @rule(method=st.sampled_from(sorted(COPIES)), seed=SEEDS, go_on=st.booleans())
    @precondition(has_room)
    def copy(self, method, seed, go_on):
        if self.dtype.hasobject and self.dtype.kind != "T" and method in ("deepcopy", "pickle"):
            return  # of objects, which then are others: test_pickle_copy.py
        made = COPIES[method](self.array)
        assert type(made) is cda.DynamicArray
        assert_same(made, self.model)
        row = self.sample_row(seed)
        made.append(row)
        assert_invariants(made)
        assert_same(made, model_array([*self.rows, row], self.row_shape, self.dtype))
        if go_on:
            self.adopt(made, model_array([*self.rows, row], self.row_shape, self.dtype))

    # Failures.

    @rule(seed=SEEDS, which=WHICH)
    def fail(self, seed, which):
        row = self.sample_row(seed)

        def stopping():
            yield row
            raise Stop

        array, length = self.array, len(self.array)
        calls = [
            lambda: array.extend(stopping()),
            lambda: array.extend(5),
            lambda: array.extend(np.zeros((2, 9, 9, 9))),
            lambda: array.insert("x", row),
            lambda: array.insert(None, row),
            lambda: array.pop(length),
            lambda: array.__delitem__(length),
            lambda: array.__delitem__([0, length]),
            lambda: array.__delitem__(np.ones(length + 1, bool)),
            lambda: array.__setitem__(length, row),
            lambda: array.resize(-1),
            lambda: array.resize((2**60, 2**60)),
            lambda: array.reserve(-1),
        ]
        if self.dtype.kind in "iufcmM":
            calls += [lambda: array.append(object()), lambda: array.insert(0, [[[object()]]])]
        if self.row_items:
            calls += [lambda: array.reserve(2**62), lambda: array.resize((2**62, *self.row_shape))]
        with unchanged(array):
            assert error_of(calls[which % len(calls)]) is not None

    @rule(seed=SEEDS)
    def read_only(self, seed):
        row = self.sample_row(seed)
        self.array.flags.writeable = False
        with unchanged(self.array):
            for call in (
                lambda: self.array.append(row), lambda: self.array.extend([row]),
                lambda: self.array.insert(0, row), lambda: self.array.pop(),
                lambda: self.array.clear(), lambda: self.array.resize(0),
                lambda: self.array.reserve(1), lambda: self.array.__delitem__(slice(None)),
            ):
                assert error_of(call) is ValueError
        self.array.flags.writeable = True

    # What holds after each step.

    @invariant()
    def the_array_is_the_list(self):
        if hasattr(self, "array"):
            assert_same(self.array, self.model)
            assert_invariants(self.array)

    @invariant()
    def views_see_their_memory(self):
        for view, expected, place in getattr(self, "views", ()):
            assert address(view) == place
            assert_same(view, expected)


def run_many(machine, description):
    """Runs as many programs of a machine as the command line says, from seeds that are printed."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--programs", type=int, default=25, help="random programs from each seed")
    parser.add_argument("--steps", type=int, default=40, help="rules in a program, at most")
    parser.add_argument("--shrink", action="store_true",
                        help="make a program that fails as short as it can be: minutes")
    options = parser.parse_args()
    phases = [hypothesis.Phase.generate, *[hypothesis.Phase.shrink] * options.shrink]
    settings = hypothesis.settings(
        phases=phases,
        max_examples=options.programs, stateful_step_count=options.steps, deadline=None, database=None, print_blob=True,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    start = time.monotonic()
    for number in range(options.first, options.first + options.seeds):
        print(f"seed {number} ({time.monotonic() - start:.0f} s)", flush=True)

        class Seeded(machine):
            pass

        run_state_machine_as_test(hypothesis.seed(number)(Seeded), settings=settings)
    print(f"{options.seeds} seeds, {options.seeds * options.programs} programs: no fault")


if __name__ == "__main__":
    run_many(DynamicArrayMachine, __doc__)
