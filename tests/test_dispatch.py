"""Operators, ufuncs, NumPy functions, methods and attributes: results are ndarray's."""

# ruff: noqa: B023 - functions made in loops are called there

import ast
import gc
import io
import operator
import pickle
import sys
import warnings

import numpy as np
import pytest

import cppdynarray as cda
from comparison import (
    as_dynamic,
    assert_alike,
    assert_results_alike,
    attempt,
)
from helpers import assert_same, samples

# What the cases below are written in: one letter an array.
# fmt: off
ARRAYS = {
    "v": np.array([2.5, -1.0, 0.0, 4.0, 0.5, 3.0]),
    "w": np.array([1.0, 2.0, 4.0, 5.0, 7.0, 7.5]),
    "i": np.array([3, 1, 2, 0, 2, 1]),
    "u": np.array([[200, 7, 0, 1], [1, 2, 3, 255]], "u1"),
    "m": np.array([[1.0, 2.0, 3.0], [0.5, -1.0, 4.0], [7.0, 0.0, 2.0], [1.0, 1.0, 9.0]]),
    "s": np.array([[4.0, 1.0, 0.5], [1.0, 5.0, 2.0], [0.5, 2.0, 6.0]]),
    "k": np.arange(24.0).reshape(2, 3, 4),
    "c": np.array([1 + 2j, -1j, 3.0]),
    "n": np.array([1.0, np.nan, 3.0, np.inf, 0.5, np.nan]),
    "b": np.array([True, False, True, True, False, False]),
    "t": np.array(["ab", "Cd e", "", "x1", "ab", "zz"]),
    "y": np.array([b"ab", b"Cd e", b"", b"x1"]),
    "q": np.array(["2020-01-06", "2020-02-03", "2020-01-07"], "M8[D]"),
    "r": np.array([(1, 2.5), (3, 4.5), (0, 1.5)], [("x", "i4"), ("y", "f8")]),
    "o": np.array([1, "a", None, 2.5], object),
    "z": np.array(2.5),
    "e": np.zeros((0, 3)),
    "g": np.array([[2.0, -1.0, 0.0, 4.0, 0.5, 3.0]]),
}
# fmt: on


class Case:
    """An expression over ARRAYS, such as "np.add(v, w)", as a function of the arrays in it."""

    def __init__(self, text):
        tree = ast.parse(text, mode="eval")
        bound = {
            argument.arg
            for node in ast.walk(tree)
            if isinstance(node, ast.Lambda)
            for argument in node.args.args
        }
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        self.names = sorted((names - bound) & ARRAYS.keys())
        self.code = compile(tree, text, "eval")
        self.arrays = [ARRAYS[name] for name in self.names]

    def __call__(self, *arrays):
        scope = {
            "np": np,
            "io": io,
            "operator": operator,
            "pickle": pickle,
            **dict(zip(self.names, arrays, strict=True)),
        }
        return eval(self.code, scope)


def assert_case_alike(text, **options):
    case = Case(text)
    return assert_alike(case, *case.arrays, **options)


# Operators.

# fmt: off
BINARY = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod,
    operator.pow, divmod,
    operator.lshift, operator.rshift, operator.and_, operator.or_, operator.xor, operator.matmul,
    operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge,
]
INPLACE = [
    operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ifloordiv,
    operator.imod, operator.ipow,
    operator.ilshift, operator.irshift, operator.iand, operator.ior, operator.ixor,
    operator.imatmul,
]
# fmt: on
UNARY = [
    operator.neg,
    operator.pos,
    abs,
    operator.invert,
    operator.not_,
    operator.truth,
    round,
    bool,
    int,
    float,
    complex,
    operator.index,
    len,
]


class Plain(np.ndarray):
    """A subclass of ndarray that has nothing to do with DynamicArrays."""


class Loud(np.ndarray):
    __array_priority__ = 10.0


class Refusing:
    """It doesn't want to be computed with by NumPy."""

    __array_ufunc__ = None

    def _answer(self, *args):
        return "mine"

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __matmul__ = __rmatmul__ = (
        __pow__
    ) = __rpow__ = _answer
    __lt__ = __gt__ = __eq__ = __ne__ = _answer
    __hash__ = None

    def __repr__(self):
        return "Refusing()"


class Taking:
    """It computes with arrays itself."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        assert not any(isinstance(x, cda.DynamicArray) for x in kwargs.get("out", ()))
        return ufunc.__name__, method, len(inputs), sorted(kwargs)

    def __array_function__(self, function, types, args, kwargs):
        return function.__name__, len(args), sorted(kwargs)

    def __repr__(self):
        return "Taking()"


class OldStyle:
    """It uses what there was before __array_ufunc__."""

    __array_priority__ = 100.0

    def __add__(self, other):
        return "add"

    def __radd__(self, other):
        return "radd"

    def __array__(self, dtype=None, copy=None):
        return np.ones(6, dtype)

    def __repr__(self):
        return "OldStyle()"


class ArrayLike:
    def __array__(self, dtype=None, copy=None):
        return np.full(6, 2, dtype)

    def __repr__(self):
        return "ArrayLike()"


# fmt: off
OPERANDS = [
    2, 0, -1, 2.5, True, 1j, 10**30, None, "x", b"x", object, (), [1, 2, 3, 4, 5, 6], (1.5,) * 6,
    [1, 2], [[1], [2]], {1: 2}, range(6),
    np.float64(1.5), np.float32(2), np.int8(3), np.uint64(1), np.longdouble(2), np.True_,
    np.datetime64("2020-01-01"), np.timedelta64(5, "D"), np.str_("x"),
    np.arange(6), np.arange(6.0), np.arange(3), np.ones((6, 2)), np.ones((4, 6), "f4"), np.array(2),
    np.array(["a"] * 6), np.array([1, None] * 3, object), np.zeros(0),
    np.arange(6.0).view(Plain), np.arange(6.0).view(Loud),
    np.ma.array(np.arange(6.0), mask=[0, 1] * 3), np.rec.array([1.0] * 6),
    Refusing(), Taking(), OldStyle(), ArrayLike(), slice(1), np.dtype("f8"), memoryview(b"abcdef"),
]
# fmt: on
LEFT = ["v", "i", "b", "c", "t", "q", "m", "z", "e", "o", "u"]


def operand_id(value):
    return f"{type(value).__name__} {value!r}".replace("\n", "")[:50]


@pytest.mark.parametrize("operand", OPERANDS, ids=operand_id)
@pytest.mark.parametrize("name", LEFT)
def test_binary_operators(name, operand):
    for function in BINARY:
        assert_alike(lambda a: function(a, operand), ARRAYS[name])
        assert_alike(lambda a: function(operand, a), ARRAYS[name])


@pytest.mark.parametrize("second", LEFT)
@pytest.mark.parametrize("first", LEFT)
def test_binary_operators_on_two_dynamic_arrays(first, second):
    for function in BINARY:
        assert_alike(function, ARRAYS[first], ARRAYS[second])


@pytest.mark.parametrize("name", LEFT)
def test_binary_operators_on_the_same_array_twice(name):
    for function in [*BINARY, *INPLACE]:
        assert_alike(lambda a: function(a, a), ARRAYS[name])


@pytest.mark.parametrize("operand", OPERANDS, ids=operand_id)
@pytest.mark.parametrize("name", LEFT)
def test_in_place_operators(name, operand):
    for function in INPLACE:
        assert_alike(lambda a: function(a, operand), ARRAYS[name])


@pytest.mark.parametrize("second", LEFT)
@pytest.mark.parametrize("first", LEFT)
def test_in_place_operators_on_two_arrays(first, second):
    for function in INPLACE:
        assert_alike(function, ARRAYS[first], ARRAYS[second])
        assert_alike(lambda a: function(a, ARRAYS[second]), ARRAYS[first])
        assert_alike(lambda b: function(ARRAYS[first].copy(), b), ARRAYS[second])


@pytest.mark.parametrize("name", ARRAYS)
def test_unary_operators(name):
    for function in UNARY:
        assert_alike(function, ARRAYS[name])


@pytest.mark.parametrize("function", INPLACE[:7])
def test_in_place_operators_return_the_array_itself(function):
    d = as_dynamic(ARRAYS["w"])
    before = d.__array_interface__["data"]
    assert function(d, 2.0) is d
    assert d.__array_interface__["data"] == before
    d.append(1.0)


@pytest.mark.parametrize(
    "text",
    [
        "pow(i, 2, 5)",
        "pow(2, i, 5)",
        "pow(i, 2, None)",
        "pow(v, 2)",
        "pow(v, 0.5)",
        "pow(v, -1)",
        "pow(i, -1)",
        "pow(v, 2.0)",
        "pow(2, v)",
    ],
)
def test_pow(text):
    assert_case_alike(text)


@pytest.mark.parametrize(
    "text",
    [
        "(v + w) * 2 - m[0, 0]",
        "v[1:] - v[:-1]",
        "-v ** 2",
        "(v > 1) & (w < 5)",
        "m @ m.T",
        "m.T @ m",
        "m[0] @ m[1]",
        "s @ s @ s",
        "k @ k.swapaxes(1, 2)",
        "[1, 2, 3, 4, 5, 6] + v",
        "(1,) * 6 * v",
        "2 - v",
        "1 / w",
        "7 // i[:3]",
        "sum(v)",
        "max(v)",
        "sorted(v)",
        "abs(c)",
        "v is v",
        "v is not w",
        "[v] == [v]",
        "(v == w).all()",
        "bool(z)",
        "f'{z:.3f}'",
        "f'{v}'",
        "'%s' % z",
        "divmod(v, 2)",
        "divmod(7, w)",
        "~b",
        "b | ~b",
        "i << 2",
        "1 << i",
        "z + 1",
        "z @ z",
        "v @ z",
    ],
)
def test_expressions(text):
    assert_case_alike(text)


# Ufuncs.

UFUNCS = {name: getattr(np, name) for name in dir(np) if isinstance(getattr(np, name), np.ufunc)}


def operands_of(ufunc, types):
    made = []
    for number, code in enumerate(types.partition("->")[0]):
        array = (
            np.array([1, 2, 3, 1, 2, 3])
            if code != "O"
            else np.array([1.5, 2.5, 0.5, 1.0, 2.0, 3.0], object)
        )
        unit = {"m": "m8[s]", "M": "M8[s]"}.get(code, code)
        array = np.roll(array, number).astype(unit)
        made.append(
            array.reshape(3, 2).repeat(2, 1)[:, :3] if "," in (ufunc.signature or "") else array
        )
    return made


@pytest.mark.parametrize("name", UFUNCS)
def test_ufuncs_of_every_type(name):
    ufunc = UFUNCS[name]
    for types in ufunc.types:
        arrays = operands_of(ufunc, types)
        assert_alike(ufunc, *arrays)
        if ufunc.nin == 2:
            assert_alike(lambda a: ufunc(a, arrays[1]), arrays[0])
            assert_alike(lambda b: ufunc(arrays[0], b), arrays[1])
            assert_alike(lambda a: ufunc(a, a), arrays[0])


@pytest.mark.parametrize("name", UFUNCS)
def test_ufuncs_write_into_a_dynamic_array_and_return_it(name):
    ufunc = UFUNCS[name]
    arrays = operands_of(ufunc, ufunc.types[-1] if ufunc.types[-1][0] != "O" else ufunc.types[-2])
    results, _, _ = attempt(ufunc, *arrays)
    results = results if ufunc.nout > 1 else (results,)
    outputs = [np.zeros_like(result) for result in results]
    assert_alike(lambda *out: ufunc(*arrays, out=out), *outputs)
    assert_alike(lambda *out: ufunc(*arrays, *out), *outputs)
    made = [as_dynamic(output) for output in outputs]
    found, _, _ = attempt(lambda: ufunc(*map(as_dynamic, arrays), out=tuple(made)))
    for dynamic, returned, expected in zip(
        made, found if ufunc.nout > 1 else (found,), results, strict=True
    ):
        assert returned is dynamic
        assert_same(dynamic, np.asarray(expected))


@pytest.mark.parametrize(
    "text",
    [
        "np.add(v, w, out=v)",
        "np.add(v, w, v)",
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
        "np.add(v, w, where=b, out=v)",
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
        "np.modf(v)",
        "np.modf(v, out=(v, w))",
        "np.modf(v, out=(None, w))",
        "np.modf(v, v)",
        "np.modf(v, v, w)",
        "np.modf(v, out=v)",
        "np.divmod(v, w, out=(v, None))",
        "np.frexp(v)",
        "np.divmod(v, w)",
        "np.add.reduce(v)",
        "np.add.reduce(m, axis=0)",
        "np.add.reduce(m, axis=(0, 1))",
        "np.add.reduce(m, axis=None, keepdims=True)",
        "np.add.reduce(m, axis=0, out=m[0])",
        "np.add.reduce(m, 1, None, v[:4])",
        "np.add.reduce(g, axis=0, out=v)",
        "np.add.reduce(v, initial=10)",
        "np.add.reduce(v, where=b)",
        "np.add.reduce(v, dtype='f4')",
        "np.add.reduce(v, out=z)",
        "np.multiply.reduce(e)",
        "np.maximum.reduce(e)",
        "np.add.reduce(m, axis=5)",
        "np.add.accumulate(v)",
        "np.add.accumulate(m, 1)",
        "np.add.accumulate(v, out=v)",
        "np.maximum.accumulate(n)",
        "np.subtract.accumulate(v, out=w)",
        "np.add.reduceat(v, [0, 2, 4])",
        "np.add.reduceat(v, i[:3])",
        "np.add.reduceat(v, i)",
        "np.add.reduceat(v, [0, 1], out=np.zeros(2))",
        "np.add.reduceat(w, i, out=v)",
        "np.add.reduceat(v, [9])",
        "np.add.outer(v, w)",
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
        "np.isnat(q)",
        "np.isnat(v)",
        "np.ldexp(v, i)",
        "np.left_shift(i, v)",
        "np.strings.str_len(t)",
        "np.strings.add(t, t)",
        "np.equal(t, 'ab')",
        "np.equal(o, o)",
        "np.add(o, 1)",
        "np.sin(z)",
        "np.sin(z, out=z)",
        "np.add(z, z)",
        "np.add(e, 1)",
        "np.exp(c)",
        "np.add(q, np.timedelta64(1, 'D'))",
        "np.subtract(q, q)",
        "np.add(q, q)",
        "np.add([v, v], [w, w])",
        "np.add((v,), 1)",
        "np.sqrt([v])",
        "np.log(v)",
        "np.divide(1, v)",
    ],
)
def test_ufunc_calls(text):
    assert_case_alike(text)


@pytest.mark.parametrize(
    "ufunc", [np.add, np.maximum, np.logical_and, np.bitwise_or, np.multiply, np.subtract]
)
@pytest.mark.parametrize("method", ["reduce", "accumulate"])
def test_reductions_of_every_axis(ufunc, method):
    for array in (ARRAYS["k"].astype(int), ARRAYS["i"], ARRAYS["u"]):
        for axis in range(-array.ndim, array.ndim):
            assert_alike(lambda a: getattr(ufunc, method)(a, axis=axis), array)


def test_ufuncs_with_somebody_elses_array():
    taking, d = Taking(), as_dynamic(ARRAYS["v"])
    assert np.add(d, taking) == ("add", "__call__", 2, [])
    assert np.add(taking, d, out=np.zeros(6)) == ("add", "__call__", 2, ["out"])
    assert np.add.outer(d, taking) == ("add", "outer", 2, [])
    with pytest.raises(TypeError):
        np.add(d, Refusing())
    assert d + Refusing() == "mine"
    assert Refusing() + d == "mine"


def test_an_error_in_a_ufunc_leaves_no_reference():
    d = as_dynamic(ARRAYS["v"])
    for _ in range(100):
        attempt(np.add, d, "x")
        attempt(np.add, d, np.zeros(7))
        attempt(np.concatenate, [d, None])
        attempt(d.reshape, 7)
    gc.collect()
    assert sys.getrefcount(d) == 2


# Functions (NEP 18). Of every one of NumPy's, at least one case; several separated by ";".

FUNCTIONS = {
    "all": "f(b); f(m, axis=0); f(m, axis=1, keepdims=True); "
    "f(g > 0, axis=0, out=b); f(b, where=b)",
    "allclose": "f(v, v); f(v, w, rtol=1)",
    "amax": "f(v); f(m, 0)",
    "amin": "f(v); f(m, 0)",
    "angle": "f(c); f(c, deg=True)",
    "any": "f(b); f(m, axis=0); f(b, out=np.array(False))",
    "append": "f(v, w); f(m, m, axis=0); f(v, 3); f([1.0], v)",
    "apply_along_axis": "f(lambda x: x.sum(), 0, m); f(lambda x: x[::-1], 1, m); "
    "f(lambda x: type(x).__name__, 0, m)",
    "apply_over_axes": "f(np.sum, k, [0, 2])",
    "argmax": "f(v); f(m, 0); f(m, axis=1, keepdims=True); f(g, axis=0, out=i)",
    "argmin": "f(v); f(m, 0); f(g, 0, i)",
    "argpartition": "f(v, 2); f(m, 1, axis=0)",
    "argsort": "f(v); f(m, axis=0); f(r, order='y'); f(t, kind='stable')",
    "argwhere": "f(v); f(m > 1)",
    "around": "f(v); f(v, 1); f(v, out=v)",
    "array2string": "f(v); f(m, precision=2); f(t); f(v, separator=', ', prefix='xx')",
    "array_equal": "f(v, v); f(v, w); f(n, n, equal_nan=True); f(v, [1])",
    "array_equiv": "f(v, v); f(v, g)",
    "array_repr": "",
    "array_split": "f(v, 4); f(m, [1, 3]); f(m, 2, axis=1)",
    "array_str": "f(v); f(m, precision=1)",
    "astype": "f(v, 'i4'); f(v, v.dtype, copy=False); f(v, 'f8')",
    "atleast_1d": "f(v); f(z); f(v, z, m); f(3.0); f([1, 2], v)",
    "atleast_2d": "f(v); f(z); f(v, m)",
    "atleast_3d": "f(v); f(m); f(k); f(z, k)",
    "average": "f(v); f(v, weights=w); f(m, axis=0, weights=[1, 2, 3, 4], returned=True); "
    "f(m, 0, keepdims=True)",
    "bincount": "f(i); f(i, w); f(i, minlength=10); f(v)",
    "block": "f([v, w]); f([[m, m], [m, m]]); f(v); f([[z, z]]); f([[m], [s]])",
    "broadcast_arrays": "f(v, z); f(m, [1, 2, 3]); f(v, v)",
    "broadcast_to": "f(v, (2, 6)); f(v, (6,)); f(z, (2, 2)); f(v, (5,)); f(v, (2, 6), subok=True)",
    "busday_count": "f(q, q + 10); f('2020-01-01', q); f(q, q, out=np.zeros(3, int))",
    "busday_offset": "f(q, 1); f(q, [1, 2, 3], roll='forward')",
    "can_cast": "f(v.dtype, 'f4'); f('i4', v.dtype)",
    "choose": "f([0, 1, 0], [v[:3], w[:3]]); f(i, [v, w, v, w]); f(i, (v, 1, 2, 3), out=v); "
    "f(i % 2, g.repeat(2, 0))",
    "clip": "f(v, 0, 2); f(v, w, None); f(v, 0, 1, out=v); f(v, min=0); f(i, 0.5, 1)",
    "column_stack": "f([v, w]); f((m, m))",
    "common_type": "f(v, c); f(i, v)",
    "compress": "f(b, v); f([1, 0, 1], m, axis=1); f(b[:1], v); f(np.ones(6), v, out=v)",
    "concat": "f([v, w]); f((v, w))",
    "concatenate": "f([v, w]); f((m, m), axis=1); f([m, m], axis=None); f([v, [1, 2]]); "
    "f((v, i), dtype='f4', casting='unsafe'); f((v[:3], w[:3]), out=v); f([v]); f(m); f([]); "
    "f([v, m]); f(v); f([v, z]); f((t, t)); f((o, v))",
    "convolve": "f(v, w); f(v, [1, 2], 'same')",
    "copy": "f(v, 'F'); f(np.asfortranarray(m))",
    "copyto": "f(v, w); f(v, 5); f(v, w, where=b); f(i, v); f(i, v, casting='unsafe'); "
    "f(m, m[0]); f(v, v[::-1]); f(np.zeros(6), v)",
    "corrcoef": "f(m); f(v, w)",
    "correlate": "f(v, w); f(c, c, 'full')",
    "count_nonzero": "f(v); f(m, axis=0); f(m, axis=1, keepdims=True)",
    "cov": "f(m); f(v, w); f(m, rowvar=False, fweights=[1, 2, 1, 1])",
    "cross": "f(m, m[0])",
    "cumprod": "f(v); f(m, 0); f(v, out=v)",
    "cumsum": "f(v); f(m, 1); f(v, out=w); f(v, 0, None, v)",
    "cumulative_prod": "f(v); f(m, axis=0, include_initial=True)",
    "cumulative_sum": "f(v); f(m, axis=0, include_initial=True); f(v, out=v)",
    "datetime_as_string": "f(q); f(q, unit='s')",
    "delete": "f(v, 1); f(v, [0, 2]); f(m, 1, axis=1); f(v, i[:2]); f(v, slice(2)); f(v, b)",
    "diag": "f(v); f(m); f(m, 1); f(s, -1)",
    "diag_indices_from": "f(s)",
    "diagflat": "f(v); f(m, 1)",
    "diagonal": "f(m); f(k, 1, 0, 2)",
    "diff": "f(v); f(m, 2, axis=0); f(v, prepend=0, append=w); f(q)",
    "digitize": "f(v, w); f(v, [0, 1])",
    "dot": "f(v, w); f(m, s); f(m, s, out=m); f(v, 2); f(z, z); f(m, v)",
    "dsplit": "f(k, 2)",
    "dstack": "f([v, w]); f((m, m))",
    "ediff1d": "f(v); f(v, to_end=[1, 2], to_begin=w)",
    "einsum": "f('i,i', v, w); f('ij,jk->ik', m, s); f('ii->i', s); f('ij->ji', m); f('i->', v); "
    "f('i,i->i', v, w, out=v); f(v, [0], w, [0]); f('ij,jk,kl', m, s, s, optimize=True); "
    "f('i...', m)",
    "einsum_path": "f('ij,jk', m, s)",
    "expand_dims": "f(v, 0); f(v, (0, 2)); f(m, -1)",
    "extract": "f(b, v); f([1, 0, 1], w)",
    "fill_diagonal": "f(s, 7); f(m, v[:3]); f(m, 1, wrap=True); f(v, 1)",
    "fix": "f(v); f(v, out=v)",
    "flatnonzero": "f(v); f(m)",
    "flip": "f(v); f(m, 1); f(m)",
    "fliplr": "f(m)",
    "flipud": "f(m); f(v)",
    "full_like": "f(v, 3); f(i, 2.5); f(m, v[:3]); f(v, 3, dtype='i4', shape=(2, 2)); "
    "f(v, 1, subok=False); f(m, 1, order='F')",
    "empty_like": "f(v); f(m, 'i4'); f(m, order='F'); f(v, shape=(0, 2), subok=False)",
    "ones_like": "f(v); f(m, 'i4'); f(t); f(v, shape=3)",
    "zeros_like": "f(v); f(m, 'i4', 'F'); f(r); f(o)",
    "geomspace": "f(w, 10, 3)",
    "gradient": "f(v); f(v, w); f(m); f(m, axis=0); f(v, 2.0, edge_order=2)",
    "histogram": "f(v); f(v, w); f(v, 3, (0, 4), weights=w); f(v, 2, density=True)",
    "histogram2d": "f(v, w, 2); f(v, w, [v[:0].tolist() + [0, 1, 2], w])",
    "histogram_bin_edges": "f(v); f(v, 'sturges'); f(v, w)",
    "histogramdd": "f(m, 2); f((v, w), 3)",
    "hsplit": "f(m, 3); f(v, 2)",
    "hstack": "f([v, w]); f((m, m)); f([v, 1.0])",
    "i0": "f(v); f(m)",
    "imag": "f(c); f(v); f(2j)",
    "inner": "f(v, w); f(m, s)",
    "insert": "f(v, 1, 5); f(m, 0, v[:3], axis=0); f(v, i[:2], w[:2]); f(v, [0, 3], 9); "
    "f(m, 1, 7, axis=1)",
    "interp": "f(v, w, v); f(2.5, w, v); f([1, 2], w, v, left=0); f(z, w, v)",
    "intersect1d": "f(v, w); f(i, [1, 2]); f(v, w, return_indices=True)",
    "is_busday": "f(q)",
    "isclose": "f(v, w); f(n, n, equal_nan=True); f(v, 2.5)",
    "iscomplex": "f(c); f(v)",
    "iscomplexobj": "f(c); f(v)",
    "isin": "f(v, w); f(i, [1]); f(2, i); f(v, w, invert=True)",
    "isneginf": "f(v); f(n); f(n, np.zeros(6, bool)); f(n, b)",
    "isposinf": "f(n); f(n, b)",
    "isreal": "f(c)",
    "isrealobj": "f(c); f(v)",
    "ix_": "f(i, i); f(b)",
    "kron": "f(v, w); f(m, s); f(z, v)",
    "lexsort": "f((v, w)); f([v, i]); f(m); f((t, i))",
    "linspace": "f(v, w, 3); f(z, 5, 4); f(v, w, 3, axis=1, retstep=True)",
    "logspace": "f(v, w, 3); f(0, z, 2)",
    "matrix_transpose": "f(m); f(k); f(v)",
    "max": "f(v); f(m, axis=0); f(m, axis=(0, 1), keepdims=True); f(g, axis=0, out=v); "
    "f(v, initial=9, where=b); f(t); f(e)",
    "may_share_memory": "f(v, v); f(v, w); f(v, v[:2])",
    "mean": "f(v); f(m, 0); f(m, axis=1, keepdims=True); f(g, axis=0, out=v); f(i, dtype='f4'); "
    "f(v, where=b)",
    "median": "f(v); f(m, axis=0); f(v, overwrite_input=True); f(m, out=z)",
    "meshgrid": "f(v, w); f(v, w, sparse=True, indexing='ij', copy=False)",
    "min": "f(v); f(m, axis=0); f(g, axis=0, out=v)",
    "min_scalar_type": "f(v); f(z)",
    "moveaxis": "f(k, 0, 2); f(k, [0, 1], [1, 0]); f(m, 0, 0)",
    "nan_to_num": "f(n); f(n, copy=False); f(n, nan=5, posinf=w); f(c)",
    "nanargmax": "f(n[:3]); f(m, 0)",
    "nanargmin": "f(n[:3])",
    "nancumprod": "f(n)",
    "nancumsum": "f(n); f(n, out=n)",
    "nanmax": "f(n); f(m, axis=0)",
    "nanmean": "f(n); f(g, axis=0, out=v)",
    "nanmedian": "f(n); f(m, 0)",
    "nanmin": "f(n)",
    "nanpercentile": "f(n, 50); f(n, v[4:5] * 10)",
    "nanprod": "f(n)",
    "nanquantile": "f(n, 0.5)",
    "nanstd": "f(n); f(m, axis=0)",
    "nansum": "f(n); f(n, out=z)",
    "nanvar": "f(n)",
    "ndim": "f(v); f(k); f([v, v])",
    "nonzero": "f(v); f(m); f(b)",
    "outer": "f(v, w); f(m, v); f(v[:2], [1, 2], out=np.zeros((2, 2)))",
    "packbits": "f(b); f(u > 1, axis=0, bitorder='little')",
    "pad": "f(v, 2); f(m, 1, 'edge'); f(v, (1, 2), constant_values=9); f(v, i[1:3], 'wrap'); "
    "f(v, 1, lambda x, *y: None)",
    "partition": "f(v, 2); f(m, 1, axis=None)",
    "percentile": "f(v, 50); f(v, [10, 90]); f(m, w, axis=0); f(v, 50, out=z); "
    "f(v, 30, method='nearest', overwrite_input=True)",
    "permute_dims": "f(k, (2, 0, 1)); f(m)",
    "piecewise": "f(v, [v < 0, v >= 0], [-1, 1]); f(v, [b], [lambda x: x * 2, 7]); "
    "f(z, [z > 0], [1]); f(v, b, w[:2].tolist())",
    "place": "f(v, b, w); f(v, b, [7]); f(v, v > 1, w)",
    "poly": "f(v); f(s)",
    "polyadd": "f(v, w)",
    "polyder": "f(v); f(v, 2)",
    "polydiv": "f(v, w[:3])",
    "polyfit": "f(w, v, 2); f(w, v, 1, full=True); f(w, v, 2, w=w, cov=True)",
    "polyint": "f(v); f(v, 2, [1, 2])",
    "polymul": "f(v, w)",
    "polysub": "f(v, w)",
    "polyval": "f(v, w); f([1, 2], v); f(v, 3)",
    "prod": "f(v); f(m, axis=0); f(g, axis=0, out=v); f(v, initial=2, where=b)",
    "ptp": "f(v); f(m, 0); f(g, axis=0, out=v)",
    "put": "f(v, [0, 2], [7, 8]); f(v, i, w); f(v, 99, 1); f(v, 99, 1, mode='clip'); f(m, 0, z)",
    "put_along_axis": "f(m, np.array([[0, 1, 2]]), 9, axis=0); f(v, i, 9, None)",
    "putmask": "f(v, b, w); f(v, v > 1, 0); f(m, m > 1, w)",
    "quantile": "f(v, 0.5); f(m, [0.1, 0.9], axis=1, keepdims=True); "
    "f(v, 0.5, weights=w, method='inverted_cdf')",
    "ravel": "f(v); f(m); f(m, 'F'); f(k[:, 0]); f(m, 'K')",
    "ravel_multi_index": "f((i[:3], i[:3]), (4, 4)); f((1, 2), (3, 4)); "
    "f(np.array([[1, 2], [0, 1]]), (4, 4))",
    "real": "f(c); f(v); f(2.0)",
    "real_if_close": "f(c); f(v); f(c * 1e-20)",
    "repeat": "f(v, 2); f(m, i[:4], axis=0); f(v, i); f(3, 2)",
    "reshape": "f(v, (2, 3)); f(v, -1); f(m, (3, 4), order='F'); f(v, (6, 1), copy=True); "
    "f(v, 7); f(m.T, -1); f(v, (6,)); f(m, 12, copy=False)",
    "resize": "f(v, (2, 2)); f(v, 10); f(e, 3)",
    "result_type": "f(v, 'f4'); f(i, np.float32(1)); f(z, i)",
    "roll": "f(v, 2); f(m, (1, 2), axis=(0, 1)); f(v, i[:1])",
    "rollaxis": "f(k, 2)",
    "roots": "f(v); f([1, 2, 1])",
    "rot90": "f(m); f(m, 2); f(k, 1, (0, 2)); f(m, 4)",
    "round": "f(v); f(v, 1); f(v, out=v); f(z)",
    "save": "f(io.BytesIO(), v)",
    "savetxt": "f(io.StringIO(), m); f(io.StringIO(), r); f(io.StringIO(), [v, w])",
    "savez": "f(io.BytesIO(), v, x=m)",
    "savez_compressed": "f(io.BytesIO(), v, x=m)",
    "searchsorted": "f(w, v); f(w, 3.0); f(v, w, 'right', sorter=i.argsort()); f([1, 2], w); "
    "f(w, z)",
    "select": "f([v < 0, v > 1], [v, w]); f([v < 0, b], [v, 3], default=-1); f((b,), (v,), w)",
    "setdiff1d": "f(v, w); f(i, [1])",
    "setxor1d": "f(v, w)",
    "shape": "f(v); f(k); f([v, w])",
    "shares_memory": "f(v, v[2:]); f(v, w)",
    "sinc": "f(v)",
    "size": "f(v); f(m, 0); f([v, v])",
    "sort": "f(v); f(m, axis=0); f(r, order='y'); f(m, axis=None, kind='stable'); f(t)",
    "sort_complex": "f(c); f(v)",
    "split": "f(v, 3); f(m, [1, 2], axis=1); f(v, 4); f(v, i[:2])",
    "squeeze": "f(v); f(g, axis=0); f(m, 0); f(g); f(z); f(k)",
    "stack": "f([v, w]); f((v, w), axis=1); f([v[:3], w[:3]], out=np.zeros((2, 3))); f(m); "
    "f([v, m]); f(k, dtype='f4', casting='unsafe'); f([m[0], m[1], m[2]], out=s)",
    "std": "f(v); f(m, axis=0, ddof=1); f(g, axis=0, out=v); f(v, mean=v.mean(), where=b)",
    "sum": "f(v); f(m, axis=0); f(m, axis=(0, 1)); f(g, axis=0, out=v); f(v, where=b, initial=1); "
    "f(m, keepdims=True); f(b); f([v, w]); f([v, w], axis=0); f(e, 0); f(t); f(o); f(z); "
    "f(v, out=3)",
    "swapaxes": "f(m, 0, 1); f(k, 0, 2); f(m, 0, 0)",
    "take": "f(v, [0, 2]); f(m, i[:2], axis=1); f(v, 1); f(v, i, out=w); "
    "f(v, i, out=v, mode='clip'); f([1, 2, 3, 4], i); f(v, 99); f(v, [[0, 1]])",
    "take_along_axis": "f(m, np.array([[0, 1, 2]]), axis=0); f(v, i, None); f(m, m.argsort(1), 1)",
    "tensordot": "f(m, s, 1); f(k, k, ([0, 1], [0, 1])); f(v, w, 0)",
    "tile": "f(v, 2); f(m, (2, 1)); f(v, i[1:3]); f(v, 1)",
    "trace": "f(s); f(k, 1, 0, 2); f(m, out=z); f(k, out=v[:4])",
    "transpose": "f(m); f(k, (2, 0, 1)); f(v); f([v, w])",
    "trapezoid": "f(v); f(v, w); f(m, dx=2, axis=0)",
    "tril": "f(m); f(m, 1); f(v)",
    "tril_indices_from": "f(s)",
    "trim_zeros": "f(v); f(np.array([0, 1, 0])); f(i)",
    "triu": "f(m); f(k)",
    "triu_indices_from": "f(s, 1)",
    "union1d": "f(v, w); f([1], v)",
    "unique": "f(i); f(m, axis=0); f(i, True, True, True); f(t); f(n, equal_nan=False); f(o[:1]); "
    "f(r)",
    "unique_all": "f(i)",
    "unique_counts": "f(i)",
    "unique_inverse": "f(m)",
    "unique_values": "f(t)",
    "unpackbits": "f(u); f(u, axis=1, count=3)",
    "unravel_index": "f(i, (2, 3)); f(5, (2, 3)); f([1, 2], (2, 2))",
    "unstack": "f(m); f(k, axis=2); f(v)",
    "unwrap": "f(v); f(m, axis=0)",
    "vander": "f(v, 3)",
    "var": "f(v); f(m, axis=0); f(g, axis=0, out=v); f(c)",
    "vdot": "f(v, w); f(c, c); f(m, m)",
    "vsplit": "f(m, 2)",
    "vstack": "f([v, w]); f((m, m)); f([m, v[:3]]); f(v)",
    "where": "f(b, v, w); f(v > 1); f(b, v, 0); f(b, 0, w); f(m > 1, m, m[0]); f(b, v)",
}
SUBMODULES = {
    "linalg.cholesky": "f(s); f(s, upper=True); f(m)",
    "linalg.cond": "f(s); f(s, 2)",
    "linalg.cross": "f(m, m[::-1])",
    "linalg.det": "f(s); f(m)",
    "linalg.diagonal": "f(m); f(k, offset=1)",
    "linalg.eig": "f(s)",
    "linalg.eigh": "f(s); f(s, 'U')",
    "linalg.eigvals": "f(s)",
    "linalg.eigvalsh": "f(s)",
    "linalg.inv": "f(s); f(np.zeros((2, 2))); f(e)",
    "linalg.lstsq": "f(m, v[:4]); f(m, m)",
    "linalg.matmul": "f(m, s)",
    "linalg.matrix_norm": "f(m); f(m, ord='nuc', keepdims=True)",
    "linalg.matrix_power": "f(s, 3); f(s, -1); f(s, 0); f(s, 1)",
    "linalg.matrix_rank": "f(m)",
    "linalg.matrix_transpose": "f(m)",
    "linalg.multi_dot": "f([m, s, s]); f((v[:4], m, s)); f([m, s], out=np.zeros((4, 3))); "
    "f([m, s], out=m)",
    "linalg.norm": "f(v); f(m, 'fro'); f(m, axis=1); f(v, 1, keepdims=True)",
    "linalg.outer": "f(v, w)",
    "linalg.pinv": "f(m)",
    "linalg.qr": "f(m); f(m, 'r'); f(m, 'complete')",
    "linalg.slogdet": "f(s)",
    "linalg.solve": "f(s, v[:3]); f(s, m.T); f(m, v)",
    "linalg.svd": "f(m); f(m, full_matrices=False); f(m, compute_uv=False); f(s, hermitian=True)",
    "linalg.svdvals": "f(m)",
    "linalg.tensordot": "f(m, s, axes=1)",
    "linalg.tensorinv": "f(np.eye(6).reshape(2, 3, 6) * w, ind=2)",
    "linalg.tensorsolve": "f(np.eye(6).reshape(2, 3, 6), m[:2])",
    "linalg.trace": "f(s)",
    "linalg.vecdot": "f(m, m); f(m, m, axis=0)",
    "linalg.vector_norm": "f(v); f(m, axis=0, ord=1)",
    "fft.fft": "f(v); f(m, 2, axis=0, norm='ortho'); f(c, out=c)",
    "fft.fft2": "f(m)",
    "fft.fftn": "f(k); f(m, (2, 2))",
    "fft.fftshift": "f(v); f(m, axes=1)",
    "fft.hfft": "f(c)",
    "fft.ifft": "f(v); f(c, out=c)",
    "fft.ifft2": "f(m)",
    "fft.ifftn": "f(m)",
    "fft.ifftshift": "f(v)",
    "fft.ihfft": "f(v)",
    "fft.irfft": "f(c); f(c, 6, out=v)",
    "fft.irfft2": "f(m)",
    "fft.irfftn": "f(m)",
    "fft.rfft": "f(v)",
    "fft.rfft2": "f(m)",
    "fft.rfftn": "f(m)",
    "strings.capitalize": "f(t); f(y)",
    "strings.center": "f(t, 6); f(t, i, '*')",
    "strings.decode": "f(y); f(y, 'utf-8')",
    "strings.encode": "f(t)",
    "strings.expandtabs": "f(t)",
    "strings.ljust": "f(t, 5)",
    "strings.lower": "f(t)",
    "strings.mod": "f(np.array(['%d'] * 6), i); f(t, 1)",
    "strings.multiply": "f(t, 2); f(t, i)",
    "strings.partition": "f(t, 'd')",
    "strings.replace": "f(t, 'a', 'bb'); f(t, t, 'q', i)",
    "strings.rjust": "f(t, 5)",
    "strings.rpartition": "f(t, 'd')",
    "strings.swapcase": "f(t)",
    "strings.title": "f(t)",
    "strings.translate": "f(t, str.maketrans('a', 'b'))",
    "strings.upper": "f(t)",
    "strings.zfill": "f(t, 5)",
    "char.capitalize": "f(t)",
    "char.center": "f(t, 6)",
    "char.decode": "f(y)",
    "char.encode": "f(t)",
    "char.equal": "f(t, t); f(t, 'ab')",
    "char.expandtabs": "f(t)",
    "char.greater": "f(t, 'ab')",
    "char.greater_equal": "f(t, t)",
    "char.join": "f('-', t); f(t, t)",
    "char.less": "f(t, 'ab')",
    "char.less_equal": "f(t, t)",
    "char.ljust": "f(t, 5)",
    "char.lower": "f(t)",
    "char.mod": "f(t, 1)",
    "char.multiply": "f(t, 2)",
    "char.not_equal": "f(t, 'ab')",
    "char.partition": "f(t, 'd')",
    "char.rpartition": "f(t, 'd')",
    "char.replace": "f(t, 'a', 'b')",
    "char.rjust": "f(t, 5)",
    "char.rsplit": "f(t)",
    "char.split": "f(t, 'd')",
    "char.splitlines": "f(t)",
    "char.swapcase": "f(t)",
    "char.title": "f(t)",
    "char.translate": "f(t, str.maketrans('a', 'b'))",
    "char.upper": "f(t)",
    "char.zfill": "f(t, 5)",
    "lib.recfunctions.append_fields": "f(r, 'z', v[:3], usemask=False); "
    "f(r, ['p', 'q'], [i[:3], v[:3]], usemask=False)",
    "lib.recfunctions.apply_along_fields": "f(np.mean, r)",
    "lib.recfunctions.assign_fields_by_name": "f(r, r[::-1].copy())",
    "lib.recfunctions.drop_fields": "f(r, 'x')",
    "lib.recfunctions.find_duplicates": "f(np.ma.array(r), key='x')",
    "lib.recfunctions.join_by": "f('x', r, r, usemask=False)",
    "lib.recfunctions.merge_arrays": "f((r, v[:3])); f(r, flatten=True).tolist()",
    "lib.recfunctions.rec_append_fields": "f(r, 'z', v[:3])",
    "lib.recfunctions.rec_drop_fields": "f(r, 'x')",
    "lib.recfunctions.rec_join": "f('x', r, r)",
    "lib.recfunctions.recursive_fill_fields": "f(r[:2], r)",
    "lib.recfunctions.rename_fields": "f(r, {'x': 'a'})",
    "lib.recfunctions.repack_fields": "f(r[['y']]); f(r)",
    "lib.recfunctions.require_fields": "f(r, [('y', 'f4')])",
    "lib.recfunctions.stack_arrays": "f((r, r), usemask=False); f(r)",
    "lib.recfunctions.structured_to_unstructured": "f(r)",
    "lib.recfunctions.unstructured_to_structured": "f(m); f(m, names=['a', 'b', 'c'])",
    "lib.stride_tricks.sliding_window_view": "f(v, 3); f(m, (2, 2))",
    "lib.scimath.arccos": "f(v)",
    "lib.scimath.arcsin": "f(v)",
    "lib.scimath.arctanh": "f(w)",
    "lib.scimath.log": "f(v[:2])",
    "lib.scimath.log10": "f(v[:2])",
    "lib.scimath.log2": "f(v[:2])",
    "lib.scimath.logn": "f(2, v[:2])",
    "lib.scimath.power": "f(v, 2); f(w, -1.5)",
    "lib.scimath.sqrt": "f(v)",
}
# Functions that don't dispatch; they take what np.asarray takes.
UNDISPATCHED = {
    "asarray": "f(v, 'f4'); f([v, w]); f((v, m[0], 'x')); f([[v, v], [w, w]]); f([v, 1.0])",
    "array": "f(v); f(v, 'i4'); f(v, copy=True); "
    "f([v, w]); f(m, order='F'); f(v, ndmin=3); f([m[0], v]); f(v, object); f([v, v], object)",
    "asfortranarray": "f(m)",
    "asarray_chkfinite": "f(n); f(v, 'f4')",
    "ascontiguousarray": "f(m.T); f(v[::2])",
    "require": "f(m, 'f4', ['F', 'E']); f(m.T, requirements='C'); f(m, None, ['A', 'W'])",
    "isscalar": "f(v); f(z)",
    "iterable": "f(v); f(z)",
    "broadcast_shapes": "f(v.shape, m.shape[:1])",
    "mask_indices": "f(3, np.triu)",
    "fromiter": "f(v, 'f4')",
    "frombuffer": "f(v, 'u1', 3).tolist()",
    "from_dlpack": "f(v, copy=True)",
    "format_float_positional": "f(z)",
    "ndindex": "list(f(m.shape))",
    "ndenumerate": "f(m)",
    "nditer": "list(map(float, f(v))); [x.copy() for x in f([v, w])]; f(v).operands",
    "broadcast": "[x for x in f(v, z)]; f(v, g).shape",
    "poly1d": "f(v)(2); f(v).coeffs; f(v)(w)",
    "base_repr": "f(5)",
    "random.default_rng": "f(0).choice(v, 3); f(0).permutation(v); f(0).shuffle(v); "
    "f(0).permuted(v); f(0).shuffle(m, axis=1); f(0).normal(v, w); f(0).random(out=v); "
    "f(0).standard_normal(out=v); f(0).choice(6, 2, p=w / w.sum()); "
    "f(0).multinomial(5, w / w.sum()); f(0).integers(i, i + 5); f(0).poisson(w)",
    "random.RandomState": "f(0).shuffle(v); f(0).permutation(v); f(0).choice(v, 2); "
    "f(0).shuffle(m); f(0).normal(v, w)",
    "lib.stride_tricks.as_strided": "f(v, (2, 2), (8, 8)).copy()",
    "lib.array_utils.byte_bounds": "f(v)[1] - f(v)[0]",
    "polynomial.polynomial.polyval": "f(v, w); f(2.0, w)",
    "polynomial.Polynomial": "f(v)(2.0); f(v).coef; f.fit(w, v, 2).coef",
    "ma.array": "type(f(v, mask=b).data); f(v, mask=b).data.tolist(); type(f(v).data); "
    "f(v).sum(); f(v).mask; type(f(v).filled(0)); f(v, mask=b).filled(0).tolist()",
    "ma.masked_where": "type(f(b, v).data); f(b, v).data.tolist(); f(b, v).mask",
    "rec.fromarrays": "f([i, v], names='a,b').a; f([i, v], names='a,b').b",
    "testing.assert_array_equal": "f(v, v); f(v, w)",
    "testing.assert_allclose": "f(v, v); f(v, v + 1)",
}
UNINITIALISED = {"empty_like"}
DISPATCHED = type(np.concatenate)


def function_named(name):
    found = np
    for part in name.split("."):
        found = getattr(found, part)
    return found


def cases(table):
    return [
        (name, text.strip())
        for name, texts in table.items()
        for text in texts.split(";")
        if text.strip()
    ]


@pytest.fixture(autouse=True, scope="module")
def _quiet_char():
    """NumPy 2.5 warns of numpy.char on access."""
    import numpy.lib.recfunctions  # noqa: F401

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("name, text", cases(FUNCTIONS | SUBMODULES | UNDISPATCHED))
def test_functions(name, text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        if not hasattr(np, name) and "." not in name:
            pytest.skip(f"this NumPy has no {name}")
        function = function_named(name)
    case = Case(text)

    def call(*arrays):
        return eval(
            case.code,
            {"np": np, "io": io, "f": function, **dict(zip(case.names, arrays, strict=True))},
        )

    assert_alike(call, *case.arrays, elements=name not in UNINITIALISED)


@pytest.mark.parametrize(
    "module",
    [
        "",
        "linalg",
        "fft",
        "strings",
        "char",
        "lib.recfunctions",
        "lib.stride_tricks",
        "lib.scimath",
    ],
)
def test_every_function_of_numpy_has_a_case(module):
    namespace = function_named(module) if module else np
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        names = [
            name
            for name in dir(namespace)
            if isinstance(getattr(namespace, name), DISPATCHED) and "strings_" not in name
        ]
    prefix = module + "." if module else ""
    assert {prefix + name for name in names} <= FUNCTIONS.keys() | SUBMODULES.keys()


def test_functions_with_somebody_elses_array():
    taking, d = Taking(), as_dynamic(ARRAYS["v"])
    assert np.concatenate([d, taking]) == ("concatenate", 1, [])
    assert np.concatenate([taking, d]) == ("concatenate", 1, [])
    assert np.sum(taking, out=d) == ("sum", 1, ["out"])


def test_functions_with_subclasses_of_ndarray():
    assert_alike(lambda a: np.concatenate([a, a.tolist()]), ARRAYS["v"])
    for other in (
        ARRAYS["w"].view(Plain),
        ARRAYS["w"].view(Loud),
        np.ma.array(ARRAYS["w"], mask=ARRAYS["b"]),
    ):
        for function in (np.concatenate, np.vstack, np.stack, np.hstack):
            assert_alike(lambda a: function([a, other]), ARRAYS["v"])
            assert_alike(lambda a: function([other, a]), ARRAYS["v"])
        assert_alike(lambda a: np.where(a > 1, a, other), ARRAYS["v"])
        assert_alike(lambda a: np.sum(a, where=other > 2), ARRAYS["v"])
        assert_alike(lambda a: np.dot(a, other), ARRAYS["v"])


def test_deeply_nested_arguments():
    nested = as_dynamic(ARRAYS["v"])
    for _ in range(50):
        nested = [nested]
    assert_results_alike(np.shape(nested), (1,) * 50 + (6,))
    endless = []
    endless.append(endless)
    endless.append(as_dynamic(ARRAYS["v"]))
    with pytest.raises((RecursionError, ValueError)):
        np.concatenate(endless)


def test_many_arrays_in_one_call():
    arrays = [as_dynamic(np.array([float(n)])) for n in range(1000)]
    found = np.concatenate(arrays)
    assert type(found) is np.ndarray
    assert found.tolist() == list(range(1000))
    assert type(np.block([arrays])) is np.ndarray
    assert np.concatenate(arrays * 3).tolist() == list(range(1000)) * 3


def test_arguments_are_not_changed():
    d = as_dynamic(ARRAYS["v"])
    arguments = [d, [d, (d, {"x": d})]]
    attempt(np.concatenate, arguments)
    attempt(np.block, arguments)
    assert arguments[0] is d
    assert arguments[1][0] is d
    assert arguments[1][1][0] is d
    assert arguments[1][1][1]["x"] is d


@pytest.mark.parametrize(
    "text",
    [
        "np.sum(v, out=z)",
        "np.cumsum(v, out=v)",
        "np.add.reduce(g, 0, out=v)",
        "np.concatenate([v[:3], v[3:]], out=w)",
        "np.clip(v, 0, 1, out=v)",
        "v.cumsum(out=v)",
        "g.sum(0, out=v)",
        "v.clip(0, 1, v)",
        "v.round(out=v)",
        "i.choose([v, w, v, w], out=v)",
        "v.take(i, out=w)",
        "np.einsum('i->i', v, out=v)",
        "np.matmul(s, s, out=s)",
        "s.dot(s, out=s)",
        "v.compress(b | ~b, out=w)",
        "np.fft.fft(c, out=c)",
    ],
)
def test_out_gives_the_array_itself_which_still_grows(text):
    found = assert_case_alike(text)
    assert type(found) is cda.DynamicArray
    if found.ndim == 1:
        length = len(found)
        found.append(1.0)
        assert len(found) == length + 1


# Views that functions and methods return.


@pytest.mark.parametrize(
    "text",
    [
        "m.reshape(3, 4)",
        "m.ravel()",
        "np.ravel(m)",
        "m.T",
        "m.mT",
        "m.transpose()",
        "m.swapaxes(0, 1)",
        "g.squeeze()",
        "np.squeeze(g)",
        "np.expand_dims(v, 0)",
        "np.atleast_2d(v)",
        "np.atleast_3d(m)",
        "np.moveaxis(k, 0, 2)",
        "np.rollaxis(k, 2)",
        "np.split(v, 2)[1]",
        "np.array_split(v, 2)[0]",
        "np.hsplit(m, 3)[2]",
        "np.diagonal(s)",
        "s.diagonal()",
        "np.flip(v)",
        "np.rot90(m)",
        "m[0]",
        "m[:, 1]",
        "v.view()",
        "v.view('i8')",
        "v.real",
        "c.imag",
        "c.real",
        "np.real(c)",
        "r['x']",
        "r.getfield('i4', 0)",
        "np.unstack(m)[1]",
        "np.permute_dims(m)",
        "np.matrix_transpose(m)",
        "np.einsum('ij->ji', m)",
        "np.einsum('ii->i', s)",
        "v[...]",
        "v[None]",
        "np.fliplr(m)",
        "np.swapaxes(m, 0, 1)",
        "np.reshape(v, (2, 3))",
        "np.trim_zeros(v)",
        "np.dsplit(k, 2)[0]",
        "m.reshape(-1)",
        "v.reshape(6)",
    ],
)
def test_views_have_the_array_as_base(text):
    assert_case_alike(text)
    case = Case(text)
    d = as_dynamic(case.arrays[0])
    view = case(d)
    if text in ("v.real", "np.trim_zeros(v)") and view is d:
        return  # NumPy returns the array itself
    assert view.base is d


@pytest.mark.parametrize(
    "text",
    [
        "np.broadcast_to(v, (2, 6))",
        "np.lib.stride_tricks.sliding_window_view(v, 2)",
        "np.lib.stride_tricks.as_strided(v, (2,), (8,))",
        "np.broadcast_arrays(v, g)[0]",
        "v.view(np.ndarray)",
        "memoryview(v).obj",
    ],
)
def test_other_views_are_live(text):
    case = Case(text)
    dynamics = [as_dynamic(array) for array in case.arrays]
    view = case(*dynamics)
    assert type(view) is np.ndarray
    assert any(np.shares_memory(view, d) for d in dynamics)
    for d in dynamics:
        d[...] = 5
    assert np.all(np.asarray(view) == 5)


# Methods and attributes, by introspection.

METHODS = {
    "T": "v.T; m.T; k.T; z.T",
    "mT": "m.mT; k.mT; v.mT",
    "base": "v.base",
    "ctypes": "v.ctypes.shape[:]; m.ctypes.strides[:]; "
    "v.ctypes.data == v.__array_interface__['data'][0]",
    "data": "v.data.tolist(); v.data.format; m.data.shape; v.data.readonly",
    "device": "v.device; setattr(v, 'device', 'cpu')",
    "dtype": "v.dtype; setattr(v, 'dtype', 'i8'); setattr(v, 'dtype', 'i4'); "
    "setattr(v, 'dtype', 'bad')",
    "flags": "v.flags.owndata; v.flags['C']; str(v.flags); m.flags.f_contiguous; m.flags.num; "
    "hash(str(m.flags)) == 0",
    "flat": "v.flat; m.flat[2]; m.flat[1:3]; list(m.flat); setattr(m, 'flat', 3); "
    "setattr(m, 'flat', v); m.flat.__setitem__(2, 7); setattr(v, 'flat', [1, 2]); m.flat.copy(); "
    "len(m.flat); m.flat == 1; m.flat.__setitem__([0, 2], v)",
    "imag": "c.imag; v.imag; setattr(c, 'imag', 5); setattr(v, 'imag', 5); "
    "setattr(c, 'imag', v[:3]); o.imag; z.imag",
    "real": "c.real; v.real; setattr(c, 'real', v[:3]); setattr(v, 'real', 1); "
    "setattr(c, 'real', 'x'); t.real",
    "itemsize": "v.itemsize; r.itemsize",
    "nbytes": "v.nbytes; e.nbytes",
    "ndim": "k.ndim",
    "size": "k.size; e.size",
    "shape": "m.shape; setattr(v, 'shape', (2, 3)); setattr(v, 'shape', (7,)); "
    "setattr(v, 'shape', -1); setattr(m, 'shape', (12,))",
    "strides": "m.strides; setattr(v, 'strides', (8,)); setattr(v, 'strides', (16,)); "
    "setattr(v, 'strides', (0,))",
    "all": "b.all(); m.all(0); m.all(axis=1, keepdims=True); (g > 0).all(0, out=b); b.all(where=b)",
    "any": "b.any(); m.any(0); m.any(axis=(0, 1))",
    "argmax": "v.argmax(); m.argmax(0); m.argmax(1, keepdims=True); g.argmax(0, i); o.argmax(); "
    "e.argmax()",
    "argmin": "v.argmin(); m.argmin(axis=1); g.argmin(0, out=i)",
    "argpartition": "v.argpartition(2); m.argpartition(1, axis=0)",
    "argsort": "v.argsort(); m.argsort(0, kind='stable'); r.argsort(order=['y'])",
    "astype": "v.astype('f4'); v.astype(float); v.astype(float, copy=False); "
    "v.astype(int, casting='safe'); m.astype(float, order='F', copy=False); "
    "v.astype('f8', subok=False, copy=False); v.astype(object); t.astype('S'); v.astype('U'); "
    "r.astype([('x', 'f8'), ('y', 'f4')]); t.astype(float)",
    "byteswap": "v.byteswap(); v.byteswap(inplace=True); v.byteswap(True); "
    "i.byteswap(inplace=True)",
    "choose": "i.choose([v, w, v, w]); i.choose((v, 1, 2, 3)); i.choose([v, w, v, w], out=v); "
    "i.choose([v, w]); i.choose([v, w], mode='wrap')",
    "clip": "v.clip(0, 1); v.clip(min=w); v.clip(max=2); v.clip(0, 1, out=v); v.clip(0, 1, v); "
    "v.clip()",
    "compress": "v.compress(b); m.compress([1, 0, 1], axis=1); v.compress(b | ~b, out=v)",
    "conj": "c.conj(); v.conj(); t.conj()",
    "conjugate": "c.conjugate(); v.conjugate(); c.conjugate(out=c); c.conjugate(c)",
    "cumprod": "v.cumprod(); m.cumprod(0); v.cumprod(out=v); v.cumprod(dtype='f4')",
    "cumsum": "v.cumsum(); m.cumsum(axis=1); v.cumsum(out=v); v.cumsum(0, None, v); "
    "v.cumsum(None, None, w)",
    "diagonal": "s.diagonal(); m.diagonal(1); k.diagonal(0, 1, 2); v.diagonal()",
    "dot": "v.dot(w); m.dot(s); s.dot(s, out=s); s.dot(s, s); v.dot(2); m.dot(v)",
    "fill": "v.fill(3); t.fill('q'); v.fill('x'); o.fill([1, 2]); r.fill((1, 2)); v.fill(w[:1]); "
    "i.fill(2**70); v.fill(z)",
    "flatten": "v.flatten(); m.flatten('F'); m.flatten(order='K')",
    "getfield": "r.getfield('i4'); r.getfield('f8', 4); v.getfield('i4', offset=4); "
    "r.getfield('f8', 40)",
    "item": "v.item(0); m.item(1, 2); m.item((1, 2)); m.item(5); z.item(); v.item(); r.item(1); "
    "v.item(99); q.item(0); o.item(2); v.item(-1)",
    "max": "v.max(); m.max(0); m.max(axis=1, keepdims=True); g.max(0, out=v); g.max(0, v); "
    "v.max(initial=9, where=b); e.max(); t.max()",
    "min": "v.min(); m.min(axis=(0, 1)); g.min(0, out=v)",
    "mean": "v.mean(); m.mean(0); g.mean(0, out=v); i.mean(dtype='f4'); "
    "v.mean(where=b, keepdims=True); e.mean()",
    "nonzero": "v.nonzero(); m.nonzero(); z.nonzero()",
    "partition": "v.partition(2); m.partition(1, axis=0); v.partition([1, 3]); "
    "r.partition(1, order='y'); v.partition(99)",
    "prod": "v.prod(); m.prod(0); g.prod(0, out=v); v.prod(initial=2)",
    "put": "v.put([0, 1], [7, 8]); v.put(i, w); v.put(99, 1); v.put(99, 1, mode='wrap'); "
    "m.put([0], m[1])",
    "ravel": "v.ravel(); m.ravel('F'); m.ravel(order='K'); m.T.ravel()",
    "repeat": "v.repeat(2); m.repeat(2, axis=0); v.repeat(i)",
    "reshape": "v.reshape(2, 3); v.reshape((2, 3)); v.reshape(-1); m.reshape(3, 4, order='F'); "
    "v.reshape(7); v.reshape(6); v.reshape(2, 3, copy=True); v.reshape([3, 2]); "
    "v.reshape(2, 3, order='F', copy=False); v.reshape(); z.reshape(()); z.reshape(1)",
    "round": "v.round(); v.round(1); v.round(decimals=0, out=v); i.round(-1); b.round()",
    "searchsorted": "w.searchsorted(v); w.searchsorted(3.0); w.searchsorted(v, side='right'); "
    "v.searchsorted(3, sorter=i.argsort()); w.searchsorted([1, 2])",
    "setfield": "v.setfield(3, 'i4', 0); r.setfield(9, 'i4'); v.setfield(w, 'f8'); "
    "v.setfield(1, 'f8', 4)",
    "setflags": "v.setflags(write=False); v.setflags(write=True); "
    "v.setflags(align=False); v.setflags(uic=True); v.setflags(bad=1)",
    "sort": "v.sort(); m.sort(0); m.sort(axis=1, kind='stable'); r.sort(order='y'); t.sort(); "
    "o.sort(); c.sort(); z.sort(); v.sort(kind='bad')",
    "squeeze": "g.squeeze(); g.squeeze(0); v.squeeze(); m.squeeze(axis=1); z.squeeze()",
    "std": "v.std(); m.std(0, ddof=1); g.std(0, out=v); v.std(where=b)",
    "sum": "v.sum(); m.sum(0); m.sum(axis=(0, 1), keepdims=True); g.sum(0, out=v); "
    "g.sum(0, None, v); v.sum(initial=1, where=b); i.sum(dtype='f4'); t.sum(); v.sum(axis=3); "
    "v.sum(out=z); b.sum(); v.sum(0, 'f8', None, True)",
    "swapaxes": "m.swapaxes(0, 1); k.swapaxes(-1, 0); v.swapaxes(0, 0); v.swapaxes(0, 1)",
    "take": "v.take([0, 2]); m.take(i[:2], axis=1); v.take(1); v.take(i, out=w); v.take(99); "
    "v.take(99, mode='clip')",
    "to_device": "v.to_device('cpu'); v.to_device('gpu'); v.to_device('cpu', stream=None)",
    "tobytes": "v.tobytes(); m.tobytes('F'); e.tobytes(); o[:0].tobytes()",
    "tofile": "v.tofile(3.5); v.tofile(io.StringIO())",
    "tolist": "v.tolist(); m.tolist(); r.tolist(); z.tolist(); q.tolist(); o.tolist(); "
    "e.tolist(); c.tolist()",
    "trace": "s.trace(); m.trace(1); k.trace(0, 1, 2); k.trace(out=v[:4]); s.trace(out=z)",
    "transpose": "m.transpose(); k.transpose(2, 0, 1); k.transpose((1, 0, 2)); v.transpose(); "
    "m.transpose(0, 0); m.transpose(None)",
    "var": "v.var(); m.var(0); g.var(0, out=v); c.var(); v.var(ddof=9)",
    "view": "v.view(); v.view('i8'); v.view('u1'); v.view(np.ndarray); "
    "v.view(dtype='i4', type=np.ndarray); r.view('u1'); m.view('c8'); v.view(np.dtype('V3')); "
    "v.view(int); v.view(dtype=v.dtype)",
    "dumps": "np.ndarray.tolist(pickle.loads(v.dumps()))",
    "dump": "v.dump(io.BytesIO())",
    "__abs__": "v.__abs__(); c.__abs__()",
    "__neg__": "v.__neg__()",
    "__pos__": "v.__pos__()",
    "__invert__": "b.__invert__(); v.__invert__()",
    "__bool__": "z.__bool__(); v.__bool__(); e.__bool__()",
    "__complex__": "z.__complex__(); v.__complex__()",
    "__float__": "z.__float__(); v.__float__()",
    "__int__": "z.__int__(); v.__int__()",
    "__index__": "i[0].__index__(); i.__index__(); np.array(3).__index__()",
    "__len__": "v.__len__(); z.__len__(); e.__len__()",
    "__contains__": "v.__contains__(4.0); v.__contains__(9)",
    "__iter__": "list(v.__iter__()); z.__iter__(); list(iter(m))",
    "__getitem__": "v.__getitem__(1); m.__getitem__((0, 1)); v.__getitem__(9)",
    "__setitem__": "v.__setitem__(1, 5); v.__setitem__(9, 1)",
    "__str__": "v.__str__(); m.__str__(); z.__str__(); t.__str__(); r.__str__()",
    "__format__": "z.__format__('.2f'); v.__format__(''); v.__format__('.2f')",
    "__array__": "v.__array__(float, copy=True); v.__array__('f4'); "
    "v.__array__('f4', copy=False); v.__array__(copy=True); v.__array__(None, copy=True)",
    "__array_interface__": "sorted(v.__array_interface__); m.__array_interface__['shape']; "
    "r.__array_interface__['descr']; v.__array_interface__['strides']; "
    "v.__array_interface__['data'][1]",
    "__array_struct__": "type(v.__array_struct__).__name__",
    "__array_namespace__": "v.__array_namespace__() is np; "
    "v.__array_namespace__(api_version='2023.12') is np; v.__array_namespace__(api_version='1.0')",
    "__dlpack__": "type(v.__dlpack__()).__name__; t.__dlpack__(); v.__dlpack__(stream=1); "
    "type(v.__dlpack__(max_version=(1, 0))).__name__",
    "__dlpack_device__": "v.__dlpack_device__()",
    "__class_getitem__": "type(v).__class_getitem__((1, 2)) is None",
    "__dir__": "set(np.ndarray.__dir__(v)) <= set(v.__dir__())",
    "__hash__": "v.__hash__",
    "__getattribute__": "v.__getattribute__('size')",
    "__setattr__": "v.__setattr__('missing', 1)",
    "__delattr__": "v.__delattr__('missing'); v.__delattr__('shape'); v.__delattr__('real'); "
    "v.__delattr__('flat'); v.__delattr__('T')",
    "__buffer__": "v.__buffer__(0).tolist()",
    "_set_shape": "v._set_shape((2, 3))",
    "_set_dtype": "v._set_dtype(np.dtype('i8'))",
}
METHODS |= {
    f"__{name}__": f"v.__{name}__(w); i.__{name}__(2); v.__{name}__('x'); v.__{name}__(None)"
    for name in (
        "add sub mul truediv floordiv mod pow divmod lshift rshift and or xor eq ne lt le gt ge "
        "radd rsub rmul rtruediv rfloordiv rmod rpow rdivmod rlshift rrshift rand ror rxor "
        "iadd isub imul itruediv ifloordiv imod ipow ilshift irshift iand ior ixor"
    ).split()
}
METHODS["__rmod__"] = (
    "v.__rmod__(w); i.__rmod__(2); v.__rmod__(None)"  # 'x' % d formats a string, as 'x' % a does
)
METHODS |= {
    f"__{name}__": f"s.__{name}__(s); v.__{name}__(w); v.__{name}__(2)"
    for name in ("matmul", "rmatmul", "imatmul")
}
# fmt: off
NOT_COMPARED = {
    "copy": "gives a DynamicArray", "__copy__": "gives a DynamicArray",
    "__deepcopy__": "gives a DynamicArray", "resize": "works where ndarray's refuses",
    "__delitem__": "deletes rows, where ndarray refuses", "__reduce__": "pickles a DynamicArray",
    "__reduce_ex__": "pickles a DynamicArray", "__setstate__": "for pickles of ndarrays",
    "__getstate__": "object's", "__repr__": "has the name of the class",
    "__sizeof__": "counts the capacity used", "__array_finalize__": "below, with subclasses",
    "__array_wrap__": "below",
    "__array_function__": "every function is a case of it",
    "__array_ufunc__": "every ufunc is a case of it", "__array_priority__": "below",
    "__class__": "is DynamicArray", "__doc__": "its own", "__new__": "other arguments",
    "__init__": "object's", "__init_subclass__": "object's", "__subclasshook__": "object's",
}
# fmt: on


def test_every_attribute_of_ndarray_is_compared_or_excused():
    assert set(dir(np.ndarray)) <= METHODS.keys() | NOT_COMPARED.keys()
    assert not METHODS.keys() & NOT_COMPARED.keys()


@pytest.mark.parametrize("name, text", cases(METHODS))
def test_methods_and_attributes(name, text):
    if not hasattr(np.ndarray, name):
        pytest.skip(f"this NumPy has no ndarray.{name}")
    assert_case_alike(text, invariants="'strides'" not in text and "align=False" not in text)


@pytest.mark.parametrize("name", sorted(METHODS.keys() - {"__class_getitem__"}))
def test_methods_without_or_with_bad_arguments(name):
    if not hasattr(np.ndarray, name) or name in (
        "sort",
        "byteswap",
        "__dlpack__",
        "ctypes",
        "data",
        "flags",
        "__hash__",
        "__dir__",
        "__array_struct__",
        "__array_interface__",
        "__array_namespace__",
        "__buffer__",
        "dumps",
        "__iter__",
        "__array__",
    ):
        return
    for text in (
        f"v.{name}(bad=1)",
        f"v.{name}(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)",
        f"v.{name}()",
        f"v.{name}(None)",
        f"v.{name}(object)",
    ):
        if name == "tofile" and text.endswith(
            "(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)"
        ):
            continue
        assert_case_alike(text)


@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for name in dir(np.ndarray)
        if callable(getattr(np.ndarray, name)) and not name.startswith("_")
    ),
)
def test_methods_have_ndarrays_names_and_docstrings(name):
    ours = getattr(cda.DynamicArray, name)
    assert ours.__name__ == name
    assert ours.__doc__


@pytest.mark.parametrize(
    "call",
    [
        np.ndarray.sum,
        np.ndarray.max,
        np.ndarray.tolist,
        np.ndarray.nonzero,
        np.ndarray.argsort,
        np.ndarray.tobytes,
        np.ndarray.mean,
        np.ndarray.sort,
    ],
)
def test_methods_of_ndarray_take_a_dynamic_array(call):
    """np.ndarray.sum(d) is what methods of subclasses may call."""
    expected, found = call(ARRAYS["v"].copy()), call(as_dynamic(ARRAYS["v"]))
    np.testing.assert_array_equal(found, expected)


# Protocols.


@pytest.mark.parametrize("dtype", [None, "f8", "f4", "i8", ">f8", "S3", object])
@pytest.mark.parametrize("copy", [None, True, False])
def test_the_array_protocol(dtype, copy):
    options = {} if dtype is None else {"dtype": dtype}
    plain, d = ARRAYS["v"].copy(), as_dynamic(ARRAYS["v"])
    for function in (np.array, np.asarray):
        expected, expected_error, _ = attempt(lambda: function(plain, copy=copy, **options))
        found, error, _ = attempt(lambda: function(d, copy=copy, **options))
        assert type(error) is type(expected_error)
        if error is None:
            assert type(found) is np.ndarray
            assert np.shares_memory(found, d) == np.shares_memory(expected, plain)
            assert_same(found, expected)


def test_asarray_is_a_plain_live_view():
    d = as_dynamic(ARRAYS["v"])
    view = np.asarray(d)
    assert type(view) is np.ndarray
    assert view.base is d
    d.append(8.0)
    d[0] = 9.0
    assert view[0] == 9.0
    assert view.shape == (6,)
    assert type(np.asanyarray(d)) is cda.DynamicArray
    assert np.asanyarray(d) is d


def test_priority():
    assert cda.DynamicArray.__array_priority__ < ARRAYS["v"].__array_priority__
    d = as_dynamic(ARRAYS["s"])
    for function in (np.linalg.inv, np.linalg.qr, np.dot, np.inner):
        found = function(d) if "linalg" in function.__module__ else function(d, ARRAYS["s"])
        for each in found if isinstance(found, tuple) else [found]:
            assert type(each) is np.ndarray
    assert type(ARRAYS["s"] @ d) is np.ndarray
    assert type(ARRAYS["s"] + d) is np.ndarray


def test_array_wrap():
    d = as_dynamic(ARRAYS["v"])
    plain = np.arange(3.0)
    assert d.__array_wrap__(plain) is plain
    assert d.__array_wrap__(plain, None, False) is plain
    assert type(d.__array_wrap__(np.array(1.0), None, True)) is np.float64
    assert d.__array_wrap__(np.array(1.0)).shape == ()


@pytest.mark.parametrize("name", ARRAYS)
def test_repr_and_str(name):
    array = ARRAYS[name]
    d = as_dynamic(array)
    assert str(d) == str(array)
    with np.printoptions(precision=3):
        assert str(d) == str(array)
    expected = np.array_repr(array)
    assert "".join(repr(d).split()) == "".join(
        expected.replace("array(", "DynamicArray(", 1).split()
    )
    assert repr(d).startswith("DynamicArray(")
    assert np.array_repr(d) == repr(d)
    assert np.array_repr(d, precision=2).startswith("DynamicArray(")


class DynamicArray(np.ndarray):
    """An ndarray subclass of the same name, whose repr NumPy makes."""


@pytest.mark.parametrize("name", ARRAYS)
def test_repr_is_that_of_a_subclass_of_the_name(name):
    array = ARRAYS[name]
    assert repr(as_dynamic(array)) == repr(array.view(DynamicArray))
    assert np.array_repr(as_dynamic(array), 40, 2, True) == np.array_repr(
        array.view(DynamicArray), 40, 2, True
    )


@pytest.mark.parametrize("name", ARRAYS)
def test_save_and_load(name, tmp_path):
    array = ARRAYS[name]
    d = as_dynamic(array)
    np.save(tmp_path / "d.npy", d)
    np.save(tmp_path / "a.npy", array)
    if array.dtype != object:  # their pickles name the class
        assert (tmp_path / "d.npy").read_bytes() == (tmp_path / "a.npy").read_bytes()
    found = np.load(tmp_path / "d.npy", allow_pickle=True)
    assert type(found) is np.ndarray
    assert_same(found, array)
    np.savez(tmp_path / "d.npz", d, x=d)
    with np.load(tmp_path / "d.npz", allow_pickle=True) as loaded:
        assert_same(loaded["x"], array)


def test_tofile_and_savetxt(tmp_path):
    array = ARRAYS["m"]
    d = as_dynamic(array)
    d.tofile(tmp_path / "d.bin")
    assert (tmp_path / "d.bin").read_bytes() == array.tobytes()
    d.tofile(tmp_path / "d.txt", sep=",", format="%.3f")
    array.tofile(tmp_path / "a.txt", sep=",", format="%.3f")
    assert (tmp_path / "d.txt").read_text() == (tmp_path / "a.txt").read_text()
    np.savetxt(tmp_path / "d.csv", d)
    assert_same(np.loadtxt(tmp_path / "d.csv"), array)


@pytest.mark.parametrize("copy", [None, True, False])
def test_dlpack(copy):
    d = as_dynamic(ARRAYS["v"])
    view = np.from_dlpack(d, copy=copy)
    assert type(view) is np.ndarray
    assert np.shares_memory(view, d) == (copy is not True)
    assert_same(view, ARRAYS["v"])


def test_the_array_interface_of_a_wrapper():
    class Wrapper:
        def __init__(self, array):
            self.array = array

        @property
        def __array_interface__(self):
            return self.array.__array_interface__

    d = as_dynamic(ARRAYS["m"])
    view = np.asarray(Wrapper(d))
    d[0, 0] = 77
    assert view[0, 0] == 77
    interface, expected = dict(d.__array_interface__), dict(ARRAYS["m"].copy().__array_interface__)
    del interface["data"], expected["data"]
    assert interface == expected


@pytest.mark.parametrize(
    "text",
    [
        "np.array([1, 2], like=v)",
        "np.asarray([1, 2], like=v)",
        "np.zeros(3, like=v)",
        "np.ones((2, 2), like=v)",
        "np.empty(3, like=v)",
        "np.full(3, 7, like=v)",
        "np.arange(3, like=v)",
        "np.arange(1, 5, 2, 'f4', like=v)",
        "np.fromiter([1, 2], float, like=v)",
        "np.frombuffer(b'ab', 'u1', like=v)",
        "np.eye(3, like=v)",
        "np.identity(3, like=v)",
        "np.tri(3, like=v)",
        "np.asanyarray([1, 2], like=v)",
        "np.ascontiguousarray([1, 2], like=v)",
        "np.fromstring('1 2', sep=' ', like=v)",
        "np.fromfunction(lambda x: x, (3,), like=v)",
        "np.loadtxt(['1', '2'], like=v)",
        "np.genfromtxt(['1', '2'], like=v)",
    ],
)
def test_like_gives_a_dynamic_array(text):
    case = Case(text)
    found = case(as_dynamic(ARRAYS["v"]))
    expected = case(ARRAYS["v"])
    assert type(found) is cda.DynamicArray
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    if "empty" not in text:
        assert_same(found, expected)
    found.append(found[0])


def test_arrays_that_grow_between_calls():
    """Nothing keeps the length of an earlier call."""
    d = cda.DynamicArray([1.0])
    for length in range(2, 3000):
        d.append(1.0)
        assert np.sum(d) == length
        assert (d + d).shape == (length,)
        assert d.T.shape == (length,)


def test_a_callback_that_grows_an_operand():
    d = cda.DynamicArray([1.0, 2.0, 3.0])

    def grow(x):
        d.extend([x] * 1000)
        return x

    assert np.vectorize(grow, otypes=[float])(d).tolist() == [1.0, 2.0, 3.0]
    assert np.frompyfunc(grow, 1, 1)(d[:2]).tolist() == [1.0, 2.0]
    assert len(d) == 5003


def test_every_dtype_in_an_operator(dtype, rng):
    array = samples(dtype, 5, rng)
    for function in (operator.eq, operator.add, operator.lt, operator.mul):
        assert_alike(lambda a: function(a, a), array)
    for function in (np.sort, np.copy, np.concatenate, np.ravel, np.repeat):
        arguments = {np.concatenate: lambda a: ([a, a],), np.repeat: lambda a: (a, 2)}.get(
            function, lambda a: (a,)
        )
        assert_alike(lambda a: function(*arguments(a)), array)


# Subclasses.


class Named(cda.DynamicArray):
    """With an attribute, as NumPy's guide to subclassing has it."""

    def __new__(cls, contents=(), dtype=None, *, name=None, **options):
        made = super().__new__(cls, contents, dtype, **options)
        made.name = name
        return made

    def __array_finalize__(self, source):
        self.name = getattr(source, "name", None)


class Doubling(cda.DynamicArray):
    def __getitem__(self, key):
        return super().__getitem__(key) * 2


class Restored(cda.DynamicArray):
    """It wants the results of ufuncs to be of its class."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        result = super().__array_ufunc__(ufunc, method, *inputs, **kwargs)
        return Restored(result) if type(result) is np.ndarray and result.ndim else result


class Slotted(cda.DynamicArray):
    __slots__ = ()


def test_a_subclass_keeps_its_attributes():
    d = Named([1.0, 2.0], name="first")
    assert type(d) is Named
    assert d.name == "first"
    d.append(3.0)
    assert d.tolist() == [1.0, 2.0, 3.0]
    copied = d.copy()
    assert type(copied) is Named
    assert copied.name == "first"
    copied.extend([4.0, 5.0])
    assert len(d) == 3
    restored = pickle.loads(pickle.dumps(d))
    assert type(restored) is Named
    assert restored.name == "first"
    restored.append(1.0)


@pytest.mark.parametrize(
    "text",
    [
        "v + 1",
        "1 + v",
        "v[:2]",
        "v[0]",
        "v.sum()",
        "np.sqrt(abs(v))",
        "np.concatenate([v, w])",
        "v.reshape(2, 3)",
        "v.T",
        "v.astype('f4')",
        "v > 1",
        "v.__iadd__(1)",
        "np.add(v, 1, out=v)",
        "np.zeros_like(v)",
        "v[[0, 1]]",
        "v[b]",
        "np.split(v, 2)",
        "v @ w",
        "divmod(v, w)",
    ],
)
def test_results_of_subclasses_are_plain(text):
    case = Case(text)
    for cls in (Named, Slotted):
        assert_alike(case, *case.arrays, make=lambda array, cls=cls: cls(array))


def test_a_subclass_with_its_own_getitem():
    d = Doubling([1, 2, 3])
    assert d[1] == 4
    assert list(d) == [2, 4, 6]
    assert d[:2].tolist() == [2, 4]
    d.append(5)
    assert d[-1] == 10
    assert np.sum(d) == 11
    assert d.pop() == 5


def test_a_subclass_with_its_own_ufuncs():
    d = Restored([1.0, 4.0])
    result = np.sqrt(d)
    assert type(result) is Restored
    result.append(3.0)
    assert result.tolist() == [1.0, 2.0, 3.0]
    assert np.add(d, 1, out=d) is d
    assert type(np.add(d, as_dynamic(ARRAYS["v"])[:2])) is Restored


def test_a_subclass_with_init():
    class Initialised(cda.DynamicArray):
        def __new__(cls, size, label):
            return super().__new__(cls, np.zeros(size))

        def __init__(self, size, label):
            self.label = label

    d = Initialised(3, "text")
    assert d.label == "text"
    assert d.tolist() == [0.0] * 3
    d.append(1.0)


def test_finalize_is_called_once_with_the_source():
    calls = []

    class Watched(cda.DynamicArray):
        def __array_finalize__(self, source):
            calls.append(source)

    d = Watched([1, 2])
    assert len(calls) == 1
    assert calls[0] is None or type(calls[0]) is np.ndarray
    calls.clear()
    d.copy()
    assert len(calls) == 1
    assert calls[0] is d
    calls.clear()
    _ = d + 1, d[:1], d.reshape(2, 1), np.sum(d), d.T
    assert calls == []
    view = d.view(Watched)
    assert calls[0] is d
    assert type(view) is Watched


def test_views_of_subclasses_cannot_grow():
    d = Named([1.0, 2.0])
    view = d.view(Named)
    with pytest.raises(ValueError, match="copy"):
        view.append(1.0)
    assert view.base is d
    with pytest.raises(ValueError, match="copy"):
        np.arange(3).view(cda.DynamicArray).append(1)


def test_a_failing_finalize_leaves_nothing_behind():
    class Failing(cda.DynamicArray):
        def __array_finalize__(self, source):
            raise KeyError("finalize")

    for contents in ([1, 2], [object()], ["x"]):
        with pytest.raises(KeyError):
            Failing(contents)


def test_mixing_a_subclass_and_its_base():
    d, e = Named([1.0, 2.0], name="x"), cda.DynamicArray([3.0, 4.0])
    for found in (
        d + e,
        e + d,
        np.add(d, e),
        np.concatenate([d, e]),
        np.where([True, False], d, e),
    ):
        assert type(found) is np.ndarray
    assert np.add(d, e, out=e) is e
    assert np.add(d, e, out=d) is d
    assert d.name == "x"


def test_multiple_inheritance_with_a_mixin():
    class Mixin:
        def total(self):
            return self.sum()

    class Both(Mixin, cda.DynamicArray):
        pass

    d = Both([1, 2])
    d.append(3)
    assert d.total() == 6
