"""What docs/libraries.md lists as needing a view, ``d[:]``: it fails without one, as the page says."""

import pickle
import re

import numpy as np
import pytest

import cppdynarray as cda
from optional_libraries import import_library
from pages import LIBRARIES_PAGE


def assert_needs_view(call, error, d):
    """The call fails for `d` with a message that the page has, and works for a view."""
    with pytest.raises(error) as caught:
        call(d)
    message = str(caught.value).replace("cppdynarray.DynamicArray", "DynamicArray")
    page = re.sub(r"\s+", " ", LIBRARIES_PAGE.read_text("utf-8")).replace("cppdynarray.DynamicArray", "DynamicArray")
    assert message.split(".  ")[0].split(": DynamicArray(")[0] in page
    return call(d[:])


def test_shuffle_of_objects():
    names = cda.DynamicArray(list("abcdef"), dtype=object)
    assert_needs_view(np.random.shuffle, UserWarning, names)
    assert sorted(names) == list("abcdef")
    np.random.default_rng(0).shuffle(names)  # needs none
    assert sorted(names) == list("abcdef")


def test_orjson():
    orjson = import_library("orjson")
    d = cda.DynamicArray([1.0, 2.0])
    data = assert_needs_view(lambda a: orjson.dumps(a, option=orjson.OPT_SERIALIZE_NUMPY), TypeError, d)
    assert orjson.loads(data) == [1.0, 2.0]


def test_blosc2():
    blosc2 = import_library("blosc2")
    d = cda.DynamicArray([1.0, 2.0])
    packed = assert_needs_view(blosc2.pack_tensor, TypeError, d)
    assert blosc2.unpack_tensor(packed).tolist() == [1.0, 2.0]
    assert blosc2.asarray(d)[:].tolist() == [1.0, 2.0]  # needs none


def test_joblib_memory_maps(tmp_path):
    """Without a view there is no error: the array is read into memory."""
    joblib = import_library("joblib")
    d = cda.DynamicArray([1.0, 2.0])
    joblib.dump(d, tmp_path / "whole")
    joblib.dump(d[:], tmp_path / "view")
    assert type(joblib.load(tmp_path / "whole", mmap_mode="r")) is cda.DynamicArray
    assert type(joblib.load(tmp_path / "view", mmap_mode="r")) is np.memmap


def test_pickles_of_views_are_plain():
    assert type(pickle.loads(pickle.dumps(cda.DynamicArray([1.0])[:]))) is np.ndarray


def test_astropys_masks():
    masked = import_library("astropy.utils.masked").Masked
    d = cda.DynamicArray([1.0, 2.0, 3.0])
    ignored = masked(d, mask=[False, False, True]) + 1
    assert type(ignored) is np.ndarray
    kept = masked(d[:], mask=[False, False, True]) + 1
    assert kept.mask.tolist() == [False, False, True]
    assert np.shares_memory(masked(d[:], mask=False).unmasked, d)
