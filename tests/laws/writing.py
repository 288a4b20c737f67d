"""Numbers as targets write them down, by NumPy's casts, Python's texts and whole numbers."""

from collections.abc import Callable

import ml_dtypes
import numpy as np

ROUND = {"nearest": np.rint, "floor": np.floor, "truncate": np.trunc}


def text(format: str) -> Callable[[np.ndarray], np.ndarray]:
    """Printed and read again."""
    return lambda y: np.array([float(format % value) for value in y.ravel().tolist()]).reshape(y.shape)


def cast(dtype: type) -> Callable[[np.ndarray], np.ndarray]:
    """Stored as shorter floats."""

    def written(y: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            return y.astype(dtype).astype(np.float64)

    return written


def codes(step: float, bits: int, zero: int = 0, rounding: str = "nearest", wrap: bool = False) -> Callable[[np.ndarray], np.ndarray]:
    """Whole numbers of so many bits, and what they mean."""
    least, most = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    def written(y: np.ndarray) -> np.ndarray:
        whole = ROUND[rounding](y.astype(np.float64) / step).astype(np.int64) + zero
        kept = (whole - least) % 2**bits + least if wrap else np.minimum(np.maximum(whole, least), most)
        return np.asarray((kept - zero) * step)

    return written


WRITTEN: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "decimals:4": text("%.4f"),
    "decimals:1": text("%.1f"),
    "digits:6": text("%g"),
    "digits:4": text("%.3e"),
    "float16": cast(np.float16),
    "bfloat16": cast(ml_dtypes.bfloat16),
    "q7.8": codes(2.0**-8, 16),
    "q7.8:floor": codes(2.0**-8, 16, rounding="floor"),
    "q3.4:truncate": codes(2.0**-4, 8, rounding="truncate"),
    "q1.6:wrap": codes(2.0**-6, 8, wrap=True),
    "int8:0.02:-3": codes(0.02, 8, -3),
    "int8:0.013:5:wrap": codes(0.013, 8, 5, wrap=True),
    "int8:0.05:truncate": codes(0.05, 8, rounding="truncate"),
    "int16:0.0001:floor:wrap": codes(0.0001, 16, rounding="floor", wrap=True),
}
ARITHMETICS = [name for name in WRITTEN if not name.startswith(("decimals", "digits"))]
