"""ONNX's operators that these layers are read from. What is an attribute in an old operator set is an input in a new one."""

import math
from typing import Any

import numpy as np

from convproof.core.axes import axis_number
from convproof.core.layer import Layer
from convproof.core.operators import Call, Operator
from convproof.layers.reshape.axes import Identity, Permute, Squeeze, Transpose, Unsqueeze
from convproof.layers.reshape.base import moves_input
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


def einsum(call: Call) -> Layer | None:
    """Of one operand, with two axes exchanged, as Transpose is written."""
    old, arrow, new = str(call.setting("equation")).replace(" ", "").replace("...", ".").partition("->")
    other = [k for k, (a, b) in enumerate(zip(old, new, strict=False)) if a != b]
    plain = arrow and len(call.arguments) == 1 and sorted(old) == sorted(new) and len(set(old)) == len(old)
    if not plain or len(other) != 2 or "." in (old[other[0]], old[other[1]]):
        return None
    open_at = old.find(".") if "." in old else len(old)
    return Transpose(*(k if k < open_at else k - len(old) for k in other))


def _onnx(name: str, read: Any) -> Operator:
    return Operator("onnx", (name,), moves_input(read))


FROM_ONNX = (
    _onnx("Flatten", flatten),
    _onnx("Reshape", lambda call: Reshape(call.integers(1, call.setting("shape")), bool(call.setting("allowzero", 0)))),
    _onnx("Transpose", lambda call: Permute(call.setting("perm"))),
    _onnx("Squeeze", lambda call: Squeeze(axes_of(call), strict=True)),
    _onnx("Unsqueeze", lambda call: Unsqueeze(axes_of(call))),
    _onnx("Identity", lambda call: Identity()),
    _onnx("DepthToSpace", lambda call: DepthToSpace(call.setting("blocksize"), call.setting("mode", "DCR"))),
    _onnx("SpaceToDepth", lambda call: SpaceToDepth(call.setting("blocksize"), call.setting("mode", "DCR"))),
    _onnx("Slice", slice_of),
    _onnx("Split", split),
    _onnx("Gather", gather),
    _onnx("Einsum", einsum),
    _onnx("Expand", lambda call: Expand(call.integers(1))),
    _onnx("Tile", lambda call: Tile(call.integers(1))),
)
