"""What a convolution cannot take, said in sentences."""

from collections.abc import Sequence

from convproof.core.arithmetic.padding import MODES
from convproof.core.errors import SettingError, ShapeError
from convproof.core.shapes import Shape
from convproof.core.window import Window

AXES = {1: "W", 2: "H, W", 3: "D, H, W"}


def check_mode(mode: str) -> None:
    """Raise SettingError for an unknown padding mode."""
    if mode not in MODES:
        raise SettingError("padding_mode={mode!r}: expected one of {modes}", mode=mode, modes=", ".join(MODES))


def check_channels(in_channels: int, out_channels: int, groups: int) -> None:
    """Raise SettingError unless both channel counts are positive and divisible by ``groups``."""
    if in_channels < 1 or out_channels < 1:
        raise SettingError("in_channels={into} and out_channels={out} must be positive", into=in_channels, out=out_channels)
    if groups < 1 or in_channels % groups or out_channels % groups:
        raise SettingError(
            "groups={groups} must divide in_channels={into} and out_channels={out}", groups=groups, into=in_channels, out=out_channels
        )


def check_input(layer: str, shape: Shape, channels: int, axes: int) -> None:
    """Raise ShapeError unless ``shape`` is (N, C, *sizes) or (C, *sizes) with the right C."""
    if len(shape) not in (axes + 1, axes + 2) or shape[-axes - 1] != channels:
        last = len(shape) in (axes + 1, axes + 2) and shape[-1] == channels
        order = (0, len(shape) - 1, *range(1, len(shape) - 1)) if len(shape) == axes + 2 else (len(shape) - 1, *range(len(shape) - 1))
        raise ShapeError(
            "{layer} expects x of shape (N, {channels}, {axes}), or without N; got {shape}{hint}",
            layer=layer,
            channels=channels,
            axes=AXES[axes],
            shape=shape,
            hint=f". It looks like channels last: try x.transpose{order}" if last else "",
        )


def check_fits(layer: str, shape: Shape, windows: Sequence[Window], mode: str) -> None:
    """Raise ShapeError if the window does not fit into the padded input, or the padding shows more than the input has."""
    sizes = shape[-len(windows) :]
    if 0 in sizes:
        raise ShapeError("{layer} got x of shape {shape}: only N may be 0, there is nothing to lay the kernel on", layer=layer, shape=shape)
    if any(w.outputs(size) < 1 for w, size in zip(windows, sizes, strict=True)):
        raise ShapeError(
            "{layer} spans {extent} cells, more than the padded input {padded} has (input shape {shape}); pad more or use a smaller kernel",
            layer=layer,
            extent=tuple(w.extent for w in windows),
            padded=tuple(size + w.before + w.after for w, size in zip(windows, sizes, strict=True)),
            shape=shape,
        )
    limit = {"reflect": -1, "circular": 0}.get(mode)
    if limit is not None and any(max(w.before, w.after) > size + limit for w, size in zip(windows, sizes, strict=True)):
        raise ShapeError(
            "{layer} pads by more than {mode} padding can show of an input of shape {shape}; pad less than the input's size",
            layer=layer,
            mode=mode,
            shape=shape,
        )
