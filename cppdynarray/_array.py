"""What pickles name: older ones have the function that makes their arrays here."""

from cppdynarray._core._array import rebuild  # noqa: F401
