"""polars and IPython: tables of what was collected, and a session that collects it."""

import builtins

import numpy as np

import cppdynarray as cda
from helpers import assert_same
from optional_libraries import import_library


def test_polars_tables_of_a_stream(row_blocks):
    polars = import_library("polars")
    rows = cda.zeros((0, 3))
    for block in row_blocks:
        rows.extend(block)
    plain = np.concatenate(row_blocks)
    series = polars.Series("x", rows[:, 0])
    whole = polars.Series("all", cda.DynamicArray(plain[:, 1]))
    assert_same(whole.to_numpy(), plain[:, 1])
    frame = polars.DataFrame(rows, schema=["x", "y", "z"])
    assert frame.shape == rows.shape
    means = frame.group_by(polars.col("x") > 0).agg(polars.col("y").mean()).sort("x")
    np.testing.assert_allclose(
        means["y"].to_numpy(), [plain[plain[:, 0] <= 0, 1].mean(), plain[plain[:, 0] > 0, 1].mean()]
    )
    before = series.to_list()
    rows[0] += 1
    rows.append([1, 2, 3])
    assert len(series) == len(plain) and len(frame) == len(plain)
    assert frame["x"].to_list() == before  # polars' tables hold copies of their own
    d = cda.DynamicArray(frame["z"])
    d.extend(frame["z"])
    assert len(d) == 2 * len(plain)


def test_ipython_shows_completes_and_collects(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    # A shell says so to all, which astropy takes for a session, and this takes it back.
    monkeypatch.setattr(builtins, "__IPYTHON__", True, raising=False)
    completer = import_library("IPython.core.completer")
    shell_class = import_library("IPython.core.interactiveshell").InteractiveShell
    shell = shell_class()
    try:
        shell.run_cell("import numpy as np, cppdynarray as cda\nd = cda.DynamicArray([1.0, 2.0])", silent=True)
        done = shell.run_cell("for x in range(100_000): d.append(x)\nview = d[:3]\nd[0] = 7", silent=True)
        assert done.success and shell.user_ns["view"].tolist() == [7.0, 2.0, 0.0]
        data, _ = shell.display_formatter.format(shell.user_ns["d"])
        assert data["text/plain"].startswith("DynamicArray([")
        with completer.provisionalcompleter():
            for typed, name in (("d.app", "append"), ("cda.zer", "zeros")):
                assert any(name in each.text for each in shell.Completer.completions(typed, len(typed)))
        assert "Add one row at the end" in shell.object_inspect("d.append")["docstring"]
        assert "shape," in shell.object_inspect("cda.zeros")["definition"]
    finally:
        shell.history_manager.end_session()
