"""A kill between any two instructions of what changes the rows of a file: what the file and the page beside it hold at
that moment is what is found later. So each way either leaves the rows from before or those from after, or its help
says that it doesn't.
"""

import mmap
import os
import sys
import textwrap

import pytest
from stepping import can_stop, stops

import cppdynarray as cda
from subprocesses import run_python

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ptrace is Linux's")

ROWS = 60

# What is done with 60 rows; in memory that had more of them, and has room.
WHOLE = {
    "append": lambda d: d.append(row(d, 77)),
    "extend": lambda d: d.extend([row(d, 77), row(d, 78)]),
    "insert at the end": lambda d: d.insert(len(d), row(d, 77)),
    "pop": lambda d: d.pop(),
    "pop the last": lambda d: d.pop(ROWS - 1),
    "del the last": lambda d: d.__delitem__(-1),
    "del behind": lambda d: d.__delitem__(slice(20, None)),
    "swap_remove the last": lambda d: d.swap_remove(-1),
    "clear": lambda d: d.clear(),
    "resize to fewer": lambda d: d.resize(20),
    "resize to more": lambda d: d.resize(100),
    "reserve": lambda d: d.reserve(100_000),
    "shrink_to_fit": lambda d: d.shrink_to_fit(),
}
# By the method whose help says that it isn't safe.
MOVING = {
    "insert": ("insert", lambda d: d.insert(3, row(d, 77))),
    "pop one": ("pop", lambda d: d.pop(3)),
    "del one": ("__delitem__", lambda d: d.__delitem__(3)),
    "del some": ("__delitem__", lambda d: d.__delitem__(slice(3, 50, 7))),
    "del a slice": ("__delitem__", lambda d: d.__delitem__(slice(3, 30))),
    "swap_remove": ("swap_remove", lambda d: d.swap_remove(3)),
    "swap_remove some": ("swap_remove", lambda d: d.swap_remove([3, 5, 7])),
}
KINDS = {"array": (cda.DynamicMemmap, cda.open_memmap), "table": (cda.MemmapTable, cda.open_table)}


def row(made, value):
    return (value, value) if isinstance(made, cda.DynamicTable) else value


def begin(kind, folder, operation):
    if kind == "array":
        made = cda.open_memmap(os.path.join(folder, "a.npy"), "w+", "i8")
    else:
        made = cda.open_table(folder, "w+", [("a", "i8"), ("b", "i8")])
    made.extend([row(made, k) for k in range(200)])
    made[0]
    made.resize(ROWS)
    operation(made.copy())  # what is imported or made at the first call is there
    return made


class Look:
    """The rows that somebody who opens the files would find, each time that they are others."""

    def __init__(self, kind, folder):
        self.folder, self.found = folder, []
        self.names = ["a.npy"] if kind == "array" else ["a.npy", "b.npy"]
        self.live = "a.npy.live" if kind == "array" else "table.live"
        self.maps, self.last = [], None

    def __call__(self):
        if not self.maps:
            for name in [self.live, *self.names]:
                with open(os.path.join(self.folder, name), "rb") as file:
                    self.maps.append(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        live, *columns = self.maps
        count = live[128:136]
        end = 4096 + 8 * int.from_bytes(count, "little")
        seen = [column[4096:end] for column in columns]
        if seen != self.last:
            self.last = seen
            self.found.append([memoryview(column).cast("q").tolist() for column in seen])


def states(kind, folder, operation):
    """Each state of the rows, from the first to the last."""
    look = Look(kind, folder)
    assert stops(lambda: begin(kind, folder, operation), operation, look) > 100
    return look.found


def try_all(kind, folder):
    if not can_stop():
        print("refused")
        return
    for name, operation in WHOLE.items():
        found = states(kind, folder, operation)
        assert found[0] == [list(range(ROWS))] * len(found[0]), name
        assert len(found) == (1 if name in ("reserve", "shrink_to_fit") else 2), (name, len(found))
    for name, (_, operation) in MOVING.items():
        found = states(kind, folder, operation)
        assert len(found) > 2, f"{name} is whole, or not at all: its help needn't warn"


@pytest.mark.parametrize("kind", KINDS)
def test_a_kill_at_each_instruction(tmp_path, kind):
    said = run_python(textwrap.dedent(f"""
        import sys
        sys.path[:0] = [{os.path.dirname(__file__)!r}]
        import test_every_instruction
        test_every_instruction.try_all({kind!r}, {str(tmp_path)!r})
    """))
    if said:
        pytest.skip("the system lets no process trace another, as some containers")


@pytest.mark.parametrize("kind", KINDS)
def test_help_says_what_is_not_safe_against_a_kill(kind):
    made, opening = KINDS[kind]
    for name in {method for method, _ in MOVING.values()}:
        text = getattr(made, name).__doc__
        assert "kill" in text and opening.__name__ in text, name
        assert f"``{name}" in opening.__doc__ or (name == "__delitem__" and "``del " in opening.__doc__), name
