"""Several threads change, read and compute with one array, and at the end every row is there, whole, once.

    python3 tests/robustness/hammer.py                       a minute for each kind of array
    python3 tests/robustness/hammer.py --seconds 600 object  ten minutes for one

Without a GIL (``PYTHON_GIL=0``) the threads really are at it at once. The seed that is printed makes each thread choose
the same steps again; in which order they come together nobody decides.
"""

import argparse
import contextlib
import faulthandler
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np

import cppdynarray as cda

RECORD = np.dtype([("key", "i8"), ("twice", "f8"), ("text", "U20")])
TABLE = [("key", "i8"), ("twice", "f8"), ("text", "U20")]
TEXT = [("key", "i8"), ("text", str), ("thing", object), ("more", str), ("twice", "f8")]


class Kind:
    """Rows of one kind: each says by all of its parts which number it is of."""

    removes = True  # rows can be inserted and removed
    keeps_all = True

    def __init__(self, make, row, key, compute, adds=None):
        self.make, self.row, self.key, self.compute = make, row, key, compute
        self.adds = adds or row


def whole(*keys):
    """The number that all parts of a row say."""
    (key,) = {int(key) for key in keys}
    return key


def record_key(row):
    return whole(row["key"], row["twice"] / 2, row["text"])


def table_key(row):
    return whole(row.key, row.twice / 2, row.text)


def text_row(key):
    return key, f"{key} is the number of this row", (key,), f"{key} and so it is", 2.0 * key


def text_key(row):
    return whole(row.key, row.text.split()[0], *row.thing, row.more.split()[0], row.twice / 2)


def compute_with_numbers(d):
    view = d[:]
    assert len(np.add(d, d)) >= 0 and len(view) == len(view + 1)
    np.concatenate([d, d])
    d.sum()
    np.sqrt(d)
    repr(d[:3])


def compute_with_objects(d):
    len(d.tolist())
    d.copy()
    assert (d == d).all()
    str(d)


def compute_with_records(d):
    d["key"].sum()
    d.copy()
    np.concatenate([d, d])


def compute_with_table(t):
    t["key"].sum()
    len(t["text"][:])
    t[-3:]


def compute_with_text(t):
    """Has the text while it computes: rows wait."""
    for name in ("text", "more"):
        np.strings.str_len(t[name])
    t[-3:]


def new_file(folder):
    name = Path(folder) / f"{threading.get_ident()}-{time.monotonic_ns()}.npy"
    return cda.open_memmap(name, "w+", "i8")


def new_table(folder):
    return cda.open_table(Path(folder) / f"{threading.get_ident()}-{time.monotonic_ns()}", "x", TABLE)


KINDS = {
    "f8": Kind(lambda folder: cda.DynamicArray(dtype="f8"), float, int, compute_with_numbers),
    "heap": Kind(lambda folder: on_heap("f8"), float, int, compute_with_numbers),
    "rows": Kind(lambda folder: cda.zeros((0, 4), "i8"), lambda k: [k] * 4, lambda row: whole(*row),
                 compute_with_numbers),
    "object": Kind(lambda folder: cda.DynamicArray(dtype=object), lambda k: (k, str(k)), lambda row: whole(*row),
                   compute_with_objects),
    "heap_object": Kind(lambda folder: on_heap(object), lambda k: (k, str(k)), lambda row: whole(*row),
                        compute_with_objects),
    "str": Kind(lambda folder: cda.DynamicArray(dtype=str), lambda k: f"{k} is the number of this row, and {k}",
                lambda row: whole(row.split()[0], row.split()[-1]), compute_with_objects),
    "record": Kind(lambda folder: cda.DynamicArray(dtype=RECORD), lambda k: (k, 2.0 * k, str(k)), record_key,
                   compute_with_records),
    "window": Kind(lambda folder: cda.RollingArray(maxlen=1000, dtype="f8"), float, int, compute_with_numbers),
    "object_window": Kind(lambda folder: cda.RollingArray(maxlen=1000, dtype=object), lambda k: (k, str(k)),
                          lambda row: whole(*row), compute_with_objects),
    "table": Kind(lambda folder: cda.DynamicTable(dtype=TABLE), lambda k: (k, 2.0 * k, str(k)), table_key,
                  compute_with_table),
    "text": Kind(lambda folder: cda.DynamicTable(dtype=TEXT), text_row, text_key, compute_with_text),
    "file": Kind(new_file, int, int, compute_with_numbers),
    "table_on_files": Kind(new_table, lambda k: (k, 2.0 * k, str(k)), table_key, compute_with_table),
}
for name in ("window", "object_window"):
    KINDS[name].removes = KINDS[name].keeps_all = False


def on_heap(dtype):
    with cda.options(backend="heap"):
        return cda.DynamicArray(dtype=dtype)


class Worker:
    """A thread of the hammer: what it added, and what it took out."""

    def __init__(self, kind, shared, number, seed, stop):
        self.kind, self.shared, self.stop = kind, shared, stop
        self.random = random.Random(f"{seed} {number}")
        self.next_key = number << 40
        self.added, self.removed = [], []
        self.error = None
        self.thread = threading.Thread(target=self.run)

    def run(self):
        steps = [self.append, self.append, self.append, self.extend, self.read, self.iterate, self.compute]
        if self.kind.removes:
            steps += [self.insert, self.pop, self.pop, self.shrink]
        try:
            while not self.stop.is_set():
                self.random.choice(steps)()
                if self.kind.removes and len(self.shared) > 3000:
                    for _ in range(300):
                        self.pop()
        except BaseException as error:
            self.error = error
            self.stop.set()

    def new_rows(self, count):
        keys = list(range(self.next_key, self.next_key + count))
        self.next_key += count
        return keys, [self.kind.row(key) for key in keys]

    def append(self):
        keys, rows = self.new_rows(20)
        for key, row in zip(keys, rows, strict=True):
            self.shared.append(row)
            self.added.append(key)

    def extend(self):
        keys, rows = self.new_rows(self.random.randrange(30))
        self.shared.extend(rows)
        self.added += keys

    def insert(self):
        (key,), (row,) = self.new_rows(1)
        self.shared.insert(self.random.choice([0, 5, -1]), row)
        self.added.append(key)

    def pop(self):
        with contextlib.suppress(IndexError):  # others may have been faster
            self.removed.append(self.kind.key(self.shared.pop(self.random.choice([0, -1, -1, 7]))))

    def shrink(self):
        if self.random.random() < 0.1:
            self.shared.shrink_to_fit()

    def read(self):
        with contextlib.suppress(IndexError):
            for index in (-1, 0, self.random.randrange(100)):
                row = self.shared[index]
                # A view of a row that others move is NumPy's: as any view while somebody writes to it.
                if not isinstance(row, (np.ndarray, np.void)):
                    self.kind.key(row)

    def iterate(self):
        for count, row in enumerate(self.shared):
            if count > 50:
                break
            if not isinstance(row, (np.ndarray, np.void)):
                self.kind.key(row)

    def compute(self):
        self.kind.compute(self.shared)


def hammer(name, seconds, threads=4, seed=0):
    """Runs threads on one array of a kind; AssertionError, or the first exception of a thread, if a row is lost,
    torn or twice. Returns how many rows were added.
    """
    kind = KINDS[name]
    with tempfile.TemporaryDirectory() as folder:
        shared = kind.make(folder)
        stop = threading.Event()
        workers = [Worker(kind, shared, number, seed, stop) for number in range(threads)]
        for worker in workers:
            worker.thread.start()
        stop.wait(seconds)
        stop.set()
        for worker in workers:
            worker.thread.join()
        for worker in workers:
            if worker.error is not None:
                raise worker.error
        added = Counter(key for worker in workers for key in worker.added)
        found = Counter([key for worker in workers for key in worker.removed] + [kind.key(row) for row in shared])
        if kind.keeps_all:
            assert found == added, f"{sum(added.values())} rows were added and {sum(found.values())} found"
        else:
            assert len(shared) == min(shared.maxlen, sum(added.values()))
            assert found <= added and max(found.values(), default=1) == 1
        if hasattr(shared, "close"):
            shared.close()
    return sum(added.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", help=", ".join(KINDS))
    parser.add_argument("--seconds", type=float, default=60, help="for each kind")
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    arguments = parser.parse_args()
    faulthandler.enable()
    gil = "a GIL" if getattr(sys, "_is_gil_enabled", lambda: True)() else "no GIL"
    print(f"Python {sys.version.split()[0]}, {gil}, seed {arguments.seed}", flush=True)
    for name in arguments.kinds or KINDS:
        count = hammer(name, arguments.seconds, arguments.threads, arguments.seed)
        print(f"{name}: {count} rows, all there", flush=True)


if __name__ == "__main__":
    main()
