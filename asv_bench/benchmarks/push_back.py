"""
push_back from C++, without the GIL: a handle onto a DynamicArray against std::vector.

push_back.cpp is compiled when the first of these benchmarks runs; without a compiler they are left
out. "reserved" is memory that was asked for and written before, "growing" starts with none.
"""

import importlib.util
import shutil
import subprocess
import sysconfig
import tempfile
from functools import cache
from pathlib import Path

import cppdynarray as cda

from .common import choose

KINDS = ["cpp", "writer", "std::vector"]


@cache
def compiled():
    compiler = shutil.which("c++")
    if compiler is None or not (Path(cda.get_include()) / "cppdynarray" / "python_array.hpp").exists():
        raise NotImplementedError("needs a C++ compiler, and a cppdynarray that has handles")
    target = Path(tempfile.mkdtemp(), f"push_back{sysconfig.get_config_var('EXT_SUFFIX')}")
    subprocess.run(
        [
            compiler, "-std=c++17", "-O2", "-shared", "-fPIC", f"-I{cda.get_include()}",
            f"-I{sysconfig.get_path('include')}", Path(__file__).with_suffix(".cpp"), "-o", target,
        ],
        check=True,
    )
    spec = importlib.util.spec_from_file_location("push_back", target)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class PushBack:
    """float64, one by one."""

    params = [KINDS, [1_000, 100_000, 10_000_000]]
    param_names = ["kind", "count"]

    def setup(self, kind, count):
        self.module = compiled()
        choose("cpp")
        self.reserved = cda.ones(count)
        self.reserved.clear()
        self.empty = cda.DynamicArray(dtype=float)
        if kind == "std::vector":
            self.module.push_onto_vector(count, True)

    def time_reserved(self, kind, count):
        if kind != "std::vector":
            self.module.push_onto(self.reserved, count, kind == "writer")
        else:
            self.module.push_onto_vector(count, True)

    def time_growing(self, kind, count):
        if kind != "std::vector":
            self.module.push_onto(self.empty, count, kind == "writer")
        else:
            self.module.push_onto_vector(count, False)
