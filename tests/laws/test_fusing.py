"""Law: what a layer is (``is_a``) and what another takes into itself (``absorbs``) are enough to fold a network, within rounding."""

import numpy as np
import pytest

import convproof as cp
from convproof.core.fusing import Addition, Pointwise, ScaleShift
from convproof.layers.catalogue import LAYERS


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("keywords", [{}, {"affine": False}, {"bias": False}, {"eps": 0.1}])
def test_a_convolution_absorbs_a_batchnorm_in_eval(bias, keywords):
    rng = np.random.default_rng(0)
    conv, norm = cp.Conv2d(3, 4, (3, 2), padding=1, bias=bias, seed=0), cp.BatchNorm2d(4, **keywords).eval()
    for name in norm.parameters():
        setattr(norm, name, rng.normal(size=4))
    norm.running_mean, norm.running_var = rng.normal(size=4), rng.uniform(0.1, 3, 4)
    kind = norm.is_a()
    assert isinstance(kind, ScaleShift)
    assert ScaleShift in conv.absorbs()
    folded = cp.Conv2d(3, 4, (3, 2), padding=1)
    folded.weight = conv.weight * kind.scale.reshape(4, 1, 1, 1)
    own = np.zeros(4) if conv.bias is None else conv.bias
    folded.bias = own * kind.scale + kind.shift
    x = rng.normal(size=(2, 3, 7, 5)).astype(np.float32)
    before = conv.step(x.astype(np.float64), training=False).outputs[0]
    exact = norm.step(before, training=False).outputs[0]
    # (n + 8)*u*(abs(a)*(S + abs(b) + abs(mean)) + abs(beta)), the line of a folded pair
    S = cp.Conv2d(3, 4, (3, 2), padding=1, bias=False)
    S.weight = abs(conv.weight)
    sums = S.step(abs(x).astype(np.float64), training=False).outputs[0]
    wide = (1, 4, 1, 1)
    a, beta = abs(kind.scale).reshape(wide), np.zeros(4) if norm.bias is None else abs(norm.bias)
    line = (18 + 1 + 8) * 2.0**-24 * (a * (sums + abs(own).reshape(wide) + abs(norm.running_mean).reshape(wide)) + beta.reshape(wide))
    assert (abs(folded(x) - exact) <= line).all()


def test_what_layers_are_to_their_neighbours():
    kinds = {name: type(layer.is_a()) for name, layer in (("ReLU", cp.ReLU()), ("Add", cp.Add()), ("Flatten", cp.Flatten()))}
    assert kinds == {"ReLU": Pointwise, "Add": Addition, "Flatten": type(None)}
    assert cp.BatchNorm2d(2).is_a() is None
    assert cp.BatchNorm2d(2, track_running_stats=False).eval().is_a() is None
    assert cp.Conv2d(1, 1, 1).absorbs() == (ScaleShift, Addition, Pointwise)
    assert set(LAYERS) >= set(kinds)
