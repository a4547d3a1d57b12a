# distutils: language = c++
"""Memory for arrays: the block allocator as NumPy's data handler (NEP 49).

Every array made here owns a block of the C++ allocator in NumPy's own sense: NumPy frees
it, and drops the references of its elements first, like those of any array.
"""

from contextvars import ContextVar

import numpy as np

cimport cython
cimport numpy as cnp
from cpython.object cimport PyObject, PyTypeObject
from cpython.pycapsule cimport PyCapsule_New
from cpython.ref cimport Py_INCREF, Py_XDECREF
from libc.stdint cimport uint8_t
from libc.string cimport memcpy, memset
from libcpp.atomic cimport atomic, memory_order_relaxed

from cppdynarray._core.headers cimport (
    Block, Elements, VirtualMemory, elements_of, keep_for_handles, multiply, own_block, release_traced,
    set_dimensions_apart, trace_block,
)
from cppdynarray._core.numpy_api cimport (
    NPY_ARRAY_CARRAY, NPY_ARRAY_FARRAY, NPY_MAX_INTP, NPY_USERDEF, PyArray_NewFromDescr,
)

import_core()


cdef extern from "Python.h":
    int PyContextVar_Get(object variable, PyObject* default_value, PyObject** value) except -1


cdef extern from "numpy/arrayobject.h":
    ctypedef struct PyDataMemAllocator:
        void* ctx
        void* (*malloc)(void* ctx, size_t size) noexcept nogil
        void* (*calloc)(void* ctx, size_t count, size_t size) noexcept nogil
        void* (*realloc)(void* ctx, void* address, size_t size) noexcept nogil
        void (*free)(void* ctx, void* address, size_t size) noexcept nogil

    ctypedef struct PyDataMem_Handler:
        char name[127]
        uint8_t version
        PyDataMemAllocator allocator


cdef extern from "cppdynarray/internal/block_allocator.hpp" namespace "cppdynarray" nogil:
    ctypedef enum Backend "cppdynarray::Backend":
        RESERVED "cppdynarray::Backend::reserved"
        HEAP "cppdynarray::Backend::heap"

    cdef cppclass AllocatorSettings:
        Backend backend
        double growth_factor
        size_t reserve_bytes
        bint huge_pages

    cdef cppclass BlockAllocator "cppdynarray::BlockAllocator<>":
        AllocatorSettings settings
        Block* allocate(size_t, size_t) noexcept
        Block* allocate(size_t, size_t, const AllocatorSettings&) noexcept
        void trim() noexcept
        size_t mapped_blocks() noexcept
        size_t mapped_bytes() noexcept

    BlockAllocator& allocator "cppdynarray::shared_allocator"() noexcept


cdef extern from *:
    """
    #define CPPDYNARRAY_TEXT(macro) CPPDYNARRAY_QUOTED(macro)
    #define CPPDYNARRAY_QUOTED(text) #text
    #if defined(__clang__)
    #define CPPDYNARRAY_COMPILER "Clang " __clang_version__
    #elif defined(__GNUC__)
    #define CPPDYNARRAY_COMPILER "GCC " __VERSION__
    #elif defined(_MSC_FULL_VER)
    #define CPPDYNARRAY_COMPILER "MSVC " CPPDYNARRAY_TEXT(_MSC_FULL_VER)
    #else
    #define CPPDYNARRAY_COMPILER "unknown"
    #endif
    """
    const char* CPPDYNARRAY_COMPILER
    const unsigned int CYTHON_HEX_VERSION
    const unsigned int NPY_API_VERSION
    const unsigned int NPY_FEATURE_VERSION


cdef extern from "thread_states.hpp" namespace "cppdynarray":
    void set_up_thread_states(Core&) noexcept


# The settings of new blocks: the allocator's own, unless the calling context has options of its own.
# A block keeps those it was made with, so growth, which may be without the GIL, asks nobody.

cdef dict process_options = {}
cdef Py_ssize_t process_options_version = 0
cdef atomic[Py_ssize_t] context_options_alive
context_options = ContextVar("cppdynarray.context_options", default=None)
cdef object context_variable = context_options


cdef class ContextOptions:
    """What a context changes: `entries` has the changes of each ``with`` block that it is in."""

    cdef readonly tuple entries
    cdef AllocatorSettings settings
    cdef Py_ssize_t version  # of the process-wide options, which hold for what is not changed

    def __cinit__(self, tuple entries):
        self.entries = entries
        self.version = -1
        context_options_alive.fetch_add(1)

    def __dealloc__(self):
        context_options_alive.fetch_sub(1)

    cdef int refresh(self) except -1:
        """Threads may share a context, and what is read here may be set meanwhile."""
        cdef dict options
        with cython.critical_section(context_variable):
            if self.version != process_options_version:
                options = dict(process_options)
                for entry in self.entries:
                    options.update(entry)
                set_settings(self.settings, options)
                self.version = process_options_version
        return 0


cdef int set_settings(AllocatorSettings& settings, dict options) except -1:
    cdef double growth_factor = options["growth_factor"]
    cdef size_t reserve_bytes = options["reserve_bytes"]
    cdef bint huge_pages = options["huge_pages"]
    settings.backend = HEAP if options["backend"] == "heap" else RESERVED
    settings.growth_factor = growth_factor
    settings.reserve_bytes = reserve_bytes
    settings.huge_pages = huge_pages
    return 0


cdef Block* allocate_in_context(size_t bytes, size_t reserve) except? NULL:
    cdef PyObject* value = NULL
    PyContextVar_Get(context_variable, NULL, &value)
    found = <object>value
    Py_XDECREF(value)
    if found is None:
        return allocator().allocate(bytes, reserve)
    cdef ContextOptions options = found
    options.refresh()
    return allocator().allocate(bytes, reserve, options.settings)


cdef inline Block* allocate_block(size_t bytes, size_t reserve) except? NULL:
    """A new block as the options say; NULL without an exception if there is no memory."""
    if context_options_alive.load(memory_order_relaxed) == 0:  # in any context: most programs never look further
        return allocator().allocate(bytes, reserve)
    return allocate_in_context(bytes, reserve)


# NumPy's data handler. NumPy itself calls these for arrays that PyArray_Resize or
# __setstate__ changes, and always to free. They may run without the GIL: the options are the process's.

cdef void* handler_malloc(void* ctx, size_t size) noexcept nogil:
    cdef Block* block = allocator().allocate(size, 0)
    return block.data() if block != NULL else NULL


cdef void* handler_calloc(void* ctx, size_t count, size_t size) noexcept nogil:
    cdef size_t bytes = 0
    if not multiply(count, size, bytes):
        return NULL
    cdef Block* block = allocator().allocate(bytes, 0)
    if block == NULL:
        return NULL
    block.functions.zero(block, 0, bytes)
    return block.data()


cdef void* handler_realloc(void* ctx, void* address, size_t size) noexcept nogil:
    if address == NULL:
        return handler_malloc(ctx, size)
    cdef Block* block = Block.of(address)
    if block.place != NULL:
        return NULL  # MemoryError: the array's length is not NumPy's affair
    # The length is NumPy's affair here: all that is committed counts as used.
    block.mark_written(block.committed_bytes)
    block = block.functions.grow(block, block.committed_bytes, size)
    return block.data() if block != NULL else NULL


cdef void handler_free(void* ctx, void* address, size_t size) noexcept nogil:
    if address != NULL and not keep_for_handles(Block.of(address)):
        release_traced(Block.of(address), size)


cdef PyDataMem_Handler handler_functions
memset(&handler_functions, 0, sizeof(handler_functions))
memcpy(handler_functions.name, <const char*>b"cppdynarray", 11)
handler_functions.version = 1
handler_functions.allocator.malloc = handler_malloc
handler_functions.allocator.calloc = handler_calloc
handler_functions.allocator.realloc = handler_realloc
handler_functions.allocator.free = handler_free
cdef object handler = PyCapsule_New(&handler_functions, "mem_handler", NULL)


cdef PyDataMem_Handler placed_functions = handler_functions
cdef object placed_handler = PyCapsule_New(&placed_functions, "mem_handler", NULL)

set_up_thread_states(shared)
shared.own_handler = <PyObject*>handler
shared.placed_handler = <PyObject*>placed_handler


@cython.no_gc
cdef class PlaceOwner:
    pass


shared.place_owner = <PyTypeObject*>PlaceOwner


# Blocks come from the allocator of this module or of another: each brings the functions of its own.

cdef void empty_slots(Block* block, size_t bytes) noexcept:
    """Slots of a new block without elements hold no references and no strings. One with much more memory, which an
    array left, gives no more than is asked for: it would be cleared each time, for an array of one element too.
    """
    if block.dirty_bytes > block.committed_bytes:
        block.committed_bytes = min(block.committed_bytes, max(bytes, VirtualMemory.page_size() - sizeof(Block)))
    block.functions.zero(block, 0, block.committed_bytes)


cdef cnp.ndarray adopt_block(Block* block, size_t bytes, object cls, cnp.dtype dtype, int ndim,
                             const cnp.npy_intp* dims, int flags, object like):
    """The array on `block`, which it owns; tracemalloc hears of `bytes`. The block is still the
    caller's if this fails.
    """
    cdef cnp.ndarray array
    if elements_of(dtype) != Elements.plain:
        empty_slots(block, bytes)
    Py_INCREF(dtype)  # stolen below
    array = PyArray_NewFromDescr(cls, dtype, ndim, dims, NULL, block.data(), flags, like)
    if cnp.PyArray_DATA(array) != block.data():
        raise RuntimeError(f"{cls.__name__}.__array_finalize__ gave the array other memory")
    own_block(array, shared.own_handler)
    set_dimensions_apart(array)
    trace_block(block, bytes)
    return array


cdef cnp.ndarray new_on_block(Block* block, size_t bytes, object cls, cnp.dtype dtype, int ndim,
                              const cnp.npy_intp* dims, int flags, object like):
    """As adopt_block, but on failure the block is free again."""
    try:
        return adopt_block(block, bytes, cls, dtype, ndim, dims, flags, like)
    except:
        if cls is cnp.ndarray or cls.__array_finalize__ is np.ndarray.__array_finalize__:
            block.functions.release(block, 0)
        else:
            # The class's own __array_finalize__ may have kept the array that it then let fail, so
            # its addresses stay readable. Their memory goes.
            block.functions.shrink_to_fit(block, 0)
        raise


cdef cnp.ndarray new_array(object cls, cnp.dtype dtype, int ndim, const cnp.npy_intp* dims,
                           Py_ssize_t capacity=0, Py_ssize_t max_size=0, bint fortran=False,
                           object like=None):
    """An array of class `cls` on a block of its own, its elements not initialised.

    Room for `capacity` rows is committed and for `max_size` rows reserved. ValueError for a
    shape that no array can have, MemoryError if there is no memory.
    """
    cdef cnp.npy_intp[64] all_dims
    cdef int axis
    if dtype.itemsize == 0 or dtype.type_num >= NPY_USERDEF or dtype.type_num == cnp.NPY_VOID:
        # Subarray dtypes become dimensions, S0 becomes S1, and a StringDType becomes an
        # instance with an arena of its own: NumPy does so for arrays that it allocates.
        for axis in range(ndim):
            all_dims[axis] = dims[axis]
        shape = np.empty(0, dtype).shape[1:]
        if ndim + len(shape) > 64:
            raise ValueError("number of dimensions must be within [0, 64]")
        for axis in range(len(shape)):
            all_dims[ndim + axis] = shape[axis]
        dims = all_dims
        ndim += len(shape)
        dtype = np.empty(0, dtype).dtype

    cdef size_t row = dtype.itemsize
    cdef size_t bytes = 0, capacity_bytes = 0, reserve_bytes = 0
    for axis in range(ndim):
        if dims[axis] < 0:
            raise ValueError("negative dimensions are not allowed")
        if axis > 0 and not multiply(row, dims[axis], row):
            raise ValueError("array is too big: the size of a row exceeds what memory can have")
    bytes = row
    if ndim > 0 and not multiply(row, dims[0], bytes) or bytes > <size_t>NPY_MAX_INTP:
        raise ValueError("array is too big: its size exceeds what memory can have")
    if not multiply(row, max(capacity, 0), capacity_bytes) or not multiply(row, max(max_size, 0), reserve_bytes):
        raise MemoryError(f"no memory can hold {max(capacity, max_size)} rows of {row} bytes")
    cdef Block* block = allocate_block(max(bytes, capacity_bytes), reserve_bytes)
    if block == NULL:
        raise MemoryError(
            f"unable to allocate {max(bytes, capacity_bytes, reserve_bytes)} bytes for an array with shape "
            f"{tuple([dims[axis] for axis in range(ndim)])} and data type {dtype}"
        )
    return new_on_block(block, max(bytes, capacity_bytes), cls, dtype, ndim, dims,
                        NPY_ARRAY_FARRAY if fortran else NPY_ARRAY_CARRAY, like)


cdef cnp.ndarray new_scratch(cnp.ndarray array, int ndim, const cnp.npy_intp* dims):
    """A plain array with the very dtype instance of `array`, so that its elements can move
    there byte by byte; elements that hold references start out empty, and what they hold
    at the end is dropped with the scratch array.
    """
    cdef size_t bytes = cnp.PyArray_ITEMSIZE(array)
    cdef int axis
    for axis in range(ndim):
        if not multiply(bytes, dims[axis], bytes):
            raise MemoryError("the values are larger than memory can hold")
    cdef Block* block = allocate_block(bytes, 0)
    if block == NULL:
        raise MemoryError(f"unable to allocate {bytes} bytes to convert values to {array.dtype}")
    return new_on_block(block, bytes, cnp.ndarray, array.descr, ndim, dims, NPY_ARRAY_CARRAY, None)


def configure(options):
    """Sets the options of the process: those of arrays that are made where the context has none."""
    global process_options, process_options_version
    with cython.critical_section(context_variable):
        set_settings(allocator().settings, options)
        process_options = dict(options)
        process_options_version += 1


def contexts_with_options():
    """How many ContextOptions there are, in all contexts together."""
    return context_options_alive.load()


def statistics():
    """What the allocator holds, the pool of released blocks included, and what the system grants."""
    return {
        "mapped_blocks": allocator().mapped_blocks(),
        "mapped_bytes": allocator().mapped_bytes(),
        "page_size": VirtualMemory.page_size(),
        "huge_page_size": VirtualMemory.huge_page_size(),
        "address_space_bytes": VirtualMemory.address_space_bytes(),
        "max_mappings": VirtualMemory.max_mappings(),
    }


def build():
    """What this module was compiled with."""
    return {
        "compiler": CPPDYNARRAY_COMPILER.decode().strip(),
        "cython": ".".join(str(CYTHON_HEX_VERSION >> shift & 0xFF) for shift in (24, 16, 8)),
        "numpy_c_api": f"{NPY_API_VERSION:#x}, for NumPy with {NPY_FEATURE_VERSION:#x} or later",
    }


def trim():
    """Gives the pool of released blocks back to the system."""
    allocator().trim()
