"""Which row of the left operand meets which column of the right one.

For an output cell (..., i, j) of a matrix product the row is a[..., i, :] and the column b[..., :, j], where an axis of length 1 is
broadcast and an operand with one axis has no i or no j.
"""

from convproof.core.shapes import Array, Cell, Region, Shape


def product_shape(a: Shape, b: Shape, batch: Shape) -> Shape:
    """The shape of a @ b, whose axes before the last two broadcast to ``batch``."""
    return (*batch, *a[-2:-1], *(b[-1:] if len(b) > 1 else ()))


def cell_of_left(cell: Cell, k: int, a: Shape, b: Shape) -> Cell:
    """The cell of a that is term k of an output cell."""
    if len(a) == 1:
        return (k,)
    *lead, i = cell if len(b) == 1 else cell[:-1]
    return (*_narrow(tuple(lead), a[:-2]), i, k)


def cell_of_right(cell: Cell, k: int, a: Shape, b: Shape) -> Cell:
    """The cell of b that is term k of an output cell."""
    if len(b) == 1:
        return (k,)
    lead, j = (cell[:-1] if len(a) == 1 else cell[:-2]), cell[-1]
    return (*_narrow(lead, b[:-2]), k, j)


def _narrow(lead: Cell, batch: Shape) -> Cell:
    return tuple(0 if size == 1 else i for i, size in zip(lead[len(lead) - len(batch) :], batch, strict=True))


def row_and_column(cell: Cell, a: Array, b: Array) -> tuple[Array, Array]:
    """The numbers that an output cell is summed from, in order."""
    left, right = cell_of_left(cell, 0, a.shape, b.shape)[:-1], cell_of_right(cell, 0, a.shape, b.shape)
    return a[left], b if b.ndim == 1 else b[right[:-2]][:, right[-1]]


def regions(region: Region, a: Shape, b: Shape) -> tuple[Region, Region]:
    """The boxes of a and b that a box of outputs reads."""
    inner = range(a[-1])
    rows = region[len(region) - (1 if len(b) == 1 else 2) :][:1] if len(a) > 1 else ()
    columns = region[-1:] if len(b) > 1 else ()
    lead = region[: len(region) - len(rows) - len(columns)]

    def part(batch: Shape) -> Region:
        if not all(map(len, lead)):
            return (range(0),) * len(batch)
        return tuple(range(1) if size == 1 else r for r, size in zip(lead[len(lead) - len(batch) :], batch, strict=True))

    return (*part(a[:-2]), *rows, inner), ((*part(b[:-2]), inner, *columns) if len(b) > 1 else (inner,))
