"""
Filling from a C++ thread
=========================

A thread of C++ integrates Lorenz's equations and appends each point to a Python array, without the
interpreter's lock. Python looks at the points so far meanwhile: there is one array, and no queue
between them.
"""

import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import matplotlib.pyplot as plt

import cppdynarray as cda

SOURCE = """
#include <cppdynarray/pybind11.hpp>
#include <thread>

class Lorenz {
public:
    Lorenz(cppdynarray::PythonArray2D<double> points, int steps)
        : points_(std::move(points)), thread_([this, steps] { run(steps); }) {}

    void join() { thread_.join(); }

private:
    void run(int steps) {
        const double dt = 1e-4;
        double p[3] = {1, 1, 20};
        for (int step = 0; step < steps; ++step) {
            const double x = p[0], y = p[1], z = p[2];
            p[0] += dt * 10 * (y - x);
            p[1] += dt * (x * (28 - z) - y);
            p[2] += dt * (x * y - 8.0 / 3 * z);
            points_.push_back(p);
        }
    }

    cppdynarray::PythonArray2D<double> points_;
    std::thread thread_;
};

PYBIND11_MODULE(lorenz, module) {
    pybind11::class_<Lorenz>(module, "Lorenz")
        .def(pybind11::init<cppdynarray::PythonArray2D<double>, int>())
        .def("join", &Lorenz::join, pybind11::call_guard<pybind11::gil_scoped_release>());
}
"""

SETUP = """
import cppdynarray, pybind11
from setuptools import Extension, setup
setup(ext_modules=[Extension(
    "lorenz", ["lorenz.cpp"], include_dirs=[cppdynarray.get_include(), pybind11.get_include()],
    extra_compile_args=["-std=c++17", "-O2"],
)])
"""

# %%
# The module is compiled as any other is, against the headers that come with the package.

folder = Path(tempfile.mkdtemp())
(folder / "lorenz.cpp").write_text(SOURCE)
(folder / "setup.py").write_text(SETUP)
subprocess.run([sys.executable, "setup.py", "-q", "build_ext", "--inplace"], cwd=folder, check=True)
sys.path.insert(0, str(folder))
lorenz = import_module("lorenz")

# %%
# NumPy computes on what is there, again and again, while the thread appends.

STEPS = 1_000_000
points = cda.zeros((0, 3))
first = points.ctypes.data
thread = lorenz.Lorenz(points, STEPS)
looks = 0
while len(points) < STEPS:
    height = points[-10_000:, 2].mean() if len(points) else 0.0
    looks += 1
thread.join()

print(f"{len(points):,} points; Python looked several times meanwhile: {looks > 1}")
print("The data never moved:", points.ctypes.data == first)

# %%
figure, axes = plt.subplots(figsize=(6, 5), layout="constrained")
axes.scatter(points[::20, 0], points[::20, 2], c=points[::20, 1], s=0.2, cmap="viridis")
axes.set(xlabel="x", ylabel="z")
axes.spines[["top", "right"]].set_visible(False)
plt.show()
