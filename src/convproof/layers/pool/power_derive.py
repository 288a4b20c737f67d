"""One cell of a power pooling by hand: the powers of the window's cells, their sum, its root."""

import math
from collections.abc import Sequence

import numpy as np

from convproof.core.derivation import (
    Node,
    Terms,
    absolute,
    copy,
    long_sum,
    maximum,
    minimum,
    number,
    power,
    product,
    quotient,
    setting,
    square,
    square_root,
)
from convproof.core.errors import NotFiniteError
from convproof.core.sentence import say
from convproof.core.shapes import Array, Cell, Shaped
from convproof.layers.pool.geometry import Patch, Side, patch_of
from convproof.layers.pool.power import Norm, scales


def derive_power(lead: Cell, plane: Shaped[Array, "*sizes"], spot: Cell, sides: Sequence[Side], norm: Norm, scale_clipped: bool) -> Node:
    """(K/D * sum of powers)^(1/P)"""
    patch = patch_of(spot, sides, plane.shape)
    if math.isinf(norm.P):
        return _extreme(lead, plane, patch, norm)
    P = setting(norm.P, "norm_type")
    terms = [_power(x, P, norm) for x in _cells(lead, plane, patch)]
    sizes = norm.powers(patch.numbers(plane).astype(np.float64))
    total: Node = long_sum(Terms(terms.__getitem__, sizes), sum(term.value for term in terms) + setting(0, "0").value, "s", row=patch.row)
    scale = scales(plane.shape, sides, scale_clipped)
    if scale is not None and scale[spot] != 1:
        K, D = setting(patch.whole, "K", "count"), setting(len(patch.cells), "D", "count")
        note = say("the window is clipped to {D} of its {K} cells, whose mean stands for all", D=len(patch.cells), K=patch.whole)
        total = product(quotient(K, D), total, name="t", note=note)
    if norm.P == 1:
        return copy(total, "y")
    return square_root(total, "y") if norm.P == 2 else power(total, quotient(setting(1, "1", "count"), P), "y")


def _cells(lead: Cell, plane: Array, patch: Patch) -> list[Node]:
    return [number(plane, tuple(cell), "x", "input", lead=lead) for cell in patch.real.tolist()]


def _power(x: Node, P: Node, norm: Norm) -> Node:
    if norm.P == 2:
        return square(x)
    x = absolute(x) if norm.absolute else x
    return x if norm.P == 1 else power(x, P)


def _extreme(lead: Cell, plane: Array, patch: Patch, norm: Norm) -> Node:
    cells = [absolute(x) for x in _cells(lead, plane, patch)]
    if not cells:
        raise NotFiniteError("this window reads padding alone: its extreme is infinite, which has no exact value")
    return maximum(*cells, name="y") if norm.P > 0 else minimum(*cells, name="y")
