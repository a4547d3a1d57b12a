"""Brian2's queues of spikes, for compiled functions."""

import functools
import hashlib
from pathlib import Path

import brian2

from cppdynarray.brian2.direct import compiler
from cppdynarray.brian2.direct._calls import Queue

__all__ = ["of"]

# The header whose layout in memory brian2_queue.hpp has: that of Brian2 2.11.
KNOWN = {"ec0873fd88190168b41ac013bb8528837ae6ea5d01285a9faa37cdd5edee33c2"}

# Compiled once where Brian2's header is another one.
SOURCE = """
#include "spikequeue.h"
#include "code_object.hpp"
CPPDYNARRAY_EXPORT void push(void* queue, const std::int32_t* spikes, std::int32_t count) {
    static_cast<CSpikeQueue*>(queue)->push(const_cast<std::int32_t*>(spikes), count);
}
CPPDYNARRAY_EXPORT const std::int32_t* due(void* queue, std::int64_t* count) {
    auto* synapses = static_cast<CSpikeQueue*>(queue)->peek();
    *count = static_cast<std::int64_t>(synapses->size());
    return synapses->data();
}
CPPDYNARRAY_EXPORT void advance(void* queue) { static_cast<CSpikeQueue*>(queue)->advance(); }
"""


def _header():
    return Path(brian2.__file__).parent / "synapses" / "spikequeue.h"


@functools.cache
def _functions():
    """The library of the functions for Brian2's queue, and their addresses; None for those that are built in."""
    if hashlib.sha256(_header().read_bytes()).hexdigest() in KNOWN:
        return None
    library = compiler.library_of(SOURCE, (("include_dirs", (str(_header().parent),)),), _header().read_bytes())
    return library, tuple(map(library.address, ("push", "due", "advance")))


def of(capsule, queue):
    """The `Queue` for the capsule that Brian2 gives of a queue. CompileError if there is no way to reach it."""
    functions = _functions()
    if functions is None:
        return Queue(capsule, queue)
    library, addresses = functions
    return Queue(capsule, (queue, library), addresses)
