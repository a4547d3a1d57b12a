"""The extension modules: these need NumPy's include directory at build time."""

import os
import re
import sys
import tomllib
from pathlib import Path
from sysconfig import get_config_var

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_py import build_py

HEADERS = [
    *map(str, sorted(Path("src_cpp/include/cppdynarray").rglob("*.hpp"))),
    *map(str, sorted(Path("src_cpp/numpy").glob("*.hpp"))),
    "src_cpp/brian2/code_object.hpp", "src_cpp/brian2/brian2_queue.hpp",
]
if sys.platform == "win32":
    COMPILE_ARGS = ["/std:c++17", "/O2"]
else:
    # Without exceptions: an interpreter that ends unwinds the stacks of its threads, through our functions
    # too, and what noexcept and destructors would do then ends the process.
    COMPILE_ARGS = ["-std=c++17", "-O3", "-fvisibility=hidden", "-fno-exceptions", "-Wall", "-Wextra"]
    # Cython's own code, not ours.
    COMPILE_ARGS += ["-Wno-unused-parameter", "-Wno-missing-field-initializers", "-Wno-cast-function-type",
                     "-Wno-array-bounds"]
    if get_config_var("Py_GIL_DISABLED"):
        # CPython's own, in what Cython compares bytes with; GCC alone has these warnings.
        COMPILE_ARGS += ["-Wno-unknown-warning-option", "-Wno-stringop-overflow", "-Wno-stringop-overread"]
    if os.environ.get("CPPDYNARRAY_WERROR"):
        COMPILE_ARGS.append("-Werror")


def extension(name, extra_compile_args=(), package="_core"):
    return Extension(
        f"cppdynarray.{package}.{name}",
        [f"cppdynarray/{package.replace('.', '/')}/{name}.pyx"],
        include_dirs=["src_cpp/include", "src_cpp/numpy", "src_cpp", numpy.get_include()],
        depends=HEADERS,
        define_macros=[
            # Python's headers know it themselves, but on Windows.
            *([("Py_GIL_DISABLED", "1")] if sys.platform == "win32" and get_config_var("Py_GIL_DISABLED") else []),
            ("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION"),
            ("NPY_TARGET_VERSION", "NPY_2_0_API_VERSION"),
        ],
        extra_compile_args=[*COMPILE_ARGS, *extra_compile_args],
        language="c++",
    )


class BuildPy(build_py):
    """Puts the C++ headers into the package. Declared as a package of its own they would do the same,
    but then an editable install is one that compilers and type checkers can't look through.
    """

    headers = (("src_cpp/include/cppdynarray", "include/cppdynarray"), ("src_cpp/brian2", "brian2/include"))

    def run(self):
        super().run()
        if not self.editable_mode:
            for source, target in self.headers:
                self.copy_tree(source, f"{self.build_lib}/cppdynarray/{target}")

    def get_source_files(self):
        headers = [path for source, _ in self.headers for path in sorted(Path(source).rglob("*.h*"))]
        return [*super().get_source_files(), *map(str, headers)]


def description():
    """The README as PyPI shows it, where links need a host."""
    source = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]["urls"]["Source"]
    text = Path("README.md").read_text("utf-8")
    text = re.sub(r'src="(?!\w+:)', f'src="{source}/raw/main/', text)
    return re.sub(r"\]\((?!\w+:|#)", f"]({source}/blob/main/", text)


setup(
    long_description=description(),
    long_description_content_type="text/markdown",
    cmdclass={"build_py": BuildPy},
    ext_modules=cythonize(
        [
            extension("_memory"),
            extension("_layout"),
            extension("_dispatch"),
            extension("_conversion"),
            extension("_lossless"),
            extension("_growth"),
            extension("_new"),
            extension("_indexing"),
            extension("_live"),
            extension("_array"),
            extension("_creation"),
            extension("_namespace"),
            extension("_rolling"),
            extension("_table"),
            extension("_handles"),
            # Here they may be thrown: by what Brian2's users write in C++.
            extension("_calls", [] if sys.platform == "win32" else ["-fexceptions"], package="brian2.direct"),
            *([] if sys.platform == "win32" else [extension("_files")]),
        ],
        compiler_directives={
            "language_level": 3,
            "always_allow_keywords": True,
            "binding": True,
            "embedsignature": False,
            "freethreading_compatible": True,
        },
        # What Cython makes is for one version of NumPy; another Python's in the same tree may differ.
        build_dir=f"build/cython/numpy-{numpy.__version__}",
    )
)
