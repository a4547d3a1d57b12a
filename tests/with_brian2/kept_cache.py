"""Compiled code is kept between runs of the tests: compiling all of it takes minutes."""

import os
import shutil
import sys
from pathlib import Path

import brian2
from brian2.codegen.runtime.cython_rt import extension_manager

from cppdynarray.brian2 import header

# Quick to compile.
ARGUMENTS = ["-w", "-O0", "-g0", "-std=c++17"]


class StableInterpreter:
    """
    The module sys, for Brian2, with the interpreter that an environment was made from.

    Its path is part of the names by which Brian2 finds what it compiled, and environments come and go.
    """

    executable = getattr(sys, "_base_executable", sys.executable)

    def __getattr__(self, name):
        return getattr(sys, name)


def directory():
    """For this version of Brian2 and these headers; what others left behind for this version is removed."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cppdynarray"
    name = f"brian2-{brian2.__version__}-python{sys.version_info.major}.{sys.version_info.minor}-"
    found = cache / (name + header.capsule_name(1).rpartition(".")[2])
    for other in cache.glob(f"{name}*"):
        if other != found:
            shutil.rmtree(other, ignore_errors=True)
    return str(found)


def use():
    """To be called again whenever preferences were reset."""
    extension_manager.sys = StableInterpreter()
    brian2.prefs["codegen.runtime.cython.cache_dir"] = directory()
    brian2.prefs["codegen.cpp.extra_compile_args_gcc"] = ARGUMENTS
