"""Operators that are not ours, computed one by one by ONNX's own reference operators."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from onnx import NodeProto, defs, helper
from onnx.reference import ReferenceEvaluator

from convproof.core.errors import NotCoveredError
from convproof.core.layer import Layer
from convproof.core.operators import Later, Written
from convproof.core.sentence import say
from convproof.core.shapes import Array
from convproof.network.delegated import Delegated, Unknown

OF_SHAPE = ("Shape", "Size")
DATA = {"Where": (1, 2), "ScatterND": (0, 2), "ScatterElements": (0, 2), "Scatter": (0, 2), "Shape": (), "Size": ()}
MOST = 1 << 31  # cells; no array of a network is larger
FINAL_SHAPE = {"ConstantOfShape": 0, "Expand": 1, "Tile": 1}  # the argument that says how large the output is, or how many times larger


def delegated(node: NodeProto, version: int, arguments: Sequence[Any]) -> Layer:
    """The node as a delegated layer that reads what only a run knows; an unknown one where nobody can compute it.

    ``arguments`` are the node's inputs, one for each: an array where it is known, None where it is absent.
    """
    later = [k for k, argument in enumerate(arguments) if isinstance(argument, Later)]
    try:
        evaluate = evaluator_of(node, version)
    except NotCoveredError as error:
        return Unknown(node.op_type, len(later), error.sentence)

    def function(*arrays: Array) -> Sequence[Any]:
        given = dict(zip(later, arrays, strict=True))
        return evaluate([given.get(k, argument) for k, argument in enumerate(arguments)])

    data = [later.index(k) for k in DATA.get(node.op_type, (0,)) if k in later]
    settings = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    places = [later.index(k) if k in later else argument for k, argument in enumerate(arguments)]
    written = Written(node.op_type, places, settings, len(node.output), version) if not node.domain else None
    return Delegated(node.op_type, function, len(later), data=data, of_shape=node.op_type in OF_SHAPE, written=written)


def evaluator_of(node: NodeProto, version: int) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """The reference operator of a node, as a function of all its inputs, None for absent ones. Raises NotCoveredError."""
    domain = "" if node.domain == "ai.onnx" else node.domain
    if not defs.has(node.op_type, domain=domain):
        raise NotCoveredError("ONNX has no operator of this name in the domain {domain!r}", domain=node.domain or "ai.onnx")
    try:
        evaluator = ReferenceEvaluator(node, opsets={domain: version, "": version})
    except Exception as error:
        raise NotCoveredError(
            "the ONNX reference does not know it: {problem}", problem=say("{kind}: {text}", kind=type(error).__name__, text=str(error))
        ) from error

    def evaluate(arguments: Sequence[Any]) -> Sequence[Any]:
        _require_room(node.op_type, arguments)
        feeds = {name: array for name, array in zip(node.input, arguments, strict=True) if name}
        try:
            with np.errstate(all="ignore"):
                return list(evaluator.run(None, feeds))
        except Exception as error:
            raise NotCoveredError("{operator} fails: {problem}", operator=node.op_type, problem=str(error)) from error

    return evaluate


def _require_room(operator: str, arguments: Sequence[Any]) -> None:
    """Raise NotCoveredError for an output that no machine has room for."""
    if operator in FINAL_SHAPE:
        place = FINAL_SHAPE[operator]
        cells = math.prod(map(int, np.asarray(arguments[place]).reshape(-1))) * (arguments[0].size if operator == "Tile" else 1)
        if cells > MOST:
            raise NotCoveredError("{operator} asks for {cells} cells, more than any network has", operator=operator, cells=cells)
