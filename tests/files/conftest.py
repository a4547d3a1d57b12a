"""Files can't grow on every system: docs/files.md says which."""

import errno
import sys

import pytest

import cppdynarray as cda


@pytest.fixture(autouse=True, scope="session")
def files_can_grow(tmp_path_factory):
    try:
        cda.open_memmap(tmp_path_factory.mktemp("grow") / "a.npy", "x").close()
    except (NotImplementedError, OSError) as error:
        if sys.platform == "linux" or getattr(error, "errno", errno.EOPNOTSUPP) != errno.EOPNOTSUPP:
            raise
        pytest.skip(str(error))
