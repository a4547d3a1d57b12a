"""Every ufunc of NumPy and every method of ufuncs, found by introspection, on every dtype.

A method that a new NumPy gives its ufuncs fails the test until the table of calls has it, and so
does a ufunc for which no operands are found.
"""

import itertools

import numpy as np
import pytest
from cases import assert_case_alike
from numpy.testing.overrides import get_overridable_numpy_ufuncs

from comparison import assert_alike, attempt, noted

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


# The ways to call each method: of the ufunc and its operands, the functions that call it and the
# arrays that they are given.


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


@pytest.mark.parametrize("name, method", sorted(CALLED))
def test_a_ufunc(name, method):
    ufunc = UFUNCS[name]
    working = 0
    for taken in operands(ufunc):
        for arrays in shapes(taken):
            for call, given in CALLS[method](ufunc, arrays):
                with noted(f"of dtypes {[str(array.dtype) for array in given]}"):
                    assert_alike(call, *given)
                if method == "__call__":
                    working += attempt(call, *map(np.copy, given))[1] is None
    assert working or method != "__call__", "none of the operands suit the ufunc"


# What the tables above don't say: options, and operands that don't go together.


@pytest.mark.parametrize(
    "text",
    [
        "np.add(v, w, out=(v,))",
        "np.add(v, 1, out=None)",
        "np.add(v, w, out=np.zeros(6))",
        "np.sqrt(w, out=w)",
        "np.add(v, v, out=v)",
        "np.add(v[:-1], v[1:], out=v[1:])",
        "np.multiply(v, 2, out=i, casting='unsafe')",
        "np.multiply(v, 2, out=i)",
        "np.add(v, w, out=m)",
        "np.add(v, m)",
        "np.add(v, w, where=b, out=w)",
        "np.add(v, w, where=[True] * 6)",
        "np.add(v, w, dtype='f4')",
        "np.add(v, w, dtype='f4', casting='no')",
        "np.add(i, w, subok=False)",
        "np.add(v, w, order='F')",
        "np.add(v, w, signature='dd->d')",
        "np.add(v)",
        "np.add(v, w, v, w)",
        "np.add(v, w, bad=1)",
        "np.add(v, 'x')",
        "np.add(v, None)",
        "np.modf(v, out=(v, w))",
        "np.modf(v, out=(None, w))",
        "np.modf(v, v)",
        "np.modf(v, v, w)",
        "np.modf(v, out=v)",
        "np.divmod(v, w, out=(v, None))",
        "np.add.reduce(m, axis=(0, 1))",
        "np.add.reduce(m, axis=None, keepdims=True)",
        "np.add.reduce(m, axis=0, out=m[0])",
        "np.add.reduce(m, 1, None, v[:4])",
        "np.add.reduce(g, axis=0, out=v)",
        "np.add.reduce(v, initial=10)",
        "np.add.reduce(v, where=b)",
        "np.add.reduce(v, dtype='f4')",
        "np.add.reduce(v, out=z)",
        "np.add.reduce(m, axis=5)",
        "np.maximum.accumulate(n)",
        "np.add.reduceat(v, [0, 2, 4])",
        "np.add.reduceat(v, i[:3])",
        "np.add.reduceat(v, i)",
        "np.add.reduceat(v, [0, 1], out=np.zeros(2))",
        "np.add.reduceat(w, i, out=v)",
        "np.add.reduceat(v, [9])",
        "np.add.outer(m, v)",
        "np.multiply.outer([1, 2], v)",
        "np.add.outer(v, z)",
        "np.sin.outer(v)",
        "np.add.at(v, [0, 0, 2], 1)",
        "np.add.at(v, i, w)",
        "np.add.at(v, b, 1)",
        "np.add.at(m, (0, i[:3]), 5)",
        "np.negative.at(v, [1, 1])",
        "np.add.at([1.0, 2.0], v, 1)",
        "np.add.at(v, [99], 1)",
        "np.add.at(v, slice(2), 1)",
        "np.matmul(s, m.T)",
        "np.matmul(m, s)",
        "np.matmul(m, s, out=m)",
        "np.matmul(s, s, out=s)",
        "np.matmul(m, m)",
        "np.vecdot(m, m)",
        "np.matvec(s, m)",
        "np.vecmat(m, s)",
        "np.matmul(k, np.ones((4, 2)), axes=[(1, 2), (0, 1), (0, 1)])",
        "np.frompyfunc(lambda x, y: x + y, 2, 1)(v, w)",
        "np.frompyfunc(lambda x: (x, 1), 1, 2)(v)",
        "np.vectorize(lambda x: x * 2)(v)",
        "np.vectorize(lambda x, y: x @ y, signature='(n),(n)->()')(m, m)",
        "np.add.resolve_dtypes((v.dtype, i.dtype, None))",
        "np.isnat(v)",
        "np.ldexp(v, i)",
        "np.left_shift(i, v)",
        "np.equal(t, 'ab')",
        "np.add(o, 1)",
        "np.sin(z)",
        "np.sin(z, out=z)",
        "np.add(z, z)",
        "np.add(q, np.timedelta64(1, 'D'))",
        "np.add(q, q)",
        "np.add([v, v], [w, w])",
        "np.add((v,), 1)",
        "np.sqrt([v])",
        "np.divide(1, v)",
    ],
)
def test_ufunc_calls(text):
    assert_case_alike(text)
