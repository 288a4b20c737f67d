"""What comes in: array-likes turned into float arrays, settings given once or per axis, and the batch axis that may be left out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from convproof.core.errors import CellError, DTypeError, SettingError, ShapeError
from convproof.core.formats import FLOATS, SHORT
from convproof.core.sentence import Text, plural
from convproof.core.shapes import Array, Cell, Shape

if TYPE_CHECKING:
    from convproof.core.lines import Lines

MOST = 1 << 31  # no axis is as long, so no kernel, stride or padding means anything from there on


def as_array(x: Any, name: str = "x") -> Array:
    """An array-like or a CPU tensor as a float array: floats keep their dtype, integers, booleans and lists become float32."""
    if hasattr(x, "detach"):
        x = of_tensor(x, name)
    try:
        array = np.asarray(x)
    except ValueError:
        raise DTypeError("{name} is not a rectangular array of numbers: its rows differ in length", name=name) from None
    if array.dtype.kind in "iub" or (array.dtype == np.float64 and isinstance(x, list | tuple | float)):
        return array.astype(np.float32)
    if array.dtype.name in FLOATS:
        return array
    raise DTypeError(
        "{name} holds {dtype}; expected float32, float64 or integers; try {name}.astype(np.float32)", name=name, dtype=array.dtype
    )


def of_tensor(x: Any, name: Text) -> Array:
    """A CPU tensor of PyTorch as an array; bfloat16, which NumPy lacks, as float32, which holds it. Raises DTypeError."""
    tensor = x.detach()
    try:
        return np.asarray((tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).numpy())
    except (TypeError, RuntimeError):
        raise DTypeError(
            "{name} is a tensor of {dtype} that cannot be read as an array; try {name}.float().cpu()", name=name, dtype=tensor.dtype
        ) from None


def widened(x: Array) -> Array:
    """float16 and bfloat16 as float32, which holds them exactly; everything else as it is."""
    return x.astype(np.float32) if x.dtype.name in SHORT else x


def as_short_as(y: Array, inputs: Sequence[Array]) -> Array:
    """A float32 output in the format that its numbers are stored in: that of the first input in float16 or bfloat16, if there is one."""
    short = [x.dtype for x in inputs if x.dtype.name in SHORT]
    return y.astype(short[0]) if short and y.dtype == np.float32 else y


def per_axis(value: Any, axes: int, name: str, least: int = 0) -> tuple[int, ...]:
    """A setting given as one integer or as one integer for each spatial axis, as a tuple. Raises SettingError."""
    values = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,) * axes
    if len(values) == 1:
        values *= axes
    if len(values) != axes or not all(is_whole(v) and least <= v < MOST for v in values):
        raise SettingError(
            "{name}={value!r}: expected an integer >= {least}, or {axes} of them (one for each spatial axis)",
            name=name,
            value=value,
            least=least,
            axes=axes,
        )
    return tuple(int(v) for v in values)


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number; True and False are none."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def require_axis(layer: Text, size: int) -> None:
    """Raise ShapeError for an axis that is longer than any array's."""
    if size >= MOST:
        raise ShapeError("{layer} would make an axis of {size} cells, longer than that of any array", layer=layer, size=size)


def axis_number(value: Any, name: str) -> int:
    """A setting that names an axis, counted from 0 or backwards from -1. Raises SettingError."""
    if not is_whole(value):
        raise SettingError(
            "{name}={value!r}: expected a whole number, the axis counted from 0, or from -1 backwards", name=name, value=value
        )
    return int(value)


@dataclass(frozen=True)
class Batched:
    """An input whose batch axis may have been left out, with that axis put back: ``Batched.of(x, rank)``."""

    array: Array
    added: bool

    @classmethod
    def of(cls, x: Array, rank: int) -> "Batched":
        """``x`` with ``rank`` axes; one axis is added in front if it has one fewer."""
        return cls(x, False) if x.ndim == rank else cls(x[None], True)

    def off(self, y: Array) -> Array:
        """A result without the batch axis, if the input had none."""
        return y[0] if self.added else y

    def on(self, y: Array) -> Array:
        """An array of the user's shape with the batch axis."""
        return y[None] if self.added else y

    def lines(self, came: "Lines | None") -> "Lines | None":
        """The lines of the user's array with the batch axis."""
        return None if came is None else came.map(self.on)

    def cells(self, cells: Array | None) -> Array | None:
        """Cells (k, axes) of the user's array as cells with a batch index."""
        return np.insert(cells, 0, 0, axis=1) if self.added and cells is not None else cells


def cell_in(cell: Iterable[SupportsIndex], shape: Shape, name: Text) -> Cell:
    """A cell as non-negative indices. Negative ones count from the end; a leading 0 may be left out where that axis has length 1."""
    given = tuple(int(i) for i in cell)
    full = (0, *given) if len(given) == len(shape) - 1 and shape[:1] == (1,) else given
    if len(full) != len(shape):
        raise CellError(
            "{name} has shape {shape}, so a cell has {expected}, counted from 0; got {cell}",
            name=name,
            shape=shape,
            expected=plural("{n} index", "{n} indices", n=len(shape)),
            cell=given,
        )
    for axis, (index, size) in enumerate(zip(full, shape, strict=True)):
        if not -size <= index < size:
            raise CellError(
                "{name} has shape {shape}: index {axis} of a cell goes from 0 to {last}, got {index} in {cell}",
                name=name,
                shape=shape,
                axis=axis,
                last=size - 1,
                index=index,
                cell=given,
            )
    return tuple(index % size for index, size in zip(full, shape, strict=True))


def fresh(outputs: Sequence[Array], inputs: Sequence[Array]) -> tuple[Array, ...]:
    """Outputs as C-contiguous arrays of their own, which a caller may overwrite: none is a view of an input or of another output."""
    found: list[Array] = []
    for y in outputs:
        y = np.asarray(y, order="C")
        found.append(y.copy() if any(np.may_share_memory(y, other) for other in (*inputs, *found)) else y)
    return tuple(found)


def at_cells(array: Array, cells: Array | None) -> Array:
    """The numbers of an array at some cells, (k, ndim) -> (k,); all of them in their shape for None."""
    if cells is None:
        return array
    found = array[tuple(cells.T)]
    return found if array.ndim else np.full(len(cells), found)
