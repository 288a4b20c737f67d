"""PyTorch modules read into layers and networks: torch.fx follows what a module does, torch.export helps where it cannot."""

from typing import Any

from convproof.core.layer import Layer
from convproof.network.network import Network


def from_torch(module: Any, example: Any = None) -> Layer | Network:
    """A layer for a single torch.nn module that we have, else a network with the module's names, in the module's mode.

    ``example`` is an input, or a tuple of inputs, by which torch.export can follow what torch.fx cannot (decisions by a shape); the
    network is then made for inputs of that shape. Parameters and statistics are copied; the module is not changed. Arguments of its forward
    that have a default are left out.

    Raises GraphError for a module that cannot be followed, with the line where it stopped and what to do.
    """
    from convproof.formats.torch.trace import read_module

    return read_module(module, example)
