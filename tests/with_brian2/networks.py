"""Networks that the tests and the comparison of times run, and all that is in them afterwards."""

import numpy as np

from optional_libraries import import_library

brian2 = import_library("brian2")
ms, mV, nS, pF = brian2.ms, brian2.mV, brian2.nS, brian2.pF
ArrayVariable, DynamicArrayVariable = brian2.core.variables.ArrayVariable, brian2.core.variables.DynamicArrayVariable


def coba(neurons=4000):
    """Conductance-based integrate-and-fire neurons, four excitatory ones for each inhibitory one."""
    namespace = {
        "taum": 20 * ms, "taue": 5 * ms, "taui": 10 * ms, "Cm": 200 * pF, "El": -60 * mV, "Ee": 0 * mV, "Ei": -80 * mV,
        "gl": 10 * nS, "we": 6 * nS * 4000 / neurons, "wi": 67 * nS * 4000 / neurons,
    }  # fmt: skip
    group = brian2.NeuronGroup(
        neurons,
        """
        dv/dt = (gl*(El - v) + ge*(Ee - v) + gi*(Ei - v) + I)/Cm : volt (unless refractory)
        dge/dt = -ge/taue : siemens
        dgi/dt = -gi/taui : siemens
        I : amp
        """,
        threshold="v > -50*mV", reset="v = El", refractory=5 * ms, method="euler", namespace=namespace, name="neurons",
    )  # fmt: skip
    group.v = "El + 10*mV*rand()"
    group.ge = "4*nS*rand()"
    group.gi = "20*nS*rand()"
    group.I = 0.2 * brian2.nA
    excitatory = brian2.Synapses(
        group[: neurons * 4 // 5], group, on_pre="ge += we", namespace=namespace, name="excitatory"
    )
    inhibitory = brian2.Synapses(
        group[neurons * 4 // 5 :], group, on_pre="gi += wi", namespace=namespace, name="inhibitory"
    )
    for synapses in (excitatory, inhibitory):
        synapses.connect(p=0.02)
    return brian2.Network(group, excitatory, inhibitory, brian2.SpikeMonitor(group, name="spikes"))


def stdp(inputs=200):
    """One neuron whose plastic synapses follow the times of the spikes on both sides."""
    namespace = {"taupre": 20 * ms, "gmax": 0.01, "Apre": 0.01, "Apost": -0.0105, "taum": 10 * ms, "taue": 5 * ms}
    poisson = brian2.PoissonGroup(inputs, rates=15 * brian2.Hz, name="inputs")
    neuron = brian2.NeuronGroup(
        1, "dv/dt = (ge*74 - v)/taum : 1\ndge/dt = -ge/taue : 1", threshold="v > 1", reset="v = 0", method="euler",
        namespace=namespace, name="neuron",
    )  # fmt: skip
    synapses = brian2.Synapses(
        poisson, neuron,
        """
        w : 1
        dApre_/dt = -Apre_/taupre : 1 (event-driven)
        dApost_/dt = -Apost_/taupre : 1 (event-driven)
        """,
        on_pre="ge += w\nApre_ += Apre*gmax\nw = clip(w + Apost_, 0, gmax)",
        on_post="Apost_ += Apost*gmax\nw = clip(w + Apre_, 0, gmax)",
        namespace=namespace, name="plastic",
    )  # fmt: skip
    synapses.connect()
    synapses.w = "rand()*gmax"
    synapses.delay = "1*ms + rand()*ms"
    return brian2.Network(
        poisson, neuron, synapses,
        brian2.StateMonitor(synapses, "w", record=range(0, inputs, 10), dt=1 * ms, name="weights"),
        brian2.StateMonitor(neuron, ["v", "ge"], record=True, name="potential"),
        brian2.SpikeMonitor(neuron, "v", name="spikes"),
    )  # fmt: skip


def small():
    """One neuron of each kind of thing that grows, to be run for many steps."""
    group = brian2.NeuronGroup(
        10, "dv/dt = (2 - v)/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact", name="neurons"
    )
    group.v = "i/10.0"
    synapses = brian2.Synapses(group, group, "w : 1", on_pre="v_post += w", name="synapses")
    synapses.connect(j="(i + 1) % 10")
    synapses.w = "0.01*i"
    return brian2.Network(
        group, synapses, brian2.StateMonitor(group, "v", record=True, name="states"),
        brian2.SpikeMonitor(group, name="spikes"), brian2.PopulationRateMonitor(group, name="rate"),
    )  # fmt: skip


def variables_of(network):
    """All of a network's arrays, by the names of their objects and their own."""
    return {
        f"{thing.name}.{name}": variable
        for thing in sorted(network.sorted_objects, key=lambda thing: thing.name)
        if hasattr(thing, "variables")
        for name, variable in thing.variables.items()
        if isinstance(variable, ArrayVariable) and variable.owner.name == thing.name
    }


def values_of(network):
    """Copies of all of their values."""
    return {name: np.array(variable.get_value()) for name, variable in variables_of(network).items()}


def dynamic_arrays_of(network):
    """The objects that hold the dynamic ones."""
    return {
        name: variable.device.arrays[variable]
        for name, variable in variables_of(network).items()
        if isinstance(variable, DynamicArrayVariable)
    }
