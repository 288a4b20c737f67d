"""What layer and root mean square normalisation share: a row is the last axes of x, whose sizes are ``normalized_shape``."""

from typing import Any

from convproof.core.axes import is_whole
from convproof.core.errors import SettingError, ShapeError
from convproof.core.sentence import Text, say
from convproof.core.shapes import Array, Cell, Region, Shape


def normalized_shape_of(value: Any) -> Shape:
    """The sizes of a row, from one number or several. Raises SettingError."""
    sizes = tuple(value) if isinstance(value, list | tuple) else (value,)
    if not sizes or not all(is_whole(n) and n >= 0 for n in sizes):
        raise SettingError("normalized_shape={value!r}: expected the sizes of the last axes, one number or several", value=value)
    return tuple(map(int, sizes))


def check_ends(whose: Text, shape: Shape, row: Shape) -> None:
    """Raise ShapeError for an input whose last axes are not a row."""
    if len(shape) < len(row) or shape[len(shape) - len(row) :] != row:
        middle = shape[1:2] == row and len(shape) > 2
        raise ShapeError(
            "{layer} expects x of shape (*, {row}); got {shape}{hint}",
            layer=whose,
            row=", ".join(map(str, row)),
            shape=shape,
            hint=say("; axis 1 has that size: move it to the end with x.transpose{order}", order=(0, *range(2, len(shape)), 1))
            if middle
            else "",
        )


def rows_of(region: Region, shape: Shape, row: Shape) -> Region:
    """The same leading axes, all of the last ones."""
    lead = len(shape) - len(row)
    return (*region[:lead], *map(range, row))


def place(cell: Cell, array: Array, row: Shape) -> Cell:
    """The cell of gamma or beta, which may have axes of length 1, or fewer axes than a row."""
    last = cell[len(cell) - len(row) :][len(row) - array.ndim :]
    return tuple(i if size != 1 else 0 for i, size in zip(last, array.shape, strict=True))
