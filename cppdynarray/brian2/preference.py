"""The preference that says whether new arrays of Brian2's runtime device are of ours."""

from contextlib import contextmanager

from brian2.core.preferences import BrianPreference, prefs

__all__ = ["disable", "enable", "enabled"]

CATEGORY = "cppdynarray"
NAME = f"{CATEGORY}.enabled"
DIRECT = f"{CATEGORY}.direct"
CACHE_DIR = f"{CATEGORY}.cache_dir"
# The files that Brian2 reads while it is imported may name what it doesn't know yet only like this.
IN_FILES = f"devices.{CATEGORY}"


def register():
    """Make the preference known, with the value that a file or the user gave before."""
    if CATEGORY in prefs.pref_register:  # Brian2 raises if a category comes twice
        return
    preference = BrianPreference(
        default=None,
        validator=lambda value: value is None or isinstance(value, bool),
        docs="Whether the dynamic arrays that are made from now on are cppdynarray's. None: if code is made directly.",
    )
    direct = BrianPreference(
        default=False,
        docs="Whether the code objects that are made from now on are plain C++, where cppdynarray can make them so.",
    )
    cache_dir = BrianPreference(
        default=None,
        validator=lambda value: value is None or isinstance(value, str),
        docs="Where the libraries of such code are kept. By default a folder in the user's cache directory.",
    )
    all_preferences = {"enabled": preference, "direct": direct, "cache_dir": cache_dir}
    prefs.register_preferences(CATEGORY, "Arrays that grow in place", **all_preferences)
    in_files = {name: each for name, each in all_preferences.items() if f"{IN_FILES}.{name}" in prefs.prefs_unvalidated}
    if in_files:
        prefs.register_preferences(IN_FILES, f"What the preferences of {CATEGORY} are at the start", **in_files)
        for name in in_files:
            prefs[f"{CATEGORY}.{name}"] = prefs[f"{IN_FILES}.{name}"]


@contextmanager
def set_to(name, value):
    """A preference is `value` in a ``with`` block, and what it was before afterwards."""
    before = prefs[name]
    prefs[name] = value
    try:
        yield
    finally:
        prefs[name] = before


def is_enabled():
    return prefs[DIRECT] if prefs[NAME] is None else prefs[NAME]


def makes_code_directly():
    return prefs[DIRECT]


def enable():
    """
    Let Brian2 make its dynamic arrays of cppdynarray's from now on.

    Arrays that exist stay as they are. The same as ``prefs["cppdynarray.enabled"] = True``.

    Examples
    --------
    >>> import cppdynarray.brian2
    >>> cppdynarray.brian2.enable()
    >>> cppdynarray.brian2.disable()
    """
    prefs[NAME] = True


def disable():
    """
    Let Brian2 make its dynamic arrays itself from now on.

    Arrays that exist stay as they are, and networks that hold some of ours still run.

    Examples
    --------
    >>> import cppdynarray.brian2
    >>> cppdynarray.brian2.disable()
    """
    prefs[NAME] = False


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
    >>> with cppdynarray.brian2.enabled():
    ...     pass  # Monitors, Synapses, ... that are made here
    """
    return set_to(NAME, value)
