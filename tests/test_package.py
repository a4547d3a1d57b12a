"""What is installed, and the first error that a newcomer may meet."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import cppdynarray as cda
from subprocesses import run_python

PACKAGE = Path(cda.__file__).parent


@pytest.mark.parametrize("header", ["dynamic_array.hpp", "internal/block.hpp", "internal/virtual_memory.hpp"])
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

    size = np.ndarray.__basicsize__
    if sysconfig.get_config_var("Py_GIL_DISABLED"):  # in lines of memory that no other array's lock is in
        size = -(-size // 128) * 128
    assert cda.DynamicArray.__basicsize__ == cda.RollingArray.__basicsize__ == size
    assert cda.DynamicArray.__mro__[-2:] == (np.ndarray, object)


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this Python can't do without the GIL")
def test_importing_leaves_the_gil_off_without_a_warning():
    modules = [path.stem.split(".")[0] for path in Path(cda.__file__).parent.glob("_core/*.so")]
    printed = run_python(f"""
        import importlib, sys
        import cppdynarray, cppdynarray.numpy
        for name in {modules}:
            importlib.import_module(f"cppdynarray._core.{{name}}")
        print(sys._is_gil_enabled())
    """)
    assert printed == "False\n"
