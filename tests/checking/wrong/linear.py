"""Linear layers, sums, joins and how they are wired: by dot products and by hand."""

import numpy as np
import torch
import torch.nn.functional as F

import convproof as cp
from tests.checking.wrong.table import Wrong, by_torch, noise, told

X = noise(101, 5, 11)
W, B = noise(102, 11, 11), noise(103, 11)
SQUARE = told(cp.Linear(11, 11), weight=W, bias=B)
A, C, D = noise(104, 5, 6), noise(105, 6, 7), noise(113, 5, 7)
GEMM = cp.Gemm(alpha=0.3, beta=1.7)
IMAGE, OTHER = noise(106, 2, 4, 5, 6), noise(107, 2, 3, 5, 6)
KERNEL, SHIFT = noise(108, 4, 4, 3, 3), noise(109, 4)
CONV = told(cp.Conv2d(4, 4, 3, padding=1), weight=KERNEL, bias=SHIFT)
BLOCK = cp.Network({"conv": (CONV, "input"), "sum": (cp.Add(), "conv", "input"), "relu": (cp.ReLU(), "sum")}).eval()
SKIP = cp.Network({"conv": (CONV, "input"), "sum": (cp.Add(), "conv", "input")}).eval()
HEADS = cp.Network({"left": (SQUARE, "input"), "right": (cp.Sigmoid(), "left")}, outputs=("left", "right")).eval()
SLICES = noise(111, 2, 6, 4, 6)  # as many columns as channels
PER_CHANNEL = noise(112, 6)


def dots(weight, bias=B):
    """One dot product after another."""
    return np.array([[sum(map(float, row * w)) + float(b) for w, b in zip(weight, bias, strict=True)] for row in X], np.float32)


def gemm(alpha, beta):
    """alpha * A @ C + beta * D, entry by entry."""
    y = np.zeros((5, 7), np.float32)
    for i, j in np.ndindex(y.shape):
        y[i, j] = alpha * sum(float(a) * float(c) for a, c in zip(A[i], C[:, j], strict=True)) + beta * float(D[i, j])
    return y


def convolved():
    return by_torch(F.conv2d, IMAGE, KERNEL, SHIFT, padding=1)


def in_place(separate):
    """The skip is read after a ReLU that worked in place, or before."""
    skip = torch.tensor(IMAGE)
    f = F.conv2d(skip, torch.tensor(KERNEL), torch.tensor(SHIFT), padding=1)
    if not separate:
        F.relu_(skip)
    return (f + skip).numpy()


def joined(*parts):
    return np.concatenate(parts, axis=1)


def heads(swapped):
    left = dots(W).astype(np.float64)
    right = 1 / (1 + np.exp(-left))
    names = ("right", "left") if swapped else ("left", "right")
    return dict(zip(names, (left.astype(np.float32), right.astype(np.float32)), strict=True))


def dropped(active):
    mask = np.random.default_rng(0).random(X.shape) < 0.8
    return np.where(mask, X / np.float32(0.8), 0).astype(np.float32) if active else X


WRONGS = [
    Wrong("linear-transposed", SQUARE, (X,), lambda: dots(W), lambda: dots(W.T)),
    Wrong("linear-bias-missing", SQUARE, (X,), lambda: by_torch(F.linear, X, W, B), lambda: by_torch(F.linear, X, W)),
    Wrong("gemm-alpha-beta", GEMM, (A, C, D), lambda: gemm(0.3, 1.7), lambda: gemm(1, 1)),
    Wrong("residual-missing", SKIP, (IMAGE,), lambda: convolved() + IMAGE, convolved),
    Wrong("residual-twice", SKIP, (IMAGE,), lambda: convolved() + IMAGE, lambda: convolved() + 2 * IMAGE),
    Wrong("residual-inplace-relu", SKIP, (IMAGE,), lambda: in_place(True), lambda: in_place(False)),
    Wrong(
        "residual-relu-before-add",
        BLOCK,
        (IMAGE,),
        lambda: np.maximum(convolved() + IMAGE, 0),
        lambda: np.maximum(convolved(), 0) + IMAGE,
    ),
    Wrong("residual-scale-missing", cp.Add(alpha=0.1), (X, 3 * X), lambda: X + np.float32(0.1) * (3 * X), lambda: X + 3 * X),
    Wrong("concat-order", cp.Concat(), (IMAGE, OTHER), lambda: joined(IMAGE, OTHER), lambda: joined(OTHER, IMAGE)),
    Wrong(
        "concat-axis",
        cp.Concat(),
        (IMAGE, IMAGE + 1),
        lambda: joined(IMAGE, IMAGE + 1),
        lambda: np.concatenate((IMAGE, IMAGE + 1), axis=3).reshape(2, 8, 5, 6),
    ),
    Wrong("heads-swapped", HEADS, (X,), lambda: heads(False), lambda: heads(True)),
    Wrong(
        "broadcast-axis",
        cp.Mul(),
        (SLICES, PER_CHANNEL.reshape(6, 1, 1)),
        lambda: np.einsum("nchw,c->nchw", SLICES, PER_CHANNEL),
        lambda: np.einsum("nchw,w->nchw", SLICES, PER_CHANNEL),
    ),
    Wrong("dropout-active", cp.Dropout(0.2).eval(), (X,), lambda: dropped(False), lambda: dropped(True)),
]
