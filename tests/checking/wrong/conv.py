"""Convolution: plain loops over every tap, SciPy's two functions, patches times a matrix, and PyTorch with a wrong argument."""

from functools import partial

import numpy as np
import torch.nn.functional as F
from scipy.signal import convolve2d, correlate2d

import convproof as cp
from tests.checking.wrong.table import Wrong, by_torch, noise, told

X = noise(1, 2, 4, 9, 7)
W = noise(2, 5, 4, 3, 2)
B = noise(3, 5)
STRIDE, PADDING = (2, 1), (1, 0)
CONV = told(cp.Conv2d(4, 5, (3, 2), stride=STRIDE, padding=PADDING), weight=W, bias=B)
SPREAD = told(cp.Conv2d(4, 5, (3, 2), dilation=(2, 3)), weight=W, bias=B)
# a stride of 2 on an even height: SAME pads nothing on top and one row below, two columns left and right
SAME = told(cp.Conv2d(4, 5, (3, 2), stride=2, padding=((0, 1), (0, 1))), weight=W, bias=B)
EVEN = noise(4, 2, 4, 8, 7)
REFLECT = told(cp.Conv2d(4, 5, (3, 2), padding=(1, 1), padding_mode="reflect"), weight=W, bias=B)
ONES = told(cp.Conv2d(4, 5, (3, 2), padding=(1, 1)), weight=W, bias=B)
NARROW = noise(5, 2, 1, 9, 7)  # one input channel, so that a whole map is one buffer
ONE = told(cp.Conv2d(1, 5, (3, 3), padding=1), weight=W.reshape(-1)[:45].reshape(5, 1, 3, 3), bias=B)


def loops(x, w, b, stride=(1, 1), *, last=0, reset=True, adds=True):
    """Every output cell by four loops in float32; ``x`` is padded already. Wrong if taps are left out, sums kept, or terms replaced."""
    (N, C, H, V), (K, _, R, S) = x.shape, w.shape
    y = np.zeros((N, K, (H - R) // stride[0] + 1, (V - S) // stride[1] + 1), np.float32)
    for n, k in np.ndindex(N, K):
        total = np.float32(0)
        for i, j in np.ndindex(*y.shape[2:]):
            total = np.float32(0) if reset else total
            for c in range(C):
                inner = np.float32(0)
                for r, s in np.ndindex(R, S - last):
                    inner += w[k, c, r, s] * x[n, c, i * stride[0] + r, j * stride[1] + s]
                total = total + inner if adds else inner
            y[n, k, i, j] = total + b[k]
    return y


def padded(x, top, bottom, left, right, **mode):
    return np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), **mode)


def by_scipy(slide):
    """Channel by channel with a two-dimensional function of SciPy, then every second row."""
    y = np.zeros((2, 5, 9, 6), np.float32)
    for n, k, c in np.ndindex(2, 5, 4):
        y[n, k] += slide(padded(X, 1, 1, 0, 0)[n, c], W[k, c], mode="valid")
    return y[:, :, ::2] + B.reshape(-1, 1, 1)


def flat(checked):
    """A buffer read by a flat index, as C does it: the row is tested, the column only if ``checked``."""
    H, V = NARROW.shape[2:]
    y = np.zeros((2, 5, H, V), np.float32)
    for n, k, i, j in np.ndindex(y.shape):
        buffer, total = NARROW[n].reshape(-1), np.float32(0)
        for r, s in np.ndindex(3, 3):
            row, column = i + r - 1, j + s - 1
            at = row * V + column
            if 0 <= row < H and 0 <= at < H * V and (0 <= column < V or not checked):
                total += ONE.weight[k, 0, r, s] * buffer[at]
        y[n, k, i, j] = total + B[k]
    return y


same = partial(by_torch, F.conv2d, X, W, B, stride=STRIDE, padding=PADDING)
strided = partial(loops, padded(X, 1, 1, 0, 0), W, stride=STRIDE)


def of_edges(value):
    return by_torch(F.conv2d, padded(X, 1, 1, 1, 1, constant_values=value), W, B)


def mirrored(mode):
    return by_torch(F.conv2d, padded(X, 1, 1, 1, 1, mode=mode), W, B)


WRONGS = [
    Wrong("conv-kernel-flip", CONV, (X,), lambda: by_scipy(correlate2d), lambda: by_scipy(convolve2d)),
    Wrong("conv-kernel-flip-one-axis", CONV, (X,), lambda: strided(B), lambda: loops(padded(X, 1, 1, 0, 0), W[:, :, ::-1], B, STRIDE)),
    Wrong("conv-channel-order-in", CONV, (X,), same, lambda: by_torch(F.conv2d, X[:, ::-1].copy(), W, B, stride=STRIDE, padding=PADDING)),
    Wrong(
        "conv-same-extra-side",
        SAME,
        (EVEN,),
        lambda: loops(padded(EVEN, 0, 1, 0, 1), W, B, (2, 2)),
        lambda: loops(padded(EVEN, 1, 0, 0, 1), W, B, (2, 2)),
    ),
    Wrong(
        "conv-same-lower-upper",
        SAME,
        (EVEN,),
        lambda: by_torch(F.conv2d, padded(EVEN, 0, 1, 0, 1), W, B, stride=2),
        lambda: by_torch(F.conv2d, padded(EVEN, 1, 0, 1, 0), W, B, stride=2),
    ),
    Wrong("conv-pad-value", ONES, (X,), lambda: of_edges(0.0), lambda: of_edges(0.03)),
    Wrong("conv-pad-reflect-as-zero", REFLECT, (X,), lambda: mirrored("reflect"), lambda: of_edges(0.0)),
    Wrong("conv-pad-reflect-symmetric", REFLECT, (X,), lambda: mirrored("reflect"), lambda: mirrored("symmetric")),
    Wrong("conv-pad-wraps-row", ONE, (NARROW,), lambda: flat(checked=True), lambda: flat(checked=False)),
    Wrong("conv-bias-missing", CONV, (X,), lambda: strided(B), lambda: strided(0 * B)),
    Wrong("conv-bias-twice", CONV, (X,), lambda: strided(B), lambda: strided(2 * B)),
    Wrong("conv-bias-misindexed", CONV, (X,), lambda: strided(B), lambda: strided(np.roll(B, 1))),
    Wrong(
        "conv-dilation-ignored",
        SPREAD,
        (X,),
        lambda: by_torch(F.conv2d, X, W, B, dilation=(2, 3)),
        lambda: by_torch(F.conv2d, X, W, B)[:, :, :5, :4],
    ),
    Wrong(
        "conv-dilation-off-by-one",
        SPREAD,
        (X,),
        lambda: by_torch(F.conv2d, X, W, B, dilation=(2, 3)),
        lambda: by_torch(F.conv2d, X, W, B, dilation=(3, 4), padding=(1, 1))[:, :, :5, :4],
    ),
    Wrong("conv-stride-ignored", CONV, (X,), same, lambda: by_torch(F.conv2d, X, W, B, padding=PADDING)[:, :, :5]),
    Wrong(
        "conv-stride-phase",
        CONV,
        (X,),
        lambda: loops(padded(X, 1, 1, 0, 0), W, B)[:, :, ::2],
        lambda: loops(padded(X, 1, 2, 0, 0), W, B)[:, :, 1::2],
    ),
    Wrong("conv-loop-short", CONV, (X,), lambda: strided(B), lambda: strided(B, last=1)),
    Wrong("conv-acc-not-reset", CONV, (X,), lambda: strided(B), lambda: strided(B, reset=False)),
    Wrong("conv-overwrites", CONV, (X,), lambda: strided(B), lambda: strided(B, adds=False)),
]
