"""
Run the installed test suite of NumPy, or of a package on top of it, on DynamicArrays.

    python tests/numpy_suite/run.py [--package scipy] [-n 2] [linalg lib/tests/test_io.py ...]

Each part of the suite runs twice: on plain arrays, and with every array that its test modules
create swapped for a DynamicArray (cppdynarray.testing.swap). What passes on plain arrays must pass
on DynamicArrays too. The exceptions are listed by reason in known_<package>.txt, and each must be
one: the run fails if a test that is listed passes on DynamicArrays or fails on plain arrays, or if
a pattern in the list matches no test though its file was run.

Needs pytest and hypothesis. The exit status is 0 if all is as it must be.
"""

import argparse
import fnmatch
import importlib.metadata
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from packaging.specifiers import SpecifierSet  # pytest needs it too

HERE = Path(__file__).parent
# What runs if nothing is named. Of NumPy's suite that is all but f2py and distutils, which run
# compilers on sources that aren't installed, and _pyinstaller, which packs programs.
PARTS = {
    "numpy": (
        "_core", "random", "lib", "ma", "linalg", "matrixlib", "fft", "polynomial", "testing",
        "tests", "typing",
    ),
    "pandas": ("tests/series/methods", "tests/reshape", "tests/copy_view"),
    "scipy": (
        "signal/tests/test_signaltools.py", "signal/tests/test_windows.py",
        "stats/tests/test_rank.py",
    ),
}


class Entry:
    """A reason for tests to differ, and patterns of their ids."""

    def __init__(self, reason):
        self.reason = reason
        self.patterns = []

    def matches(self, tests):
        return set().union(*(matching(pattern, tests) for pattern in self.patterns))


def matching(pattern, tests):
    glob = pattern.replace("[", "[[]")  # a test's parameters, not a set of letters
    return {test for test in tests if fnmatch.fnmatchcase(test, glob)}


def read_entries(path, version):
    """
    The entries of a list: a reason at the margin, patterns indented below it.

    A pattern may be followed by the versions of the package that have the test, such as ``<2.1``.
    """
    entries = []
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        if line.startswith(" "):
            if not entries:
                sys.exit(f"{path.name}: no reason is given for {line.strip()}")
            pattern, _, versions = line.strip().partition("  ")
            if version in SpecifierSet(versions):
                entries[-1].patterns.append(pattern)
        elif line and not line.startswith("#"):
            entries.append(Entry(line))
    return entries


class Suite:
    """The tests of an installed package."""

    def __init__(self, package):
        self.folder = Path(importlib.util.find_spec(package).origin).parent

    def run(self, tests, swap):
        """Runs tests by their ids; returns their outcomes and how many arrays were swapped."""
        root = self.folder.parent
        with tempfile.TemporaryDirectory() as folder:
            arguments, record = Path(folder, "arguments.txt"), Path(folder, "outcomes.json")
            arguments.write_text("\n".join(f"{root / test}" for test in tests), "utf-8")
            command = [
                sys.executable, "-m", "pytest", "-q", "--tb=no", "--disable-warnings",
                "--continue-on-collection-errors", f"@{arguments}",
                "-c", os.devnull, f"--rootdir={root}",  # not the project around this file
                "-p", "no:cacheprovider", "-p", "outcomes", f"--outcomes={record}",
            ]
            if swap:
                command += ["-p", "cppdynarray.testing.swap"]
            path = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
            # Tests that take much memory are skipped, on plain arrays as well.
            environment = {**os.environ, "PYTHONPATH": path, "NPY_AVAILABLE_MEM": "2 GB"}
            pytest = subprocess.run(
                command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
            )
            if not record.exists():
                raise RuntimeError(f"pytest ended with status {pytest.returncode}\n{pytest.stdout}")
            found = json.loads(record.read_text("utf-8"))
        return found["outcomes"], found["swapped"]


class Part:
    """A folder or file of the suite: what becomes of its tests on either kind of array."""

    def __init__(self, suite, name, executor):
        self.name = name
        tests = [f"{suite.folder.name}/{name}"]
        self.runs = [executor.submit(suite.run, tests, swap) for swap in (False, True)]

    def wait(self):
        (self.plain, _), (self.dynamic, self.swapped) = (run.result() for run in self.runs)

    def update(self, plain, dynamic):
        self.plain |= {test: plain[test] for test in self.plain.keys() & plain.keys()}
        self.dynamic |= {test: dynamic[test] for test in self.dynamic.keys() & dynamic.keys()}

    def passing(self):
        return {test for test, outcome in self.plain.items() if outcome == "passed"}

    def different(self):
        return {test for test in self.passing() if self.dynamic.get(test) != "passed"}

    def counts(self, listed):
        different = self.different()
        passing_swapped = Counter(self.dynamic.values())["passed"]
        return (
            len(self.plain), len(self.passing()), passing_swapped, len(different),
            len(different & listed), self.swapped,
        )


def print_table(*rows):
    widths = [max(map(len, map(str, column))) for column in zip(*rows, strict=True)]
    for name, *counts in rows:
        cells = [f"{count:>{width}}" for count, width in zip(counts, widths[1:], strict=True)]
        print(f"{name:<{widths[0]}}", *cells, sep="  ")


def print_tests(title, tests):
    if tests:
        print(f"\n{title}: {len(tests)}", *sorted(tests), sep="\n    ")


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--package", default="numpy", help="whose tests; by default NumPy's")
    parser.add_argument("-n", type=int, default=2, help="how many processes; by default 2")
    parser.add_argument("parts", nargs="*", help="folders or files in the package")
    options = parser.parse_args()
    version = importlib.metadata.version(options.package)
    entries = read_entries(HERE / f"known_{options.package}.txt", version)
    suite = Suite(options.package)

    with ThreadPoolExecutor(options.n) as executor:
        names = options.parts or PARTS.get(options.package) or parser.error("which parts?")
        parts = [Part(suite, name.strip("/"), executor) for name in names]
    for part in parts:
        part.wait()

    tests = set().union(*(part.plain.keys() | part.dynamic.keys() for part in parts))
    listed = set().union(*(entry.matches(tests) for entry in entries))
    different = set().union(*(part.different() for part in parts))
    surprises = different ^ listed
    if surprises:  # a test may depend on chance, or on another one before it
        plain, dynamic = (suite.run(sorted(surprises), swap)[0] for swap in (False, True))
        for part in parts:
            part.update(plain, dynamic)
        different = set().union(*(part.different() for part in parts))

    versions = {options.package: version, "numpy": importlib.metadata.version("numpy")}
    print(*(f"{name} {number}," for name, number in versions.items()), end=" ")
    print(f"Python {platform.python_version()}\n")
    counts = [part.counts(listed) for part in parts]
    print_table(
        ("part", "tests", "pass plain", "pass swapped", "differ", "listed", "arrays swapped"),
        *((part.name, *count) for part, count in zip(parts, counts, strict=True)),
        ("all", *map(sum, zip(*counts, strict=True))),
    )
    print_tests("pass a second time, when they run alone", surprises - (different ^ listed))
    print_tests("differ, and are not listed", different - listed)
    print_tests("listed, but pass or fail on both", listed - different)
    files = {test.partition("::")[0] for test in tests}
    stale = {
        pattern
        for entry in entries
        for pattern in entry.patterns
        if matching(pattern.partition("::")[0], files) and not matching(pattern, tests)
    }
    print_tests("listed, but match no test", stale)
    if listed:
        print("\ndiffer, for the reason listed:")
        for entry in entries:
            if found := entry.matches(different):
                print(f"{len(found):4}  {entry.reason}")
    return 1 if different != listed or stale or not tests else 0


if __name__ == "__main__":
    sys.exit(main())
