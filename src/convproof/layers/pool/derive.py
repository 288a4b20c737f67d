"""One cell of a pooling by hand: the window, and its winner or its mean."""

from collections.abc import Sequence

import numpy as np

from convproof.core.arithmetic.padding import NOWHERE
from convproof.core.derivation import Node, Operation, Terms, copy, long_sum, number, padding, quotient, setting
from convproof.core.errors import NotFiniteError
from convproof.core.exact import exact, exact_sum
from convproof.core.sentence import Sentence, say
from convproof.core.shapes import Array, Cell, Float
from convproof.core.window import Window
from convproof.layers.pool.formula import divisor_at, winner_of
from convproof.layers.pool.geometry import Patch, patch_of


def derive_max(lead: Cell, plane: Float[Array, "*sizes"], spot: Cell, windows: Sequence[Window]) -> Node:
    """The largest number of the window, and where it stands. Padding is no candidate, and neither is -inf, which has no exact value."""
    patch = patch_of(spot, windows, plane.shape)
    if not len(patch.real):
        raise NotFiniteError("this window reads padding alone: its maximum is -inf, which has no exact value")
    numbers = patch.numbers(plane)
    if (numbers == -np.inf).all():
        raise NotFiniteError("every number of this window is -inf, which has no exact value: trace where they come from")
    able = numbers != -np.inf
    candidates, values = [tuple(cell) for cell in patch.real[able].tolist()], numbers[able]
    winner = candidates[winner_of(values)]
    terms = Terms(lambda k: number(plane, candidates[k], "x", "input", lead=lead), values)
    note = _why_it_wins([*lead, *winner], patch.whole - len(patch.real), int((~able).sum()))
    return Operation("maximum", terms, exact(plane[winner]), "y", note)


def _why_it_wins(winner: list[int], outside: int, infinite: int) -> Sentence:
    if infinite:
        return say("x{cell} wins; {n} cells of the window are padding or -inf and cannot", cell=winner, n=outside + infinite)
    if outside:
        return say("x{cell} wins; {n} cells of the window are padding and cannot", cell=winner, n=outside)
    return say("x{cell} wins", cell=winner)


def derive_place(plane: Float[Array, "*sizes"], spot: Cell, windows: Sequence[Window]) -> Node:
    """Where in its plane the winner stands, counted row by row."""
    patch = patch_of(spot, windows, plane.shape)
    if not len(patch.real):
        return copy(setting(NOWHERE, str(NOWHERE), "count"), "index", say("the window reads padding alone: nothing wins"))
    winner = patch.real[winner_of(patch.numbers(plane))].tolist()
    place = int(np.ravel_multi_index(winner, plane.shape))
    note = say("the winner stands at {cell}; cells are counted row by row", cell=winner)
    return copy(setting(place, str(place), "count"), "index", note)


def derive_average(
    lead: Cell, plane: Float[Array, "*sizes"], spot: Cell, windows: Sequence[Window], count_padding: bool, divisor: int | None
) -> Node:
    """The sum of the window divided by its size."""
    patch = patch_of(spot, windows, plane.shape)
    values = np.zeros(len(patch.cells), plane.dtype)
    values[patch.inside] = patch.numbers(plane)

    def tap(k: int) -> Node:
        cell = tuple(patch.cells[k].tolist())
        return number(plane, cell, "x", "input", lead=lead) if patch.inside[k] else padding((*lead, *cell))

    total = long_sum(Terms(tap, values), exact_sum(values), row=patch.row)
    D = divisor_at(spot, plane.shape, windows, count_padding, divisor)
    note = _how_divided(D, patch, count_padding) if divisor is None else say("divided by divisor_override = {D}", D=D)
    return quotient(total, setting(D, "D", "count"), "y", note)


def _how_divided(D: int, patch: Patch, count_padding: bool) -> Sentence:
    if not count_padding and patch.whole != D:
        return say("divided by the {D} cells that are not padding", D=D)
    if patch.whole == D:
        size = say("divided by the {D} cells of the window", D=D)
    else:
        size = say("divided by {D}: the window of {whole} is clipped where the padded input ends", D=D, whole=patch.whole)
    return say("{size}, {n} cells of padding counted", size=size, n=patch.padding) if patch.padding else size
