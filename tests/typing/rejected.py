"""What type checkers must refuse. Each marked line is an error to them, and raises when it is run."""

# pyright: reportUnnecessaryTypeIgnoreComment=true
from typing import Literal

import numpy as np

import cppdynarray as cda
import cppdynarray.numpy as cnp

d = cda.zeros(3)
d.append({})  # type: ignore[arg-type]
d.append()  # type: ignore[call-arg]
d.append(1, 2)  # type: ignore[call-arg, arg-type]
d.append(value=1)  # type: ignore[call-arg]
d.extend({1: 2}, {})  # type: ignore[arg-type, call-arg]
d.insert("first", 1)  # type: ignore[arg-type]
d.pop("last")  # type: ignore[arg-type]
d.reserve(1.5)  # type: ignore[arg-type]
d.resize("3")  # type: ignore[arg-type]
d.capacity = 10  # type: ignore[misc]
d.max_size = 10  # type: ignore[misc]
cda.DynamicArray([1, 2], capacity="many")  # type: ignore[call-overload]
cda.zeros("three")  # type: ignore[arg-type]
cda.zeroes(3)  # type: ignore[attr-defined]
cda.set_options(backend="fortran")  # type: ignore[arg-type]
cda.set_options(colour="red")  # type: ignore[call-arg]
cda.get_options()["colour"]  # type: ignore[typeddict-item]

w = cda.RollingArray(maxlen=3)
cda.RollingArray([1, 2])  # type: ignore[call-overload]
cda.RollingArray(maxlen="3")  # type: ignore[call-overload]
w.append({})  # type: ignore[arg-type]
w.maxlen = 10  # type: ignore[misc]
w.insert(0, 1)  # type: ignore[attr-defined]
w[1:].append(1)  # type: ignore[attr-defined]

# What is computed is plain and doesn't grow.
(d + 1).append(1)  # type: ignore[attr-defined]
(-d).append(1)  # type: ignore[attr-defined]
d[1:].append(1)  # type: ignore[attr-defined]
d.as_numpy().append(1)  # type: ignore[attr-defined]
d.view().append(1)  # type: ignore[attr-defined]
np.concatenate((d, d)).append(1)  # type: ignore[attr-defined]
np.zeros(3).append(1)  # type: ignore[attr-defined]
cnp.concatenate((d, d)).append(1)  # type: ignore[attr-defined]
cnp.no_such_function(d)  # type: ignore[attr-defined]

# Tables have the names of their dtype, where those are written out.
t: cda.DynamicTable[Literal["time", "x"]] = cda.DynamicTable(dtype=[("time", "f8"), ("x", "f8")])
t["y"]  # type: ignore[call-overload]
t.append(1, 2)  # type: ignore[call-arg, arg-type]
t["x"].append(1)  # type: ignore[attr-defined]
t.time.sum()  # type: ignore[attr-defined]
more = t + 1  # type: ignore[operator]
