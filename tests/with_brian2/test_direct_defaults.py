"""Two lines are enough: with Brian2's default preferences, `direct.enable()` alone, and any compiler or none."""

import shutil

import pytest
from native_code import import_brian2

brian2 = import_brian2()

from brian2 import ms  # noqa: E402
from brian2.codegen.runtime.cython_rt import CythonCodeObject  # noqa: E402
from brian2.devices.device import auto_target  # noqa: E402
from brian2.utils.logger import catch_logs  # noqa: E402

import cppdynarray.brian2  # noqa: E402
from cppdynarray.brian2 import direct  # noqa: E402
from cppdynarray.brian2.direct import code_object, compiler  # noqa: E402


@pytest.fixture(autouse=True)
def defaults(tmp_path, monkeypatch):
    """Brian2's own target, where a Cython module would have to be compiled to know whether one can be."""
    brian2.prefs["codegen.target"] = "auto"
    brian2.prefs["cppdynarray.cache_dir"] = str(tmp_path)
    monkeypatch.setitem(auto_target.__globals__, "_auto_target", None)
    monkeypatch.setattr(CythonCodeObject, "is_available", classmethod(lambda cls: asked.append(cls)))
    monkeypatch.setattr(code_object, "made_before", set())
    asked.clear()
    yield
    direct.disable()


asked = []  # of Brian2, whether Cython works; the answer is no


def build(prefix="", **kwargs):
    group = brian2.NeuronGroup(
        4, "dv/dt = 1/ms : 1", threshold="v > 1", reset="v = 0", method="euler", name=f"{prefix}group"
    )
    synapses = brian2.Synapses(group, group, on_pre="v_post += 0", name=f"{prefix}synapses", **kwargs)
    synapses.connect(j="i")
    return brian2.Network(group, synapses, brian2.SpikeMonitor(group, name=f"{prefix}spikes"))


def spikes_of(network):
    return len(next(each for each in network.objects if each.name.endswith("spikes")).t)


def warnings(logs, about):
    return [text for level, name, text in logs if level == "WARNING" and name.endswith(about)]


def test_one_call_and_no_preference_are_enough():
    direct.enable()
    before = direct.report()
    network = build()
    network.run(3 * ms)
    after = direct.report()
    assert spikes_of(network) == 8 and not asked
    assert after.fused_steps == before.fused_steps + 30
    assert [reason for *_, reason in after.fallbacks[len(before.fallbacks) :]] == []


def test_enabling_it_enables_the_arrays_unless_they_are_disabled_afterwards():
    assert not cppdynarray.brian2.preference.is_enabled()
    cppdynarray.brian2.disable()
    direct.enable()
    assert cppdynarray.brian2.preference.is_enabled()
    cppdynarray.brian2.disable()
    assert not cppdynarray.brian2.preference.is_enabled()
    direct.disable()
    brian2.prefs["cppdynarray.enabled"] = None
    with direct.enabled():
        assert cppdynarray.brian2.preference.is_enabled()
    assert not cppdynarray.brian2.preference.is_enabled()
    brian2.prefs["cppdynarray.direct"] = True
    assert cppdynarray.brian2.preference.is_enabled()


def test_what_was_made_before_is_told_and_runs_by_brian2():
    brian2.prefs["codegen.target"] = "numpy"
    network = build()
    brian2.prefs["codegen.target"] = "auto"
    direct.enable()
    before = direct.report()
    with catch_logs() as logs:
        network.run(3 * ms)
        network.run(3 * ms)
    (text,) = warnings(logs, "made_before_enable")
    assert "'spikes'" in text and "'synapses" in text and "before cppdynarray.brian2.direct.enable()" in text
    assert spikes_of(network) == 4 * 5
    after = direct.report()
    fallbacks = after.fallbacks[len(before.fallbacks) :]
    assert any("of spikes is an array of Brian2's own, made before enable()" in reason for *_, reason in fallbacks)
    assert after.native_count > before.native_count  # the rest
    assert asked  # now that Brian2 has to make code itself: here of NumPy's, as there is no Cython


def test_without_a_compiler_brian2_runs_all_and_says_so(monkeypatch):
    monkeypatch.setattr(compiler, "_command", lambda: ("no-such-compiler",))
    direct.enable()
    before = direct.report()
    with catch_logs() as logs:
        network = build()
        network.run(3 * ms)
    assert spikes_of(network) == 8 and direct.report().native_count == before.native_count
    (text,) = set(warnings(logs, "no_compiler"))
    assert "no-such-compiler" in text and "nothing natively" in text
    assert direct.report().no_compiler and "no C++ compiler" in str(direct.report())


def test_what_was_compiled_elsewhere_runs_without_a_compiler(monkeypatch, tmp_path):
    direct.enable()
    build().run(1 * ms)
    copied = shutil.copytree(tmp_path, tmp_path / "copied", ignore=shutil.ignore_patterns("copied"))
    brian2.prefs["cppdynarray.cache_dir"] = str(copied)
    monkeypatch.setattr(compiler, "_command", lambda: ("no-such-compiler",))
    brian2.start_scope()
    before = direct.report()
    network = build("other_")
    network.run(3 * ms)
    after = direct.report()
    assert spikes_of(network) == 8 and not asked
    assert after.fallback_count == before.fallback_count and after.compilations == before.compilations
    # But not what a processor can't run.
    for entry in compiler.cache_directory().glob("*.entry"):
        entry.write_text(f"{entry.read_text()} an_instruction_that_nobody_has")
    brian2.start_scope()
    network = build("third_")
    network.run(3 * ms)
    assert spikes_of(network) == 8
    assert direct.report().native_count == after.native_count
    assert "no C++ compiler" in direct.report().fallbacks[-1][2]
