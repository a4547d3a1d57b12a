"""
Brian2's code objects as plain C++: compiled together, called through a table of pointers, many steps at a time.

`enable` turns it on, and Brian2's dynamic arrays become cppdynarray's with it. What can't be made so is left to Cython;
`report` says what that is.
"""

import re

import brian2
from brian2.core.preferences import prefs

from cppdynarray.brian2 import preference as _preference
from cppdynarray.brian2.direct.reporting import Report, report

__all__ = ["Report", "disable", "enable", "enabled", "report"]

OLDEST = 2, 11


def is_supported():
    """Whether this Brian2 is as new as what this was written for."""
    return tuple(map(int, re.findall(r"\d+", brian2.__version__)[:2])) >= OLDEST


def check_version():
    """ImportError that says so if it is not."""
    if not is_supported():
        raise ImportError(
            f"cppdynarray.brian2.direct needs Brian2 {OLDEST[0]}.{OLDEST[1]} or newer, for Python 3.13 or newer; "
            f"this is Brian2 {brian2.__version__}"
        )


def enable():
    """
    Let Brian2 make code objects of plain C++ from now on.

    They work on arrays of cppdynarray's alone, which are made from now on too; so this belongs before the objects of a
    network are made. The same as ``prefs["cppdynarray.direct"] = True``, but where `cppdynarray.brian2.disable` was
    called it is taken back.

    Raises
    ------
    ImportError
        If Brian2 is older than 2.11.

    Examples
    --------
    >>> import cppdynarray.brian2
    >>> cppdynarray.brian2.direct.enable()
    >>> cppdynarray.brian2.direct.disable()
    """
    check_version()
    prefs[_preference.DIRECT] = True
    if not prefs[_preference.NAME]:
        prefs[_preference.NAME] = None


def disable():
    """
    Let Brian2 make its code objects itself from now on.

    Examples
    --------
    >>> import cppdynarray.brian2
    >>> cppdynarray.brian2.direct.disable()
    """
    prefs[_preference.DIRECT] = False


def enabled(value=True):
    """
    Enable, or disable, for the duration of a ``with`` block.

    Parameters
    ----------
    value : bool, optional
        What the preference is in the block.

    Examples
    --------
    >>> import cppdynarray.brian2
    >>> with cppdynarray.brian2.direct.enabled():
    ...     pass  # networks that run here
    """
    if value:
        check_version()
    return _preference.set_to(_preference.DIRECT, value)
