"""The examples in the package and in docs/brian2.md run."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from brian2_process import run_brian2

from optional_libraries import import_library
from test_docs import code_blocks

growing = import_library("cppdynarray.brian2")
PAGE = Path(__file__).parents[2] / "docs" / "brian2.md"
MODULES = [
    growing,
    *(importlib.import_module(f"{growing.__name__}.{name}") for _, name, _ in pkgutil.iter_modules(growing.__path__)),
]
FINDER = doctest.DocTestFinder(exclude_empty=True)
EXAMPLES = {test.name: test for module in MODULES for test in FINDER.find(module) if test.examples}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(name):
    output = []
    failed = doctest.DocTestRunner(verbose=False).run(EXAMPLES[name], out=output.append).failed
    assert failed == 0, "".join(output)


@pytest.mark.parametrize("name", growing.__all__)
def test_every_public_name_has_an_example(name):
    function = getattr(growing, name)
    assert f"{function.__module__}.{name}" in EXAMPLES


def test_code_on_the_page_runs():
    pytest.importorskip("matplotlib", reason="the page draws")
    run_brian2("\n".join(["import os", "os.environ['MPLBACKEND'] = 'agg'", *code_blocks(PAGE.read_text())]))


def test_the_page_names_what_there_is():
    mentioned = set(re.findall(r"cppdynarray\.brian2\.(\w+)", PAGE.read_text()))
    assert mentioned == set(growing.__all__)
