"""The docstrings of what is C in the class: PyMethodDef and PyType_Spec take them as C strings."""

APPEND = """append($self, value, /, *, casting='lossless')
--

Add one row at the end. Amortised O(1).

Nothing moves while ``len(d) <= d.max_size``: views, buffers and pointers taken before stay
valid and live, each with the length it was made with.

Parameters
----------
value : scalar or array_like
    What ``d[i] = value`` accepts: it is converted to the dtype and broadcast to
    ``d.shape[1:]``. Unlike an assignment, nothing may be lost: the value must be the same when
    it is converted back (floats may be rounded), and a single value doesn't fill a record.
casting : {'lossless', 'unsafe'}, optional
    With ``'unsafe'`` the value is converted as ``d[i] = value`` does, whatever it loses.

Raises
------
ValueError
    If the array can't grow: it is 0-d, read-only, not C-ordered, or a view of memory that
    belongs to another object. Also if `value` has the wrong shape.
TypeError, ValueError, OverflowError
    If `value` can't be converted, or would lose something: a fraction or NaN in an array of
    integers (TypeError, ValueError), a number out of range (OverflowError), an imaginary part, or
    a number in an array of bools but 0 and 1 (TypeError), the end of a string or a part of a date
    (ValueError).
MemoryError
    If there is no memory for another row.

See Also
--------
extend : Add many rows at once, which is faster.

Notes
-----
A call that fails changes nothing. If converting `value` runs Python code that appends to the
same array, those elements come first.

Examples
--------
>>> import cppdynarray as cda
>>> d = cda.DynamicArray([1.0, 2.0])
>>> d.append(3)
>>> d
DynamicArray([1., 2., 3.])
>>> rows = cda.zeros((0, 2))
>>> rows.append([1, 2])
>>> rows.shape
(1, 2)
"""

EXTEND = """extend($self, values, /, *, casting='lossless')
--

Add rows at the end. O(k) for k rows, amortised.

Parameters
----------
values : array_like or iterable
    An array of shape ``(k, *d.shape[1:])``, or any iterable of elements or, for arrays of two
    or more dimensions, of rows of shape ``d.shape[1:]``.
casting : {'lossless', 'unsafe'}, optional
    With ``'unsafe'`` values are converted as ``d[i] = value`` does, whatever they lose.

Raises
------
TypeError
    If `values` is not iterable.
ValueError
    If the rows have another shape, or the array can't grow (see `append`).
TypeError, ValueError, OverflowError
    If an element can't be converted, or would lose something (see `append`).
MemoryError
    If there is no memory for the rows.

Notes
-----
A call that fails changes nothing, also when an iterator raises half way: its values are
collected before the array changes. Arrays of the same dtype are copied once.
``d.extend(d)`` doubles the array.

Examples
--------
>>> import cppdynarray as cda
>>> d = cda.DynamicArray([1, 2])
>>> d.extend([3, 4])
>>> d.extend(i * i for i in range(3))
>>> d
DynamicArray([1, 2, 3, 4, 0, 1, 4])
>>> d.extend([1.5])
Traceback (most recent call last):
    ...
TypeError: row 0: 1.5 (float) has a fraction, and can't be stored in an array of int64; ...
>>> d.extend([1.5], casting="unsafe")
>>> int(d[-1])
1
"""

INSERT = """insert($self, index, value, /, *, casting='lossless')
--

Insert one row before `index`, as ``list.insert`` does. O(n - index).

Parameters
----------
index : int
    Position along axis 0. Negative counts from the end; what lies outside means the nearest
    end.
value : scalar or array_like
    As for `append`.
casting : {'lossless', 'unsafe'}, optional
    As for `append`.

Raises
------
ValueError, TypeError, OverflowError, MemoryError
    As for `append`.

Notes
-----
Views see the rows behind `index` move up by one.

On a file they move in the file: a process that is killed meanwhile leaves one row out and another one twice
(see `open_memmap`).

Examples
--------
>>> import cppdynarray as cda
>>> d = cda.DynamicArray([1, 3])
>>> d.insert(1, 2)
>>> d
DynamicArray([1, 2, 3])
"""

POP = """pop($self, index=-1, /)
--

Remove one row and return it, as ``list.pop`` does. O(n - index).

Parameters
----------
index : int, optional
    Position along axis 0, by default the last.

Returns
-------
scalar or numpy.ndarray
    A copy of ``d[index]``.

Raises
------
IndexError
    If the array is empty or `index` is out of range.
ValueError
    If the array can't change its length (see `append`).

Notes
-----
On a file the rows behind `index` move in the file: a process that is killed meanwhile leaves one row out and
another one twice (see `open_memmap`).

Examples
--------
>>> import cppdynarray as cda
>>> d = cda.DynamicArray([1, 2, 3])
>>> int(d.pop()), int(d.pop(0))
(3, 1)
>>> d
DynamicArray([2])
"""

DELETE = """__delitem__($self, key, /)
--

Remove rows. O(n).

Parameters
----------
key : int, slice, or array_like of ints or bools
    Which rows, along axis 0.

Raises
------
IndexError
    If there are no such rows.
ValueError
    If the array can't change its length (see `append`).

See Also
--------
swap_remove : Where the order doesn't matter.

Notes
-----
On a file the rows behind move in the file: a process that is killed meanwhile leaves rows out and others
twice (see `open_memmap`). Where none are behind, ``del d[k:]``, they are all removed or none is.

Examples
--------
>>> import cppdynarray as cda
>>> d = cda.DynamicArray([0, 1, 2, 3, 4])
>>> del d[1:3], d[-1]
>>> d
DynamicArray([0, 3])
"""

RESIZE = """resize($self, /, *new_shape, refcheck=True)
--

Change shape and size in place; new elements are zero.

The meaning is that of ``numpy.ndarray.resize``: elements keep their order in memory (C
order), surplus ones are dropped, missing ones are zero. But views of the array don't stand in
the way here: they stay valid and keep the length they were made with.

Parameters
----------
new_shape : tuple of ints, or n ints
    Shape of the resized array. Its number of dimensions may differ.
refcheck : bool, optional
    Accepted for compatibility with ``ndarray.resize``, and ignored.

Raises
------
ValueError
    If a dimension is negative, or the array can't grow (see `append`).
MemoryError
    If there is no memory for the new shape.

Notes
-----
Growing costs the same for any size: untouched memory is zero already, and is neither
written nor taken from the system until it is used. (Memory used before and given up by
`pop` or a shrinking `resize` is cleared.) Past `max_size` the data moves, which costs
O(n).

Examples
--------
>>> import cppdynarray as cda
>>> d = cda.DynamicArray([1, 2, 3])
>>> view = d[:]
>>> d.resize(5)
>>> d
DynamicArray([1, 2, 3, 0, 0])
>>> view.base is d
True
"""

CAPACITY = """How many rows fit before the system is asked for more memory (``std::vector``'s word)."""

MAX_SIZE = """How many rows fit in place: up to here growing never moves the data.

Beyond it the data moves, once, to a larger reservation; views taken before keep the old memory
alive and readable but no longer follow. The constructor's `max_size` asks for more.
"""

TYPE = """DynamicArray(contents=(), dtype=None, *, capacity=0, max_size=0)
--

A NumPy array that grows in place.

It is a ``numpy.ndarray``: whatever takes an array takes it, and what is computed from it is a
plain ``numpy.ndarray``. It also has a list's `append`, `extend`, `insert`, `pop` and `clear`, and
``del d[...]``. They grow and shrink the array where it is while ``len(d) <= d.max_size``: views,
buffers and pointers taken before stay valid and live. (`insert` and ``del`` move the rows behind.)

Parameters
----------
contents : array_like or iterable, optional
    The elements, copied. Rows are counted along axis 0; contents with two or more dimensions
    give an array whose rows are arrays.
dtype : data-type, optional
    By default what ``numpy.array(contents)`` finds, and float64 if there are no contents. It must
    hold the contents without loss (see `append`). ``str`` means strings of any length.
capacity : int, optional
    Rows to have room for from the start.
max_size : int, optional
    Rows that must fit in place. By default, and at least, some 16 GiB of addresses are reserved
    (addresses, not memory), or less when there are many arrays or a limit such as ``ulimit -v``.

Raises
------
TypeError
    If `contents` is not iterable.
ValueError
    If `capacity` or `max_size` is negative.
MemoryError
    If there is no memory, or no addresses for `max_size` rows.

See Also
--------
cppdynarray.zeros, cppdynarray.empty, cppdynarray.array, cppdynarray.fromiter

Examples
--------
>>> import numpy as np
>>> import cppdynarray as cda
>>> d = cda.DynamicArray([1.0, 2.0])
>>> first = d[:2]
>>> for x in range(100_000):
...     d.append(x)
>>> len(d), bool(first.base is d), isinstance(d, np.ndarray)
(100002, True, True)
>>> d[0] = 7
>>> first
array([7., 2.])
>>> d[:3] + 1
array([8., 3., 1.])
"""

# RollingArray.

ROLLING_APPEND = """append($self, value, /, *, casting='lossless')
--

Add one row behind the newest; when the window is full the oldest leaves it. Amortised O(1).

Parameters
----------
value : scalar or array_like
    What ``w[i] = value`` accepts: it is converted to the dtype and broadcast to
    ``w.shape[1:]``, if nothing is lost (see `DynamicArray.append`).
casting : {'lossless', 'unsafe'}, optional
    With ``'unsafe'`` the value is converted as ``w[i] = value`` does, whatever it loses.

Raises
------
ValueError
    If no rows can be added: the array is read-only, or a view, or its shape was set. Also if
    `value` has the wrong shape.
TypeError, ValueError, OverflowError
    If `value` can't be converted, or would lose something.

See Also
--------
extend : Add many rows at once, which is faster.

Notes
-----
A view (``w[:]``, ``memoryview(w)``, ...) shows the rows of when it was taken until at least
`maxlen` more rows have come in; after that its rows are overwritten. Keep ``w[:].copy()`` for
longer. Where elements hold references (objects, strings), a view is right until the next row
comes in: rows that leave the window are dropped at once, and read as None or "".

A call that fails changes nothing.

Examples
--------
>>> import cppdynarray as cda
>>> w = cda.RollingArray([1.0, 2.0], maxlen=3)
>>> w.append(3)
>>> w.append(4)
>>> w
RollingArray([2., 3., 4.], maxlen=3)
"""

ROLLING_EXTEND = """extend($self, values, /, *, casting='lossless')
--

Add rows behind the newest; of more than `maxlen` rows the last stay.

Parameters
----------
values : array_like or iterable
    An array of shape ``(k, *w.shape[1:])``, or any iterable of elements or, for arrays of two
    or more dimensions, of rows of shape ``w.shape[1:]``.
casting : {'lossless', 'unsafe'}, optional
    As for `append`.

Raises
------
TypeError
    If `values` is not iterable.
ValueError
    If the rows have another shape, or none can be added (see `append`).
TypeError, ValueError, OverflowError
    If an element can't be converted, or would lose something.
MemoryError
    If there is no memory to convert the rows.

Notes
-----
A call that fails changes nothing, also when an iterator raises half way. For views k rows count
as k appends.

Examples
--------
>>> import cppdynarray as cda
>>> w = cda.RollingArray([1, 2], maxlen=3)
>>> w.extend([3, 4])
>>> w
RollingArray([2, 3, 4], maxlen=3)
"""

MAXLEN = """How many rows the window has when it is full; None for a view, which takes no rows."""

ROLLING = """RollingArray(contents=(), dtype=None, *, maxlen, row_shape=())
--

The last `maxlen` rows of what is appended, as one array, oldest first.

It is a ``numpy.ndarray``, always C-contiguous, and what is computed from it is a plain
``numpy.ndarray``. Its length goes from 0 to `maxlen`, and stays there.

Parameters
----------
contents : array_like or iterable, optional
    The first rows, copied. Rows are counted along axis 0.
dtype : data-type, optional
    By default what ``numpy.array(contents)`` finds, and float64 if there are no contents.
maxlen : int
    How many rows the window has when it is full, at least 1.
row_shape : int or tuple of ints, optional
    The shape of one row, if there are no contents to tell. By default rows are single elements.

Raises
------
TypeError
    If `contents` is not iterable, or `maxlen` is missing or not an int.
ValueError
    If `maxlen` is less than 1, or `contents` have rows of another shape than `row_shape`.
MemoryError
    If there is no memory.

See Also
--------
DynamicArray : All the rows of a stream.
collections.deque : The same for Python objects, with both ends open.

Notes
-----
The array slides over a track of at least ``3 * maxlen - 1`` rows, which its base owns: a row is
written behind the newest, and at the end of the track the newest rows are copied to its start.
So a view shows the rows of when it was taken until at least `maxlen` more rows have come in;
see `append`.

Examples
--------
>>> import numpy as np
>>> import cppdynarray as cda
>>> w = cda.RollingArray(maxlen=4)
>>> for x in range(10):
...     w.append(x)
>>> w
RollingArray([6., 7., 8., 9.], maxlen=4)
>>> float(w.mean()), isinstance(w, np.ndarray)
(7.5, True)
>>> pairs = cda.RollingArray(maxlen=2, dtype="i4", row_shape=2)
>>> pairs.extend([[1, 2], [3, 4], [5, 6]])
>>> pairs
RollingArray([[3, 4],
              [5, 6]], dtype=int32, maxlen=2)
"""

LIVE = """What `DynamicArray` and `RollingArray` have in common: a ``numpy.ndarray`` whose length changes.

It is for ``isinstance`` alone. Slices of both, and what is computed from them, are plain ndarrays.

Examples
--------
>>> import cppdynarray as cda
>>> isinstance(cda.zeros(3), cda.LiveArray), isinstance(cda.RollingArray(maxlen=3), cda.LiveArray)
(True, True)
>>> isinstance(cda.zeros(3)[1:], cda.LiveArray)
False
"""
