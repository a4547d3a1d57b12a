"""Random programs on files, a few of each run's seed: support/random_file_programs.py has them."""

import sys

import hypothesis
import pytest

if sys.platform == "win32":
    pytest.skip("there are no arrays on files on Windows", allow_module_level=True)

from random_file_programs import FileMachine

FileMachine.TestCase.settings = hypothesis.settings(max_examples=25, stateful_step_count=25, deadline=None)
TestDynamicMemmap = FileMachine.TestCase
