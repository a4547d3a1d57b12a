"""Matplotlib: pictures of an array while it grows."""

import numpy as np
import pytest

import cppdynarray as cda
from helpers import address, assert_same
from optional_libraries import import_library
from streams import grow

import_library("matplotlib")

from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402
from matplotlib.collections import LineCollection  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402


def new_axes():
    figure = Figure(figsize=(3, 2))
    FigureCanvasAgg(figure)
    return figure.subplots()


@pytest.fixture
def axes():
    made = new_axes()
    made.set(xlim=(0, 2000), ylim=(-5, 5))
    return made


def pixels(axes):
    """The picture as it is drawn now."""
    axes.figure.canvas.draw()
    return np.array(axes.figure.canvas.buffer_rgba())


def test_a_line_follows_a_growing_path_without_a_copy(axes, blocks):
    """A LineCollection draws from the memory it is given: after growth it's given it anew."""
    points = cda.zeros((0, 2))
    lines = LineCollection([points], color="C0")
    axes.add_collection(lines, autolim=False)
    empty = pixels(axes)
    for block in blocks:
        points.extend(np.column_stack([len(points) + np.arange(len(block)), block]))
        lines.set_segments([points])
        (path,) = lines.get_paths()
        assert type(path.vertices) is np.ndarray
        assert address(path.vertices) == address(points)
        picture = pixels(axes)
        lines.set_segments([np.array(points)])
        assert_same(pixels(axes), picture)
    assert not np.array_equal(picture, empty)


def test_the_vertices_are_live_and_keep_their_length(axes, blocks):
    readings = np.concatenate(blocks)
    points = cda.DynamicArray(np.column_stack([np.arange(len(readings)), readings]))
    lines = LineCollection([points])
    axes.add_collection(lines, autolim=False)
    before = pixels(axes)
    grow(points)
    points[:, 1] *= -1
    (path,) = lines.get_paths()
    assert address(path.vertices) == address(points)
    assert_same(path.vertices, points[: len(readings)])
    assert not np.array_equal(pixels(axes), before)


def test_an_ordinary_line_keeps_a_copy_of_what_it_draws(axes, blocks):
    """That is Matplotlib's way for any array: so growth between drawings does no harm."""
    x, y = cda.DynamicArray(dtype=float), cda.DynamicArray(dtype=float)
    (line,) = axes.plot(x, y, color="C0")
    for block in blocks:
        x.extend(np.arange(len(x), len(x) + len(block)))
        axes.figure.canvas.draw()  # x is longer than y now
        y.extend(block)
        line.set_data(x, y)
        for kept, array in zip(line.get_data(orig=False), (x, y), strict=True):
            assert_same(kept, np.array(array))
            assert not np.shares_memory(kept, array)
    picture = pixels(axes)
    line.set_data(np.array(x), np.array(y))
    assert_same(pixels(axes), picture)


@pytest.mark.parametrize(
    "draw",
    [
        lambda axes, x: axes.plot(x),
        lambda axes, x: axes.scatter(x * 100, x),
        lambda axes, x: axes.hist(x, bins=7),
        lambda axes, x: axes.fill_between(np.arange(len(x)), x),
        lambda axes, x: axes.stem(x),
        lambda axes, x: axes.step(np.arange(len(x)), x),
        lambda axes, x: axes.imshow(x[:36].reshape(6, 6), aspect="auto"),
        lambda axes, x: axes.boxplot(x),
        lambda axes, x: axes.ecdf(x),
    ],
    ids=["plot", "scatter", "hist", "fill_between", "stem", "step", "imshow", "boxplot", "ecdf"],
)
def test_pictures_are_those_of_a_plain_array(draw, blocks):
    pictures = []
    for make in (cda.DynamicArray, np.array):
        axes = new_axes()
        empty = pixels(axes)
        draw(axes, make(np.concatenate(blocks)))
        pictures.append(pixels(axes))
        assert not np.array_equal(pictures[-1], empty)
    assert_same(*pictures)
