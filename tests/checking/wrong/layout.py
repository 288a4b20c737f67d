"""Layout: the right numbers, or the right weights, read from memory in another order."""

import numpy as np
import torch.nn.functional as F

import convproof as cp
from tests.checking.wrong.table import Wrong, by_torch, noise, told

X = noise(11, 2, 6, 9, 7)
W = noise(12, 5, 6, 3, 2)
B = noise(13, 5)
CONV = told(cp.Conv2d(6, 5, (3, 2)), weight=W, bias=B)
WIDE = noise(14, 2, 5, 8, 3)
HEAD = cp.Sequential(flatten=cp.Flatten(), fc=told(cp.Linear(120, 7), weight=noise(15, 7, 120), bias=noise(16, 7))).eval()
PLANE = 56  # a map has 7 * 6 = 42 numbers; on the target each begins at a multiple of so many


def y(x=X, w=W):
    return by_torch(F.conv2d, np.ascontiguousarray(x), np.ascontiguousarray(w), B)


def columns(order):
    """Patches times a matrix; the patches are written channel first, tap first, as ``order`` says of (c, r, s)."""
    found = np.zeros((2, 5, 7, 6), np.float32)
    for n, i, j in np.ndindex(2, 7, 6):
        patch = X[n, :, i : i + 3, j : j + 2].transpose(order).reshape(-1)
        found[n, :, i, j] = W.reshape(5, -1) @ patch + B
    return found


def dense(order):
    """Flattened in the order (c, h, w), or in another one, and multiplied row by row."""
    x = WIDE.transpose(order).reshape(2, -1)
    return np.array([[row @ w + b for w, b in zip(HEAD["fc"].weight, HEAD["fc"].bias, strict=True)] for row in x], np.float32)


def blocked(told_the_reader):
    """Written by fours of channels, as NC4HW4 does, with zeros to fill up; read back as such, or as plain maps."""
    filled = np.zeros((2, 8, 7, 6), np.float32)
    filled[:, :5] = y()
    buffer = filled.reshape(2, 2, 4, 7, 6).transpose(0, 1, 3, 4, 2).copy()
    if not told_the_reader:
        return buffer.reshape(2, 8, 7, 6)[:, :5]
    return buffer.transpose(0, 1, 4, 2, 3).reshape(2, 8, 7, 6)[:, :5]


def pitched(step):
    """Every map begins at a multiple of PLANE in memory; read with that step between maps, or with another."""
    memory = np.zeros((2, 5, PLANE), np.float32)
    memory[:, :, :42] = y().reshape(2, 5, 42)
    return np.array([[image.reshape(-1)[k * step : k * step + 42] for k in range(5)] for image in memory]).reshape(2, 5, 7, 6)


def stale(batch):
    """One sample after another; the batch's step forgotten."""
    return np.stack([y(X[n if batch else 0][None])[0] for n in range(2)])


def shifted(k):
    return y(w=np.concatenate([W.reshape(-1)[k:], np.zeros(k, np.float32)]).reshape(W.shape))


WRONGS = [
    Wrong("nhwc-read-as-nchw", CONV, (X,), y, lambda: y().transpose(0, 2, 3, 1).reshape(2, 5, 7, 6)),
    Wrong("nchw-read-as-nhwc", CONV, (X,), y, lambda: y().reshape(2, 7, 6, 5).transpose(0, 3, 1, 2)),
    Wrong("input-layout-scrambled", CONV, (X,), y, lambda: y(X.transpose(0, 2, 3, 1).reshape(X.shape))),
    Wrong("noncontiguous-pointer", CONV, (X,), y, lambda: y(X.transpose(3, 2, 1, 0).copy().reshape(X.shape))),
    Wrong("column-major", CONV, (X,), y, lambda: y().reshape(-1).reshape(6, 7, 5, 2).transpose(3, 2, 1, 0)),
    Wrong("weight-raw-hwio", CONV, (X,), y, lambda: y(w=W.reshape(3, 2, 6, 5).transpose(3, 2, 0, 1))),
    Wrong("weight-perm-wrong", CONV, (X,), y, lambda: y(w=W.transpose(0, 1, 3, 2).reshape(W.shape))),
    Wrong("weight-offset-k", CONV, (X,), lambda: shifted(0), lambda: shifted(1)),
    Wrong("im2col-order", CONV, (X,), lambda: columns((0, 1, 2)), lambda: columns((1, 2, 0))),
    Wrong("flatten-order", HEAD, (WIDE,), lambda: dense((0, 1, 2, 3)), lambda: dense((0, 2, 3, 1))),
    Wrong("blocked-channels", CONV, (X,), lambda: blocked(True), lambda: blocked(False)),
    Wrong("row-or-plane-padding", CONV, (X,), lambda: pitched(PLANE), lambda: pitched(42)),
    Wrong("batch-stale", CONV, (X,), lambda: stale(True), lambda: stale(False)),
    Wrong("byte-order-or-width", CONV, (X,), y, lambda: y().byteswap()),
]
