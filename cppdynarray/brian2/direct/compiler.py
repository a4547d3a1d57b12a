"""Compiles generated functions, all that are missing into one library, and keeps them on disk."""

import _ctypes
import contextlib
import ctypes
import errno
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import weakref
from pathlib import Path

import brian2
from brian2.codegen.cpp_prefs import get_compiler_and_args
from brian2.core.preferences import prefs
from setuptools._distutils.ccompiler import new_compiler
from setuptools._distutils.sysconfig import customize_compiler

import cppdynarray as cda
from cppdynarray.brian2 import header, preference

__all__ = ["CompileError", "address_of", "cache_directory", "compiled", "key_of"]

SUFFIX = {"win32": ".dll"}.get(sys.platform, ".so")
# What is in the cache directory, for brian2.clear_cache.
EXTENSIONS = [SUFFIX, ".entry", ".cpp", ".o", ".obj", ".tmp", ".lib", ".exp", ".txt"]
STALE = 24 * 3600  # seconds, after which what a compilation left behind is nobody's


class CompileError(Exception):
    """What the compiler said."""


class Library:
    """A loaded library, which is unloaded with the last code object that uses it."""

    loaded = weakref.WeakValueDictionary()  # noqa: RUF012

    def __init__(self, path):
        self.handle = ctypes.CDLL(str(path))
        self.size = os.path.getsize(path)
        self.close = weakref.finalize(self, _unload, self.handle._handle)
        self.close.atexit = False  # other code may still run then

    @classmethod
    def load(cls, path):
        library = cls.loaded.get(path)
        if library is None:
            library = cls.loaded[path] = cls(path)
        return library

    def address(self, symbol):
        return ctypes.cast(getattr(self.handle, symbol), ctypes.c_void_p).value


def _unload(handle):
    if sys.platform == "win32":
        _ctypes.FreeLibrary(handle)
    else:
        _ctypes.dlclose(handle)


@functools.cache
def _temporary_directory():
    """For where nothing else can be written: lasts as long as the process."""
    directory = tempfile.mkdtemp(prefix="cppdynarray-brian2-")
    weakref.finalize(_temporary_directory, shutil.rmtree, directory, ignore_errors=True)
    return Path(directory)


def _default_directory():
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "cppdynarray" / "brian2"


@functools.cache
def _writable(directory):
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            return True
    except OSError:
        return False


def cache_directory():
    """The directory of compiled functions, which exists. A temporary one if the one that is asked for can't be used."""
    directory = Path(prefs[preference.CACHE_DIR] or _default_directory()).absolute()
    if not _writable(directory) or not directory.is_dir():
        _writable.cache_clear()
        if not _writable(directory):
            directory = _temporary_directory()
    brian2._cache_dirs_and_extensions[preference.CATEGORY] = (str(directory), EXTENSIONS)
    return directory


def _brian2_includes():
    return str(Path(brian2.__file__).parent / "synapses")


def _include_dirs():
    """Those of the preference, to which Brian2 adds its own ones while it compiles something itself."""
    brian2s = str(Path(brian2.__file__).parent)
    return [path for path in prefs["codegen.cpp.include_dirs"] if not str(path).startswith(brian2s)]


def _our_includes():
    return [header.directory(), cda.get_include(), _brian2_includes()]


@functools.cache
def _headers_hash():
    paths = [Path(header.directory()) / "code_object.hpp", Path(cda.get_include()) / "cppdynarray" / "array_place.hpp",
             Path(cda.get_include()) / "cppdynarray" / "block.hpp",
             *(Path(_brian2_includes()) / name for name in ("spikequeue.h", "stdint_compat.h"))]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()


def _flags():
    """Brian2's flags as the preferences have them, without a test of each: for that there is _checked_flags."""
    flags = prefs["codegen.cpp.extra_compile_args"]
    if flags is None:
        kind = "msvc" if _compiler().compiler_type == "msvc" else "gcc"
        flags = prefs[f"codegen.cpp.extra_compile_args_{kind}"]
    return tuple(flag for flag in flags if flag)


@functools.cache
def _compiler_of(name):
    compiler = new_compiler(compiler=name or None)
    customize_compiler(compiler)
    return compiler


def _compiler():
    return _compiler_of(prefs["codegen.cpp.compiler"])


def _is_unix():
    return _compiler().compiler_type != "msvc"


def _extra_flags():
    if not _is_unix():
        return ["/std:c++17", "/EHsc"]
    return ["-std=c++17", "-fPIC", "-fvisibility=hidden", "-g0"]


@functools.cache
def _identity(command, flags, environment):
    """What tells compilers, their versions and what they compile for (-march=native) apart."""
    try:
        macros = subprocess.run(
            [*command, *flags, "-E", "-dM", "-x", "c++", os.devnull], capture_output=True, check=True, timeout=60
        ).stdout
    except (OSError, subprocess.SubprocessError):
        macros = platform.processor().encode()  # not a compiler of this kind, or one that doesn't know a flag
    path = shutil.which(command[0])
    version = str(os.stat(path).st_mtime_ns if path else None)
    return hashlib.sha256(macros + repr((command, path, version, platform.machine())).encode()).hexdigest()


def _command():
    compiler = _compiler()
    if not _is_unix():
        return ("cl",)
    return tuple(getattr(compiler, "compiler_so_cxx", None) or compiler.compiler_so)


def _options(own_options):
    """All that matters for what comes out, besides the source."""
    return {
        "flags": _flags(),
        "identity": _identity(_command(), _flags(), os.environ.get("PATH", "")),
        "headers": _headers_hash(),
        "define_macros": list(prefs["codegen.cpp.define_macros"]),
        "include_dirs": _include_dirs(),
        "link": [list(prefs[f"codegen.cpp.{name}"]) for name in
                 ("extra_link_args", "library_dirs", "runtime_library_dirs", "libraries")],
        "own": own_options,
    }


def key_of(source, own_options=()):
    """What a function is kept under: the same source, compiled the same way, has the same key."""
    text = repr((2, source, sorted(_options(own_options).items())))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _entry(key):
    return cache_directory() / f"{key}.entry"


def compiled(key):
    """The library that has the function with this key; None if it has to be compiled."""
    entry = _entry(key)
    try:
        name = entry.read_text()
        return Library.load(entry.with_name(name))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        # Not what was written, or written elsewhere: compile it again.
        with contextlib.suppress(OSError):
            entry.unlink()
        return None


def address_of(library, key, part="run"):
    return library.address(f"{part}_{key}")


def _whole_source(sources):
    """One file of these functions, each in a namespace of its own."""
    includes, parts = ['#include "code_object.hpp"', '#include "stdint_compat.h"'], []
    for key, (source, before) in sources.items():
        lines = source.split("\n")
        includes += [line for line in lines if line.startswith("#include")]
        body = "\n".join(line for line in lines if not line.startswith("#include"))
        parts.append(f"namespace o_{key} {{ namespace {{\n{body}\n}} }}")
        for name in ("run", "before") if before else ("run",):
            parts.append(
                f"CPPDYNARRAY_EXPORT int {name}_{key}(void* const* slots) {{ return o_{key}::{name}(slots); }}"
            )
    return "\n".join([*dict.fromkeys(includes), *parts, ""])


def _tidy(directory):
    """Remove what compilations that were killed left behind."""
    for path in directory.glob("compiling-*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > STALE:
                shutil.rmtree(path, ignore_errors=True)


def _run_compiler(source, folder, flags, own_options):
    """The path of the library that `source` becomes. CompileError with what the compiler says."""
    compiler = _compiler()
    path = Path(folder) / "functions.cpp"
    path.write_text(source)
    own = dict(own_options)
    include_dirs = [*_our_includes(), *_include_dirs(), *own.get("include_dirs", ())]
    said = Path(folder) / "said.txt"
    try:
        with said.open("w") as file, _output_to(file):
            objects = compiler.compile(
                [str(path), *own.get("sources", ())], output_dir=folder, include_dirs=include_dirs,
                macros=[tuple(macro) for macro in (*prefs["codegen.cpp.define_macros"], *own.get("define_macros", ()))],
                extra_postargs=[*flags, *_extra_flags()],
            )
            library = str(Path(folder) / f"functions{SUFFIX}")
            compiler.link_shared_object(
                objects, library, libraries=[*prefs["codegen.cpp.libraries"], *own.get("libraries", ())],
                library_dirs=[*prefs["codegen.cpp.library_dirs"], *own.get("library_dirs", ())],
                runtime_library_dirs=[
                    *prefs["codegen.cpp.runtime_library_dirs"], *own.get("runtime_library_dirs", ())
                ],
                extra_postargs=list(prefs["codegen.cpp.extra_link_args"]), target_lang="c++",
            )
    except Exception as error:
        text = said.read_text(errors="replace") if said.exists() else ""
        raise CompileError(f"{error}\n{text[-4000:]}".strip()) from error
    return library


def _check_room(folder, size):
    """OSError if the disk is full: the compiler says so in words of its own."""
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        block = bytes(2**16)
        for _ in range(16 + 4 * size // len(block)):  # about what a library takes on its way
            if file.write(block) < len(block):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), folder)


@contextlib.contextmanager
def _output_to(file):
    """What this process and its children write goes to `file`: the compiler's errors are told by exceptions."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    try:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        yield
    finally:
        for descriptor, copy in enumerate(kept, 1):
            os.dup2(copy, descriptor)
            os.close(copy)


def compile_functions(sources, own_options=()):
    """
    Compile functions into one library.

    Parameters
    ----------
    sources : dict
        A pair of the source, and whether there is a function for before_run, for each key.
    own_options : tuple of (str, tuple), optional
        What Brian2's functions in it need besides: the compiler keywords of its function implementations.

    Returns
    -------
    library : Library
    size : int
        Bytes of source.
    """
    directory = cache_directory()
    try:
        return _compile_in(directory, sources, own_options)
    except OSError:  # a full disk, or a directory that is gone or can't be written to any more
        _writable.cache_clear()
        return _compile_in(_temporary_directory(), sources, own_options)


def _compile_in(directory, sources, own_options):
    source = _whole_source(sources)
    directory.mkdir(parents=True, exist_ok=True)
    _tidy(directory)
    folder = tempfile.mkdtemp(prefix="compiling-", dir=directory)
    try:
        try:
            library = _run_compiler(source, folder, _flags(), own_options)
        except CompileError:
            _check_room(folder, len(source))
            checked = tuple(get_compiler_and_args()[1])  # tries each flag
            if checked == _flags():
                raise
            library = _run_compiler(source, folder, checked, own_options)
        name = f"{hashlib.sha256(repr(sorted(sources)).encode()).hexdigest()[:32]}{SUFFIX}"
        target = directory / name
        with contextlib.suppress(PermissionError):  # on Windows, if the same library is there and loaded
            os.replace(library, target)
        for key in sources:
            entry = Path(folder) / f"{key}.tmp"
            entry.write_text(name)
            os.replace(entry, directory / f"{key}.entry")
        # A library of this name that was loaded before may be of before a clear_cache: then it is the same.
        return Library.load(target), len(source)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
