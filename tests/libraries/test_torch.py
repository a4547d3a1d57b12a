"""PyTorch: tensors on the array's memory."""

import numpy as np
import pytest

import cppdynarray as cda
from helpers import address, assert_same
from optional_libraries import import_library
from streams import grow

torch = import_library("torch")

WAYS = {
    "from_numpy": torch.from_numpy,
    "from_dlpack": torch.from_dlpack,
    "as_tensor": torch.as_tensor,
}


@pytest.fixture(params=WAYS)
def as_tensor(request):
    return WAYS[request.param]


def test_training_on_a_stream(as_tensor, row_blocks):
    """Gradient descent on what has come in so far, with no copy of it."""

    def trained(blocks, inputs_of):
        weights = torch.zeros(3, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.SGD([weights], lr=0.1)
        for inputs in inputs_of(blocks):
            optimizer.zero_grad()
            ((inputs @ weights - inputs.sum(axis=1)) ** 2).mean().backward()
            optimizer.step()
        return weights.detach().numpy()

    def growing(blocks):
        rows = cda.zeros((0, 3))
        for block in blocks:
            rows.extend(block)
            tensor = as_tensor(rows)
            assert tensor.data_ptr() == address(rows)
            yield tensor

    def joined(blocks):
        for count in range(1, len(blocks) + 1):
            yield torch.from_numpy(np.concatenate(blocks[:count]))

    # Sums depend on how the memory is aligned, in the last bit.
    np.testing.assert_allclose(
        trained(row_blocks, growing), trained(row_blocks, joined), rtol=1e-12
    )


def test_a_tensor_is_live_and_keeps_its_length(as_tensor):
    d = cda.DynamicArray([1.0, 2.0, 3.0])
    tensor = as_tensor(d)
    grow(d)
    assert tensor.data_ptr() == address(d)
    assert tensor.shape == (3,)
    assert tensor.tolist() == d[:3].tolist()
    tensor[1] = 20.0
    assert d[1] == 20.0
    assert as_tensor(d).shape == (len(d),)


def test_a_tensor_outlives_the_array(as_tensor):
    d = cda.DynamicArray([1.0, 2.0, 3.0])
    tensor = as_tensor(d)
    del d
    cda.full(3, -1.0)  # would have the memory if it were free
    assert tensor.tolist() == [1.0, 2.0, 3.0]


def test_the_tensor_function_copies():
    d = cda.DynamicArray([1.0, 2.0, 3.0])
    tensor = torch.tensor(d)
    assert tensor.data_ptr() != address(d)
    assert_same(tensor.numpy(), np.array(d))


def test_back_from_tensors(rng):
    """Losses are appended as they come; a tensor's rows too."""
    losses, rows = cda.DynamicArray(dtype=float), cda.zeros((0, 3))
    plain = rng.normal(size=(10, 3))
    for row in torch.from_numpy(plain):
        losses.append(row.sum())
        rows.append(row)
    rows.extend(torch.from_numpy(plain))
    assert_same(rows, np.concatenate([plain, plain]))
    assert_same(losses, np.array([float(row.sum()) for row in torch.from_numpy(plain)]))


def test_a_dataset_of_a_growing_array(row_blocks):
    """A loader asks for length and items: it may have the array itself."""
    rows = cda.zeros((0, 3), dtype="f4")
    for block in row_blocks:
        rows.extend(block)
        loader = torch.utils.data.DataLoader(rows, batch_size=64)
        batches = torch.cat(list(loader))
        assert_same(batches.numpy(), np.array(rows))
