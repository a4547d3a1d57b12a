"""
A live plot of a stream
=======================

A thread collects readings in a ``DynamicArray``. Ten times a second the plot takes a view of everything there
is so far. The thread never waits for the plot, and the view needs no conversion; Matplotlib copies the
points that it draws, as it always does.

To plot a stream of your own, change ``readings``: read a serial port, a socket, or the lines of ``sys.stdin``.
"""

import threading
import time
from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation

import cppdynarray as cda


def readings() -> Iterator[float]:
    """A sensor that drifts: some thousand values a second."""
    rng = np.random.default_rng(seed=1)
    level = 0.0
    for _ in range(20_000):
        time.sleep(0.001)
        level += rng.normal()
        yield level


# %%
# The thread appends. The array is an ndarray, so whatever reads it needs to know nothing about how it
# grows.

values = cda.DynamicArray()


def collect() -> None:
    for value in readings():
        values.append(value)


threading.Thread(target=collect, daemon=True).start()

# %%
# ``values[:]`` is a plain view of what is there now. It costs nothing and stays valid while the thread
# goes on appending.

figure, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
(line,) = axes.plot([], [], color="#2a6f97", linewidth=1)
axes.set(xlabel="reading", ylabel="level")
axes.spines[["top", "right"]].set_visible(False)


def update(frame: int) -> None:
    seen = values[:]
    line.set_data(np.arange(len(seen)), seen)
    axes.set_title(f"{len(seen):,} readings", loc="left")
    axes.relim()
    axes.autoscale_view()


animation = FuncAnimation(figure, update, frames=40, interval=100, cache_frame_data=False)
plt.show()
