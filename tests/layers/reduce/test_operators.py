"""Reductions as graph formats write them: ONNX's backend cases, torch's functions, and what we write ourselves."""

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.core.operators import LATER, Call, NotKnownYet
from convproof.formats.operators import operators, read
from tests.layers.test_reduce import SAMPLES
from tests.layers.written import model_with, run_by_runtime, run_by_us
from tests.operators import answer, answer_torch, assert_case, node_cases

ONNX = ("Max", "Min", "Sum", "Mean", "Prod", "L1", "L2", "SumSquare", "LogSum", "LogSumExp")
X = np.random.default_rng(0).normal(size=(2, 3, 5)).astype(np.float32)


@pytest.mark.parametrize("case", node_cases(*(f"Reduce{name}" for name in ONNX)), ids=lambda case: case.name)
def test_onnx(case):
    assert_case(case)


CALLS = {
    "sum": [(), (1,), ((0, -1), True), {"dim": [1, 2]}, ((),)],
    "mean": [(), (1,), ((0, -1), True), {"dim": [1, 2], "keepdim": True}],
    "amax": [(), (1,), ((0, -1), True)],
    "amin": [(), (1,), ((0, -1), True)],
    "prod": [(), (1,), (-1, True)],
    "logsumexp": [(1,), ((0, 2), True)],
    "max": [(), (1,), (-1, True), {"dim": 0}],
    "min": [(), (1,), (-1, True), {"dim": 0, "keepdim": True}],
    "norm": [(), (2, 1), {"p": 1, "dim": (0, 2), "keepdim": True}, {"p": "fro", "dim": 1}],
}
EVERY = [(name, given) for name, calls in CALLS.items() for given in calls]


@pytest.mark.parametrize(("name", "given"), EVERY, ids=str)
def test_torch(name, given):
    arguments, named = ((), given) if isinstance(given, dict) else (given, {})
    theirs = getattr(torch, name)(torch.tensor(X), *arguments, **named)
    theirs = theirs if isinstance(theirs, tuple) else (theirs,)
    ours = answer_torch(name, X, *arguments, **named)
    assert len(ours) == len(theirs)
    for y, t in zip(ours, theirs, strict=True):
        assert (y.shape, y.dtype) == (tuple(t.shape), t.numpy().dtype)
        # sums, roots, logarithms and products of at most 30 numbers, theirs and ours, of numbers whose absolute values add up to this
        assert (abs(y - t.numpy()) <= 2 * 60 * 2.0**-24 * max(abs(X).sum(), abs(y).max())).all()


ATEN = {
    "mean": (lambda x: x.mean((2, 1), True), ([2, 1], True)),
    "sum": (lambda x: x.sum(1), ([1],)),
    "amax": (lambda x: x.amax((-1, 0)), ([-1, 0],)),
    "linalg_vector_norm": (lambda x: torch.linalg.vector_norm(x, 2, 1, True), (2, [1], True)),
}


@pytest.mark.parametrize("name", ATEN)
def test_aten(name):
    theirs, given = ATEN[name]
    (ours,) = answer_torch(name, X, *given)
    expected = theirs(torch.tensor(X)).numpy()
    assert ours.shape == expected.shape
    assert (abs(ours - expected) <= 2 * 60 * 2.0**-24 * abs(X).sum()).all()


@pytest.mark.parametrize("sample", [s for s in SAMPLES if "places" not in s.name], ids=lambda sample: sample.name)
def test_what_is_written_computes_the_same(sample):
    layer, inputs = sample.layer().eval(), sample.inputs()
    lines = layer.lines(None, inputs)
    model = model_with(layer, inputs)
    for run in (run_by_runtime, run_by_us):
        (y,) = run(model, inputs)
        assert y.shape == lines.exact.shape
        assert (abs(y - lines.exact) <= lines.proof).all()


class Norms(torch.nn.Module):
    """A sum in another type and a norm that no layer here is, between two that are."""

    def forward(self, x):
        return x.norm(p=3, dim=1) + x.sum(1, dtype=torch.float64).float() + x.norm(dim=1) + x.norm(p=1, dim=1) + x.max(1)[0]


def test_what_no_layer_is_stays_torchs():
    network = cp.from_torch(Norms())
    kinds = [layer.support for layer in network.graph.layers().values()]
    assert kinds.count("delegated") == 3  # the third is the way back from float64
    theirs = Norms()(torch.tensor(X)).numpy()
    assert (abs(network(X) - theirs) <= 2 * 60 * 2.0**-24 * abs(X).sum()).all()


def test_axes_as_an_attribute_as_an_input_and_later():
    old = Call("ReduceSum", (X,), {"axes": (0, 2), "keepdims": 0}, 11)
    new = Call("ReduceSum", (X, np.array([0, 2])), {"keepdims": 0}, 13)
    assert np.array_equal(answer("ReduceSum", old)[0], X.sum((0, 2)))
    found = read(operators("onnx")["ReduceSum"], new)
    assert (repr(found.layer), found.inputs) == ("ReduceSum(axes=(0, 2), keepdims=False)", (0,))
    with pytest.raises(NotKnownYet):
        read(operators("onnx")["ReduceSum"], Call("ReduceSum", (LATER, LATER), {}, 13))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64])
def test_integers_stay_integers(dtype):
    x = np.array([[100, 3, 90], [7, 8, 9]], dtype)
    expected = {
        "ReduceSum": [193, 24],
        "ReduceMean": [64, 8],
        "ReduceMax": [100, 9],
        "ReduceMin": [3, 7],
        "ReduceProd": [27000, 504],
        "ReduceL1": [193, 24],
        "ReduceSumSquare": [18109, 194],
    }
    for name, numbers in expected.items():
        layer = getattr(cp, name)(1, keepdims=False)
        (y,) = layer.checked_step((x,), False).outputs
        assert y.dtype == dtype
        assert np.array_equal(y, np.array(numbers).astype(dtype))
        assert [layer.derive((k,), (x,)).exact for k in (0, 1)] == y.tolist()
        assert np.array_equal(layer.lines(None, (x,)).exact, y)
        assert not layer.lines(None, (x,)).proof.any()
