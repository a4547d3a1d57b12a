"""
Compare native code with Cython, bit for bit, on Brian2's own examples.

    git clone --depth 1 https://github.com/brian-team/brian2
    python tests/with_brian2/run_examples.py [--times 3] [--default-flags] brian2/examples [CUBA.py ...]
    nice python tests/with_brian2/run_examples.py --all [--native-only] brian2/examples

The second line takes an hour or more for all that there is; with `--native-only` it takes minutes, and tells only what
doesn't run. Each example runs from its file, unchanged but for a shorter `run` and, where SMALLER says so, other
numbers at the start: with each kind of code in turn, with the same seed, in processes of their own. All arrays have to
be the same afterwards, with flags that round alike; with Brian2's default flags, all but floating point numbers. What
is said of time is that of the processor, from the first step to the last.
"""

import argparse
import ast
import functools
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SECONDS = 0.1  # of simulated time, for each call of run()
MOST_STEPS = 1000
LONGEST = 900  # seconds, for one example
# Other values of names that an example sets on its first lines.
SMALLER = {
    "frompapers/Kremer_et_al_2011_barrel_cortex.py": {"barrelarraysize": "2"},
    "frompapers/Brunel_Hakim_1999.py": {"N": "2000", "C": "400"},
}
EXAMPLES = [
    "COBAHH.py", "CUBA.py", "synapses/STDP.py", "frompapers/Brunel_Hakim_1999.py",
    "frompapers/Kremer_et_al_2011_barrel_cortex.py", "frompapers/Vogels_et_al_2011.py",
    "frompapers/Diesmann_et_al_1999.py", "frompapers/Rothman_Manis_2003.py", "synapses/gapjunctions.py",
    "synapses/licklider.py", "compartmental/hodgkin_huxley_1952.py", "compartmental/lfp.py",
]


class Smaller(ast.NodeTransformer):
    def __init__(self, values):
        self.values = values

    def visit_Assign(self, node):
        for target in node.targets:
            if isinstance(target, ast.Name) and target.id in self.values:
                node.value = ast.parse(self.values.pop(target.id), mode="eval").body
        return node


class Watch:
    """Processor time of the steps of all runs, without what goes before and after them; the values after the last."""

    def __init__(self, network_class, values_of):
        self.seconds, self.values = 0.0, None
        before, after = network_class.before_run, network_class.after_run

        @functools.wraps(before)
        def before_run(network, *args, **kwargs):
            before(network, *args, **kwargs)
            self.began = time.process_time()

        @functools.wraps(after)
        def after_run(network, *args, **kwargs):
            self.seconds += time.process_time() - self.began
            after(network, *args, **kwargs)
            self.values = values_of(network)

        network_class.before_run, network_class.after_run = before_run, after_run


def run_here(file, name, native, default_flags, output):
    """Runs an example in this process, and writes all that its network holds."""
    import brian2
    import kept_cache
    from networks import values_of

    import cppdynarray.brian2
    from cppdynarray.brian2 import direct

    flags = brian2.prefs["codegen.cpp.extra_compile_args_gcc"]
    kept_cache.use()
    if default_flags:  # what Brian2 finds in its cache may have been compiled with others
        brian2.prefs["codegen.cpp.extra_compile_args_gcc"] = flags
        brian2.prefs["codegen.runtime.cython.cache_dir"] = f"{kept_cache.directory()}-default-flags"
    brian2.prefs["codegen.target"] = "cython"
    cppdynarray.brian2.enable()
    if native:
        direct.enable()
    run = brian2.Network.run

    @functools.wraps(run)
    def run_shorter(network, duration, report=None, report_period=None, namespace=None, profile=None, level=0):
        duration = min(duration, SECONDS * brian2.second, MOST_STEPS * brian2.defaultclock.dt)
        run(network, duration, namespace=namespace, profile=profile, level=level + 1)

    brian2.Network.run = run_shorter
    watch = Watch(brian2.Network, values_of)
    brian2.seed(1)
    values = dict(SMALLER.get(name, {}))
    tree = Smaller(values).visit(ast.parse(Path(file).read_text()))
    assert not values, f"{name} sets no {', '.join(values)}"
    os.chdir(Path(file).parent)
    sys.path.insert(0, str(Path(file).parent))
    exec(compile(ast.fix_missing_locations(tree), file, "exec"), {"__name__": "__main__", "__file__": file})
    report = direct.report()
    with open(output, "wb") as to:
        found = {"values": watch.values, "seconds": watch.seconds, "native": report.native_count}
        pickle.dump(found | {"fallbacks": report.fallbacks, "steps": report.fused_steps}, to)


def result(file, name, native, default_flags):
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "values.pickle"
        options = ["--run", file, name, str(+native), str(+default_flags), output]
        command = [sys.executable, "-W", "ignore", __file__, *options]
        process = subprocess.run(
            command, env={**os.environ, "MPLBACKEND": "agg"}, capture_output=True, text=True, timeout=LONGEST,
            stdin=subprocess.DEVNULL,
        )
        if process.returncode != 0:
            raise RuntimeError(process.stdout[-2000:] + process.stderr[-4000:])
        return pickle.loads(output.read_bytes())


def same(found, expected, default_flags):
    """With Brian2's flags compilers may round in different ways: what isn't whole is close then."""
    if default_flags and found.dtype.kind == "f":
        return np.allclose(found, expected, rtol=1e-6, atol=1e-9, equal_nan=True)
    return np.array_equal(found, expected, equal_nan=True)


def compare(file, name, times, default_flags):
    """Whether all was the same; prints that, and how long it took."""
    pairs = []
    for number in range(times):
        made = {native: result(file, name, native, default_flags) for native in (number % 2 == 0, number % 2 == 1)}
        pairs.append((made[True], made[False]))
    found, expected = pairs[0]
    ours, stock = found["values"], expected["values"]
    different = sorted(ours.keys() ^ stock.keys())
    different += [key for key in ours.keys() & stock.keys() if not same(ours[key], stock[key], default_flags)]
    good = not different and found["native"] > 0
    ratios = [cython["seconds"] / native["seconds"] for native, cython in pairs]
    took = f"{statistics.median(ratios):.3g} times as long ({min(ratios):.3g} to {max(ratios):.3g})"
    print(
        f"{name}: {found['native']} code objects ran natively, {found['steps']} steps without Python; "
        f"{len(stock)} arrays of {sum(values.size for values in stock.values())} elements: "
        + ("all the same" if good else f"DIFFERENT: {', '.join(different)}")
        + (f"; Cython's steps took {took}" if default_flags else ""),
        flush=True,
    )
    for reason in sorted({f"{template}: {reason}" for _, template, reason in found["fallbacks"]}):
        print(f"    left to Brian2: {reason}")
    return good


def all_of(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.py"))


def tried(file, name, how, native_only):
    """Whether an example is well, or can't run for reasons of its own; prints what became of it."""
    try:
        if not native_only:
            return compare(file, name, *how)
        found = result(file, name, True, how[1])
        reasons = sorted({f"{template}: {reason}" for _, template, reason in found["fallbacks"]})
        print(f"{name}: {found['native']} natively, {found['steps']} steps; {'; '.join(reasons)}", flush=True)
        return True
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        said = (str(error).strip().splitlines() or ["it said nothing"])[-1]
        print(f"{name}: failed: {said}", flush=True)
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--run", nargs=5, help=argparse.SUPPRESS)
    parser.add_argument("--times", type=int, default=1, help="how often each runs, for the time it takes")
    parser.add_argument("--default-flags", action="store_true", help="Brian2's, with which time means something")
    parser.add_argument("--all", action="store_true", help="all examples, not those that are named or chosen")
    parser.add_argument("--native-only", action="store_true", help="only whether they run")
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("examples", nargs="*", default=EXAMPLES)
    options = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
    if options.run:
        file, name, native, default_flags, output = options.run
        return run_here(file, name, native == "1", default_flags == "1", output)
    folder, how = options.folder.absolute(), (options.times, options.default_flags)
    examples = all_of(folder) if options.all else options.examples
    good = [tried(folder / name, name, how, options.native_only) for name in examples]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
