"""Every operator of ndarray, found by introspection, gives what it gives for ndarrays.

Operators are the functions of the modules `operator` and `builtins` for which ndarray has a slot.
A slot that belongs to none of them and has no reason fails the test.
"""

# ruff: noqa: B023 - functions made in loops are called there


import pytest
from cases import ARRAYS, assert_case_alike
from operator_cases import (
    BINARY,
    INPLACE,
    LEFT,
    OPERANDS,
    OPERATORS,
    UNARY,
    assert_operators_alike,
    operand_id,
)

from comparison import as_dynamic


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
