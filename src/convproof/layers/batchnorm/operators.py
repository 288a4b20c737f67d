"""How graph formats write a batch normalisation.

ONNX's momentum weighs the old value. Its training form gives the running statistics back as outputs and keeps none; its running variance
is the biased one. PyTorch's native functions give the mean and 1/sqrt(var + eps) back too.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from convproof.core.errors import NotCoveredError
from convproof.core.layer import Layer
from convproof.core.operators import FOLLOWS_MODULE, Call, Operator, Read, Result, Written
from convproof.layers.batchnorm.base import BatchNormalisation
from convproof.layers.batchnorm.layer import BatchNorm

EPS, MOMENTUM = float(np.float32(1e-5)), float(np.float32(0.9))  # ONNX's attributes are float32
ONNX_PLACES = {"weight": 1, "bias": 2, "running_mean": 3, "running_var": 4}
MOVED = ("running_mean", "running_var")
NATIVE = ("mean", "inv_std")


def read_onnx(call: Call) -> Read:
    """BatchNormalization, of any version. Whether it trains, the attributes say, before version 14 the number of outputs."""
    training = bool(call.setting("training_mode", 0)) if call.version >= 14 else call.outputs > 1 and not call.setting("is_test", 0)
    outputs = (*MOVED, "mean", "var")[: call.outputs - 1] if training else ()
    layer = BatchNorm(
        _features(call, (1, 2, 3, 4)),
        call.setting("epsilon", EPS),
        round(1 - call.setting("momentum", MOMENTUM), 9),  # 0.1 for 1 - 0.9, as somebody wrote it
        statistics_of="batch" if training else None,
        outputs=outputs,
        biased=training,
    )
    return _with(layer, call, ONNX_PLACES)


def of_function(call: Call) -> Read:
    """batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps); torch.batch_norm has weight and bias first"""
    places = ONNX_PLACES if call.has(8) else {"running_mean": 1, "running_var": 2, "weight": 3, "bias": 4}
    return _torch(call, places, call.value(5, False), call.value(6, 0.1), call.value(7, 1e-5), ())


def native(call: Call) -> Read:
    """native_batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps) and its like"""
    return _torch(call, ONNX_PLACES, call.value(5, False), call.value(6, 0.1), call.value(7, 1e-5), NATIVE)


def functional(call: Call) -> Read:
    """The same; what the running statistics become is given back too."""
    return _torch(call, ONNX_PLACES, call.value(5, False), call.value(6, 0.1), call.value(7, 1e-5), (*NATIVE, *MOVED))


def no_training(call: Call) -> Read:
    """_native_batch_norm_legit_no_training(input, weight, bias, running_mean, running_var, momentum, eps), of an export in eval mode"""
    return _torch(call, ONNX_PLACES, FOLLOWS_MODULE, call.value(5, 0.1), call.value(6, 1e-5), NATIVE)


def _torch(call: Call, places: dict[str, int], training: Any, momentum: Any, eps: float, outputs: Sequence[str]) -> Read:
    """A function that is told its mode, or follows its module's. Without running statistics it can only use the batch."""
    tracked = call.has(places["running_mean"])
    fixed = None if training is FOLLOWS_MODULE or not tracked else "batch" if training else "running"
    layer = BatchNorm(
        _features(call, tuple(places.values())),
        eps,
        momentum,
        affine=call.has(places["weight"]) or call.has(places["bias"]),
        track_running_stats=tracked,
        bias=call.has(places["bias"]),
        statistics_of=fixed,
        outputs=outputs,
    )
    return _with(layer, call, places)


def _features(call: Call, places: tuple[int, ...]) -> Any:
    """The shape of the statistics: that of any array with one number a channel, else the channels of x."""
    found = next((call.shape(k) for k in places if call.has(k)), None)
    found = call.shape(0)[1:2] if found is None else found
    return found[0] if len(found) == 1 else found


def _with(layer: Layer, call: Call, places: dict[str, int]) -> Read:
    """The layer with the arrays of the call, each in its own precision."""
    present = {name: k for name, k in places.items() if call.has(k)}
    for name, k in present.items():
        if call.dtype(k) == np.float64:
            layer.declare(name, layer.arrays[name].shape, np.float64)
    return Read(layer, (0,), present)


def written(layer: BatchNormalisation) -> tuple[Written, ...]:
    """BatchNormalization; in its training form, which always has three outputs, where the batch is used in eval too.

    In eval further outputs are read off the running statistics. The training form gives those too, as ONNX moves them, and nothing else.
    Raises NotCoveredError.
    """
    if len(layer.features) > 1:
        raise NotCoveredError(
            "{layer} has statistics for every cell, which ONNX has not had since version 9: put a Flatten before it and use BatchNorm1d",
            layer=layer.describe(),
        )
    shape, dtype = layer.features, layer.dtype
    names = [name for name in ONNX_PLACES if layer.arrays[name] is not None]
    empty = {"weight": np.ones(shape, dtype), "bias": np.zeros(shape, dtype), "running_mean": np.zeros(shape, dtype)}
    empty["running_var"] = empty["weight"]
    settings = {"epsilon": float(layer.eps), "momentum": 1 - (0.1 if layer.momentum is None else float(layer.momentum))}
    arrays = (name if name in names else empty[name] for name in ONNX_PLACES)
    further = tuple(getattr(layer, "outputs", ()))
    if not layer.uses_batch(False):
        return (*_of_running(layer, further), Written("BatchNormalization", (0, *arrays), settings))
    given = ("running_mean", "running_var") if getattr(layer, "biased", False) else ()
    if further != given[: len(further)]:
        raise NotCoveredError(
            "{layer} gives statistics of the batch that ONNX does not give: leave them out of outputs={outputs}",
            layer=layer.describe(),
            outputs=further,
        )
    return (Written("BatchNormalization", (0, *arrays), settings | {"training_mode": 1}, 3),)


def _of_running(layer: BatchNormalisation, further: tuple[str, ...]) -> tuple[Written, ...]:
    """The nodes of further outputs in eval."""
    nodes: list[Written] = []
    for k, name in enumerate(further, 1):
        if name == "inv_std":
            j = len(nodes)
            nodes += [Written("Add", ("running_var", np.asarray(layer.eps, layer.dtype))), Written("Sqrt", (Result(j),))]
            nodes.append(Written("Reciprocal", (Result(j + 1),), gives=(k,)))
        else:
            nodes.append(Written("Identity", ("running_mean" if name.endswith("mean") else "running_var",), gives=(k,)))
    return tuple(nodes)


SIGNATURE = ("input", "weight", "bias", "running_mean", "running_var", "training", "momentum", "eps")
# torch.batch_norm takes a ninth argument by position, cudnn_enabled; in a graph of ATen operators all have names
FUNCTION = ("input", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps", "ninth", "cudnn_enabled")
OPERATORS = (
    Operator("onnx", ("BatchNormalization",), read_onnx),
    Operator("torch", ("batch_norm",), of_function, FUNCTION),
    Operator("torch", ("native_batch_norm", "_native_batch_norm_legit"), native, SIGNATURE),
    Operator("torch", ("_native_batch_norm_legit_functional",), functional, SIGNATURE),
    Operator(
        "torch",
        ("_native_batch_norm_legit_no_training",),
        no_training,
        ("input", "weight", "bias", "running_mean", "running_var", "momentum", "eps"),
    ),
)
