"""Gates near 0: what multiplies x errs by so many units of x, however small x is."""

import numpy as np
import pytest
from scipy import special

import convproof as cp

f = np.float32
X = np.exp(np.random.default_rng(1).uniform(-100, 3, 4000)).astype(f) * np.random.default_rng(2).choice([-1, 1], 4000).astype(f)
GATES = [cp.GELU(), cp.GELU("tanh"), cp.Mish(), cp.SiLU()]
one, two, half = f(1), f(2), f(0.5)


def tanh_of_sigmoid(z):
    return two * (one / (one + np.exp(-two * z))) - one


def inner(x):
    return f(0.7978845608) * (x + f(0.044715) * x * x * x)


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-abs(x)))


WAYS = {
    "erf": (cp.GELU(), lambda x: x * half * (one + special.erf(x * f(np.sqrt(0.5))))),
    "erf, shared out": (cp.GELU(), lambda x: half * x + half * x * special.erf(x / f(np.sqrt(2)))),
    "a sigmoid": (cp.GELU("tanh"), lambda x: x * (one / (one + np.exp(-two * inner(x))))),
    "tanh by a sigmoid": (cp.GELU("tanh"), lambda x: half * x * (one + tanh_of_sigmoid(inner(x)))),
    "mish by a sigmoid": (cp.Mish(), lambda x: x * tanh_of_sigmoid(softplus(x))),
    "mish as a quotient": (cp.Mish(), lambda x: x * ((one + np.exp(x)) ** 2 - one) / ((one + np.exp(x)) ** 2 + one)),
}


@pytest.mark.parametrize("way", WAYS)
def test_however_the_gate_is_computed(way):
    layer, compute = WAYS[way]
    with np.errstate(all="ignore"):
        y = compute(X)
    assert y.dtype == f
    assert cp.check(layer, X, y).rows[0].verdict in ("identical", "rounding")


@pytest.mark.parametrize("layer", GATES, ids=repr)
@pytest.mark.parametrize("size", [1e-7, 1e-4, 0.1])
def test_a_small_mistake_at_small_inputs_is_wrong(layer, size):
    x = (size * np.random.default_rng(3).normal(size=50)).astype(f)
    y = layer(x)
    for wrong in (0 * y, y * f(1.001), half * y, x, -y):
        assert cp.check(layer, x, wrong).rows[0].verdict == "wrong"
    assert cp.check(layer, x, y).rows[0].verdict in ("identical", "rounding")
