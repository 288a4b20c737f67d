"""``load``: a network from an embedded name, or from a function in somebody's own file."""

import difflib
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from convproof.core.errors import FileError, SettingError, UnknownNameError
from convproof.core.layer import Layer
from convproof.formats.arrays import existing
from convproof.formats.embedded import embedded_model
from convproof.network.network import Network

FACTORY = re.compile(r"(?P<file>.*\.py):(?P<function>\w+)")


def load(model: str | Path) -> Network:
    """A network by name: "walkthrough" comes with convproof, "net.py:factory" runs that file and calls its function without arguments.

    The function returns a Network or a Layer, which becomes a network of one. Raises UnknownNameError for an unknown name, FileError for a
    missing file or one that fails, SettingError for what cannot be loaded.
    """
    name = str(model)
    if found := FACTORY.fullmatch(name):
        return _network(_call(existing(found["file"]), found["function"]), name)
    suffix = Path(name).suffix.lower()
    if suffix == ".py":
        raise SettingError("{name}: name the function that returns the network, as in {name}:make", name=name)
    if suffix in (".safetensors", ".npz", ".npy", ".pt", ".pth"):
        raise SettingError("{name} holds weights and no network: give a model, and the weights by --weights or load_weights", name=name)
    if suffix or "/" in name or "\\" in name:
        raise SettingError("{name} cannot be loaded: expected an embedded name such as walkthrough, or net.py:factory", name=name)
    return embedded_model(name)


def _call(file: Path, function: str) -> Any:
    module = _module(file)
    factory = getattr(module, function, None)
    if not callable(factory):
        own = [key for key, value in vars(module).items() if callable(value) and getattr(value, "__module__", None) == module.__name__]
        near = difflib.get_close_matches(function, own, 3, 0.5)
        hint = "did you mean " + " or ".join(near) + "?" if near else f"it has {', '.join(own) or 'none'}"
        raise UnknownNameError("{file} has no function {function!r}; {hint}", file=file, function=function, hint=hint)
    return _guarded(factory, file, f"{function}()")


def _module(file: Path) -> ModuleType:
    """The file as a module; its own folder is searched for what it imports."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise FileError("{file} cannot be run as Python", file=file)
    module = importlib.util.module_from_spec(spec)
    folder = str(file.parent.absolute())
    sys.path.insert(0, folder)
    try:
        _guarded(lambda: spec.loader.exec_module(module), file, "the file")
    finally:
        sys.path.remove(folder)
    return module


def _guarded(run: Any, file: Path, what: str) -> Any:
    try:
        return run()
    except Exception as error:
        raise FileError(
            "{file}: {what} failed with {kind}: {error}", file=file, what=what, kind=type(error).__name__, error=error
        ) from error


def _network(made: Any, name: str) -> Network:
    if isinstance(made, Network):
        return made
    if isinstance(made, Layer):
        return Network({type(made).__name__.lower(): (made, *_inputs(made))}, inputs=_inputs(made))
    raise SettingError("{name} returned {found}; expected a convproof Network or Layer", name=name, found=type(made).__name__)


def _inputs(layer: Layer) -> tuple[str, ...]:
    return ("input",) if len(layer.input_names) == 1 else layer.input_names
