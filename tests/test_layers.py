"""Each layer of the core knows only those below it: the rows of CONTRIBUTING.md's map, from the first to the last."""

import ast
import re
from fnmatch import fnmatch
from graphlib import TopologicalSorter
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
INCLUDE = ROOT / "src_cpp/include/cppdynarray"
FOLDERS = [INCLUDE / "internal", INCLUDE, ROOT / "src_cpp/numpy", ROOT / "cppdynarray/_core"]


def read_layers():
    """The names of files, as patterns, a list a layer."""
    core = (ROOT / "CONTRIBUTING.md").read_text().split("## Where things live")[1].split("| The rest |")[0]
    rows = re.findall(r"^\| (`.*?`) \|", core, re.MULTILINE)
    return [[name for name in re.findall("`(.*?)`", row) if not name.endswith("/")] for row in rows]


LAYERS = read_layers()
FILES = {
    path.name: path
    for folder in FOLDERS
    for suffix in ("hpp", "pyx", "pxd", "py")
    for path in folder.glob(f"*.{suffix}")
    if path.name != "__init__.py"
}


def layer_of(name):
    """The number of a file's layer; a .pxd is in that of its .pyx."""
    names = [name, str(Path(name).with_suffix(".pyx"))]
    found = [number for number, layer in enumerate(LAYERS) for place in layer if any(fnmatch(n, place) for n in names)]
    assert len(set(found)) == 1, f"{name} is in {len(found)} rows of the map"
    return found[0]


def known_to(name):
    """The names of the core's files that a file includes, imports or cimports."""
    text = FILES[name].read_text()
    if name.endswith(".hpp"):
        return {Path(path).name for path in re.findall(r'#include "(.*)"', text)}
    headers = {Path(path).name for path in re.findall(r'cdef extern from "(.*?)"', text)}
    modules = set()
    for package, how, names in re.findall(
        r"^from cppdynarray\._core(?:\.(\w+))? (import|cimport) (\([^)]*\)|.*)$", text, re.MULTILINE
    ):
        for module in [package] if package else re.findall(r"\w+", names.split("#")[0]):
            files = [f"{module}.pxd", f"{module}.pyx"] if how == "cimport" else [f"{module}.pyx", f"{module}.py"]
            modules.add(next(file for file in files if file in FILES))
    return (headers & FILES.keys()) | modules - {name, str(Path(name).with_suffix(".pxd"))}


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_knows_no_layer_above(name):
    known = known_to(name)
    above = {other for other in known if layer_of(other) > layer_of(name)}
    assert not above, f"{name} knows {', '.join(sorted(above))}"


def test_no_circles():
    graph = {name: known_to(name) for name in FILES}
    assert sum(map(len, graph.values())) > 150  # the patterns find what they look for
    TopologicalSorter(graph).prepare()


def test_the_drawing_agrees():
    """Its layers are those of the map, from the top."""
    source = (ROOT / "docs/drawings/architecture.py").read_text()
    drawn = ast.literal_eval(source.split("LAYERS = ")[1].split("\n]\n")[0] + "]")
    rows = []
    for title, _, files in drawn[1:]:
        names = {f"{file}.{suffix}" for file in files.split(", ") for suffix in ("hpp", "pyx")} & FILES.keys()
        found = [layer_of(name) for name in names]
        assert len(found) == len(files.split(", ")), title
        rows.append(found)
    assert all(min(above) > max(below) for above, below in pairwise(rows))
