"""Array types that say their axes: ``Float[Array, "N C H W"]``.

With CONVPROOF_SHAPES in the environment (the tests set it) the names are jaxtyping's and every call is checked against them;
without it an annotation is the plain array type, and importing convproof does not pay for jaxtyping.
"""

import os
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float as Float
    from jaxtyping import Int as Int
    from jaxtyping import Shaped as Shaped
    from numpy.typing import NDArray

    Array = NDArray[Any]
else:
    Array = np.ndarray
    if os.environ.get("CONVPROOF_SHAPES"):
        from jaxtyping import Float, Int, Shaped
    else:

        class _Plain:
            def __class_getitem__(cls, item: tuple[type, str]) -> type:
                return item[0]

        Float = Int = Shaped = _Plain

DType = Any  # what np.dtype takes, a torch dtype, or None
Shape = tuple[int, ...]
Cell = tuple[int, ...]
Region = tuple[range, ...]
Sizes = tuple[int | None, ...] | None  # what is known of a shape: each size or None; None if not even the number of axes is known
