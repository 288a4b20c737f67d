"""Batch normalisation with one wrong turn each."""

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from convproof.core.arithmetic.moments import bessel, remember
from convproof.core.layer import Layer, Step
from convproof.core.records import Constant, Mistake, Sample
from convproof.core.shapes import Array
from convproof.layers.batchnorm.formula import batch_count, batch_statistics

if TYPE_CHECKING:
    from convproof.layers.batchnorm.base import BatchNormalisation


def bessel_forward(layer: Layer, *inputs: Array, training: bool) -> Step:
    """(x - mean) / sqrt(var * n / (n - 1) + eps): normalised by the unbiased variance."""
    norm, (x,) = cast("BatchNormalisation", layer), inputs
    mean, var = batch_statistics(x, len(norm.features))
    right = norm.step(x, training=training)
    unbiased = var * bessel(batch_count(x, len(norm.features)))
    wrong = norm.normalised(x, mean, unbiased)
    return replace(right, outputs=(wrong, *right.outputs[1:]), inner={**right.inner, "var": unbiased})


def other_eps(layer: Layer, *inputs: Array, training: bool, eps: float) -> Step:
    """(x - mean) / sqrt(var + another eps)"""
    norm, (x,) = cast("BatchNormalisation", layer), inputs
    right = norm.step(x, training=training)
    return replace(right, outputs=(norm.normalised(x, right.inner["mean"], right.inner["var"], eps), *right.outputs[1:]))


def running_var_biased(layer: Layer, *inputs: Array, training: bool) -> Step:
    """running_var moves towards var, divided by n, instead of var * n / (n - 1)."""
    norm, (x,) = cast("BatchNormalisation", layer), inputs
    right = norm.step(x, training=training)
    moved = remember(norm.running_var, batch_statistics(x, len(norm.features))[1], norm.weight_of_new(norm.num_batches_tracked + 1))
    wrong = moved.astype(norm.running_var.dtype)
    given = (wrong if name == "running_var" else y for name, y in zip(norm.outputs, right.outputs[1:], strict=True))
    state = {**right.state, "running_var": wrong} if right.state else {}
    return replace(right, outputs=(right.outputs[0], *given), state=state)


def _of_batch(layer: Layer) -> bool:
    return cast("BatchNormalisation", layer).uses_batch(layer.training)


def _remembers(layer: Layer) -> bool:
    norm = cast("BatchNormalisation", layer)
    return norm.uses_batch(layer.training) and norm.track_running_stats and not norm.biased


def _sample() -> Sample:
    from convproof.layers.batchnorm.layer import BatchNorm2d

    layer = BatchNorm2d(3, dtype=np.float64)
    layer.weight, layer.bias = [1.5, -0.5, 0.75], [0.25, 1.0, -2.0]
    spread = np.array([0.03, 1.0, 20.0]).reshape(1, 3, 1, 1)
    return Sample(layer, (np.random.default_rng(3).normal(size=(2, 3, 2, 3)) * spread,))


MISTAKES = (
    Mistake(
        "bn-bessel-forward",
        "the batch is normalised by the n - 1 variance",
        "the variance that normalises is divided by n - 1 (unbiased, Bessel's correction)",
        "the variance that normalises is divided by n; only running_var uses n - 1",
        "take the variance with unbiased=False in torch, with ddof=0 in NumPy",
        _sample,
        step=bessel_forward,
        applies=_of_batch,
    ),
    Mistake(
        "bn-eps-value",
        "another eps",
        "the variance is stabilised by another eps than the layer's",
        "eps is added to the variance, under the root; torch's default is 1e-5",
        "pass the eps of the framework that the weights come from",
        _sample,
        step=other_eps,
        constants=(
            Constant(
                "eps",
                lambda layer: cast("BatchNormalisation", layer).eps,
                {
                    1e-3: "Keras, TensorFlow, YOLOv5, EfficientNet",
                    1.001e-5: "keras.applications ResNet and DenseNet",
                    2e-5: "MXNet model zoo, insightface",
                    1e-6: "the darknet family",
                    1e-5: "torch, ONNX, Caffe, Paddle, MindSpore",
                    0.0: "eps left out",
                },
            ),
        ),
    ),
    Mistake(
        "bn-running-var-biased",
        "running_var moves towards the biased variance",
        "the running variance is updated with the variance divided by n",
        "torch updates running_var with the variance divided by n - 1",
        "multiply the batch variance by n / (n - 1) before it is remembered",
        _sample,
        step=running_var_biased,
        applies=_remembers,
    ),
)
