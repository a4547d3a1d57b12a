"""Arrays and operands of other libraries' making, and how they take part in NumPy's protocols."""

import numpy as np

import cppdynarray as cda


class Plain(np.ndarray):
    """A subclass of ndarray that has nothing to do with DynamicArrays."""


class Loud(np.ndarray):
    __array_priority__ = 10.0


class Refusing:
    """It doesn't want to be computed with by NumPy."""

    __array_ufunc__ = None

    def _answer(self, *args):
        return "mine"

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __matmul__ = __rmatmul__ = (
        __pow__
    ) = __rpow__ = _answer
    __lt__ = __gt__ = __eq__ = __ne__ = _answer
    __hash__ = None

    def __repr__(self):
        return "Refusing()"


class Taking:
    """It computes with arrays itself."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        assert not any(isinstance(x, cda.DynamicArray) for x in kwargs.get("out", ()))
        return ufunc.__name__, method, len(inputs), sorted(kwargs)

    def __array_function__(self, function, types, args, kwargs):
        return function.__name__, len(args), sorted(kwargs)

    def __repr__(self):
        return "Taking()"


class OldStyle:
    """It uses what there was before __array_ufunc__."""

    __array_priority__ = 100.0

    def __add__(self, other):
        return "add"

    def __radd__(self, other):
        return "radd"

    def __array__(self, dtype=None, copy=None):
        return np.ones(6, dtype)

    def __repr__(self):
        return "OldStyle()"


class ArrayLike:
    def __array__(self, dtype=None, copy=None):
        return np.full(6, 2, dtype)

    def __repr__(self):
        return "ArrayLike()"
