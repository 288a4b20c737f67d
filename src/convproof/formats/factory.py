"""``net.py:factory``: run a user's file, call one function in it without arguments, and take the network that it returns."""

import ast
import difflib
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from convproof.core.errors import FileError, UnknownNameError
from convproof.core.layer import Layer
from convproof.core.sentence import did_you_mean, listed, say
from convproof.formats.files import existing
from convproof.formats.torch import from_torch
from convproof.network.network import Network

PREFIX = "convproof_model_"


def run_factory(file: str, function: str) -> Network:
    """The network that ``function`` of ``file`` returns; a layer becomes a network of one node, named by its class in lower case.

    A torch.nn.Module is read by ``from_torch``.
    """
    path = existing(file)
    with _running(path):
        module = _executed(path, file)
        make = getattr(module, function, None)
        if not callable(make):
            _unknown(file, function, module)
        try:
            made = make()
        except (Exception, SystemExit) as error:
            raise _failed(f"{file}:{function}", path, error) from error
    if hasattr(made, "named_modules"):
        made = from_torch(made)
    if isinstance(made, Layer):
        return _alone(made)
    if not isinstance(made, Network):
        raise FileError(
            "{model} returned {found}; expected a network or a layer of convproof, or a torch.nn.Module: "
            "return what Sequential or Network made",
            model=f"{file}:{function}",
            found=say("None, so it may lack a return")
            if made is None
            else say("an object of type {module}.{name}", module=type(made).__module__, name=type(made).__name__),
        )
    return made


def names_of_functions(file: str) -> list[str]:
    """The functions that a file defines, read without running it. Raises FileError for a missing file."""
    path = existing(file)
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return []
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]


@contextmanager
def _running(path: Path) -> Iterator[None]:
    """As if by ``python net.py``: modules beside the file can be imported while it runs.

    They are forgotten afterwards, so that a file in another folder never meets these ones under the same name.
    """
    folder = path.parent.absolute()
    usual = folder in (Path(entry).absolute() for entry in sys.path)
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        if str(folder) in sys.path:
            sys.path.remove(str(folder))
        fresh = () if usual else set(sys.modules) - before
        for name in [name for name in fresh if _stands_in(sys.modules[name.partition(".")[0]], folder)]:
            del sys.modules[name]


def _stands_in(module: types.ModuleType, folder: Path) -> bool:
    """Whether a module is a file of this folder, or a package that is a folder in it."""
    file = Path(getattr(module, "__file__", None) or "/")
    return folder == (file.parent.parent if file.stem == "__init__" else file.parent)


def _executed(path: Path, file: str) -> types.ModuleType:
    """The file's module, run afresh: no bytecode is kept that could be older than the file."""
    module = types.ModuleType(PREFIX + path.stem)
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses look their module up there
    try:
        exec(compile(path.read_bytes(), str(path), "exec"), vars(module))
    except (Exception, SystemExit) as error:
        raise _failed(file, path, error) from error
    return module


def _failed(what: str, path: Path, error: BaseException) -> FileError:
    """The sentence about a user's code that raised ``error``, with the last line of the user's file that was running."""
    line = error.lineno if isinstance(error, SyntaxError) else None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return FileError(
        "{what} failed{where}: {kind}: {text}",
        what=what,
        where=say(" at line {line}", line=line) if line else "",
        kind=type(error).__name__,
        text=error.msg if isinstance(error, SyntaxError) else str(error),
    )


def _unknown(file: str, function: str, module: types.ModuleType) -> NoReturn:
    own = [name for name, value in vars(module).items() if isinstance(value, types.FunctionType) and value.__module__ == module.__name__]
    near = difflib.get_close_matches(function, own, 3, 0.5)
    raise UnknownNameError(
        "{file} has no function {function!r}; {hint}",
        file=file,
        function=function,
        hint=did_you_mean(near) if near else say("it defines {names}", names=listed(own) if own else say("none")),
    )


def _alone(layer: Layer) -> Network:
    """A network of one layer, in the layer's own mode."""
    name = type(layer).__name__.lower()
    inputs = ("input",) if len(layer.input_names) == 1 else layer.input_names
    network = Network({name: (layer, *inputs)}, inputs=inputs)
    network.training = layer.training
    return network
