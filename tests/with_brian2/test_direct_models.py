"""Native code gives what NumPy gives, for some models that Hypothesis makes; models.py tries more of them."""

import os

from native_code import import_brian2

brian2 = import_brian2()

import models  # noqa: E402

# Each compiles a library of its own.
EXAMPLES = 4


def test_models_of_the_grammar():
    seed = int(os.environ.get("CPPDYNARRAY_SEED") or int.from_bytes(os.urandom(4), "little"))
    print(f"CPPDYNARRAY_SEED={seed}")
    models.tried(EXAMPLES, seed)()
