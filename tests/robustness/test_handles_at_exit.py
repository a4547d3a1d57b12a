"""A C++ handle with static storage is destroyed after the interpreter."""

import sysconfig

import cppdynarray as cda
from compiling import compile_cpp
from subprocesses import linux_only, run_python

SOURCE = """
#include "cppdynarray/python_array.hpp"

static cppdynarray::PythonArray1D<double> kept;

static PyObject* keep(PyObject*, PyObject* array) {
    try {
        kept = cppdynarray::PythonArray1D<double>(array);
    } catch (const cppdynarray::PythonError&) {
        return nullptr;
    }
    kept.push_back(4.0);
    Py_RETURN_NONE;
}
static PyMethodDef methods[] = {{"keep", keep, METH_O, ""}, {nullptr, nullptr, 0, nullptr}};
static PyModuleDef module = {PyModuleDef_HEAD_INIT, "keeping", "", -1, methods, nullptr, nullptr, nullptr, nullptr};
PyMODINIT_FUNC PyInit_keeping() { return PyModule_Create(&module); }
"""


@linux_only
def test_a_static_handle(tmp_path):
    source = tmp_path / "keeping.cpp"
    source.write_text(SOURCE)
    includes = [f"-I{sysconfig.get_path('include')}", f"-I{cda.get_include()}"]
    compile_cpp(source, tmp_path / "keeping.so", "-shared", "-fPIC", *includes)
    code = f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        import keeping, cppdynarray as cda
        d = cda.arange(3.0)
        keeping.keep(d)
        print(d.tolist())
        """
    assert run_python(code) == "[0.0, 1.0, 2.0, 4.0]\n"
