"""The shape that brackets say: ``[[1 2 3] [4 5 6]]`` is 2 x 3. Without recursion, however deep they are nested."""

from collections.abc import Sequence

import numpy as np

from convproof.core.shapes import Array, Shape

DEEPEST = 32  # NumPy's arrays have at most 64 axes, those of a network fewer than ten
SEPARATORS = b" \t\r\n\v\f,;[](){}|<>\"'"
PARTS_WORDS = np.isin(np.arange(256), np.frombuffer(SEPARATORS, np.uint8))


class UnbalancedError(ValueError):
    """A bracket without its partner; ``at`` is where it stands."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


def shape_of(text: bytes, pair: bytes = b"[]") -> Shape | None:
    """The shape of the numbers between brackets; None if there are none, or groups of different lengths.

    One outermost bracket stands for the array itself, several are the first axis. Raises UnbalancedError.
    """
    marks = np.frombuffer(text, np.uint8)
    at = np.flatnonzero((marks == pair[0]) | (marks == pair[1]))
    if not len(at):
        return None
    opens = marks[at] == pair[0]
    depth = np.cumsum(np.where(opens, 1, -1))
    check_balance(at, opens, depth)
    deepest = int(depth.max())
    if deepest > DEEPEST:
        return None
    starts = [at[opens & (depth == k)] for k in range(1, deepest + 1)]
    ends = [at[~opens & (depth == k - 1)] for k in range(1, deepest + 1)]
    sizes = [len(starts[0])]
    for k, inside in enumerate([*starts[1:], starts_of_words(marks)]):
        size = members(inside, starts[k], ends[k])
        if size is None:
            return None
        sizes.append(size)
    return tuple(sizes[1:] if sizes[0] == 1 else sizes)


def starts_of_words(marks: Array) -> Array:
    """Where a text's words begin; ``marks`` are its bytes."""
    parts = PARTS_WORDS[marks]
    return np.flatnonzero(~parts & np.concatenate(([True], parts[:-1])))


def members(inside: Array, starts: Array, ends: Array) -> int | None:
    """How many of ``inside`` (their places, ascending) each group holds; None if not all the same, or if some lie outside all groups."""
    held = np.searchsorted(inside, ends) - np.searchsorted(inside, starts)
    if int(held.sum()) != len(inside) or (held != held[0]).any():
        return None
    return int(held[0])


def check_balance(at: Array, opens: Array, depth: Array) -> None:
    """Raise UnbalancedError for the first bracket that is closed and never opened, or the last that is never closed."""
    if depth.min() < 0:
        raise UnbalancedError(int(at[np.argmax(depth < 0)]))
    if depth[-1] > 0:
        raise UnbalancedError(int(at[opens][-1]))


def closing(text: bytes, starts: Sequence[int]) -> list[int | None]:
    """For each "{" at one of ``starts`` (ascending) the place behind the "}" that closes it; None if nothing does."""
    marks = np.frombuffer(text, np.uint8)
    at = np.flatnonzero((marks == ord("{")) | (marks == ord("}")))
    depth = np.cumsum(np.where(marks[at] == ord("{"), 1, -1))
    found: list[int | None] = []
    for start in starts:
        first = int(np.searchsorted(at, start))
        found.append(_first_at(depth, int(depth[first]) - 1, first, at))
    return found


def _first_at(depth: Array, wanted: int, first: int, at: Array) -> int | None:
    """Where the depth is first back at ``wanted``; looked for in growing pieces, so that many small arrays cost little."""
    size = 64
    while first < len(depth):
        hits = np.flatnonzero(depth[first : first + size] == wanted)
        if len(hits):
            return int(at[first + hits[0]]) + 1
        first, size = first + size, 2 * size
    return None
