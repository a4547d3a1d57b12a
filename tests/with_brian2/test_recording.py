"""Monitors that record to files: the same values, after the run, while it runs, and after a crash."""

import functools
import gc
import signal
import sys
from pathlib import Path

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
NAMES = {"states.t", "states.v", "spikes.t", "spikes.i", "spikes.v", "rate.t", "rate.rate"}


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
    found = {
        f"{each.name}.{name}": np.array(brian2.get_device().get_value(each.variables[name]))
        for each in made.objects
        for name in each.variables
        if f"{each.name}.{name}" in NAMES
    }
    assert found.keys() == NAMES
    return found


def test_files_have_what_memory_has(target, tmp_path):
    with growing.record_to(tmp_path / "run") as recording:
        made = network()  # noqa: F821
        made.run(20 * ms)
        made.run(10 * ms)
    assert recording.paths.keys() == NAMES
    assert {path.name for path in (tmp_path / "run").iterdir()} == {f"{name}.npy" for name in NAMES}
    found = {name: np.load(path) for name, path in recording.paths.items()}
    values = values_of(made)  # monitors are read as before
    del made
    gc.collect()
    for name, rows in recorded(30).items():
        np.testing.assert_allclose(found[name], rows, rtol=1e-12, strict=True)
        np.testing.assert_allclose(values[name], rows, rtol=1e-12)


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
    follower = cda.open_memmap(recording.paths["states.v"])
    seen = []

    @brian2.network_operation(dt=1 * ms)
    def look():
        seen.append(follower.refresh())

    made.add(look)
    made.run(10 * ms)
    assert seen == sorted(seen) and seen[0] <= 10 and seen[-1] >= 80
    assert follower.refresh() == 100
    recording.flush()
    assert len(np.load(recording.paths["states.t"])) == 100
    recording.close()
    recording.close()
    assert_same(follower, np.load(recording.paths["states.v"]))


def test_what_is_made_later_or_is_no_monitor_is_in_memory(tmp_path):
    with growing.enabled(False):
        with growing.record_to(tmp_path) as recording:
            neurons = brian2.NeuronGroup(2, "v : 1", threshold="False")
            synapses = brian2.Synapses(neurons, neurons, "w : 1")
            synapses.connect()
            first = brian2.SpikeMonitor(neurons, name="first")
            recording.stop()
            second = brian2.SpikeMonitor(neurons, name="second")
            assert recording.paths.keys() == {"first.t", "first.i"}
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
    assert {*inner.paths} == {"one.t", "one.v"}
    assert {*outer.paths} == {"two.t", "two.v"}
    assert two.v.shape == (2, 0)


def test_files_are_not_overwritten_unless_that_is_asked_for(tmp_path):
    for mode, length in (("x", 10), ("w+", 20)):
        neurons = brian2.NeuronGroup(2, "v : 1")
        with growing.record_to(tmp_path, mode) as recording:
            monitor = brian2.StateMonitor(neurons, "v", record=True, name="states")
            brian2.Network(neurons, monitor).run(length * 0.1 * ms)
        del monitor
        gc.collect()
        assert np.load(recording.paths["states.v"]).shape == (length, 2)
    with growing.record_to(tmp_path), pytest.raises(FileExistsError, match=r"another directory, or with mode='w\+'"):
        brian2.StateMonitor(neurons, "v", record=True, name="states")
    assert len(np.load(tmp_path / "states.v.npy")) == 20
    with pytest.raises(ValueError, match="'x' or 'w\\+', not 'a'"):
        growing.record_to(tmp_path, "a")
    with pytest.raises(FileExistsError):
        growing.record_to(tmp_path / "states.v.npy")
    assert not brian2.prefs["cppdynarray.enabled"]


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
    assert (tmp_path / "states.v.npy.live").exists()
    del network, monitor
    gc.collect()
    assert not (tmp_path / "states.v.npy.live").exists()
    assert np.load(tmp_path / "states.v.npy").shape == (10, 2)


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
    steps = round(15.4 / 0.1)  # the first time that end() is called behind 15 ms
    for name, rows in recorded(50).items():
        path = Path(tmp_path, "run", f"{name}.npy")
        follower = cda.open_memmap(path)
        kept = len(follower)
        if not name.startswith("spikes"):
            assert steps - 1 <= kept <= steps + 1, name
        assert 0 < kept < len(rows)
        np.testing.assert_allclose(follower, rows[:kept], rtol=1e-12)
        cda.open_memmap(path, "r+").close()
        np.testing.assert_allclose(np.load(path), rows[:kept], rtol=1e-12, strict=True)


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
    assert len(np.load(tmp_path / "run" / "states.v.npy")) == (1 << 17) // 24
