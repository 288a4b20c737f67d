"""The ONNX reference evaluator as a witness: every layer as the model that it is written as, in NumPy."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from convproof.core.shapes import Array
from convproof.network.network import Network
from convproof.witness.answer import Answer, in_own_words
from convproof.witness.as_onnx import stepping
from convproof.witness.stand_ins import layer_by_layer

NAME = "onnx-reference"


def by_reference(network: Network, inputs: Sequence[Array]) -> Answer:
    """The answer: every array, each from the evaluator's own arrays before it."""
    return layer_by_layer(NAME, network.graph, inputs, stepping(evaluated))


def evaluated(model: Any, given: dict[str, Array]) -> Sequence[Any]:
    """The outputs of a model. Raises NotCoveredError with the evaluator's own words."""
    from onnx.reference import ReferenceEvaluator

    with in_own_words(model.graph.node[-1].op_type, NAME), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return list(ReferenceEvaluator(model).run(None, given))
