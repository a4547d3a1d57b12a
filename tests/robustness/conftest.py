"""The module of the thread that pushes without the GIL, built once."""

import shutil
import sys

import pytest
import readers
from test_extensions import load


@pytest.fixture(scope="session")
def pushing_folder(tmp_path_factory):
    if shutil.which("c++") is None and sys.platform != "win32":
        pytest.skip("no C++ compiler")
    folder = tmp_path_factory.mktemp("pushing_thread")
    readers.build_pushing_thread(folder)
    return folder


@pytest.fixture(scope="session")
def pushing(pushing_folder):
    return load(pushing_folder, "pushing_thread")
