"""
Windows: the last rows of a stream, appended one by one, and as an array.

"cpp" is a RollingArray. The others are what people use today: a deque, arrays that are moved by one
at each append, and the ring buffers of other packages, which make one array of two halves when they
are looked at. All are full, and their memory was written before.
"""

from collections import deque
from importlib import import_module

import numpy as np

import cppdynarray as cda

from .common import choose, statement


def imported(name):
    try:
        return import_module(name)
    except ImportError:
        raise NotImplementedError(f"{name} is not installed") from None


def ring(module):
    def make(maxlen):
        made = imported(module).RingBuffer(maxlen, float)
        made.extend(np.zeros(maxlen))
        return made

    return make


def rolling(maxlen):
    made = cda.RollingArray(maxlen=maxlen)
    for _ in range(4):
        made.extend(np.zeros(maxlen))
    return made


# What an expert writes in a loop: the window slides through an array that is longer.
SLIDE = """if end == len(window): window[:maxlen] = window[end - maxlen:]; end = maxlen
        window[end] = 1.5; end += 1"""

# What makes a window, what appends, and what gives the array of now.
WINDOWS = {
    "cpp": (rolling, "window.append(1.5)", "window[:]"),
    "DynamicArray": (cda.zeros, "window.append(1.5); del window[:1]", "window[:]"),
    "deque": (lambda maxlen: deque(np.zeros(maxlen).tolist(), maxlen), "window.append(1.5)", "np.array(window)"),
    "numpy_ringbuffer": (ring("numpy_ringbuffer"), "window.append(1.5)", "np.asarray(window)"),  # copies, too
    "dvg_ringbuffer": (ring("dvg_ringbuffer"), "window.append(1.5)", "window[:]"),
    "np.roll": (np.zeros, "window = np.roll(window, -1); window[-1] = 1.5", "window"),
    "a[:-1] = a[1:]": (np.zeros, "window[:-1] = window[1:]; window[-1] = 1.5", "window"),
    "sliding by hand": (lambda maxlen: np.zeros(3 * maxlen), SLIDE, "window[end - maxlen:end]"),
}


class Window:
    """`count` appends, and looks in between."""

    params = [list(WINDOWS), [1_000, 100_000]]
    param_names = ["kind", "maxlen"]
    count = 20

    def setup(self, kind, maxlen):
        choose(kind)
        make, append, look = WINDOWS[kind]
        window = make(maxlen)
        names = {"window": window, "maxlen": maxlen, "end": 2 * maxlen}
        self.append = statement(append, self.count, **names)
        self.append_and_look = statement(f"{append}; {look}", self.count, **names)

    def time_append(self, kind, maxlen):
        self.append()

    def time_append_and_look(self, kind, maxlen):
        self.append_and_look()


class Extend:
    """Blocks of 256, as a sound card sends them, and a look after each."""

    params = [["cpp", "DynamicArray", "deque", "numpy_ringbuffer", "dvg_ringbuffer"], [1_000, 100_000]]
    param_names = ["kind", "maxlen"]
    count = 20

    def setup(self, kind, maxlen):
        choose(kind)
        make, _, look = WINDOWS[kind]
        drop = "; del window[:256]" if kind == "DynamicArray" else ""
        code = f"window.extend(block){drop}; {look}"
        self.run = statement(code, self.count, window=make(maxlen), block=np.zeros(256))

    def time_extend_and_look(self, kind, maxlen):
        self.run()


class Grow:
    """A DynamicArray that only grows, which is what a window can't beat by much."""

    params = [["DynamicArray"], [1_000, 100_000]]
    param_names = ["kind", "maxlen"]
    count = 20

    def setup(self, kind, maxlen):
        choose("cpp")
        window = cda.ones(maxlen + self.count)
        window.resize(maxlen)
        self.run = statement("window.append(1.5)", self.count, window=window)

    def time_append(self, kind, maxlen):
        self.run()
