"""What is peculiar to linear layers."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import convproof as cp
from convproof.core.formats import FLOAT32, FLOAT64, format_of
from tests.samples import Sample


def _twins(name, shape, into, out, **keywords):
    return Sample(
        f"Linear {name}", lambda: cp.Linear(into, out, seed=1, **keywords), (shape,), lambda: torch.nn.Linear(into, out, **keywords)
    )


SAMPLES = [
    _twins("plain", (3, 7), 7, 5),
    _twins("without bias", (2, 9), 9, 4, bias=False),
    _twins("more axes", (2, 3, 5), 5, 4),
    _twins("of a vector", (6,), 6, 3),
    _twins("long", (2, 300), 300, 2),
    Sample("Bilinear", lambda: cp.Bilinear(4, 3, 5), ((2, 4), (2, 3)), lambda: torch.nn.Bilinear(4, 3, 5)),
    Sample("Bilinear more axes", lambda: cp.Bilinear(3, 5, 2), ((4, 2, 3), (4, 2, 5)), lambda: torch.nn.Bilinear(3, 5, 2)),
    Sample(
        "Bilinear without bias",
        lambda: cp.Bilinear(2, 5, 3, bias=False),
        ((4, 2), (4, 5)),
        lambda: torch.nn.Bilinear(2, 5, 3, bias=False),
    ),
    Sample("MatMul", cp.MatMul, ((3, 5), (5, 4)), lambda: torch.matmul),
    Sample("MatMul of batches", cp.MatMul, ((2, 1, 3, 5), (4, 5, 2)), lambda: torch.matmul),
    Sample("MatMul with a row", cp.MatMul, ((5,), (2, 5, 3)), lambda: torch.matmul),
    Sample("MatMul with a column", cp.MatMul, ((2, 3, 5), (5,)), lambda: torch.matmul),
    Sample("MatMul of vectors", cp.MatMul, ((7,), (7,)), lambda: torch.matmul),
    Sample("Gemm", cp.Gemm, ((3, 5), (5, 4), (4,)), lambda: lambda a, b, c: torch.addmm(c, a, b)),
    Sample(
        "Gemm with factors",
        lambda: cp.Gemm(-0.3, 1.7, transA=1, transB=1),
        ((5, 3), (4, 5), (3, 1)),
        lambda: lambda a, b, c: torch.addmm(c, a.T, b.T, alpha=-0.3, beta=1.7),
    ),
    Sample("Gemm of two", lambda: cp.Gemm(2.5, transA=True), ((5, 2), (5, 3)), lambda: lambda a, b: 2.5 * (a.T @ b)),
    Sample(
        "Gemm with a single number",
        lambda: cp.Gemm(transB=True, beta=-1),
        ((2, 3), (4, 3), ()),
        lambda: lambda a, b, c: torch.addmm(c, a, b.T, beta=-1),
    ),
]

batches = st.lists(st.integers(0, 4), max_size=3)


def pair(into, out, bias, dtype):
    """A layer and its twin with the weights that torch drew."""
    theirs = torch.nn.Linear(into, out, bias=bias, dtype=torch.float64 if dtype == np.float64 else torch.float32)
    ours = cp.Linear(into, out, bias=bias, dtype=dtype)
    ours.load_state_dict({key: tensor.detach() for key, tensor in theirs.state_dict().items()})
    return ours, theirs


@given(batches, st.integers(1, 80), st.integers(1, 6), st.booleans(), st.sampled_from([np.float32, np.float64]), st.integers(0, 2**32))
@settings(max_examples=150)
def test_it_lies_below_the_line_beside_torchs(batch, into, out, bias, dtype, seed):
    ours, theirs = pair(into, out, bias, dtype)
    x = np.random.default_rng(seed).normal(size=(*batch, into)).astype(dtype)
    lines = ours.lines(None, (x,), arithmetic=format_of(dtype))
    for y in (ours(x), theirs(torch.tensor(x)).detach().numpy()):
        assert (y.shape, y.dtype) == ((*batch, out), dtype)
        assert (abs(y - lines.exact) <= lines.proof).all()


@given(batches, st.integers(1, 40), st.integers(1, 6), st.booleans(), st.integers(0, 2**32))
@settings(max_examples=100)
def test_gradients_are_torchs(batch, into, out, bias, seed):
    ours, theirs = pair(into, out, bias, np.float64)
    rng = np.random.default_rng(seed)
    x, dy = rng.normal(size=(*batch, into)), rng.normal(size=(*batch, out))
    gradients = ours.vjp(x)[1](dy)
    tensor = torch.tensor(x, requires_grad=True)
    theirs(tensor).backward(torch.tensor(dy))
    rows, columns = abs(dy).reshape(-1, out), abs(x).reshape(-1, into)
    # each is a sum of n products, theirs and ours within n*u of the sum of absolute values
    found = [
        (gradients.inputs[0], tensor.grad, out * abs(dy) @ abs(ours.weight)),
        (gradients.parameters["weight"], theirs.weight.grad, len(rows) * rows.T @ columns),
    ]
    found += [(gradients.parameters["bias"], theirs.bias.grad, len(rows) * rows.sum(axis=0))] if bias else []
    assert list(gradients.parameters) == ["weight", "bias"][: 1 + bias]
    for mine, other, scale in found:
        assert mine.shape == tuple(other.shape)
        assert (abs(mine - other.numpy()) <= 2 * FLOAT64.u * scale).all()


def test_a_float64_input_is_computed_in_float64():
    fc = cp.Linear(5, 3, seed=0)
    x = np.random.default_rng(0).normal(size=(2, 5))
    y, lines = fc(x), fc.lines(None, (x,), arithmetic=FLOAT64)
    assert y.dtype == np.float64
    assert (abs(y - lines.exact) <= lines.proof).all()


def test_the_line_counts_the_bias_as_one_more_term():
    fc = cp.Linear(2, 1)
    fc.weight, fc.bias = [[1, -2]], [5]
    (proof,) = fc.lines(None, (np.array([3.0, 4.0]),)).proof
    assert proof == 3 * (FLOAT32.u + FLOAT64.u) * (3 + 8 + 5) + 3 * FLOAT32.tiny


def test_products_that_underflow_stay_below_the_line():
    fc = cp.Linear(9, 2, bias=False, seed=0)
    x = (np.random.default_rng(0).normal(size=(4, 9)) * 1e-44).astype(np.float32)
    lines = fc.lines(None, (x,))
    for y in (fc(x), torch.nn.functional.linear(torch.tensor(x), torch.tensor(fc.weight)).numpy()):
        assert (abs(y - lines.exact) <= lines.proof).all()


def test_a_seed_makes_the_weights_repeatable():
    first, second, other = (cp.Linear(4, 3, seed=seed).weight for seed in (1, 1, 2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)
    assert abs(cp.Linear(100, 90, seed=0).weight).max() <= 0.1  # 1/sqrt(100)


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 11), (12, 2), (), (0,)])
def test_features_that_do_not_fit(shape):
    with pytest.raises(RuntimeError):
        torch.nn.Linear(12, 2)(torch.zeros(shape))
    with pytest.raises(cp.ShapeError, match=r"expects x of shape \(\*, 12\); got \("):
        cp.Linear(12, 2)(np.zeros(shape))


def test_an_array_that_only_lacks_a_flatten():
    with pytest.raises(cp.ShapeError, match=r"got \(2, 3, 4\); a Flatten before it would make it fit"):
        cp.Linear(12, 2)(np.zeros((2, 3, 4)))


@pytest.mark.parametrize("sizes", [(0, 2), (2, -1), ("3", 2), (2, 1.5), (True, 2)])
def test_sizes_that_cannot_be(sizes):
    with pytest.raises(cp.SettingError, match=f"in_features={sizes[0]!r} and out_features={sizes[1]!r} must be positive whole numbers"):
        cp.Linear(*sizes)


def test_the_hand_calculation_shows_every_product_and_the_bias():
    fc = cp.Linear(3, 1)
    fc.weight, fc.bias = [[1, 2, -3]], [0.5]
    text = fc.why(np.array([[4.0, 5.0, 6.0]]), at=(0, 0)).text()
    assert "= 4*1 + 5*2 + 6*(-3) + 0.5 = -3.5" in text


def test_the_bias_is_the_last_leaf():
    d = cp.Linear(3, 2, seed=0).why(np.ones((1, 4, 3)), at=(0, 2, 1))
    leaves = [str(node.source) for node in d.nodes() if hasattr(node, "source")]
    expected = [name for i in range(3) for name in (f"x[0, 2, {i}]", f"weight[1, {i}]")]
    assert leaves == [*expected, "bias[1]"]
    assert d.tree.name == "y"


def test_a_long_sum_is_derived_at_once_and_breaks_into_rows():
    fc = cp.Linear(25_000, 1, seed=0)
    d = fc.why(np.ones(25_000), at=(0,))
    assert d.exact == sum(map(Fraction, fc.weight[0].tolist())) + Fraction(float(fc.bias[0]))
    assert max(map(len, d.text().splitlines())) <= 140


def test_every_framework_lays_its_weight_out_as_its_convention_says():
    fc = cp.Linear(4, 3, seed=0)
    x = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
    layouts = {(c.framework, c.layer): c.weight_layout for c in fc.conventions()}
    # Keras: outputs = dot(inputs, kernel); ONNX: Y = A * B with transB = 0; Caffe's weight is (num_output, K)
    assert layouts == {
        ("torch", "Linear"): "O I",
        ("onnx", "Gemm"): "I O",
        ("keras", "Dense"): "I O",
        ("caffe", "InnerProduct"): "O I",
        ("paddle", "Linear"): "I O",
    }
    kernel = fc.weight.T
    lines = fc.lines(None, (x,))
    assert (abs(x @ kernel + fc.bias - lines.exact) <= lines.proof).all()
