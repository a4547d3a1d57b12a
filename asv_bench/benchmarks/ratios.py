"""
Ratios: a DynamicArray's time to that of what people use instead, both measured in turn in one process.

Times of different days and machines can't be compared, ratios within one process can: what disturbs
one side disturbs the other. The figures are the median and the quartiles of PAIRS pairs, who goes first
alternates; a sample takes half a millisecond or more, so that the clock doesn't matter. Peak memory is that
of a fresh process, over the 160 MB that the array has: the lowest, the middle and the highest of three.

These are what is kept of the whole history: README.md says how.
"""

import gc
import os
import subprocess
import sys
from pathlib import Path
from statistics import quantiles
from time import perf_counter

import numpy as np

import cppdynarray as cda

from . import push_back
from .common import choose, forget, values

PAIRS = 31
NUMBERS = values("f8", 10_000).tolist()
BLOCK = values("f8", 1024)
PAYLOAD = 160_000_000


def append_cpp():
    append = cda.DynamicArray().append
    for x in NUMBERS:
        append(x)


def append_list():
    append = [].append
    for x in NUMBERS:
        append(x)


def reading(array):
    def read():
        for i in range(10_000):
            array[i]

    return read


def extending():
    count = 200
    ours, peer = cda.zeros(count * len(BLOCK)), np.zeros(count * len(BLOCK))
    ours[:] = peer[:] = 1  # its pages are there

    def extend():
        ours.resize(0)
        for _ in range(count):
            ours.extend(BLOCK)

    def assign():
        for start in range(0, len(peer), len(BLOCK)):
            peer[start : start + len(BLOCK)] = BLOCK

    return extend, assign


def resizing(new, **options):
    def resize():
        forget()
        for _ in range(10):
            new(10).resize(10**6, **options)

    return resize


def adding(array):
    def add():
        for _ in range(2000):
            array + array

    return add


def creating(new):
    def create():
        for _ in range(2000):
            new(10)

    return create


def pushing():
    module = push_back.compiled()
    count = 1_000_000
    reserved = cda.ones(count)

    def ours():
        reserved.clear()
        module.push_onto(reserved, count)

    return ours, lambda: module.push_onto_vector(count, True)


OPERATIONS = {
    "append / list.append": lambda: (append_cpp, append_list),
    "d[i] / ndarray": lambda: (reading(cda.ones(10_000)), reading(np.ones(10_000))),
    "extend by 8 KiB / np.empty, assigned": extending,
    "resize to 8 MB / ndarray.resize": lambda: (resizing(cda.zeros), resizing(np.zeros, refcheck=False)),
    "d + d, 10 elements / ndarray": lambda: (adding(cda.ones(10)), adding(np.ones(10))),
    "zeros(10) / np.zeros(10)": lambda: (creating(cda.zeros), creating(np.zeros)),
    "push_back / std::vector": pushing,
}

PEAK = """
import sys
from pathlib import Path
import numpy as np
import cppdynarray as cda
block, d = np.ones(2**16), cda.DynamicArray(dtype=float)
def figure(field):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(field)) * 1024
Path("/proc/self/clear_refs").write_text("5")
before = figure("VmRSS")
while d.nbytes < int(sys.argv[1]):
    d.extend(block)
print(figure("VmHWM") - before)
"""


def sample(function):
    start = perf_counter()
    function()
    return perf_counter() - start


def ratios(ours, peer, pairs=PAIRS):
    """The ratio of each pair."""
    for _ in range(3):
        ours(), peer()
    made = []
    gc.collect()
    gc.disable()
    try:
        for number in range(pairs):
            if number % 2:
                second = sample(peer)
                made.append(sample(ours) / second)
            else:
                first = sample(ours)
                made.append(first / sample(peer))
    finally:
        gc.enable()
    return made


def peak(payload=PAYLOAD):
    if not Path("/proc/self/clear_refs").exists():
        raise NotImplementedError("Linux alone says how much memory there was at most")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(payload)], capture_output=True, text=True, check=True, env=environment
    )
    return int(done.stdout) / payload


MEMORY = "peak memory / the data"
FIGURES = ["lower quartile", "median", "upper quartile"]


class Ratios:
    params = [[*OPERATIONS, MEMORY], FIGURES]
    param_names = ["operation", "figure"]
    unit = "times the peer's time, or the data's memory"
    version = "1"  # what is changed here is still the same measure, until somebody raises this
    timeout = 900
    pairs = PAIRS
    payload = PAYLOAD

    def setup_cache(self):
        """All figures of each operation; none where the commit doesn't have it."""
        choose("cpp")
        found = {}
        for name, contenders in OPERATIONS.items():
            try:
                found[name] = quantiles(ratios(*contenders(), self.pairs), n=4)
            except Exception as error:
                print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
        try:
            found[MEMORY] = sorted(peak(self.payload) for _ in range(3))
        except NotImplementedError as error:
            print(error, file=sys.stderr)
        return found

    def track_ratio(self, found, operation, figure):
        if operation not in found:
            raise NotImplementedError(f"this commit has no {operation}")
        return found[operation][FIGURES.index(figure)]
