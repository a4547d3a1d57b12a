"""Imports what not every environment has: the libraries and tools of the optional groups."""

import os

import pytest

REQUIRE_VARIABLE = "CPPDYNARRAY_REQUIRE_LIBRARIES"


def import_library(name, group="libraries"):
    """The module; without it the tests are skipped, or fail where the environment requires it."""
    reason = f"{name} is not installed (see the group {group!r} in pyproject.toml)"
    try:
        return pytest.importorskip(name, reason=reason)
    except pytest.skip.Exception:
        if os.environ.get(REQUIRE_VARIABLE):
            raise ModuleNotFoundError(f"{REQUIRE_VARIABLE} is set, but {reason}") from None
        raise
