"""Matrix products that users meet: MatMul of any two arrays, and Gemm, ONNX's general product of two matrices."""

import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from convproof.core.arithmetic.broadcasting import gathered
from convproof.core.calls import Called, Calls, Input
from convproof.core.derivation import Node
from convproof.core.errors import DTypeError, SettingError, ShapeError
from convproof.core.layer import Case, Gradients, Layer, Step
from convproof.core.lines import Lines
from convproof.core.operators import Operator, Result, Written
from convproof.core.records import Convention
from convproof.core.sentence import Text
from convproof.core.shapes import Array, Cell, Region, Shape, Sizes
from convproof.layers.linear import bound, conventions, derive, formula, gradient, pairs


class MatMul(Layer):
    """y = a @ b, of arrays of any number of axes, with broadcasting, as torch.matmul and ONNX MatMul.

    The last axis of a meets the second last of b, or the only one; the axes before the last two are broadcast. An operand with one axis
    is a row on the left and a column on the right. Integers are multiplied as integers.

    Raises ShapeError for arrays that do not fit.
    """

    formula = "y[..., i, j] = sum over k of a[..., i, k] * b[..., k, j]"
    input_names: tuple[str, ...] = ("a", "b")

    def equation_of(self, case: Case) -> Text:
        """The formula without the indices of an operand that has one axis."""
        a, b = (x.ndim for x in case.inputs)
        i, j = ("" if a == 1 else "i"), ("" if b == 1 else "j")
        dots = "..., " if max(a, b) > 2 else ""
        left = ", ".join(filter(None, [dots.rstrip(", "), i, j]))
        of_a = f"{'..., ' if a > 2 else ''}i, k" if a > 1 else "k"
        of_b = f"{'..., ' if b > 2 else ''}k, j" if b > 1 else "k"
        return f"y[{left}] = sum over k of a[{of_a}] * b[{of_b}]" if left else f"y = sum over k of a[{of_a}] * b[{of_b}]"

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """(..., n, k) and (..., k, m) -> (..., n, m)"""
        self.names_of(len(shapes))
        a, b = shapes
        if not a or not b or a[-1] != b[-2:][0]:
            raise ShapeError(
                "MatMul needs the last axis of a to be as long as the second last of b (the only one, if it has one); "
                "got {a} and {b}: transpose one of them",
                a=a,
                b=b,
            )
        try:
            batch = np.broadcast_shapes(a[:-2], b[:-2])
        except ValueError:
            raise ShapeError("MatMul broadcasts the axes before the last two, which these do not allow: {a} and {b}", a=a, b=b) from None
        return (pairs.product_shape(a, b, batch),)

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """a @ b"""
        with np.errstate(all="ignore"):  # what an infinity or a NaN does to its outputs is no reason to warn
            return (formula.matmul(*inputs),)

    def tree(self, cell: Cell, case: Case) -> Node:
        """The products of one row of a and one column of b."""
        a, b = case.inputs
        return derive.derive_product(cell, a, b)

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See ``bound``."""
        a, b = case.inputs
        with np.errstate(all="ignore"):
            return bound.lines_product(cells, a, b, (case.came(0), case.came(1)), case.arithmetic)

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """The rows of a and the columns of b."""
        return pairs.regions(region, *shapes)

    def products(self, *shapes: Shape) -> int:
        """Output cells times the axis that is summed over."""
        return math.prod(self.shapes(*shapes)[0]) * shapes[0][-1]

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """See ``gradient``."""
        a, b = (cast("Array", x) for x in step.inputs)
        return Gradients(gradient.pull_product(dy[0], a, b))

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions.MATMUL

    @classmethod
    def operators(cls) -> tuple[Operator, ...]:
        """See ``operators``."""
        from convproof.layers.linear.operators import OPERATORS

        return OPERATORS["MatMul"]

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.matmul"""
        return Calls(Called("matmul", (Input(0), Input(1))))

    def written(self) -> tuple[Written, ...]:
        """MatMul."""
        return (Written("MatMul", (0, 1)),)


class Gemm(Layer):
    """y = alpha * A @ B + beta * C, of matrices, as ONNX Gemm and torch.addmm.

    Takes A (M, K), B (K, N) and C, which broadcasts to (M, N) and may be left out; with ``transA`` A is (K, M), with ``transB`` B is
    (N, K), as they come in. With ``beta=0`` the numbers of C do not matter. A product whose B is a weight, with alpha = beta = 1, is a
    Linear.

    Raises SettingError for settings that cannot be, ShapeError for matrices that do not fit.
    """

    input_names: tuple[str, ...] = ("A", "B", "C")
    added = ("C",)

    def __init__(self, alpha: Any = 1.0, beta: Any = 1.0, transA: Any = False, transB: Any = False) -> None:
        super().__init__()
        for name, factor in (("alpha", alpha), ("beta", beta)):
            if not isinstance(factor, int | float | np.number) or isinstance(factor, bool) or not math.isfinite(factor):
                raise SettingError("{name}={factor!r}: expected a finite number", name=name, factor=factor)
        self.alpha, self.beta = float(alpha), float(beta)
        self.transA, self.transB = bool(transA), bool(transB)

    def settings(self) -> dict[str, Any]:
        """The settings that differ from the defaults."""
        usual = {"alpha": 1.0, "beta": 1.0, "transA": False, "transB": False}
        return {name: getattr(self, name) for name, default in usual.items() if getattr(self, name) != default}

    def names_of(self, count: int) -> tuple[str, ...]:
        """A, B and C, the last of which may be left out."""
        return ("A", "B") if count == 2 else super().names_of(count)

    def equation(self) -> Text:
        """The formula with the factors that are not 1, and C where it matters."""
        return self._equation(self.beta != 0)

    def equation_of(self, case: Case) -> Text:
        """The formula, without C where it is left out."""
        return self._equation(self.beta != 0 and len(case.inputs) == 3)

    def _equation(self, with_c: bool) -> Text:
        a, b = ("A[k, i]" if self.transA else "A[i, k]"), ("B[j, k]" if self.transB else "B[k, j]")
        alpha, beta = ("" if self.alpha == 1 else f"{self.alpha:g} * "), ("" if self.beta == 1 else f"{self.beta:g} * ")
        total = f"sum over k of {a} * {b}"
        total = f"{alpha}({total})" if alpha else total
        return f"y[i, j] = {beta}C[i, j] + {total}" if with_c else f"y[i, j] = {total}"

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """(M, K), (K, N) and what broadcasts to (M, N) -> (M, N)"""
        self.names_of(len(shapes))
        A, B = shapes[:2]
        a, b = (A[::-1] if self.transA else A), (B[::-1] if self.transB else B)
        if len(a) != 2 or len(b) != 2 or a[1] != b[0]:
            raise ShapeError(
                "{layer} expects matrices A of shape {left} and B of shape {right}; got {a} and {b}",
                layer=self.describe(),
                left="(K, M)" if self.transA else "(M, K)",
                right="(N, K)" if self.transB else "(K, N)",
                a=A,
                b=B,
            )
        shape = (a[0], b[1])
        for c in shapes[2:]:
            if len(c) > 2 or any(size not in (1, whole) for size, whole in zip(c[::-1], shape[::-1], strict=False)):
                raise ShapeError("{layer} expects C that broadcasts to {shape}; got {c}", layer=self.describe(), shape=shape, c=c)
        return (shape,)

    def _turned(self, A: Array, B: Array, *C: Array) -> tuple[Array, Array, Array | None]:
        return (A.T if self.transA else A), (B.T if self.transB else B), (C[0] if C else None)

    def compute(self, *inputs: Array) -> tuple[Array, ...]:
        """alpha * A @ B + beta * C. Raises DTypeError for integers that are to be multiplied by a fraction."""
        if inputs[0].dtype.kind in "iu" and not (self.alpha.is_integer() and self.beta.is_integer()):
            raise DTypeError(
                "{layer} got integers, which alpha and beta would make fractions of; convert them with astype(np.float32)",
                layer=self.describe(),
            )
        with np.errstate(all="ignore"):
            return (formula.gemm(*self._turned(*inputs), self.alpha, self.beta),)

    def tree(self, cell: Cell, case: Case) -> Node:
        """The products of a row of A and a column of B, scaled, and a number of C."""
        A, B, *C = case.inputs
        return derive.derive_gemm(cell, A, B, C[0] if C else None, self.alpha, self.beta, (self.transA, self.transB))

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """See ``bound``."""
        a, b = case.came(0), case.came(1)
        a, b = (a.map(np.transpose) if a and self.transA else a), (b.map(np.transpose) if b and self.transB else b)
        with np.errstate(all="ignore"):
            return bound.lines_gemm(cells, *self._turned(*case.inputs), (self.alpha, self.beta), (a, b, case.came(2)), case.arithmetic)

    def reads(self, region: Region, *shapes: Shape, output: int = 0) -> tuple[Region, ...]:
        """Rows of A, columns of B, and the cells of C that are added."""
        inner = range(shapes[0][0 if self.transA else 1])
        a, b = (region[0], inner), (inner, region[1])
        found: list[Region] = [a[::-1] if self.transA else a, b[::-1] if self.transB else b]
        for c in shapes[2:]:
            own = region[2 - len(c) :]
            one = tuple(range(1) if size == 1 else r for r, size in zip(own, c, strict=True))
            found.append(one if self.beta != 0 else tuple(range(0) for _ in c))
        return tuple(found)

    def products(self, *shapes: Shape) -> int:
        """M * N * K, and those with alpha and beta."""
        inner = shapes[0][0 if self.transA else 1]
        factors = (self.alpha != 1) + (len(shapes) == 3 and self.beta not in (0, 1))
        return math.prod(self.shapes(*shapes)[0]) * (inner + factors)

    def pull(self, step: Step, *dy: Array) -> Gradients:
        """See ``gradient``; that of C is beta * dy, summed where C was broadcast."""
        inputs = [cast("Array", x) for x in step.inputs]
        a, b, c = self._turned(*inputs)
        da, db = gradient.pull_product(formula.scaled(dy[0], self.alpha), a, b)
        found = (da.T if self.transA else da, db.T if self.transB else db)
        return Gradients(found if c is None else (*found, gathered(formula.scaled(dy[0], self.beta), c.shape)))

    def conventions(self) -> tuple[Convention, ...]:
        """See ``conventions``."""
        return conventions.GEMM

    @classmethod
    def operators(cls) -> tuple[Operator, ...]:
        """See ``operators``."""
        from convproof.layers.linear.operators import OPERATORS

        return OPERATORS["Gemm"]

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.addmm; without C torch.mm and a product."""
        alpha, beta = (int(factor) if factor.is_integer() else factor for factor in (self.alpha, self.beta))
        turned = [Called("t" if turns else "clone", (Input(k),)) for k, turns in enumerate((self.transA, self.transB))]
        if len(shapes) == 3:
            return Calls(*turned, Called("addmm", (Input(2), Result(0), Result(1)), {"beta": beta, "alpha": alpha}))
        return Calls(*turned, Called("mm", (Result(0), Result(1))), Called("mul", (Result(2), alpha)))

    def written(self) -> tuple[Written, ...]:
        """Gemm of three inputs."""
        return self.written_at((None,) * len(self.input_names))

    def written_at(self, shapes: Sequence[Sizes]) -> tuple[Written, ...]:
        """Gemm."""
        settings = {"alpha": self.alpha, "beta": self.beta, "transA": int(self.transA), "transB": int(self.transB)}
        return (Written("Gemm", tuple(range(len(shapes))), settings),)
