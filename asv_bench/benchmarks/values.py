"""
Values of every kind, for every kind of dtype, by every way in.

A program has what it has: Python's numbers or the scalars that NumPy's functions return, text, dates, tuples. 100
values are a small array with its creation, 100,000 the conversion alone; report.py takes 10,000. The baseline is
what is done without this package: a list, and np.array with the dtype in the end. For `append` that list is appended
to one by one; for a list that is there, it is np.array alone.
"""

from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np

from .common import BACKENDS, choose

START = datetime(2024, 1, 1)
EVENT = [("x", "u2"), ("y", "u2"), ("time", "i8"), ("on", "?")]
SENSOR = [("time", "f8"), ("value", "f8", 3)]


def counts(dtype):
    return lambda count: list(np.arange(count).astype(dtype))


def fractions(dtype):
    return lambda count: list(np.linspace(0, 1, count).astype(dtype))


def rows(make):
    return lambda count: [make(number) for number in range(count)]


# The dtype, the shape of a row, and what makes so many values.
CASES = {
    "f8 from float": ("f8", (), rows(float)),
    "f8 from int": ("f8", (), rows(int)),
    "f8 from bool": ("f8", (), rows(lambda i: i % 2 == 0)),
    "f8 from np.float64": ("f8", (), fractions("f8")),
    "f8 from np.float32": ("f8", (), fractions("f4")),
    "f8 from np.int64": ("f8", (), counts("i8")),
    "f4 from float": ("f4", (), rows(float)),
    "f4 from np.float64": ("f4", (), fractions("f8")),
    "f2 from float": ("f2", (), rows(lambda i: i % 8 / 4)),
    "i8 from int": ("i8", (), rows(int)),
    "i8 from a whole float": ("i8", (), rows(float)),
    "i8 from a whole np.float64": ("i8", (), counts("f8")),
    "i8 from np.int32": ("i8", (), counts("i4")),
    "i4 from np.int64": ("i4", (), counts("i8")),
    "u1 from np.int64": ("u1", (), lambda count: list(np.arange(count) % 256)),
    "bool from bool": ("?", (), rows(lambda i: i % 2 == 0)),
    "bool from np.bool": ("?", (), lambda count: list(np.arange(count) % 2 == 0)),
    "c16 from complex": ("c16", (), rows(complex)),
    "c8 from np.complex128": ("c8", (), fractions("c16")),
    ">f8 from float": (">f8", (), rows(float)),
    "U8 from str": ("U8", (), rows(lambda i: "BTCUSDT")),
    "S8 from bytes": ("S8", (), rows(lambda i: b"BTCUSDT")),
    "StringDType from str": (np.dtypes.StringDType(), (), rows(lambda i: "BTCUSDT")),
    "object from str": (object, (), rows(lambda i: "BTCUSDT")),
    "M8[ns] from np.datetime64": ("M8[ns]", (), counts("M8[ns]")),
    "M8[ns] from np.datetime64 in s": ("M8[ns]", (), counts("M8[s]")),
    "M8[us] from datetime": ("M8[us]", (), rows(lambda i: START + timedelta(seconds=i))),
    "m8[us] from timedelta": ("m8[us]", (), rows(lambda i: timedelta(seconds=i))),
    "record of floats": ("f8,f8", (), rows(lambda i: (0.5, float(i)))),
    "record of NumPy's scalars": (EVENT, (), rows(lambda i: (np.int64(1), np.float64(2), np.int64(i), np.True_))),
    "record with text": ("U8,f8,i4", (), rows(lambda i: ("BTCUSDT", float(i), i))),
    "record with datetime": ("M8[us],f8", (), rows(lambda i: (START + timedelta(seconds=i), float(i)))),
    "record with a list": (SENSOR, (), rows(lambda i: (float(i), [1.0, 2.0, float(i)]))),
    "record with an array": (SENSOR, (), rows(lambda i: (float(i), np.ones(3)))),
    "record in a record": ([("time", "f8"), ("at", "i4,i4")], (), rows(lambda i: (float(i), (1, i)))),
    "record with an object": ("f8,O", (), rows(lambda i: (float(i), "BTCUSDT"))),
    "row of 3 from a list": ("f8", (3,), rows(lambda i: [1.0, 2.0, float(i)])),
    "row of 3 from a tuple": ("f8", (3,), rows(lambda i: (1.0, 2.0, float(i)))),
    "row of 3 from an array": ("f8", (3,), rows(lambda i: np.ones(3))),
}
WAYS = ["append", "extend by a list", "extend by a generator", "contents"]


@lru_cache(4)
def made(case, count):
    return CASES[case][2](count)


class Values:
    params = [[*BACKENDS, "list"], list(CASES), WAYS, [100, 100_000]]
    param_names = ["kind", "values", "way", "count"]

    def setup(self, kind, case, way, count):
        dtype, row, _ = CASES[case]
        if way == "contents" and row:
            raise NotImplementedError("contents of rows are np.array's")
        choose(kind)
        self.values = made(case, count)
        self.dtype, self.row = np.dtype(dtype), row

    def time_collect(self, kind, case, way, count):
        if kind == "list":
            self.by_list(way)
        else:
            self.by_array(choose(kind), way)

    def by_list(self, way):
        collected = self.values
        if way == "append":
            collected = []
            append = collected.append
            for value in self.values:
                append(value)
        elif way == "extend by a generator":
            collected = list(value for value in self.values)
        return np.array(collected, self.dtype)

    def by_array(self, cda, way):
        if way == "contents":
            return cda.DynamicArray(self.values, self.dtype)
        target = cda.zeros((0, *self.row), self.dtype)
        if way == "append":
            append = target.append
            for value in self.values:
                append(value)
        else:
            target.extend(self.values if way == "extend by a list" else (value for value in self.values))
        return target
