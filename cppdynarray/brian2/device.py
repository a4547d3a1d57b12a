"""The runtime device: Brian2's own, which makes its growing arrays of ours while that is enabled."""

import contextlib
import functools
from weakref import WeakValueDictionary

import brian2
from brian2.core.network import Network
from brian2.core.preferences import prefs
from brian2.core.variables import DynamicArrayVariable
from brian2.devices.device import RuntimeDevice, all_devices

from cppdynarray._core._handles import address_in
from cppdynarray.brian2 import preference, recording, whole_rows
from cppdynarray.brian2.arrays import DynamicArray
from cppdynarray.brian2.code_object import COMPILED_CODE_TAKES_CAPSULES, code_object_class

__all__ = ["install"]

NAME = "cppdynarray"


class GrowingRuntimeDevice(RuntimeDevice):
    """Brian2's runtime device, with a choice of the memory that new arrays get."""

    @property
    def grows_in_place(self):
        """Whether new arrays are of ours."""
        return preference.is_enabled()

    def add_array(self, var):
        if self.grows_in_place and isinstance(var, DynamicArrayVariable):
            rows = recording.rows_of(var.owner)
            self.arrays[var] = DynamicArray(var.size, dtype=var.dtype) if rows is None else rows.new_column(var)
        else:
            super().add_array(var)

    def code_object_class(self, codeobj_class=None, fallback_pref="codegen.target"):
        chosen_by_auto = codeobj_class is None and prefs[fallback_pref] == "auto"
        if chosen_by_auto and preference.makes_code_directly() and COMPILED_CODE_TAKES_CAPSULES:
            from cppdynarray.brian2.direct import code_object as direct

            if direct.can_compile():  # Brian2 itself would compile a Cython module to see
                return direct.ChosenByAuto
        return super().code_object_class(codeobj_class, fallback_pref)

    def code_object(self, owner, name, abstract_code, variables, *args, codeobj_class=None, **kwargs):
        codeobj_class = self.code_object_class(codeobj_class)
        make = functools.partial(self._brian2s_code_object, owner)
        if not preference.makes_code_directly() or not COMPILED_CODE_TAKES_CAPSULES:
            return make(name, abstract_code, variables, *args, codeobj_class=codeobj_class, **kwargs)
        from cppdynarray.brian2.direct import code_object as direct  # only those who use it wait for its import

        return direct.make(self, make, codeobj_class, owner, name, abstract_code, variables, *args, **kwargs)

    def spike_queue(self, source_start, source_end):
        queue = super().spike_queue(source_start, source_end)
        if COMPILED_CODE_TAKES_CAPSULES:
            self.__dict__.setdefault("spike_queues", WeakValueDictionary())[address_in(queue.get_capsule())] = queue
        return queue

    def queue_of(self, capsule):
        """The queue that a capsule leads to, which doesn't keep it alive; None if it is of before this device."""
        return self.__dict__.get("spike_queues", {}).get(address_in(capsule))

    def __getstate__(self):
        return {name: value for name, value in super().__getstate__().items() if name != "spike_queues"}

    def network_run(self, network, *args, level=0, **kwargs):
        if not preference.makes_code_directly():
            return Network.run.original_function(network, *args, level=level + 1, **kwargs)
        from cppdynarray.brian2.direct import run

        return run.run(self, network, *args, level=level, **kwargs)

    def network_before_run(self, network, run_namespace):
        if not preference.makes_code_directly():
            return Network.before_run.original_function(network, run_namespace)
        from cppdynarray.brian2.direct import run

        return run.before_run(self, network, run_namespace)

    def network_after_run(self, network):
        if not preference.makes_code_directly():
            return Network.after_run.original_function(network)
        from cppdynarray.brian2.direct import run

        return run.after_run(self, network)

    def network_store(self, network, *args, **kwargs):
        # Compiled code lengthens arrays, of which not every monitor of Brian2 2.11 takes note.
        for monitor in filter(whole_rows.of_monitor, network.objects):
            for variable in monitor.variables.values():
                if isinstance(self.arrays.get(variable), whole_rows.Column):
                    shape = self.arrays[variable].shape
                    variable.size = shape if len(shape) > 1 else shape[0]
        return Network.store.original_function(network, *args, **kwargs)

    def network_restore(self, network, *args, **kwargs):
        found = map(whole_rows.of_monitor, network.objects)
        with contextlib.ExitStack() as restoring:  # rows that are there without their values yet are none
            for rows in filter(None, found):
                restoring.enter_context(rows)
            return Network.restore.original_function(network, *args, **kwargs)

    def _brian2s_code_object(self, owner, name, abstract_code, variables, *args, codeobj_class=None, **kwargs):
        arrays = {
            name: var.device.arrays[var] for name, var in variables.items() if isinstance(var, DynamicArrayVariable)
        }
        codeobj_class = code_object_class(codeobj_class, arrays)
        made = super().code_object(
            owner, name, abstract_code, variables, *args, codeobj_class=codeobj_class, **kwargs
        )
        rows = whole_rows.of_monitor(owner)
        return made if rows is None else whole_rows.make_steps_of(made, rows)


class NamedDevice(GrowingRuntimeDevice):
    """The same device under a name of its own, by which it is chosen whatever the preference says."""

    grows_in_place = True

    def __init__(self, runtime):
        # One state for both: generated code holds the runtime device's buffers of random numbers.
        self.__dict__ = runtime.__dict__


def _check(runtime):
    """ImportError that says so if this Brian2 isn't made as those that this was written for."""
    if type(runtime) is not RuntimeDevice:
        raise ImportError(f"the runtime device is not Brian2's own but a {type(runtime).__name__}")
    missing = [name for name in ("add_array", "get_value", "resize") if name not in vars(RuntimeDevice)]
    missing += [name for name in ("arrays",) if name not in vars(runtime)]
    if missing:
        raise ImportError(
            f"cppdynarray.brian2 doesn't work with Brian2 {brian2.__version__}: "
            f"its RuntimeDevice has no {', '.join(missing)}"
        )


def install():
    """Make the existing runtime device, which variables refer to already, one of ours."""
    runtime = all_devices["runtime"]
    if NAME not in all_devices:
        _check(runtime)
        runtime.__class__ = GrowingRuntimeDevice
        all_devices[NAME] = NamedDevice(runtime)
