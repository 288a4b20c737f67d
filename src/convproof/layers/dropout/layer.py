"""The dropouts that users meet: torch.nn's names, signatures and defaults."""

import numpy as np

from convproof.core.axes import at_cells
from convproof.core.calls import Called
from convproof.core.derivation import Node, add, copy, product, setting
from convproof.core.layer import Case
from convproof.core.lines import SIGMAS, Lines, no_error
from convproof.core.operators import Written
from convproof.core.sentence import say
from convproof.core.shapes import Array, Cell, Shape
from convproof.layers.dropout import formula, in_torch
from convproof.layers.dropout.base import Dropping


class Dropout(Dropping):
    """x, of which in training every number is dropped with probability p; what is kept is divided by 1 - p. In eval, x.

    Arguments and defaults are torch.nn.Dropout's. ``seed`` repeats the masks (other numbers than torch's). ``active``: True drops in eval
    too, False never. ``return_mask`` gives the mask as a second output, as ONNX can.

    Raises SettingError for p outside of 0 to 1.
    """

    formula = "y = x * m / (1 - p)"

    def __init__(
        self, p: float | int = 0.5, inplace: bool = False, *, seed: int | None = None, active: bool | None = None, return_mask: bool = False
    ) -> None:
        super().__init__(p, inplace, seed=seed, active=active)
        self.return_mask = return_mask

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """The input's own shape, once or twice."""
        return super().shapes(*shapes) * (2 if self.return_mask else 1)

    def outputs(self, y: Array, m: Array) -> tuple[Array, ...]:
        """y, and the mask where it was asked for."""
        return (y, m) if self.return_mask else (y,)

    def tree(self, cell: Cell, case: Case) -> Node:
        """A number, or the mask's 1 or 0."""
        if case.output == 0:
            return super().tree(cell, case)
        kept = not self.drops(case.training) or bool(self.mask(case.x.shape, case.draw)[cell])
        return copy(setting(int(kept), "m"), name="mask")

    def bounds(self, cells: Array | None, case: Case) -> Lines:
        """The mask is exact, but where it was read from outputs that do not show it."""
        if case.output == 0:
            return super().bounds(cells, case)
        m = self.mask(case.x.shape, case.draw) if self.drops(case.training) else np.ones(case.x.shape, bool)
        exact = no_error(at_cells(m, cells).astype(np.float64))
        if not isinstance(case.draw, formula.Seen):
            return exact
        unsure = at_cells(np.broadcast_to(case.draw.unsure, case.x.shape), cells).astype(np.float64)
        return Lines(exact.exact, unsure, unsure / SIGMAS)

    def written(self) -> tuple[Written, ...]:
        """Dropout with its ratio; with training_mode where it drops in eval too."""
        ratio = np.asarray(self.p, self.dtype)
        inputs = (0, ratio, np.asarray(True)) if self.active else (0, ratio)
        return (Written("Dropout", inputs, {} if self.seed is None else {"seed": self.seed}, 2 if self.return_mask else 1),)


class FeatureDropping(Dropping):
    """A dropout of whole channels: a mask for each of the first axes of x, constant along the others."""

    def leading(self, rank: int) -> int:
        """How many axes have a mask: batch and channels."""
        return 2

    def mask_shape(self, shape: Shape) -> Shape:
        """1 along the axes that are dropped as a whole."""
        lead = self.leading(len(shape))
        return shape[:lead] + (1,) * (len(shape) - lead)


class Dropout1d(FeatureDropping):
    """Dropout of whole channels of (N, C, L), or of (C, L) without a batch.

    ``seed`` repeats the masks, ``active``: True drops in eval too, False never. Arguments and defaults are torch.nn's.
    """

    formula = "y = x * m / (1 - p)"
    least, most = 2, 3

    def leading(self, rank: int) -> int:
        """Channels alone without a batch."""
        return rank - 1


class Dropout2d(FeatureDropping):
    """Dropout of whole channels of (N, C, H, W); three axes count as (N, C, L), as in torch.

    ``seed`` repeats the masks, ``active``: True drops in eval too, False never. Arguments and defaults are torch.nn's.
    """

    formula = "y = x * m / (1 - p)"
    least = 2


class Dropout3d(FeatureDropping):
    """Dropout of whole channels of (N, C, D, H, W), or of (C, D, H, W) without a batch.

    ``seed`` repeats the masks, ``active``: True drops in eval too, False never. Arguments and defaults are torch.nn's.
    """

    formula = "y = x * m / (1 - p)"
    least = 2

    def leading(self, rank: int) -> int:
        """Channels alone without a batch."""
        return 2 if rank == 5 else 1


class AlphaDropout(Dropping):
    """Dropout for SELU networks: what is dropped becomes alpha' = -1.758..., and mean and variance stay as they were. In eval, x.

    ``seed`` repeats the masks, ``active``: True drops in eval too, False never. Arguments and defaults are torch.nn's.
    """

    formula = "y = a * (x*m + alpha' * (1 - m)) + b"

    def dropped(self, x: Array, m: Array) -> Array:
        """See ``formula``."""
        return formula.alpha_drop(x, m, self.p)

    def factors(self) -> tuple[float, float, float]:
        """a, a * alpha' and b."""
        a, b = formula.alpha_scale(self.p)
        return a, a * formula.ALPHA, b

    def dropped_in_torch(self) -> tuple[Called, ...]:
        """A training step."""
        return in_torch.alpha_dropped(*self.factors())

    def dropped_tree(self, x: Node, kept: bool) -> Node:
        """a times x or alpha', plus b."""
        a, b = formula.alpha_scale(self.p)
        note = say("x was kept") if kept else say("x was dropped")
        inner = x if kept else setting(formula.ALPHA, "alpha'")
        m = [] if kept else [product(setting(0, "m"), x)]
        return add(product(setting(a, "a"), add(*m, inner) if m else inner), setting(b, "b"), name="y", note=note)


class FeatureAlphaDropout(AlphaDropout, FeatureDropping):
    """Alpha dropout of whole channels of (N, C, ...).

    ``seed`` repeats the masks, ``active``: True drops in eval too, False never. Arguments and defaults are torch.nn's.
    """

    least = 2
