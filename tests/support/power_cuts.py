"""Power cuts: what a disk may have afterwards is put together, and opened.

A program appends rows, removes some, flushes, closes, dies and begins again, in processes of its own. After each step
file and live page are kept. When the power goes the disk has what was synced, and of all that came since, page by page,
any version: so pages of 4 KiB, and sizes, of different moments are mixed. The system that opens this is another one,
as its boot's name says.

As many as you like, from seeds that are printed:

    python3 tests/support/power_cuts.py --cuts 100000
"""

import argparse
import os
import pickle
import shutil
import tempfile
from pathlib import Path

import numpy as np

import cppdynarray as cda

PAGE = 4096


class Moments:
    """Everything that was on file since the disk last had all of it."""

    def __init__(self, path):
        self.path = path
        self.states, self.rows = [], []  # what a disk may have: file, live page; and arrays of rows
        self.least = 0  # rows that were synced, and not removed since
        self.on_disk = 0  # rows that the header says are on the disk

    def state(self):
        content = self.path.read_bytes() if self.path.exists() else b""
        beside = Path(f"{self.path}.live")
        return content, beside.read_bytes() if beside.exists() else None

    def add(self, rows):
        self.states.append(self.state())
        self.rows.append(np.array(rows))
        self.least = min(self.least, len(rows))

    def synced(self, rows):
        """All that is there now is on the disk."""
        self.states, self.rows, self.least = [], [], len(rows)
        self.on_disk = len(rows)
        self.add(rows)


def new_rows(rng, counter):
    """Some rows that no other array has; now and then zeros, of which nobody knows whether they were written."""
    rows = np.arange(counter, counter + rng.choice([1, 3, 100, 700, 9000], p=[0.3, 0.2, 0.2, 0.2, 0.1])) + 1
    if rng.random() < 0.1:
        rows[:] = 0
    return rows


def step(d, rng, moments, counter):
    """Changes the array and keeps what can be seen of that; the counter after it."""
    choice = rng.random()
    if choice < 0.5:
        rows = new_rows(rng, counter)
        counter += len(rows)
        if len(rows) < 10 and rng.random() < 0.5:
            for row in rows:
                d.append(row)
        else:
            d.extend(rows)
    elif choice < 0.65 and len(d):
        del d[int(rng.integers(len(d))) :]
    elif choice < 0.7 and len(d):
        d[int(rng.integers(len(d)))] = counter = counter + 1
    elif choice < 0.8:
        d.flush()
    elif choice < 0.9:
        d.flush(sync=True)
        moments.synced(d)
    elif choice < 0.95:
        d.resize(len(d) + int(rng.integers(1000)))
    else:
        content, live = moments.state()
        d.shrink_to_fit()
        # Removed rows are known to be removed before they are gone.
        if len(d) < moments.on_disk:
            header = moments.state()[0][:PAGE]
            moments.states, moments.rows = [(header + content[PAGE:], live)], [np.array(d)]
            moments.on_disk = len(d)
    moments.add(d)
    return counter


def session(path, seed, moments, counter):
    """What a process does, from opening the file to its death or the end; pickled."""
    rng = np.random.default_rng(seed)
    before = moments.state()
    d = cda.open_memmap(path, "a", "i8")
    moments.states, moments.rows = ([before] if before[0] else []), [np.array(d)]
    moments.on_disk = len(d)
    moments.add(d)
    for _ in range(int(rng.integers(1, 12))):
        counter = step(d, rng, moments, counter)
    if rng.random() < 0.4:
        d.close()
        moments.synced(d)
    return pickle.dumps((moments.states, moments.rows, moments.least, counter))


def run_session(path, seed, moments, counter):
    """A session in a child that is then gone without a word; the counter after it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        with os.fdopen(writing, "wb") as file:
            file.write(session(path, seed, moments, counter))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        moments.states, moments.rows, moments.least, counter = pickle.loads(file.read())
    os.waitpid(child, 0)
    return counter


def mixed(rng, versions, size):
    """`size` bytes, each page of one of the versions."""
    pages = []
    for start in range(0, size, PAGE):
        version = versions[rng.integers(len(versions))]
        pages.append(version[start : start + PAGE].ljust(PAGE, b"\0"))
    return b"".join(pages)[:size]


def cut(rng, moments):
    """What is at the file's name, and beside it, when the power comes back."""
    path, beside = moments.path, Path(f"{moments.path}.live")
    # The disk's order is its own; often it is nearly that of the program.
    states = moments.states if rng.random() < 0.7 else moments.states[-1:]
    contents = [content for content, _ in states]
    content = mixed(rng, contents, len(contents[rng.integers(len(contents))]))
    with path.open("r+b") as file:  # the file stays the same one, and the copies of it stay copies
        file.truncate(0)
        file.write(content)
    beside.unlink(missing_ok=True)
    lives = [live for _, live in states]
    live = lives[rng.integers(len(lives))]
    if live is not None:
        beside.write_bytes(live)
        with beside.open("r+b") as file:
            number = os.fstat(file.fileno()).st_ino.to_bytes(8, "little")
            file.write(live[:8] + number + live[16:24] + b"another boot".ljust(48, b"\0") + live[72:])


def check(moments, found, what):
    """The rows that were on the disk, less those that were removed since; and none that were never there."""
    assert len(found) >= moments.least, f"{what}: {len(found)} rows of at least {moments.least}"
    is_known = np.zeros(len(found), bool)
    for rows in moments.rows:
        most = min(len(rows), len(found))
        is_known[:most] |= found[:most] == rows[:most]
    assert is_known.all(), f"{what}: row {np.argmin(is_known)} of {len(found)} was never there"


def run_program(seed, cuts):
    """One program, cut so many times; how many rows were proved beyond those that were sure to be there."""
    rng = np.random.default_rng(seed)
    folder = Path(tempfile.mkdtemp(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
    proved = 0
    try:
        moments, counter = Moments(folder / "run.npy"), 0
        for _ in range(rng.integers(1, 4)):
            counter = run_session(moments.path, rng.integers(1 << 60), moments, counter)
        for number in range(cuts):
            cut(rng, moments)
            found = np.array(cda.open_memmap(moments.path))
            check(moments, found, f"seed {seed}, cut {number}, mode r")
            mode = ("a", "r+")[number % 2]
            with cda.open_memmap(moments.path, mode) as d:
                check(moments, np.array(d), f"seed {seed}, cut {number}, mode {mode}")
                assert len(d) == len(found)
                d.append(-1)
            assert np.array_equal(np.load(moments.path), np.append(found, -1))
            proved += len(found) - moments.least
    finally:
        shutil.rmtree(folder)
    return proved


def main():
    parser = argparse.ArgumentParser(description="Cuts the power under programs that write to files.")
    parser.add_argument("--cuts", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "little"))
    parser.add_argument("--cuts-of-each", type=int, default=25, help="so many of each program")
    arguments = parser.parse_args()
    print(f"first seed {arguments.seed}")
    programs = -(-arguments.cuts // arguments.cuts_of_each)
    proved = sum(run_program(arguments.seed + n, arguments.cuts_of_each) for n in range(programs))
    print(f"{programs * arguments.cuts_of_each} cuts of {programs} programs: no fault")
    print(f"{proved} rows proved beside those synced")


if __name__ == "__main__":
    main()
