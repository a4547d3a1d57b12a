"""What was read from a network stays right, whatever happens to the network: Brian2 2.11's own arrays go wrong here."""

import gc

import numpy as np
import pytest
from networks import small, values_of

from helpers import address, assert_same
from optional_libraries import import_library

brian2 = import_library("brian2")
growing = import_library("cppdynarray.brian2")
ms = brian2.ms


@pytest.fixture(autouse=True)
def on_our_arrays():
    growing.enable()


def overwrite_free_memory():
    """Takes memory of all sizes that arrays here had, and fills it."""
    return [np.full(size, -1.0) for size in (10, 20, 100, 200, 1_000, 2_000, 10_000) for _ in range(50)]


def things(network):
    return {thing.name: thing for thing in network.objects}


def test_values_of_monitors_that_are_gone():
    def simulate():
        network = small()
        network.run(20 * ms)
        monitors = things(network)
        expected = values_of(network)
        return (monitors["states"].t[:], monitors["rate"].rate[:], monitors["spikes"].t[:]), expected

    (t, rate, spikes), expected = simulate()
    gc.collect()
    kept = overwrite_free_memory()
    assert_same(np.asarray(t), expected["states.t"])
    assert_same(np.asarray(rate), expected["rate.rate"])
    assert_same(np.asarray(spikes), expected["spikes.t"])
    assert len(spikes) > 10 and np.asarray(rate).max() > 0
    del kept


def test_weights_of_before_another_connect():
    group = brian2.NeuronGroup(100, "v : 1")
    synapses = brian2.Synapses(group, group, "w : 1")
    synapses.connect(i=np.arange(50), j=0)
    synapses.w = "i"
    weights = synapses.w[:]
    where = synapses.variables["w"].get_value()
    synapses.connect(i=np.arange(100), j=1)
    kept = overwrite_free_memory()
    assert_same(np.asarray(weights), np.arange(50.0))
    synapses.w = "2*i"
    assert_same(where, 2 * np.arange(50.0))
    assert len(synapses.w[:]) == 150
    del kept


def test_times_held_across_another_run():
    network = small()
    network.run(10 * ms)
    times = things(network)["states"].t[:]
    values = things(network)["states"].variables["v"].get_value()
    before, place = np.array(times), address(values)
    values_before = np.array(values)
    network.run(200 * ms)
    kept = overwrite_free_memory()
    assert_same(np.asarray(times), before)
    assert_same(values, values_before)
    assert address(things(network)["states"].variables["v"].get_value()) == place
    del kept


def test_a_large_view_after_growth():
    group = brian2.NeuronGroup(1, "v : 1")
    monitor = brian2.StateMonitor(group, "v", record=True)
    monitor.resize(10_000_000)
    variable = monitor.variables["v"]
    variable.get_value()[:, 0] = 3
    view = monitor.v_
    monitor.resize(30_000_000)
    variable.get_value()[:] = 4
    assert view.shape == (1, 10_000_000)
    assert view[0, ::1000].tolist() == [4] * 10_000


def test_an_empty_array_is_the_variables_own():
    monitor = brian2.StateMonitor(brian2.NeuronGroup(2, "v : 1"), "v", record=True)
    times = monitor.variables["t"].get_value()
    assert times.shape == (0,)
    monitor.resize(5)
    assert address(times) == address(monitor.variables["t"].get_value())


def test_the_array_itself_grows_while_the_network_runs():
    network = small()
    monitors = things(network)
    times = growing.dynamic_array(monitors["states"], "t")
    values = growing.dynamic_array(monitors["states"], "v")
    lengths = []

    @brian2.network_operation(dt=5 * ms, when="before_start")
    def look():
        lengths.append(len(times))
        assert len(values) == len(times)

    network.add(look)
    network.run(20 * ms)
    assert lengths == [0, 50, 100, 150]
    assert_same(times, values_of(network)["states.t"])
    assert values.shape == (200, 10)
    assert np.shares_memory(values, monitors["states"].v_)


def test_only_what_grows_and_is_ours_is_given():
    network = small()
    group, states = things(network)["neurons"], things(network)["states"]
    with pytest.raises(TypeError, match="doesn't change"):
        growing.dynamic_array(group, "v")
    with pytest.raises(KeyError):
        growing.dynamic_array(states, "u")
    with growing.enabled(False):
        stock = things(small())["states"]
    with pytest.raises(TypeError, match="disabled"):
        growing.dynamic_array(stock, "v")
