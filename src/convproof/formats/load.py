"""Models by name: those that come with convproof, and functions in a user's own file."""

import re
from pathlib import Path

from convproof.core.errors import SettingError
from convproof.core.sentence import Sentence, listed, say
from convproof.formats.embedded import MODELS, embedded_model
from convproof.formats.factory import names_of_functions, run_factory
from convproof.network.network import Network

WEIGHTS = (".safetensors", ".npz", ".npy", ".pt", ".pth", ".ckpt", ".bin")
ELSEWHERE = (".keras", ".h5", ".tflite", ".pb", ".pt2", ".mlmodel", ".caffemodel")


def load(model: str | Path) -> Network:
    """A network: a .onnx file, an embedded one by name ("walkthrough"), or "net.py:factory", what that function in that file returns.

    Such a file is run, as its name says; nothing else ever runs code from a file. A network comes in the mode in which it was made, one
    from a .onnx file in eval mode.

    Raises UnknownNameError for an unknown name, FileError for a file that is missing, damaged, or a function that fails, GraphError for a
    model that cannot be wired, SettingError for what holds no network.
    """
    text = str(model)
    if text in MODELS:
        return embedded_model(text)
    if call := re.fullmatch(r"(?s)(.+\.py):(.*)", text):  # a Windows path has a colon of its own: C:\net.py:make
        return run_factory(call[1], call[2])
    if text.lower().endswith(".onnx"):
        from convproof.formats.onnx.load import load_onnx

        return load_onnx(text)
    _refuse(text)
    return embedded_model(text)


def _refuse(text: str) -> None:
    """Raise SettingError for a file that holds no network, or none that can be read yet."""
    ending = Path(text).suffix.lower()
    if ending == ".py":
        functions = names_of_functions(text)
        raise SettingError(
            "{model}: which function makes the network? write {model}:NAME{known}",
            model=text,
            known=say("; the file defines {names}", names=listed(functions)) if functions else "",
        )
    if ending in WEIGHTS:
        raise SettingError(
            "{model} holds arrays and no network; load the network first, then its weights: network.load_weights({model!r}), "
            "or --weights {model} on the command line. {possible}",
            model=text,
            possible=_possible(),
        )
    if ending in ELSEWHERE:
        raise SettingError(
            "{model}: {ending} files are not read here; export the model to ONNX, as docs/models.md shows. {possible}",
            model=text,
            ending=ending,
            possible=_possible(),
        )


def _possible() -> Sentence:
    return say("A network is a .onnx file, net.py:factory for a function in your own file, or one of {names}", names=listed(MODELS))
