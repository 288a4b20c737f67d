"""ONNX's operators that these layers are read from. What is an attribute in an old operator set is an input in a new one."""

import math
from typing import Any

import numpy as np

from convproof.core.axes import axis_number
from convproof.core.layer import Layer
from convproof.core.operators import Call, Operator
from convproof.layers.reshape.axes import Identity, Permute, Squeeze, Unsqueeze
from convproof.layers.reshape.cut import Gather, Slice
from convproof.layers.reshape.flatten import Flatten, Reshape
from convproof.layers.reshape.parts import Chunk, Split
from convproof.layers.reshape.repeat import Expand, Tile
from convproof.layers.reshape.shuffle import DepthToSpace, SpaceToDepth


def flatten(call: Call) -> Layer:
    """Always two axes. Axis 1 is torch's Flatten, but for a vector; all others are a Reshape."""
    axis, shape = axis_number(call.setting("axis", 1), "axis"), getattr(call.arguments[0], "shape", None)
    if axis == 1 and (shape is None or len(shape) > 1):
        return Flatten()
    if axis in (0, 1):
        return Reshape((1, -1) if axis == 0 else (0, -1))
    shape = call.shape(0)
    after = math.prod(shape[axis:])
    return Reshape((-1, after)) if after else Reshape((math.prod(shape[:axis]), 0), allowzero=True)


def axes_of(call: Call) -> Any:
    """The axes, None where none are named."""
    return call.integers(1, call.setting("axes"))


def slice_of(call: Call) -> Layer:
    """Starts, ends, axes, steps."""
    if call.version < 10:
        return Slice(call.setting("starts"), call.setting("ends"), call.setting("axes"))
    return Slice(call.integers(1), call.integers(2), call.integers(3), call.integers(4))


def split(call: Call) -> Layer:
    """Listed sizes, or equal ones."""
    axis, sizes = call.setting("axis", 0), call.integers(1, call.setting("split"))
    return Chunk(call.setting("num_outputs", call.outputs), axis) if sizes is None else Split(sizes, axis)


def gather(call: Call) -> Layer:
    """Indices that are known."""
    return Gather(np.asarray(call.array(1)), call.setting("axis", 0))


FROM_ONNX = (
    Operator("onnx", ("Flatten",), flatten),
    Operator("onnx", ("Reshape",), lambda call: Reshape(call.integers(1, call.setting("shape")), bool(call.setting("allowzero", 0)))),
    Operator("onnx", ("Transpose",), lambda call: Permute(call.setting("perm"))),
    Operator("onnx", ("Squeeze",), lambda call: Squeeze(axes_of(call), strict=True)),
    Operator("onnx", ("Unsqueeze",), lambda call: Unsqueeze(axes_of(call))),
    Operator("onnx", ("Identity",), lambda call: Identity()),
    Operator("onnx", ("DepthToSpace",), lambda call: DepthToSpace(call.setting("blocksize"), call.setting("mode", "DCR"))),
    Operator("onnx", ("SpaceToDepth",), lambda call: SpaceToDepth(call.setting("blocksize"), call.setting("mode", "DCR"))),
    Operator("onnx", ("Slice",), slice_of),
    Operator("onnx", ("Split",), split),
    Operator("onnx", ("Gather",), gather),
    Operator("onnx", ("Expand",), lambda call: Expand(call.integers(1))),
    Operator("onnx", ("Tile",), lambda call: Tile(call.integers(1))),
)
