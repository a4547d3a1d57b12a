"""
Tables: rows of a time and three values, one by one and many, beside what people use today.

200,000 rows from tuples, to columns; columns of which some rows go; columns handed over.
"""

import numpy as np

import cppdynarray as cda

from .containers import package

DTYPE = [("t", "f8"), ("x", "f8"), ("y", "f8"), ("i", "i8")]


def appended(made, rows):
    append = made.append
    for row in rows:
        append(row)
    return made


def table(rows):
    return appended(cda.DynamicTable(dtype=DTYPE), rows)


def extended(rows):
    made = cda.DynamicTable(dtype=DTYPE)
    made.extend(rows)
    return made


def structured(rows):
    return appended(cda.DynamicArray(dtype=DTYPE), rows)


def arrays(rows):
    made = [cda.DynamicArray(dtype=dtype) for _, dtype in DTYPE]
    a, b, c, d = (array.append for array in made)
    for t, x, y, i in rows:
        a(t)
        b(x)
        c(y)
        d(i)
    return made


def tuples(rows):
    listed = []
    append = listed.append
    for row in rows:
        append(row)
    return np.array(listed, DTYPE)


def lists(rows):
    made = [[], [], [], []]
    a, b, c, d = (column.append for column in made)
    for t, x, y, i in rows:
        a(t)
        b(x)
        c(y)
        d(i)
    return [np.array(column) for column in made]


def pandas_frame(rows):
    return package("pandas").DataFrame(list(rows), columns=[name for name, _ in DTYPE])


def polars_frame(rows):
    return package("polars").DataFrame(list(rows), schema=[name for name, _ in DTYPE], orient="row")


WAYS = {
    "table.append": table, "table.append, dicts": table, "table.extend": extended,
    "structured DynamicArray": structured, "4 DynamicArrays": arrays, "list of tuples, np.array": tuples,
    "4 lists, np.array": lists, "list, pandas": pandas_frame, "list, polars": polars_frame,
}


class Rows:
    params = [list(WAYS)]
    param_names = ["way"]
    count = 200_000

    def setup(self, way):
        self.rows = [(k * 0.001, k + 1.0, k + 2.0, k) for k in range(self.count)]
        if "dicts" in way:
            self.rows = [dict(zip("txyi", row, strict=True)) for row in self.rows]
        WAYS[way](self.rows[:100])

    def time_rows(self, way):
        WAYS[way](self.rows)

    def peakmem_rows(self, way):
        WAYS[way](self.rows)


class Removal:
    """7 columns of 20,000 rows, of which 1 % go."""

    params = [["table, swap_remove", "table, del", "NumPy, mask"]]
    param_names = ["way"]

    def setup(self, way):
        rng = np.random.default_rng(3)
        self.columns = {f"c{k}": rng.random(20_000) for k in range(7)}
        self.removed = rng.random(20_000) < 0.01
        self.born = {name: rng.random(self.removed.sum()) for name in self.columns}
        self.table = cda.DynamicTable(self.columns)

    def time_remove_and_extend(self, way):
        if way == "NumPy, mask":
            kept = ~self.removed
            self.columns = {
                name: np.concatenate((column[kept], self.born[name])) for name, column in self.columns.items()
            }
            return
        if way == "table, del":
            del self.table[self.removed]
        else:
            self.table.swap_remove(self.removed)
        self.table.extend(self.born)


class Snapshot:
    """Columns of 1,000,000 rows handed over as Arrow."""

    params = [["pyarrow", "polars", "pandas"]]
    param_names = ["library"]

    def setup(self, name):
        self.library = package(name)
        self.table = cda.DynamicTable(dtype=DTYPE)
        self.table.resize(1_000_000)

    def time_snapshot(self, name):
        if name == "pandas":
            self.library.DataFrame(self.table[:], copy=False)
        else:
            (self.library.table if name == "pyarrow" else self.library.DataFrame)(self.table)
