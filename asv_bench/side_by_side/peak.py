"""
The most memory that a benchmark of `benchmarks.memory` takes, in a process of its own.

Linux only: the process sets back its high-water mark after the benchmark's `setup`, so that the
interpreter, the modules and the block of rows don't count, and reads it at the end.
"""

import os
import subprocess
import sys
from pathlib import Path

DIRECTORY = Path(__file__).parent.parent


def figure(path, field):
    """A figure of a file below /proc that has them in kB, in bytes."""
    with open(path) as file:
        return next(int(line.split()[1]) for line in file if line.startswith(f"{field}:")) * 1024


def available():
    """Bytes of memory that a program can have now."""
    return figure("/proc/meminfo", "MemAvailable")


def main(benchmark, method, kind, payload):
    from benchmarks import containers, memory

    made = getattr(memory, benchmark)()
    made.payload = int(payload)
    made.setup(kind)
    # What a first array takes once, and the import of a package.
    first = containers.container(kind, limit=16)
    first.extend(memory.values("f8", 16))
    first.rows()
    del first
    Path("/proc/self/clear_refs").write_text("5")
    before = figure("/proc/self/status", "VmRSS")
    getattr(made, method)(kind)
    print(figure("/proc/self/status", "VmHWM") - before)


def peak(benchmark, method, kind, payload):
    """Bytes at the peak; NotImplementedError where the kind isn't there."""
    variables = dict(os.environ, OPENBLAS_NUM_THREADS="1")
    process = subprocess.run(
        [sys.executable, "-m", __spec__.name, benchmark, method, kind, str(payload)],
        cwd=DIRECTORY, env=variables, capture_output=True, text=True, check=False,
    )
    if process.returncode:
        reason = process.stderr.strip().splitlines()[-1]
        if reason.startswith("NotImplementedError: "):
            raise NotImplementedError(reason.partition(": ")[2])
        raise RuntimeError(process.stderr)
    return int(process.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
