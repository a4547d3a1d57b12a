"""
Operators, ufuncs, reductions and NumPy's functions on a DynamicArray and on a plain array.

One element shows the cost of a call, 100 of a call as programs make them, 10,000 (80 kB) a loop
in the second cache, 10^6 and 10^7 (80 MB) memory. Arguments and `out` are touched in `setup`. Large
new results are not: their page faults are timed, as every program that computes has them. A timed
call runs the code 1,000, 1,000, 50, 1 and 1 times, `loops` in general.
"""

from .common import KINDS, made, statement, values

SIZES = [1, 100, 10_000, 10**6, 10**7]


def loops(size):
    return min(1000, max(1, 500_000 // size))


class Ufuncs:
    code = [
        "a + b",
        "a * 2.0",
        "a > b",
        "-a",
        "a += b",
        "np.add(a, b)",
        "np.add(a, b, out=out)",
        "np.sqrt(a)",
        "np.exp(a, out=out)",
        "np.add.reduce(a)",
        "np.add.accumulate(a, out=out)",
        "plain + a",
    ]
    params = [["cpp", "ndarray"], code, SIZES]
    param_names = ["kind", "code", "size"]

    def setup(self, kind, code, size):
        plain = values("f8", size)
        names = {"a": made(kind, plain), "plain": plain}
        names |= {name: made(kind, plain[::-1]) for name in ("b", "out") if name in code}
        self.run = statement(code, loops(size), **names)
        self.run()

    def time_run(self, kind, code, size):
        self.run()


class Functions(Ufuncs):
    code = [
        "a.sum()",
        "a.mean()",
        "np.sum(a)",
        "np.max(a)",
        "np.cumsum(a)",
        "np.dot(a, b)",
        "np.concatenate((a, b))",
        "np.where(a > b, a, b)",
        "np.clip(a, 2, 50)",
        "np.diff(a)",
        "np.allclose(a, b)",
        "a.astype('f4')",
    ]
    params = [["cpp", "ndarray"], code, SIZES]


class Sorting(Ufuncs):
    """What takes more than one pass; up to 10^6."""

    code = [
        "np.sort(a)",
        "np.argsort(a)",
        "np.unique(a)",
        "np.median(a)",
        "np.searchsorted(a, b[:100])",
    ]
    params = [["cpp", "ndarray"], code, SIZES[:4]]


class Backends(Ufuncs):
    """Where memory comes from matters to large arrays only, and to all code alike."""

    code = ["a + b", "a += b", "np.sum(a)"]
    params = [KINDS, code, [10**6, 10**7]]


class Matrices(Ufuncs):
    """A matrix of some rows of 10, as records of a simulation are."""

    code = [
        "a.mean(axis=0)",
        "a.sum(axis=1)",
        "a @ a.T[:, :10]",
        "np.vstack((a, b))",
        "a.T + 1",
        "a[:, 0] * 2",
    ]
    params = [["cpp", "ndarray"], code, [10, 10_000]]

    def setup(self, kind, code, size):
        a = values("f8", (size, 10))
        self.run = statement(code, 1000 if size == 10 else 10, a=made(kind, a), b=made(kind, a))
        self.run()
