"""What a layer holds: its parameters and statistics, set, read, saved and initialised by name."""

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, TypeVar

import numpy as np

from convproof.core.errors import UnknownNameError
from convproof.core.formats import format_of
from convproof.core.parameters import Parameter
from convproof.core.sentence import Text, say
from convproof.core.shapes import Array, DType, Shape

This = TypeVar("This", bound="Holder")


class Holder:
    """Arrays by name, as the class declares them with Parameter and Statistic; floats are of ``dtype``."""

    def __init__(self, dtype: DType = None) -> None:
        self.dtype = np.dtype(np.float32 if dtype is None else _plain_dtype(dtype))
        format_of(self.dtype)
        self.arrays: dict[str, Any] = {}
        self.warned: set[str] = set()

    def describe(self) -> str:
        """The holder in words, for messages."""
        raise NotImplementedError

    def reset_parameters(self, seed: int | None = None) -> None:
        """Give the parameters the initial values that torch.nn draws them from."""

    def declare(self, name: str, shape: Shape | None, dtype: DType = None) -> None:
        """Make room for a parameter or statistic of the class; ``shape`` None: this layer goes without."""
        self.arrays[name] = None if shape is None else np.zeros(shape, dtype or self.dtype)

    @classmethod
    def declared(cls) -> dict[str, Parameter]:
        """Parameters and statistics of the class by name, in the order of their declaration."""
        found: dict[str, Parameter] = {}
        for base in reversed(cls.__mro__):
            found.update({name: value for name, value in vars(base).items() if isinstance(value, Parameter)})
        return found

    def parameters(self) -> dict[str, Array]:
        """The learnt arrays that this layer has, by name; the arrays themselves, not copies."""
        return {name: self.arrays[name] for name, kind in self.declared().items() if kind.learnt and self.arrays[name] is not None}

    def state_dict(self) -> dict[str, Array]:
        """Copies of all parameters and statistics, by torch's names."""
        return {name: self.arrays[name].copy() for name in self.declared() if self.arrays[name] is not None}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> None:
        """Set parameters and statistics by name. Raises UnknownNameError for missing or unknown names, unless ``strict`` is False."""
        own = [name for name in self.declared() if self.arrays[name] is not None]
        check_names(own, state, self.describe(), strict)
        fitted = {name: self.declared()[name].fitted(self, state[name]) for name in own if name in state}
        self.arrays.update(fitted)

    def initialise(self: This, how: str = "default", *, seed: int | None = None, **values: Any) -> This:
        """Give the parameters new values; returns the layer.

        ``how``: "default" (what torch.nn draws), "kaiming", "kaiming_normal", "xavier", "xavier_normal", "constant". Named values win:
        ``initialise("kaiming", seed=7, bias=0)``, ``initialise(weight=array)``, ``initialise(weight="weight.npy")``; one number fills the
        whole array.
        """
        from convproof.core.initialise import initialise

        initialise(self, how, seed, values)
        return self


def with_arrays(holder: This, arrays: Mapping[str, Any]) -> This:
    """A copy that holds ``arrays`` and no others; the holder itself is left alone."""
    changed = copy(holder)
    changed.arrays = dict(arrays)
    return changed


def check_names(own: Sequence[str], given: Mapping[str, Any], whose: Text, strict: bool) -> None:
    """Raise UnknownNameError if a state dict lacks names or has others."""
    missing, unknown = [n for n in own if n not in given], [n for n in given if n not in own]
    if strict and (missing or unknown):
        raise UnknownNameError(
            "the state does not fit {whose}: missing {missing}, unknown {unknown}; load with strict=False to take what fits",
            whose=whose,
            missing=missing or say("nothing"),
            unknown=unknown or say("nothing"),
        )


def _plain_dtype(dtype: Any) -> Any:
    return str(dtype).removeprefix("torch.") if str(dtype).startswith("torch.") else dtype
