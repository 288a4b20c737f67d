"""Operators of other frameworks, read by our rooms and run: ONNX's own backend cases, and PyTorch's functions."""

import functools
import warnings
from operator import getitem

import numpy as np
import onnx
from onnx.backend.test.loader import load_model_tests

from convproof.core.operators import Call
from convproof.formats.onnx.nodes import call_of, version_of
from convproof.formats.operators import bound, operators, read


@functools.cache
def backend_cases(kind: str = "node") -> list:
    """ONNX's backend test cases of one kind. Making them computes with infinities, about which NumPy warns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return load_model_tests(kind=kind)


def node_cases(*names: str) -> list:
    """The cases whose model is one single node of one of these operators; without those that spell an operator out as several nodes."""
    cases = [c for c in backend_cases() if "_expanded" not in c.name and len(c.model.graph.node) == 1]
    return [c for c in cases if c.model.graph.node[0].op_type in names]


def arrays_of(case) -> list[tuple[list, list]]:
    """The data sets of a case: inputs and expected outputs."""
    return [([onnx_array(x) for x in inputs], [onnx_array(y) for y in outputs]) for inputs, outputs in case.data_sets]


def onnx_array(x):
    return onnx.numpy_helper.to_array(x) if isinstance(x, onnx.TensorProto) else x


def answer(name: str, call: Call, framework: str = "onnx") -> tuple[np.ndarray, ...]:
    """What our layer says to a call whose arguments are all known."""
    found = read(operators(framework)[name], call)
    paths = [k if isinstance(k, tuple) else (k,) for k in found.inputs]
    inputs = tuple(np.asarray(functools.reduce(getitem, path, call.arguments)) for path in paths)
    return found.layer.checked_step(inputs, found.layer.training).outputs


def answer_case(case) -> list[tuple[tuple, list]]:
    """For each data set of a node case: our outputs, and the expected ones."""
    node = case.model.graph.node[0]
    found = []
    for inputs, expected in arrays_of(case):
        given = dict(zip([i.name for i in case.model.graph.input], inputs, strict=True))
        call = call_of(node, [given[name] if name else None for name in node.input], version_of(case.model))
        found.append((answer(node.op_type, call), expected))
    return found


def assert_case(case) -> None:
    """Our outputs are the expected ones, in shape, dtype, and within the tolerances that ONNX states for the case."""
    for ours, expected in answer_case(case):
        assert len(ours) >= len(expected)
        for y, e in zip(ours, expected, strict=False):
            assert (y.shape, y.dtype) == (e.shape, e.dtype)
            if y.dtype.kind in "fV":
                np.testing.assert_allclose(y.astype(np.float64), e.astype(np.float64), rtol=case.rtol, atol=case.atol)
            else:
                np.testing.assert_array_equal(y, e)


def answer_torch(name: str, *arguments, **named) -> tuple[np.ndarray, ...]:
    """What our layer says to a call of a PyTorch function or method, with arrays for tensors."""
    operator = operators("torch")[name]
    return answer(name, Call(name, bound(operator, arguments, named)), "torch")
