"""What users do between and within runs: native code comes to the same values as Cython, or to the same error."""

import numpy as np
import pytest
from native_code import import_brian2
from networks import values_of

from optional_libraries import import_library

brian2 = import_brian2()
growing = import_library("cppdynarray.brian2")
ms = brian2.ms


def neurons(count=10):
    made = brian2.NeuronGroup(
        count, "dv/dt = (1.2 - v)/(5*ms) + 0.1*xi/ms**0.5 : 1", threshold="v > 1", reset="v = 0", method="euler",
        name="neurons",
    )
    made.v = np.linspace(0, 1, count)
    return made


def synapses_that_come_while_it_runs():
    group = neurons()
    synapses = brian2.Synapses(group, group, "w : 1", on_pre="v_post += 0.01*w", name="synapses")
    synapses.connect(i=[0, 1], j=[1, 2])
    synapses.w = 1

    @brian2.network_operation(dt=1 * ms)
    def connect(t):
        if t == 2 * ms:
            synapses.connect(i=[3], j=[4])
            synapses.w = 2

    network = brian2.Network(group, synapses, connect, brian2.SpikeMonitor(group, name="spikes"))
    network.run(5 * ms)
    network.run(1 * ms)
    return network


def delays_that_change_between_runs():
    group, source = neurons(), brian2.PoissonGroup(50, rates="100*Hz", name="source")
    synapses = brian2.Synapses(source, group, "w : 1", on_pre="v_post += w", name="synapses")
    synapses.connect(p=0.3)
    synapses.w = "0.1*rand()"
    synapses.delay = "2*ms*rand()"
    monitor = brian2.StateMonitor(synapses, "w", record=[0, 1, 3], name="states")
    network = brian2.Network(group, source, synapses, monitor)
    network.run(3 * ms)
    synapses.delay = 1 * ms
    network.run(3 * ms)
    return network


def monitors_of_parts_and_of_nothing():
    group = neurons(20)
    network = brian2.Network(
        group, brian2.StateMonitor(group[5:10], "v", record=[0, 2], name="some"),
        brian2.StateMonitor(group, "v", record=False, name="none"),
        brian2.SpikeMonitor(group[3:8], record=False, variables="v", name="counted"),
        brian2.EventMonitor(group, "spike", record=False, name="events"),
        brian2.PopulationRateMonitor(group[2:9], name="rate"),
    )
    network.run(10 * ms)
    return network


def another_dt_in_each_run():
    group = neurons()
    states, rare = (brian2.StateMonitor(group, "v", record=True, name=name, dt=dt)
                    for name, dt in (("states", None), ("rare", 0.5 * ms)))
    network = brian2.Network(group, states, rare)
    for dt in (0.1, 0.05, 0.25):
        brian2.defaultclock.dt = dt * ms
        network.run(2 * ms)
    rare.clock.dt = 1 * ms
    network.run(4 * ms)
    return network


def an_error_in_the_middle_and_another_run():
    group = neurons()
    network = brian2.Network(group, brian2.StateMonitor(group, "v", record=True, name="states"))

    @brian2.network_operation(dt=1 * ms)
    def end(t):
        if t > 2.5 * ms:
            raise RuntimeError("that's enough")

    network.add(end)
    with pytest.raises(RuntimeError, match="that's enough"):
        network.run(5 * ms)
    network.remove(end)
    network.run(2 * ms)
    return network


def a_restored_timed_array():
    stimulus = brian2.TimedArray(np.arange(10.0), dt=1 * ms, name="stimulus")
    group = brian2.NeuronGroup(
        3, "dv/dt = (stimulus(t) - v)/(5*ms) : 1", method="euler", namespace={"stimulus": stimulus}, name="neurons"
    )
    network = brian2.Network(group, brian2.StateMonitor(group, "v", record=True, name="states"))
    network.run(2 * ms)
    network.store()
    network.run(3 * ms)
    network.restore()
    network.run(4 * ms)
    return network


def runs_of_nothing_and_monitors_that_rest():
    group = neurons()
    states = brian2.StateMonitor(group, "v", record=True, name="states")
    network = brian2.Network(group, states)
    for duration in (0, 0.01, 1):
        network.run(duration * ms)
        states.active = not states.active
    return network


def a_clock_of_events():
    group = neurons()
    clock = brian2.EventClock(times=[0.5, 1.23, 2.5, 7] * ms, name="events")
    listener = brian2.NetworkOperation(lambda t: group.v.set_item(0, float(t / ms) / 10), clock=clock, name="listener")
    network = brian2.Network(
        group, brian2.StateMonitor(group, "v", record=True, name="states"),
        brian2.StateMonitor(group, "v", record=True, clock=clock, name="rare"), listener,
    )
    network.run(3 * ms)
    network.run(5 * ms)
    return network


def another_device_in_between():
    group = neurons()
    network = brian2.Network(group, brian2.StateMonitor(group, "v", record=True, name="states"))
    network.run(1 * ms)
    brian2.set_device("cpp_standalone", build_on_run=False)
    brian2.set_device("runtime")
    network.run(1 * ms)
    return network


def a_directory_that_is_gone():
    group = neurons()
    network = brian2.Network(group, brian2.StateMonitor(group, "v", record=True, name="states"))

    @brian2.network_operation(dt=1 * ms)
    def remove(t):
        if growing.direct.report().native_count:
            brian2.clear_cache("cppdynarray")

    network.add(remove)
    network.run(3 * ms)
    network.run(3 * ms)
    return network


SITUATIONS = [
    synapses_that_come_while_it_runs, delays_that_change_between_runs, monitors_of_parts_and_of_nothing,
    another_dt_in_each_run, an_error_in_the_middle_and_another_run, a_restored_timed_array,
    runs_of_nothing_and_monitors_that_rest, another_device_in_between, a_clock_of_events,
    a_directory_that_is_gone,
]


@pytest.mark.parametrize("situation", SITUATIONS, ids=[each.__name__ for each in SITUATIONS])
def test_it_comes_to_the_same(situation, tmp_path):
    brian2.prefs["codegen.target"] = "cython"
    if situation is a_directory_that_is_gone:  # not that of the other tests
        brian2.prefs["cppdynarray.cache_dir"] = str(tmp_path)
    found = {}
    for native in (True, False):
        brian2.start_scope()
        brian2.defaultclock.dt = 0.1 * ms
        brian2.seed(3)
        before = growing.direct.report().native_count
        with growing.enabled(), growing.direct.enabled(native):
            found[native] = values_of(situation())
        assert (growing.direct.report().native_count > before) == native
    assert found[True].keys() == found[False].keys()
    for name, values in found[False].items():
        assert np.array_equal(found[True][name], values, equal_nan=True), name
