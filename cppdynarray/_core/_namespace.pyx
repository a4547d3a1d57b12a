# distutils: language = c++
"""What of NumPy's names make DynamicArrays: for cppdynarray.numpy, and where like= asks for them."""

import functools
import inspect

import numpy as np

cimport numpy as cnp
from cpython.object cimport PyObject

from cppdynarray._core import _dispatch
from cppdynarray._core._array import DynamicArray
from cppdynarray._core._creation import (
    arange, array, asarray, empty, frombuffer, fromiter, full, ones, zeros,
)

from cppdynarray._core._creation cimport copy_of, owns_memory

cnp.import_array()


# Of pointers, so that looking takes no reference.
cdef extern from *:
    """
    #define CPPDYNARRAY_BASE(array) PyArray_BASE(reinterpret_cast<PyArrayObject*>(array))
    """
    PyObject* base_of "CPPDYNARRAY_BASE"(PyObject*) noexcept


cdef extern from "numpy/arrayobject.h":
    bint PyArray_CheckExact(PyObject*) noexcept


cdef extern from "Python.h":
    Py_ssize_t Py_REFCNT(PyObject*) noexcept


def _names(function):
    """The names of a function's parameters, as numpydoc has them; NumPy 2.0 doesn't tell all."""
    try:
        return ", ".join(inspect.signature(function).parameters)
    except ValueError:
        return "*args, **kwargs"


def _copying(function):
    """NumPy's function, with the array that it returns copied into a DynamicArray."""

    @functools.wraps(function)
    def create(*args, **kwargs):
        made = function(*args, **kwargs)
        return copy_of(made) if type(made) is np.ndarray else made

    create.__module__ = "cppdynarray.numpy"
    create.__doc__ = f"""
    As ``numpy.{function.__name__}``, but the array returned is a DynamicArray.

    Parameters
    ----------
    {_names(function)}
        As for ``numpy.{function.__name__}``.

    Returns
    -------
    DynamicArray
    """
    return create


eye = _copying(np.eye)
fromfile = _copying(np.fromfile)
fromstring = _copying(np.fromstring)
genfromtxt = _copying(np.genfromtxt)
geomspace = _copying(np.geomspace)
identity = _copying(np.identity)
loadtxt = _copying(np.loadtxt)
logspace = _copying(np.logspace)
tri = _copying(np.tri)


def copy(a, order="K", subok=False):
    """
    Return a DynamicArray with a copy of `a`; as ``numpy.copy``.

    Parameters
    ----------
    a : array_like
    order : {'C', 'F', 'A', 'K'}, optional
    subok : bool, optional
        Whether subclasses of DynamicArray are passed through.

    Returns
    -------
    DynamicArray
    """
    return array(a, order=order, subok=subok, copy=True)


# What NumPy answers with memory that is there already stays NumPy's answer: who writes to
# np.asarray(x) means to write to x.


cdef bint is_new(PyObject* made) noexcept:
    """Whether nobody else has the memory of an array that NumPy has just returned: then nobody can
    tell it from a copy.
    """
    while made != NULL and PyArray_CheckExact(made) and Py_REFCNT(made) == 1:
        if base_of(made) == NULL:
            return owns_memory(<cnp.ndarray>made)
        made = base_of(made)
    return False


cdef bint is_whole(cnp.ndarray made, cnp.ndarray source):
    """Whether `made` is a plain view of all of `source`, as a conversion makes it."""
    cdef PyObject* base = base_of(<PyObject*>made)
    return (
        # NumPy leaves out what stands between a view and the array whose memory it is.
        (base == <PyObject*>source or base == base_of(<PyObject*>source))
        and made.descr is source.descr
        and cnp.PyArray_DATA(made) == cnp.PyArray_DATA(source)
        and cnp.PyArray_NDIM(made) == cnp.PyArray_NDIM(source)
    )


def _aliasing(function):
    """NumPy's function, with the array that it returns copied into a DynamicArray if it is new."""

    @functools.wraps(function)
    def convert(*args, **kwargs):
        made = function(*args, **kwargs)
        if type(made) is not np.ndarray:
            return made
        if is_new(<PyObject*>made):
            return copy_of(made)
        source = args[0] if args else None
        return source if type(source) is DynamicArray and is_whole(made, source) else made

    convert.__module__ = "cppdynarray.numpy"
    convert.__doc__ = f"""
    As ``numpy.{function.__name__}``, but an array that is new is a DynamicArray.

    Where NumPy answers with memory that is there already, this is NumPy's answer: it never copies
    what NumPy doesn't.

    Parameters
    ----------
    {_names(function)}
        As for ``numpy.{function.__name__}``.

    Returns
    -------
    numpy.ndarray
    """
    return convert


asanyarray = _aliasing(np.asanyarray)
asarray_or_alias = _aliasing(np.asarray)
ascontiguousarray = _aliasing(np.ascontiguousarray)
fromfunction = _aliasing(np.fromfunction)
_array_or_alias = _aliasing(np.array)


@functools.wraps(array)
def array_or_alias(object, dtype=None, *, copy=True, **kwargs):
    if copy is None or not copy:
        return _array_or_alias(object, dtype, copy=copy, **kwargs)
    return array(object, dtype, copy=copy, **kwargs)


@functools.wraps(np.from_dlpack)
def from_dlpack(*args, **kwargs):
    made = np.from_dlpack(*args, **kwargs)
    return copy_of(made) if kwargs.get("copy") else made


from_dlpack.__doc__ = f"""
    As ``numpy.from_dlpack``: memory of the exporter, or with ``copy=True`` a DynamicArray.

    Parameters
    ----------
    {_names(np.from_dlpack)}
        As for ``numpy.from_dlpack``.

    Returns
    -------
    numpy.ndarray
    """


class _NpzFile(np.lib.npyio.NpzFile):
    """The arrays of an .npz file, each read into a DynamicArray."""

    def __getitem__(self, key):
        found = super().__getitem__(key)
        return copy_of(found) if type(found) is np.ndarray else found


@functools.wraps(np.load)
def load(file, mmap_mode=None, *args, **kwargs):
    """
    As ``numpy.load``, but arrays that are read into memory are DynamicArrays.

    Parameters
    ----------
    file : file-like, str or path
    mmap_mode : {None, 'r+', 'r', 'w+', 'c'}, optional
        With a mode the array is a ``numpy.memmap``, as NumPy's.
    *args, **kwargs
        As for ``numpy.load``.

    Returns
    -------
    DynamicArray, or what else the file holds
    """
    made = np.load(file, mmap_mode, *args, **kwargs)
    if type(made) is np.lib.npyio.NpzFile:
        made.__class__ = _NpzFile
        return made
    return copy_of(made) if type(made) is np.ndarray else made


for _function, _name in (
    (array_or_alias, "array"), (asarray_or_alias, "asarray"), (from_dlpack, "from_dlpack"), (load, "load"),
):
    _function.__module__ = "cppdynarray.numpy"
    _function.__name__ = _function.__qualname__ = _name


# np.zeros(3, like=d) asks for a DynamicArray (NEP 35); NumPy calls these for it.


def _asanyarray(a, dtype=None, order=None, *, device=None, copy=None):
    if isinstance(a, np.ndarray):
        return np.asanyarray(a, dtype, order, device=device, copy=copy)
    return asarray(a, dtype, order, device=device, copy=copy)


def _ascontiguousarray(a, dtype=None):
    return array(a, dtype, copy=None, order="C", ndmin=1)


_dispatch.overrides.update(
    {
        getattr(np, function.__name__): function
        for function in (
            arange, array, asarray, empty, eye, frombuffer, fromfile, fromiter, fromstring, full, genfromtxt,
            identity, loadtxt, ones, tri, zeros,
        )
    }
)
_dispatch.overrides.update(
    {
        np.asanyarray: _asanyarray, np.ascontiguousarray: _ascontiguousarray,
        np.fromfunction: _copying(np.fromfunction),
    }
)
# These convert to what can't always grow: they need not know whose array was asked for.
_dispatch.overrides.update({function: function for function in (np.asfortranarray, np.require)})
