"""
Watching another process record
===============================

One process records to a file, another one plots it while it grows. They share nothing but the name of the
file: the second could as well be a notebook, be started a day later, or go while the first goes on.
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
# The process that records, a program of its own. Each row is in the file when ``append`` returns, whatever
# becomes of the process afterwards.

RECORDER = """
import sys, time
import numpy as np
import cppdynarray as cda

rng = np.random.default_rng(seed=1)
position = np.zeros(2)
with cda.open_memmap(sys.argv[1], "a", shape=(0, 2)) as d:
    for step in range(20_000):
        position += rng.normal(size=2)
        d.append(position)
        if step % 10 == 0:
            time.sleep(0.002)
"""

path = Path(tempfile.mkdtemp(), "walk.npy")
recorder = subprocess.Popen([sys.executable, "-c", RECORDER, path])

# %%
# The one that plots opens the file to read. ``refresh`` gives its array the rows that there are by now.

while not (path.exists() and path.stat().st_size):
    time.sleep(0.01)
walk = cda.open_memmap(path)

figure, axes = plt.subplots(figsize=(6, 4.4), layout="constrained")
(line,) = axes.plot([], [], color="#2a6f97", linewidth=0.7)
(end,) = axes.plot([], [], "o", color="#c8553d")
axes.set_aspect("equal", adjustable="datalim")
axes.spines[["top", "right"]].set_visible(False)


def update(frame: int) -> None:
    count = walk.refresh()
    line.set_data(walk[:, 0], walk[:, 1])  # views of the rows of now
    end.set_data(walk[-1:, 0], walk[-1:, 1])
    axes.set_title(f"{count:,} rows", loc="left")
    axes.relim()
    axes.autoscale_view()


animation = FuncAnimation(figure, update, frames=40, interval=100, cache_frame_data=False)
plt.show()

# %%
# Now the recorder is killed, as by a crash. No row that it appended is lost: opening the file finds them, and
# ``np.load`` does when the file was opened to write once.

recorder.kill()
recorder.wait()
rows = walk.refresh()
cda.open_memmap(path, "r+").close()
print("all rows are in the file:", len(np.load(path)) == rows)
