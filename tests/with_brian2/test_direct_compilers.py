"""Which compilers native code is compiled with, and how it is when there is another, or none of its kind."""

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import SimpleNamespace

import pytest
from native_code import import_brian2

brian2 = import_brian2()

import cppdynarray  # noqa: E402
from cppdynarray.brian2.direct import compiler  # noqa: E402

PROGRAM = """
import warnings
warnings.simplefilter("ignore")
import sys
import brian2, cppdynarray.brian2
from cppdynarray.brian2 import direct
brian2.prefs["codegen.cpp.extra_compile_args_gcc"] = ["-w", "-O0"]
brian2.prefs["cppdynarray.cache_dir"] = sys.argv[1]
direct.enable()
group = brian2.NeuronGroup(4, "dv/dt = 1/ms : 1\\nk : integer\\nm : integer", threshold="v > 1", reset="v = 0",
                            method="euler")
synapses = brian2.Synapses(group, group, on_pre="v_post += 0")
synapses.connect(p=0.5)
group.run_regularly("k = 7 // m", name="dividing")
group.m = 1
monitor = brian2.SpikeMonitor(group)
brian2.run(3*brian2.ms)
spikes = len(monitor.t)
group.m = 0
try:
    brian2.run(1*brian2.ms)
except brian2.BrianObjectException as error:  # it was a C++ exception
    raised = type(error.__cause__).__name__
report = direct.report()
print(spikes, report.fallback_count, report.no_compiler, raised)
"""
on_unix = pytest.mark.skipif(sys.platform == "win32", reason="scripts of a Unix shell")


def run_with(commands, folder):
    """Run the program with CC and CXX as scripts that run these, as docs/brian2.md says; the calls of each."""
    for name, command in commands.items():
        script = folder / name
        script.write_text(f'#!/bin/sh\necho call >> "{folder}/{name}.calls"\nexec {command} "$@"\n')
        script.chmod(0o755)
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder / "cache")], capture_output=True, text=True, timeout=900,
        check=False, env={**os.environ, "CC": str(folder / "cc"), "CXX": str(folder / "c++"),
                          "PYTHONPATH": str(Path(cppdynarray.__file__).parents[1])},
    )
    assert process.returncode == 0, process.stdout + process.stderr
    assert process.stdout.split() == ["8", "0", "False", "ZeroDivisionError"], process.stdout + process.stderr
    return {name: len((folder / f"{name}.calls").read_text().split()) for name in commands
            if (folder / f"{name}.calls").exists()}


@on_unix
@pytest.mark.parametrize("cc, cxx", [("gcc", "g++"), ("clang", "clang++")])
def test_cc_and_cxx_may_be_scripts_that_run_a_compiler(cc, cxx, tmp_path):
    if not shutil.which(cxx):
        pytest.skip(f"there is no {cxx}")
    calls = run_with({"cc": cc, "c++": cxx}, tmp_path)
    assert calls["c++"] >= 2  # to compile, and to link


@on_unix
@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("ziglang"), reason="needs ziglang, which pip installs")
def test_ziglang(tmp_path):
    zig = f'"{sys.executable}" -m ziglang'
    run_with({"cc": f"{zig} cc", "c++": f"{zig} c++"}, tmp_path)


@on_unix
def test_pythons_headers_are_not_needed():
    command = [*compiler._command(), "-std=c++17", *(f"-I{path}" for path in compiler._our_includes()), "-M"]
    asked = subprocess.run([*command, "-include", "code_object.hpp", "-x", "c++", os.devnull], capture_output=True,
                           text=True, check=True)
    included = asked.stdout.replace("\\\n", " ").split()
    assert any(path.endswith("code_object.hpp") for path in included)
    assert not [path for path in included if path.startswith(sysconfig.get_path("include")) or "Python.h" in path]


@pytest.mark.parametrize("found", [True, False])
def test_what_is_done_with_visual_studio(found, monkeypatch, tmp_path):
    """With a stand-in for it: which flags, which calls, and what if it isn't there."""
    asked = []

    class Stand:
        compiler_type = "msvc"

        def initialize(self):
            if not found:
                raise RuntimeError("Unable to find vcvarsall.bat")

        def compile(self, sources, output_dir, include_dirs, macros, extra_postargs):
            asked.extend(extra_postargs)
            return ["functions.obj"]

        def link_shared_object(self, objects, library, **kwargs):
            assert objects == ["functions.obj"] and kwargs["target_lang"] == "c++"
            Path(library).write_bytes(b"a library")

    monkeypatch.setattr(compiler, "_compiler", Stand)
    monkeypatch.setattr(compiler.Library, "load", classmethod(lambda cls, path: SimpleNamespace(path=path)))
    brian2.prefs["codegen.cpp.extra_compile_args_msvc"] = ["/Ox", "/w"]
    brian2.prefs["cppdynarray.cache_dir"] = str(tmp_path)
    assert compiler.is_available() == found
    key = compiler.key_of("a source")
    if not found:
        with pytest.raises(compiler.NoCompilerError, match="'cl'"):
            compiler.compile_functions({key: ("a source", ("run",))})
        return
    library, _ = compiler.compile_functions({key: ("a source", ("run",))}, (("once", (True,)),))
    assert asked == ["/Ox", "/w", "/std:c++17", "/EHsc"]
    assert library.path.parent == tmp_path and library.path.read_bytes() == b"a library"
    assert compiler.compiled(key).path == library.path
