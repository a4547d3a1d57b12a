"""docs/upstream: the programs in our reports to other projects do what the reports say."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from optional_libraries import import_library
from subprocesses import linux_only

REPORTS = Path(__file__).parent.parent / "docs" / "upstream"
CRASHES = {-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS} if sys.platform != "win32" else set()


def block(page, kind):
    """The only block of a kind in a report."""
    (found,) = re.findall(rf"```{re.escape(kind)}\n(.*?)```", (REPORTS / page).read_text(), re.DOTALL)
    return found


def run(page, *arguments):
    """The report's program, in a process of its own."""
    program = block(page, "{code-block} python")
    assert "cppdynarray" not in program
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *arguments], capture_output=True, text=True, timeout=300
    )


def test_every_report_is_in_the_index_and_tested():
    listed = re.search(r"```\{toctree\}\n:maxdepth: 1\n\n(.*?)```", (REPORTS / "index.md").read_text(), re.DOTALL)
    names = listed[1].split()
    assert {f"{name}.md" for name in names} == {path.name for path in REPORTS.glob("*.md")} - {"index.md"}
    assert all(name in Path(__file__).read_text() for name in names)


@linux_only
def test_numpy_searchsorted():
    process = run("numpy_searchsorted.md", "20")
    if process.returncode == 0 and np.lib.NumpyVersion(np.__version__) > "2.5.99":
        pytest.xfail(f"NumPy {np.__version__} didn't crash: if it is mended, say so in the report")
    assert process.returncode in CRASHES, (process.returncode, process.stdout, process.stderr)


@linux_only
def test_numpy_string_sort():
    process = run("numpy_string_sort.md")
    if np.lib.NumpyVersion(np.__version__) < "2.4.0":
        pytest.skip("NumPy 2.0 sorts it; which of the versions up to 2.4 does was not tried")
    if process.returncode == 0 and np.lib.NumpyVersion(np.__version__) > "2.5.99":
        pytest.xfail(f"NumPy {np.__version__} didn't crash: if it is mended, say so in the report")
    assert process.returncode in CRASHES, (process.returncode, process.stdout, process.stderr)


def test_pandas_index():
    pandas = import_library("pandas")
    process = run("pandas_index.md")
    assert (process.returncode, process.stderr) == (0, "")
    printed, expected = process.stdout, block("pandas_index.md", "text")
    if pandas.__version__ < "3":
        expected = expected.replace("False", "True")
    assert printed == expected


def test_brian2():
    page = (REPORTS / "brian2.md").read_text()
    package = REPORTS.parents[1] / "cppdynarray" / "brian2"
    templates = list((package / "direct" / "templates").glob("*.cpp.jinja"))
    assert f"**{len(templates)} templates**" in page
    overridden = re.findall(r"^    def ([a-z]\w*)\(self, ", (package / "device.py").read_text(), re.MULTILINE)
    named = set(re.findall(r"`(\w+)`", page))
    assert set(overridden) - {"queue_of"} <= named
    sources = "".join(path.read_text() for path in package.rglob("*.py"))
    names = "_clocks _schedule _code_objects _variables _implementations _find_K _maximum_run_time".split()
    for name in names:
        assert name in sources and name in page
