"""The packages that ``python -m build`` made: what is in them, and that the wheel works on its own.

CPPDYNARRAY_DIST names the directory; building takes too long to do it here.
"""

import email
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from optional_libraries import import_library

ROOT = Path(__file__).parents[2]
DIST_VARIABLE = "CPPDYNARRAY_DIST"
# Python's version decides which NumPy is the oldest that has a wheel for it.
OLDEST_NUMPY = {11: "2.0.*", 12: "2.0.*", 13: "2.1.*", 14: "2.3.*", 15: "2.5.*"}[sys.version_info.minor]

pytestmark = pytest.mark.skipif(
    DIST_VARIABLE not in os.environ, reason=f"{DIST_VARIABLE} names no directory with an sdist and a wheel"
)


def distribution(pattern):
    (path,) = Path(os.environ[DIST_VARIABLE]).resolve().glob(pattern)
    return path


@pytest.fixture(scope="module")
def wheel():
    return distribution("cppdynarray-*.whl")


@pytest.fixture(scope="module")
def sdist():
    return distribution("cppdynarray-*.tar.gz")


def tracked_files():
    """What git has, in a clone."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(listed.stdout.split("\0")) - {""}


def test_wheel_has_modules_stubs_declarations_and_headers_and_nothing_else(wheel):
    expected = set()
    for file in tracked_files():
        path = Path(file)
        if path.parts[0] == "cppdynarray":
            if path.suffix in (".py", ".pyi", ".pxd", ".jinja") or path.name == "py.typed":
                expected.add(file)
            elif path.suffix == ".pyx":
                expected.add(str(path.with_suffix("")))  # compiled
        elif path.parts[:2] == ("src_cpp", "include"):
            expected.add(str(Path("cppdynarray/include", *path.parts[2:])))
        elif path.parts[:2] == ("src_cpp", "brian2"):
            expected.add(str(Path("cppdynarray/brian2/include", *path.parts[2:])))
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert {re.sub(r"\.(cpython-|cp)[^/]*\.(so|pyd)$", "", name) for name in names} == expected


def test_sdist_has_what_git_has(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in (each.name for each in archive if each.isfile())}
    made = {name for name in names if name == "PKG-INFO" or name.startswith("cppdynarray.egg-info/")}
    of_the_repository = (".ci/", ".github/", ".gitignore", ".readthedocs.yaml")
    assert names - made == {file for file in tracked_files() if not file.startswith(of_the_repository)}


def test_metadata(wheel, sdist):
    version = re.search('"(.*)"', (ROOT / "cppdynarray/_version.py").read_text()).group(1)
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(archive.read(name))
    assert metadata["Version"] == version
    assert sdist.name == f"cppdynarray-{version}.tar.gz"
    needed = [line for line in metadata.get_all("Requires-Dist") if "extra ==" not in line]
    assert needed == ["numpy>=2.0"]
    assert version in (ROOT / "CITATION.cff").read_text()
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text()
    page = metadata.get_payload()
    links = re.findall(r"\]\(([^)]+)\)", page) + re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(links) > 10
    assert [link for link in links if not link.startswith("https://")] == [], "PyPI finds no relative links"


def test_twine_finds_nothing(wheel, sdist):
    import_library("twine", group="release")
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", wheel, sdist], check=True)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="auditwheel is for Linux")
def test_wheel_is_manylinux(wheel):
    import_library("auditwheel", group="release")
    done = subprocess.run(
        [sys.executable, "-m", "auditwheel", "show", wheel], capture_output=True, text=True, check=True,
    )
    assert re.search(r'platform tag:\s+"manylinux_2_\d+', " ".join(done.stdout.split())), done.stdout


@pytest.mark.parametrize("numpy", [OLDEST_NUMPY, "*"], ids=["oldest", "newest"])
def test_wheel_works_without_compiler(wheel, numpy, tmp_path):
    """One wheel, built against the newest NumPy, on the oldest and the newest."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    scripts = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    requirement = "numpy" if numpy == "*" else f"numpy=={numpy}"
    environment = {name: value for name, value in os.environ.items() if name not in ("CC", "CXX", "PYTHONPATH")}
    environment["PATH"] = str(scripts)

    def python(*command):
        return subprocess.run(
            [scripts / "python", *map(str, command)],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
        ).stdout

    python("-m", "pip", "install", "-q", "--only-binary", ":all:", wheel, requirement, "pytest", "hypothesis")
    shown = python("-c", """if True:
        import re, shutil, numpy as np, cppdynarray as cda
        assert not any(map(shutil.which, ("c++", "g++", "cc", "gcc", "clang", "cl")))
        build = cda.show_config(mode="dicts")["build"]
        built, least = (int(each, 16) for each in re.findall("0x[0-9a-f]+", build["numpy_c_api"]))
        assert built > least, "built against NumPy 2.0 itself"
        print(np.__version__, cda.__file__)
    """)
    assert str(tmp_path) in shown
    assert numpy == "*" or shown.startswith(numpy.removesuffix("*"))
    # StringDType is left out, and with it tables: NumPy 2.0's own functions crash on it (np.repeat, for one).
    names = ["append", "resize", "config", "rolling", *["table"] * (numpy != OLDEST_NUMPY)]
    tests = [ROOT / "tests" / f"test_{name}.py" for name in names]
    if sys.platform != "win32":
        tests.append(ROOT / "tests" / "files" / "test_open_memmap.py")
    python("-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", ROOT / "pyproject.toml", "--rootdir", ROOT,
           "-k", "not StringDType", *tests)
