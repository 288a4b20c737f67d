"""The convolution that users meet: torch.nn's names, signature and defaults."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np

from convproof.core.arithmetic.padding import unpad
from convproof.core.axes import Batched
from convproof.core.calls import Calls
from convproof.core.channels import check_channels, check_input
from convproof.core.derivation import Node
from convproof.core.fusing import Addition, Fusible, Pointwise, ScaleShift, scaled
from convproof.core.guards import no_device
from convproof.core.initialise import default_weight_and_bias
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import Lines
from convproof.core.operators import Operator, Written, with_batch
from convproof.core.parameters import Parameter
from convproof.core.records import Convention, Mistake, Precision
from convproof.core.shapes import Array, Cell, DType, Region, Shape, Sizes
from convproof.core.window import SAME, Window, as_given
from convproof.layers.conv import bound, checks, conventions, derive, formula, geometry, gradient, sums


class Conv(Layer):
    """What convolutions of any number of spatial axes share."""

    only_floats = True
    weight = Parameter("out_channels, in_channels / groups, *kernel_size")
    bias = Parameter("out_channels")
    axes: int
    transposed = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: object = None,
        dtype: DType = None,
        *,
        seed: int | None = None,
    ) -> None:
        super().__init__(dtype=dtype)
        no_device(device)
        check_channels(in_channels, out_channels, groups)
        checks.check_mode(padding_mode)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.windows: tuple[Window, ...] = geometry.conv_windows(kernel_size, stride, padding, dilation, self.axes)
        self.padding_mode = padding_mode
        self.kernel_size = tuple(w.kernel for w in self.windows)
        self.stride = tuple(w.stride for w in self.windows)
        self.dilation = tuple(w.dilation for w in self.windows)
        self.padding = padding if isinstance(padding, str) else as_given(self.windows)
        self.output_padding = (0,) * self.axes
        self.declare("weight", (out_channels, in_channels // groups, *self.kernel_size))
        self.declare("bias", (out_channels,) if bias else None)
        self.reset_parameters(seed)

    def reset_parameters(self, seed: int | None = None) -> None:
        """Weight and bias uniform in +-1/sqrt(C/g * kernel), as torch draws them."""
        default_weight_and_bias(self, seed)

    def settings(self) -> dict[str, Any]:
        """The settings that differ from the defaults."""
        always = {"in_channels": self.in_channels, "out_channels": self.out_channels, "kernel_size": self.kernel_size}
        usual = {"stride": (1,) * self.axes, "padding": (0,) * self.axes, "dilation": (1,) * self.axes, "groups": 1}
        rest = {name: getattr(self, name) for name, value in usual.items() if getattr(self, name) != value}
        if self.arrays["bias"] is None:
            rest["bias"] = False
        return always | rest | ({} if self.padding_mode == "zeros" else {"padding_mode": self.padding_mode})

    def windows_on(self, shape: Shape) -> tuple[Window, ...]:
        """The windows on an input of this shape; only a padding of "same_upper" or "same_lower" depends on it."""
        return geometry.windows_on(self.windows, self.padding, shape[-self.axes :])

    def equation(self) -> str:
        """The formula with this layer's own stride, dilation and padding filled in; p, q, r where the padding depends on the input."""
        return self._equation(self.windows, self.padding in SAME)

    def equation_of(self, case: Case) -> str:
        """The formula on this input."""
        return self._equation(self.windows_on(case.x.shape), False)

    def _equation(self, windows: Sequence[Window], unknown_padding: bool) -> str:
        groups = None if self.groups == 1 else (self.in_channels // self.groups, self.out_channels // self.groups)
        return geometry.equation(windows, groups, self.bias is not None, unknown_padding)

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """(N, C, *sizes) -> (N, O, *outputs); the batch axis may be left out."""
        self.names_of(len(shapes))
        (shape,) = shapes
        check_input(self.describe(), shape, self.in_channels, self.axes)
        windows = self.windows_on(shape)
        checks.check_fits(self.describe(), shape, windows, self.padding_mode)
        outputs = (w.outputs(size) for w, size in zip(windows, shape[-self.axes :], strict=True))
        return ((*shape[: -self.axes - 1], self.out_channels, *outputs),)

    def step(self, *inputs: Array, training: bool, draw: Any = None, state: Mapping[str, Array] | None = None) -> Step:
        """The convolution; training mode makes no difference."""
        return self.evaluated(inputs[0], self.weight, self.bias, training)

    def evaluated(self, x: Array, weight: Array, bias: Array | None, training: bool) -> Step:
        """A step with other weights than the layer's own."""
        batch = Batched.of(x, self.axes + 2)
        padded, windows = geometry.padded(batch.array, self.windows_on(x.shape), self.padding_mode)
        with np.errstate(all="ignore"):  # what an infinity or a NaN does to its outputs is no reason to warn
            y = formula.convolve(padded, weight, bias, windows, self.groups)
        return Step((batch.off(y),), (x,), training)

    def tree(self, cell: Cell, case: Case) -> Node:
        """Cell (n, o, *spots), or (o, *spots) of an unbatched input."""
        lead, spot = cell[: -self.axes - 1], cell[-self.axes - 1 :]
        image = case.x[lead]
        into, out = self.in_channels // self.groups, self.out_channels // self.groups
        patch = geometry.patch_of(spot, self.windows_on(image.shape), image.shape[1:], self.padding_mode, into, out)
        return derive.derive(spot, lead, image, self.weight, self.bias, patch)

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See ``bound``; cells as in ``derive``."""
        batch = Batched.of(case.x, self.axes + 2)
        came = batch.lines(case.came())
        windows = self.windows_on(case.x.shape)
        with np.errstate(all="ignore"):
            found = bound.lines(
                batch.cells(cells), batch.array, self.weight, self.bias, windows, self.groups, self.padding_mode, came, case.arithmetic
            )
        return found if cells is not None else found.map(batch.off)

    def sums(self, cells: Array | None, case: Case, change: Callable[[Array], Array]) -> Array:
        """See ``sums``; cells as in ``derive``."""
        batch = Batched.of(case.x, self.axes + 2)
        own = self.weight, self.bias, self.windows_on(case.x.shape), self.groups, self.padding_mode, change
        if cells is None:
            return batch.off(sums.everywhere(batch.array, *own))
        return sums.at_cells(cast("Array", batch.cells(cells)), batch.array, *own)

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """All channels of the groups touched, and the windows of the first to the last output."""
        lead, (o, *spots) = region[: -self.axes - 1], region[-self.axes - 1 :]
        into, out = self.in_channels // self.groups, self.out_channels // self.groups
        channels = range(o[0] // out * into, (o[-1] // out + 1) * into)
        sizes = shapes[0][-self.axes :]
        windows = self.windows_on(shapes[0])
        reached = (geometry.reached(w, r, n, self.padding_mode) for w, r, n in zip(windows, spots, sizes, strict=True))
        return ((*lead, channels, *reached),)

    def products(self, *shapes: Shape) -> int:
        """Output cells times C/g times kernel."""
        return int(np.prod(self.shapes(*shapes)[0])) * int(np.prod(self.weight.shape[1:]))

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """See ``gradient``."""
        batch = Batched.of(cast("Array", step.inputs[0]), self.axes + 2)
        windows = self.windows_on(batch.array.shape)
        padded, bare = geometry.padded(batch.array, windows, self.padding_mode)
        with np.errstate(all="ignore"):
            dx, dweight, dbias = gradient.pull(batch.on(dy[0]), padded, self.weight, bare, self.groups)
        own = {"weight": dweight} if self.bias is None else {"weight": dweight, "bias": dbias}
        dx = unpad(dx, batch.array.shape[2:], geometry.amounts(windows), self.padding_mode)
        return Gradients((batch.off(dx),), own)

    def mistakes(self) -> tuple[Mistake, ...]:
        """See ``mistakes``."""
        from convproof.layers.conv.mistakes import MISTAKES

        return tuple(m for m in MISTAKES if m.applies(self))

    def precisions(self) -> tuple[Precision, ...]:
        """See ``precisions``."""
        from convproof.layers.conv.precisions import precisions_of

        return precisions_of(self)

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions.conventions(self.axes)

    @classmethod
    def operators(cls) -> tuple[Operator, ...]:
        """See ``operators``."""
        from convproof.layers.conv.operators import OPERATORS

        return OPERATORS

    def written(self) -> tuple[Written, ...]:
        """See ``operators``."""
        from convproof.layers.conv.operators import written

        return written(self)

    def written_at(self, shapes: Sequence[Sizes]) -> tuple[Written, ...]:
        """The same; an input without N gets one before, and loses it after."""
        return with_batch(self.written(), shapes[0], self.axes)

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls | None:
        """torch.nn's; with the padding put round the input first where torch has no such padding."""
        from convproof.layers.conv.operators import padded_in_torch

        plain = self.padding in ("same", "valid") or not (isinstance(self.padding, str) or isinstance(self.padding[0], tuple))
        return None if plain else padded_in_torch(self, self.windows_on(shapes[0]))

    def absorbs(self) -> tuple[type[Fusible], ...]:
        """A BatchNorm in eval goes into weight and bias; an addition and a pointwise function into the last pass."""
        return (ScaleShift, Addition, Pointwise)

    def folded(self, kind: ScaleShift) -> dict[str, Array]:
        """scale * weight, and scale * bias + shift; a layer without a bias gets one."""
        return scaled(self.weight, self.bias, kind)


class Conv1d(Conv):
    """Convolution over (N, C, W) or (C, W). See Conv2d.

    Arguments and defaults are torch.nn.Conv1d's; ``seed`` makes the initial weights repeatable.

    Raises SettingError for settings that cannot be, ShapeError for an input that does not fit.
    """

    axes = 1


class Conv2d(Conv):
    """Convolution over (N, C, H, W) or (C, H, W).

    Arguments and defaults are torch.nn.Conv2d's. ``padding`` may also be one (before, after) pair for each axis, ((top, bottom),
    (left, right)), or "same_upper" or "same_lower": as many outputs as ceil(size / stride), with the odd cell of padding after or
    before the image. ``seed`` makes the initial weights repeatable.

    Attributes: ``weight`` (out_channels, in_channels / groups, kH, kW), ``bias`` (out_channels) or None.

    Raises SettingError for settings that cannot be, ShapeError for an input that does not fit.
    """

    axes = 2


class Conv3d(Conv):
    """Convolution over (N, C, D, H, W) or (C, D, H, W). See Conv2d.

    Arguments and defaults are torch.nn.Conv3d's; ``seed`` makes the initial weights repeatable.

    Raises SettingError for settings that cannot be, ShapeError for an input that does not fit.
    """

    axes = 3
