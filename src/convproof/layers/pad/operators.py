"""How graph formats write padding."""

from typing import Any

import numpy as np

from convproof.core.errors import SettingError
from convproof.core.layer import Layer
from convproof.core.operators import Call, Operator, Result, Written
from convproof.layers.pad.layer import Amounts, Pad
from convproof.layers.pad.sided import (
    ReflectionPad1d,
    ReflectionPad2d,
    ReflectionPad3d,
    ReplicationPad1d,
    ReplicationPad2d,
    ReplicationPad3d,
)

ONNX_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
MODES = {theirs: ours for ours, theirs in ONNX_MODES.items()}


def from_onnx(call: Call) -> Layer:
    """All beginnings before all ends; attributes before opset 11, axes since 18. Axes that stay as they are, are left out."""
    pads = call.integers(1, call.setting("pads")) or ()
    value = call.number(2, call.setting("value"))
    axes = call.integers(3) or tuple(range(len(pads) // 2))
    if len(pads) != 2 * len(axes):
        raise SettingError("pads={pads}, axes={axes}: expected two numbers for each padded axis", pads=pads, axes=axes)
    pairs = zip(pads[: len(axes)], pads[len(axes) :], strict=True)
    amounts = {axis: pair for axis, pair in zip(axes, pairs, strict=True) if any(pair)}
    named = str(call.setting("mode", "constant"))
    mode = MODES.get(named, named)
    flat = tuple(amount for pair in amounts.values() for amount in pair)
    return Pad(flat, mode, value if mode == "constant" else None, dims=tuple(amounts))


def from_torch(call: Call) -> Layer:
    """torch.nn.functional.pad"""
    return Pad(call.integers(1), call.value(2, "constant"), call.number(3))


def written(amounts: Amounts, mode: str, value: Any) -> tuple[Written, ...]:
    """ONNX Pad. Of cells cut off and cells put on, a ring does the first first, a mirror the second."""
    parts = [amounts]
    if mode != "constant" and any(min(pair) < 0 < max(pair) for pair in amounts.values()):
        cut = {axis: (min(before, 0), min(after, 0)) for axis, (before, after) in amounts.items()}
        put = {axis: (max(before, 0), max(after, 0)) for axis, (before, after) in amounts.items()}
        parts = [cut, put] if mode == "circular" else [put, cut]

    def node(k: int, part: Amounts) -> Written:
        pads = np.array([*(before for before, _ in part.values()), *(after for _, after in part.values())], np.int64)
        cuts_only = all(max(pair) <= 0 for pair in part.values())
        kind = "constant" if cuts_only else ONNX_MODES[mode]
        constant = value if kind == "constant" and not cuts_only else None
        return Written("Pad", (Result(k - 1) if k else 0, pads, constant, np.array(list(part), np.int64)), {"mode": kind})

    return tuple(node(k, part) for k, part in enumerate(parts))


SIDED = {
    "reflection_pad1d": ReflectionPad1d,
    "reflection_pad2d": ReflectionPad2d,
    "reflection_pad3d": ReflectionPad3d,
    "replication_pad1d": ReplicationPad1d,
    "replication_pad2d": ReplicationPad2d,
    "replication_pad3d": ReplicationPad3d,
}


def _sided(kind: Any) -> Any:
    return lambda call: kind(call.integers(1))


OPERATORS = (
    Operator("onnx", ("Pad",), from_onnx),
    Operator("torch", ("pad",), from_torch, ("input", "pad", "mode", "value")),
    Operator("torch", ("constant_pad_nd",), lambda call: Pad(call.integers(1), "constant", call.number(2)), ("input", "pad", "value")),
    Operator("torch", ("_pad_circular",), lambda call: Pad(call.integers(1), "circular"), ("input", "pad")),
    *(Operator("torch", (name,), _sided(kind), ("input", "padding")) for name, kind in SIDED.items()),
)
