"""How graph formats write a dropout.

A call of torch's function says itself whether it drops: ``F.dropout(x, p)`` drops in eval too, since training=True is its default. Only
``F.dropout(x, p, self.training)`` follows the mode.
"""

from collections.abc import Callable

from convproof.core.operators import FOLLOWS_MODULE, Call, Operator
from convproof.layers.dropout import layer
from convproof.layers.dropout.base import Dropping

CALLED = ("input", "p", "training", "inplace")


def _onnx(call: Call) -> Dropping:
    """ratio and training_mode are inputs from version 12 on; before, the ratio is an attribute, and nothing drops while a model is used.

    (Version 6 has is_test, 0 unless set: taken at its word it would drop in old models that everybody runs as they are.)
    """
    if call.version < 12:
        p, active = call.setting("ratio", 0.5), False
    else:
        p, active = call.number(1, 0.5), bool(call.number(2, False))
    return layer.Dropout(p, seed=call.setting("seed"), active=active or None, return_mask=call.outputs > 1)


def _active(call: Call, training: bool) -> bool | None:
    """Whether a call drops whatever the mode of the layer; None where it follows the mode of its module."""
    found = call.value(2, training)
    return None if found is FOLLOWS_MODULE else bool(found)


def _called(kind: Callable[..., Dropping], training: bool) -> Callable[[Call], Dropping]:
    """A call with p and training, which is ``training`` where it is left out."""
    return lambda call: kind(call.number(1, 0.5), active=_active(call, training))


def _native(call: Call) -> Dropping:
    """ATen's, which gives the mask too; train may be None, which is True."""
    return layer.Dropout(call.number(1), active=_active(call, True), return_mask=True)


OPERATORS: dict[str, tuple[Operator, ...]] = {
    "Dropout": (
        Operator("onnx", ("Dropout",), _onnx),
        Operator("torch", ("dropout",), _called(layer.Dropout, True), CALLED),
        Operator("torch", ("native_dropout",), _native, ("input", "p", "train")),
    ),
    "Dropout1d": (Operator("torch", ("dropout1d",), _called(layer.Dropout1d, True), CALLED),),
    "Dropout2d": (Operator("torch", ("dropout2d", "feature_dropout"), _called(layer.Dropout2d, True), CALLED),),
    "Dropout3d": (Operator("torch", ("dropout3d",), _called(layer.Dropout3d, True), CALLED),),
    "AlphaDropout": (Operator("torch", ("alpha_dropout",), _called(layer.AlphaDropout, False), CALLED),),
    "FeatureAlphaDropout": (Operator("torch", ("feature_alpha_dropout",), _called(layer.FeatureAlphaDropout, False), CALLED),),
}
