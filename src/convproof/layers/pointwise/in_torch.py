"""How PyTorch says the pointwise layers that torch.nn has not, or not with these settings."""

from typing import Any

from convproof.core.calls import Called, Calls, Drawn, Input, Own, functional
from convproof.core.operators import Result


def clamped(low: Any, high: Any, x: Any = Input()) -> Called:  # noqa: B008
    """torch.clamp with the ends that there are."""
    return Called("clone", (x,)) if low is None and high is None else Called("clamp", (x,), {"min": low, "max": high})


def rectified(slope: Any) -> Calls:
    """x where it is positive, slope * x elsewhere."""
    return Calls(Called("gt", (Input(), 0)), Called("mul", (Input(), slope)), Called("where", (Result(0), Input(), Result(1))))


def shrunk(lambd: Any, bias: Any) -> Calls:
    """softshrink or hardshrink where it is one of them, else put together."""
    if bias == lambd and lambd >= 0:
        return functional("softshrink", lambd)
    if bias == 0:
        return functional("hardshrink", lambd)
    return Calls(
        Called("lt", (Input(), -lambd)),
        Called("add", (Input(), bias)),
        Called("gt", (Input(), lambd)),
        Called("sub", (Input(), bias)),
        Called("zeros_like"),
        Called("where", (Result(2), Result(3), Result(4))),
        Called("where", (Result(0), Result(1), Result(5))),
    )


def hardsigmoid(alpha: Any, beta: Any) -> Calls:
    """With a slope and an offset of one's own."""
    return Calls(Called("mul", (Input(), alpha)), Called("add", (Result(0), beta)), clamped(0, 1, Result(1)))


def selu(alpha: Any, gamma: Any) -> Calls:
    """With constants of one's own."""
    return Calls(Called("nn.functional.elu", (Input(), alpha)), Called("mul", (Result(0), gamma)))


def swish(alpha: Any) -> Calls:
    """x * sigmoid(alpha*x)"""
    return Calls(Called("mul", (Input(), alpha)), Called("sigmoid", (Result(0),)), Called("mul", (Input(), Result(1))))


def rrelu(lower: Any, upper: Any, draws: bool) -> Calls:
    """With the slopes that were drawn, or the middle of their range."""
    return rectified(Drawn()) if draws else functional("rrelu", lower, upper, training=False)


def prelu() -> Calls:
    """With a weight that broadcasts from the right."""
    return rectified(Own("weight"))
