"""
Compare native code with Cython, bit for bit, on Brian2's own examples.

    python tests/with_brian2/run_examples.py [--times 3] [--default-flags] [COBAHH.py ...]
    nice python tests/with_brian2/run_examples.py --all [--native-only] [--results FILE]
    python tests/with_brian2/run_examples.py --folder brian2/examples      # those of a clone

Without `--folder` they are those of the installed version, from its source distribution, which pip downloads. The
second line takes an hour or more where nothing is compiled; with `--native-only` it takes minutes, and tells only what
doesn't run. Each example runs from its file, unchanged but for shorter runs and, where SMALLER says so, other numbers
at the start: with each kind of code in turn, with the same seed, in processes of their own. After each of its runs all
arrays have to be the same, with flags that round alike; with Brian2's default flags, those after the last, all but
floating point numbers. What an example does when a short run leaves it nothing to plot has to be the same too. Examples
of C++ standalone mode run as if they hadn't asked for it. What is said of time is that of the processor, from the first
step to the last.
"""

import argparse
import ast
import functools
import hashlib
import json
import os
import pickle
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import types
from pathlib import Path

import numpy as np

SECONDS = 0.1  # of simulated time, for each call of run()
MOST_STEPS = 1000  # in each
ALL_STEPS = 10_000  # of an example; then a few for each call
LONGEST = 600  # seconds, for one example
# Other values of names that an example sets on its first lines.
SMALLER = {
    "frompapers/Kremer_et_al_2011_barrel_cortex.py": {"barrelarraysize": "2"},
    "frompapers/Brunel_Hakim_1999.py": {"N": "2000", "C": "400"},
    "frompapers/Graupner_Brunel_2012.py": {"POINTS": "5", "REPETITIONS": "20"},
    "multiprocessing/03_standalone_joblib.py": {"n_jobs": "1"},  # else in processes that know nothing of this
    # What they do in Python takes minutes.
    "frompapers/Maass_Natschlaeger_Markram_2002.py": {"N_PAIRS": "2"},
    "synapses/efficient_gaussian_connectivity.py": {"N": "array([10, 20])", "repeats": "array([1, 1])"},
}
# Compared each day: few modules for Cython to compile, and synapses, noise, compartments, functions, pools.
EXAMPLES = [
    "CUBA.py", "frompapers/Touboul_Brette_2008.py", "frompapers/Wang_Buszaki_1996.py",
    "frompapers/Morris_Lecar_1981.py", "synapses/gapjunctions.py", "advanced/Ornstein_Uhlenbeck.py",
    "advanced/COBAHH_approximated.py", "compartmental/hodgkin_huxley_1952.py", "compartmental/rall.py",
    "standalone/simple_case.py",
]


def installed_examples():
    """The folder of the examples of the Brian2 that is installed; pip downloads its source once."""
    import brian2
    import kept_cache

    kept = Path(f"{kept_cache.directory()}-examples")
    found = kept / f"brian2-{brian2.__version__}" / "examples"
    if not found.is_dir():
        with tempfile.TemporaryDirectory() as folder:
            pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", "brian2", "-d", folder]
            environment = {name: value for name, value in os.environ.items() if name not in ("CC", "CXX")}
            subprocess.run([*pip, f"brian2=={brian2.__version__}"], check=True, env=environment)
            kept.mkdir(parents=True, exist_ok=True)
            with tarfile.open(*Path(folder).glob("*.tar.gz")) as archive:
                archive.extractall(kept, filter="data")
    return found


class Smaller(ast.NodeTransformer):
    def __init__(self, values):
        self.values = values

    def visit_Assign(self, node):
        for target in node.targets:
            if isinstance(target, ast.Name) and target.id in self.values:
                node.value = ast.parse(self.values.pop(target.id), mode="eval").body
        return node


def digest(values):
    """Of all arrays, by name; zeros and NaNs of any sign are one."""
    made = hashlib.sha256()
    for name, array in sorted(values.items()):
        if array.dtype.kind == "f":
            array = np.where(np.isnan(array), np.nan, array + 0.0)
        made.update(f"{name} {array.dtype} {array.shape}".encode() + array.tobytes())
    return made.hexdigest()


class Watch:
    """Writes a line for each run: what its arrays are after it, and the processor time of its steps alone."""

    def __init__(self, network_class, values_of, runs):
        self.values = {}
        before, after = network_class.before_run, network_class.after_run

        @functools.wraps(before)
        def before_run(network, *args, **kwargs):
            before(network, *args, **kwargs)
            self.began = time.process_time()

        @functools.wraps(after)
        def after_run(network, *args, **kwargs):
            seconds = time.process_time() - self.began
            after(network, *args, **kwargs)
            self.values = values_of(network)
            from cppdynarray.brian2 import direct

            native = direct.report().native_count
            with open(runs, "a") as to:  # also of the processes of a pool
                print(json.dumps({"digest": digest(self.values), "seconds": seconds, "native": native}), file=to)

        network_class.before_run, network_class.after_run = before_run, after_run


def shorten(brian2):
    """Lets each call of run() make few steps, and an example not choose another mode."""
    run, set_device, left = brian2.Network.run, brian2.set_device, ALL_STEPS

    @functools.wraps(run)
    def run_shorter(network, duration, report=None, report_period=None, namespace=None, profile=None, level=0):
        nonlocal left
        steps = min(MOST_STEPS, max(left, 10))
        left -= steps
        duration = min(duration, SECONDS * brian2.second, steps * brian2.defaultclock.dt)
        run(network, duration, namespace=namespace, profile=profile, level=level + 1)

    @functools.wraps(set_device)
    def set_device_here(device, *args, **kwargs):
        if not str(device).startswith("cpp_standalone"):
            set_device(device, *args, **kwargs)

    brian2.Network.run = run_shorter
    for module in (brian2, brian2.devices, sys.modules["brian2.devices.device"]):
        module.set_device = set_device_here


def one_process_pools():
    """Makes what the processes of a pool draw at random the same each time."""
    import multiprocessing

    pool = multiprocessing.Pool
    multiprocessing.Pool = lambda processes=None, *args, **kwargs: pool(1, *args, **kwargs)


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
    shorten(brian2)
    one_process_pools()
    watch = Watch(brian2.Network, values_of, f"{output}.runs")
    brian2.seed(1)
    values = dict(SMALLER.get(name, {}))
    tree = Smaller(values).visit(ast.parse(Path(file).read_text()))
    assert not values, f"{name} sets no {', '.join(values)}"
    os.chdir(Path(file).parent)
    sys.path.insert(0, str(Path(file).parent))
    sys.argv[:] = [file]
    sys.modules["__main__"] = module = types.ModuleType("__main__")  # processes of a pool look there
    module.__file__ = file
    ended = None
    try:
        exec(compile(ast.fix_missing_locations(tree), file, "exec"), module.__dict__)
    except Exception as error:
        ended = f"{type(error).__name__}: {error}"
    report = direct.report()
    with open(output, "wb") as to:
        found = {"values": watch.values, "ended": ended, "steps": report.fused_steps}
        pickle.dump(found | {"fallbacks": report.fallbacks}, to)


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
        found, runs = pickle.loads(output.read_bytes()), Path(f"{output}.runs")
        lines = [json.loads(line) for line in runs.read_text().splitlines()] if runs.exists() else []
        found["runs"] = [line["digest"] for line in lines]
        found["seconds"] = sum(line["seconds"] for line in lines)
        found["native"] = max([line["native"] for line in lines], default=0)
        if not lines:
            raise RuntimeError(found["ended"] or "it runs no network")
        return found


def same(found, expected, default_flags):
    """With Brian2's flags compilers may round in different ways: what isn't whole is close then."""
    if default_flags and found.dtype.kind == "f":
        return np.allclose(found, expected, rtol=1e-6, atol=1e-9, equal_nan=True)
    return np.array_equal(found, expected, equal_nan=True)


def differences(found, expected, default_flags):
    """In words; none if all is the same."""
    ours, stock = found["values"], expected["values"]
    different = sorted(ours.keys() ^ stock.keys())
    different += [key for key in ours.keys() & stock.keys() if not same(ours[key], stock[key], default_flags)]
    if not default_flags and found["runs"] != expected["runs"]:
        pairs = zip(found["runs"], expected["runs"], strict=False)
        at = next((number for number, (a, b) in enumerate(pairs) if a != b), None)
        different.append(f"its run {at} of {len(expected['runs'])}" if at is not None else "the number of its runs")
    if found["ended"] != expected["ended"]:
        different.append(f"its end: {found['ended']}, not {expected['ended']}")
    if not found["native"]:
        different.append("nothing ran natively")
    return different


def compare(file, name, times, default_flags):
    """What became of an example, as a dict of what there is to say."""
    pairs = []
    for number in range(times):
        made = {native: result(file, name, native, default_flags) for native in (number % 2 == 0, number % 2 == 1)}
        pairs.append((made[True], made[False]))
    found, expected = pairs[0]
    ratios = [cython["seconds"] / max(native["seconds"], 1e-9) for native, cython in pairs]
    return said_of(found) | {
        "arrays": len(expected["values"]), "elements": sum(values.size for values in expected["values"].values()),
        "different": differences(found, expected, default_flags), "cython_seconds": expected["seconds"],
        "ratio": [statistics.median(ratios), min(ratios), max(ratios)],
    }


def said_of(found):
    reasons = sorted({f"{template}: {reason}" for _, template, reason in found["fallbacks"]})
    return {
        "native": found["native"], "steps": found["steps"], "runs": len(found["runs"]), "ended": found["ended"],
        "seconds": found["seconds"], "fallbacks": reasons,
    }


def show(name, said):
    text = f"{name}: "
    if "failed" in said:
        text += f"failed: {said['failed']}"
    else:
        text += f"{said['native']} code objects ran natively, {said['steps']} steps without Python, {said['runs']} runs"
    if "different" in said:
        text += f"; {said['arrays']} arrays of {said['elements']} elements: "
        text += f"DIFFERENT: {', '.join(said['different'])}" if said["different"] else "all the same"
        text += "; Cython's steps took {:.3g} times as long ({:.3g} to {:.3g})".format(*said["ratio"])
    print(text, flush=True)
    for reason in said.get("fallbacks", ()):
        print(f"    left to Brian2: {reason}", flush=True)
    if said.get("ended"):
        print(f"    ended by: {said['ended']}", flush=True)


def tried(file, name, how, native_only):
    """What became of an example; it can fail to run for reasons of its own."""
    try:
        return said_of(result(file, name, True, how[1])) if native_only else compare(file, name, *how)
    except subprocess.TimeoutExpired:
        return {"failed": f"it takes more than {LONGEST} s"}
    except RuntimeError as error:
        return {"failed": (str(error).strip().splitlines() or ["it said nothing"])[-1]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--run", nargs=5, help=argparse.SUPPRESS)
    parser.add_argument("--times", type=int, default=1, help="how often each runs, for the time it takes")
    parser.add_argument("--default-flags", action="store_true", help="Brian2's, with which time means something")
    parser.add_argument("--all", action="store_true", help="all examples, not those that are named or chosen")
    parser.add_argument("--native-only", action="store_true", help="only whether they run")
    parser.add_argument("--results", type=Path, help="a file to which a line of JSON is added for each example")
    parser.add_argument("--folder", type=Path, help="where the examples are; else those of the installed version")
    parser.add_argument("examples", nargs="*", default=EXAMPLES)
    options = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
    if options.run:
        file, name, native, default_flags, output = options.run
        return run_here(file, name, native == "1", default_flags == "1", output)
    import brian2

    import cppdynarray.brian2

    if not cppdynarray.brian2.direct.is_supported():
        print(f"Brian2 {brian2.__version__}: native code needs a newer one")
        return 0
    folder, good = (options.folder or installed_examples()).absolute(), True
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.py"))
    for name in names if options.all else options.examples:
        said = tried(folder / name, name, (options.times, options.default_flags), options.native_only)
        show(name, said)
        good &= "failed" not in said and not said.get("different")
        if options.results:
            with open(options.results, "a") as to:
                print(json.dumps({"name": name} | said), file=to)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
