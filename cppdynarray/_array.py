"""Names from before the modules moved to _core: `rebuild` is what older pickles say makes their arrays."""

from cppdynarray._core._array import memory_of, rebuild  # noqa: F401
