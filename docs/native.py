"""Write the table of docs/brian2.md, and draw its picture.

python3 docs/native.py

Both are made of docs/performance/brian2/native.json, which tests/with_brian2/compare_native.py writes.
"""

import json
import re
import statistics
from pathlib import Path

DOCS = Path(__file__).parent
PAGE = DOCS / "brian2.md"
DATA = DOCS / "performance" / "brian2" / "native.json"
PICTURE = DATA.with_name("native.png")

MODES = ["stock", "standalone"]
STEPS = {
    "small": "100 neurons, monitors",
    "two clocks": "the same, a second clock",
    "STDP": "STDP, 50,000 synapses",
    "COBA": "COBA, 4,000 neurons",  # last: beside it is room for what others publish of it
}
NAMES = {"stock": "Brian2's Cython", "standalone": "C++ standalone"}
# Of Brian2's pull request 1769, a draft: the time of a step over that of Cython, in COBA of 4,000 neurons.
CPPYY_STEP = 0.92


def spread(values):
    """The median, and the range."""
    return f"{digits(statistics.median(values))} ({digits(min(values))} to {digits(max(values))})"


def digits(value):
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}" if value >= 1.95 else f"{value:.2f}"


def values_of(found, kind, what="cpu seconds"):
    if what == "without imports":
        return [each["cpu seconds"] - each["imports"] for each in found["cold"][kind]]
    return [each[what] for each in found["cold"][kind]]


def over_native(found, kind, what="cpu seconds", of="native"):
    """Another's over ours, the latter by its median: they ran in processes of their own."""
    ours = statistics.median(values_of(found, of, what))
    return [value / ours for value in values_of(found, kind, what)]


def ratios(modes, mode):
    return [other / ours for other, ours in zip(modes[mode], modes["native"], strict=True)]


def table(found):
    lines = [
        ("COBA, all of a process from an empty cache", over_native(found, "stock"), over_native(found, "standalone")),
        *(
            ("the same without imports", *(over_native(found, kind, "without imports") for kind in MODES))
            for _ in range("imports" in found["cold"]["native"][0])
        ),
        ("the same in another process, compiled before", over_native(found, "stock again", of="native again"), None),
        *(
            (f"a step: {name}", ratios(found["steps"][key], "stock"), ratios(found["steps"][key], "standalone"))
            for key, name in STEPS.items()
        ),
        *(
            ("a trial: restore, 1,000 steps of 100 neurons", *(ratios(found["trials"], kind) for kind in MODES))
            for _ in range("trials" in found)
        ),
        ("size of the code generated for COBA", over_native(found, "stock", "source"), None),
        ("size of the libraries", over_native(found, "stock", "libraries"), None),
    ]
    rows = [
        f"| {name} | {spread(stock) if max(stock) > min(stock) else digits(stock[0])} | "
        f"{spread(standalone) if standalone else ''} |"
        for name, stock, standalone in lines
    ]
    return "\n".join(["| times native | Cython | C++ standalone |", "|---|--:|--:|", *rows])


def with_table(text, found):
    """The text of the page, with its table made anew."""
    return re.sub(
        r"(<!-- table: native -->\n).*?(<!-- end of table -->)",
        lambda match: f"{match[1]}\n{table(found)}\n\n{match[2]}",
        text,
        flags=re.DOTALL,
    )


def draw(found, file):
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    # Okabe and Ito's colours, which all eyes can tell apart.
    colours = {"native": "black", "stock": "#E69F00", "standalone": "#56B4E9", "cppyy": "#CC79A7"}
    figure, (cold, steps) = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained", width_ratios=[1, 1.7])
    medians = {
        "native": 1.0,
        "standalone": statistics.median(over_native(found, "standalone")),
        "stock": statistics.median(over_native(found, "stock")),
    }
    names = ["native", "C++\nstandalone", "Cython"]
    bars = cold.bar(names, medians.values(), color=[colours[each] for each in medians])
    cold.bar_label(bars, [digits(value) for value in medians.values()])
    cold.set(title="COBA from an empty cache", ylabel="processor time, native's = 1")
    for number, mode in enumerate(["native", "standalone", "stock"]):
        heights = [statistics.median(ratios(found["steps"][key], mode)) for key in STEPS]
        places = [each + 0.27 * (number - 1) for each in range(len(STEPS))]
        name = NAMES.get(mode, "native")
        bars = steps.bar(places, heights, 0.25, label=name, color=colours[mode])
        steps.bar_label(bars, [digits(height) for height in heights], fontsize="small")
    coba = statistics.median(ratios(found["steps"]["COBA"], "stock")) * CPPYY_STEP
    bars = steps.bar([len(STEPS) - 1 + 0.54], [coba], 0.25, label="cppyy, as published", color=colours["cppyy"])
    steps.bar_label(bars, [digits(coba)], fontsize="small")
    steps.set_yscale("log")
    steps.set_xticks(range(len(STEPS)), [name.replace(", ", ",\n") for name in STEPS.values()])
    steps.set(title="A step, afterwards")
    steps.legend(frameon=False, fontsize="small")
    for axes in (cold, steps):
        axes.margins(y=0.15)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=120)


if __name__ == "__main__":
    measured = json.loads(DATA.read_text())
    PAGE.write_text(with_table(PAGE.read_text(), measured))
    draw(measured, PICTURE)
