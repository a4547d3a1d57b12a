"""Random programs: all that changes a window, against a deque, with views that are as old as they may be."""

import collections
import copy
import pickle

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from random_programs import FORMS, SEEDS
from rolling_arrays import Failure, assert_window, failing

import cppdynarray as cda
from helpers import PLAIN_DTYPES, REFERENCE_DTYPES, ROWS, STRUCTURED_DTYPES, assert_same, model_array, samples

DTYPES = st.sampled_from(PLAIN_DTYPES + STRUCTURED_DTYPES) | st.sampled_from(REFERENCE_DTYPES)
COUNTS = st.integers(0, 12)
COPIES = {
    "copy": lambda w: w.copy(),
    "copy.copy": copy.copy,
    "pickle": lambda w: pickle.loads(pickle.dumps(w)) if not w.dtype.hasobject and w.dtype.isnative else w.copy(),
    "view": lambda w: cda.RollingArray(w, maxlen=w.maxlen),
}


class Window(RuleBasedStateMachine):
    @initialize(dtype=DTYPES, row_shape=st.sampled_from(ROWS), maxlen=st.integers(1, 9),
                backend=st.sampled_from(["cpp", "heap"]))
    def make(self, dtype, row_shape, maxlen, backend):
        self.dtype, self.row_shape = dtype, row_shape
        cda._core._memory.trim()  # a block of the pool may be large, and is then never at its end
        with cda.options(backend=backend, reserve_bytes=1 << 12):
            self.array = cda.RollingArray(dtype=dtype, row_shape=row_shape, maxlen=maxlen)
        self.model = collections.deque(maxlen=maxlen)
        self.views = collections.deque()  # (how many rows had come in, the view, what it showed)
        self.total = 0

    def rows(self, count, seed):
        return samples(self.dtype, (count, *self.row_shape), np.random.default_rng(seed))

    def expected(self):
        return model_array(list(self.model), self.row_shape, self.dtype)

    @rule(seed=SEEDS)
    def append(self, seed):
        (row,) = self.rows(1, seed)
        self.array.append(row)
        self.model.append(row)
        self.total += 1

    @rule(count=COUNTS, seed=SEEDS, form=st.sampled_from(sorted(FORMS)))
    def extend(self, count, seed, form):
        rows = self.rows(count, seed)
        self.array.extend(FORMS[form](rows))
        self.model.extend(rows)
        self.total += count

    @rule(seed=SEEDS)
    def many(self, seed):
        for row in self.rows(40, seed):
            self.array.append(row)
            self.model.append(row)
        self.total += 40

    @rule()
    def extend_by_itself(self):
        rows = list(self.expected())
        self.array.extend(self.array)
        self.model.extend(rows)
        self.total += len(rows)

    @rule(start=COUNTS)
    def extend_by_a_part(self, start):
        rows = list(self.expected()[start:])
        self.array.extend(self.array[start:])
        self.model.extend(rows)
        self.total += len(rows)

    @rule(count=COUNTS, seed=SEEDS)
    def fail(self, count, seed):
        try:
            self.array.extend(failing(list(self.rows(count, seed))))
        except Failure:
            return
        raise AssertionError("no Failure")

    @rule()
    def clear(self):
        self.array.clear()
        self.model.clear()

    @rule(index=COUNTS, seed=SEEDS)
    def set_row(self, index, seed):
        if index < len(self.model):
            (row,) = self.rows(1, seed)
            self.array[index] = row
            self.model[index] = row
            self.views.clear()  # they show it too

    @rule(way=st.sampled_from(sorted(COPIES)))
    def go_on_with_a_copy(self, way):
        self.array = COPIES[way](self.array)
        self.views.clear()

    @rule()
    def look(self):
        if not self.dtype.hasobject:
            self.views.append((self.total, self.array[:], self.expected()))

    @invariant()
    def is_the_model(self):
        if not hasattr(self, "array"):
            return
        assert_window(self.array, self.expected(), self.model.maxlen)
        while self.views and self.total - self.views[0][0] > self.model.maxlen:
            self.views.popleft()
        for _, view, expected in self.views:
            assert_same(view, expected)


TestWindow = Window.TestCase
