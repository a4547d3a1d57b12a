"""Every way to read an array, tried while a thread pushes onto it without the GIL.

The ways are found by introspection: the cases of tests/completeness, which name every method of ndarray and every
function of NumPy, with the array in the place of each of theirs that it can take; then every operator, ufunc, method
of a plain array and public function of NumPy with the array among its first arguments, if NumPy takes it there.

The thread goes from one of a few lengths to another (extensions/pushing_thread.cpp), and the k-th element is k. So what
a way gives must be what it gives for a plain array of one of those lengths: the same elements, or the same exception.
It is tried in a process of its own, as it may crash. By hand, for three seconds each, with a table of the counts:

    python3 tests/robustness/readers.py --seconds 3 [--only TEXT]
"""

import argparse
import functools
import importlib
import io
import json
import marshal
import math
import operator
import os
import random
import re
import subprocess
import sys
import sysconfig
import tempfile
import time
import types
import warnings
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path += [str(folder) for folder in (TESTS.parent, TESTS / "support", TESTS / "completeness") if str(folder) not in sys.path]

import numpy as np
import pushing

import cppdynarray as cda

LENGTHS = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 64, 256, 1000, 1001, 4000, 10_000]
COLUMNS = 3
KINDS = {"f8": (float, ()), "i8": (np.int64, ()), "f8 rows": (float, (COLUMNS,)), "i8 rows": (np.int64, (COLUMNS,))}
HEAP = "heap"
MEMORY = [{}, {"reserve_bytes": 1 << 12}, {"backend": HEAP}]
# What takes longer, or makes more, is tried with shorter arrays.
MOST_SECONDS, MOST_BYTES = 1e-3, 1 << 21

# What looks at the array twice, each time through a door of ours, which shows it what it is by then. No function of
# ours stands around it: such code wants a view, d[:].
LOOKS_TWICE = (
    # The test's own expression does.
    "functions: einsum: f('ii->i', s) if len(s) == 3",
    "functions: roots: f(v)",  # its dispatcher gives NumPy the elements
    "functions that don't dispatch: poly1d: f(v)(w) [v, w]",
    # Python code of NumPy's does, for an argument that it doesn't dispatch on.
    "functions that don't dispatch: polynomial.polynomial.polyval: f(v, w) [v",
    *(f"functions that don't dispatch: random.{kind}: f(0).{way}"
      for kind in ("default_rng", "RandomState") for way in ("normal(v, w) [v, w]", "permutation(v)")),
    "functions that don't dispatch: testing.",
    # It is two arguments, and each is made a list, a tuple or an array.
    "functions of NumPy: broadcast_shapes(d, d)",
    *(f"functions of NumPy: fft.{kind}fft{of}(a, d, d)" for kind in ("", "i") for of in "2n"),
    "functions of NumPy: full(d, d)",
    *(f"functions of NumPy: lib.stride_tricks.as_strided({given}, d)" for given in ("d", "a, d")),
    "functions of NumPy: ravel_multi_index(d, d)",
    "functions of NumPy: lib.stride_tricks.sliding_window_view(a, d, d)",
    # The same, as they dispatch on the first alone.
    "functions of NumPy: moveaxis(a, d, d)", "functions of NumPy: roll(a, d, d)",
)
# What has no one answer, or is refused while a handle is open.
WITHOUT_ANSWER = (
    "functions that don't dispatch: lib.stride_tricks.as_strided: f(v, (2, 2)", "methods: setattr(v, 'dtype'",
)
# These iterate over the array, as over a list.
ITERATES = ("iter(", "fromiter", "__iter__", "stack", "broadcast_shapes")
# No reading: they change files, settings or the process.
NOT_CALLED = {
    "test", "info", "show_config", "show_runtime", "seterr", "seterrcall", "setbufsize", "set_printoptions", "save",
    "savez", "savez_compressed", "savetxt", "memmap", "open_memmap", "DataSource", "fromfile", "loadtxt", "genfromtxt",
    "load", "tofile", "dump", "printoptions", "errstate", "get_include", "fromregex", "from_dlpack", "to_device",
    "merge_arrays",  # of many fields: hours
    "array_repr", "byte_bounds",  # the name of the class; addresses
    "__reduce__", "__reduce_ex__", "__init_subclass__", "__class__", "__new__", "__init__", "__setstate__", "resize",
    "mafromtxt", "ndfromtxt", "recfromtxt", "recfromcsv", "kernel_version", "NumpyVersion", "add_docstring", "tracemalloc_domain",
    "__dir__", "__buffer__", "__release_buffer__", "__getattribute__", "__setattr__", "__delattr__", "__hash__", "__sizeof__",
}


@dataclass
class Way:
    """Something to do with an array `d`, and other arrays, plain ones, that take part in it."""

    group: str
    text: str
    function: types.FunctionType  # of d and of the others
    kinds: tuple
    others: dict = field(default_factory=dict)  # by kind; a function makes them

    @property
    def name(self):
        return f"{self.group}: {self.text}"


# What a call gives, in a form that can be compared and kept.


def key(value, array):
    """Equal for equal values. Knows `array` itself, which has no length of its own here."""
    if value is array:
        return "itself"
    if isinstance(value, np.ndarray):
        if isinstance(value, np.ma.MaskedArray):
            return ("masked", key(value.filled(0), array), key(np.ma.getmaskarray(value), array))
        plain = value[...] if value.ndim == 0 else value[:]
        if plain.dtype.hasobject:
            return ("objects", plain.shape, repr(plain.tolist()))
        return ("array", plain.dtype.str, plain.shape, plain.flags.f_contiguous, compact(plain.tobytes()))
    if isinstance(value, np.generic):
        return (type(value).__name__, value.tobytes() if not value.dtype.hasobject else repr(value))
    if value is None or isinstance(value, bool | int | float | complex):
        return (type(value).__name__, repr(value))
    if isinstance(value, str | bytes):
        return compact(value)
    if isinstance(value, list | tuple):
        if holds_numbers(value):
            return (type(value).__name__, compact(marshal.dumps(value)))
        return (type(value).__name__, *[key(each, array) for each in value])
    if isinstance(value, dict):
        return tuple((name, key(value[name], array)) for name in value)
    if isinstance(value, np.flatiter):
        return ("flat", key(value.copy(), array))
    if isinstance(value, np.nditer | np.broadcast | np.ndindex | np.ndenumerate | map | zip | types.GeneratorType):
        return (type(value).__name__, *[key(each, array) for each in islice(value, 2 * LENGTHS[-1] * COLUMNS)])
    if isinstance(value, memoryview):
        return ("memoryview", value.format, value.shape, compact(value.tobytes()))
    return (type(value).__name__, re.sub(r" at 0x[0-9a-f]+", "", repr(value)))


def holds_numbers(values):
    """Whether all of them, in lists of any depth, are Python's own numbers; marshal takes an array for its bytes."""
    return type(values) in (list, tuple) and all(
        holds_numbers(each) if isinstance(each, list | tuple) else type(each) in (bool, int, float, complex)
        for each in values
    )


def compact(value):
    return value if len(value) < 64 else (len(value), hash(value))


def close(found, expected):
    """Whether numbers differ by their rounding alone, which may depend on where memory starts."""
    if isinstance(expected, list | tuple):
        return len(found) == len(expected) and all(map(close, found, expected))
    if not isinstance(expected, np.ndarray | np.generic | float | complex):
        return type(found) is type(expected) and bool(np.all(found == expected))
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return False
    if expected.dtype.kind not in "fc":
        return bool(np.all(found == expected))
    return np.allclose(found, expected, rtol=1e-6, atol=1e-6, equal_nan=True)


def attempt(way, array, others):
    """What it gives, and the exception that it raises instead."""
    try:
        return way.function(array, *others), None
    except Exception as error:
        return None, error


def outcome(result, error, array, others):
    if error is not None:
        # NumPy asks for the shape once more to tell it: a message may name another.
        return ("raises", type(error).__name__)
    return (key(result, array), *[key(each, None) for each in others])


# The ways.


def of_the_tables():
    """The cases of tests/completeness, with the array for each letter that stands for what it can be."""
    import function_cases
    import method_cases
    from cases import ARRAYS, cases

    tables = [("methods", method_cases.TABLE, False), ("functions", function_cases.TABLE, True),
              ("functions that don't dispatch", function_cases.UNDISPATCHED, True)]
    one, two = ("f8", "i8"), ("f8 rows", "i8 rows")
    takes = {"v": one, "w": one, "n": one, "i": ("i8",), "m": two, "s": two, "z": (), "g": two}
    for group, table, functions in tables:
        for name, texts in table.items():
            if name in NOT_CALLED:
                continue
            scope = {"f": function_cases.named(name)} if functions else {}
            if functions and scope["f"] is None:
                continue
            for case in cases(texts, **scope):
                places = [(letter,) for letter in case.names if takes.get(letter)]
                same = tuple(letter for letter in case.names if letter in "vw")
                if len(same) > 1:
                    places.append(same)
                for letters in places:
                    if takes_twice(case.text, letters):
                        continue
                    text = f"{name}: {case.text}" if functions else case.text
                    text += f" [{', '.join(letters)}]"
                    rest = [letter for letter in case.names if letter not in letters]
                    yield Way(
                        group, text, call_of(case, letters, rest), takes[letters[0]],
                        {"as written": [ARRAYS[letter] for letter in rest],
                         "longer": [longer(ARRAYS[letter]) for letter in rest]},
                    )


def takes_twice(text, letters):
    """Whether a case looks at the array itself, and at something that it takes of it before, as in f(v, v > 1)."""
    array = f"[{''.join(letters)}]"
    taken = re.search(rf"\b{array}\b *(?:\[|\.|[-+*/<>]|==)|[-+*/<>] *\b{array}\b", text)
    return taken is not None and len(re.findall(rf"\b{array}\b", text)) > 1


def call_of(case, letters, rest):
    def call(array, *others):
        names = dict.fromkeys(letters, array) | dict(zip(rest, others, strict=True))
        return eval(case.code, case.scope | names)

    return call


def longer(array):
    return np.resize(array, COLUMNS * LENGTHS[-1]) if array.ndim == 1 else array


def of_arguments():
    """Operators, ufuncs, methods of plain arrays and NumPy's functions, with the array as an argument."""
    import operator_cases

    big = np.arange(COLUMNS * LENGTHS[-1])
    forms = {
        "(d)": lambda f, d: f(d), "(d, d)": lambda f, d: f(d, d), "(d, 2)": lambda f, d: f(d, 2),
        "(2, d)": lambda f, d: f(2, d),
    }
    with_big = {
        "(a, d)": lambda f, d, a: f(a, d), "(d, a)": lambda f, d, a: f(d, a), "(a, d, 1)": lambda f, d, a: f(a, d, 1),
        "(a, d, d)": lambda f, d, a: f(a, d, d), "(a, 1, d)": lambda f, d, a: f(a, 1, d),
        "(a, out=d)": lambda f, d, a: f(a, out=d), "([d, d])": lambda f, d, a: f([d, d]),
        "([a, d])": lambda f, d, a: f([a, d]), "((a, d), a)": lambda f, d, a: f((a, d), a),
    }
    of_method = {
        "(d)": lambda f, d, a: f(a, d), "(d, d)": lambda f, d, a: f(a, d, d), "(d, 1)": lambda f, d, a: f(a, d, 1),
        "(1, d)": lambda f, d, a: f(a, 1, d), "(out=d)": lambda f, d, a: f(a, out=d),
    }

    def ways(group, name, function, chosen, *others):
        for form, call in chosen.items():
            def bound(array, *rest, call=call):
                return call(function, array, *rest)

            yield Way(group, name + form, bound, tuple(KINDS), {"as written": list(others)})

    for name, function in operator_cases.OPERATORS.items():
        if function is not None:
            yield from ways("operators", name, function, forms)
            yield from ways("operators", name, function, {k: with_big[k] for k in ("(a, d)", "(d, a)")}, big)
    for name in sorted(dir(np.ndarray)):
        method = getattr(np.ndarray, name)
        if callable(method) and name not in NOT_CALLED:
            yield from ways("methods of a plain array", f"a.{name}", method, of_method, big)
    for name, function in public_functions():
        group = "ufuncs" if isinstance(function, np.ufunc) else "functions of NumPy"
        yield from ways(group, name, function, forms)
        yield from ways(group, name, function, with_big, big)
        if isinstance(function, np.ufunc):
            out = {"(d, out=d)": lambda f, d: f(d, out=d), "(d, 0, out=d)": lambda f, d: f(d, 0, out=d),
                   "(2, d, out=(d,))": lambda f, d: f(2, d, out=(d,)),
                   "(d, where=d)": lambda f, d: f(d, d, where=d)}
            yield from ways(group, name, function, out)
            for method in ("reduce", "accumulate", "outer", "reduceat", "at"):
                few = {form: forms[form] for form in ("(d)", "(d, d)", "(2, d)")}
                bound = getattr(function, method)
                yield from ways(group, f"{name}.{method}", bound, few)
                more = {form: with_big[form] for form in ("(a, d)", "(a, d, 1)", "(a, d, d)", "(a, out=d)")}
                yield from ways(group, f"{name}.{method}", bound, more, big)


def public_functions():
    """Callables of NumPy's public modules, by name, each once; of classes, arrays and iterators alone."""
    seen = set()
    modules = ["numpy", "numpy.linalg", "numpy.fft", "numpy.lib", "numpy.lib.stride_tricks", "numpy.lib.array_utils",
               "numpy.lib.scimath", "numpy.lib.npyio", "numpy.lib.recfunctions", "numpy.strings"]
    for module in modules:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = importlib.import_module(module)
            except ImportError:
                continue
            for name in sorted(dir(found)):
                function = getattr(found, name, None)
                if name.startswith("_") or name in NOT_CALLED or not callable(function) or id(function) in seen:
                    continue
                if isinstance(function, type) and function not in (np.nditer, np.broadcast, np.ndenumerate, np.flatiter):
                    continue
                seen.add(id(function))
                yield f"{module.removeprefix('numpy').lstrip('.')}.{name}".lstrip("."), function


def assign(target, index, values):
    target[index] = values


def add_in_place(target, index):
    target[index] += 1


def saved(save, array):
    file = io.BytesIO()
    save(file, array)
    return file.getvalue()


def with_nditer(*arrays, **options):
    with np.nditer(arrays, ["external_loop", "buffered", "zerosize_ok"], [["readonly"]] * len(arrays), **options) as walk:
        return [part[0].copy() if isinstance(part, tuple) else part.copy() for part in walk]


def by_hand():
    """What is no call, and what users do most. `a` is long enough for the array as indices; `x` as long as it can be."""
    named = {
        "a[d]": lambda d, a, x: a[d], "a[d] = 1": lambda d, a, x: assign(a, d, 1),
        "a[d] += 1": lambda d, a, x: add_in_place(a, d), "a[d,]": lambda d, a, x: a[d,],
        "a[d > 0]": lambda d, a, x: type(a[d[:3] > 0 if False else slice(0)]),
        "a[:] = d": lambda d, a, x: assign(x, slice(None), d), "a[...] = d": lambda d, a, x: assign(x, ..., d),
        "a[d] = d": lambda d, a, x: assign(a, d, d),
        "a.flat = d": lambda d, a, x: setattr(x, "flat", d), "a.flat[d]": lambda d, a, x: a.flat[d],
        "a.flat[d] = 1": lambda d, a, x: assign(a.flat, d, 1), "a.real = d": lambda d, a, x: setattr(x, "real", d),
        "a.take(d)": lambda d, a, x: a.take(d), "a.take(d, mode='clip')": lambda d, a, x: a.take(d, mode="clip"),
        "a.put(d, 1)": lambda d, a, x: a.put(d, 1), "a.put(0, d)": lambda d, a, x: a.put([0, 1], d),
        "a.searchsorted(d)": lambda d, a, x: a.searchsorted(d),
        "x.searchsorted(d, 'right')": lambda d, a, x: x.reshape(-1).searchsorted(d, "right"),
        "d.searchsorted(x)": lambda d, a, x: d.searchsorted(x),
        "np.add.at(a, d, 1)": lambda d, a, x: np.add.at(a, d, 1), "np.add.at(a, d, d)": lambda d, a, x: np.add.at(a, d, d),
        "np.asarray(d, 'f4')": lambda d, a, x: np.asarray(d, "f4"), "np.array(d)": lambda d, a, x: np.array(d),
        "np.array(d, '>f8')": lambda d, a, x: np.array(d, ">f8"), "np.array(d, object)": lambda d, a, x: np.array(d, object),
        "np.array([d])": lambda d, a, x: np.array([d]), "np.array([d, d])": lambda d, a, x: np.array([d, d]),
        "np.array(d, order='F')": lambda d, a, x: np.array(d, order="F"),
        "np.asfortranarray(d)": lambda d, a, x: np.asfortranarray(d).copy("K"),
        "x @ d": lambda d, a, x: x.T @ d, "d @ x": lambda d, a, x: d.T @ x if d.ndim > 1 else d @ x,
        "d @ square": lambda d, a, x: d @ np.eye(COLUMNS), "x.dot(d)": lambda d, a, x: x.T.dot(d),
        "np.dot(d, square)": lambda d, a, x: np.dot(d, np.eye(COLUMNS)), "np.matmul(d, d)": lambda d, a, x: np.matmul(d, d),
        "x + d": lambda d, a, x: x + d, "x += d": lambda d, a, x: operator.iadd(x, d),
        "d += 0": lambda d, a, x: operator.iadd(d, 0), "d *= 1": lambda d, a, x: operator.imul(d, 1),
        "np.add(d, 0, out=d)": lambda d, a, x: np.add(d, 0, out=d), "np.add(d, d, out=x)": lambda d, a, x: np.add(d, d, out=x),
        "np.copyto(x, d)": lambda d, a, x: np.copyto(x, d), "d.sort(axis=0)": lambda d, a, x: d.sort(axis=0),
        "d[...] = d": lambda d, a, x: assign(d, ..., d), "d[:] = d": lambda d, a, x: assign(d, slice(None), d),
        "np.sum(d, axis=0)": lambda d, a, x: np.sum(d, axis=0), "np.where(d, d, d)": lambda d, a, x: np.where(d, d, d),
        "d[::-1]": lambda d, a, x: d[::-1], "d[1:] - 1": lambda d, a, x: d[1:] - 1, "d[-3:]": lambda d, a, x: d[-3:],
        "d.T.copy()": lambda d, a, x: d.T.copy(), "d.ravel('F')": lambda d, a, x: d.ravel("F"),
        "d.flatten('F')": lambda d, a, x: d.flatten("F"), "d.copy('F')": lambda d, a, x: d.copy("F"),
        "d.tobytes('F')": lambda d, a, x: d.tobytes("F"), "d.tolist()": lambda d, a, x: d.tolist(),
        "list(d)": lambda d, a, x: list(d[:2]), "memoryview(d)": lambda d, a, x: memoryview(d),
        "bytes(d)": lambda d, a, x: bytes(d), "bytearray(d)": lambda d, a, x: bytes(bytearray(d)),
        "b''.join([d])": lambda d, a, x: b"".join([d]), "memoryview(d).tolist()": lambda d, a, x: memoryview(d).tolist(),
        "io.BytesIO(d)": lambda d, a, x: io.BytesIO(d).getvalue(), "np.frombuffer(d)": lambda d, a, x: np.frombuffer(d, "u1"),
        "int.from_bytes(d)": lambda d, a, x: len(bytes(memoryview(d).cast("B"))) if d.ndim == 1 else 0,
        "np.save(file, d)": lambda d, a, x: saved(np.save, d), "np.savez(file, d)": lambda d, a, x: len(saved(np.savez, d)) % 8,
        "np.savetxt(file, d)": lambda d, a, x: saved(np.savetxt, d), "d.tofile": lambda d, a, x: to_file(d),
        "pickle": lambda d, a, x: unpickled(d), "np.from_dlpack(d)": lambda d, a, x: np.from_dlpack(d),
        "np.nditer(d)": lambda d, a, x: with_nditer(d), "np.nditer([d, d])": lambda d, a, x: with_nditer(d, d),
        "np.nditer(d, 'F')": lambda d, a, x: with_nditer(d, order="F"),
        "np.nditer(d, dtype)": lambda d, a, x: with_nditer(d, op_dtypes=["f4"], casting="unsafe"),
        "np.einsum('i->')": lambda d, a, x: np.einsum("i...->...", d),
        "np.einsum('i,i')": lambda d, a, x: np.einsum("i...,i...->...", d, d),
        "np.einsum(x, d)": lambda d, a, x: np.einsum("i...,i...->i...", x, d),
        "np.bincount(d)": lambda d, a, x: np.bincount(d), "np.bincount(d, d)": lambda d, a, x: np.bincount(d, d),
        "np.bincount(d, minlength)": lambda d, a, x: np.bincount(d, minlength=3 * LENGTHS[-1]),
        "np.ravel_multi_index": lambda d, a, x: np.ravel_multi_index((d, d), (10**5, 10**5)),
        "np.unravel_index": lambda d, a, x: np.unravel_index(d, (10**3, 10**3)),
        "np.lexsort((d, d))": lambda d, a, x: np.lexsort((d, d)), "np.interp(d, a, a)": lambda d, a, x: np.interp(d, a, a),
        "np.digitize(d, a)": lambda d, a, x: np.digitize(d, a), "np.repeat(d, 2)": lambda d, a, x: np.repeat(d, 2, axis=0),
        "np.concatenate((d, x, d))": lambda d, a, x: np.concatenate((d, x, d)), "np.place": lambda d, a, x: np.place(x, x > 5, d),
        "np.putmask(x, x > 5, d)": lambda d, a, x: np.putmask(x, x > 5, d), "np.choose": lambda d, a, x: np.choose(d, [a[:1]] * 7, mode="clip"),
        "np.correlate(d, d)": lambda d, a, x: np.correlate(d, d), "np.packbits(d)": lambda d, a, x: np.packbits(d),
        "np.shares_memory(d, x)": lambda d, a, x: np.shares_memory(d, x), "repr": lambda d, a, x: re.sub(r"\s+", " ", repr(d).replace("DynamicArray", "array")), "str": lambda d, a, x: str(d),
        "sum(d)": lambda d, a, x: float(sum(d[:3])) if d.ndim == 1 else 0.0, "d in": lambda d, a, x: -1 in d,
        "DynamicArray(d)": lambda d, a, x: cda.DynamicArray(d), "extend": lambda d, a, x: extended(d), "cda.array(d)": lambda d, a, x: cda.array(d),
        "cda.asarray(d, 'f4')": lambda d, a, x: cda.asarray(d, "f4"), "cda.zeros_like(d)": lambda d, a, x: cda.zeros_like(d),
        "as_numpy": lambda d, a, x: d.as_numpy() if isinstance(d, cda.DynamicArray) else d[:], "len": lambda d, a, x: len(d),
        "operator.index": lambda d, a, x: [operator.length_hint(d)], "d[d.size - d.size:]": lambda d, a, x: d[0:],
        "a[d, None]": lambda d, a, x: a[d, None], "a[..., d]": lambda d, a, x: a[..., d], "rows[d, 0]": lambda d, a, x: a[:, None][d, 0],
        "rows[0, d]": lambda d, a, x: a[None][0, d], "rows[d, d]": lambda d, a, x: a.reshape(-1, 1)[d, d * 0 if False else 0],
        "rows[d] = d[:, None]": lambda d, a, x: assign(a.reshape(-1, 1), (d, 0), 7),
        "a.choose([d])": lambda d, a, x: np.zeros(1, int).choose([d]), "a.repeat(d)": lambda d, a, x: np.zeros(1).repeat(d[:4]),
        "a.compress(d)": lambda d, a, x: a.compress(d), "np.extract(d, a)": lambda d, a, x: np.extract(d, d),
        "a.astype(d.dtype)": lambda d, a, x: np.result_type(d, 1.0).str, "a.fill(d[0])": lambda d, a, x: a.fill(d.size and 0),
        "np.vstack([d, d])": lambda d, a, x: np.vstack([d, d]), "np.ufunc dtype": lambda d, a, x: np.add(d, 1, dtype="f4", casting="unsafe"),
        "np.frompyfunc": lambda d, a, x: np.frompyfunc(lambda each: each, 1, 1)(d[:20]),
        "np.vectorize": lambda d, a, x: np.vectorize(float)(d),
        "np.apply_along_axis": lambda d, a, x: np.apply_along_axis(np.sum, 0, d),
        "copy.deepcopy": lambda d, a, x: __import__("copy").deepcopy(d), "d == d": lambda d, a, x: d == d, "d.view('u1')": lambda d, a, x: d.view("u1"),
        "getfield": lambda d, a, x: d.getfield("i4", 4), "d.__array_interface__": lambda d, a, x: d.__array_interface__["shape"],
        "interface": lambda d, a, x: np.asarray(Holder(d.__array_interface__, d)), "struct": lambda d, a, x: np.asarray(Struct(d.__array_struct__, d)),
    }
    for text, function in named.items():
        yield Way("by hand", text, function, tuple(KINDS), {"as written": [np.arange(COLUMNS * LENGTHS[-1]), None]})


class Holder:
    def __init__(self, interface, owner):
        self.__array_interface__, self.owner = interface, owner


class Struct:
    def __init__(self, struct, owner):
        self.__array_struct__, self.owner = struct, owner


def to_file(array):
    with tempfile.TemporaryFile() as file:
        array.tofile(file)
        file.seek(0)
        return file.read()


def unpickled(array):
    import pickle

    return pickle.loads(pickle.dumps(array, protocol=4))


def extended(array):
    made = cda.DynamicArray(np.empty((0, *array.shape[1:]), array.dtype))
    made.extend(array)
    return made


def every_way():
    found = {}
    for way in [*by_hand(), *of_the_tables(), *of_arguments()]:
        found.setdefault(way.name, way)
    return found


def all_ways():
    """Those that need no view."""
    return {name: way for name, way in every_way().items() if not name.startswith(LOOKS_TWICE + WITHOUT_ANSWER)}


# One way and one kind of array.


@functools.cache
def plain(kind, length):
    """A plain array of so many rows: the k-th element is k."""
    dtype, row_shape = KINDS[kind]
    made = np.arange(length * math.prod(row_shape)).astype(dtype).reshape(length, *row_shape)
    made.flags.writeable = False
    return made


def differ(found, expected):
    return found.shape != expected.shape or (not expected.dtype.hasobject and found.tobytes() != expected.tobytes())


class Trial:
    """What a way gives for plain arrays of each length, and then beside a thread."""

    def __init__(self, way, kind):
        self.way, self.kind = way, kind
        self.dtype, self.row_shape = KINDS[kind]
        self.problem = None
        self.counts = Counter()
        choices = [self.prepare(others) for others in way.others.values()]
        self.expected, self.raw, self.lengths, self.writes, self.changes, self.others = max(
            choices, key=lambda choice: (sum(key[0] != "raises" for key in choice[0]), -len(choice[0]))
        )

    def plain(self, length):
        source = plain(self.kind, length)
        made = np.empty(source.shape, source.dtype)  # copy() gives an empty array other strides
        made[...] = source
        return made

    def prepare(self, others):
        # Copies: other ways take the same arrays, and one of them is setflags.
        others = [(plain(self.kind, LENGTHS[-1]) if each is None else each).copy() for each in others]
        expected, raw, lengths, writes, changes = {}, {}, [], False, False
        if isinstance(attempt(self.way, self.plain(3), [each.copy() for each in others])[1], TypeError | AttributeError):
            return {("raises",): {3}}, {}, [3], False, False, others
        for length in LENGTHS:
            array = self.plain(length)
            given = [each.copy() for each in others]
            form = array.shape, array.dtype, array.strides, array.flags.num
            start = time.perf_counter()
            result, error = attempt(self.way, array, given)
            seconds = time.perf_counter() - start
            size = result.nbytes if isinstance(result, np.ndarray) else 0
            if len(lengths) > 4 and (seconds > MOST_SECONDS or size > MOST_BYTES):
                break
            if (array.shape, array.dtype, array.strides, array.flags.num) != form:
                self.problem = "changes the form of the array"
                break
            writes = writes or differ(array, plain(self.kind, length))
            changes = changes or any(map(differ, given, others))
            raw[length] = result, error, array, given
            lengths.append(length)
        for length, (result, error, array, given) in raw.items():
            found = outcome(result, error, array, given if changes else [])
            expected.setdefault(found, set()).add(length)
            if length == 3 and not writes and not changes:
                if outcome(*attempt(self.way, array, given), array, []) != found:
                    self.problem = "isn't determinate"
        return expected, raw, lengths, writes, changes, others

    @property
    def works(self):
        return any(found[0] != "raises" for found in self.expected)

    def make(self, number):
        with cda.options(**MEMORY[number % len(MEMORY)]):
            if number % len(MEMORY) == 1:
                cda._core._memory.trim()
            return cda.zeros((0, *self.row_shape), self.dtype)

    def call(self, array, faults, final=None):
        others = [each.copy() for each in self.others] if self.changes else self.others
        result, error = attempt(self.way, array, others)
        self.counts["calls"] += 1
        if self.writes:  # other values than those that were pushed are read from then on: all that counts is no crash
            return
        found = outcome(result, error, array, others if self.changes else [])
        lengths = self.expected.get(found)
        if lengths is None:
            if error is None and self.is_part(result):
                return
            if error is None and any(
                raised is None and close(result, good) for good, raised, *_ in self.raw.values() if good is not None
            ):
                return
            faults[f"wrong: {error!r}" if error else f"wrong: {self.show(result)}"] += 1
        elif final is not None and final not in lengths:
            given = repr(error) if error else self.show(result)
            faults[f"old: of {sorted(lengths)} rows, not {final}: {given}; array of {array.shape}, {array.flags.num}"] += 1

    def is_part(self, result):
        """Whether it has the first rows, as many as there were: who iterates goes on while there are rows, and
        their number may be none that the array stays at.
        """
        if not any(text in self.way.text for text in ITERATES):
            return False
        longest = self.raw[self.lengths[-1]][0]
        if type(result) is type(longest) and type(result) in (list, tuple):
            return key(result, None) == key(longest[: len(result)], None)
        if not isinstance(result, np.ndarray) or not isinstance(longest, np.ndarray) or result.ndim != longest.ndim:
            return False
        parts = (longest[(slice(None),) * axis + (slice(length),)] for axis, length in enumerate(result.shape))
        return any(part.shape == result.shape and close(result, part) for part in parts)

    def show(self, result):
        shape = getattr(result, "shape", "")
        text = f"{type(result).__name__} {shape} {result!r}"[:200]
        if isinstance(result, np.ndarray):
            for length, (good, *_) in self.raw.items():
                if isinstance(good, np.ndarray) and good.shape == result.shape:
                    where = np.flatnonzero(good != result)
                    text += f"; for {length} rows {len(where)} others, from {where[:1]} on: {good.ravel()[where[:3]]}"
        return f"{text}; lengths {self.lengths}"

    def run(self, seconds, seed):
        faults = Counter()
        end = time.perf_counter() + seconds
        number = 0
        while number < 2 or time.perf_counter() < end:
            array = self.make(number + seed)
            thread = pushing.start(array, self.lengths, seed + number)
            part = time.perf_counter() + min(0.01, seconds / 2)
            while True:
                if self.counts["calls"] % 2:
                    len(array)
                self.call(array, faults)
                if time.perf_counter() >= part:
                    break
            self.counts["changes"] += pushing.stop(thread)
            del thread
            if not self.writes:
                self.call(array, faults, len(array))
            self.counts["arrays"] += 1
            number += 1
        return faults


# The process that tries them, and the one that starts it.


def child():
    """Tries the ways that standard input names, and says on standard output what came of each."""
    job = json.load(sys.stdin)
    if sys.platform.startswith("linux") and "asan" not in os.environ.get("LD_PRELOAD", ""):
        import resource

        # Some function makes gigabytes of arguments that it was not made for. Addresses that are only reserved don't
        # count here, but for those of Python without a GIL.
        most = 3 << 30 if sysconfig.get_config_var("Py_GIL_DISABLED") else 2 << 30
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    built = pushing.load_from(job["folder"])
    pushing.module = lambda: built
    ways = all_ways()
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what NumPy prints

    def say(**what):
        out.write(json.dumps(what) + "\n")

    for name in job["names"]:
        way = ways[name]
        kinds = list(way.kinds)
        if job["one_kind"]:
            random.Random(name + str(job["seed"])).shuffle(kinds)
        for kind in kinds:
            say(name=name, kind=kind, started=True)
            trial = Trial(way, kind)
            if trial.problem or not trial.works:
                say(name=name, kind=kind, left_out=trial.problem or "NumPy refuses")
                continue
            faults = trial.run(job["seconds"], job["seed"])
            say(name=name, kind=kind, faults=dict(faults.most_common(3)), bad=sum(faults.values()), writes=trial.writes, **trial.counts)
            if job["one_kind"]:
                break


def environment():
    variables = {name: value for name, value in os.environ.items() if not name.startswith("CPPDYNARRAY_")}
    here = [TESTS.parent, TESTS, TESTS / "completeness"]
    variables["PYTHONPATH"] = os.pathsep.join(map(str, here))
    return variables | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def run(names, folder, seconds, seed, one_kind=False):
    """What the processes said of each way, and each kind of array or the first that it takes; after a crash there is
    another process for the rest.
    """
    names, said = list(names), []
    while names:
        job = {"names": names, "folder": str(folder), "seconds": seconds, "seed": seed, "one_kind": one_kind}
        done = subprocess.run(
            [sys.executable, "-X", "faulthandler", __file__, "--child"], input=json.dumps(job), env=environment(),
            capture_output=True, text=True, check=False, timeout=600 + len(names) * 10 * (1 + seconds),
        )
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        said += [line for line in lines if "started" not in line]
        if done.returncode == 0:
            break
        if not lines:
            raise RuntimeError(done.stderr)
        crashed = lines[-1]
        crashed["faults"], crashed["bad"] = {f"exit status {done.returncode}: {done.stderr[-600:]}": 1}, 1
        del crashed["started"]
        said.append(crashed)
        names = names[names.index(crashed["name"]) + 1 :]
    return said


def table(said):
    """Rows of a table in Markdown: the groups, with how much was tried."""
    groups = {}
    for line in said:
        if "left_out" in line:
            continue
        counts = groups.setdefault(line["name"].partition(":")[0], Counter())
        counts["kinds"] += 1
        counts.update({name: line.get(name, 0) for name in ("calls", "arrays", "changes", "bad")})
    ways = {group: len({line["name"] for line in said if "left_out" not in line and line["name"].startswith(group + ":")}) for group in groups}
    yield "| ways | | calls | arrays | lengths that changed | faults |"
    yield "|---|--:|--:|--:|--:|--:|"
    for group, counts in groups.items():
        yield f"| {group} | {ways[group]:,} | {counts['calls']:,} | {counts['arrays']:,} | {counts['changes']:,} | {counts['bad']:,} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=random.randrange(2**31))
    parser.add_argument("--only", default="", help="a part of the names of ways")
    options = parser.parse_args()
    if options.child:
        child()
        return
    with tempfile.TemporaryDirectory() as folder:
        pushing.build_into(folder)
        names = [name for name in all_ways() if options.only in name]
        print(f"seed {options.seed}, {len(names)} ways")
        said = run(names, folder, options.seconds, options.seed)
    for line in said:
        if line.get("bad"):
            print(json.dumps(line))
    print(*table(said), sep="\n")


if __name__ == "__main__":
    main()
