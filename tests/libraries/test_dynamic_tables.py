"""DynamicTable with what takes tables: Arrow and whoever reads it, pandas, Numba, Dask."""

import sys
import threading

import numpy as np
import pytest

import cppdynarray as cda
from cppdynarray import _arrow
from optional_libraries import import_library

DTYPE = [
    ("t", "f8"), ("x", "f4", 3), ("n", "i4"), ("label", str), ("thing", object), ("when", "M8[ms]"), ("day", "M8[D]"),
    ("took", "m8[h]"), ("on", "?"), ("point", [("a", "i4"), ("b", "f8")]), ("code", "S3"), ("name", "U3"),
    ("swapped", ">i4"), ("matrix", "i2", (2, 2)),
]


@pytest.fixture
def t():
    made = cda.DynamicTable(dtype=DTYPE)
    for i in range(5):
        made.append((i, [i] * 3, i, "a" * i, None if i == 2 else "q", i, i, i, bool(i % 2), (i, i / 2), b"ab", "xy", i,
                     [[i, 1], [2, i]]))
    return made


def address(array):
    return array.__array_interface__["data"][0]


def test_pyarrow_takes_the_columns(t):
    pa = import_library("pyarrow")
    taken = pa.table(t)
    assert taken.column_names == list(t.names) and taken.num_rows == 5
    rows = taken.to_pylist()
    assert [row["t"] for row in rows] == [0, 1, 2, 3, 4] and [row["n"] for row in rows] == [0, 1, 2, 3, 4]
    assert rows[3]["x"] == [3, 3, 3] and rows[3]["label"] == "aaa" and rows[2]["thing"] is None
    assert rows[3]["point"] == {"a": 3, "b": 1.5} and rows[3]["matrix"] == [[3, 1], [2, 3]] and rows[3]["swapped"] == 3
    assert rows[3]["took"].total_seconds() == 3 * 3600 and rows[3]["on"] is True and rows[3]["day"].day == 4
    for name in ("t", "n"):
        assert address(taken[name].chunk(0).to_numpy()) == address(t[name])
    assert address(taken["x"].chunk(0).flatten().to_numpy()) == address(t["x"])


def test_a_snapshot_outlives_the_table_and_its_memory(t):
    pa = import_library("pyarrow")
    taken = pa.table(t)
    t.extend([tuple(t[0])] * 1000)
    assert taken.num_rows == 5
    del t
    assert taken["t"].to_pylist() == [0, 1, 2, 3, 4] and taken["label"].to_pylist()[4] == "aaaa"


def test_polars_and_pandas_share_memory_too():
    pl, pd = import_library("polars"), import_library("pandas")
    t = cda.DynamicTable({"x": np.arange(1000.0), "n": np.arange(1000)})
    frame = pl.DataFrame(t)
    assert frame.shape == (1000, 2) and address(frame["x"].to_numpy()) == address(t["x"])
    other = pd.DataFrame(t[:], copy=False)
    assert address(other["x"].to_numpy()) == address(t["x"])
    t.append((7, 7))
    assert frame.shape == other.shape == (1000, 2)
    for made in (cda.DynamicTable(frame), cda.DynamicTable(other), cda.DynamicTable(frame.to_arrow())):
        assert made == cda.DynamicTable(t[:1000])
    t.extend(frame)
    t.extend(other[:10])
    assert len(t) == 2011


def test_pandas_is_told_what_to_take():
    pd = import_library("pandas")
    with pytest.raises(TypeError, match="copy=False"):
        pd.DataFrame(cda.DynamicTable({"x": [1]}))


def test_without_pyarrow_and_nanoarrow_it_says_so(t, monkeypatch):
    for name in ("pyarrow", "nanoarrow"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match="pip install pyarrow"):
        t.__arrow_c_stream__()


@pytest.fixture
def by_nanoarrow(monkeypatch):
    """What is handed over is nanoarrow's, as where there is no PyArrow."""
    import_library("nanoarrow")
    monkeypatch.setattr(_arrow, "_PyArrow", _arrow._Nanoarrow)


def test_nanoarrow_hands_over_the_same(t, request):
    pa = import_library("pyarrow")
    t["when"][2], t["took"][3] = np.datetime64("NaT", "ms"), np.timedelta64("NaT", "h")
    days = cda.DynamicTable({"day": np.array([3, 4], "m8[D]"), "none": np.zeros((2, 3, 0))})
    tables = t, cda.DynamicTable(dtype=DTYPE), days
    taken = [pa.table(table).to_pylist() for table in tables]
    request.getfixturevalue("by_nanoarrow")
    assert [pa.table(table).to_pylist() for table in tables] == taken
    again = pa.table(t)
    for name in ("t", "n"):
        assert address(again[name].chunk(0).to_numpy()) == address(t[name])
    assert address(again["x"].chunk(0).flatten().to_numpy()) == address(t["x"])
    t.append(t[0])
    assert again.num_rows == 5 and import_library("polars").DataFrame(t).shape == (6, len(DTYPE))


@pytest.mark.parametrize("contents", [{"x": np.zeros(2, "c16")}, {"x": np.array([1, "a"], object)}])
def test_nanoarrow_says_what_it_does_not_take(by_nanoarrow, contents):
    with pytest.raises(TypeError, match="nanoarrow takes no"):
        cda.DynamicTable(contents).__arrow_c_stream__()


def test_parquet(t, tmp_path):
    pa, pq = import_library("pyarrow"), import_library("pyarrow.parquet")
    pq.write_table(pa.table({name: column for name, column in zip(t.names, pa.table(t).columns, strict=True)
                             if name not in ("x", "matrix", "point")}), tmp_path / "run.parquet")
    assert pq.read_table(tmp_path / "run.parquet")["label"].to_pylist() == t["label"].tolist()


# Numba.


@pytest.fixture(scope="module")
def fill():
    numba = import_library("numba")

    @numba.njit(nogil=True)
    def fill(g, count):
        position = np.zeros(3, np.float32)
        for _ in range(count):
            position[:] = len(g)
            g.append(len(g) / 2, position, len(g))
        return g["n"].sum()

    return fill


FILLED = [("t", "f8"), ("x", "f4", 3), ("n", "i8")]


def assert_filled(views):
    numbers = np.arange(len(views["n"]))
    assert np.array_equal(views["n"], numbers) and np.array_equal(views["t"] * 2, numbers)
    assert np.array_equal(views["x"], np.repeat(numbers, 3).reshape(-1, 3))


@pytest.mark.parametrize("backend", ["cpp", "heap"])
def test_compiled_loops_append_rows(fill, backend):
    from cppdynarray.numba import growing

    with cda.options(backend=backend):
        t = cda.DynamicTable(dtype=FILLED, max_size=10)
    view = t["t"]
    assert fill(growing(t), 50_000) == t["n"].sum() == sum(range(50_000))
    assert_filled(t[:])
    assert len(view) == 0
    t.append((25_000, [50_000] * 3, 50_000))
    fill.py_func(growing(t), 3)
    assert_filled(t[:])


def test_a_compiled_thread_shows_whole_rows(fill):
    from cppdynarray.numba import growing

    t = cda.DynamicTable(dtype=FILLED)
    fill(growing(t), 1)
    g = growing(t)
    filling = threading.Thread(target=lambda: [fill(g, 50_000) for _ in range(20)])
    filling.start()
    while filling.is_alive():
        last = {name: column[-1] for name, column in t[-1:].items()}
        assert last["t"] * 2 == last["n"] == last["x"][0] == last["x"][2]
    filling.join()
    assert_filled(t[:])


def test_what_numba_is_told(fill, tmp_path):
    numba = import_library("numba")
    from cppdynarray.numba import growing

    @numba.njit
    def too_few(g):
        g.append(1.0)

    @numba.njit
    def unknown(g):
        return g["nope"]

    @numba.njit
    def short(g):
        g.append(1.0, np.zeros(2), 1)

    t = cda.DynamicTable(dtype=FILLED)
    for function, error, message in [
        (too_few, numba.TypingError, "append"), (unknown, numba.TypingError, "no column 'nope'"),
        (short, ValueError, "'x'"),
    ]:
        with pytest.raises(error, match=message):
            function(growing(t))
        assert len(t) == 0
    for dtype in ([("o", object)], [("s", str)], [("m", "f8", (2, 2))]):
        with pytest.raises((TypeError, ValueError)):
            growing(cda.DynamicTable(dtype=dtype))
    with cda.open_table(tmp_path / "run", "x", FILLED) as file:
        fill(growing(file), 10_000)
    assert_filled(cda.open_table(tmp_path / "run")[:])


# Dask: workers open a table by its path.


def mean_of(path, start, stop):
    part = cda.open_table(path)[start:stop]
    return type(part["x"]).__name__, float(part["x"].sum()), len(part["n"])


def length_of(table):
    return type(table).__name__, len(table)


@pytest.mark.filterwarnings("ignore:Port 8787 is already in use")  # by the cluster of a test beside this one
@pytest.mark.skipif(sys.platform == "win32", reason="there are no tables on files on Windows")
def test_workers_of_dask_open_a_table_by_its_path(tmp_path):
    distributed = import_library("distributed")
    path = str(tmp_path / "run")
    with (
        cda.open_table(path, "x", [("x", "f8"), ("n", "i4")]) as t,
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        t.extend({"x": np.arange(1000.0), "n": np.arange(1000)})
        parts = client.map(mean_of, [path] * 4, range(0, 1000, 250), range(250, 1001, 250))
        kinds, sums, counts = zip(*client.gather(parts), strict=True)
        assert set(kinds) == {"ndarray"} and sum(sums) == t["x"].sum() and set(counts) == {250}
        assert client.submit(length_of, t).result() == ("MemmapTable", 1000)
