"""Networks in pools of processes, and a state that one process stored and another restores."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

from native_code import import_brian2

brian2 = import_brian2()

import cppdynarray  # noqa: E402

PROGRAM = """
import multiprocessing, sys, warnings
warnings.simplefilter("ignore")
import brian2, numpy as np
from brian2 import ms
import cppdynarray.brian2
from cppdynarray.brian2 import direct
brian2.prefs["codegen.cpp.extra_compile_args_gcc"] = ["-w", "-O0"]
brian2.prefs["cppdynarray.cache_dir"] = sys.argv[1]
direct.enable()

def build():
    group = brian2.NeuronGroup(20, "dv/dt = (1.2 + drive - v)/(5*ms) : 1\\ndrive : 1", threshold="v > 1", reset="v = 0",
                               method="euler", name="group")
    group.drive = "i*0.01"
    synapses = brian2.Synapses(group, group, on_pre="v_post += 0.02*rand()", delay=1*ms, name="synapses")
    synapses.connect(j="(i + 1) % N_post")
    spikes = brian2.SpikeMonitor(group, name="spikes")
    return brian2.Network(group, synapses, spikes), spikes

def simulate(seed):
    brian2.start_scope()
    brian2.seed(seed)
    network, spikes = build()
    network.run(20*ms)
    return np.array(spikes.i[:]).tolist(), all("NumpyCodeObject" in reason for *_, reason in direct.report().fallbacks)

def halves(part):
    brian2.start_scope()
    brian2.seed(1)
    network, spikes = build()
    if part == "first":
        network.run(10*ms)
        network.store(filename=sys.argv[2])
    else:
        network.restore(filename=sys.argv[2], restore_random_state=True)
        network.run(10*ms)
    return np.array(spikes.i[:]).tolist()

if __name__ == "__main__":
    expected = [simulate(seed) for seed in range(3)]
    assert all(native is True for _, native in expected) and expected[0][0] != expected[1][0], expected
    for kind in sys.argv[3:]:
        with multiprocessing.get_context(kind).Pool(2) as pool:
            found = pool.map(simulate, range(3))
            assert [spikes for spikes, _ in found] == [spikes for spikes, _ in expected], kind
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        pool.apply(halves, ("first",))
        assert pool.apply(halves, ("second",)) == expected[1][0]
    print("the same")
"""


def test_pools_of_processes_and_a_state_from_another(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    kinds = [kind for kind in multiprocessing.get_all_start_methods() if kind != "forkserver"]
    process = subprocess.run(
        [sys.executable, program, tmp_path / "cache", tmp_path / "state", *kinds], capture_output=True, text=True,
        timeout=600, check=False, env={**os.environ, "PYTHONPATH": str(Path(cppdynarray.__file__).parents[1])},
    )
    assert process.returncode == 0 and process.stdout.split() == ["the", "same"], process.stdout + process.stderr
