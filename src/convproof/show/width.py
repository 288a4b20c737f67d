"""How many columns a text takes in a terminal: a Chinese character takes two."""

import io
import re
from shutil import get_terminal_size
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table
# a blank; a Chinese character with the marks that may not begin a line; a word
_PIECES = re.compile(r"\s+|（?[\u3400-\u9fff][，。：；、？！）]*|[^\s\u3400-\u9fff（]+|（")
NARROW = 40  # in fewer columns nothing is legible
_OURS = str.maketrans("²≈", "2=")  # what English texts have beyond ASCII


def width(text: str) -> int:
    """Columns of a text."""
    if text.translate(_OURS).isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def ljust(text: str, columns: int) -> str:
    """A text with spaces behind it, up to ``columns``."""
    return text + " " * (columns - width(text))


def rjust(text: str, columns: int) -> str:
    """A text with spaces before it, up to ``columns``."""
    return " " * (columns - width(text)) + text


def fits(text: str, columns: int) -> int:
    """How many characters of a text fit into so many columns."""
    if width(text) == len(text):
        return min(len(text), columns)
    room = columns
    for k, character in enumerate(text):
        room -= width(character)
        if room < 0:
            return k
    return len(text)


def filled(text: str, columns: int) -> str:
    """A text in lines of at most so many columns, broken at blanks and between Chinese characters; a longer word has a line of its own."""
    lines = [""]
    for piece in _PIECES.findall(text):
        if width((lines[-1] + piece).rstrip()) > columns and lines[-1]:
            lines.append("")
        lines[-1] += piece if lines[-1] or not piece.isspace() else ""
    return "\n".join(line.rstrip() for line in lines)


def printed(table: "Table", columns: int) -> list[str]:
    """The lines of a table, in at most so many columns."""
    from rich.console import Console

    shown = io.StringIO()
    Console(file=shown, width=columns, color_system=None, legacy_windows=False).print(table)
    return [line.rstrip() for line in shown.getvalue().rstrip().splitlines()]


def of_terminal(most: int) -> int:
    """Columns of the terminal that a text is printed in, at most so many; ``most`` where there is no terminal."""
    return max(NARROW, min(most, get_terminal_size((most, 0)).columns))
