"""
The ratios of benchmarks/ratios.py over the history, written to results/ratios.json.

    python3 asv_bench/history.py              30 commits, evenly spread over the whole history
    python3 asv_bench/history.py --steps 60   more of them; what is there already is left out

Each commit is compiled in a folder of its own, with the compilers, Cython and NumPy of the environment it
runs in, a minute each; then all are measured by the benchmarks of today. Stop it and go on at any time: what
is compiled or measured is kept. What can't be compiled, or hasn't what a benchmark needs, is named and left out.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "ratios.json"
BUILDS = HERE.parent / "build" / "history"
PROGRAM = """
import json, sys
from statistics import quantiles
from benchmarks.ratios import OPERATIONS, Peak, ratios
from benchmarks.common import choose
choose("cpp")
found = {}
for name, contenders in OPERATIONS.items():
    try:
        found[name] = quantiles(ratios(*contenders()), n=4)
    except Exception as error:
        print(f"  {name}: {type(error).__name__}: {error}", file=sys.stderr)
try:
    peaks = sorted(Peak().track_peak_memory() for _ in range(3))
    found["peak memory / the data"] = peaks
except Exception as error:
    print(f"  peak memory: {error}", file=sys.stderr)
print(json.dumps(found))
"""


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=HERE, capture_output=True, text=True, check=True).stdout


def spread(commits, steps):
    """So many of them, evenly spread, the first and the last among them."""
    if len(commits) <= steps:
        return commits
    return [commits[round(i * (len(commits) - 1) / (steps - 1))] for i in range(steps)]


def environment(folder):
    # Nobody debugs these.
    return os.environ | {"CFLAGS": "-g0", "PYTHONPATH": os.pathsep.join([str(folder), str(HERE)])}


def build(commit, folder):
    """Compiles a commit in a folder, which is there afterwards if that went well."""
    making = folder.with_name(f"{folder.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    archive = subprocess.Popen(["git", "archive", commit], cwd=HERE.parent, stdout=subprocess.PIPE)
    subprocess.run(["tar", "-x", "-C", making], stdin=archive.stdout, check=True)
    done = subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "-i", "-j2"],
        cwd=making, env=environment(making), capture_output=True, text=True,
    )
    if done.returncode:
        print(f"  not compiled: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
    else:
        shutil.rmtree(making / "build", ignore_errors=True)
        making.rename(folder)


def measure(folder):
    """The quartiles of each operation's ratios, or None."""
    command = [sys.executable, "-c", PROGRAM]
    run = subprocess.run(command, cwd=folder, env=environment(folder), stdout=subprocess.PIPE, text=True)
    return json.loads(run.stdout) if run.returncode == 0 else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().partition("\n")[0])
    parser.add_argument("--steps", type=int, default=30, metavar="N", help="how many commits (default: %(default)s)")
    parser.add_argument("--until", default="main", metavar="COMMIT", help="the last of them (default: %(default)s)")
    parser.add_argument("--builds", type=Path, default=BUILDS, help="where they are compiled")
    parser.add_argument("--compile-only", action="store_true", help="to measure later, when the machine is quiet")
    options = parser.parse_args()
    log = git("log", "--first-parent", "--reverse", "--format=%h %cs", options.until)
    commits = [line.split() for line in log.splitlines()]
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    place = {commit: number for number, (commit, _) in enumerate(commits)}
    done = {each["commit"] for each in results}
    wanted = [(commit, date) for commit, date in spread(commits, options.steps) if commit not in done]
    for commit, _ in wanted:
        if not (options.builds / commit).exists():
            print(f"compiling {commit}", file=sys.stderr)
            build(commit, options.builds / commit)
    if options.compile_only:
        return
    for commit, date in wanted:
        if not (options.builds / commit).exists():
            continue
        print(f"measuring {commit}, {date}", file=sys.stderr)
        found = measure(options.builds / commit)
        if found:
            results.append({"commit": commit, "date": date, "number": place[commit], "ratios": found})
            results.sort(key=lambda each: each["number"])
            RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
