"""BatchNorm in evaluation: channel by channel with the stored statistics."""

import math

import numpy as np
import torch.nn.functional as F

import convproof as cp
from tests.checking.wrong.table import Wrong, by_torch, noise, told

X = noise(51, 2, 6, 5, 7)
GAMMA = np.array([1.5, -0.7, 2.1, 0.4, -1.2, 0.9], np.float32)
BETA, MEAN = noise(52, 6), noise(53, 6)
VAR = np.array([1e-7, 3e-5, 0.002, 0.5, 40, 6000], np.float32)
LAYER = told(cp.BatchNorm2d(6), weight=GAMMA, bias=BETA, running_mean=MEAN, running_var=VAR)
SQUARE = noise(54, 2, 6, 5, 6)  # as many columns as channels: the axes can be mixed up unnoticed


def normalised(x=X, root=lambda var: math.sqrt(var + 1e-5), gamma=GAMMA, beta=BETA, mean=MEAN, var=VAR, axis=1):
    """One channel after another; what is divided by is worked out in float64 and rounded once."""
    y = np.empty_like(x)
    for c in range(6):
        here = (slice(None),) * axis + (c,)
        y[here] = (x[here] - mean[c]) / np.float32(root(float(var[c]))) * gamma[c] + beta[c]
    return y


def of_the_batch():
    return by_torch(F.batch_norm, X, running_mean=MEAN, running_var=VAR, weight=GAMMA, bias=BETA, training=True)


def stored():
    return by_torch(F.batch_norm, X, running_mean=MEAN, running_var=VAR, weight=GAMMA, bias=BETA)


def with_root(id, root):
    return Wrong(id, LAYER, (X,), normalised, lambda: normalised(root=root))


WRONGS = [
    Wrong("bn-eps-value", LAYER, (X,), stored, lambda: by_torch(F.batch_norm, X, MEAN, VAR, weight=GAMMA, bias=BETA, eps=1e-3)),
    with_root("bn-eps-outside", lambda var: math.sqrt(var) + 1e-5),
    with_root("bn-eps-max", lambda var: math.sqrt(max(var, 1e-5))),
    with_root("bn-eps-missing", lambda var: math.sqrt(var)),
    with_root("bn-eps-twice", lambda var: math.sqrt(var + 1e-5 + 1e-5)),
    with_root("bn-var-as-std", lambda var: var),
    with_root("bn-sqrt-missing", lambda var: var + 1e-5),
    Wrong(
        "bn-caffe-scale-factor", LAYER, (X,), normalised, lambda: normalised(mean=MEAN * np.float32(999.98), var=VAR * np.float32(999.98))
    ),
    Wrong("bn-affine-missing", LAYER, (X,), stored, lambda: by_torch(F.batch_norm, X, MEAN, VAR)),
    Wrong("bn-gamma-missing", LAYER, (X,), normalised, lambda: normalised(gamma=np.ones(6, np.float32))),
    Wrong("bn-beta-missing", LAYER, (X,), normalised, lambda: normalised(beta=0 * BETA)),
    Wrong("bn-param-order", LAYER, (X,), normalised, lambda: normalised(mean=BETA, beta=MEAN)),
    Wrong("bn-train-mode", LAYER, (X,), stored, of_the_batch),
    Wrong("bn-no-running-stats", LAYER, (X,), normalised, lambda: normalised(mean=0 * MEAN, var=0 * VAR + 1)),
    Wrong("bn-axis", LAYER, (SQUARE,), lambda: normalised(SQUARE), lambda: normalised(SQUARE, axis=3)),
    Wrong("bn-mean-not-subtracted", LAYER, (X,), normalised, lambda: normalised(mean=0 * MEAN)),
    Wrong("bn-gamma-outside-order", LAYER, (X,), normalised, lambda: normalised(beta=GAMMA * BETA)),
    Wrong("bn-half-precision-stats", LAYER, (X,), normalised, lambda: normalised(mean=MEAN.astype(np.float16).astype(np.float32))),
]
