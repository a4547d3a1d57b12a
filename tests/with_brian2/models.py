"""
Networks that Hypothesis makes of a grammar of equations, run natively and by NumPy.

    python tests/with_brian2/models.py [--examples 300] [--seed N]

tries more of them than the tests do. A model that differs is printed as small as it can be, with how to repeat it.
"""

import argparse
import sys
from pathlib import Path
from types import SimpleNamespace

import brian2
import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
import kept_cache
from networks import values_of

import cppdynarray.brian2
from cppdynarray.brian2 import direct

ms, mV = brian2.ms, brian2.mV

# Expressions of no unit that stay small whatever they are put into, as compilers and NumPy may round their last bit
# differently. `%` and `//` take numbers that aren't near where they jump.
NAMES = ["v", "w", "c", "k", "big", "t/ms/100", "i/10.0", "u/mV", "wave(t)"]
UNARY = ["sin({})", "cos({})", "exp(-abs({}))", "tanh({})", "sqrt(abs({}) + 1)", "arctan({})", "abs({})", "(-{})",
         "log(abs({}) + 2)", "clip({}, -0.5, 0.5)", "sign({})*0.25", "exprel(-abs({}))", "twice({})/2",
         "int(i % 3 == 1)*{}", "floor({} + 0.317)*0.125"]
BINARY = ["({} + {})/2", "({} - {})/2", "({})*tanh({})", "({})/(1.5 + abs({}))", "(abs({}) + 0.5)**tanh({})"]
INTEGERS = ["(i + 1)", "k", "(i*7 - 3)", "N", "(k - i)"]
DIVISORS = ["3", "-2", "(i + 2)"]
WHOLE = ["({} // {})*0.125", "({} % {})*0.0625", "({} / {})*0.25"]


def expressions():
    whole = st.builds(str.format, *map(st.sampled_from, (WHOLE, INTEGERS, DIVISORS)))
    leaves = st.one_of(st.sampled_from(NAMES), st.sampled_from(["0.5", "2", "-1.25", "pi/4"]), whole)
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(str.format, st.sampled_from(UNARY), inner),
            st.builds(str.format, st.sampled_from(BINARY), inner, inner),
        ),
        max_leaves=5,
    )


# What a model is made of besides; "" leaves it out.
CHOICES = {
    "noise": ["", "0.1*xi*(10*ms)**-0.5"],
    "refractory": ["", "1*ms", "(1 + i % 3)*ms", "timestep(t - lastspike, dt) <= 4 + i"],
    "reset": ["v = 0", "v = -0.2; w += 0.1", "v -= 1; k += 1", "v = 0.1*sin(w); u = u*0.5"],
    "regularly": ["", "w = 0.9*w + 0.01", "k = (k + 3) % 5", "u = u/2 + 1*mV; w = rand()*0.1"],
    "condition": ["True", "i != j", "(i + j) % 3 == 0", "i < j and j < 6"],
    "on_pre": [
        "v_post += s*0.05", "w_post += 0.01*s; s = clip(s + v_post*0.01, 0, 2)", "u_post += s*0.1*mV",
        "v_post += int(s > 0.5)*0.02",
    ],
    "summed": ["", "s*v_pre/20", "s*tanh(v_pre - v_post)/20", "u_pre/mV*s/50"],
    "synaptic": ["", "dg/dt = -g/(5*ms) : 1 (clock-driven)", "dg/dt = -g/(5*ms) : 1 (event-driven)"],
    "delay": ["", "0.5*ms", "i*0.1*ms", "(0.3 + 0.2*(j % 3))*ms"],
    "recorded_dt": [0.1, 0.2, 0.3, 1.0],
    "neurons": [*range(1, 10)],
}


def models():
    choices = {name: st.sampled_from(each) for name, each in CHOICES.items()}
    # rand() and randn() are drawn ahead natively, each for itself, so that both together differ from NumPy's.
    return st.fixed_dictionaries({"derivative": expressions(), "subexpression": expressions(), **choices}).filter(
        lambda model: not (model["noise"] and "rand()" in model["regularly"])
    )


@brian2.implementation("numpy", lambda x: 2 * x)
@brian2.implementation("cpp", "static inline double twice(double x) { return 2*x; }")
@brian2.check_units(x=1, result=1)
def twice(x):
    return 2 * x


def build(model):
    model = SimpleNamespace(**model)
    wave = brian2.TimedArray(np.cos(np.arange(20.0)), dt=0.7 * ms)
    namespace = {"wave": wave, "twice": twice, "c": 0.75, "big": 3}
    flag = "(unless refractory)" if model.refractory else ""
    group = brian2.NeuronGroup(
        model.neurons,
        f"""
        dv/dt = (1.5 - v + total + 0.5*part)/(4*ms) + {model.noise or "0/ms"} : 1 {flag}
        dw/dt = (tanh({model.derivative}) - w)/(10*ms) : 1
        du/dt = (w*mV - u)/(8*ms) : volt
        part = tanh({model.subexpression}) : 1
        total : 1
        k : integer
        """,
        threshold="v > 1", reset=model.reset, method="euler", namespace=namespace, name="neurons",
        **({"refractory": model.refractory} if model.refractory else {}),
    )
    group.v, group.w, group.u = "i*0.07", "0.3 - i*0.05", "i*0.1*mV"
    group.k = "i % 4"
    if model.regularly:
        group.run_regularly(model.regularly, dt=0.4 * ms, name="regularly")
    summed = f"total_post = {model.summed} : 1 (summed)" if model.summed else ""
    synapses = brian2.Synapses(
        group, group, f"s : 1\n{summed}\n{model.synaptic}",
        on_pre=model.on_pre + ("; g += 0.1; s += 0.01*g" if model.synaptic else ""), namespace=namespace,
        name="synapses", method="euler",
    )
    synapses.connect(model.condition)
    if len(synapses):
        synapses.s = "0.2 + 0.1*((i + 2*j) % 5)"
        if model.delay:
            synapses.delay = model.delay
    return brian2.Network(
        group, synapses,
        brian2.StateMonitor(group, ["v", "w", "u"], record=True, dt=model.recorded_dt * ms, name="states"),
        brian2.SpikeMonitor(group, ["w"], name="spikes"), brian2.PopulationRateMonitor(group, name="rate"),
    )


def simulate(model):
    brian2.start_scope()
    brian2.seed(5)
    network = build(model)
    network.run(6 * ms)
    network.run(4 * ms)
    return values_of(network)


def check(model):
    """AssertionError if native code gives something else than NumPy does, or isn't native."""
    for target in ("codegen.target", "codegen.string_expression_target"):
        brian2.prefs[target] = "numpy"
    with cppdynarray.brian2.enabled():
        expected = simulate(model)
        brian2.prefs["codegen.target"] = "cython"
        before = direct.report()
        with direct.enabled():
            found = simulate(model)
    after = direct.report()
    fallen = after.fallbacks[len(before.fallbacks) :] if after.fallback_count > before.fallback_count else ()
    assert all("NumpyCodeObject" in reason for _, _, reason in fallen), fallen
    assert after.native_count > before.native_count and after.fused_steps > before.fused_steps
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name].dtype == values.dtype, name
        # Not where it comes to the last bit, which functions of NumPy's have by other ways than libm's.
        np.testing.assert_allclose(found[name], values, rtol=1e-9, atol=1e-12, err_msg=name)


def tried(examples, seed=None):
    """A function that tries so many models."""
    test = settings(
        max_examples=examples, deadline=None, database=None, print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        phases=[Phase.generate, Phase.shrink],
    )(given(models())(check))
    return test if seed is None else seeded(seed)(test)


def main():
    parser = argparse.ArgumentParser(description="Compare native code with NumPy's on models that Hypothesis makes.")
    parser.add_argument("--examples", type=int, default=300)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = np.random.SeedSequence().entropy % 2**32 if options.seed is None else options.seed
    print(f"{options.examples} models, --seed {seed}", flush=True)
    kept_cache.use()
    brian2.prefs["logging.warn_for_unused_objects"] = False
    tried(options.examples, seed)()
    print(f"all the same; {direct.report().native_count} code objects ran natively")


if __name__ == "__main__":
    main()
