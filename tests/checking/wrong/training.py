"""BatchNorm in training, and the statistics that it leaves: two passes of plain sums, a channel at a time.

The batches have fewer than 2000 numbers a channel: from there on a correction of 1 in n hides in rounding.
"""

import math

import numpy as np
import torch.nn.functional as F

import convproof as cp
from tests.checking.wrong.table import Wrong, by_torch, noise

SPREADS = np.array([0.002, 0.05, 1, 30], np.float32).reshape(-1, 1, 1)
X = noise(61, 3, 4, 17, 13) * SPREADS + noise(62, 4, 1, 1) * SPREADS  # 663 numbers a channel
LARGE = noise(63, 5, 4, 23, 17) * SPREADS + noise(64, 4, 1, 1) * SPREADS  # 1955
FAR = noise(68, 3, 4, 17, 13) + np.array([100, 3000, -40000, 7], np.float32).reshape(-1, 1, 1)
LAYER = cp.BatchNorm2d(4)
GAMMA, BETA = np.array([1.3, -0.6, 0.2, 2.5], np.float32), noise(65, 4)
LAYER.load_state_dict({**LAYER.state_dict(), "weight": GAMMA, "bias": BETA, "running_mean": noise(66, 4), "running_var": abs(noise(67, 4))})


def two_passes(x, divisor=lambda n: n, about=lambda mean, c: mean):
    """A mean from a sum, a variance from a sum of squares about it; added up row by row in float32."""
    y = np.empty_like(x)
    for c in range(4):
        numbers = x[:, c].reshape(-1)
        n = numbers.size
        mean = sum_of(numbers) / np.float32(n)
        var = sum_of((numbers - np.float32(about(mean, c))) ** 2) / np.float32(divisor(n))
        y[:, c] = (x[:, c] - mean) / np.float32(math.sqrt(float(var) + 1e-5)) * GAMMA[c] + BETA[c]
    return y


def sum_of(numbers):
    """One number after another."""
    total = np.float32(0)
    for number in numbers:
        total += number
    return total


def by_parts(cut):
    """PyTorch on parts of the batch, each with statistics of its own."""
    parts = [by_torch(F.batch_norm, part, None, None, weight=GAMMA, bias=BETA, training=True) for part in cut]
    return np.concatenate(parts)


def each_cell():
    """Over N alone, as for a matrix: a mean and a variance for each cell."""
    mean, var = X.mean(0), X.var(0)
    return (X - mean) / np.sqrt(var + np.float32(1e-5)) * GAMMA.reshape(-1, 1, 1) + BETA.reshape(-1, 1, 1)


def remembered(momentum=0.1, bessel=True):
    """What is kept of the old statistics and of the batch's, in float64; rounded once."""
    mean, var, n = X.astype(np.float64).mean((0, 2, 3)), X.astype(np.float64).var((0, 2, 3)), 663
    batch = {"running_mean": mean, "running_var": var * n / (n - 1) if bessel else var}
    return {key: ((1 - momentum) * LAYER.arrays[key] + momentum * new).astype(np.float32) for key, new in batch.items()}


def in_one_pass():
    """E[x^2] - E[x]^2 in float32, far from 0: less than nothing is left in some channel."""
    y = np.empty_like(FAR)
    with np.errstate(invalid="ignore"):
        for c in range(4):
            numbers = FAR[:, c].reshape(-1)
            mean, square = sum_of(numbers) / np.float32(663), sum_of(numbers**2) / np.float32(663)
            y[:, c] = (FAR[:, c] - mean) / np.sqrt(square - mean * mean + np.float32(1e-5)) * GAMMA[c] + BETA[c]
    assert np.isnan(y).any()
    return y


WRONGS = [
    Wrong("bn-bessel-forward", LAYER, (LARGE,), lambda: two_passes(LARGE), lambda: two_passes(LARGE, divisor=lambda n: n - 1)),
    Wrong("bn-stats-axes", LAYER, (X,), lambda: by_parts([X]), each_cell),
    Wrong("bn-sync", LAYER, (X,), lambda: by_parts([X]), lambda: by_parts([X[:2], X[2:]])),
    Wrong("bn-var-about-running-mean", LAYER, (X,), lambda: two_passes(X), lambda: two_passes(X, about=lambda _, c: LAYER.running_mean[c])),
    Wrong("bn-running-var-biased", LAYER, (X,), remembered, lambda: remembered(bessel=False)),
    Wrong("bn-momentum-complement", LAYER, (X,), remembered, lambda: remembered(momentum=0.9)),
    Wrong("bn-momentum-value", LAYER, (X,), remembered, lambda: remembered(momentum=0.01)),
    Wrong("bn-running-not-updated", LAYER, (X,), remembered, lambda: remembered(momentum=0)),
    Wrong("bn-var-cancellation", LAYER, (FAR,), lambda: by_parts([FAR]), in_one_pass),
]
