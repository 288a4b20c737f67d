"""What else a batch normalisation may give beside y: its statistics, as ONNX's training mode and PyTorch's native functions do.

    mean, var         those that y was normalised by
    inv_std           1 / sqrt(var + eps)
    running_mean      (1 - momentum) * running_mean + momentum * mean
    running_var       (1 - momentum) * running_var + momentum * var * n / (n - 1);  of ONNX without the factor n / (n - 1)

All have one number a channel. In eval the running ones stay what they are.

How rounding enters the running ones, with m the momentum, r what is remembered, b the batch's statistic, f = n / (n - 1) or 1:

    Covered are (1 - m)*r + m*f*b, r + m*(f*b - r), and r - (1 - k)*(r - f*b) with k = 1 - m, each with m or k rounded to the format.
    The weight of the new is then off by at most u, and so is that of the old, whatever m is: 1 - fl(1 - m) is off by (1 - m)*u + m*u.
    So r and f*b count whole, and not by their weights: u*(abs(r) + abs(f*b)) for the weights, and where the difference is taken first,
    m*u of the same for it, and for its product. The last sum rounds once, f*b up to four times (n, n - 1, quotient and product):

    proof = m*f*db + 9*u*c*(abs(r) + f*(abs(b) + db)) + 4*tiny        db: the proof line of b;  c = max(1, abs(m), abs(1 - m))

A walk of these few roundings, each uniform within its size, has a sigma below u*c*(abs(r) + f*abs(b)).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from convproof.core.arithmetic.moments import bessel
from convproof.core.arithmetic.normalising import gradient
from convproof.core.arithmetic.normalising.derive import inverse_root_of
from convproof.core.arithmetic.normalising.rows import Rows
from convproof.core.arithmetic.normalising.statistics import inverse_root, lines_of_statistics
from convproof.core.derivation import Node, add, copy, difference, number, product, quotient, setting
from convproof.core.formats import FLOAT64, NumberFormat
from convproof.core.lines import Lines, no_error
from convproof.core.shapes import Array, Cell
from convproof.layers.batchnorm import formula

EQUATIONS = {
    "mean": "y = 1/n * sum of x",
    "var": "y = 1/n * sum of (x - mean)^2",
    "inv_std": "y = 1 / sqrt(var + eps)",
    "running_mean": "y = (1 - momentum) * running_mean + momentum * mean",
    "running_var": "y = (1 - momentum) * running_var + momentum * var * n / (n - 1)",
}
NAMES = tuple(EQUATIONS)
BATCH = {"running_mean": "mean", "running_var": "var"}


@dataclass(frozen=True)
class Memory:
    """How the running statistics move: what they were, the weight of the new batch, and the factor of its variance."""

    running: Mapping[str, Any]
    momentum: float
    bessel: float

    @classmethod
    def of(cls, running: Mapping[str, Any], momentum: float, n: int, biased: bool) -> "Memory":
        """Of a batch with n numbers a channel. An empty batch teaches nothing."""
        return cls(running, momentum if n else 0.0, 1.0 if biased or not n else bessel(n))

    def weight(self, name: str) -> float:
        """By how much a change of the batch's statistic moves the running one."""
        return self.momentum * (self.bessel if name == "running_var" else 1.0)


def derive(name: str, channel: Cell, mean: Node, var: Node, eps: float, memory: Memory | None, n: int) -> Node:
    """One number of a further output; ``memory`` None: in eval."""
    if name == "inv_std":
        return inverse_root_of(var, eps)
    of_batch = {"mean": mean, "var": var}[BATCH.get(name, name)]
    if name not in BATCH or memory is None:
        return copy(of_batch, "y")
    momentum = setting(memory.momentum, "momentum")
    new = of_batch
    if name == "running_var" and memory.bessel != 1:
        new = product(of_batch, quotient(setting(n, "n", "count"), setting(n - 1, "n - 1", "count")))
    old = product(difference(setting(1, "1", "count"), momentum), number(memory.running[name], channel, name, "statistic"))
    return add(old, product(momentum, new), name="y")


def of_batch(name: str, x: Array, features: int, eps: float, memory: Memory, incoming: Lines | None, arithmetic: NumberFormat) -> Lines:
    """The lines of a further output, in training, for all channels."""
    rows = Rows.of(x.shape, formula.batch_axes(x, features))
    own = x.shape[1 : 1 + features]
    if x.size == 0:
        found = dict.fromkeys(("mean", "var"), no_error(np.zeros(own)))
        found["inv_std"] = inverse_root(found["var"], eps, arithmetic)
    else:
        found = lines_of_statistics(rows.cut(x), eps, None if incoming is None else incoming.map(rows.cut), arithmetic)
    lines = found[BATCH.get(name, name)].map(lambda a: a.reshape(own))
    return _remembered(name, lines, memory, arithmetic) if name in BATCH else lines


def of_running(name: str, running: Mapping[str, Any], eps: float, arithmetic: NumberFormat) -> Lines:
    """The lines of a further output, in eval, for all channels."""
    which = "running_mean" if name in ("mean", "running_mean") else "running_var"
    given = no_error(running[which].astype(np.float64))
    return inverse_root(given, eps, arithmetic) if name == "inv_std" else given


def _remembered(name: str, batch: Lines, memory: Memory, arithmetic: NumberFormat) -> Lines:
    """Both weights are rounded, whatever they are, so both parts count whole; see the module."""
    m, weight, running = memory.momentum, memory.weight(name), memory.running[name].astype(np.float64)
    factor = memory.bessel if name == "running_var" else 1.0
    size = max(1.0, abs(m), abs(1 - m)) * (abs(running) + factor * (abs(batch.exact) + batch.proof))
    proof = abs(weight) * batch.proof + 9 * (arithmetic.u + FLOAT64.u) * size + 4 * arithmetic.tiny
    exact = (1 - m) * running + weight * batch.exact
    return Lines(exact, np.asarray(proof), np.hypot(weight * batch.sigma, arithmetic.u * size))


def pull(names: tuple[str, ...], dy: tuple[Array, ...], x: Array, mean: Array, var: Array, eps: float, memory: Memory) -> Array:
    """dx from the gradients of the further outputs, in training."""
    dmean, dvar = np.zeros_like(mean), np.zeros_like(var)
    for name, d in zip(names, dy, strict=True):
        weight = memory.weight(name) if name in BATCH else 1.0
        if BATCH.get(name, name) == "mean":
            dmean = dmean + weight * d
        else:
            dvar = dvar + (gradient.of_inverse_root(d, var, eps) if name == "inv_std" else weight * d)
    axes = formula.batch_axes(x, mean.ndim)
    return gradient.through_statistics(x, formula.wide(mean, x), axes, formula.wide(dmean, x), formula.wide(dvar, x))
