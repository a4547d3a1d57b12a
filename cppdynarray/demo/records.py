"""Files as a stream of records, and what NumPy says about the records so far."""

import os
import stat
from collections import Counter

import numpy as np

RECORD = np.dtype([("size", "i8"), ("modified", "M8[s]"), ("depth", "i8")])

QUANTILES = {"median": 0.5, "90 %": 0.9, "99 %": 0.99, "max": 1.0}


def walk(directory, skipped):
    """Yield size, time of modification and depth of every file below a directory, as it is found.

    Links to files count as the files they point to; links to directories are not followed, so there are no
    cycles. `skipped` gets path and reason of everything that can't be read.
    """
    pending = [(directory, 0)]
    while pending:
        path, depth = pending.pop()
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    try:
                        if entry.is_dir(follow_symlinks=False):
                            pending.append((entry.path, depth + 1))
                        elif not entry.is_dir():
                            status = entry.stat()
                            if stat.S_ISREG(status.st_mode):
                                yield status.st_size, status[stat.ST_MTIME], depth
                    except OSError as error:
                        skipped.append((entry.path, error.strerror))
        except OSError as error:
            skipped.append((path, error.strerror))


def replay(records):
    """Yield records again, one at a time, as new tuples of plain ints."""
    plain = records.view([(name, "i8") for name in records.dtype.names])
    for start in range(0, len(plain), 1000):
        yield from plain[start : start + 1000].tolist()


def without(stream, records):
    """Leave out of a stream what is in `records`, from an earlier run; two equal ones stand for two files."""
    known = Counter(replay(records[:]))
    for record in stream:
        if known.get(record, 0):
            known[record] -= 1
        else:
            yield record


def total_bytes(records):
    """The sum of all sizes, where sparse files may claim more than there can be."""
    return records["size"].sum(dtype=float)


def size_histogram(records):
    """How many files are empty, and then have at least 2**(k - 1) and less than 2**k bytes."""
    _, bits = np.frexp(records["size"])
    return np.bincount(bits)


def size_quantiles(records):
    """The quantiles of the sizes by the names in `QUANTILES`; empty without records."""
    if len(records) == 0:
        return {}
    return dict(zip(QUANTILES, np.quantile(records["size"], list(QUANTILES.values())), strict=True))


def by_year(records):
    """The years of last modification that occur, and how many files and bytes each has."""
    years, index = np.unique(records["modified"].astype("M8[Y]"), return_inverse=True)
    return years, np.bincount(index), np.bincount(index, weights=records["size"])
