"""
Compare native code with Brian2's own: Cython in the same process, C++ standalone beside it.

    python tests/with_brian2/compare_native.py [--pairs 11] [--cold 3] [--output native.json] [cold] [steps] [trials]

With Brian2's default preferences. `cold` starts from empty caches, in processes of their own, and counts seconds of
processor time, compilers' included, and how many of them are imports. `steps` takes turns, the first of each round by
turns too; what is counted is processor time between the preparations of a run and its end, over the number of steps.
`trials` counts that of `restore()` and a run of 100 ms, or of a process where that is a program. The result is printed,
and written as JSON that docs/native.py reads.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import brian2
from brian2 import ms

from cppdynarray.brian2 import direct

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from networks import coba, small, stdp


def small_100():
    return small(neurons=100, recorded=range(3))


def two_clocks():
    """A small network with a second monitor, which has a clock of its own."""
    network = small_100()
    group = next(each for each in network.objects if each.name == "neurons")
    network.add(brian2.StateMonitor(group, "v", record=[0], dt=0.3 * ms, name="slow"))
    return network


def stdp_50_000():
    return stdp(50_000)


# Each with the steps of a round: of Cython's, and of code that takes less time.
STEPS = {
    "small": (small_100, 20_000, 200_000),
    "two clocks": (two_clocks, 20_000, 200_000),
    "COBA": (coba, 3000, 3000),
    "STDP": (stdp_50_000, 1000, 1000),
}
MODES = ["stock", "native", "standalone"]


def cpu_seconds():
    """Of this process and those that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def use(mode, cache):
    brian2.prefs["codegen.runtime.cython.cache_dir"] = f"{cache}/cython"
    brian2.prefs["codegen.runtime.cython.delete_source_files"] = False
    brian2.prefs["cppdynarray.cache_dir"] = f"{cache}/native"
    brian2.prefs["devices.cpp_standalone.extra_make_args_unix"] = ["-j2"]
    brian2.prefs["cppdynarray.direct"] = mode == "native"


def bytes_of(folder, pattern):
    return sum(path.stat().st_size for path in Path(folder).rglob(pattern))


# From an empty cache


def timed(module, name, into):
    """Lets a function add what it takes to `into`; not what another one of these takes in it."""
    function = getattr(module, name)

    def wrapper(*args, **kwargs):
        if into["inside"]:
            return function(*args, **kwargs)
        into["inside"] = True
        start = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            into["seconds"] += time.perf_counter() - start
            into["inside"] = False

    setattr(module, name, wrapper)


def start_once(mode, cache):
    """Makes and runs COBA, for the process that counts; prints what it can say itself."""
    from cppdynarray.brian2.direct import run  # with what a user imports

    assert run

    imports = cpu_seconds()
    use(mode, cache)
    if mode == "standalone":
        brian2.set_device("cpp_standalone", directory=f"{cache}/standalone")
    into = {"seconds": 0.0, "inside": False}
    if mode == "native":
        from cppdynarray.brian2.direct import code_object, compiler

        timed(compiler, "key_of", into)
        timed(code_object, "compile_all", into)
        timed(code_object.DirectCodeObject, "link", into)
        run.compile_all = code_object.compile_all
    network = coba()
    network.run(1 * ms)
    found = {"cpu seconds": cpu_seconds(), "imports": imports}
    if mode == "native":
        report = direct.report()
        assert report.native_count and not any("compile error" in reason for _, _, reason in report.fallbacks)
        found |= {
            "compilations": len(report.compilations), "compiling and loading": into["seconds"],
            "source": sum(each.source_bytes for each in report.compilations),
            "libraries": sum(each.library_bytes for each in report.compilations),
        }
        for neurons in (4000, 3000):  # a copy under other names, other sizes and parameters
            copy = coba(neurons, prefix="other_")
            copy.run(1 * ms)
        found["compiled for copies"] = len(direct.report().compilations) - found["compilations"]
    print(json.dumps(found))


def start(mode, cache):
    command = [sys.executable, __file__, "--start", mode, cache]
    return json.loads(subprocess.check_output(command, stderr=subprocess.DEVNULL).splitlines()[-1])


def compare_cold(times, folder):
    found = {f"{mode}{again}": [] for mode in MODES for again in ("", " again") if mode + again != "standalone again"}
    for number in range(times):
        for mode in MODES:
            cache = f"{folder}/{number}"
            cold = start(mode, cache)
            if mode == "stock":
                cold["source"] = bytes_of(f"{cache}/cython", "*.pyx")
                cold["libraries"] = bytes_of(f"{cache}/cython", "*.so")
            found[mode].append(cold)
            if mode != "standalone":  # that compiles anew
                found[f"{mode} again"].append(start(mode, cache))
    return found


# Steps


class Stopwatch:
    """Processor time of a network's runs, without what goes before and after the steps."""

    def __init__(self, network):
        self.network = network
        before, after = network.before_run, network.after_run

        def before_run(*args, **kwargs):
            before(*args, **kwargs)
            self.began = time.process_time()

        def after_run(*args, **kwargs):
            self.ended = time.process_time()
            after(*args, **kwargs)

        network.before_run, network.after_run = before_run, after_run

    def run(self, steps):
        self.network.run(steps * brian2.defaultclock.dt)
        return (self.ended - self.began) / steps


def standalone_binary(name, folder, steps):
    """Builds it; running it prints its clock at the start and the end of the steps."""
    code = f"""
import sys
sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parents[1] / "support")]!r}
import brian2, compare_native
brian2.prefs["devices.cpp_standalone.extra_make_args_unix"] = ["-j2"]
brian2.set_device("cpp_standalone", build_on_run=False)
network = compare_native.STEPS[{name!r}][0]()
for slot in ("before_network_run", "after_network_run"):
    brian2.device.insert_code(slot, 'std::cerr << "clock " << std::clock() / double(CLOCKS_PER_SEC) << std::endl;')
brian2.seed(4)
network.run({steps}*brian2.defaultclock.dt)
brian2.device.build(directory={str(folder)!r}, compile=True, run=False)
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, stdout=subprocess.DEVNULL)


def run_standalone(folder, steps):
    said = subprocess.run([f"{folder}/main"], cwd=folder, check=True, capture_output=True, text=True).stderr
    begin, end = (float(line.split()[1]) for line in said.splitlines() if line.startswith("clock "))
    return (end - begin) / steps


def compare_steps(name, pairs, cache):
    build, cython_steps, steps = STEPS[name]
    watches = {}
    for mode in ("stock", "native"):
        use(mode, cache)
        brian2.seed(4)
        watches[mode] = Stopwatch(build())
        watches[mode].run(10)  # compiles
    folder = Path(cache) / name.replace(" ", "_")
    standalone_binary(name, folder, steps)
    found = {mode: [] for mode in MODES}
    for pair in range(pairs):
        for mode in MODES[pair % 3 :] + MODES[: pair % 3]:
            if mode == "standalone":
                found[mode].append(run_standalone(folder, steps))
            else:
                use(mode, cache)
                found[mode].append(watches[mode].run(cython_steps if mode == "stock" else steps))
    return found


# Trials


def without_rate():
    """Brian2 2.11 doesn't restore a PopulationRateMonitor after compiled code."""
    network = small_100()
    network.remove(next(each for each in network.objects if each.name == "rate"))
    return network


STEPS["trials"] = (without_rate, 1000, 1000)


def compare_trials(counts, rounds, cache):
    """Seconds for a trial: `counts` are how many of each kind make one measurement."""
    made = {}
    for mode in ("stock", "native"):
        use(mode, cache)
        brian2.seed(4)
        made[mode] = without_rate()
        made[mode].run(1 * ms)
        made[mode].store()
    folder = Path(cache) / "trials"
    standalone_binary("trials", folder, 1000)
    found = {mode: [] for mode in MODES}
    for number in range(rounds):
        for mode in MODES[number % 3 :] + MODES[: number % 3]:
            if mode != "standalone":
                use(mode, cache)
            start = cpu_seconds()
            for _ in range(counts[mode]):
                if mode == "standalone":
                    run_standalone(folder, 1000)
                else:
                    made[mode].restore()
                    made[mode].run(100 * ms)
            found[mode].append((cpu_seconds() - start) / counts[mode])
    return found


def quartiles(values):
    if len(values) < 2:
        return "one measurement"
    low, _, high = statistics.quantiles(values, n=4)
    return f"quartiles {low:.3g} to {high:.3g}, least {min(values):.3g}"


def ratios(found, mode):
    return [other / ours for other, ours in zip(found[mode], found["native"], strict=True)]


def tell(found):
    for mode, starts in found.get("cold", {}).items():
        seconds = [each["cpu seconds"] - each["imports"] for each in starts]
        median = statistics.median(seconds)
        print(f"COBA, {mode}: {median:.2f} s of processor time without imports; {quartiles(seconds)}")
        for what in ("compiling and loading", "compilations", "compiled for copies", "source", "libraries"):
            if what in starts[0]:
                print(f"    {what}: {sorted(each[what] for each in starts)}")
    for name, modes in found.get("steps", {}).items():
        for mode, seconds in modes.items():
            values = [each * 1e6 for each in seconds]
            print(f"{name}, {mode}: {statistics.median(values):.3g} us a step; {quartiles(values)}")
            if mode != "native":
                over = ratios(modes, mode)
                print(f"    over native: {statistics.median(over):.3g}; {quartiles(over)}")


    for mode, seconds in found.get("trials", {}).items():
        print(f"a trial, {mode}: {statistics.median(seconds) * 1e3:.3g} ms; {quartiles(seconds)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--pairs", type=int, default=11)
    parser.add_argument("--cold", type=int, default=3, help="how many times to start from an empty cache")
    parser.add_argument("--output", type=Path, help="a JSON file; what it has of other parts is kept")
    parser.add_argument("--start", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("what", nargs="*", help="cold, steps, trials; by default all")
    options = parser.parse_args()
    if options.start:
        return start_once(*options.start)
    found = {}
    if options.output and options.output.exists():
        found = json.loads(options.output.read_text())
    found |= {"brian2": brian2.__version__, "python": sys.version.split()[0]}
    what = options.what or ["cold", "steps", "trials"]
    with tempfile.TemporaryDirectory() as folder:
        if "cold" in what:
            found["cold"] = compare_cold(options.cold, folder)
            write(found, options.output)
        if "steps" in what:
            found["steps"] = {}
            for name in STEPS:
                if name == "trials":
                    continue
                found["steps"][name] = compare_steps(name, options.pairs, f"{folder}/0")
                write(found, options.output)
        if "trials" in what:
            counts = {"stock": 20, "native": 1000, "standalone": 20}
            found["trials"] = compare_trials(counts, options.cold, f"{folder}/0")
            write(found, options.output)
    tell(found)


def write(found, output):
    """Each part as soon as it is there."""
    if output:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    os.environ.setdefault("MPLBACKEND", "agg")
    main()
