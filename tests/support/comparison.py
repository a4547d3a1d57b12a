"""Compares what happens to a DynamicArray with what happens to an equal ndarray."""

import types
import warnings
from contextlib import contextmanager

import numpy as np

import cppdynarray as cda
from cppdynarray.testing import assert_invariants
from helpers import FLAGS, assert_same


def attempt(call, *args):
    """What a call returns, the exception it raises, and the classes of its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result, error = call(*args), None
        except Exception as raised:
            result, error = None, raised
    return result, error, [warning.category for warning in caught]


@contextmanager
def noted(text):
    """Adds to a failure which of a test's many cases it was."""
    try:
        yield
    except Exception as error:
        error.add_note(text)
        raise


def as_dynamic(array):
    """A DynamicArray with the elements, shape and order of a plain array."""
    return cda.array(array, order="K")


def as_rolling(array):
    """A full RollingArray with the elements of a plain array, its window in the middle of its track; a
    DynamicArray where there is none such: of 0-d arrays, empty ones and those that aren't in C order.
    """
    if array.ndim == 0 or len(array) == 0 or not array.flags.c_contiguous:
        return as_dynamic(array)
    rolling = cda.RollingArray(array, maxlen=len(array))
    rolling.extend(array)
    return rolling


OURS = (cda.DynamicArray, cda.RollingArray)


def _assert_flags_alike(found, expected):
    with warnings.catch_warnings():
        # What np.broadcast_arrays gives warns of being asked whether it is writeable.
        warnings.simplefilter("ignore")
        for flag in FLAGS:
            assert getattr(found.flags, flag) == getattr(expected.flags, flag), flag


def assert_results_alike(found, expected, pairs=(), *, elements=True):
    """
    The same class and value, also in tuples, lists and dicts.

    Where the plain call gave one of its arguments itself, or a view of it, the other must give
    the DynamicArray itself or a view of it; `pairs` are those arguments, (dynamic, plain).
    """
    for dynamic, plain in pairs:
        if expected is plain:
            assert found is dynamic
            return
    assert type(found) is type(expected)
    if isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype
        assert found.shape == expected.shape
        if expected.size:  # NumPy's own empty arrays have strides of 0, and views of them copy
            assert found.strides == expected.strides
        _assert_flags_alike(found, expected)
        for dynamic, plain in pairs:
            if plain.strides == dynamic.strides:
                assert (found.base is dynamic) == (expected.base is plain), "base"
            assert np.may_share_memory(found, dynamic) == np.may_share_memory(expected, plain)
        assert type(found.base) is type(expected.base) or isinstance(found.base, OURS)
        if elements:
            assert_same(found, expected)
    elif isinstance(expected, np.generic):
        if isinstance(expected, np.void):
            for dynamic, plain in pairs:
                assert (found.base is dynamic) == (expected.base is plain), "base"
        assert_same(np.asarray(found), np.asarray(expected))
    elif isinstance(expected, tuple | list):
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            assert_results_alike(a, b, pairs, elements=elements)
    elif isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key in expected:
            assert_results_alike(found[key], expected[key], pairs, elements=elements)
    elif isinstance(expected, np.flatiter):
        for dynamic, plain in pairs:
            assert np.may_share_memory(found.base, dynamic) == np.may_share_memory(
                expected.base, plain
            )
        assert_same(found.copy(), expected.copy())
    elif isinstance(
        expected, types.GeneratorType | map | zip | np.nditer | np.ndindex | np.ndenumerate
    ):
        for a, b in zip(found, expected, strict=True):
            assert_results_alike(a, b, elements=elements)
    elif isinstance(expected, str):
        assert found == expected
    else:
        assert repr(found) == repr(expected)


def assert_alike(call, *arrays, elements=True, invariants=True, make=as_dynamic):
    """
    ``call(*arrays)`` does with DynamicArrays what it does with ndarrays.

    Compared are the result, its exact class and what it is a view of, or the class of the
    exception; the classes of the warnings; and the arrays afterwards.
    """
    plains = [np.array(array, order="K") for array in arrays]
    dynamics = [make(array) for array in arrays]
    expected, expected_error, expected_warnings = attempt(call, *plains)
    found, error, found_warnings = attempt(call, *dynamics)
    if error is not None and expected_error is None:
        raise error
    if expected_error is not None:
        assert error is not None, f"no {expected_error!r}, but {found!r}"
        assert type(error) is type(expected_error), (error, expected_error)
    pairs = list(zip(dynamics, plains, strict=True))
    assert found_warnings == expected_warnings
    assert_results_alike(found, expected, pairs, elements=elements)
    for dynamic, plain in pairs:
        assert isinstance(dynamic, OURS)
        assert_same(dynamic, plain)
        if invariants and isinstance(dynamic, cda.DynamicArray):
            assert_invariants(dynamic)
    return found
