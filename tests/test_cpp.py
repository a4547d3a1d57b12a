"""The C++ layers: compiles tests/cpp, runs the tests of each file, and all once more under sanitizers."""

import os
import shlex
import shutil
import subprocess
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TESTS = sorted((ROOT / "tests" / "cpp").glob("test_*.cpp"))
MAIN = ROOT / "tests" / "cpp" / "main.cpp"
INSTANTIATIONS = ROOT / "tests" / "cpp" / "instantiations.cpp"

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow"]
# Elsewhere a newer compiler, which warns of more, must not fail the tests.
if os.environ.get("CPPDYNARRAY_WERROR"):
    WARNINGS.append("-Werror")
# Without optimisation: instrumented code takes long to compile, not to run. With std::atomic, which compilers without
# GCC's builtins get.
SANITIZERS = ["-O0", "-g1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-DCPPDYNARRAY_STD_ATOMIC"]
# The tests ask for more than there is, which must give a null pointer, not end the process.
SANITIZER_OPTIONS = {"ASAN_OPTIONS": "allocator_may_return_null=1"}


def run(command, **environment):
    return subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, **environment},
    )


def check(command, **environment):
    done = run(command, **environment)
    if done.returncode != 0:
        pytest.fail(f"{shlex.join(map(str, command))}\n{done.stdout}", pytrace=False)


class Compiler:
    """A C++ compiler that writes its results to a folder."""

    def __init__(self, command, folder):
        self.command = [*command, "-std=c++17", "-pthread", "-I", ROOT / "src_cpp" / "include"]
        self.folder = folder

    def compile(self, sources, flags):
        """The object files of `sources`, two compiled at a time."""
        folder = self.folder / "_".join(flag.strip("-") for flag in flags)
        folder.mkdir(exist_ok=True)
        objects = [folder / f"{source.stem}.o" for source in sources]
        commands = [
            [*self.command, *flags, "-c", source, "-o", object]
            for source, object in zip(sources, objects, strict=True)
        ]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(check, commands))
        return objects

    def link(self, name, objects, flags=()):
        program = self.folder / name
        check([*self.command, *flags, *objects, "-o", program])
        return program


def compilers():
    """The commands that may be a C++ compiler, the user's choice first."""
    for command in (os.environ.get("CXX"), sysconfig.get_config_var("CXX"), "g++", "c++", "clang++"):
        words = shlex.split(command or "")
        if words and shutil.which(words[0]):
            yield words


@pytest.fixture(scope="session")
def compiler(tmp_path_factory):
    command = next(compilers(), None)
    if command is None:
        pytest.skip("no C++ compiler: install g++ or clang++, or name one by the variable CXX")
    return Compiler(command, tmp_path_factory.mktemp("cpp"))


@pytest.fixture(scope="session")
def objects(compiler):
    """Main program and tests, the slowest to compile first."""
    main = ThreadPoolExecutor(1).submit(compiler.compile, [MAIN], ["-O0"])
    others = compiler.compile([*TESTS, INSTANTIATIONS], ["-O1", "-g1", *WARNINGS])
    return main.result() + others


@pytest.fixture(scope="session")
def program(compiler, objects):
    return compiler.link("tests", objects)


@pytest.fixture(scope="session")
def sanitized_program(compiler, objects):
    trivial = compiler.folder / "trivial.cpp"
    trivial.write_text("int main() {}\n")
    probe = compiler.folder / "trivial"
    if (
        run([*compiler.command, *SANITIZERS, trivial, "-o", probe]).returncode != 0
        or run([probe], **SANITIZER_OPTIONS).returncode != 0
    ):
        pytest.skip("the compiler has no working address and undefined-behaviour sanitizers")
    sanitized = compiler.compile(TESTS, SANITIZERS)
    return compiler.link("sanitized_tests", [objects[0], *sanitized], SANITIZERS)


# A file without tests is an error.
@pytest.mark.parametrize("name", [source.stem for source in TESTS])
def test_cpp(program, name):
    check([program, name])


def test_cpp_sanitized(sanitized_program):
    check([sanitized_program], **SANITIZER_OPTIONS)


BROKEN = """
#include "cppdynarray/internal/array_place.hpp"

int main() {
    cppdynarray::Block block = {};
    block.reserved_bytes = block.committed_bytes = 8;
    cppdynarray::ArrayPlace place = {};
    place.block = &block;
    place.length = &place.own_length;
    place.row_bytes = 8;
    cppdynarray::set_length_of(&place, 1);
    cppdynarray::set_length_of(&place, 2);
}
"""


@pytest.mark.parametrize("flags", [[], ["-DCPPDYNARRAY_DEBUG"]], ids=["", "debug"])
def test_broken_invariants_end_the_program(compiler, flags):
    (compiler.folder / "broken.cpp").write_text(BROKEN)
    done = run([compiler.link("broken", compiler.compile([compiler.folder / "broken.cpp"], ["-O1", *flags]))])
    assert ("not true: rows <= place->capacity()" in done.stdout) == bool(flags)
    assert (done.returncode != 0) == bool(flags)
