"""How PyTorch says normalisations with statistics as outputs, or with other parameters than torch.nn's."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from convproof.core.calls import Called, Calls, Input, Own
from convproof.core.operators import Result
from convproof.core.shapes import Shape

if TYPE_CHECKING:
    from convproof.layers.norm.group import GroupNorm
    from convproof.layers.norm.instance import InstanceNormalisation
    from convproof.layers.norm.layernorm import LayerNorm
    from convproof.layers.norm.local import LocalResponseNorm
    from convproof.layers.norm.rms import RMSNorm

AFFINE = (Own("weight"), Own("bias"))


def group(layer: "GroupNorm", shape: Shape) -> Calls | None:
    """native_group_norm gives mean and inv_std too; a scale for each group is repeated for its channels."""
    if not (layer.per_group or layer.statistics):
        return None
    own = [name for name in ("weight", "bias") if layer.arrays[name] is not None]
    repeats = [Called("repeat_interleave", (Own(name), layer.each if layer.per_group else 1)) for name in own]
    weight, bias = (Result(own.index(name)) if name in own else None for name in ("weight", "bias"))
    sizes = (shape[0], shape[1], math.prod(shape[2:]))
    call = Called("native_group_norm", (Input(), weight, bias, *sizes, layer.num_groups, float(layer.eps)))
    last = len(repeats)
    return Calls(*repeats, call, outputs=tuple(Result(last, k) for k in range(3 if layer.statistics else 1)))


def last_axes(layer: "LayerNorm") -> Calls | None:
    """native_layer_norm gives mean and inv_std too."""
    if not layer.statistics:
        return None
    return Calls(Called("native_layer_norm", (Input(), layer.normalized_shape, *AFFINE, float(layer.eps))))


def rms(layer: "RMSNorm", axes: Sequence[int]) -> Calls | None:
    """The inverse root by itself."""
    if not layer.statistics:
        return None
    eps = float(layer.eps_used)
    return Calls(
        Called("nn.functional.rms_norm", (Input(), layer.normalized_shape, Own("weight"), eps)),
        Called("square"),
        Called("mean", (Result(1),), {"dim": tuple(axes), "keepdim": True}),
        Called("add", (Result(2), eps)),
        Called("rsqrt", (Result(3),)),
        outputs=(Result(0), Result(4)),
    )


def instance(layer: "InstanceNormalisation", own: bool) -> Calls:
    """By the statistics of the instance, or by the running ones."""
    running = (None, None) if own else (Own("running_mean"), Own("running_var"))
    settings = {"use_input_stats": own, "momentum": 0.0, "eps": float(layer.eps)}
    return Calls(Called("nn.functional.instance_norm", (Input(), *running, *AFFINE), settings))


def local(layer: "LocalResponseNorm") -> Calls | None:
    """With the channels turned round, where the longer half of the window lies on the other side."""
    if layer.longer == "before":
        return None
    settings = {"size": layer.size, "alpha": layer.alpha, "beta": layer.beta, "k": layer.k}
    turned = Called("flip", (Input(), (1,)))
    return Calls(turned, Called("nn.functional.local_response_norm", (Result(0),), settings), Called("flip", (Result(1), (1,))))
