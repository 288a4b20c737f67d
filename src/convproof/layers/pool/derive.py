"""One cell of a pooling by hand: the window, and its winner, its mean, or its norm."""

from collections.abc import Sequence

import numpy as np

from convproof.core.arithmetic.padding import NOWHERE
from convproof.core.derivation import Node, Operation, Terms, copy, long_sum, number, padding, quotient, setting
from convproof.core.errors import NotFiniteError
from convproof.core.exact import exact, exact_sum
from convproof.core.sentence import Sentence, plural, say
from convproof.core.shapes import Array, Cell, Shaped
from convproof.layers.pool.formula import divisor_at, winner_of
from convproof.layers.pool.geometry import Patch, Side, patch_of


def derive_max(lead: Cell, plane: Shaped[Array, "*sizes"], spot: Cell, sides: Sequence[Side]) -> Node:
    """The largest number of the window, and where it stands. Padding is no candidate, and neither is -inf, which has no exact value."""
    patch = patch_of(spot, sides, plane.shape)
    if not len(patch.real):
        raise NotFiniteError("this window reads padding alone: its maximum is -inf, which has no exact value")
    numbers = patch.numbers(plane)
    able = np.asarray(numbers != -np.inf)
    if not able.any():
        raise NotFiniteError("every number of this window is -inf, which has no exact value: trace where they come from")
    candidates, values = [tuple(cell) for cell in patch.real[able].tolist()], numbers[able]
    winner = candidates[winner_of(values)]
    terms = Terms(lambda k: number(plane, candidates[k], "x", "input", lead=lead), values)
    note = _why_it_wins([*lead, *winner], patch.whole - len(patch.real), int((~able).sum()))
    return Operation("maximum", terms, exact(plane[winner]), "y", note)


def _why_it_wins(winner: list[int], outside: int, infinite: int) -> Sentence:
    if infinite:
        return plural(
            "x{cell} wins; {n} cell of the window is padding or -inf and cannot",
            "x{cell} wins; {n} cells of the window are padding or -inf and cannot",
            n=outside + infinite,
            cell=winner,
        )
    if outside:
        return plural(
            "x{cell} wins; {n} cell of the window is padding and cannot",
            "x{cell} wins; {n} cells of the window are padding and cannot",
            n=outside,
            cell=winner,
        )
    return say("x{cell} wins", cell=winner)


def derive_place(plane: Shaped[Array, "*sizes"], spot: Cell, sides: Sequence[Side], column_by_column: bool, before: int | None) -> Node:
    """Where the winner stands, counted row by row or column by column; ``before`` cells of other planes count too, None: none."""
    patch = patch_of(spot, sides, plane.shape)
    if not len(patch.real):
        return copy(setting(NOWHERE, str(NOWHERE), "count"), "index", say("the window reads padding alone: nothing wins"))
    winner = patch.real[winner_of(patch.numbers(plane))].tolist()
    place = int(np.ravel_multi_index(winner, plane.shape, order="F" if column_by_column else "C")) + (before or 0)
    if column_by_column:
        note = say("the winner stands at {cell}; cells are counted column by column", cell=winner)
    else:
        note = say("the winner stands at {cell}; cells are counted row by row", cell=winner)
    if before is not None:
        note = say("{note}, after the {n} cells of the planes before", note=note, n=before)
    return copy(setting(place, str(place), "count"), "index", note)


def derive_average(
    lead: Cell, plane: Shaped[Array, "*sizes"], spot: Cell, sides: Sequence[Side], count_padding: bool, divisor: int | None
) -> Node:
    """The sum of the window divided by its size."""
    patch = patch_of(spot, sides, plane.shape)
    values = np.zeros(len(patch.cells), plane.dtype)
    values[patch.inside] = patch.numbers(plane)

    def tap(k: int) -> Node:
        cell = tuple(patch.cells[k].tolist())
        return number(plane, cell, "x", "input", lead=lead) if patch.inside[k] else padding((*lead, *cell))

    total = long_sum(Terms(tap, values), exact_sum(values), row=patch.row)
    D = divisor_at(spot, plane.shape, sides, count_padding, divisor)
    note = _how_divided(D, patch, count_padding) if divisor is None else say("divided by divisor_override = {D}", D=D)
    return quotient(total, setting(D, "D", "count"), "y", note)


def _how_divided(D: int, patch: Patch, count_padding: bool) -> Sentence:
    if not count_padding and patch.whole != D:
        return plural("divided by the {n} cell that is not padding", "divided by the {n} cells that are not padding", n=D)
    if patch.whole == D:
        size = plural("divided by the {n} cell of the window", "divided by the {n} cells of the window", n=D)
    else:
        size = say("divided by {D}: the window of {whole} is clipped where the padded input ends", D=D, whole=patch.whole)
    if not patch.padding:
        return size
    return plural("{size}, {n} cell of padding counted", "{size}, {n} cells of padding counted", n=patch.padding, size=size)
