"""What docs/build.py makes of measurements: asv's pages."""

import json
import runpy
import shutil
from pathlib import Path

import pytest

from optional_libraries import import_library

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture
def asv_pages(tmp_path):
    """The module, and folders for a site and for npm's packages; a package's file says which it is."""
    module = runpy.run_path(str(DOCS / "asv_pages.py"))
    for file in module["SCRIPTS"].values():
        (tmp_path / "packages" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "packages" / file).write_text(file)
    return module, tmp_path / "site", tmp_path / "packages"


def test_asv_loads_no_script_from_elsewhere(asv_pages):
    asv = import_library("asv", "docs")
    module, site, packages = asv_pages
    shutil.copytree(Path(asv.__file__).parent / "www", site)
    module["bundle"](site, packages)
    page = (site / "index.html").read_text()
    for file in module["SCRIPTS"].values():
        assert f'"scripts/{file}"' in page
        assert (site / "scripts" / file).read_text() == file
    assert "integrity=" not in page


@pytest.mark.parametrize("tag", [
    '<script src="https://example.org/new.js"></script>',
    "<script async\n src='//example.org/new.js'></script>",
    '<link rel="stylesheet" href="http://example.org/new.css">',
])  # fmt: skip
def test_a_script_that_nobody_knows_ends_the_build(asv_pages, tag):
    module, site, packages = asv_pages
    site.mkdir()
    (site / "index.html").write_text(tag)
    with pytest.raises(SystemExit, match=r"index\.html: .*//example\.org/new"):
        module["bundle"](site, packages)


def test_npm_is_told_of_every_package(asv_pages):
    packages = {file.split("/")[0] for file in asv_pages[0]["SCRIPTS"].values()}
    wanted = json.loads((DOCS / "asv_scripts" / "package.json").read_text())["dependencies"]
    locked = json.loads((DOCS / "asv_scripts" / "package-lock.json").read_text())["packages"]
    assert packages == set(wanted)
    assert wanted == {name.removeprefix("node_modules/"): each["version"] for name, each in locked.items() if name}
