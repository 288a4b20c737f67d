"""The collection of PyTorch modules as people write them, and how one enters it.

``SHAPES`` are the input shapes of a module where they are not ``(2, 3, 9, 11)``; ``EXAMPLE`` names those that only torch.export can follow;
``DELEGATED`` the functions that are left to torch.
"""

from torch import nn

COLLECTION: dict[str, type[nn.Module]] = {}
SHAPES: dict[str, tuple[tuple[int, ...], ...]] = {}
EXAMPLE: set[str] = set()
DELEGATED: dict[str, set[str]] = {}


def entry(*shapes, example=False, delegated=()):
    """Enter a module class into the collection."""

    def enter(kind):
        COLLECTION[kind.__name__] = kind
        SHAPES[kind.__name__] = shapes or ((2, 3, 9, 11),)
        if example:
            EXAMPLE.add(kind.__name__)
        DELEGATED[kind.__name__] = set(delegated)
        return kind

    return enter
