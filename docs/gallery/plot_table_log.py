"""
A log of t, x, y, z at a kilohertz, and its last minute
=======================================================

A process logs a time and three values a thousand times a second, to a table on files. Another one plots the last
minute of it, ten times a second. The first is killed and goes on: no row is lost, and none is in some columns only.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation

import cppdynarray as cda

# %%
# The process that logs, a program of its own. A row is in all four files when ``append`` returns. Here it begins with
# two minutes that have passed already, so that there is a last minute to see.

LOGGER = """
import itertools, math, sys, time
import cppdynarray as cda

def reading(k):
    t = k / 1000
    return t, math.sin(t / 3), math.cos(t / 5) + math.sin(t) / 5, math.sin(t / 7) * math.cos(t / 2)

with cda.open_table(sys.argv[1], "a", [("t", "f8"), ("x", "f4"), ("y", "f4"), ("z", "f4")]) as log:
    log.extend([reading(k) for k in range(len(log), 120_000)])
    for k in itertools.count(len(log)):
        log.append(reading(k))
        time.sleep(0.001)
"""

path = Path(tempfile.mkdtemp(), "run")
logger = subprocess.Popen([sys.executable, "-c", LOGGER, path])

# %%
# The one that plots opens the folder to read. ``refresh`` gives its table the rows that are whole by now, and a slice
# is a dict of plain views. Where the last minute begins, ``searchsorted`` says.

while not (path / "table.live").exists():
    time.sleep(0.01)
log = cda.open_table(path)
while log.refresh() < 120_000:
    time.sleep(0.01)

figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
lines = {name: axes.plot([], [], linewidth=0.9, label=name)[0] for name in "xyz"}
axes.set(xlabel="time (s)", ylim=(-1.4, 1.4))
axes.legend(loc="upper left", ncols=3)
axes.spines[["top", "right"]].set_visible(False)


def update(frame: int) -> None:
    count = log.refresh()
    first = np.searchsorted(log["t"], log["t"][-1] - 60)
    minute = log[first:]
    for name, line in lines.items():
        line.set_data(minute["t"][::20], minute[name][::20])
    axes.set_xlim(minute["t"][0], minute["t"][-1])
    axes.set_title(f"{count:,} rows", loc="left")


animation = FuncAnimation(figure, update, frames=20, interval=100, cache_frame_data=False)
plt.show()

# %%
# Now the logger is killed, as by a crash, and started once more. It goes on behind the last row that it appended.

logger.kill()
logger.wait()
rows = log.refresh()
with cda.open_table(path, "a") as again:
    again.append((again[-1].t + 0.001, 0.0, 0.0, 0.0))
    print("all rows are there, in all columns:", len(again) == rows + 1)
print("as NumPy's files, too:", {name: len(np.load(path / f"{name}.npy")) == rows + 1 for name in log.names})
