"""Compiled code is kept between runs of the tests: compiling all of it takes minutes."""

import os
import sys
import time
from pathlib import Path

import brian2
from brian2.codegen.runtime.cython_rt import extension_manager

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
    """
    The directory for this version of Brian2.

    Headers need none of their own: what was compiled with others is never found. To be rid of it, and not only of it,
    what is older than two weeks is removed.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cppdynarray"
    found = cache / f"brian2-{brian2.__version__}-python{sys.version_info.major}.{sys.version_info.minor}"
    for path in found.glob("*"):
        if path.is_file() and time.time() - path.stat().st_mtime > 14 * 24 * 3600:
            path.unlink(missing_ok=True)
    return str(found)


def use():
    """To be called again whenever preferences were reset."""
    import cppdynarray.brian2  # noqa: F401  (its preferences)

    brian2.prefs["cppdynarray.cache_dir"] = f"{directory()}-direct"
    extension_manager.sys = StableInterpreter()
    brian2.prefs["codegen.runtime.cython.cache_dir"] = directory()
    brian2.prefs["codegen.cpp.extra_compile_args_gcc"] = ARGUMENTS
