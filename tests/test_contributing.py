"""CONTRIBUTING.md: its links lead somewhere, and its map has every file of the library."""

import re
import subprocess
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()
FIRST_CELLS = re.findall(r"^\| (`.*?`) \|", TEXT, re.MULTILINE)
PLACES = [place for cell in FIRST_CELLS for place in re.findall("`(.*?)`", cell)]
# What needs no explanation; a .pxd goes with its .pyx.
OBVIOUS = ("__init__.py", "_version.py", "py.typed")


@pytest.mark.parametrize("place", PLACES)
def test_places_exist(place):
    # Files of the core stand under the name of their folder.
    assert any(any(ROOT.glob(pattern)) for pattern in (place, f"src_cpp/**/{place}", f"cppdynarray/_core/{place}"))


def test_every_file_of_the_library_has_a_place():
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    command = ["git", "ls-files", "cppdynarray", "src_cpp"]
    files = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert files
    for file in map(PurePosixPath, files):
        names = [file, file.with_suffix(".pyx")] if file.suffix == ".pxd" else [file]
        assert file.name in OBVIOUS or any(
            str(name).startswith(place) if place.endswith("/") else name.match(place)
            for name in names
            for place in PLACES
        ), file


def test_every_folder_of_tests_is_named():
    (row,) = re.findall(r"^\| `tests/` \|.*$", TEXT, re.MULTILINE)
    folders = {path.parent.name for path in ROOT.glob("tests/[a-z]*/*.*")}
    assert set(re.findall(r"`(\w+)/`", row)) - {"tests"} == folders


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#\s]+)\)", TEXT))
def test_links_lead_somewhere(target):
    assert (ROOT / target).exists()
