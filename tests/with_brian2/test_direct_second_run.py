"""The next run of a network in which nothing changed makes no code; every kind of change is noticed."""

import gc
import weakref

import numpy as np
import pytest
from native_code import import_brian2

brian2 = import_brian2()

import networks  # noqa: E402
from brian2 import Hz, ms, mV  # noqa: E402
from brian2.utils.logger import catch_logs  # noqa: E402

from cppdynarray.brian2 import direct  # noqa: E402
from cppdynarray.brian2.direct import preparation  # noqa: E402

pytestmark = pytest.mark.usefixtures("native")


@brian2.check_units(x=1, result=1)
def plain(x):
    return x


plain = brian2.implementation("cpp", "static inline double plain(double x) { return x; }")(plain)
plain = brian2.implementation("cython", "cdef double plain(double x):\n    return x\n")(plain)


class Model:
    """A network of one object of each kind that makes code, with all that a test changes."""

    def __init__(self):
        self.clock = brian2.Clock(0.1 * ms, name="clock")
        self.slow = brian2.Clock(0.5 * ms, name="slow")
        self.wave = brian2.TimedArray(np.sin(np.arange(30.0)), dt=0.7 * ms, name="wave")
        self.namespace = {"tau": 10 * ms, "wave": self.wave, "plain": plain}
        self.group = brian2.NeuronGroup(
            6,
            """
            dv/dt = (1.5 + wave(t)*0.1 + plain(outer) + total - v)/tau : 1 (unless refractory)
            total : 1
            """,
            threshold="v > limit", reset="v = 0", refractory=1 * ms, method="euler", namespace=self.namespace,
            name="group", clock=self.clock,
        )
        self.group.v = "i*0.1"
        self.regular = self.group.run_regularly("v *= 0.99", clock=self.slow, name="regular")
        self.synapses = brian2.Synapses(
            self.group, self.group, "w : 1\ntotal_post = w*v_pre*0.01 : 1 (summed)", on_pre="v_post += w*gain",
            name="synapses", clock=self.clock,
        )
        self.synapses.connect(condition="i != j")
        self.synapses.w = 0.01
        self.generator = brian2.SpikeGeneratorGroup(
            2, [0, 1], [1, 2] * ms, period=4 * ms, name="generator", clock=self.clock
        )
        self.driven = brian2.Synapses(
            self.generator, self.group, on_pre="v_post += 0.1", name="driven", clock=self.clock
        )
        self.driven.connect()
        self.states = brian2.StateMonitor(self.group, "v", record=True, name="states", clock=self.clock)
        self.spikes = brian2.SpikeMonitor(self.group, name="spikes")
        self.rate = brian2.PopulationRateMonitor(self.group, name="rate")
        self.input = brian2.PoissonInput(self.group, "v", 5, 20 * Hz, 0.01)
        self.network = brian2.Network(
            self.group, self.synapses, self.generator, self.driven, self.states, self.spikes, self.rate, self.input,
        )
        self.outside = {"limit": 1.0, "outer": 0.1, "gain": 1.0}

    def run(self):
        self.network.run(5 * ms, namespace=self.outside)


def set_threshold(model):
    model.group.thresholder["spike"].abstract_code = "never"  # made anew from the next line
    model.group.events["spike"] = "v > limit + 0.1"


def add_monitor(model):
    more = brian2.StateMonitor(model.group, "total", record=[0], name="more", clock=model.clock)
    model.network.add(more)


def remove_monitor(model):
    model.network.remove(model.rate)


def deactivate(model):
    model.regular.active = False


def other_clock(model):
    model.clock.dt = 0.2 * ms
    model.input.active = False  # it can't


def other_implementation(model):
    def twice(x):
        return 2 * x

    twice = brian2.Function(twice, arg_units=[1], return_unit=1)
    for target, text in (("cpp", "double twice(double x) { return 2*x; }"),
                         ("cython", "cdef double twice(double x):\n    return 2*x\n")):
        twice.implementations.add_implementation(target, text, name="twice")
    model.namespace["plain"] = model.group.namespace["plain"] = twice


def other_time_arrays(model):
    model.group.namespace["wave"] = brian2.TimedArray(np.cos(np.arange(10.0)), dt=0.3 * ms, name="other_wave")


def values_in_place(model):
    model.wave.values[:] = 0.5


CHANGES = {
    "nothing": lambda model: None,
    "a value of the run's namespace": lambda model: model.outside.update(outer=0.3),
    "its type": lambda model: model.outside.update(gain=2),
    "a value of a group's namespace": lambda model: model.group.namespace.update(tau=5 * ms),
    "an array of it in place": lambda model: model.group.namespace["tau"].__imul__(0.5),
    "a function": other_implementation,
    "a TimedArray": other_time_arrays,
    "the values of a TimedArray": values_in_place,
    "a threshold": set_threshold,
    "code that runs regularly": lambda model: setattr(model.regular, "abstract_code", "v *= 0.9"),
    "an object more": add_monitor,
    "an object less": remove_monitor,
    "an object that is not active": deactivate,
    "the order": lambda model: setattr(model.regular, "order", 3),
    "the place in a step": lambda model: setattr(model.regular, "when", "end"),
    "the schedule": lambda model: setattr(
        model.network, "schedule", ["start", "thresholds", "groups", "synapses", "resets", "end"]
    ),
    "a clock's dt": other_clock,
    "a preference": lambda model: brian2.prefs.__setitem__("codegen.loop_invariant_optimisations", False),
    "synapses": lambda model: model.synapses.connect(i=[0, 1], j=[1, 2]),
    "weights": lambda model: setattr(model.synapses, "w", 0.05),
    "delays": lambda model: setattr(model.synapses.pre, "delay", "i*0.1*ms"),
    "input spikes": lambda model: model.generator.set_spikes([0, 1, 1], [6, 7, 8] * ms, period=0 * ms),
    "states": lambda model: setattr(model.group, "v", 0.2),
}
# Only data: code that was there does as well.
NEED_NO_CODE = {"nothing", "weights", "delays", "states"}


def values_after(change):
    brian2.start_scope()
    brian2.prefs["codegen.loop_invariant_optimisations"] = True
    brian2.seed(3)
    model = Model()
    model.run()
    change(model)
    before = direct.report().native_count
    model.run()
    made = direct.report().native_count - before
    model.run()
    return networks.values_of(model.network), made


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_noticed(name, monkeypatch):
    found, made = values_after(CHANGES[name])
    with monkeypatch.context() as patched:
        patched.setattr(preparation.Preparation, "holds", lambda *args: False)
        expected, made_anew = values_after(CHANGES[name])
    assert found.keys() == expected.keys() and len(found["spikes.t"]) > 1
    for each, values in expected.items():
        np.testing.assert_array_equal(found[each], values, err_msg=each, strict=True)
    assert made_anew > 10
    assert name not in NEED_NO_CODE or made == 0, made


def test_what_cannot_be_compared_counts_as_changed():
    model = Model()
    model.group.namespace["unused"] = np.zeros(preparation.LARGEST + 1)
    model.run()
    before = direct.report().native_count
    model.run()
    assert direct.report().native_count > before + 10


def test_units_that_are_wrong_now_are_an_error_and_right_again_are_none():
    model = Model()
    model.run()
    model.group.namespace["tau"] = 10 * mV
    for _ in range(2):
        with pytest.raises(brian2.BrianObjectException):
            model.run()
    model.group.namespace["tau"] = 10 * ms
    model.run()
    assert len(model.states.t) == 100


def test_a_name_that_is_gone_or_new():
    model = Model()
    model.run()
    gain = model.outside.pop("gain")
    with pytest.raises(brian2.BrianObjectException):
        model.run()
    model.outside["gain"] = gain
    model.run()
    assert len(model.states.t) == 100


def test_names_around_the_call_are_looked_up_each_time():
    rate = 1.0
    group = brian2.NeuronGroup(1, "dv/dt = rate/ms : 1", method="euler")
    network = brian2.Network(group)
    network.run(1 * ms)
    np.testing.assert_allclose(group.v[:], 1)
    rate = 2.0  # noqa: F841
    network.run(1 * ms)
    np.testing.assert_allclose(group.v[:], 3)


def test_trials_after_restore_are_the_same():
    network = networks.small()
    # Brian2 2.11 doesn't restore it after compiled code, its own or ours.
    network.remove(next(each for each in network.objects if each.name == "rate"))
    network.run(1 * ms)
    network.store()
    before = direct.report().native_count
    values = []
    for _ in range(3):
        network.restore()
        network.run(5 * ms)
        values.append(networks.values_of(network))
    assert direct.report().native_count == before
    for each in values[1:]:
        for name, value in values[0].items():
            np.testing.assert_array_equal(each[name], value, err_msg=name)


def test_an_object_that_belongs_to_no_network_is_told_of_as_ever():
    network = networks.small()
    network.run(1 * ms)

    def make():
        unused = brian2.NeuronGroup(2, "v : 1", name="unused_group")
        unused.add_attribute("itself")
        unused.itself = [unused]  # a cycle, as most are in
        return weakref.ref(unused)

    gc.disable()
    try:
        reference = make()
        with catch_logs() as logs:
            network.run(1 * ms)
        assert reference() is None
        assert any("unused_group" in text for _, _, text in logs)
        network.run(1 * ms)
        assert gc.get_freeze_count() == 0
    finally:
        gc.enable()


def test_the_magic_network_too_and_nothing_is_kept_alive():
    group = brian2.NeuronGroup(2, "dv/dt = 1/ms : 1", method="euler", name="magic_group")
    brian2.run(1 * ms)
    before = direct.report().native_count
    brian2.run(1 * ms)
    assert direct.report().native_count == before
    np.testing.assert_allclose(group.v[:], 2)
    reference = weakref.ref(group)
    del group
    gc.collect()
    assert reference() is None
