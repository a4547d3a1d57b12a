"""Access to the growing arrays themselves, while a network runs."""

from brian2.core.variables import DynamicArrayVariable

from cppdynarray._core._table import Table
from cppdynarray.brian2 import whole_rows
from cppdynarray.brian2.arrays import DynamicArray
from cppdynarray.table import DynamicTable

__all__ = ["dynamic_array", "table"]


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


class _Recorded(DynamicTable):
    """What a monitor had recorded at some moment."""

    __slots__ = ()
    _cannot_grow = "a monitor's table has what was recorded when it was asked for; t.copy() can grow"


def table(monitor):
    """
    What a monitor has recorded by now, as a table: rows that are whole, and no others.

    Parameters
    ----------
    monitor : brian2.StateMonitor, SpikeMonitor, EventMonitor or PopulationRateMonitor
        It may be recording, in a network that runs in another thread.

    Returns
    -------
    cppdynarray.DynamicTable
        A column for each variable, in base units, the time first: ``t`` and ``v``, or ``t`` and ``i``. It can be
        read, shares the monitor's memory, and keeps its length: ask again for the rows that have come.

    Raises
    ------
    TypeError
        If the monitor records nothing that grows, or was made while cppdynarray was disabled.

    See Also
    --------
    dynamic_array, cppdynarray.DynamicTable

    Notes
    -----
    Rows are whole beside a network that runs in another thread, too, whatever runs its code.

    Examples
    --------
    >>> import brian2, cppdynarray.brian2
    >>> with cppdynarray.brian2.enabled():
    ...     neurons = brian2.NeuronGroup(2, "dv/dt = -v/(10*ms) : 1", method="exact")
    ...     monitor = brian2.StateMonitor(neurons, "v", record=True)
    ...     brian2.Network(neurons, monitor).run(1 * brian2.ms)
    >>> recorded = cppdynarray.brian2.table(monitor)
    >>> recorded.names, len(recorded), recorded["v"].shape
    (('t', 'v'), 10, (10, 2))
    """
    names = [
        name for name, variable in monitor.variables.items()
        if isinstance(variable, DynamicArrayVariable) and variable.owner is not None
        and variable.owner.name == monitor.name
    ]
    if not names:
        raise TypeError(f"{monitor.name} records nothing: it has no dynamic arrays")
    names = whole_rows.in_order(names)
    arrays = [dynamic_array(monitor, name) for name in names]
    whole = whole_rows.of_monitor(monitor)
    rows = min(map(len, arrays)) if whole is None else whole.count()
    views = [array[:rows] for array in arrays]
    for view in views:
        view.flags.writeable = False
    made = Table.__new__(_Recorded)
    made._begin_on_files(tuple(names), views)
    return made
