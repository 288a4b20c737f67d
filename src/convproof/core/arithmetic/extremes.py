"""Where a search for the largest or the smallest number begins, so that every number of a type wins: the largest and smallest of none."""

from typing import Any

import numpy as np


def lowest(dtype: np.dtype[Any]) -> Any:
    """What is not above any number of a type: minus infinity, or an integer type's smallest."""
    return -np.inf if dtype.kind == "f" else False if dtype.kind == "b" else np.iinfo(dtype).min


def highest(dtype: np.dtype[Any]) -> Any:
    """What is not below any number of a type: infinity, or an integer type's largest."""
    return np.inf if dtype.kind == "f" else True if dtype.kind == "b" else np.iinfo(dtype).max
