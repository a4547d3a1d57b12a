"""Write the tables of the side-by-side report that README.md and docs/performance.md quote.

python3 docs/tables.py

Each stands between `<!-- table: NAME -->` and `<!-- end of table -->`, and is made of
docs/performance/python-3.13/report.json, which asv_bench/report.py writes.
"""

import json
import re
from pathlib import Path

DOCS = Path(__file__).parent
PAGES = [DOCS.parent / "README.md", DOCS / "performance.md"]
REPORT = DOCS / "performance" / "python-3.13" / "report.json"

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


class Report:
    """The ratios of a report: the peer's time or memory, or ours, over the other's."""

    def __init__(self, file):
        self.ratios = {
            (each["row"], each["case"], each["size"], each["peer"]): each["ratio"]["median"]
            for each in json.loads(file.read_text())["results"]
            if "ratio" in each
        }

    def ours(self, row, case, size, peer):
        """Ours over the peer's."""
        return ratio_text(self.ratios.get((row, case, size, peer)))

    def peers(self, row, case, size, peer):
        """The peer's over ours."""
        ratio = self.ratios.get((row, case, size, peer))
        return ratio_text(ratio and 1 / ratio)

    def memory(self, peer):
        """The peer's memory at the peak, over the payload."""
        ours = self.ratios["memory", "by blocks", 160_000_000, "payload"]
        return ratio_text(ours / self.ratios["memory", "by blocks", 160_000_000, peer])


def ratio_text(ratio):
    """Two digits, or all there are of a large number's; nothing for what wasn't measured."""
    if ratio is None:
        return ""
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}" if ratio >= 1.95 else f"{ratio:.2f}"


def table(header, lines):
    numbers = [any(line[column][:1].isdigit() for line in lines) for column in range(len(header))]
    rule = ["--:" if each else "---" for each in numbers]
    return "\n".join("| " + " | ".join(line) + " |" for line in [header, rule, *lines])


def alternatives(report):
    header = ["", "one by one", "1 KiB blocks", "64 KiB blocks", "peak memory", "a view follows"]
    memory = ratio_text(report.ratios["memory", "by blocks", 160_000_000, "payload"])
    lines = [["**DynamicArray**", "1", "1", "1", memory, "yes"]]
    for peer, follows in ALTERNATIVES.items():
        lines.append([
            peer,
            report.peers("grow one by one", "float64", 10_000, peer),
            report.peers("grow by blocks", "float64", 1024, peer) or "too slow",
            report.peers("grow by blocks", "float64", 65_536, peer) or "too slow",
            report.memory(peer),
            follows,
        ])  # fmt: skip
    return table(header, lines)


def resizing(report):
    used = "once, memory used before"
    cases = [(used, 10**power) for power in range(3, 6)] + [("once", 10**power) for power in range(3, 10)]
    peers = ["ndarray.resize", "Brian2 DynamicArray1D"]
    return table(
        ["from 10 elements to", "memory", *peers],
        [
            [f"{size:,}", "used before" if case == used else "new",
             *(report.peers("resize", case, size, peer) for peer in peers)]
            for case, size in cases
        ],
    )  # fmt: skip


def overhead(report):
    sizes = [1, 100, 1000, 10_000, 1_000_000]
    return table(
        ["elements", *(f"{size:,}" for size in sizes)],
        [
            [name, *(report.ours(row, case, size, "ndarray") for size in sizes)]
            for name, (row, case) in OPERATIONS.items()
        ],
    )


TABLES = {"alternatives": alternatives, "resizing": resizing, "overhead": overhead}


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
