"""A variance of one pass: never wrong, and never a cover for n - 1 or another eps."""

import numpy as np
import pytest

import convproof as cp

f = np.float32
SHAPES = [(4, 3, 5, 7), (2, 1, 30, 32), (3, 2, 48, 32)]  # n = 140, 1920, 4608


def images(kind, shape, ratio):
    x = np.random.default_rng(2).normal(size=shape)
    return {"random": x + ratio, "relu": np.maximum(x, 0) + ratio, "constant": 0 * x + 0.7 * (1 + ratio)}[kind].astype(f)


def norm_of(channels):
    norm, rng = cp.BatchNorm2d(channels), np.random.default_rng(6)
    norm.weight, norm.bias = rng.normal(size=channels), rng.normal(size=channels)
    return norm


def one_by_one(v):
    """A sum in float32, one number after another."""
    return np.cumsum(v, axis=1, dtype=f)[:, -1]


def in_blocks(v):
    return v.sum(axis=1, dtype=f)


def one_pass(norm, x, add, clip=True):
    rows, n = x.transpose(1, 0, 2, 3).reshape(x.shape[1], -1), f(x[:, 0].size)
    mean = add(rows) / n
    var = add(rows * rows) / n - mean * mean
    var = np.maximum(var, f(0)) if clip else var
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = norm.weight / np.sqrt(var + f(norm.eps))
        return ((x - mean[:, None, None]) * scale[:, None, None] + norm.bias[:, None, None]).astype(f)


@pytest.mark.parametrize("add", [one_by_one, in_blocks])
@pytest.mark.parametrize("kind", ["random", "relu", "constant"])
@pytest.mark.parametrize("ratio", [0, 100, 1000])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_it_is_not_wrong(shape, ratio, kind, add):
    norm, x = norm_of(shape[1]), images(kind, shape, ratio)
    row = cp.check(norm, x, one_pass(norm, x, add))["BatchNorm2d"]
    assert row.verdict in ("identical", "rounding", "precision")
    assert row.precision in (None, "bn-var-cancellation")


def test_it_is_named_where_it_strays():
    norm, x = norm_of(3), images("random", SHAPES[0], 1000)
    assert cp.check(norm, x, one_pass(norm, x, one_by_one))["BatchNorm2d"].precision == "bn-var-cancellation"


def test_nan_is_wrong():
    norm, x = norm_of(3), images("random", SHAPES[0], 1000)
    y = one_pass(norm, x, one_by_one)
    y[0, 0, 1, 2] = np.nan
    assert cp.check(norm, x, y)["BatchNorm2d"].verdict == "wrong"
    y[:, 0] = np.nan
    assert cp.check(norm, x, y)["BatchNorm2d"].verdict == "wrong"


def exactly(norm, x, var=None, eps=1e-5):
    rows = x.transpose(1, 0, 2, 3).reshape(x.shape[1], -1).astype(float)
    mean, var = rows.mean(axis=1), rows.var(axis=1) if var is None else var(rows)
    wide = (slice(None), None, None)
    return ((x - mean[wide]) / np.sqrt(var[wide] + eps) * norm.weight[wide] + norm.bias[wide]).astype(f)


@pytest.mark.parametrize("kind", ["random", "relu"])
@pytest.mark.parametrize("ratio", [0, 1, 3])
def test_n_minus_1_is_no_variance_of_one_pass(ratio, kind):
    """Found by the lines alone at small ratios; at n = 140 the fit would take it in from abs(mean) = 35 standard deviations on."""
    norm, x = norm_of(3), images(kind, SHAPES[0], ratio)
    assert cp.check(norm, x, exactly(norm, x, lambda rows: rows.var(axis=1, ddof=1)))["BatchNorm2d"].verdict == "wrong"
    if ratio < 2:
        norm, x = norm_of(1), images("random", SHAPES[1], 0.5 * ratio)
        assert cp.check(norm, x, exactly(norm, x, lambda rows: rows.var(axis=1, ddof=1)))["BatchNorm2d"].verdict == "wrong"


def test_a_mistake_that_is_known_wins():
    """abs(mean)/std = 100: n - 1 lies within what one pass may err, but it is the very same factor in every channel."""
    norm, x = norm_of(3), images("random", SHAPES[0], 100)
    assert cp.check(norm, x, exactly(norm, x, lambda rows: rows.var(axis=1, ddof=1)))["BatchNorm2d"].verdict == "wrong"
    half = exactly(norm, x, lambda rows: rows.var(axis=1) * (1 + 0.5 / 140))
    assert cp.check(norm, x, half)["BatchNorm2d"].precision == "bn-var-cancellation"


@pytest.mark.parametrize("kind", ["random", "relu"])
@pytest.mark.parametrize("shape", SHAPES[:2], ids=str)
def test_another_eps_is_no_variance_of_one_pass(shape, kind):
    norm, x = norm_of(shape[1]), images(kind, shape, 0)
    assert cp.check(norm, x, exactly(norm, x, eps=1e-3))["BatchNorm2d"].verdict == "wrong"
    small = x * f(0.03)
    assert cp.check(norm, small, exactly(norm, small, eps=1e-4))["BatchNorm2d"].verdict == "wrong"


@pytest.mark.parametrize("ratio", [10, 1000])
def test_no_other_bug_is_a_variance_of_one_pass(ratio):
    norm, x = norm_of(3), images("random", SHAPES[0], ratio)
    y = one_pass(norm, x, one_by_one)
    cell = y.copy()
    cell[1, 2, 3, 4] += f(0.3)
    bugs = [0 * y, y - norm.bias[:, None, None], y + norm.bias[:, None, None], np.roll(y, 1, 3), y[:, ::-1], -y, cell]
    assert {cp.check(norm, x, wrong)["BatchNorm2d"].verdict for wrong in bugs} == {"wrong"}


@pytest.mark.parametrize(("n", "ratio"), [(25, 300), (2000, 100)])
def test_another_gamma_is_no_variance_of_one_pass(n, ratio):
    norm = cp.BatchNorm2d(3)
    norm.weight, norm.bias = [1, 1.08, 0.95], [0.3, -0.2, 0.1]
    x = images("random", (n, 3, 1, 1), ratio)
    right = cp.BatchNorm2d(3)
    right.bias = norm.bias
    for gammas in ([1, 1, 1], [1.08, 1, 0.95], [0.95, 1, 1.08]):
        right.weight = gammas
        assert cp.check(norm, x, exactly(right, x))["BatchNorm2d"].verdict == "wrong", gammas
    right.weight = norm.weight  # and it is these gammas that are told: another factor may be a variance
    factor = exactly(right, x, lambda rows: rows.var(axis=1) * [1.05, 0.97, 1.08])
    assert cp.check(norm, x, factor)["BatchNorm2d"].precision == "bn-var-cancellation"


@pytest.mark.parametrize("spread", [1e-6, 1e-4, 1e-2])
@pytest.mark.parametrize("channels", [1, 2, 7])
def test_gammas_that_are_nearly_alike_accuse_nobody(channels, spread):
    rng = np.random.default_rng(8)
    for _ in range(12):
        norm, x = cp.BatchNorm2d(channels), images("random", (140, channels, 1, 1), 1000) + f(rng.uniform())
        norm.weight = 1 + spread * rng.normal(size=channels)
        assert cp.check(norm, x, one_pass(norm, x, one_by_one))["BatchNorm2d"].verdict != "wrong"


def test_the_statistics_themselves():
    from convproof.core.evaluation import Case

    norm = cp.BatchNorm(3, outputs=("var", "inv_std", "running_var", "mean"))
    x = images("random", SHAPES[0], 1000)
    rows = x.transpose(1, 0, 2, 3).reshape(3, -1)
    mean = one_by_one(rows) / f(140)
    var = np.maximum(one_by_one(rows * rows) / f(140) - mean * mean, f(0))
    theirs = (var, 1 / np.sqrt(var + f(1e-5)), f(0.9) * norm.running_var + f(0.1) * var * f(140 / 139), mean)
    (own,) = norm.precisions()
    beyond = []
    for k, claimed in enumerate(theirs, start=1):
        plain = norm.lines(None, (x,), output=k)
        wide = own.lines(norm, Case((x,), k, True), claimed, claimed)
        assert (abs(claimed - wide.exact) <= wide.proof).all()
        beyond.append(bool((abs(claimed - plain.exact) > plain.proof).any()))
    assert beyond == [True, True, True, False]


def test_in_eval_there_is_nothing_to_cancel():
    assert norm_of(3).eval().precisions() == ()
    assert len(norm_of(3).precisions()) == 1
