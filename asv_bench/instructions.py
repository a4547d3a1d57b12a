"""Count the instructions of one call each, of ours and of what it is compared with, and whose code they are.

python3 asv_bench/instructions.py                     # needs Valgrind; some minutes
python3 asv_bench/instructions.py --only pop --functions 20      # the functions behind a count
python3 asv_bench/instructions.py --output docs/performance/instructions/report.json && python3 docs/tables.py

Callgrind counts what one process executes in loops of two lengths; a call takes the difference, divided by that of the
lengths. So nothing that happens once is counted, the loop itself is, and runs agree within 0.2 %.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

CALLS = 200, 1200
# Name, statement, what `a` is at first, and whether `a` is a DynamicArray or what it is compared with.
ARRAY = "cda.DynamicArray([1.0, 2.0, 3.0])", "np.array([1.0, 2.0, 3.0])"
LIST = "cda.DynamicArray([1.0, 2.0, 3.0])", "[1.0, 2.0, 3.0]"
CASES = {
    "`d.append(x)`": ("a.append(x)", *LIST),
    "`d.append(x); d.pop()`": ("a.append(x); a.pop()", *LIST),
    "`d.insert(0, x); d.pop()`": ("a.insert(0, x); a.pop()", *LIST),
    "`d[1]`": ("a[1]", *ARRAY),
    "`d[1] = x`": ("a[1] = x", *ARRAY),
    "`d[:]`": ("a[:]", *ARRAY),
    "`len(d)`": ("len(a)", *ARRAY),
    "`d + d`": ("a + a", *ARRAY),
    "`d += 1.0`": ("a += x", *ARRAY),
    "`np.sqrt(d)`": ("np.sqrt(a)", *ARRAY),
    "`np.add(d, d)`": ("np.add(a, a)", *ARRAY),
    "`np.sum(d)`": ("np.sum(a)", *ARRAY),
    "`np.concatenate((d, d))`": ("np.concatenate((a, a))", *ARRAY),
    "`np.asarray(d)`": ("np.asarray(a)", *ARRAY),
    "`zeros(3)`": ("a(3)", "cda.zeros", "np.zeros"),
    "`array(d)`": ("f(a)", "(cda.DynamicArray([1.0, 2.0, 3.0]), cda.array)", "(np.array([1.0, 2.0, 3.0]), np.array)"),
}
PROGRAM = """
import gc, os
import numpy as np
import cppdynarray as cda
gc.disable()
for statement, first in {loops}:
    scope = {{"np": np}}
    exec(f"def loop(count, a, f, x=1.0):\\n for _ in range(count):\\n  {{statement}}", scope)
    a = eval(first)
    a, f = a if type(a) is tuple else (a, None)
    scope["loop"](max({calls}), a, f)
    for calls in {calls}:
        os.fspath("")
        scope["loop"](calls, a, f)
    os.fspath("")
"""
MARK = "PyOS_FSPath"  # called where a loop begins and ends: Callgrind writes down what was counted before


def read_counts(file):
    """How many instructions each function executed, by object file and name."""
    counts, place, name, is_call = Counter(), "", "", False
    for line in file.read_text(errors="replace").splitlines():
        key, _, value = line.partition("=")
        if key == "ob":
            place = value
        elif key == "fn":
            name = value
        elif key == "calls":
            is_call = True  # the next line is what the called function took
        elif line[:1].isdigit():
            if not is_call:
                counts[place, name] += int(line.split()[1])
            is_call = False
    return counts


def owner_of(place):
    """Whose code an object file has."""
    if "/cppdynarray/" in place:
        return "cppdynarray"
    if "/numpy/" in place:
        return "NumPy"
    return "C library" if Path(place).name.startswith(("libc.", "libm.", "ld-", "libstdc++")) else "Python"


def count(loops):
    """How many instructions of which function each statement takes, one after the other in one process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            "valgrind", "--tool=callgrind", f"--dump-before={MARK}", f"--callgrind-out-file={folder}/counts",
            "--compress-strings=no", "--compress-pos=no", sys.executable, "-c",
            PROGRAM.format(loops=loops, calls=CALLS),
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        files = sorted(Path(folder).glob("counts.*"), key=lambda file: int(file.suffix[1:]))
        # Imports may call the function too.
        counts = [read_counts(file) for file in files[-3 * len(loops) :]]
    for short, long in zip(counts[1::3], counts[2::3], strict=True):
        yield Counter({key: (long[key] - short[key]) / (CALLS[1] - CALLS[0]) for key in long | short})


def by_owner(counts):
    total = Counter()
    for (place, _), each in counts.items():
        total[owner_of(place)] += each
    return {owner: round(each) for owner, each in total.most_common() if round(each)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", help="the cases that have this in their name")
    parser.add_argument("--functions", type=int, default=0, metavar="N", help="also the N functions that take most")
    parser.add_argument("--output", type=Path, help="a JSON file for docs/tables.py")
    options = parser.parse_args()
    cases = {name: case for name, case in CASES.items() if not options.only or options.only in name}
    counted = count([(statement, first) for statement, *firsts in cases.values() for first in firsts])
    results = []
    for name, ours, theirs in zip(cases, counted, counted, strict=True):
        results.append({"case": name, "ours": by_owner(ours), "theirs": by_owner(theirs)})
        for whose, counts in (("ours", ours), ("theirs", theirs)):
            print(f"{name:28} {whose:6} {counts.total():8,.0f}  {by_owner(counts)}")
            for (place, function), each in counts.most_common(options.functions):
                print(f"{each:12,.0f}  {Path(place).name.split('.')[0]:24} {function}")
    if options.output:
        options.output.write_text(json.dumps({"results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
