"""``python3 -m cppdynarray``: its numbers against os and NumPy, and its ends."""

import io
import os
import re
import signal
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import cppdynarray as cda
from cppdynarray import __main__ as program
from cppdynarray.demo import compare as demo_compare
from cppdynarray.demo import records as stream
from cppdynarray.demo import text as demo_text
from subprocesses import linux_only

COMMAND = [sys.executable, "-W", "error", "-m", "cppdynarray"]
UTF8 = {"PYTHONIOENCODING": "utf-8"}
SIZES = [0, 0, 1, 2, 3, 4, 1000, 1023, 1024, 5000, 70_000, 3_000_000]
YEARS = [1971, 1999, 1999, 2020, 2021, 2021, 2021, 2022, 2023, 2024, 2024, 2025]


def run(*arguments, **options):
    settings = {"env": os.environ | UTF8, "timeout": 120} | options
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, encoding="utf-8",
        **settings,
    )


def field(output, name):
    """What follows a name at the start of a line of the report."""
    return re.search(rf"^ *{name} +(.*)$", output, re.MULTILINE).group(1)


@pytest.fixture
def tree(tmp_path):
    """Files of known sizes and times, down to five directories deep."""
    root = tmp_path / "tree"
    for number, (size, year) in enumerate(zip(SIZES, YEARS, strict=True)):
        folder = root.joinpath(*"abcde"[: number % 6])
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{number}.bin"
        file.write_bytes(b"x" * size)
        modified = int(np.datetime64(f"{year}-07-01", "s").astype(int))
        os.utime(file, (modified, modified))
    return root


@pytest.fixture
def empty(tmp_path):
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


def collect(directory):
    skipped = []
    records = cda.DynamicArray(dtype=stream.RECORD)
    for record in stream.walk(str(directory), skipped):
        records.append(record)
    return records, skipped


def records_of(*rows):
    return cda.DynamicArray(rows, stream.RECORD)


# The numbers.

def test_walk_finds_what_os_walk_finds(tree):
    records, skipped = collect(tree)
    expected = []
    for folder, _, names in os.walk(tree):
        depth = len(os.path.relpath(folder, tree).split(os.sep)) if folder != str(tree) else 0
        for name in names:
            status = os.stat(os.path.join(folder, name))
            expected.append((status.st_size, int(status.st_mtime), depth))
    assert skipped == []
    assert sorted(stream.replay(records)) == sorted(expected)


def test_report_has_the_numbers(tree):
    done = run(tree)
    assert done.returncode == 0 and "Warning" not in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    out = done.stdout
    assert field(out, "files") == str(len(SIZES))
    assert field(out, "bytes").endswith(f"({sum(SIZES):,})")
    assert field(out, "rows").startswith(f"{len(SIZES)} of {stream.RECORD.itemsize} bytes")
    median, ninety, most = np.quantile(SIZES, [0.5, 0.9, 1.0])
    assert f"median {median:.0f} B   90 % {ninety / 1024:.3g} KiB" in out
    assert f"max {most / 1024**2:.3g} MiB" in out
    start, end = re.findall("0x[0-9a-f]+", field(out, "address"))
    assert start == end and out.count(start) == 3
    assert field(out, "address").endswith("the data never moved")
    assert field(out, "first view").endswith("the array reads -1: same memory")
    for year in set(YEARS):
        at = [size for size, each in zip(SIZES, YEARS, strict=True) if each == year]
        row = field(out, year).split()
        assert row[0] == str(len(at))
        assert " ".join(row[1:3]) == demo_text.readable(sum(at))
    for name in ("memory", "a look", "collecting"):
        assert re.match(r"([\d,.]+ times (less|more|faster|slower)|level) ", field(out, name))


def test_by_year():
    days = ["1969-12-31T23:59:59", "1970-01-01", "2024-12-31T23:59:59", "2025-01-01", "2025-06-01"]
    records = records_of(*[(10**n, np.datetime64(day, "s"), 0) for n, day in enumerate(days)])
    years, files, sizes = stream.by_year(records)
    assert [str(year) for year in years] == ["1969", "1970", "2024", "2025"]
    assert files.tolist() == [1, 1, 1, 2]
    assert sizes.tolist() == [1, 10, 100, 11_000]


EXTREMES = [-(2**63), -(2**63) + 1, -(10**12), -1, 0, 253402300800, 10**12, 2**63 - 1]


@pytest.fixture
def extreme():
    """Times and sizes that no calendar and no disk has."""
    records = cda.DynamicArray(dtype=stream.RECORD)
    for number, time in enumerate(EXTREMES):
        records.append((2**63 - 1 if number % 2 else 0, time, number))
    return records


def test_extreme_times_and_sizes(extreme):
    records = extreme
    assert [time for _, time, _ in stream.replay(records)] == EXTREMES
    costs = demo_compare.compare(records)
    progress = demo_text.Progress(io.StringIO())
    text = demo_text.report(
        "here", records, records.ctypes.data, records[:1], [], progress, costs, False
    )
    assert "32 EiB" in text and "10000" in text and "1969" in text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (1023 * 1024, "0.999 MiB"),
     (999.7 * 1024, "0.976 MiB"), (5 * 2**30, "5 GiB"), (2**63, "8 EiB")],
)
def test_readable(size, text):
    assert demo_text.readable(size) == text


def test_bars_show_whatever_is_not_zero():
    assert demo_text.bars([0, 1, 1000, 500]) == " ▁█▄"
    assert demo_text.bars([0, 0]) == "  "
    assert demo_text.bars([]) == ""


def test_ratio_says_who_loses():
    assert demo_text.ratio(1, 3, "faster", "slower") == "3 times faster"
    assert demo_text.ratio(3, 1, "faster", "slower") == "3 times slower"
    assert demo_text.ratio(1.4, 1, "faster", "slower") == "1.5 times slower"
    assert demo_text.ratio(1, 12.4, "faster", "slower") == "12 times faster"
    assert demo_text.ratio(1.2, 1, "faster", "slower") == "level"
    assert demo_text.ratio(0, 0, "faster", "slower") == "level"


# What can't be read, and where links lead.

def test_links(tree):
    (tree / "file").symlink_to(next(tree.glob("*.bin")))
    (tree / "cycle").symlink_to(tree)
    (tree / "broken").symlink_to("nowhere")
    (tree / "loop").symlink_to("loop")
    os.mkfifo(tree / "pipe")
    records, skipped = collect(tree)
    assert len(records) == len(SIZES) + 1
    assert sorted(path for path, _ in skipped) == [str(tree / "broken"), str(tree / "loop")]
    out = run(tree).stdout
    assert "2 could not be read" in out
    assert f"{tree / 'broken'}: No such file or directory" in out


def test_names_cannot_upset_a_terminal(tmp_path):
    strange = os.fsencode(tmp_path) + b"/red\x1b[31m\xff"
    os.symlink("nowhere", strange)
    out = run(tmp_path).stdout
    assert "\x1b" not in out
    assert r"red\x1b[31m\udcff': No such file" in out


def test_terminal_without_blocks(tree):
    done = run(tree, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0 and done.stdout.isascii() and "##" in done.stdout


# Ends.

def test_empty_directory(empty):
    done = run(empty)
    assert (done.returncode, done.stderr) == (0, "")
    assert field(done.stdout, "files") == "0"
    assert not re.search("median|year|collecting", done.stdout)


@pytest.mark.parametrize("kind", ["missing", "file"])
def test_bad_directory(tree, kind):
    path = tree / "nowhere" if kind == "missing" else next(tree.glob("*.bin"))
    done = run(path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"python3 -m cppdynarray: error: not a directory: {path}\n"


def test_default_is_the_library_of_python():
    assert program.parse([]).directory == os.path.dirname(os.__file__)


def test_closed_pipe(tree):
    pipe = subprocess.PIPE
    process = subprocess.Popen([*COMMAND, str(tree)], stdout=pipe, stderr=pipe)
    process.stdout.close()
    with process.stderr:
        assert b"Error" not in process.stderr.read()
    assert process.wait(timeout=60) == 1


STOPPED = "stopped by Ctrl-C: the report is about the files until then\n"

def test_ctrl_c_keeps_what_is_there(tree, monkeypatch, capsys):
    def stopped(directory, skipped):
        yield from [(5, 0, 0), (7, 0, 1)]
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "walk", stopped)
    assert program.main([str(tree)]) == 130
    out, err = capsys.readouterr()
    assert err.endswith(STOPPED)
    assert field(out, "files") == "2 until it was stopped" and field(out, "bytes") == "12 B (12)"


# Files.

def test_a_file_that_goes_on(tree, tmp_path):
    """The second run takes what is new, and each of several equal files."""
    path = tmp_path / "files.npy"
    first = run(tree, "--save", path)
    assert first.returncode == 0, first.stderr
    assert first.stdout.endswith(f"\nsaved      {path}: {len(SIZES)} records\n")
    expected, _ = collect(tree)
    np.testing.assert_array_equal(np.load(path), expected, strict=True)
    assert not (tmp_path / "files.npy.live").exists()
    for name in ("new", "same as new"):
        (tree / name).write_bytes(b"12345")
        os.utime(tree / name, (1e9, 1e9))
    again = run(tree, "--save", path)
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.endswith(f": {len(SIZES) + 2} records, {len(SIZES)} of them by earlier runs\n")
    assert np.load(path)[len(SIZES) :].tolist() == [(5, np.datetime64(10**9, "s").item(), 0)] * 2
    assert np.load(path)[: len(SIZES)].tolist() == expected.tolist()


def test_a_run_that_is_killed_and_goes_on(tmp_path):
    root, path = tmp_path / "tree", tmp_path / "files.npy"
    root.mkdir()
    for number in range(500):
        (root / str(number)).write_bytes(b"x" * number)
    script = (
        "import os, runpy, signal, sys, cppdynarray.demo.records as s\n"
        "walk = s.walk\n"
        "def killed(*arguments):\n"
        "    for number, record in enumerate(walk(*arguments)):\n"
        "        if number == 300: os.kill(os.getpid(), signal.SIGKILL)\n"
        "        yield record\n"
        "s.walk = killed\n"
        "runpy.run_module('cppdynarray', run_name='__main__', alter_sys=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, root, "--save", path], capture_output=True, timeout=60)
    assert done.returncode == -signal.SIGKILL
    done = run(root, "--save", path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(": 500 records, 300 of them by earlier runs\n")
    assert sorted(np.load(path)["size"]) == list(range(500))


def test_ctrl_c_finishes_the_file(tree, tmp_path, monkeypatch, capsys):
    def stopped(directory, skipped):
        yield from [(5, 0, 0), (7, 0, 1)]
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "walk", stopped)
    path = tmp_path / "files.npy"
    assert program.main([str(tree), "--save", str(path)]) == 130
    assert capsys.readouterr().out.endswith(f"{path}: 2 records\n")
    assert np.load(path)["size"].tolist() == [5, 7]


@linux_only
def test_a_file_that_cant_grow(tree, tmp_path):
    """As on a full disk: what is in it stays, and the report is about that."""
    for number in range(5000):
        (tree / f"more{number}").touch()
    path = tmp_path / "files.npy"
    script = (
        "import resource, runpy, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096 + (1 << 16), resource.RLIM_INFINITY))\n"
        "runpy.run_module('cppdynarray', run_name='__main__', alter_sys=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tree, "--save", path], capture_output=True, text=True, timeout=60
    )
    most = (1 << 16) // stream.RECORD.itemsize
    assert done.returncode == 1, done.stderr
    assert done.stderr.endswith("the file can't grow: File too large; the report is about what is in it\n")
    assert field(done.stdout, "files") == f"{most:,}"
    assert len(np.load(path)) == most


def test_files_that_cant_be_used(tree, tmp_path, capsys):
    np.save(tmp_path / "other.npy", np.arange(3))
    (tmp_path / "text.npy").write_text("a,b")
    held = cda.open_memmap(tmp_path / "held.npy", "w+", stream.RECORD)
    for name, words in (
        ("other.npy", "dtype int64, not"), ("text.npy", "isn't a .npy file"), ("held.npy", "another process writes"),
        (".", "Is a directory"), ("no/where.npy", "No such file or directory"),
    ):
        with pytest.raises(SystemExit) as raised:
            program.main([str(tree), "--save", str(tmp_path / name)])
        assert raised.value.code == 2
        said = capsys.readouterr().err
        assert said.startswith("python3 -m cppdynarray: error: --save") and words in said
    assert len(held) == 0


# Progress.

class Screen(io.StringIO):
    def __init__(self, terminal):
        super().__init__()
        self.terminal = terminal

    def isatty(self):
        return self.terminal


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until a test moves it."""
    now = SimpleNamespace(time=0.0)
    monkeypatch.setattr(demo_text, "perf_counter", lambda: now.time)
    return now


def test_plain_lines_come_ever_more_seldom(clock):
    screen = Screen(terminal=False)
    progress = demo_text.Progress(screen)
    records = records_of((5, 0, 0))
    for clock.time in np.arange(0, 60, 0.05):
        progress.show(records)
    progress.finish()
    assert progress.seconds == clock.time
    lines = screen.getvalue().splitlines()
    assert 10 <= len(lines) == progress.looks <= 20
    assert "\x1b" not in screen.getvalue() and "\r" not in screen.getvalue()
    assert lines[0].startswith("1 files, 5 B, data at 0x")


def test_terminal_is_used_in_place(clock, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    screen = Screen(terminal=True)
    progress = demo_text.Progress(screen)
    records = records_of((5, 0, 0))
    for clock.time in (0.2, 0.4):
        records.append((300, 0, 1))
        progress.show(records)
    progress.finish()
    before, once, end = screen.getvalue().split("\x1b[3F\x1b[J")
    assert before.startswith("2 files") and once.startswith("3 files") and end == ""
    assert all(len(line) < 40 for line in (before + once).splitlines())


