"""
What the benchmarks share. Change nothing here that old results were measured with; add to it.

Kinds. "cpp" and "numpy" are DynamicArrays of the two backends: the second is called "heap" now, but
results go by its old name. "ndarray" is the baseline: a plain array, where it has to grow one of the
final size from the start, which no growing can beat. The others are what people write today.

Time. asv calls `setup` before each timed call, so a timed call does enough to be measured alone:
small operations are repeated in it, and sizes are chosen for that.

First touch. The first write to a page costs a page fault, several times the write itself. Freed
memory comes back without: from cppdynarray's pool of blocks (up to 32 MiB), and from malloc's
heap (up to 32 MiB). So a benchmark is either *warm*, its pages touched in `setup`, or *fresh*,
with 64 MiB and more from an emptied pool, which no allocator has at hand; then the faults are
timed.
"""

from functools import partial

import numpy as np

import cppdynarray as cda

BACKENDS = ["cpp", "numpy"]
KINDS = [*BACKENDS, "ndarray"]

# What no allocator has at hand; see above.
FRESH_BYTES = 64 * 2**20


def choose(kind):
    """Make a kind's backend that of all arrays to come; return the module that creates them."""
    try:
        cda.set_options(backend="heap" if kind == "numpy" else "cpp")
    except ValueError:  # a version before that name
        cda.set_options(backend="numpy")
    return np if kind == "ndarray" else cda


def forget():
    """Empty the pool, so that the next array is made of memory that nobody has used."""
    getattr(cda, "_core", cda)._memory.trim()  # before 0.1 the modules lay in the package itself


def values(dtype, shape):
    """Random values from 1 to 100, always the same ones; they come again after 65,536."""
    numbers = np.resize(np.random.default_rng(1).uniform(1, 100, 2**16), shape)
    if np.dtype(dtype) == bool:
        return numbers > 50
    return numbers.astype(dtype)


def made(kind, contents):
    """An array of a kind with a copy of the contents, so with touched pages."""
    return choose(kind).array(contents)


def statement(code, loops, **names):
    """
    A function that runs the code `loops` times: an operation on a few elements takes less time
    than a call of a Python function.
    """
    source = f"def run({', '.join(names)}):\n    for _ in range({loops}):\n        {code}"
    scope = {"np": np}
    exec(source, scope)
    return partial(scope["run"], **names)
