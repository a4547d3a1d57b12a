"""cppdynarray.numpy: all of NumPy, with creation functions that return DynamicArrays."""

import importlib
import textwrap
import types
import warnings

import numpy as np
import pytest

import cppdynarray as cda
import cppdynarray.numpy as cnp
from subprocesses import run_python

CREATION_FUNCTIONS = {
    "arange", "array", "asanyarray", "asarray", "ascontiguousarray", "copy", "empty", "empty_like",
    "eye", "from_dlpack", "fromfile", "fromfunction", "fromiter", "fromstring",
    "full", "full_like",
    "genfromtxt", "geomspace", "identity", "linspace", "load", "loadtxt", "logspace", "ones", "ones_like",
    "tri", "zeros", "zeros_like",
}


def public_names():
    return sorted(set(np.__all__) | {name for name in dir(np) if not name.startswith("_")})


def test_every_public_name_is_there():
    for name in public_names():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ours, numpys = getattr(cnp, name), getattr(np, name)
        if name in CREATION_FUNCTIONS:
            assert ours is not numpys, name
            assert callable(ours), name
            assert ours.__name__ == name
            assert ours.__doc__, name
            assert ours.__module__.startswith("cppdynarray"), name
        else:
            assert ours is numpys, name


def test_names_listed():
    assert set(cnp.__all__) == set(np.__all__)
    assert set(dir(np)) <= set(dir(cnp))
    assert dir(cnp) == sorted(dir(cnp))
    assert {name for name in vars(cnp) if not name.startswith("_")} == CREATION_FUNCTIONS


@pytest.mark.parametrize(
    "name",
    sorted({name for name in np.__all__ if name.startswith("__")} | {"__array_api_version__"}),
)
def test_special_names_are_numpys(name):
    assert getattr(cnp, name) is getattr(np, name)


def test_missing_names_raise_what_numpy_raises():
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = cnp.no_such_name
    with pytest.raises(ImportError):
        exec("from cppdynarray.numpy import no_such_name")
    assert not hasattr(cnp, "float_")  # gone since NumPy 2.0


def test_creation_functions_return_dynamic_arrays(tmp_path):
    np.arange(3.0).tofile(tmp_path / "x.bin")
    np.save(tmp_path / "x.npy", np.arange(3.0))
    made = {
        "arange": cnp.arange(3),
        "array": cnp.array([1, 2]),
        "asanyarray": cnp.asanyarray([1, 2]),
        "asarray": cnp.asarray([1, 2]),
        "ascontiguousarray": cnp.ascontiguousarray([1, 2]),
        "copy": cnp.copy([1, 2]),
        "empty": cnp.empty(3),
        "empty_like": cnp.empty_like([1, 2]),
        "eye": cnp.eye(3),
        "from_dlpack": cnp.from_dlpack(np.arange(3), copy=True),
        "fromfile": cnp.fromfile(tmp_path / "x.bin"),
        "fromfunction": cnp.fromfunction(lambda i: i, (3,)),
        "fromiter": cnp.fromiter([1], float),
        "fromstring": cnp.fromstring("1 2", sep=" "),
        "full": cnp.full(3, 1),
        "full_like": cnp.full_like([1, 2], 3),
        "genfromtxt": cnp.genfromtxt(["1", "2"]),
        "geomspace": cnp.geomspace(1, 2),
        "identity": cnp.identity(3),
        "linspace": cnp.linspace(0, 1),
        "load": cnp.load(tmp_path / "x.npy"),
        "loadtxt": cnp.loadtxt(["1", "2"]),
        "logspace": cnp.logspace(0, 1),
        "ones": cnp.ones(3),
        "ones_like": cnp.ones_like([1, 2]),
        "tri": cnp.tri(3),
        "zeros": cnp.zeros(3),
        "zeros_like": cnp.zeros_like([1, 2]),
    }
    assert made.keys() == CREATION_FUNCTIONS
    for name, array in made.items():
        assert type(array) is cda.DynamicArray, name
        length = len(array)
        array.append(array[0].copy())
        assert len(array) == length + 1, name


def test_functions_of_both_modules_are_the_same():
    for name in CREATION_FUNCTIONS & set(cda.__all__) - {"array", "asarray"}:  # these may alias
        assert getattr(cnp, name) is getattr(cda, name)


def test_star_import_is_that_of_numpy():
    ours, numpys = {}, {}
    exec("from cppdynarray.numpy import *", ours)
    exec("from numpy import *", numpys)
    assert ours.keys() == numpys.keys()
    assert type(ours["zeros"](3)) is cda.DynamicArray
    assert ours["sin"] is np.sin


SUBMODULES = ["linalg", "fft", "random", "ma", "polynomial", "testing", "strings", "typing", "exceptions"]


@pytest.mark.parametrize("name", [*SUBMODULES, "char", "rec", "lib", "dtypes", "ctypeslib", "emath"])
def test_submodules_are_numpys(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = (
            getattr(np, name) if hasattr(np, name) else importlib.import_module(f"numpy.{name}")
        )
        assert isinstance(expected, types.ModuleType)
        assert getattr(cnp, name) is expected
        scope = {}
        exec(f"from cppdynarray.numpy import {name} as found", scope)
        assert scope["found"] is expected


@pytest.mark.parametrize("name", [*SUBMODULES, "lib.stride_tricks"])
def test_submodules_can_be_imported_by_name(name):
    assert (
        run_python(f"""
        import cppdynarray.numpy.{name} as found
        import numpy.{name} as expected
        print(found is expected)
        """)
        == "True\n"
    )


def test_names_can_be_imported_from_submodules():
    assert (
        run_python("""
        from cppdynarray.numpy.linalg import norm
        from cppdynarray.numpy.lib.stride_tricks import sliding_window_view
        import numpy
        from numpy.lib import stride_tricks
        print(norm is numpy.linalg.norm)
        print(sliding_window_view is stride_tricks.sliding_window_view)
        """)
        == "True\nTrue\n"
    )


def test_a_program_written_for_numpy():
    program = """
        x = np.linspace(0, 1, 11)
        y = np.zeros_like(x)
        for k in range(1, 5):
            y += np.sin(np.pi * k * x) / k
        table = np.column_stack([x, y])
        order = np.argsort(table[:, 1], kind="stable")
        grid = np.array(np.meshgrid(np.arange(3), np.arange(4))).reshape(2, -1).T
        mean, cov = np.mean(table, axis=0), np.cov(table.T)
        solved = np.linalg.solve(np.eye(2) * 3 + np.ones((2, 2)), mean)
        text = np.array2string(solved, precision=3)
        chosen, unique = np.where(y > 0.5, x, -x), np.unique(np.array([3, 1, 3]))
        result = [text, *(a.tolist() for a in (order, grid, cov, chosen, unique))]
    """
    found, expected = {"np": cnp}, {"np": np}
    exec(textwrap.dedent(program), found)
    exec(textwrap.dedent(program), expected)
    assert found["result"] == expected["result"]
    assert type(found["x"]) is type(found["y"]) is cda.DynamicArray
    assert type(found["table"]) is type(found["solved"]) is np.ndarray


def test_importing_it_leaves_numpy_alone():
    assert (
        run_python("""
        import numpy as np
        before = {name: id(value) for name, value in vars(np).items()}
        import cppdynarray.numpy as cnp
        cnp.zeros(3).append(1)
        after = {name: id(value) for name, value in vars(np).items()}
        print({name for name in before if after.get(name) != before[name]})
        print(type(np.zeros(3)).__name__)
        """)
        == "set()\nndarray\n"
    )


def test_settings_are_shared():
    with cnp.errstate(all="raise"), pytest.raises(FloatingPointError):
        np.array(1.0) / np.array(0.0)
    with cnp.printoptions(precision=2):
        assert np.get_printoptions()["precision"] == 2
