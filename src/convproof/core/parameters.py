"""Parameters and statistics of a layer: plain NumPy arrays that a user reads, replaces as a whole, or changes cell by cell."""

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from convproof.core.axes import as_array
from convproof.core.errors import NotFiniteWarning, SettingError, ShapeError
from convproof.core.sentence import Sentence, say
from convproof.core.shapes import Array

if TYPE_CHECKING:
    from convproof.core.holder import Holder


class Parameter:
    """A learnt array, declared in the class body; ``axes`` names its axes for error messages.

    ``conv.weight = array`` copies the array in (its shape must fit); ``conv.weight[0, 0, 1, 1] = 5`` changes one cell.
    """

    learnt = True

    def __init__(self, axes: str) -> None:
        self.axes = axes

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, layer: "Holder | None", owner: type) -> Any:
        return self if layer is None else layer.arrays[self.name]

    def __set__(self, layer: "Holder", value: Any) -> None:
        layer.arrays[self.name] = self.fitted(layer, value)

    def fitted(self, layer: "Holder", value: Any) -> Array:
        """A copy of ``value`` in the array's own dtype, row by row in memory, since sums of a matrix product follow the order there.

        Raises ShapeError, and SettingError where the layer has no such array.
        """
        present = layer.arrays[self.name]
        if present is None:
            raise SettingError(
                "{layer} has no {name}: it was made without one, so there is nothing to set; make the layer anew with {name}",
                layer=layer.describe(),
                name=self.name,
            )
        if value is None:
            raise SettingError("{name} of {layer} cannot be None; set it to zeros", name=self.name, layer=layer.describe())
        array = _whole(value) if present.dtype.kind == "i" else as_array(value, self.name)
        if array.shape != present.shape:
            raise ShapeError(
                "{name} of {layer} has shape {expected} ({axes}); got an array of shape {found}{hint}",
                name=self.name,
                layer=layer.describe(),
                expected=present.shape,
                axes=self.axes,
                found=array.shape,
                hint=_hint(array.shape, present.shape),
            )
        layer.warned.discard(self.name)
        warn_if_not_finite(layer, self.name, array)
        return array.astype(present.dtype, order="C")


class Statistic(Parameter):
    """An array that a layer remembers but that is not learnt: running statistics, counters."""

    learnt = False


def warn_if_not_finite(layer: "Holder", name: str, array: Array) -> None:
    """Warn of the first NaN or infinity in a parameter, once until it is assigned anew."""
    broken = ~np.isfinite(array)
    if broken.any() and name not in layer.warned:
        layer.warned.add(name)
        cell = tuple(int(i) for i in np.argwhere(broken)[0])
        sentence = say(
            "{name}{cell} of {layer} is {value}: set it to a number, or load the weights anew",
            name=name,
            cell=list(cell),
            layer=layer.describe(),
            value=array[cell],
        )
        warnings.warn(str(sentence), NotFiniteWarning, stacklevel=4)


def _whole(value: Any) -> Array:
    """Integers for a counter as they are: float32 would round those above 2^24."""
    return np.asarray(value) if np.asarray(value).dtype.kind in "iu" else as_array(value)


def _hint(found: tuple[int, ...], expected: tuple[int, ...]) -> Sentence:
    if sorted(found) == sorted(expected):
        return say("; its axes are in another order: transpose it")
    if int(np.prod(found)) == int(np.prod(expected)):
        return say("; it has as many numbers, so array.reshape{expected} would fit if they are in that order", expected=expected)
    return say("")
