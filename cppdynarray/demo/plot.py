"""The stream of files as a picture. Needs Matplotlib."""

from __future__ import annotations

import numpy as np
from matplotlib import dates
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from cppdynarray.demo import records as stream
from cppdynarray.demo.text import printable, readable

BLUE, ORANGE, INK, PALE = "#2a6f97", "#e07a2f", "#22313f", "#8896a3"

# Dates that a date axis can show and a file may well have.
OLDEST, NEWEST = np.datetime64("1970-01-02", "s"), np.datetime64("2100-01-01", "s")

# Where empty files lie on a scale of powers of two: apart from 1 byte.
EMPTY = -2

COUNT = FuncFormatter(lambda value, _: f"{value:,.0f}")
STYLE = {"loc": "left", "fontsize": 15, "color": INK, "pad": 12}


def draw(records, directory, file):
    """
    Draw sizes, growth over time, and size against depth.

    Parameters
    ----------
    records : numpy.ndarray
        Of dtype `stream.RECORD`; may be empty.
    directory : str
        Where the files are, for the title.
    file : str
        The PNG file to write.
    """
    figure = Figure(figsize=(16, 9), dpi=100, facecolor="white", layout="constrained")
    figure.get_layout_engine().set(w_pad=0.25, h_pad=0.2)
    total = readable(stream.total_bytes(records))
    figure.suptitle(
        f"{len(records):,} files, {total}, in {printable(directory)}",
        x=0.016, ha="left", fontsize=20, fontweight="bold", color=INK,
        parse_math=False,
    )
    axes = figure.subplot_mosaic([["sizes", "time"], ["sizes", "depth"]], width_ratios=[1.15, 1])
    for each in axes.values():
        each.spines[["top", "right"]].set_visible(False)
        each.spines[["left", "bottom"]].set_color(PALE)
        each.tick_params(colors=INK, labelsize=11)
        each.xaxis.label.set(color=INK, fontsize=12)
        each.yaxis.label.set(color=INK, fontsize=12)
    if len(records):
        draw_sizes(axes["sizes"], records)
        draw_growth(axes["time"], records)
        draw_depth(axes["depth"], records)
    else:
        axes["sizes"].set_title("No files", **STYLE)
    figure.savefig(file, format="png")


def size_axis(axis, largest):
    """An axis of sizes in powers of two, with marks at 0, 1 B, 32 B, 1 KiB, ..."""
    powers = np.arange(0, np.log2(max(largest, 2)) + 1, 5)
    axis.set_ticks([EMPTY, *powers], ["0", *(readable(2.0**power) for power in powers)])


def logarithm(sizes):
    """Powers of two, and a place of its own for empty files."""
    return np.where(sizes > 0, np.log2(np.maximum(sizes, 1)), EMPTY)


def draw_sizes(axes, records):
    """How many files there are of each size, and the quantiles."""
    sizes = records["size"]
    quantiles = stream.size_quantiles(records)
    powers = logarithm(sizes)
    bins = np.arange(EMPTY - 0.25, powers.max() + 0.5, 0.25)
    axes.hist(powers, bins=bins, color=BLUE, alpha=0.85)
    size_axis(axes.xaxis, sizes.max())
    top = axes.get_ylim()[1]
    axes.set_ylim(0, top * 1.2)
    for step, (name, size) in enumerate(quantiles.items()):
        place, height = logarithm(np.asarray(size)), top * (1.18 - 0.045 * step)
        axes.vlines(place, 0, height, color=ORANGE, linewidth=1.4, linestyle=(0, (5, 3)))
        # Each label has a line of its own, to the left where the picture ends on the right.
        axes.annotate(
            f"{name} {readable(size)}", (place, height), (-6 if name == "max" else 6, 0),
            textcoords="offset points", ha="right" if name == "max" else "left", va="top",
            color=ORANGE, fontsize=12, fontweight="bold",
        )
    axes.set_title(f"Half of the files are no larger than {readable(quantiles['median'])}", **STYLE)
    axes.set_xlabel("size of a file")
    axes.set_ylabel("files")
    axes.yaxis.set_major_formatter(COUNT)


def draw_growth(axes, records):
    """Bytes so far by time of modification."""
    modified = records["modified"]
    dated = records[(modified >= OLDEST) & (modified < NEWEST)]
    if len(dated) == 0:
        axes.set_title("No file has a date from 1970 to 2100", **STYLE)
        return
    dated = dated[np.argsort(dated["modified"])]
    share = np.cumsum(dated["size"], dtype=float)
    share /= max(share[-1], 1)
    when = dates.date2num(dated["modified"])
    axes.fill_between(when, share, step="post", color=BLUE, alpha=0.18)
    axes.step(when, share, where="post", color=BLUE, linewidth=2)
    half = dated["modified"][np.searchsorted(share, 0.5) if share[-1] > 0 else -1]
    axes.axvline(dates.date2num(half), color=ORANGE, linewidth=1.4, linestyle=(0, (5, 3)))
    locator = dates.AutoDateLocator(minticks=3, maxticks=7)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    axes.set_ylim(0, 1.03)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_title(f"Half of the bytes were last modified by {str(half)[:10]}", **STYLE)
    axes.set_xlabel("last modification")
    axes.set_ylabel("bytes so far")


def draw_depth(axes, records):
    """How sizes go with depth: a map of counts, with the median of each depth."""
    depth, powers = records["depth"], logarithm(records["size"])
    counts, depth_edges, power_edges = np.histogram2d(
        depth, powers,
        bins=[np.arange(depth.max() + 2) - 0.5, np.arange(EMPTY - 0.5, powers.max() + 1.5)],
    )
    image = axes.pcolormesh(
        depth_edges, power_edges, np.ma.masked_equal(counts, 0).T, cmap="Blues",
        norm=LogNorm(vmin=0.5, vmax=max(counts.max(), 1)), rasterized=True,
    )
    found = np.unique(depth)
    medians = [np.median(powers[depth == each]) for each in found]
    axes.plot(found, medians, color=ORANGE, marker="o", linewidth=1.6, markersize=5, label="median")
    axes.legend(frameon=False, loc="upper right", labelcolor=ORANGE, fontsize=12)
    colour_bar = axes.figure.colorbar(image, ax=axes, pad=0.01, format=COUNT)
    colour_bar.outline.set_visible(False)
    colour_bar.set_label("files", color=INK, fontsize=12)
    size_axis(axes.yaxis, records["size"].max())
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    middle = np.median(depth)
    axes.set_title(f"Half of the files lie at most {middle:.0f} directories deep", **STYLE)
    axes.set_xlabel("directories in between")
    axes.set_ylabel("size of a file")
