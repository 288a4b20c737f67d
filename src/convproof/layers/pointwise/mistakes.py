"""Pointwise functions with one wrong turn each."""

from dataclasses import replace

import numpy as np

from convproof.core.layer import Gradients, Layer, Step
from convproof.core.records import Mistake, Sample
from convproof.core.shapes import Array


def relu_missing(layer: Layer, *inputs: Array, training: bool) -> Step:
    """y = x: negative values pass."""
    return replace(layer.step(*inputs, training=training), outputs=inputs)


def slope_one_at_zero(_: Layer, step: Step, *dy: Array) -> Gradients:
    """dx = dy where x >= 0: the gradient passes at x = 0 too."""
    (x,) = step.inputs
    return Gradients((np.where(x >= 0, dy[0], 0) if x is not None else None,))


def _sample() -> Sample:
    from convproof.layers.pointwise.layer import ReLU

    return Sample(ReLU(), (np.array([[-1.5, 0.0, 2.0], [0.0, -0.25, 7.5]], np.float32),))


RELU_MISTAKES = (
    Mistake(
        "relu-missing-or-extra",
        "the ReLU is missing",
        "negative values pass unchanged",
        "negative values become 0",
        "apply the activation once, after the layer it belongs to",
        _sample,
        step=relu_missing,
    ),
    Mistake(
        "relu-grad-zero",
        "the gradient passes where x is exactly 0",
        "the slope at x = 0 is taken as 1",
        "PyTorch takes 0 as the slope at x = 0",
        "compare with x > 0, not with x >= 0",
        _sample,
        pull=slope_one_at_zero,
    ),
)
