"""Transposed convolution: scattered by loops, gathered from a stretched input, and PyTorch with a wrong argument."""

from functools import partial

import numpy as np
import torch.nn.functional as F

import convproof as cp
from tests.checking.wrong.table import Wrong, by_torch, noise, told

X = noise(31, 2, 4, 6, 5)
W, B = noise(32, 4, 6, 3, 4), noise(33, 6)
SETTINGS = {"stride": (2, 3), "padding": (1, 0), "output_padding": (1, 2)}
LAYER = told(cp.ConvTranspose2d(4, 6, (3, 4), **SETTINGS), weight=W, bias=B)
EVEN = told(cp.ConvTranspose2d(4, 6, (3, 4), **SETTINGS, groups=2), weight=W[:, :3], bias=B)
UNCROPPED = {"stride": (2, 3), "output_padding": (1, 2)}
SQUARE = noise(34, 4, 4, 3, 5)  # as many channels in as out: nothing but the numbers tells the axes apart
SQUARED = told(cp.ConvTranspose2d(4, 4, (3, 5), stride=2), weight=SQUARE, bias=B[:4])
DILATED = told(cp.ConvTranspose2d(4, 6, (3, 4), dilation=2, padding=(1, 2)), weight=W, bias=B)
# SAME with a stride of 2: 13 rows of which 12 stay, and the one to lose is the last
CROPPED = told(cp.ConvTranspose2d(4, 6, (3, 4), stride=2, padding=((0, 1), (1, 1))), weight=W, bias=B)

torch_does = partial(by_torch, F.conv_transpose2d, X, W, B)


def scattered(adds=True):
    """Every input cell throws its kernel onto the output; where two meet, they add up."""
    y = np.zeros((2, 6, 15, 18), np.float32)  # with the row that padding cuts off on top
    for n, c in np.ndindex(2, 4):
        thrown = np.zeros_like(y[n])
        for i, j, r, s in np.ndindex(6, 5, 3, 4):
            at = (slice(None), 2 * i + r, 3 * j + s)
            thrown[at] = X[n, c, i, j] * W[c, :, r, s] + (thrown[at] if adds else 0)
        y[n] += thrown
    return y[:, :, 1:13, :18] + B.reshape(-1, 1, 1)


def gathered(kernel, stretch):
    """The input stretched by its stride, then a convolution with the kernel turned."""
    wide = np.pad(stretch(X), ((0, 0), (0, 0), (2 - 1, 2 - 1 + 1), (3, 3 + 2)))
    return by_torch(F.conv2d, wide, np.ascontiguousarray(kernel.transpose(1, 0, 2, 3)), B)


def with_zeros(x):
    wide = np.zeros((2, 4, 11, 13), np.float32)
    wide[:, :, ::2, ::3] = x
    return wide


def repeated(x):
    return x.repeat(2, 2).repeat(3, 3)[:, :, :11, :13]


def grouped(interleaved):
    """Half the input channels make half the output channels: the first three, or every second."""
    y = np.zeros((2, 6, 12, 18), np.float32)
    for g in range(2):
        where = slice(g, None, 2) if interleaved else slice(3 * g, 3 * g + 3)
        y[:, where] = by_torch(F.conv_transpose2d, X[:, 2 * g : 2 * g + 2], W[2 * g : 2 * g + 2, :3].copy(), **SETTINGS)
    return y + B.reshape(-1, 1, 1)


def cropped(top):
    return by_torch(F.conv_transpose2d, X, W, B, stride=2)[:, :, top : top + 12, 1:11]


def without_output_padding():
    """What output_padding adds is left at 0."""
    y = torch_does(**{**SETTINGS, "output_padding": 0})
    return np.pad(y, ((0, 0), (0, 0), (0, 1), (0, 2)))


TURNED = W[:, :, ::-1, ::-1]

WRONGS = [
    Wrong(
        "convt-pad-as-input-pad",
        LAYER,
        (X,),
        lambda: torch_does(**SETTINGS),
        lambda: by_torch(F.conv_transpose2d, np.pad(X, ((0, 0), (0, 0), (1, 1), (0, 0))), W, B, **UNCROPPED)[:, :, :12],
    ),
    Wrong("convt-output-padding-dropped", LAYER, (X,), lambda: torch_does(**SETTINGS), without_output_padding),
    Wrong("convt-crop-side", CROPPED, (X,), lambda: cropped(0), lambda: cropped(1)),
    Wrong(
        "convt-weight-iohw",
        SQUARED,
        (X,),
        lambda: by_torch(F.conv_transpose2d, X, SQUARE, B[:4], stride=2),
        lambda: by_torch(F.conv_transpose2d, X, SQUARE.transpose(1, 0, 2, 3), B[:4], stride=2),
    ),
    Wrong("convt-not-flipped", LAYER, (X,), lambda: gathered(TURNED, with_zeros), lambda: gathered(W, with_zeros)),
    Wrong("convt-no-zero-insert", LAYER, (X,), lambda: gathered(TURNED, with_zeros), lambda: gathered(TURNED, repeated)),
    Wrong("convt-groups-interleaved", EVEN, (X,), lambda: grouped(False), lambda: grouped(True)),
    Wrong("convt-bias-missing", LAYER, (X,), scattered, lambda: scattered() - B.reshape(-1, 1, 1)),
    Wrong("convt-overlap-overwrite", LAYER, (X,), scattered, lambda: scattered(adds=False)),
    Wrong(
        "convt-dilation-ignored",
        DILATED,
        (X,),
        lambda: torch_does(dilation=2, padding=(1, 2)),
        lambda: torch_does()[:, :, :, :7],
    ),
]
