"""Matrix products and bilinear layers: settings, errors, integers, numbers worked out by hand, and PyTorch beside them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import convproof as cp
from convproof.core.formats import FLOAT32, FLOAT64, format_of
from convproof.core.lines import Lines

RNG = np.random.default_rng(7)


@st.composite
def operands(draw):
    """Shapes that a product takes: one axis or more on either side, the axes before the last two broadcast."""
    k, batch = draw(st.integers(1, 9)), draw(st.lists(st.integers(1, 3), max_size=2))
    narrow = [1 if draw(st.booleans()) else size for size in batch]
    a = (k,) if draw(st.integers(0, 4)) == 0 else (*batch, draw(st.integers(0, 4)), k)
    b = (k,) if draw(st.integers(0, 4)) == 0 else (*narrow[draw(st.integers(0, len(batch))) :], k, draw(st.integers(1, 4)))
    return a, b


def below(y, lines):
    return (abs(y - lines.exact) <= lines.proof).all()


@given(operands(), st.sampled_from([np.float32, np.float64]), st.booleans(), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_products_lie_below_the_line_beside_torchs(shapes, dtype, small, seed):
    rng = np.random.default_rng(seed)
    a, b = (rng.normal(size=shape).astype(dtype) * dtype(1e-30 if small and dtype == np.float32 else 1) for shape in shapes)
    y, lines = cp.MatMul()(a, b), cp.MatMul().lines(None, (a, b), arithmetic=format_of(dtype))
    theirs = torch.matmul(torch.tensor(a), torch.tensor(b)).numpy()
    assert y.shape == theirs.shape
    assert below(y, lines)
    assert below(theirs, lines)


@given(
    st.booleans(),
    st.booleans(),
    st.sampled_from([(), (1,), (4,), (3, 1), (1, 4), (3, 4)]),
    st.floats(-3, 3),
    st.floats(-3, 3),
    st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_general_products_lie_below_the_line_beside_torchs(turn_a, turn_b, c, alpha, beta, seed):
    rng = np.random.default_rng(seed)
    A, B, C = (rng.normal(size=shape).astype(np.float32) for shape in ((5, 3) if turn_a else (3, 5), (4, 5) if turn_b else (5, 4), c))
    layer = cp.Gemm(alpha, beta, turn_a, turn_b)
    lines = layer.lines(None, (A, B, C))
    a, b = torch.tensor(A.T.copy() if turn_a else A), torch.tensor(B.T.copy() if turn_b else B)
    # torch.addmm, and the factors put onto A and C before
    assert below(layer(A, B, C), lines)
    assert below(torch.addmm(torch.tensor(C), a, b, alpha=alpha, beta=beta).numpy(), lines)
    assert below(((np.float32(alpha) * a.numpy()) @ b.numpy() + np.float32(beta) * C), lines)


@given(st.lists(st.integers(0, 3), max_size=2), st.integers(1, 6), st.integers(1, 5), st.booleans(), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_bilinear_layers_lie_below_the_line_beside_torchs(batch, one, two, bias, seed):
    torch.manual_seed(seed)
    theirs, ours = torch.nn.Bilinear(one, two, 3, bias=bias), cp.Bilinear(one, two, 3, bias)
    ours.load_state_dict({key: tensor.detach() for key, tensor in theirs.state_dict().items()})
    rng = np.random.default_rng(seed)
    x1, x2 = (rng.normal(size=(*batch, n)).astype(np.float32) for n in (one, two))
    lines = ours.lines(None, (x1, x2))
    other = np.einsum("...i,oij,...j->...o", x1, ours.weight, x2) + (0 if ours.bias is None else ours.bias)
    for y in (ours(x1, x2), theirs(torch.tensor(x1), torch.tensor(x2)).detach().numpy(), other):
        assert y.shape == (*batch, 3)
        assert below(y, lines)


def test_numbers_worked_out_by_hand():
    assert cp.MatMul()(np.array([[1, 2], [3, 4]]), np.array([[5, 6], [7, -8]])).tolist() == [[19, -10], [43, -14]]
    assert cp.MatMul()(np.array([1, 2, 3]), np.array([4, 5, -6])).tolist() == -4
    # 2*(1*3 + 2*4) - 3*5
    assert cp.Gemm(2, -3)(np.array([[1, 2]]), np.array([[3], [4]]), np.array(5)).tolist() == [[7]]
    layer = cp.Bilinear(2, 2, 1)
    layer.weight, layer.bias = [[[1, 2], [3, 4]]], [10]
    # 5*(1*7 + 2*8) + 6*(3*7 + 4*8) + 10
    assert layer(np.array([5, 6]), np.array([7, 8])).tolist() == [5 * 23 + 6 * 53 + 10]


def test_the_hand_calculations():
    a, b = np.array([[[1, 2]], [[3, 4]]], np.float32), np.array([[5], [6]], np.float32)
    d = cp.MatMul().why(a, b, at=(1, 0, 0))
    assert "y = a[1, 0, 0]*b[0, 0] + a[1, 0, 1]*b[1, 0]" in d.text()
    assert d.formula == "y[..., i, j] = sum over k of a[..., i, k] * b[k, j]"
    assert cp.MatMul().why(a[0, 0], b[:, 0], at=()).formula == "y = sum over k of a[k] * b[k]"
    d = cp.Gemm(2, -3).why(a[0], b, np.array([[7.0]]), at=(0, 0))
    assert d.value == 2 * 17 - 21
    assert [str(node.source) for node in d.nodes() if hasattr(node, "source")] == [
        *("alpha", "A[0, 0]", "B[0, 0]", "A[0, 1]", "B[1, 0]", "beta", "C[0, 0]")
    ]
    layer = cp.Bilinear(2, 1, 1, seed=0)
    d = layer.why(np.ones((1, 2)), np.ones((1, 1)), at=(0, 0))
    leaves = [str(node.source) for node in d.nodes() if hasattr(node, "source")]
    assert leaves == [*("x1[0, 0]", "weight[0, 0, 0]", "x2[0, 0]", "x1[0, 1]", "weight[0, 1, 0]", "x2[0, 0]"), "bias[0]"]


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64, np.uint8])
def test_integers_stay_integers(dtype):
    a, b = RNG.integers(0, 4, (2, 3)).astype(dtype), RNG.integers(0, 4, (3, 2)).astype(dtype)
    layer = cp.MatMul()
    (y,) = layer.checked_step((a, b), False).outputs
    assert y.dtype == dtype
    assert np.array_equal(y, (torch.tensor(a) @ torch.tensor(b)).numpy())
    lines = layer.lines(None, (a, b))
    assert np.array_equal(lines.exact, y)
    assert not lines.proof.any()
    assert layer.derive((1, 0), (a, b)).exact == int(y[1, 0])
    (y,) = cp.Gemm(2, 3).checked_step((a, b, np.ones(2, dtype)), False).outputs
    assert y.dtype == dtype
    assert np.array_equal(y, 2 * (a @ b) + 3)
    with pytest.raises(cp.DTypeError, match="alpha and beta would make fractions of"):
        cp.Gemm(0.5).checked_step((a, b, np.ones(2, dtype)), False)


def test_a_product_of_two_uncertain_operands_carries_both():
    a, b = RNG.normal(size=(2, 3)), RNG.normal(size=(3, 2))
    p, q = abs(RNG.normal(size=a.shape)), abs(RNG.normal(size=b.shape))
    lines = cp.MatMul().lines(None, (a, b), (Lines(a, p, p), Lines(b, q, q)), arithmetic=FLOAT64)
    worst = abs(a) @ q + p @ abs(b) + p @ q
    assert (abs(lines.proof - worst) <= 1e-12 * worst).all()
    one = cp.MatMul().lines(None, (a, b), (None, Lines(b, q, q)), arithmetic=FLOAT64)
    assert (abs(one.proof - abs(a) @ q) <= 1e-12 * worst).all()


def test_the_line_of_a_general_product_counts_its_factors():
    A, B, C = np.array([[3.0, 4.0]]), np.array([[1.0], [-2.0]]), np.array([[5.0]])
    u = FLOAT32.u + FLOAT64.u
    assert cp.Gemm().lines(None, (A, B, C)).proof == 3 * u * (3 + 8 + 5) + 3 * FLOAT32.tiny
    scaled = cp.Gemm(4, 2).lines(None, (A, B, C)).proof
    assert scaled == 6 * u * (4 * 11 + 10) + 6 * FLOAT32.tiny * (1 + 3)


def test_with_beta_0_what_is_added_does_not_matter():
    A, B, C = np.ones((2, 3), np.float32), np.ones((3, 2), np.float32), np.full((2, 2), np.nan, np.float32)
    layer = cp.Gemm(beta=0)
    assert np.array_equal(layer(A, B, C), np.full((2, 2), 3))
    assert torch.equal(torch.addmm(*map(torch.tensor, (C, A, B)), beta=0), torch.full((2, 2), 3.0))
    assert layer.derive((0, 1), (A, B, C)).exact == 3
    assert np.array_equal(layer.lines(None, (A, B, C)).exact, np.full((2, 2), 3))
    assert layer.reads((range(1), range(2)), (2, 3), (3, 2), (2, 2))[2] == (range(0), range(0))


def test_not_a_number_goes_through_as_in_torch():
    a, b = np.array([[np.nan, 1], [np.inf, 0]], np.float32), np.array([[0.0, 1], [-np.inf, 2]], np.float32)
    assert np.array_equal(cp.MatMul()(a, b), (torch.tensor(a) @ torch.tensor(b)).numpy(), equal_nan=True)
    fc = cp.Linear(2, 2)
    with pytest.warns(cp.NotFiniteWarning):
        fc.weight = b
    y = fc(a)
    assert np.array_equal(np.isnan(y), np.isnan(torch.nn.functional.linear(*map(torch.tensor, (a, b, fc.bias))).numpy()))


@pytest.mark.parametrize(
    "shapes", [((2, 3), (2, 3)), ((), (3,)), ((3,), ()), ((2, 4, 3), (3, 3, 2)), ((3,), (4,)), ((2, 3), (4,)), ((3,), (2, 4))]
)
def test_operands_that_do_not_fit(shapes):
    with pytest.raises(RuntimeError):
        torch.matmul(*map(torch.zeros, shapes))
    with pytest.raises(cp.ShapeError, match=r"MatMul (needs the last axis of a|broadcasts the axes before the last two)"):
        cp.MatMul()(*map(np.zeros, shapes))


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((2, 3), (2, 3), (3,)), r"expects matrices A of shape \(M, K\) and B of shape \(K, N\); got \(2, 3\) and \(2, 3\)"),
        (((2, 2, 3), (3, 3), (3,)), "expects matrices"),
        (((2, 3), (3, 4), (3,)), r"expects C that broadcasts to \(2, 4\); got \(3,\)"),
        (((2, 3), (3, 4), (1, 2, 4)), "expects C that broadcasts"),
    ],
)
def test_matrices_that_do_not_fit(shapes, message):
    A, B, C = map(torch.zeros, shapes)
    with pytest.raises(RuntimeError):
        torch.addmm(C, A, B)
    with pytest.raises(cp.ShapeError, match=message):
        cp.Gemm()(*map(np.zeros, shapes))


def test_features_that_do_not_fit():
    with pytest.raises(RuntimeError):
        torch.nn.Bilinear(2, 3, 4)(torch.zeros(5, 2), torch.zeros(5, 2))
    with pytest.raises(cp.ShapeError, match=r"expects x1 of shape \(\*, 2\) and x2 of shape \(\*, 3\), alike in all other axes; got"):
        cp.Bilinear(2, 3, 4)(np.zeros((5, 2)), np.zeros((6, 3)))


def test_settings_that_cannot_be():
    for bad in (0, True, 1.5):
        with pytest.raises(cp.SettingError, match=f"in2_features={bad!r} must be a positive whole number"):
            cp.Bilinear(2, bad, 3)
    with pytest.raises(cp.SettingError, match="beta='1': expected a finite number"):
        cp.Gemm(1, "1")


def test_a_seed_makes_the_weights_repeatable():
    first, second = (cp.Bilinear(4, 3, 2, seed=1) for _ in range(2))
    assert np.array_equal(first.weight, second.weight)
    assert abs(cp.Bilinear(100, 2, 90, seed=0).weight).max() <= 0.1  # 1/sqrt(100)
