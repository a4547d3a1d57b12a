"""SciPy: filters, tests, sparse matrices and fits on a stream."""

import numpy as np
import pytest

import cppdynarray as cda
from helpers import address, assert_same
from optional_libraries import import_library
from streams import grow

optimize, signal, sparse, spatial, stats = (
    import_library(f"scipy.{name}") for name in ("optimize", "signal", "sparse", "spatial", "stats")
)


def test_a_filter_runs_along_a_stream(blocks):
    """Each block is filtered with the state that the one before left."""
    sections = signal.butter(4, 0.2, output="sos")
    readings, filtered = cda.DynamicArray(dtype=float), cda.DynamicArray(dtype=float)
    state = np.zeros((len(sections), 2))
    for block in blocks:
        start = len(readings)
        readings.extend(block)
        new, state = signal.sosfilt(sections, readings[start:], zi=state)
        filtered.extend(new)
    expected = signal.sosfilt(sections, np.concatenate(blocks))
    np.testing.assert_allclose(filtered, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: signal.welch(x, nperseg=16),
        lambda x: signal.find_peaks(x, height=1),
        lambda x: signal.fftconvolve(x, np.ones(5), mode="same"),
        lambda x: stats.describe(x),
        lambda x: stats.ks_1samp(x, stats.norm.cdf),
        lambda x: stats.linregress(np.arange(len(x)), x),
        lambda x: stats.bootstrap((x,), np.mean, n_resamples=50, rng=np.random.default_rng(1)),
        lambda x: optimize.curve_fit(lambda t, a, b: a * t + b, np.arange(len(x)), x),
        lambda x: optimize.least_squares(lambda center: x - center, [0.0]).x,
        lambda x: optimize.minimize(lambda center: np.sum((x - center) ** 2), [5.0]).x,
    ],
    ids=[
        "welch", "find_peaks", "fftconvolve", "describe", "ks_1samp", "linregress", "bootstrap",
        "curve_fit", "least_squares", "minimize",
    ],
)
def test_results_are_those_for_a_plain_array(function, blocks):
    """While the stream comes in: after the first block of some length, and at the end."""
    readings = cda.DynamicArray(np.concatenate(blocks[:10]))
    for _ in range(2):
        expected = function(np.array(readings))
        found = function(readings)
        assert type(found) is type(expected)
        assert repr(found) == repr(expected)
        readings.extend(np.concatenate(blocks[10:]))


def test_a_minimiser_records_its_path(rng):
    """An optimiser's callback appends rows; none of them is the optimiser's own array."""
    path, expected = cda.zeros((0, 2)), []
    start = rng.normal(size=2)

    def record(point):
        path.append(point)
        expected.append(point.copy())

    found = optimize.minimize(optimize.rosen, start, callback=record)
    assert len(path) > 1
    assert_same(path, np.array(expected))
    assert_same(path[-1], found.x)


def test_a_sparse_matrix_from_growing_triplets(rng):
    """Row, column and value of each entry as it comes in; the matrix takes them as they are."""
    rows, columns = cda.DynamicArray(dtype="i4"), cda.DynamicArray(dtype="i4")
    values = cda.DynamicArray(dtype=float)
    for _ in range(5):
        rows.extend(rng.integers(0, 50, size=100))
        columns.extend(rng.integers(0, 60, size=100))
        values.extend(rng.normal(size=100))
    made = sparse.coo_array((values, (rows, columns)), shape=(50, 60))
    expected = sparse.coo_array(
        (np.array(values), (np.array(rows), np.array(columns))), shape=(50, 60)
    )
    assert_same((made.tocsr() @ np.ones(60)), expected.tocsr() @ np.ones(60))

    for kept, array in ((made.data, values), (made.row, rows), (made.col, columns)):
        assert type(kept) is np.ndarray
        assert address(kept) == address(array)
    for array in (rows, columns, values):
        array.append(1)
    assert made.nnz == 500
    grow(values)
    assert address(made.data) == address(values)
    assert_same(made.data, values[:500])


def test_a_compressed_matrix_from_a_stream_of_rows(rng):
    """The three arrays of the CSR format grow row by row; the matrix is a look at them."""
    data, indices = cda.DynamicArray(dtype=float), cda.DynamicArray(dtype="i4")
    row_ends = cda.DynamicArray([0], dtype="i4")
    plain = np.where(rng.random((30, 40)) < 0.1, rng.normal(size=(30, 40)), 0.0)
    for row in plain:
        (columns,) = np.nonzero(row)
        indices.extend(columns)
        data.extend(row[columns])
        row_ends.append(len(data))
        made = sparse.csr_array((data, indices, row_ends), shape=(len(row_ends) - 1, 40))
    for kept, array in ((made.data, data), (made.indices, indices), (made.indptr, row_ends)):
        assert address(kept) == address(array)
    grow(data)
    plain[tuple(np.argwhere(plain)[0])] += 1  # as grow() does
    assert_same(made.toarray(), plain)


def test_a_tree_of_points_looks_at_them(row_blocks):
    points = cda.zeros((0, 3))
    for block in row_blocks:
        points.extend(block)
        tree = spatial.KDTree(points)
    plain = np.concatenate(row_blocks)
    expected = spatial.KDTree(plain).query([[0.0, 0.0, 0.0]], k=5)
    assert address(tree.data) == address(points)
    points.extend(np.zeros((100_000, 3)))
    assert address(tree.data) == address(points)
    assert tree.data.shape == plain.shape
    for found, wanted in zip(tree.query([[0.0, 0.0, 0.0]], k=5), expected, strict=True):
        assert_same(found, wanted)
