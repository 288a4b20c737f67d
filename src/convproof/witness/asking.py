"""``ask``: somebody else's numbers for a network, by name."""

from collections.abc import Callable, Sequence
from typing import Any

from convproof.core.errors import SettingError
from convproof.core.sentence import either
from convproof.core.shapes import Array
from convproof.network.network import Network
from convproof.witness.answer import Answer, needing


def ask(witness: Any, network: Network, inputs: Sequence[Array]) -> tuple[Answer, ...]:
    """What a witness computes for a network on some inputs, one array for each of the network's. Changes nothing.

    ``witness``: one of WITNESSES, a torch.nn.Module, or a function. "torch" computes every layer by PyTorch, from PyTorch's own arrays
    before it, in the layers' own modes. "onnxruntime" gives two answers: of the graph as it is written, with every array, and of its
    optimised graph, with the outputs alone. "onnx-reference" computes every layer by ONNX's reference evaluator. A module gives the
    outputs of its submodules by name; a function gets the inputs and gives an array, a tuple (the outputs in order) or a mapping by name.

    Raises SettingError for an unknown witness, and for a package that is not installed, with the line that installs it.
    """
    if isinstance(witness, str):
        if witness not in WITNESSES:
            raise SettingError(
                "{witness!r} is no witness; expected {known}, a torch.nn.Module or a function", witness=witness, known=either(WITNESSES)
            )
        return WITNESSES[witness](network, inputs)
    if hasattr(witness, "register_forward_hook"):
        from convproof.witness.module import of_module

        return (of_module(witness, network, inputs),)
    if callable(witness):
        from convproof.witness.function import of_function

        return (of_function(witness, network, inputs),)
    raise SettingError(
        "a witness is {known}, a torch.nn.Module or a function; got {found}", known=either(WITNESSES), found=type(witness).__name__
    )


def _torch(network: Network, inputs: Sequence[Array]) -> tuple[Answer, ...]:
    from convproof.witness.stand_ins import layer_by_layer
    from convproof.witness.torch_layers import step_in_torch

    with needing("torch"):
        import torch  # noqa: F401
    return (layer_by_layer("torch", network.graph, inputs, step_in_torch),)


def _onnxruntime(network: Network, inputs: Sequence[Array]) -> tuple[Answer, ...]:
    from convproof.witness.runtime import by_runtime

    return by_runtime(network, inputs)


def _onnx_reference(network: Network, inputs: Sequence[Array]) -> tuple[Answer, ...]:
    from convproof.witness.reference import by_reference

    return (by_reference(network, inputs),)


WITNESSES: dict[str, Callable[[Network, Sequence[Array]], tuple[Answer, ...]]] = {
    "torch": _torch,
    "onnxruntime": _onnxruntime,
    "onnx-reference": _onnx_reference,
}
