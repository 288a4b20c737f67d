"""Softmax: row by row with Python's exponential."""

import math

import numpy as np
import torch

import convproof as cp
from tests.checking.wrong.table import Wrong, by_torch, noise

X = 3 * noise(121, 2, 5, 3, 4)
HUGE = X + np.float32(90)  # exp(90) is beyond float32
LOW = X - np.float32(150)  # and exp(-150) is 0 in it


def rows(x, shift=max, power=math.exp, number=float):
    """Along the channels; ``shift`` is subtracted before the exponential is taken."""
    y = np.empty_like(x)
    with np.errstate(all="ignore"):
        for n, i, j in np.ndindex(2, 3, 4):
            row = [float(z) for z in x[n, :, i, j]]
            powers = [number(power(z - shift(row))) for z in row]
            y[n, :, i, j] = [p / sum(powers) for p in powers]
    return y


def along(axis):
    return by_torch(torch.softmax, X, dim=axis)


def single(power):
    """As float32 holds it: an infinity where it is too large, 0 where it is too small."""
    return np.float32(power)


WRONGS = [
    Wrong("softmax-axis", cp.Softmax(1), (X,), lambda: along(1), lambda: along(3)),
    Wrong("softmax-twice", cp.Softmax(1), (X,), lambda: rows(X), lambda: rows(rows(X))),
    Wrong("softmax-overflow", cp.Softmax(1), (HUGE,), lambda: rows(HUGE, number=single), lambda: rows(HUGE, lambda row: 0, number=single)),
    Wrong(
        "softmax-max-clamped",
        cp.Softmax(1),
        (LOW,),
        lambda: rows(LOW, number=single),
        lambda: rows(LOW, lambda row: max(0, *row), number=single),
    ),
    Wrong("softmax-temperature-base", cp.Softmax(1), (X,), lambda: rows(X), lambda: rows(X, power=lambda z: 2.0**z)),
]
