"""What two rooms of convolutions share: the names of their axes, and what channels and inputs they cannot take, said in sentences."""

from convproof.core.errors import SettingError, ShapeError
from convproof.core.records import Setting
from convproof.core.sentence import say
from convproof.core.shapes import Shape

AXES = {1: "W", 2: "H, W", 3: "D, H, W"}
SPATIAL = {axes: names.replace(",", "") for axes, names in AXES.items()}  # as the layouts of weights are written
LETTERS = {1: ("i", "u"), 2: ("ij", "uv"), 3: ("ijk", "uvw")}  # the places along each axis, and the taps of the kernel
PADDING_LETTERS = "pqr"  # a padding that depends on the input's size, axis by axis
CAFFE = (Setting("out_channels", "num_output"), Setting("groups", "group", 1), Setting("bias", "bias_term", True))


def check_channels(in_channels: int, out_channels: int, groups: int) -> None:
    """Raise SettingError unless both channel counts are positive and divisible by ``groups``."""
    if in_channels < 1 or out_channels < 1:
        raise SettingError("in_channels={into} and out_channels={out} must be positive", into=in_channels, out=out_channels)
    if groups < 1 or in_channels % groups or out_channels % groups:
        raise SettingError(
            "groups={groups} must divide in_channels={into} and out_channels={out}", groups=groups, into=in_channels, out=out_channels
        )


def check_input(layer: str, shape: Shape, channels: int, axes: int) -> None:
    """Raise ShapeError unless ``shape`` is (N, C, *sizes) or (C, *sizes) with the right C, and no size is 0."""
    if len(shape) not in (axes + 1, axes + 2) or shape[-axes - 1] != channels:
        last = len(shape) in (axes + 1, axes + 2) and shape[-1] == channels
        order = (0, len(shape) - 1, *range(1, len(shape) - 1)) if len(shape) == axes + 2 else (len(shape) - 1, *range(len(shape) - 1))
        raise ShapeError(
            "{layer} expects x of shape (N, {channels}, {axes}), or without N; got {shape}{hint}",
            layer=layer,
            channels=channels,
            axes=AXES[axes],
            shape=shape,
            hint=say(". It looks like channels last: try x.transpose{order}", order=order) if last else "",
        )
    if 0 in shape[-axes:]:
        raise ShapeError("{layer} got x of shape {shape}: only N may be 0, there is nothing to lay the kernel on", layer=layer, shape=shape)
