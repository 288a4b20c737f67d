"""What a layer that moves numbers must do, beside PyTorch: the same numbers, the same gradients, exactly."""

import numpy as np
import torch

from convproof.core.derivation.node import leaves
from convproof.core.lines import Lines
from tests.samples import cells_of


def labelled(shape, dtype=np.float32):
    """An array whose numbers are all different."""
    return np.asarray(np.arange(1, np.prod(shape) + 1).reshape(shape), dtype)


def assert_as_torch(layer, theirs, shape, dtype=np.float32):
    """Outputs and gradients are torch's to the last bit; every derivation leads to the cell that it names; lines move along."""
    x = labelled(shape, dtype)
    tensor = torch.tensor(x, requires_grad=True)
    found = theirs(tensor)
    found = found if isinstance(found, tuple | list) else (found,)
    step = layer.checked_step((x,), training=False)
    assert [y.shape for y in step.outputs] == [tuple(y.shape) for y in found] == list(layer.shapes(shape))
    assert all(y.dtype == dtype and np.array_equal(y, t.detach().numpy()) for y, t in zip(step.outputs, found, strict=True))
    rng = np.random.default_rng(0)
    above = [np.asarray(rng.integers(-8, 9, y.shape), dtype) for y in step.outputs]  # sums of whole numbers are exact in any order
    torch.autograd.backward(list(found), list(map(torch.tensor, above)))
    (dx,) = layer.pull(step, *above).inputs
    assert (dx.shape, dx.dtype) == (x.shape, dtype)
    assert np.array_equal(dx, tensor.grad.numpy())
    assert not any(np.shares_memory(dx, g) for g in above)
    for k in range(min(len(found), 2)):
        if step.outputs[k].size:
            assert_moved(layer, x, k, step.outputs[k])


def assert_moved(layer, x, output, y):
    """For some cells: the tree, the lines, and the region that is read."""
    came = Lines(*(np.asarray(x * factor, np.float64) for factor in (1, 0.5, 0.25)))
    cells = cells_of(y.shape, 4)
    lines = layer.lines(cells, (x,), (came,), output)
    whole = layer.lines(None, (x,), (came,), output)
    for k, cell in enumerate(cells.tolist()):
        (leaf,) = leaves(layer.derive(tuple(cell), (x,), output).tree)
        (region,) = layer.reads(tuple(range(i, i + 1) for i in cell), x.shape, output=output)
        moved = leaf.source.what == "input"
        if moved:
            assert x[leaf.source.cell] == y[tuple(cell)]
            assert [list(r) for r in region] == [[i] for i in leaf.source.cell]
            assert (lines.proof[k], lines.sigma[k]) == (y[tuple(cell)] * 0.5, y[tuple(cell)] * 0.25)
        assert lines.exact[k] == whole.exact[tuple(cell)]
        assert lines.proof[k] == whole.proof[tuple(cell)]


def box_of(layer, shape, region, output=0):
    """The smallest box around the cells that a region of an output shows, found on labels."""
    labels = np.arange(1, np.prod(shape) + 1, dtype=np.float64).reshape(shape)
    y = layer.checked_step((labels,), training=False).outputs[output]
    shown = y[tuple(slice(r.start, r.stop) for r in region)]
    cells = np.argwhere(np.isin(labels, shown[shown > 0]))
    return [range(low, high + 1) for low, high in zip(cells.min(axis=0), cells.max(axis=0), strict=True)] if len(cells) else None
