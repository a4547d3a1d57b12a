"""Makes the numbers in docs/robustness.md: those of cases that pytest collects, those that stand in the tests' sources
and, where it is told so, what programs count, each in one run.

python3 tests/support/robustness_counts.py [--check]
python3 tests/support/robustness_counts.py --run cpp "system calls" readers arm64 windows
"""

import argparse
import functools
import re
import shlex
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
PAGE = ROOT / "docs" / "robustness.md"
NUMBER = r"\d[\d,]*"


# What is counted without a run.


@functools.cache
def collected(files, options=()):
    """The names of the cases of some files, and of none that asks for an option of its own."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *options, *files]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [line for line in said.splitlines() if "::" in line]


@functools.cache
def cases_of_files():
    """How many cases each file has that the page names, by the names of files; they are collected at once."""
    names = set(re.findall(r"\btest_\w+\.py", PAGE.read_text()))
    paths = tuple(sorted(str(path) for path in TESTS.rglob("test_*.py") if path.name in names))
    return Counter(Path(each.partition("::")[0]).name for each in collected(paths))


def cases(row):
    return [sum(cases_of_files()[name] for name in set(re.findall(r"\btest_\w+\.py", row)))]


def under_sanitizers(row):
    """The tests that tests/sanitizers/run takes: what the shell makes of its list."""
    script = (TESTS / "sanitizers" / "run").read_text()
    files = re.search(r"^tests=\(.*?\)$", script, re.MULTILINE | re.DOTALL)[0]
    unless = re.search(r'^unless="(.*)"$', script, re.MULTILINE)[1]
    command = ["bash", "-c", files + '; echo "${tests[@]}"']
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [len(collected(tuple(said.split()), ("-k", f"not ({unless})")))]


def in_source(file, *patterns):
    """Numbers that stand in a file of tests."""
    text = (TESTS / file).read_text()
    return [int(re.search(pattern, text)[1].replace("_", "")) for pattern in patterns]


def hostile_values(row):
    return [*cases(row), *in_source("robustness/test_hostile_values.py", r"max_examples=(\d+)")]


def reading_beside_cpp(row):
    test = re.search(r"^READERS = .*?^def test_reading_while.*?\n\n\n", (TESTS / "test_extensions.py").read_text(),
                     re.MULTILINE | re.DOTALL)[0]
    table, _, body = test.partition("\n}\n")
    ways = len(re.findall(r'"[^"]+": ', table))
    arrays, most = (int(found.replace("_", "")) for found in re.search(
        r"READERS\[name\], ([\d_]+)\n.*?range\((\d+)\)", body, re.DOTALL).groups()[::-1])
    return [ways, ways * arrays, most]


def random_programs(row):
    return in_source("conftest.py", r"max_examples=(\d+),", r"stateful_step_count=(\d+)", r"max_examples=([\d_]+)\)")


def power_cuts(row):
    parts, programs, cuts = in_source(
        "files/test_power_cuts.py", r'"part", range\((\d+)\)', r"seeds\[:(\d+)\]", r"run_program\(seed, (\d+)\)")
    return [parts * programs * cuts]


def tests_of_threads(row):
    return [len(re.findall(r"^TEST_CASE\(", (TESTS / "cpp" / "test_threads.cpp").read_text(), re.MULTILINE))]


# What programs count.


def said(command, pattern, **options):
    """The sums of the numbers in what a program says; None if it says none, as where a tool is missing."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, **options)
    found = [map(int, numbers) for numbers in re.findall(pattern, done.stdout)]
    return [sum(numbers) for numbers in zip(*found, strict=True)] or None


def system_calls(row):
    found = said([sys.executable, "-m", "pytest", "-q", "-s", "-m", "slow or not slow",
                  "tests/robustness/test_system_calls.py"], r"faults: (\d+) errors: (\d+)")
    source = (TESTS / "robustness" / "system_faults.py").read_text()
    return [len(re.findall(r'^    "[^"]+": \(lambda', source, re.MULTILINE)), *found]


CPP = r"(\d+) tests, (\d+) checks"


def cpp(row):
    with tempfile.TemporaryDirectory() as folder:
        sources = shlex.join(map(str, [TESTS / "cpp" / "main.cpp", *sorted((TESTS / "cpp").glob("test_*.cpp"))]))
        command = f"g++ -std=c++17 -O1 -pthread -I src_cpp/include {sources} -o {folder}/tests"
        subprocess.run(shlex.split(command), cwd=ROOT, check=True)
        return said([f"{folder}/tests"], CPP)


def arm64(row):
    return said(["bash", "tests/sanitizers/arm64"], CPP)


def windows(row):
    found = said(["bash", "tests/sanitizers/windows"], CPP)
    return found and found[:1]


def readers():
    """The rows of the table that readers.py prints, but for how many arrays there were, and their sum: hours."""
    command = [sys.executable, TESTS / "robustness" / "readers.py", "--seconds", "2"]
    table = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    groups = []
    for line in re.findall(r"^\| [a-z].*$", table, re.MULTILINE)[1:]:
        name, ways, calls, _, changes, faults = [cell.strip() for cell in line.strip("| ").split("|")]
        groups.append([name, *(int(each.replace(",", "")) for each in (ways, calls, changes, faults))])
    groups.sort(key=lambda group: group[1], reverse=True)
    groups.append(["all", *map(sum, list(zip(*groups, strict=True))[1:])])
    return "\n".join("| " + " | ".join([name, *(f"{each:,}" for each in counts)]) + " |" for name, *counts in groups)


# Rows of the page, by how they begin, and what gives their first numbers, in the order in which they stand there.
COUNTED = {
    "| Python tests with extension modules under": under_sanitizers, "| values, interfaces,": hostile_values,
    "| reading in": reading_beside_cpp, "| random programs compared": random_programs, "| power cuts:": power_cuts,
    "| C++ threads under": tests_of_threads,
}
RUN = {
    "system calls": ("| a call of", system_calls), "cpp": ("| C++ tests under", cpp),
    "arm64": ("| the C++ store on", arm64), "windows": ("| the Windows code", windows),
}


def with_numbers(row, numbers):
    left = list(numbers)
    return re.sub(r"(?<![\w-])\d[\d,]*(?<!,)(?![\w-])", lambda found: f"{left.pop(0):,}" if left else found[0], row)


def counted(row):
    """A row with its numbers as they are now, where that takes no run."""
    for start, count in COUNTED.items():
        if row.startswith(start):
            return with_numbers(row, count(row))
    return with_numbers(row, cases(row)) if re.search(r"\d cases", row) else row


def run(page, name):
    """The page with the numbers that a program gives."""
    if name == "readers":
        table = re.compile(r"^\| functions of NumPy \|.*?^\| all \|[^\n]*", re.MULTILINE | re.DOTALL)
        return table.sub(lambda _: readers(), page)
    start, count = RUN[name]
    return "\n".join(
        with_numbers(row, count(row) or []) if row.startswith(start) else row for row in page.split("\n"))


def main():
    parser = argparse.ArgumentParser(description="Counts the cases that docs/robustness.md speaks of.")
    parser.add_argument("--check", action="store_true", help="say which are wrong, and change nothing")
    parser.add_argument("--run", nargs="+", default=[], choices=[*RUN, "readers"], help="programs to run")
    arguments = parser.parse_args()
    before = PAGE.read_text()
    after = "\n".join(map(counted, before.split("\n")))
    if arguments.check:
        for old, new in zip(before.split("\n"), after.split("\n"), strict=True):
            if old != new:
                print(f"{old}\nshould be\n{new}")
        sys.exit(before != after)
    for name in arguments.run:
        after = run(after, name)
    PAGE.write_text(after)


if __name__ == "__main__":
    main()
