"""The arrays that Brian2 stores its growing variables in."""

import operator

import cppdynarray as cda
from cppdynarray._core._handles import handle_capsule
from cppdynarray.brian2 import header

__all__ = ["DynamicArray", "DynamicArray1D"]


class DynamicArray:
    """
    A growing array with the interface of Brian2's own class.

    Parameters
    ----------
    shape : int or tuple of int
        One or two dimensions.
    dtype : data type, optional
        Any of NumPy's.
    factor, use_numpy_resize, refcheck
        Accepted and ignored, as Brian2's newer versions do.

    Notes
    -----
    ``data`` is a plain view: it keeps its length, and stays valid and live whatever happens to the array, as
    long as its number of columns does not change.

    Examples
    --------
    >>> from cppdynarray.brian2.arrays import DynamicArray
    >>> recorded = DynamicArray((0, 2))
    >>> recorded.resize((3, 2))
    >>> recorded[1] = [1.0, 2.0]
    >>> recorded.data.tolist()
    [[0.0, 0.0], [1.0, 2.0], [0.0, 0.0]]
    """

    __slots__ = ("_data",)

    def __init__(self, shape, dtype=float, factor=2, use_numpy_resize=False, refcheck=True):
        self._data = cda.zeros(shape, dtype)
        if self._data.ndim not in (1, 2):
            raise ValueError(f"Brian2's dynamic arrays have one or two dimensions, not {self._data.ndim}")

    @property
    def data(self):
        """A plain view of what there is now."""
        return self._data.as_numpy()

    @property
    def shape(self):
        return self._data.shape

    @property
    def dtype(self):
        return self._data.dtype

    def resize(self, shape):
        """Grow or shrink along the first dimension; new elements are zero."""
        rows, *columns = shape if isinstance(shape, tuple | list) else (shape,)
        if self._data.ndim > 1 and columns and columns != [*self._data.shape[1:]]:
            raise ValueError("Resizing is only supported along the first dimension")
        self._data.resize((operator.index(rows), *self._data.shape[1:]))

    resize_along_first = resize

    def shrink(self, shape):
        """Shrink and give memory back. Other columns than before take new memory; a larger shape is ignored."""
        shape = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
        shape += self._data.shape[len(shape) :]
        if any(new > old for new, old in zip(shape, self._data.shape, strict=True)):
            return
        if shape[1:] != self._data.shape[1:]:
            self._data = cda.array(self._data[tuple(map(slice, shape))])
        self._data.resize(shape)
        self._data.shrink_to_fit()

    def get_capsule(self):
        """A capsule with a handle for compiled code, which keeps the array alive."""
        return handle_capsule(self._data, header.capsule_name(self._data.ndim))

    def __getitem__(self, item):
        return self._data[item]

    def __setitem__(self, item, value):
        self._data[item] = value

    def __len__(self):
        return len(self._data)

    def __str__(self):
        return str(self.data)

    def __repr__(self):
        return repr(self.data)


DynamicArray1D = DynamicArray
