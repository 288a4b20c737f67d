"""Blocks of a convolution, a BatchNorm and an activation, folded or tiled as targets do it; only the block's end is claimed."""

import numpy as np
import torch.nn.functional as F

import convproof as cp
from tests.checking.wrong.table import Wrong, by_torch, noise, told

X = noise(21, 2, 6, 9, 7)
W, B = noise(22, 5, 6, 3, 2), noise(23, 5)
GAMMA, BETA, MEAN = noise(24, 5), noise(25, 5), noise(26, 5, spread=3)
VAR = np.array([0.004, 0.3, 2, 70, 900], np.float32)
CONV = told(cp.Conv2d(6, 5, (3, 2), padding=(1, 0)), weight=W, bias=B)
BARE = cp.Conv2d(6, 5, (3, 2), padding=(1, 0), bias=False)
BARE.weight = W
BN = told(cp.BatchNorm2d(5), weight=GAMMA, bias=BETA, running_mean=MEAN, running_var=VAR)
PLAIN = told(cp.BatchNorm2d(5, affine=False), running_mean=MEAN, running_var=VAR)

BLOCK = cp.Sequential(conv=CONV, bn=BN).eval()
BLOCK_WITHOUT_BIAS = cp.Sequential(conv=BARE, bn=BN).eval()
BLOCK_WITHOUT_AFFINE = cp.Sequential(conv=CONV, bn=PLAIN).eval()
ACTIVATED = cp.Sequential(conv=CONV, relu=cp.ReLU()).eval()
AFTER_RELU = cp.Sequential(conv=CONV, relu=cp.ReLU(), bn=BN).eval()
# a BatchNorm before a padded convolution: its border is 0, not what the shift makes of 0
FIRST = told(
    cp.BatchNorm2d(6),
    weight=noise(27, 6),
    bias=noise(28, 6),
    running_mean=noise(29, 6),
    running_var=np.logspace(-2, 2, 6).astype(np.float32),
)
PRE = cp.Sequential(bn=FIRST, conv=CONV).eval()

BLOCK_RELU = cp.Sequential(conv=CONV, bn=BN, relu=cp.ReLU()).eval()
POINT, WINDOW = noise(30, 4, 6, 1, 1), noise(20, 5, 4, 3, 2)
NARROW, STRIDED = cp.Conv2d(6, 4, 1, bias=False), cp.Conv2d(4, 5, (3, 2), stride=2, padding=(1, 0), bias=False)
NARROW.weight, STRIDED.weight = POINT, WINDOW
BOTTLENECK = cp.Sequential(narrow=NARROW, relu=cp.ReLU(), strided=STRIDED).eval()


def bottleneck(first, second):
    """The stride in the convolution of one tap, or in the next."""
    y = np.maximum(by_torch(F.conv2d, X, POINT, stride=first), 0)
    y = by_torch(F.conv2d, y, WINDOW, stride=second, padding=(1, 0))
    return y if first == 1 else np.pad(y, ((0, 0), (0, 0), (0, 0), (0, 3 - y.shape[3])))


def batchnorm(x):
    return by_torch(F.batch_norm, x, running_mean=MEAN, running_var=VAR, weight=GAMMA, bias=BETA)


def scale(gamma=GAMMA, var=VAR):
    return (gamma / np.sqrt(var + np.float32(1e-5))).astype(np.float32)


def run(w, b, x=X):
    """Patches times a matrix, in float32."""
    y = np.zeros((2, 5, 9, 6), np.float32)
    border = np.pad(x, ((0, 0), (0, 0), (1, 1), (0, 0)))
    for n, i, j in np.ndindex(2, 9, 6):
        y[n, :, i, j] = w.reshape(5, -1) @ border[n, :, i : i + 3, j : j + 2].reshape(-1) + b
    return y


def folded(bias, a=None):
    """Scale the weights once, and use one bias."""
    a = scale() if a is None else a
    return run(W * a.reshape(-1, 1, 1, 1), np.asarray(bias, np.float32))


def blocks_of_channels(activate_each):
    """Two tiles of three input channels, summed; the activation belongs behind the last."""
    halves = [run(np.ascontiguousarray(W[:, k : k + 3]), B if k == 0 else 0 * B, X[:, k : k + 3]) for k in (0, 3)]
    return sum(np.maximum(half, 0) for half in halves) if activate_each else np.maximum(sum(halves), 0)


def normalised(x):
    a = (FIRST.weight / np.sqrt(FIRST.running_var + np.float32(1e-5))).reshape(-1, 1, 1)
    return (x - FIRST.running_mean.reshape(-1, 1, 1)) * a + FIRST.bias.reshape(-1, 1, 1)


def into_the_weights_behind():
    """The scale goes into the weights and the shift into the bias, as if the border were shifted too."""
    a = FIRST.weight / np.sqrt(FIRST.running_var + np.float32(1e-5))
    shift = FIRST.bias - a * FIRST.running_mean
    return run(W * a.reshape(1, -1, 1, 1), B + (W * shift.reshape(1, -1, 1, 1)).sum((1, 2, 3)))


def behind_relu(fold):
    if fold:
        return np.maximum(folded(B * scale() + BETA - MEAN * scale()), 0)
    return batchnorm(np.maximum(run(W, B), 0))


WRONGS = [
    Wrong(
        "fold-bias-unscaled",
        BLOCK,
        (X,),
        lambda: folded(B * scale() + BETA - MEAN * scale()),
        lambda: folded(B + BETA - MEAN * scale()),
    ),
    Wrong("fold-bias-dropped", BLOCK_WITHOUT_BIAS, (X,), lambda: folded(BETA - MEAN * scale()), lambda: folded(0 * B)),
    Wrong("fold-mean-dropped", BLOCK_WITHOUT_BIAS, (X,), lambda: folded(BETA - MEAN * scale()), lambda: folded(BETA)),
    Wrong(
        "fold-beta-default-ones",
        BLOCK_WITHOUT_AFFINE,
        (X,),
        lambda: folded((B - MEAN) * scale(1), scale(1)),
        lambda: folded((B - MEAN) * scale(1) + 1, scale(1)),
    ),
    Wrong(
        "fold-gamma-sign",
        BLOCK,
        (X,),
        lambda: folded((B - MEAN) * scale() + BETA),
        lambda: folded((B - MEAN) * scale(abs(GAMMA)) + BETA, scale(abs(GAMMA))),
    ),
    Wrong("fold-over-relu", AFTER_RELU, (X,), lambda: behind_relu(fold=False), lambda: behind_relu(fold=True)),
    Wrong("conv-prebn-folded-border", PRE, (X,), lambda: run(W, B, normalised(X)), into_the_weights_behind),
    Wrong(
        "conv-bias-after-act", ACTIVATED, (X,), lambda: np.maximum(run(W, B), 0), lambda: np.maximum(run(W, 0 * B), 0) + B.reshape(-1, 1, 1)
    ),
    Wrong("act-on-partial-sum", ACTIVATED, (X,), lambda: blocks_of_channels(False), lambda: blocks_of_channels(True)),
    Wrong(
        "bn-before-after-act", BLOCK_RELU, (X,), lambda: np.maximum(batchnorm(run(W, B)), 0), lambda: batchnorm(np.maximum(run(W, B), 0))
    ),
    Wrong("resnet-stride-1x1", BOTTLENECK, (X,), lambda: bottleneck(1, 2), lambda: bottleneck(2, 1)),
]
