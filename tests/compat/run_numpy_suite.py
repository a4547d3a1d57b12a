"""Run NumPy's own installed test suite on DynamicArrays.

    python tests/compat/run_numpy_suite.py [--plain] [pytest arguments, such as -n 2 or -k sort]

Every test that passes on plain arrays must pass on DynamicArrays, but for those in numpy_known.txt.
What fails is therefore run again on plain arrays: what fails there too is the environment's fault
(no compiler, no meson, files that aren't installed). With --plain the whole suite runs on plain
arrays as well, and all outcomes are compared. Exits with 1 if anything differs that isn't listed,
or if what is listed passes.
"""

import collections
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy

NUMPY = pathlib.Path(numpy.__file__).parent
KNOWN = pathlib.Path(__file__).with_name("numpy_known.txt")
# They run compilers on source files that NumPy doesn't install, and pass no arrays to it.
NEED_COMPILERS = ("f2py", "distutils")
OPTIONS = [
    "-q", "--tb=short", "--disable-warnings", "--continue-on-collection-errors",
    "-p", "no:cacheprovider",
    *(f"--ignore={NUMPY / name}" for name in NEED_COMPILERS),
    # Not the configuration of the project around this file.
    "-c", "/dev/null", f"--rootdir={NUMPY.parent}",
]  # fmt: skip


def outcomes(tests, options):
    """Runs tests; returns {test: outcome}."""
    with tempfile.TemporaryDirectory() as folder:
        record = pathlib.Path(folder, "record.txt")
        command = [sys.executable, "-m", "pytest", "-p", "cppdynarray._swap_plugin", *OPTIONS]
        command += [f"--cppdynarray-record={record}", *options, *tests]
        # Tests that fill the machine's memory are skipped, on either kind of array.
        environment = {**os.environ, "NPY_AVAILABLE_MEM": "2 GB"}
        status = subprocess.run(command, cwd=folder, env=environment).returncode
        if not record.exists():
            sys.exit(f"pytest ended with status {status}")
        lines = record.read_text("utf-8").splitlines()
    return {test: outcome for outcome, test in (line.split(" ", 1) for line in lines)}


def summary(results):
    counts = collections.Counter(results.values())
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))


def show(title, tests):
    print(f"{title}: {len(tests)}", *(f"    {test}" for test in tests), sep="\n")


def main():
    arguments = sys.argv[1:]
    everything = "--plain" in arguments
    arguments = [argument for argument in arguments if argument != "--plain"]
    swapped = outcomes([str(NUMPY)], [f"--cppdynarray-known={KNOWN}", *arguments])
    stale = [entry for entry, outcome in swapped.items() if outcome == "stale"]
    failed = [test for test, outcome in swapped.items() if outcome == "failed"]
    plain = {}
    if everything:
        plain = outcomes([str(NUMPY)], ["--cppdynarray-plain", *arguments])
    elif failed:
        functions = sorted({test.partition("[")[0] for test in failed})
        plain = outcomes(functions, ["--cppdynarray-plain"])
    # A test that doesn't run on plain arrays at all counts as different, to be on the safe side.
    different = [test for test in failed if plain.get(test) != "failed"]
    environment = [test for test in failed if plain.get(test) == "failed"]
    if everything:
        same = ("passed", "xfailed", "failed")
        different += [
            f"{test} ({swapped.get(test, 'missing')})"
            for test, outcome in plain.items()
            if outcome == "passed" and swapped.get(test) not in same
        ]

    print(f"\nNumPy {numpy.__version__}, Python {sys.version.split()[0]}")
    if everything:
        print(f"plain arrays:  {summary(plain)}")
    print(f"DynamicArrays: {summary(swapped)} (xfailed includes NumPy's own)")
    show("fail on plain arrays too", environment)
    show("fail on DynamicArrays only, and are not listed", different)
    show("listed, but pass", stale)
    return 1 if different or stale or not swapped else 0


if __name__ == "__main__":
    sys.exit(main())
