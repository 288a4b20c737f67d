"""What is peculiar to reductions."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

import convproof as cp
from convproof.core.formats import FLOAT32, FLOAT64, format_of
from tests.samples import Sample


def by_torch(name, make, theirs, shape, like=lambda x: x):
    return Sample(name, make, (shape,), lambda: theirs, inputs_like=like)


SAMPLES = [
    by_torch("ReduceSum of everything", cp.ReduceSum, lambda x: x.sum((0, 1, 2), True), (2, 3, 4)),
    by_torch("ReduceSum", lambda: cp.ReduceSum(1, keepdims=False), lambda x: x.sum(1), (2, 5, 3)),
    by_torch("ReduceSum of nothing", lambda: cp.ReduceSum(noop_with_empty_axes=True), lambda x: x + 0, (2, 3)),
    by_torch("ReduceMean of everything", lambda: cp.ReduceMean(keepdims=False), torch.mean, (3, 5)),
    by_torch("ReduceMean", lambda: cp.ReduceMean((2, -1)), lambda x: x.mean((2, 3), True), (2, 3, 4, 5)),
    by_torch("ReduceMean of one number", cp.ReduceMean, lambda x: x.mean(), ()),
    by_torch("ReduceMax", lambda: cp.ReduceMax((0, 2), False), lambda x: x.amax((0, 2)), (2, 4, 3)),
    by_torch("ReduceMax of equal ones", lambda: cp.ReduceMax(1), lambda x: x.amax(1, True), (3, 7), np.round),
    by_torch("ReduceMax with places", lambda: cp.ReduceMax(-2, False, return_indices=True), lambda x: tuple(x.max(-2)), (2, 5, 3)),
    by_torch("ReduceMin", lambda: cp.ReduceMin(0), lambda x: x.amin(0, True), (4, 3)),
    by_torch("ReduceMin with places", lambda: cp.ReduceMin(1, return_indices=True), lambda x: tuple(x.min(1, True)), (2, 5, 3)),
    by_torch("ReduceProd", lambda: cp.ReduceProd(1, False), lambda x: x.prod(1), (3, 5, 2)),
    by_torch("ReduceL1", lambda: cp.ReduceL1((0, 1), False), lambda x: x.abs().sum((0, 1)), (3, 2, 4)),
    by_torch("ReduceL2", lambda: cp.ReduceL2(-1), lambda x: x.norm(dim=-1, keepdim=True), (3, 5)),
    by_torch("ReduceSumSquare", lambda: cp.ReduceSumSquare(0, False), lambda x: x.square().sum(0), (4, 3)),
    by_torch("ReduceLogSum", lambda: cp.ReduceLogSum(1), lambda x: x.sum(1, True).log(), (3, 5), abs),
    by_torch("ReduceLogSumExp", lambda: cp.ReduceLogSumExp(1, False), lambda x: x.logsumexp(1), (3, 5), lambda x: 10 * x),
]
