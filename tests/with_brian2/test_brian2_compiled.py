"""Compiled code: it works on the arrays it was built for, and refuses others."""

import gc
import sys

import numpy as np
import pytest
from networks import small, values_of

import cppdynarray as cda
from cppdynarray._core._handles import handle_capsule
from optional_libraries import import_library

brian2 = import_library("brian2")
growing = import_library("cppdynarray.brian2")
arrays = import_library("cppdynarray.brian2.arrays")
header = import_library("cppdynarray.brian2.header")
ms = brian2.ms
TAKES_CAPSULES = hasattr(brian2.devices.RuntimeDevice, "get_capsule")
takes_capsules = pytest.mark.skipif(
    not TAKES_CAPSULES, reason="what this version of Brian2 compiles reaches all arrays through Python"
)


@pytest.fixture(autouse=True)
def cython():
    for name in ("codegen.target", "codegen.string_expression_target"):
        brian2.prefs[name] = "cython"


def code_objects(network):
    """The code of a network that has run, by the name of the object and the block."""
    found = {}
    for thing in network.sorted_objects:
        for code in [*thing._code_objects, getattr(thing, "codeobj", None)]:
            if code is not None:
                found[f"{thing.name}_{code.template_name}"] = code
    return found


def run_small():
    network = small()
    brian2.seed(2)
    network.run(5 * ms)
    return network


def holds_arrays(code):
    return "_capsule" in code.code.run and "_dynamic_array" in code.code.run


@takes_capsules
def test_code_for_the_two_kinds_of_arrays_is_kept_apart_in_one_cache():
    # In both orders; what was compiled before, in whatever order, is in the cache.
    files = {False: [], True: []}
    for value in (False, True, False, True):
        with growing.enabled(value):
            network = run_small()
        codes = code_objects(network)
        files[value].append({name: code.compiled_code["run"].__file__ for name, code in codes.items()})
        with_arrays = {name for name, code in codes.items() if holds_arrays(code)}
        assert {"states_statemonitor", "spikes_spikemonitor", "rate_ratemonitor"} <= with_arrays
    for first, second in files.values():
        assert first == second
    stock, ours = files[False][0], files[True][0]
    assert stock.keys() == ours.keys()
    assert {name for name in stock if stock[name] != ours[name]} == with_arrays


@takes_capsules
@pytest.mark.parametrize("value", [False, True])
def test_code_for_the_other_kind_refuses_an_array(value):
    codes = {}
    networks = []  # their variables must live
    for enabled in (value, not value):
        with growing.enabled(enabled):
            networks.append(run_small())
            codes[enabled] = code_objects(networks[-1])
    before = [values_of(network) for network in networks]
    for name, code in codes[value].items():
        if holds_arrays(code):
            other = codes[not value][name]
            with pytest.raises(ValueError, match="incorrect name"):
                code.compiled_code["run"].main(other.namespace)
    for network, values in zip(networks, before, strict=True):
        for name, found in values_of(network).items():
            assert found.tobytes() == values[name].tobytes()


@takes_capsules
def test_arrays_of_both_kinds_in_one_code_object_are_an_error():
    group = brian2.NeuronGroup(2, "v : 1", name="neurons")
    synapses = brian2.Synapses(group, group, "w : 1", name="synapses")
    synapses.connect()
    with growing.enabled():
        monitor = brian2.StateMonitor(synapses, "w", record=True, name="states")
    with pytest.raises(brian2.BrianObjectException) as caught:
        brian2.Network(group, synapses, monitor).run(1 * ms)
    message = str(caught.value.__cause__)
    assert isinstance(caught.value.__cause__, ValueError)
    assert "cppdynarray" in message and "_source_w" in message


def test_arrays_of_both_kinds_are_no_matter_for_numpy_code():
    for name in ("codegen.target", "codegen.string_expression_target"):
        brian2.prefs[name] = "numpy"
    group = brian2.NeuronGroup(2, "v : 1", name="neurons")
    synapses = brian2.Synapses(group, group, "w : 1", name="synapses")
    synapses.connect()
    synapses.w = "i + 10*j"
    with growing.enabled():
        monitor = brian2.StateMonitor(synapses, "w", record=True, name="states")
    brian2.Network(group, synapses, monitor).run(1 * ms)
    assert monitor.w[:, -1].tolist() == [0, 10, 1, 11]


@takes_capsules
def test_the_target_keeps_its_name():
    with growing.enabled():
        for code in code_objects(run_small()).values():
            assert code.class_name == "cython"
            # Not of a class of ours: Python's caches for attributes bear one class better than two.
            assert type(code.__repr__.__self__) is brian2.codegen.runtime.cython_rt.CythonCodeObject


@takes_capsules
def test_the_code_that_is_shown_is_the_code_that_is_compiled():
    with growing.enabled():
        code = code_objects(run_small())["states_statemonitor"].code
    assert header.capsule_name(2) in code.run
    assert header.capsule_name(2) in str(code)
    assert header.capsule_name(2) in code["run"]


def test_seeding_reaches_compiled_code():
    drawn = []
    for value in (False, True, True):
        with growing.enabled(value):
            group = brian2.NeuronGroup(10, "v : 1", name="neurons")
            brian2.seed(5)
            group.v = "rand() + 100*randn()"
            drawn.append(np.array(group.v))
    assert len({values.tobytes() for values in drawn}) == 1
    group.v = "rand() + 100*randn()"
    assert np.array(group.v).tobytes() != drawn[0].tobytes()


def test_a_capsule_keeps_its_array_alive_and_lets_go_of_it():
    array = arrays.DynamicArray(1000)
    inner = array._data
    before = sys.getrefcount(inner)
    capsule = array.get_capsule()
    assert sys.getrefcount(inner) == before + 1
    del array
    gc.collect()
    assert sys.getrefcount(inner) >= before
    del capsule
    assert sys.getrefcount(inner) == before - 1


@pytest.mark.parametrize("ndim", [1, 2])
def test_names_of_capsules_tell_the_headers_apart(ndim, tmp_path, monkeypatch):
    name = header.capsule_name(ndim)
    assert name != header.capsule_name(3 - ndim)
    assert name in repr(arrays.DynamicArray((0, 1)[:ndim]).get_capsule())
    (tmp_path / "dynamic_array.h").write_text("// another one")
    monkeypatch.setattr(header, "directory", lambda: str(tmp_path))
    header._hash.cache_clear()
    header.capsule_name.cache_clear()
    assert header.capsule_name(ndim) != name
    monkeypatch.undo()
    header._hash.cache_clear()
    header.capsule_name.cache_clear()
    assert header.capsule_name(ndim) == name


@takes_capsules
def test_brian2s_header_is_not_found_first():
    with growing.enabled():
        code = code_objects(run_small())["states_statemonitor"]
    assert code.include_dirs[:2] == [header.directory(), cda.get_include()]


def test_an_array_that_cannot_grow_has_no_capsule():
    array = arrays.DynamicArray(3)
    array._data.setflags(write=False)
    with pytest.raises(ValueError):
        array.get_capsule()
    with pytest.raises(ValueError):
        handle_capsule(np.zeros(3), "name")
