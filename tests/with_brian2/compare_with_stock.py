"""
Compare time and memory of networks on our arrays with those on Brian2's own.

    python tests/with_brian2/compare_with_stock.py [--pairs 11] [--target cython] [coba] [small] [record]

Times are of runs in turn, in one process, the first of each pair by turns: seconds of processor time, which other
programs disturb least. Memory is that of a process of its own.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import brian2
import numpy as np
from brian2 import ms, second

import cppdynarray.brian2

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from networks import coba, small, values_of

RUNS = {"coba": (coba, 200 * ms), "small": (small, 500 * ms)}
NAMES = {False: "Brian2's own", True: "cppdynarray"}


def timed_run(name, growing):
    """Seconds of processor time that a run takes, but for preparations; and all that the network holds afterwards."""
    build, duration = RUNS[name]
    with cppdynarray.brian2.enabled(growing):
        brian2.seed(4)
        network = build()
        moments = []
        network.add(
            brian2.NetworkOperation(lambda: moments.append(time.process_time()), dt=duration, name="stopwatch")
        )
        network.run(duration)
        moments.append(time.process_time())
        return moments[-1] - moments[0], values_of(network)


def compare_times(name, pairs):
    times = {False: [], True: []}
    for growing in (False, True):  # compiles
        timed_run(name, growing)
    for pair in range(pairs):
        results = {}
        for growing in (False, True) if pair % 2 else (True, False):
            seconds, results[growing] = timed_run(name, growing)
            times[growing].append(seconds)
        for key, values in results[False].items():
            assert np.array_equal(values, results[True][key]), key
    ratios = [ours / stock for stock, ours in zip(times[False], times[True], strict=True)]
    for growing, found in times.items():
        print(f"{name}: {NAMES[growing]}: median {statistics.median(found):.3f} s, {quartiles(found)}")
    print(f"{name}: ratio of {pairs} pairs: median {statistics.median(ratios):.3f}, {quartiles(ratios)}", flush=True)


def quartiles(values):
    low, _, high = statistics.quantiles(values, n=4)
    return f"quartiles {low:.3f} to {high:.3f}, least {min(values):.3f}"


def record(growing):
    """Records 160 MB; prints the bytes that it takes at the peak, over what there was before, per byte recorded."""
    with cppdynarray.brian2.enabled(growing):
        group = brian2.NeuronGroup(100, "v = t/second : 1", name="neurons")
        states = brian2.StateMonitor(group, "v", record=True, name="states")
        network = brian2.Network(group, states)
        network.run(1 * ms)
        before = peak()
        network.run(20 * second - 1 * ms)
        recorded = sum(states.variables[name].get_value().nbytes for name in ("v", "t"))
    print(json.dumps((peak() - before) / recorded))


def peak():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:")) * 1024


def compare_memory(target):
    for growing in (False, True):
        command = [sys.executable, __file__, "--target", target, "--record", str(int(growing))]
        found = [json.loads(subprocess.check_output(command, stderr=subprocess.DEVNULL)) for _ in range(3)]
        print(f"record: {NAMES[growing]}: {statistics.median(found):.2f} times what was recorded at the peak")


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--pairs", type=int, default=11)
    parser.add_argument("--target", choices=["numpy", "cython"], default="cython")
    parser.add_argument("--record", type=int, help=argparse.SUPPRESS)
    parser.add_argument("what", nargs="*", help="coba, small, record; by default all of them")
    options = parser.parse_args()
    for name in ("codegen.target", "codegen.string_expression_target"):
        brian2.prefs[name] = options.target
    if options.record is not None:
        return record(bool(options.record))
    print(f"Brian2 {brian2.__version__}, {options.target} target, Python {sys.version.split()[0]}")
    for name in options.what or [*RUNS, "record"]:
        with contextlib.redirect_stderr(sys.stdout):
            compare_memory(options.target) if name == "record" else compare_times(name, options.pairs)


if __name__ == "__main__":
    main()
