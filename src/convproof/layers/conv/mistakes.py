"""The convolution with one wrong turn each."""

from typing import TYPE_CHECKING, cast

import numpy as np

from convproof.core.layer import Layer, Step
from convproof.core.records import Mistake, Sample
from convproof.core.shapes import Array

if TYPE_CHECKING:
    from convproof.layers.conv.layer import Conv


def kernel_flip(layer: Layer, *inputs: Array, training: bool) -> Step:
    """Sum of weight[o, c, -u, -v] * x[...]: a true convolution, in which the kernel is turned by half a turn."""
    conv = cast("Conv", layer)
    axes = tuple(range(2, conv.weight.ndim))
    return conv.evaluated(inputs[0], np.flip(conv.weight, axes), conv.bias, training)


def bias_missing(layer: Layer, *inputs: Array, training: bool) -> Step:
    """Y - bias: the sum of products alone."""
    conv = cast("Conv", layer)
    return conv.evaluated(inputs[0], conv.weight, None, training)


def bias_twice(layer: Layer, *inputs: Array, training: bool) -> Step:
    """Y + bias: the sum of products, and the bias two times."""
    conv = cast("Conv", layer)
    return conv.evaluated(inputs[0], conv.weight, None if conv.bias is None else 2 * conv.bias, training)


def _sample() -> Sample:
    from convproof.layers.conv.layer import Conv2d

    layer = Conv2d(3, 4, (3, 2), stride=(1, 2), padding=(1, 0), seed=1)
    return Sample(layer, (np.random.default_rng(1).normal(size=(2, 3, 5, 7)).astype(np.float32),))


MISTAKES = (
    Mistake(
        "conv-kernel-flip",
        "the kernel is flipped",
        "the kernel is turned by half a turn before it is laid on the image (a true convolution, as in SciPy's convolve2d)",
        "frameworks lay the kernel on the image as it is stored (a cross-correlation)",
        "use correlate2d, or flip the weight along its spatial axes once when it is loaded",
        _sample,
        step=kernel_flip,
        applies=lambda layer: any(w.kernel > 1 for w in cast("Conv", layer).windows),
    ),
    Mistake(
        "conv-bias-missing",
        "the bias is not added",
        "the sum of products is taken for the output",
        "bias[o] is added to every cell of channel o, once, after the sum over all input channels",
        "add the bias; if the weights came from a file, check that the bias was loaded too",
        _sample,
        step=bias_missing,
        applies=lambda layer: layer.arrays["bias"] is not None,
    ),
    Mistake(
        "conv-bias-twice",
        "the bias is added twice",
        "the sum begins with the bias, and the bias is added once more behind it",
        "bias[o] is added to every cell of channel o, once, after the sum over all input channels",
        "begin the sums with 0, or leave the second addition out",
        _sample,
        step=bias_twice,
        applies=lambda layer: layer.arrays["bias"] is not None,
    ),
)
