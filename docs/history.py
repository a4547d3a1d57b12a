"""The picture of docs/history.md: the ratios that asv keeps in asv_bench/results, over the history.

docs/conf.py draws it whenever the site is built. To look at it alone:

    python3 docs/history.py PICTURE.png
"""

import math
import sys
from datetime import UTC, datetime
from pathlib import Path

from asv.results import iter_results
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

RESULTS = Path(__file__).parents[1] / "asv_bench" / "results"
BENCHMARK = "ratios.Ratios.track_ratio"
MEMORY = "peak memory / the data"
COLUMNS = 2
COLOUR = "#0072B2"
AT_LEAST = 0.5, 2  # what every panel shows, lest noise look like news


def turned(name):
    """What is shown of an operation that asv knows as ours / theirs, since more is worse there: theirs / ours."""
    return name if name == MEMORY else " / ".join(reversed(name.split(" / ")))


def figures_of(name, quartiles):
    return list(quartiles) if name == MEMORY else [1 / value for value in reversed(quartiles)]


def load(folder=RESULTS):
    """The commits that were measured, the first one first: date, place, and the quartiles of each operation."""
    found = [result for result in iter_results(folder) if BENCHMARK in result.get_all_result_keys()]
    commits = []
    for number, result in enumerate(sorted(found, key=lambda each: each.date)):
        operations, figures = ([text.strip("'") for text in texts] for texts in result.get_result_params(BENCHMARK))
        values = result.get_result_value(BENCHMARK, result.get_result_params(BENCHMARK))
        ratios = dict(zip(operations, map(list, zip(*[iter(values)] * len(figures), strict=True)), strict=True))
        commits.append({
            "commit": result.commit_hash,
            "date": datetime.fromtimestamp(result.date / 1000, UTC).date(),
            "number": number,
            "ratios": {
                turned(name): figures_of(name, quartiles)
                for name, quartiles in ratios.items() if not any(map(math.isnan, quartiles))
            },
        })
    return commits


def operations(commits):
    """All that was measured of some commit, in the order of the newest."""
    return list(dict.fromkeys(name for each in reversed(commits) for name in each["ratios"]))


def day(commit, year=False):
    when = commit["date"]
    return f"{when.day} {when:%b %Y}" if year else f"{when.day} {when:%b}"


def facts(commits):
    """What the page says of the data."""
    return {
        "history_commits": len(commits),
        "history_first": day(commits[0], year=True),
        "history_last": day(commits[-1], year=True),
    }


def days(commits, room=0.18):
    """Where to write dates: at the first commit measured of a day, unless the last date is too near."""
    first, last = commits[0]["number"], commits[-1]["number"]
    places = {}
    for commit in commits:
        place = commit["number"]
        far = not places or place - max(places) >= room * (last - first)
        if day(commit) not in places.values() and far:
            places[place] = day(commit)
    return places


def ticks(low, high):
    """1, 2 and 5 of each power of ten; the powers alone if there are many."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors = (1, 2, 5) if high / low < 100 else (1,)
    return [factor * 10.0**power for power in powers for factor in factors if low <= factor * 10.0**power <= high]


def panel(axes, commits, name):
    """One operation: the medians, the quartiles as a band, and a gap where there is no figure."""
    places = [each["number"] for each in commits]
    low, middle, high = zip(*(each["ratios"].get(name, [math.nan] * 3) for each in commits), strict=True)
    axes.axhline(1, color="black", linewidth=0.8)
    axes.fill_between(places, low, high, color=COLOUR, alpha=0.25, linewidth=0)
    axes.plot(places, middle, color=COLOUR, marker="o", markersize=3, linewidth=1.2)
    known = [value for value in (*low, *high) if not math.isnan(value)]
    limits = min(*known, AT_LEAST[0]) / 1.05, max(*known, AT_LEAST[1]) * 1.05
    axes.set_yscale("log")
    axes.set_ylim(limits)
    axes.yaxis.set_major_locator(FixedLocator(ticks(*limits)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_title(name, fontsize="medium", loc="left")
    axes.grid(True, color="0.9")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def figure(commits):
    names = operations(commits)
    rows = math.ceil(len(names) / COLUMNS)
    picture = Figure(figsize=(7.5, 0.6 + 1.8 * rows), layout="constrained")
    grid = picture.subplots(rows, COLUMNS, sharex=True, squeeze=False)
    for axes, name in zip(grid.flat, names, strict=False):
        panel(axes, commits, name)
    for axes in grid.flat[len(names) :]:
        axes.set_visible(False)
    dates = days(commits)
    for axes in grid.flat[max(len(names) - COLUMNS, 0) : len(names)]:
        axes.set_xticks(list(dates), list(dates.values()))
        axes.tick_params(labelbottom=True)
    picture.supxlabel("commits of the main branch, one after the other", fontsize="medium")
    picture.supylabel("the other's time, as a multiple of a DynamicArray's", fontsize="medium")
    return picture


def draw(commits, file):
    figure(commits).savefig(file, dpi=144)


if __name__ == "__main__":
    draw(load(), sys.argv[1])
