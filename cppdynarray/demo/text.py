"""The stream of files in words and bars: progress while it runs, and the report."""

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


def bars(counts):
    """Counts as columns of blocks; whatever isn't 0 is seen."""
    counts = np.asarray(counts)
    return "".join(BARS[level] for level in np.ceil(counts / max(counts.max(initial=0), 1) * 8).astype(int))


def size_line(records):
    """The sizes by powers of two, and their quantiles."""
    quantiles = "   ".join(f"{name} {readable(size)}" for name, size in stream.size_quantiles(records).items())
    return f"sizes |{bars(stream.size_histogram(records))}| {quantiles}"


class Progress:
    """What is known so far, on a terminal in place, elsewhere as a plain line now and then."""

    def __init__(self, file):
        self.file = file
        self.in_place = file.isatty()
        self.pause = 0.1
        self.start = perf_counter()
        self.next = self.start + self.pause
        self.seconds = 0.0
        self.looks = 0  # how many times NumPy read the array for it
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
            f"{len(records):,} files, {readable(stream.total_bytes(records))}, data at {records.ctypes.data:#x}",
            size_line(records),
            f"bytes by year  {years[0]} |{bars(sizes)}| {years[-1]}",
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


def year_lines(records):
    """A table of the last years, those before them in one row."""
    years, files, sizes = stream.by_year(records)
    rows = [(str(year), *row) for year, *row in zip(years, files, sizes, strict=True)]
    if len(rows) > YEARS_SHOWN:
        cut = len(rows) - YEARS_SHOWN + 1
        rows[:cut] = [("before", files[:cut].sum(), sizes[:cut].sum())]
    largest = max(size for *_, size in rows)
    return [f"{'year':>6} {'files':>11} {'bytes':>10}"] + [
        f"{year:>6} {count:>11,} {readable(size):>10}  {'█' * round(24 * size / max(largest, 1))}".rstrip()
        for year, count, size in rows
    ]


def memory_lines(records, start, first):
    """Where the data is, and whether a view of the first record is still the same memory."""
    address = records.ctypes.data
    moved = "the data never moved" if address == start else "the data moved"
    lines = [("rows", f"{len(records):,} of {records.itemsize} bytes; capacity {records.capacity:,}")]
    if len(first):
        kept = first["size"].copy()
        first["size"] = -1
        seen = records["size"][0]
        first["size"] = kept
        same = "same memory" if seen == -1 and first.ctypes.data == address else "it kept the old memory"
        lines += [
            ("address", f"{start:#x} before the first row, {address:#x} after the last: {moved}"),
            ("first view", f"at {first.ctypes.data:#x}; wrote -1 through it, the array reads {seen}: {same}"),
        ]
    return lines


def ratio(array, other, better, worse):
    """How two costs compare, seen from the array, in whole or half figures."""
    low, high = sorted([max(array, 1e-12), max(other, 1e-12)])
    times = round(high / low) if high >= 5 * low else round(2 * high / low) / 2
    return "level" if times <= 1 else f"{times:,g} times {better if array < other else worse}"


def compare_lines(rows, array, other):
    """Both ways of collecting, ratios first."""
    table = [
        ("", "the array is", "DynamicArray", "list, np.array"),
        ("memory", ratio(array.peak, other.peak, "less", "more"), readable(array.peak), readable(other.peak)),
        ("a look", ratio(array.look, other.look, "faster", "slower"),
         f"{array.look * 1e6:,.1f} us", f"{other.look * 1e6:,.0f} us"),
        ("collecting", ratio(array.collect, other.collect, "faster", "slower"),
         f"{array.collect / rows * 1e9:,.0f} ns/row", f"{other.collect / rows * 1e9:,.0f} ns/row"),
    ]
    lines = [f"{name:10} {how:>20} {ours:>14} {theirs:>16}" for name, how, ours, theirs in table]
    return [*lines, "(a look: the sum of all sizes so far; the list is first converted to an array)"]


def report(directory, records, start, first, skipped, progress, costs, stopped):
    """The report. `start` is the address of the data before the first record, `first` a view of the first record,
    taken when it was the only one, `costs` what `compare()` returned, or None without records.
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
        lines += ["", size_line(records), "", "by year of last modification", "", *year_lines(records)]
    if costs is not None:
        lines += ["", f"{costs[0]:,} of these records, collected again in both ways", "", *compare_lines(*costs)]
    if skipped:
        lines += ["", f"{len(skipped):,} could not be read"]
        lines += [f"  {printable(path)}: {reason}" for path, reason in skipped[:NAMES_SHOWN]]
        lines += ["  ..."] * (len(skipped) > NAMES_SHOWN)
    return "\n".join(lines) + "\n"
