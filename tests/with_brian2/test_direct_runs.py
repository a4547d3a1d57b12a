"""Native code computes what Cython computes, steps are the same with and without Python between them."""

import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from native_code import import_brian2

brian2 = import_brian2()

import networks  # noqa: E402
from brian2 import Hz, ms, second  # noqa: E402
from brian2_process import run_brian2  # noqa: E402

import cppdynarray.brian2  # noqa: E402
from cppdynarray.brian2 import direct  # noqa: E402
from cppdynarray.brian2.direct import run as native_run  # noqa: E402
from cppdynarray.brian2.direct._calls import Steps  # noqa: E402

pytestmark = pytest.mark.usefixtures("native")


def noisy():
    """Noise, random numbers of all kinds, delays, a TimedArray, a summed variable, two clocks, events of one's own."""
    wave = brian2.TimedArray(np.sin(np.arange(40)) / 5, dt=0.5 * ms)
    group = brian2.NeuronGroup(
        20,
        """
        dv/dt = (1.2 + wave(t) + 0.1*total - v)/(10*ms) + 0.3*xi*(5*ms)**-0.5 : 1 (unless refractory)
        total : 1
        count : 1
        """,
        threshold="v > 1", reset="v = 0; count += 1", refractory="1*ms + rand()*ms", method="euler",
        namespace={"wave": wave}, name="neurons", events={"low": "v < -0.1 and i % 2 == 0"},
    )
    group.run_on_event("low", "v = (v - 0.2) % 0.7 + count // 2 * 0.01")
    sources = brian2.PoissonGroup(10, rates="(i + 1)*40*Hz", name="sources")
    generator = brian2.SpikeGeneratorGroup(3, [0, 1, 2], [1, 2, 3] * ms, period=5 * ms, name="generator")
    synapses = brian2.Synapses(
        sources, group, "w : 1\ntotal_post = w*v_post/20 : 1 (summed)", on_pre="v_post += w*rand()", name="synapses"
    )
    synapses.connect(p=0.5)
    synapses.w = "0.1 + 0.05*randn()"
    synapses.delay = "rand()*3*ms"
    driven = brian2.Synapses(generator, group, on_pre="v_post += 0.05*poisson(3)", delay=1 * ms, name="driven")
    driven.connect(j="k for k in sample(N_post, size=5)")
    return brian2.Network(
        group, sources, generator, synapses, driven,
        brian2.PoissonInput(group, "v", 5, 20 * Hz, 0.05),
        brian2.StateMonitor(group, ["v", "total"], record=[0, 3, 19], dt=0.3 * ms, name="states"),
        brian2.SpikeMonitor(group, ["v"], name="spikes"), brian2.EventMonitor(group, "low", name="lows"),
        brian2.PopulationRateMonitor(group[5:15], name="rate"),
    )


def run(build, duration=20 * ms, steps=None, **kwargs):
    brian2.start_scope()
    brian2.seed(11)
    network = build()
    for part in steps or [duration]:
        network.run(part, **kwargs)
    return networks.values_of(network)


def assert_equal(found, expected):
    assert found.keys() == expected.keys()
    for name in found:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name, strict=True)


NETWORKS = {
    "small": networks.small, "stdp": networks.stdp, "coba": lambda: networks.coba(200),
    "cuba": lambda: networks.cuba(200), "oscillating": lambda: networks.oscillating(200), "barrels": networks.barrels,
    "noisy": noisy,
}


@pytest.mark.parametrize("name", NETWORKS)
def test_values_are_those_of_cython(name):
    build, duration = NETWORKS[name], 20 * ms if name == "noisy" else 50 * ms
    before = direct.report()
    found = run(build, duration)
    after = direct.report()
    assert after.native_count > before.native_count
    assert after.fused_steps >= before.fused_steps + round(duration / (0.1 * ms))
    with direct.enabled(False):
        expected = run(build, duration)
    assert_equal(found, expected)
    assert any(values.size > 10 for name, values in found.items() if "spikes" in name or "weights" in name)


def test_a_network_without_python_falls_back_for_nothing():
    before = direct.report().fallback_count
    brian2.prefs["codegen.string_expression_target"] = "cython"
    run(noisy)
    assert direct.report().fallback_count == before, str(direct.report())


def test_what_takes_the_place_of_randn_is_used(monkeypatch):
    half = brian2.Function(lambda index: 0.5, arg_units=[], return_unit=1, auto_vectorise=True, stateless=False)
    half.implementations.add_implementation("cpp", "double randn(int index) { return 0.5; }")
    half.implementations.add_implementation("cython", "cdef double randn(int index):\n    return 0.5")
    monkeypatch.setitem(brian2.core.functions.DEFAULT_FUNCTIONS, "randn", half)
    group = brian2.NeuronGroup(3, "dx/dt = 2*xi/sqrt(ms) : 1", method="euler")
    before = direct.report().native_count
    brian2.Network(group).run(1 * ms)
    assert direct.report().native_count > before
    np.testing.assert_allclose(group.x[:], 10 * 2 * 0.5 * 0.1**0.5)


def test_two_runs_are_one_longer_run():
    assert_equal(run(noisy, steps=[7 * ms, 13 * ms]), run(noisy))


def test_steps_with_python_between_are_the_same():
    def build():
        network = noisy()
        network.add(brian2.NetworkOperation(lambda: times.append(network.t_), when="end", name="look"))
        return network

    times = []
    found, expected = run(build), run(noisy)
    assert len(times) == 200
    assert_equal({name: found[name] for name in expected}, expected)


def test_profiling_is_per_object():
    network, before = noisy(), direct.report().fused_steps
    network.run(2 * ms, profile=True)
    assert {"neurons_stateupdater", "spikes"} <= {name for name, _ in network.profiling_info}
    assert direct.report().fused_steps == before


def test_what_python_has_nothing_to_do_between_is_one_call_a_step(monkeypatch):
    made, called = [], []

    def counting(calls, *args):
        steps = Steps(calls, *args)
        made.append(len(calls))
        return lambda: called.append(steps())

    monkeypatch.setattr(native_run, "Steps", counting)
    network = networks.small()
    network.add(brian2.NetworkOperation(lambda: None, when="end", order=1, name="look"))
    before = direct.report()
    network.run(1 * ms)
    after = direct.report()
    native = after.native_count - before.native_count
    assert made == [native] and len(called) == 10 and native > 5  # all but `look`
    assert after.fused_steps == before.fused_steps


def test_a_subclass_that_overrides_run_is_called():
    class Counting(brian2.SpikeMonitor):
        def run(self):
            calls.append(1)
            super().run()

    calls = []
    group = brian2.NeuronGroup(3, "dv/dt = 1/ms : 1", threshold="v > 1", reset="v = 0", method="euler")
    monitor, before = Counting(group), direct.report().fused_steps
    brian2.Network(group, monitor).run(3 * ms)
    assert len(calls) == 30 and len(monitor.t) == 6
    assert direct.report().fused_steps == before


def test_store_and_restore_go_on_where_they_were():
    brian2.seed(3)
    network = noisy()
    network.run(5 * ms)
    network.store()
    network.run(10 * ms)
    first = networks.values_of(network)
    network.restore(restore_random_state=True)
    network.run(10 * ms)
    assert_equal(networks.values_of(network), first)


def test_reports_come_in_time():
    told = []
    network = networks.small()
    network.run(
        20 * second, report=lambda *args: told.append(args[1]), report_period=20 * ms
    )
    assert told[0] == 0 and told[-1] == 1 and len(told) > 2 and told == sorted(told)


def recorded():
    """A network that records little."""
    group = brian2.NeuronGroup(3, "dv/dt = 1/ms : 1", threshold="v > 1", reset="v = 0", method="euler")
    return brian2.Network(group, brian2.StateMonitor(group, "v", record=[0], name="states"))


LONG = 2000 * second  # that nobody waits for


def once_it_runs(action):
    """A thread that does it after some steps: what is done before a run starts, the run forgets."""
    timestep = brian2.defaultclock.variables["timestep"].get_value()

    def wait():
        # Before the run the clock stands where that of another network left it.
        while not brian2.Network._globally_running or timestep[0] < 1000:
            time.sleep(0.001)
        action()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def assert_whole_steps(network):
    states = next(each for each in network.objects if each.name == "states")
    assert len(states.t) == brian2.defaultclock.variables["timestep"].get_value().item()
    assert 1000 < len(states.t) < LONG / brian2.defaultclock.dt


def test_stop_from_a_thread():
    network = recorded()
    thread = once_it_runs(network.stop)
    network.run(LONG)
    thread.join()
    assert_whole_steps(network)
    assert network.t_ == brian2.defaultclock.t_


def test_maximum_run_time():
    network = recorded()
    brian2.device._set_maximum_run_time(0.1 * second)
    try:
        network.run(LONG)
    finally:
        brian2.device._set_maximum_run_time(None)
    assert_whole_steps(network)


INTERRUPTED = """
import os, signal, sys
sys.path[:0] = {path!r}  # of the tests' helpers
import brian2, kept_cache, test_direct_runs as runs
import cppdynarray.brian2
from cppdynarray.brian2 import direct
kept_cache.use()
brian2.prefs["codegen.target"] = "cython"
brian2.prefs["core.stop_on_keyboard_interrupt"] = {stops}
cppdynarray.brian2.enable()
direct.enable()
network = runs.recorded()
thread = runs.once_it_runs(lambda: os.kill(os.getpid(), signal.SIGINT))
try:
    network.run(runs.LONG)
    print("stopped")
except KeyboardInterrupt:
    print("raised")
thread.join()
runs.assert_whole_steps(network)
before = brian2.defaultclock.variables["timestep"].get_value().item()
network.run(1 * brian2.ms)
print(brian2.defaultclock.variables["timestep"].get_value().item() - before)
assert direct.report().fused_steps > 1000, str(direct.report())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
@pytest.mark.parametrize("stops, outcome", [(True, "stopped"), (False, "raised")])
def test_ctrl_c_leaves_whole_steps(stops, outcome):
    # In a process of its own: what interrupts comes at its own time, and would end the tests.
    path = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "support")]
    lines = run_brian2(INTERRUPTED.format(path=path, stops=stops))
    assert lines[-2:] == [outcome, "10"], lines


def test_an_error_in_a_step_names_its_object():
    group = brian2.NeuronGroup(3, "k : integer\nm : integer", name="divided")
    group.run_regularly("k = 7 // m", name="dividing")
    group.m = 1
    network = brian2.Network(group)
    network.run(1 * ms)
    group.m = 0
    with pytest.raises(brian2.BrianObjectException, match="dividing") as caught:
        network.run(1 * ms)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def read_meanwhile(action, look):
    """Calls `look` again and again in a thread, until `action` is over. Its results."""
    found, failures, started, done = [], [], threading.Event(), threading.Event()

    def read():
        try:
            while not done.is_set():
                found.append(look())
                started.set()
        except BaseException as error:
            failures.append(error)
            started.set()

    reader = threading.Thread(target=read)
    reader.start()
    started.wait()
    try:
        action()
    finally:
        done.set()
        reader.join()
    if failures:
        raise failures[0]
    return found


def test_a_thread_reads_states_while_steps_run():
    network = networks.small()
    network.run(1 * ms)
    states = next(each for each in network.objects if each.name == "states")
    t, v = (cppdynarray.brian2.dynamic_array(states, name) for name in "tv")

    def look():
        times = t[:]
        values = v[: len(times)]
        assert len(values) == len(times)  # all of what was recorded at these times is there
        np.testing.assert_array_equal(times, np.arange(len(times)) * 0.0001)
        assert values.any(axis=1).all()
        return len(times)

    lengths = read_meanwhile(lambda: network.run(20 * second), look)
    assert len(set(lengths)) > 3 and lengths == sorted(lengths) and len(t) == 200_010


@pytest.mark.parametrize("neurons", [1, 1000])
def test_a_thread_reads_spikes_while_steps_run(neurons):
    # Ten million of them. All neurons fire at each step, so that each spike is known.
    steps = 10_000_000 // neurons if neurons > 1 else 1_000_000
    group = brian2.NeuronGroup(neurons, "v : 1", threshold="v >= 0", name="firing")
    monitor = brian2.SpikeMonitor(group, name="fired")
    network = brian2.Network(group, monitor)
    network.run(brian2.defaultclock.dt)
    i, t = (cppdynarray.brian2.dynamic_array(monitor, name) for name in "it")
    views = []

    def check(times, indices, first):
        number = np.arange(first, first + len(times))
        np.testing.assert_array_equal(indices, number % neurons)
        np.testing.assert_array_equal(times, number // neurons * 0.0001)

    def look():
        times = t[:]
        indices = i[: len(times)]
        last = max(0, len(times) - 100_000)
        check(times[last:], indices[last:], last)
        if len(views) < 10_000:
            views.append((times, indices))
        return len(times)

    before = direct.report().fused_steps
    lengths = read_meanwhile(lambda: network.run((steps - 1) * brian2.defaultclock.dt), look)
    assert direct.report().fused_steps == before + steps - 1
    assert len(set(lengths)) > 3 and lengths == sorted(lengths)
    assert len(t) == len(i) == steps * neurons
    check(t[:], i[:], 0)
    for times, indices in views[:: max(1, len(views) // 20)]:  # what was seen early stays
        assert np.shares_memory(times, t[:1]) or not len(times)
        check(times, indices, 0)


def test_division_by_zero():
    def divided(operation):
        group = brian2.NeuronGroup(2, "x : 1\nk : integer\ny : 1", name="divided")
        group.x = [0, 2]
        group.run_regularly(f"y = {operation}", name="dividing")
        brian2.Network(group).run(0.1 * ms)
        return group.y[:].tolist()

    np.testing.assert_array_equal(divided("1/x"), [np.inf, 0.5])
    np.testing.assert_array_equal(divided("(x + k)/x"), [np.nan, 1])
    for operation, native in (("i // k", True), ("i % k", True), ("1/x", False)):
        with direct.enabled(native), pytest.raises(brian2.BrianObjectException) as caught:
            divided(operation)
        assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_strings_are_numpys_unless_their_target_is_cython():
    group, before = brian2.NeuronGroup(5, "v : 1"), direct.report()
    group.v = "rand()"
    assert direct.report().native_count == before.native_count
    brian2.prefs["codegen.string_expression_target"] = "cython"
    group.v = "rand()"
    assert direct.report().native_count == before.native_count + 1
    assert [reason for *_, reason in direct.report().fallbacks[len(before.fallbacks) :]] == ["runs as NumpyCodeObject"]


def test_indices_that_a_condition_chooses():
    group = brian2.NeuronGroup(7, "v : 1")
    group.v = "i % 3"
    synapses = brian2.Synapses(group, group, "w : 1")
    synapses.connect(condition="i != j")
    synapses.w = "i + j"
    asked = [(group, "v > 0"), (group, "v > 9"), (synapses, "w < 5 and v_pre > 0"), (synapses, "True")]
    expected = [of.indices[condition] for of, condition in asked]
    brian2.prefs["codegen.string_expression_target"] = "cython"
    before = direct.report()
    found = [of.indices[condition] for of, condition in asked]
    after = direct.report()
    assert after.native_count == before.native_count + 4 and after.fallback_count == before.fallback_count
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == np.int32


def test_single_precision():
    """Synapses by chance are Cython's; functions are computed in double precision and rounded."""
    brian2.prefs["core.default_float_dtype"] = np.float32
    found = {}
    for native in (True, False):
        brian2.seed(3)
        with direct.enabled(native):
            group = brian2.NeuronGroup(1000, "x : 1\ny : 1")
            synapses = brian2.Synapses(group, group)
            synapses.connect(p=0.02)
        found[native] = np.array([synapses.i, synapses.j])
    np.testing.assert_array_equal(found[True], found[False])
    group.y = np.linspace(-5, 5, 1000)
    group.run_regularly("x = exp(y)")
    before = direct.report().native_count
    brian2.Network(group).run(0.1 * ms)
    assert direct.report().native_count > before
    values = np.array(group.y)
    assert values.dtype == np.float32
    np.testing.assert_array_equal(np.array(group.x), np.exp(values.astype(float)).astype(np.float32), strict=True)


def test_connecting_out_of_range_is_brian2s_error_and_adds_nothing():
    group = brian2.NeuronGroup(5, "v : 1")
    synapses = brian2.Synapses(group, group)
    synapses.connect(j="i")
    with pytest.raises(brian2.BrianObjectException) as caught:
        synapses.connect(j="i + 3")
    assert isinstance(caught.value.__cause__, IndexError) and "outside allowed range" in str(caught.value.__cause__)
    assert len(synapses) == 5
