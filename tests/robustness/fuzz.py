"""Lets atheris look for bytes that break what hypothesis tries at random, until it is stopped.

    python3 -m pip install atheris
    python3 tests/robustness/fuzz.py -max_total_time=600

The options are libFuzzer's. What it finds is written to a file, which, named as an argument, is run again.
"""

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
with atheris.instrument_imports(include=["test_hostile_values"]):
    from test_hostile_values import test_any_value

atheris.Setup(sys.argv, test_any_value.hypothesis.fuzz_one_input)
atheris.Fuzz()
