"""multiprocessing: arrays that workers grow, sent out of band with pickle 5. No library needed."""

import multiprocessing
import pickle

import numpy as np
import pytest

import cppdynarray as cda
from helpers import address, assert_same
from streams import collected

COUNT = 10_000


@pytest.fixture
def spawn():
    """Processes that start afresh: the tests' own may have threads, which don't survive a fork."""
    return multiprocessing.get_context("spawn")


def send(connection, d):
    """Sends an array with no copy: its memory is written from where it lies."""
    buffers = []
    connection.send_bytes(pickle.dumps(d, protocol=5, buffer_callback=buffers.append))
    (buffer,) = buffers
    with buffer.raw() as memory:
        connection.send((address(np.frombuffer(memory, d.dtype)), address(d)))
        connection.send_bytes(memory)


def receive(connection):
    """What `send` sent, and the addresses of buffer and array in the sender."""
    data = connection.recv_bytes()
    addresses = connection.recv()
    return pickle.loads(data, buffers=[connection.recv_bytes()]), addresses


def work(connection):
    send(connection, collected(0, COUNT))
    connection.close()


def test_workers_return_what_they_collected(spawn):
    with spawn.Pool(2) as pool:
        found = pool.starmap(collected, [(0, COUNT), (COUNT, 2 * COUNT)])
    joined = cda.DynamicArray(dtype="i8")
    for d in found:
        assert type(d) is cda.DynamicArray
        joined.extend(d)
    assert_same(joined, np.arange(2 * COUNT))


def test_a_worker_sends_its_memory_out_of_band(spawn):
    receiver, sender = spawn.Pipe(duplex=False)
    with receiver, sender:
        worker = spawn.Process(target=work, args=(sender,))
        worker.start()
        sender.close()
        d, (buffer_address, array_address) = receive(receiver)
        worker.join(timeout=60)
    assert worker.exitcode == 0
    assert buffer_address == array_address
    d.append(-1)
    assert_same(d[:-1], np.arange(COUNT))


@pytest.mark.parametrize("shape", [(5,), (5, 3), (0,)], ids=str)
def test_buffers_are_those_of_a_plain_array(shape, rng):
    """As many, as large and as writeable; and at the array's own address."""
    plain = rng.normal(size=shape)
    described = []
    for array in (plain, cda.DynamicArray(plain)):
        buffers = []
        data = pickle.dumps(array, protocol=5, buffer_callback=buffers.append)
        views = [memoryview(buffer) for buffer in buffers]
        assert [address(np.asarray(view)) for view in views] == [address(array)]
        described.append([(view.nbytes, view.readonly) for view in views])
        assert len(data) < 400
    assert described[0] == described[1]
