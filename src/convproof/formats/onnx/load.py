"""``load("model.onnx")``."""

from pathlib import Path

from convproof.core.sentence import say
from convproof.formats.files import existing, reading
from convproof.formats.onnx.file import read_model
from convproof.formats.onnx.graph import network_of
from convproof.network.network import Network


def load_onnx(path: str | Path) -> Network:
    """The network of an ONNX file, in eval mode. Raises FileError, and GraphError where its wiring makes no sense."""
    found = existing(path)
    with reading(found, say("an ONNX model")):
        return network_of(read_model(found))
