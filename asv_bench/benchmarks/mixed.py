"""
Grow, read and compute by turns, as a simulation or a measurement does.

1,000 steps (10,000 of single values), in which an array grows from nothing to 80 to 800 kB: small
enough that calls count, large enough that what copies everything shows. Arrays are made in the
timed call, of memory used before. The baselines are an array of the final size, capacity doubled
by hand, and a list converted whenever an array is needed.
"""

import numpy as np

from .common import choose
from .containers import container

STEPS = 1000


class Spikes:
    """1,000 neurons: ids and times of those that fire, and the rate so far at every 50th step."""

    params = [["cpp", "numpy", "ndarray", "doubling", "list"]]
    param_names = ["kind"]

    def setup(self, kind):
        choose(kind)
        self.noise = np.random.default_rng(1).normal(0, 0.2, (STEPS, 1000))

    def time_simulate(self, kind):
        ids = container(kind, "i4", limit=STEPS * 1000)
        times = container(kind, "f8", limit=STEPS * 1000)
        potential = np.zeros(1000)
        for step, noise in enumerate(self.noise):
            potential += 0.1 * (0.5 - potential) + noise
            (fired,) = np.nonzero(potential > 1)
            potential[fired] = 0
            ids.extend(fired)
            times.extend(np.full(len(fired), step * 1e-4))
            if step % 50 == 0:
                recent = ids.rows()[times.rows() > (step - 100) * 1e-4]
                np.bincount(recent, minlength=1000).mean()


class States:
    """A row of 100 values a step, and the mean of the last 100 rows at every tenth."""

    params = Spikes.params
    param_names = ["kind"]

    def setup(self, kind):
        choose(kind)
        self.start = np.linspace(0, 1, 100)

    def time_simulate(self, kind):
        record = container(kind, "f8", (100,), limit=STEPS)
        state = self.start.copy()
        for step in range(STEPS):
            state += 0.01 * (np.roll(state, 1) - state)
            record.append(state if kind != "list" else state.copy())
            if step % 10 == 9:
                record.rows()[-100:].mean(axis=0)


class Accesses:
    """One value appended, one read, one written a step, at random places; the mean at times."""

    params = [["cpp", "numpy", "ndarray", "doubling", "ndarray.resize", "np.append", "list"]]
    param_names = ["kind"]

    def setup(self, kind):
        choose(kind)
        rng = np.random.default_rng(1)
        self.samples = rng.normal(size=10 * STEPS).tolist()
        self.places = rng.integers(0, np.arange(1, 10 * STEPS + 1)).tolist()

    def time_run(self, kind):
        record = container(kind, "f8", limit=len(self.samples))
        for count, (sample, place) in enumerate(zip(self.samples, self.places, strict=True)):
            record.append(sample)
            data = record.data
            data[count] = data[place] + sample
            if count % 1000 == 999:
                np.mean(record.rows())


class Samples:
    """One value a step, compared with the one before, and the mean of all at every 100th."""

    params = Spikes.params
    param_names = ["kind"]

    def setup(self, kind):
        choose(kind)
        self.samples = np.random.default_rng(1).normal(size=10 * STEPS).tolist()

    def time_record(self, kind):
        record = container(kind, "f8", limit=len(self.samples))
        for count, sample in enumerate(self.samples):
            record.append(sample)
            data = record.data
            data[count] - data[count - 1]
            if count % 100 == 99:
                np.mean(record.rows())
