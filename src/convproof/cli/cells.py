"""Cells on the command line: ``--at 0,0,2,1`` with ``--layer bn1``, or ``--at bn1:0,0,2,1``."""

from collections.abc import Sequence

from convproof.core.errors import SettingError
from convproof.core.shapes import Cell


def parse_cell(text: str) -> Cell:
    """0,0,2,1 as a cell. Raises SettingError."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise SettingError("{text!r} is not a cell: expected whole numbers with commas between them, such as 0,0,2,1", text=text) from None


def parse_address(at: str | None, layer: str | None, names: Sequence[str]) -> tuple[str | None, Cell | None]:
    """Layer and cell from --at and --layer. A name before the last colon counts, unless --at holds numbers alone."""
    if at is None:
        return layer, None
    name, colon, numbers = at.rpartition(":")
    if not colon and at not in names:
        return layer, parse_cell(at)
    if layer is not None and name != layer:
        raise SettingError("--at {at!r} names a layer, and --layer {layer!r} another one; name it once", at=at, layer=layer)
    if not colon:
        return at, None
    return name, parse_cell(numbers)
