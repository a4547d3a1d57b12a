"""The side-by-side report: its arithmetic, on times made up here, and that it runs; no time is
looked at.
"""

import gc
import json
import subprocess
import sys
import tomllib
from operator import attrgetter
from pathlib import Path

import numpy as np
import pytest

import cppdynarray as cda
from side_by_side import measure, tables
from side_by_side.rows import rows

DIRECTORY = Path(__file__).parent.parent / "asv_bench"
TARGETS = tomllib.loads(tables.TARGETS.read_text())["target"]


def result(ratio, /, **changes):
    """A result in which ours takes `ratio` times the peer's time."""
    made = {"row": "read", "case": "f8", "size": 1000, "peer": "ndarray", "unit": "s"}
    return made | measure.compared([(ratio, 1.0)] * 3) | changes


def test_pairs_alternate_with_the_collector_off():
    calls = []

    def contender(name):
        assert not gc.isenabled()
        calls.append(name)
        return len(calls)

    made = measure.pairs(lambda: contender("ours"), lambda: contender("peer"), measure.Pace(3))
    assert gc.isenabled()
    assert calls == ["ours", "peer", "peer", "ours", "ours", "peer"]
    assert made == [(1, 2), (4, 3), (5, 6)]


def test_slow_pairs_are_fewer_but_five():
    assert len(measure.pairs(lambda: 1, lambda: 1, measure.Pace(pairs=20, seconds=0))) == 5
    assert len(measure.pairs(lambda: 1, lambda: 1, measure.Pace(pairs=3, seconds=0))) == 3


def test_ratios_are_of_pairs(rng):
    """A machine whose speed changes between pairs, not within: equals come out equal."""
    speeds = rng.uniform(1, 10, 21)
    made = measure.compared([(speed, speed) for speed in speeds])
    assert made["ratio"] == {"median": 1, "quartiles": [1, 1], "range": [1, 1]}
    assert made["ours"] == made["peer's"] == np.median(speeds)

    noise = rng.uniform(0.5, 2, 21)
    ratio = measure.compared(list(zip(3 * noise * speeds, speeds, strict=True)))["ratio"]
    assert ratio["median"] == pytest.approx(3 * np.median(noise))
    assert ratio["quartiles"] == pytest.approx(3 * np.quantile(noise, [0.25, 0.75]))
    assert ratio["range"] == pytest.approx([3 * noise.min(), 3 * noise.max()])


class Benchmark:
    """Takes as long as it is told, by a clock of its own."""

    now, setups, factor = 0.0, 0, 1

    def setup(self, kind, seconds):
        Benchmark.setups += 1
        Benchmark.now += 1000  # not timed
        self.ready = cda.get_options()["backend"]

    def time_it(self, kind, seconds):
        assert self.ready == ("heap" if kind == "numpy" else "cpp")
        del self.ready  # so that it must be set up each time
        Benchmark.now += seconds * self.factor


@pytest.fixture
def clock(monkeypatch):
    before = cda.get_options()
    monkeypatch.setattr(measure, "perf_counter", lambda: Benchmark.now)
    monkeypatch.setattr(Benchmark, "now", 0.0)
    yield
    cda.set_options(**before)


@pytest.mark.usefixtures("clock")
def test_contender_times_one_run():
    for kind in "numpy", "cpp", "ndarray", "another":
        if kind == "another":
            cda.set_options(backend="cpp")
        for seconds in 2.0**-14, 2.0**-8, 8.0:
            contender = measure.Contender(Benchmark, "time_it", kind, seconds)
            Benchmark.now, Benchmark.setups = 0.0, 0
            assert contender() == seconds
            assert Benchmark.setups == contender.runs
            assert contender.runs == 1 or contender.runs >= 3
            assert contender.runs * seconds >= measure.SAMPLE_SECONDS


@pytest.mark.usefixtures("clock")
def test_contender_in_units_without_the_loop():
    loop = measure.Contender(Benchmark, "time_it", "loop", 1.0)
    contender = measure.Contender(
        Benchmark, "time_it", "cpp", 2.0, less=loop, units=5, factor=3
    )
    assert contender() == (2 * 3 - 1) / 5
    assert Benchmark.factor == 1


def test_each_target_is_about_a_row():
    compared = [vars(row) for row in rows(quick=False)]
    for target in TARGETS:
        assert ("at_most" in target) != ("at_least" in target)
        for peer in target["peers"]:
            for case in target.get("cases", [None]):
                alone = target | {"peers": [peer]} | ({"cases": [case]} if case else {})
                assert any(tables.concerns(alone, row) for row in compared), alone


def test_quick_measures_all_rows():
    assert {row.row for row in rows(quick=True)} == {row.row for row in rows(quick=False)}


@pytest.mark.parametrize("quick", [True, False])
def test_every_picture_shows_what_was_measured(tmp_path, quick):
    """Each picture finds the cases that it draws among those of the rows, the quick ones too."""
    pictures = pytest.importorskip("side_by_side.pictures", reason="needs Matplotlib")
    of_row = attrgetter("row", "case", "size", "peer")
    made = [result(2.0, **dict(zip(("row", "case", "size", "peer"), of_row(row), strict=True))) for row in rows(quick)]
    files = pictures.draw(made, tmp_path)
    assert list(files) == list(pictures.PICTURES)
    assert all((tmp_path / file).exists() for file in files.values())


@pytest.mark.parametrize("aim, ratio, met", [
    ({"at_most": 1.5}, 1.5, True), ({"at_most": 1.5}, 1.51, False),
    ({"at_least": 2.0}, 0.5, True), ({"at_least": 2.0}, 0.51, False),
])
def test_the_worst_decides(aim, ratio, met):
    target = {"what": "d[i]", "row": "read", "peers": ["ndarray"], "sizes": [10, 1000], **aim}
    results = [
        result(0.1), result(ratio, case="i4"), result(0.2),
        result(9, size=1), result(9, row="write"), result(9, peer="list"),
    ]
    worst, found, verdict = tables.judged(target, results)
    assert worst is results[1]
    assert found["median"] == pytest.approx(1 / ratio)
    assert verdict == met
    assert tables.judged(target, results[3:]) is None


def test_where_we_lose():
    results = [
        result(0.5), result(1.01), result(3, size=10), result(2), result(5, peer="list"),
        result(9, peer="payload"),
        result(2, ratio=measure.summary([0.9, 0.95, 2, 3])),  # not surely
    ]
    assert tables.lost(results) == {
        ("read", "list"): [results[4]], ("read", "ndarray"): [results[2], results[3]],
    }


def test_report_runs(tmp_path):
    """A part of it, for the others take half a minute: what isn't timed, and a picture."""
    only = "memory,creation,overhead,grow by rows of 100"
    process = subprocess.run(
        [
            sys.executable, "-W", "error", str(DIRECTORY / "report.py"),
            "--quick", "--only", only, "--output", str(tmp_path),
        ],
        capture_output=True, text=True, timeout=600,
    )
    assert process.returncode == 0, process.stderr
    document = json.loads((tmp_path / "report.json").read_text())
    assert document["machine"]["numpy"] == np.__version__
    assert {made["row"] for made in document["results"]} == set(only.split(","))
    left_out = [made for made in document["results"] if "left_out" in made]
    assert any(made["peer"] == "array.array" for made in left_out)
    text = (tmp_path / "report.md").read_text()
    for made in document["results"]:
        assert ("left_out" in made) != (made.get("pairs", 0) > 0)
        assert f"| {made['peer']} |" in text
        assert made.get("left_out", "") in text
    assert {path.name for path in tmp_path.glob("*.png")} == {"memory.png", "overhead.png"}
    assert "](memory.png)" in text
