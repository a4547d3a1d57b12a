"""The preference that says whether new arrays of Brian2's runtime device are of ours."""

from contextlib import contextmanager

from brian2.core.preferences import BrianPreference, prefs

__all__ = ["disable", "enable", "enabled"]

CATEGORY = "cppdynarray"
NAME = f"{CATEGORY}.enabled"
# The files that Brian2 reads while it is imported may name what it doesn't know yet only like this.
IN_FILES = f"devices.{CATEGORY}"


def register():
    """Make the preference known, with the value that a file or the user gave before."""
    if CATEGORY in prefs.pref_register:  # Brian2 raises if a category comes twice
        return
    preference = BrianPreference(
        default=False, docs="Whether the dynamic arrays that are made from now on are cppdynarray's."
    )
    prefs.register_preferences(CATEGORY, "Arrays that grow in place", enabled=preference)
    if f"{IN_FILES}.enabled" in prefs.prefs_unvalidated:
        prefs.register_preferences(IN_FILES, f"What {NAME} is at the start", enabled=preference)
        prefs[NAME] = prefs[f"{IN_FILES}.enabled"]


def is_enabled():
    return prefs[NAME]


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


@contextmanager
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
    before = is_enabled()
    prefs[NAME] = value
    try:
        yield
    finally:
        prefs[NAME] = before
