"""Runs code in an interpreter of its own, for what concerns a whole process."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import cppdynarray as cda

linux_only = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="it reads /proc or sets Linux's limits"
)

# What measurements in a fresh interpreter begin with.
PRELUDE = """
import ctypes, gc, os, resource, sys
import numpy as np

def resident():
    "Bytes of memory in use by the process."
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

def peak():
    "The most there ever was of it."
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:")) * 1024
"""


def run_process(code, *, environment=None, timeout=300):
    """The finished process of ``python -W error -c code``."""
    variables = {
        name: value for name, value in os.environ.items() if not name.startswith("CPPDYNARRAY_")
    }
    variables["PYTHONPATH"] = os.pathsep.join(
        [str(Path(cda.__file__).parent.parent), *sys.path[1:]]
    )
    # One thread each: the stacks of others count as memory.
    variables |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", **(environment or {})}
    return subprocess.run(
        [sys.executable, "-W", "error", "-X", "faulthandler", "-c", textwrap.dedent(code)],
        env=variables,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def run_python(code, **options):
    """What the code prints; it must end well and say nothing on stderr."""
    process = run_process(code, **options)
    assert process.returncode == 0, (
        f"exit status {process.returncode}\n{process.stdout}\n{process.stderr}"
    )
    assert process.stderr == ""
    return process.stdout


def measure(code, **options):
    """The numbers that the code prints, after PRELUDE."""
    return [
        int(float(number))
        for number in run_python(PRELUDE + textwrap.dedent(code), **options).split()
    ]
