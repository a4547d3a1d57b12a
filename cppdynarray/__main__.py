"""
A growing array at work: ``python3 -m cppdynarray [DIRECTORY] [--save FILE.npy] [--plot FILE.png]``.

Walks a directory and appends a record for every file to one `DynamicArray`, which NumPy reads
while it grows. With ``--save`` that is an array on a file, and another run goes on from there.
"""

from __future__ import annotations

import argparse
import os
import sys
import sysconfig

from cppdynarray import DynamicArray, __version__, open_memmap
from cppdynarray.demo.compare import compare
from cppdynarray.demo.records import RECORD, walk, without
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
    parser.add_argument(
        "--save", metavar="FILE.npy",
        help="keep the records in a file, which any NumPy loads. Run again, also after it was killed, it goes on "
        "from there: files whose record is there are not taken again",
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
    arguments.records = DynamicArray(dtype=RECORD)
    if arguments.save is not None:
        try:
            arguments.records = open_memmap(arguments.save, "a", RECORD)
        except OSError as error:
            fail(f"--save {printable(arguments.save)}: {error.strerror}")
        except (ValueError, NotImplementedError) as error:
            fail(f"--save: {error}")
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
        The exit code: 0; 1 if the picture or the file could not be written; 130 after Ctrl-C.
    """
    arguments = parse(argv)
    if arguments.save is None:
        return stream(arguments, arguments.records)
    with arguments.records as records:
        return stream(arguments, records)


def stream(arguments, records):
    """Walk, append and report; the exit code."""
    start = records.ctypes.data
    earlier = len(records)
    first = records[:1]
    skipped = []
    stopped = False
    failure = None
    progress = Progress(sys.stderr)
    files = walk(arguments.directory, skipped)
    try:
        for record in without(files, records) if earlier else files:
            records.append(record)
            if len(first) == 0:
                first = records[:1]
            progress.show(records)
    except KeyboardInterrupt:
        stopped = True
    except OSError as error:  # the walk has none: a full disk
        failure = error.strerror
    progress.finish()
    if failure is not None:
        write(f"the file can't grow: {failure}; the report is about what is in it\n", sys.stderr)
    if stopped:
        write("stopped by Ctrl-C: the report is about the files until then\n", sys.stderr)

    costs = compare(records) if len(records) else None
    text = report(arguments.directory, records, start, first, skipped, progress, costs, stopped)
    write(text, sys.stdout)
    if arguments.save is not None:
        before = f", {earlier:,} of them by earlier runs" if earlier else ""
        write(f"\nsaved      {printable(records.filename)}: {len(records):,} records{before}\n", sys.stdout)
    if arguments.plot is not None:
        from cppdynarray.demo.plot import draw

        try:
            draw(records, arguments.directory, arguments.plot)
        except OSError as error:
            write(f"the picture could not be written: {error}\n", sys.stderr)
            return 1
        write(f"\npicture    {printable(arguments.plot)}\n", sys.stdout)
    return INTERRUPTED if stopped else 1 if failure is not None else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output has enough of it; Python would complain when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
