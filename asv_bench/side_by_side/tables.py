"""The report as a text: machine, targets, where we lose, and all that was measured."""

import statistics
import tomllib
from pathlib import Path

TARGETS = Path(__file__).parent / "targets.toml"

# Rows whose sizes are bytes; all others' are elements, or rows.
IN_BYTES = ("extend", "grow by blocks", "memory", "file: blocks", "file: to another process")

# Not peers, to which one can lose.
YARDSTICKS = ("payload", "itself", "itself at 10^3", "len of a list")

# Less than this is no difference, as the design has it.
SAME = 1.02


def size_text(result):
    return bytes_text(result["size"]) if result["row"] in IN_BYTES else f"{result['size']:,}"


def bytes_text(size):
    for factor, unit in ((10**9, "GB"), (10**6, "MB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if size >= factor and size % factor == 0:
            return f"{size // factor} {unit}"
    return f"{size:,} B"


def amount_text(amount, unit):
    """Seconds or bytes, with a prefix."""
    if unit == "bytes":
        return f"{amount / 1e6:,.1f} MB"
    for factor, name in ((1e-6, "ns"), (1e-3, "µs"), (1, "ms")):
        if amount < factor:
            return f"{amount / factor * 1000:.3g} {name}"
    return f"{amount:.3g} s"


def ratio_text(ratio):
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:,.0f}"


def spread_text(low, high):
    return f"{ratio_text(low)} to {ratio_text(high)}"


def inverse(ratio):
    """Of ours to the peer's: the peer's to ours."""
    low, high = ratio["quartiles"]
    least, most = ratio["range"]
    return {
        "median": 1 / ratio["median"],
        "quartiles": [1 / high, 1 / low],
        "range": [1 / most, 1 / least],
    }


def table(header, lines):
    rule = ["---"] * len(header)
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in [header, rule, *lines])


def concerns(target, result):
    """Whether a target is about a result."""
    low, high = target.get("sizes", (result["size"],) * 2)
    return (
        result["row"] == target["row"]
        and result["peer"] in target["peers"]
        and result["case"] in target.get("cases", [result["case"]])
        and low <= result["size"] <= high
    )


def judged(target, results):
    """The result farthest from a target, its ratio, theirs / ours, and whether it is met."""
    found = [result for result in results if concerns(target, result)]
    if not found:
        return None
    worst = max(found, key=lambda result: result["ratio"]["median"])
    ratio = inverse(worst["ratio"])
    return worst, ratio, ratio["median"] >= aim(target)


def aim(target):
    """What theirs / ours is at least, if the target is met."""
    return 1 / target["at_most"] if "at_most" in target else target["at_least"]


def target_lines(targets, results):
    for target in targets:
        line = [target["what"], ", ".join(target["peers"]), ratio_text(aim(target))]
        judgement = judged(target, results)
        if judgement is None:
            yield [*line, "", "", "", "not measured"]
        else:
            worst, ratio, met = judgement
            yield [
                *line, ratio_text(ratio["median"]), spread_text(*ratio["quartiles"]),
                f"{worst['case']}, {size_text(worst)}"
                + (f", against {worst['peer']}" if len(target["peers"]) > 1 else ""),
                "met" if met else "**missed**",
            ]


def lost(results):
    """For each row and peer with results that are worse than the peer's: these, the worst first."""
    losses = [
        result for result in results
        if result["ratio"]["median"] > SAME and result["ratio"]["quartiles"][0] > 1
        and result["peer"] not in YARDSTICKS
    ]
    losses.sort(key=lambda result: -result["ratio"]["median"])
    grouped = {}
    for result in losses:
        grouped.setdefault((result["row"], result["peer"]), []).append(result)
    return grouped


def lost_lines(results):
    for (row, peer), losses in lost(results).items():
        worst = losses[0]
        all_of_them = sum(result["row"] == row and result["peer"] == peer for result in results)
        yield [
            row, peer, f"{len(losses)} of {all_of_them}", ratio_text(1 / worst["ratio"]["median"]),
            f"{worst['case']}, {size_text(worst)}",
        ]


def result_lines(results):
    for result in results:
        ratio = inverse(result["ratio"])
        yield [
            result["case"], size_text(result), result["peer"],
            *(amount_text(result[each], result["unit"]) for each in ("ours", "peer's")),
            ratio_text(ratio["median"]), spread_text(*ratio["quartiles"]),
            spread_text(*ratio["range"]), result["pairs"],
        ]


def left_out_lines(results):
    """For each peer and reason, in which rows and sizes."""
    grouped = {}
    for result in results:
        where = f"{result['row']}, {result['case']}"
        rows = grouped.setdefault((result["peer"], result["left_out"]), {})
        rows.setdefault(where, []).append(size_text(result))
    for (peer, reason), rows in grouped.items():
        places = "; ".join(f"{where}: {' '.join(sizes)}" for where, sizes in rows.items())
        yield [peer, reason, places]


def by_row(results):
    grouped = {}
    for result in results:
        grouped.setdefault(result["row"], []).append(result)
    return grouped


def folded(row, results):
    """The results of a row as a line with the median of all, that opens to their table."""
    header = ["case", "size", "compared with", "ours", "theirs", "theirs / ours", "quartiles", "range", "pairs"]
    median = statistics.median(inverse(result["ratio"])["median"] for result in results)
    line = f"<summary><b>{row}</b>: {len(results)} comparisons, median {ratio_text(median)}</summary>"
    return f"<details>{line}\n\n{table(header, result_lines(results))}\n\n</details>"


def report(machine, all_results, pictures):
    """The report in Markdown; `pictures` is a dict from title to file."""
    with TARGETS.open("rb") as file:
        targets = tomllib.load(file)["target"]
    results = [result for result in all_results if "ratio" in result]
    left_out = [result for result in all_results if "left_out" in result]
    target_header = ["what", "compared with", "at least", "worst case", "quartiles", "which case", ""]
    parts = [
        "# Side by side",
        "DynamicArray compared with what people use today. The two sides of each comparison are measured "
        "in turn, many times, in one process with the garbage collector off. A figure is the median of the "
        "ratios of these pairs; the quartiles show the spread. Peak memory is measured in fresh processes. "
        "Written by `asv_bench/report.py`.",
        *(f"## {title}\n\n![{title}]({file})" for title, file in pictures.items()),
        "## Where we lose",
        f"All comparisons in which a DynamicArray takes more than {SAME} times the time, or memory, of the "
        "alternative, in at least three quarters of the pairs. The ratio is theirs / ours, as below.",
        table(
            ["row", "compared with", "cases", "worst ratio", "which case"], lost_lines(results)
        ),
        "## All results",
        "Time or memory of one operation. The ratio is that of the alternative to ours: above 1 we are better. "
        "A line opens to its table.",
        *(folded(row, found) for row, found in by_row(results).items()),
        "## What is aimed at",
        "What theirs / ours, of time or memory, should be at least. If a target covers several cases, the worst one is "
        "shown and decides. First, compared with NumPy as people use it:",
        table(target_header, target_lines((t for t in targets if "as_used" in t), results)),
        "Everything else:",
        table(target_header, target_lines((t for t in targets if "as_used" not in t), results)),
        "## Where it was measured",
        table(["", ""], machine.items()),
    ]
    if left_out:
        parts += ["## Left out", table(["peer", "reason", "where"], left_out_lines(left_out))]
    return "\n\n".join(parts) + "\n"
