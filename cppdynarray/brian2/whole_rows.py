"""
Which rows of a monitor are whole.

Brian2's code lengthens the arrays of a monitor one by one, and writes their values afterwards; native code lengthens
them when all values are there. Who looks from another thread asks here, and files show nothing but what is whole.
"""

import weakref

from brian2.core.variables import DynamicArrayVariable
from brian2.monitors import EventMonitor, PopulationRateMonitor, StateMonitor

import cppdynarray as cda
from cppdynarray.brian2.arrays import DynamicArray

__all__ = ["MONITORS", "Column", "WholeRows", "in_order", "make_steps_of", "of_monitor"]

MONITORS = (StateMonitor, EventMonitor, PopulationRateMonitor)


class WholeRows:
    """
    The arrays of a monitor, by the names of its variables. All have the rows that are whole, and no others, except
    while this is entered: by a step of Brian2's code, or by whatever else changes their lengths.
    """

    def __init__(self):
        self._arrays = {}
        self._depth = self._entered = self._before = 0

    def new_column(self, variable):
        """The array that Brian2 gets for a variable of the monitor."""
        self._arrays[variable.name] = cda.zeros(variable.size, variable.dtype)
        return Column(self, variable.name)

    def array(self, name):
        return self._arrays[name]

    def replace(self, name, array):
        self._arrays[name] = array

    def lengths(self):
        return [len(array) for array in self._arrays.values()]

    def count(self):
        """How many rows are whole by now, whichever thread asks."""
        while True:
            entered = self._entered
            if self._depth:
                return self._before
            rows = min(self.lengths())
            if self._entered == entered:  # else a step has begun meanwhile
                return rows

    def __enter__(self):
        if not self._depth:
            self._before = min(self.lengths())
            self._entered += 1
            self._hold()
        self._depth += 1

    def __exit__(self, kind, error, traceback):
        try:
            if self._depth == 1:
                if kind is not None:
                    self._take_back()
                self._show()
        finally:
            self._depth -= 1

    def _take_back(self):
        """After an error: rows for which some arrays have no values are none."""
        for array in self._arrays.values():
            if len(array) > self._before:
                array.resize((self._before, *array.shape[1:]))

    def _hold(self):
        """From now on files don't show the lengths of the arrays."""

    def _show(self):
        """Files show the rows that are whole."""


class Column(DynamicArray):
    """
    One of the arrays of a monitor, with Brian2's interface.

    Parameters
    ----------
    rows : WholeRows
        What it is one of.
    name : str
        The name of its variable.
    """

    __slots__ = ("_name", "rows")

    def __init__(self, rows, name):
        self.rows, self._name = rows, name

    def __getstate__(self):
        return None, {"rows": self.rows, "_name": self._name}

    @property
    def _data(self):
        return self.rows.array(self._name)

    @_data.setter
    def _data(self, array):
        self.rows.replace(self._name, array)

    def resize(self, shape):
        """Grow or shrink along the first dimension; new elements are zero."""
        with self.rows:
            super().resize(shape)

    resize_along_first = resize

    def shrink(self, shape):
        """Shrink and give memory back."""
        with self.rows:
            super().shrink(shape)


def of_monitor(owner):
    """The rows of a monitor, which its arrays hold; None for what is no monitor of ours, or has no arrays yet."""
    if isinstance(owner, MONITORS):
        for variable in owner.variables.values():
            if isinstance(variable, DynamicArrayVariable):
                array = variable.device.arrays.get(variable)
                if isinstance(array, Column):
                    return array.rows
    return None


def in_order(names):
    """The names of a monitor's variables, the time first."""
    return sorted(names, key=lambda name: (name != "t", name))


def make_steps_of(code_object, rows):
    """Lets each run of a monitor's code object be a step, after which the rows are whole."""
    run_block, itself = type(code_object).run_block, weakref.proxy(code_object)

    def run_step(block):
        with rows:
            return run_block(itself, block)

    code_object.run_block = run_step
    return code_object
