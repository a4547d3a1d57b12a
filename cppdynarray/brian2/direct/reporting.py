"""What became of code objects: kept here for `report`."""

from collections import deque
from dataclasses import dataclass

__all__ = ["Compilation", "Report", "record"]

KEPT = 10_000  # code objects and compilations; older ones are only counted


@dataclass(frozen=True)
class Compilation:
    """One run of the compiler."""

    names: tuple
    """The code objects whose functions were missing."""
    seconds: float
    """How long it took."""
    source_bytes: int
    """The size of the C++."""
    library_bytes: int
    """The size of the library."""


class Record:
    def __init__(self):
        self.clear()

    def clear(self):
        self.native = deque(maxlen=KEPT)
        self.fallbacks = deque(maxlen=KEPT)
        self.compilations = deque(maxlen=KEPT)
        self.no_compiler = False
        self.native_count = self.fallback_count = self.found = self.fused_steps = 0

    def made(self, name):
        self.native.append(name)
        self.native_count += 1

    def fell_back(self, name, template, reason, was_native=False):
        if was_native:
            self.native_count -= 1
            if name in self.native:
                self.native.remove(name)
        self.fallbacks.append((name, template, reason))
        self.fallback_count += 1


record = Record()


@dataclass(frozen=True)
class Report:
    """
    What runs natively, what doesn't, and what was compiled. Its ``str`` is a table.

    The lists hold the newest 10,000 of each.

    Examples
    --------
    >>> import cppdynarray.brian2
    >>> report = cppdynarray.brian2.direct.report()
    >>> isinstance(report, cppdynarray.brian2.direct.Report)
    True
    >>> print(report)  # doctest: +SKIP
    native: 4 code objects; steps without Python: 300
    compiled: 4 functions in 1 libraries, 0.61 s; found compiled: 0
    left to Brian2: 0 code objects
    """

    native: tuple
    """Names of the code objects that are plain C++."""
    fallbacks: tuple
    """``(name, template, reason)`` of those that Cython, or NumPy, runs."""
    compilations: tuple
    """The runs of the compiler."""
    native_count: int
    """How many ran natively, older ones included."""
    fallback_count: int
    """How many didn't, older ones included."""
    found: int
    """How many functions were found compiled."""
    fused_steps: int
    """How many time steps were made without Python."""
    no_compiler: bool = False
    """Whether a C++ compiler was missing."""

    def __str__(self):
        seconds = sum(each.seconds for each in self.compilations)
        functions = sum(len(each.names) for each in self.compilations)
        lines = [
            f"native: {self.native_count} code objects; steps without Python: {self.fused_steps}",
            f"compiled: {functions} functions in {len(self.compilations)} libraries, {seconds:.2f} s; "
            f"found compiled: {self.found}",
            f"left to Brian2: {self.fallback_count} code objects",
        ]
        if self.no_compiler:
            lines.append("there is no C++ compiler")
        lines += [f"  {name} ({template}): {reason}" for name, template, reason in self.fallbacks]
        return "\n".join(lines)


def report():
    """
    Which code objects run natively, which were left to Cython and why, and what was compiled.

    Returns
    -------
    Report
        Of this process so far.

    Examples
    --------
    >>> import cppdynarray.brian2
    >>> report = cppdynarray.brian2.direct.report()
    >>> len(report.native) == report.native_count  # until there are more than are kept
    True
    >>> [reason for name, template, reason in report.fallbacks]  # doctest: +SKIP
    ['runs as NumpyCodeObject']
    """
    return Report(
        tuple(record.native), tuple(record.fallbacks), tuple(record.compilations), record.native_count,
        record.fallback_count, record.found, record.fused_steps, record.no_compiler,
    )
