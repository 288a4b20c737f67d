"""PyTorch as a witness: every layer as PyTorch computes it.

A layer has the name, the settings and the parameters of torch.nn's, so that module is built again; where PyTorch has it as functions, or
under other settings, the layer's room says by which calls (``Layer.in_torch``). float64 networks and inputs are computed in float64.
float16 and bfloat16 are computed by PyTorch's own function of that type if it is a single one; where several would round in between,
or PyTorch has none, in float32, with the outputs rounded.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import reduce
from typing import Any

import ml_dtypes
import numpy as np

from convproof.core.axes import widened
from convproof.core.calls import Called, Calls, Drawn, Input, Own
from convproof.core.errors import NotCoveredError
from convproof.core.evaluation import Step
from convproof.core.formats import FLOATS, SHORT
from convproof.core.layer import Layer
from convproof.core.operators import Result
from convproof.core.shapes import Array
from convproof.formats.torch.modules import array_of
from convproof.network.delegated import Delegated
from convproof.witness.answer import float_type, in_own_words
from convproof.witness.stand_ins import State

NOT_TORCHS = ("inplace", "seed", "dtype", "device")
NAME = "PyTorch"


@contextmanager
def quiet() -> Iterator[Any]:
    """torch without gradients, without warnings, and with the same dice every time; the user's own dice are left as they were."""
    import torch

    dice = torch.random.get_rng_state()
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.default_generator.manual_seed(0)
            yield torch
    finally:
        torch.random.set_rng_state(dice)


def step_in_torch(layer: Layer, inputs: Sequence[Array], training: bool, state: State) -> Step:
    """One step of a layer in PyTorch. Raises NotCoveredError with what PyTorch says where it refuses."""
    if isinstance(layer, Delegated):
        return delegated(layer, inputs, training)
    calls = layer.in_torch([x.shape for x in inputs], training)
    with quiet() as torch, in_own_words(layer.describe(), NAME):
        if calls is None and not hasattr(torch.nn, type(layer).__name__):
            raise NotCoveredError("{layer}: PyTorch has no such layer", layer=layer.describe())
        own = {name: array for name, array in (dict(layer.arrays) | dict(state or {})).items() if name in layer.declared()}
        kind = float_type([*inputs, *(array for array in own.values() if array is not None)])
        if kind is not None and kind.name in SHORT:
            if calls is None or len(calls.calls) == 1:
                with suppress(RuntimeError):
                    return Stepping(torch, layer, training, own, kind, state).step(inputs, calls)
            kind = np.dtype(np.float32)
        return Stepping(torch, layer, training, own, kind, state).step([widened(x) for x in inputs], calls)


def delegated(layer: Delegated, inputs: Sequence[Array], training: bool) -> Step:
    """A function of PyTorch, or Python's arithmetic on shapes, that is no layer of ours. Raises NotCoveredError for one of ONNX."""
    if layer.as_written is not None:
        raise NotCoveredError("{layer} is an operator of ONNX, which PyTorch does not have", layer=layer.operator)
    return layer.checked_step(inputs, training)


class Stepping:
    """One step of a layer in PyTorch, in floats of one type; ``own`` are the layer's parameters and statistics as they are now."""

    def __init__(self, torch: Any, layer: Layer, training: bool, own: dict[str, Any], kind: Any, state: State) -> None:
        self.torch, self.layer, self.training, self.state, self.kind = torch, layer, training, state, kind
        self.ours: Step | None = None
        self.own = {name: None if array is None else self.tensor(array, fresh=training) for name, array in own.items()}

    def step(self, inputs: Sequence[Array], calls: Calls | None) -> Step:
        """The outputs, and the statistics as they are afterwards."""
        tensors = [self.tensor(x) for x in inputs]
        if calls is None:
            module = self.module()
            found = module(*tensors)
            outputs = list(found) if isinstance(found, tuple | list) else [found]
            after = dict(module.state_dict()) if self.training else {}
            state = {name: array_of(after[name]) for name, kind in self.layer.declared().items() if name in after and not kind.learnt}
            return Step(tuple(map(as_array, outputs)), tuple(inputs), self.training, state, state)
        outputs = self.called(calls, tensors, inputs)
        remembers = self.training and type(self.layer).step is not Layer.step
        state = dict(self.ours_on(inputs).state) if remembers else {}
        return Step(tuple(map(as_array, outputs)), tuple(inputs), self.training, state=state)

    def module(self) -> Any:
        """torch.nn's module of the layer's name, with its settings and arrays, in its mode."""
        settings = {name: value for name, value in self.layer.settings().items() if name not in NOT_TORCHS}
        with self.torch.device("meta"):
            module = getattr(self.torch.nn, type(self.layer).__name__)(**settings)
        module.load_state_dict({name: tensor for name, tensor in self.own.items() if tensor is not None}, assign=True)
        return module.train(self.training)

    def called(self, calls: Calls, tensors: Sequence[Any], inputs: Sequence[Array]) -> list[Any]:
        """The outputs of some calls."""
        results: list[list[Any]] = []

        def value(part: Any) -> Any:
            if isinstance(part, Input):
                return tensors[part.k]
            if isinstance(part, Result):
                return results[part.node][part.output]
            if isinstance(part, Own):
                return self.own.get(part.name)
            if isinstance(part, Drawn):
                return self.tensor(np.asarray(self.ours_on(inputs).draw))
            if isinstance(part, np.ndarray):
                return self.tensor(part)
            if isinstance(part, slice):
                return slice(*map(value, (part.start, part.stop, part.step)))
            return type(part)(map(value, part)) if isinstance(part, list | tuple) else part

        for call in calls.calls:
            results.append(self.one(call, value))  # noqa: PERF401 - a call may read the results before it
        return [results[r.node][r.output] for r in calls.outputs] or results[-1]

    def one(self, call: Called, value: Any) -> list[Any]:
        """The outputs of one call."""
        function = reduce(getattr, call.function.split("."), self.torch)
        found = function(*map(value, call.arguments), **{name: value(part) for name, part in call.settings.items()})
        return list(found) if isinstance(found, tuple | list) else [found]

    def ours_on(self, inputs: Sequence[Array]) -> Step:
        """Our own step, for what is random in it and for what it remembers."""
        if self.ours is None:
            self.ours = self.layer.checked_step(inputs, self.training, state=self.state)
        return self.ours

    def tensor(self, array: Array, fresh: bool = False) -> Any:
        """An array as a tensor, floats in the type that is computed in; one that PyTorch may write into is ``fresh``."""
        if self.kind is not None and array.dtype.name in FLOATS:
            short = self.kind.name == "bfloat16"
            fitted = np.asarray(array, np.float32 if short else self.kind, order="C")
        else:
            short, fitted = False, np.asarray(array, array.dtype.newbyteorder("="), order="C")
        tensor = self.torch.from_numpy(fitted.copy() if fresh or not fitted.flags.writeable else fitted)
        return tensor.to(self.torch.bfloat16) if short else tensor


def as_array(tensor: Any) -> Array:
    """A tensor as an array, in place where NumPy has its type."""
    if str(tensor.dtype) == "torch.bfloat16":
        return np.asarray(tensor.float().numpy(), ml_dtypes.bfloat16)
    return np.asarray(tensor.detach().resolve_neg().resolve_conj().numpy())
