"""Builds what tests compile: modules as other people would, and programs of C++."""

import importlib.util
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

SOURCES = Path(__file__).resolve().parents[1] / "extensions"
SETUP = """
from setuptools import Extension, setup
import cppdynarray, {builder}

setup(name="user", ext_modules={modules})
"""
CYTHONIZE = (
    'Cython.Build.cythonize([Extension("cython_user", ["cython_user.pyx"], '
    'include_dirs=[cppdynarray.get_include()], extra_compile_args={flags})])'
)
PYBIND11 = (
    '[Extension("pybind11_user", ["pybind11_user.cpp"], language="c++", '
    'include_dirs=[cppdynarray.get_include(), pybind11.get_include()], extra_compile_args={flags})]'
)
FLAGS = ["/std:c++17"] if sys.platform == "win32" else ["-std=c++17", "-O1", "-g0"]


def build(folder, builder, modules):
    """Runs a setup.py; what it says if it fails."""
    (folder / "setup.py").write_text(SETUP.format(builder=builder, modules=modules.format(flags=FLAGS)))
    done = subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace"],
        cwd=folder, capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def load(folder, name):
    path = next(folder.glob(f"{name}.*{sysconfig.get_config_var('EXT_SUFFIX')}"), None) or next(
        folder.glob(f"{name}{sysconfig.get_config_var('EXT_SUFFIX')}")
    )
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """A function that builds and imports a module of tests/extensions, once."""
    if shutil.which("c++") is None and sys.platform != "win32":
        pytest.skip("no C++ compiler")
    modules = {}

    def get(name, builder, extension):
        pytest.importorskip(builder.partition(".")[0])
        if name not in modules:
            folder = tmp_path_factory.mktemp(name)
            for source in SOURCES.glob(f"{name}.*"):
                shutil.copy(source, folder)
            build(folder, builder, extension)
            modules[name] = load(folder, name)
        return modules[name]

    return get


@pytest.fixture
def cython(compiled):
    return compiled("cython_user", "Cython.Build", CYTHONIZE)


@pytest.fixture
def pybind11(compiled):
    return compiled("pybind11_user", "pybind11", PYBIND11)


def compile_cpp(source, output, *flags):
    compiler = shutil.which("c++")
    if compiler is None:
        pytest.skip("no C++ compiler")
    done = subprocess.run(
        [compiler, "-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", *flags, str(source), "-o", str(output)],
        capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stderr
