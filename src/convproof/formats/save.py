"""Weights and traces into files and back, for ``Network.save``, ``Network.load_weights`` and ``Trace.save``."""

from pathlib import Path

from convproof.core.errors import FileError, UnknownNameError
from convproof.core.sentence import Sentence, listed, say
from convproof.formats.arrays import read_arrays, write_arrays
from convproof.network.network import Network
from convproof.network.trace import Trace

TORCH = (".pt", ".pth", ".ckpt", ".bin")


def save_network(network: Network, path: str | Path) -> None:
    """Write all parameters and statistics, by name, to a .safetensors or .npz file. Raises FileError."""
    if Path(path).suffix.lower() == ".onnx":
        raise FileError("{path}: networks are not written as .onnx yet; their weights go into .safetensors or .npz", path=path)
    write_arrays(path, network.state_dict())


def load_weights(network: Network, path: str | Path, strict: bool = True) -> None:
    """Set parameters and statistics from a .safetensors or .npz file; nothing is set if anything does not fit.

    Raises FileError, UnknownNameError for missing or unknown names unless ``strict`` is False, ShapeError for wrong shapes.
    """
    if Path(path).suffix.lower() in TORCH:
        raise FileError(
            "{path}: torch's own files are not read yet; in Python, "
            "network.load_state_dict(torch.load(path, weights_only=True)) does it, or write it with safetensors.torch.save_file",
            path=path,
        )
    state = read_arrays(path)
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
