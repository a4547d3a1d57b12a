"""bokeh, plotly, pyqtgraph: a stream that is plotted outside of Matplotlib."""

import base64

import numpy as np

import cppdynarray as cda
from helpers import address, assert_same
from optional_libraries import import_library
from streams import grow


def test_bokeh_streams_what_is_new(blocks):
    import_library("bokeh")
    from bokeh.embed import json_item
    from bokeh.models import ColumnDataSource
    from bokeh.plotting import figure

    d = cda.DynamicArray()
    source = ColumnDataSource({"x": [], "y": []})
    plot = figure()
    plot.line("x", "y", source=source)
    for block in blocks:
        start = len(d)
        d.extend(block)
        source.stream({"x": np.arange(start, len(d)), "y": d[start:]})
    assert_same(np.asarray(source.data["y"]), np.concatenate(blocks))
    assert json_item(plot)["doc"]["roots"]


def test_plotly_draws_what_a_plain_array_draws(blocks):
    go = import_library("plotly.graph_objects")
    d = cda.DynamicArray()
    for block in blocks:
        d.extend(block)
    plain = np.concatenate(blocks)
    figure = go.Figure(go.Scatter(y=d))
    assert figure.to_json() == go.Figure(go.Scatter(y=plain)).to_json()
    d.extend(blocks[0])
    figure.data[0].y = d
    drawn = figure.to_plotly_json()["data"][0]["y"]
    drawn = np.frombuffer(base64.b64decode(drawn["bdata"]), drawn["dtype"]) if isinstance(drawn, dict) else drawn
    assert_same(np.asarray(drawn, float), d.as_numpy())


def test_pyqtgraph_draws_without_a_screen(monkeypatch, blocks):
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    import_library("PyQt6")
    pyqtgraph = import_library("pyqtgraph")
    application = pyqtgraph.mkQApp()
    widget = pyqtgraph.PlotWidget()
    widget.resize(320, 200)
    d = cda.DynamicArray()
    curve = widget.plot(pen="r")
    pictures = []
    for block in blocks[:3]:
        d.extend(block)
        curve.setData(d[:])
        x, y = curve.getData()
        assert_same(np.asarray(y), d.as_numpy())
        assert len(x) == len(d)
        pictures.append(widget.grab().toImage())
        application.processEvents()
    assert all(not picture.isNull() for picture in pictures)
    assert pictures[0] != pictures[-1]
    # This one keeps a view; plots by themselves copy what they are given, plain arrays as well.
    curve = pyqtgraph.PlotCurveItem()
    curve.setData(np.arange(float(len(d))), d)
    _, seen = curve.getData()
    assert address(seen) == address(d)
    length = len(d)
    grow(d)
    assert len(seen) == length and seen[0] == d[0]
