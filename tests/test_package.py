"""What is installed, and the first error that a newcomer may meet."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import cppdynarray as cda
from subprocesses import run_python

PACKAGE = Path(cda.__file__).parent


@pytest.mark.parametrize("header", ["block.hpp", "dynamic_array.hpp", "virtual_memory.hpp"])
def test_headers_are_where_get_include_says(header):
    assert (Path(cda.get_include()) / "cppdynarray" / header).is_file()


@pytest.mark.parametrize("name", ["_memory.pxd", "_growth.pxd"])
def test_declarations_for_cython_are_in_the_package(name):
    assert (PACKAGE / "_core" / name).is_file()


def test_every_public_name_exists():
    assert sorted(set(cda.__all__)) == cda.__all__
    for name in cda.__all__:
        assert hasattr(cda, name)


def test_source_without_compiled_modules_says_what_to_do(tmp_path):
    shutil.copytree(
        PACKAGE, tmp_path / "cppdynarray", ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    # -S: no .pth files, such as those of an editable installation; NumPy is found by its path.
    environment["PYTHONPATH"] += os.pathsep + str(Path(sys.modules["numpy"].__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-S", "-c", "import cppdynarray"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )
    assert done.returncode != 0
    assert "pip install -e ." in done.stderr.strip().splitlines()[-1]


def test_extension_modules_leave_the_length_of_numpys_struct_open():
    # A NumPy that enlarges its struct must find the subclass as large as its own class.
    import numpy as np

    assert cda.DynamicArray.__basicsize__ == np.ndarray.__basicsize__
    assert cda.DynamicArray.__mro__[-2:] == (np.ndarray, object)


# No free-threaded interpreter is needed: this is what one does while it loads a module that needs the lock.
FREE_THREADED = """
import importlib.machinery, sys, warnings
import numpy

locked, forced = False, {forced}
sys._is_gil_enabled = lambda: locked
load = importlib.machinery.ExtensionFileLoader.exec_module

def exec_module(self, module):
    global locked
    if module.__name__.startswith("cppdynarray") and not (locked or forced):
        locked = True
        warnings.warn(f"The global interpreter lock (GIL) has been enabled to load module {{module.__name__!r}}, "
                      "which has not declared that it can run safely without the GIL.", RuntimeWarning)
    load(self, module)

importlib.machinery.ExtensionFileLoader.exec_module = exec_module
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import cppdynarray
    cppdynarray.DynamicArray([1.0]).append(2)
for each in caught:
    print(each.category.__name__, each.filename, each.message)
"""


@pytest.mark.parametrize("forced, says", [(False, "has switched the lock on"), (True, "crash the process")])
def test_free_threaded_builds_get_one_warning(forced, says):
    (line,) = run_python(FREE_THREADED.format(forced=forced)).splitlines()
    assert line.startswith("RuntimeWarning <string> cppdynarray needs the global interpreter lock")
    assert says in line
