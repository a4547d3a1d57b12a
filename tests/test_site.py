"""What docs/build.py makes of measurements: the picture of the history, and asv's pages."""

import json
import runpy
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from optional_libraries import import_library

DOCS = Path(__file__).parents[1] / "docs"
NAN = float("nan")
# Commit, day, and the quartiles of two operations; the last wasn't measured by these.
MADE_UP = [
    ("c", (2026, 2, 1), [2.0, 3.0, 4.0, 0.1, 0.2, 0.3]),
    ("a", (2026, 1, 31), [200.0, 300.0, 400.0, NAN, NAN, NAN]),
    ("b", (2026, 1, 31, 5), [1.0, 1.1, 1.2, NAN, NAN, NAN]),
    ("d", (2026, 2, 2), None),
]


@pytest.fixture
def history():
    import_library("matplotlib")
    import_library("asv")
    return runpy.run_path(str(DOCS / "history.py"))


@pytest.fixture
def made_up(history, tmp_path):
    from asv.results import Results
    from asv.runner import BenchmarkResult

    figures = [repr(figure) for figure in ("lower quartile", "median", "upper quartile")]
    for commit, day, values in MADE_UP:
        when = datetime(*day, tzinfo=UTC)
        results = Results({"machine": "m"}, {}, commit * 40, int(when.timestamp() * 1000), "3", "env", {})
        if values:
            benchmark = {"name": history["BENCHMARK"], "version": "1", "params": [["'old'", "'new'"], figures]}
            none = [None] * len(values)
            results.add_result(benchmark, BenchmarkResult(values, none, none, 0, "", None), started_at=when)
        results.save(str(tmp_path))
    (tmp_path / "m" / "machine.json").write_text('{"machine": "m", "version": 1}')
    return history["load"](tmp_path)


def test_every_ratio_has_a_panel(history):
    """After a new operation: asv_bench/README.md says how it is measured."""
    ratios = pytest.importorskip("benchmarks.ratios")
    commits = history["load"]()
    names = [axes.get_title("left") for axes in history["figure"](commits).axes if axes.get_visible()]
    assert names == list(map(history["turned"], ratios.Ratios.params[0]))
    assert names[0] == "list.append / append" and names[-1] == history["MEMORY"] == ratios.MEMORY
    assert len({each["commit"] for each in commits}) == len(commits)


def test_the_page_says_what_the_data_is(history, made_up):
    facts = history["facts"](made_up)
    assert facts == {"history_commits": 3, "history_first": "31 Jan 2026", "history_last": "1 Feb 2026"}
    page = (DOCS / "history.md").read_text()
    assert all(f"{{{{ {name} }}}}" in page for name in facts)


def test_a_panel_has_the_figures_and_a_gap_for_what_was_not_there(history, made_up):
    old, new = history["figure"](made_up).axes
    line, curve = new.lines
    assert line.get_ydata() == [1, 1]
    np.testing.assert_array_equal(curve.get_xdata(), [0, 1, 2])
    np.testing.assert_array_equal(curve.get_ydata(), [np.nan, np.nan, 5])
    for axes, low, high in ((old, 1 / 400, 1), (new, 1, 10)):
        assert axes.get_ylim()[0] < low and high < axes.get_ylim()[1]
        assert 2 <= len(axes.get_yticks()) <= 7
    assert [label.get_text() for label in old.get_xticklabels()] == ["31 Jan", "1 Feb"]


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
])
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
