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
from convproof.layers.pool.formula import divisor_along


def window_cells(spot: Cell, windows: Sequence[Window]) -> list[Cell]:
    """The input coordinates under an output spot, in reading order; they may lie in the padding."""
    grid = np.meshgrid(*(np.array(w.taps(i)) for w, i in zip(windows, spot, strict=True)), indexing="ij")
    return [tuple(map(int, cell)) for cell in np.stack([axis.reshape(-1) for axis in grid], axis=1)]


def inside(cell: Cell, sizes: Sequence[int]) -> bool:
    """Whether a coordinate lies in the input and not in the padding."""
    return all(0 <= i < size for i, size in zip(cell, sizes, strict=True))


def derive_max(lead: Cell, plane: Float[Array, "*sizes"], spot: Cell, windows: Sequence[Window]) -> Node:
    """The largest number of the window, and where it stands."""
    cells = window_cells(spot, windows)
    real = [cell for cell in cells if inside(cell, plane.shape)]
    if not real:
        raise NotFiniteError("this window reads padding alone: its maximum is -inf, which has no exact value")
    values = plane[tuple(np.array(real).T)]
    winner = real[int(values.argmax())]
    terms = Terms(lambda k: number(plane, real[k], "x", "input", lead=lead), values)
    note = say("x{cell} wins", cell=[*lead, *winner])
    if len(real) < len(cells):
        note = say("x{cell} wins; {n} cells of the window are padding and cannot", cell=[*lead, *winner], n=len(cells) - len(real))
    return Operation("maximum", terms, exact(plane[winner]), "y", note)


def derive_place(plane: Float[Array, "*sizes"], spot: Cell, windows: Sequence[Window]) -> Node:
    """Where in its plane the winner stands, counted row by row."""
    real = [cell for cell in window_cells(spot, windows) if inside(cell, plane.shape)]
    if not real:
        return copy(setting(NOWHERE, str(NOWHERE), "count"), "index", say("the window reads padding alone: nothing wins"))
    winner = real[int(plane[tuple(np.array(real).T)].argmax())]
    place = int(np.ravel_multi_index(winner, plane.shape))
    note = say("the winner stands at {cell}; cells are counted row by row", cell=list(winner))
    return copy(setting(place, str(place), "count"), "index", note)


def derive_average(
    lead: Cell, plane: Float[Array, "*sizes"], spot: Cell, windows: Sequence[Window], count_padding: bool, divisor: int | None
) -> Node:
    """The sum of the window divided by its size."""
    sizes = plane.shape
    cells = [cell for cell in window_cells(spot, windows) if _counted(cell, sizes, windows)]
    values = np.array([plane[cell] if inside(cell, sizes) else 0 for cell in cells], plane.dtype)

    def tap(k: int) -> Node:
        return number(plane, cells[k], "x", "input", lead=lead) if inside(cells[k], sizes) else padding((*lead, *cells[k]))

    total = long_sum(Terms(tap, values), exact_sum(values), row=windows[-1].kernel)
    lengths = [divisor_along(w, i, size, count_padding) for w, i, size in zip(windows, spot, sizes, strict=True)]
    D = int(np.prod(lengths)) if divisor is None else divisor
    return quotient(total, setting(D, "D", "count"), "y", _how(D, windows, count_padding, divisor))


def _counted(cell: Cell, sizes: Sequence[int], windows: Sequence[Window]) -> bool:
    """Whether a coordinate lies in the padded input and not beyond it, where ceil_mode lets windows stand out."""
    return all(i < size + w.after for i, size, w in zip(cell, sizes, windows, strict=True))


def _how(D: int, windows: Sequence[Window], count_padding: bool, divisor: int | None) -> Sentence:
    if divisor is not None:
        return say("divided by divisor_override = {D}", D=D)
    whole = int(np.prod([w.kernel for w in windows]))
    if whole == D:
        return say("divided by the {D} cells of the window", D=D)
    if count_padding:
        return say("divided by {D}: the window of {whole} is clipped where the padding ends", D=D, whole=whole)
    return say("divided by the {D} cells that are not padding", D=D)
