"""ONNX's attributes of windows, which several rooms read. A damaged file may have anything in them."""

from typing import Any

from convproof.core.errors import GraphError
from convproof.core.operators import Call
from convproof.core.sentence import listed
from convproof.core.shapes import Shape
from convproof.core.window import SAME

WORDS = ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")


def kernel_of(call: Call, weight: Shape) -> Shape:
    """The spatial sizes of a weight, which ``kernel_shape`` repeats. Raises GraphError where it does not."""
    kernel, said = tuple(weight[2:]), call.setting("kernel_shape")
    if said is not None and not (isinstance(said, tuple) and said == kernel):
        raise GraphError("{name}: kernel_shape={said} does not fit a weight of shape {weight}", name=call.name, said=said, weight=weight)
    return kernel


def padding_of(call: Call, axes: int) -> Any:
    """``auto_pad`` and ``pads`` as one (before, after) pair an axis, or as "same_upper" or "same_lower". Raises GraphError."""
    word = str(call.setting("auto_pad", "NOTSET")) or "NOTSET"
    if word not in WORDS:
        raise GraphError("{name}: auto_pad={word!r} should be one of {words}", name=call.name, word=word, words=listed(WORDS))
    if word.lower() in SAME:
        return word.lower()
    pads = call.setting("pads", (0,) * 2 * axes) if word == "NOTSET" else (0,) * 2 * axes
    if not isinstance(pads, tuple) or len(pads) != 2 * axes or not all(isinstance(p, int) and p >= 0 for p in pads):
        raise GraphError(
            "{name}: pads={pads} should be {count} numbers that are not negative: all begins, then all ends",
            name=call.name,
            pads=pads,
            count=2 * axes,
        )
    return tuple(zip(pads[:axes], pads[axes:], strict=True))
