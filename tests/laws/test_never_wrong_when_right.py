"""Law: numbers that were rightly computed are never called wrong, in whatever order they were summed and however they were written down."""

from functools import partial

import numpy as np
import pytest

import convproof as cp
from convproof.core.formats import BFLOAT16, FLOAT16, FLOAT32
from convproof.core.resolution import Decimals, Fixed, Resolution, Stored
from tests.laws.over import every_sample
from tests.laws.rounded_trees import FOLDED, RECIPROCAL, WAYS, computed
from tests.samples import cells_of

RIGHT = ("identical", "rounding")
WATCHED = 6  # cells of an output that are computed in every way


def outputs_of(layer, inputs):
    """The layer's own float32 numbers, every output by the name under which it is claimed."""
    with np.errstate(all="ignore"):
        outputs = layer.checked_step(inputs, layer.training).outputs
    name = type(layer).__name__
    return {name if k == 0 else f"{name}.{k}": y.copy() for k, y in enumerate(outputs)}


def farthest(layer, inputs, ways=(*WAYS, *RECIPROCAL, *FOLDED)):
    """The layer's outputs, in which some cells hold, of what all ways give, the number that is farthest from the exact one."""
    found = outputs_of(layer, inputs)
    for k, y in enumerate(found.values()):
        if y.dtype.kind != "f":
            continue
        for cell in map(tuple, cells_of(y.shape, WATCHED).tolist() if y.size else []):
            d = layer.derive(cell, inputs, k)
            with np.errstate(all="ignore"):
                y[cell] = max((computed(d.tree, way) for way in ways), key=lambda value: abs(float(value) - float(d.exact)))
    return found


def verdicts(model, x, claimed, format=None):
    """The verdict on every claimed array."""
    report = cp.check(model, x, claimed, format=format)
    assert len(report.rows) == len(claimed)
    return {row.name: row.verdict for row in report.rows}


@every_sample
def test_whatever_order_sums_are_taken_in(sample):
    layer, inputs = sample.layer(), sample.inputs()
    found = verdicts(layer, inputs, farthest(layer, inputs))
    assert set(found.values()) <= set(RIGHT), found


def fixed(label, step, bits=8, zero=0, **how):
    """Fixed point of so many bits, with a sign."""
    return Fixed(FLOAT32, label, step, zero, -(1 << bits - 1), (1 << bits - 1) - 1, **how)


def decimals(digits):
    """Numbers printed by %.4f and its like."""
    return partial(printed, f"%.{digits}f", lambda y: np.full(y.shape, 10.0**-digits))


def significant(format, digits):
    """Numbers printed by %g or %.3e: the last digit's unit depends on the number."""

    def step(y):
        with np.errstate(divide="ignore"):
            size = np.floor(np.log10(abs(y), where=y != 0, out=np.zeros(y.shape)))
        return 10.0 ** (size - digits + 1)

    return partial(printed, format, step)


def printed(format, step, y):
    """What a reader of the text has: the numbers, and the unit of each one's last digit."""
    text = np.array([format % value for value in y.ravel().tolist()]).reshape(y.shape)
    numbers = text.astype(np.float64)
    return numbers, Decimals(FLOAT32, step(numbers), format)


def grid(resolution):
    """Numbers rounded to a grid as it says."""
    return lambda y: (resolution.render(y.astype(np.float64)), resolution)


WRITTEN = {
    "%.4f": decimals(4),
    "%.1f": decimals(1),
    "%g": significant("%g", 6),
    "%.3e": significant("%.3e", 4),
    "float16": grid(Stored(FLOAT32, FLOAT16)),
    "bfloat16": grid(Stored(FLOAT32, BFLOAT16)),
    "q7.8": grid(fixed("q7.8", 2.0**-8, 16)),
    "q7.8 floor": grid(fixed("q7.8", 2.0**-8, 16, rounding="floor")),
    "q3.4 truncate": grid(fixed("q3.4", 2.0**-4, rounding="truncate")),
    "int8, saturating": grid(fixed("int8", 0.02, zero=-3)),
    "int8, wrapping": grid(fixed("int8", 0.013, zero=5, overflow="wrap")),
    "int8, floor, wrapping": grid(fixed("int8", 0.013, rounding="floor", overflow="wrap")),
}


@every_sample
def test_however_it_is_written_down(sample):
    layer, inputs = sample.layer(), sample.inputs()
    right = outputs_of(layer, inputs)
    for name, write in WRITTEN.items():
        for place, y in right.items():
            if y.dtype.kind == "f" and np.isfinite(y).all():
                numbers, resolution = write(y)
                assert verdicts(layer, inputs, {place: numbers}, resolution)[place] in RIGHT, (name, place)
