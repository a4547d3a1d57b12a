"""Plot the numbers that come in, one a line, while they come in; with --last N the last N of them.

your_program | python3 live.py
your_program | python3 live.py --last 1000
your_program | python3 live.py --save numbers.npy
"""

import argparse
import contextlib
import sys
import threading

import matplotlib.pyplot as plt
from matplotlib.animation import FuncAnimation

import cppdynarray as cda

parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
parser.add_argument("--last", type=int, metavar="N", help="how many to show; by default all")
parser.add_argument("--save", metavar="FILE.npy", help="keep all of them in a file, and go on from there next time")
arguments = parser.parse_args()
last = arguments.last
values = cda.DynamicArray() if last is None else cda.RollingArray(maxlen=last)
if arguments.save is not None:
    values = cda.open_memmap(arguments.save, "a", dtype=float)


def collect() -> None:
    for number in map(float, sys.stdin):
        with contextlib.suppress(ValueError):  # the window was closed, and with it the file
            values.append(number)


def update(frame: int) -> None:
    seen = values[:] if last is None else values[-last:]  # as it is by now, not copied
    curve.set_data(range(len(seen)), seen)
    axes.relim()
    axes.autoscale_view()


threading.Thread(target=collect, daemon=True).start()
figure, axes = plt.subplots()
(curve,) = axes.plot([], [])
animation = FuncAnimation(figure, update, interval=100, cache_frame_data=False)
plt.show()
if isinstance(values, cda.DynamicMemmap):
    values.close()
