"""How PyTorch says a reduction along several axes. Along none of them it has none: there, an axis of length 1 is put in and reduced."""

from collections.abc import Sequence

from convproof.core.calls import Called, Calls, Input
from convproof.core.operators import Result
from convproof.core.shapes import Shape

ALONG = {"ReduceSum": "sum", "ReduceMean": "mean", "ReduceMax": "amax", "ReduceMin": "amin", "ReduceLogSumExp": "logsumexp"}
NORMS = {"ReduceL1": 1, "ReduceL2": 2}


def reduced(name: str, shape: Shape, axes: Sequence[int], result: Shape) -> Calls:
    """``axes`` are counted from 0; ``result`` is the output's shape."""
    first = Called("reshape", (Input(), shape if axes else (*shape, 1)))
    dim = tuple(axes) or (len(shape),)
    along = {"dim": dim, "keepdim": True}
    x = Result(0)
    if name in ALONG:
        calls = [Called(ALONG[name], (x,), along)]
    elif name in NORMS:
        calls = [Called("linalg.vector_norm", (x, NORMS[name]), along)]
    elif name == "ReduceProd":
        calls = [Called("prod", (Result(k), axis), {"keepdim": True}) for k, axis in enumerate(dim)]
    elif name == "ReduceSumSquare":
        calls = [Called("square", (x,)), Called("sum", (Result(1),), along)]
    else:
        calls = [Called("sum", (x,), along), Called("log", (Result(1),))]
    return Calls(first, *calls, Called("reshape", (Result(len(calls)), result)))


def with_places(largest: bool, axis: int, result: Shape) -> Calls:
    """torch.max or torch.min along one axis, which give both."""
    found = Called("max" if largest else "min", (Input(), axis), {"keepdim": True})
    return Calls(found, *(Called("reshape", (Result(0, k), result)) for k in (0, 1)), outputs=(Result(1), Result(2)))
