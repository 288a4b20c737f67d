"""A single torch.nn module as the layer of the same name, with its settings, parameters and statistics."""

from collections.abc import Mapping
from inspect import Parameter, signature
from typing import Any

import numpy as np

from convproof.core.errors import GraphError
from convproof.core.initialise import left_at_zero
from convproof.core.layer import Layer
from convproof.core.shapes import Array
from convproof.layers.catalogue import LAYERS

NOT_SETTINGS = ("self", "device", "dtype", "bias", "seed")


def is_known(module: Any) -> bool:
    """Whether a module is one of torch.nn's own that a layer of ours has the name of."""
    kind = type(module)
    return kind.__module__.startswith("torch.nn") and kind.__name__ in LAYERS


def layer_of(module: Any) -> Layer:
    """The layer, in the module's mode, with copies of its arrays. Raises GraphError for a module with hooks."""
    name = type(module).__name__
    if vars(module)["_forward_hooks"] or vars(module)["_forward_pre_hooks"]:
        raise GraphError("a {name} has forward hooks, which nobody would see here; remove them, or make them a module", name=name)
    arrays = {key: array_of(tensor) for key, tensor in module.state_dict().items()}
    with left_at_zero():
        layer = LAYERS[name](**settings_of(module, LAYERS[name], arrays))
    layer.load_state_dict(arrays)
    return layer.train(bool(module.training))


def settings_of(module: Any, make: type[Layer], arrays: Mapping[str, Array]) -> dict[str, Any]:
    """The arguments that make a layer like the module: its attributes of the same names."""
    known = signature(make.__init__).parameters
    if any(parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD) for parameter in known.values()):
        return {}
    found = {key: plain(getattr(module, key)) for key in known if key not in NOT_SETTINGS and hasattr(module, key)}
    if "bias" in known:
        bias = getattr(module, "bias", None)
        found["bias"] = bias if isinstance(bias, bool) else bias is not None
    floats = [array.dtype for array in arrays.values() if array.dtype.kind in "fV"]
    return found | ({"dtype": floats[0]} if "dtype" in known and floats else {})


def array_of(tensor: Any) -> Array:
    """A copy of a CPU tensor as an array; bfloat16 too, which torch cannot hand over itself."""
    import torch

    tensor = tensor.detach().cpu()
    if tensor.dtype == torch.bfloat16:
        import ml_dtypes

        return np.asarray(tensor.float().numpy(), ml_dtypes.bfloat16)
    return np.array(tensor.numpy())


def plain(value: Any) -> Any:
    """A setting as plain numbers: tensors of one number become that number, torch sizes become tuples."""
    if hasattr(value, "detach"):
        return value.detach().numpy().tolist()
    return tuple(map(plain, value)) if isinstance(value, list | tuple) else value
