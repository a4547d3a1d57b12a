"""What is compiled, what is found again, and what is left to Cython."""

import gc
import os
import platform
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from native_code import import_brian2

brian2 = import_brian2()

from brian2 import ms  # noqa: E402

import cppdynarray.brian2  # noqa: E402
from cppdynarray.brian2 import direct  # noqa: E402

PROGRAM = """
import warnings
warnings.simplefilter("ignore")
import sys
import brian2, cppdynarray.brian2
from cppdynarray.brian2 import direct
brian2.prefs["codegen.target"] = "cython"
brian2.prefs["codegen.cpp.extra_compile_args_gcc"] = ["-w", "-O0", "-std=c++17"]
brian2.prefs["cppdynarray.cache_dir"] = sys.argv[1]
cppdynarray.brian2.enable()
direct.enable()
group = brian2.NeuronGroup(4, "dv/dt = 1/ms : 1", threshold="v > 1", reset="v = 0", method="euler")
monitor = brian2.SpikeMonitor(group)
brian2.run(3*brian2.ms)
report = direct.report()
print(len(monitor.t), len(report.compilations), report.found, report.fallback_count)
"""


@pytest.fixture(autouse=True)
def own_cache(native, tmp_path):
    brian2.prefs["cppdynarray.cache_dir"] = str(tmp_path)


def run_group(name="neurons", neurons=4, rate=1.0, equations="dv/dt = rate/ms : 1", **namespace):
    group = brian2.NeuronGroup(
        neurons, equations, threshold="v > 1", reset="v = 0", method="euler", name=name,
        namespace={"rate": rate, **namespace},
    )
    monitor = brian2.SpikeMonitor(group, name=f"{name}_spikes")
    brian2.Network(group, monitor).run(3 * ms)
    return len(monitor.t)


def compilations():
    return len(direct.report().compilations)


def test_a_sweep_and_a_renamed_copy_compile_nothing():
    assert run_group() == 4 * 2
    before = compilations()
    assert run_group("others", 7, rate=2.0) == 7 * 5
    assert compilations() == before


def test_equations_and_numbers_in_them_are_compiled():
    run_group()
    for equations in ("dv/dt = 2*rate/ms : 1", "dv/dt = 3*rate/ms : 1"):
        before = compilations()
        run_group(equations=equations)
        assert compilations() == before + 1


def everything(prefix, neurons, scale):
    """What a model can have, under other names, in other sizes, with other values; the equations are the same."""

    def name(of):
        return f"{prefix}{of}"

    times = 20 + neurons
    wave = brian2.TimedArray(scale * np.sin(np.arange(times)), dt=scale * ms, name=name("wave"))
    columns = brian2.TimedArray(np.full((times, neurons), scale), dt=2 * ms, name=name("columns"))
    drawn = brian2.BinomialFunction(neurons, 0.1 * scale, approximate=False, name=name("drawn"))
    normal = brian2.BinomialFunction(1000 * neurons, 0.1 * scale, name=name("normal"))
    namespace = {
        "wave": wave, "columns": columns, "drawn": drawn, "normal": normal, "tau": 10 * scale * ms, "count": neurons,
    }
    group = brian2.NeuronGroup(
        neurons,
        """
        dv/dt = (1.2 + wave(t) + 0.1*columns(t, i) + total - v)/tau + 0.1*xi*tau**-0.5 : 1 (unless refractory)
        total : 1
        k : integer
        of_the_other : 1 (linked)
        part = clip(v, 0, 1)*abs(v) + int(k > 1) : 1
        """,
        threshold="v > 1", reset="v = 0", refractory=scale * ms, method="euler", namespace=namespace,
        name=name("group"), events={"low": "v < -0.1"}, dt=0.1 * scale * ms,
    )
    other = brian2.NeuronGroup(neurons, "x : 1", name=name("other"), dt=0.1 * scale * ms)
    group.of_the_other = brian2.linked_var(other, "x")
    group.v[: neurons // 2] = "rand()*0.1"
    group.run_on_event("low", "v = 0.1*(k % 3) + k // 2")
    group.run_regularly("k = poisson(3)\nv += drawn()*0.001 + normal()*1e-6", name=name("regular"))
    sources = brian2.PoissonGroup(neurons, rates=100 * scale * brian2.Hz, name=name("sources"), dt=0.1 * scale * ms)
    generator = brian2.SpikeGeneratorGroup(
        neurons, np.arange(neurons), np.arange(neurons) * scale * ms, period=2 * neurons * scale * ms,
        name=name("generator"), dt=0.1 * scale * ms,
    )
    synapses = brian2.Synapses(
        sources, group[1:], "w : 1\ntotal_post = w*0.01 : 1 (summed)\ndg/dt = -g/tau : 1 (event-driven)",
        on_pre="v_post += w*g", on_post="w = clip(w + 0.01, 0, 1)", namespace=namespace, name=name("synapses"),
    )
    synapses.connect(p=0.3 * scale, n=1 + (scale > 1))
    synapses.w = "0.01*rand()"
    synapses.pre.delay = "i*0.1*ms"
    driven = brian2.Synapses(generator, group, on_pre="v_post += 0.1", delay=scale * ms, name=name("driven"))
    driven.connect(i=np.arange(neurons), j=np.arange(neurons)[::-1])
    objects = [
        brian2.StateMonitor(group, ["v", "part"], record=[0, neurons - 1], dt=0.3 * scale * ms, name=name("states")),
        brian2.SpikeMonitor(group[: neurons // 2], ["v"], name=name("spikes")),
        brian2.EventMonitor(group, "low", name=name("lows")), brian2.PopulationRateMonitor(group, name=name("rate")),
        brian2.PoissonInput(group, "v", neurons, 10 * scale * brian2.Hz, 0.01 * scale),
        brian2.PoissonInput(group, "v", 5000 * neurons, 10 * scale * brian2.Hz, 1e-6 * scale),
    ]
    return brian2.Network(group, other, sources, generator, synapses, driven, *objects, name=name("network"))


def test_other_names_sizes_and_values_compile_nothing():
    brian2.prefs["codegen.string_expression_target"] = "cython"
    everything("first_", 8, 1.0).run(5 * ms)
    before = direct.report()
    for prefix, neurons, scale in (("zz_the_second_", 11, 1.5), ("a", 7, 0.5)):
        everything(prefix, neurons, scale).run(5 * ms)
    after = direct.report()
    names = [name for each in after.compilations[len(before.compilations) :] for name in each.names]
    assert names == []
    assert after.fallback_count == before.fallback_count and after.native_count > before.native_count + 40


def test_all_that_is_missing_is_one_library():
    before = compilations()
    run_group(equations="dv/dt = rate/ms : 1\nunused : 1")
    assert compilations() == before + 1
    assert len(direct.report().compilations[-1].names) == 4


def start(folder, **kwargs):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(cppdynarray.__file__).parents[1])}, **kwargs,
    )


def test_other_processes_find_it_and_may_run_at_the_same_time(tmp_path):
    processes = [start(tmp_path) for _ in range(3)]
    outputs = [process.communicate(timeout=600)[0].split() for process in processes]
    assert [output[0] for output in outputs] == ["8", "8", "8"], outputs
    assert start(tmp_path).communicate(timeout=600)[0].split() == ["8", "0", "4", "0"]
    assert not list(tmp_path.glob("compiling-*"))


def test_a_broken_library_is_compiled_again(tmp_path):
    assert start(tmp_path).communicate(timeout=600)[0].split()[1] == "1"
    (library,) = tmp_path.glob("*.so")
    library.write_bytes(b"broken")
    assert start(tmp_path).communicate(timeout=600)[0].split()[:2] == ["8", "1"]
    assert start(tmp_path).communicate(timeout=600)[0].split()[:2] == ["8", "0"]


DAMAGE = {
    "cut off": lambda content, other: content[: len(content) // 2],
    "zeroed": lambda content, other: bytes(len(content)),
    "zeroed from a page on": lambda content, other: content[:4096] + bytes(len(content) - 4096),
    "empty": lambda content, other: b"",
    "another library": lambda content, other: other,
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_library_that_is_not_what_was_written_is_not_loaded(how, tmp_path):
    from cppdynarray.brian2.direct import compiler

    run_group()
    run_group(equations="dv/dt = 2*rate/ms : 1")
    damaged = tmp_path / "damaged"  # what is loaded has to stay as it is
    damaged.mkdir()
    for path in tmp_path.glob("*.*"):
        (damaged / path.name).write_bytes(path.read_bytes())
    brian2.prefs["cppdynarray.cache_dir"] = str(damaged)
    first, second = damaged.glob("*.so")
    contents = first.read_bytes(), second.read_bytes()
    first.write_bytes(DAMAGE[how](*contents))
    second.write_bytes(DAMAGE[how](*contents[::-1]))
    before = compilations()
    assert run_group("again") == 8 and run_group("again2", equations="dv/dt = 2*rate/ms : 1") == 4 * 5
    assert compilations() > before
    assert all(compiler.name_of(path.read_bytes()) == path.name for path in (first, second) if path.exists())
    before = compilations()
    assert run_group("at_last") == 8 and compilations() == before


def test_without_a_home_the_directory_is_a_temporary_one(monkeypatch):
    from cppdynarray.brian2.direct import compiler

    def no_home():
        raise RuntimeError("Could not determine home directory.")

    brian2.prefs["cppdynarray.cache_dir"] = None
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    directory = compiler.cache_directory()
    assert directory.name.startswith("cppdynarray-brian2-") and directory.is_dir()


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="they have other places for it")
def test_by_default_the_directory_is_in_the_users_cache_directory(monkeypatch, tmp_path):
    from cppdynarray.brian2.direct import compiler

    brian2.prefs["cppdynarray.cache_dir"] = None
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert compiler.cache_directory() == tmp_path / "cppdynarray" / "brian2"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert compiler.cache_directory() == tmp_path / "home" / ".cache" / "cppdynarray" / "brian2"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes can't be forked")
def test_a_forked_child_leaves_the_temporary_directory_to_its_parent(tmp_path):
    from cppdynarray.brian2.direct import compiler

    kept = tmp_path / "kept"
    kept.mkdir()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        compiler._remove(str(kept), parent)
        os._exit(0)
    os.waitpid(child, 0)
    assert kept.is_dir()
    compiler._remove(str(kept), parent)
    assert not kept.exists()


def test_what_is_from_a_time_to_come_is_tidied_too(tmp_path):
    old, future, young = (tmp_path / f"compiling-{name}" for name in ("old", "future", "young"))
    for folder, days in ((old, -2), (future, 2), (young, 0)):
        folder.mkdir()
        os.utime(folder, (time.time() + days * 86400,) * 2)
    run_group()
    assert [path.name for path in tmp_path.glob("compiling-*")] == ["compiling-young"]


def test_a_directory_that_cannot_be_made_is_replaced(tmp_path):
    (tmp_path / "file").write_text("")
    assert start(tmp_path / "file" / "below").communicate(timeout=600)[0].split()[:2] == ["8", "1"]


def test_a_directory_that_cannot_be_written_to_is_replaced():
    if not Path("/proc/self").exists():
        pytest.skip("needs a directory in which nobody can make files")
    assert start("/proc").communicate(timeout=600)[0].split() == ["8", "1", "0", "0"]


def test_a_full_disk_is_replaced(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(disk)]
    if not sys.platform.startswith("linux") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a small disk")
    try:
        assert start(disk).communicate(timeout=600)[0].split() == ["8", "1", "0", "0"]
        assert not list(disk.iterdir())
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
def test_a_process_killed_while_it_compiles_leaves_nothing_wrong(tmp_path):
    # All at once: the compiler's processes too.
    process = start(tmp_path, start_new_session=True)
    while not list(tmp_path.glob("compiling-*/functions.cpp")):
        assert process.poll() is None
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    (left,) = tmp_path.glob("compiling-*")
    assert not list(tmp_path.glob("*.entry"))
    os.utime(left, (0, 0))
    assert start(tmp_path).communicate(timeout=600)[0].split() == ["8", "1", "0", "0"]
    assert not left.exists()  # by now nobody's
    assert start(tmp_path).communicate(timeout=600)[0].split() == ["8", "0", "4", "0"]


def test_what_was_compiled_for_another_processor_is_not_found(monkeypatch):
    from cppdynarray.brian2.direct import compiler

    run_group()
    before = compilations()
    identity = compiler._identity
    monkeypatch.setattr(compiler, "_identity", lambda *args: identity(*args)[::-1])
    assert run_group("there") == 8
    assert compilations() == before + 1


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="flags of that processor")
def test_flags_count_by_what_they_stand_for():
    from cppdynarray.brian2.direct import compiler

    def identity(*flags):
        return compiler._identity(compiler._command(), flags, "")

    if compiler._compiler().compiler_type == "msvc":
        pytest.skip("it has no such flags")
    assert identity("-march=x86-64") != identity("-march=x86-64-v3")
    assert identity("-march=x86-64") == identity("-march=x86-64", "-w")


def test_clear_cache_knows_the_directory(tmp_path):
    run_group()
    assert list(tmp_path.glob("*.entry"))
    brian2.clear_cache("cppdynarray")
    assert not list(tmp_path.glob("*.entry"))
    assert run_group("again") == 8


@pytest.mark.parametrize("networks", [3, pytest.param(100, marks=pytest.mark.slow)])
def test_libraries_are_unloaded(networks):
    from cppdynarray.brian2.direct import compiler

    def mapped():
        """The libraries from the cache that this process has in memory."""
        maps = Path("/proc/self/maps")
        folder = brian2.prefs["cppdynarray.cache_dir"]
        return {line.split()[-1] for line in maps.read_text().splitlines() if folder in line} if maps.exists() else ()

    run_group()
    gc.collect()
    before = len(compiler.Library.loaded)
    for number in range(networks):
        brian2.start_scope()
        run_group(f"group{number}", equations=f"dv/dt = rate/ms : 1\nextra{number} : 1\ndw{number}/dt = 1/ms : 1")
        gc.collect()
    assert len(compiler.Library.loaded) <= before + 1
    assert len(mapped()) <= before + 1


def test_a_function_without_cpp_falls_back_alone():
    @brian2.implementation("cython", "cdef double twice(double x):\n    return 2*x\n")
    @brian2.check_units(x=1, result=1)
    def twice(x):
        return 2 * x

    before = direct.report()
    assert run_group("with_function", equations="dv/dt = twice(rate)/ms : 1", twice=twice) == 4 * 5
    after = direct.report()
    ((name, template, reason),) = after.fallbacks[len(before.fallbacks) :]
    assert name.startswith("with_function_stateupdater") and template == "stateupdate" and "C++" in reason
    assert after.native_count == before.native_count + 3


def test_a_function_with_a_python_object_falls_back_alone():
    def seen(x):
        return x

    seen = brian2.Function(seen, arg_units=[1], return_unit=1)
    add = seen.implementations.add_implementation
    add("cpp", "double seen(double x) { return x; }", name="seen", namespace={"_kept": {}})
    add("cython", "cdef double seen(double x):\n    return x\n", name="seen")
    before = direct.report()
    assert run_group("with_object", equations="dv/dt = seen(rate)/ms : 1", seen=seen) == 4 * 2
    after = direct.report()
    ((name, _, reason),) = after.fallbacks[len(before.fallbacks) :]
    assert name.startswith("with_object_stateupdater") and "_kept, which is a Python object" in reason
    assert after.native_count == before.native_count + 3


def test_a_compile_error_warns_and_falls_back():
    @brian2.implementation("cpp", "double thrice(double x) { return 3*x*nonsense; }")
    @brian2.implementation("cython", "cdef double thrice(double x):\n    return 3*x\n")
    @brian2.check_units(x=1, result=1)
    def thrice(x):
        return 3 * x

    from brian2.utils.logger import catch_logs

    with catch_logs() as logs:
        assert run_group("refused", equations="dv/dt = thrice(rate)/ms : 1", thrice=thrice) == 4 * 7
    assert any("could not be compiled" in text for _, _, text in logs)
    name, _, reason = direct.report().fallbacks[-1]
    assert name.startswith("refused_stateupdater") and "nonsense" in reason


def test_what_the_compiler_refuses_is_compiled_without():
    def refused(number):
        text = f"double refused{number}(double x) {{ return x*nonsense; }}"
        cython = f"cdef double refused{number}(double x):\n    return {number}*x\n"
        function = brian2.Function(lambda x: x, arg_units=[1], return_unit=1)
        function.implementations.add_implementation("cpp", text, name=f"refused{number}")
        function.implementations.add_implementation("cython", cython, name=f"refused{number}")
        return function

    groups = [
        brian2.NeuronGroup(
            2, f"dv/dt = f(1 + 0*v)*{number + 1}/ms : 1", threshold="v > 1", reset="v = 0", method="euler",
            namespace={"f": refused(2)}, name=f"with_function{number}",
        )
        for number in range(2)
    ]
    groups += [
        brian2.NeuronGroup(2, f"dv/dt = {number}/ms + 0*v/ms : 1", method="euler", name=f"plain{number}")
        for number in range(4)
    ]
    before = direct.report()
    brian2.Network(*groups).run(1 * ms)
    after = direct.report()
    np.testing.assert_allclose(groups[5].v[:], 3)
    fallen = [name for name, *_ in after.fallbacks[len(before.fallbacks) :]]
    assert all("with_function" in name for name in fallen) and len(fallen) == 2
    assert len(after.compilations) - len(before.compilations) <= 2  # those of users' functions, and the others


def test_numpy_code_stays_numpy_code():
    brian2.prefs["codegen.target"] = "numpy"
    assert run_group() == 8
    assert "NumpyCodeObject" in direct.report().fallbacks[-1][2]


def test_arrays_of_brian2s_own_fall_back():
    group = brian2.NeuronGroup(4, "dv/dt = 1/ms : 1", threshold="v > 1", reset="v = 0", method="euler")
    with cppdynarray.brian2.enabled(False):
        monitor = brian2.SpikeMonitor(group)
    brian2.Network(group, monitor).run(3 * ms)
    assert len(monitor.t) == 8
    assert "array of Brian2's own" in direct.report().fallbacks[-1][2]


@pytest.mark.parametrize(
    "version, supported", [("2.9.0", False), ("2.10.1", False), ("2.11.0", True), ("3.0.dev1", True)]
)
def test_older_versions_are_refused(monkeypatch, version, supported):
    monkeypatch.setattr(brian2, "__version__", version)
    if supported:
        direct.enable()
        return
    with pytest.raises(ImportError, match=rf"needs Brian2 2\.11 or newer.*; this is Brian2 {version}"):
        direct.enable()


def test_the_report_is_a_table():
    run_group()
    assert "native:" in str(direct.report()) and "left to Brian2:" in textwrap.dedent(str(direct.report()))
