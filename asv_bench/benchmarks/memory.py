"""
Memory at the peak, of the whole process.

Take away "nothing", the interpreter with its modules and what `setup` made. The payload is 64
MiB, so that this is small beside it, written in blocks of 512 kB. All pages are written, but
where it says so: memory that was only reserved or committed does not count, as
`peakmem_untouched` shows.
"""

from itertools import repeat

import numpy as np

from .common import FRESH_BYTES, KINDS, choose, values
from .containers import CONTAINERS, container
from .inline import BY_BLOCKS


class Grow:
    params = [["nothing", *CONTAINERS]]
    param_names = ["kind"]
    payload = FRESH_BYTES

    def setup(self, kind):
        choose(kind)
        self.block = values("f8", 2**16)

    def peakmem_extend(self, kind):
        """64 MiB of float64 by blocks, until there is an array of it; by the code that is timed, if there is any."""
        count = self.payload // self.block.nbytes
        if kind in BY_BLOCKS:
            BY_BLOCKS[kind](repeat(self.block, count), count * len(self.block))
        elif kind != "nothing":
            target = container(kind, limit=self.payload // 8)
            for _ in range(count):
                target.extend(self.block)
            target.rows()


class Append:
    """16 MiB by append, but for what takes minutes or is no way to append one value."""

    params = [["nothing", "cpp", "numpy", "ndarray", "doubling", "list", "array.array"]]
    param_names = ["kind"]
    payload = FRESH_BYTES // 4

    def setup(self, kind):
        choose(kind)

    def peakmem_append(self, kind):
        if kind != "nothing":
            target = container(kind, limit=self.payload // 8)
            for number in range(self.payload // 8):
                target.append(float(number))
            target.rows()


class Arrays:
    params = [["nothing", *KINDS]]
    param_names = ["kind"]

    def peakmem_small(self, kind):
        """20,000 arrays of 10 float64: the payload is 1.6 MB."""
        if kind != "nothing":
            new = choose(kind)
            kept = [new.ones(10) for _ in range(20_000)]
            del kept

    def peakmem_untouched(self, kind):
        """80 MB of zeros, of which one is written."""
        if kind != "nothing":
            array = choose(kind).zeros(10**7)
            array[0] = 1

    def peakmem_shrunk(self, kind):
        """64 MiB, given back, and again by another array."""
        if kind != "nothing":
            new = choose(kind)
            first = new.ones(FRESH_BYTES // 8)
            first.resize(10, refcheck=False)
            if kind != "ndarray":
                first.shrink_to_fit()
            second = new.ones(FRESH_BYTES // 8)
            del first, second

    def peakmem_insert(self, kind):
        """One element into the middle of 64 MiB."""
        if kind != "nothing":
            array = choose(kind).ones(FRESH_BYTES // 8)
            if kind == "ndarray":
                np.insert(array, len(array) // 2, 0.5)
            else:
                array.insert(len(array) // 2, 0.5)
