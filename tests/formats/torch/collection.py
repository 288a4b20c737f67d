"""PyTorch modules as people write them. Each is small, and each has a habit that a reader of modules must know."""

from tests.formats.torch import habits, networks
from tests.formats.torch.entries import COLLECTION, DELEGATED, EXAMPLE, SHAPES

__all__ = ["COLLECTION", "DELEGATED", "EXAMPLE", "SHAPES", "habits", "networks"]
