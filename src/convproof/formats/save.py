"""Weights and traces to and from files."""

from pathlib import Path

from convproof.formats.arrays import read_arrays, write_arrays
from convproof.network.network import Network
from convproof.network.trace import Trace


def save_network(network: Network, path: str | Path) -> None:
    """All parameters and statistics by name, to .safetensors or .npz."""
    write_arrays(path, network.state_dict())


def load_weights(network: Network, path: str | Path, strict: bool = True) -> None:
    """Parameters and statistics by name, from .safetensors or .npz; the network is unchanged if anything does not fit."""
    network.load_state_dict(read_arrays(path), strict)


def save_trace(trace: Trace, path: str | Path) -> None:
    """Every array of a trace by name, to .npz or .safetensors."""
    write_arrays(path, {name: trace[name] for name in trace})
