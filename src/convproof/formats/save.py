"""Weights and traces into files and back, for ``Network.save``, ``Network.load_weights`` and ``Trace.save``."""

from pathlib import Path

from convproof.core.errors import UnknownNameError
from convproof.core.sentence import Sentence, listed, say
from convproof.formats.arrays import read_arrays, write_arrays
from convproof.formats.torch.weights import ENDINGS as TORCH
from convproof.formats.torch.weights import read_state
from convproof.network.network import Network
from convproof.network.trace import Trace


def save_network(network: Network, path: str | Path) -> None:
    """Write the whole network to a .onnx file; all parameters and statistics, by name, to .safetensors or .npz. Raises FileError."""
    if Path(path).suffix.lower() == ".onnx":
        from convproof.formats.onnx.write import save_onnx

        save_onnx(network, path)
    else:
        write_arrays(path, network.state_dict())


def load_weights(network: Network, path: str | Path, strict: bool = True) -> None:
    """Set parameters and statistics from a .safetensors, .npz or torch file; nothing is set if anything does not fit.

    Raises FileError, UnknownNameError for missing or unknown names unless ``strict`` is False, ShapeError for wrong shapes.
    """
    state = read_state(path) if Path(path).suffix.lower() in TORCH else read_arrays(path)
    own = network.state_dict()
    if not any(name in own for name in state):
        raise UnknownNameError(
            "{path} holds nothing that the network has: it holds {found}, the network {own}",
            path=path,
            found=_listed(list(state)),
            own=_listed(list(own)),
        )
    network.load_state_dict(state, strict)


def save_trace(trace: Trace, path: str | Path) -> None:
    """Write all arrays of a trace, by name, to a .npz or .safetensors file. Raises FileError."""
    write_arrays(path, trace.arrays)


def _listed(names: list[str]) -> Sentence:
    return listed(names, most=4) if names else say("nothing")
