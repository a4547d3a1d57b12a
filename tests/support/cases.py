"""Expressions over sample arrays: what is called with ndarrays and with DynamicArrays alike."""

import ast
import copy
import io
import operator
import os
import pickle
import warnings

import numpy as np

from comparison import assert_alike, attempt, noted

# What the expressions are written in: one letter an array.
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
# Arrays of floating-point numbers, real and complex, are taken in these dtypes as well.
DTYPES = ["?", "u1", "i2", "f4", ">f8", "c8", object]


class Case:
    """An expression such as "np.add(v, w)", as a function of those of ARRAYS that are in it.

    Other names that it may have, such as f for the function in question, are given by keyword.
    """

    def __init__(self, text, **scope):
        tree = ast.parse(text.strip(), mode="eval")
        bound = {
            argument.arg
            for node in ast.walk(tree)
            if isinstance(node, ast.Lambda)
            for argument in node.args.args
        }
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        self.text, self.tree = text.strip(), tree
        self.names = sorted((names - bound) & ARRAYS.keys())
        self.code = compile(tree, text, "eval")
        self.scope = {
            "np": np, "io": io, "operator": operator, "os": os, "pickle": pickle, **scope
        }
        self.arrays = [ARRAYS[name] for name in self.names]

    def having(self, keyword, array):
        """The same call with one more array, given by keyword; None if it has that already."""
        call = self.tree.body
        if not isinstance(call, ast.Call) or keyword in (each.arg for each in call.keywords):
            return None
        made = copy.copy(self)
        more = ast.keyword(keyword, ast.Name(keyword, ast.Load()))
        body = ast.Call(call.func, call.args, [*call.keywords, more])
        made.tree = ast.fix_missing_locations(ast.Expression(body))
        made.text = ast.unparse(made.tree)
        made.code = compile(made.tree, made.text, "eval")
        made.names, made.arrays = [*self.names, keyword], [*self.arrays, array]
        return made

    def __call__(self, *arrays):
        return eval(self.code, self.scope | dict(zip(self.names, arrays, strict=True)))

    def on_plain_arrays(self):
        """What NumPy gives, and what it raises."""
        return attempt(self, *(array.copy() for array in self.arrays))[:2]


def cases(texts, **scope):
    """Those that are written one after another, separated by semicolons."""
    return [Case(text, **scope) for text in texts.split(";") if text.strip()]


def _astype(array, dtype):
    with warnings.catch_warnings():  # of what is lost
        warnings.simplefilter("ignore")
        return array.astype(dtype) if array.dtype.kind in "fc" else array


def variants(arrays):
    """The arrays of a case, and others of the same kind: of other dtypes, without elements, with
    one more dimension. NumPy says what comes of them, if only that it refuses.
    """
    yield "as written", arrays
    if any(array.dtype.kind in "fc" for array in arrays):
        for dtype in DTYPES:
            yield f"of dtype {dtype}", [_astype(array, dtype) for array in arrays]
    if any(array.ndim for array in arrays):
        yield "empty", [array[:0] if array.ndim else array for array in arrays]
    yield "with one more dimension", [np.stack([array, array]) for array in arrays]


def assert_as_written_alike(case, **options):
    """Compares what a case gives for its arrays as they are."""
    with noted(f"in {case.text}"):
        return assert_alike(case, *case.arrays, **options)


def assert_case_alike(text, **options):
    """The same for an expression."""
    return assert_as_written_alike(Case(text), **options)


def assert_variants_alike(case, **options):
    """Compares what a case gives for its arrays in all their variants."""
    for name, arrays in variants(case.arrays):
        with noted(f"in {case.text}, arrays {name}"):
            assert_alike(case, *arrays, **options)


def assert_some_work(cases, **options):
    """Compares cases, None for unsuitable ones; NumPy must take at least one of them."""
    working = 0
    for case in filter(None, cases):
        assert_as_written_alike(case, **options)
        working += case.on_plain_arrays()[1] is None
    assert working, "none of the cases works"


def with_out(case):
    """The case with an array to write its result into, if it has one and writes nowhere yet."""
    result, error = case.on_plain_arrays()
    if error is None and isinstance(result, np.ndarray | np.generic):
        return case.having("out", np.zeros_like(result))
    return None


def with_where(case, initial):
    """The case with a mask for its first array, and the initial value that max and min need."""
    size, shape = case.arrays[0].size, case.arrays[0].shape
    masked = case.having("where", np.arange(size).reshape(shape) % 2 == 0)
    return masked.having("initial", np.array(1.0)) if masked and initial else masked
