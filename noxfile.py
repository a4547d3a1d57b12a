"""All that is run before a change lands: .ci/run and GitHub's workflows take their steps from here.

    nox --list
    nox -s tests                       # in an environment of its own, which the next run takes up again
    nox -s tests -- tests/test_append.py -x
    nox -s libraries --force-python python3.13

Each session compiles the package where it is, for its Python, and only what has changed since.
"""

import os
import shutil
import tempfile
from pathlib import Path

import nox

ROOT = Path(__file__).parent
PROJECT = nox.project.load_toml("pyproject.toml")
EXTRAS = PROJECT["project"]["optional-dependencies"]
OLDEST_NUMPY = "numpy==2.0.*"

nox.options.sessions = ["tests"]
nox.options.reuse_venv = "yes"


def compile_in_place(session):
    """Compiles the package, unless that was done for this Python and this NumPy since its sources changed."""
    versions = "import sys, numpy; print(*sys.version_info[:2], numpy.__version__, sep='-')"
    done = ROOT / "build" / f"compiled-{session.run('python', '-c', versions, silent=True).strip()}"
    sources = [ROOT / "setup.py", *(
        path for folder in ("cppdynarray", "src_cpp") for path in (ROOT / folder).rglob("*")
        if path.suffix in (".pyx", ".pxd", ".hpp", ".h")
    )]
    if not done.exists() or done.stat().st_mtime < max(path.stat().st_mtime for path in sources):
        session.run("python", "setup.py", "-q", "build_ext", "-i", silent=True)
        done.touch()


def install(session, *extras, others=()):
    """The package with what its extras name, compiled in place."""
    needed = [requirement for extra in extras for requirement in EXTRAS[extra]]
    session.install(*PROJECT["build-system"]["requires"], *PROJECT["project"]["dependencies"], *needed, *others)
    compile_in_place(session)
    session.run("python", "setup.py", "-q", "egg_info", silent=True)  # its version and its entry points
    # As an editable install does, but for compiling all of it each time.
    code = "import sysconfig; open(sysconfig.get_path('purelib') + '/cppdynarray.pth', 'w').write({!r})"
    session.run("python", "-c", code.format(str(ROOT)), silent=True)


def pytest(session, *arguments, **environment):
    session.run("python", "-m", "pytest", "-q", *arguments, env=environment)


@nox.session
def tests(session):
    """The tests, as the README runs them."""
    install(session, "test")
    pytest(session, "-n", "auto", *session.posargs)


@nox.session
def python_memory(session):
    """Where every allocation of Python's fails: not beside the threads of pytest -n."""
    install(session, "test")
    pytest(session, "tests/robustness/test_python_memory.py", *session.posargs)


@nox.session
def slow(session):
    """Hundreds of millions of elements; what Ctrl-C and kills leave at every line is left to whoever asks for it."""
    install(session, "test")
    pytest(session, "-m", "slow", *(session.posargs or ["tests", "--ignore=tests/files/test_every_line.py"]))


@nox.session
def lint(session):
    """Types and style."""
    install(session, "test", "types", "lint")
    pytest(session, "tests/typing", CPPDYNARRAY_REQUIRE_LIBRARIES="1")
    session.run("pre-commit", "run", "--all-files")


@nox.session
def packages(session):
    """The sdist and the wheel, what is in them, and the wheel where there is no source tree."""
    dist = Path(session.posargs[0] if session.posargs else "dist").resolve()
    install(session, "test", "release")
    shutil.rmtree(dist, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(dist), silent=True)
    pytest(session, "tests/packaging", CPPDYNARRAY_DIST=str(dist), CPPDYNARRAY_REQUIRE_LIBRARIES="1")


@nox.session
def oldest_numpy(session):
    """A wheel on the oldest NumPy: our tests that need no other library, and NumPy's own core tests."""
    wheel = session.posargs[0] if session.posargs else "."
    session.install(wheel, OLDEST_NUMPY, "pytest", "hypothesis", "pytest-xdist")
    names = ["append", "insert", "pop", "delete", "resize", "capacity"]
    with tempfile.TemporaryDirectory() as elsewhere:  # where the source tree isn't found instead of the wheel
        session.chdir(elsewhere)
        # StringDType is left out: NumPy 2.0's own functions crash on it (np.repeat, for one).
        pytest(
            session, "-n", "auto", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT),
            "-k", "not StringDType", *[str(ROOT / f"tests/test_{name}.py") for name in names],
            str(ROOT / "tests/completeness"),
        )
        numpys = [f"_core/tests/test_{name}.py" for name in ("multiarray", "ufunc", "indexing")]
        session.run("python", str(ROOT / "tests/numpy_suite/run.py"), "-n", "2", *numpys)
        session.chdir(ROOT)


@nox.session
def numpy_suite(session):
    """NumPy's own tests, with a DynamicArray for every array that they make."""
    install(session, "test")
    session.run("python", "tests/numpy_suite/run.py", "-n", str(os.cpu_count()), *session.posargs)


@nox.session
def sanitizers(session):
    """AddressSanitizer, UndefinedBehaviorSanitizer, ThreadSanitizer, valgrind; Windows' and arm64's code, emulated."""
    install(session, "test")
    session.run("tests/sanitizers/run", *session.posargs, external=True, env={"PYTHON": "python"})
    session.run("tests/sanitizers/windows", external=True)
    session.run("tests/sanitizers/arm64", external=True)


@nox.session
def libraries(session):
    """The libraries that users bring, all but PyTorch, and the code of the pages about them."""
    install(session, "test", "libraries")
    pytest(
        session, "-n", "auto", "tests/libraries", "tests/test_benchmarks.py",
        "tests/test_docs.py::test_code_for_each_library_runs", "tests/test_docs.py::test_examples_in_the_documentation",
        "--ignore", "tests/libraries/test_torch.py", "-k", "not PyTorch", *session.posargs,
        CPPDYNARRAY_REQUIRE_LIBRARIES="1",
    )


@nox.session
def torch(session):
    """PyTorch: which of its builds is taken is the caller's to say."""
    install(session, "test", others=session.posargs or ["torch"])
    pytest(
        session, "tests/libraries/test_torch.py", "tests/test_docs.py::test_code_for_each_library_runs",
        "-k", "torch or PyTorch", CPPDYNARRAY_REQUIRE_LIBRARIES="1",
    )


@nox.session
def brian2(session):
    """What is tested with Brian2, and its own tests on our arrays, a part or all (--whole); some of its examples."""
    install(session, "test", "brian2")
    session.env.update(MPLBACKEND="agg", CPPDYNARRAY_REQUIRE_LIBRARIES="1")
    pytest(session, "tests/with_brian2", *([] if session.posargs else ["--sample", "4"]))
    for target in ("direct", "cython", "numpy"):
        whole = session.posargs if target == "direct" else []
        session.run("python", "tests/with_brian2/run_suite.py", "--target", target, *whole)
    session.run("python", "tests/with_brian2/run_examples.py")


@nox.session
def docs(session):
    """The site, without a warning; its gallery is run."""
    install(session, "docs")
    session.run("python", "docs/build.py", *session.posargs)


@nox.session
def benchmarks(session):
    """The benchmarks import, and the report runs, with every peer. No times are asserted."""
    install(session, "bench", "test")
    with session.chdir("asv_bench"):
        session.run("asv", "check", "--python=same")
    with tempfile.TemporaryDirectory() as report:
        session.run("python", "asv_bench/report.py", "--quick", "--output", report)
