"""
A growing array at work: ``python3 -m cppdynarray [DIRECTORY] [--save FILE.npy]``.

Walks a directory and appends a record for every file to one `DynamicArray`, which NumPy reads
while it grows. With ``--save`` that is an array on a file, and another run goes on from there.
"""

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
    parser.add_argument("--version", action="version", version=f"cppdynarray {__version__}")
    arguments = parser.parse_args(argv)

    def fail(reason):
        parser.exit(2, f"{parser.prog}: error: {reason}\n")

    if not os.path.isdir(arguments.directory):
        fail(f"not a directory: {printable(arguments.directory)}")
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
    """Run the program; the exit code: 0, 1 if the file could not be written, 130 after Ctrl-C."""
    arguments = parse(argv)
    if arguments.save is None:
        return stream(arguments, arguments.records)
    with arguments.records as records:
        return stream(arguments, records)


def stream(arguments, records):
    """Walk, append and report; the exit code."""
    start, earlier, first = records.ctypes.data, len(records), records[:1]
    skipped = []
    code = 0
    progress = Progress(sys.stderr)
    files = walk(arguments.directory, skipped)
    try:
        for record in without(files, records) if earlier else files:
            records.append(record)
            if len(first) == 0:
                first = records[:1]
            progress.show(records)
    except KeyboardInterrupt:
        code, reason = INTERRUPTED, "stopped by Ctrl-C: the report is about the files until then"
    except OSError as error:  # the walk has none: a full disk
        code, reason = 1, f"the file can't grow: {error.strerror}; the report is about what is in it"
    progress.finish()
    if code != 0:
        write(f"{reason}\n", sys.stderr)
    costs = compare(records) if len(records) else None
    stopped = code == INTERRUPTED
    write(report(arguments.directory, records, start, first, skipped, progress, costs, stopped), sys.stdout)
    if arguments.save is not None:
        before = f", {earlier:,} of them by earlier runs" if earlier else ""
        write(f"\nsaved      {printable(records.filename)}: {len(records):,} records{before}\n", sys.stdout)
    return code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output has enough of it; Python would complain when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
