"""Plot the numbers that come in, one a line, while they come in.

your_program | python3 live.py
"""

import sys
import threading

import matplotlib.pyplot as plt
from matplotlib.animation import FuncAnimation

import cppdynarray as cda

values = cda.DynamicArray()


def collect() -> None:
    for line in sys.stdin:
        values.append(float(line))


def update(frame: int) -> None:
    seen = values[:]  # all there is by now, not copied
    curve.set_data(range(len(seen)), seen)
    axes.relim()
    axes.autoscale_view()


threading.Thread(target=collect, daemon=True).start()
figure, axes = plt.subplots()
(curve,) = axes.plot([], [])
animation = FuncAnimation(figure, update, interval=100, cache_frame_data=False)
plt.show()
