"""
resize: to another length at once, new elements zero.

From 10^3 to 10^9 elements, since the cost is to be the same for all of them. What takes the memory
that it zeroes stops at 10^6: NumPy's own arrays, Brian2's, and the heap backend. A timed call
changes ten arrays, or one a hundred times, since one change may take less than a microsecond. New
elements are not touched afterwards, so page faults are timed only where `resize` itself causes
them.
"""

from .common import BACKENDS, KINDS, choose, forget, statement
from .containers import container

SIZES = [10**3, 10**6, 10**9]


def small(kind, row):
    """An array of 10 elements, or of one row."""
    if kind == "Brian2":
        array = container(kind, row=row).data
        array.resize((1, *row) if row else 10)
        return array
    return choose(kind).zeros((1, *row) if row else 10)


class Resize:
    params = [[*KINDS, "Brian2"], SIZES]
    param_names = ["kind", "size"]
    most, count = 10**6, 10

    def setup(self, kind, size):
        if kind != "cpp" and size > self.most:
            raise NotImplementedError("takes seconds, and all memory")
        choose(kind)
        forget()
        self.arrays = [small(kind, ()) for _ in range(self.count)]

    def time_grow(self, kind, size):
        """From 10 elements, with no capacity for more."""
        if kind == "ndarray":
            for array in self.arrays:
                array.resize(size, refcheck=False)
        else:
            for array in self.arrays:
                array.resize(size)

    def time_grow_by_steps(self, kind, size):
        """As simulations do."""
        array = self.arrays[0]
        lengths = range(size // 100, size + 1, size // 100)
        if kind == "ndarray":
            for length in lengths:
                array.resize(length, refcheck=False)
        else:
            for length in lengths:
                array.resize(length)


class Warm(Resize):
    """Into memory that freed arrays left behind, as in a program that makes many."""

    params = [Resize.params[0], [10**3, 10**5]]

    def setup(self, kind, size):
        self.arrays = [small(kind, ()) for _ in range(self.count)]
        self.time_grow(kind, size)
        if kind in KINDS:
            for array in self.arrays:
                array[:] = 1
        del self.arrays
        self.arrays = [small(kind, ()) for _ in range(self.count)]


class Rows(Resize):
    """Rows of 10, the shape changed along axis 0 only."""

    def setup(self, kind, size):
        super().setup(kind, size)
        self.arrays = [small(kind, (10,)) for _ in range(self.count)]

    def time_grow(self, kind, size):
        if kind == "ndarray":
            for array in self.arrays:
                array.resize((size // 10, 10), refcheck=False)
        else:
            for array in self.arrays:
                array.resize((size // 10, 10))

    def time_grow_by_steps(self, kind, size):
        array = self.arrays[0]
        lengths = range(size // 1000, size // 10 + 1, size // 1000)
        if kind == "ndarray":
            for length in lengths:
                array.resize((length, 10), refcheck=False)
        else:
            for length in lengths:
                array.resize((length, 10))


class Again:
    """Shrink and grow again an array that was written: the first time, it has to be zeroed."""

    params = [KINDS, SIZES[:2]]
    param_names = ["kind", "size"]

    def setup(self, kind, size):
        self.arrays = [choose(kind).ones(size) for _ in range(10)]

    def time_shrink_and_grow(self, kind, size):
        for array in self.arrays:
            array.resize(10, refcheck=False)
            array.resize(size, refcheck=False)


class Capacity:
    """The methods for room, on arrays of 800 kB whose elements were touched in `setup`."""

    params = [BACKENDS]
    param_names = ["kind"]

    def setup(self, kind):
        self.arrays = [choose(kind).ones(10**5) for _ in range(10)]

    def time_reserve(self, kind):
        for array in self.arrays:
            array.reserve(10**6)

    def time_shrink_to_fit(self, kind):
        for array in self.arrays:
            array.resize(1000)
            array.shrink_to_fit()

    def time_clear(self, kind):
        for array in self.arrays:
            array.clear()


class Filled:
    """Memory that is written as soon as it is there, into what the one before it left behind: then the zeros count.

    Ten arrays of up to 10^5 elements, one of more.
    """

    params = [KINDS, [10**3, 10**4, 10**5, 10**6, 10**7]]
    param_names = ["kind", "size"]

    def setup(self, kind, size):
        resize = "array.resize(size, refcheck=False)" if kind == "ndarray" else "array.resize(size)"
        times = 10 if size <= 10**5 else 1
        names = {"new": choose(kind), "size": size}
        self.by_zeros = statement("array = new.zeros(size); array[:] = 1; del array", times, **names)
        self.by_resize = statement(f"array = new.zeros(10); {resize}; array[:] = 1; del array", times, **names)
        self.by_zeros()

    def time_zeros(self, kind, size):
        self.by_zeros()

    def time_resize(self, kind, size):
        self.by_resize()


class Zeros:
    """What there is without growing: an array of the size from the start."""

    params = [KINDS, SIZES]
    param_names = ["kind", "size"]

    def setup(self, kind, size):
        if kind == "numpy" and size > 10**6:
            raise NotImplementedError("takes seconds, and all memory")
        self.run = statement("new.zeros(size)", 10, new=choose(kind), size=size)

    def time_zeros(self, kind, size):
        self.run()
