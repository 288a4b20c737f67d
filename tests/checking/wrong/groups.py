"""Grouped and depthwise convolutions, and the layers that only shuffle: group by group, tap by tap, and by reshaping."""

import numpy as np
import torch
import torch.nn.functional as F
from scipy.signal import correlate2d

import convproof as cp
from tests.checking.wrong.table import Wrong, by_torch, noise, told

X = noise(41, 2, 6, 9, 7)
W, B = noise(42, 8, 3, 4, 2), noise(43, 8)
GROUPED = told(cp.Conv2d(6, 8, (4, 2), groups=2), weight=W, bias=B)
DEEP, SHIFT = noise(44, 18, 1, 4, 2), noise(45, 18)
DEPTHWISE = told(cp.Conv2d(6, 18, (4, 2), groups=6), weight=DEEP, bias=SHIFT)
MANY = noise(46, 2, 12, 3, 5)
EVEN = noise(47, 2, 3, 8, 10)


def grouped(inputs_of, width=3):
    """Every group on the input channels that ``inputs_of`` hands it, with ``width`` channels of its weights."""
    y = [
        by_torch(F.conv2d, np.ascontiguousarray(inputs_of(g)), W[4 * g : 4 * g + 4, :width].copy(), B[4 * g : 4 * g + 4]) for g in range(2)
    ]
    return np.concatenate(y, axis=1)


def depthwise(place, kernel=lambda c, m: DEEP[3 * c + m, 0]):
    """Three kernels a channel with SciPy; ``place`` is where the output of channel c and kernel m goes."""
    y = np.zeros((2, 18, 6, 6), np.float32)
    for n, c, m in np.ndindex(2, 6, 3):
        y[n, place(c, m)] = correlate2d(X[n, c], kernel(c, m), mode="valid")
    return y + SHIFT.reshape(-1, 1, 1)


def of_channel(c, m):
    return 3 * c + m


def shuffled(rows):
    """Channels laid out in so many rows, and read by columns."""
    return MANY[:, [row * (12 // rows) + column for column in range(12 // rows) for row in range(rows)]]


def spread(cell):
    """Blocks of two rows and two columns from four channels each; ``cell`` says which channel goes where."""
    y = np.zeros((2, 3, 6, 10), np.float32)
    for k, i, j in np.ndindex(3, 6, 10):
        y[:, k, i, j] = MANY[:, cell(k, i % 2, j % 2), i // 2, j // 2]
    return y


def gathered(order):
    return np.concatenate([EVEN[:, :, i::2, j::2] for i, j in order], axis=1)


WRONGS = [
    Wrong(
        "group-as-depthwise",
        GROUPED,
        (X,),
        lambda: grouped(lambda g: X[:, 3 * g : 3 * g + 3]),
        lambda: grouped(lambda g: X[:, 3 * g : 3 * g + 1], 1),
    ),
    Wrong("groups-ignored", GROUPED, (X,), lambda: grouped(lambda g: X[:, 3 * g : 3 * g + 3]), lambda: grouped(lambda g: X[:, :3])),
    Wrong("groups-interleaved", GROUPED, (X,), lambda: grouped(lambda g: X[:, 3 * g : 3 * g + 3]), lambda: grouped(lambda g: X[:, g::2])),
    Wrong("dw-multiplier-order", DEPTHWISE, (X,), lambda: depthwise(of_channel), lambda: depthwise(lambda c, m: 6 * m + c)),
    Wrong(
        "dw-same-tap-all-channels", DEPTHWISE, (X,), lambda: depthwise(of_channel), lambda: depthwise(of_channel, lambda c, m: DEEP[m, 0])
    ),
    Wrong(
        "dw-weight-layout",
        DEPTHWISE,
        (X,),
        lambda: depthwise(of_channel),
        lambda: depthwise(of_channel, lambda c, m: DEEP.reshape(3, 6, 4, 2)[m, c]),
    ),
    Wrong("shuffle-gn-ng", cp.ChannelShuffle(3), (MANY,), lambda: by_torch(torch.channel_shuffle, MANY, groups=3), lambda: shuffled(4)),
    Wrong(
        "d2s-dcr-crd",
        cp.PixelShuffle(2),
        (MANY,),
        lambda: spread(lambda k, i, j: 4 * k + 2 * i + j),
        lambda: spread(lambda k, i, j: 3 * (2 * i + j) + k),
    ),
    Wrong(
        "s2d-slice-order",
        cp.SpaceToDepth(2),
        (EVEN,),
        lambda: gathered(((0, 0), (0, 1), (1, 0), (1, 1))),
        lambda: gathered(((0, 0), (1, 0), (0, 1), (1, 1))),
    ),
]
