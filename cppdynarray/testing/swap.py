"""
A pytest plugin that runs somebody else's test suite on DynamicArrays.

``pytest -p cppdynarray.testing.swap --pyargs numpy.linalg`` runs the tests of ``numpy.linalg``, but
every array that a test module creates by calling one of NumPy's creation functions is a
DynamicArray, and a line at the end says how many there were. The tests, NumPy and all other
modules stay as they are: the calls are caught where they stand in the test module's source.

What a creation function doesn't create stays as it is: an argument that it returns, a view of
memory that belongs to another object, an array of another class. So does what no DynamicArray
can be: an array in neither C nor Fortran order, or of strings without width.
"""

import ast
import fnmatch
import functools
import importlib.machinery
import sys

import numpy as np
import pytest
from _pytest.assertion.rewrite import AssertionRewritingHook, rewrite_asserts

import cppdynarray as cda

CREATION_FUNCTIONS = (
    "arange", "array", "asanyarray", "asarray", "ascontiguousarray", "asfortranarray", "copy",
    "diag", "diagflat", "empty", "empty_like", "eye", "from_dlpack", "frombuffer", "fromfile",
    "fromfunction", "fromiter", "fromregex", "fromstring", "full", "full_like", "genfromtxt",
    "geomspace", "identity", "indices", "linspace", "load", "loadtxt", "logspace", "meshgrid", "ndarray",
    "ones", "ones_like", "require", "tri", "tril", "triu", "vander", "zeros", "zeros_like",
)
# Whether elements are zero (True) or anything (False): a copy would touch all the memory.
BLANK = {"empty": False, "empty_like": False, "ndarray": False, "zeros": True, "zeros_like": True}

swapped = 0  # how many arrays, in this process


def _references(array):
    return sys.getrefcount(array)


_REFERENCES_TO_NEW = _references(np.empty(0))


def _own(made, zeroed):
    """
    What a creation function returned, as a DynamicArray if it has just been created.

    `zeroed` says whether its elements are zero (True), anything (False) or to be copied (None).
    """
    global swapped
    if sys.getrefcount(made) > _REFERENCES_TO_NEW:
        return made
    if type(made) not in (np.ndarray, cda.DynamicArray):
        return made
    base = made.base
    if type(base) is cda.DynamicArray:
        return base if _is_whole(made, base) else made
    if base is not None:  # np.linspace and others return a view of the array that they made
        if type(base) is not np.ndarray or sys.getrefcount(base) > _REFERENCES_TO_NEW + 1:
            return made
    flags, dtype = made.flags, made.dtype
    owner = flags.owndata if base is None else base.flags.owndata
    without_width = dtype.kind in "SU" and not dtype.itemsize  # copies have one, NumPy's as well
    if not (owner and flags.forc and flags.writeable) or without_width:
        return made
    swapped += 1
    if zeroed is None:
        return cda.array(made)
    create = cda.zeros if zeroed else cda.empty
    return create(made.shape, dtype, "F" if flags.fnc else "C")


def _is_whole(view, array):
    """Whether a function that returns its argument if it fits, and a view of subclasses, did so."""
    return view.dtype is array.dtype and view.__array_interface__ == array.__array_interface__


def _swapping(function, zeroed):
    @functools.wraps(function)
    def create(*args, **kwargs):
        __tracebackhide__ = True
        made = function(*args, **kwargs)
        several = type(made) if type(made) in (list, tuple) else None
        items = [made] if several is None else list(made)
        del made  # a reference more would look like somebody else's
        items = [_own(items.pop(0), zeroed) for _ in range(len(items))]
        return items[0] if several is None else several(items)

    return create


_creating = {
    id(function): _swapping(function, BLANK.get(name))
    for name, function in ((name, getattr(np, name)) for name in CREATION_FUNCTIONS)
}


def _swapped(function):
    """What a test module calls in place of `function`."""
    if type(function) is functools.partial and id(function.func) in _creating:
        return functools.partial(_swapped(function.func), *function.args, **function.keywords)
    return _creating.get(id(function), function)


# map(np.array, ...) calls from C, where nothing stands in the source.
_creating[id(map)] = lambda function, *iterables: map(_swapped(function), *iterables)


class _Calls(ast.NodeTransformer):
    """Makes ``f(x)`` into ``swapped(f)(x)``, unseen in messages and line numbers."""

    def visit_Call(self, node):
        self.generic_visit(node)
        where = {name: getattr(node.func, name) for name in node.func._attributes}
        name = ast.Name("@swapped", ast.Load(), **where)  # no name that a source can have
        node.func = ast.Call(name, [node.func], [], **where)
        return node


class _Loader(importlib.machinery.SourceFileLoader):
    """Compiles test modules anew, without bytecode from or for other runs."""

    def __init__(self, name, path, pytest_config):
        super().__init__(name, path)
        self.pytest_config = pytest_config  # None: assertions aren't rewritten

    def get_code(self, fullname):
        source = self.get_data(self.path)
        tree = ast.parse(source, self.path)
        if self.pytest_config is not None:
            rewrite_asserts(tree, source, self.path, self.pytest_config)
        return compile(_Calls().visit(tree), self.path, "exec", dont_inherit=True)

    def exec_module(self, module):
        vars(module)["@swapped"] = _swapped
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
            rewrites = isinstance(spec.loader, AssertionRewritingHook)
            spec.loader = _Loader(name, spec.origin, self.config if rewrites else None)
        return spec


class _Plugin:
    def __init__(self, config):
        self.in_workers = 0
        self.finder = _Finder(config)
        sys.meta_path.insert(0, self.finder)

    def count(self):
        """How many arrays were swapped, in this process and in the workers of pytest-xdist."""
        return swapped + self.in_workers

    def pytest_sessionfinish(self, session):
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["cppdynarray_swapped"] = swapped

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node):
        self.in_workers += getattr(node, "workeroutput", {}).get("cppdynarray_swapped", 0)

    def pytest_terminal_summary(self, terminalreporter):
        terminalreporter.write_line(f"cppdynarray: {self.count()} arrays were DynamicArrays")

    def pytest_unconfigure(self):
        sys.meta_path.remove(self.finder)


def pytest_configure(config):
    config.pluginmanager.register(_Plugin(config), "cppdynarray-swap")
