# distutils: language = c++
"""A random walk, written in Cython: it appends without the interpreter's lock."""

from cppdynarray cimport DynamicArray
from libc.stdlib cimport RAND_MAX, rand


def walk(array, double position, size_t steps):
    cdef DynamicArray[double] positions = DynamicArray[double](array)
    cdef size_t _step
    with nogil:
        for _step in range(steps):
            position += rand() / <double>RAND_MAX - 0.5
            positions.push_back(position)
