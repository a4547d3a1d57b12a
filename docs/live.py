"""Plot the numbers that come in, one a line, while they come in; with --last N the last N of them.

your_program | python3 live.py
your_program | python3 live.py --last 1000
"""

import argparse
import sys
import threading

import matplotlib.pyplot as plt
from matplotlib.animation import FuncAnimation

import cppdynarray as cda

parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
parser.add_argument("--last", type=int, metavar="N", help="how many to show; by default all")
last = parser.parse_args().last
values = cda.DynamicArray() if last is None else cda.RollingArray(maxlen=last)


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
