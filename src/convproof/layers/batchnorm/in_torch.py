"""How PyTorch says a batch normalisation that names its statistics or gives them back: by functions, with the features as one axis."""

import math
from typing import TYPE_CHECKING, Any

from convproof.core.calls import Called, Calls, Input, Own
from convproof.core.operators import Result
from convproof.core.shapes import Shape

if TYPE_CHECKING:
    from convproof.layers.batchnorm.layer import BatchNorm


def named(layer: "BatchNorm", shape: Shape, training: bool) -> Calls:
    """y, and the statistics that ``outputs`` names."""
    of_batch, count = layer.uses_batch(training), math.prod(layer.features)
    calls = [Called("reshape", (Input(), (shape[0], count, *shape[1 + len(layer.features) :])))]

    def then(function: str, *arguments: Any, **settings: Any) -> Result:
        calls.append(Called(function, arguments, settings))
        return Result(len(calls) - 1)

    def flat(name: str) -> Any:
        return None if layer.arrays[name] is None else then("reshape", Own(name), (-1,))

    running = (flat("running_mean"), flat("running_var"))
    given = (None, None) if of_batch else running
    y = then(
        "nn.functional.batch_norm", Result(0), *given, flat("weight"), flat("bias"), training=of_batch, momentum=0.0, eps=float(layer.eps)
    )
    axes = (0, *range(2, len(shape) - len(layer.features) + 1))
    found: dict[str, Any] = {"y": then("reshape", y, shape)}
    if layer.outputs:
        mean = then("mean", Result(0), axes) if of_batch else running[0]
        var = then("var", Result(0), axes, correction=0) if of_batch else running[1]
        found |= {"mean": mean, "var": var, "inv_std": then("rsqrt", then("add", var, float(layer.eps)))}
        found |= dict(zip(("running_mean", "running_var"), running, strict=True))
    if of_batch and {"running_mean", "running_var"} & set(layer.outputs):
        weight = layer.weight_of_new(layer.num_batches_tracked + 1)
        taught = found["var"] if layer.biased else then("var", Result(0), axes, correction=1)
        found |= {"running_mean": then("lerp", running[0], mean, weight), "running_var": then("lerp", running[1], taught, weight)}
    outputs = (found["y"], *(then("reshape", found[name], layer.features) for name in layer.outputs))
    return Calls(*calls, outputs=outputs)
