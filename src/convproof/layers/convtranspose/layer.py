"""The transposed convolution that users meet: torch.nn's names, signature and defaults."""

import copy
import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from convproof.core.axes import Batched, per_axis
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
from convproof.core.records import Convention
from convproof.core.shapes import Array, Cell, DType, Region, Shape, Sizes
from convproof.core.window import SAME, Window, as_given
from convproof.layers.convtranspose import bound, checks, conventions, derive, formula, geometry, gradient


class ConvTranspose(Layer):
    """What transposed convolutions of any number of spatial axes share."""

    weight = Parameter("in_channels, out_channels / groups, *kernel_size")
    bias = Parameter("out_channels")
    axes: int
    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: object = None,
        dtype: DType = None,
        *,
        output_shape: Any = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(dtype=dtype)
        no_device(device)
        check_channels(in_channels, out_channels, groups)
        checks.check_settings(padding_mode, padding, output_shape)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.windows = geometry.transposed_windows(kernel_size, stride, padding, dilation, self.axes)
        self.kernel_size = tuple(w.kernel for w in self.windows)
        self.stride = tuple(w.stride for w in self.windows)
        self.dilation = tuple(w.dilation for w in self.windows)
        self.padding = padding if isinstance(padding, str) else as_given(self.windows)
        self.output_padding = per_axis(output_padding, self.axes, "output_padding")
        self.output_shape = None if output_shape is None else per_axis(output_shape, self.axes, "output_shape", 1)
        checks.check_output_padding(self.output_padding, self.windows)
        self.padding_mode = padding_mode
        self.declare("weight", (in_channels, out_channels // groups, *self.kernel_size))
        self.declare("bias", (out_channels,) if bias else None)
        self.reset_parameters(seed)

    def reset_parameters(self, seed: int | None = None) -> None:
        """Weight and bias uniform in +-1/sqrt(O/g * kernel), as torch draws them."""
        default_weight_and_bias(self, seed)

    def settings(self) -> dict[str, Any]:
        """The settings that differ from the defaults."""
        always = {"in_channels": self.in_channels, "out_channels": self.out_channels, "kernel_size": self.kernel_size}
        ones, zeros = (1,) * self.axes, (0,) * self.axes
        usual = {"stride": ones, "padding": zeros, "output_padding": zeros, "groups": 1, "dilation": ones, "output_shape": None}
        rest = {name: getattr(self, name) for name, value in usual.items() if getattr(self, name) != value}
        return always | rest | ({} if self.arrays["bias"] is not None else {"bias": False})

    def sides_on(self, shape: Shape) -> tuple[geometry.Side, ...]:
        """The spatial axes for an input of this shape."""
        padding, wanted = str(self.padding) if self.padding in SAME else "", self.output_shape or (None,) * self.axes
        each = zip(self.windows, self.output_padding, wanted, shape[-self.axes :], strict=True)
        return tuple(geometry.side_on(window, extra, padding, outputs, size) for window, extra, outputs, size in each)

    def equation(self) -> str:
        """The formula with this layer's own stride, dilation and padding filled in; p, q, r where the padding depends on the input."""
        return self._equation(self.windows, self.padding in SAME)

    def equation_of(self, case: Case) -> str:
        """The formula on this input."""
        return self._equation([side.window for side in self.sides_on(case.x.shape)], False)

    def _equation(self, windows: Sequence[Window], unknown_padding: bool) -> str:
        groups = None if self.groups == 1 else (self.in_channels // self.groups, self.out_channels // self.groups)
        return geometry.equation(windows, groups, self.bias is not None, unknown_padding)

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """(N, C, *sizes) -> (N, O, *outputs); the batch axis may be left out."""
        self.names_of(len(shapes))
        (shape,) = shapes
        check_input(self.describe(), shape, self.in_channels, self.axes)
        outputs = tuple(side.outputs for side in self.sides_on(shape))
        checks.check_outputs(self.describe(), shape, outputs)
        return ((*shape[: -self.axes - 1], self.out_channels, *outputs),)

    def __call__(self, *inputs: Any, output_size: Any = None) -> Any:
        """Evaluate; of the sizes that a stride leaves open, ``output_size`` (with or without N and C) takes one, as in torch."""
        if output_size is None:
            return super().__call__(*inputs)
        sized = copy.copy(self)
        sized.output_padding = (0,) * self.axes
        least = sized.shapes(*(np.shape(x) for x in inputs))[0][-self.axes :]
        sized.output_padding = checks.output_padding_for(self.describe(), output_size, least, self.stride)
        return sized(*inputs)

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """The transposed convolution."""
        batch = Batched.of(inputs[0], self.axes + 2)
        with np.errstate(all="ignore"):  # what an infinity or a NaN does to its outputs is no reason to warn
            return (batch.off(formula.lay_down(batch.array, self.weight, self.bias, self.sides_on(batch.array.shape), self.groups)),)

    def tree(self, cell: Cell, case: Case) -> Node:
        """Cell (n, o, *spots), or (o, *spots) of an unbatched input."""
        lead, spot = cell[: -self.axes - 1], cell[-self.axes - 1 :]
        image = case.x[lead]
        found = geometry.arrivals_at(spot, self.sides_on(image.shape), self.in_channels // self.groups, self.weight.shape[1])
        return derive.derive(spot, lead, image, self.weight, self.bias, found)

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See ``bound``; cells as in ``derive``."""
        batch = Batched.of(case.x, self.axes + 2)
        sides, came = self.sides_on(case.x.shape), batch.lines(case.came())
        with np.errstate(all="ignore"):
            found = bound.lines(batch.cells(cells), batch.array, self.weight, self.bias, sides, self.groups, came, case.arithmetic)
        return found if cells is not None else found.map(batch.off)

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """All channels of the groups touched, and from the first to the last input that lands there."""
        lead, (o, *spots) = region[: -self.axes - 1], region[-self.axes - 1 :]
        into, out = self.in_channels // self.groups, self.out_channels // self.groups
        channels = range(o[0] // out * into, (o[-1] // out + 1) * into)
        reached = (side.reached(run) for side, run in zip(self.sides_on(shapes[0]), spots, strict=True))
        return ((*lead, channels, *reached),)

    def products(self, *shapes: Shape) -> int:
        """N times C/g times O times everything that lands in the output."""
        batch, (shape,) = math.prod(shapes[0][: -self.axes - 1]), shapes
        landed = math.prod(int(side.counts().sum()) for side in self.sides_on(shape))
        return batch * self.in_channels // self.groups * self.out_channels * landed

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """See ``gradient``."""
        batch = Batched.of(cast("Array", step.inputs[0]), self.axes + 2)
        with np.errstate(all="ignore"):
            found = gradient.pull(batch.on(dy[0]), batch.array, self.weight, self.sides_on(batch.array.shape), self.groups)
        dx, dweight, dbias = found
        return Gradients((batch.off(dx),), {"weight": dweight} if self.bias is None else {"weight": dweight, "bias": dbias})

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions.conventions(self.axes)

    @classmethod
    def operators(cls) -> tuple[Operator, ...]:
        """See ``operators``."""
        from convproof.layers.convtranspose.operators import OPERATORS

        return OPERATORS

    def written(self) -> tuple[Written, ...]:
        """See ``operators``."""
        from convproof.layers.convtranspose.operators import written

        return (written(self),)

    def written_at(self, shapes: Sequence[Sizes]) -> tuple[Written, ...]:
        """The same; an input without N gets one before, and loses it after."""
        return with_batch(self.written(), shapes[0], self.axes)

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls | None:
        """torch.nn's; where torch has no such padding, the whole output of which a part is cut out."""
        from convproof.layers.convtranspose.operators import cut_in_torch

        plain = self.output_shape is None and not (isinstance(self.padding, str) or isinstance(self.padding[0], tuple))
        return None if plain else cut_in_torch(self, self.sides_on(shapes[0]))

    def absorbs(self) -> tuple[type[Fusible], ...]:
        """A BatchNorm in eval goes into weight and bias; an addition and a pointwise function into the last pass."""
        return (ScaleShift, Addition, Pointwise)

    def folded(self, kind: ScaleShift) -> dict[str, Array]:
        """scale * weight, and scale * bias + shift; output o belongs to group o // (O/g), whose inputs lie together along axis 0."""
        grouped = self.weight.reshape(self.groups, -1, *self.weight.shape[1:]).swapaxes(1, 2)
        found = scaled(grouped.reshape(self.out_channels, -1), self.bias, kind)
        return found | {"weight": found["weight"].reshape(grouped.shape).swapaxes(1, 2).reshape(self.weight.shape)}


class ConvTranspose1d(ConvTranspose):
    """Transposed convolution over (N, C, W) or (C, W). See ConvTranspose2d.

    Arguments and defaults are torch.nn.ConvTranspose1d's; ``output_shape`` and ``seed`` are explained at ConvTranspose2d.

    Raises SettingError for settings that cannot be, ShapeError for an input that does not fit.
    """

    axes = 1


class ConvTranspose2d(ConvTranspose):
    """Transposed convolution over (N, C, H, W) or (C, H, W).

    Arguments and defaults are torch.nn.ConvTranspose2d's. ``padding``, which cuts off the output, may also be one (before, after) pair
    for each axis, or "same_upper" or "same_lower": the output is stride times as large as the input, or as large as ``output_shape``
    says (its spatial sizes), and the odd cell is cut off after or before the image. ``seed`` makes the initial weights repeatable.

    Attributes: ``weight`` (in_channels, out_channels / groups, kH, kW), ``bias`` (out_channels) or None.

    Raises SettingError for settings that cannot be, ShapeError for an input that does not fit.
    """

    axes = 2


class ConvTranspose3d(ConvTranspose):
    """Transposed convolution over (N, C, D, H, W) or (C, D, H, W). See ConvTranspose2d.

    Arguments and defaults are torch.nn.ConvTranspose3d's; ``output_shape`` and ``seed`` are explained at ConvTranspose2d.

    Raises SettingError for settings that cannot be, ShapeError for an input that does not fit.
    """

    axes = 3
