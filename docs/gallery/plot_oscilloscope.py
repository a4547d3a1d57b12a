"""
An oscilloscope
===============

A thread receives blocks of samples, as a sound card sends them, into a ``RollingArray``: the last
1,024 samples, oldest first, always one array. Ten times a second the picture shows it, and its spectrum.

For sound of your own change ``blocks``.
"""

import threading
import time
from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation

import cppdynarray as cda

RATE = 8_000  # samples a second


def blocks() -> Iterator[np.ndarray]:
    """A whistle that rises and falls, with some noise: 80 samples at a time."""
    rng = np.random.default_rng(seed=1)
    phase = 0.0
    for number in range(500):
        time.sleep(0.005)
        pitch = 1_500 + 900 * np.sin(number / 60)
        phases = phase + 2 * np.pi * pitch / RATE * np.arange(1, 81)
        phase = float(phases[-1])
        yield np.sin(phases) + rng.normal(0, 0.3, 80)


# %%
# The window starts full of silence, so that the axes never change. ``extend`` adds a block, and as many
# of the oldest samples leave.

window = cda.RollingArray(np.zeros(1_024), maxlen=1_024)


def receive() -> None:
    for block in blocks():
        window.extend(block)


threading.Thread(target=receive, daemon=True).start()

# %%
# ``window[:]`` is a view of the samples of this moment. It doesn't change while the next 1,024 samples come
# in, which takes longer than the transform, so there is no need for a copy or a lock.

figure, (left, right) = plt.subplots(2, figsize=(6, 4.8), layout="constrained")
(wave,) = left.plot(np.arange(-1_024, 0) / RATE * 1_000, window, color="#2a6f97", linewidth=1)
(spectrum,) = right.plot(np.fft.rfftfreq(1_024, 1 / RATE), np.zeros(513), color="#c8621b", linewidth=1)
left.set(xlabel="milliseconds", ylabel="signal", ylim=(-2, 2))
right.set(xlabel="hertz", ylabel="power in dB", ylim=(-20, 60))
for axes in (left, right):
    axes.spines[["top", "right"]].set_visible(False)
taper = np.hanning(1_024)


def update(frame: int) -> None:
    seen = window[:]
    wave.set_ydata(seen)
    spectrum.set_ydata(20 * np.log10(np.abs(np.fft.rfft(seen * taper)) + 1e-3))


animation = FuncAnimation(figure, update, frames=25, interval=100, cache_frame_data=False)
plt.show()
