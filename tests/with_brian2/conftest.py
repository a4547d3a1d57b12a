"""Brian2 as it is after an import, for each test, with both kinds of arrays and both kinds of code."""

import contextlib
import warnings
from pathlib import Path

import pytest

import cppdynarray as cda
from optional_libraries import import_library

# Before a test file imports it, with warnings as errors: what its import warns of is its own and other libraries'.
with warnings.catch_warnings(), contextlib.suppress(ImportError):
    warnings.simplefilter("ignore")
    import brian2  # noqa: F401


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            # What Brian2 and the libraries below it warn of is theirs.
            item.add_marker(pytest.mark.filterwarnings("default"))


@pytest.fixture(autouse=True)
def brian2_as_imported():
    """Its preferences as they are by default, cppdynarray disabled, and nothing left of other tests."""
    brian2 = import_library("brian2")
    brian2.prefs.reset_to_defaults()
    brian2.prefs["codegen.target"] = "numpy"
    import kept_cache  # it imports Brian2

    kept_cache.use()
    with cda.options(backend="cpp"):
        yield
    while brian2.get_device() is not brian2.all_devices["runtime"]:
        brian2.devices.reset_device()
    brian2.device.reinit()
    brian2.device.activate()
    brian2.defaultclock.dt = 0.1 * brian2.ms
    brian2.start_scope()


@pytest.fixture
def native():
    """Native code, and Cython for what it can't be."""
    import_library("brian2").prefs["codegen.target"] = "cython"
    growing = import_library("cppdynarray.brian2")
    with growing.enabled(), growing.direct.enabled():
        yield
