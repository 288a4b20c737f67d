"""What else a batch normalisation may give beside y: its statistics, as ONNX's training mode and PyTorch's native functions do.

    mean, var         those that y was normalised by
    inv_std           1 / sqrt(var + eps)
    running_mean      (1 - momentum) * running_mean + momentum * mean
    running_var       (1 - momentum) * running_var + momentum * var * n / (n - 1);  of ONNX without the factor n / (n - 1)

All have one number a channel. In eval the running ones stay what they are.
How rounding enters the running ones is told in ``remembering``, which instance normalisations share.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from convproof.core.arithmetic.moments import bessel
from convproof.core.arithmetic.normalising import gradient
from convproof.core.arithmetic.normalising.derive import inverse_root_of
from convproof.core.arithmetic.normalising.remembering import lines_of_remembered
from convproof.core.arithmetic.normalising.rows import Rows
from convproof.core.arithmetic.normalising.statistics import inverse_root, lines_of_statistics
from convproof.core.derivation import Node, add, copy, difference, number, product, quotient, setting
from convproof.core.formats import NumberFormat
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

    def factor(self, name: str) -> float:
        """What the batch's statistic is multiplied by before it is remembered."""
        return self.bessel if name == "running_var" else 1.0

    def weight(self, name: str) -> float:
        """By how much a change of the batch's statistic moves the running one."""
        return self.momentum * self.factor(name)


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
    if name not in BATCH:
        return lines
    return lines_of_remembered(memory.running[name], lines.map(lambda a: a[None]), memory.momentum, memory.factor(name), arithmetic)


def of_running(name: str, running: Mapping[str, Any], eps: float, arithmetic: NumberFormat) -> Lines:
    """The lines of a further output, in eval, for all channels."""
    which = "running_mean" if name in ("mean", "running_mean") else "running_var"
    given = no_error(running[which].astype(np.float64))
    return inverse_root(given, eps, arithmetic) if name == "inv_std" else given


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
