"""Pooling, the definitions.

    max      y[n, c, i, j] = the largest  x[n, c, i*s + u*d - p, j*s + v*d - p]  over the window's taps u, v; padding never wins
    average  y[n, c, i, j] = 1/D * sum over u, v of  x[n, c, i*s + u - p, j*s + v - p]; padding counts as 0

D is the size of the window: kh*kw with the padding counted, or only the cells of the input; a window that stands out beyond the padding
(``ceil_mode``) is clipped there before it is counted. Channels stay apart.

Source: torch.nn.MaxPool2d, torch.nn.AvgPool2d.
"""

from collections.abc import Sequence
from functools import reduce

import numpy as np

from convproof.core.arithmetic.padding import NOWHERE, pad
from convproof.core.shapes import Array, Float, Int
from convproof.core.window import Window, windows_of


def padded(x: Array, windows: Sequence[Window], fill: float | int) -> Array:
    """x with padding of ``fill``, lengthened as far as the last windows reach."""
    sizes = x.shape[-len(windows) :]
    return pad(x, [(w.before, w.after + w.overhang(size)) for w, size in zip(windows, sizes, strict=True)], fill=fill)


def taps_of(x: Array, windows: Sequence[Window], fill: float | int) -> list[Array]:
    """What tap 0, tap 1 ... of every window reads, in the order of the kernel: views of shape (N, C, *outputs)."""
    views = windows_of(padded(x, windows, fill), [w.unpadded() for w in windows])
    return [views[(..., *tap)] for tap in np.ndindex(*views.shape[-len(windows) :])]


def max_pool(x: Float[Array, "N C *sizes"], windows: Sequence[Window]) -> Float[Array, "N C *outputs"]:
    """The largest number of every window; a NaN in it wins."""
    return np.asarray(reduce(np.maximum, taps_of(x, windows, -np.inf)))


def winners(x: Float[Array, "N C *sizes"], windows: Sequence[Window]) -> Int[Array, "N C *outputs"]:
    """Where in its plane, counted row by row, the winner of every window stands; NOWHERE if the window reads padding alone.

    A number displaces the one before it if it is larger, or NaN. So the first of equal numbers wins, but the last NaN, as in torch.
    """
    numbers = taps_of(x, windows, -np.inf)
    places = taps_of(np.arange(int(np.prod(x.shape[2:]))).reshape(1, 1, *x.shape[2:]), windows, NOWHERE)
    best, place = np.full_like(numbers[0], -np.inf), np.full(numbers[0].shape, NOWHERE)
    for number, there in zip(numbers, places, strict=True):
        wins = (number > best) | np.isnan(number) | ((place == NOWHERE) & (there != NOWHERE))  # the last: -inf wins over padding
        np.copyto(best, number, where=wins)
        np.copyto(place, there, where=wins)
    return place


def winner_of(numbers: Float[Array, "taps"]) -> int:
    """Which number of one window wins: the first of the largest, or the last NaN."""
    nans = np.flatnonzero(np.isnan(numbers))
    return int(nans[-1]) if nans.size else int(numbers.argmax())


def average_pool(
    x: Float[Array, "N C *sizes"], windows: Sequence[Window], count_padding: bool, divisor: int | None
) -> Float[Array, "N C *outputs"]:
    """The sum of every window divided by its size."""
    return np.asarray(window_sums(x, windows) / divisors(x.shape[2:], windows, count_padding, divisor).astype(x.dtype))


def window_sums(x: Float[Array, "N C *sizes"], windows: Sequence[Window]) -> Float[Array, "N C *outputs"]:
    """The sum of every window, padding counted as 0; inf - inf is NaN."""
    with np.errstate(invalid="ignore"):
        return np.asarray(reduce(np.add, taps_of(x, windows, 0.0)))


def divisors(sizes: Sequence[int], windows: Sequence[Window], count_padding: bool, divisor: int | None) -> Int[Array, "*outputs"]:
    """D for every output spot."""
    lengths = [
        np.array([divisor_along(w, i, size, count_padding) for i in range(w.outputs(size))]) for w, size in zip(windows, sizes, strict=True)
    ]
    areas = reduce(np.multiply.outer, lengths)
    return areas if divisor is None else np.full_like(areas, divisor)


def divisor_at(spot: Sequence[int], sizes: Sequence[int], windows: Sequence[Window], count_padding: bool, divisor: int | None) -> int:
    """D for one output spot."""
    lengths = [divisor_along(w, i, size, count_padding) for w, i, size in zip(windows, spot, sizes, strict=True)]
    return int(np.prod(lengths)) if divisor is None else divisor


def divisor_along(window: Window, output: int, size: int, count_padding: bool) -> int:
    """How many cells of one axis a window counts: clipped to the padded axis, or to the input."""
    taps = window.taps(output)
    low, high = (-window.before, size + window.after) if count_padding else (0, size)
    return min(taps.stop, high) - max(taps.start, low)
