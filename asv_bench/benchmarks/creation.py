"""
Creation and destruction of arrays.

10 elements are an array's fixed cost; 10,000 (80 kB) fit into a pooled block, whose pages were
used before; 10^6 (8 MB) may come from the system each time, so page faults are timed, where
elements are written. A timed call runs the code 1,000, 100 or 10 times, dropping what it made
each time.
"""

from .common import BACKENDS, KINDS, choose, forget, made, statement, values


class Create:
    code = [
        "new.empty(size)",
        "new.zeros(size)",
        "new.ones(size)",
        "new.full(size, 0.5)",
        "new.arange(size)",
        "new.linspace(0, 1, size)",
        "new.array(array)",
        "new.array(items)",
        "new.fromiter(items, float)",
        "new.zeros_like(array)",
    ]
    loops = {10: 1000, 10_000: 100, 1_000_000: 10}
    params = [KINDS, code, list(loops)]
    param_names = ["kind", "code", "size"]

    def setup(self, kind, code, size):
        array = values("f8", size)
        # A list of a million would take longer to read than all the rest.
        loops = 1 if "items" in code and size > 1000 else self.loops[size]
        items = array.tolist() if "items" in code else ()
        self.run = statement(
            code, loops, new=choose(kind), array=made(kind, array), items=items, size=size
        )
        self.run()

    def time_create(self, kind, code, size):
        self.run()


class Class:
    """The class itself, which has no like in NumPy."""

    code = [
        "DynamicArray()",
        "DynamicArray(items)",
        "DynamicArray(array)",
        "DynamicArray(array, capacity=1000)",
    ]
    params = [BACKENDS, code]
    param_names = ["kind", "code"]

    def setup(self, kind, code):
        array = values("f8", 10)
        self.run = statement(
            code, 1000, DynamicArray=choose(kind).DynamicArray, items=array.tolist(), array=array
        )
        self.run()

    def time_create(self, kind, code):
        self.run()


class Many:
    """Arrays that live at the same time, more than the pool has blocks and than get 16 GiB each."""

    params = [KINDS, [100, 20_000]]
    param_names = ["kind", "arrays"]

    def setup(self, kind, arrays):
        self.new = choose(kind)

    def time_create_and_destroy(self, kind, arrays):
        kept = [self.new.ones(10) for _ in range(arrays)]
        del kept


class First(Many):
    """One array, when the pool is empty: addresses and pages come from the system."""

    params = [KINDS, [1]]

    def setup(self, kind, arrays):
        super().setup(kind, arrays)
        forget()
