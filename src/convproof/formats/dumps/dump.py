"""One array that a target wrote down: where it stands, what it is called there, and how to read it."""

from collections.abc import Callable
from dataclasses import dataclass

from convproof.core.resolution import Decimals, Resolution
from convproof.core.sentence import Sentence, Text
from convproof.core.shapes import Array
from convproof.formats.dumps.raw_bytes import RawFile


@dataclass(frozen=True)
class Written:
    """The numbers as they were read, of any numeric dtype and any shape (flat where the file says none).

    ``resolution`` says how finely they were written down; None: what the dtype says. ``layout`` names the order of the axes, such as
    "nhwc"; None: not known. ``notes`` are what is to be said of how they were read.
    """

    array: Array
    resolution: Resolution | None = None
    layout: str | None = None
    notes: tuple[Sentence, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether they were written as whole numbers: by their dtype, or in a text none with a point."""
        text = self.resolution
        return self.array.dtype.kind in "iu" or (isinstance(text, Decimals) and isinstance(text.step, float) and text.step == 1.0)


@dataclass(frozen=True)
class Dump:
    """One array of a file, not yet read.

    ``name`` is the target's own: the stem of the file, the name in an archive, the identifier in C, the heading in a log. ``where`` says
    where it stands, for messages. ``read`` reads it; raises FileError and DTypeError.
    """

    name: str
    where: Text
    read: Callable[[], Written]
    raw: RawFile | None = None
