"""The paddings of torch.nn, by mode and number of axes.

``padding`` is one number, or (left, right, top, bottom, front, back) as far as there are axes.
"""

from typing import Any

from convproof.layers.pad.layer import PadNd


class ConstantPadNd(PadNd):
    """A constant round the array."""

    def __init__(self, padding: Any, value: Any) -> None:
        super().__init__(padding)
        self.value = value

    def settings(self) -> dict[str, Any]:
        """Amounts and constant."""
        return {"padding": self.padding, "value": self.value}


class ConstantPad1d(ConstantPadNd):
    """``value`` before and after the last axis, of an array of any shape; negative ``padding`` cuts cells off."""

    axes = 1


class ConstantPad2d(ConstantPadNd):
    """``value`` round the last two axes, of an array of any shape; negative ``padding`` cuts cells off."""

    axes = 2


class ConstantPad3d(ConstantPadNd):
    """``value`` round the last three axes, of an array of any shape; negative ``padding`` cuts cells off."""

    axes = 3


class ZeroPadNd(ConstantPadNd):
    """Zeros round the array."""

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def settings(self) -> dict[str, Any]:
        """The amounts."""
        return {"padding": self.padding}


class ZeroPad1d(ZeroPadNd):
    """Zeros before and after the last axis, of an array of any shape; negative ``padding`` cuts cells off."""

    axes = 1


class ZeroPad2d(ZeroPadNd):
    """Zeros round the last two axes, of an array of any shape; negative ``padding`` cuts cells off."""

    axes = 2


class ZeroPad3d(ZeroPadNd):
    """Zeros round the last three axes, of an array of any shape; negative ``padding`` cuts cells off."""

    axes = 3


class ReflectionPadNd(PadNd):
    """The array in a mirror at its edge cells, which are not repeated."""

    mode, ranks, room = "reflect", (1, 2), -1


class ReflectionPad1d(ReflectionPadNd):
    """(N, C, W) or (C, W) with its mirror image before and after the last axis."""

    axes = 1


class ReflectionPad2d(ReflectionPadNd):
    """(N, C, H, W) or (C, H, W) with its mirror image round the last two axes."""

    axes = 2


class ReflectionPad3d(ReflectionPadNd):
    """(N, C, D, H, W) or (C, D, H, W) with its mirror image round the last three axes."""

    axes = 3


class ReplicationPadNd(PadNd):
    """The edge cells of the array, repeated."""

    mode, ranks = "replicate", (1, 2)


class ReplicationPad1d(ReplicationPadNd):
    """(N, C, W) or (C, W) with its edge repeated before and after the last axis."""

    axes = 1


class ReplicationPad2d(ReplicationPadNd):
    """(N, C, H, W) or (C, H, W) with its edge repeated round the last two axes."""

    axes = 2


class ReplicationPad3d(ReplicationPadNd):
    """(N, C, D, H, W) or (C, D, H, W) with its edge repeated round the last three axes."""

    axes = 3


class CircularPadNd(PadNd):
    """The array's other end, as if the axis were a ring."""

    mode, ranks, room = "circular", (1, 2), 0


class CircularPad1d(CircularPadNd):
    """(N, C, W) or (C, W) with its other end before and after the last axis."""

    axes = 1


class CircularPad2d(CircularPadNd):
    """(N, C, H, W) or (C, H, W) with its other ends round the last two axes."""

    axes = 2


class CircularPad3d(CircularPadNd):
    """(N, C, D, H, W) or (C, D, H, W) with its other ends round the last three axes."""

    axes = 3
