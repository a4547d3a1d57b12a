"""Access to the growing arrays themselves, while a network runs."""

from brian2.core.variables import DynamicArrayVariable

from cppdynarray.brian2.arrays import DynamicArray

__all__ = ["dynamic_array"]


def dynamic_array(group, name):
    """
    The array behind a variable: it grows as the network runs, and nothing is copied.

    Parameters
    ----------
    group : brian2.Group
        A monitor, synapses, or any other object with variables that grow.
    name : str
        The name of one of them, such as ``"t"``.

    Returns
    -------
    cppdynarray.DynamicArray
        Its values in base units, time along the first dimension. Only Brian2 should change its length. Give other
        libraries a view of it, ``[:]``, which keeps its length.

    Raises
    ------
    KeyError
        If there is no such variable.
    TypeError
        If the variable doesn't grow, or was made while cppdynarray was disabled.

    Examples
    --------
    >>> import brian2, cppdynarray.brian2
    >>> with cppdynarray.brian2.enabled():
    ...     neurons = brian2.NeuronGroup(2, "v : 1")
    ...     monitor = brian2.StateMonitor(neurons, "v", record=True)
    >>> cppdynarray.brian2.dynamic_array(monitor, "v").shape
    (0, 2)
    """
    variable = group.variables[name]
    if not isinstance(variable, DynamicArrayVariable):
        raise TypeError(f"{name} of {group.name} is no dynamic array: its size doesn't change")
    array = variable.device.arrays[variable]
    if not isinstance(array, DynamicArray):
        raise TypeError(f"{name} of {group.name} was made while cppdynarray.brian2 was disabled")
    return array._data
