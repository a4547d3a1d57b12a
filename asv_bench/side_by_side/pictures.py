"""The results as pictures. Colours are Okabe and Ito's, which all eyes can tell apart."""

import statistics

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt

from .rows import MIDDLE
from .tables import bytes_text, inverse

OURS = "DynamicArray"
COLOURS = ["#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#D55E00", "#0072B2", "#777777"]
MARKERS = "sv^D<>pPX*hd"


def styles(names):
    """A style for each name, ours the one that is seen first."""
    others = [name for name in names if name != OURS]
    chosen = {
        name: {
            "color": COLOURS[number % len(COLOURS)],
            "marker": MARKERS[number % len(MARKERS)],
            "linestyle": "-" if number < len(COLOURS) else "--",
            "linewidth": 1.2, "markersize": 4.5,
        }
        for number, name in enumerate(others)
    }
    return chosen | {OURS: {"color": "black", "marker": "o", "linewidth": 2.6, "zorder": 3}}


def by_name(results, row, case):
    """For each contender, ours first, a dict from size to the median of what was measured."""
    ours, peers = {}, {}
    for result in results:
        if result["row"] == row and result["case"] == case:
            peers.setdefault(result["peer"], {})[result["size"]] = result["peer's"]
            ours.setdefault(result["size"], []).append(result["ours"])
    return {OURS: {size: statistics.median(each) for size, each in sorted(ours.items())}, **peers}


def lines(axes, curves):
    for name, style in sorted(styles(curves).items(), key=lambda item: item[0] != OURS):
        axes.plot(*zip(*curves[name].items(), strict=True), label=name, **style)
    axes.grid(True, which="major", color="0.9")
    axes.figure.legend(loc="outside right upper", frameon=False, fontsize="small")


def figure(size=(9, 4.8)):
    return plt.subplots(figsize=size, layout="constrained")


def throughput(results):
    _, axes = figure()
    curves = by_name(results, "grow by blocks", bytes_text(MIDDLE))
    lines(axes, {
        name: {block: block / seconds / 1e9 for block, seconds in points.items()}
        for name, points in curves.items()
    })
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    blocks = sorted(curves[OURS])
    axes.set_xticks(blocks, [bytes_text(block) for block in blocks])
    axes.set(
        xlabel="block size", ylabel="GB/s",
        title=f"Growing to {bytes_text(MIDDLE)} by blocks, until there is one array",
    )


def appending(results):
    _, axes = figure()
    curves = by_name(results, "grow one by one", "float64")
    lines(axes, {
        name: {count: seconds * 1e9 for count, seconds in points.items()}
        for name, points in curves.items()
    })
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set(
        xlabel="elements appended one by one", ylabel="ns per element",
        title="Appending one by one, until there is one array",
    )


def memory(results):
    _, axes = figure()
    cases = {}
    for case in ("by blocks", "one by one"):
        peaks = by_name(results, "memory", case)
        size = min(peaks[OURS], default=0)
        cases[f"{case}, {bytes_text(size)}"] = {
            name: points[size] / size for name, points in peaks.items()
            if size in points and name != "payload"
        }
    names = list(dict.fromkeys(name for peaks in cases.values() for name in peaks))[::-1]
    for number, (case, peaks) in enumerate(cases.items()):
        places = [names.index(name) + 0.2 - 0.4 * number for name in peaks]
        bars = axes.barh(places, peaks.values(), 0.38, label=case, color=COLOURS[number])
        axes.bar_label(bars, fmt="%.2f", padding=3, fontsize="small")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="peak memory, as a multiple of the data", title="Memory while growing")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)


def overhead(results):
    _, axes = figure()
    curves = {}
    for result in results:
        if result["row"] == "overhead":
            curves.setdefault(result["case"], []).append(result)
    for (code, points), style in zip(curves.items(), styles(curves).values(), strict=False):
        sizes = [point["size"] for point in points]
        ratios = [inverse(point["ratio"]) for point in points]
        axes.plot(sizes, [ratio["median"] for ratio in ratios], label=code, **style)
        low, high = zip(*(ratio["quartiles"] for ratio in ratios), strict=True)
        axes.fill_between(sizes, low, high, color=style["color"], alpha=0.15, linewidth=0)
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.grid(True, color="0.9")
    axes.figure.legend(loc="outside right upper", frameon=False, fontsize="small")
    axes.set(
        xlabel="elements (float64)", ylabel="an ndarray's time, as a multiple of a DynamicArray's",
        title="NumPy on DynamicArrays and on ndarrays (bands: quartiles)",
    )


PICTURES = {
    "Growth throughput": (throughput, "grow by blocks"),
    "Time per append": (appending, "grow one by one"),
    "Peak memory": (memory, "memory"),
    "Overhead against ndarray": (overhead, "overhead"),
}


def draw(results, directory):
    """Write a picture for each row that was measured; return a dict from title to file."""
    measured = [result for result in results if "ratio" in result]
    files = {}
    for title, (picture, row) in PICTURES.items():
        if any(result["row"] == row for result in measured):
            picture(measured)
            files[title] = f"{picture.__name__}.png"
            plt.savefig(directory / files[title], dpi=120)
            plt.close()
    return files
