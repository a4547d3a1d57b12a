"""Classes made by a metaclass of their own, as abc and collections.abc have: ndarray takes them, and so do ours."""

import abc
import collections.abc
import copy
import pickle

import numpy as np
import pytest

import cppdynarray as cda
from cppdynarray.testing import assert_invariants


class Meta(type):
    """A metaclass that adds nothing."""


class Plain(cda.DynamicArray, metaclass=Meta):
    pass


class Abstract(cda.DynamicArray, metaclass=abc.ABCMeta):
    pass


class Mixed(cda.DynamicArray, collections.abc.Sequence):
    pass


class Window(cda.RollingArray, metaclass=abc.ABCMeta):
    pass


class MixedWindow(cda.RollingArray, collections.abc.Sequence):
    pass


@pytest.mark.parametrize("cls", [Plain, Abstract, Mixed])
def test_arrays_of_a_class_with_a_metaclass_grow(cls):
    for d in cls([1.0, 2.0]), cls(iter([1, 2]), "f8"), cls(np.array([1.0, 2.0])), np.array([1.0, 2.0]).view(cls).copy():
        assert type(d) is cls
        d.append(3.0)
        d.extend([4, np.float32(5)])
        assert d.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
        assert_invariants(d)
    for made in copy.copy(d), copy.deepcopy(d), d.copy(), pickle.loads(pickle.dumps(d)):
        assert type(made) is cls
        assert made.tolist() == d.tolist()
    assert type(cls()) is type(cls((), "i4")) is cls


@pytest.mark.parametrize("cls", [Window, MixedWindow])
def test_windows_of_a_class_with_a_metaclass_roll(cls):
    w = cls([1.0, 2.0], maxlen=3)
    assert type(w) is cls
    w.append(3.0)
    w.extend([4.0, 5.0])
    assert w.tolist() == [3.0, 4.0, 5.0]
    assert type(w.copy()) is type(copy.copy(w)) is cls
    assert w.copy().tolist() == pickle.loads(pickle.dumps(w)).tolist() == w.tolist()


def test_abstract_methods_are_not_asked_for_by_ndarray_either():
    class Base(cda.DynamicArray, metaclass=abc.ABCMeta):
        @abc.abstractmethod
        def mean_of_last(self): ...

    class Recorder(Base):
        def mean_of_last(self):
            return float(self[-2:].mean())

    r = Recorder([1.0])
    r.append(2.0)
    assert r.mean_of_last() == 1.5
    assert isinstance(r, Base)
