"""Networks that the tests and the comparison of times run, and all that is in them afterwards."""

import numpy as np

from optional_libraries import import_library

brian2 = import_library("brian2")
ms, mV, nS, pF = brian2.ms, brian2.mV, brian2.nS, brian2.pF
ArrayVariable, DynamicArrayVariable = brian2.core.variables.ArrayVariable, brian2.core.variables.DynamicArrayVariable


def coba(neurons=4000, prefix=""):
    """Conductance-based integrate-and-fire neurons, four excitatory ones for each inhibitory one."""
    namespace = {
        "taum": 20 * ms, "taue": 5 * ms, "taui": 10 * ms, "Cm": 200 * pF, "El": -60 * mV, "Ee": 0 * mV, "Ei": -80 * mV,
        "gl": 10 * nS, "we": 6 * nS * 4000 / neurons, "wi": 67 * nS * 4000 / neurons,
    }
    group = brian2.NeuronGroup(
        neurons,
        """
        dv/dt = (gl*(El - v) + ge*(Ee - v) + gi*(Ei - v) + I)/Cm : volt (unless refractory)
        dge/dt = -ge/taue : siemens
        dgi/dt = -gi/taui : siemens
        I : amp
        """,
        threshold="v > -50*mV", reset="v = El", refractory=5 * ms, method="euler", namespace=namespace,
        name=f"{prefix}neurons",
    )
    group.v = "El + 10*mV*rand()"
    group.ge = "4*nS*rand()"
    group.gi = "20*nS*rand()"
    group.I = 0.2 * brian2.nA
    excitatory = brian2.Synapses(
        group[: neurons * 4 // 5], group, on_pre="ge += we", namespace=namespace, name=f"{prefix}excitatory"
    )
    inhibitory = brian2.Synapses(
        group[neurons * 4 // 5 :], group, on_pre="gi += wi", namespace=namespace, name=f"{prefix}inhibitory"
    )
    for synapses in (excitatory, inhibitory):
        synapses.connect(p=0.02)
    return brian2.Network(group, excitatory, inhibitory, brian2.SpikeMonitor(group, name=f"{prefix}spikes"))


def cuba(neurons=4000):
    """The same with synaptic currents, solved exactly: the second benchmark of Brette et al. (2007)."""
    namespace = {
        "taum": 20 * ms, "taue": 5 * ms, "taui": 10 * ms, "rest": -49 * mV, "Vt": -50 * mV, "Vr": -60 * mV,
        "we": 1.62 * mV * 4000 / neurons, "wi": -9 * mV * 4000 / neurons,
    }
    group = brian2.NeuronGroup(
        neurons,
        """
        dv/dt = (rest + ge + gi - v)/taum : volt (unless refractory)
        dge/dt = -ge/taue : volt
        dgi/dt = -gi/taui : volt
        """,
        threshold="v > Vt", reset="v = Vr", refractory=5 * ms, method="exact", namespace=namespace, name="neurons",
    )
    group.v = "Vr + rand()*(Vt - Vr)"
    excitatory = brian2.Synapses(group, group, on_pre="ge += we", namespace=namespace, name="excitatory")
    excitatory.connect("i < N_pre*4//5", p=0.02)
    inhibitory = brian2.Synapses(group, group, on_pre="gi += wi", namespace=namespace, name="inhibitory")
    inhibitory.connect("i >= N_pre*4//5", p=0.02)
    return brian2.Network(group, excitatory, inhibitory, brian2.SpikeMonitor(group, name="spikes"))


def oscillating(neurons=5000):
    """Inhibitory neurons in noise that fire at random and oscillate together, after Brunel and Hakim (1999)."""
    namespace = {"tau": 20 * ms, "drive": 25 * mV, "sigma": 1 * mV, "J": 0.1 * mV * 5000 / neurons}
    group = brian2.NeuronGroup(
        neurons, "dv/dt = (drive - v)/tau + sigma*xi*tau**-0.5 : volt", threshold="v > 20*mV", reset="v = 10*mV",
        refractory=2 * ms, method="euler", namespace=namespace, name="neurons",
    )
    group.v = 10 * mV
    inhibition = brian2.Synapses(
        group, group, on_pre="v_post -= J", delay=2 * ms, namespace=namespace, name="inhibition"
    )
    inhibition.connect(p=0.2)
    return brian2.Network(
        group, inhibition, brian2.SpikeMonitor(group, name="spikes"), brian2.PopulationRateMonitor(group, name="rate")
    )


def barrels(across=3, inputs=16, excitatory=36, inhibitory=9):
    """
    Layers 4 and 2/3 of a barrel cortex under moving bars, as in Kremer et al. (2011).

    Inputs that a stimulus drives, anew every 20 ms; neurons with a threshold that adapts; plastic synapses within a
    barrel, lateral ones that depend on distance. Each number is that of one barrel, a square but for `inputs`.
    """
    count = across**2
    side_exc, side_inh = int(excitatory**0.5), int(inhibitory**0.5)
    namespace = {
        "across": across, "inputs": inputs, "side_exc": side_exc, "side_inh": side_inh, "most": 200 * brian2.Hz,
        "taum": 10 * ms, "taue": 2 * ms, "taui": 25 * ms, "rest": -70 * mV, "low": -55 * mV, "tau_low": 50 * ms,
        "tau_source": 5 * ms, "tau_target": 25 * ms, "top": 150 * mV, "up": 7.5 * mV, "down": -6 * mV,
    }
    layer4 = brian2.NeuronGroup(
        count * inputs,
        """
        rate = most*int(abs((column + 0.5 - bar_x)*cos(angle) + (row + 0.5 - bar_y)*sin(angle)) < 0.5)
                   *clip(cos(angle - preferred), 0, inf) : Hz
        bar_x = start_x + cos(angle)*(t - start)/(5*ms) : 1 (shared)
        bar_y = start_y + sin(angle)*(t - start)/(5*ms) : 1 (shared)
        column : integer
        row : integer
        preferred : 1
        angle : 1 (shared)
        start : second (shared)
        start_x : 1 (shared)
        start_y : 1 (shared)
        """,
        threshold="rand() < rate*dt", method="euler", namespace=namespace, name="layer4",
    )
    layer4.column = "(i // inputs) % across"
    layer4.row = "i // (inputs*across)"
    layer4.preferred = "2*pi*(i % inputs)/inputs"
    layer4.run_regularly(
        "angle = 2*pi*rand()\nstart_x = across/2.0 - 2*cos(angle)\nstart_y = across/2.0 - 2*sin(angle)\nstart = t",
        dt=20 * ms, when="start", name="stimulus",
    )
    layer23 = brian2.NeuronGroup(
        count * (excitatory + inhibitory),
        """
        dv/dt = (rest + ge + gi - v)/taum : volt
        dge/dt = -ge/taue : volt
        dgi/dt = -gi/taui : volt
        dlimit/dt = (low - limit)/tau_low : volt
        barrel : integer
        x : 1
        y : 1
        """,
        threshold="v > limit", reset="v = rest; limit += 2*mV", refractory=2 * ms, method="euler",
        namespace=namespace, name="layer23",
    )
    layer23.v = -70 * mV
    layer23.limit = -55 * mV
    both = layer23[: count * excitatory], layer23[count * excitatory :]
    for group, side in zip(both, ("side_exc", "side_inh"), strict=True):
        group.x = f"(i % (across*{side}))*(1.0/{side})"
        group.y = f"(i // (across*{side}))*(1.0/{side})"
        group.barrel = "int(floor(x) + across*floor(y))"
    forward = brian2.Synapses(
        layer4, both[0],
        """
        w : volt
        dsource/dt = -source/tau_source : volt (event-driven)
        dtarget/dt = -target/tau_target : volt (event-driven)
        """,
        on_pre="ge += w\nsource += up\nw = clip(w + target, 0*volt, top)",
        on_post="target += down\nw = clip(w + source, 0*volt, top)",
        namespace=namespace, name="forward",
    )
    forward.connect("column_pre + across*row_pre == barrel_post", p=0.5)
    forward.w = "top/2"
    lateral = brian2.Synapses(both[0], layer23, "w : volt", on_pre="ge += w", namespace=namespace, name="lateral")
    lateral.connect(p="0.15*exp(-0.5*(((x_pre - x_post)/0.4)**2 + ((y_pre - y_post)/0.4)**2))")
    lateral.w[f"j < {count * excitatory}"] = "0.3*top"
    lateral.w[f"j >= {count * excitatory}"] = "top"
    inhibition = brian2.Synapses(both[1], both[0], on_pre="gi -= 1*mV", namespace=namespace, name="inhibition")
    inhibition.connect(p="exp(-0.5*(((x_pre - x_post)/0.2)**2 + ((y_pre - y_post)/0.2)**2))")
    return brian2.Network(
        layer4, layer23, forward, lateral, inhibition, brian2.SpikeMonitor(layer23, name="spikes"),
        brian2.SpikeMonitor(layer4, name="input_spikes"),
    )


def stdp(inputs=200):
    """One neuron whose plastic synapses follow the times of the spikes on both sides."""
    namespace = {"taupre": 20 * ms, "gmax": 0.01, "Apre": 0.01, "Apost": -0.0105, "taum": 10 * ms, "taue": 5 * ms}
    poisson = brian2.PoissonGroup(inputs, rates=15 * brian2.Hz, name="inputs")
    neuron = brian2.NeuronGroup(
        1, "dv/dt = (ge*74 - v)/taum : 1\ndge/dt = -ge/taue : 1", threshold="v > 1", reset="v = 0", method="euler",
        namespace=namespace, name="neuron",
    )
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
    )
    synapses.connect()
    synapses.w = "rand()*gmax"
    synapses.delay = "1*ms + rand()*ms"
    return brian2.Network(
        poisson, neuron, synapses,
        brian2.StateMonitor(synapses, "w", record=range(0, inputs, 10), dt=1 * ms, name="weights"),
        brian2.StateMonitor(neuron, ["v", "ge"], record=True, name="potential"),
        brian2.SpikeMonitor(neuron, "v", name="spikes"),
    )


def small(neurons=10, recorded=True):
    """One of each kind of thing that grows, to be run for many steps."""
    group = brian2.NeuronGroup(
        neurons, "dv/dt = (2 - v)/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact", name="neurons"
    )
    group.v = f"i/{neurons}.0"
    synapses = brian2.Synapses(group, group, "w : 1", on_pre="v_post += w", name="synapses")
    synapses.connect(j="(i + 1) % N_post")
    synapses.w = f"0.01*i*10/{neurons}"
    return brian2.Network(
        group, synapses, brian2.StateMonitor(group, "v", record=recorded, name="states"),
        brian2.SpikeMonitor(group, name="spikes"), brian2.PopulationRateMonitor(group, name="rate"),
    )


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
