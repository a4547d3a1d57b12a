"""Tables: columns that grow as one."""

from copy import deepcopy
from types import GenericAlias

import numpy as np

from cppdynarray._core import messages
from cppdynarray._core._table import Table, add_append, as_column_dtype, columns_of

__all__ = ["DynamicTable"]


def _no_arithmetic(self, *other):
    raise TypeError(messages.NO_ARITHMETIC)


class DynamicTable(Table):
    """
    Columns of one length that grow in place: rows come one by one, and columns are wanted.

    Each column is contiguous and has a dtype of its own. A row is added to all of them or, whatever fails, to
    none, and whoever looks meanwhile, a thread without the GIL, say, sees whole rows alone.

    Parameters
    ----------
    contents : optional
        What `extend` takes, to begin with.
    dtype : structured dtype, list of tuples, or dict, optional
        The names and dtypes of the columns: ``[("time", "f8"), ("position", "f4", 3)]``, or a dict of names to
        dtypes. ``str`` is text of any length. By default that of the contents, if they are columns: a structured
        array, a dict of arrays, a table, a frame.
    capacity : int, optional
        Rows that there is memory for at once.
    reserve : int, optional
        Rows up to which the table grows without moving any data.

    Raises
    ------
    TypeError
        If the dtype names no columns, or there is none and rows don't tell.
    ValueError
        If a name occurs twice.

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

    def __new__(cls, contents=None, dtype=None, *, capacity=0, reserve=0):
        if capacity < 0 or reserve < 0:
            raise ValueError("capacity and reserve are numbers of rows: they can't be negative")
        made = super().__new__(cls)
        names, dtypes = _columns(dtype) if dtype is not None else _columns_in(contents)
        made._begin(names, dtypes, capacity, reserve)
        if contents is not None:
            Table.extend(made, contents)
        return made

    __class_getitem__ = classmethod(GenericAlias)

    def __getattr__(self, name):
        if name in (self.names or ()):
            raise AttributeError(messages.COLUMN_ATTRIBUTE.format(name=name))
        raise AttributeError(messages.OTHER_ATTRIBUTE.format(name=name))

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
        row = 0
        while row < len(self):
            yield self[row]
            row += 1

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

    def __array__(self, dtype=None, copy=None):
        if copy is False:
            raise ValueError("a table's columns lie apart, and a structured array of its rows is a copy")
        made = np.empty(len(self), self.dtype)
        for name, view in self[: len(made)].items():
            made[name] = view
        return made if dtype is None else made.astype(dtype)


add_append(DynamicTable)


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
        raise TypeError(messages.TABLE_DTYPE.format(dtype=dtype))
    return _checked([name for name, _ in pairs], [as_column_dtype(wanted) for _, wanted in pairs])


def _columns_in(contents):
    """The same for contents that have columns."""
    if contents is None:
        raise TypeError(messages.TABLE_DTYPE.format(dtype=None))
    columns = columns_of(contents, ())
    if columns is None:
        raise TypeError(messages.TABLE_WITHOUT_DTYPE)
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


def _cell(value):
    text = str(value) if isinstance(value, str) else np.array2string(np.asarray(value), threshold=6, edgeitems=2)
    text = " ".join(text.split())
    return text if len(text) <= 30 else f"{text[:27]}..."
