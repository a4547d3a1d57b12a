"""Runs code with Brian2 in an interpreter of its own."""

import textwrap

from subprocesses import run_process

PRELUDE = """
import warnings
warnings.simplefilter("default")  # what Brian2 and the libraries below it warn of is theirs
"""


def run_brian2(code, folder="."):
    """The lines that the code prints; preference files are looked for in `folder`."""
    code = f"{PRELUDE}\nimport os\nos.chdir({str(folder)!r})\n{textwrap.dedent(code)}"
    process = run_process(code, timeout=600)
    assert process.returncode == 0, f"exit status {process.returncode}\n{process.stdout}\n{process.stderr}"
    return process.stdout.splitlines()
