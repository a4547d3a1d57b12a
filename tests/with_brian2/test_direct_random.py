"""The random numbers of native code are NumPy's, one by one, and leave NumPy's state as NumPy would."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest
from native_code import import_brian2

import_brian2()

from cppdynarray.brian2.direct._calls import Random  # noqa: E402

SIZE = 1000  # more than the state's 624 words give


@pytest.fixture
def numpy_random():
    """NumPy's own, as it was before."""
    bit_generator, state = np.random.get_bit_generator(), np.random.get_state()  # noqa: NPY002
    yield np.random
    np.random.set_bit_generator(bit_generator)
    np.random.set_state(state)  # noqa: NPY002


def fill(random):
    """As a compiled function does that finds its numbers used up."""
    random.fill()
    return random.buffer.copy()


def make(name="rand"):
    return Random(np.zeros(SIZE), np.zeros(1, np.int32), getattr(np.random, name))


def compare(numpy_random, random, seed, between=lambda: None):
    """The same draws by NumPy alone, then by `random`, with other draws between them."""
    found = []
    for take in (lambda: numpy_random.rand(SIZE), lambda: fill(random)):
        numpy_random.seed(seed)
        numbers = []
        for _ in range(5):
            numbers += [take(), between()]
        found.append((*numbers, numpy_random.get_state()))
    for theirs, ours in zip(*found, strict=True):
        np.testing.assert_equal(ours, theirs)


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, [5, 6, 7]])
def test_rand_is_numpys(numpy_random, seed):
    compare(numpy_random, make(), seed)


@pytest.mark.parametrize("words", [1, 2, 3])
def test_rand_goes_on_where_others_drew(numpy_random, words):
    """Single words, so that the state ends in the middle of a number; and a normal number, of which NumPy keeps one."""
    compare(
        numpy_random, make(), 4, lambda: (numpy_random.bytes(4 * words), numpy_random.randn(), numpy_random.rand(3))
    )


def test_randn_is_numpys(numpy_random):
    random, other = make("randn"), make()
    numpy_random.seed(3)
    theirs = numpy_random.randn(SIZE), numpy_random.rand(SIZE), numpy_random.randn(SIZE)
    numpy_random.seed(3)
    np.testing.assert_equal((fill(random), fill(other), fill(random)), theirs)


@pytest.mark.parametrize("other", [np.random.PCG64, np.random.MT19937])
def test_another_bit_generator(numpy_random, other):
    random = make()
    fill(random)  # knows the first one
    numpy_random.set_bit_generator(other(5))
    theirs = numpy_random.rand(SIZE)
    numpy_random.set_bit_generator(other(5))
    np.testing.assert_equal(fill(random), theirs)


def test_a_function_in_its_place(numpy_random):
    random = Random(np.zeros(SIZE), np.zeros(1, np.int32), lambda count: np.full(count, 0.25))
    assert (fill(random) == 0.25).all()


def test_a_state_that_is_laid_out_otherwise_is_left_to_numpy(numpy_random, monkeypatch):
    """As it would be by a NumPy that changed it: nothing is written there."""
    memory = np.arange(1000, dtype=np.uint32)

    class Changed:
        ctypes = SimpleNamespace(state_address=memory.ctypes.data)
        lock = threading.Lock()
        state = {"state": {"key": memory[1:625], "pos": 624}}  # noqa: RUF012

    class Source:
        _bit_generator = Changed()

        def rand(self, count):
            return np.full(count, 0.5)

    monkeypatch.setattr(np.random, "MT19937", Changed)
    assert (fill(Random(np.zeros(SIZE), np.zeros(1, np.int32), Source().rand)) == 0.5).all()
    np.testing.assert_array_equal(memory, np.arange(1000))
