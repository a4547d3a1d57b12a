"""Every operator of ndarray, found by introspection, gives what it gives for ndarrays.

Operators are the functions of the modules `operator` and `builtins` for which ndarray has a slot.
A slot that belongs to none of them and has no reason fails the test.
"""

# ruff: noqa: B023 - functions made in loops are called there

import builtins
import operator
import types

import numpy as np
import pytest
from cases import ARRAYS, assert_case_alike
from foreign import ArrayLike, Loud, OldStyle, Plain, Refusing, Taking

from comparison import as_dynamic, assert_alike, noted
from helpers import label

SLOTS = {
    name
    for name in dir(np.ndarray)
    if isinstance(getattr(np.ndarray, name), types.WrapperDescriptorType)
}
REFLECTED = {name for name in SLOTS if name.startswith("__r") and f"__{name[3:]}" in SLOTS}
NOT_COMPARED = {
    "__getattribute__": "test_methods.py", "__setattr__": "test_methods.py",
    "__delattr__": "test_methods.py", "__contains__": "test_methods.py",
    "__getitem__": "test_indexing.py", "__setitem__": "test_indexing.py",
    "__delitem__": "test_delete.py", "__iter__": "test_indexing.py",
    "__buffer__": "test_buffer.py", "__release_buffer__": "test_buffer.py",
    "__str__": "test_dispatch.py", "__repr__": "it names the class: test_dispatch.py",
    "__new__": "test_creation.py", "__init__": "object's",
}
OPERATORS = {
    name: vars(operator).get(name) or vars(builtins).get(name.strip("_"))
    for name in sorted(SLOTS - REFLECTED - NOT_COMPARED.keys())
}
INPLACE = {
    name: OPERATORS[name]
    for name in OPERATORS
    if name.startswith("__i") and f"__{name[3:]}" in OPERATORS
}
COMPARISONS = {"__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"}
BINARY = {
    name: OPERATORS[name]
    for name in OPERATORS
    if f"__r{name[2:]}" in REFLECTED or name in COMPARISONS
}
UNARY = {name: OPERATORS[name] for name in OPERATORS.keys() - INPLACE.keys() - BINARY.keys()}
UNARY |= {"not": operator.not_, "round": round, "__complex__": complex}  # no slots of their own

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
LEFT = ["v", "i", "b", "c", "t", "q", "m", "z", "e", "o", "u"]


def operand_id(value):
    return f"{type(value).__name__} {label(value)}".replace("\n", "")[:50]


def crashes(name, arrays):
    """NumPy 2.0 writes past the end of strings that are multiplied in place."""
    old = np.lib.NumpyVersion(np.__version__) < "2.1.0"
    return old and name == "__imul__" and any(array.dtype.kind == "U" for array in arrays)


def assert_operators_alike(operators, combine, *arrays):
    """Compares ``combine(operator, *arrays)`` for each of the operators."""
    for name, function in operators.items():
        if crashes(name, arrays):
            continue
        with noted(f"{name} of {[array.dtype.str for array in arrays]}"):
            assert_alike(lambda *given: combine(function, *given), *arrays)


def test_every_slot_is_an_operator_or_excused():
    assert not {name for name, function in OPERATORS.items() if function is None}
    assert "__add__" in BINARY and "__iadd__" in INPLACE and "__neg__" in UNARY


@pytest.mark.parametrize("operand", OPERANDS, ids=operand_id)
def test_binary_operators(operand):
    for name in LEFT:
        assert_operators_alike(BINARY, lambda function, a: function(a, operand), ARRAYS[name])
        assert_operators_alike(BINARY, lambda function, a: function(operand, a), ARRAYS[name])


@pytest.mark.parametrize("operand", OPERANDS, ids=operand_id)
def test_in_place_operators(operand):
    for name in LEFT:
        assert_operators_alike(INPLACE, lambda function, a: function(a, operand), ARRAYS[name])


@pytest.mark.parametrize("first", LEFT)
def test_operators_on_two_dynamic_arrays(first):
    for second in LEFT:
        a, b = ARRAYS[first], ARRAYS[second]
        assert_operators_alike(BINARY | INPLACE, lambda function, a, b: function(a, b), a, b)
        assert_operators_alike(INPLACE, lambda function, a: function(a, b), a)
        assert_operators_alike(INPLACE, lambda function, b: function(a.copy(), b), b)


@pytest.mark.parametrize("name", ARRAYS)
def test_operators_on_one_array(name):
    assert_operators_alike(UNARY, lambda function, a: function(a), ARRAYS[name])
    assert_operators_alike(BINARY | INPLACE, lambda function, a: function(a, a), ARRAYS[name])


@pytest.mark.parametrize("name", INPLACE)
def test_in_place_operators_return_the_array_itself(name):
    letter = {"__imatmul__": "s", "__itruediv__": "v"}.get(name, "i")
    d = as_dynamic(ARRAYS[letter])
    before = d.__array_interface__["data"]
    assert INPLACE[name](d, ARRAYS["s"] if letter == "s" else 2) is d
    assert d.__array_interface__["data"] == before
    length = len(d)
    d.append(d[0])
    assert len(d) == length + 1


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
