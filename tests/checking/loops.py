"""Sums of products in float32, many cells at once, by rules that a target may follow: factors are (cells, n), sums (cells,)."""

from collections.abc import Callable

import numpy as np

F = np.float32
Loop = Callable[[np.ndarray, np.ndarray], np.ndarray]


def one_by_one(a, b):
    """One product after another is rounded and added."""
    return np.add.accumulate(a * b, axis=1, dtype=F)[:, -1]


def backwards(a, b):
    return one_by_one(a[:, ::-1], b[:, ::-1])


def fused(a, b):
    """The product is not rounded before it is added; float64 holds it exactly, and rounds the sum 2^-29 as much."""
    total = np.zeros(len(a), F)
    for x, w in zip(a.T.astype(np.float64), b.T.astype(np.float64), strict=True):
        total = (total + x * w).astype(F)
    return total


def in_pairs(a, b):
    terms = a * b
    while terms.shape[1] > 1:
        odd = terms[:, terms.shape[1] // 2 * 2 :]
        terms = np.concatenate([terms[:, : terms.shape[1] // 2 * 2 : 2] + terms[:, 1::2], odd], axis=1)
    return terms[:, 0]


def in_lanes(a, b):
    """Sixteen running sums, added one after another."""
    lanes = np.stack([one_by_one(a[:, lane::16], b[:, lane::16]) for lane in range(min(16, a.shape[1]))], axis=1)
    return one_by_one(lanes, np.ones_like(lanes))


def sorted_by(key: Callable[[np.ndarray], np.ndarray]) -> Loop:
    """An order that somebody chose who knows the numbers."""

    def summed(a, b):
        order = np.argsort(key(a * b), axis=1)
        return one_by_one(np.take_along_axis(a, order, 1), np.take_along_axis(b, order, 1))

    return summed


def in_float64(a, b):
    return (a.astype(np.float64) * b).sum(1).astype(F)


LOOPS: dict[str, Loop] = {
    "one by one": one_by_one,
    "backwards": backwards,
    "fused": fused,
    "in pairs": in_pairs,
    "in lanes": in_lanes,
    "smallest first": sorted_by(abs),
    "largest first": sorted_by(lambda terms: -abs(terms)),
    "positive ones first": sorted_by(lambda terms: -terms),
    "negative ones first": sorted_by(lambda terms: terms),
    "in float64": in_float64,
}


def factors(layer, x, cells):
    """Inputs and weights of some cells (n, o, i, j) of a two-dimensional convolution, a bias as the product with 1."""
    (s, t), (d, e), (p, q) = layer.stride, layer.dilation, layer.padding
    out, C, K, L = layer.weight.shape
    padded = np.pad(x, ((0, 0), (0, 0), (p, p), (q, q)))
    rows = []
    for n, o, i, j in cells:
        first = o // (out // layer.groups) * C
        window = padded[n, first : first + C, i * s : i * s + K * d : d, j * t : j * t + L * e : e]
        rows.append(np.concatenate([window.ravel(), [1] * (layer.bias is not None)]))
    of = [np.concatenate([layer.weight[o].ravel(), [] if layer.bias is None else [layer.bias[o]]]) for _, o, _, _ in cells]
    return np.array(rows, F), np.array(of, F)


def mean_and_variance(x, loop: Loop):
    """Two passes over rows (R, n)."""
    n, ones = F(x.shape[1]), np.ones_like(x)
    mean = loop(x, ones) / n
    deviations = x - mean[:, None]
    return mean, loop(deviations, deviations) / n


def welford(x):
    """One pass over rows (R, n), whose mean and sum of squares are updated by every number."""
    mean, squares = np.zeros(len(x), F), np.zeros(len(x), F)
    for k, number in enumerate(x.T, 1):
        before = number - mean
        mean = mean + before / F(k)
        squares = squares + before * (number - mean)
    return mean, squares / F(x.shape[1])


def normalised(x, mean, var, gamma, beta, eps, folded):
    """gamma * (x - mean) / sqrt(var + eps) + beta of rows (R, n), or as x * scale + shift."""
    mean, root = mean[:, None], np.sqrt(var + F(eps))[:, None]
    if folded:
        scale = gamma / root
        return x * scale + (beta - mean * scale)
    return gamma * ((x - mean) / root) + beta
