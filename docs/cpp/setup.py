import sys

import pybind11
from Cython.Build import cythonize
from setuptools import Extension, setup

import cppdynarray


def module(name, source):
    folders = [cppdynarray.get_include(), pybind11.get_include()]
    standard = "/std:c++17" if sys.platform == "win32" else "-std=c++17"
    return Extension(name, [source], include_dirs=folders, extra_compile_args=[standard], language="c++")


setup(
    name="examples",
    ext_modules=[*cythonize([module("walk", "walk.pyx")]), module("records", "records.cpp")],
)
