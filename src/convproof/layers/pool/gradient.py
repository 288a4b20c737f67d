"""Gradients of pooling.

Shapes: dy (N, C, *outputs), dx (N, C, *sizes).

    max      dy goes to the first largest cell of its window
    average  dy / D goes to every cell of its window; what the padding receives is dropped
"""

from collections.abc import Sequence

import numpy as np

from convproof.core.arithmetic.padding import NOWHERE
from convproof.core.shapes import Array, Float, Int
from convproof.core.window import Window


def pull_max(dy: Float[Array, "N C *outputs"], winners: Int[Array, "N C *outputs"], sizes: Sequence[int]) -> Float[Array, "N C *sizes"]:
    """Every dy added to the place of its window's winner."""
    N, C = dy.shape[:2]
    dx = np.zeros((N, C, int(np.prod(sizes))), dy.dtype)
    real = winners != NOWHERE
    n, c, *_ = np.nonzero(real)
    np.add.at(dx, (n, c, winners[real]), dy[real])
    return dx.reshape(N, C, *sizes)


def pull_average(
    dy: Float[Array, "N C *outputs"], divisors: Int[Array, "*outputs"], sizes: Sequence[int], windows: Sequence[Window]
) -> Float[Array, "N C *sizes"]:
    """dy / D added to every cell of the window."""
    share = dy / divisors.astype(dy.dtype)
    spans = [size + w.before + w.after + w.overhang(size) for w, size in zip(windows, sizes, strict=True)]
    dx = np.zeros((*dy.shape[:2], *spans), dy.dtype)
    for tap in np.ndindex(*(w.kernel for w in windows)):
        read = (slice(u, u + w.stride * m, w.stride) for u, w, m in zip(tap, windows, dy.shape[2:], strict=True))
        dx[(slice(None), slice(None), *read)] += share
    return dx[(slice(None), slice(None), *(slice(w.before, w.before + size) for w, size in zip(windows, sizes, strict=True)))]
