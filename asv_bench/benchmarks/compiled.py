"""
Appending in loops that Numba compiles: ten million float64.

"cpp" is a DynamicArray through `cppdynarray.numba.growing`, new in each call, so that its page
faults are timed; "cpp, memory used before" appends to one that was cleared. The others are what
people use today, made in the timed call too. Functions are compiled in `setup`.
"""

from importlib import import_module

import numpy as np

import cppdynarray as cda

from .common import choose, forget


def imported(name):
    try:
        return import_module(name)
    except ImportError:
        raise NotImplementedError(f"{name} is not installed") from None


def growing(warm):
    numba = imported("numba")
    handle = imported("cppdynarray.numba").growing

    @numba.njit
    def fill(g, count):
        for i in range(count):
            g.append(i * 0.5)

    kept = cda.DynamicArray()

    def run(count):
        array = kept if warm else cda.DynamicArray()
        array.clear()
        fill(handle(array), count)
        return array

    return run


def rolling():
    numba = imported("numba")
    handle = imported("cppdynarray.numba").growing

    @numba.njit
    def fill(g, count):
        for i in range(count):
            g.append(i * 0.5)

    kept = cda.RollingArray(maxlen=1000)

    def run(count):
        fill(handle(kept), count)
        return kept

    return run


def preallocated():
    numba = imported("numba")

    @numba.njit
    def run(count):
        made = np.empty(count)
        for i in range(count):
            made[i] = i * 0.5
        return made

    return run


def doubling():
    numba = imported("numba")

    @numba.njit
    def run(count):
        made, used = np.empty(16), 0
        for i in range(count):
            if used == len(made):
                larger = np.empty(2 * len(made))
                larger[:used] = made
                made = larger
            made[used] = i * 0.5
            used += 1
        return made[:used]

    return run


def listed():
    numba = imported("numba")

    @numba.njit
    def run(count):
        made = [0.0 for _ in range(0)]
        for i in range(count):
            made.append(i * 0.5)
        return np.array(made)

    return run


def typed_list():
    numba = imported("numba")

    @numba.njit
    def run(count):
        made = numba.typed.List.empty_list(numba.float64)
        for i in range(count):
            made.append(i * 0.5)
        return made

    return run


def array_builder():
    numba, awkward = imported("numba"), imported("awkward")

    @numba.njit
    def fill(builder, count):
        for i in range(count):
            builder.real(i * 0.5)

    def run(count):
        builder = awkward.ArrayBuilder()
        fill(builder, count)
        return builder.snapshot()

    return run


def layout_builder():
    numba = imported("numba")
    builders = imported("awkward.numba.layoutbuilder")

    @numba.njit
    def fill(builder, count):
        for i in range(count):
            builder.append(i * 0.5)

    def run(count):
        builder = builders.Numpy(np.float64)
        fill(builder, count)
        return builder.snapshot()

    return run


LOOPS = {
    "cpp": lambda: growing(warm=False),
    "cpp, memory used before": lambda: growing(warm=True),
    "RollingArray": rolling,
    "np.empty": preallocated,
    "doubling": doubling,
    "list": listed,
    "typed.List": typed_list,
    "ArrayBuilder": array_builder,
    "LayoutBuilder": layout_builder,
}
_compiled = {}


class Append:
    params = [list(LOOPS)]
    param_names = ["kind"]
    count = 10_000_000

    def setup(self, kind):
        choose("cpp")
        if kind not in _compiled:
            _compiled[kind] = LOOPS[kind]()
            _compiled[kind](10)
        self.run = _compiled[kind]
        if "used before" in kind:
            self.run(self.count)
        else:
            forget()

    def time_append(self, kind):
        self.run(self.count)
