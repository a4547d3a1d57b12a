"""What the documentation has: public names with docstrings, pages, and the code in them."""

import importlib
import pkgutil
import re
import textwrap
from pathlib import Path

import numpy as np

import cppdynarray as cda

ROOT = Path(__file__).parents[2]
# What methods of ndarray that NumPy documents give instead of a docstring of ours.
CLASSES = (cda.DynamicArray.__base__, cda.DynamicArray, cda.RollingArray)
FORWARDED = {
    name
    for cls in CLASSES
    for name, value in vars(cls).items()
    if hasattr(np.ndarray, name) and getattr(value, "__doc__", None) == getattr(np.ndarray, name).__doc__
}


def modules():
    names = [name for _, name, _ in pkgutil.iter_modules(cda.__path__) if not name.startswith("__")]
    found = [cda]
    for name in names:
        try:
            found.append(importlib.import_module(f"cppdynarray.{name}"))
        except ImportError as error:  # each for its own users
            assert error.name in ("brian2", "matplotlib", "numba", "pytest"), error
    return found


def is_ours(value):
    return (getattr(value, "__module__", None) or "").startswith("cppdynarray")


def documented():
    """The qualified names of all that has a docstring of ours, and the docstrings."""
    found = {}
    for module in modules():
        if module.__doc__:
            found[module.__name__] = module.__doc__
        for name, value in vars(module).items():
            if callable(value) and is_ours(value) and value.__doc__ and not isinstance(value, type):
                found[f"{value.__module__}.{name}"] = value.__doc__
    for cls in CLASSES:
        if cls.__doc__:
            found[f"cppdynarray.{cls.__name__}"] = cls.__doc__
        for name, value in vars(cls).items():
            doc = getattr(value, "__doc__", None)
            if doc and name not in FORWARDED and name != "__doc__" and not isinstance(value, type):
                found[f"cppdynarray.{cls.__name__}.{name}"] = doc
    return found


DOCUMENTED = documented()


def code_blocks(text, language="python"):
    return [
        textwrap.dedent(block)
        for block in re.findall(rf"^ *```{language}\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    ]


PAGES = [
    ROOT / "README.md",
    *(path for path in sorted((ROOT / "docs").glob("**/*.md")) if "_build" not in path.parts),
]
LIBRARIES_PAGE = ROOT / "docs" / "libraries.md"
