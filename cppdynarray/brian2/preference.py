"""The preference that says whether new arrays of Brian2's runtime device are of ours."""

from contextlib import contextmanager

from brian2.core.preferences import BrianPreference, prefs

__all__ = ["disable", "enable", "enabled"]

CATEGORY = "cppdynarray"
NAME = f"{CATEGORY}.enabled"


def register():
    """Make the preference known; a value that a file or the user gave before is kept."""
    if CATEGORY not in prefs.pref_register:  # Brian2 raises if a category comes twice
        prefs.register_preferences(
            CATEGORY,
            "Arrays that grow in place",
            enabled=BrianPreference(
                default=False,
                docs="Whether the dynamic arrays that are made from now on are cppdynarray's.",
            ),
        )


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
