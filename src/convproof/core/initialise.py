"""Initial values of weights: how far from 0 a fresh parameter may lie.

With fan_in and fan_out the numbers of connections into and out of one unit of a weight (out, in, *kernel):

    default   uniform in +-1/sqrt(fan_in), weight and bias       torch.nn: kaiming_uniform with a = sqrt(5)
    kaiming   uniform in +-sqrt(6/fan_in), normal sqrt(2/fan_in)          He et al. 2015, for ReLU
    xavier    uniform in +-sqrt(6/(fan_in + fan_out)), normal sqrt(2/(fan_in + fan_out))   Glorot and Bengio 2010
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convproof.core.errors import SettingError, UnknownNameError
from convproof.core.sentence import listed
from convproof.core.shapes import Array, Shape
from convproof.core.upward import reach

if TYPE_CHECKING:
    from convproof.core.holder import Holder

Draw = Callable[[np.random.Generator, Shape, int, int], Array]

WAYS: dict[str, Draw] = {
    "kaiming": lambda rng, shape, fan_in, fan_out: _uniform(rng, shape, math.sqrt(6 / fan_in)),
    "kaiming_normal": lambda rng, shape, fan_in, fan_out: rng.normal(0, math.sqrt(2 / fan_in), shape),
    "xavier": lambda rng, shape, fan_in, fan_out: _uniform(rng, shape, math.sqrt(6 / (fan_in + fan_out))),
    "xavier_normal": lambda rng, shape, fan_in, fan_out: rng.normal(0, math.sqrt(2 / (fan_in + fan_out)), shape),
}


def fans(shape: Shape) -> tuple[int, int]:
    """fan_in and fan_out of a weight (out, in, *kernel)."""
    taps = math.prod(shape[2:])
    return shape[1] * taps, shape[0] * taps


_left_at_zero: ContextVar[bool] = ContextVar("left_at_zero", default=False)


@contextmanager
def left_at_zero() -> Iterator[None]:
    """Layers that are made inside get no random parameters: a file brings them, and drawing 100 million first takes seconds."""
    token = _left_at_zero.set(True)
    try:
        yield
    finally:
        _left_at_zero.reset(token)


def default_weight_and_bias(layer: "Holder", seed: int | None, fan_in: int | None = None) -> None:
    """torch.nn's default of convolution and linear layers: weight and bias uniform in +-1/sqrt(fan_in), None for the weight's own."""
    if _left_at_zero.get():
        return
    rng = np.random.default_rng(seed)
    fan_in = fan_in or fans(layer.arrays["weight"].shape)[0]
    for name, array in layer.parameters().items():
        layer.arrays[name] = _uniform(rng, array.shape, 1 / math.sqrt(fan_in)).astype(array.dtype)


def initialise(layer: "Holder", how: str, seed: int | None, values: Mapping[str, Any]) -> None:
    """Give ``layer`` new parameters; see ``Layer.initialise``."""
    for name in values:
        if name not in layer.declared():
            raise UnknownNameError(
                "{layer} has no parameter {name!r}; it has {own}", layer=layer.describe(), name=name, own=listed(layer.declared())
            )
    if how == "default":
        if not values or seed is not None:
            layer.reset_parameters(seed)
    elif how in WAYS:
        _draw(layer, WAYS[how], seed)
    elif how != "constant":
        raise SettingError(
            "initialise({how!r}): expected default, constant, {ways}, or values by name such as weight=1", how=how, ways=listed(WAYS)
        )
    for name, value in values.items():
        setattr(layer, name, _filled(layer, name, value))


def _draw(layer: "Holder", draw: Draw, seed: int | None) -> None:
    if all(array.ndim < 2 for array in layer.parameters().values()):  # a norm has no fans: its gamma is 1
        layer.reset_parameters(seed)
        return
    rng = np.random.default_rng(seed)
    for name, array in layer.parameters().items():
        layer.arrays[name] = (draw(rng, array.shape, *fans(array.shape)) if array.ndim > 1 else np.zeros(array.shape)).astype(array.dtype)


def _filled(layer: "Holder", name: str, value: Any) -> Any:
    if isinstance(value, str | Path):
        return reach("Layer.read_array")(value)
    present = layer.arrays[name]
    return np.full(present.shape, value, present.dtype) if present is not None and np.ndim(value) == 0 else value


def _uniform(rng: np.random.Generator, shape: Shape, limit: float) -> Array:
    return rng.uniform(-limit, limit, shape)
