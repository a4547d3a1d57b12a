"""
A live raster of a Brian2 network at full speed
===============================================

The network runs in a thread, as compiled code that asks nothing of Python between its steps. The raster
looks at the arrays that its monitor records into, at whatever length they have by then: the network
neither waits nor knows of it.
"""

import threading
import time

import brian2 as b2
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation

import cppdynarray.brian2

cppdynarray.brian2.enable()
cppdynarray.brian2.direct.enable()
b2.prefs.codegen.target = "cython"  # what native code takes the place of
b2.seed(1)

# %%
# Inhibitory neurons in noise: each fires at random, all of them together oscillate, faster than any of
# them fires (after Brunel and Hakim, 1999).

neurons = b2.NeuronGroup(
    1000,
    "dv/dt = (25*mV - v) / (20*ms) + 1*mV*xi/sqrt(20*ms) : volt",
    threshold="v > 20*mV",
    reset="v = 10*mV",
    refractory=2 * b2.ms,
    method="euler",
)
neurons.v = "10*mV + 10*mV*rand()"
inhibition = b2.Synapses(neurons, neurons, on_pre="v_post -= 0.5*mV", delay=2 * b2.ms)
inhibition.connect(p=0.2)
spikes = b2.SpikeMonitor(neurons)
network = b2.Network(neurons, inhibition, spikes)
network.run(1 * b2.ms)  # compiles

# %%
# It runs in a thread until it is told to stop. Each frame shows the spikes of the last 200 ms of what is
# recorded by now: a table of times and indices, as many of the one as of the other.

figure, axes = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
(dots,) = axes.plot([], [], ".", color="#2a6f97", markersize=1)
title = axes.set_title("")
axes.set(xlabel="time (s)", ylabel="neuron", ylim=(0, 1000))
axes.spines[["top", "right"]].set_visible(False)


def update(frame: int) -> None:
    recorded = cppdynarray.brian2.table(spikes)  # views of all spikes so far
    t = recorded["t"]
    now = t[-1] if len(t) else 0.0
    last = recorded[np.searchsorted(t, now - 0.2) :]
    dots.set_data(last["t"], last["i"])
    axes.set_xlim(now - 0.2, now)
    title.set_text(f"{now:.1f} s of the network, {len(t):,} spikes")


before = len(cppdynarray.brian2.table(spikes))
running = threading.Thread(target=network.run, args=[600 * b2.second], daemon=True)
running.start()
start = time.perf_counter()
animation = FuncAnimation(figure, update, frames=30, interval=100, repeat=False)
plt.show()

# %%
# Without anybody's having waited for the other:

while len(cppdynarray.brian2.table(spikes)) == before:  # it hasn't begun, and would forget that it is to stop
    time.sleep(0.01)
network.stop()
running.join()
seconds = time.perf_counter() - start
report = cppdynarray.brian2.direct.report()
count = len(cppdynarray.brian2.table(spikes))
print(f"{report.fused_steps:,} steps without Python; {count:,} spikes in {seconds:.1f} s")
