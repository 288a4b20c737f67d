"""Nearest cells by rounded coordinates: torch's choice at every size that it strays at, and no other."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import convproof as cp
from convproof.layers.resize.precisions import neighbours

f = np.float32


def theirs(x, **settings):
    return F.interpolate(torch.tensor(x), **settings).numpy()


def strays(modes=("nearest", "nearest-exact")):
    """Sizes at which torch picks another cell than exact arithmetic, found by asking it for the numbers of the cells."""
    found = []
    for mode in modes:
        for size in range(25, 49):
            x = np.arange(size, dtype=f).reshape(1, 1, -1)
            for out in range(1, 65, 2):
                exact = (np.arange(out) * size // out) if mode == "nearest" else ((2 * np.arange(out) + 1) * size // (2 * out))
                if (theirs(x, size=out, mode=mode)[0, 0] != exact).any():
                    found.append((mode, size, out))
    return found


def test_torch_is_not_wrong_where_it_strays():
    sizes = strays()
    assert len(sizes) > 10
    rng = np.random.default_rng(1)
    for mode, size, out in sizes[::2]:
        x, layer = rng.normal(size=(2, 3, size)).astype(f), cp.Upsample(size=out, mode=mode)
        y = theirs(x, size=out, mode=mode)
        row = cp.check(layer, x, y)["Upsample"]
        assert (row.verdict, row.precision) == ("precision", "resize-coordinate-rounding")
        near = neighbours(layer.sides(x.shape)[2], 2.0**-24)[:, 0] != layer.sides(x.shape)[2].index[:, 0]
        far = int(np.flatnonzero(~near)[-1])
        y[..., far] = x[..., 0] if far and size > 1 else y[..., far] + 1
        assert cp.check(layer, x, y)["Upsample"].verdict == "wrong"
    layer, x = cp.Upsample(size=(sizes[0][2], sizes[1][2]), mode="nearest"), rng.normal(size=(1, 2, sizes[0][1], sizes[1][1])).astype(f)
    assert cp.check(layer, x, theirs(x, size=layer.size, mode="nearest"))["Upsample"].precision == "resize-coordinate-rounding"


@pytest.mark.parametrize("scale", [2.0, 0.5, 4.0])
def test_on_a_binary_grid_a_neighbour_is_wrong(scale):
    x, layer = np.random.default_rng(1).normal(size=(1, 2, 8)).astype(f), cp.Upsample(scale_factor=scale)
    y = theirs(x, scale_factor=scale)
    assert cp.check(layer, x, y)["Upsample"].verdict == "identical"
    y[..., 1] = x[..., int(1 / scale) + 1]
    assert cp.check(layer, x, y)["Upsample"].verdict == "wrong"


def test_one_index_chooses_for_all_cells():
    """A tie is decided once along an axis: half of the rows with one neighbour and half with the other is no rounding."""
    mode, size, out = strays(("nearest",))[0]
    x, layer = np.random.default_rng(1).normal(size=(4, 1, size)).astype(f), cp.Upsample(size=out, mode=mode)
    y, exact = theirs(x, size=out, mode=mode), layer(x)
    y[::2] = exact[::2]
    assert cp.check(layer, x, y)["Upsample"].verdict == "wrong"


def test_only_nearest_has_one():
    assert cp.Upsample(size=5, mode="linear").precisions() == ()
