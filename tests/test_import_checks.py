"""A NumPy whose structs differ from its headers is refused when the package is imported, by name."""

import types
import weakref

import numpy as np
import pytest

from cppdynarray._core import _layout
from subprocesses import run_python


class ChangedNumPy(types.ModuleType):
    """NumPy, but for what is given by name."""

    def __init__(self, **changed):
        super().__init__("numpy")
        vars(self).update(changed)

    def __getattr__(self, name):
        return getattr(np, name)


def records_elsewhere(shape, dtype):
    """np.zeros; where there are fields, a list whose items look into another array."""
    made = np.zeros(shape, dtype)
    return [made[0]] if made.dtype.names else made


def test_this_numpy_fits():
    _layout.check()


@pytest.mark.parametrize(
    ("name", "changed", "message"),
    [
        ("get_handler_name", lambda array: "default_allocator", "ndarray's field mem_handler in"),
        ("weakref", types.SimpleNamespace(ref=lambda array: [weakref.ref(array)]), "ndarray's field weakreflist in"),
        ("np", ChangedNumPy(ones=np.zeros), "the scalar of dtype '[?]', .*the scalar of dtype 'D' in"),
        ("np", ChangedNumPy(zeros=records_elsewhere), "the scalar of dtype 'V' in"),
    ],
    ids=["mem_handler", "weakreflist", "scalars", "records"],
)
def test_what_is_different_is_named(monkeypatch, name, changed, message):
    monkeypatch.setattr(_layout, name, changed)
    with pytest.raises(ImportError, match=f"cppdynarray doesn't fit NumPy {np.__version__}, which has {message}"):
        _layout.check()


def test_all_that_is_different_is_named():
    with pytest.raises(ImportError, match="has the first, the second in another place"):
        _layout.check(["the first", "the second"])


def test_the_import_fails_before_anything_is_written():
    printed = run_python(
        """
        import numpy._core.multiarray as multiarray
        multiarray.get_handler_name = lambda array: "another"
        try:
            import cppdynarray
        except ImportError as error:
            print("ndarray's field mem_handler" in str(error))
        """
    )
    assert printed == "True\n"
