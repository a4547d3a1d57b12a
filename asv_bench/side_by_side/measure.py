"""
Two contenders in turn, in one process.

Machines grow slower and faster while one measures: other programs, heat, what lies where in memory.
Two measurements close together share most of that, so what is kept is their ratio, and of all
ratios the median. Who goes first alternates.
"""

import gc
import statistics
from dataclasses import dataclass
from time import perf_counter
from types import FunctionType

import numpy as np

from benchmarks.common import KINDS, choose

# A sample is short enough to share its pair's conditions, long enough for the clock.
SAMPLE_SECONDS = 2e-3


@dataclass
class Pace:
    """How long to measure: pairs, fewer of them (but 5) where they take more than `seconds`."""

    pairs: int = 21
    seconds: float = 12.0

    def enough(self, done, spent):
        return done >= self.pairs or (done >= min(5, self.pairs) and spent > self.seconds)


class Contender:
    """
    One method of an asv benchmark with its parameters; calling it gives the seconds of one run.

    As with asv, `setup` comes before each run and `teardown` after it, untimed. Short runs are repeated, at least three
    times, and their median counts: it knows neither cold caches nor who interrupted one of them.
    The parameters start with the kind. `changes` are to the benchmark's attributes, `less` is a
    contender whose time is taken away, `units` what a run does how often.
    """

    def __init__(self, benchmark, method, *params, less=None, units=1, **changes):
        self.benchmark = type(benchmark.__name__, (benchmark,), changes)()
        function = getattr(benchmark, method)
        # Python's interpreter adapts code to the types it has met: to each contender its own copy.
        self.method = FunctionType(function.__code__.replace(), function.__globals__)
        self.params, self.less, self.units = params, less, units
        self.runs = 1
        if self.sample() < 5 * SAMPLE_SECONDS:  # the first one is slower than all others
            self.runs = max(3, int(SAMPLE_SECONDS / self.sample()) + 1)

    def sample(self):
        """The seconds of one run, as the median of some."""
        benchmark, params, method = self.benchmark, self.params, self.method
        if params[0] in KINDS:
            choose(params[0])
        seconds = []
        for _ in range(self.runs):
            benchmark.setup(*params)
            start = perf_counter()
            method(benchmark, *params)
            seconds.append(perf_counter() - start)
            if hasattr(benchmark, "teardown"):
                benchmark.teardown(*params)
        # So that nobody measures beside the other's 64 MiB.
        vars(benchmark).clear()
        return statistics.median(seconds)

    def __call__(self):
        seconds = self.sample()
        if self.less:
            # What disturbs it would make what is left too short.
            seconds -= min(self.less() for _ in range(3))
        return seconds / self.units


def pairs(ours, peer, pace):
    """The seconds of both contenders, pair by pair."""
    made = []
    gc.collect()
    gc.disable()
    try:
        start = perf_counter()
        while not pace.enough(len(made), perf_counter() - start):
            if len(made) % 2:
                second = peer()
                made.append((ours(), second))
            else:
                made.append((ours(), peer()))
    finally:
        gc.enable()
    return made


def summary(numbers):
    """The median of numbers and their spread."""
    low, median, high = np.quantile(numbers, [0.25, 0.5, 0.75]).tolist()
    return {"median": median, "quartiles": [low, high], "range": [min(numbers), max(numbers)]}


def compared(made):
    """What is kept of pairs: seconds of each by itself, and the ratio of ours to the peer's."""
    return {
        "pairs": len(made),
        "ours": statistics.median(ours for ours, _ in made),
        "peer's": statistics.median(peer for _, peer in made),
        "ratio": summary([ours / peer for ours, peer in made]),
    }
