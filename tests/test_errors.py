"""Errors say what to write instead, and docs/errors.md shows all of them as they come.

That the page's examples raise what it says, tests/test_docs.py checks.
"""

import re
from pathlib import Path
from string import Formatter

import numpy as np
import pytest

import cppdynarray as cda
from cppdynarray._core import _messages
from cppdynarray.testing import assert_invariants
from helpers import unchanged

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
    with unchanged(d), pytest.raises((TypeError, ValueError), match=r"take one element, not a .* of shape \(2,\)"):
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
