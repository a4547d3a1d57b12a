"""
The same work by a DynamicArray and by what people use today, until there is an array of all rows.

Appending one by one: 1,000 rows, where setting up counts, and 100,000; what copies everything at
every append stops at 10,000. In bulk: blocks of 1 kB and 64 kB up to 4 MiB, which np.append can
still do in a second. Every container is made in the timed call, so small ones are warm, and the
page faults of large ones are timed for all alike.
"""

from itertools import repeat

from .common import choose, values
from .containers import CONTAINERS, LIBRARIES, container

KINDS = [*CONTAINERS, *LIBRARIES]


class Append:
    params = [KINDS, [1_000, 100_000]]
    param_names = ["kind", "count"]

    def setup(self, kind, count):
        if count > 10_000 and kind in ("np.append", "ndarray.resize", "list of blocks"):
            raise NotImplementedError("takes seconds, or a list of as many arrays")
        choose(kind)
        container(kind)  # not all are installed
        self.rows = values("f8", count).tolist()

    def time_append(self, kind, count):
        target = container(kind, limit=count)
        append = target.append
        for row in self.rows:
            append(row)
        target.rows()


class AppendRows:
    """1,000 rows of 100."""

    params = [KINDS]
    param_names = ["kind"]

    def setup(self, kind):
        choose(kind)
        container(kind, row=(100,))  # not all can
        self.rows = list(values("f8", (1_000, 100)))

    def time_append(self, kind):
        target = container(kind, row=(100,), limit=len(self.rows))
        append = target.append
        for row in self.rows:
            append(row)
        target.rows()


class Extend:
    params = [KINDS, [1024, 64 * 1024]]
    param_names = ["kind", "block"]
    total = 4 * 2**20

    def setup(self, kind, block):
        if kind == "np.append" and self.total**2 / block > 2**33:
            raise NotImplementedError("takes seconds")
        choose(kind)
        container(kind)  # not all are installed
        self.block = values("f8", block // 8)

    def time_extend(self, kind, block):
        target = container(kind, limit=self.total // 8)
        extend = target.extend
        for rows in repeat(self.block, self.total // block):
            extend(rows)
        target.rows()


class ExtendRows:
    """Blocks of 64 rows of 100, 51 kB each, up to 2,048 rows."""

    params = [KINDS]
    param_names = ["kind"]

    def setup(self, kind):
        choose(kind)
        container(kind, row=(100,))  # not all can
        self.block = values("f8", (64, 100))

    def time_extend(self, kind):
        target = container(kind, row=(100,), limit=2048)
        extend = target.extend
        for rows in repeat(self.block, 2048 // 64):
            extend(rows)
        target.rows()
