"""Measures rows, one after the other."""

import statistics
from functools import cache

from .measure import compared, pairs, summary
from .peak import available, peak
from .rows import Memory, rows


class Peaks:
    """Peaks of processes, several of each, remembered: ours is compared with every peer."""

    def __init__(self, times):
        self.times = times
        self.of = cache(self.measure)

    def measure(self, benchmark, method, kind, size):
        if 1.5 * size > available():
            raise NotImplementedError(f"needs {size / 1e9:.0f} GB of memory")
        return [peak(benchmark, method, kind, size) for _ in range(self.times)]

    def compared(self, row):
        ours = self.of(row.benchmark, row.method, "cpp", row.size)
        peer = (
            [row.size] * self.times
            if row.kind is None
            else self.of(row.benchmark, row.method, row.kind, row.size)
        )
        return {
            "unit": "bytes",
            "pairs": self.times,
            "ours": statistics.median(ours),
            "peer's": statistics.median(peer),
            "ratio": summary([a / b for a, b in zip(ours, peer, strict=True)]),
        }


def results(pace, *, quick=False, only=None):
    """
    Yield a result for each row, a dict.

    It says what was compared, `row`, `case`, `size` and `peer`, and either what came out, or as
    `left_out` why nothing did.
    """
    peaks = Peaks(1 if quick else 3)
    for row in rows(quick):
        if only and row.row not in only:
            continue
        result = {"row": row.row, "case": row.case, "size": row.size, "peer": row.peer}
        try:
            if isinstance(row, Memory):
                result |= peaks.compared(row)
            else:
                result |= {"unit": "s", **compared(pairs(row.ours(), row.theirs(), pace))}
        except NotImplementedError as reason:
            result["left_out"] = str(reason)
        yield result
