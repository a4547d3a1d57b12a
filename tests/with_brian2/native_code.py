"""Brian2 for tests of native code."""

import pytest

from optional_libraries import import_library


def import_brian2():
    """Brian2; tests of a module that asks for one that has no native code are skipped."""
    brian2 = import_library("brian2")
    if not import_library("cppdynarray.brian2").direct.is_supported():
        pytest.skip("native code needs Brian2 2.11", allow_module_level=True)
    return brian2
