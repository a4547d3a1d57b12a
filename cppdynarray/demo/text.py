"""The stream of files in words and bars: progress while it runs, and the report."""

from __future__ import annotations

import shutil
from time import perf_counter

import numpy as np

from cppdynarray.demo import records as stream

BARS = " ▁▂▃▄▅▆▇█"
PLAIN_BARS = str.maketrans(BARS, " .:-=+*%#")
YEARS_SHOWN = 12
NAMES_SHOWN = 5
LONGEST_PAUSE = 5.0


def write(text, file):
    """Write text to a stream, in ASCII where its encoding has no bars."""
    encoding = getattr(file, "encoding", None) or "utf-8"
    try:
        BARS.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(PLAIN_BARS)
    file.write(text.encode(encoding, "backslashreplace").decode(encoding))
    file.flush()


def readable(size):
    """A number of bytes as people read it: ``2.5 MiB``."""
    if size < 1024:
        return f"{size:.0f} B"
    for unit in ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB"):
        size /= 1024
        if size < 999.5 or unit == "EiB":
            break
    return f"{size:.3g} {unit}"


def printable(path):
    """A file name that can't upset a terminal."""
    return path if path.isprintable() else ascii(path)


def bars(counts, height=1):
    """Counts as columns of blocks, in lines from the top; whatever isn't 0 is seen."""
    counts = np.asarray(counts)
    eighths = np.ceil(counts / max(counts.max(initial=0), 1) * 8 * height).astype(int)
    return [
        "".join(BARS[level] for level in np.clip(eighths - 8 * row, 0, 8))
        for row in reversed(range(height))
    ]


def quantile_line(records):
    """The quantiles of the sizes in a line."""
    quantiles = stream.size_quantiles(records)
    return "   ".join(f"{name} {readable(size)}" for name, size in quantiles.items())


class Progress:
    """
    What is known so far, on a terminal in place, elsewhere as a plain line now and then.

    Parameters
    ----------
    file : text stream
        Usually ``sys.stderr``.

    Attributes
    ----------
    looks : int
        How many times NumPy read the array for it.
    seconds : float
        From the start to `finish`.
    """

    def __init__(self, file):
        self.file = file
        self.in_place = file.isatty()
        self.pause = 0.1
        self.start = perf_counter()
        self.next = self.start + self.pause
        self.seconds = 0.0
        self.looks = 0
        self.lines = 0

    def show(self, records):
        """Show the records so far, if it is time to."""
        now = perf_counter()
        if now < self.next:
            return
        self.looks += 1
        lines = self.describe(records)
        if self.in_place:
            width = shutil.get_terminal_size().columns - 1
            self.clear()
            self.lines = len(lines)
            write("".join(line[:width] + "\n" for line in lines), self.file)
        else:
            write("   ".join(lines[:2]) + "\n", self.file)
            self.pause = min(2 * self.pause, LONGEST_PAUSE)
        # However many records there are, looking takes a twentieth of the time at most.
        looked = perf_counter()
        self.next = looked + max(self.pause, 20 * (looked - now))

    def describe(self, records):
        """Three lines: files, sizes, years. NumPy reads the growing array as it is."""
        years, _, sizes = (column[-YEARS_SHOWN:] for column in stream.by_year(records))
        return [
            f"{len(records):,} files, {readable(stream.total_bytes(records))}, "
            f"data at {records.ctypes.data:#x}",
            f"sizes |{bars(stream.size_histogram(records))[0]}| {quantile_line(records)}",
            f"bytes by year  {years[0]} |{bars(sizes)[0]}| {years[-1]}",
        ]

    def clear(self):
        """Take the lines off the terminal."""
        if self.lines:
            write(f"\x1b[{self.lines}F\x1b[J", self.file)
            self.lines = 0

    def finish(self):
        """Clear up, and take the time."""
        self.clear()
        self.seconds = perf_counter() - self.start


def histogram_lines(records):
    """The sizes as bars, two columns for each power of two, with a scale below."""
    counts = np.repeat(stream.size_histogram(records), 2)
    marks = {0: "0", 2: "1 B", 12: "32 B"} | {
        2 * (power + 1): label
        for power, label in ((10, "1 KiB"), (15, "32 KiB"), (20, "1 MiB"), (25, "32 MiB"),
                             (30, "1 GiB"), (35, "32 GiB"), (40, "1 TiB"))
    }
    scale = ""
    for column, label in marks.items():
        if column < len(counts):
            scale = scale.ljust(column) + label
    return [line.rstrip() for line in bars(counts, height=5)] + [scale]


def year_lines(records):
    """A table of the last years, those before them in one row."""
    years, files, sizes = stream.by_year(records)
    rows = [(str(year), *row) for year, *row in zip(years, files, sizes, strict=True)]
    if len(rows) > YEARS_SHOWN:
        cut = len(rows) - YEARS_SHOWN + 1
        rows[:cut] = [("before", files[:cut].sum(), sizes[:cut].sum())]
    largest, total, so_far = max(size for *_, size in rows), sum(size for *_, size in rows), 0
    lines = [f"{'year':>6} {'files':>11} {'bytes':>10} {'so far':>7}"]
    for year, count, size in rows:
        so_far += size
        bar = "█" * round(24 * size / max(largest, 1))
        share = f"{so_far / max(total, 1):.0%}"
        lines.append(f"{year:>6} {count:>11,} {readable(size):>10} {share:>7}  {bar}".rstrip())
    return lines


def memory_lines(records, start, first):
    """Where the data is, and whether a view of the first record is still the same memory."""
    address = records.ctypes.data
    moved = "the data never moved" if address == start else "the data moved"
    rows = ("rows", f"{len(records):,} of {records.itemsize} bytes; capacity {records.capacity:,}")
    if len(first) == 0:
        return [rows]
    kept = first["size"].copy()
    first["size"] = -1
    seen = records["size"][0]
    first["size"] = kept
    same = seen == -1 and first.ctypes.data == address
    return [
        rows,
        ("address", f"{start:#x} before the first row, {address:#x} after the last: {moved}"),
        (
            "first view",
            f"at {first.ctypes.data:#x}; wrote -1 through it, the array reads {seen}: "
            + ("same memory" if same else "it kept the old memory"),
        ),
    ]


def ratio(array, other, better, worse):
    """How two costs compare, seen from the array, in whole or half figures."""
    low, high = sorted([max(array, 1e-12), max(other, 1e-12)])
    times = round(high / low) if high >= 5 * low else round(2 * high / low) / 2
    if times <= 1:
        return "level"
    return f"{times:,g} times {better if array < other else worse}"


def compare_lines(rows, array, other):
    """Both ways of collecting, ratios first."""
    table = [
        ("memory", ratio(array.peak, other.peak, "less", "more"),
         readable(array.peak), readable(other.peak)),
        ("a look", ratio(array.look, other.look, "faster", "slower"),
         f"{array.look * 1e6:,.1f} us", f"{other.look * 1e6:,.0f} us"),
        ("collecting", ratio(array.collect, other.collect, "faster", "slower"),
         f"{array.collect / rows * 1e9:,.0f} ns/row", f"{other.collect / rows * 1e9:,.0f} ns/row"),
    ]
    lines = [f"{'':10} {'the array is':>20} {'DynamicArray':>14} {'list, np.array':>16}"]
    for name, *cells in table:
        lines.append("{:10} {:>20} {:>14} {:>16}".format(name, *cells))
    return [*lines, "(a look: the sum of all sizes so far; the list is first converted to an array)"]


def report(directory, records, start, first, skipped, progress, costs, stopped):
    """
    Put together the report.

    Parameters
    ----------
    directory : str
    records : DynamicArray
        Of dtype `stream.RECORD`.
    start : int
        The address of the data before the first record.
    first : numpy.ndarray
        A view of the first record, taken when it was the only one.
    skipped : list of (str, str)
        Paths and reasons.
    progress : Progress
        Finished.
    costs : tuple or None
        What `compare.compare` returned; None without records.
    stopped : bool
        Whether the walk was stopped before its end.

    Returns
    -------
    str
    """
    total = stream.total_bytes(records)
    facts = [
        ("directory", printable(directory)),
        ("files", f"{len(records):,}" + (" until it was stopped" if stopped else "")),
        ("bytes", f"{readable(total)} ({total:,.0f})"),
        ("walk", f"{progress.seconds:.2f} s; NumPy looked at the growing array {progress.looks}x"),
        *memory_lines(records, start, first),
    ]
    lines = [f"{name:10} {text}" for name, text in facts]
    if len(records):
        lines += ["", "files by size", "", *histogram_lines(records), "", quantile_line(records)]
        lines += ["", "by year of last modification", "", *year_lines(records)]
    if costs is not None:
        rows = costs[0]
        lines += ["", f"{rows:,} of these records, collected again in both ways", ""]
        lines += compare_lines(*costs)
    if skipped:
        lines += ["", f"{len(skipped):,} could not be read"]
        lines += [f"  {printable(path)}: {reason}" for path, reason in skipped[:NAMES_SHOWN]]
        if len(skipped) > NAMES_SHOWN:
            lines.append("  ...")
    return "\n".join(lines) + "\n"
