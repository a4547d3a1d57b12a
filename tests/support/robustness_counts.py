"""Brings the numbers of cases in docs/robustness.md up to date: as many as pytest collects.

python3 tests/support/robustness_counts.py [--check]
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "robustness.md"
CASES = re.compile(r"[\d,]+ cases")


def count(names):
    """How many tests there are in these files."""
    files = [str(path) for name in names for path in (ROOT / "tests").rglob(Path(name).name)]
    collected = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )
    return sum("::" in line for line in collected.stdout.splitlines())


def updated(line):
    """A row of the page's table: what it says of files with tests."""
    names = re.findall(r"`([\w/]*test_\w+\.py)`", line)
    return CASES.sub(f"{count(names):,} cases", line) if names and CASES.search(line) else line


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Counts the cases that docs/robustness.md speaks of.")
    parser.add_argument("--check", action="store_true", help="say whether they are right, and change nothing")
    arguments = parser.parse_args()
    before = PAGE.read_text()
    after = "\n".join(map(updated, before.split("\n")))
    if not arguments.check:
        PAGE.write_text(after)
    elif before != after:
        sys.exit("docs/robustness.md has other numbers: python3 tests/support/robustness_counts.py writes them")
