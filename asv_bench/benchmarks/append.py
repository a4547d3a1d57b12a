"""
append: one row at the end.

100 rows are a small array with its creation, 100,000 the append alone. Each timed call makes the
array, from memory that `setup` used before; `Fresh` adds the page faults of 8 million float64, 64
MiB. The baselines are an array of the final size, written by index, and a list.
"""

import numpy as np

import cppdynarray as cda

from .common import BACKENDS, FRESH_BYTES, KINDS, choose, forget, statement, values
from .containers import container

KINDS = [*KINDS, "list"]


def start(kind, dtype, row, count):
    """An array to append to."""
    if kind == "list":
        return []
    return np.empty((count, *row), dtype) if kind == "ndarray" else cda.zeros((0, *row), dtype)


def fill(kind, target, rows):
    if kind == "ndarray":
        for position, row in enumerate(rows):
            target[position] = row
    else:
        append = target.append
        for row in rows:
            append(row)


class Scalars:
    """Python numbers, to the five common dtypes."""

    params = [KINDS, ["f8", "f4", "i8", "i4", "?"], [100, 100_000]]
    param_names = ["kind", "dtype", "count"]

    def setup(self, kind, dtype, count):
        choose(kind)
        self.rows = values(dtype, count).tolist()
        fill(kind, start(kind, dtype, (), count), self.rows)

    def time_append(self, kind, dtype, count):
        fill(kind, start(kind, dtype, (), count), self.rows)


class Others:
    """Other elements and rows: of other types than the array's, converted, with references."""

    cases = {
        "NumPy float64": ("f8", (), list(np.linspace(0, 1, 1000))),
        "int to f8": ("f8", (), list(range(1000))),
        "complex": ("c16", (), [1j] * 1000),
        "datetime64": ("M8[s]", (), [np.datetime64(0, "s")] * 1000),
        "object": (object, (), [None] * 1000),
        "str to U8": ("U8", (), ["name"] * 1000),
        "str to StringDType": (np.dtypes.StringDType(), (), ["name"] * 1000),
        "record": ([("id", "i4"), ("at", "f8")], (), [(1, 0.5)] * 1000),
        "row of 3": ("f8", (3,), [np.ones(3)] * 1000),
        "row of 3, a tuple": ("f8", (3,), [(1.0, 2.0, 3.0)] * 1000),
        "row of 1000": ("f8", (1000,), [np.ones(1000)] * 1000),
    }
    params = [KINDS, list(cases)]
    param_names = ["kind", "row"]

    def setup(self, kind, row):
        choose(kind)
        dtype, shape, self.rows = self.cases[row]
        self.target = dtype, shape, len(self.rows)
        fill(kind, start(kind, *self.target), self.rows)

    def time_append(self, kind, row):
        fill(kind, start(kind, *self.target), self.rows)


class Fresh:
    """64 MiB by append, to an array without capacity; its page faults are timed."""

    params = [KINDS]
    param_names = ["kind"]

    def setup(self, kind):
        choose(kind)
        forget()
        self.rows = [0.5] * (FRESH_BYTES // 8)
        self.target = start(kind, "f8", (), len(self.rows))

    def time_append(self, kind):
        fill(kind, self.target, self.rows)


class Call:
    """
    100,000 float64, each append a call in the loop itself, as programs have it.

    "loop" does nothing else, and is what to take away. A method is found once, or at every call,
    for which Python has a shortcut where a list is concerned.
    """

    kinds = [*BACKENDS, "list", "list + np.array", "array.array", "cyarray"]
    params = [["loop", *kinds], ["append(x)", "array.append(x)"]]
    param_names = ["kind", "code"]

    def setup(self, kind, code):
        choose(kind)
        array = container("list" if kind in ("loop", "list + np.array") else kind).data
        rows = values("f8", 1000).tolist() * 100
        code = "for x in rows: " + ("pass" if kind == "loop" else code)
        if kind == "list + np.array":
            code += "\n        np.array(array)"
        self.run = statement(code, 1, array=array, append=array.append, rows=rows)

    def time_append(self, kind, code):
        self.run()


class Reserved:
    """100,000 float64 into capacity that was asked for, and touched, before."""

    params = [BACKENDS]
    param_names = ["kind"]

    def setup(self, kind):
        self.rows = [0.5] * 100_000
        self.target = choose(kind).ones(len(self.rows))
        self.target.clear()

    def time_append(self, kind):
        fill(kind, self.target, self.rows)
