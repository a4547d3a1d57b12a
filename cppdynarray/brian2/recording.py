"""What monitors record, on files: a table for each monitor."""

import errno
import os
import weakref
from pathlib import Path

import cppdynarray as cda
from cppdynarray import files, table
from cppdynarray.brian2 import preference
from cppdynarray.brian2.whole_rows import MONITORS, Column, WholeRows, in_order, of_monitor

try:
    from cppdynarray._core import _files
except ModuleNotFoundError:  # Windows
    _files = None

__all__ = ["Recording", "record_to", "rows_of"]

# Those that haven't ended; new monitors record to the last of them.
_recordings = []


class RowsOnFiles(WholeRows):
    """
    The arrays of a monitor that are the columns of a table on files, which is made when one of them is needed: then
    the monitor has all of its variables.

    Each array has a length of its own, but for the last that gets its values: its length is that of the table, except
    in a step.
    """

    def __init__(self, folder):
        super().__init__()
        self.folder = folder
        self._variables = {}

    def new_column(self, variable):
        shape = variable.size if isinstance(variable.size, tuple) else (variable.size,)
        self._variables[variable.name] = (variable.dtype, shape[1:])
        return Column(self, variable.name)

    def array(self, name):
        self._make()
        return self._arrays[name]

    def replace(self, name, array):
        raise ValueError(f"{name} is recorded to {self.folder}: its rows keep their shape there")

    def lengths(self):
        self._make()
        return super().lengths()

    def _make(self):
        if self._arrays:
            return
        names = in_order(self._variables)
        wanted = table._columns([(name, *self._variables[name]) for name in names])
        path = files.check_path(self.folder, "w+")
        self._last, self._arrays = table.write_columns(cda.DynamicMemmap, path, "w+", wanted, self._begin)

    def _begin(self, names, arrays):
        # Native code lengthens the time last, or what has the last name.
        last = arrays[0] if names[0] == "t" else arrays[-1]
        for name, array in zip(names, arrays, strict=True):
            array._path, array._mode = os.path.realpath(self.folder / f"{name}.npy"), "w+"
            if array is not last:
                _files.hold_rows(array)
        return last, dict(zip(names, arrays, strict=True))

    def _hold(self):
        _files.hold_rows(self._last)

    def _show(self):
        lengths = self.lengths()
        _files.show_rows(self._last, min(lengths), min(lengths) == max(lengths))

    def flush(self, sync):
        self._make()
        for array in self._arrays.values():
            if not array.closed:
                array.flush(sync)
        if sync:
            _files.sync_folder(str(self.folder))

    def close(self):
        self._make()
        for array in self._arrays.values():
            array.close()


class Recording:
    """
    The tables of the monitors that are made from now on; `record_to` makes it, and has the words and an example.

    Attributes
    ----------
    directory : pathlib.Path
        Where the tables are.
    folders : dict of str to pathlib.Path
        The folder of each monitor's table, by the monitor's name.

    Examples
    --------
    >>> import tempfile
    >>> import cppdynarray.brian2
    >>> with cppdynarray.brian2.record_to(tempfile.mkdtemp()) as recording:
    ...     pass  # monitors that are made here
    >>> recording.folders
    {}
    """

    def __init__(self, directory, mode):
        if mode not in ("x", "w+"):
            raise ValueError(f"mode must be 'x' or 'w+', not {mode!r}: a monitor begins at its first row")
        if _files is None:
            raise NotImplementedError("tables on files need a system with mmap, which Windows isn't")
        self.directory = Path(directory).absolute()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.folders = {}
        self._mode = mode
        self._rows = weakref.WeakSet()
        self._leave = preference.enabled()
        self._leave.__enter__()
        _recordings.append(self)

    def __repr__(self):
        return f"<Recording of {len(self.folders)} monitors to {self.directory}>"

    def _new_rows(self, name):
        """The rows of a new monitor."""
        folder = self.directory / name
        if self._mode == "x" and os.path.lexists(folder):
            said = f"{os.strerror(errno.EEXIST)} (record to another directory, or with mode='w+' to replace it)"
            raise FileExistsError(errno.EEXIST, said, str(folder))
        folder.mkdir(exist_ok=self._mode == "w+")
        made = RowsOnFiles(folder)
        self._rows.add(made)
        self.folders[name] = folder
        return made

    def flush(self, sync=False):
        """
        Write the numbers of rows into the files' headers, where ``numpy.load`` finds them.

        Parameters
        ----------
        sync : bool, optional
            Return only when all is on the disk, so that it outlives a power failure.
        """
        for rows in list(self._rows):
            rows.flush(sync)

    def stop(self):
        """Let the monitors that are made from now on record to memory again. The others go on as they are."""
        if self in _recordings:
            _recordings.remove(self)
            self._leave.__exit__(None, None, None)

    def close(self):
        """Stop, and finish the files. Their monitors can be read as before, and record no more."""
        self.stop()
        for rows in list(self._rows):
            rows.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def record_to(directory, mode="x"):
    """
    Let the monitors that are made from now on record to files: a table for each monitor.

    The tables grow while networks run. Other processes can follow them meanwhile, by `cppdynarray.open_table`, and
    any NumPy reads their columns afterwards. What was recorded outlives the process, however it ends.

    Parameters
    ----------
    directory : path
        Where the tables are to be; it is made if it isn't there. Each is a folder, named after its monitor, with a
        file for each variable: ``statemonitor/v.npy``.
    mode : {'x', 'w+'}, optional
        What to do if there is such a folder: by default raise `FileExistsError`; ``'w+'`` replaces the table in it.

    Returns
    -------
    Recording
        Its ``close()`` finishes the files, as the end of a ``with`` block does; without it they are finished with
        their monitors, or when the process ends. `stop` only ends the choice for new monitors.

    See Also
    --------
    cppdynarray.open_table

    Notes
    -----
    Tables have values in base units, time along the first axis, as `dynamic_array` does. Until ``close`` cppdynarray
    is enabled (see `enable`). Whoever looks, meanwhile or after the process was killed, finds whole rows: a time and
    all of its values.

    Examples
    --------
    >>> import tempfile
    >>> import brian2, cppdynarray.brian2
    >>> import cppdynarray as cda
    >>> neurons = brian2.NeuronGroup(2, "dv/dt = -v/(10*ms) : 1", method="exact")
    >>> with cppdynarray.brian2.record_to(tempfile.mkdtemp()) as recording:
    ...     states = brian2.StateMonitor(neurons, "v", record=True, name="states")
    ...     brian2.Network(neurons, states).run(1 * brian2.ms)
    >>> recorded = cda.open_table(recording.folders["states"])
    >>> recorded.names, recorded["v"].shape
    (('t', 'v'), (10, 2))
    """
    return Recording(directory, mode)


def rows_of(owner):
    """The rows of a monitor, on files if its arrays are to be; None for what is no monitor."""
    if not isinstance(owner, MONITORS):
        return None
    return of_monitor(owner) or (_recordings[-1]._new_rows(owner.name) if _recordings else WholeRows())


def why_no_room(arrays):
    """The exception for the first of some arrays whose file didn't grow; None if it isn't for a file."""
    for array in arrays:
        if isinstance(array, cda.DynamicMemmap) and (failure := array._growth_failure()) is not None:
            return failure
    return None
