"""What is peculiar to dropouts."""

import numpy as np
import pytest
import torch

import convproof as cp
from convproof.core.evaluation import Case
from convproof.core.lines import Lines
from tests.operators import answer_torch, assert_case, node_cases
from tests.samples import Sample

EVAL = ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout")
SHAPES = {"Dropout1d": (2, 3, 5), "Dropout3d": (2, 3, 2, 4, 3)}
TRAINED = {"Dropout": (3, 7), "Dropout1d": (3, 4), "Dropout2d": (3, 4, 2, 5), "Dropout3d": (5, 2, 3, 4)}
ALPHA = -1.7580993408473766


def kept(seed, shape, p):
    """The mask of a first call, as ONNX's reference draws it."""
    return np.random.RandomState(seed).uniform(0, 1, shape) >= p


def thinned(mask, p):
    return lambda: lambda x: x * torch.tensor(mask).to(x.dtype) / (1 - p)


def alpha_thinned(mask, p):
    def twin(x):
        m = torch.tensor(mask).to(torch.float64)
        a = ((1 - p) * (1 + p * ALPHA**2)) ** -0.5
        return (a * (x.double() * m + ALPHA * (1 - m)) - a * p * ALPHA).to(x.dtype)

    return lambda: twin


SAMPLES = [
    *(
        Sample(
            f"{name} in eval",
            lambda n=name: getattr(cp, n)(0.3),
            (SHAPES.get(name, (2, 3, 4, 5)),),
            lambda n=name: getattr(torch.nn, n)(0.3),
            eval=True,
        )
        for name in EVAL
    ),
    Sample("Dropout in training", lambda: cp.Dropout(0.4, seed=6), ((3, 7),), thinned(kept(6, (3, 7), 0.4), 0.4)),
    Sample("Dropout of nothing", lambda: cp.Dropout(0, seed=6), ((5,),), lambda: lambda x: x * 1),
    Sample("Dropout1d without a batch", lambda: cp.Dropout1d(0.5, seed=3), ((6, 4),), thinned(kept(3, (6, 1), 0.5), 0.5)),
    Sample(
        "AlphaDropout in training",
        lambda: cp.AlphaDropout(0.3, seed=2),
        ((4, 5),),
        alpha_thinned(kept(2, (4, 5), 0.3), 0.3),
    ),
]


@pytest.mark.parametrize("case", node_cases("Dropout"), ids=lambda case: case.name)
def test_onnx(case):
    assert_case(case)


X = np.arange(1, 61, dtype=np.float32).reshape(3, 4, 5)


def test_a_mask_is_drawn_kept_and_counted():
    layer = cp.Dropout(0.25, seed=5)
    first = layer.step(X, training=True)
    assert np.array_equal(first.draw, kept(5, X.shape, 0.25))
    assert np.array_equal(layer(X), first.outputs[0])
    assert not np.array_equal(layer(X), first.outputs[0])
    assert np.array_equal(layer.step(X, training=True, draw=first.draw).outputs[0], first.outputs[0])
    assert np.array_equal(layer.step(X, training=False).outputs[0], X)
    assert not np.array_equal(cp.Dropout()(X), cp.Dropout()(X))


def test_a_trace_keeps_the_mask():
    net = cp.Sequential(drop=cp.Dropout(0.5, seed=1), relu=cp.ReLU())
    trace = net.trace(X)
    net(X)
    for cell in ((0, 0, 0), (1, 2, 3), (2, 3, 4)):
        d = trace.why("drop", cell)
        assert float(d.exact) == d.computed in (0, 2 * X[cell])
    assert "x was kept" in trace.why("drop", tuple(np.argwhere(trace["drop"])[0])).text()
    assert "x was dropped" in trace.why("drop", tuple(np.argwhere(trace["drop"] == 0)[0])).text()


@pytest.mark.parametrize(
    ("layer", "shape", "mask"),
    [
        (cp.Dropout1d(seed=0), (6, 5, 4), (6, 5, 1)),
        (cp.Dropout1d(seed=0), (7, 4), (7, 1)),
        (cp.Dropout2d(seed=0), (6, 5, 4, 3), (6, 5, 1, 1)),
        (cp.Dropout2d(seed=0), (6, 5, 4), (6, 5, 1)),
        (cp.Dropout3d(seed=0), (6, 5, 2, 3, 2), (6, 5, 1, 1, 1)),
        (cp.Dropout3d(seed=0), (7, 2, 3, 2), (7, 1, 1, 1)),
        (cp.FeatureAlphaDropout(seed=0), (6, 5, 2), (6, 5, 1)),
    ],
)
def test_whole_channels_are_dropped(layer, shape, mask):
    step = layer.step(np.ones(shape, np.float32), training=True)
    assert np.array_equal(step.draw, np.broadcast_to(kept(0, mask, 0.5), shape))
    assert len(np.unique(step.outputs[0])) == 2
    assert np.array_equal(step.outputs[0] == step.outputs[0].max(), step.draw)


@pytest.mark.parametrize("p", [0, 0.3, 1])
@pytest.mark.parametrize("kind", [cp.Dropout, cp.AlphaDropout])
def test_every_number_becomes_one_of_torchs_two(kind, p):
    """What torch makes of a number that it keeps, and of one that it drops, are the two numbers here too."""
    x = np.full((40, 50), -1.5, np.float32)
    layer = kind(p, seed=3)
    step = layer.step(x, training=True)
    theirs = getattr(torch.nn, kind.__name__)(p)(torch.tensor(x)).numpy()
    lines = layer.lines(None, (x,))
    for kept_or_not in {True, False} & set(np.unique(step.draw).tolist()):
        value = step.outputs[0][step.draw == kept_or_not][0]
        nearest = theirs.reshape(-1)[abs(theirs - value).argmin()]
        line = lines.proof[step.draw == kept_or_not][0]
        assert abs(nearest - lines.exact[step.draw == kept_or_not][0]) <= line


def test_alpha_dropout_keeps_mean_and_variance():
    x = np.random.default_rng(0).normal(size=(300, 400)).astype(np.float32)
    y = cp.AlphaDropout(0.2, seed=1)(x)
    # 120 000 numbers: six standard errors of a mean and of a variance whose fourth moment is at most 4
    assert abs(y.mean()) < 6 / np.sqrt(x.size)
    assert abs(y.var() - 1) < 6 * np.sqrt(3 / x.size)


def test_the_mask_as_a_second_output():
    layer = cp.Dropout(0.5, seed=2, return_mask=True)
    step = layer.step(X, training=True)
    y, m = step.outputs
    assert m.dtype == bool
    assert np.array_equal(y, np.where(m, 2 * X, 0))
    assert [float(layer.derive((0, 1, k), (X,), 1).exact) for k in range(5)] == m[0, 1].tolist()
    assert np.array_equal(layer.lines(None, (X,), output=1).exact, m)
    assert layer.eval()(X)[1].all()
    assert layer.shapes(X.shape) == (X.shape, X.shape)


def test_calls_of_torchs_functions_say_themselves_whether_they_drop():
    assert np.array_equal(answer_torch("dropout", X, 0.5, training=False)[0], X)
    assert np.array_equal(answer_torch("alpha_dropout", X, 0.5)[0], X)
    assert len(answer_torch("native_dropout", X, 0.5, False)) == 2
    for name in ("dropout", "dropout1d", "dropout2d", "dropout3d", "feature_dropout"):
        (y,) = answer_torch(name, X, 1.0, True)
        assert not y.any(), name
    assert not answer_torch("dropout", X, 1.0)[0].any()


class Functional(torch.nn.Module):
    """A call that follows the mode of its module, beside two that do not."""

    def __init__(self, p, training=None):
        super().__init__()
        self.p, self.drops = p, training

    def forward(self, x):
        return torch.nn.functional.dropout(x, self.p, self.training if self.drops is None else self.drops)


@pytest.mark.parametrize(("written", "in_training", "in_eval"), [(None, True, False), (True, True, True), (False, False, False)])
def test_a_function_that_follows_the_mode_of_its_module(written, in_training, in_eval):
    for training, drops in ((True, in_training), (False, in_eval)):
        net = cp.from_torch(Functional(1.0, written).train(training))
        assert (not net(X).any()) == drops


@pytest.mark.parametrize("p", [-0.1, 1.5])
def test_no_probability(p):
    with pytest.raises(cp.SettingError, match=f"p={p}: expected the probability that a number is dropped, between 0 and 1"):
        cp.Dropout(p)


def test_too_few_axes():
    with pytest.raises(cp.ShapeError, match=r"Dropout1d\(p=0.5\) expects x with 2 or 3 axes; got shape \(5,\)"):
        cp.Dropout1d()(np.zeros(5))
    with pytest.raises(cp.ShapeError, match=r"Dropout2d\(p=0.5\) expects x with 2 or more axes; got shape \(5,\)"):
        cp.Dropout2d()(np.zeros(5))


def test_representations():
    assert repr(cp.Dropout()) == "Dropout(p=0.5)"
    assert repr(cp.Dropout(0.1, seed=3)) == "Dropout(p=0.1, seed=3)"
    assert cp.Dropout(0.1).written()[0].operator == "Dropout"
    assert cp.Dropout2d(0.1).written()[0].operator == "Identity"


@pytest.mark.parametrize("layer", [cp.Dropout(0.5, seed=0), cp.Dropout(1.0), cp.Dropout2d(0.5, seed=1), cp.AlphaDropout(0.5, seed=1)])
@pytest.mark.parametrize("width", [None, 1.0, np.inf])
def test_an_infinity_is_dropped_without_a_warning(layer, width):
    x = np.tile(np.array([np.inf, -np.inf, np.nan, 1], np.float32), 12).reshape(2, 3, 2, 4)
    incoming = () if width is None else (Lines(x.astype(float), np.full(x.shape, width), np.full(x.shape, width)),)
    step = layer.checked_step([x], True)
    lines = layer.lines(None, [x], incoming, training=True, draw=step.draw)
    assert np.array_equal(np.isnan(lines.exact), np.isnan(step.outputs[0]))
    if isinstance(layer, cp.Dropout):
        assert np.array_equal(np.isnan(lines.exact), torch.isnan(torch.tensor(x) * torch.tensor(step.draw)).numpy())
    y = step.outputs[0].astype(float)
    layer.draw_behind((y, y), Case((x,), training=True, incoming=incoming))
