"""See, set and prove every number in a convolutional network.

>>> import numpy as np
>>> import convproof as cp
>>> conv = cp.Conv2d(3, 1, kernel_size=3, seed=0)
>>> conv.weight = np.ones((1, 3, 3, 3))
>>> conv.bias = [1]
>>> print(conv(np.ones((1, 3, 5, 5)))[0, 0, 0, 0])
28.0
"""

import typing as _typing

from convproof.core.derivation import Derivation
from convproof.core.errors import *  # noqa: F403
from convproof.core.errors import __all__ as _errors
from convproof.core.layer import Layer
from convproof.core.upward import reach as _reach
from convproof.formats.images import to_batch
from convproof.formats.load import load
from convproof.formats.torch import from_torch
from convproof.layers.catalogue import LAYERS as _LAYERS
from convproof.network.network import Network, Sequential
from convproof.network.summary import Summary
from convproof.network.trace import Trace

__version__ = "0.1.0"

__all__ = [
    "Derivation",
    "Layer",
    "Network",
    "Report",
    "Sequential",
    "Summary",
    "Trace",
    "check",
    "from_torch",
    "golden",
    "load",
    "to_batch",
    *_errors,
    *_LAYERS,
]

_LATER = ("Report", "check", "golden")

if _typing.TYPE_CHECKING:
    from convproof.checking.check import check
    from convproof.checking.golden import golden
    from convproof.checking.report import Report
    from convproof.layers.catalogue import *  # noqa: F403


def __getattr__(name: str) -> _typing.Any:
    """A layer or a verb, loaded when it is first asked for."""
    if name in _LATER:
        return _reach(name)
    if name not in _LAYERS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _LAYERS[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
