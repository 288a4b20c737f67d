"""Gradients of what was broadcast, by PyTorch's autograd."""

import numpy as np
import pytest
import torch

from convproof.core.arithmetic.broadcasting import gathered


@pytest.mark.parametrize("shape", [(), (1,), (4,), (3, 1), (3, 4), (1, 1), (2, 1, 4), (1, 3, 1), (2, 3, 4), (1, 1, 1)])
def test_what_was_broadcast_gathers_its_gradients(shape):
    dy = np.random.default_rng(0).integers(-9, 9, (2, 3, 4)).astype(np.float32)  # sums of whole numbers are exact
    a = torch.zeros(shape, requires_grad=True)
    a.expand(2, 3, 4).backward(torch.tensor(dy))
    found = gathered(dy, shape)
    assert found.shape == shape
    assert np.array_equal(found, a.grad.numpy())


def test_axes_without_cells():
    assert gathered(np.ones((0, 3)), (1, 3)).tolist() == [[0, 0, 0]]
    assert gathered(np.ones((2, 0)), (0,)).shape == (0,)
