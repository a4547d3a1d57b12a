"""Ways to call every ufunc."""

import itertools

import numpy as np
from numpy.testing.overrides import get_overridable_numpy_ufuncs

from comparison import attempt

UFUNCS = {
    ufunc.__name__: ufunc
    for ufunc in get_overridable_numpy_ufuncs()
    | {each for each in vars(np).values() if isinstance(each, np.ufunc)}
}
METHODS = ["__call__"] + [
    name for name in dir(np.ufunc) if not name.startswith("_") and callable(getattr(np.ufunc, name))
]
# NumPy's private ufuncs trust their callers: other methods than a call crash, and so do all calls
# of these, but for indices that another ufunc has found, as in np.strings.partition.
UNSAFE = {"_partition_index", "_rpartition_index"}
CALLED = [
    (name, method)
    for name in UFUNCS.keys() - UNSAFE
    for method in METHODS
    if method == "__call__" or not name.startswith("_")
]
# Some ufuncs don't say what they take: mostly strings of one kind, and ints among them.
TEXTS = [np.array(["ab", "Cd e", "x1"], kind) for kind in "UST"]
INTS = np.array([1, 2, 3])


def operands(ufunc):
    """Arrays for each of the types that a ufunc takes."""
    if not ufunc.types:
        yield [np.array([1 + 2j, -3j, 2.5])] * ufunc.nin
        for text in TEXTS:
            for others in itertools.product([text, INTS], repeat=ufunc.nin - 1):
                yield [text, *others]
    for types in ufunc.types:
        made = []
        for number, code in enumerate(types.partition("->")[0]):
            unit = {"m": "m8[s]", "M": "M8[s]"}.get(code, code)
            array = np.roll([1, 2, 3, 1, 2, 3], number).astype(unit)
            if "," in (ufunc.signature or ""):  # of matrices
                array = array.reshape(3, 2).repeat(2, 1)[:, :3]
            made.append(array)
        yield made


def shapes(arrays):
    """The operands as they are, with one more dimension, and empty."""
    yield arrays
    yield [np.stack([array, array]) for array in arrays]
    yield [array[:0] for array in arrays]


def outputs(ufunc, arrays, result):
    """Arrays to write into, which some ufuncs of strings need, and with room enough."""
    if result is None and not ufunc.types:
        kind = arrays[0].dtype.kind
        wide = np.dtype(f"{kind}64") if kind in "SU" else arrays[0].dtype
        return [np.zeros(arrays[0].shape, wide) for _ in range(ufunc.nout)]
    results = result if isinstance(result, tuple) else (result,)
    return [np.zeros_like(each) for each in results if each is not None]


def calling(ufunc, arrays):
    yield ufunc, arrays
    for position, array in enumerate(arrays):  # alone among plain ones
        before, after = arrays[:position], arrays[position + 1 :]
        yield lambda a, before=before, after=after: ufunc(*before, a, *after), [array]
    if ufunc.nin == 2:
        yield lambda a: ufunc(a, a), arrays[:1]
    written = outputs(ufunc, arrays, attempt(ufunc, *arrays)[0])
    nin, mask = ufunc.nin, np.arange(arrays[0].size).reshape(arrays[0].shape) % 2 == 0
    if written:
        yield lambda *a: ufunc(*a[:nin], out=a[nin:]), arrays + written
        yield lambda *out: ufunc(*arrays, *out), written
        yield lambda *a: ufunc(*a[:nin], out=a[nin:-1], where=a[-1]), [*arrays, *written, mask]
    if ufunc.types:  # those of strings write past the end of what is too short, and crash
        yield lambda *a: ufunc(*a, out=a[: ufunc.nout]), arrays


def reducing(ufunc, arrays):
    first = arrays[0]
    mask = np.arange(first.size).reshape(first.shape) % 2 == 0
    for axis in (None, *range(first.ndim)):
        yield lambda a, axis=axis: ufunc.reduce(a, axis=axis), [first]
        yield lambda a, axis=axis: ufunc.reduce(a, axis, keepdims=True), [first]
        written = outputs(ufunc, arrays, attempt(ufunc.reduce, first, axis)[0])
        for out in written:
            yield lambda a, out, axis=axis: ufunc.reduce(a, axis, out=out), [first, out]
            yield lambda out, axis=axis: ufunc.reduce(first, axis, None, out), [out]
            yield (
                lambda a, out, mask, axis=axis: ufunc.reduce(
                    a, axis, out=out, initial=first.flat[0] if first.size else 1, where=mask),
                [first, out, mask],
            )


def accumulating(ufunc, arrays):
    first = arrays[0]
    for axis in range(first.ndim):
        yield lambda a, axis=axis: ufunc.accumulate(a, axis), [first]
        for out in outputs(ufunc, arrays, attempt(ufunc.accumulate, first, axis)[0]):
            yield lambda a, out, axis=axis: ufunc.accumulate(a, axis, out=out), [first, out]
    yield lambda a: ufunc.accumulate(a, out=a), [first]


def reducing_at(ufunc, arrays):
    first, places = arrays[0], np.array([0, 1, 0])
    yield ufunc.reduceat, [first, places]
    yield lambda i: ufunc.reduceat(first, i, axis=-1), [places]
    for out in outputs(ufunc, arrays, attempt(ufunc.reduceat, first, places)[0]):
        yield lambda a, i, out: ufunc.reduceat(a, i, out=out), [first, places, out]


def pairing(ufunc, arrays):
    yield ufunc.outer, arrays
    yield lambda a: ufunc.outer(a, *arrays[1:]), arrays[:1]
    for out in outputs(ufunc, arrays, attempt(ufunc.outer, *arrays)[0]):
        yield lambda *a: ufunc.outer(*a[:-1], out=a[-1]), [*arrays, out]


def changing_at(ufunc, arrays):
    places = np.array([0, 2, 0])
    others = [array[:3] for array in arrays[1:]]
    yield ufunc.at, [arrays[0], places, *others]
    yield lambda a: ufunc.at(a, places, *others), arrays[:1]
    yield lambda i, *b: ufunc.at(arrays[0].copy(), i, *b), [places, *others]


def resolving(ufunc, arrays):
    yield lambda *a: ufunc.resolve_dtypes((*(b.dtype for b in a), *[None] * ufunc.nout)), arrays


CALLS = {
    "__call__": calling,
    "reduce": reducing,
    "accumulate": accumulating,
    "reduceat": reducing_at,
    "outer": pairing,
    "at": changing_at,
    "resolve_dtypes": resolving,
}
