"""One array that a target wrote down: where it stands, what it is called there, and how to read it."""

from collections.abc import Callable
from dataclasses import dataclass

from convproof.core.resolution import Resolution
from convproof.core.sentence import Text
from convproof.core.shapes import Array


@dataclass(frozen=True)
class Written:
    """The numbers as they were read, of any numeric dtype and any shape (flat where the file says none).

    ``resolution`` says how finely they were written down; None: what the dtype says. ``layout`` names the order of the axes, such as
    "nhwc"; None: not known.
    """

    array: Array
    resolution: Resolution | None = None
    layout: str | None = None


@dataclass(frozen=True)
class Dump:
    """One array of a file, not yet read.

    ``name`` is the target's own: the stem of the file, the name in an archive, the identifier in C, the heading in a log. ``where`` says
    where it stands, for messages. ``read`` reads it; raises FileError and DTypeError.
    """

    name: str
    where: Text
    read: Callable[[], Written]
