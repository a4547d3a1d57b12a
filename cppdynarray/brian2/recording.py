"""What monitors record, on files: one `.npy` for each variable."""

import weakref
from pathlib import Path

from brian2.core.variables import DynamicArrayVariable
from brian2.monitors import EventMonitor, PopulationRateMonitor, StateMonitor

import cppdynarray as cda
from cppdynarray.brian2 import preference
from cppdynarray.brian2.arrays import DynamicArray

__all__ = ["Recording", "new_array", "record_to"]

MONITORS = (StateMonitor, EventMonitor, PopulationRateMonitor)
# Those that haven't ended; new monitors record to the last of them.
_recordings = []


class ArrayOnFile(DynamicArray):
    """
    A growing array of Brian2's interface whose rows are those of a file.

    Parameters
    ----------
    path : path
        The file.
    mode : {'x', 'w+'}
        As for `cppdynarray.open_memmap`.
    shape, dtype
        As for the other arrays.
    """

    __slots__ = ()

    def __init__(self, path, mode, shape, dtype):
        self._data = cda.open_memmap(path, mode, dtype, shape)


class Recording:
    """
    The files of the monitors that are made from now on; `record_to` makes it, and has the words and an example.

    Attributes
    ----------
    directory : pathlib.Path
        Where the files are.
    paths : dict of str to pathlib.Path
        The file of each variable, by the names of its monitor and its own: ``"statemonitor.v"``.

    Examples
    --------
    >>> import tempfile
    >>> import cppdynarray.brian2
    >>> with cppdynarray.brian2.record_to(tempfile.mkdtemp()) as recording:
    ...     pass  # monitors that are made here
    >>> recording.paths
    {}
    """

    def __init__(self, directory, mode):
        if mode not in ("x", "w+"):
            raise ValueError(f"mode must be 'x' or 'w+', not {mode!r}: a monitor begins at its first row")
        self.directory = Path(directory).absolute()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.paths = {}
        self._mode = mode
        self._arrays = weakref.WeakValueDictionary()
        self._leave = preference.enabled()
        self._leave.__enter__()
        _recordings.append(self)

    def __repr__(self):
        return f"<Recording of {len(self.paths)} variables to {self.directory}>"

    def _new_array(self, name, variable):
        """The array of a monitor's variable, on a file of its own."""
        path = self.directory / f"{name}.npy"
        try:
            made = ArrayOnFile(path, self._mode, variable.size, variable.dtype)
        except FileExistsError as error:
            error.strerror = f"{error.strerror} (record to another directory, or with mode='w+' to replace it)"
            raise
        self._arrays[name] = made._data
        self.paths[name] = path
        return made

    def flush(self, sync=False):
        """
        Write the numbers of rows into the files' headers, where ``numpy.load`` finds them.

        Parameters
        ----------
        sync : bool, optional
            Return only when all is on the disk, so that it outlives a power failure.
        """
        for array in list(self._arrays.values()):
            if not array.closed:
                array.flush(sync)

    def stop(self):
        """Let the monitors that are made from now on record to memory again. The others go on as they are."""
        if self in _recordings:
            _recordings.remove(self)
            self._leave.__exit__(None, None, None)

    def close(self):
        """Stop, and finish the files. Their monitors can be read as before, and record no more."""
        self.stop()
        for array in list(self._arrays.values()):
            array.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def record_to(directory, mode="x"):
    """
    Let the monitors that are made from now on record to files: one ``.npy`` for each variable.

    The files grow while networks run. Any NumPy reads them afterwards, and other processes can follow them
    meanwhile, by `cppdynarray.open_memmap`. What was recorded outlives the process, however it ends.

    Parameters
    ----------
    directory : path
        Where the files are to be; it is made if it isn't there. They are named after monitor and variable:
        ``statemonitor.v.npy``.
    mode : {'x', 'w+'}, optional
        What to do if there is such a file: by default raise `FileExistsError`; ``'w+'`` replaces it.

    Returns
    -------
    Recording
        Its ``close()`` finishes the files, as the end of a ``with`` block does; without it they are finished with
        their monitors, or when the process ends. `stop` only ends the choice for new monitors.

    See Also
    --------
    cppdynarray.open_memmap

    Notes
    -----
    Files have values in base units, time along the first axis, as `dynamic_array` does. Until ``close`` cppdynarray
    is enabled (see `enable`). Where the process is killed, the last row of each file may be incomplete.

    Examples
    --------
    >>> import tempfile
    >>> import brian2, cppdynarray.brian2
    >>> import numpy as np
    >>> neurons = brian2.NeuronGroup(2, "dv/dt = -v/(10*ms) : 1", method="exact")
    >>> with cppdynarray.brian2.record_to(tempfile.mkdtemp()) as recording:
    ...     states = brian2.StateMonitor(neurons, "v", record=True, name="states")
    ...     brian2.Network(neurons, states).run(1 * brian2.ms)
    >>> np.load(recording.paths["states.v"]).shape
    (10, 2)
    """
    return Recording(directory, mode)


def new_array(variable):
    """The array of a new variable if it is to be on a file; otherwise None."""
    if not _recordings or not isinstance(variable, DynamicArrayVariable):
        return None
    if not isinstance(variable.owner, MONITORS):
        return None
    return _recordings[-1]._new_array(f"{variable.owner.name}.{variable.name}", variable)


def why_no_room(arrays):
    """The exception for the first of some arrays whose file didn't grow; None if it isn't for a file."""
    for array in arrays:
        if isinstance(array, cda.DynamicMemmap) and (failure := array._growth_failure()) is not None:
            return failure
    return None
