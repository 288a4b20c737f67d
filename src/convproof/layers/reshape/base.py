"""What the layers of this room share: conventions, operators, and the ways to name axes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from convproof.core.axes import axis_number, is_whole
from convproof.core.errors import SettingError, ShapeError
from convproof.core.layer import Layer
from convproof.core.mover import Mover
from convproof.core.operators import Call, Operator
from convproof.core.records import Convention
from convproof.core.shapes import Shape
from convproof.layers.reshape import conventions


class Reshaping(Mover):
    """A mover of this room."""

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions.CONVENTIONS[type(self).__name__]

    @classmethod
    def operators(cls) -> tuple[Operator, ...]:
        """See ``onnx`` and ``torch``."""
        from convproof.layers.reshape.from_onnx import FROM_ONNX
        from convproof.layers.reshape.from_torch import FROM_TORCH

        return (*FROM_ONNX, *FROM_TORCH)


def whole_numbers(values: Any, name: str, least: int | None = None) -> tuple[int, ...]:
    """One whole number or several, as a tuple. Raises SettingError."""
    plain = values.tolist() if isinstance(values, np.ndarray) else values
    given = tuple(plain) if isinstance(plain, list | tuple) else (plain,)
    if not all(is_whole(v) and (least is None or v >= least) for v in given):
        if least is None:
            raise SettingError("{name}={values!r}: expected whole numbers", name=name, values=values)
        raise SettingError("{name}={values!r}: expected whole numbers, none below {least}", name=name, values=values, least=least)
    return tuple(map(int, given))


def axis_numbers(values: Any, name: str) -> int | tuple[int, ...]:
    """One axis, or several as a tuple. Raises SettingError."""
    return tuple(axis_number(v, name) for v in values) if isinstance(values, list | tuple | np.ndarray) else axis_number(values, name)


def counted_from_0(dims: int | tuple[int, ...], rank: int, layer: str, shape: Shape) -> tuple[int, ...]:
    """Axes counted from 0, of an array with ``rank`` axes. Raises ShapeError for one that is not there, or named twice."""
    given = dims if isinstance(dims, tuple) else (dims,)
    found = tuple(dim % rank if rank else 0 for dim in given)
    if any(not -rank <= dim < rank for dim in given) or len(set(found)) < len(found):
        raise ShapeError(
            "{layer} names axes, each once, of an array that has {rank}; got x of shape {shape}", layer=layer, rank=rank, shape=shape
        )
    return found


def moves_input(read: Callable[[Call], Layer | None]) -> Callable[[Call], Layer | None]:
    """A reader of calls whose first argument is moved; of a constant that a run says how to move, it is none of this room's."""

    def found(call: Call) -> Layer | None:
        computed = any(call.has(k) and not call.known(k) for k in range(1, len(call.arguments)))
        return None if call.known(0) and computed else read(call)

    return found
