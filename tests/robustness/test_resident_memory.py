"""Operations repeated a million times leave the memory in use where it was."""

import pytest

from subprocesses import linux_only, measure

SETUP = """
import cppdynarray as cda
d = cda.arange(10.0)
o = cda.DynamicArray([object(), None], object)
s = cda.DynamicArray(["x" * 50] * 3, "T")
r = cda.zeros((3, 2))
row, many = np.ones(2), np.ones(5)

def attempt(call):
    try:
        call()
    except (ValueError, TypeError):
        pass

operations = {
    "append pop": lambda: (d.append(1.0), d.pop()),
    "append pop object": lambda: (o.append(d), o.pop()),
    "append pop string": lambda: (s.append("y" * 60), s.pop()),
    "append row": lambda: (r.append(row), r.pop()),
    "insert pop(0)": lambda: (d.insert(0, 1.0), d.pop(0)),
    "extend resize": lambda: (d.extend(many), d.resize(10)),
    "extend list": lambda: (d.extend([1.0, 2.0]), d.resize(10)),
    "delete": lambda: (d.extend(many), d.__delitem__(slice(10, None))),
    "view": lambda: d[2:5],
    "memoryview": lambda: memoryview(d),
    "dlpack": lambda: np.from_dlpack(d),
    "copy": lambda: d.copy(),
    "make": lambda: cda.zeros(5),
    "from list": lambda: cda.DynamicArray([1.0]),
    "add": lambda: d + 1,
    "in place": lambda: d.__iadd__(1),
    "sum": lambda: d.sum(),
    "resize 2-D": lambda: (d.resize((5, 2)), d.resize(10)),
    "reserve shrink": lambda: (d.reserve(100), d.shrink_to_fit()),
    "bad append": lambda: attempt(lambda: d.append("x")),
    "bad extend": lambda: attempt(lambda: d.extend(["x"])),
    "reduce": lambda: d.__reduce_ex__(5),
    "concatenate": lambda: np.concatenate([d, d]),
}
for operation in operations.values():
    for _ in range(2000): operation()
    gc.collect()
    before = resident()
    for _ in range({count}): operation()
    gc.collect()
    print(resident() - before)
"""


@linux_only
@pytest.mark.parametrize("count", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_operations_repeated_keep_no_memory(count):
    grown = measure(SETUP.replace("{count}", str(count)))
    assert len(grown) == 23
    assert max(grown) < 1 << 18  # a byte for each of a million would be four times that
