"""Time several threads that make one array, of ours and of what it is compared with, in turn in one process.

PYTHON_GIL=0 python3.14t asv_bench/many_threads.py    # a minute, where nothing else runs
PYTHON_GIL=0 python3.14t asv_bench/many_threads.py --output docs/performance/threads/report.json
python3 docs/tables.py

All end with one array or table of what all threads appended. A figure is the median, with quartiles, of ratios of wall
times, each of two runs that followed one another: the other's over ours. There are as many threads as cores.
"""

import argparse
import json
import os
import sys
import sysconfig
import threading
import time
from collections import deque
from pathlib import Path
from statistics import median, quantiles

import numpy as np

import cppdynarray as cda

PAIRS = 15
COUNTS = 10_000, 100_000, 1_000_000  # values a thread
THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
BLOCK = 1000
ROW = np.dtype([("time", "f8"), ("channel", "i8"), ("value", "f8"), ("gain", "f8")])


def fill(append, count):
    for _ in range(count):
        append(1.5)


def fill_rows(append, count):
    for step in range(count):
        append((0.1, step, 1.5, 2.5))


def fill_by_blocks(extend, count):
    """What a thread collects, handed over a thousand at a time."""
    block = []
    for _ in range(count):
        block.append(1.5)
        if len(block) == BLOCK:
            extend(block)
            block.clear()
    extend(block)


def seconds(make, work, finish, count):
    """Until all threads have appended to what `make` gives each, and `finish` has made one array of it."""
    containers = make(THREADS)
    start = threading.Barrier(THREADS + 1)

    def run(container):
        start.wait()
        work(container, count)

    threads = [threading.Thread(target=run, args=(container,)) for container in containers]
    for thread in threads:
        thread.start()
    start.wait()
    begin = time.perf_counter()
    for thread in threads:
        thread.join()
    made = finish(containers)
    taken = time.perf_counter() - begin
    assert len(made) == count * THREADS, "rows are missing"
    return taken


def one(kind):
    """The same for all threads, of which they get a method."""
    def make(threads):
        container, name = kind()
        return [getattr(container, name)] * threads
    return make


def each(kind):
    """One for each thread."""
    return lambda threads: [getattr(*kind()) for _ in range(threads)]


def owner(containers):
    return containers[0].__self__


def owners(containers):
    return [container.__self__ for container in containers]


def floats():
    return cda.DynamicArray(dtype="f8"), "append"


def rows():
    return cda.DynamicTable(dtype=ROW), "append"


# What is made, how ours is, and the others: name, containers, what a thread does, how one ndarray comes of it.
TASKS = {
    "numbers, one by one": (
        ("one DynamicArray", one(floats), fill, owner),
        ("one list, np.array", one(lambda: ([], "append")), fill, lambda made: np.array(owner(made))),
        ("one deque, np.array", one(lambda: (deque(), "append")), fill, lambda made: np.array(owner(made))),
        ("a list for each, np.concatenate", each(lambda: ([], "append")), fill,
         lambda made: np.concatenate(list(map(np.array, owners(made))))),
        ("a DynamicArray for each, np.concatenate", each(floats), fill, lambda made: np.concatenate(owners(made))),
        (f"one DynamicArray, by {BLOCK:,}", one(lambda: (floats()[0], "extend")), fill_by_blocks, owner),
    ),
    "rows of four numbers": (
        ("one DynamicTable", one(rows), fill_rows, owner),
        ("one list of tuples, np.array", one(lambda: ([], "append")), fill_rows,
         lambda made: np.array(owner(made), ROW)),
        ("a list of tuples for each, np.concatenate", each(lambda: ([], "append")), fill_rows,
         lambda made: np.concatenate([np.array(each, ROW) for each in owners(made)])),
    ),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=Path, help="a JSON file for docs/tables.py")
    options = parser.parse_args()
    results = []
    print(f"Python {sys.version.split()[0]}, {THREADS} threads, "
          f"{'with' if getattr(sys, '_is_gil_enabled', lambda: True)() else 'without'} a GIL")
    for task, (ours, *others) in TASKS.items():
        for count in COUNTS:
            seconds(*ours[1:], count)
            for name, *peer in others:
                found = []
                for number in range(PAIRS):
                    taken = {}
                    for which in (0, 1) if number % 2 else (1, 0):
                        taken[which] = seconds(*(peer if which else ours[1:]), count)
                    found.append(taken[1] / taken[0])
                low, _, high = quantiles(found, n=4)
                results.append({"task": task, "ours": ours[0], "peer": name, "count": count, "ratio": median(found),
                                "quartiles": [low, high]})
                print(f"{task:22} {count:9,} each  {name:45} {median(found):.2f} [{low:.2f}, {high:.2f}]", flush=True)
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(json.dumps({
            "python": sys.version.split()[0] + ("t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""),
            "threads": THREADS, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
