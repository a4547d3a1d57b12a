"""Runs of networks: what has to be compiled is, all at once, and steps are made without Python where they can be."""

import functools
import threading

from brian2.core.base import BrianObject
from brian2.core.clocks import Clock
from brian2.core.network import Network
from brian2.groups.group import CodeRunner
from brian2.units import second

from cppdynarray.brian2.direct._calls import Steps, nothing
from cppdynarray.brian2.direct.code_object import (
    DirectCodeObject,
    collected_before,
    compile_all,
    warn_of_what_was_made_before,
)
from cppdynarray.brian2.direct.preparation import CHECKS, Collection, Lookups, Preparation
from cppdynarray.brian2.direct.reporting import record

__all__ = ["after_run", "before_run", "run"]

_here = threading.local()  # `running` is what this thread runs; others have their own
SLICE = 0.02  # seconds after which Python looks at reports, stop(), signals, other threads, ...


class Running:
    """What a run changed, to be put back."""

    def __init__(self, profile, longest, collection):
        self.profile = profile
        self.slice = min(SLICE, longest)
        self.changed = []
        self.steps = []
        self.clocks = []  # those that steps without Python move on
        self.collection = collection

    def replace(self, instance, name, value):
        replace(instance, name, value)
        self.changed.append((instance, name))

    def put_back(self):
        put_back(self.changed)
        record.fused_steps += sum(each.steps for each in self.steps)
        self.changed, self.steps = [], []
        self.collection.resume()


def replace(instance, name, value):
    instance.__dict__[name] = value  # past __setattr__, which takes names for variables


def put_back(changed):
    for instance, name in changed:
        instance.__dict__.pop(name, None)


def run(device, network, duration, report=None, report_period=10 * second, namespace=None, profile=None, level=0):
    """In place of `Network.run`: the same, which learns from its arguments what can be fused."""
    if profile is None:
        profile = device.build_options.get("profile", False)
    longest = SLICE
    if report is not None:
        longest = min(longest, float(report_period))
    if device._maximum_run_time is not None:
        longest = min(longest, float(device._maximum_run_time) / 10)
    collection = Collection(Preparation.of(network))
    running, before = Running(profile, max(longest, 1e-4), collection), getattr(_here, "running", None)
    _here.running = running
    collection.pause()
    schedule = network._schedule is None and list(network.schedule)
    if schedule:
        network._schedule = schedule  # it takes a look at the preferences, of half a millisecond, again and again
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
        if network._schedule is schedule:
            network._schedule = None


def before_run(device, network, run_namespace):
    """In place of `Network.before_run`: the same, with all code compiled together, and none if nothing has changed."""
    running = getattr(_here, "running", None)
    if running is not None:
        running.collection.resume()
    before, looked_up = Preparation.of(network), Lookups(run_namespace)
    objects = network.sorted_objects
    kept = before is not None and before.holds(network, device, run_namespace, objects)
    changed = []
    try:
        if kept:
            for each in objects:
                _keep_code(each, changed)
        with collected_before() as waiting:
            result = Network.before_run.original_function(network, looked_up)
    except BaseException:
        Preparation.forget(network)
        raise
    finally:
        put_back(changed)
    compile_all()
    warn_of_what_was_made_before()
    if not kept:
        Preparation(network, device, looked_up, objects)
    for code_object in waiting:
        code_object.run_before()
    if running is not None and not running.profile:
        _fuse(network, objects, running)
    return result


def after_run(device, network):
    """In place of `Network.after_run`. The magic network collects garbage once more after it."""
    Network.after_run.original_function(network)
    running = getattr(_here, "running", None)
    if running is not None:
        running.collection.pause()


def _keep_code(brian_object, changed):
    """Let an object's `before_run` make no code, if all that it has is native, and check nothing that is known."""
    own = [getattr(each.__repr__, "__self__", each) for each in brian_object._code_objects]
    if not all(type(each) is DirectCodeObject and each.fallback is None for each in own):
        return
    if type(brian_object).before_run in CHECKS:
        replace(brian_object, "before_run", functools.partial(BrianObject.before_run, brian_object))
        changed.append((brian_object, "before_run"))
    elif isinstance(brian_object, CodeRunner):
        replace(brian_object, "create_code_objects", nothing)
        changed.append((brian_object, "create_code_objects"))


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


def _fuse(network, objects, running):
    objects = [each for each in objects if each.active]
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
    states = [
        (
            clock.variables["timestep"].get_value(), clock.variables["t"].get_value(),
            clock.variables["dt"].get_value(), int(clock._i_end), count,
        )
        for clock, count in zip(clocks, counts, strict=True)
    ]
    calls = [(call, number[each.clock]) for each, calls in zip(objects, calls_of, strict=True) for call in calls]
    if not all(counts):
        return  # a clock that nobody's run would move
    steps = Steps(calls, states, running.slice, Clock.epsilon_dt)
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
