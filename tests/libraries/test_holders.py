"""Which arguments of which library keep the array itself: docs/holders.md lists them all."""

import os

import numpy as np
import pytest

import cppdynarray as cda
from cppdynarray.testing import assert_not_held
from optional_libraries import import_library
from pages import ROOT

PAGE = (ROOT / "docs" / "holders.md").read_text("utf-8")
X = np.array([4.0, 5.0, 6.0])


def new(rows=False):
    return cda.DynamicArray([[1.0, 2.0], [3.0, 1.0], [2.0, 5.0]] if rows else [1.0, 3.0, 2.0])


def assigned(obj, name, value):
    if name is ...:
        obj[...] = value
    elif name.startswith("["):
        obj[name[1:-1]] = value
    else:
        setattr(obj, name, value)
    return obj


def pandas():
    pd = import_library("pandas")
    frame = pd.DataFrame({"a": X})
    series = frame["a"]
    mask = np.zeros(3, bool)
    keeps = {
        "to_numeric": lambda d: [pd.to_numeric(d)],
        "FloatingArray": lambda d: pd.arrays.FloatingArray(d, mask),
        "IntegerArray": (lambda d: pd.arrays.IntegerArray(d, mask), lambda: cda.DynamicArray([1, 2, 3])),
        "BooleanArray": (lambda d: pd.arrays.BooleanArray(d, mask), lambda: cda.DynamicArray([True, False, True])),
        "NumpyExtensionArray": lambda d: pd.arrays.NumpyExtensionArray(d),
        "groupby": lambda d: series.groupby(d),
    }
    free = {
        "DataFrame": lambda d: pd.DataFrame(d),
        "DataFrame(copy=False)": lambda d: pd.DataFrame(d, copy=False),
        "DataFrame of rows": (lambda d: pd.DataFrame(d, copy=False), lambda: new(True)),
        "DataFrame of columns": lambda d: pd.DataFrame({"a": d}, copy=False),
        "DataFrame(index=)": lambda d: pd.DataFrame({"a": X}, index=d),
        "DataFrame(columns=)": lambda d: pd.DataFrame([X], columns=d),
        "Series": lambda d: pd.Series(d),
        "Series(copy=False)": lambda d: pd.Series(d, copy=False),
        "Series(index=)": lambda d: pd.Series(X, index=d),
        "Index": lambda d: pd.Index(d),
        "Index(copy=False)": lambda d: pd.Index(d, copy=False),
        "Series of a NumpyExtensionArray": lambda d: pd.Series(pd.arrays.NumpyExtensionArray(d), copy=False),
        "reindex": lambda d: series.reindex(d),
        "set_index": lambda d: frame.set_index(d),
        "s.index =": lambda d: assigned(pd.Series(X), "index", d),
        "df.columns =": lambda d: assigned(pd.DataFrame([X]), "columns", d),
        "df['b'] =": lambda d: assigned(frame.copy(), "[b]", d),
        "assign": lambda d: frame.assign(b=d),
        "groupby result": lambda d: series.groupby(d).sum(),
        "Categorical": lambda d: pd.Categorical(d),
        "cut": lambda d: pd.cut(d, 2),
        "to_datetime": lambda d: pd.to_datetime(d, unit="s"),
        "datetimes": (lambda d: pd.Index(d), lambda: cda.DynamicArray([1, 2, 3], "M8[s]")),
        "factorize": lambda d: pd.factorize(d),
        "unique": lambda d: [pd.unique(d)],
        "isna": lambda d: pd.isna(d),
        "arithmetic": lambda d: series + d,
        "MultiIndex": lambda d: pd.MultiIndex.from_arrays([d, d]),
        "array": lambda d: pd.array(d),
        "rolling": lambda d: pd.Series(d, copy=False).rolling(2),
    }
    return keeps, free


def xarray():
    xr = import_library("xarray")
    array = xr.DataArray(X, dims="t")
    indexed = xr.DataArray(X, dims="t", coords={"t": [1, 2, 3]})
    keeps = {
        "DataArray": lambda d: xr.DataArray(d),
        "Variable": lambda d: xr.Variable("t", d),
        "Dataset": lambda d: xr.Dataset({"a": ("t", d)}),
        "assign_coords": lambda d: array.assign_coords(u=("t", d)),
        "copy(data=d)": lambda d: array.copy(data=d),
        ".data": lambda d: assigned(array.copy(), "data", d),
        "an attribute": lambda d: xr.DataArray(X, attrs={"a": d}),
        "a grouper": lambda d: array.groupby(xr.DataArray(d, dims="t", name="g")),
    }
    free = {
        "an index": lambda d: xr.DataArray(X, dims="t", coords={"t": d}),
        "IndexVariable": lambda d: xr.IndexVariable("t", d),
        "Dataset(coords=)": lambda d: xr.Dataset({"a": ("t", X)}, coords={"t": d}),
        "values written": lambda d: assigned(array.copy(), ..., d),
        "reindex": lambda d: indexed.reindex(t=d),
        "sel": lambda d: indexed.sel(t=d),
        "interp": lambda d: indexed.interp(t=d),
        "arithmetic": lambda d: array + d,
        "a part": lambda d: xr.DataArray(d, dims="t").isel(t=slice(2)),
    }
    return keeps, free


def matplotlib():
    import_library("matplotlib")
    from matplotlib import collections, colors, patches, path, tri
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    rows = lambda: new(True)  # noqa: E731
    keeps = {
        "Path(rows)": (lambda d: path.Path(d), rows),
        "PathPatch": (lambda d: patches.PathPatch(path.Path(d)), rows),
        "ListedColormap": (
            lambda d: colors.ListedColormap(d), lambda: cda.DynamicArray([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])
        ),
    }
    free = {
        "plot": lambda d: axes.plot(d, d),
        "set_data": lambda d: axes.plot([1])[0].set_data(d, d),
        "scatter": lambda d: axes.scatter(d, d, c=d, s=d),
        "bar": lambda d: axes.bar(d, d),
        "hist": lambda d: axes.hist(d),
        "stairs": lambda d: axes.stairs(d),
        "fill_between": lambda d: axes.fill_between(d, d),
        "errorbar": lambda d: axes.errorbar(d, d, d),
        "imshow": (lambda d: axes.imshow(d), rows),
        "pcolormesh": (lambda d: axes.pcolormesh(d), rows),
        "LineCollection": (lambda d: collections.LineCollection([d]), rows),
        "Polygon": (lambda d: patches.Polygon(d), rows),
        "Triangulation": lambda d: tri.Triangulation(d, X * [1, 2, 1]),
        "BoundaryNorm": (lambda d: colors.BoundaryNorm(d, 256), lambda: cda.DynamicArray([1.0, 2.0, 3.0])),
    }
    return keeps, free


def sklearn():
    import_library("sklearn")
    from sklearn import cluster, gaussian_process, linear_model, model_selection, naive_bayes, neighbors, svm

    y = np.arange(3.0)
    rows = lambda: new(True)  # noqa: E731
    keeps = {
        "KMeans(init=rows)": (lambda d: cluster.KMeans(3, init=d), rows),
        "Ridge(alpha=d)": lambda d: linear_model.Ridge(alpha=d),
        "GaussianNB(priors=d)": lambda d: naive_bayes.GaussianNB(priors=d),
        "kernels": lambda d: gaussian_process.kernels.RBF(length_scale=d),
        "grids": lambda d: model_selection.GridSearchCV(linear_model.Ridge(), {"alpha": d}),
    }
    free = {
        "neighbours": (lambda d: neighbors.KNeighborsRegressor(1).fit(d, y), rows),
        "neighbours by brute force": (lambda d: neighbors.KNeighborsRegressor(1, algorithm="brute").fit(d, y), rows),
        "KDTree": (lambda d: neighbors.KDTree(d), rows),
        "clusters": (lambda d: cluster.KMeans(2).fit(d), rows),
        "regression": (lambda d: linear_model.LinearRegression().fit(d, y), rows),
        "support vectors": (lambda d: svm.SVR().fit(d, y), rows),
        "Gaussian process": (
            lambda d: gaussian_process.GaussianProcessRegressor(copy_X_train=False).fit(d, y), rows
        ),
        "targets": lambda d: neighbors.KNeighborsRegressor(1).fit(X.reshape(-1, 1), d),
        "weights": lambda d: linear_model.LinearRegression().fit(X.reshape(-1, 1), y, d),
    }
    return keeps, free


def dask():
    import_library("dask")
    import dask.array as da
    from dask import delayed

    ones = da.ones(3, chunks=3)
    keeps = {
        "delayed(d)": lambda d: delayed(d),
        "from_delayed": lambda d: da.from_delayed(delayed(d), (3,), float),
        "map_blocks": lambda d: da.map_blocks(np.add, ones, d),
        "blockwise": lambda d: da.blockwise(np.add, "i", ones, "i", d, None),
        "a graph's own": lambda d: da.Array({("n", 0): d}, "n", ((3,),), float),
    }
    free = {
        "from_array": lambda d: da.from_array(d, chunks=2),
        "asarray": lambda d: da.asarray(d),
        "arithmetic": lambda d: ones + d,
        "concatenate": lambda d: da.concatenate([d, ones]),
        "index": (lambda d: ones[d], lambda: cda.DynamicArray([0, 2])),
    }
    return keeps, free


def numba():
    numba = import_library("numba")
    from numba.experimental import jitclass

    @jitclass([("values", numba.float64[:])])
    class Kept:
        def __init__(self, values):
            self.values = values

    def listed(d):
        made = numba.typed.List()
        made.append(d)
        return made

    return {}, {"jitclass": lambda d: Kept(d), "typed list": listed}


def h5py(tmp_path):
    h5py = import_library("h5py")
    file = h5py.File(tmp_path / "a.h5", "w")
    return {}, {
        "create_dataset": lambda d: file.create_dataset("a", data=d),
        "attributes": lambda d: assigned(file.attrs, "[a]", d),
    }


def zarr():
    zarr = import_library("zarr")
    memory = {}
    store = zarr.storage.MemoryStore(memory)

    def written(d):
        assigned(zarr.create_array(store, shape=3, chunks=3, dtype="f8", overwrite=True), ..., d)
        return memory

    return {}, {"create_array": lambda d: [zarr.create_array({}, data=d), memory], "written": written}


def bokeh():
    import_library("bokeh")
    from bokeh.models import ColumnDataSource

    return {"ColumnDataSource": lambda d: ColumnDataSource({"x": d})}, {}


def pint():
    registry = import_library("pint").UnitRegistry()
    return {"Quantity": lambda d: registry.Quantity(d, "m")}, {}


def astropy():
    import_library("astropy")
    from astropy import nddata, table, time, units

    keeps = {
        "NDData": lambda d: nddata.NDData(d),
        "CCDData": lambda d: nddata.CCDData(d, unit="adu"),
        "NDData(x, mask=d)": lambda d: nddata.NDData(X, mask=d),
    }
    free = {
        "Quantity": lambda d: units.Quantity(d, "m", copy=False),
        "Table": lambda d: table.Table({"a": d}, copy=False),
        "Time": lambda d: time.Time(d, format="unix"),
        "uncertainty": lambda d: nddata.StdDevUncertainty(d),
    }
    return keeps, free


def pyqtgraph():
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # no screen is needed
    import_library("PyQt6")
    pg = import_library("pyqtgraph")
    pg.mkQApp()
    keeps = {
        "ErrorBarItem": lambda d: pg.ErrorBarItem(x=d, y=d, height=d),
        "BarGraphItem": lambda d: pg.BarGraphItem(x=d, height=d, width=0.5),
        "GraphItem": (lambda d: pg.GraphItem(pos=d), lambda: cda.DynamicArray([[1.0, 2.0], [2.0, 3.0]])),
        "PColorMeshItem": (lambda d: pg.PColorMeshItem(d), lambda: new(True)),
    }
    free = {
        "PlotDataItem": lambda d: pg.PlotDataItem(d, d),
        "PlotCurveItem": lambda d: pg.PlotCurveItem(d, d),
        "ScatterPlotItem": lambda d: pg.ScatterPlotItem(d, d),
        "ImageItem": (lambda d: pg.ImageItem(d), lambda: new(True)),
    }
    return keeps, free


@pytest.mark.filterwarnings("ignore")  # the libraries' own affair
@pytest.mark.parametrize(
    "library", [pandas, xarray, matplotlib, sklearn, dask, numba, h5py, zarr, bokeh, pint, astropy, pyqtgraph]
)
def test_what_keeps_the_array_is_on_the_page(library, tmp_path):
    keeps, free = library(tmp_path) if library is h5py else library()
    for name, case in keeps.items():
        call, make = case if isinstance(case, tuple) else (case, new)
        d = make()
        kept = call(d)
        with pytest.raises(AssertionError, match="keeps the DynamicArray itself"):
            assert_not_held(kept, d)
        assert_not_held(call(d[:]), d)
        assert name.split("(")[0] in PAGE, name
    for name, case in free.items():
        call, make = case if isinstance(case, tuple) else (case, new)
        d = make()
        try:
            assert_not_held(call(d), d)
        except AssertionError as error:
            error.add_note(name)
            raise


@pytest.mark.parametrize(
    "d", [cda.DynamicArray([1.0]), cda.RollingArray([1.0], maxlen=3), cda.DynamicTable({"a": [1]})]
)
def test_windows_and_tables_are_found_too(d):
    assert_not_held([d[:]], d)
    with pytest.raises(AssertionError, match=f"list keeps the {type(d).__name__} itself: give it"):
        assert_not_held([d], d)
    with pytest.raises(TypeError, match="list is no DynamicArray"):
        assert_not_held(d, [d])


def test_what_pandas_takes_is_live_and_keeps_its_length():
    """As the index and the columns, too, where a length that changes would crash pandas."""
    pd = import_library("pandas")
    t, v = cda.DynamicArray([10, 20, 30]), cda.DynamicArray([1.0, 2.0, 3.0])
    frame = pd.DataFrame({"v": v}, index=t, copy=False)
    series = pd.Series(v, index=t, copy=False)
    t.extend(range(1_000_000))
    v.extend(np.arange(1e6))
    v[0] = 7.0
    for each in (frame, series):
        assert each.index.tolist() == [10, 20, 30]
        assert len(each) == 3
        assert np.shares_memory(each.index.to_numpy(), t)
        assert np.shares_memory(each.to_numpy(), v)
        assert each.sort_index(ascending=False).index.tolist() == [30, 20, 10]
        assert each[each.index > 15].shape[0] == each.take([0, 1]).shape[0] == 2
    assert series[10] == 7.0


def test_what_happens_to_what_keeps_the_array():
    """The last column of the page, where that can be tried without a crash."""
    pd = import_library("pandas")
    d = cda.DynamicArray([1.0, 2.0])
    groups = pd.Series([1, 2]).groupby(d)
    masked = pd.arrays.FloatingArray(d, np.zeros(2, bool))
    assert pd.to_numeric(d) is d
    d.append(3.0)
    with pytest.raises((ValueError, IndexError), match=r"len\(index\) != len\(labels\)|out-of-bounds"):
        groups.sum()
    assert len(masked) == 3  # and its mask has 2
    xr = import_library("xarray")
    made = xr.DataArray(d, dims="t", coords={"t": [10, 20, 30]})
    d.append(4.0)
    assert float(made.sum()) == 10.0
    assert made.groupby("t").sum().values.tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match="conflicting sizes for dimension"):
        made.sel(t=20)
