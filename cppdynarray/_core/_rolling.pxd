"""The class RollingArray: the last rows of a stream as one array."""

cimport numpy as cnp

from cppdynarray._core._memory cimport ArrayPlace


cdef bint is_window(object array) noexcept
# The place of a window and a reference to it, for code that writes without the GIL.
cdef ArrayPlace* open_window(cnp.ndarray array) except NULL
cdef void close_window(ArrayPlace* place) noexcept
