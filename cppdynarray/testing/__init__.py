"""What a test suite can check about any DynamicArray."""

import ctypes
import sys

import numpy as np
from numpy._core.multiarray import get_handler_name

from cppdynarray._core._array import DynamicArray, memory_of
from cppdynarray.testing.holders import assert_not_held

__all__ = ["assert_invariants", "assert_not_held"]

# How far past the used bytes memory is looked at: a page, so that a check costs microseconds
# and hardly any memory.
_SPARE_BYTES_READ = 4096
# How many objects are looked at together, so that a large array isn't copied as a whole.
_ELEMENTS_READ = 4096


def assert_invariants(array):
    """
    Check everything that holds for a DynamicArray at any time.

    Its flags and strides are those of a fresh array of equal shape. If it owns its memory, that
    is a block of this library's allocator, whose sizes agree with each other and with
    ``capacity`` and ``max_size``, and in which all is zero that should be. The elements can be
    read, objects included.

    Parameters
    ----------
    array : DynamicArray
        The array to look at. It is not changed.

    Raises
    ------
    AssertionError
        If something does not hold. The message says what.

    Examples
    --------
    >>> import cppdynarray as cda
    >>> from cppdynarray.testing import assert_invariants
    >>> d = cda.zeros((1, 3))
    >>> d.append([1, 2, 3])
    >>> assert_invariants(d)
    """
    _check(isinstance(array, DynamicArray), f"{type(array)} is not a kind of DynamicArray")
    _check(isinstance(array, np.ndarray), "it is not an ndarray")
    memory = memory_of(array)
    if memory is not None:
        _check_owner(array)
        _check_memory(array, memory)
    elif array.ndim > 0:
        _equal("capacity without a block", array.capacity, len(array))
        _equal("max_size without a block", array.max_size, len(array))
    _check_references(array)


def _check(holds, message):
    if not holds:
        raise AssertionError(message)


def _equal(what, found, expected):
    _check(found == expected, f"{what}: {found!r}, expected {expected!r}")


def _check_owner(array):
    """An array with a block is an owner, laid out as NumPy lays out new arrays."""
    flags = array.flags
    fresh = _fresh(array, "C" if flags.c_contiguous else "F")
    _equal("aligned and writebackifcopy", (flags.aligned, flags.writebackifcopy), (True, False))
    if array.itemsize:  # where all elements are in one place, every order is the same
        for flag in ("c_contiguous", "f_contiguous"):
            _equal(flag, getattr(flags, flag), getattr(fresh.flags, flag))
    _equal("owndata", flags.owndata, True)
    _equal("base", array.base, None)
    _equal("handler", get_handler_name(array), "cppdynarray")
    if array.size:
        for axis, length in enumerate(array.shape):
            if length > 1:  # the stride of any other axis is never used
                _equal(f"stride of axis {axis}", array.strides[axis], fresh.strides[axis])


def _fresh(array, order):
    """A plain array of equal shape and item size that NumPy lays out, on the same memory."""
    memory = (ctypes.c_char * array.nbytes).from_address(_address(array))
    return np.ndarray(array.shape, np.dtype((np.void, array.itemsize)), memory, order=order)


def _address(array):
    return array.__array_interface__["data"][0]


def _check_memory(array, memory):
    _equal("address", memory["address"], _address(array))
    _equal("used_bytes", memory["used_bytes"], array.nbytes)
    sizes = [memory[f"{name}_bytes"] for name in ("used", "committed", "reserved")]
    _equal("used, committed and reserved bytes", sizes, sorted(sizes))
    _check(
        memory["dirty_bytes"] <= memory["reserved_bytes"],
        f"{memory['dirty_bytes']} dirty bytes of {memory['reserved_bytes']} reserved ones",
    )
    _check(memory["retired_blocks"] >= 0, "a negative number of retired blocks")
    if array.ndim > 0:
        row_bytes = array.itemsize * int(np.prod(array.shape[1:], dtype=object))
        _check(
            len(array) <= array.capacity <= array.max_size,
            f"len {len(array)}, capacity {array.capacity} and max_size {array.max_size}: "
            "not in this order",
        )
        if row_bytes:
            _equal("capacity", array.capacity, memory["committed_bytes"] // row_bytes)
            _equal("max_size", array.max_size, memory["reserved_bytes"] // row_bytes)
    clean_from = max(memory["dirty_bytes"], memory["used_bytes"])
    clean_bytes = min(memory["committed_bytes"] - clean_from, _SPARE_BYTES_READ)
    if clean_bytes > 0:
        spare = ctypes.string_at(memory["address"] + clean_from, clean_bytes)
        _check(
            not any(spare), f"bytes never written are not zero, somewhere from byte {clean_from} on"
        )


def _check_references(array):
    """Reads every element that is more than bytes, as a broken one must show itself here."""
    if not array.dtype.hasobject:
        return
    flat = np.asarray(array).reshape(-1)
    for start in range(0, flat.size, _ELEMENTS_READ):
        for element in flat[start : start + _ELEMENTS_READ].tolist():
            if sys.getrefcount(element) <= 0:  # what its repr would do nobody knows
                raise AssertionError(f"an element of {type(element)} has no references")
