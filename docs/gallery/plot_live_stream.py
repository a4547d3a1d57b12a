"""
A live plot of a stream
=======================

A thread collects readings into a ``DynamicArray``. The picture looks at the same memory ten times a
second, whatever its length is by then: nothing is copied, converted or locked.

For a stream of your own change ``readings``: a serial port, a socket, the lines of ``sys.stdin``.
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
# The thread appends. The type of the array is that of any ndarray, so that whatever reads it needs
# to know nothing of how it grows.

values = cda.DynamicArray()


def collect() -> None:
    for value in readings():
        values.append(value)


threading.Thread(target=collect, daemon=True).start()

# %%
# ``values[:]`` is a plain ndarray view of all there is now. Taking it costs nothing, and it stays
# valid while the thread goes on appending.

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
