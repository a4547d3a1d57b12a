"""
What Brian2 prepares before a run, kept for the next run of the same network.

Before each run Brian2 generates its code anew, which takes longer than many a run. What it would come to depends on
what a `Preparation` has seen: the objects and all of their attributes, their variables, functions and clocks, the
preferences, the schedule, and those names of the namespace that were looked up. If all that is as it was, so is the
code. Whatever isn't known to be the same counts as changed.
"""

import gc
import operator
import weakref

import numpy as np
from brian2.core.base import BrianObject
from brian2.core.functions import Function
from brian2.core.namespace import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS, DEFAULT_UNITS
from brian2.core.preferences import prefs
from brian2.core.variables import DynamicArrayVariable
from brian2.groups.group import CodeRunner
from brian2.groups.neurongroup import NeuronGroup
from brian2.input.poissongroup import PoissonGroup
from brian2.synapses.synapses import SummedVariableUpdater, Synapses
from brian2.units.fundamentalunits import get_dimensions

__all__ = ["CHECKS", "Collection", "Lookups", "Preparation"]

# An attribute of a network and of its objects, which go with what they hold.
NAME = "_cppdynarray_preparation"
# What a run changes, and what doesn't matter for code.
VOLATILE = frozenset({NAME, "_network", "eventspace", "run"})
# They check equations, of which the outcome is known, and make code.
CHECKS = frozenset({
    CodeRunner.before_run, NeuronGroup.before_run, PoissonGroup.before_run, Synapses.before_run,
    SummedVariableUpdater.before_run,
})
LARGEST = 1000  # elements of an array that is compared by its values


class Lookups(dict):
    """A namespace that knows which names somebody asked for."""

    def __init__(self, namespace):
        super().__init__(namespace)
        self.names = set()

    def __contains__(self, name):
        self.names.add(name)
        return super().__contains__(name)

    def __getitem__(self, name):
        self.names.add(name)
        return super().__getitem__(name)

    def get(self, name, default=None):
        return self[name] if name in self else default


class Held:
    """A value as it was."""

    __slots__ = ("content", "dimensions", "value")

    def __init__(self, value, depth=1):
        self.value, self.content, self.dimensions = value, None, None
        if isinstance(value, np.ndarray):
            self.dimensions = get_dimensions(value)
            self.content = np.array(value) if value.size <= LARGEST else None
        elif isinstance(value, Function):
            self.content = _attributes(value)
            self.content |= {id(key): Held(each, 0) for key, each in value.implementations._implementations.items()}
        elif depth and isinstance(value, dict):
            self.content = {key: Held(each, depth - 1) for key, each in value.items()}
        elif depth and isinstance(value, list | set | tuple):
            self.content = [Held(each, depth - 1) for each in value]

    def is_still(self, value):
        if value is self.value and self.content is None and not isinstance(value, np.ndarray):
            return True
        if type(value) is not type(self.value):
            return False
        if isinstance(value, np.ndarray):
            return (
                self.content is not None and value.dtype == self.content.dtype
                and get_dimensions(value) == self.dimensions and np.array_equal(value, self.content)
            )
        if isinstance(value, Function):
            return self.value is value and _are_still(self.content, {
                **vars(value), **{id(key): each for key, each in value.implementations._implementations.items()},
            })
        if isinstance(self.content, dict):
            return _are_still(self.content, value)
        if self.content is not None:
            return len(value) == len(self.content) and all(map(Held.is_still, self.content, value))
        return isinstance(value, str | int | float | complex | np.generic | tuple) and bool(value == self.value)


def _attributes(thing):
    return {name: Held(value) for name, value in vars(thing).items() if name not in VOLATILE}


def _are_still(held, values):
    """Whether a dictionary has these values."""
    if len(held) != len(values):
        return False
    for name, each in held.items():
        if name not in values or not each.is_still(values[name]):
            return False
    return True


def _rhythm(clock):
    """What says when it ticks: its dt, or the times of an EventClock."""
    return [clock.variables[name].get_value().tolist() for name in ("dt", "times") if name in clock.variables]


def _same(one, other):
    return len(one) == len(other) and all(map(operator.is_, one, other))


def _contents(variables):
    """What variables are; but how long a dynamic array is, code asks at each call."""
    contents = []
    for each in variables.values():
        content = dict(getattr(each, "__dict__", ()))
        if isinstance(each, DynamicArrayVariable):
            del content["size"]
        contents.append(content.values())
    return contents


class ObjectState:
    """What the code of an object depends on, besides other objects."""

    def __init__(self, of):
        self.attributes = _attributes(of)
        variables = getattr(of, "variables", None)
        self.variables = None
        if variables is not None:
            self.variables = dict(variables._variables)
            self.indices = dict(variables.indices)
            self.contents = _contents(self.variables)

    def is_still_that(self, of):
        now = {name: value for name, value in vars(of).items() if name not in VOLATILE}
        if not _are_still(self.attributes, now):
            return False
        variables = getattr(of, "variables", None)
        if variables is None or self.variables is None:
            return variables is self.variables
        known = variables._variables
        if known.keys() != self.variables.keys() or not self._has_same_indices(variables.indices):
            return False
        if not _same(known.values(), self.variables.values()):
            return False
        return all(map(_same, _contents(known), self.contents))


    def _has_same_indices(self, indices):
        """To look up one that is the default makes an entry for it."""
        default = indices.default_factory() if getattr(indices, "default_factory", None) else None
        now = dict(indices)
        return all(now.get(name, default) == self.indices.get(name, default) for name in now | self.indices)


class Preparation:
    """
    The state in which a network was prepared.

    Parameters
    ----------
    network : brian2.Network
        After its `before_run`.
    device : brian2.devices.device.Device
        The one that runs it.
    namespace : Lookups
        What `before_run` was given.
    objects : list
        The network's, sorted.
    """

    def __init__(self, network, device, namespace, objects):
        self.objects = [weakref.ref(each) for each in objects]
        for each in objects:
            vars(each)[NAME] = ObjectState(each)
        self.names = {name: Held(dict.get(namespace, name)) for name in namespace.names}
        self.present = {name for name in namespace.names if name in dict(namespace)}
        self.surroundings = self._surroundings(network, device, objects)
        self.functions = [Held(each) for each in self._functions(objects)]
        self.instances = set(BrianObject.__instances__())
        vars(network)[NAME] = self

    def __reduce__(self):
        return object, ()  # of no use in another process

    @staticmethod
    def forget(network):
        vars(network).pop(NAME, None)

    @classmethod
    def of(cls, network):
        return vars(network).get(NAME)

    @staticmethod
    def _surroundings(network, device, objects):
        clocks = dict.fromkeys(each.clock for each in objects)
        return (
            dict(prefs.prefs), dict(DEFAULT_FUNCTIONS), dict(DEFAULT_CONSTANTS), dict(DEFAULT_UNITS),
            network._schedule and list(network._schedule), device, dict(device.build_options),
            [(clock, _rhythm(clock)) for clock in clocks],
        )

    @staticmethod
    def _functions(objects):
        """The functions in the code of these objects."""
        found = {}
        for each in objects:
            for code_object in each._code_objects:
                for variable in code_object.variables.values():
                    if isinstance(variable, Function):
                        found[id(variable)] = variable
        return found.values()

    def holds(self, network, device, namespace, objects):
        """Whether all is as it was; `objects` are the network's, sorted."""
        if len(objects) != len(self.objects) or any(
            reference() is not each for reference, each in zip(self.objects, objects, strict=True)
        ):
            return False
        present = dict(namespace)
        for name, held in self.names.items():
            if (name in present) != (name in self.present) or not held.is_still(present.get(name)):
                return False
        if self._surroundings(network, device, objects) != self.surroundings:
            return False
        if not all(held.is_still(held.value) for held in self.functions):
            return False
        return all(NAME in vars(each) and vars(each)[NAME].is_still_that(each) for each in objects)


class Collection:
    """
    Python's collection of garbage, which Brian2 does before each run to warn of objects that belong to no network.

    While it is paused `gc.collect` looks at new objects only. That is, if no object of Brian2 was made or went since
    `before`, when all have been looked at.
    """

    def __init__(self, before):
        self.may_pause = before is not None and set(BrianObject.__instances__()) == before.instances
        self.paused = False

    def pause(self):
        if self.may_pause and gc.get_freeze_count() == 0:  # else it is somebody else's
            gc.freeze()
            self.paused = True

    def resume(self):
        if self.paused:
            gc.unfreeze()
            self.paused = False
