"""joblib: growing arrays handed to workers, returned by them, and kept on disk."""

import numpy as np
import pytest

import cppdynarray as cda
from helpers import assert_same
from optional_libraries import import_library
from streams import collected

joblib = import_library("joblib")


@pytest.fixture(scope="module")
def parallel():
    """Two worker processes; arrays of more than 1 kB reach them as files in memory."""
    with joblib.Parallel(n_jobs=2, max_nbytes=1024) as workers:
        yield workers


def described(array):
    """What arrives in a worker: its class, whether it can be written, its length and sum."""
    return type(array), array.flags.writeable, len(array), array.sum()


def grown(array):
    array.append(1.0)
    return len(array)


def test_workers_return_what_they_collect(parallel):
    """What each has collected arrives as a DynamicArray; they are joined in one more."""
    parts = parallel(joblib.delayed(collected)(n, n + 1000) for n in range(0, 4000, 1000))
    joined = cda.DynamicArray(dtype="i8")
    for part in parts:
        assert type(part) is cda.DynamicArray
        joined.extend(part)
    assert_same(joined, np.arange(4000))


def test_a_view_reaches_the_workers_as_a_memory_map(parallel, blocks):
    """One for all of them, as of any large ndarray."""
    d = cda.DynamicArray(np.concatenate(blocks * 10))
    assert d.nbytes > 1024
    plain = np.array(d)
    expected = parallel(joblib.delayed(described)(plain) for _ in range(2))
    assert parallel(joblib.delayed(described)(d[:]) for _ in range(2)) == expected
    assert expected[0][:2] == (np.memmap, False)


def test_the_array_itself_reaches_each_worker_as_a_copy_that_grows(parallel, blocks):
    """It owns its memory there as here; so a worker's appends are its own."""
    d = cda.DynamicArray(np.concatenate(blocks * 10))
    found = parallel(joblib.delayed(described)(d) for _ in range(2))
    assert found == [(cda.DynamicArray, True, len(d), np.array(d).sum())] * 2
    length = len(d)
    assert parallel(joblib.delayed(grown)(d) for _ in range(2)) == [length + 1] * 2
    assert len(d) == length


def test_small_arrays_reach_the_workers_by_pickle(parallel):
    d = cda.DynamicArray([1.0, 2.0])
    (whole, view) = parallel(joblib.delayed(described)(array) for array in (d, d[:]))
    assert whole == (cda.DynamicArray, True, 2, 3.0)
    assert view == (np.ndarray, True, 2, 3.0)


def test_threads_share_the_array():
    """They append to the very same one."""
    d = cda.DynamicArray(dtype="i8")
    threads = joblib.Parallel(n_jobs=2, backend="threading")
    threads(joblib.delayed(d.append)(n) for n in range(1000))
    assert_same(np.sort(d), np.arange(1000))


def test_dumped_and_loaded(tmp_path, blocks):
    """A DynamicArray comes back as one; a view's file can be mapped instead of read."""
    d = cda.DynamicArray(np.concatenate(blocks))
    joblib.dump(d, tmp_path / "array")
    loaded = joblib.load(tmp_path / "array")
    assert type(loaded) is cda.DynamicArray
    loaded.append(1.0)
    assert_same(loaded[:-1], np.array(d))
    joblib.dump(d[:], tmp_path / "view")
    mapped = joblib.load(tmp_path / "view", mmap_mode="r")
    assert type(mapped) is np.memmap
    assert_same(mapped, np.array(d))


def test_cached_results_depend_on_the_elements(tmp_path):
    """joblib.Memory computes anew once the array has grown, and only then."""
    calls = []

    def total(array):
        calls.append(len(array))
        return array.sum()

    cached = joblib.Memory(tmp_path, verbose=0).cache(total)
    d = cda.DynamicArray([1.0, 2.0])
    assert cached(d) == cached(d) == cached(d.copy()) == 3.0
    d.append(3.0)
    assert cached(d) == cached(d) == 6.0
    assert calls == [2, 3]
