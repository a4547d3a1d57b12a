"""Files as a stream of records, and what NumPy says about the records so far."""

from __future__ import annotations

import os
import stat
from collections import Counter

import numpy as np

RECORD = np.dtype([("size", "i8"), ("modified", "M8[s]"), ("depth", "i8")])

QUANTILES = {"median": 0.5, "90 %": 0.9, "99 %": 0.99, "max": 1.0}


def walk(directory, skipped):
    """
    Yield a record for every file below a directory, as it is found.

    Links to files count as the files they point to. Links to directories are not followed, so
    there are no cycles.

    Parameters
    ----------
    directory : str
        Where to start.
    skipped : list
        Gets a pair, path and reason, for everything that can't be read.

    Yields
    ------
    tuple of int
        Size in bytes, time of modification in seconds, number of directories in between.
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
    """
    Yield records again, one at a time, as new tuples of plain ints.

    Parameters
    ----------
    records : numpy.ndarray
        All of whose fields have 8 bytes.

    Yields
    ------
    tuple of int
    """
    plain = records.view([(name, "i8") for name in records.dtype.names])
    for start in range(0, len(plain), 1000):
        yield from plain[start : start + 1000].tolist()


def without(stream, records):
    """
    Leave out of a stream what has been recorded before, by another run over the same files.

    Parameters
    ----------
    stream : iterable of tuple of int
        As from `walk`.
    records : numpy.ndarray
        What there is; two equal ones stand for two files.

    Yields
    ------
    tuple of int
    """
    known = Counter(replay(records[:]))
    for record in stream:
        if known.get(record, 0):
            known[record] -= 1
        else:
            yield record


def total_bytes(records):
    """
    Add up all sizes.

    Parameters
    ----------
    records : numpy.ndarray
        Of dtype `RECORD`, as in all functions here.

    Returns
    -------
    float
        Exact up to 2**53, and no overflow where sparse files claim more than there can be.
    """
    return records["size"].sum(dtype=float)


def size_histogram(records):
    """
    Count files by the power of two of their size.

    Returns
    -------
    numpy.ndarray of int
        Element 0 counts empty files, element k those of at least 2**(k - 1) and less than
        2**k bytes.
    """
    _, bits = np.frexp(records["size"])
    return np.bincount(bits)


def size_quantiles(records):
    """
    Find the quantiles of the sizes.

    Returns
    -------
    dict of str to float
        By the names in `QUANTILES`; empty without records.
    """
    if len(records) == 0:
        return {}
    return dict(zip(QUANTILES, np.quantile(records["size"], list(QUANTILES.values())), strict=True))


def by_year(records):
    """
    Sum up files and bytes by the year of their last modification.

    Returns
    -------
    years : numpy.ndarray of datetime64[Y]
        Only years that occur, in order.
    files : numpy.ndarray of int
    sizes : numpy.ndarray of float
        In bytes.
    """
    years, index = np.unique(records["modified"].astype("M8[Y]"), return_inverse=True)
    return years, np.bincount(index), np.bincount(index, weights=records["size"])
