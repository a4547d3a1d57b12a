"""Runs of networks: what has to be compiled is, all at once, and steps are made without Python where they can be."""

import threading

from brian2.core.base import BrianObject
from brian2.core.clocks import Clock
from brian2.core.network import Network
from brian2.units import second

from cppdynarray._core._calls import Steps, nothing
from cppdynarray.brian2.direct.code_object import (
    DirectCodeObject,
    collected_before,
    compile_all,
    warn_of_what_was_made_before,
)
from cppdynarray.brian2.direct.reporting import record

__all__ = ["before_run", "run"]

_here = threading.local()  # `running` is what this thread runs; others have their own
SLICE = 0.02  # seconds after which Python looks at reports, stop(), signals, other threads, ...


class Running:
    """What a run changed, to be put back."""

    def __init__(self, profile, longest):
        self.profile = profile
        self.slice = min(SLICE, longest)
        self.changed = []
        self.steps = []
        self.clocks = []  # those that steps without Python move on

    def replace(self, instance, name, value):
        instance.__dict__[name] = value  # past __setattr__, which takes names for variables
        self.changed.append((instance, name))

    def put_back(self):
        for instance, name in self.changed:
            instance.__dict__.pop(name, None)
        record.fused_steps += sum(each.steps for each in self.steps)
        self.changed, self.steps = [], []


def run(device, network, duration, report=None, report_period=10 * second, namespace=None, profile=None, level=0):
    """In place of `Network.run`: the same, which learns from its arguments what can be fused."""
    if profile is None:
        profile = device.build_options.get("profile", False)
    longest = SLICE
    if report is not None:
        longest = min(longest, float(report_period))
    if device._maximum_run_time is not None:
        longest = min(longest, float(device._maximum_run_time) / 10)
    running, before = Running(profile, max(longest, 1e-4)), getattr(_here, "running", None)
    _here.running = running
    try:
        return Network.run.original_function(
            network, duration, report=report, report_period=report_period, namespace=namespace, profile=profile,
            level=level + 2,
        )
    except BaseException:
        # Brian2 has noted when the last call began, and would make its steps again in the next run.
        if running.clocks:
            network.t_ = min(clock.t_ for clock in running.clocks)
        raise
    finally:
        _here.running = before
        running.put_back()


def before_run(device, network, run_namespace):
    """In place of `Network.before_run`: the same, with all code compiled together."""
    with collected_before() as waiting:
        result = Network.before_run.original_function(network, run_namespace)
    compile_all()
    warn_of_what_was_made_before()
    for code_object in waiting:
        code_object.run_before()
    running = getattr(_here, "running", None)
    if running is not None and not running.profile:
        _fuse(network, running)
    return result


def _calls_of(brian_object):
    """The calls that an object's `run` comes down to; None if that is more than its native code objects."""
    if type(brian_object).run is not BrianObject.run or "run" in brian_object.__dict__:
        return None
    calls = []
    for code_object in brian_object._code_objects:
        if type(getattr(code_object, "__repr__", None)) is None:
            return None
        code_object = getattr(code_object.__repr__, "__self__", code_object)  # behind weakref.proxy
        if type(code_object) is not DirectCodeObject or not code_object.link() or code_object._outputs:
            return None
        calls.append(code_object.call)
    return calls


def _fuse(network, running):
    objects = [each for each in network.sorted_objects if each.active]
    calls_of = [_calls_of(each) for each in objects]
    clocks = list(network._clocks)
    if objects and None not in calls_of and all(type(clock) is Clock for clock in clocks):
        _fuse_all(objects, calls_of, clocks, running)
    else:
        _fuse_rows(objects, calls_of, running)


def _fuse_all(objects, calls_of, clocks, running):
    """Many steps a call: the first object's `run` makes them, and moves the clocks on."""
    number = {clock: index for index, clock in enumerate(clocks)}
    counts = [sum(each.clock is clock for each in objects) for clock in clocks]
    places = [
        (
            clock.variables["timestep"].get_value(), clock.variables["t"].get_value(),
            clock.variables["dt"].get_value(), int(clock._i_end), count,
        )
        for clock, count in zip(clocks, counts, strict=True)
    ]
    calls = [(call, number[each.clock]) for each, calls in zip(objects, calls_of, strict=True) for call in calls]
    if not all(counts):
        return  # a clock that nobody's run would move
    steps = Steps(calls, places, running.slice, Clock.epsilon_dt)
    running.steps.append(steps)
    running.clocks = clocks
    for each in objects:
        running.replace(each, "run", steps)
    for clock in clocks:
        running.replace(clock, "advance", nothing)


def _fuse_rows(objects, calls_of, running):
    """One call a step for each row of native objects that Python has nothing to do between."""
    row, row_calls = [], []

    def close():
        if row and (len(row) > 1 or row_calls):
            running.replace(row[0], "run", Steps([(call, 0) for call in row_calls]))
            for other in row[1:]:
                running.replace(other, "run", nothing)
        row.clear()
        row_calls.clear()

    for each, calls in zip(objects, calls_of, strict=True):
        if calls is None:
            close()
            continue
        if row and each.clock is not row[0].clock:
            close()
        row.append(each)
        row_calls.extend(calls)
    close()
