"""
pytest plugin: run a test suite on DynamicArrays in place of plain NumPy arrays.

``pytest -p cppdynarray._swap_plugin --pyargs numpy.linalg`` runs the tests of ``numpy.linalg`` as
always, but wherever a test module calls one of NumPy's creation functions, it gets a DynamicArray.
NumPy, its functions and everybody else's modules are the same objects as ever: calls are looked at
where they stand in the test module's source, when it is compiled. In reprs the arrays that were swapped
call themselves ``array``, and a test module that asks for their ``type()`` hears ``numpy.ndarray``, so that
tests of such details check all the rest. Other DynamicArrays, say a result that should be plain, are
seen for what they are.

Options
-------
--cppdynarray-known=FILE
    Tests known to fail on DynamicArrays, one a line, ``pattern  # reason``. They are reported as
    expected failures; an entry of which all tests pass fails the run.
--cppdynarray-record=FILE
    Write the outcome of every test, one a line, ``outcome id``.
--cppdynarray-plain
    Swap nothing: the same command on plain arrays, to compare with.

A test's id is its node id with its file's whole path. A pattern is the end of one, from any folder on,
without parameters or with them; ``*`` and ``?`` mean what they do in a shell.
"""

from __future__ import annotations

import ast
import fnmatch
import functools
import importlib.machinery
import pathlib
import reprlib
import sys
import weakref

import numpy as np
import pytest

from cppdynarray._array import DynamicArray, memory_of, new, new_copy

CREATION_FUNCTIONS = (
    "arange", "array", "asanyarray", "asarray", "ascontiguousarray", "asfortranarray", "copy", "empty",
    "empty_like", "eye", "from_dlpack", "frombuffer", "fromfile", "fromfunction", "fromiter", "fromregex",
    "fromstring", "full", "full_like", "genfromtxt", "geomspace", "identity", "linspace", "loadtxt",
    "logspace", "ndarray", "ones", "ones_like", "require", "tri", "vander", "zeros", "zeros_like",
)  # fmt: skip
# These return their argument if it fits. Of a subclass they return a view instead.
_PASSING = ("array", "asarray", "ascontiguousarray", "asfortranarray", "require")
# Arrays as large as this are made anew rather than copied, so that no memory is touched for them; or
# else, past the second size, stay plain: a test that fills the memory has no room for a copy.
_LARGE_BYTES, _HUGE_BYTES = 1 << 20, 1 << 30

swapped = 0  # how many arrays, in this process
_living = {}  # those that still exist, by id


def _remember(array):
    global swapped
    swapped += 1
    key = id(array)
    _living[key] = weakref.ref(array, lambda _: _living.pop(key, None))
    return array


def _references_to_new():
    made = np.empty(0)
    return sys.getrefcount(made)


_NEW = _references_to_new()


def _swapping(function, name):
    passing, empty, zero = name in _PASSING, name.startswith("empty"), name.startswith("zeros")

    @functools.wraps(function)
    def create(*args, **kwargs):
        __tracebackhide__ = True
        made = function(*args, **kwargs)
        if sys.getrefcount(made) > _NEW:  # somebody else has it: NumPy has not made it just now
            return made
        if type(made) is DynamicArray and memory_of(made) is not None:  # asked for by like=
            return _remember(made)
        if type(made) not in (np.ndarray, DynamicArray):
            return made
        flags, base = made.flags, made.base
        if passing and type(base) is DynamicArray and _same(made, base):
            dtype = args[1] if len(args) > 1 else kwargs.get("dtype")
            another = dtype is not None and np.dtype(dtype) is not base.dtype  # though an equal one
            return base.view(dtype) if another else base
        if base is not None:  # np.linspace gives a view of what it has made; other views are the test's
            if type(base) is not np.ndarray or not base.flags.owndata or sys.getrefcount(base) > _NEW + 1:
                return made
        elif not flags.owndata:
            return made
        # Copies of strings of no width have width 1, in NumPy as well.
        if not flags.writeable or not flags.forc or (made.dtype.kind in "SU" and not made.itemsize):
            return made
        if (empty or zero) and made.nbytes >= _LARGE_BYTES and not made.dtype.hasobject:
            return _remember(new(DynamicArray, made.shape, made.dtype, fortran=flags.fnc, zeroed=zero))
        return made if made.nbytes >= _HUGE_BYTES else _remember(new_copy(DynamicArray, made, order="K"))

    return create


def _same(view, array):
    return view.dtype is array.dtype and view.__array_interface__ == array.__array_interface__


_creating = {id(getattr(np, name)): _swapping(getattr(np, name), name) for name in CREATION_FUNCTIONS}


def _swapped(function):
    """What a test module calls in place of `function`."""
    create = _creating.get(id(function))
    if create is not None:
        return create
    if type(function) is functools.partial and id(function.func) in _creating:
        return functools.partial(_creating[id(function.func)], *function.args, **function.keywords)
    return function


# map(np.array, ...) calls from C, where nothing stands in the source.
_creating[id(map)] = lambda function, *iterables: map(_swapped(function), *iterables)
_creating[id(type)] = lambda value: np.ndarray if id(value) in _living else type(value)


def _class(value):
    """What a test module reads in place of ``value.__class__``."""
    return np.ndarray if id(value) in _living else value.__class__


# Names that no module could have itself.
_NAMES = {"@swapped": _swapped, "@class": _class}


class _Calls(ast.NodeTransformer):
    """Makes ``f(x)`` into ``swapped(f)(x)``, unseen in messages and line numbers."""

    def visit_Call(self, node):
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "type" and len(node.args) != 1:
            return node  # makes a class
        node.func = _call("@swapped", node.func)
        return node

    def visit_Attribute(self, node):
        self.generic_visit(node)
        if node.attr == "__class__" and isinstance(node.ctx, ast.Load):
            return _call("@class", node.value)
        return node


def _call(name, argument):
    where = {attribute: getattr(argument, attribute) for attribute in argument._attributes}
    return ast.Call(ast.Name(name, ast.Load(), **where), [argument], [], **where)


class _Loader(importlib.machinery.SourceFileLoader):
    """Compiles test modules anew, without bytecode from or for other runs."""

    config = rewrite_asserts = None

    def get_code(self, fullname):
        source = self.get_data(self.path)
        tree = ast.parse(source, self.path)
        if self.rewrite_asserts is not None:
            self.rewrite_asserts(tree, source, self.path, self.config)
        return compile(_Calls().visit(tree), self.path, "exec", dont_inherit=True)

    def exec_module(self, module):
        vars(module).update(_NAMES)
        super().exec_module(module)


class _Finder:
    """Gives test modules another loader; others are found as always."""

    def __init__(self, config):
        self.config = config
        self.patterns = config.getini("python_files")

    def find_spec(self, name, path=None, target=None):
        filename = name.rpartition(".")[2] + ".py"
        if not any(fnmatch.fnmatch(filename, pattern) for pattern in self.patterns):
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                if spec.has_location and spec.origin.endswith(".py"):
                    loader = _Loader(name, spec.origin)
                    loader.config = self.config
                    # pytest's own, where it would have rewritten the module: its place may change.
                    rewrite = sys.modules.get(type(spec.loader).__module__)
                    loader.rewrite_asserts = getattr(rewrite, "rewrite_asserts", None)
                    spec.loader = loader
                return spec
        return None


class _Known:
    """An entry of the list of known failures."""

    def __init__(self, line):
        pattern, _, reason = line.partition("#")
        self.pattern, self.reason = pattern.strip(), reason.strip()
        if not self.reason:
            raise pytest.UsageError(f"--cppdynarray-known: no reason given for {self.pattern}")
        self.glob = "*/" + self.pattern.replace("[", "[[]")
        self.outcomes = set()

    def matches(self, test):
        return fnmatch.fnmatchcase(test if "[" in self.pattern else test.partition("[")[0], self.glob)


_repr_array_array = reprlib.Repr.repr_array


def _repr_array(self, value, level):
    # Python 3.11 takes what calls itself "array" for an array.array; pytest's messages go this way.
    return (self.repr_instance if isinstance(value, np.ndarray) else _repr_array_array.__get__(self))(value, level)


class _Plugin:
    def __init__(self, config):
        self.config = config
        self.is_worker = hasattr(config, "workerinput")
        self.name = DynamicArray.__name__
        self.finder = None
        if not config.getoption("cppdynarray_plain"):
            self.finder = _Finder(config)
            sys.meta_path.insert(0, self.finder)
            # As ndarray calls itself in reprs: a test that compares them compares all the rest.
            DynamicArray.__name__ = "array"
            reprlib.Repr.repr_array = _repr_array
        path = config.getoption("cppdynarray_known")
        lines = pathlib.Path(path).read_text("utf-8").splitlines() if path else ()
        self.known = [_Known(line) for line in map(str.strip, lines) if line and not line.startswith("#")]
        self.outcomes = {}
        self.in_workers = 0

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item):
        report = yield
        report.cppdynarray_id = test = item.path.as_posix() + item.nodeid[item.nodeid.find("::") :]
        entry = next((entry for entry in self.known if entry.matches(test)), None)
        if entry is not None:
            report.cppdynarray_known = entry.pattern
            if report.failed:
                report.outcome, report.wasxfail = "skipped", entry.reason
        return report

    def pytest_runtest_logreport(self, report):
        test = getattr(report, "cppdynarray_id", None)
        if test is None or self.is_worker:
            return
        outcome = "xfailed" if report.skipped and hasattr(report, "wasxfail") else report.outcome
        if report.when == "call" or outcome != "passed":
            self.outcomes[test] = outcome
        for entry in self.known:
            if entry.pattern == getattr(report, "cppdynarray_known", None) and test in self.outcomes:
                entry.outcomes.add(self.outcomes[test])

    def stale(self):
        return [entry for entry in self.known if "passed" in entry.outcomes and "xfailed" not in entry.outcomes]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session):
        if self.is_worker:
            self.config.workeroutput["cppdynarray_swapped"] = swapped
            return
        if self.config.getoption("cppdynarray_record"):
            lines = [f"{outcome} {test}\n" for test, outcome in sorted(self.outcomes.items())]
            pathlib.Path(self.config.getoption("cppdynarray_record")).write_text("".join(lines), "utf-8")
        if self.stale() and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node):
        self.in_workers += getattr(node, "workeroutput", {}).get("cppdynarray_swapped", 0)

    def pytest_terminal_summary(self, terminalreporter):
        for entry in self.stale():
            terminalreporter.write_line(f"cppdynarray: passes, but is listed as known to fail: {entry.pattern}", red=True)
        terminalreporter.write_line(f"cppdynarray: {swapped + self.in_workers} arrays were DynamicArrays")

    def pytest_unconfigure(self):
        DynamicArray.__name__ = self.name
        reprlib.Repr.repr_array = _repr_array_array
        if self.finder in sys.meta_path:
            sys.meta_path.remove(self.finder)


def pytest_addoption(parser):
    group = parser.getgroup("cppdynarray", "DynamicArrays in place of NumPy's arrays")
    group.addoption("--cppdynarray-known", metavar="FILE", help="tests known to fail: pattern  # reason")
    group.addoption("--cppdynarray-record", metavar="FILE", help="write the outcome of every test")
    group.addoption("--cppdynarray-plain", action="store_true", help="swap nothing, to compare with")


def pytest_configure(config):
    config.pluginmanager.register(_Plugin(config), "cppdynarray-swap")
