"""pandas: Series and DataFrame on growing columns, and back."""

import numpy as np
import pytest

import cppdynarray as cda
from helpers import address, assert_same
from optional_libraries import import_library
from streams import grow

pd = import_library("pandas")


def test_statistics_of_a_growing_column(blocks):
    """A rolling mean over what has come in, with no copy of it at any time."""
    readings = cda.DynamicArray(dtype=float)
    for block in blocks:
        readings.extend(block)
        series = pd.Series(readings[:], copy=False)
        assert address(series.to_numpy()) == address(readings)
        expected = pd.Series(np.array(readings))
        pd.testing.assert_series_equal(series.rolling(5).mean(), expected.rolling(5).mean())
        pd.testing.assert_series_equal(series.describe(), expected.describe())


@pytest.mark.parametrize("view", [lambda d: d[:], lambda d: d.as_numpy()], ids=["d[:]", "as_numpy"])
def test_a_series_of_a_view_is_live_and_keeps_its_length(view, blocks):
    readings = cda.DynamicArray(blocks[0])
    series = pd.Series(view(readings), copy=False)
    grow(readings)
    assert address(series.to_numpy()) == address(readings)
    pd.testing.assert_series_equal(series, pd.Series(np.array(readings[: len(blocks[0])])))


def test_a_series_of_the_array_itself_takes_a_view():
    """pandas asks for a plain array before it keeps one."""
    d = cda.DynamicArray([1.0, 2.0, 3.0])
    series = pd.Series(d, copy=False)
    grow(d)
    assert type(series.array.to_numpy()) is np.ndarray
    assert address(series.to_numpy()) == address(d)
    assert len(series.index) == len(series.to_numpy()) == 3
    pd.testing.assert_series_equal(series + 1, pd.Series(d[:3]) + 1)


def test_a_series_copies_unless_told_not_to():
    d = cda.DynamicArray([1.0, 2.0, 3.0])
    series = pd.Series(d)
    assert not np.shares_memory(series.to_numpy(), d)
    grow(d)
    pd.testing.assert_series_equal(series + 1, pd.Series([2.0, 3.0, 4.0]))


def test_a_frame_of_growing_rows(row_blocks):
    """One block of memory, whose columns are views of the array's."""
    rows = cda.zeros((0, 3))
    for block in row_blocks:
        rows.extend(block)
    frame = pd.DataFrame(rows, columns=["x", "y", "z"], copy=False)
    plain = np.concatenate(row_blocks)
    grow(rows)
    plain[0] += 1
    assert address(frame.to_numpy()) == address(rows)
    assert address(frame["y"].to_numpy()) == address(rows) + rows.itemsize
    expected = pd.DataFrame(plain, columns=["x", "y", "z"])
    pd.testing.assert_frame_equal(frame, expected)
    pd.testing.assert_frame_equal(
        frame.groupby(frame["x"] > 0).mean(), expected.groupby(expected["x"] > 0).mean()
    )


def test_a_frame_of_growing_columns(blocks):
    """Columns of different dtypes, each an array of its own."""
    times, labels = cda.DynamicArray(dtype="M8[s]"), cda.DynamicArray(dtype=object)
    readings = cda.DynamicArray(dtype=float)
    for number, block in enumerate(blocks):
        readings.extend(block)
        times.extend(np.datetime64("2026-01-01", "s") + np.arange(len(times), len(readings)))
        labels.extend([f"sensor {number % 3}"] * len(block))

    def frame(times, labels, readings):
        return pd.DataFrame({"time": times, "label": labels, "reading": readings}, copy=False)

    made = frame(times[:], labels[:], readings[:])
    expected = frame(np.array(times), np.array(labels), np.array(readings))
    pd.testing.assert_frame_equal(made, expected)
    pd.testing.assert_frame_equal(
        made.groupby("label")["reading"].agg(["mean", "size"]),
        expected.groupby("label")["reading"].agg(["mean", "size"]),
    )
    grow(readings)
    assert address(made["reading"].to_numpy()) == address(readings)
    assert address(made["time"].to_numpy()) == address(times)
    assert made["reading"][0] == readings[0]


def test_records_become_columns():
    """A structured array is a frame's columns; pandas copies each."""
    records = cda.DynamicArray(dtype=[("number", "i4"), ("value", "f8")])
    records.extend([(1, 0.5), (2, 1.5)])
    frame = pd.DataFrame(records)
    pd.testing.assert_frame_equal(frame, pd.DataFrame(np.array(records)))
    assert not np.shares_memory(frame["value"].to_numpy(), records["value"])


def test_back_from_pandas(blocks):
    """What pandas computes is appended; a new array copies, as pandas's own are read-only views."""
    series = pd.Series(np.concatenate(blocks))
    d = cda.DynamicArray(series)
    d.extend(series.rolling(3).sum().dropna())
    d.append(series.iloc[0])
    sums = series.rolling(3).sum().dropna().to_numpy()
    assert_same(d, np.concatenate([series.to_numpy(), sums, series.to_numpy()[:1]]))
    assert not np.shares_memory(d, series.to_numpy())
    rows = cda.DynamicArray(pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}))
    rows.append(pd.Series({"a": 5.0, "b": 6.0}))
    rows.extend(pd.DataFrame({"a": [7.0], "b": [8.0]}))
    assert_same(rows, np.array([[1.0, 3.0], [2.0, 4.0], [5.0, 6.0], [7.0, 8.0]]))


def test_windows_are_kept_as_plain_views():
    w = cda.RollingArray([1.0, 2.0, 3.0], maxlen=3)
    index, series = pd.Index(w), pd.Series(w, index=w, copy=False)
    frame = pd.DataFrame({"x": w}, index=w)
    w.extend([4.0, 5.0])
    for made in (index, series.index, series, frame.index, frame["x"]):
        assert made.tolist() == [1.0, 2.0, 3.0]
        assert type(made.to_numpy()) is np.ndarray


WITH_A_NUMBER = {
    "+": lambda series, x: series + x,
    "reflected": lambda series, x: x * series,
    "==": lambda series, x: series == x,
    "clip": lambda series, x: series.clip(lower=x),
    "fillna": lambda series, x: series.where(series > 1).fillna(x),
    "where": lambda series, x: series.where(series > 1, x),
    "isin": lambda series, x: series.isin([x]),
    "searchsorted": lambda series, x: series.searchsorted(x),
    "column": lambda series, x: pd.DataFrame({"a": series}).assign(b=x),
    "masked": lambda series, x: pd.array([1.0, 2.0], dtype="Float64") + x,
    "cut": lambda series, x: pd.cut(series, [0, x, 5]),
    "row": lambda series, x: pd.DataFrame({"a": series}).query("a > @x", local_dict={"x": x}),
}


@pytest.mark.parametrize("use", WITH_A_NUMBER.values(), ids=WITH_A_NUMBER)
def test_zero_dimensions_are_a_number(use):
    series = pd.Series([1.0, 2.0, 3.0])
    assert repr(use(series, cda.array(2.0))) == repr(use(series, np.array(2.0)))


def test_zero_dimensions_where_pandas_asks_for_a_number():
    """The two exceptions that docs/libraries.md names."""
    series, x = pd.Series([1, 2], index=[1.0, 2.0]), cda.array(2.0)
    with pytest.raises(pd.errors.InvalidIndexError):
        series[x]
    with pytest.raises(ValueError, match="convertible"):
        pd.to_timedelta(x)
    assert series[x[()]] == 2
    assert pd.to_timedelta(x[()]) == pd.Timedelta(2)
