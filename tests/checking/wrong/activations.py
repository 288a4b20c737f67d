"""Activations: one number at a time with Python's own mathematics, rounded once to float32."""

import math

import numpy as np

import convproof as cp
from tests.checking.wrong.table import Wrong, noise, told

X = 4 * noise(81, 2, 3, 5, 7)
SLOPES = np.array([0.25, -0.4, 0.07], np.float32)
PRELU = told(cp.PReLU(3), weight=SLOPES)


def each(function):
    """Every number by itself."""
    return np.array([function(float(x)) for x in X.reshape(-1)], np.float32).reshape(X.shape)


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def gelu(x):
    return x * 0.5 * math.erfc(-x / math.sqrt(2))


def gelu_by_tanh(x):
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def leaky(slope):
    return lambda x: x if x > 0 else slope * x


def elu(alpha):
    return lambda x: x if x > 0 else alpha * math.expm1(x)


def selu(outer, inner):
    return lambda x: outer * (x if x > 0 else inner * math.expm1(x))


def clipped(x, slope, shift):
    return min(max(slope * x + shift, 0), 1)


def table(x):
    """A table of 64 entries from -8 to 8, as an FPGA holds it."""
    return sigmoid(math.floor(min(max(x, -8), 8) * 4) / 4)


def softplus(threshold):
    return lambda x: x if x > threshold else math.log1p(math.exp(x))


def prelu(slope_of):
    y = X.copy()
    for n, c, i, j in np.argwhere(X < 0):
        y[n, c, i, j] *= slope_of(c, i, j)
    return y


def case(id, layer, right, wrong):
    return Wrong(id, layer, (X,), lambda: each(right), lambda: each(wrong))


def times(x, gate):
    return x * gate


WRONGS = [
    case("leaky-slope", cp.LeakyReLU(), leaky(float(np.float32(0.01))), leaky(0.2)),
    case("relu-missing-or-extra", cp.ReLU(), leaky(0.0), lambda x: x),
    case("relu6-as-relu", cp.ReLU6(), lambda x: min(max(x, 0), 6), lambda x: max(x, 0)),
    case("gelu-tanh-vs-erf", cp.GELU(), gelu, gelu_by_tanh),
    case("gelu-quick", cp.GELU(), gelu, lambda x: x * sigmoid(1.702 * x)),
    case("hardsigmoid-slope", cp.Hardsigmoid(), lambda x: clipped(x, 1 / 6, 0.5), lambda x: clipped(x, 0.2, 0.5)),
    case("hswish-hsigmoid-swap", cp.Hardswish(), lambda x: times(x, clipped(x, 1 / 6, 0.5)), lambda x: clipped(x, 1 / 6, 0.5)),
    case("swish-beta", cp.SiLU(), lambda x: x * sigmoid(x), lambda x: x * sigmoid(1.1 * x)),
    Wrong("prelu-shared", PRELU, (X,), lambda: prelu(lambda c, i, j: SLOPES[c]), lambda: prelu(lambda c, i, j: SLOPES[0])),
    Wrong("prelu-sign", PRELU, (X,), lambda: prelu(lambda c, i, j: SLOPES[c]), lambda: prelu(lambda c, i, j: -SLOPES[c])),
    case("selu-constants", cp.SELU(), selu(1.0507009873554805, 1.6732632423543772), selu(1.0507, 1.6733)),
    case("elu-alpha", cp.ELU(1.7), elu(1.7), elu(1)),
    case(
        "celu-paren",
        cp.CELU(1.7),
        lambda x: x if x > 0 else 1.7 * math.expm1(x / 1.7),
        lambda x: x if x > 0 else 1.7 * math.exp(x / 1.7 - 1),
    ),
    case("softplus-threshold", cp.Softplus(), softplus(20), softplus(7)),
    case("lut-activation", cp.Sigmoid(), sigmoid, table),
    case("sigmoid-missing-or-twice", cp.Sigmoid(), sigmoid, lambda x: sigmoid(sigmoid(x))),
    case("tanh-for-sigmoid", cp.Sigmoid(), sigmoid, math.tanh),
]
