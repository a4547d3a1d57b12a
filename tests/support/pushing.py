"""A thread of C++ that pushes onto an array without the GIL, for tests (extensions/pushing_thread.cpp)."""

import atexit
import functools
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

EXTENSION = (
    '[Extension("NAME", ["NAME.cpp"], language="c++", '
    'include_dirs=[cppdynarray.get_include()], extra_compile_args={flags})]'
)


def can_compile():
    return sys.platform == "win32" or shutil.which("c++") is not None


def build_into(folder, debug=False, name="pushing_thread"):
    """Compiles a module as its user would, with the headers' assertions or without."""
    from compiling import SOURCES, build

    source = (SOURCES / f"{name}.cpp").read_text()
    (Path(folder) / f"{name}.cpp").write_text(f"#define CPPDYNARRAY_DEBUG 1\n{source}" if debug else source)
    build(Path(folder), "setuptools", EXTENSION.replace("NAME", name))


def load_from(folder):
    from compiling import load

    return load(Path(folder), "pushing_thread")


@functools.cache
def module():
    """The compiled module, built once in a process."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    build_into(folder)
    return load_from(folder)


def has_handles(array):
    """Whether the module knows arrays of this dtype and shape."""
    return array.dtype in (np.dtype("f8"), np.dtype("i8")) and array.ndim in (1, 2) and array.dtype.isnative


def hold(array):
    """An open handle; it is closed when it goes."""
    return module().hold(array, array.dtype == np.dtype("i8"), array.ndim == 2)


def start(array, lengths, seed):
    """A thread that takes the array from one of the lengths to another, until stop()."""
    handle = hold(array)
    module().go_between(handle, list(lengths), seed)
    return handle


def stop(handle):
    """How often its thread changed the length. The handle stays open."""
    return module().stop(handle)


def push(handle, rows):
    """Starts a thread that pushes the rows one by one."""
    module().push(handle, np.ascontiguousarray(rows))


def join(handle):
    """Waits until they are pushed."""
    module().join(handle)
