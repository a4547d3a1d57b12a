"""xarray: labelled arrays on a growing array's memory."""

import numpy as np
import pytest

import cppdynarray as cda
from helpers import address, assert_same
from optional_libraries import import_library
from streams import grow

xr = import_library("xarray")


def labelled(rows):
    """Readings of three sensors, with a time for each row."""
    return xr.DataArray(
        rows,
        dims=("time", "sensor"),
        coords={"time": np.arange(len(rows)), "sensor": ["a", "b", "c"]},
    )


def test_statistics_of_a_stream(row_blocks):
    rows = cda.zeros((0, 3))
    for block in row_blocks:
        rows.extend(block)
        made, expected = labelled(rows[:]), labelled(np.array(rows))
        assert address(made.values) == address(rows)
        xr.testing.assert_identical(made.mean("time"), expected.mean("time"))
        xr.testing.assert_identical(made.rolling(time=3).sum(), expected.rolling(time=3).sum())
        xr.testing.assert_identical(
            made.groupby(made.time // 10).max(), expected.groupby(expected.time // 10).max()
        )


@pytest.mark.parametrize("view", [lambda d: d[:], lambda d: d.as_numpy()], ids=["d[:]", "as_numpy"])
def test_a_data_array_of_a_view_is_live_and_keeps_its_length(view, row_blocks):
    rows = cda.DynamicArray(row_blocks[0])
    made = labelled(view(rows))
    grow(rows)
    assert type(made.data) is np.ndarray
    assert address(made.values) == address(rows)
    xr.testing.assert_identical(made, labelled(np.array(rows[: len(row_blocks[0])])))
    made[0, 1] = 20.0
    assert rows[0, 1] == 20.0


def test_a_data_array_of_the_array_itself_grows_with_it_if_nothing_else_has_the_length():
    """It keeps the object and asks it for its shape."""
    d = cda.DynamicArray([1.0, 2.0])
    made = xr.DataArray(d, dims="time")
    d.append(3.0)
    assert made.data is d
    assert made.sizes == {"time": 3}
    xr.testing.assert_identical(made + 1, xr.DataArray([2.0, 3.0, 4.0], dims="time"))


def test_with_coordinates_the_array_itself_goes_out_of_step():
    """They have a length of their own: give it a view."""
    d = cda.DynamicArray([1.0, 2.0])
    made = xr.DataArray(d, dims="time", coords={"time": [10, 20]})
    d.append(3.0)
    assert made.shape == (3,)
    assert made.time.shape == (2,)
    with pytest.raises(ValueError, match="time"):
        xr.DataArray(made.data, dims="time", coords=made.coords)


def test_a_dataset_of_growing_variables(blocks):
    """Indexes are copied, variables are not."""
    times, readings = cda.DynamicArray(dtype="i8"), cda.DynamicArray(dtype=float)
    for block in blocks:
        times.extend(len(times) + np.arange(len(block)))
        readings.extend(block)

    def dataset(times, readings):
        return xr.Dataset({"reading": ("time", readings)}, coords={"time": times})

    made = dataset(times[:], readings[:])
    expected = dataset(np.array(times), np.array(readings))
    xr.testing.assert_identical(
        made.sel(time=slice(3, 30)).cumsum(), expected.sel(time=slice(3, 30)).cumsum()
    )
    assert address(made["reading"].values) == address(readings)
    assert not np.shares_memory(made["time"].values, times)


def test_back_from_xarray(row_blocks):
    made = labelled(row_blocks[0])
    rows = cda.DynamicArray(made)
    rows.extend(made * 2)
    rows.append(made.mean("time"))
    plain = row_blocks[0]
    assert_same(rows, np.concatenate([plain, plain * 2, plain.mean(axis=0, keepdims=True)]))
