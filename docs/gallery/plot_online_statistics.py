"""
Online statistics
=================

Sampling until the answer is precise enough: nobody knows beforehand how many samples that takes.
After each batch NumPy computes on all samples so far, in place, and a second array records how the
estimate came along.

The question here: how far apart are two random points of a unit square?
"""

import matplotlib.pyplot as plt
import numpy as np

import cppdynarray as cda

rng = np.random.default_rng(seed=1)
samples = cda.DynamicArray()
history = cda.zeros((0, 3))  # rows: number of samples, mean, standard error

error = np.inf
while error > 0.0005:
    points = rng.random((2_000, 2, 2))
    samples.extend(np.linalg.norm(points[:, 0] - points[:, 1], axis=1))
    error = samples.std() / np.sqrt(len(samples))
    history.append([len(samples), samples.mean(), error])

print(f"{samples.mean():.4f} ± {error:.4f} after {len(samples):,} samples")

# %%
# The mean is known exactly, (2 + √2 + 5 ln(1 + √2)) / 15. As all samples are there, so are
# their quantiles.

exact = (2 + np.sqrt(2) + 5 * np.log(1 + np.sqrt(2))) / 15
print("exactly", round(exact, 4), "and the quartiles:", np.quantile(samples, [0.25, 0.5, 0.75]).round(3))

count, means, errors = history.T
figure, (left, right) = plt.subplots(2, figsize=(6, 5.6), layout="constrained")
left.fill_between(count, means - 2 * errors, means + 2 * errors, color="#bcdcee", label="± 2 standard errors")
left.plot(count, means, color="#2a6f97", label="mean so far")
left.axhline(exact, color="#c8621b", linewidth=1, label="exact")
left.set(xlabel="samples", ylabel="distance", ylim=(exact - 0.015, exact + 0.015))
left.legend(frameon=False)
right.hist(samples, bins=100, color="#2a6f97")
right.set(xlabel="distance", ylabel="samples")
for axes in (left, right):
    axes.spines[["top", "right"]].set_visible(False)
plt.show()
