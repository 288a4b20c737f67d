"""How PyTorch says a padding: torch.nn.functional.pad, the last axis first.

Other modes than constants it has for the last one to three axes behind one or two others. Elsewhere every axis is padded by itself: moved
to the end, the others being one, padded, and moved back.
"""

import math
from collections.abc import Mapping
from typing import Any

from convproof.core.calls import Called, Calls, Input, functional
from convproof.core.operators import Result
from convproof.core.shapes import Shape


def padded(amounts: Mapping[int, tuple[int, int]], mode: str, value: Any, shape: Shape) -> Calls:
    """The calls for (before, after) by axis, counted from 0."""
    rank, count = len(shape), max((len(shape) - axis for axis in amounts), default=0)
    each = [amount for axis in range(rank - 1, rank - count - 1, -1) for amount in amounts.get(axis, (0, 0))]
    if mode == "constant":
        return functional("pad", each, mode=mode, value=value)
    if count <= 3 and rank - count in (1, 2):
        return functional("pad", each, mode=mode)
    calls: list[Called] = []
    now = list(shape)
    for axis, amount in amounts.items():
        last = [*now[:axis], *now[axis + 1 : -1], now[axis]] if axis == rank - 1 else [*now[:axis], now[-1], *now[axis + 1 : -1], now[axis]]
        wide = (1, math.prod(last[:-1]), last[-1])
        longer = last[-1] + sum(amount)
        for function, arguments in (
            ("transpose", (axis, -1)),
            ("reshape", (wide,)),
            ("nn.functional.pad", (amount, mode)),
            ("reshape", ((*last[:-1], longer),)),
            ("transpose", (axis, -1)),
        ):
            calls.append(Called(function, (Result(len(calls) - 1) if calls else Input(), *arguments)))
        now[axis] = longer
    return Calls(*calls)
