"""Mean and variance of rows of numbers, and how far rounding and incoming errors may move them; see ``bound`` for the rules."""

from dataclasses import dataclass

import numpy as np

from convproof.core.formats import FLOAT64, NumberFormat
from convproof.core.lines import Lines, carried, walk
from convproof.core.shapes import Array


@dataclass(frozen=True)
class Statistics:
    """mean and var of every row, how far each may be off in the worst case, and the sigma of each; arrays of one shape, (R,) for R rows."""

    mean: Array
    var: Array
    dmean: Array
    dvar: Array
    sigma_mean: Array
    sigma_var: Array

    @classmethod
    def exactly(cls, mean: Array, var: Array) -> "Statistics":
        """Given numbers."""
        zero = np.zeros(())
        return cls(mean, var, zero, zero, zero, zero)

    def at(self, row: Array) -> "Statistics":
        """Those of each cell, by the number of its row."""
        return Statistics(*(part[row] for part in vars(self).values()))


def statistics(x: Array, *arithmetics: NumberFormat) -> list[Statistics]:
    """Those of the rows of x (R, n), n >= 1, computed in several arithmetics."""
    n = x.shape[1]
    mean = x.mean(axis=1)
    squares = np.square(x - mean[:, None])
    var = squares.mean(axis=1)
    std, A = np.sqrt(var), abs(x).mean(axis=1)
    second, fourth = np.square(x).sum(axis=1), np.square(squares).sum(axis=1)
    found = []
    for f in arithmetics:
        u = f.u
        dmean = (1 + n * u) * n * u * A + 3 * u * std + f.tiny
        passed = 2.5 * std * dmean + dmean**2
        dvar = passed + (1 + n * u) * (n + 4) * u * (var + passed) + 2 * f.tiny
        found.append(Statistics(mean, var, dmean, dvar, walk(n * mean, second, n, f) / n, walk(n * var, fourth, n, f) / n))
    return found


def root_error(var: Array, dvar: Array, eps: float) -> Array:
    """The largest relative change of 1/sqrt(var + eps) while var moves by at most dvar and stays at least 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        smaller = np.sqrt((var + eps) / (np.maximum(var - dvar, 0) + eps)) - 1
        larger = 1 - np.sqrt((var + eps) / (var + dvar + eps))
    return np.asarray(np.maximum(smaller, larger))


def lines_of_statistics(x: Array, eps: float, incoming: Lines | None, arithmetic: NumberFormat) -> dict[str, Lines]:
    """The lines of mean, var and inv_std = 1 / sqrt(var + eps) of the rows of x (R, n), where they are outputs themselves."""
    x = x.astype(np.float64)
    with np.errstate(all="ignore"):
        mine, own = statistics(x, arithmetic, FLOAT64)
        local = {
            "mean": Lines(mine.mean, mine.dmean + own.dmean, mine.sigma_mean),
            "var": Lines(mine.var, mine.dvar + own.dvar, mine.sigma_var),
        }
        if incoming is not None:
            E2, moved = incoming.sigma**2, incoming.proof.mean(axis=1)
            d, reached = x - mine.mean[:, None], incoming.proof + moved[:, None]
            n = x.shape[1]
            local["mean"] = carried(local["mean"], moved, E2.sum(axis=1) / n**2)
            worst = (2 * abs(d) * reached + reached**2).mean(axis=1)
            local["var"] = carried(local["var"], worst, (E2 * (2 * d) ** 2).sum(axis=1) / n**2)
        return local | {"inv_std": inverse_root(local["var"], eps, arithmetic)}


def inverse_root(var: Lines, eps: float, arithmetic: NumberFormat) -> Lines:
    """The lines of 1 / sqrt(var + eps): a sum, a root and a division, each rounded."""
    y = 1 / np.sqrt(var.exact + eps)
    stretch = root_error(var.exact, var.proof, eps)
    proof = y * (stretch + 3 * (arithmetic.u + FLOAT64.u) * (1 + stretch)) + arithmetic.tiny
    return Lines(y, np.asarray(proof), y * np.hypot(var.sigma / (2 * (var.exact + eps)), np.sqrt(2) * arithmetic.u))
