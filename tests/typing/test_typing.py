"""Stubs: mypy and pyright agree about them, the built modules have what they say, and it is true."""

import doctest
import os
import re
import subprocess
import sys
import types
import typing
from pathlib import Path

import numpy as np
import pytest

from optional_libraries import import_library
from pages import DOCUMENTED, PAGES, code_blocks

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# The examples that need others are left to the tests that run them.
TYPED_LIBRARIES = {"cppdynarray", "matplotlib", "numpy"}
# Examples may have functions without types, and lines that only show a value.
SETTINGS = """\
# mypy: disable-error-code="no-untyped-def, no-untyped-call"
# pyright: basic, reportUnusedExpression=false
"""


def run(*command):
    """What a checker, started where its settings are, says if it finds anything."""
    done = subprocess.run(
        [sys.executable, "-m", *map(str, command)],
        cwd=ROOT, env=os.environ | {"MYPYPATH": str(ROOT)}, capture_output=True, text=True, timeout=600,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.fixture(scope="module")
def checked_files(tmp_path_factory):
    """The stubs, the files beside this one, the gallery, and the code in the pages and docstrings."""
    examples = {path.stem: "\n".join(code_blocks(path.read_text())) for path in PAGES}
    examples |= {path.stem: path.read_text() for path in (ROOT / "docs" / "gallery").glob("*.py")}
    for name, docstring in DOCUMENTED.items():
        sources = [example.source for example in doctest.DocTestParser().get_examples(docstring)]
        examples[name.replace(".", "_")] = "".join(sources)
    folder = tmp_path_factory.mktemp("examples")
    for name, code in examples.items():
        imported = set(re.findall(r"^ *(?:import|from) (\w+)", code, re.MULTILINE))
        if imported and imported <= TYPED_LIBRARIES | sys.stdlib_module_names:
            (folder / f"example_{name}.py").write_text(SETTINGS + code)
    return [*(ROOT / "cppdynarray").glob("**/*.pyi"), *HERE.glob("re*.py"), *folder.glob("*.py")]


def test_mypy(checked_files):
    import_library("mypy", group="types")
    assert run("mypy", "--cache-dir", os.devnull, *checked_files) == ""


def test_pyright(checked_files):
    import_library("pyright", group="types")
    # Unless told where the settings are, pyright takes the first pyrightconfig.json in any folder above.
    settings = ROOT / "pyproject.toml"
    assert run("pyright", "--project", settings, "--pythonpath", sys.executable, *checked_files) == ""


def test_stubs_have_what_the_built_modules_have():
    import_library("mypy", group="types")
    allowed = HERE / "stubtest_allowed.txt"
    assert run("mypy.stubtest", "cppdynarray", "--concise", "--allowlist", allowed, "--ignore-unused-allowlist",
               "--mypy-config-file", ROOT / "pyproject.toml") == ""


def assert_is(value, expected):
    """What typing.assert_type says of a value's type, found out at run time."""
    arguments = typing.get_args(expected)
    if expected is typing.Any:
        return
    if isinstance(expected, types.UnionType):
        assert type(value) in arguments
        return
    assert type(value) is (typing.get_origin(expected) or expected)
    if isinstance(value, np.ndarray) and arguments:
        shape, dtype = map(typing.get_args, arguments)
        assert shape[-1] is Ellipsis or len(shape) == value.ndim
        assert dtype[0] is typing.Any or value.dtype.type is dtype[0]
    elif type(value) is tuple:
        for each, argument in zip(value, arguments, strict=True):
            assert_is(each, argument)
    elif type(value) is list:
        for each in value:
            assert_is(each, arguments[0])


def test_revealed_types_are_true(monkeypatch):
    seen = []

    def assert_type(value, expected):
        assert_is(value, expected)
        seen.append(expected)

    monkeypatch.setattr(typing, "assert_type", assert_type)
    code = (HERE / "revealed.py").read_text()
    exec(compile(code, "revealed.py", "exec"), {"__name__": "revealed"})
    assert len(seen) == len(re.findall(r"^ *assert_type\(", code, re.MULTILINE))


def test_rejected_lines_raise():
    namespace = {}
    for line in (HERE / "rejected.py").read_text().splitlines()[1:]:
        if "# type: ignore" in line:
            with pytest.raises((TypeError, ValueError, AttributeError, KeyError)):
                exec(line, namespace)
        else:
            exec(line, namespace)
