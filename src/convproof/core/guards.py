"""What is asked of arguments and arrays before a layer takes them, so that nothing is begun that could not end well."""

import math
from collections.abc import Sequence

from convproof.core.errors import DTypeError, SettingError, ShapeError
from convproof.core.formats import FLOATS
from convproof.core.sentence import Text
from convproof.core.shapes import Array, Shape

MOST_CELLS = 1 << 31


def require_room(layer: Text, shapes: Sequence[Shape]) -> None:
    """Raise ShapeError for outputs that are larger than any network has, before memory is taken for them."""
    for shape in shapes:
        if math.prod(shape) > MOST_CELLS:
            raise ShapeError(
                "{layer} would make an output of shape {shape}, more cells than any network has; look at its settings and its input",
                layer=layer,
                shape=shape,
            )


def require_numbers(layer: Text, x: Array, only_floats: bool) -> None:
    """Raise DTypeError for an array of what a layer cannot compute with: integers for most, floats of 8 bits for all."""
    other = x.dtype.kind in "iubcOSU" and not only_floats
    if x.dtype.name not in FLOATS and not other:
        raise DTypeError("{layer} cannot compute with an array of {dtype}; cast it first", layer=layer, dtype=x.dtype)


def no_device(device: object) -> None:
    """torch.nn's ``device`` argument is accepted where it means the CPU."""
    if device is not None and str(device) != "cpu":
        raise SettingError("device={device!r}: convproof computes on the CPU; leave device out", device=str(device))
