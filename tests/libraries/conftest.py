"""The stream that all of these tests collect."""

import pytest

import cppdynarray as cda


@pytest.fixture(autouse=True)
def cpp():
    """Only reserved memory keeps its place."""
    with cda.options(backend="cpp"):
        yield


@pytest.fixture
def blocks(rng):
    """Readings as they come in: blocks of different lengths."""
    return [rng.normal(size=length) for length in rng.integers(1, 100, size=20)]


@pytest.fixture
def row_blocks(rng):
    """The same with three readings at a time: blocks of rows."""
    return [rng.normal(size=(length, 3)) for length in rng.integers(1, 100, size=20)]
