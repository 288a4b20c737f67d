"""Layer-, Group-, InstanceNorm, local response and root mean square: by loops over what is normalised together."""

import numpy as np
import torch.nn.functional as F

import convproof as cp
from tests.checking.wrong.table import Wrong, by_torch, noise, told

ROWS = noise(71, 3, 5, 12) * np.array([0.003, 0.1, 1, 20, 500], np.float32).reshape(-1, 1)
G, B = noise(72, 12), noise(73, 12)
LAYERNORM = told(cp.LayerNorm(12), weight=G, bias=B)
RMS = told(cp.RMSNorm(12, eps=1e-6), weight=G)
X = noise(74, 2, 6, 5, 7) * np.logspace(-2, 2, 6).reshape(-1, 1, 1).astype(np.float32)
GROUPNORM = told(cp.GroupNorm(2, 6), weight=G[:6], bias=B[:6])
WHOLE = noise(75, 2, 3, 4, 5)
WHOLE_LAYERNORM = cp.LayerNorm((3, 4, 5), elementwise_affine=False)
INSTANCE = told(cp.InstanceNorm2d(6, affine=True), weight=G[:6], bias=B[:6])
RESPONSE = cp.LocalResponseNorm(3, alpha=0.05, beta=0.75, k=2.0)
LOUD = 10 * noise(76, 2, 7, 4, 5)


def row_by_row(x, g, b, *, eps=1e-5, unbiased=False, outside=False, centred=True):
    """Every row about its own mean, over its own spread; sums in float64, rounded once."""
    y = np.empty_like(x)
    for at in np.ndindex(x.shape[:-1]):
        row = x[at].astype(np.float64)
        mean = row.mean() if centred else 0.0
        var = ((row - mean) ** 2).sum() / (row.size - unbiased)
        root = np.sqrt(var) + eps if outside else np.sqrt(var + eps)
        y[at] = (row - mean) / root * g + b
    return y


def in_groups(channels_of, unbiased=False):
    """Two groups of channels of an image, each normalised as one."""
    y = np.empty_like(X)
    for n, g in np.ndindex(2, 2):
        channels = channels_of(g)
        part = X[n, channels].astype(np.float64)
        root = np.sqrt(part.var(ddof=int(unbiased)) + 1e-5)
        y[n, channels] = (part - part.mean()) / root * G[channels].reshape(-1, 1, 1) + B[channels].reshape(-1, 1, 1)
    return y


def halves(g):
    return np.arange(3 * g, 3 * g + 3)


def response(alpha=0.05 / 3, radius=1, beta=0.75, k=2.0):
    """y = x / (k + alpha * sum of squares of the channels around)^beta"""
    y = np.empty_like(LOUD)
    for c in range(7):
        squares = (LOUD[:, max(0, c - radius) : c + radius + 1].astype(np.float64) ** 2).sum(1)
        y[:, c] = LOUD[:, c] / (k + alpha * squares) ** beta
    return y


def stored_statistics():
    return by_torch(F.batch_norm, X, np.zeros(6, np.float32), np.ones(6, np.float32), weight=G[:6], bias=B[:6])


def over_channels():
    """Over C alone, as ConvNeXt does it, for a norm over C, H and W."""
    return by_torch(lambda x: F.layer_norm(x.movedim(1, -1), (3,)).movedim(-1, 1), WHOLE)


def over_all_but_one():
    return by_torch(lambda x: F.layer_norm(x, (3, 4, 5)), WHOLE)


WRONGS = [
    Wrong(
        "ln-unbiased-std", LAYERNORM, (ROWS,), lambda: row_by_row(ROWS, G, B), lambda: row_by_row(ROWS, G, B, unbiased=True, outside=True)
    ),
    Wrong("ln-axis", WHOLE_LAYERNORM, (WHOLE,), over_all_but_one, over_channels),
    Wrong("ln-eps", LAYERNORM, (ROWS,), lambda: row_by_row(ROWS, G, B), lambda: row_by_row(ROWS, G, B, eps=1e-6)),
    Wrong("rms-for-ln", LAYERNORM, (ROWS,), lambda: row_by_row(ROWS, G, B), lambda: row_by_row(ROWS, G, B, centred=False)),
    Wrong("gn-unbiased", GROUPNORM, (X,), lambda: in_groups(halves), lambda: in_groups(halves, unbiased=True)),
    Wrong("gn-group-interleave", GROUPNORM, (X,), lambda: in_groups(halves), lambda: in_groups(lambda g: np.arange(g, 6, 2))),
    Wrong("in-running-stats", INSTANCE, (X,), lambda: by_torch(F.instance_norm, X, weight=G[:6], bias=B[:6]), stored_statistics),
    Wrong("lrn-alpha-n", RESPONSE, (LOUD,), response, lambda: response(alpha=0.05)),
    Wrong("lrn-radius", RESPONSE, (LOUD,), response, lambda: response(radius=3)),
    Wrong("lrn-k-beta", RESPONSE, (LOUD,), response, lambda: response(k=1.0)),
]
