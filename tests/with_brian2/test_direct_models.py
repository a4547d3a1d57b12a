"""Native code gives what NumPy gives, for some models that Hypothesis makes; models.py tries more of them."""

import os

import pytest

from optional_libraries import import_library

brian2 = import_library("brian2")
if not import_library("cppdynarray.brian2").direct.is_supported():
    pytest.skip("native code needs Brian2 2.11", allow_module_level=True)

import models  # noqa: E402

# Each compiles a library of its own.
EXAMPLES = 4


def test_models_of_the_grammar():
    seed = int(os.environ.get("CPPDYNARRAY_SEED") or int.from_bytes(os.urandom(4), "little"))
    print(f"CPPDYNARRAY_SEED={seed}")
    models.tried(EXAMPLES, seed)()
