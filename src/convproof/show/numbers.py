"""How numbers are written: exact ones as they are, others to six significant digits, cells of arrays to four decimals."""

from fractions import Fraction

import numpy as np

from convproof.core.shapes import Array

SIGNIFICANT = 6


def short(value: Fraction) -> str:
    """A number for a hand calculation: whole numbers in full, others to six significant digits."""
    if value.denominator == 1 and abs(value) < 10**15:
        return str(value.numerator)
    return f"{float(value):.{SIGNIFICANT}g}"


def is_short(value: Fraction) -> bool:
    """Whether ``short`` says the whole number, with nothing rounded away."""
    return Fraction(short(value)) == value


def equals(value: Fraction) -> str:
    """The number behind an equals sign; behind ≈ if it had to be rounded."""
    return f"{'=' if is_short(value) else '≈'} {short(value)}"


def long(value: Fraction, digits: int = 20) -> str:
    """A number to many digits, for the last line of a derivation."""
    if is_short(value):
        return short(value)
    from decimal import Context, Decimal

    context = Context(prec=digits)
    return str(context.divide(Decimal(value.numerator), Decimal(value.denominator)))


def rough(value: float) -> str:
    """An error or a count of ULPs, to two digits."""
    return f"{value:.0f}" if 10 <= abs(value) < 1e6 else f"{value:.2g}"


def cell(number: object) -> str:
    """One cell of an array: integers as such, others to four decimals."""
    if isinstance(number, int | np.integer | np.bool_):
        return str(int(number))
    value = float(number)  # type: ignore[arg-type]
    text = f"{value:.4f}" if not np.isfinite(value) or abs(value) < 1e6 else f"{value:.4e}"
    return text.removeprefix("-") if vanishes(value) else text


def vanishes(value: float) -> bool:
    """Whether four decimals show nothing of a number (0 itself counts)."""
    return abs(value) < 5e-5


def rows(matrix: Array) -> list[str]:
    """The rows of a matrix, columns aligned."""
    texts = [[cell(v) for v in row] for row in matrix]
    width = max((len(t) for row in texts for t in row), default=0)
    return ["[" + " ".join(t.rjust(width) for t in row) + "]" for row in texts]
