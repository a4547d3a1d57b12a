"""Fixtures: dtypes, row shapes, backends, and random numbers that can be had again. A sample of the tests."""

import os
import secrets
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

import cppdynarray as cda
from compiling import compiled, cython, pybind11  # noqa: F401
from helpers import DTYPES, ROWS, dtype_id, row_id

# How long the random programs are; --hypothesis-profile=long takes minutes.
settings.register_profile(
    "short",
    max_examples=400,
    stateful_step_count=40,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
settings.register_profile("long", settings.get_profile("short"), max_examples=5_000)
settings.load_profile("short")


def pytest_addoption(parser):
    parser.addoption(
        "--sample", type=int, default=1, metavar="N",
        help="run one in N of the cases of each test function, always the same ones, and at least one",
    )


def pytest_collection_modifyitems(config, items):
    count = config.getoption("--sample")
    if count == 1:
        return
    by_function = {}
    for item in items:
        by_function.setdefault(item.nodeid.partition("[")[0], []).append(item)
    kept = set()
    for cases in by_function.values():
        chosen = [case for case in cases if zlib.crc32(case.nodeid.encode()) % count == 0]
        kept |= set(chosen or cases[:1])
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = [item for item in items if item in kept]


SEED_VARIABLE = "CPPDYNARRAY_SEED"
_seed = int(os.environ.get(SEED_VARIABLE) or secrets.randbits(32))


@pytest.fixture
def rng(request):
    """A random generator of the test's own, from the seed of the run; pytest shows what is
    printed when the test fails.
    """
    print(f"to repeat: {SEED_VARIABLE}={_seed}")
    return np.random.default_rng([_seed, zlib.crc32(request.node.nodeid.encode())])


@pytest.fixture(params=DTYPES, ids=dtype_id)
def dtype(request):
    return request.param


@pytest.fixture(params=ROWS, ids=row_id)
def row_shape(request):
    return request.param


@pytest.fixture(params=["cpp", "heap"])
def backend(request):
    """The test runs with each of the two sources of memory, in all its threads."""
    before = cda.get_options()
    cda.set_options(backend=request.param)
    yield request.param
    cda.set_options(**before)
