"""What a monitor records, as a table: rows that are whole."""

import gc
import pickle
import threading

import numpy as np
import pytest

from optional_libraries import import_library

brian2 = import_library("brian2")
growing = import_library("cppdynarray.brian2")
whole_rows = import_library("cppdynarray.brian2.whole_rows")
ms = brian2.ms


@pytest.fixture(params=["numpy", "cython", "direct"], autouse=True)
def target(request):
    if request.param == "direct" and not growing.direct.is_supported():
        pytest.skip("native code needs Brian2 2.11")
    brian2.prefs["codegen.target"] = "numpy" if request.param == "numpy" else "cython"
    with growing.enabled(), growing.direct.enabled(request.param == "direct"):
        yield request.param


def recorded():
    neurons = brian2.NeuronGroup(5, "dv/dt = (2 - v)/(10*ms) : 1", threshold="v > 1", reset="v = 0.1", method="exact")
    monitors = (
        brian2.StateMonitor(neurons, "v", record=True), brian2.SpikeMonitor(neurons, variables="v"),
        brian2.PopulationRateMonitor(neurons),
    )
    return brian2.Network(neurons, *monitors), neurons, *monitors


def test_a_monitor_is_a_table():
    network, neurons, states, spikes, rate = recorded()
    for monitor in (states, spikes, rate):
        assert len(growing.table(monitor)) == 0
    network.run(20 * ms)
    tables = [growing.table(monitor) for monitor in (states, spikes, rate)]
    assert [table.names for table in tables] == [("t", "v"), ("t", "i", "v"), ("t", "rate")]
    assert np.array_equal(tables[0]["t"], np.asarray(states.t)) and np.array_equal(tables[0]["v"].T, states.v)
    assert np.array_equal(tables[1]["i"], spikes.i) and len(tables[1]) == spikes.num_spikes > 0
    assert np.array_equal(tables[2]["rate"], np.asarray(rate.rate))
    counts = [len(table) for table in tables]
    network.run(20 * ms)
    assert [len(table) for table in tables] == counts
    assert [len(growing.table(monitor)) for monitor in (states, rate)] == [400, 400]
    with pytest.raises(ValueError, match="when it was asked for"):
        tables[0].append((1, 2))
    with pytest.raises(ValueError, match="read-only"):
        tables[0]["v"][0] = 1
    assert len(tables[0].copy()) == counts[0]
    with pytest.raises(TypeError, match="records nothing"):
        growing.table(neurons)


def test_rows_are_whole_beside_a_network_that_runs(target):
    network, _, states, spikes, rate = recorded()
    network.run(1 * ms)
    milliseconds = 4000 if target == "direct" else 50
    running = threading.Thread(target=network.run, args=[milliseconds * ms])
    running.start()
    looks = 0
    while running.is_alive() or not looks:
        for monitor in (states, spikes, rate):
            table = growing.table(monitor)
            assert len({len(column) for column in table.values()}) == 1
            if len(table) > 10:
                assert table["t"][-1] >= table["t"][-2] > 0
                assert monitor is rate or table["v"][-1].all()
        looks += 1
    running.join()
    assert len(growing.table(states)) == 10 * milliseconds + 10


def test_a_monitor_from_a_pickle_has_rows_of_its_own():
    """Brian2 reads such a monitor and doesn't run it: its arrays are those of another device."""
    _, _, states, *_ = recorded()
    states.resize(3)
    gc.collect()  # a pickle has all of the device in it, and nothing there may be half gone
    made = pickle.loads(pickle.dumps(states))
    with whole_rows.of_monitor(made):
        made.resize(5)
        assert [len(growing.table(monitor)) for monitor in (made, states)] == [3, 3]
    states.resize(4)
    assert [len(growing.table(monitor)) for monitor in (made, states)] == [5, 4]


def test_rows_that_get_no_values_are_none(target):
    """An error in the midst of a step, and restore(), which lengthens arrays before it has their values."""
    network, _, states, *_ = recorded()
    network.run(1 * ms)
    network.store()
    network.run(1 * ms)
    network.restore()
    assert len(growing.table(states)) == 10
    network.run(1 * ms)
    table = growing.table(states)
    assert len(table) == 20 and np.array_equal(table["v"].T, states.v) and table["v"][1:].all()
    rows = whole_rows.of_monitor(states)
    with pytest.raises(RuntimeError), rows:
        states.variables["t"].resize(30)
        assert len(growing.table(states)) == 20
        raise RuntimeError
    assert rows.lengths() == [20, 20]
