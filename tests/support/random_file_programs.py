"""Random programs on files: all that changes an array, as random_programs.py has it, and what only files have:
followers, closing, and going on.

As many as you like, from seeds that are printed:

    python3 tests/support/random_file_programs.py --seeds 200
"""

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from random_programs import COPIES, SEEDS, DynamicArrayMachine, nothing, run_many

import cppdynarray as cda
from cppdynarray._core._array import memory_of
from helpers import PLAIN_DTYPES, ROWS, STRUCTURED_DTYPES, address, assert_same, error_of, unchanged

DTYPES = st.sampled_from(PLAIN_DTYPES + STRUCTURED_DTYPES) | st.sampled_from([np.dtype("f8"), np.dtype("i8")])
RESERVES = [0, 1 << 12, 1 << 14]  # bytes of addresses: as by default, and so few that the array moves


class FileMachine(DynamicArrayMachine):
    """As the machine for memory, but that an array which moves stays the same rows of the same file."""

    @initialize(
        dtype=DTYPES, row_shape=st.sampled_from(ROWS), reserve=st.sampled_from(RESERVES), rows=st.integers(0, 5),
        followed=st.booleans(), seed=SEEDS,
    )
    def start(self, dtype, row_shape, reserve, rows, followed, seed):
        self.dtype, self.nothing = dtype, nothing(dtype)
        self.things, self.views, self.handles = [], [], []
        self.options = ExitStack()
        self.options.enter_context(cda.options(reserve_bytes=reserve))
        self.folder = tempfile.mkdtemp()
        self.path = Path(self.folder, "run.npy")
        content = self.sample((rows, *row_shape), seed)
        array = cda.open_memmap(self.path, "x", dtype, (0, *row_shape))
        array.extend(content)
        self.follower = cda.open_memmap(self.path) if followed else None
        self.adopt(array, content)
        self.look("all", slice(None))

    def teardown(self):
        if hasattr(self, "array"):
            expected = self.model.copy()
            self.handles = []
            self.array.close()
            assert_same(np.load(self.path), expected)
            assert not Path(f"{self.path}.live").exists()
            del self.follower
            shutil.rmtree(self.folder)
            super().teardown()

    def new_memory(self):
        if not hasattr(self, "memory"):
            super().new_memory()
        self.address = address(self.array)

    @rule(shape=st.sampled_from([(4,), (0,), (7,), (2, 3), (1, 3), (3, 1), (0, 2), (2, 2, 2), (3, 0)]))
    def resize_to(self, shape):
        if shape[1:] != self.row_shape:
            with unchanged(self.array):
                assert error_of(self.array.resize, shape) is ValueError
        else:
            DynamicArrayMachine.resize_to(self, shape)

    @rule(method=st.sampled_from(sorted(COPIES)), seed=SEEDS)
    @precondition(DynamicArrayMachine.has_room)
    def copy(self, method, seed):
        if method == "pickle":  # where it arrives it is the file, which it follows
            arrived = COPIES[method](self.array)
            assert (type(arrived), arrived.mode) == (cda.DynamicMemmap, "r")
            assert_same(arrived, self.model)
            arrived.close()
        else:
            DynamicArrayMachine.copy(self, method, seed, False)

    @rule()
    def shrink_to_fit(self):
        DynamicArrayMachine.shrink_to_fit(self)
        # The file ends with its rows: what a view of removed ones shows behind them, and writes there, isn't kept.
        end = address(self.array) + self.array.nbytes
        self.views = [each for each in self.views if np.lib.array_utils.byte_bounds(each[0])[1] <= end]

    @rule(sync=st.booleans())
    def flush(self, sync):
        self.array.flush(sync)
        assert_same(np.load(self.path), self.model)

    @rule(mode=st.sampled_from(["a", "r+"]))
    @precondition(lambda self: not self.handles)
    def close_and_go_on(self, mode):
        expected, before = self.model.copy(), self.array
        before.close()
        assert_same(before, expected)
        assert error_of(before.append, self.sample_row(0)) is ValueError
        assert_same(np.load(self.path), expected)
        # What is behind the rows is the next writer's, and views of it no longer look at it.
        self.views = []
        del self.memory
        self.adopt(cda.open_memmap(self.path, mode), expected)

    @invariant()
    def a_follower_sees_the_rows(self):
        if getattr(self, "follower", None) is not None:
            assert self.follower.refresh() == len(self.model)
            assert_same(self.follower, self.model)
            assert memory_of(self.follower) is None


if __name__ == "__main__":
    run_many(FileMachine, __doc__)
