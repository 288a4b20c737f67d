"""Pooling: window after window, with loops over what lies inside."""

import math

import numpy as np
import torch.nn.functional as F

import convproof as cp
from tests.checking.wrong.table import Wrong, by_torch, noise

X = noise(91, 2, 3, 9, 8) - np.float32(0.9)  # mostly negative: a zero among them shows
MAX = cp.MaxPool2d((3, 2), padding=1, stride=2)
AVERAGE = cp.AvgPool2d((3, 2), padding=1, stride=2)
CEILED = cp.AvgPool2d((2, 3), stride=(2, 3), ceil_mode=True)
INDEXED = cp.Network({"pool": (cp.MaxPool2d((3, 2), return_indices=True), "input")}, outputs=("pool", ("pool", 1))).eval()
EVEN = X[:, :, :8, :7]
SAME = cp.MaxPool2d((3, 3), stride=2, padding=((0, 1), (1, 1)))


def windows(x, kernel, stride, pad, combine, size=None, outside=None):
    """``combine`` on what each window sees of the map; ``outside`` stands for what lies beyond, which is left out if it is None."""
    H, W = x.shape[2:]
    size = size or tuple((n + 2 * p - k) // s + 1 for n, p, k, s in zip((H, W), pad, kernel, stride, strict=True))
    y = np.zeros((*x.shape[:2], *size), np.float32)
    for n, c, i, j in np.ndindex(y.shape):
        seen = []
        for r, s in np.ndindex(*kernel):
            row, column = i * stride[0] + r - pad[0], j * stride[1] + s - pad[1]
            if 0 <= row < H and 0 <= column < W:
                seen.append(float(x[n, c, row, column]))
            elif outside is not None:
                seen.append(outside)
        y[n, c, i, j] = combine(seen)
    return y


def largest(outside=None, start=-math.inf):
    return windows(X, (3, 2), (2, 2), (1, 1), lambda seen: max([start, *seen]), outside=outside)


def average(divide):
    return windows(X, (3, 2), (2, 2), (1, 1), lambda seen: sum(seen) / divide(seen))


def clipped(divide):
    """The last window sticks out on the right and below."""
    return windows(X, (2, 3), (2, 3), (0, 0), lambda seen: sum(seen) / divide(seen), size=(5, 3))


def same(top):
    return windows(EVEN, (3, 3), (2, 2), (top, 1), max, size=(4, 4))


def bins(start, end):
    """5 rows from 9 and 3 columns from 8; the bins overlap where they do not fit."""
    y = np.zeros((2, 3, 5, 3), np.float32)
    for i, j in np.ndindex(5, 3):
        part = X[:, :, start(i, 9, 5) : end(i, 9, 5), start(j, 8, 3) : end(j, 8, 3)]
        y[:, :, i, j] = part.astype(np.float64).mean((2, 3))
    return y


def floor(i, size, count):
    return i * size // count


def ceiling(i, size, count):
    return -(-(i + 1) * size // count)


def all_of_it():
    return X.astype(np.float64).mean((2, 3), keepdims=True).astype(np.float32)


def indices(offset=0):
    """The largest number of each window, and where it was found, counted from 0 or from 1."""
    y, at = np.zeros((2, 3, 3, 4), np.float32), np.zeros((2, 3, 3, 4), np.int64)
    for n, c, i, j in np.ndindex(y.shape):
        window = X[n, c, 3 * i : 3 * i + 3, 2 * j : 2 * j + 2]
        r, s = np.unravel_index(window.argmax(), window.shape)
        y[n, c, i, j] = window[r, s]
        at[n, c, i, j] = (3 * i + r) * 8 + 2 * j + s + offset
    return {"pool": y, "pool.1": at}


WRONGS = [
    Wrong("maxpool-zero-pad", MAX, (X,), largest, lambda: largest(outside=0.0)),
    Wrong("maxpool-init-zero", MAX, (X,), largest, lambda: largest(start=0.0)),
    Wrong("max-avg-swapped", MAX, (X,), largest, lambda: average(len)),
    Wrong("pool-same-side", SAME, (EVEN,), lambda: same(top=0), lambda: same(top=1)),
    Wrong("avg-count-include-pad", AVERAGE, (X,), lambda: average(lambda _: 6), lambda: average(len)),
    Wrong("avg-sum-not-mean", AVERAGE, (X,), lambda: average(lambda _: 6), lambda: average(lambda _: 1)),
    Wrong("avg-ceil-divisor", CEILED, (X,), lambda: clipped(len), lambda: clipped(lambda _: 6)),
    Wrong(
        "adaptive-bins",
        cp.AdaptiveAvgPool2d((5, 3)),
        (X,),
        lambda: bins(floor, ceiling),
        lambda: bins(floor, lambda i, n, o: floor(i + 1, n, o)),
    ),
    Wrong("gap-fixed-size", cp.GlobalAveragePool(), (X,), all_of_it, lambda: X[:, :, :7, :7].mean((2, 3), keepdims=True)),
    Wrong(
        "global-pool-axes",
        cp.GlobalAveragePool(),
        (X,),
        lambda: by_torch(F.adaptive_avg_pool2d, X, output_size=1),
        lambda: X.mean((1, 2)).reshape(2, 8, 1, 1)[:, :3],
    ),
    Wrong("maxpool-index-base", INDEXED, (X,), indices, lambda: indices(offset=1)),
]
