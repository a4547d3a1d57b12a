"""
pytest plugin: run a test suite on DynamicArrays in place of plain NumPy arrays.

``pytest -p cppdynarray._swap_plugin --pyargs numpy.linalg`` runs the tests of ``numpy.linalg``, but
where a test module calls one of NumPy's creation functions, it gets a DynamicArray. NumPy and all
other modules are the same objects as ever: calls are caught where they stand in the test module's
source. In reprs the swapped arrays call themselves ``array``, and a test module that asks for their
``type()`` hears ``numpy.ndarray``, so that tests of such details check all the rest. Any other
DynamicArray, say a result that should be plain, is seen for what it is.

--cppdynarray-known=FILE lists tests known to fail, one a line, ``pattern  # reason``. They become
expected failures; an entry of which all tests pass fails the run. A pattern is the end of a test's
id, from any folder on, with or without parameters; ``*`` and ``?`` mean what they do in a shell.
--cppdynarray-record=FILE writes the outcome of every test, one a line, ``outcome id``. An id is a
node id with the whole path of its file.
--cppdynarray-plain swaps nothing: the same command on plain arrays, to compare with.
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
    "arange", "array", "asanyarray", "asarray", "ascontiguousarray", "asfortranarray", "copy",
    "empty", "empty_like", "eye", "from_dlpack", "frombuffer", "fromfile", "fromfunction",
    "fromiter", "fromregex", "fromstring", "full", "full_like", "genfromtxt", "geomspace",
    "identity", "linspace", "loadtxt", "logspace", "ndarray", "ones", "ones_like", "require", "tri",
    "vander", "zeros", "zeros_like",
)  # fmt: skip
# These return their argument if it fits. Of a subclass they return a view instead.
_PASSING = ("array", "asarray", "ascontiguousarray", "asfortranarray", "require")
# Arrays as large as this are made anew rather than copied, so that no memory is touched for them;
# or else, past the second size, stay plain: a test that fills the memory has no room for a copy.
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
    passing, zero = name in _PASSING, name in ("zeros", "zeros_like")
    blank = zero or name in ("empty", "empty_like")

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
        flags, base, dtype = made.flags, made.base, made.dtype
        if passing and type(base) is DynamicArray and dtype is base.dtype and _same(made, base):
            wanted = args[1] if len(args) > 1 else kwargs.get("dtype")
            another = wanted is not None and np.dtype(wanted) is not dtype  # though an equal one
            return base.view(wanted) if another else base
        if base is not None:  # np.linspace returns a view of what it has made
            if type(base) is not np.ndarray or sys.getrefcount(base) > _NEW + 1:
                return made
        if not (flags if base is None else base.flags).owndata:
            return made
        # Copies of strings of no width have width 1, in NumPy as well.
        if not flags.writeable or not flags.forc or (dtype.kind in "SU" and not dtype.itemsize):
            return made
        if blank and made.nbytes >= _LARGE_BYTES and not dtype.hasobject:
            return _remember(new(DynamicArray, made.shape, dtype, fortran=flags.fnc, zeroed=zero))
        if made.nbytes >= _HUGE_BYTES:
            return made
        return _remember(new_copy(DynamicArray, made, order="K"))

    return create


def _same(view, array):
    return view.__array_interface__ == array.__array_interface__


_functions = {name: getattr(np, name) for name in CREATION_FUNCTIONS}
_creating = {id(function): _swapping(function, name) for name, function in _functions.items()}


def _swapped(function):
    """What a test module calls in place of `function`."""
    if type(function) is functools.partial and id(function.func) in _creating:
        return functools.partial(_swapped(function.func), *function.args, **function.keywords)
    return _creating.get(id(function), function)


def _class(value):
    """What a test module reads in place of ``value.__class__``."""
    return np.ndarray if id(value) in _living else value.__class__


# map(np.array, ...) calls from C, where nothing stands in the source.
_creating[id(map)] = lambda function, *iterables: map(_swapped(function), *iterables)
_creating[id(type)] = lambda value: np.ndarray if id(value) in _living else type(value)


def _call(name, argument):
    where = {attribute: getattr(argument, attribute) for attribute in argument._attributes}
    return ast.Call(ast.Name(name, ast.Load(), **where), [argument], [], **where)


class _Calls(ast.NodeTransformer):
    """Makes ``f(x)`` into ``swapped(f)(x)``, unseen in messages and line numbers."""

    def visit_Call(self, node):
        self.generic_visit(node)
        if getattr(node.func, "id", "") != "type" or len(node.args) == 1:  # others make classes
            node.func = _call("@swapped", node.func)
        return node

    def visit_Attribute(self, node):
        self.generic_visit(node)
        reads_class = node.attr == "__class__" and isinstance(node.ctx, ast.Load)
        return _call("@class", node.value) if reads_class else node


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
        vars(module).update({"@swapped": _swapped, "@class": _class})  # no names of its own
        super().exec_module(module)


class _Finder:
    """Gives test modules another loader; others are found as always."""

    def __init__(self, config):
        self.config = config

    def find_spec(self, name, path=None, target=None):
        filename = name.rpartition(".")[2] + ".py"
        if not any(fnmatch.fnmatch(filename, each) for each in self.config.getini("python_files")):
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        specs = (finder.find_spec(name, path, target) for finder in others)
        spec = next((spec for spec in specs if spec is not None), None)
        if spec is not None and spec.has_location and spec.origin.endswith(".py"):
            # pytest's own function, where pytest would have rewritten the module.
            rewrite = sys.modules.get(type(spec.loader).__module__)
            spec.loader = _Loader(name, spec.origin)
            spec.loader.config = self.config
            spec.loader.rewrite_asserts = getattr(rewrite, "rewrite_asserts", None)
        return spec


class _Known:
    """An entry of the list of known failures."""

    def __init__(self, line):
        self.pattern, _, self.reason = (part.strip() for part in line.partition("#"))
        if not self.reason:
            raise pytest.UsageError(f"--cppdynarray-known: no reason given for {self.pattern}")
        self.glob = "*/" + self.pattern.replace("[", "[[]")
        self.outcomes = set()

    def matches(self, test):
        name = test if "[" in self.pattern else test.partition("[")[0]
        return fnmatch.fnmatchcase(name, self.glob)


_reprlib_repr_array = reprlib.Repr.repr_array


def _repr_array(self, value, level):
    # Python 3.11 takes whatever calls itself "array" for an array.array, in pytest's messages.
    if isinstance(value, np.ndarray):
        return self.repr_instance(value, level)
    return _reprlib_repr_array(self, value, level)


class _Plugin:
    def __init__(self, config):
        self.config = config
        path = config.getoption("cppdynarray_known")
        lines = pathlib.Path(path).read_text("utf-8").splitlines() if path else ()
        self.known = [_Known(line) for line in lines if line.strip() and not line.startswith("#")]
        self.outcomes = {}
        self.in_workers = 0
        self.finder, self.name = _Finder(config), DynamicArray.__name__
        if not config.getoption("cppdynarray_plain"):
            sys.meta_path.insert(0, self.finder)
            DynamicArray.__name__ = "array"
            reprlib.Repr.repr_array = _repr_array

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
        test = getattr(report, "cppdynarray_id", None)  # a worker that crashed doesn't say it
        test = test or (self.config.rootpath / report.nodeid).as_posix()
        outcome = "xfailed" if report.skipped and hasattr(report, "wasxfail") else report.outcome
        if report.when != "call" and outcome == "passed":
            return
        self.outcomes[test] = outcome
        for entry in self.known:
            if entry.pattern == getattr(report, "cppdynarray_known", None):
                entry.outcomes.add(outcome)

    def pytest_collectreport(self, report):
        if report.failed:
            self.outcomes[(self.config.rootpath / report.nodeid).as_posix()] = "failed"

    def stale(self):
        passing = [entry for entry in self.known if "passed" in entry.outcomes]
        return [entry.pattern for entry in passing if "xfailed" not in entry.outcomes]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session):
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput["cppdynarray_swapped"] = swapped
            return
        path = self.config.getoption("cppdynarray_record")
        if path:
            lines = [f"{outcome} {test}\n" for test, outcome in sorted(self.outcomes.items())]
            lines += [f"stale {pattern}\n" for pattern in self.stale()]
            pathlib.Path(path).write_text("".join(lines), "utf-8")
        if self.stale() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node):
        self.in_workers += getattr(node, "workeroutput", {}).get("cppdynarray_swapped", 0)

    def pytest_terminal_summary(self, terminalreporter):
        for pattern in self.stale():
            message = f"cppdynarray: passes, but is listed as known to fail: {pattern}"
            terminalreporter.write_line(message, red=True)
        count = swapped + self.in_workers
        terminalreporter.write_line(f"cppdynarray: {count} arrays were DynamicArrays")

    def pytest_unconfigure(self):
        DynamicArray.__name__ = self.name
        reprlib.Repr.repr_array = _reprlib_repr_array
        if self.finder in sys.meta_path:
            sys.meta_path.remove(self.finder)


def pytest_addoption(parser):
    group = parser.getgroup("cppdynarray", "DynamicArrays in place of NumPy's arrays")
    group.addoption("--cppdynarray-known", metavar="FILE", help="tests that are known to fail")
    group.addoption("--cppdynarray-record", metavar="FILE", help="write the outcome of every test")
    group.addoption("--cppdynarray-plain", action="store_true", help="swap nothing")


def pytest_configure(config):
    config.pluginmanager.register(_Plugin(config), "cppdynarray-swap")
