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


# What an array that moved leaves behind. Its size is looked at whenever it is half as large again, so
# also soon after it moved, which is when most is kept.
GROWING = """
import cppdynarray as cda
cda.set_options(**{options})
np.ones(1 << 22).sum(), cda.ones(100).sum()
gc.collect()
d = cda.DynamicArray(np.ones(2048))
rows = np.ones(500)
before = resident() - d.nbytes
capacity, due, worst = d.capacity, 1 << 16, 0
while d.nbytes < {most}:
    d.extend(rows)
    if d.nbytes >= due or d.capacity != capacity:
        capacity, due = d.capacity, d.nbytes * 1.2
        if d.nbytes >= {least}:
            worst = max(worst, (resident() - before - {slack}) / d.nbytes)
print(int(worst * 1000))
print(cda._core._array.memory_of(d)["retired_blocks"])
"""
FACTORS = [1.02, 1.1, 2.0, 16.0]
MEMORY = [{"backend": "heap"}, {"reserve_bytes": 1 << 16}, {"reserve_bytes": 1 << 20}]


@linux_only
@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("memory", MEMORY, ids=["heap", "64 KiB reserved", "1 MiB reserved"])
def test_what_is_resident_is_at_most_2_2_times_the_data(memory, factor):
    options = {"growth_factor": factor, "huge_pages": False, **memory}
    worst, moves = measure(
        GROWING.format(options=options, least=2 << 20, most=100 << 20, slack=1 << 17)
    )
    assert worst <= 2200
    assert moves >= 2


@linux_only
@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("memory", MEMORY, ids=["heap", "64 KiB reserved", "1 MiB reserved"])
def test_huge_pages_add_one_of_them_at_most(memory, factor):
    options = {"growth_factor": factor, **memory}
    worst, _ = measure(
        GROWING.format(options=options, least=2 << 20, most=100 << 20, slack=(2 << 20) + (1 << 17))
    )
    assert worst <= 2200


@linux_only
@pytest.mark.parametrize("factor", [1.02, 2.0])
def test_many_arrays_of_64_kib_keep_2_2_times_their_data(factor):
    total, data = measure(f"""
import cppdynarray as cda
cda.set_options(backend="heap", growth_factor={factor})
cda.ones(100).sum()
before = resident()
arrays = []
for _ in range(1000):
    d = cda.DynamicArray(dtype="f8")
    while d.nbytes < 1 << 16:
        d.extend(np.ones(100))
    arrays.append(d)
print(resident() - before)
print(sum(d.nbytes for d in arrays))
""")
    assert total <= 2.2 * data
