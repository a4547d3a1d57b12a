"""Every function of NumPy that dispatches, found by introspection, gives what ndarrays get.

The table has one or more cases for each function; a function that it lacks fails the test, and so
does one that takes `out` or `where` and has no case that gives them.
"""

import warnings

import pytest
from cases import (
    assert_as_written_alike,
    assert_some_work,
    assert_variants_alike,
    cases,
    with_out,
    with_where,
)
from function_cases import (
    FUNCTIONS,
    LIKE,
    NOT_COMPARED,
    TABLE,
    UNDISPATCHED,
    UNINITIALISED,
    cases_of,
    dispatching_functions,
    named,
    parameters,
)

import cppdynarray as cda
from comparison import as_dynamic, noted
from helpers import assert_same


@pytest.fixture(autouse=True, scope="module")
def _quiet():
    """Without NumPy's warnings of its own old names, such as those of numpy.char."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def test_every_function_has_a_case():
    names = FUNCTIONS.keys() | LIKE.keys() | NOT_COMPARED.keys()
    functions = {named(name) for name in names}
    missing = {
        f"{function.__module__}.{function.__name__}"
        for function in dispatching_functions() - functions
    } - {f"numpy.{name}" for name in names}
    assert not missing, sorted(missing)


@pytest.mark.parametrize("name", TABLE)
def test_a_function(name):
    for case in cases_of(name):
        assert_variants_alike(case, elements=name not in UNINITIALISED)


@pytest.mark.parametrize("name", UNDISPATCHED)
def test_a_function_that_does_not_dispatch(name):
    if named(name) is None:
        pytest.skip(f"this NumPy has no {name}")
    for case in cases(UNDISPATCHED[name], f=named(name)):
        assert_as_written_alike(case)


@pytest.mark.parametrize("name", [name for name in LIKE if named(name)])
def test_like_gives_a_dynamic_array(name):
    for case in cases(LIKE[name], f=named(name), __file__=__file__):
        with noted(f"in {case.text}"):
            found = case(*map(as_dynamic, case.arrays))
            expected = case(*case.arrays)
            assert type(found) is cda.DynamicArray
            if name != "empty":
                assert_same(found, expected)
            assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
            length = len(found)
            found.append(0)
            assert len(found) == length + 1


@pytest.mark.parametrize("name", TABLE)
def test_a_function_has_a_case_that_numpy_takes(name):
    assert any(case.on_plain_arrays()[1] is None for case in cases_of(name))


@pytest.mark.parametrize("name", [name for name in TABLE if "out" in parameters(name)])
def test_a_function_with_out(name):
    assert_some_work(map(with_out, cases_of(name)), elements=name not in UNINITIALISED)


@pytest.mark.parametrize("name", [name for name in TABLE if "where" in parameters(name)])
def test_a_function_with_where(name):
    initial = "initial" in parameters(name)
    assert_some_work(with_where(case, initial) for case in cases_of(name))
