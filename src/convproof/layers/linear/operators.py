"""How graph formats write linear layers and matrix products, by the class that reads them.

A product whose right operand is a matrix that the graph holds is a Linear, so that it can be seen and set as a weight; ONNX and
torch.matmul hold it as (in, out), and it is turned for that. All other products stay products; an operand that the graph holds is then
a Constant.
"""

import numpy as np

from convproof.core.formats import FLOATS
from convproof.core.operators import Call, Operator, Read
from convproof.core.shapes import Array
from convproof.layers.linear.bilinear import Bilinear
from convproof.layers.linear.layer import Linear
from convproof.layers.linear.matmul import Gemm, MatMul


def linear(call: Call) -> Read:
    """In torch's order input, weight, bias; a weight with one axis gives a single sum."""
    shape = call.shape(1)
    if len(shape) != 2:
        return Read(MatMul(), (0, 1))
    layer = Linear(shape[1], shape[0], call.has(2), dtype=call.dtype(1))
    return Read(layer, parameters={"weight": 1, "bias": 2} if call.has(2) else {"weight": 1})


def bilinear(call: Call) -> Read:
    """In torch's order input1, input2, weight, bias."""
    out, in1, in2 = call.shape(2)
    layer = Bilinear(in1, in2, out, call.has(3), dtype=call.dtype(2))
    return Read(layer, (0, 1), {"weight": 2, "bias": 3} if call.has(3) else {"weight": 2})


def matmul(call: Call) -> Read:
    """a @ b"""
    if _is_weight(call, 1):
        return Read(_held(call.array(1), None))
    return Read(MatMul(), (0, 1))


def gemm(call: Call) -> Read:
    """ONNX Gemm; before opset 7 an attribute says whether C is broadcast, which shapes say as well."""
    alpha, beta = call.setting("alpha", 1.0), call.setting("beta", 1.0)
    turn_a, turn_b = bool(call.setting("transA", 0)), bool(call.setting("transB", 0))
    layer = Gemm(alpha, beta, turn_a, turn_b)
    if layer.alpha == layer.beta == 1 and not turn_a and _is_weight(call, 1):
        weight = call.array(1).T if turn_b else call.array(1)
        if not call.has(2) or (call.known(2) and call.shape(2) in ((weight.shape[1],), (1, weight.shape[1]))):
            return Read(_held(weight, call.array(2) if call.has(2) else None))
    return Read(layer, (0, 1, 2) if call.has(2) else (0, 1))


def addmm(call: Call) -> Read:
    """In torch's order input, mat1, mat2, beta, alpha; input is C."""
    beta, alpha = call.number(3, 1), call.number(4, 1)
    if alpha == beta == 1 and _is_weight(call, 2) and call.known(0) and call.shape(0) == call.shape(2)[1:]:
        return Read(_held(call.array(2), call.array(0)), (1,))
    return Read(Gemm(alpha, beta), (1, 2, 0))


def _is_weight(call: Call, k: int) -> bool:
    return call.known(k) and call.rank(k) == 2 and np.dtype(call.dtype(k)).name in FLOATS and 0 not in call.shape(k)


def _held(weight: Array, bias: Array | None) -> Linear:
    """A Linear with the arrays of the graph, weight (in, out)."""
    into, out = weight.shape
    layer = Linear(into, out, bias is not None, dtype=weight.dtype)
    layer.weight = weight.T
    if bias is not None:
        layer.bias = bias.reshape(-1)
    return layer


OPERATORS: dict[str, tuple[Operator, ...]] = {
    "Linear": (Operator("torch", ("linear",), linear, ("input", "weight", "bias")),),
    "Bilinear": (Operator("torch", ("bilinear",), bilinear, ("input1", "input2", "weight", "bias")),),
    "MatMul": (
        Operator("onnx", ("MatMul",), matmul),
        Operator("torch", ("matmul",), matmul, ("input", "other")),
        Operator("torch", ("mm", "bmm"), matmul, ("input", "mat2")),
        Operator("torch", ("mv",), matmul, ("input", "vec")),
        Operator("torch", ("dot",), matmul, ("input", "tensor")),
    ),
    "Gemm": (
        Operator("onnx", ("Gemm",), gemm),
        Operator("torch", ("addmm",), addmm, ("input", "mat1", "mat2", "beta", "alpha")),
    ),
}
