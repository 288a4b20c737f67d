"""Resizing: the source of every output cell by a formula, and its neighbours weighed by hand."""

import math

import numpy as np
import torch.nn.functional as F

import convproof as cp
from tests.checking.wrong.table import Wrong, by_torch, noise

X = noise(131, 2, 3, 5, 7)
SIZE = (8, 10)
BILINEAR = cp.Upsample(size=SIZE, mode="bilinear")
NEAREST = cp.Upsample(size=SIZE, mode="nearest")
BICUBIC = cp.Upsample(size=SIZE, mode="bicubic")
SMALL = cp.Upsample(size=(3, 4), mode="bilinear", antialias=True)
SCALED = cp.Upsample(scale_factor=(1.7, 1.5), mode="bilinear", recompute_scale_factor=False)
WIDE = cp.Upsample(size=(8, 8), mode="nearest")


def half_pixel(i, old, new):
    return (i + 0.5) * old / new - 0.5


def corners(i, old, new):
    return i * (old - 1) / (new - 1)


def asymmetric(i, old, new):
    return i * old / new


def linear(source, size=SIZE, clamp=True):
    """Along the rows, then along the columns, in float64; rounded once."""
    return along(along(X.astype(np.float64), 2, size[0], source, clamp), 3, size[1], source, clamp).astype(np.float32)


def along(x, axis, new, source, clamp):
    """One axis: two neighbours and how near they are. Beyond the edge the edge goes on, or the line through the last two cells."""
    x, cells = np.moveaxis(x, axis, 0), []
    for i in range(new):
        at = source(i, len(x), new)
        at = min(max(at, 0.0), len(x) - 1.0) if clamp else at
        low = min(max(math.floor(at), 0), len(x) - 2)
        cells.append(x[low] * (1 - (at - low)) + x[low + 1] * (at - low))
    return np.moveaxis(np.array(cells), 0, axis)


def picked(pick, size=SIZE):
    """The cell that ``pick`` says."""
    rows = [pick(i, 5, size[0]) for i in range(size[0])]
    columns = [pick(j, 7, size[1]) for j in range(size[1])]
    return X[:, :, rows][:, :, :, columns]


def below(i, old, new):
    return i * old // new


def rounded(i, old, new):
    return min(round(i * old / new), old - 1)


def cubic(a):
    """Four neighbours a side, weighed by the cubic kernel with its constant ``a``."""
    return along_cubic(along_cubic(X.astype(np.float64), 2, SIZE[0], a), 3, SIZE[1], a).astype(np.float32)


def along_cubic(x, axis, new, a):
    x, cells = np.moveaxis(x, axis, 0), []
    for i in range(new):
        at = half_pixel(i, len(x), new)
        near = range(math.floor(at) - 1, math.floor(at) + 3)
        cells.append(sum(kernel(abs(at - k), a) * x[min(max(k, 0), len(x) - 1)] for k in near))
    return np.moveaxis(np.array(cells), 0, axis)


def kernel(t, a):
    return ((a + 2) * t - (a + 3)) * t * t + 1 if t <= 1 else a * (((t - 5) * t + 8) * t - 4)


def shrunk(antialias):
    return by_torch(F.interpolate, X, size=(3, 4), mode="bilinear", antialias=antialias)


def scaled(again):
    return by_torch(F.interpolate, X, scale_factor=(1.7, 1.5), mode="bilinear", recompute_scale_factor=again)


WRONGS = [
    Wrong("resize-align-corners", BILINEAR, (X,), lambda: linear(half_pixel), lambda: linear(corners)),
    Wrong("resize-asymmetric", BILINEAR, (X,), lambda: linear(half_pixel), lambda: linear(asymmetric)),
    Wrong("resize-edge-extrapolate", BILINEAR, (X,), lambda: linear(half_pixel), lambda: linear(half_pixel, clamp=False)),
    Wrong("resize-nearest-vs-bilinear", BILINEAR, (X,), lambda: linear(half_pixel), lambda: picked(below)),
    Wrong("resize-nearest-rounding", NEAREST, (X,), lambda: picked(below), lambda: picked(rounded)),
    Wrong("resize-bicubic-a", BICUBIC, (X,), lambda: cubic(-0.75), lambda: cubic(-0.5)),
    Wrong("resize-antialias", SMALL, (X,), lambda: shrunk(True), lambda: shrunk(False)),
    Wrong("resize-scale-source", SCALED, (X,), lambda: scaled(False), lambda: scaled(True)),
    Wrong("resize-hw-swap", WIDE, (X,), lambda: picked(below, (8, 8)), lambda: picked(below, (8, 8)).transpose(0, 1, 3, 2)),
]
