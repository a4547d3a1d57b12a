"""Errors say what to write instead, and docs/errors.md shows all of them as they come.

That the page's examples raise what it says, tests/test_docs.py checks.
"""

import csv
import inspect
import os
import re
import sys
from functools import partial
from pathlib import Path
from string import Formatter

import numpy as np
import pytest

import cppdynarray as cda
from cppdynarray._core import _messages
from cppdynarray.testing import assert_invariants
from helpers import unchanged
from subprocesses import run_python

TEMPLATES = {name: text for name, text in vars(_messages).items() if name.isupper()}
PAGE = (Path(__file__).parent.parent / "docs" / "errors.md").read_text()
SHOWN = re.findall(r"""^(?:AttributeError|ImportError|KeyError|TypeError|ValueError): "?(.*?)"?$""", PAGE, re.MULTILINE)


def pattern(template):
    """What matches a template with anything in its fields."""
    return "".join(
        re.escape(text) + ("" if field is None else ".+") for text, field, _, _ in Formatter().parse(template)
    )


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_page_shows_each_message(name):
    assert [text for text in SHOWN if re.fullmatch(pattern(TEMPLATES[name]), text)]


def advice(raised):
    """The code in a message that starts an array of rows."""
    (code,) = re.findall(r"start from (cda\.zeros\(.*?\))(?: for|, or|$)", str(raised.value))
    return code


@pytest.mark.parametrize("dtype", ["f8", "i4", "M8[s]", "c16"])
def test_what_append_says_works(dtype):
    d = cda.DynamicArray(dtype=dtype)
    values = np.zeros(2, dtype)
    with unchanged(d), pytest.raises((TypeError, ValueError), match="use extend to add its elements") as raised:
        d.append(values)
    rows = eval(advice(raised), {"cda": cda, "d": d})
    rows.append(values)
    d.extend(values)
    assert rows.shape == (1, 2) and len(d) == 2
    assert rows.dtype == d.dtype
    assert_invariants(rows)


@pytest.mark.parametrize("values", [np.zeros((3, 2)), [[1, 2], [3, 4]], [(1, 2)], (x for x in [[1, 2]])])
def test_what_extend_says_works(values):
    d = cda.DynamicArray()
    with unchanged(d), pytest.raises(ValueError, match="start from") as raised:
        d.extend(values)
    rows = eval(advice(raised))
    rows.extend(values if not hasattr(values, "__next__") else [[1, 2]])
    assert rows.shape[1:] == (2,)


@pytest.mark.parametrize("value", [[1.5, 2], (1, 2), np.arange(2), range(2), [1000, 2]])
@pytest.mark.parametrize("call", ["append", "insert"])
def test_a_sequence_is_not_called_a_bad_number(call, value):
    d = cda.DynamicArray([1], "i1")
    # Of which class they are is NumPy's choice.
    with unchanged(d), pytest.raises((TypeError, ValueError), match=r"take one element, not an? .* of shape \(2,\)"):
        getattr(d, call)(*([0] if call == "insert" else []), value)


def test_what_is_no_sequence_keeps_its_own_error():
    d = cda.DynamicArray([1], "i1")
    for value, message in [("x", "invalid literal"), (1.5, "has a fraction"), (None, "NoneType")]:
        with pytest.raises((TypeError, ValueError), match=message):
            d.append(value)
    rows = cda.zeros((0, 2), "i1")
    nested = "array element with a sequence"
    for value, message in [([1, 1.5], "has a fraction"), ([1, [2, 3]], nested), ([1, "x"], "invalid literal")]:
        with unchanged(rows), pytest.raises((TypeError, ValueError), match=message):
            rows.append(value)


def test_errors_of_iterators_are_theirs():
    class Broken:
        def __iter__(self):
            raise TypeError("broken")

    d = cda.DynamicArray()
    for make in (d.extend, cda.DynamicArray, lambda it: cda.DynamicArray(it, "i4"), cda.zeros((0, 2)).extend):
        with pytest.raises(TypeError, match=r"^broken$"):
            make(Broken())


@pytest.mark.parametrize("dtype", [None, "f4"])
def test_sizes_are_not_contents(dtype):
    for size in (3, np.int64(3), np.uint8(0)):
        with pytest.raises(TypeError, match=re.escape(f"cda.zeros({size}) has that many")):
            cda.DynamicArray(size, dtype)
    for value in (-1, True, 2.5, None, np.array(3)):
        with pytest.raises(TypeError, match=r"is DynamicArray\(\[value\]\)"):
            cda.DynamicArray(value, dtype)


def test_unknown_arguments_name_the_class():
    class Samples(cda.DynamicArray):
        pass

    with pytest.raises(TypeError, match=r"Samples takes contents, not a shape: write cda.zeros\(\(2, 3\)\)"):
        Samples(shape=(2, 3))
    with pytest.raises(TypeError, match="Samples takes no copy, but contents"):
        Samples([1.0], copy=True)


@pytest.mark.parametrize(("call", "message"), [
    (partial(cda.DynamicTable, columns=["x"]), "DynamicTable takes no columns, but contents, dtype, capacity and max"),
    (partial(cda.open_table, "run", "a", time="f8"), r"open_table takes no time, .*; columns are named in the dtype"),
    (partial(cda.MemmapTable, "run", capacity=5), "MemmapTable takes no capacity, but directory, mode and dtype"),
    (partial(cda.open_memmap, "x.npy", row_shape=3), r"open_memmap takes no row_shape, .* write shape=\(0, 3\)"),
    (partial(cda.open_memmap, "x.npy", capacity=5), "open_memmap takes no capacity, but filename, mode, dtype, shape"),
    (partial(cda.DynamicMemmap, "x.npy", maxlen=5), "DynamicMemmap takes no maxlen, but filename, mode, dtype, shape"),
])
def test_tables_and_files_say_what_they_take(call, message):
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize("call", [cda.DynamicTable, cda.MemmapTable, cda.open_table, cda.open_memmap])
def test_what_is_said_of_arguments_leaves_signatures(call):
    parameters = inspect.signature(call).parameters
    assert "dtype" in parameters and not any(each.kind == each.VAR_KEYWORD for each in parameters.values())


RECORD = [("a", "f8"), ("b", "i4")]


@pytest.mark.parametrize("make", [partial(cda.DynamicArray, ()), partial(cda.RollingArray, (), maxlen=5)])
@pytest.mark.parametrize("value", [[1.5, 2], np.array([1.5, 2]), ["1.5", "2"]])
def test_what_append_says_of_records_works(make, value):
    records = make(RECORD)
    with pytest.raises((TypeError, ValueError), match=r"a record is a tuple, not an? ") as raised:
        records.append(value)
    (advice,) = re.findall(r"append\(tuple\(values\)\)", str(raised.value))
    eval(f"records.{advice}", {"records": records, "values": value})
    assert records.tolist() == [(1.5, 2)]


@pytest.mark.parametrize("make", [partial(cda.DynamicArray, ()), partial(cda.RollingArray, (), maxlen=5)])
@pytest.mark.parametrize("rows", [
    [[1.5, 2], [3, 4]], list(csv.reader(["1.5,2", "3,4"])), np.array([[1.5, 2], [3, 4]]), ([1.5, 2], [3, 4]),
])
def test_what_extend_says_of_records_works(make, rows):
    records = make(RECORD)
    with pytest.raises((TypeError, ValueError), match="records are tuples") as raised:
        records.extend(iter(rows) if isinstance(rows, list) else rows)
    assert len(records) == 0
    for_rows, for_columns = re.findall(r"extend\((?:map|zip).*?\)\)?", str(raised.value))
    eval(f"records.{for_rows}", {"records": records, "rows": rows})
    eval(f"records.{for_columns}", {"records": records, "columns": list(zip(*rows, strict=True))})
    assert records.tolist() == 2 * [(1.5, 2), (3, 4)]


def test_what_is_said_of_dicts_works():
    d = cda.DynamicArray(dtype=RECORD)
    values = {"a": 1.5, "b": 2}
    with unchanged(d), pytest.raises(TypeError, match="a record is a tuple, not a dict") as raised:
        d.append(values)
    with unchanged(d), pytest.raises(TypeError, match="a record is a tuple, not a dict"):
        d.extend([values])
    (advice,) = re.findall(r": (tuple\(.*?\));", str(raised.value))
    d.append(eval(advice, {"values": values, "d": d}))
    columns = {"a": [1.5], "b": [2]}
    with unchanged(d), pytest.raises(TypeError, match=re.escape("extend(zip(*columns.values()))")):
        d.extend(columns)
    d.extend(zip(*columns.values(), strict=True))
    assert d.tolist() == [(1.5, 2), (1.5, 2)]


def test_many_records_are_not_called_one():
    d = cda.DynamicArray(dtype=RECORD)
    for value in ([(1.5, 2), (3, 4)], np.zeros(2, RECORD)):
        with unchanged(d), pytest.raises((TypeError, ValueError), match="use extend to add its elements"):
            d.append(value)


@pytest.mark.parametrize("dtype", ["f8", "i4"])
def test_windows_and_files_advise_their_own_kind(tmp_path, dtype):
    w = cda.RollingArray(maxlen=5, dtype=dtype)
    for call, value in [("append", [1, 2]), ("extend", [[1, 2]]), ("extend", np.zeros((1, 2)))]:
        with pytest.raises((TypeError, ValueError), match="start from") as raised:
            getattr(w, call)(value)
        (advice,) = re.findall(r"start from (cda\.RollingArray\(.*?,\).*?\)) for", str(raised.value))
        made = eval(advice, {"cda": cda, "d": w})
        assert (made.maxlen, made.shape, made.dtype) == (5, (0, 2), w.dtype)
    if sys.platform == "win32":
        return
    with cda.open_memmap(tmp_path / "a.npy", "w+", dtype) as d:
        for number, (call, value) in enumerate([("append", [1, 2]), ("extend", [[1, 2]])]):
            with pytest.raises((TypeError, ValueError), match="start from") as raised:
                getattr(d, call)(value)
            (advice,) = re.findall(r"start from (cda\.open_memmap\(.*?\).*?\)) for", str(raised.value))
            with eval(advice, {"cda": cda, "d": d, "new_path": tmp_path / f"{number}.npy"}) as made:
                assert (made.shape, made.dtype) == ((0, 2), d.dtype)


@pytest.mark.parametrize("make", [
    lambda: cda.zeros((0, 3)), lambda: cda.zeros((0, 3), "M8[s]"), lambda: cda.RollingArray(maxlen=5, row_shape=3),
])
@pytest.mark.parametrize("value", [[[1, 2, 3]], np.array([[1, 2, 3]]), cda.array([[1, 2, 3]])])
def test_one_row_in_more_dimensions_is_many(make, value):
    d = make()
    for call in ("append", *["insert"] * hasattr(d, "insert")):
        with pytest.raises((TypeError, ValueError), match=r"not an? .* of shape \(1, 3\); use extend"):
            getattr(d, call)(*([0] if call == "insert" else []), value)
        assert len(d) == 0
    d.extend(value)
    assert d.astype(int).tolist() == [[1, 2, 3]]


def test_text_that_is_too_long():
    for kind, value in (("U", "abcd"), ("S", b"abcd")):
        d = cda.DynamicArray([value[:2]])
        with unchanged(d), pytest.raises(ValueError, match=f"dtype='{kind}4' has room for it"):
            d.append(value)
        wider = cda.DynamicArray(d, f"{kind}4")
        wider.append(value)
        assert wider[-1] == value


def test_text_of_no_length():
    assert isinstance(cda.RollingArray(maxlen=2, dtype=str).dtype, np.dtypes.StringDType)
    w = cda.RollingArray(["a"], dtype=str, maxlen=2)
    w.append("a long text")
    assert w.tolist() == ["a", "a long text"]
    for dtype in ("S", "V"):
        with pytest.raises(ValueError, match=f"write '{dtype}10'"):
            cda.RollingArray(maxlen=2, dtype=dtype)


@pytest.mark.skipif(sys.platform == "win32", reason="no files that grow there")
@pytest.mark.parametrize("dtype", [str, "U", "S", "V"])
def test_text_of_no_length_on_files(tmp_path, dtype):
    with pytest.raises(ValueError, match=r"write '[USV]20' for up to 20"):
        cda.open_memmap(tmp_path / "a.npy", "a", dtype)
    assert not list(tmp_path.iterdir())


def test_modules_that_are_imported_when_used():
    run_python("""
import sys
import cppdynarray

assert "cppdynarray.testing" not in sys.modules
cppdynarray.testing.assert_invariants(cppdynarray.numpy.zeros(3))
""")
    with pytest.raises(AttributeError, match="module 'cppdynarray' has no attribute 'nope'"):
        _ = cda.nope


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="root can become somebody who may not")
def test_the_name_in_a_permission_error_is_the_users():
    run_python("""
import os, shutil, tempfile
import cppdynarray as cda

# Not in pytest's folder, which others may not enter. Who is somebody else stays so: another process removes it.
folder = tempfile.mkdtemp()
if child := os.fork():
    _, status = os.waitpid(child, 0)
    shutil.rmtree(folder)
    assert status == 0
else:
    path = folder + "/a.npy"
    cda.open_memmap(path, "w+").close()
    os.chmod(path, 0o666)
    os.chmod(folder, 0o555)
    os.setuid(65534)
    for mode in ("r+", "a", "w+"):
        try:
            cda.open_memmap(path, mode)
        except PermissionError as error:
            assert error.filename == path, error
        else:
            raise AssertionError(mode)
""")


@pytest.mark.parametrize("values", [
    {"time": 0.1, "position": [1, 2], "name": "a"}, {"time": [0.1], "position": [1, 2, 3], "name": "a"},
    {"time": 0.1, "position": [[1, 2, 3]], "name": "a"},
    {"time": [0.1, 0.2], "position": np.zeros((2, 2)), "name": ["a", "b"]},
    {"time": [[0.1]], "position": [[1, 2, 3]], "name": ["a"]},
])
def test_columns_advise_no_other_array(values):
    t = cda.DynamicTable(dtype=[("time", "f8"), ("position", "f8", 3), ("name", str)])
    call = t.extend if np.ndim(values["name"]) else t.append
    with pytest.raises(ValueError, match=r"^column '.*' takes values of shape .*, and this one has"):
        call(values)
    assert len(t) == 0
    t.append({"time": 0.1, "position": 1.0, "name": "a"})
    assert t["position"].tolist() == [[1, 1, 1]]
