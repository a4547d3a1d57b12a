"""The runtime device: the one that was there, and the same under a name of its own."""

import gc
import pickle

import numpy as np
import pytest
from brian2_process import run_brian2
from networks import dynamic_arrays_of, small, values_of

from helpers import assert_same
from optional_libraries import import_library

brian2 = import_library("brian2")
growing = import_library("cppdynarray.brian2")
arrays = import_library("cppdynarray.brian2.arrays")
ms = brian2.ms


def kinds(network):
    return {isinstance(array, arrays.DynamicArray) for array in dynamic_arrays_of(network).values()}


def test_it_is_the_same_device_as_before_the_import():
    code = """
        import brian2
        device = brian2.get_device()
        group = brian2.NeuronGroup(1, "v : 1")
        monitor = brian2.StateMonitor(group, "v", record=True)
        import cppdynarray.brian2
        assert brian2.get_device() is device is brian2.all_devices["runtime"]
        assert isinstance(device, brian2.devices.RuntimeDevice)
        assert group.variables.device is device
        brian2.prefs.codegen.target = "numpy"
        cppdynarray.brian2.enable()
        # Made before, and of Brian2's own arrays.
        brian2.Network(group, monitor).run(1 * brian2.ms)
        print(monitor.v.shape)
    """
    printed = run_brian2(code)
    assert printed == ["(1, 10)"]


@pytest.mark.parametrize("value", [False, True])
def test_what_exists_stays_as_it_is_and_runs_when_switched(value):
    with growing.enabled(value):
        network = small()
        brian2.seed(1)
        network.run(5 * ms)
    with growing.enabled(not value):
        network.run(5 * ms)
    assert kinds(network) == {value}
    with growing.enabled(not value):
        other = small()
        brian2.seed(1)
        other.run(10 * ms)
    assert kinds(other) == {not value}
    found, expected = values_of(network), values_of(other)
    assert len(found["states.t"]) == 100
    for name in expected:
        assert_same(found[name], expected[name])


def test_a_device_of_that_name():
    brian2.set_device("cppdynarray")
    network = small()
    network.run(1 * ms)
    assert kinds(network) == {True}
    brian2.devices.reset_device()
    assert brian2.get_device() is brian2.all_devices["runtime"]
    assert kinds(small()) == {False}
    network.run(1 * ms)
    assert len(values_of(network)["states.t"]) == 20


def test_the_named_device_is_seeded_with_the_other_and_has_its_clock():
    drawn = []
    for name in ("runtime", "cppdynarray"):
        brian2.set_device(name)
        brian2.seed(7)
        group = brian2.NeuronGroup(100, "v : 1")
        group.v = "rand() + randn()"
        drawn.append(np.array(group.v))
    assert_same(*drawn)
    brian2.defaultclock.dt = 0.5 * ms
    brian2.set_device("runtime")
    assert brian2.defaultclock.dt == 0.5 * ms
    assert brian2.all_devices["cppdynarray"].rand_buffer is brian2.all_devices["runtime"].rand_buffer


def test_devices_can_be_initialized_again():
    growing.enable()
    brian2.device.reinit()
    brian2.device.activate()
    assert kinds(small()) == {True}


def test_monitors_can_be_pickled():
    growing.enable()
    group = brian2.NeuronGroup(2, "v : 1")
    monitor = brian2.StateMonitor(group, "v", record=True)
    monitor.resize(3)
    gc.collect()  # a pickle has all of the device in it, and nothing there may be half gone
    made = pickle.loads(pickle.dumps(monitor))
    assert type(made.variables.device) is type(brian2.get_device())
    assert made.v.shape == (2, 3)
    made.resize(4)
    assert (made.v.shape, monitor.v.shape) == ((2, 4), (2, 3))


def test_arrays_go_with_their_variables():
    growing.enable()
    gc.collect()
    before = len(brian2.get_device().arrays)
    network = small()
    assert len(brian2.get_device().arrays) > before
    del network
    gc.collect()
    assert len(brian2.get_device().arrays) == before


def test_a_device_of_somebody_elses_is_left_alone():
    code = """
        import brian2
        from brian2.devices.device import RuntimeDevice, all_devices
        class Other(RuntimeDevice):
            pass
        all_devices["runtime"].__class__ = Other
        try:
            import cppdynarray.brian2
        except ImportError as error:
            print(error)
        print(type(brian2.get_device()).__name__)
    """
    printed = run_brian2(code)
    message, name = printed
    assert "Other" in message
    assert name == "Other"


def test_a_brian2_without_what_is_needed_is_an_error_that_says_so():
    code = """
        import brian2
        from brian2.devices.device import RuntimeDevice
        del RuntimeDevice.add_array
        try:
            import cppdynarray.brian2
        except ImportError as error:
            print(error)
    """
    printed = run_brian2(code)
    assert brian2.__version__ in printed[0]
    assert "add_array" in printed[0]
