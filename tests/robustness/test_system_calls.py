"""Every call to the system that an operation makes fails: the array stays as it was, or the operation
does without.
"""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import system_faults
from subprocesses import linux_only

HERE = Path(__file__).parent
SYSTEM_CALLS = "mmap,mprotect,madvise,munmap"
FOR_EVER = 10**9


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    """failing_calls.c, compiled."""
    compiler = shlex.split(os.environ.get("CC") or shutil.which("cc") or "")
    if not compiler:
        pytest.skip("no C compiler: install one, or name it by the variable CC")
    library = tmp_path_factory.mktemp("shim") / "failing_calls.so"
    subprocess.run(
        [*compiler, "-O1", "-shared", "-fPIC", "-o", library, HERE / "failing_calls.c", "-ldl"], check=True
    )
    return library


def run(shim, dtypes, kinds, count):
    """For each operation how many calls failed, and how many operations raised MemoryError."""
    process = subprocess.run(
        [sys.executable, "-X", "faulthandler", HERE / "system_faults.py", dtypes, kinds, str(count)],
        env={**os.environ, "LD_PRELOAD": str(shim), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    results = {name: (int(faults), int(errors))
               for name, faults, errors in map(lambda line: line.split("\t"), process.stdout.splitlines())}
    print("faults:", sum(faults for faults, _ in results.values()), "errors:", sum(e for _, e in results.values()))
    assert results.keys() == system_faults.OPERATIONS.keys()
    return results


@linux_only
@pytest.mark.parametrize("dtypes", ["f8,O", pytest.param("T", marks=pytest.mark.slow)])
def test_one_call_fails(shim, dtypes):
    results = run(shim, dtypes, SYSTEM_CALLS, 1)
    # For each call there is another way: fewer pages, fewer addresses, the heap, zeros written by hand.
    assert all(errors == 0 for _, errors in results.values())
    for name in ("append", "append past max_size", "resize", "shrink_to_fit", "make", "trim"):
        assert results[name][0] > 0


@linux_only
@pytest.mark.parametrize("dtypes", ["f8,O", pytest.param("T", marks=pytest.mark.slow)])
def test_all_calls_fail_from_one_on(shim, dtypes):
    results = run(shim, dtypes, SYSTEM_CALLS, FOR_EVER)
    assert results["append"][1] > 0  # no more pages: there is no other way
    assert results["append past max_size"][1] == 0  # no more addresses: the heap


@linux_only
@pytest.mark.slow
@pytest.mark.parametrize("count", [1, FOR_EVER])
def test_allocations_fail_too(shim, count):
    """Without strings, see test_python_memory.py."""
    results = run(shim, "f8,O", SYSTEM_CALLS + ",malloc", count)
    assert results["extend by a list"][1] > 0
