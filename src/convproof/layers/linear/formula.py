"""Linear layers and matrix products, the definitions.

    linear     y[..., o] = bias[o] + sum over i of  weight[o, i] * x[..., i]
    bilinear   y[..., o] = bias[o] + sum over i and j of  x1[..., i] * weight[o, i, j] * x2[..., j]
    matmul     y[..., i, j] = sum over k of  a[..., i, k] * b[..., k, j]
    gemm       y[i, j] = alpha * (sum over k of  A[i, k] * B[k, j]) + beta * C[i, j]

In the first two the last axis holds the features; all axes before it are free, and there may be none. In a matrix product the axes before
the last two are broadcast against each other; an operand with one axis is a row on the left and a column on the right, and that axis is
gone from the result. With transA or transB a matrix of gemm is turned before, and C is broadcast.

Source: torch.nn.Linear, torch.nn.Bilinear, torch.matmul, torch.addmm, ONNX MatMul and Gemm.
"""

from collections.abc import Callable

import numpy as np

from convproof.core.shapes import Array, Float, Shaped


def linear(x: Float[Array, "*batch in"], weight: Float[Array, "out in"], bias: Float[Array, "out"] | None) -> Float[Array, "*batch out"]:
    """x @ weight^T + bias"""
    y: Array = x @ weight.T
    return y if bias is None else y + bias


def changed(
    x: Float[Array, "*batch in"], weight: Float[Array, "out in"], bias: Float[Array, "out"] | None, change: Callable[[Array], Array]
) -> Float[Array, "*batch out"]:
    """The linear layer, but for a change of every product before it is added: one input feature after another."""
    y = np.zeros((*x.shape[:-1], len(weight)), x.dtype)
    for i, column in enumerate(weight.T):
        y += change(x[..., i, None] * column)
    return y if bias is None else np.asarray(y + bias)


def bilinear(
    x1: Float[Array, "*batch in1"], x2: Float[Array, "*batch in2"], weight: Float[Array, "out in1 in2"], bias: Float[Array, "out"] | None
) -> Float[Array, "*batch out"]:
    """x1^T weight[o] x2 + bias[o]: rows (*batch, 1, 1, in1), matrices (out, in1, in2) and columns (*batch, 1, in2, 1)"""
    y = (x1[..., None, None, :] @ weight @ x2[..., None, :, None])[..., 0, 0]
    return np.asarray(y if bias is None else y + bias)


def matmul(a: Shaped[Array, "*left"], b: Shaped[Array, "*right"]) -> Shaped[Array, "*y"]:
    """a @ b"""
    return np.asarray(np.matmul(a, b))


def gemm(
    A: Shaped[Array, "M K"], B: Shaped[Array, "K N"], C: Shaped[Array, "*c"] | None, alpha: float, beta: float
) -> Shaped[Array, "M N"]:
    """alpha * A @ B + beta * C; with beta = 0 C does not matter, NaN or not."""
    y = scaled(A @ B, alpha)
    return y if C is None or beta == 0 else np.asarray(y + scaled(C, beta))


def scaled(x: Array, factor: float) -> Array:
    """factor * x in the type of x."""
    return x if factor == 1 else np.asarray(x * x.dtype.type(factor))
