"""
Recording a simulation with Brian2
==================================

A network of spiking neurons that is watched while it runs. Its monitors record into arrays that grow
in place, so you can read what was recorded so far at any time, and a view that you took early stays
valid.
"""

import brian2 as b2
import matplotlib.pyplot as plt
import numpy as np

import cppdynarray.brian2

cppdynarray.brian2.enable()
b2.prefs.codegen.target = "numpy"  # no waiting for a compiler
b2.seed(1)

# %%
# Excitatory and inhibitory neurons, coupled at random, with a drive that comes and goes.

neurons = b2.NeuronGroup(
    500,
    "dv/dt = (1.1 + 0.15*sin(2*pi*8*Hz*t) - v) / (10*ms) + 0.2*xi/sqrt(10*ms) : 1",
    threshold="v > 1",
    reset="v = 0",
    refractory=3 * b2.ms,
    method="euler",
)
neurons.v = "rand()"
synapses = b2.Synapses(neurons, neurons, "weight : 1", on_pre="v_post += weight")
synapses.connect(p=0.05)
synapses.weight = "0.02 - 0.08*int(i >= 400)"
spikes = b2.SpikeMonitor(neurons)

# %%
# Every 100 ms of the simulation we look at all spikes so far. ``times`` and ``indices`` are the arrays
# that Brian2 appends to; a view shows what they hold now.

times = cppdynarray.brian2.dynamic_array(spikes, "t")
indices = cppdynarray.brian2.dynamic_array(spikes, "i")
first = None
looks = []


@b2.network_operation(dt=100 * b2.ms)
def look() -> None:
    global first
    seen = times[:]
    if first is None and len(seen):
        first = seen
    looks.append((b2.defaultclock.t / b2.second, len(seen)))


b2.run(1 * b2.second)
for time, count in looks[1::3]:
    print(f"after {time:.1f} s: {count:,} spikes")
print("The first view is still one of the array:", np.shares_memory(first, times))

# %%
figure, (above, below) = plt.subplots(
    2, sharex=True, figsize=(6, 5), height_ratios=[3, 1], layout="constrained"
)
above.plot(times, indices, ".", color="#2a6f97", markersize=1)
above.set(ylabel="neuron")
below.hist(times, bins=np.arange(0, 1.005, 0.005), color="#c8621b")
below.set(xlabel="time (s)", ylabel="spikes in 5 ms")
for axes in (above, below):
    axes.spines[["top", "right"]].set_visible(False)
plt.show()
