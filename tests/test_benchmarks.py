"""The benchmarks run: each one once, at its smallest size; no time is looked at."""

import importlib
import importlib.util
import itertools
import sys
from pathlib import Path

import pytest

import cppdynarray as cda
from optional_libraries import import_library

DIRECTORY = Path(__file__).parent.parent / "asv_bench"
METHODS = ("time_", "timeraw_", "peakmem_", "track_")
# What none of a subject's benchmarks can do without.
NEEDED = {"compiled": "numba", "tables.Snapshot": "pyarrow"}


def benchmark_modules():
    for path in sorted((DIRECTORY / "benchmarks").glob("*.py")):
        yield importlib.import_module(f"benchmarks.{path.stem}")


def benchmarks():
    """Each class with benchmarks and the name of each method that is one."""
    for module in benchmark_modules():
        subject = module.__name__.removeprefix("benchmarks.")
        for cls in vars(module).values():
            if isinstance(cls, type) and cls.__module__ == module.__name__:
                for method in dir(cls):
                    if method.startswith(METHODS):
                        yield pytest.param(cls, method, id=f"{subject}.{cls.__name__}.{method}")


def smallest(cls):
    """All combinations of parameters, but for sizes, of which the smallest is taken."""
    return itertools.product(
        *([min(each)] if isinstance(each[0], int) else each for each in cls.params)
    )


@pytest.mark.parametrize("cls, method", list(benchmarks()))
def test_runs(cls, method, monkeypatch):
    subject = cls.__module__.removeprefix("benchmarks.")
    if needed := NEEDED.get(subject) or NEEDED.get(f"{subject}.{cls.__name__}"):
        import_library(needed)
    monkeypatch.setattr(sys.modules[cls.__module__], "FRESH_BYTES", 2**20, raising=False)
    for name in {"count", "total", "payload", "pairs"} & set(dir(cls)):
        monkeypatch.setattr(cls, name, 2 if name == "pairs" else min(getattr(cls, name), 2**20))
    assert len(cls.params) == len(cls.param_names)
    ran = 0
    before = cda.get_options()
    cached = (cls().setup_cache(),) if hasattr(cls, "setup_cache") else ()
    for params in smallest(cls):
        params = (*cached, *params)
        benchmark = cls()
        try:
            getattr(benchmark, "setup", lambda *params: None)(*params)
        except NotImplementedError:
            continue
        made = getattr(benchmark, method)(*params)
        if method.startswith("timeraw_"):
            code, setup = made
            exec(setup + "\n" + code, {})
        getattr(benchmark, "teardown", lambda *params: None)(*params)
        ran += 1
    cda.set_options(**before)
    assert ran


def test_every_subject_has_benchmarks():
    found = {param.id.split(".")[0] for param in benchmarks()}
    assert found == {
        path.stem for path in (DIRECTORY / "benchmarks").glob("*.py")
    } - {"__init__", "common", "containers"}


def test_ratios_are_ours_to_the_peers(monkeypatch):
    from benchmarks import ratios

    now, calls = [0.0], []

    def contender(name, seconds):
        def run():
            calls.append(name)
            now[0] += seconds

        return run

    monkeypatch.setattr(ratios, "perf_counter", lambda: now[0])
    assert ratios.ratios(contender("ours", 2), contender("peer", 1), 5) == [2] * 5
    assert calls[6:] == ["ours", "peer", "peer", "ours", "ours", "peer", "peer", "ours", "ours", "peer"]
