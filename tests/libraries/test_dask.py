"""Dask: chunks of a growing array, and workers that each grow their own."""

from itertools import pairwise

import numpy as np
import pytest

import cppdynarray as cda
from helpers import address, assert_same
from optional_libraries import import_library
from streams import collected

dask = import_library("dask")
da = import_library("dask.array")
xr = import_library("xarray")
distributed = import_library("distributed")
protocol = import_library("distributed.protocol")

# Another cluster may run in a test beside this one.
pytestmark = pytest.mark.filterwarnings("ignore:Port 8787 is already in use")


@pytest.fixture(scope="module")
def client():
    """Two worker processes on this machine."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as made,
    ):
        yield made


def address_in_worker(d):
    return type(d), address(d)


def frame_addresses(d):
    """Where the bytes are that go out on the wire."""
    _, frames = protocol.serialize(d)
    return [address(np.frombuffer(frame, "u1")) for frame in frames]


class Holder:
    def __init__(self, values):
        self.values = values


class Recorder:
    """Lives on a worker, where its array grows from call to call."""

    def __init__(self):
        self.readings = cda.DynamicArray(dtype=float)
        self.where = address(self.readings)

    def record(self, block):
        self.readings.extend(block)
        return len(self.readings)

    def values(self):
        return self.readings

    def moved(self):
        return address(self.readings) != self.where


# Chunks of a growing array.


@pytest.mark.parametrize("given", [lambda d: d, lambda d: d[:]], ids=["d", "d[:]"])
def test_a_computation_on_what_has_come_in(client, given, row_blocks):
    """from_array takes a copy at once, as of any array: what comes in later is not part of it."""
    rows = cda.zeros((0, 3))
    for block in row_blocks[:10]:
        rows.extend(block)
    plain = np.array(rows)
    chunks = da.from_array(given(rows), chunks=(100, 3))
    for block in row_blocks[10:]:
        rows.extend(block)
    rows[0] = 100.0
    expected = da.from_array(plain, chunks=(100, 3))
    for function in (
        lambda x: x.mean(axis=0),
        lambda x: (x - x.mean(axis=0)).T @ x,
        lambda x: da.histogram(x[:, 0], bins=10, range=(-3, 3))[0],
    ):
        found = function(chunks).compute()
        assert type(found) is np.ndarray
        np.testing.assert_allclose(found, function(expected).compute(), rtol=1e-12, atol=1e-12)
    assert_same(chunks.compute(), plain)


def sizes_in_graph(array):
    """The bytes of each ndarray that a collection's graph holds."""
    held = (getattr(node, "value", node) for node in dict(array.dask).values())
    return [value.nbytes for value in held if isinstance(value, np.ndarray)]


def test_a_view_is_cut_into_chunks_at_once():
    """So each worker gets its chunks only; of any other class than ndarray, all get the whole."""
    d = cda.arange(1000.0)
    assert sizes_in_graph(da.from_array(d[:], chunks=100)) == [800] * 10
    assert sizes_in_graph(da.from_array(d, chunks=100)) == [8000]


# Workers that grow their own.


def test_workers_each_grow_an_array(client, blocks):
    """Blocks go to two recorders in turn; each one's array stays where it is on its worker."""
    recorders = [
        client.submit(Recorder, actor=True, workers=[worker], pure=False).result()
        for worker in client.scheduler_info()["workers"]
    ]
    assert len(recorders) == 2
    expected = [[], []]
    for number, block in enumerate(blocks):
        expected[number % 2].append(block)
        length = recorders[number % 2].record(block).result()
        assert length == sum(map(len, expected[number % 2]))
    assert [recorder.moved().result() for recorder in recorders] == [False, False]
    for recorder, own in zip(recorders, expected, strict=True):
        assert_same(recorder.values().result(), np.concatenate(own))


def test_results_arrive_as_plain_arrays_and_are_joined(client):
    """Dask sends every kind of ndarray by a way of its own, and makes an ndarray of it."""
    parts = client.map(collected, range(0, 4000, 1000), range(1000, 5000, 1000))
    joined = cda.DynamicArray(dtype="i8")
    for part in client.gather(parts):
        assert type(part) is np.ndarray
        joined.extend(part)
    assert_same(joined, np.arange(4000))


@pytest.mark.parametrize(
    ("wrap", "arrives_as"),
    [(lambda d: {"values": d}, np.ndarray), (lambda d: Holder(d), cda.DynamicArray)],
    ids=["dict", "object"],
)
def test_arrays_inside_others(client, wrap, arrives_as):
    """Containers are sent item by item, any other object by pickle, as a whole."""
    part = client.submit(lambda: wrap(collected(0, 1000))).result()
    values = part["values"] if isinstance(part, dict) else part.values
    assert type(values) is arrives_as
    assert_same(values, np.arange(1000))


def test_a_task_on_the_same_worker_gets_the_object_itself(client):
    part = client.submit(collected, 0, 1000)
    found = client.submit(address_in_worker, part)
    again = client.submit(address_in_worker, part, pure=False)
    assert found.result() == again.result()
    assert found.result()[0] is cda.DynamicArray
    assert client.submit(frame_addresses, part).result() == [found.result()[1]]


@pytest.mark.parametrize("make", [np.array, cda.DynamicArray], ids=["ndarray", "DynamicArray"])
def test_sending_copies_nothing(make, rng):
    """The frames that Dask sends are the array's memory, and receiving copies nothing either."""
    array = make(rng.normal(size=(100, 3)))
    header, frames = protocol.serialize(array)
    assert frame_addresses(array) == [address(array)]
    received = protocol.deserialize(header, frames)
    assert address(received) == address(array)
    assert_same(received, np.array(array))


def test_in_other_objects_sending_copies_nothing(rng):
    """By pickle 5, out of band; receiving copies once, to memory that can grow."""
    d = cda.DynamicArray(rng.normal(size=100))
    header, frames = protocol.serialize(({"values": d},), serializers=["pickle"])
    assert address(d) in [address(np.frombuffer(frame, "u1")) for frame in frames]
    received = protocol.deserialize(header, frames)[0]["values"]
    assert type(received) is cda.DynamicArray
    assert not np.shares_memory(received, d)
    assert_same(received, np.array(d))


# Arrays on files.


def part(path, start, stop):
    """What a worker reads for itself."""
    return np.load(path, mmap_mode="r")[start:stop]


def part_by_following(path, start, stop):
    with cda.open_memmap(path) as follower:
        return np.array(follower[start:stop])


@pytest.mark.parametrize("read", [part, part_by_following])
def test_workers_open_a_file_by_its_path(client, tmp_path, row_blocks, read):
    """While it is written: what np.load finds is as of the last flush, what a follower finds is what there is."""
    path, rows = str(tmp_path / "rows.npy"), np.concatenate(row_blocks)
    with cda.open_memmap(path, "w+", "f8", (0, 3)) as d:
        d.extend(rows)
        if read is part:
            d.flush()
        ends = np.linspace(0, len(rows), 5).astype(int).tolist()
        pieces = [
            da.from_delayed(dask.delayed(read, pure=True)(path, start, stop), (stop - start, 3), float)
            for start, stop in pairwise(ends)
        ]
        whole = da.concatenate(pieces)
        d.append([1, 2, 3])
        np.testing.assert_allclose(whole.mean(axis=0).compute(), rows.mean(axis=0))
        assert_same(whole.compute(), rows)
    made = xr.DataArray(whole, dims=("time", "sensor"))
    np.testing.assert_allclose(made.max("time").values, rows.max(axis=0))


def test_a_view_of_a_follower_is_cut_into_chunks(client, tmp_path, row_blocks):
    path, rows = tmp_path / "rows.npy", np.concatenate(row_blocks)
    with cda.open_memmap(path, "w+", "f8", (0, 3)) as d:
        d.extend(rows)
        f = cda.open_memmap(path)
        chunks = da.from_array(f[:], chunks=(100, 3))
        d.extend(rows)
        assert_same(chunks.compute(), rows)
        made = xr.DataArray(f[:], dims=("time", "sensor"))
        assert f.refresh() == 2 * len(rows)
        assert_same(made.values, rows)
