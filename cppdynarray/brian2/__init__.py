"""
Brian2's dynamic arrays as arrays that grow in place.

Importing this module offers it, `enable` turns it on: what monitors record and what synapses hold is then kept in
DynamicArrays, by Python and by Brian2's compiled code. Views of it stay valid and live while the network runs.
"""

from cppdynarray.brian2 import device as _device
from cppdynarray.brian2 import preference as _preference
from cppdynarray.brian2.live import dynamic_array, table
from cppdynarray.brian2.preference import disable, enable, enabled
from cppdynarray.brian2.recording import Recording, record_to

_preference.register()
_device.install()

from cppdynarray.brian2 import direct  # noqa: E402

__all__ = ["Recording", "direct", "disable", "dynamic_array", "enable", "enabled", "record_to", "table"]
