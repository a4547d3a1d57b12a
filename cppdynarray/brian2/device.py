"""The runtime device: Brian2's own, which makes its growing arrays of ours while that is enabled."""

import functools

import brian2
from brian2.core.network import Network
from brian2.core.variables import DynamicArrayVariable
from brian2.devices.device import RuntimeDevice, all_devices

from cppdynarray.brian2 import preference, recording
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
            made = recording.new_array(var)
            self.arrays[var] = DynamicArray(var.size, dtype=var.dtype) if made is None else made
        else:
            super().add_array(var)

    def code_object(self, owner, name, abstract_code, variables, *args, codeobj_class=None, **kwargs):
        codeobj_class = self.code_object_class(codeobj_class)
        make = functools.partial(self._brian2s_code_object, owner, codeobj_class=codeobj_class)
        if not preference.makes_code_directly() or not COMPILED_CODE_TAKES_CAPSULES:
            return make(name, abstract_code, variables, *args, **kwargs)
        from cppdynarray.brian2.direct import code_object as direct  # only those who use it wait for its import

        return direct.make(self, make, codeobj_class, owner, name, abstract_code, variables, *args, **kwargs)

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

    def _brian2s_code_object(self, owner, name, abstract_code, variables, *args, codeobj_class=None, **kwargs):
        arrays = {name: self.arrays[var] for name, var in variables.items() if isinstance(var, DynamicArrayVariable)}
        codeobj_class = code_object_class(codeobj_class, arrays)
        return super().code_object(
            owner, name, abstract_code, variables, *args, codeobj_class=codeobj_class, **kwargs
        )


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
