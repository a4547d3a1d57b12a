"""Every operator, and what it is tried on."""

import builtins
import operator
import types

import numpy as np
from foreign import ArrayLike, Loud, OldStyle, Plain, Refusing, Taking

from comparison import assert_alike, noted
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
            assert_alike(lambda *given, function=function: combine(function, *given), *arrays)
