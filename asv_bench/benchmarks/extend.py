"""
extend: many rows at the end.

Blocks go from 128 B, where the call is all of it, over 1 kB to 1 MB, what programs write at a
time, to 64 MB, where memory is all of it. In all 64 MB are written: more than caches hold, and
than malloc keeps. `Warm` writes pages touched before, `Fresh` adds their page faults and the
growing. The baseline is an array of the final size, assigned to slice by slice.
"""

from itertools import repeat

import numpy as np

from .common import FRESH_BYTES, KINDS, choose, forget, values
from .containers import container

BLOCK_BYTES = [128, 1024, 8 * 1024, 64 * 1024, 2**20, 8 * 2**20, 64 * 2**20]


def warm(kind, limit, row=()):
    """A container that has room for all rows, its pages touched."""
    target = container(kind, row=row, limit=limit)
    if kind != "ndarray":
        target.data.resize((limit, *row))
    target.data[:] = 1
    if kind != "ndarray":
        target.data.clear()
    return target


class Fresh:
    params = [KINDS, BLOCK_BYTES]
    param_names = ["kind", "block"]
    total = FRESH_BYTES

    def setup(self, kind, block):
        choose(kind)
        forget()
        self.block = values("f8", block // 8)
        self.target = container(kind, limit=self.total // 8)

    def time_extend(self, kind, block):
        rows = self.block
        if kind == "ndarray":
            data, size = self.target.data, len(rows)
            for start in range(0, len(data), size):
                data[start : start + size] = rows
        else:
            extend = self.target.extend
            for _ in range(self.total // block):
                extend(rows)


class Warm(Fresh):
    def setup(self, kind, block):
        super().setup(kind, block)
        self.target = warm(kind, self.total // 8)


class Sources:
    """What rows come in, 512 kB of them in all; touched pages."""

    sources = {
        "list": lambda rows: rows.tolist(),
        "tuple": lambda rows: tuple(rows.tolist()),
        "generator": lambda rows: (x for x in rows.tolist()),
        "memoryview": lambda rows: memoryview(rows),
        "another dtype": lambda rows: rows.astype("f4"),
        "strided": lambda rows: np.repeat(rows, 2)[::2],
    }
    total = 2**16
    params = [KINDS, list(sources), [16, 1024, total]]
    param_names = ["kind", "source", "items"]

    def setup(self, kind, source, items):
        choose(kind)
        rows = values("f8", items)
        # Each its own: a generator can be used once only.
        self.blocks = [self.sources[source](rows) for _ in range(self.total // items)]
        self.target = warm(kind, self.total)

    def time_extend(self, kind, source, items):
        extend = self.target.extend
        if kind == "ndarray" and source == "generator":
            for rows in self.blocks:
                extend(list(rows))
        else:
            for rows in self.blocks:
                extend(rows)


class Rows:
    """Rows of two dimensions, up to 8 MiB; touched pages."""

    params = [KINDS, [3, 1024], ["array", "list"], [1, 64, 1024]]
    param_names = ["kind", "width", "source", "block"]

    def setup(self, kind, width, source, block):
        choose(kind)
        rows = values("f8", (block, width))
        self.block = rows if source == "array" else rows.tolist()
        # Fewer of the small ones, which cost more than what they write.
        self.times = min(2**20 // (block * width), 1000)
        self.target = warm(kind, self.times * block, (width,))

    def time_extend(self, kind, width, source, block):
        extend = self.target.extend
        for rows in repeat(self.block, self.times):
            extend(rows)
