"""Our ``dynamic_array.h``: where it is, and the names of the capsules that its code takes."""

import functools
import hashlib
from pathlib import Path

import cppdynarray as cda

__all__ = ["capsule_name", "directory"]


def directory():
    """The directory to put in front of a compiler's include path."""
    package = Path(__file__).parent
    installed = package / "include"
    return str(installed if installed.is_dir() else package.parent.parent / "src_cpp" / "brian2")


@functools.cache
def _hash():
    headers = [Path(directory()) / "dynamic_array.h", *sorted((Path(cda.get_include()) / "cppdynarray").rglob("*.hpp"))]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in headers)).hexdigest()[:16]


@functools.cache
def capsule_name(ndim):
    """
    The name of the capsules of arrays with one or two dimensions.

    It has a hash of the headers in it, for two reasons. The name is part of the code that Brian2 compiles and keeps,
    by its text: so a module that was built with another header is never found. And should one be loaded all the
    same, its name for the capsule doesn't fit, which is an error and not a crash.
    """
    return f"cppdynarray.DynamicArray{ndim}D.{_hash()}"
