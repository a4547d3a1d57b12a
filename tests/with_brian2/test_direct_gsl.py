"""What the GNU Scientific Library integrates stays Brian2's own code, and comes to the same beside native code."""

import shutil

import numpy as np
import pytest
from native_code import import_brian2
from networks import values_of

from optional_libraries import import_library

brian2 = import_brian2()
growing = import_library("cppdynarray.brian2")

from brian2.codegen.runtime.cython_rt import CythonCodeObject  # noqa: E402
from brian2.codegen.runtime.GSLcython_rt import IntegrationError  # noqa: E402
from brian2.devices.device import auto_target  # noqa: E402

ms = brian2.ms
needs_gsl = pytest.mark.skipif(not shutil.which("gsl-config"), reason="needs GSL with its headers (libgsl-dev)")


def oscillator(method="gsl_rkf45", **options):
    """Differential equations of neurons, and of synapses, whose arrays grow."""
    group = brian2.NeuronGroup(
        5, "dx/dt = (y - x)/(5*ms) : 1\ndy/dt = (drive - x)/(3*ms) : 1\ndrive : 1", threshold="x > 1", reset="x = 0",
        method=method, method_options=options, name="oscillating",
    )
    group.drive = "1 + i*0.2"
    synapses = brian2.Synapses(
        group, group, "dg/dt = -g/(4*ms) : 1 (clock-driven)", on_pre="g += 0.1; x_post += 0.01*g", method=method,
        method_options=options, name="integrated",
    )
    synapses.connect(condition="i != j")
    return brian2.Network(
        group, synapses, brian2.StateMonitor(group, ["x", "y"], record=True, name="states"),
        brian2.SpikeMonitor(group, name="spikes"),
    )


def run(native, build, target="cython", **kwargs):
    """All that a network holds after a run, and what was left to Brian2 in it."""
    brian2.start_scope()
    brian2.prefs["codegen.target"] = target
    before = growing.direct.report()
    with growing.enabled(), growing.direct.enabled(native):
        network = build(**kwargs)
        network.run(10 * ms)
        network.run(5 * ms)
    after = growing.direct.report()
    assert (after.native_count > before.native_count) == native
    return values_of(network), after.fallbacks[len(before.fallbacks) :]


def assert_same(found, expected):
    assert found.keys() == expected.keys() and len(expected["spikes.t"]) > 5
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name, strict=True)


@needs_gsl
@pytest.mark.parametrize("target", ["cython", "auto"])
def test_gsl_comes_to_the_same(target, monkeypatch):
    monkeypatch.setitem(auto_target.__globals__, "_auto_target", CythonCodeObject)  # what it would find
    found, fallbacks = run(True, oscillator, target)
    expected, _ = run(False, oscillator, target)
    assert_same(found, expected)
    reasons = {reason for _, template, reason in fallbacks if template == "stateupdate"}
    assert reasons == {"runs as GSLCythonCodeObject"}


@needs_gsl
def test_where_gsl_fails_the_error_is_gsls():
    for native in (True, False):
        with pytest.raises(brian2.BrianObjectException) as caught:
            run(native, oscillator, absolute_error=1e-25, max_steps=3)
        assert isinstance(caught.value.__cause__, IntegrationError)


class LikeGSL(CythonCodeObject):
    """Code of a class that a method of integration asks for."""


def by_own_code(equations, variables, method_options=None):
    """A method of integration that does as GSL's."""
    code = brian2.euler(equations, variables)

    def choose(updater):
        updater.codeobj_class = LikeGSL
        return code

    return choose


def test_a_method_of_integration_that_asks_for_a_class_of_its_own_gets_it():
    found, fallbacks = run(True, oscillator, method=by_own_code)
    expected, _ = run(False, oscillator, method=by_own_code)
    assert_same(found, expected)
    assert {reason for _, template, reason in fallbacks if template == "stateupdate"} == {"runs as LikeGSL"}
