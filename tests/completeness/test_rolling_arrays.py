"""What NumPy does with arrays it does with RollingArrays: the tables of the other files here, once more."""

import warnings

import function_cases
import method_cases
import numpy as np
import operator_cases
import pytest
import ufunc_cases
from cases import ARRAYS, assert_as_written_alike, assert_some_work, assert_variants_alike, cases, with_out

import cppdynarray as cda
from comparison import as_rolling, assert_alike, noted

# What is different, and why.
DIFFERENT = {
    "base": "it is the room",
    "flags": "the room owns the memory",
    "strides": "NumPy lets them reach as far as the room does",
}


@pytest.fixture(autouse=True, scope="module")
def _quiet():
    """Without NumPy's warnings of its own old names."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def rolling(case, compare=assert_variants_alike, **options):
    asked = "'strides'" in case.text or "align=False" in case.text  # of the DynamicArrays that there are too
    compare(case, make=as_rolling, invariants=not asked, **options)


@pytest.mark.parametrize("name", sorted(method_cases.TABLE.keys() - DIFFERENT.keys()))
def test_a_method_or_attribute(name):
    for case in cases(method_cases.TABLE[name]):
        rolling(case, assert_as_written_alike if name in method_cases.AS_WRITTEN else assert_variants_alike)


@pytest.mark.parametrize("name", [name for name in method_cases.TABLE if method_cases.takes(name, "out")])
def test_a_method_with_out(name):
    assert_some_work(map(with_out, cases(method_cases.TABLE[name])), make=as_rolling)


def test_every_method_of_its_own_is_tested():
    classes = cda.RollingArray.__mro__[: cda.RollingArray.__mro__.index(np.ndarray)]
    own = {name for cls in classes for name in vars(cls) if name not in vars(np.ndarray)}
    assert own - {"__module__", "__array_priority__", "_baseclass", "_typ", "_start_of_rows"} == {
        "append", "extend", "clear", "as_numpy", "to_numpy", "maxlen", "__array_ufunc__", "__array_function__",
    } - vars(np.ndarray).keys()


@pytest.mark.parametrize("name", function_cases.TABLE)
def test_a_function(name):
    for case in function_cases.cases_of(name):
        rolling(case, elements=name not in function_cases.UNINITIALISED)


@pytest.mark.parametrize("first", operator_cases.LEFT)
def test_the_operators(first):
    for second in operator_cases.LEFT:
        a, b = ARRAYS[first], ARRAYS[second]
        for name, function in (operator_cases.BINARY | operator_cases.INPLACE).items():
            if not operator_cases.crashes(name, [a, b]):
                with noted(f"{name} of {first} and {second}"):
                    assert_alike(function, a, b, make=as_rolling)
    for name, function in operator_cases.UNARY.items():
        with noted(f"{name} of {first}"):
            assert_alike(function, ARRAYS[first], make=as_rolling)


@pytest.mark.parametrize("name", sorted(ufunc_cases.UFUNCS.keys() - ufunc_cases.UNSAFE))
def test_a_ufunc(name):
    ufunc = ufunc_cases.UFUNCS[name]
    for arrays in list(ufunc_cases.operands(ufunc))[:4]:
        for call, given in ufunc_cases.calling(ufunc, arrays):
            with noted(f"{name} of {[array.dtype.str for array in given]}"):
                assert_alike(call, *given, make=as_rolling)


@pytest.mark.parametrize("operand", [2.5, [1, 2, 3, 4, 5, 6], None, np.arange(6), cda.DynamicArray(range(6), "i4")])
def test_operators_with_other_things(operand):
    for name, function in operator_cases.BINARY.items():
        with noted(name):
            assert_alike(lambda a, function=function: function(a, operand), ARRAYS["v"], make=as_rolling)
            assert_alike(lambda a, function=function: function(operand, a), ARRAYS["v"], make=as_rolling)
