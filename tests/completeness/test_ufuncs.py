"""Every ufunc of NumPy and every method of ufuncs, found by introspection, on every dtype.

A method that a new NumPy gives its ufuncs fails the test until the table of calls has it, and so
does a ufunc for which no operands are found.
"""


import numpy as np
import pytest
from cases import assert_case_alike
from ufunc_cases import CALLED, CALLS, UFUNCS, operands, shapes

from comparison import assert_alike, attempt, noted

# The ways to call each method: of the ufunc and its operands, the functions that call it and the
# arrays that they are given.


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
