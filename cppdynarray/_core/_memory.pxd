"""Memory for arrays: the block allocator as NumPy's data handler (NEP 49)."""

cimport numpy as cnp

from cppdynarray._core cimport headers
from cppdynarray._core.headers cimport ArrayPlace, Block, Core


cdef Core shared


cdef inline int import_core() except -1:
    """What each module calls when it is imported, as for NumPy import_array()."""
    cnp.import_array()
    headers.core = &shared
    return 0


cdef class PlaceOwner:
    """A base for arrays that have a place and no memory of their own: PlaceOwner of places.hpp, so this and what
    is derived from it must have no C methods, which would come first.
    """
    cdef ArrayPlace* place


cdef cnp.ndarray new_array(object cls, cnp.dtype dtype, int ndim, const cnp.npy_intp* dims,
                           Py_ssize_t capacity=?, Py_ssize_t max_size=?, bint fortran=?,
                           object like=?)
cdef cnp.ndarray adopt_block(Block* block, size_t bytes, object cls, cnp.dtype dtype, int ndim,
                             const cnp.npy_intp* dims, int flags, object like)
cdef cnp.ndarray new_scratch(cnp.ndarray array, int ndim, const cnp.npy_intp* dims)
