"""
A growing array at work: ``python3 -m cppdynarray [DIRECTORY] [--plot FILE.png]``.

Walks a directory and appends a record for every file to one `DynamicArray`, which NumPy reads
while it grows.
"""

from __future__ import annotations

import argparse
import os
import sys
import sysconfig

from cppdynarray import DynamicArray, __version__
from cppdynarray.demo.compare import compare
from cppdynarray.demo.records import RECORD, walk
from cppdynarray.demo.text import Progress, printable, report, write

INTERRUPTED = 130


def parse(argv):
    """The arguments; what can't work ends the program here, before the walk."""
    parser = argparse.ArgumentParser(
        prog="python3 -m cppdynarray",
        description="Stream a record for every file below a directory into one growing array, "
        "and let NumPy read it meanwhile.",
    )
    parser.add_argument(
        "directory", nargs="?", default=sysconfig.get_path("stdlib"), metavar="DIRECTORY",
        help="where to start (default: Python's library, %(default)s)",
    )
    parser.add_argument("--plot", metavar="FILE.png", help="draw a picture too (needs Matplotlib)")
    parser.add_argument("--version", action="version", version=f"cppdynarray {__version__}")
    arguments = parser.parse_args(argv)

    def fail(reason):
        parser.exit(2, f"{parser.prog}: error: {reason}\n")

    if not os.path.isdir(arguments.directory):
        fail(f"not a directory: {printable(arguments.directory)}")
    if arguments.plot is not None:
        folder = os.path.dirname(arguments.plot) or "."
        if not arguments.plot.endswith(".png"):
            fail(f"--plot makes a .png file, not {printable(arguments.plot)}")
        if not os.path.isdir(folder):
            fail(f"no directory for the picture: {printable(folder)}")
        try:
            import matplotlib  # noqa: F401
        except ImportError:
            fail("--plot needs Matplotlib: pip install matplotlib")
    return arguments


def main(argv=None):
    """
    Run the program.

    Parameters
    ----------
    argv : list of str, optional
        The arguments, by default those of the command line.

    Returns
    -------
    int
        The exit code: 0; 1 if the picture could not be written; 130 after Ctrl-C.
    """
    arguments = parse(argv)
    records = DynamicArray(dtype=RECORD)
    start = records.ctypes.data
    first = records[:0]
    skipped = []
    stopped = False
    progress = Progress(sys.stderr)
    try:
        for record in walk(arguments.directory, skipped):
            records.append(record)
            if len(first) == 0:
                first = records[:1]
            progress.show(records)
    except KeyboardInterrupt:
        stopped = True
    progress.finish()
    if stopped:
        write("stopped by Ctrl-C: the report is about the files until then\n", sys.stderr)

    costs = compare(records) if len(records) else None
    text = report(arguments.directory, records, start, first, skipped, progress, costs, stopped)
    write(text, sys.stdout)
    if arguments.plot is not None:
        from cppdynarray.demo.plot import draw

        try:
            draw(records, arguments.directory, arguments.plot)
        except OSError as error:
            write(f"the picture could not be written: {error}\n", sys.stderr)
            return 1
        write(f"\npicture    {printable(arguments.plot)}\n", sys.stdout)
    return INTERRUPTED if stopped else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output has enough of it; Python would complain when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
