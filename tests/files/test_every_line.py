"""Ctrl-C, a kill and other writers, at each line of what is done with files: several files, or a file and its live
page, change one after the other, and whatever comes between, they open in every mode with whole rows.

By day one line of a few; all of them:

    python -m pytest -m slow tests/files/test_every_line.py
"""

import os
import sys
import tempfile
import textwrap
from pathlib import Path

import numpy as np
import pytest
from lines import interrupted_at_each_line, number_of_lines, run_to_line

import cppdynarray as cda
from cppdynarray import files
from cppdynarray._core import _files
from subprocesses import run_python

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no arrays on files on Windows")

ROWS = 100
EVERY_LINE = pytest.param(1, marks=pytest.mark.slow)


@pytest.fixture
def folder(tmp_path):
    """In memory if it can be: nothing here waits for a disk."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm") as made:
        yield Path(made)


class Arrays:
    """An array on a file, whose k-th row is k; or, all by the same words, a table (below)."""

    def __init__(self, folder):
        self.folder, self.path = str(folder), os.path.join(folder, "run.npy")
        self.files = {"run.npy"}

    def open(self, mode):
        return cda.open_memmap(self.path, mode, "i8" if mode != "r" else None)

    def exists(self):
        return os.path.exists(self.path)

    def extend(self, made, count):
        made.extend(np.arange(len(made), len(made) + count))

    def check_rows(self, made, lengths):
        assert len(made) in lengths
        assert made.tolist() == list(range(len(made)))
        return len(made)

    def save(self):
        """Rows that can't grow in the file that they are in."""
        np.save(self.path, np.arange(ROWS))


class Tables(Arrays):
    """Columns that have one length, and the same numbers."""

    def __init__(self, folder):
        self.folder = self.path = str(folder)
        self.files = {"a.npy", "b.npy", "columns.json"}

    def open(self, mode):
        return cda.open_table(self.path, mode, [("a", "i8"), ("b", "f4")])

    def exists(self):
        return os.path.exists(os.path.join(self.path, "columns.json"))

    def extend(self, made, count):
        made.extend([(k, k) for k in range(len(made), len(made) + count)])

    def check_rows(self, made, lengths):
        assert len(made) in lengths
        assert made["a"].tolist() == made["b"].tolist() == list(range(len(made)))
        return len(made)

    def save(self):
        for name, dtype in (("a", "i8"), ("b", "f4")):
            np.save(os.path.join(self.path, name), np.arange(ROWS).astype(dtype))


class Case:
    """A state of files, what is done in it, with what `begin` gives, and how many rows there may be afterwards; 0: or
    no file.
    """

    def __init__(self, prepare, operation, lengths, begin=lambda kind: None):
        self.prepare, self.begin, self.operation, self.lengths = prepare, begin, operation, lengths


def empty(kind):
    for name in os.listdir(kind.folder):
        os.unlink(os.path.join(kind.folder, name))


def filled(kind):
    empty(kind)
    with kind.open("w+") as made:
        kind.extend(made, ROWS)


def saved(kind):
    filled(kind)
    kind.save()


def killed(kind):
    """As a killed writer leaves files: half of the rows are in the headers, and all in the live page."""
    empty(kind)
    with kind.open("w+") as made:
        kind.extend(made, ROWS // 2)
        made.flush()
        kind.extend(made, ROWS // 2)
        left = {path: path.read_bytes() for path in Path(kind.folder).iterdir()}
    for path, content in left.items():
        if path.suffix != ".live":
            path.write_bytes(content)
            continue
        path.touch()
        path.write_bytes(content[:8] + path.stat().st_ino.to_bytes(8, sys.byteorder) + content[16:])


def being_written(kind):
    made = kind.open("r+")
    kind.extend(made, ROWS)
    return made


CASES = {
    **{f"open {mode}": Case(filled, lambda kind, _, mode=mode: kind.open(mode), {ROWS}) for mode in ("r", "r+", "a")},
    "replace": Case(filled, lambda kind, _: kind.open("w+"), {0, ROWS}),
    **{f"make {mode}": Case(empty, lambda kind, _, mode=mode: kind.open(mode), {0}) for mode in ("x", "w+", "a")},
    **{f"recover {mode}": Case(killed, lambda kind, _, mode=mode: kind.open(mode), {ROWS}) for mode in ("r", "a")},
    "replace a killed writer's": Case(killed, lambda kind, _: kind.open("w+"), {0, ROWS}),
    "convert": Case(saved, lambda kind, _: kind.open("a"), {ROWS}),
    "close": Case(filled, lambda _, made: made.close(), {2 * ROWS}, being_written),
    "flush": Case(filled, lambda _, made: made.flush(), {2 * ROWS}, being_written),
    "flush and sync": Case(filled, lambda _, made: made.flush(sync=True), {2 * ROWS}, being_written),
}


def reopen(kind, lengths):
    """Opens what is left in every mode, which must have the same whole rows, and goes on with it."""
    if 0 in lengths and not kind.exists():
        for mode in ("r", "r+"):
            with pytest.raises(FileNotFoundError):
                kind.open(mode)
        kind.open("x").close()
        return
    if kind.exists() and 0 in lengths:
        kind.open("a").close()  # it makes what is missing of a table
    count = kind.check_rows(kind.open("r"), lengths)
    for mode in ("a", "r+"):
        with kind.open(mode) as made:
            kind.check_rows(made, {count})
            kind.extend(made, 3)
            count += 3
    kind.check_rows(kind.open("r"), {count})


def once(kind, case, step, each_line):
    follower = None

    def prepare():
        nonlocal follower
        case.prepare(kind)
        follower = kind.open("r") if case.prepare is not empty else None

    def check(number):
        nonlocal follower
        if each_line is interrupted_at_each_line:
            assert kind.files >= set(os.listdir(kind.folder)) - {"run.npy.live", "table.live"}, number
        reopen(kind, case.lengths)
        if follower is not None and 0 not in case.lengths and case.prepare is not saved:
            follower.refresh()
            kind.check_rows(follower, {length + 6 for length in case.lengths})
        follower = None

    return each_line(prepare, lambda: case.begin(kind), lambda made: case.operation(kind, made), check, step)


@pytest.mark.parametrize("step", [13, EVERY_LINE])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", [Arrays, Tables])
def test_ctrl_c_at_each_line(folder, kind, case, step):
    assert once(kind(folder), CASES[case], step, interrupted_at_each_line) >= 0


@pytest.mark.parametrize("step", [37, EVERY_LINE])
@pytest.mark.parametrize("kind", ["Arrays", "Tables"])
def test_a_kill_at_each_line(folder, kind, step):
    run_python(textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {os.path.dirname(__file__)!r})
        import test_every_line as every
        from lines import killed_at_each_line
        for name, case in every.CASES.items():
            try:
                every.once(every.{kind}({str(folder)!r}), case, {step}, killed_at_each_line)
            except BaseException as error:
                error.add_note(name)
                raise
    """), timeout=3000)


@pytest.mark.parametrize("change", ["grow", "shrink"])
def test_ctrl_c_at_each_line_of_a_tables_refresh(folder, change):
    """No column has fewer rows than the table has then, of which views are made; and the next refresh goes on."""
    kind = Tables(folder)
    follower = writer = None

    def prepare():
        nonlocal follower, writer
        writer = kind.open("w+")
        kind.extend(writer, ROWS)
        follower = kind.open("r")
        if change == "grow":
            kind.extend(writer, ROWS)
        else:
            writer.resize(ROWS // 2)

    def check(number):
        assert len(follower) <= min(map(len, follower._arrays)), number
        kind.check_rows(follower, {ROWS, len(writer)})
        assert follower.refresh() == len(writer)
        kind.check_rows(follower, {len(writer)})
        writer.close()

    assert interrupted_at_each_line(prepare, lambda: None, lambda _: follower.refresh(), check) > 5


# Another writer.


class Generations(Tables):
    """Tables that are replaced: who looks must not see rows that are of two of them."""

    def __init__(self, folder):
        super().__init__(folder)
        self.number, self.writer = 0, None

    def replace(self):
        self.number += 1
        self.writer = self.open("w+")
        self.extend(self.writer, 10)

    def extend(self, made, count):
        made.extend([(self.number * 1000 + k, self.number * 1000 + k) for k in range(len(made), len(made) + count)])

    def check(self, follower):
        assert follower["a"].tolist() == follower["b"].tolist()
        assert len({value // 1000 for value in follower["a"].tolist()}) <= 1


OPERATIONS = {"open": lambda kind, follower: kind.open("r"), "refresh": lambda kind, follower: follower.refresh()}


def follow_beside(kind, operation, number, event):
    """All that follow, after an operation with `event` at a line; and whether there was such a line."""
    followers = [kind.open("r")]
    reached = run_to_line(number, lambda: followers.append(OPERATIONS[operation](kind, followers[0])), event)
    return [each for each in followers if not isinstance(each, int)], reached


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_table_that_is_replaced_at_each_line_of_a_follower(folder, operation):
    kind = Generations(folder)

    def attempt(number):
        with kind.open("w+") as made:
            kind.extend(made, 20)
        followers, reached = follow_beside(kind, operation, number, kind.replace)
        for each in followers:
            kind.check(each)
        if reached:
            kind.extend(kind.writer, 50)
        for each in followers:
            each.refresh()
            kind.check(each)
        if reached:
            kind.writer.close()
        return reached

    assert number_of_lines(attempt) > 10


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_column_that_is_rewritten_at_each_line_of_a_follower(folder, operation):
    """A column that numpy.save wrote gets another file when somebody writes, and the others don't."""
    kind = Tables(folder)

    def attempt(number):
        writers = []

        def write():
            writers.append(kind.open("r+"))
            writers[-1].extend({name: np.arange(5, 3000) for name in "ab"})

        with kind.open("w+") as made:
            kind.extend(made, 5)
        np.save(folder / "b.npy", np.arange(5, dtype="f4"))
        followers, reached = follow_beside(kind, operation, number, write)
        for each in followers:
            kind.check_rows(each, {5, 3000})
            each.refresh()
            kind.check_rows(each, {5, 3000})
        if reached:
            kind.check_rows(kind.open("r"), {3000})
            writers[0].close()
        return reached

    assert number_of_lines(attempt) > 10


@pytest.mark.parametrize("mode", ["a", "w+", "x"])
@pytest.mark.parametrize("kind", [Arrays, Tables])
def test_another_one_makes_it_at_each_line(folder, kind, mode):
    """Whoever is second goes on with it, or is refused."""
    kind = kind(folder)

    def attempt(number):
        found, others = [], []

        def make():
            try:
                with kind.open("a") as made:
                    kind.extend(made, 1)
                others.append(made)
            except BlockingIOError:
                pass

        empty(kind)
        reached = True
        try:
            reached = run_to_line(number, lambda: found.append(kind.open(mode)), make)
            kind.check_rows(found[0], {1} if others and mode == "a" else {0})
            found[0].close()
        except FileExistsError:
            assert mode == "x" and others
            kind.check_rows(kind.open("r"), {1})
        assert set(os.listdir(kind.folder)) == kind.files
        return reached

    assert number_of_lines(attempt) > 10


# What makes a table is there with it, or not at all.


@pytest.mark.parametrize("mode", ["x", "w+", "a"])
def test_a_table_that_can_not_be_made_leaves_no_list_of_columns(folder, mode):
    kind = Tables(folder)
    (folder / "b.npy").mkdir()
    with pytest.raises(OSError, match=r"b\.npy"):
        kind.open(mode)
    assert os.listdir(folder) == ["b.npy"]
    (folder / "b.npy").rmdir()
    with kind.open(mode) as made:
        kind.extend(made, 1)


def test_rows_that_some_columns_do_not_have_are_in_no_file(folder):
    """As Ctrl-C leaves a step of a recording: who closes then, or the end of the process, leaves whole rows."""
    columns = [(str(folder / f"{name}.npy"), np.dtype("i8"), (0,)) for name in "ab"]
    a, b = files.write(cda.DynamicMemmap, "x", columns, str(folder / "table.live"), lambda arrays: arrays)
    for array in (a, b):
        _files.hold_rows(array)
        array.extend(range(10))
    _files.show_rows(b, 10, True)
    a.extend(range(10, 5000))
    assert _files.flush(a, True) == 0
    assert len(np.load(folder / "a.npy")) == 10 and len(a) == 5000
    assert _files.close_writers([a, b]) == 0
    assert len(a) == len(b) == 10
    with cda.open_table(folder, "r+") as t:
        t.append((10, 10))
        assert t["a"].tolist() == t["b"].tolist() == list(range(11))
