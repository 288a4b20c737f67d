"""How graph formats write the pointwise functions."""

from convproof.core.operators import Operator
from convproof.layers.pointwise.layer import ReLU

OPERATORS = (
    Operator("onnx", ("Relu",), lambda call: ReLU()),
    Operator("torch", ("relu",), lambda call: ReLU(), ("input", "inplace")),
)
