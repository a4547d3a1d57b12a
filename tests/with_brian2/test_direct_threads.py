"""Networks that run in several threads at once compute what each computes alone."""

import os
import sys
import threading

import numpy as np
import pytest
from native_code import import_brian2
from threads import in_threads

brian2 = import_brian2()

from brian2 import ms, second  # noqa: E402

import cppdynarray.brian2  # noqa: E402
from cppdynarray.brian2 import direct  # noqa: E402

THREADS = 3


pytestmark = pytest.mark.usefixtures("native")


def driven(number):
    """Each has a TimedArray of its own, of one and two dimensions, and a clock."""
    clock = brian2.Clock(0.1 * ms, name=f"clock_{number}")
    value = number + 1.0
    wave = brian2.TimedArray(np.full(20 + number, value), dt=5 * ms, name=f"wave_{number}")
    columns = brian2.TimedArray(np.full((20, 500), value), dt=7 * ms, name=f"columns_{number}")
    group = brian2.NeuronGroup(
        500, "dx/dt = (wave(t)*columns(t, i) - x)/dt : 1", method="euler", name=f"group_{number}", clock=clock,
        namespace={"wave": wave, "columns": columns},
    )
    group.x = value**2
    states = brian2.StateMonitor(group, "x", record=range(0, 500, 50), clock=clock, name=f"states_{number}")
    return brian2.Network(group, states, name=f"network_{number}"), states, value**2


def test_timed_arrays_are_each_networks_own():
    made = [driven(number) for number in range(THREADS)]
    in_threads(*(lambda network=network: network.run(0.5 * second) for network, _, _ in made))
    for _, states, value in made:
        values = cppdynarray.brian2.dynamic_array(states, "x")
        assert values.shape == (5000, 10)
        np.testing.assert_allclose(values, value, rtol=1e-12)


def random_numbers(number):
    """Draws numbers in each step, and records some of them."""
    clock = brian2.Clock(0.1 * ms, name=f"clock_{number}")
    group = brian2.NeuronGroup(
        300, "u : 1\nn : 1\nk : 1\nm : 1", threshold="u > 0.9", name=f"group_{number}", clock=clock,
    )
    group.run_regularly("u = rand()\nn = randn()\nk = poisson(2)\nm = poisson(20)", clock=clock, name=f"draw_{number}")
    states = brian2.StateMonitor(group, ["u", "n", "k", "m"], record=range(10), clock=clock, name=f"states_{number}")
    return brian2.Network(group, states, name=f"network_{number}"), states


def test_no_random_number_is_given_twice():
    made = [random_numbers(number) for number in range(THREADS)]
    in_threads(*(lambda network=network: network.run(0.3 * second) for network, _ in made))
    for name in "un":
        values = np.concatenate([np.array(getattr(states, name)).ravel() for _, states in made])
        values = values[values != 0]  # of the first step
        assert len(values) > THREADS * 29_000 and len(np.unique(values)) == len(values)
        assert abs(values.mean() - {"u": 0.5, "n": 0}[name]) < 0.02
    for name, mean in (("k", 2), ("m", 20)):
        counts = np.concatenate([np.array(getattr(states, name))[:, 1:].ravel() for _, states in made])
        assert (counts >= 0).all() and (counts == np.floor(counts)).all() and abs(counts.mean() - mean) < 0.1


def test_what_one_thread_draws_afterwards_is_the_devices_again():
    made = [random_numbers(number) for number in range(2)]
    in_threads(*(lambda network=network: network.run(5 * ms) for network, _ in made))
    found = []
    for network, states in made:
        brian2.seed(5)
        network.run(2 * ms)
        found.append(np.array(states.u)[:, -20:])
    np.testing.assert_array_equal(*found)
    brian2.seed(5)
    assert found[0][0, 0] == np.random.rand(20_000)[0]  # noqa: NPY002 (Brian2's source)


def connected(number):
    """Spikes, delays, plastic synapses."""
    clock = brian2.Clock(0.1 * ms, name=f"clock_{number}")
    group = brian2.NeuronGroup(
        50, "dv/dt = (1.2 + 0.01*i - v)/(5*ms) : 1", threshold="v > 1", reset="v = 0", method="euler",
        name=f"group_{number}", clock=clock,
    )
    synapses = brian2.Synapses(
        group, group, "w : 1", on_pre="v_post += w", on_post="w = clip(w*1.01, 0, 0.1)", clock=clock,
        name=f"synapses_{number}",
    )
    synapses.connect(condition="(i + j) % 3 == 0")
    synapses.w = 0.001 * (number + 1)
    synapses.pre.delay = "(i % 7)*0.3*ms"
    spikes = brian2.SpikeMonitor(group, name=f"spikes_{number}")
    return brian2.Network(group, synapses, spikes, name=f"network_{number}"), spikes, synapses


def test_synapses_are_each_networks_own():
    alone, together = ([connected(number) for number in range(THREADS)] for _ in range(2))
    for network, _, _ in alone:
        network.run(0.2 * second)
    in_threads(*(lambda network=network: network.run(0.2 * second) for network, _, _ in together))
    for (_, spikes, synapses), (_, found, weights) in zip(alone, together, strict=True):
        assert len(spikes.t) > 1000
        np.testing.assert_array_equal(found.i[:], spikes.i[:])
        np.testing.assert_array_equal(found.t[:], spikes.t[:])
        np.testing.assert_array_equal(weights.w[:], synapses.w[:])
    assert len({tuple(spikes.i[:1000]) for _, spikes, _ in alone}) > 1


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="needs to see where descriptors lead")
def test_threads_that_compile_at_once_leave_the_descriptors_alone(tmp_path):
    brian2.prefs["cppdynarray.cache_dir"] = str(tmp_path)

    def build(number):
        clock = brian2.Clock(0.1 * ms, name=f"clock_{number}")
        group = brian2.NeuronGroup(
            5, f"dv/dt = (1.5 - v)/(4*ms) + {number}*0.001*v/ms : 1", method="euler", clock=clock,
            name=f"group_{number}",
        )
        return brian2.Network(group, name=f"network_{number}")

    def where():
        return [os.readlink(f"/proc/self/fd/{number}") for number in (1, 2)]

    def look():
        while any(thread.name == "compiling" for thread in threading.enumerate()) and len(seen) < 10_000:
            seen.append(where())

    made, before, seen = [build(number) for number in range(THREADS)], where(), []
    fallen = direct.report().fallback_count  # of other tests
    threads = [threading.Thread(target=network.run, args=(1 * ms,), name="compiling") for network in made]
    for thread in threads:
        thread.start()
    look()
    for thread in threads:
        thread.join()
    assert where() == before and all(each == before for each in seen) and seen
    assert direct.report().fallback_count == fallen
    sys.stdout.flush()
