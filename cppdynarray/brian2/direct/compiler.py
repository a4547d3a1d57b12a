"""Compiles generated functions, all that are missing into one library, and keeps them on disk."""

import _ctypes
import contextlib
import copy
import ctypes
import errno
import functools
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import weakref
from pathlib import Path

import brian2
from brian2.core.preferences import prefs
from setuptools._distutils.ccompiler import new_compiler
from setuptools._distutils.sysconfig import customize_compiler

import cppdynarray as cda
from cppdynarray.brian2 import header, preference

__all__ = [
    "CompileError", "NoCompilerError", "address_of", "cache_directory", "compile_functions", "compiled", "is_available",
    "key_of", "library_of",
]

SUFFIX = {"win32": ".dll"}.get(sys.platform, ".so")
# What is in the cache directory, for brian2.clear_cache.
EXTENSIONS = [SUFFIX, ".entry", ".cpp", ".o", ".obj", ".tmp", ".lib", ".exp", ".txt"]
STALE = 24 * 3600  # seconds, after which what a compilation left behind is nobody's


class CompileError(Exception):
    """What the compiler said."""

    def is_about(self, key):
        """Whether it is the function with this key that an error is in."""
        return any(f"o_{key}" in line and re.search(r"\berror\b", line) for line in str(self).splitlines())


class NoCompilerError(CompileError):
    """There is none."""

    def __init__(self):
        super().__init__(f"there is no C++ compiler: can't run '{' '.join(_command())}'")


class Library:
    """A loaded library, which is unloaded with the last code object that uses it."""

    loaded = weakref.WeakValueDictionary()  # noqa: RUF012

    def __init__(self, path):
        content = path.read_bytes()
        if name_of(content) != path.name:  # cut off, zeroed, ...: to load it might end the process
            raise ValueError(f"{path} is not what was written")
        self.handle = ctypes.CDLL(str(path))
        self.size = len(content)
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


def name_of(content):
    """Libraries are named after what is in them."""
    return f"{hashlib.sha256(content).hexdigest()[:32]}{SUFFIX}"


def _unload(handle):
    if sys.platform == "win32":
        _ctypes.FreeLibrary(handle)
    else:
        _ctypes.dlclose(handle)


@functools.cache
def _temporary_directory():
    """For where nothing else can be written: lasts as long as the process."""
    directory = tempfile.mkdtemp(prefix="cppdynarray-brian2-")
    weakref.finalize(_temporary_directory, _remove, directory, os.getpid())
    return Path(directory)


def _remove(directory, of_process):
    if os.getpid() == of_process:  # and not a child that it forked
        shutil.rmtree(directory, ignore_errors=True)


def _default_directory():
    """The folder in the user's cache directory; None without a user, or where the user has no home."""
    try:
        if sys.platform == "win32":
            base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:
        return None
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
    wanted = prefs[preference.CACHE_DIR] or _default_directory()
    directory = Path(wanted).absolute() if wanted else _temporary_directory()
    if not directory.is_dir() and not _writable(directory):
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
    """Of the header that functions include, and of all that it includes."""
    content, paths = hashlib.sha256(), [Path(header.directory()) / "code_object.hpp"]
    for path in paths:
        text = path.read_bytes()
        content.update(text + b"\0")
        for name in re.findall('^#include "(.*)"', text.decode(), re.MULTILINE):
            beside = path.parent / name
            found = beside if beside.exists() else Path(cda.get_include(), name)
            if found not in paths:
                paths.append(found)
    return content.hexdigest()


def _flags():
    """Brian2's flags as the preferences have them, known to the compiler or not."""
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
    # zig looks for undefined behaviour where it isn't told to optimize, with a library that it would compile first.
    own = ["-fno-sanitize=undefined"] if _is_zig(_command()) else []
    return ["-std=c++17", "-fPIC", "-fvisibility=hidden", "-g0", *own]


@functools.cache
def _is_zig(command):
    """Whether it is zig's clang, by where it says that it is installed."""
    try:
        said = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError, ValueError):
        return False
    return "clang" in said and "zig" in said.partition("InstalledDir:")[2]


def _link_flags():
    """
    Those of ours: for zig the C++ library that this process has loaded already.

    zig would compile one of its own at its first use, for minutes, and the exceptions of two libraries don't know each
    other.
    """
    if not _is_unix() or not _is_zig(_command()):
        return []
    with contextlib.suppress(OSError):
        if loaded := re.search(r"/\S*/libstdc\+\+\.so\S*$", Path("/proc/self/maps").read_text(), re.MULTILINE):
            return ["-nostdlib++", loaded[0]]
    return []


@functools.cache
def _identity(command, flags, environment):
    """What tells compilers, their versions and what they compile for (-march=native) apart; None without one."""
    path = shutil.which(command[0])
    if path is None and _is_unix():
        return None
    try:
        macros = subprocess.run(
            [*command, *flags, "-E", "-dM", "-x", "c++", os.devnull], capture_output=True, check=True, timeout=60
        ).stdout
    except (OSError, subprocess.SubprocessError):
        if _is_unix() and not _accepts(command, ()):
            return None
        macros = platform.processor().encode()  # not a compiler of this kind, or one that doesn't know a flag
    version = str(os.stat(path).st_mtime_ns if path else None)
    return hashlib.sha256(macros + repr((command, path, version, platform.machine())).encode()).hexdigest()


@functools.cache
def _accepts(command, flags):
    """Whether a compiler compiles C++ with these flags."""
    asked = [*command, *flags, "-E", "-x", "c++", os.devnull]
    try:
        return subprocess.run(asked, capture_output=True, check=False, timeout=60).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def _command():
    compiler = _compiler()
    if not _is_unix():
        return ("cl",)
    return tuple(getattr(compiler, "compiler_so_cxx", None) or compiler.compiler_so)


def _compiler_identity():
    return _identity(_command(), _flags(), os.environ.get("PATH", ""))


def is_available():
    """Whether there is a compiler."""
    if _is_unix():
        return _compiler_identity() is not None
    try:
        _compiler().initialize()
    except Exception:
        return False
    return True


@functools.cache
def processor():
    """What this machine's processor can do, which code for another one (-march=native) may not be able to."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.partition(":")[0].strip() in ("flags", "Features"):
                return frozenset([platform.machine(), *line.partition(":")[2].split()])
    return frozenset([platform.machine(), platform.processor()])


def _options(own_options):
    """All that matters for what comes out, besides the source and the compiler."""
    return {
        "flags": _flags(),
        "headers": _headers_hash(),
        "define_macros": list(prefs["codegen.cpp.define_macros"]),
        "include_dirs": _include_dirs(),
        "link": [list(prefs[f"codegen.cpp.{name}"]) for name in
                 ("extra_link_args", "library_dirs", "runtime_library_dirs", "libraries")],
        "own": own_options,
    }


def key_of(source, own_options=()):
    """What a function is kept under: the same source, compiled the same way, has the same key."""
    text = repr((3, source, sorted(_options(own_options).items())))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _entries(key):
    """Where it may say which library has the function with this key: one place for each compiler."""
    directory, identity = cache_directory(), _compiler_identity()
    if identity is not None:
        return [directory / f"{key}-{identity[:16]}.entry"]
    # What another machine compiled is as good, if this one's processor can do what that one's could.
    return list(directory.glob(f"{key}-*.entry"))


def compiled(key):
    """The library that has the function with this key; None if it has to be compiled."""
    for entry in _entries(key):
        try:
            name, *needs = entry.read_text().split()
            if not processor().issuperset(needs):
                continue
            return Library.load(entry.with_name(name))
        except FileNotFoundError:
            continue
        except (OSError, ValueError):
            # Not what was written, or written elsewhere: compile it again.
            with contextlib.suppress(OSError):
                entry.unlink()
    return None


def address_of(library, key, part="run"):
    return library.address(f"{part}_{key}")


def _whole_source(sources, own):
    """One file of these functions, each in a namespace of its own; errors in them are said to be in files `o_key`."""
    includes = [f"#include {each}" for each in own.get("includes", ())]
    includes.append('#include "code_object.hpp"')
    parts = []
    for key, (source, functions) in sources.items():
        lines = source.split("\n")
        own_includes = [line for line in lines if line.startswith("#include") and line not in includes]
        if own_includes:
            includes += [f'#line 1 "o_{key}"', *own_includes]
        body = "\n".join(line for line in lines if not line.startswith("#include"))
        parts.append(f'#line 1 "o_{key}"\nnamespace o_{key} {{ namespace {{\n{body}\n}} }}')
        for name in functions:
            parts.append(
                f"CPPDYNARRAY_EXPORT int {name}_{key}(void* const* slots) {{ return o_{key}::{name}(slots); }}"
            )
    return "\n".join([*includes, *parts, ""])


def _tidy(directory):
    """Remove what compilations that were killed left behind."""
    for path in directory.glob("compiling-*"):
        with contextlib.suppress(OSError):
            if abs(time.time() - path.stat().st_mtime) > STALE:  # or of a time to come: the clock was set back
                shutil.rmtree(path, ignore_errors=True)


def _call(compiler, said):
    """What a compiler of setuptools starts its commands with: what they say goes to a file."""
    environment = dict(os.environ)
    if sys.platform == "darwin" and sysconfig.get_config_var("MACOSX_DEPLOYMENT_TARGET"):
        environment.setdefault("MACOSX_DEPLOYMENT_TARGET", str(sysconfig.get_config_var("MACOSX_DEPLOYMENT_TARGET")))
    if not _is_unix():
        environment["PATH"] = getattr(compiler, "_paths", environment.get("PATH", ""))

    def call(command, **kwargs):
        process = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, env=environment, check=False
        )
        if process.returncode:
            raise CompileError(f"{command[0]} failed with exit status {process.returncode}")

    return call


def _run_compiler(source, folder, flags, own):
    """The path of the library that `source` becomes. CompileError with what the compiler says."""
    compiler = copy.copy(_compiler())
    path = Path(folder) / "functions.cpp"
    path.write_text(source)
    include_dirs = [*_our_includes(), *_include_dirs(), *own.get("include_dirs", ())]
    said = Path(folder) / "said.txt"
    try:
        with said.open("w") as file:
            compiler.call = compiler.spawn = _call(compiler, file)  # the second one is what older versions use
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
                extra_postargs=[*_link_flags(), *prefs["codegen.cpp.extra_link_args"]], target_lang="c++",
            )
    except Exception as error:
        text = said.read_text(errors="replace") if said.exists() else ""
        raise CompileError(f"{error}\n{text[-16000:]}".strip()) from error
    return library


def _check_space(folder, size):
    """OSError if the disk is full: the compiler says so in words of its own."""
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        block = bytes(2**16)
        for _ in range(16 + 4 * size // len(block)):  # about what a library takes on its way
            if file.write(block) < len(block):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), folder)


def compile_functions(sources, own_options=()):
    """
    Compile functions into one library.

    Parameters
    ----------
    sources : dict
        A pair of the source, and the names of its functions, for each key.
    own_options : tuple of (str, tuple), optional
        What the functions in it need besides: the compiler keywords of Brian2's function implementations; the headers
        that they `includes`; `once` for functions that are run once, which needn't be fast.

    Returns
    -------
    library : Library
    size : int
        Bytes of source.
    """
    own = dict(own_options)
    source = _whole_source(sources, own)
    return _compile(source, list(sources), own), len(source)


def library_of(source, own_options=(), depends_on=b""):
    """The library that a source of ours becomes, found or compiled; it depends on the content of other files too."""
    key = key_of(source + hashlib.sha256(depends_on).hexdigest(), own_options)
    return compiled(key) or _compile(source, [key], dict(own_options))


def _compile(source, keys, own):
    if not is_available():
        raise NoCompilerError
    directory = cache_directory()
    try:
        return _compile_in(directory, source, keys, own)
    except OSError:  # a full disk, or a directory that is gone or can't be written to
        _writable.cache_clear()
        return _compile_in(_temporary_directory(), source, keys, own)


def _compile_in(directory, source, keys, own):
    directory.mkdir(parents=True, exist_ok=True)
    _tidy(directory)
    folder = tempfile.mkdtemp(prefix="compiling-", dir=directory)
    try:
        flags = _flags()
        if own.get("once") and _is_unix() and {"-O2", "-O3"} & set(flags):
            flags += ("-O1",)
        try:
            library = _run_compiler(source, folder, flags, own)
        except CompileError:
            _check_space(folder, len(source))
            known = tuple(flag for flag in flags if not _is_unix() or _accepts(_command(), (flag,)))
            if known == flags:
                raise
            library = _run_compiler(source, folder, known, own)
        return _keep(Path(library), directory, keys)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _keep(library, directory, keys):
    """Move a library to where others find it, with entries that say so."""
    folder = library.parent
    target = directory / name_of(library.read_bytes())
    with contextlib.suppress(PermissionError):  # on Windows, if the same library is there and loaded
        os.replace(library, target)
    needs = sorted(processor()) if "native" in " ".join(_flags()) else [platform.machine()]
    for key in keys:
        entry = folder / f"{key}.tmp"
        entry.write_text(" ".join([target.name, *needs]))
        os.replace(entry, directory / f"{key}-{str(_compiler_identity())[:16]}.entry")
    return Library.load(target)
