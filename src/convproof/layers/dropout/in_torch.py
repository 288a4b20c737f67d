"""How PyTorch says a dropout: with the mask that was drawn here, in its own arithmetic."""

from convproof.core.calls import Called, Calls, Drawn, Input
from convproof.core.operators import Result

MASK = Called("Tensor.type_as", (Drawn(), Input()))


def untouched(p: float | int) -> tuple[Called, ...]:
    """x itself."""
    return (Called("nn.functional.dropout", (Input(), p), {"training": False}),)


def dropped(p: float | int) -> tuple[Called, ...]:
    """x * (m / (1 - p)); everything is dropped for p = 1."""
    return MASK, Called("div", (Result(0), 1 - p if p < 1 else 1)), Called("mul", (Input(), Result(1)))


def alpha_dropped(a: float, instead: float, b: float) -> tuple[Called, ...]:
    """x * (m*a) + ((m - 1) * (-instead) + b), where ``instead`` stands in the place of what is dropped."""
    return (
        MASK,
        Called("sub", (Result(0), 1)),
        Called("mul", (Result(1), -instead)),
        Called("add", (Result(2), b)),
        Called("mul", (Result(0), a)),
        Called("mul", (Input(), Result(4))),
        Called("add", (Result(5), Result(3))),
    )


def with_mask(calls: tuple[Called, ...], drops: bool) -> Calls:
    """y and the mask, which is all True where nothing is dropped."""
    k = len(calls)
    mask = (Called("clone", (Drawn(),)),) if drops else (Called("ones_like"), Called("Tensor.bool", (Result(k),)))
    return Calls(*calls, *mask, outputs=(Result(k - 1), Result(k + len(mask) - 1)))
