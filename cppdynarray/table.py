"""Tables: columns that grow as one, in memory and on files."""

import contextlib
import errno
import functools
import itertools
import json
import os
import sys
from copy import deepcopy
from types import GenericAlias

import numpy as np

from cppdynarray import files
from cppdynarray._arguments import others_raise
from cppdynarray._arrow import arrow_stream
from cppdynarray._core import _messages, _table
from cppdynarray._core._table import Table, add_append, as_column_dtype, columns_of

try:
    from cppdynarray._core import _files
except ModuleNotFoundError:  # Windows
    pass

__all__ = ["DynamicTable", "MemmapTable", "open_table"]

# In the folder of a table on files, beside its columns: their names in order, and, while somebody writes, the one
# length of all of them.
_NAMES = "columns.json"
_LIVE = "table.live"

_others_raise = others_raise(_messages.OTHER_OF_TABLE)


def _no_arithmetic(self, *other):
    raise TypeError(_messages.NO_ARITHMETIC)


class DynamicTable(Table):
    """
    Columns of one length that grow in place, for rows that come one by one.

    Each column is contiguous and has a dtype of its own. A row is added to all of them or, whatever fails, to
    none. Whoever looks meanwhile, such as a thread without the GIL, sees only whole rows.

    Parameters
    ----------
    contents : optional
        What `extend` takes, to begin with.
    dtype : structured dtype, list of tuples, or dict, optional
        The names and dtypes of the columns: ``[("time", "f8"), ("position", "f4", 3)]``, or a dict of names to
        dtypes. ``str`` is text of any length. By default that of the contents, if they are columns: a structured
        array, a dict of arrays, a table, a frame.
    capacity : int, optional
        Rows to have room for from the start.
    max_size : int, optional
        Rows that must fit in place: up to this number the table grows without moving any data. By default as for
        `DynamicArray`, in each column.

    Raises
    ------
    TypeError
        If the dtype names no columns, or there is none and rows don't tell.
    ValueError
        If a name occurs twice, or if `capacity` or `max_size` is negative.
    MemoryError
        If there is no memory, or no addresses for `max_size` rows.

    See Also
    --------
    DynamicArray, open_table

    Notes
    -----
    ``t["time"]`` is a plain ``numpy.ndarray``: a live view with as many rows as there are now. Take a new one, which
    costs next to nothing, when rows have come. A table has no index, no missing values, no queries: pandas, Polars
    and PyArrow take it as it is, without copying numbers (``pl.DataFrame(t)``, ``pa.table(t)``).

    Examples
    --------
    >>> import cppdynarray as cda
    >>> t = cda.DynamicTable(dtype=[("time", "f8"), ("channel", "i2"), ("label", str)])
    >>> t.append((0.1, 5, "a"))
    >>> t.append({"time": 0.2, "channel": 6, "label": "b"})
    >>> t.extend({"time": 0.3, "channel": [7, 8], "label": "c"})
    >>> len(t)
    4
    >>> t["channel"]
    array([5, 6, 7, 8], dtype=int16)
    >>> t[-1].label
    'c'
    """

    __slots__ = ("__weakref__",)

    # What NumPy's ufuncs ask for before they try; and t + 1 asks the methods below.
    __array_ufunc__ = None
    __hash__ = None

    @_others_raise
    def __new__(cls, contents=None, dtype=None, *, capacity=0, max_size=0):
        made = super().__new__(cls)
        names, dtypes = _columns(dtype) if dtype is not None else _columns_in(contents)
        made._begin(names, dtypes, capacity, max_size)
        if contents is not None:
            Table.extend(made, contents)
        return made

    __class_getitem__ = classmethod(GenericAlias)

    def __getattr__(self, name):
        if name in (self.names or ()):
            raise AttributeError(_messages.COLUMN_ATTRIBUTE.format(name=name))
        if name[:1] != "_" and hasattr(np.ndarray, name):
            raise AttributeError(_messages.ARRAY_ATTRIBUTE.format(name=name))
        raise AttributeError(_messages.OTHER_ATTRIBUTE.format(name=name))

    for _operator in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor"):
        locals()[f"__{_operator}__"] = locals()[f"__r{_operator}__"] = _no_arithmetic
    for _operator in ("neg", "pos", "abs", "invert", "lt", "le", "gt", "ge"):
        locals()[f"__{_operator}__"] = _no_arithmetic
    del _operator

    # What it is.

    @property
    def dtypes(self):
        """The dtype of each column by its name, as ``DynamicTable(dtype=t.dtypes)`` takes it."""
        return {name: (view.dtype, view.shape[1:]) if view.ndim > 1 else view.dtype for name, view in self.items()}

    @property
    def dtype(self):
        """The structured dtype of ``np.asarray(t)``, where text of any length is objects."""
        return np.dtype([
            (name, object if isinstance(view.dtype, np.dtypes.StringDType) else view.dtype, view.shape[1:])
            for name, view in self.items()
        ])

    def keys(self):
        """
        Return the names of the columns, so that ``dict(t)`` is a dict of views.

        Returns
        -------
        tuple of str

        Examples
        --------
        >>> import cppdynarray as cda
        >>> cda.DynamicTable({"x": [1, 2], "y": [3, 4]}).keys()
        ('x', 'y')
        """
        return self.names

    def values(self):
        """
        Return the columns.

        Returns
        -------
        list of numpy.ndarray
            Plain views.

        Examples
        --------
        >>> import cppdynarray as cda
        >>> cda.DynamicTable({"x": [1, 2], "y": [3, 4]}).values()
        [array([1, 2]), array([3, 4])]
        """
        return list(self[:].values())

    def items(self):
        """
        Return names and columns.

        Returns
        -------
        iterable of tuples
            Each with a name and a plain view; all views have one length.

        Examples
        --------
        >>> import cppdynarray as cda
        >>> for name, column in cda.DynamicTable({"x": [1, 2], "y": [3, 4]}).items():
        ...     print(name, column)
        x [1 2]
        y [3 4]
        """
        return self[:].items()

    def __contains__(self, name):
        return name in self.names

    def __iter__(self):
        for number in itertools.count():
            try:
                row = self[number]
            except IndexError:  # by now, too: others may have removed it
                return
            yield row

    def __eq__(self, other):
        if not isinstance(other, Table):
            return NotImplemented
        mine, others = self[:], other[:]
        return list(mine) == list(others) and all(
            a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(mine.values(), others.values(), strict=True)
        )

    def __repr__(self):
        columns = self[max(len(self) - 5, 0) :]
        cells = [[name, *map(_cell, column)] for name, column in columns.items()]
        skipped = len(self) > 5
        lines = []
        for row in range(len(cells[0])):
            parts = [column[row].rjust(max(map(len, column))) for column in cells]
            lines.append(f"  {'  '.join(parts)}".rstrip())
            if row == 0 and skipped:
                lines.append("  ...")
        return f"{type(self).__name__} of {len(self)} row{'s' * (len(self) != 1)}\n" + "\n".join(lines)

    # Copies, and what others take.

    def copy(self):
        """
        Return a copy in memory.

        Returns
        -------
        DynamicTable

        Examples
        --------
        >>> import cppdynarray as cda
        >>> t = cda.DynamicTable({"x": [1, 2]})
        >>> t.copy() == t
        True
        """
        return DynamicTable(self, self.dtypes)

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo, /):
        memo[id(self)] = copied = self.copy()
        for view in copied.values():
            if view.dtype.hasobject:
                view[...] = deepcopy(view, memo)
        return copied

    def __reduce__(self):
        return DynamicTable, (self[:], self.dtypes)

    def __arrow_c_stream__(self, requested_schema=None):
        """The rows of now, for whoever takes Arrow: numbers share the table's memory."""
        return arrow_stream(self[:], requested_schema)

    def __array__(self, dtype=None, copy=None):
        if sys._getframe(1).f_globals.get("__name__", "").startswith("pandas."):
            raise TypeError(_messages.FOR_PANDAS)  # it would take records for objects
        if copy is False:
            raise ValueError("a table's columns lie apart, and a structured array of its rows is a copy")
        made = np.empty(len(self), self.dtype)
        for name, view in self[: len(made)].items():
            made[name] = view
        return made if dtype is None else made.astype(dtype)


add_append(DynamicTable)


class MemmapTable(files.OnFiles, DynamicTable):
    """
    A `DynamicTable` whose columns are ``.npy`` files in one folder, with one length.

    It grows as any table does, and the files with it. Other processes see whole rows as they are appended. A process
    that is killed leaves whole rows and loses none, except while it moves rows: see `open_table` about ``insert`` and
    removal. Copies are in memory; an unpickled table opens the folder for reading.

    The parameters are those of `open_table`, where they are described.

    See Also
    --------
    open_table

    Examples
    --------
    >>> import cppdynarray as cda
    >>> with cda.MemmapTable("run", "w+", [("time", "f8"), ("x", "f8")]) as t:  # doctest: +SKIP
    ...     t.append((0.1, 2.0))
    """

    __slots__ = ("_arrays", "_mode", "_path")

    _copy = "t.copy()"

    @_others_raise
    def __new__(cls, directory, mode="r", dtype=None):
        path = files.check_path(directory, mode)
        wanted = _columns(dtype) if dtype is not None else None

        def finish(names, arrays):
            made = Table.__new__(cls)
            made._path, made._mode, made._arrays = path, mode, arrays
            made._begin_on_files(names, arrays)
            return made

        return finish(*_follow(path, wanted)) if mode == "r" else write_columns(np.ndarray, path, mode, wanted, finish)

    @property
    def directory(self):
        """The folder, by its absolute path."""
        return self._path

    @property
    def _folder(self):
        return self._path

    def refresh(self):
        """
        Give a table that was opened to be read the rows that its files have by now.

        Returns
        -------
        int
            How many there are: ``len(self)``.

        Raises
        ------
        ValueError
            If another program cut a file.

        Notes
        -----
        Views taken before stay valid and live. A table that writes always has all of its rows.
        """
        if self._mode != "r" or self.closed:
            return len(self)
        rows = _files.rows_by_now(self._arrays[0])
        if rows is None:
            rows = files.look_again(self._arrays)
        self._set_rows(min(len(self), rows))  # should a column fail, none has fewer rows than the table
        for array in self._arrays:
            _files.refresh_to(array, rows)
        self._set_rows(rows)
        return rows

    def close(self):
        self._finished()
        super().close()

    close.__doc__ = files.OnFiles.close.__doc__

    def __reduce__(self):
        return files.arrive, (MemmapTable, type(self), self._path)

    def __array_function__(self, func, types, args, kwargs):
        # NumPy calls it before numpy.save empties a column's file; all else is what it is for tables in memory.
        self._check_saving(func, args, kwargs)
        if all(issubclass(each, Table) for each in types):
            return func._implementation(*args, **kwargs)
        return func(*_as_arrays(args), **{name: _as_arrays(value) for name, value in kwargs.items()})


@_others_raise
def open_table(directory, mode="r", dtype=None):
    """
    Open a folder of ``.npy`` files as a table that grows with them.

    Parameters
    ----------
    directory : str, bytes or os.PathLike
        The folder. Each column is a file in it, named after the column.
    mode : {'r', 'r+', 'w+', 'x', 'a'}, optional
        ``'r'`` follows a table, which another process may be writing. ``'r+'`` continues one that exists,
        ``'w+'`` replaces it, ``'x'`` makes one that doesn't exist yet, and ``'a'`` continues it or makes it.
    dtype : optional
        The names and dtypes of the columns, as for `DynamicTable`: needed where a table is made. If it exists, it
        must have them.

    Returns
    -------
    MemmapTable

    Raises
    ------
    FileNotFoundError, FileExistsError, PermissionError
        As ``open`` raises them.
    BlockingIOError
        If another table, in this process or another, writes to the files.
    TypeError
        If a table is to be made and there is no dtype.
    ValueError
        If the table has other columns than those given, if a column is missing, if no file can hold such elements
        (objects, and strings of any length), or if columns have come to differ in length and are to be written.
    OSError
        If the disk is full (``errno.ENOSPC``), or the files' system has no locks.
    NotImplementedError
        Where there is no `open_memmap`.

    See Also
    --------
    open_memmap, DynamicTable

    Notes
    -----
    Rows outlive the process as soon as `append` returns, in every column, and the machine from ``flush(sync=True)``
    on. Whoever looks, from another process or after this one was killed, finds whole rows. But ``insert``, ``pop(i)``,
    ``del t[i]`` and ``swap_remove`` move rows, one column after the other: a process that is killed meanwhile leaves,
    from the first of these rows on, some that have values of two. Any NumPy reads a column: ``numpy.load``.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> import cppdynarray as cda
    >>> run = os.path.join(tempfile.mkdtemp(), "run")
    >>> with cda.open_table(run, "a", [("time", "f8"), ("x", "f4", 2)]) as t:
    ...     t.append((0.1, [1, 2]))
    >>> np.load(os.path.join(run, "x.npy"))
    array([[1., 2.]], dtype=float32)
    >>> with cda.open_table(run, "a") as t:
    ...     t.append((0.2, [3, 4]))
    >>> len(cda.open_table(run))
    2
    """
    return MemmapTable(directory, mode, dtype)


def write_columns(cls, path, mode, wanted, finish):
    """What `finish` makes of the names and the arrays of a table on files that has the columns `wanted`; if it is None,
    those that are there.
    """
    list_path = os.path.join(path, _NAMES)
    while True:
        names = _names_in(path)
        first = None
        if mode in ("a", "x", "w+") and (names is None or mode == "x"):
            if wanted is None:
                raise TypeError(_messages.TABLE_DTYPE.format(dtype=None))
            if names is not None:
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
            for name, (dtype, shape) in zip(*wanted, strict=True):
                _file_name(name)
                files.layout_of(dtype, (0, *shape))
            os.makedirs(path, exist_ok=True)
            names = wanted[0]
            first = list_path, json.dumps(names).encode()
        names, columns = _find(path, names, wanted)
        if mode == "w+" and wanted is None:
            raise TypeError(_messages.TABLE_DTYPE.format(dtype=None))
        is_there = mode == "a" and (wanted is None or _has_rows(path, columns))  # a column that is gone is not made
        try:
            return files.write(cls, "r+" if is_there else mode, columns, os.path.join(path, _LIVE),
                               functools.partial(finish, names), first=first)
        except FileExistsError as error:
            if mode == "x" or error.filename != list_path:
                raise
            # Another was faster, perhaps with other columns.


def _follow(path, wanted):
    """The names and the arrays of a table on files that is to be read."""
    names, columns = _find(path, _names_in(path), wanted)
    while True:
        arrays = [
            files.follow(files.DynamicMemmap, *column, files.Beside(os.path.join(path, _LIVE), number))
            for number, column in enumerate(columns)
        ]
        if files.are_current(arrays):  # else it was being replaced
            return names, arrays


def _find(path, names, wanted):
    """The names of a table's columns, even if none are written down, and a (path, dtype, shape) of each."""
    if names is None:
        names = tuple(sorted(name.removesuffix(".npy") for name in os.listdir(path) if name.endswith(".npy")))
        if not names:
            raise FileNotFoundError(errno.ENOENT, "there is no table", path)
    if wanted is not None and wanted[0] != names:
        raise ValueError(f"{path} has the columns {', '.join(names)}, not {', '.join(wanted[0])}")
    layouts = wanted[1] if wanted is not None else [(None, None)] * len(names)
    columns = [
        (os.path.realpath(os.path.join(path, _file_name(name))), dtype, None if shape is None else (0, *shape))
        for name, (dtype, shape) in zip(names, layouts, strict=True)
    ]
    return names, columns


def _has_rows(path, columns):
    """Whether these files are a table that was finished once, so that all of them must be there."""
    if os.path.exists(os.path.join(path, _LIVE)):
        return True
    with _files.Transaction() as transaction:
        for path, _, _ in columns:
            with contextlib.suppress(FileNotFoundError):
                file = transaction.open(path, os.O_RDONLY)
                if file.status().st_size > 0 and 0 not in files.read_header(file, path).shape[:1]:
                    return True
    return False


def _file_name(name):
    if name.startswith(".") or any(character in name for character in "/\\\0") or len(name.encode()) > 200:
        raise ValueError(f"a column on files gives its file a name, and {name!r} is none")
    return f"{name}.npy"


def _names_in(path):
    """The names of the columns in their order, where that is written down; None if it isn't."""
    path = os.path.join(path, _NAMES)
    try:
        with _files.Transaction() as transaction:
            file = transaction.open(path, os.O_RDONLY)
            text = file.read(file.status().st_size, 0)
    except FileNotFoundError:
        return None
    try:
        names = json.loads(text)
        return _checked(names if isinstance(names, list) else [names], None)[0]
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} has no list of columns: {error}; without it they are in alphabetical order") from None


# Columns, as they are asked for.


def _columns(dtype):
    """The names, and dtype and shape of a row of each column, that a table's `dtype` asks for."""
    if isinstance(dtype, np.dtype) and dtype.names is not None:
        pairs = [(name, dtype.fields[name][0]) for name in dtype.names]
    elif hasattr(dtype, "keys"):
        pairs = [(name, dtype[name]) for name in dtype.keys()]
    elif isinstance(dtype, str) and np.dtype(dtype).names is not None:
        return _columns(np.dtype(dtype))
    elif isinstance(dtype, (list, tuple)) and all(isinstance(one, tuple) and len(one) in (2, 3) for one in dtype):
        pairs = [(one[0], one[1] if len(one) == 2 else (one[1], one[2])) for one in dtype]
    else:
        raise TypeError(_messages.TABLE_DTYPE.format(dtype=dtype))
    return _checked([name for name, _ in pairs], [as_column_dtype(wanted) for _, wanted in pairs])


def _columns_in(contents):
    """The same for contents that have columns."""
    if contents is None:
        raise TypeError(_messages.TABLE_DTYPE.format(dtype=None))
    columns = columns_of(contents, ())
    if columns is None:
        raise TypeError(_messages.TABLE_WITHOUT_DTYPE)
    arrays = [np.atleast_1d(np.asarray(values)) for values in columns.values()]
    return _checked(list(columns), [(array.dtype, array.shape[1:]) for array in arrays])


def _checked(names, dtypes):
    if not names:
        raise TypeError("a table has one column at least")
    for name in names:
        if not isinstance(name, str) or not name:
            raise TypeError(f"columns have names, and {name!r} is none")
        if names.count(name) > 1:
            raise ValueError(f"two columns are called {name!r}")
    return tuple(names), dtypes


def _as_arrays(value):
    """An argument with arrays in the place of tables, for functions that other classes have a say in."""
    if isinstance(value, Table):
        return np.asarray(value)
    return type(value)(map(_as_arrays, value)) if type(value) in (list, tuple) else value


def _cell(value):
    text = str(value) if isinstance(value, str) else np.array2string(np.asarray(value), threshold=6, edgeitems=2)
    text = " ".join(text.split())
    return text if len(text) <= 30 else f"{text[:27]}..."


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_table.before_fork,
        after_in_parent=_table.after_fork_in_parent,
        after_in_child=_table.after_fork_in_child,
    )
