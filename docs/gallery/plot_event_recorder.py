"""
An event recorder
=================

Events with a time, a kind and a place are the rows of one array with a structured dtype. Each is
appended as it happens; ``events["time"]`` is a column, ready for NumPy, at any moment.

The events here are those of an epidemic, simulated one by one (Gillespie's algorithm).
"""

import matplotlib.pyplot as plt
import numpy as np

import cppdynarray as cda

INFECTION, RECOVERY = 0, 1
EVENT = np.dtype([("time", "f8"), ("kind", "i1"), ("infected", "i4")])

rng = np.random.default_rng(seed=2)
events = cda.DynamicArray(dtype=EVENT)
time, susceptible, infected = 0.0, 4_990, 10
while infected:
    rates = np.array([0.3 * susceptible * infected / 5_000, 0.1 * infected])
    time += rng.exponential(1 / rates.sum())
    kind = INFECTION if rng.random() < rates[INFECTION] / rates.sum() else RECOVERY
    susceptible -= kind == INFECTION
    infected += 1 if kind == INFECTION else -1
    events.append((time, kind, infected))

print(f"{len(events):,} events, the last on day {events['time'][-1]:.0f}")
events[:3]

# %%
# Columns and masks work as for any structured array, and give plain arrays.

infections = events["time"][events["kind"] == INFECTION]
peak = events[events["infected"].argmax()]
print(f"{len(infections):,} were infected; the peak: {peak['infected']} on day {peak['time']:.0f}")

figure, (above, below) = plt.subplots(2, sharex=True, figsize=(6, 5), layout="constrained")
above.step(events["time"], events["infected"], where="post", color="#2a6f97")
above.set(ylabel="infected")
below.hist(infections, bins=np.arange(0, events["time"][-1] + 1, 2), color="#c8621b")
below.set(xlabel="day", ylabel="infections in two days")
for axes in (above, below):
    axes.spines[["top", "right"]].set_visible(False)
plt.show()
