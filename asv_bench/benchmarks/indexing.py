"""
Indexing: single elements, slices, iteration.

Scalar access is timed on 1,000 elements, in the first cache, so that nothing but the access
counts; random access on sizes for each cache of today's machines: 16 kB (L1), 256 kB (L2), 8 MB
(L3), 256 MB (none). All pages are touched in `setup`. The heap backend is left out where it
can't matter where memory comes from.
"""

import numpy as np

from .common import KINDS, made, statement, values

DTYPES = ["f8", "f4", "i8", "i4", "?"]


class Scalars:
    """All of 1,000 elements, one by one."""

    code = [
        "for i in range(1000): array[i]",
        "for i in range(1000): array[i] = value",
        "for i in range(1000): array.item(i)",
        "for i in range(1000): array[i] += value",
        "for value in array: pass",
        "list(array)",
        "array.tolist()",
    ]
    params = [["cpp", "ndarray"], code, DTYPES]
    param_names = ["kind", "code", "dtype"]

    def setup(self, kind, code, dtype):
        array = made(kind, values(dtype, 1000))
        self.run = statement(code, 10, array=array, value=array[0].item())
        self.run()

    def time_run(self, kind, code, dtype):
        self.run()


class Random:
    """10,000 elements in random order."""

    params = [KINDS, [2**11, 2**15, 2**20, 2**25]]
    param_names = ["kind", "size"]

    def setup(self, kind, size):
        self.array = made(kind, np.ones(size))
        self.where = np.random.default_rng(1).integers(0, size, 10_000)
        self.order = self.where.tolist()
        # The same indices again would be in the cache.
        np.add.reduce(self.array)

    def time_read(self, kind, size):
        array = self.array
        for i in self.order:
            array[i]

    def time_write(self, kind, size):
        array = self.array
        for i in self.order:
            array[i] = 0.5

    def time_take(self, kind, size):
        self.array[self.where]

    def time_put(self, kind, size):
        self.array[self.where] = 0.5


class Keys:
    """Every kind of index, on 1,000 elements and as a matrix of 100 by 10; 1,000 times."""

    code = [
        "array[-1]",
        "array[position]",
        "array[2:5]",
        "array[::2]",
        "array[2:5] = 0.5",
        "array[2:5] = array[5:8]",
        "array[...]",
        "array[:, None]",
        "array[[1, 2, 3]]",
        "array[mask]",
        "array[mask] = 0.5",
        "matrix[5]",
        "matrix[5, 3]",
        "matrix[5, 3] = 0.5",
        "matrix[:, 3]",
        "matrix[5][3]",
        "for row in matrix: pass",
        "for x, y in zip(array, array): pass",
    ]
    params = [["cpp", "ndarray"], code]
    param_names = ["kind", "code"]

    def setup(self, kind, code):
        array = made(kind, values("f8", 1000))
        matrix = made(kind, values("f8", (100, 10)))
        self.run = statement(
            code,
            100 if code.startswith("for") else 1000,
            array=array, matrix=matrix, mask=np.arange(1000) % 7 == 0, position=np.int64(3),
        )
        self.run()

    def time_run(self, kind, code):
        self.run()


class Looking(Keys):
    """Attributes, and the ways by which other code gets at the memory; 1,000 times."""

    code = [
        "len(array)",
        "array.shape",
        "array.size",
        "array.dtype",
        "array.ctypes.data",
        "memoryview(array)",
        "np.asarray(array)",
        "np.from_dlpack(array)",
        "array.view()",
        "array.reshape(-1, 2)",
        "matrix.T",
        "0.5 in array",
    ]
    params = [["cpp", "ndarray"], code]
