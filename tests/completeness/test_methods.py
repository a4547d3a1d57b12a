"""Every method and attribute of ndarray, found by introspection, gives what it gives for ndarrays.

One that the table lacks fails the test, as does a method that takes `out` or `where` and has no
case that can be given them.
"""


import numpy as np
import pytest
from cases import (
    ARRAYS,
    assert_as_written_alike,
    assert_some_work,
    assert_variants_alike,
    cases,
    with_out,
    with_where,
)
from method_cases import AS_WRITTEN, METHODS, NOT_COMPARED, TABLE, WITHOUT_ARGUMENTS, takes

import cppdynarray as cda
from comparison import as_dynamic


def test_every_method_and_attribute_is_compared_or_excused():
    assert set(dir(np.ndarray)) <= METHODS.keys() | NOT_COMPARED.keys()
    assert not METHODS.keys() & NOT_COMPARED.keys()


@pytest.mark.parametrize("name", TABLE)
def test_a_method_or_attribute(name):
    for case in cases(TABLE[name]):
        # What these do to an array is asked for, and no invariant of one that can grow.
        asked = "'strides'" in case.text or "align=False" in case.text
        compare = assert_as_written_alike if name in AS_WRITTEN else assert_variants_alike
        compare(case, invariants=not asked)


# No attribute of an ndarray can be deleted.
@pytest.mark.parametrize("name", sorted(TABLE.keys() - {"__delattr__"}))
def test_a_method_or_attribute_has_a_case_that_numpy_takes(name):
    assert any(case.on_plain_arrays()[1] is None for case in cases(TABLE[name]))


@pytest.mark.parametrize("name", [name for name in TABLE if takes(name, "out")])
def test_a_method_with_out(name):
    assert_some_work(map(with_out, cases(TABLE[name])))


@pytest.mark.parametrize("name", [name for name in TABLE if takes(name, "where")])
def test_a_method_with_where(name):
    assert_some_work(with_where(case, takes(name, "initial")) for case in cases(TABLE[name]))


@pytest.mark.parametrize("name", sorted(TABLE.keys() - WITHOUT_ARGUMENTS))
def test_a_method_without_or_with_bad_arguments(name):
    many = "" if name == "tofile" else f"v.{name}({', '.join(map(str, range(1, 16)))});"
    for case in cases(many + f"v.{name}(bad=1); v.{name}(); v.{name}(None); v.{name}(object)"):
        assert_as_written_alike(case)


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
    assert ours.__doc__ or not getattr(np.ndarray, name).__doc__


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
