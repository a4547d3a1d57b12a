"""One array of 8 GB, from nothing, with views of when it was small."""

import numpy as np
import pytest

from subprocesses import linux_only, measure

GB = 10**9


@linux_only
@pytest.mark.slow
def test_an_array_grows_to_8_gigabytes():
    block, blocks = 10**7, 100  # elements of 8 bytes
    needed = 8 * block * blocks
    length, last, first, sum_of_ends, moved, resident = measure(
        f"""
        import cppdynarray as cda
        d = cda.DynamicArray([0], dtype="i8", max_size={block * blocks + 1})
        view, address = d[:], d.ctypes.data
        rows = np.arange(1, {block} + 1)
        for _ in range({blocks}):
            d.extend(rows)
        view[0] = 7
        ends = d[{block}::{block}]
        print(len(d), d[-1], d[0], ends.sum(), int(d.ctypes.data != address), resident())
        """
    )
    assert (length, last, first, moved) == (block * blocks + 1, block, 7, 0)
    assert sum_of_ends == np.full(blocks, block).sum()
    assert needed < resident < 1.02 * needed + GB / 10
