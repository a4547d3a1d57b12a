"""What is compared: the rows of the report, each a few cases against some peers."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from benchmarks import (
    append,
    compiled,
    creation,
    extend,
    files,
    indexing,
    inline,
    mixed,
    peers,
    push_back,
    resize,
    rolling,
    ufuncs,
    values,
)

from .measure import Contender
from .peak import available
from .tables import bytes_text

# What growing by blocks ends with, and the blocks of the one in the middle; in bytes. At 32 MiB, the limit of what is
# kept for the next array, ours and malloc's, a first run has other ratios than those after it.
TOTALS = [2**20, 20 * 2**20, 2**30]
MIDDLE = TOTALS[1]
BLOCKS = [2**7, 2**10, 2**13, 2**16, 2**20]

# Benchmarks' kinds, as the report calls them where something grows.
NAMES = {
    "numpy": "DynamicArray, heap",
    "ndarray": "np.empty of the final size",
    "doubling": "doubling by hand",
    "ndarray.resize": "ndarray.resize",  # doubling, where lengths grow by steps
    "np.append": "np.append",
    "list": "list, then np.array",
    "list of blocks": "list of blocks, then np.concatenate",
    "array.array": "array.array",
    "cyarray": "cyarray",
    "ArrayBuilder": "awkward ArrayBuilder",
    "Brian2": "Brian2 DynamicArray1D",
    "memory": "DynamicArray in memory",
}


@dataclass
class Times:
    """Two contenders to be timed; size is in elements, or in bytes for blocks."""

    row: str
    case: str
    size: int
    peer: str
    ours: Callable[[], Contender]
    theirs: Callable[[], Contender]


@dataclass
class Memory:
    """A benchmark of `benchmarks.memory`, whose peaks are compared; no kind is the payload."""

    row: str
    case: str
    size: int
    peer: str
    kind: str | None
    benchmark: str
    method: str


def versus(row, case, size, peer, kind, benchmark, method, *params, **options):
    """A DynamicArray against another kind."""
    ours, theirs = (
        partial(Contender, benchmark, method, each, *params, **options) for each in ("cpp", kind)
    )
    return Times(row, case, size, peer, ours, theirs)


def controls():
    """NumPy against itself, which shows how far 1.0 can be off."""
    for case, size, units, arguments in (
        ("a + b", 1, 1000, (ufuncs.Ufuncs, "time_run", "ndarray", "a + b", 1)),
        ("a + b", 10**5, 5, (ufuncs.Ufuncs, "time_run", "ndarray", "a + b", 10**5)),
        ("list(a)", 1000, 10, (indexing.Scalars, "time_run", "ndarray", "list(array)", "f8")),
        ("doubling by hand", 1000, 1000, (peers.Append, "time_append", "doubling", 1000)),
    ):
        contender = partial(Contender, *arguments, units=units)
        yield Times("control: NumPy", case, size, "itself", contender, contender)


def appends():
    count = 100_000
    for code in append.Call.params[1]:
        loop = Contender(append.Call, "time_append", "loop", code)
        for kind, peer in {
            "list": "list", "list + np.array": "list, then np.array",
            "array.array": "array.array", "cyarray": "cyarray",
        }.items():
            yield versus(
                "append", code, count, peer, kind, append.Call, "time_append", code,
                less=loop, units=count,
            )


def extends(quick):
    total = 2**21 if quick else extend.FRESH_BYTES
    for benchmark, case in (extend.Warm, "warm"), (extend.Fresh, "first touch"):
        for block in [2**16] if quick else [2**10, 2**13, 2**16, 2**20]:
            yield versus(
                "extend", case, block, "np.empty, slice-assigned", "ndarray", benchmark,
                "time_extend", block, units=total // block, total=total,
            )


def resizes(quick):
    for size in [10**3, 10**6] if quick else [10**exponent for exponent in range(3, 10)]:
        ours = partial(Contender, resize.Resize, "time_grow", "cpp", size, units=100, count=100)
        yield Times(
            "resize", "once", size, "itself at 10^3", ours,
            partial(Contender, resize.Resize, "time_grow", "cpp", 1000, units=100, count=100),
        )
        count = 10 if size <= 10**6 else 1
        for kind, peer in ("ndarray", "ndarray.resize"), ("Brian2", NAMES["Brian2"]):
            yield Times(
                "resize", "once", size, peer, ours,
                partial(
                    Contender, resize.Resize, "time_grow", kind, size,
                    units=count, count=count, most=available() // 12,
                ),
            )
            if size in (10**3, 10**6, 10**8):
                yield versus(
                    "resize by steps", "100 steps", size, peer, kind, resize.Resize,
                    "time_grow_by_steps", size, units=100, count=1, most=available() // 12,
                )
            if size <= 10**5:
                yield versus(
                    "resize", "once, memory used before", size, peer, kind, resize.Warm,
                    "time_grow", size, units=50, count=50,
                )


def accesses(quick):
    for row, code in (
        ("read", "for i in range(1000): array[i]"),
        ("write", "for i in range(1000): array[i] = value"),
    ):
        for dtype in indexing.DTYPES:
            yield versus(
                row, dtype, 1000, "ndarray", "ndarray", indexing.Scalars, "time_run", code, dtype,
                units=10_000,
            )
    caches = zip(("L1", "L2", "L3", "no cache"), indexing.Random.params[1], strict=True)
    for cache, size in list(caches)[: 1 if quick else None]:
        for row, method in ("random read", "time_read"), ("random write", "time_write"):
            yield versus(
                row, cache, size, "ndarray", "ndarray", indexing.Random, method, size,
                units=10_000,
            )


def mixtures(quick):
    steps = mixed.STEPS
    for case, size, benchmark, method in (
        ("append, read, write", 10 * steps, mixed.Accesses, "time_run"),
        ("samples", 10 * steps, mixed.Samples, "time_record"),
        ("states", steps, mixed.States, "time_simulate"),
        ("spikes", steps, mixed.Spikes, "time_simulate"),
    )[: 1 if quick else None]:
        for kind in benchmark.params[0][2:]:
            yield versus(
                "mixed", case, size, NAMES[kind], kind, benchmark, method, units=size,
            )


def overheads(quick):
    for code in (
        "a + b", "np.add(a, b)", "np.sqrt(a)", "np.sum(a)", "np.sort(a)", "np.concatenate((a, b))",
    ):
        for size in [1, 10**5] if quick else [10**exponent for exponent in range(8)]:
            yield versus(
                "overhead", code, size, "ndarray", "ndarray", ufuncs.Ufuncs, "time_run",
                code, size, units=ufuncs.loops(size),
            )


def creations():
    for code in ("new.empty(size)", "new.zeros(size)", "new.array(items)"):
        yield versus(
            "creation", code, 10, f"np.{code[4:].partition('(')[0]}", "ndarray", creation.Create,
            "time_create", code, 10, units=1000,
        )


def pushes(quick):
    """From C++, without the GIL."""
    for count in [1000] if quick else push_back.PushBack.params[1]:
        for method, peer in (
            ("time_reserved", "std::vector, after reserve"),
            ("time_growing", "std::vector, without reserve"),
        ):
            yield versus(
                "push_back", "float64", count, peer, "std::vector", push_back.PushBack, method, count, units=count,
            )


def windows(quick):
    """RollingArrays: a few operations of the peers take as long as many of ours."""
    for maxlen in [1_000] if quick else rolling.Window.params[1]:
        for row, benchmark, method, kinds in (
            ("window, append", rolling.Window, "time_append", list(rolling.WINDOWS)),
            ("window, append and look", rolling.Window, "time_append_and_look", list(rolling.WINDOWS)),
            ("window, extend and look", rolling.Extend, "time_extend_and_look", rolling.Extend.params[0]),
        ):
            ours = partial(Contender, benchmark, method, "cpp", maxlen, units=1_000, count=1_000)
            for kind in kinds[1:]:
                count = 20 if method != "time_append" or kind in ("np.roll", "a[:-1] = a[1:]") else 2_000
                theirs = partial(Contender, benchmark, method, kind, maxlen, units=count, count=count)
                yield Times(row, "float64", maxlen, kind, ours, theirs)
        yield Times(
            "window, append", "float64", maxlen, "DynamicArray, append alone",
            partial(Contender, rolling.Window, "time_append", "cpp", maxlen, units=10_000, count=10_000),
            partial(Contender, rolling.Grow, "time_append", "DynamicArray", maxlen, units=10_000, count=10_000),
        )


def compiled_loops(quick):
    for count in [10**6] if quick else [10**6, 10**7]:
        for ours in compiled.Append.params[0][:3]:
            for kind in compiled.Append.params[0][3:]:
                yield Times(
                    "append in njit", "DynamicArray" if ours == "cpp" else ours.removeprefix("cpp, "), count, kind,
                    partial(Contender, compiled.Append, "time_append", ours, units=count, count=count),
                    partial(Contender, compiled.Append, "time_append", kind, units=count, count=count),
                )


def on_files():
    """Arrays on files. What is slow is called less often: what counts is the time of one call."""
    for row, benchmark, method, size, number in (
        ("file: append", files.Append, "time_append", 1, 0), ("file: blocks", files.Blocks, "time_extend", 8192, 1),
    ):
        for kind, way in list(files.WAYS.items())[1:]:
            if number and issubclass(way, files.Buffered):  # blocks need no buffer
                continue
            count = files.SLOW.get(kind, (files.ROWS, files.BLOCKS))[number]
            if row == "file: append" and "final size" in kind:
                count = 200_000
            yield Times(
                row, "float64", size, NAMES.get(kind, kind),
                partial(Contender, benchmark, method, "cpp", units=benchmark.count),
                partial(Contender, benchmark, method, kind, units=count, count=count),
            )
    for kind, theirs in (("cpp", "np.load, mmap_mode r"), ("cpp, a", "np.load, mmap_mode r+")):
        yield Times(
            "file: open", kind.partition(", ")[2] or "r", files.ROWS, theirs,
            *(partial(Contender, files.Open, "time_open", each, units=files.Open.count) for each in (kind, theirs)),
        )
    for case in ("new rows", "no new rows"):
        less = Contender(files.Follow, "time_refresh", "append") if case == "new rows" else None
        yield Times(
            "file: refresh", case, 1, "len of a list",
            partial(Contender, files.Follow, "time_refresh", case, less=less, units=files.Follow.count),
            partial(Contender, files.Follow, "time_refresh", "len", units=files.Follow.count),
        )
    for kind in files.Share.params[0][1:]:
        ours, theirs = (
            partial(Contender, files.Share, "time_there_and_back", each, units=2 * files.Share.count)
            for each in ("cpp", kind)
        )
        yield Times("file: to another process", "8 kB in /dev/shm", 8192, kind, ours, theirs)


def kinds_of_values(quick):
    """Whatever is appended, against a list of it and np.array in the end."""
    for count in [100] if quick else [100, 10_000]:
        for case, (_, row, _) in values.CASES.items():
            for way in values.WAYS:
                if not (way == "contents" and row):
                    yield versus(
                        "values", f"{case}, {way}", count, NAMES["list"], "list", values.Values, "time_collect",
                        case, way, count, units=count,
                    )


def growth(quick):
    """Everything that grows, against everything: NumPy's and Python's ways as they are written by hand, the
    others' as containers.
    """
    for kind in peers.KINDS[1:]:
        peer = NAMES[kind]
        by_hand = kind in inline.ONE_BY_ONE
        for count in [1000] if quick else [10**exponent for exponent in range(1, 8)]:
            if by_hand or (count <= 10**6 and kind != "list of blocks"):
                yield versus(
                    "grow one by one", "float64", count, peer, kind, *(
                        (inline.OneByOne, "time_append") if by_hand else (peers.Append, "time_append")
                    ), count, units=count,
                )
        for total in [MIDDLE] if quick else TOTALS:
            for block in [2**16] if quick else BLOCKS if total == MIDDLE else [2**10, 2**16]:
                if kind in inline.BY_BLOCKS:
                    yield versus(
                        "grow by blocks", bytes_text(total), block, peer, kind, inline.Blocks, "time_extend",
                        block, total, units=total // block,
                    )
                elif total == MIDDLE:
                    yield versus(
                        "grow by blocks", bytes_text(total), block, peer, kind, peers.Extend, "time_extend",
                        block, units=total // block, total=total,
                    )
        for benchmark, method, case, count in (
            (peers.AppendRows, "time_append", "one by one", 1000),
            (peers.ExtendRows, "time_extend", "64 at a time", 2048),
        ):
            yield versus(
                "grow by rows of 100", case, count, peer, kind, benchmark, method, units=count,
            )


def larger(quick):
    """resize to many, untouched and filled."""
    for kind, peer in {
        "ndarray.resize": "ndarray.resize", "np.zeros, copy": "np.zeros and a copy", "Brian2": NAMES["Brian2"],
    }.items():
        for size in [10**3, 10**6] if quick else [10**exponent for exponent in range(3, 9)]:
            for case, method in ("untouched", "time_untouched"), ("filled", "time_filled"):
                yield versus("larger", case, size, peer, kind, inline.Larger, method, size)


def memories(quick):
    by_blocks = ("Grow", "peakmem_extend")
    small = 10**7 if quick else 16 * 10**7
    for size in [small] if quick else [small, 4 * 10**9]:
        yield Memory("memory", "by blocks", size, "payload", None, *by_blocks)
    for kind in peers.KINDS[1:]:
        yield Memory("memory", "by blocks", small, NAMES[kind], kind, *by_blocks)
    one_by_one = ("Append", "peakmem_append")
    small //= 10
    yield Memory("memory", "one by one", small, "payload", None, *one_by_one)
    for kind in peers.KINDS[1:]:
        if kind not in ("np.append", "ndarray.resize", "list of blocks"):
            yield Memory("memory", "one by one", small, NAMES[kind], kind, *one_by_one)


def rows(quick):
    """All rows; `quick` leaves most sizes out, and is for trying whether it all runs."""
    yield from controls()
    yield from appends()
    yield from extends(quick)
    yield from resizes(quick)
    yield from accesses(quick)
    yield from mixtures(quick)
    yield from overheads(quick)
    yield from creations()
    yield from pushes(quick)
    yield from windows(quick)
    yield from compiled_loops(quick)
    yield from on_files()
    yield from kinds_of_values(quick)
    yield from growth(quick)
    yield from larger(quick)
    yield from memories(quick)
