"""Time single calls, of ours and of what they are compared with, in turn in one process.

python3 asv_bench/calls.py                            # half a minute
python3 asv_bench/calls.py --output docs/performance/calls/report.json && python3 docs/tables.py

A figure is the median, with quartiles, of PAIRS ratios of processor times; the time of the loop is in both. What the
side-by-side report has is not repeated here.
"""

import argparse
import gc
import json
from pathlib import Path
from statistics import median, quantiles
from time import process_time

import numpy as np

import cppdynarray as cda

PAIRS = 41
CALLS = 5_000
TOTAL = 20 * 2**20 // 8  # numbers that come in blocks
LOOP = """\
def loop(a, calls, x=1.0):
    append = getattr(a, "append", None)
    for _ in range(calls):
        {statement}
"""
def extended(block):
    d = cda.DynamicArray()
    for _ in range(TOTAL // block):
        d.extend(np.ones(block))


def gathered(block):
    collected = []
    for _ in range(TOTAL // block):
        collected.append(np.ones(block))
    np.concatenate(collected)


def grown(size):
    """A DynamicArray and a list of so many numbers."""
    return lambda: cda.arange(float(size)), lambda: np.arange(float(size)).tolist()


# Name, peer, statement, what `a` is for each, and how many calls: of a loop over `a` there are fewer.
CASES = [
    ("`d.append(x)`", "list", "a.append(x)", *grown(0), CALLS),
    ("`append(x)`, bound beforehand", "the same of a list", "append(x)", *grown(0), CALLS),
    ("`d.append(x); d.pop()`", "list", "a.append(x); a.pop()", *grown(100), CALLS),
    *(
        (f"insert and pop in the middle of {size:,}", "list", f"a.insert({size // 2}, x); a.pop({size // 2})",
         *grown(size), CALLS)
        for size in (100, 1_000, 10_000)
    ),
    *(
        (f"`for x in d`, {size:,} elements", "list", "for _ in a: pass", *grown(size), 100_000 // size)
        for size in (100, 10_000)
    ),
    *(
        (f"`for x in d`, {size:,} elements", "ndarray", "for _ in a: pass",
         lambda size=size: cda.ones(size), lambda size=size: np.ones(size), 100_000 // size)
        for size in (100, 10_000)
    ),
    ("`np.asarray(d)`", "ndarray", "np.asarray(a)", lambda: cda.ones(3), lambda: np.ones(3), CALLS),
    *(
        (f"`zeros({size:,})`".replace(",", ""), "np.zeros", f"a({size})", lambda: cda.zeros, lambda: np.zeros, CALLS)
        for size in (3, 1_000, 10_000)
    ),
    *(
        (f"20 MiB in new blocks of {block // 128} KiB", "a list of them, np.concatenate", f"a({block})",
         lambda: extended, lambda: gathered, 1)
        for block in (128, 8192)
    ),
]


def loop_of(statement):
    """A function of its own for each contender: the interpreter adapts code to the types it has met."""
    scope = {"np": np}
    exec(LOOP.format(statement=statement), scope)
    return scope["loop"]


def ratios(statement, ours, theirs, calls):
    """The other's time over ours, of each pair; who goes first alternates."""
    contenders = [(loop_of(statement), make) for make in (ours, theirs)]

    def seconds(loop, make):
        first = make()
        start = process_time()
        loop(first, calls)
        return process_time() - start

    for each in contenders:
        seconds(*each)
    for number in range(PAIRS):
        order = (0, 1) if number % 2 else (1, 0)
        taken = {which: seconds(*contenders[which]) for which in order}
        yield taken[1] / taken[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=Path, help="a JSON file for docs/tables.py")
    options = parser.parse_args()
    results = []
    gc.disable()
    for name, peer, *case in CASES:
        found = list(ratios(*case))
        low, _, high = quantiles(found, n=4)
        results.append({"case": name, "peer": peer, "ratio": median(found), "quartiles": [low, high]})
        print(f"{name:50} {peer:16} {median(found):.2f} [{low:.2f}, {high:.2f}]")
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(json.dumps({"results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
