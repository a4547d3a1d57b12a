"""Networks give with our arrays, to the bit, what they give with Brian2's own: numpy and compiled code."""

import numpy as np
import pytest
from networks import coba, dynamic_arrays_of, small, stdp, values_of

import cppdynarray as cda
from helpers import assert_same
from optional_libraries import import_library

brian2 = import_library("brian2")
growing = import_library("cppdynarray.brian2")
arrays = import_library("cppdynarray.brian2.arrays")
ms = brian2.ms


@pytest.fixture(params=["numpy", "cython"])
def target(request):
    for name in ("codegen.target", "codegen.string_expression_target"):
        brian2.prefs[name] = request.param
    return request.param


def assert_alike(simulate):
    """`simulate`, which returns a network that has run, leaves the same in every array with either kind."""
    results = []
    for value in (False, True):
        with growing.enabled(value):
            brian2.seed(20)
            network = simulate()
            found = values_of(network)
            kinds = [isinstance(array, arrays.DynamicArray) for array in dynamic_arrays_of(network).values()]
            assert len(kinds) >= 3
            assert kinds == [value] * len(kinds)
            results.append(found)
    expected, found = results
    assert found.keys() == expected.keys()
    for name in expected:
        assert_same(found[name], expected[name])
    return found


def test_coba(target):
    def simulate():
        network = coba(neurons=400)
        network.run(50 * ms)
        return network

    found = assert_alike(simulate)
    assert len(found["spikes.t"]) > 100
    assert len(found["excitatory.i"]) > 1000


def test_stdp(target):
    def simulate():
        network = stdp()
        network.run(100 * ms)
        return network

    found = assert_alike(simulate)
    assert len(found["spikes.t"]) > 5
    assert found["weights.w"].shape == (100, 20)
    assert np.ptp(found["weights.w"], axis=0).max() > 0


def test_several_runs(target):
    def simulate():
        network = small()
        for _ in range(3):
            network.run(3 * ms)
        return network

    assert len(assert_alike(simulate)["states.t"]) == 90


def storable(network):
    """Without the rate monitor, which Brian2 2.11 stores with the size 0 where compiled code made it grow."""
    network.remove(next(thing for thing in network.objects if thing.name == "rate"))
    return network


def test_store_and_restore(target):
    def simulate():
        network = storable(small())
        network.run(5 * ms)
        network.store("middle")
        network.run(20 * ms)
        after = values_of(network)
        network.restore("middle")
        assert len(values_of(network)["states.t"]) == 50
        network.run(20 * ms)
        again = values_of(network)
        for name in after:
            assert_same(again[name], after[name])
        network.restore("middle")
        network.run(10 * ms)
        return network

    assert len(assert_alike(simulate)["states.t"]) == 150


def test_store_in_a_file(target, tmp_path):
    def simulate():
        network = storable(small())
        network.run(5 * ms)
        network.store(filename=str(tmp_path / "state"))
        network.run(5 * ms)
        network.restore(filename=str(tmp_path / "state"))
        return network

    assert len(assert_alike(simulate)["states.t"]) == 50


def test_connecting_twice(target):
    def simulate():
        network = small()
        network.run(3 * ms)
        synapses = next(thing for thing in network.objects if thing.name == "synapses")
        synapses.connect(j="(i + 1) % 10")
        synapses.w = "0.001*i"
        network.run(3 * ms)
        return network

    found = assert_alike(simulate)
    assert found["synapses.i"].tolist() == [*range(10)] * 2


def test_subgroups_and_custom_events():
    def simulate():
        group = brian2.NeuronGroup(
            20, "dv/dt = 1/(10*ms) : 1", threshold="v > 1", reset="v = 0", events={"high": "v > 0.5"}, method="euler",
            name="neurons",
        )
        group.v = "i/20.0"
        first, second = group[:10], group[10:]
        synapses = brian2.Synapses(first, second, "w : 1", on_pre="v_post += 0.1", name="synapses")
        synapses.connect(p=0.5)
        network = brian2.Network(
            group, synapses, brian2.SpikeMonitor(second, name="spikes"),
            brian2.EventMonitor(group, "high", variables="v", name="events"),
            brian2.PopulationRateMonitor(first, name="rate"),
            brian2.StateMonitor(second, "v", record=[0, 5], name="states"),
        )
        network.run(20 * ms)
        return network

    brian2.prefs["codegen.target"] = "numpy"
    found = assert_alike(simulate)
    assert len(found["spikes.t"]) > 10
    assert len(found["events.v"]) > 1000
    assert found["states.v"].shape == (200, 2)


def test_many_records():
    def simulate():
        group = brian2.NeuronGroup(2000, "v : 1\nn : integer\nb : boolean", name="neurons")
        group.run_regularly("v += rand()\nn = i\nb = v > 1")
        states = brian2.StateMonitor(group, ["v", "n", "b"], record=True, name="states")
        network = brian2.Network(group, states)
        network.run(50 * ms)
        return network

    found = assert_alike(simulate)
    assert found["states.v"].shape == (500, 2000)
    assert found["states.b"].dtype == bool


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_other_precision(dtype):
    brian2.prefs["codegen.target"] = "numpy"
    brian2.prefs["core.default_float_dtype"] = dtype

    def simulate():
        network = small()
        network.run(5 * ms)
        return network

    assert assert_alike(simulate)["states.v"].dtype == dtype


def test_numpys_memory_too(target):
    def simulate():
        network = small()
        network.run(20 * ms)
        return network

    expected = assert_alike(simulate)
    with cda.options(backend="heap"):
        found = assert_alike(simulate)
    for name in expected:
        assert_same(found[name], expected[name])
