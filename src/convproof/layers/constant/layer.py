"""A constant: an array that a graph holds.

    y = value

Graph formats keep numbers that belong to no layer: a table of anchors, a mask that is added. Such an array stands in the network as a
layer without inputs, so that it can be seen, set and derived as every other array.

Source: ONNX Constant; a buffer in torch.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from convproof.core.axes import at_cells
from convproof.core.calls import Called, Calls, Own
from convproof.core.derivation import Node, copy, number
from convproof.core.evaluation import Known
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import Lines, no_error
from convproof.core.operators import Operator, Read, Written
from convproof.core.parameters import Statistic
from convproof.core.records import Convention
from convproof.core.shapes import Array, Cell, Region, Shape


class Constant(Layer):
    """``value``, whatever the input; takes no inputs. Integers and truth values stay what they are.

    Attributes: ``value``, an array of any shape.
    """

    formula = "y = value"
    value = Statistic("any shape")
    input_names: tuple[str, ...] = ()

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.arrays["value"] = np.array(value)

    def settings(self) -> dict[str, Any]:
        """The shape and type of the value."""
        return {"shape": self.arrays["value"].shape, "dtype": self.arrays["value"].dtype.name}

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The value's own shape."""
        self.names_of(len(shapes))
        return (self.arrays["value"].shape,)

    def known(self, *inputs: Known) -> tuple[Known, ...]:
        """The value."""
        return (Known.of(self.arrays["value"]),)

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """The value, as an array of its own."""
        return (self.arrays["value"].copy(),)

    def tree(self, cell: Cell, case: Case) -> Node:
        """The number as it is stored."""
        return copy(number(self.arrays["value"], cell, "value"), "y")

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """No rounding."""
        return no_error(at_cells(self.arrays["value"], cells).astype(np.float64))

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """Nothing."""
        return ()

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """A constant is not learnt."""
        return Gradients(())

    def conventions(self) -> tuple[Convention, ...]:
        """ONNX."""
        return (Convention("torch", "register_buffer"), Convention("onnx", "Constant"))

    @classmethod
    def operators(cls) -> tuple[Operator, ...]:
        """ONNX Constant, in its forms for tensors, numbers and lists of numbers."""
        return (Operator("onnx", ("Constant",), lambda call: Read(Constant(constant_of(call.settings)), ())),)

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """A copy of the buffer."""
        return Calls(Called("clone", (Own("value"),)))

    def written(self) -> tuple[Written, ...]:
        """Identity of a stored tensor."""
        return (Written("Identity", ("value",)),)


def constant_of(settings: Any) -> Array:
    """The array that the attributes of an ONNX Constant say."""
    kinds = {"value_int": np.int64, "value_ints": np.int64, "value_float": np.float32, "value_floats": np.float32}
    for name, kind in kinds.items():
        if name in settings:
            return np.array(settings[name], kind)
    found = next((settings[name] for name in ("value", "value_string", "value_strings") if name in settings), np.zeros(0, np.float32))
    return np.asarray(found)
