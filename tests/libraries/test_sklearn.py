"""scikit-learn: models that learn from a stream."""

import numpy as np
import pytest

import cppdynarray as cda
from helpers import address, assert_same
from optional_libraries import import_library
from streams import grow

sklearn = import_library("sklearn")
cluster, decomposition, linear_model, neighbors, preprocessing, validation = (
    import_library(f"sklearn.{name}")
    for name in (
        "cluster", "decomposition", "linear_model", "neighbors", "preprocessing", "utils.validation"
    )
)

WEIGHTS = np.array([1.0, -2.0, 0.5])


def learned(model):
    """What a fitted model has learned."""
    return {
        name: value
        for name, value in vars(model).items()
        if name.endswith("_") and isinstance(value, np.ndarray | float | int)
    }


@pytest.mark.parametrize(
    "model",
    [
        linear_model.SGDRegressor(random_state=1),
        cluster.MiniBatchKMeans(3, n_init=1, random_state=1),
        decomposition.IncrementalPCA(2),
        preprocessing.StandardScaler(),
    ],
    ids=lambda model: type(model).__name__,
)
def test_partial_fit_on_a_stream(model, row_blocks):
    """Each block is appended and learned from in place; the model is that of plain blocks."""
    inputs, targets = cda.zeros((0, 3)), cda.DynamicArray(dtype=float)
    model, expected = sklearn.clone(model), sklearn.clone(model)
    for block in np.array_split(np.concatenate(row_blocks), 10):
        start = len(inputs)
        inputs.extend(block)
        targets.extend(block @ WEIGHTS)
        model.partial_fit(inputs[start:], targets[start:])
        expected.partial_fit(block, block @ WEIGHTS)
    assert learned(model)
    np.testing.assert_equal(learned(model), learned(expected))
    if hasattr(model, "predict"):
        assert_same(model.predict(inputs), expected.predict(np.array(inputs)))
    else:
        assert_same(model.transform(inputs), expected.transform(np.array(inputs)))


def test_fit_takes_the_array_without_a_copy(row_blocks):
    inputs = cda.DynamicArray(np.concatenate(row_blocks))
    checked = validation.check_array(inputs)
    assert type(checked) is np.ndarray
    assert address(checked) == address(inputs)
    model = linear_model.LinearRegression().fit(inputs, inputs @ WEIGHTS)
    plain = np.array(inputs)
    expected = linear_model.LinearRegression().fit(plain, plain @ WEIGHTS)
    assert_same(model.coef_, expected.coef_)


def test_a_fitted_model_that_keeps_the_data_keeps_a_live_view(row_blocks):
    """Neighbours are looked for among the rows there were when the model was fitted."""
    rows = cda.DynamicArray(np.concatenate(row_blocks))
    count, queries = len(rows), np.zeros((1, 3))
    model = neighbors.NearestNeighbors(algorithm="brute").fit(rows)
    tree = neighbors.KDTree(rows)
    grow(rows)
    rows[5] = 0.0  # the nearest now, for whoever looks at the memory itself
    assert address(np.asarray(tree.data)) == address(rows)
    assert np.asarray(tree.data).shape == (count, 3)
    assert model.kneighbors(queries, 1)[1] == [[5]]
    rows.extend(np.zeros((3, 3)))
    assert model.kneighbors(queries, 1)[1] == [[5]]
    expected = neighbors.NearestNeighbors(algorithm="brute").fit(np.array(rows[:count]))
    for found, wanted in zip(
        model.kneighbors(queries, 7), expected.kneighbors(queries, 7), strict=True
    ):
        assert_same(found, wanted)


def test_scaling_in_place_writes_to_the_array(row_blocks):
    rows = cda.DynamicArray(np.concatenate(row_blocks))
    expected = preprocessing.StandardScaler().fit_transform(np.array(rows))
    scaled = preprocessing.StandardScaler(copy=False).fit_transform(rows)
    assert address(scaled) == address(rows)
    assert_same(rows, expected)
