"""What is no layer of ours: Python's arithmetic on shapes, and functions that are left to torch itself, marked as delegated."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from convproof.core.shapes import Array
from convproof.network.delegated import Delegated


class FromModule(int):
    """0, as the ``training`` of a module that is traced in eval mode: it can be told from a False that somebody wrote."""


def gives_number(name: str, arguments: Sequence[Any]) -> bool:
    """Whether a call asks a tensor for its shape or the like."""
    return name in ("size", "dim", "ndimension", "numel", "sym_size") or (name == "getattr" and arguments[1] in ("shape", "ndim"))


def of_shape(node: Any, name: str) -> Delegated:
    """x.shape, x.size(1), x.dim(), x.numel() of the one tensor that the node reads."""
    axis = node.args[1] if name in ("size", "sym_size") and len(node.args) > 1 else node.kwargs.get("dim")

    def function(x: Array) -> Sequence[Any]:
        if name in ("dim", "ndimension") or (name == "getattr" and node.args[1] == "ndim"):
            return [np.int64(x.ndim)]
        if name == "numel":
            return [np.int64(x.size)]
        return [np.array(x.shape, np.int64) if axis is None else np.int64(x.shape[axis])]

    return Delegated("shape" if name == "getattr" else name, function, 1, data=(), of_shape=True)


def of_numbers(node: Any, name: str, inputs: Sequence[Any]) -> Delegated:
    """A Python function of numbers that were computed from shapes."""

    def function(*arrays: Array) -> Sequence[Any]:
        return [np.asarray(called(node, dict(zip(inputs, map(_number, arrays), strict=True))))]

    return Delegated(name, function, len(inputs), data=())


def delegated(
    node: Any, name: str, inputs: Sequence[Any], numbers: Sequence[bool], known: Mapping[Any, Array], module: Any = None
) -> Delegated:
    """A torch function, or a ``module`` that is none of ours, called with tensors in every run."""

    def function(*arrays: Array) -> Sequence[Any]:
        import torch

        given: dict[Any, Any] = {n: torch.from_numpy(np.array(a)) for n, a in known.items()}
        for n, array, number in zip(inputs, arrays, numbers, strict=True):
            given[n] = _number(array) if number else torch.from_numpy(np.array(array))
        with torch.no_grad():
            found = called(node, given, module)
        return [y.numpy() if hasattr(y, "numpy") else np.asarray(y) for y in (found if isinstance(found, list | tuple) else [found])]

    return Delegated(name, function, len(inputs), data=tuple(k for k, number in enumerate(numbers) if not number))


def called(node: Any, values: Mapping[Any, Any], module: Any = None) -> Any:
    """What the node's function or method gives for these values of its inputs."""
    from torch.fx.node import Node, map_aggregate

    def value(argument: Any) -> Any:
        return values[argument] if isinstance(argument, Node) else bool(argument) if isinstance(argument, FromModule) else argument

    arguments, named = map_aggregate(node.args, value), map_aggregate(node.kwargs, value)
    if node.op == "call_method":
        return getattr(arguments[0], node.target)(*arguments[1:], **named)
    return (module or node.target)(*arguments, **named)


def _number(array: Array) -> Any:
    """A number, or a tuple of numbers, as Python has them."""
    return array.item() if array.ndim == 0 else tuple(array.tolist())
