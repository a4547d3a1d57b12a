"""The documentation: docstrings are complete and their examples run, as does README.md's code."""

import doctest
import importlib
import inspect
import itertools
import json
import os
import pickle
import re
import runpy
import shutil
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import numpy as np
import pytest

import cppdynarray as cda
from optional_libraries import import_library
from pages import DOCUMENTED, FORWARDED, LIBRARIES_PAGE, PAGES, ROOT, code_blocks, is_ours, modules
from subprocesses import run_process, run_python

WITH_EXAMPLES = {name: doc for name, doc in DOCUMENTED.items() if ">>>" in doc}


def run_examples(text, name):
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert test.examples
    output = []
    before = cda.get_options()
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    failed = runner.run(test, out=output.append, clear_globs=True).failed
    assert cda.get_options() == before
    assert failed == 0, "".join(output)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples(name):
    run_examples(WITH_EXAMPLES[name], name)


def public_names():
    for module in (
        cda,
        *map(
            importlib.import_module,
            ("cppdynarray._core._creation", "cppdynarray.options", "cppdynarray.testing"),
        ),
    ):
        for name in module.__all__:
            if not name.startswith("__"):
                yield f"{module.__name__}.{name}", getattr(module, name)
    namespace = importlib.import_module("cppdynarray.numpy")
    for name, value in vars(namespace).items():
        if not name.startswith("_") and is_ours(value):
            yield f"cppdynarray.numpy.{name}", value
    for name, value in vars(cda.DynamicArray).items():
        if not name.startswith("_") and name not in FORWARDED:
            yield f"cppdynarray.DynamicArray.{name}", value


PUBLIC = dict(public_names())


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_documented(name):
    value = PUBLIC[name]
    assert value.__doc__, "no docstring"
    lines = value.__doc__.strip().splitlines()
    first = lines[0] if "(" not in lines[0].split(" ")[0] else lines[2]
    assert first.rstrip().endswith("."), first
    if callable(value):
        if not name.startswith("cppdynarray.numpy."):
            assert "Examples\n" in value.__doc__, "no examples"
            assert ">>>" in value.__doc__
        if inspect.isbuiltin(value) or isinstance(value, type):
            return
        try:
            parameters = inspect.signature(value).parameters
        except ValueError:
            return
        if value.__doc__.startswith("As ``numpy."):
            return
        for parameter, description in parameters.items():
            if parameter != "self" and description.kind not in (
                description.VAR_POSITIONAL,
                description.VAR_KEYWORD,
            ):
                assert re.search(rf"(^|[\s`*,]){parameter}\b", value.__doc__), (
                    f"{parameter} is not mentioned"
                )


@pytest.mark.parametrize("name", [name for name in DOCUMENTED if "._" not in name])
def test_numpydoc_sections_are_known_and_underlined(name):
    known = {
        "Parameters",
        "Returns",
        "Raises",
        "See Also",
        "Notes",
        "Examples",
        "Yields",
        "Attributes",
        "Warns",
    }
    lines = inspect.cleandoc(DOCUMENTED[name]).splitlines()
    seen = []
    for line, below in itertools.pairwise(lines):
        if below and set(below) == {"-"} and len(below) > 2:
            assert line in known, line
            assert len(below) == len(line), f"{line!r} is underlined by {len(below)}"
            seen.append(line)
    order = ["Parameters", "Returns", "Yields", "Raises", "Warns", "See Also", "Notes", "Examples"]
    assert seen == [section for section in order if section in seen] or "Attributes" in seen


def test_signatures_can_be_read():
    for name in (
        "append",
        "extend",
        "insert",
        "pop",
        "resize",
        "reserve",
        "shrink_to_fit",
        "clear",
        "as_numpy",
        "to_numpy",
        "copy",
    ):
        parameters = list(inspect.signature(getattr(cda.DynamicArray, name)).parameters)
        assert parameters[0] == "self", name
    assert list(inspect.signature(cda.DynamicArray).parameters)[:2] == ["contents", "dtype"]


def test_methods_of_ndarray_keep_numpys_docstrings():
    assert {"sum", "reshape", "view", "astype", "max"} <= FORWARDED


def test_public_names_exist():
    for module in modules():
        for name in getattr(module, "__all__", ()):
            assert hasattr(module, name), f"{module.__name__}.{name}"
    assert sorted(cda.__all__) == cda.__all__


def test_version():
    assert re.fullmatch(r"\d+\.\d+.*", cda.__version__)


BRIAN2_PAGE = ROOT / "docs" / "brian2.md"  # with_brian2/ runs it


def pages_with(language):
    pages = [page for page in PAGES if page not in (LIBRARIES_PAGE, BRIAN2_PAGE)]
    return [page for page in pages if code_blocks(page.read_text(), language)]


def import_all(code):
    for name in re.findall(r"^(?:>>> )?(?:import|from) (\w+)", code, re.MULTILINE):
        import_library(name)


def program(blocks, directory):
    """Python blocks one after another, run where they may write files."""
    return "\n".join([f"import os\nos.chdir({str(directory)!r})", *blocks])


@pytest.mark.parametrize("path", pages_with("python"), ids=lambda path: path.name)
def test_code_in_the_documentation_runs(path, tmp_path):
    code = program(code_blocks(path.read_text()), tmp_path)
    import_all(code)
    run_python(code)


@pytest.mark.parametrize("path", pages_with("pycon"), ids=lambda path: path.name)
def test_examples_in_the_documentation(path):
    examples = "\n".join(code_blocks(path.read_text(), "pycon"))
    import_all(examples)
    run_examples(examples, path.name)


LIVE = """
    import io, os, runpy, sys, threading
    import matplotlib
    matplotlib.use("agg")
    matplotlib.get_backend = lambda: "a window"
    import matplotlib.pyplot as plt
    os.chdir({folder!r})
    # Shown for as long as it takes.
    plt.show = lambda: [thread.join() for thread in threading.enumerate() if thread.daemon]
    sys.stdin = io.StringIO({lines!r})
    sys.argv = ["live.py", *{arguments!r}]
    script = runpy.run_path({path!r})
    script["update"](0)
    print(list(script["curve"].get_xdata()), script["curve"].get_ydata().tolist())
    print(script["axes"].get_xlabel(), "|", script["axes"].get_ylabel())
    script["animation"]._draw_was_started = True  # nobody looks at it, which is no mistake
"""


@pytest.mark.parametrize(
    ("arguments", "shown", "label"),
    [
        ([], 3, "value"), (["--last", "2", "--label", "volt"], 2, "volt"),
        (["--save", "n.npy"], 3, "value"), (["--save", "n.npy", "--last", "2"], 2, "value"),
    ],
    ids=["all", "last", "saved", "last of saved"],
)
def test_live_plot_of_the_quickstart(arguments, shown, label, tmp_path):
    lines = "0.5\nnothing\n\n-1e3\n7\n"
    path = str(ROOT / "docs" / "live.py")
    code = textwrap.dedent(LIVE).format(lines=lines, arguments=arguments, path=path, folder=str(tmp_path))
    done = run_process(code)
    assert done.returncode == 0, done.stderr
    points, labels = done.stdout.strip().splitlines()
    assert points == f"{list(range(3))[-shown:]} {[0.5, -1000.0, 7.0][-shown:]}"
    assert labels == f"number of the reading | {label}"
    assert done.stderr == "line 2 is no number, skipped: nothing\n"
    if "--save" in arguments:  # run again, it goes on
        assert run_process(code).returncode == 0
        assert np.load(tmp_path / "n.npy").tolist() == [0.5, -1000.0, 7.0] * 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--help"], 0, "as they come in"),
        (["--last", "0"], 2, "argument --last: invalid positive value: '0'"),
        ([], 1, "live.py: there is no display to plot on; start it in a graphical session, or log in with 'ssh -X'"),
    ],
    ids=["help", "bad number", "no display"],
)
def test_live_plot_says_what_is_wrong(arguments, code, said):
    pytest.importorskip("matplotlib")
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "live.py", *arguments],
        input="1\n", capture_output=True, text=True, timeout=120, env=environment | {"MPLBACKEND": "agg"},
    )
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    if code == 1:
        assert done.stderr.strip() == said


# Sentences that say that something isn't copied, by what follows the page's name, and what shows that it is so: a
# function here, or a test elsewhere.

NO_COPY = re.compile(
    r"\b(?:no|without a|needs? no|no need for a) copy\b|(?:copies|copied) nothing|nothing is copied"
    r"|n[o']t cop(?:y|ied)|without copying|zero.copy",
    re.IGNORECASE,
)


def view_of_an_array():
    d = cda.DynamicArray([1.0, 2.0])
    view = d[:]
    for x in range(100_000):
        d.append(x)
    assert np.shares_memory(d, view)
    d[0] = 7
    assert view[0] == 7


def pickle_out_of_band():
    d, buffers = cda.DynamicArray(np.arange(1000.0)), []
    assert len(pickle.dumps(d, protocol=5, buffer_callback=buffers.append)) < 1000
    assert np.shares_memory(np.frombuffer(buffers[0]), d)


def window_that_moves_on():
    w = cda.RollingArray(np.arange(1024.0), maxlen=1024)
    seen = w[:]
    assert np.shares_memory(seen, w)
    w.extend(np.arange(1024.0))
    assert np.array_equal(seen, np.arange(1024.0))


CLAIMS = {
    "index.md: view = d[:] # no copy": view_of_an_array,
    "libraries.md: so pickling doesn't copy": pickle_out_of_band,
    "plot_oscilloscope.py: so there is no need for a copy": window_that_moves_on,
    "cpp.md: without a copy": "test_extensions.py::test_what_cpp_made_becomes_an_array_without_a_copy",
    "brian2.md: **Looking at it while it runs** copies nothing":
        "with_brian2/test_brian2_views.py::test_the_array_itself_grows_while_the_network_runs",
    "brian2.md: a recording can be looked at while the network runs**, without a copy":
        "with_brian2/test_brian2_views.py::test_the_array_itself_grows_while_the_network_runs",
}


def test_what_is_said_not_to_be_copied():
    found = set()
    for page in [*PAGES, *sorted((ROOT / "docs").glob("gallery/*.py"))]:
        text = " ".join(page.read_text().replace("\n#", "\n").split())
        for match in NO_COPY.finditer(text):
            before = f"{page.name}: {text[: match.end()]}"
            (claim,) = [c for c in CLAIMS if c.startswith(f"{page.name}: ") and before.endswith(c.partition(": ")[2])]
            found.add(claim)
    assert found == set(CLAIMS)


@pytest.mark.parametrize("claim", CLAIMS)
def test_it_is_not_copied(claim):
    shown = CLAIMS[claim]
    if callable(shown):
        shown()
    else:
        file, name = shown.split("::")
        code = (ROOT / "tests" / file).read_text().partition(f"def {name}(")[2].partition("\ndef ")[0]
        assert "shares_memory" in code or "__array_interface__" in code or "address" in code


# Dask says so where another of its clusters runs, as in a test beside this one.
TOGETHER = "import warnings; warnings.filterwarnings('ignore', 'Port 8787 is already in use')"
START, *SECTIONS = LIBRARIES_PAGE.read_text().split("\n## ")


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.splitlines()[0])
def test_code_for_each_library_runs(section, tmp_path):
    """Each library's code goes on from the code at the start of the page."""
    code = code_blocks(section)
    assert code
    import_all(code[0])
    code = [TOGETHER, *code_blocks(START), *code]
    process = run_process(program(code, tmp_path))
    # Libraries, Dask for one, may log on stderr what is no failure.
    assert process.returncode == 0, process.stderr


@pytest.mark.skipif(not shutil.which("c++"), reason="no C++ compiler")
def test_compiled_examples(tmp_path):
    """docs/cpp is built by the commands of docs/cpp.md, and works."""
    import_library("pybind11")
    folder = shutil.copytree(ROOT / "docs" / "cpp", tmp_path / "cpp")
    commands = ["set -eu", *code_blocks((ROOT / "docs" / "cpp.md").read_text(), "sh"), "./alone"]
    environment = os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    done = subprocess.run(
        ["sh", "-c", "\n".join(commands)], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_tables_are_those_of_the_report():
    """After a new report: python3 docs/tables.py."""
    tables = runpy.run_path(str(ROOT / "docs" / "tables.py"))
    report = tables["Report"](tables["REPORT"])
    for page in tables["PAGES"]:
        text = page.read_text()
        assert "<!-- table: " in text
        assert tables["with_tables"](text, report) == text, page


def test_table_of_native_code_is_what_was_measured():
    """After a new measurement: python3 docs/native.py."""
    native = runpy.run_path(str(ROOT / "docs" / "native.py"))
    text = native["PAGE"].read_text()
    measured = json.loads(native["DATA"].read_text())
    table = native["table"](measured)
    assert native["with_table"](text, measured) == text
    assert table in text
    # What the page says beside it.
    assert all(made["compiled for copies"] == 0 for made in measured["cold"]["native"])


def test_drawings_are_those_of_the_scripts(tmp_path):
    """After a change: python3 docs/drawings/draw.py."""
    drawings = ROOT / "docs" / "drawings"
    subprocess.run([sys.executable, drawings / "draw.py", tmp_path], check=True)
    drawn = {file.name for file in tmp_path.iterdir()}
    assert drawn == {file.name for file in drawings.glob("*.svg")}
    for name in drawn:
        assert texts(tmp_path / name) == texts(drawings / name), name


def texts(drawing):
    """What a drawing says: its lines depend on the version of Matplotlib, its words don't."""
    return re.findall(r"<!-- (.*?) -->", drawing.read_text())


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_to_files_lead_somewhere(path):
    text = re.sub(r"```.*?```|`[^`]*`", "", path.read_text(), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)|(?:src|srcset)=\"([^\"]+)\"", text)
    for target in map("".join, links):
        made_by_the_build = target.startswith(("auto_gallery/", "_build/"))
        if "://" not in target and not target.startswith("mailto:") and not made_by_the_build:
            assert (path.parent / target).exists(), target


def public_methods(cls):
    """What a class has beyond ndarray, of the package's own."""
    own = [base for base in cls.__mro__ if base.__module__.partition(".")[0] == "cppdynarray"]
    return {name for base in own for name in vars(base) if not name.startswith("_") and not hasattr(np.ndarray, name)}


@pytest.mark.parametrize(
    "cls", [cda.DynamicArray, cda.RollingArray, cda.DynamicTable, cda.DynamicMemmap, cda.MemmapTable]
)
def test_the_cheatsheet_has_every_call(cls):
    text = (ROOT / "docs" / "cheatsheet.md").read_text()
    names = public_methods(cls) | set(cda.__all__)
    assert [name for name in sorted(names) if not re.search(rf"\b{name}\b", text)] == []


REFERENCE = "\n".join(page.read_text() for page in sorted((ROOT / "docs" / "reference").glob("*.rst")))


@pytest.mark.parametrize("cls", [cda.DynamicArray, cda.RollingArray, cda.DynamicTable])
def test_the_reference_has_every_method(cls):
    assert [name for name in sorted(public_methods(cls)) if f":: {cls.__name__}.{name}\n" not in REFERENCE] == []


@pytest.mark.parametrize("name", ["", ".brian2", ".brian2.direct", ".testing"])
def test_the_reference_has_every_name(name):
    module = f"cppdynarray{name}"
    if "brian2" in name:
        import_library("brian2")
    names = set(importlib.import_module(module).__all__) - {"__version__", "direct"}
    assert [each for each in sorted(names) if not re.search(rf":: ({module}\.)?{each}\n", REFERENCE)] == []


def test_the_repository_is_named_in_one_place():
    """What has to be absolute, such as the README's links on PyPI, is made from it."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    address = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Source"]
    command = ["git", "grep", "-l", "--fixed-strings", address]
    named = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert named == ["pyproject.toml"]
