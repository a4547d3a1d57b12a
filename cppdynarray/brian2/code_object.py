"""Brian2's compiled code on our arrays: its own Cython code objects, built with our ``dynamic_array.h``."""

import functools
import re
from types import SimpleNamespace

import brian2
from brian2.codegen.runtime.cython_rt import CythonCodeObject
from brian2.devices.device import RuntimeDevice

import cppdynarray as cda
from cppdynarray.brian2 import header
from cppdynarray.brian2.arrays import DynamicArray

__all__ = ["COMPILED_CODE_TAKES_CAPSULES", "code_object_class"]

# Older versions have no C++ arrays: what they compile reaches any array through Python.
COMPILED_CODE_TAKES_CAPSULES = hasattr(RuntimeDevice, "get_capsule")

_CAPSULE_NAME = re.compile(r'(?<=, ")DynamicArray([12])D(?="\))')


def _with_our_capsules(code):
    """The same blocks of code, taking capsules of ours."""
    blocks, changes = {}, 0
    for name, text in code.items():
        text, count = _CAPSULE_NAME.subn(lambda match: header.capsule_name(int(match[1])), text)
        blocks[name] = functools.partial(str, text)
        changes += count
    if not changes:
        raise RuntimeError(
            f"Brian2 {brian2.__version__} reaches dynamic arrays by other ways than cppdynarray.brian2 knows: "
            "use the numpy target, or make them with cppdynarray.brian2 disabled"
        )
    return type(code)(SimpleNamespace(**blocks))


@functools.cache
def _on_our_header(codeobj_class):
    class OnOurHeader(codeobj_class):
        """
        Makes code objects of Brian2's own class, for our arrays.

        None of a class of their own: Python runs the steps of a network faster that meet objects of one class.
        """

        def __new__(cls, owner, code, *args, **kwargs):
            made = codeobj_class(owner, _with_our_capsules(code), *args, **kwargs)
            # The first directory that has a dynamic_array.h wins.
            made.include_dirs = [header.directory(), cda.get_include(), *made.include_dirs]
            return made

    return OnOurHeader


def code_object_class(codeobj_class, arrays):
    """
    The class for code that works on these dynamic arrays.

    Parameters
    ----------
    codeobj_class : type
        The class that Brian2 chose.
    arrays : dict
        Brian2's or our dynamic arrays, by the names of their variables.

    Raises
    ------
    ValueError
        For compiled code on arrays of both kinds: one header can't serve them.
    """
    if not (COMPILED_CODE_TAKES_CAPSULES and issubclass(codeobj_class, CythonCodeObject)):
        return codeobj_class
    ours = sorted(name for name, array in arrays.items() if isinstance(array, DynamicArray))
    if not ours:
        return codeobj_class
    if len(ours) < len(arrays):
        others = sorted(arrays.keys() - set(ours))
        raise ValueError(
            f"compiled code can't work on arrays of cppdynarray ({', '.join(ours)}) and of Brian2 "
            f"({', '.join(others)}) together: make the objects that it uses all with cppdynarray enabled, or none"
        )
    return _on_our_header(codeobj_class)
