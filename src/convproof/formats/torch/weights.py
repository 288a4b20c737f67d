"""State dicts in torch's own files. They are pickles: only tensors are read from them, and no code is ever run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convproof.core.errors import FileError
from convproof.core.sentence import listed, say
from convproof.core.shapes import Array
from convproof.formats.files import existing, reading
from convproof.formats.torch.modules import array_of

ENDINGS = (".pt", ".pth", ".ckpt", ".bin")
WRAPPERS = ("state_dict", "model_state_dict", "model")


def read_state(path: str | Path) -> dict[str, Array]:
    """The arrays of a state dict by name; one that lies in a checkpoint under "state_dict" or "model" is found there.

    Raises FileError for a file that is missing, broken, or holds anything but tensors and plain numbers.
    """
    found = existing(path)
    try:
        import torch
    except ImportError:
        raise FileError("{path}: torch's own files need torch to read them: pip install 'convproof[torch]'", path=found) from None
    with reading(found, say("a torch file")):
        try:
            state = torch.load(found, map_location="cpu", weights_only=True)
        except Exception as error:
            if "weights_only" in str(error) or "Unsupported" in str(error):
                raise FileError(
                    "{path} holds more than arrays, and code in a file is never run; save the weights alone in torch: "
                    "torch.save(model.state_dict(), path)",
                    path=found,
                ) from error
            raise
        return arrays_of(state, found)


def arrays_of(state: Any, path: Path) -> dict[str, Array]:
    """The tensors of a loaded state dict. Raises FileError."""
    wrapped = next((key for key in WRAPPERS if isinstance(state, Mapping) and isinstance(state.get(key), Mapping)), None)
    if wrapped:
        state = state[wrapped]
    if not isinstance(state, Mapping):
        raise FileError("{path} holds {kind}, no state dict; save model.state_dict()", path=path, kind=type(state).__name__)
    other = [str(key) for key, value in state.items() if not hasattr(value, "detach")]
    if other:
        raise FileError("{path} is no state dict: {other} are no tensors; save model.state_dict()", path=path, other=listed(other, most=4))
    return {str(key): array_of(value) for key, value in state.items()}
