"""
Copies and pickles.

100 elements are the fixed cost, 10^6 (8 MB) memory: the copy may come from the system each time,
and its page faults are timed; what is copied was touched in `setup`. A timed call runs the code
100 times for 100 elements, and once for 10^6.
"""

import copy
import io
import pickle

from .common import KINDS, made, statement, values


class Copy:
    code = [
        "array.copy()",
        "copy.copy(array)",
        "copy.deepcopy(array)",
        "np.copy(array)",
        "np.array(array)",
        "array.tobytes()",
        "pickle.dumps(array, 5)",
        "pickle.loads(pickled)",
        "pickle.dumps(array, 5, buffer_callback=[].append)",
        "np.save(io.BytesIO(), array)",
    ]
    params = [KINDS, code, [100, 10**6]]
    param_names = ["kind", "code", "size"]

    def setup(self, kind, code, size):
        array = made(kind, values("f8", size))
        self.run = statement(
            code, 100 if size == 100 else 1,
            array=array, pickled=pickle.dumps(array, 5), copy=copy, io=io, pickle=pickle,
        )
        self.run()

    def time_run(self, kind, code, size):
        self.run()
