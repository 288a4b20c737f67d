"""One cell of a batch normalisation by hand: the statistics of its channel, then the formula. See ``normalising.derive``."""

from convproof.core.arithmetic.normalising import derive as shared
from convproof.core.derivation import Node, number
from convproof.core.sentence import Sentence, say
from convproof.core.shapes import Array, Cell, Float, Region, Shape

AXES = {2: say("N"), 3: say("N and L"), 4: say("N, H and W"), 5: say("N, D, H and W")}


def box_of(channel: Region, shape: Shape) -> Region:
    """All cells of x that belong to some channels."""
    return (range(shape[0]), *channel, *map(range, shape[1 + len(channel) :]))


def from_batch(channel: Cell, x: Float[Array, "N *sizes"]) -> tuple[Node, Node]:
    """Mean and variance of a channel over the whole batch."""
    box = box_of(tuple(range(c, c + 1) for c in channel), x.shape)
    n = shared.numbers_of(x, box).size
    mean = shared.mean_of(x, box, _over(channel, x.ndim, n))
    return mean, shared.variance_of(x, box, mean)


def from_running(channel: Cell, mean: Float[Array, "*C"], var: Float[Array, "*C"]) -> tuple[Node, Node]:
    """The running statistics of a channel."""
    return number(mean, channel, "running_mean", "statistic"), number(var, channel, "running_var", "statistic")


def derive(
    cell: Cell,
    channel: Cell,
    x: Float[Array, "N *sizes"],
    mean: Node,
    var: Node,
    eps: float,
    gamma: Float[Array, "*C"] | None,
    beta: Float[Array, "*C"] | None,
) -> Node:
    """gamma * (x - mean) / sqrt(var + eps) + beta"""
    return shared.normalised(
        number(x, cell, "x", "input"),
        mean,
        shared.root_of(var, eps),
        None if gamma is None else number(gamma, channel, "gamma"),
        None if beta is None else number(beta, channel, "beta"),
    )


def _over(channel: Cell, rank: int, n: int) -> Sentence:
    if len(channel) == 1:
        axes = AXES.get(rank, say("all axes but C"))
        return say("over {axes} of channel {c}: n = {n}", axes=axes, c=channel[0], n=n)
    return say("over N at {c} of every image: n = {n}", c=list(channel), n=n)
