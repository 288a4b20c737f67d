"""Winograd's convolution in float32, tile by tile and product by product, with the tables that libraries print in their sources."""

from dataclasses import dataclass

import numpy as np

f = np.float32
R = 2.0**0.5


@dataclass(frozen=True)
class Algorithm:
    """F(m, r) as somebody wrote it down: y = A ((G w) * (B x)); ``points`` are those behind it, infinity left out."""

    A: list
    G: list
    B: list
    points: tuple

    @property
    def tables(self):
        """As float32: a constant such as 1/6 is rounded."""
        return tuple(np.array(table, f) for table in (self.A, self.G, self.B))

    @property
    def tile(self):
        return len(self.B)

    @property
    def taps(self):
        return len(self.G[0])


SIX = [[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0], [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]]
EIGHT = [
    [1, 0, -5.25, 0, 5.25, 0, -1, 0],
    [0, 1, 1, -4.25, -4.25, 1, 1, 0],
    [0, -1, 1, 4.25, -4.25, -1, 1, 0],
    [0, 0.5, 0.25, -2.5, -1.25, 2, 1, 0],
    [0, -0.5, 0.25, 2.5, -1.25, -2, 1, 0],
    [0, 2, 4, -2.5, -5, 0.5, 1, 0],
    [0, -2, 4, 2.5, -5, -0.5, 1, 0],
    [0, -1, 0, 5.25, 0, -5.25, 0, 1],
]
THREES = [
    [-36, 0, 49, 0, -14, 0, 1, 0],
    [0, -36, 36, 13, -13, -1, 1, 0],
    [0, 36, 36, -13, -13, 1, 1, 0],
    [0, -18, 9, 20, -10, -2, 1, 0],
    [0, 18, 9, -20, -10, 2, 1, 0],
    [0, -12, 4, 15, -5, -3, 1, 0],
    [0, 12, 4, -15, -5, 3, 1, 0],
    [0, -36, 0, 49, 0, -14, 0, 1],
]
ALGORITHMS = {
    "F(2,3)": Algorithm(  # Lavin and Gray
        [[1, 1, 1, 0], [0, 1, -1, -1]],
        [[1, 0, 0], [1 / 2, 1 / 2, 1 / 2], [1 / 2, -1 / 2, 1 / 2], [0, 0, 1]],
        [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]],
        (0, 1, -1),
    ),
    "F(4,3)": Algorithm(  # Lavin and Gray
        [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
        [[1 / 4, 0, 0], [-1 / 6] * 3, [-1 / 6, 1 / 6, -1 / 6], [1 / 24, 1 / 12, 1 / 6], [1 / 24, -1 / 12, 1 / 6], [0, 0, 1]],
        SIX,
        (0, 1, -1, 2, -2),
    ),
    "F(4,3) by ncnn": Algorithm(
        [[1, 1, 1, 1, 1, 0], [0, R / 2, -R / 2, R, -R, 0], [0, 0.5, 0.5, 2, 2, 0], [0, R / 4, -R / 4, 2 * R, -2 * R, 1]],
        [[1, 0, 0], [-2 / 3, -R / 3, -1 / 3], [-2 / 3, R / 3, -1 / 3], [1 / 6, R / 6, 1 / 3], [1 / 6, -R / 6, 1 / 3], [0, 0, 1]],
        [
            [1, 0, -2.5, 0, 1, 0],
            [0, -R, -2, R / 2, 1, 0],
            [0, R, -2, -R / 2, 1, 0],
            [0, -R / 2, -0.5, R, 1, 0],
            [0, R / 2, -0.5, -R, 1, 0],
            [0, 1, 0, -2.5, 0, 1],
        ],
        (0, R / 2, -R / 2, R, -R),
    ),
    "F(4,3) by Arm": Algorithm(
        [
            [1 / 2, 1 / 2, 1 / 2, 1, 1 / 8, 0],
            [0, -1 / 2, 1 / 2, -1 / 2, 1 / 4, 0],
            [0, 1 / 2, 1 / 2, 1 / 4, 1 / 2, 0],
            [0, -1 / 2, 1 / 2, -1 / 8, 1, 1 / 2],
        ],
        [[1, 0, 0], [1 / 3, -1 / 3, 1 / 3], [-1 / 3, -1 / 3, -1 / 3], [-8 / 15, 4 / 15, -2 / 15], [2 / 15, 4 / 15, 8 / 15], [0, 0, 1]],
        [
            [2, 3, -4, -3, 2, 0],
            [0, 2, 1, -5, 2, 0],
            [0, -2, -5, -1, 2, 0],
            [0, 4, -2, -4, 2, 0],
            [0, -2, -4, 2, 4, 0],
            [0, 2, 3, -4, -3, 2],
        ],
        (0, -1, 1, -1 / 2, 2),
    ),
    "F(4,3) by oneDNN": Algorithm(
        [[float(t**i) for t in (0, 5 / 8, -5 / 8, 3 / 2, -3 / 2)] + [float(i == 3)] for i in range(4)],
        [
            [1.13777777777778, 0, 0],
            [-0.688403361344538, -0.430252100840336, -0.26890756302521],
            [-0.688403361344538, 0.430252100840336, -0.26890756302521],
            [0.119514472455649, 0.179271708683473, 0.26890756302521],
            [0.119514472455649, -0.179271708683473, 0.26890756302521],
            [0, 0, 1],
        ],
        [
            [0.87890625, 0, -2.640625, 0, 1, 0],
            [0, -1.40625, -2.25, 0.625, 1, 0],
            [0, 1.40625, -2.25, -0.625, 1, 0],
            [0, -0.5859375, -0.390625, 1.5, 1, 0],
            [0, 0.5859375, -0.390625, -1.5, 1, 0],
            [0, 0.87890625, 0, -2.640625, 0, 1],
        ],
        (0, 5 / 8, -5 / 8, 3 / 2, -3 / 2),
    ),
    "F(2,5)": Algorithm(
        [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 1]],
        [
            [1 / 4, 0, 0, 0, 0],
            [-1 / 6] * 5,
            [-1 / 6, 1 / 6, -1 / 6, 1 / 6, -1 / 6],
            [1 / 24, 1 / 12, 1 / 6, 1 / 3, 2 / 3],
            [1 / 24, -1 / 12, 1 / 6, -1 / 3, 2 / 3],
            [0, 0, 0, 0, 1],
        ],
        SIX,
        (0, 1, -1, 2, -2),
    ),
    "F(6,3)": Algorithm(  # wincnn, in the multiples that ncnn takes
        [
            [1, 1, 1, 1, 1, 32, 32, 0],
            [0, 1, -1, 2, -2, 16, -16, 0],
            [0, 1, 1, 4, 4, 8, 8, 0],
            [0, 1, -1, 8, -8, 4, -4, 0],
            [0, 1, 1, 16, 16, 2, 2, 0],
            [0, 1, -1, 32, -32, 1, -1, 1],
        ],
        [
            [1, 0, 0],
            [-2 / 9, -2 / 9, -2 / 9],
            [-2 / 9, 2 / 9, -2 / 9],
            [1 / 90, 1 / 45, 2 / 45],
            [1 / 90, -1 / 45, 2 / 45],
            [1 / 45, 1 / 90, 1 / 180],
            [1 / 45, -1 / 90, 1 / 180],
            [0, 0, 1],
        ],
        EIGHT,
        (0, 1, -1, 2, -2, 1 / 2, -1 / 2),
    ),
    "F(6,3) by MNN": Algorithm(
        [[float(t**i) for t in (0, -1, 1, -2, 2, -3, 3)] + [float(i == 5)] for i in range(6)],
        [
            [-1 / 36, 0, 0],
            [1 / 48, -1 / 48, 1 / 48],
            [1 / 48, 1 / 48, 1 / 48],
            [-1 / 120, 1 / 60, -1 / 30],
            [-1 / 120, -1 / 60, -1 / 30],
            [1 / 720, -1 / 240, 1 / 80],
            [1 / 720, 1 / 240, 1 / 80],
            [0, 0, 1],
        ],
        THREES,
        (0, -1, 1, -2, 2, -3, 3),
    ),
    "F(4,5)": Algorithm(  # Arm
        [[1, 1, 1, 1, 1, 8, 8, 0], [0, 1, -1, 2, -2, 4, -4, 0], [0, 1, 1, 4, 4, 2, 2, 0], [0, 1, -1, 8, -8, 1, -1, 1]],
        [
            [1, 0, 0, 0, 0],
            [-2 / 9] * 5,
            [-2 / 9, 2 / 9, -2 / 9, 2 / 9, -2 / 9],
            [1 / 90, 1 / 45, 2 / 45, 4 / 45, 8 / 45],
            [1 / 90, -1 / 45, 2 / 45, -4 / 45, 8 / 45],
            [4 / 45, 2 / 45, 1 / 45, 1 / 90, 1 / 180],
            [4 / 45, -2 / 45, 1 / 45, -1 / 90, 1 / 180],
            [0, 0, 0, 0, 1],
        ],
        EIGHT,
        (0, 1, -1, 2, -2, 1 / 2, -1 / 2),
    ),
    "F(2,7)": Algorithm(  # Arm
        [[1, 1, 1, 1, 1, 1, 1, 0], [0, -1, 1, -2, 2, -3, 3, 1]],
        [
            [-1 / 36, *[0] * 6],
            [sign / 48 for sign in (1, -1, 1, -1, 1, -1, 1)],
            [1 / 48] * 7,
            [-((-2) ** j) / 120 for j in range(7)],
            [-(2**j) / 120 for j in range(7)],
            [(-3) ** j / 720 for j in range(7)],
            [3**j / 720 for j in range(7)],
            [*[0] * 6, 1],
        ],
        THREES,
        (0, -1, 1, -2, 2, -3, 3),
    ),
}  # fmt: skip


def twice(table, tiles):
    """A table along both axes of tiles (..., a, a), one product after another."""
    for _ in range(2):
        total = np.zeros((*tiles.shape[:-2], len(table), tiles.shape[-1]), f)
        for j, column in enumerate(table.T):
            total = total + column[:, None] * tiles[..., j, None, :]
        tiles = np.swapaxes(total, -1, -2)
    return tiles


def in_tiles(x, w, algorithm, first=0):
    """A convolution of padded x (C, H, W) with w (O, C, r, r) in float32, the tiles beginning ``first`` cells before the output."""
    (A, G, B), r = algorithm.tables, w.shape[-1]
    m, a = A.shape
    high, wide = x.shape[1] - r + 1, x.shape[2] - r + 1
    rows, columns = (-(-(size + first) // m) for size in (high, wide))
    room = np.zeros((len(x), rows * m + r - 1, columns * m + r - 1), f)
    room[:, first : first + x.shape[1], first : first + x.shape[2]] = x
    tiles = np.stack([np.stack([room[:, i * m : i * m + a, j * m : j * m + a] for j in range(columns)], 1) for i in range(rows)], 1)
    U, V = twice(G, w), twice(B, tiles)  # (O, C, a, a), (C, rows, columns, a, a)
    total = np.zeros((len(w), rows, columns, a, a), f)
    for c in range(len(x)):
        total = total + U[:, c, None, None] * V[c]
    y = twice(A, total).transpose(0, 1, 3, 2, 4).reshape(len(w), rows * m, columns * m)
    return y[:, first : first + high, first : first + wide]


def by_winograd(conv, x, name, first=0):
    """A layer's output (1, O, H, W), its bias added at last."""
    p = conv.padding[0]
    y = in_tiles(np.pad(x[0], ((0, 0), (p, p), (p, p))), conv.weight, ALGORITHMS[name], first)
    return y[None] if conv.bias is None else y[None] + conv.bias[:, None, None]


def images(kind, shape, seed=4):
    """Inputs whose rounding errors are random, and inputs whose errors are not."""
    rng = np.random.default_rng(seed)
    x, (i, j) = rng.normal(size=shape), np.mgrid[: shape[-2], : shape[-1]]
    made = {
        "random": lambda: x,
        "relu": lambda: np.maximum(x, 0),
        "sparse": lambda: np.where(rng.uniform(size=shape) < 0.05, x, 0),
        "constant": lambda: np.full(shape, 0.3),
        "positive": lambda: abs(x) + 5,
        "pixels": lambda: rng.integers(0, 256, shape) / 255,
        "whole numbers": lambda: np.round(128 + 2 * x),
        "a slope": lambda: np.broadcast_to(0.5 + 0.013 * i + 0.0071 * j, shape),
        "waves": lambda: np.broadcast_to(1.3 + np.sin(0.11 * i + 1) * np.cos(0.07 * j), shape) + 0.001 * x,
        "a figure before a wall": lambda: np.where((i < 6) & (j < 6), x, 1),
        "one outlier": lambda: np.where(x == x.max(), 1e4, x),
        "a chequerboard": lambda: np.broadcast_to(np.where((i + j) % 2, 0.3, -0.3), shape),
        "equal channels": lambda: np.broadcast_to(x[:, :1], shape),
    }
    return made[kind]().astype(f)


KINDS = (
    "random", "relu", "sparse", "constant", "positive", "pixels", "whole numbers", "a slope", "waves", "a figure before a wall",
    "one outlier", "a chequerboard", "equal channels",
)  # fmt: skip
WEIGHTS = {
    "drawn": lambda rng, shape: rng.normal(size=shape),
    "positive": lambda rng, shape: rng.uniform(0.5, 1.5, shape),
    "constant": lambda rng, shape: np.full(shape, 0.1),
    "equal channels": lambda rng, shape: np.broadcast_to(rng.normal(size=(shape[0], 1, *shape[2:])), shape),
}
