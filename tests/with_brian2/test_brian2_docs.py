"""The examples in the package and in docs/brian2.md run."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from brian2_process import run_brian2

from optional_libraries import import_library
from pages import code_blocks

growing = import_library("cppdynarray.brian2")
prefs = import_library("brian2").prefs
PAGE = Path(__file__).parents[2] / "docs" / "brian2.md"
MODULES = [
    growing,
    *(importlib.import_module(f"{growing.__name__}.{name}") for _, name, _ in pkgutil.iter_modules(growing.__path__)),
    importlib.import_module(f"{growing.__name__}.direct.reporting"),
]
# (where it is to be found, its name) of each public function
PUBLIC = [
    *((growing, name) for name in growing.__all__ if name != "direct"),
    *((growing.direct, name) for name in growing.direct.__all__),
]
NATIVE = growing.direct.is_supported()  # otherwise enable() refuses
FINDER = doctest.DocTestFinder(exclude_empty=True)
EXAMPLES = {test.name: test for module in MODULES for test in FINDER.find(module) if test.examples}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(name):
    if ".direct." in name and not NATIVE:
        pytest.skip("native code needs Brian2 2.11")
    output = []
    failed = doctest.DocTestRunner(verbose=False).run(EXAMPLES[name], out=output.append).failed
    assert failed == 0, "".join(output)


@pytest.mark.parametrize(("module", "name"), PUBLIC, ids=[f"{module.__name__}.{name}" for module, name in PUBLIC])
def test_every_public_name_has_an_example(module, name):
    assert f"{getattr(module, name).__module__}.{name}" in EXAMPLES


def test_code_on_the_page_runs():
    pytest.importorskip("matplotlib", reason="the page draws")
    blocks = [block for block in code_blocks(PAGE.read_text()) if NATIVE or ".direct." not in block]
    first = ["import os, tempfile", "os.environ['MPLBACKEND'] = 'agg'", "os.chdir(tempfile.mkdtemp())"]
    run_brian2("\n".join(first + blocks))


def test_the_page_names_what_there_is():
    page = PAGE.read_text()
    assert set(re.findall(r"cppdynarray\.brian2\.(\w+)", page)) == set(growing.__all__)
    assert set(re.findall(r"cppdynarray\.brian2\.direct\.(\w+)", page)) == set(growing.direct.__all__)


def test_the_page_names_all_preferences():
    preferences, _ = prefs.pref_register["cppdynarray"]
    assert set(re.findall(r'prefs\["cppdynarray\.(\w+)"\]', PAGE.read_text())) == set(preferences)
