"""Layers of elementary arithmetic, cell by cell: torch and ONNX have them as functions."""

from collections.abc import Sequence

from convproof.core.calls import Called, Calls
from convproof.core.operators import Result, Written
from convproof.core.shapes import Shape
from convproof.layers.pointwise.formula import elementary
from convproof.layers.pointwise.layer import Pointwise


class Elementary(Pointwise):
    """A function that torch calls by the same name."""

    def in_torch(self, shapes: Sequence[Shape], training: bool) -> Calls:
        """torch.sqrt and so on."""
        return Calls(Called(type(self).__name__.lower()))


class Sqrt(Elementary):
    """The square root, cell by cell; NaN where x is negative."""

    entry = elementary.SQRT
    onnx = "Sqrt"


class Exp(Elementary):
    """e to the power of x, cell by cell."""

    entry = elementary.EXP
    onnx = "Exp"


class Log(Elementary):
    """The natural logarithm, cell by cell; -inf at 0, NaN where x is negative."""

    entry = elementary.LOG
    onnx = "Log"


class Abs(Elementary):
    """The size of x without its sign, cell by cell; of integers too."""

    entry = elementary.ABS
    onnx = "Abs"


class Neg(Elementary):
    """-x, cell by cell; of integers too."""

    entry = elementary.NEG
    onnx = "Neg"


class Reciprocal(Elementary):
    """1 / x, cell by cell; an infinity at 0."""

    entry = elementary.RECIPROCAL
    onnx = "Reciprocal"


class Floor(Elementary):
    """The largest whole number that is not above x, cell by cell."""

    entry = elementary.FLOOR
    onnx = "Floor"


class Ceil(Elementary):
    """The smallest whole number that is not below x, cell by cell."""

    entry = elementary.CEIL
    onnx = "Ceil"


class Round(Elementary):
    """The whole number nearest to x, cell by cell; the even one of two that are equally near."""

    entry = elementary.ROUND
    onnx = "Round"


class Sign(Elementary):
    """1, 0 or -1, cell by cell; of integers too."""

    entry = elementary.SIGN
    onnx = "Sign"


class Sin(Elementary):
    """sin(x), cell by cell, of an angle in radians."""

    entry = elementary.SIN
    onnx = "Sin"


class Cos(Elementary):
    """cos(x), cell by cell, of an angle in radians."""

    entry = elementary.COS
    onnx = "Cos"


class Square(Elementary):
    """x * x, cell by cell."""

    entry = elementary.SQUARE

    def written(self) -> tuple[Written, ...]:
        """Mul of x with itself."""
        return (Written("Mul", (0, 0)),)


class Rsqrt(Elementary):
    """1 / sqrt(x), cell by cell; an infinity at 0, NaN where x is negative."""

    entry = elementary.RSQRT

    def written(self) -> tuple[Written, ...]:
        """Sqrt and Reciprocal."""
        return (Written("Sqrt"), Written("Reciprocal", (Result(0),)))
