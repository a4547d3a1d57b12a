"""
Appending inside loops that Numba compiles.

Numba treats a `DynamicArray` as the array that it is, and knows its length at the time of the call.
`growing` gives a handle instead, which appends in compiled code, with and without the GIL.

Examples
--------
>>> import numba
>>> import cppdynarray as cda
>>> from cppdynarray.numba import growing
>>> @numba.njit
... def squares(g, n):
...     for i in range(n):
...         g.append(i * i)
>>> d = cda.DynamicArray(dtype=float)
>>> squares(growing(d), 5)
>>> d
DynamicArray([ 0.,  1.,  4.,  9., 16.])
"""

import ctypes
import errno
import functools
import operator

import numpy as np

try:
    import numba
except ModuleNotFoundError as _error:
    if _error.name != "numba":
        raise
    raise ImportError(
        "cppdynarray.numba needs Numba, which cppdynarray itself does without: 'pip install numba'", name="numba"
    ) from None
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.errors import NumbaError, TypingError
from numba.extending import (
    NativeValue,
    intrinsic,
    models,
    overload,
    overload_method,
    register_model,
    typeof_impl,
    unbox,
)
from numba.np.arrayobj import make_array, populate_array

from cppdynarray._core._array import DynamicArray
from cppdynarray._core._handles import checks as _checks
from cppdynarray._core._handles import handle_capsule as _capsule
from cppdynarray._core._handles import offsets as _offsets
from cppdynarray._core._handles import table_capsule as _table_capsule
from cppdynarray._core._rolling import RollingArray
from cppdynarray.table import DynamicTable

__all__ = ["Growing", "GrowingTable", "growing"]

_NAME = "cppdynarray.numba"
_pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
_pointer_of.restype = ctypes.c_void_p
_pointer_of.argtypes = [ctypes.py_object, ctypes.c_char_p]


def growing(array, *, counted=False):
    """
    Return a handle to an array, to append with in functions that Numba compiles.

    Parameters
    ----------
    array : DynamicArray, RollingArray or DynamicTable
        With one dimension, or with two, whose rows are appended. It grows, and Python sees it at
        once.
    counted : bool, optional
        Whether compiled code may keep the handle: in ``numba.typed.List`` or ``Dict``, or in a
        jitclass. Each use in compiled code then counts a reference, which takes a few nanoseconds.

    Returns
    -------
    Growing or GrowingTable
        In compiled code it has ``append(x)``, ``extend(array)``, ``len()``, ``g[i]``,
        ``g[i] = x`` and ``array()``, the array as it is now. That of a table has ``append(a, b, ...)``, with a value
        for each column, ``len()`` and ``g["name"]``, a column as it is now.

    Raises
    ------
    TypeError
        If it is none of these, or Numba doesn't support its dtype.
    ValueError
        If it can't grow, or has more than two dimensions.

    Notes
    -----
    One thread at a time may append to an array, so a handle is not for ``prange``: each of its
    threads needs an array of its own. Values are converted as in compiled ``a[i] = x``.

    Compiled code raises `MemoryError` if there is no memory, `ValueError` if the array's file is closed,
    and `OSError` if the file can't grow; the rows appended before stay. An index out of bounds raises
    `IndexError`.

    Examples
    --------
    >>> import numba
    >>> import cppdynarray as cda
    >>> from cppdynarray.numba import growing
    >>> @numba.njit(nogil=True)
    ... def walk(g, steps):
    ...     for step in steps:
    ...         g.append(g[-1] + step)
    >>> d = cda.DynamicArray([0.0])
    >>> walk(growing(d), (1.0, 2.0, -4.0))
    >>> d
    DynamicArray([ 0.,  1.,  3., -1.])
    """
    if isinstance(array, DynamicTable):
        if counted:
            raise TypeError("a handle to a table can't be counted: make one for each call")
        return GrowingTable(array)
    return Growing(array, counted)


class Growing:
    """
    A handle to an array that compiled code appends to; `growing` makes it.

    It does the same in Python, so that functions run uncompiled too (``NUMBA_DISABLE_JIT``).
    """

    __slots__ = ("_array", "_capsule", "_place", "_type")

    def __init__(self, array, counted=False):
        if not isinstance(array, DynamicArray | RollingArray):
            raise TypeError(f"expected a cppdynarray.DynamicArray or RollingArray, got {type(array).__name__}")
        if array.ndim not in (1, 2):
            raise ValueError(f"a handle for compiled code is for 1 or 2 dimensions, not {array.ndim}")
        rolling = isinstance(array, RollingArray)
        kind = CountedGrowingType if counted else GrowingType
        self._type = kind(_numba_dtype(array.dtype), array.ndim, rolling)
        self._capsule = _capsule(array, _NAME)
        self._array = array
        self._place = _pointer_of(self._capsule, _NAME.encode())

    def append(self, value):
        """Append one row."""
        self._array.append(value)

    def extend(self, values):
        """Append the rows of an array."""
        self._array.extend(values)

    def array(self):
        """Return the array of now, plain."""
        return self._array[:]

    def __len__(self):
        return len(self._array)

    def __getitem__(self, index):
        return self._array[operator.index(index)]

    def __setitem__(self, index, value):
        self._array[operator.index(index)] = value

    def __repr__(self):
        return f"growing({self._array!r})"

    def __reduce__(self):
        raise TypeError("a handle belongs to its process: pickle the array")


def _numba_dtype(dtype):
    if dtype.hasobject or not dtype.isnative:
        raise TypeError(f"Numba has no arrays of dtype {dtype}")
    try:
        return numba.from_dtype(dtype)
    except (NumbaError, NotImplementedError):
        raise TypeError(f"Numba has no arrays of dtype {dtype}") from None


# The type, and its values: where the array is, and what keeps it alive.


class GrowingType(types.Type):
    """Numba's type of handles to arrays of `ndim` dimensions and elements `dtype`."""

    def __init__(self, dtype, ndim, rolling):
        self.dtype, self.ndim, self.rolling = dtype, ndim, rolling
        options = ", rolling" * rolling + ", counted" * isinstance(self, CountedGrowingType)
        super().__init__(f"growing({dtype}, {ndim}d{options})")

    @property
    def key(self):
        return self.dtype, self.ndim, self.rolling

    @property
    def array(self):
        """The type of the array of now."""
        return types.Array(self.dtype, self.ndim, "C")


class CountedGrowingType(GrowingType):
    """The same for handles that compiled code may keep."""


@typeof_impl.register(Growing)
def _typeof(value, context):
    return value._type


_OWNER = types.MemInfoPointer(types.voidptr)


@register_model(CountedGrowingType)
class _CountedModel(models.StructModel):
    def __init__(self, manager, fe_type, owner=_OWNER):
        super().__init__(manager, fe_type, [("place", types.voidptr), ("owner", owner)])


@register_model(GrowingType)
class _Model(_CountedModel):
    """Not counted where a handle is passed on, since that would take longer than appending. So it lives as long as
    the call that it was given to, and has no form in which others could keep it.
    """

    def __init__(self, manager, fe_type):
        super().__init__(manager, fe_type, types.voidptr)

    def as_data(self, builder, value):
        counted = "; growing(array, counted=True) makes one that it can"
        instead = counted if isinstance(self.fe_type, GrowingType) else ""
        raise TypingError(f"compiled code can't keep this handle{instead}")


@unbox(CountedGrowingType)
@unbox(GrowingType)
def _unbox(typ, handle, c):
    api = c.pyapi
    number = api.object_getattr_string(handle, "_place")
    place = api.long_as_voidptr(number)
    api.decref(number)
    value = cgutils.create_struct_proxy(typ)(c.context, c.builder)
    value.place = place
    # Arrays made from it keep the handle, and so the array and its memory.
    value.owner = api.nrt_meminfo_new_from_pyobject(place, handle)

    def give_back():
        c.context.nrt.decref(c.builder, _OWNER, value.owner)

    failed = cgutils.is_not_null(c.builder, api.err_occurred())
    # What is counted Numba gives back itself.
    cleanup = None if isinstance(typ, CountedGrowingType) else give_back
    return NativeValue(value._getvalue(), is_error=failed, cleanup=cleanup)


# The place: the structs of array_place.hpp, rolling_place.hpp and block.hpp, whose fields are as large as a pointer.

_WORD = ir.IntType(8 * ctypes.sizeof(ctypes.c_void_p))
_BYTE = ir.IntType(8)
_POINTER = _BYTE.as_pointer()


def _word(builder, address, field):
    """What the struct at `address` has in a field, as offsets names it."""
    start = builder.gep(builder.bitcast(address, _POINTER), [ir.Constant(_WORD, _offsets[field])])
    return builder.load(builder.bitcast(start, _WORD.as_pointer()))


def _pointer(builder, address, field):
    return builder.inttoptr(_word(builder, address, field), _POINTER)


def _place_of(context, builder, signature, args):
    return cgutils.create_struct_proxy(signature.args[0])(context, builder, value=args[0]).place


def _length_pointer(builder, place):
    return builder.inttoptr(_word(builder, place, "ArrayPlace.length"), _WORD.as_pointer())


@intrinsic
def _end(context, g):
    """The length that the place tells: where the next row goes."""

    def generate(context, builder, signature, args):
        place = _place_of(context, builder, signature, args)
        return builder.load_atomic(_length_pointer(builder, place), "acquire", _WORD.width // 8)

    return types.intp(g), generate


@intrinsic
def _set_end(context, g, before, rows):
    """Says that there are `rows` rows, which have been written, and not `before` any more."""

    def generate(context, builder, signature, args):
        length = _length_pointer(builder, _place_of(context, builder, signature, args))
        if _checks:
            now = builder.load_atomic(length, "acquire", _WORD.width // 8)
            with builder.if_then(builder.icmp_unsigned("!=", now, args[1]), likely=False):
                message = "another thread changed the array meanwhile: one thread at a time changes an array"
                context.call_conv.return_user_exc(builder, RuntimeError, (message,))
        builder.store_atomic(args[2], length, "release", _WORD.width // 8)
        return context.get_dummy_value()

    return types.none(g, types.intp, types.intp), generate


def _get(name, field):
    @intrinsic
    def get(context, g):
        def generate(context, builder, signature, args):
            return _word(builder, _place_of(context, builder, signature, args), field)

        return types.intp(g), generate

    get.__name__ = name
    return get


_columns = _get("_columns", "ArrayPlace.columns")
_max_rows, _first = _get("_max_rows", "RollingPlace.max_rows"), _get("_first", "RollingPlace.first")


@intrinsic
def _fits(context, g, rows):
    """Whether memory is there for `rows` rows in all."""

    def generate(context, builder, signature, args):
        place = _place_of(context, builder, signature, args)
        needed = builder.mul(args[1], _word(builder, place, "ArrayPlace.row_bytes"))
        committed = _word(builder, _pointer(builder, place, "ArrayPlace.block"), "Block.committed_bytes")
        return builder.icmp_unsigned("<=", needed, committed)

    return types.boolean(g, types.intp), generate


def _array_from(kept):
    @intrinsic
    def rows_from(context, g, start, count):
        """The array of `count` rows from row `start` on."""

        def generate(context, builder, signature, args):
            handle = cgutils.create_struct_proxy(signature.args[0])(context, builder, value=args[0])
            place, kind = handle.place, signature.return_type
            row_bytes = _word(builder, place, "ArrayPlace.row_bytes")
            offset = builder.add(builder.mul(args[1], row_bytes), ir.Constant(_WORD, _offsets["Block.data()"]))
            data = builder.gep(_pointer(builder, place, "ArrayPlace.block"), [offset])
            item_size = ir.Constant(_WORD, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
            shape, strides = [args[2]], [row_bytes]
            if kind.ndim == 2:
                shape.append(_word(builder, place, "ArrayPlace.columns"))
                strides.append(item_size)
            array = make_array(kind)(context, builder)
            populate_array(
                array,
                data=builder.bitcast(data, array.data.type),
                shape=shape,
                strides=strides,
                itemsize=item_size,
                meminfo=handle.owner if kept else None,
            )
            if kept and context.enable_nrt:
                context.nrt.incref(builder, kind, array._getvalue())
            return array._getvalue()

        return g.array(g, types.intp, types.intp), generate

    return rows_from


_array, _rows = _array_from(kept=True), _array_from(kept=False)  # to keep, and for a moment


@intrinsic
def _append_rows(context, g, rows):
    """Appends the rows of a C-contiguous array of the same dtype, which may be the array's own.
    False: there is no memory, and nothing has changed.
    """

    def generate(context, builder, signature, args):
        place = _place_of(context, builder, signature, args)
        rows = make_array(signature.args[1])(context, builder, args[1])
        count = cgutils.unpack_tuple(builder, rows.shape, signature.args[1].ndim)[0]
        kind = ir.FunctionType(_BYTE, [_POINTER, _POINTER, _WORD])
        functions = _pointer(builder, place, "ArrayPlace.functions")
        append = builder.inttoptr(_word(builder, functions, "PlaceFunctions.append"), kind.as_pointer())
        done = builder.call(append, [place, builder.bitcast(rows.data, _POINTER), count])
        return builder.trunc(done, ir.IntType(1))

    return types.boolean(g, rows), generate


@intrinsic
def _growth_error(context, g):
    """Why the array didn't grow, as an errno; 0: there is no memory."""

    def generate(context, builder, signature, args):
        block = _pointer(builder, _place_of(context, builder, signature, args), "ArrayPlace.block")
        kind = ir.FunctionType(ir.IntType(32), [_POINTER])
        functions = _pointer(builder, block, "Block.functions")
        error = builder.inttoptr(_word(builder, functions, "BlockFunctions.error"), kind.as_pointer())
        result = cgutils.alloca_once_value(builder, ir.Constant(ir.IntType(32), 0))
        with builder.if_then(cgutils.is_not_null(builder, error)):
            builder.store(builder.call(error, [block]), result)
        return builder.load(result)

    return types.int32(g), generate


# What compiled code calls.


@numba.njit(inline="never")
def _no_room(g):
    """Raises what is raised where the array didn't grow."""
    error = _growth_error(g)
    if error == errno.EBADF or error == errno.ECHILD:
        raise ValueError("the array's file is closed, or another process writes it: open it again to change it")
    if error != 0 and error != errno.ENOMEM:
        raise OSError(error, "the array's file can't grow")
    raise MemoryError("no memory for the array to grow, or no array can have that size")


@overload(len)
def _len(g):
    if not isinstance(g, GrowingType):
        return None
    if not g.rolling:
        return lambda g: _end(g)

    def rolling(g):
        first = _first(g)
        end = _end(g)
        start = max(end - _max_rows(g), 0)
        return end - (max(start, first) if first <= end else start)

    return rolling


@overload_method(GrowingType, "append")
def _append(g, value):
    one = g.ndim == 1
    if one and isinstance(value, types.Array) and value.ndim > 0:
        raise TypingError("one element is appended to an array of one dimension; extend takes an array")
    if not one and not (isinstance(value, types.Array) and value.ndim == 1):
        raise TypingError("a row, an array of one dimension, is appended to an array of two")
    dtype = g.dtype

    @numba.njit(inline="never")
    def convert_and_append(g, value):
        if one:
            row = np.empty(1, dtype)
            row[0] = value
            done = _append_rows(g, row)
        else:
            rows = np.empty((1, _columns(g)), dtype)
            rows[0, :] = value
            done = _append_rows(g, rows)
        if not done:
            _no_room(g)

    def append_one(g, value):
        end = _end(g)
        if _fits(g, end + 1):
            _rows(g, end, 1)[0] = value
            _set_end(g, end, end + 1)
        else:
            convert_and_append(g, value)

    def append_row(g, value):
        if len(value) != _columns(g):
            raise ValueError("a row has as many elements as the array has columns")
        end = _end(g)
        if _fits(g, end + 1):
            _rows(g, end, 1)[0, :] = value
            _set_end(g, end, end + 1)
        else:
            convert_and_append(g, value)

    return append_one if one else append_row


@overload_method(GrowingType, "extend")
def _extend(g, values):
    if not isinstance(values, types.Array) or values.ndim != g.ndim:
        raise TypingError(f"an array of {g.ndim} dimensions is extended by another")
    dtype, ndim = g.dtype, g.ndim
    as_it_is = values.dtype == dtype and values.layout == "C"

    def extend(g, values):
        if ndim == 2 and values.shape[1] != _columns(g):
            raise ValueError("a row has as many elements as the array has columns")
        if as_it_is:
            done = _append_rows(g, values)
        else:
            rows = np.empty(values.shape, dtype)
            rows[:] = values
            done = _append_rows(g, rows)
        if not done:
            _no_room(g)

    return extend


@overload_method(GrowingType, "array")
def _array_of_now(g):
    def array(g):
        count = len(g)
        return _array(g, _end(g) - count, count)

    return array


@numba.njit
def _located(g, index):
    count = len(g)
    position = index + count if index < 0 else index
    if position < 0 or position >= count:
        raise IndexError("index out of bounds")
    return _end(g) - count + position


@overload(operator.getitem)
def _getitem(g, index):
    if not isinstance(g, GrowingType) or not isinstance(index, types.Integer):
        return None
    if g.ndim == 1:
        return lambda g, index: _rows(g, _located(g, index), 1)[0]
    return lambda g, index: _array(g, _located(g, index), 1)[0]


@overload(operator.setitem)
def _setitem(g, index, value):
    if not isinstance(g, GrowingType) or not isinstance(index, types.Integer):
        return None
    if g.ndim == 1:

        def set_item(g, index, value):
            _rows(g, _located(g, index), 1)[0] = value

        return set_item

    def set_row(g, index, value):
        _rows(g, _located(g, index), 1)[0, :] = value

    return set_row


# Tables: struct TablePlace of table_place.hpp. A column is a handle to its array, whose length is the table's.


class GrowingTable:
    """
    A handle to a table that compiled code appends to; `growing` makes it.

    It does the same in Python, so that functions run uncompiled too (``NUMBA_DISABLE_JIT``).
    """

    __slots__ = ("_capsule", "_place", "_table", "_type")

    def __init__(self, table):
        self._type = GrowingTableType(
            tuple((name, _column_type(name, table[name])) for name in table.names)
        )
        self._capsule = _table_capsule(table, _NAME)
        self._table = table
        self._place = _pointer_of(self._capsule, _NAME.encode())

    def append(self, *row):
        """Append one row: a value for each column."""
        self._table.append(row)

    def __len__(self):
        return len(self._table)

    def __getitem__(self, name):
        return self._table[name]

    def __repr__(self):
        return f"growing({self._table!r})"

    def __reduce__(self):
        raise TypeError("a handle belongs to its process: pickle the table")


def _column_type(name, column):
    if column.ndim > 2:
        raise ValueError(f"column {name!r} has rows of {column.ndim - 1} dimensions: compiled code appends rows of one")
    return GrowingType(_numba_dtype(column.dtype), column.ndim, False)


class GrowingTableType(types.Type):
    """Numba's type of handles to tables: the name and the type of each column."""

    def __init__(self, columns):
        self.columns = columns
        super().__init__(f"growing({', '.join(f'{name}: {kind}' for name, kind in columns)})")

    @property
    def key(self):
        return self.columns


@typeof_impl.register(GrowingTable)
def _typeof_table(value, context):
    return value._type


register_model(GrowingTableType)(_Model)
unbox(GrowingTableType)(_unbox)


@functools.cache
def _column_handle(number):
    @intrinsic
    def column(context, g):
        """The handle to a column."""
        kind = g.columns[number][1]

        def generate(context, builder, signature, args):
            table = cgutils.create_struct_proxy(g)(context, builder, value=args[0])
            made = cgutils.create_struct_proxy(kind)(context, builder)
            columns = builder.bitcast(_pointer(builder, table.place, "TablePlace.columns"), _POINTER.as_pointer())
            made.place = builder.load(builder.gep(columns, [ir.Constant(_WORD, number)]))
            made.owner = table.owner
            return made._getvalue()

        return kind(g), generate

    return column


@intrinsic
def _room_for_row(context, g, row):
    """Whether there is memory for a row of that number in every column, if need be by making it."""

    def generate(context, builder, signature, args):
        place = _place_of(context, builder, signature, args)
        found = cgutils.alloca_once_value(builder, ir.Constant(ir.IntType(1), 1))
        capacity = _word(builder, place, "TablePlace.capacity")
        with builder.if_then(builder.icmp_unsigned(">=", args[1], capacity), likely=False):
            kind = ir.FunctionType(_BYTE, [_POINTER, _WORD])
            reserve = builder.inttoptr(_word(builder, place, "TablePlace.reserve"), kind.as_pointer())
            done = builder.call(reserve, [place, builder.add(args[1], ir.Constant(_WORD, 1))])
            builder.store(builder.trunc(done, ir.IntType(1)), found)
        return builder.load(found)

    return types.boolean(g, types.intp), generate


@overload(len)
def _len_of_table(g):
    if isinstance(g, GrowingTableType):
        first = _column_handle(0)
        return lambda g: _end(first(g))
    return None


@overload_method(GrowingTableType, "append")
def _append_to_table(g, *row):
    if len(row) == 1 and isinstance(row[0], types.BaseTuple | types.StarArgTuple):
        row = tuple(row[0])
    if len(row) != len(g.columns):
        raise TypingError(f"a row of this table has {len(g.columns)} values, not {len(row)}")
    scope = {"_rows": _rows, "_columns": _columns, "_set_end": _set_end, "_room_for_row": _room_for_row, "_end": _end,
             "_no_room": _no_room}
    lines = ["def append(g, *row):", " first = column_0(g)", " end = _end(first)"]
    for number, (name, kind) in enumerate(g.columns):
        scope[f"column_{number}"] = _column_handle(number)
        if kind.ndim == 2:
            lines.append(f" if len(row[{number}]) != _columns(column_{number}(g)):")
            message = f"the value of {name!r} has another length than rows of that column"
            lines.append(f"  raise ValueError({message!r})")
    lines += [" if not _room_for_row(g, end):", "  _no_room(first)"]
    for number, (_, kind) in enumerate(g.columns):
        slot = "[0]" if kind.ndim == 1 else "[0, :]"
        lines.append(f" _rows(column_{number}(g), end, 1){slot} = row[{number}]")
    lines.append(" _set_end(first, end, end + 1)")
    exec("\n".join(lines), scope)  # the columns differ in type: no loop goes through them
    return scope["append"]


@overload(operator.getitem, prefer_literal=True)
def _column_of_now(g, name):
    if not isinstance(g, GrowingTableType) or not isinstance(name, types.StringLiteral):
        return None
    names = [each for each, _ in g.columns]
    if name.literal_value not in names:
        raise TypingError(f"there is no column {name.literal_value!r}; the columns are {', '.join(map(repr, names))}")
    column = _column_handle(names.index(name.literal_value))
    return lambda g, name: column(g).array()


def register():
    """What Numba calls at its start: importing this module has done all."""
