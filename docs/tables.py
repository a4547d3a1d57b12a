"""Write the tables of the side-by-side report that README.md and docs/performance.md quote.

python3 docs/tables.py

Each stands between `<!-- table: NAME -->` and `<!-- end of table -->`, and is made of
docs/performance/python-3.13/report.json, which asv_bench/report.py writes; "instructions", "calls" and "threads" of the
files in folders of these names in docs/performance, which asv_bench/instructions.py, calls.py and many_threads.py
write.
"""

import json
import re
import statistics
import textwrap
from pathlib import Path

DOCS = Path(__file__).parent
PAGES = [
    DOCS.parent / "README.md",
    *(DOCS / f"{name}.md" for name in ("performance", "files", "rolling", "numba", "threads")),
]
REPORT = DOCS / "performance" / "python-3.13" / "report.json"
INSTRUCTIONS = DOCS / "performance" / "instructions" / "report.json"
CALLS = DOCS / "performance" / "calls" / "report.json"
THREADS = DOCS / "performance" / "threads" / "report.json"

# The peers of the report, and what no measurement says of them: whether a view follows growth.
ALTERNATIVES = {
    "np.empty of the final size": "never grows",
    "list, then np.array": "no",
    "list of blocks, then np.concatenate": "no",
    "doubling by hand": "no",
    "np.append": "no",
    "ndarray.resize": "refuses to grow",
    "array.array": "refuses to grow",
    "Brian2 DynamicArray1D": "reads freed memory",
}
# The smallest and the largest of what the report has are quoted.
COUNTS = [1_000, 10_000, 100_000, 1_000_000, 10_000_000]
TOTALS = ["1 MiB", "20 MiB", "1 GiB"]
OPERATIONS = {  # how the page names them: row and case of the report
    "`d[i]`": ("read", "f8"),
    "`d[i] = x`": ("write", "f8"),
    "`d + e`": ("overhead", "a + b"),
    "`np.add(d, e)`": ("overhead", "np.add(a, b)"),
    "`np.sqrt(d)`": ("overhead", "np.sqrt(a)"),
    "`np.sum(d)`": ("overhead", "np.sum(a)"),
    "`np.sort(d)`": ("overhead", "np.sort(a)"),
    "`np.concatenate((d, e))`": ("overhead", "np.concatenate((a, b))"),
}

# How the README calls the kinds of values that can be the slowest.
KINDS = {">f8 from float": "floats of swapped bytes"}


class Report:
    """The ratios of a report, of which all pages show one side: the other's time over ours. Above 1 we are faster."""

    def __init__(self, file):
        self.results = [each for each in json.loads(file.read_text())["results"] if "ratio" in each]
        self.ratios = {
            (each["row"], each["case"], each["size"], each["peer"]): each["ratio"]["median"] for each in self.results
        }

    def peers(self, row, case, size, peer):
        """The peer's over ours."""
        ratio = self.ratios.get((row, case, size, peer))
        return ratio and 1 / ratio

    def memory(self, peer):
        """The peer's memory at the peak, over the payload."""
        ours = self.ratios["memory", "by blocks", 160_000_000, "payload"]
        return f"{ours / self.ratios['memory', 'by blocks', 160_000_000, peer]:.1f}"


LEVEL = 0.8, 1.25  # no difference that would be the same on another day


def ratio_text(ratio):
    """Whole or half figures, two digits of large ones; nothing for what wasn't measured."""
    if ratio is None:
        return ""
    if LEVEL[0] <= ratio <= LEVEL[1]:
        return "level"
    if ratio < 1:
        return f"{ratio:.1f}"
    if ratio < 5:
        return f"{round(2 * ratio) / 2:g}"
    digits = max(len(f"{ratio:.0f}") - 2, 0)
    return f"{round(ratio, -digits):,.0f}"


def range_text(ratios):
    """From the lowest to the highest of what was measured."""
    texts = list(dict.fromkeys(map(ratio_text, sorted(ratio for ratio in ratios if ratio))))
    return " to ".join([texts[0], texts[-1]] if len(texts) > 1 else texts) or "-"


def close_text(ratio):
    """A ratio near 1, to a tenth."""
    return "" if ratio is None else "level" if 0.95 < ratio < 1.05 else f"{ratio:.2f}" if ratio < 1 else f"{ratio:.1f}"


def table(header, lines):
    numbers = [
        any(line[column][:1].isdigit() and " to " not in line[column] for line in lines)
        for column in range(len(header))
    ]
    rule = ["--:" if each else "---" for each in numbers]
    return "\n".join("| " + " | ".join(line) + " |" for line in [header, rule, *lines])


def alternatives(report):
    header = ["", "one by one", "1 KiB blocks", "64 KiB blocks", "peak memory", "a view follows"]
    memory = f"{report.ratios['memory', 'by blocks', 160_000_000, 'payload']:.1f}"
    lines = [["**DynamicArray**", "1", "1", "1", memory, "yes"]]
    for peer, follows in ALTERNATIVES.items():
        one_by_one = [report.peers("grow one by one", "float64", count, peer) for count in COUNTS]
        blocks = [
            [report.peers("grow by blocks", total, size, peer) for total in TOTALS] for size in (1024, 65_536)
        ]
        texts = [range_text(ratios) for ratios in (one_by_one, *blocks)]
        if peer == "np.append":
            texts = [f"{text} and more" for text in texts]  # the more, the longer
        lines.append([peer, *texts, report.memory(peer), follows])
    return table(header, lines)


def cold(report):
    """np.empty's time over ours, by the size of the blocks, in memory that was used before and in new memory."""
    sizes = sorted({each["size"] for each in report.results if each["row"] == "extend"})
    return table(
        ["blocks of", *(f"{size // 1024:,} KiB" for size in sizes)],
        [
            [name, *(amount_text(report.peers("extend", case, size, "np.empty, slice-assigned")) for size in sizes)]
            for name, case in (("memory used before", "warm"), ("new memory", "first touch"))
        ],
    )


def resizing(report):
    peers = ["ndarray.resize", "np.zeros and a copy", "Brian2 DynamicArray1D"]
    return table(
        ["new elements", "from 10 to", *peers],
        [
            [case, f"{10**power:,}", *(ratio_text(report.peers("larger", case, 10**power, peer)) for peer in peers)]
            for case in ("filled", "untouched")
            for power in range(3, 9)
            if report.peers("larger", case, 10**power, peers[0])
        ],
    )


def overhead(report):
    sizes = [1, 100, 1000, 10_000, 1_000_000]
    return table(
        ["elements", *(f"{size:,}" for size in sizes)],
        [
            [name, *(close_text(report.peers(row, case, size, "ndarray")) for size in sizes)]
            for name, (row, case) in OPERATIONS.items()
        ],
    )


def files(report):
    """All that was measured of arrays on files: the peer's time to ours, with quartiles."""
    names = {  # how the page names the rows and cases
        ("file: append", "float64"): "`append` of one `float64`",
        ("file: blocks", "float64"): "`extend` by 8 kB",
        ("file: open", "r"): "opening, mode `r`",
        ("file: open", "a"): "opening, mode `a`",
        ("file: refresh", "new rows"): "`refresh`, a new row",
        ("file: refresh", "no new rows"): "`refresh`, nothing new",
        ("file: to another process", "8 kB in /dev/shm"): "8 kB to another process",
    }
    lines, before = [], None
    for name in names:
        for each in report.results:
            if (each["row"], each["case"]) == name:
                low, high = each["ratio"]["quartiles"]
                spread = f"{ratio_text(1 / high)} to {ratio_text(1 / low)}"
                label = names[name] if name != before else ""
                lines.append([label, each["peer"], ratio_text(1 / each["ratio"]["median"]), spread])
                before = name
    return table(["", "against", "its time / ours", "quartiles"], lines)


def amount_text(ratio):
    """A ratio to two or three digits; nothing for what wasn't measured."""
    return "" if ratio is None else f"{ratio:.2f}" if ratio < 9.95 else f"{ratio:,.0f}"


def values(report):
    """The time of a list and np.array over ours, for each kind of value; where we are slowest first."""
    cells, columns = {}, {}
    for each in report.results:
        if each["row"] != "values":
            continue
        case, _, way = each["case"].rpartition(", ")
        cells.setdefault(case, {})[way, each["size"]] = 1 / each["ratio"]["median"]
        columns[way, each["size"]] = f"{way}, {each['size']:,}"
    worst_first = sorted(cells, key=lambda case: min(cells[case].values()))
    lines = [
        [case, *(amount_text(cells[case].get(column)) for column in columns)]
        for case in worst_first
    ]
    return table(["", *columns.values()], lines)


def windows(report):
    """What other windows take, over a RollingArray."""
    columns = [
        ("window, append", 1_000), ("window, append", 100_000),
        ("window, append and look", 1_000), ("window, append and look", 100_000),
    ]
    peers = dict.fromkeys(each["peer"] for each in report.results if each["row"] in dict(columns))
    return table(
        ["", *(f"{row.removeprefix('window, ')}, {size:,}" for row, size in columns)],
        [
            [peer, *(amount_text(report.peers(row, "float64", size, peer)) for row, size in columns)]
            for peer in peers
        ],
    )


def njit(report):
    """What other ways to append in compiled code take, over `growing`."""
    columns = [(case, size) for size in (10**6, 10**7) for case in ("DynamicArray", "memory used before")]
    peers = dict.fromkeys(each["peer"] for each in report.results if each["row"] == "append in njit")
    names = {"DynamicArray": "new array"}
    return table(
        ["", *(f"{names.get(case, case)}, {size:,}" for case, size in columns)],
        [
            [peer, *(amount_text(report.peers("append in njit", case, size, peer)) for case, size in columns)]
            for peer in peers
        ],
    )


def instructions(_):
    """How many instructions calls take, ours and what they are compared with, and whose code they are."""
    owners = {
        "cppdynarray": "of cppdynarray", "NumPy": "of NumPy", "Python": "of Python", "C library": "of the C library"
    }
    lines = []
    for each in json.loads(INSTRUCTIONS.read_text())["results"]:
        ours, theirs = each["ours"], each["theirs"]
        totals = sum(ours.values()), sum(theirs.values())
        parts = [f"{ours.get('cppdynarray', 0):,}"]
        parts += [f"{ours.get(owner, 0):,} / {theirs.get(owner, 0):,}" for owner in list(owners)[1:]]
        lines.append([each["case"], *(f"{total:,}" for total in totals), f"{totals[1] / totals[0]:.2f}", *parts])
    return table(["", "ours", "theirs", "theirs / ours", *owners.values()], lines)


def calls(_):
    """The time of a list's or ndarray's calls over that of ours."""
    return table(
        ["", "against", "its time / ours", "quartiles"],
        [
            [each["case"], each["peer"], f"{each['ratio']:.2f}", " to ".join(f"{q:.2f}" for q in each["quartiles"])]
            for each in json.loads(CALLS.read_text())["results"]
        ],
    )


def threads(_):
    """How long other ways to make an array by several threads take, over ours, by the values of each thread."""
    results = json.loads(THREADS.read_text())["results"]
    counts = sorted({each["count"] for each in results})
    tables = []
    for task in dict.fromkeys(each["task"] for each in results):
        rows = {}
        for each in results:
            if each["task"] == task:
                rows.setdefault(each["peer"], {})[each["count"]] = each
        ours = next(each["ours"] for each in results if each["task"] == task)
        tables.append(table(
            [task, *(f"{count:,} a thread" for count in counts)],
            [[f"**{ours}**", *("1" for _ in counts)], *(
                [peer, *("{:.2f} ({:.2f} to {:.2f})".format(found[count]["ratio"], *found[count]["quartiles"])
                         for count in counts)]
                for peer, found in rows.items()
            )],
        ))
    return "\n\n".join(tables)


def other_values(report):
    """README's sentence: the time of a list and np.array over ours, for 10,000 values of each kind."""
    cases = {}
    for each in report.results:
        if each["row"] == "values" and each["size"] == 10_000 and each["case"].endswith(", append"):
            cases[each["case"].removesuffix(", append")] = 1 / each["ratio"]["median"]
    slowest = min(cases, key=cases.get)
    return textwrap.fill(
        f"The numbers that are collected one by one are floats. For 10,000 values of other kinds ({len(cases)} of "
        "them: ints, NumPy's scalars, text, dates, records) a list and `np.array` take "
        f"{statistics.median(cases.values()):.1f} times as long at the median, and {cases[slowest]:.1f} times as long "
        f"for {KINDS[slowest]}, where we are slowest.",
        width=130,
    )


TABLES = {
    "alternatives": alternatives, "cold": cold, "resizing": resizing, "overhead": overhead, "files": files,
    "values": values, "windows": windows, "njit": njit, "instructions": instructions,
    "calls": calls, "threads": threads, "other_values": other_values,
}


def with_tables(text, report):
    """The text of a page, with its tables made anew."""
    return re.sub(
        r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)",
        lambda found: f"{found[1]}\n{TABLES[found[2]](report)}\n\n{found[3]}",
        text,
        flags=re.DOTALL,
    )


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(with_tables(page.read_text(), Report(REPORT)))
