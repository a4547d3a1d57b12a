"""
Four threads fill one array
===========================

Four threads walk at random and append each step to the same array: no queue, no lock, and no copying together at the
end. Without a GIL (Python 3.14t) they run at once. A row says whose it is, since nobody decides in which order rows
of several threads come.
"""

import threading

import matplotlib.pyplot as plt
import numpy as np

import cppdynarray as cda

steps = cda.zeros((0, 3))  # whose step, x, y


def walk(number, count):
    random = np.random.default_rng(number)
    position = np.zeros(2)
    for move in random.normal(size=(count, 2)):
        position += move
        steps.append((number, *position))


threads = [threading.Thread(target=walk, args=(number, 2000)) for number in range(4)]
for thread in threads:
    thread.start()
while any(thread.is_alive() for thread in threads):
    so_far = steps[:]  # a view of the rows that are there, each of them whole
    threads[0].join(0.01)

figure, axes = plt.subplots(figsize=(6, 6))
for number in range(4):
    x, y = steps[steps[:, 0] == number, 1:].T
    axes.plot(x, y, linewidth=0.7, label=f"thread {number}: {len(x)} steps")
axes.legend()
axes.set_aspect("equal")
plt.show()
