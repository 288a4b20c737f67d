"""Layers of elementary arithmetic, cell by cell: torch and ONNX have them as functions."""

from convproof.core.operators import Result, Written
from convproof.layers.pointwise.formula import elementary
from convproof.layers.pointwise.layer import Pointwise


class Sqrt(Pointwise):
    """The square root, cell by cell; NaN where x is negative."""

    entry = elementary.SQRT
    onnx = "Sqrt"


class Exp(Pointwise):
    """e to the power of x, cell by cell."""

    entry = elementary.EXP
    onnx = "Exp"


class Log(Pointwise):
    """The natural logarithm, cell by cell; -inf at 0, NaN where x is negative."""

    entry = elementary.LOG
    onnx = "Log"


class Abs(Pointwise):
    """The size of x without its sign, cell by cell; of integers too."""

    entry = elementary.ABS
    onnx = "Abs"


class Neg(Pointwise):
    """-x, cell by cell; of integers too."""

    entry = elementary.NEG
    onnx = "Neg"


class Reciprocal(Pointwise):
    """1 / x, cell by cell; an infinity at 0."""

    entry = elementary.RECIPROCAL
    onnx = "Reciprocal"


class Floor(Pointwise):
    """The largest whole number that is not above x, cell by cell."""

    entry = elementary.FLOOR
    onnx = "Floor"


class Ceil(Pointwise):
    """The smallest whole number that is not below x, cell by cell."""

    entry = elementary.CEIL
    onnx = "Ceil"


class Round(Pointwise):
    """The whole number nearest to x, cell by cell; the even one of two that are equally near."""

    entry = elementary.ROUND
    onnx = "Round"


class Sign(Pointwise):
    """1, 0 or -1, cell by cell; of integers too."""

    entry = elementary.SIGN
    onnx = "Sign"


class Sin(Pointwise):
    """sin(x), cell by cell, of an angle in radians."""

    entry = elementary.SIN
    onnx = "Sin"


class Cos(Pointwise):
    """cos(x), cell by cell, of an angle in radians."""

    entry = elementary.COS
    onnx = "Cos"


class Square(Pointwise):
    """x * x, cell by cell."""

    entry = elementary.SQUARE

    def written(self) -> tuple[Written, ...]:
        """Mul of x with itself."""
        return (Written("Mul", (0, 0)),)


class Rsqrt(Pointwise):
    """1 / sqrt(x), cell by cell; an infinity at 0, NaN where x is negative."""

    entry = elementary.RSQRT

    def written(self) -> tuple[Written, ...]:
        """Sqrt and Reciprocal."""
        return (Written("Sqrt"), Written("Reciprocal", (Result(0),)))
