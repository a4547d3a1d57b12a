"""Monitors that record to files: the same values, after the run, while it runs, and after a crash."""

import functools
import gc
import signal
import sys

import numpy as np
import pytest
from brian2_process import PRELUDE
from networks import values_of

import cppdynarray as cda
from helpers import assert_same
from optional_libraries import import_library
from subprocesses import run_process

brian2 = import_library("brian2")
growing = import_library("cppdynarray.brian2")
whole_rows = import_library("cppdynarray.brian2.whole_rows")
ms = brian2.ms
NATIVE = tuple(map(int, brian2.__version__.split(".")[:2])) >= (2, 11)

if sys.platform == "win32":
    pytest.skip("there are no arrays on files on Windows", allow_module_level=True)

# What runs the code: Python, Brian2's compiled code, ours.
TARGETS = [
    "numpy",
    "cython",
    pytest.param("direct", marks=pytest.mark.skipif(not NATIVE, reason="native code needs Brian2 2.11")),
]

MODEL = """
import brian2
from brian2 import ms
import cppdynarray.brian2 as growing

def use(target):
    brian2.prefs["codegen.target"] = "numpy" if target == "numpy" else "cython"
    growing.enable()
    if target == "direct":
        growing.direct.enable()

def network():
    neurons = brian2.NeuronGroup(
        5, "dv/dt = (1.1 + 0.1*i - v)/(5*ms) : 1", threshold="v > 1", reset="v = 0", method="exact", name="neurons"
    )
    return brian2.Network(
        neurons,
        brian2.StateMonitor(neurons, "v", record=[0, 2, 4], name="states"),
        brian2.SpikeMonitor(neurons, "v", name="spikes"),
        brian2.PopulationRateMonitor(neurons, name="rate"),
    )
"""
exec(MODEL)
NAMES = {"states": ("t", "v"), "spikes": ("t", "i", "v"), "rate": ("t", "rate")}


@pytest.fixture(params=TARGETS)
def target(request):
    use(request.param)  # noqa: F821
    return request.param


@functools.cache
def recorded(milliseconds):
    """The same model in memory, with Brian2's own arrays: time, and so rows, along the first axis."""
    with growing.enabled(False):
        brian2.prefs["codegen.target"] = "numpy"
        made = network()  # noqa: F821
        made.run(milliseconds * ms)
    return {
        each.name: {
            name: np.array(brian2.get_device().get_value(each.variables[name])) for name in NAMES[each.name]
        }
        for each in made.objects if each.name in NAMES
    }


def test_files_have_what_memory_has(target, tmp_path):
    with growing.record_to(tmp_path / "run") as recording:
        made = network()  # noqa: F821
        made.run(20 * ms)
        made.run(10 * ms)
    assert recording.folders == {name: tmp_path / "run" / name for name in NAMES}
    assert {path.name for path in (tmp_path / "run").iterdir()} == NAMES.keys()
    values = values_of(made)  # monitors are read as before
    del made
    gc.collect()
    for monitor, columns in recorded(30).items():
        table = cda.open_table(recording.folders[monitor])
        assert table.names == NAMES[monitor]
        for name, rows in columns.items():
            np.testing.assert_allclose(table[name], rows, rtol=1e-12, strict=True)
            np.testing.assert_allclose(np.load(recording.folders[monitor] / f"{name}.npy"), rows, rtol=1e-12)
            np.testing.assert_allclose(values[f"{monitor}.{name}"], rows, rtol=1e-12)


def test_a_run_after_the_end_of_its_files_says_so(target, tmp_path):
    with growing.record_to(tmp_path):
        made = network()  # noqa: F821
        made.run(1 * ms)
    with pytest.raises(Exception) as raised:
        made.run(1 * ms)
    errors = [raised.value]
    while errors[-1] is not None:
        errors.append(errors[-1].__cause__ or errors[-1].__context__)
    assert any("is closed; open it again" in str(each) for each in errors), errors


def test_others_follow_while_it_runs(target, tmp_path):
    recording = growing.record_to(tmp_path)
    made = network()  # noqa: F821
    recording.flush()
    follower = cda.open_table(recording.folders["states"])
    seen = []

    @brian2.network_operation(dt=1 * ms)
    def look():
        seen.append(follower.refresh())

    made.add(look)
    made.run(10 * ms)
    assert seen == sorted(seen) and seen[0] <= 10 and seen[-1] >= 80
    assert follower.refresh() == 100
    recording.flush()
    assert len(np.load(recording.folders["states"] / "t.npy")) == 100
    recording.close()
    recording.close()
    assert_same(follower["v"], np.load(recording.folders["states"] / "v.npy"))


def test_a_step_that_is_interrupted_leaves_no_column_longer(tmp_path):
    """As Ctrl-C does: the next step goes on behind the last one that was whole, in every column."""
    use("numpy")  # noqa: F821
    with growing.record_to(tmp_path) as recording:
        made = network()  # noqa: F821
        made.run(1 * ms)
        rows = whole_rows.of_monitor(made["states"])
        follower = cda.open_table(recording.folders["states"])
        for name in ("t", "v"):
            with pytest.raises(KeyboardInterrupt), rows:
                made["states"].variables[name].resize(30 if name == "t" else (30, 3))
                raise KeyboardInterrupt
            assert rows.lengths() == [10, 10] and follower.refresh() == 10
        made.run(1 * ms)
        assert follower.refresh() == 20
        for name, values in recorded(2)["states"].items():
            np.testing.assert_allclose(follower[name], values, rtol=1e-12)


def test_what_is_made_later_or_is_no_monitor_is_in_memory(tmp_path):
    with growing.enabled(False):
        with growing.record_to(tmp_path) as recording:
            neurons = brian2.NeuronGroup(2, "v : 1", threshold="False")
            synapses = brian2.Synapses(neurons, neurons, "w : 1")
            synapses.connect()
            first = brian2.SpikeMonitor(neurons, name="first")
            recording.stop()
            second = brian2.SpikeMonitor(neurons, name="second")
            assert recording.folders.keys() == {"first"}
            assert isinstance(growing.dynamic_array(first, "t"), cda.DynamicMemmap)
            assert not isinstance(growing.dynamic_array(synapses, "w"), cda.DynamicMemmap)
            with pytest.raises(TypeError, match="disabled"):
                growing.dynamic_array(second, "t")
        assert growing.dynamic_array(first, "t").closed


def test_the_last_recording_takes_the_monitors(tmp_path):
    neurons = brian2.NeuronGroup(2, "v : 1")
    with growing.record_to(tmp_path / "a") as outer:
        with growing.record_to(tmp_path / "b") as inner:
            brian2.StateMonitor(neurons, "v", record=True, name="one")
        two = brian2.StateMonitor(neurons, "v", record=True, name="two")
    assert {*inner.folders} == {"one"}
    assert {*outer.folders} == {"two"}
    assert two.v.shape == (2, 0)


def test_files_are_not_overwritten_unless_that_is_asked_for(tmp_path):
    for mode, length in (("x", 10), ("w+", 20)):
        neurons = brian2.NeuronGroup(2, "v : 1")
        with growing.record_to(tmp_path, mode) as recording:
            monitor = brian2.StateMonitor(neurons, "v", record=True, name="states")
            brian2.Network(neurons, monitor).run(length * 0.1 * ms)
        del monitor
        gc.collect()
        assert np.load(recording.folders["states"] / "v.npy").shape == (length, 2)
    with growing.record_to(tmp_path), pytest.raises(FileExistsError, match=r"another directory, or with mode='w\+'"):
        brian2.StateMonitor(neurons, "v", record=True, name="states")
    assert len(np.load(tmp_path / "states" / "v.npy")) == 20
    with pytest.raises(ValueError, match="'x' or 'w\\+', not 'a'"):
        growing.record_to(tmp_path, "a")
    with pytest.raises(FileExistsError):
        growing.record_to(tmp_path / "states" / "v.npy")
    assert not brian2.prefs["cppdynarray.enabled"]


def test_other_columns_take_new_memory_but_for_files(tmp_path):
    growing.enable()

    def simulated(name):
        neurons = brian2.NeuronGroup(3, "v : 1")
        monitor = brian2.StateMonitor(neurons, "v", record=True, name=name)
        brian2.Network(neurons, monitor).run(0.4 * ms)
        return monitor, brian2.get_device().arrays[monitor.variables["v"]]

    monitor, array = simulated("kept")
    array.shrink((2, 1))
    assert growing.dynamic_array(monitor, "v").shape == (2, 1)
    with growing.record_to(tmp_path) as recording:
        monitor, array = simulated("states")
        with pytest.raises(ValueError, match="keep their shape"):
            array.shrink((2, 1))
        assert array.shape == (4, 3)
    assert np.load(recording.folders["states"] / "v.npy").shape == (4, 3)


@pytest.mark.skipif(
    not growing.direct.is_supported(), reason="Brian2 2.9 keeps the arrays of its last network"
)
def test_files_end_with_their_monitors(tmp_path):
    neurons = brian2.NeuronGroup(2, "v : 1")
    recording = growing.record_to(tmp_path)
    monitor = brian2.StateMonitor(neurons, "v", record=True, name="states")
    network = brian2.Network(neurons, monitor)
    network.run(1 * ms)
    recording.stop()
    assert (tmp_path / "states" / "table.live").exists()
    del network, monitor
    gc.collect()
    assert not (tmp_path / "states" / "table.live").exists()
    assert np.load(tmp_path / "states" / "v.npy").shape == (10, 2)


def run(code, folder):
    """A process of its own, with the model."""
    return run_process(f"{PRELUDE}\n{MODEL}\nimport os\nos.chdir({str(folder)!r})\n{code}", timeout=600)


@pytest.mark.parametrize("target", TARGETS)
def test_a_run_that_is_killed_keeps_what_it_recorded(target, tmp_path):
    code = f"""
import signal
use({target!r})
recording = growing.record_to("run")
made = network()

@brian2.network_operation(dt=0.7*ms)
def end():
    if made.t > 15*ms:
        os.kill(os.getpid(), signal.SIGKILL)

made.add(end)
made.run(50*ms)
"""
    process = run(code, tmp_path)
    assert process.returncode == -signal.SIGKILL, process.stderr
    for monitor, columns in recorded(50).items():
        folder = tmp_path / "run" / monitor
        table = cda.open_table(folder)
        # end() ends step 154, before all monitors: it is the first of its own behind 15 ms.
        assert len(table) == np.count_nonzero(columns["t"] < 153.5e-4)
        cda.open_table(folder, "r+").close()
        for name, rows in columns.items():
            np.testing.assert_allclose(table[name], rows[: len(table)], rtol=1e-12)
            np.testing.assert_allclose(np.load(folder / f"{name}.npy"), rows[: len(table)], rtol=1e-12, strict=True)


KILLED = """
import random, signal, sys, time
import numpy as np
import cppdynarray as cda

def network():
    neurons = brian2.NeuronGroup(
        500, "dv/dt = (1 + i)/(100*ms) : 1", threshold="v > 2", reset="v -= 2", method="euler", name="neurons"
    )
    return brian2.Network(
        neurons,
        brian2.StateMonitor(neurons, "v", record=range(5), name="states"),
        brian2.SpikeMonitor(neurons[:100], "v", name="spikes"),
        brian2.PopulationRateMonitor(neurons, name="rate"),
    )

def check(name, table, rows):
    assert {len(column) for column in table.values()} == {len(table)}, name
    first = max(len(table) - rows, 0)
    last = table[first:]
    if name == "spikes":
        assert (last["v"] > 2).all() and (np.diff(last["t"]) >= 0).all()
        assert (np.diff(last["i"])[last["t"][1:] == last["t"][:-1]] > 0).all()
    else:
        np.testing.assert_allclose(last["t"], 1e-4*np.arange(first, len(table)), rtol=1e-9, atol=1e-12)
    if name == "states":
        assert (last["v"][first == 0:] > 0).all()
    return len(table)

def look(folder, child, stops):
    # To whom reads files a process that is stopped is one that is killed, and it goes on.
    while not os.path.exists(f"{folder}/rate/table.live"):
        time.sleep(0.005)
        assert os.waitpid(child, os.WNOHANG) == (0, 0), "the network didn't run"
    tables = {name: cda.open_table(f"{folder}/{name}") for name in ("states", "spikes", "rate")}
    counts = []
    while len(counts) < stops or not 10 < counts[-1]:
        time.sleep(random.uniform(0, 0.004))
        os.kill(child, signal.SIGSTOP)
        os.waitpid(child, os.WUNTRACED)
        for name, table in tables.items():
            table.refresh()
            check(name, table, 2000)
        counts.append(len(tables["states"]))
        os.kill(child, signal.SIGCONT)
    return counts

def kill_one(folder, stops):
    child = os.fork()
    if child == 0:
        try:
            growing.record_to(folder)
            network().run(1000*brian2.second)
        finally:
            os._exit(1)
    try:
        counts = look(folder, child, stops)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    for name in ("states", "spikes", "rate"):
        rows = check(name, cda.open_table(f"{folder}/{name}"), 1 << 40)
        with cda.open_table(f"{folder}/{name}", "a") as table:  # goes on with whole rows
            assert check(name, table, 1 << 40) == rows
        assert np.load(f"{folder}/{name}/t.npy").shape == (rows,)
    return counts
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it forks in the midst of Brian2")
@pytest.mark.parametrize("target", TARGETS)
def test_whole_rows_wherever_a_recording_is_killed(target, tmp_path):
    """A hundred moments while native code makes steps, some while Brian2's own does."""
    code = f"""
{KILLED}
seed = random.randrange(1 << 32)
random.seed(seed)
print("seed", seed)
use({target!r})
network().run(1*ms)  # all is compiled
for number in range(2):
    counts = kill_one(f"run{{number}}", {50 if target == "direct" else 10})
    assert counts == sorted(counts)
    print(len(set(counts)), "moments")
"""
    process = run(code, tmp_path)
    assert process.returncode == 0, process.stdout + process.stderr


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it sets Linux's limits")
@pytest.mark.parametrize("target", TARGETS)
def test_a_full_disk_ends_the_run_with_an_oserror(target, tmp_path):
    code = f"""
import errno, resource
use({target!r})
recording = growing.record_to("run")
made = network()
made.run(1*ms)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096 + (1 << 17), resource.RLIM_INFINITY))
try:
    made.run(1000*ms)
except Exception as error:
    causes = []
    while error is not None:
        causes.append(error)
        error = error.__cause__ or error.__context__
    found = [each for each in causes if isinstance(each, OSError)]
    assert found and not any(isinstance(each, MemoryError) for each in causes), causes
    print(found[-1].errno == errno.EFBIG or "File too large" in str(found[-1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
recording.close()
"""
    process = run(code, tmp_path)
    assert process.returncode == 0, process.stderr
    assert process.stdout.split()[-1] == "True"
    assert len(np.load(tmp_path / "run" / "states" / "v.npy")) == (1 << 17) // 24
